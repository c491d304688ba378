/* constant.c - a constant stream, as the class token of a transformer, that is
 * rounded: its integers, as `quantize` of docs/ir.md 4 gives them. */
#include "passes/quantize/quantize.h"

#include "ir/arith.h"

#include <math.h>

static void round_all(const sf_op *site, const sf_scale *scale,
                      const sf_blob *blob, int32_t *out) {
  const sf_type *type = &site->results[0]->type;
  sf_round round = (sf_round)sf_op_int(site, SF_ATTR_round);
  double low = (double)sf_quantize_bound(site, SF_ATTR_low);
  double high = (double)sf_quantize_bound(site, SF_ATTR_high);
  size_t inner = sf_channel_inner(type, scale->axis);
  for (size_t n = 0; n < sf_type_elements(type); n++) {
    size_t channel = sf_channel_of(n, inner, scale->count);
    float step = (float)sf_scale_at(scale, channel);
    float quotient = sf_blob_f32(blob, n) / step;
    double value = isnan(quotient) ? 0 : sf_round_f64((double)quotient, round);
    out[n] = (int32_t)fmin(fmax(value, low), high);
  }
}

sf_result sf_constant_rewrite(sf_quantizer *q, sf_op *site, bool *done) {
  const sf_op *op = sf_op_operand(site, 0)->op;
  sf_blob *blob = op && op->kind == SF_OP_RESHAPE ? sf_op_operand_blob(op, 0)
                                                  : (sf_blob *)NULL;
  bool shifted;
  sf_scale scale;
  *done = false;
  if (!blob) return SF_OK;
  SF_TRY(sf_qdq_has_zero_point(site, q->run->diag, &shifted));
  SF_TRY(sf_qdq_scale(site, q->run->scratch, q->run->diag, done, &scale));
  *done = *done && !shifted;
  if (!*done) return SF_OK;
  SF_TRY(sf_blob_load(blob, q->run->diag));
  const sf_type *type = &site->results[0]->type;
  size_t elements = sf_type_elements(type);
  int32_t *values = SF_NEW_ARRAY(q->run->scratch, int32_t, elements);
  if (!values) return SF_OOM;
  round_all(site, &scale, blob, values);
  sf_blob *integers =
      sf_blob_create_i32(q->run->module, blob->name, type, values);
  sf_op *constant =
      integers ? sf_op_create(q->network, site, SF_OP_RESHAPE, 1, site->loc)
               : NULL;
  if (!constant) return SF_OOM;
  sf_op_set_operand_blob(constant, 0, integers);
  sf_value *value = sf_op_add_result(constant, op->results[0]->name, type);
  if (!value) return SF_OOM;
  sf_value_replace_all_uses(site->results[0], value);
  return SF_OK;
}
