/* interp_quantize.c - quantize and dequantize, exact. docs/ir.md 4.
 *
 * quantize: x / scale as one f32 division, rounded, plus the zero point,
 * clamped to low .. high, or to the result type (without a mode: the op
 * saturates by definition). dequantize: (x - zero point) * scale, rounded once.
 */
#include "ir/arith.h"
#include "ir/interp_node.h"

#include <math.h>

/* Scale or zero point with `axis`: one a channel of that axis. */
static sf_type axis_shape(const sf_op *op, const sf_type *blob,
                          const sf_type *stream) {
  sf_type type = *blob;
  if (blob->rank != 1 || !sf_op_has_attr(op, SF_ATTR_axis)) return type;
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  if (axis < 0) axis += stream->rank;
  type.rank = stream->rank;
  for (unsigned n = 0; n < stream->rank; n++)
    type.dim[n] = 1;
  type.dim[axis] = blob->dim[0];
  return type;
}

static int64_t zero_point(const sf_interp_node *node, size_t element) {
  if (node->operand_count < 3) return 0;
  return node->operands[2].data[sf_mapped(&node->maps[2], element)].i;
}

static float scale_of(const sf_interp_node *node, size_t element) {
  return node->operands[1].data[sf_mapped(&node->maps[1], element)].f;
}

static int64_t limit(const sf_op *op, sf_attr_id id, int64_t absent) {
  return sf_op_has_attr(op, id) ? sf_op_int(op, id) : absent;
}

static sf_result run_quantize(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  const sf_type *type = &sf_op_result(node->op, 0)->type;
  sf_round round = (sf_round)sf_op_int(node->op, SF_ATTR_round);
  double low =
      (double)limit(node->op, SF_ATTR_low, sf_scalar_min(type->scalar));
  double high =
      (double)limit(node->op, SF_ATTR_high, sf_scalar_max(type->scalar));
  size_t elements = sf_type_elements(type);
  for (size_t n = 0; n < elements; n++) {
    float quotient = node->operands[0].data[n].f / scale_of(node, n);
    double whole = isnan(quotient) ? 0 : sf_round_f64((double)quotient, round);
    /* Where the sum is inexact in binary64, it is outside every type. */
    double value = whole + (double)zero_point(node, n);
    value = value < low ? low : value > high ? high : value;
    node->results[0][n].i = (int32_t)value;
  }
  return SF_OK;
}

static sf_result run_dequantize(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  size_t elements = sf_type_elements(&sf_op_result(node->op, 0)->type);
  for (size_t n = 0; n < elements; n++)
    node->results[0][n].f = sf_scale_to_f32(
        node->operands[0].data[n].i - zero_point(node, n), scale_of(node, n));
  return SF_OK;
}

sf_result sf_prepare_quantize(sf_interp *interp, sf_interp_node *node) {
  const sf_type *stream = node->operands[0].type;
  node->run = node->op->kind == SF_OP_QUANTIZE ? run_quantize : run_dequantize;
  node->maps = SF_NEW_ARRAY(interp->arena, sf_index_map, node->operand_count);
  if (!node->maps) return SF_OOM;
  for (uint32_t n = 1; n < node->operand_count; n++) {
    sf_interp_tensor *operand = &node->operands[n];
    if (operand->blob)
      SF_TRY(sf_interp_blob_words(interp, operand->blob, &operand->data));
    sf_type type = axis_shape(node->op, operand->type, stream);
    SF_TRY(sf_broadcast_map(interp, &type, &sf_op_result(node->op, 0)->type,
                            &node->maps[n]));
  }
  return SF_OK;
}
