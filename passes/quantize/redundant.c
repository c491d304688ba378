/* redundant.c - quantize of what is rounded to the same step already, as QDQ
 * models write it behind every op: the integers themselves. */
#include "passes/quantize/quantize.h"

#include <string.h>

static bool same_scale(const sf_scale *a, const sf_scale *b) {
  return a->axis == b->axis && a->count == b->count &&
         memcmp(a->values, b->values, a->count * sizeof *a->values) == 0;
}

int64_t sf_quantize_bound(const sf_op *quantize, sf_attr_id id) {
  sf_scalar type = quantize->results[0]->type.scalar;
  if (sf_op_has_attr(quantize, id)) return sf_op_int(quantize, id);
  return id == SF_ATTR_low ? sf_scalar_min(type) : sf_scalar_max(type);
}

static bool keeps_values(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
  case SF_OP_SLICE:
    return true;
  case SF_OP_POOL:
  case SF_OP_REDUCE:
    return sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
  default:
    return false;
  }
}

enum { TRACE_MAX = 64 };

const sf_op *sf_maker_of(const sf_value *integer) {
  for (int n = 0; integer->op && n < TRACE_MAX; n++) {
    if (integer->op->kind == SF_OP_QUANTIZE) return integer->op;
    if (!keeps_values(integer->op) || !sf_op_operand(integer->op, 0))
      return NULL;
    integer = sf_op_operand(integer->op, 0);
  }
  return NULL;
}

sf_result sf_skip_redundant(sf_quantizer *q, sf_op *op, bool *done) {
  const sf_op *from = sf_op_operand(op, 0)->op;
  *done = false;
  if (!from || from->kind != SF_OP_DEQUANTIZE) return SF_OK;
  sf_value *integer = sf_op_operand(from, 0);
  const sf_op *maker = sf_maker_of(integer);
  if (!maker || !sf_type_equal(&integer->type, &op->results[0]->type))
    return SF_OK;
  sf_diag *diag = q->run->diag;
  bool zero[2], ok[2];
  sf_scale scale[2];
  SF_TRY(sf_qdq_has_zero_point(op, diag, &zero[0]));
  SF_TRY(sf_qdq_has_zero_point(from, diag, &zero[1]));
  SF_TRY(sf_qdq_scale(op, q->run->scratch, diag, &ok[0], &scale[0]));
  SF_TRY(sf_qdq_scale(from, q->run->scratch, diag, &ok[1], &scale[1]));
  *done = !zero[0] && !zero[1] && ok[0] && ok[1] &&
          same_scale(&scale[0], &scale[1]) &&
          sf_quantize_bound(maker, SF_ATTR_low) >=
              sf_quantize_bound(op, SF_ATTR_low) &&
          sf_quantize_bound(maker, SF_ATTR_high) <=
              sf_quantize_bound(op, SF_ATTR_high);
  if (*done) sf_value_replace_all_uses(op->results[0], integer);
  return SF_OK;
}
