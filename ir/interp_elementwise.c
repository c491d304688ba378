/* interp_elementwise.c - add, sub, mul, min, max with broadcasting, and
 * convert. docs/ir.md 4. */
#include "ir/arith.h"
#include "ir/interp_node.h"

static float combine_f32(sf_op_kind kind, float a, float b) {
  switch (kind) {
  case SF_OP_ADD:
    return a + b;
  case SF_OP_SUB:
    return a - b;
  case SF_OP_MUL:
    return a * b;
  case SF_OP_MIN:
    return a < b ? a : b;
  default:
    return a > b ? a : b;
  }
}

static int64_t combine(sf_op_kind kind, int64_t a, int64_t b) {
  switch (kind) {
  case SF_OP_ADD:
    return a + b;
  case SF_OP_SUB:
    return a - b;
  case SF_OP_MUL:
    return a * b;
  case SF_OP_MIN:
    return a < b ? a : b;
  default:
    return a > b ? a : b;
  }
}

static sf_result run_elementwise(sf_interp *interp, sf_interp_node *node) {
  const sf_interp_tensor *a = &node->operands[0], *b = &node->operands[1];
  const sf_type *type = &sf_op_result(node->op, 0)->type;
  size_t elements = sf_type_elements(type);
  bool is_float = sf_type_is_float(type);
  for (size_t n = 0; n < elements; n++) {
    sf_word x = a->data[sf_mapped(&node->maps[0], n)];
    sf_word y = b->data[sf_mapped(&node->maps[1], n)];
    if (is_float)
      node->results[0][n].f = combine_f32(node->op->kind, x.f, y.f);
    else
      SF_TRY(
          sf_interp_store(interp, node, n, combine(node->op->kind, x.i, y.i)));
  }
  return SF_OK;
}

sf_result sf_prepare_elementwise(sf_interp *interp, sf_interp_node *node) {
  node->maps = SF_NEW_ARRAY(interp->arena, sf_index_map, 2);
  if (!node->maps) return SF_OOM;
  node->run = run_elementwise;
  for (uint32_t n = 0; n < 2; n++) {
    sf_interp_tensor *operand = &node->operands[n];
    if (operand->blob)
      SF_TRY(sf_interp_blob_words(interp, operand->blob, &operand->data));
    SF_TRY(sf_broadcast_map(interp, operand->type,
                            &sf_op_result(node->op, 0)->type, &node->maps[n]));
  }
  return SF_OK;
}

/* ---- convert ---- */

static sf_result convert_to_int(const sf_interp *interp, sf_interp_node *node,
                                size_t element, sf_word x, float scale) {
  sf_round round = (sf_round)sf_op_int(node->op, SF_ATTR_round);
  if (!sf_type_is_float(node->operands[0].type))
    return sf_interp_store(interp, node, element,
                           scale == 1.0f ? x.i
                                         : sf_scale_to_int(x.i, scale, round));
  /* 24 by 24 bits: the product is exact in binary64. */
  double value = sf_round_f64((double)x.f * (double)scale, round);
  int64_t fitted;
  if (!sf_fit_f64(value, sf_op_result(node->op, 0)->type.scalar, node->op->mode,
                  &fitted)) {
    char text[400];
    snprintf(text, sizeof text, "%.0f", value);
    return sf_interp_overflow(interp, node, element, text);
  }
  node->results[0][element].i = (int32_t)fitted;
  return SF_OK;
}

static sf_result run_convert(sf_interp *interp, sf_interp_node *node) {
  const sf_type *type = &sf_op_result(node->op, 0)->type;
  float scale = sf_op_number(node->op, SF_ATTR_scale);
  size_t elements = sf_type_elements(type);
  for (size_t n = 0; n < elements; n++) {
    sf_word x = node->operands[0].data[n];
    if (sf_type_is_float(type))
      node->results[0][n].f = sf_scale_to_f32(x.i, scale);
    else
      SF_TRY(convert_to_int(interp, node, n, x, scale));
  }
  return SF_OK;
}

sf_result sf_prepare_convert(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  node->run = run_convert;
  return SF_OK;
}
