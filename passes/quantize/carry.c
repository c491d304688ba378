/* carry.c - pools, moves and concatenations of integers: what keeps the scale
 * of its operands, or has one that follows from them. */
#include "passes/quantize/quantize.h"

#include "ir/arith.h"
#include "passes/rewrite/op_copy.h"

/* Elements that one result of a sum adds. */
static double window_of(const sf_op *op) {
  const sf_type *x = &sf_op_operand(op, 0)->type, *y = &op->results[0]->type;
  if (op->kind == SF_OP_REDUCE)
    return (double)sf_type_elements(x) / (double)sf_type_elements(y);
  int64_t kernel[2] = {1, 1};
  sf_op_ints(op, SF_ATTR_kernel, x->rank - 1u, kernel);
  return (double)kernel[0] * (double)kernel[1];
}

static unsigned carried_bits(const sf_op *op, unsigned bits, bool sums) {
  double window = sums ? window_of(op) : 1;
  while (window > 1 && bits < SF_INT_BITS_MAX) {
    window /= 2;
    bits++;
  }
  return bits;
}

/* All operands of a concatenation have one type. */
static sf_result widen(sf_quantizer *q, sf_op *before, unsigned bits,
                       sf_value **value) {
  if ((*value)->type.scalar.bits == bits) return SF_OK;
  sf_op *op = sf_op_create(q->network, before, SF_OP_CONVERT, 1, before->loc);
  if (!op) return SF_OOM;
  sf_type type = (*value)->type;
  type.scalar = sf_int(bits);
  sf_op_set_operand(op, 0, *value);
  *value = sf_op_add_result(op, (*value)->name, &type);
  return *value ? SF_OK : SF_OOM;
}

static bool sums_elements(const sf_op *op) {
  if (op->kind != SF_OP_POOL && op->kind != SF_OP_REDUCE) return false;
  return sf_op_int(op, SF_ATTR_kind) != SF_POOL_MAX;
}

/* Sums of windows of different sizes become multiples of one part: each by a
 * factor of its place. */
static sf_result to_equal_parts(sf_quantizer *q, sf_op *old, sf_value **sum) {
  if (old->kind != SF_OP_POOL || sf_op_int(old, SF_ATTR_kind) != SF_POOL_AVG)
    return SF_OK;
  sf_qdq_average_pool pool;
  sf_type places = old->results[0]->type;
  places.dim[0] = 1;
  int32_t *factors =
      SF_NEW_ARRAY(q->run->scratch, int32_t, sf_type_elements(&places));
  if (!factors) return SF_OOM;
  if (!sf_qdq_average(old, &pool) ||
      !sf_qdq_average_factors(old, &pool, factors))
    return SF_OK;
  places.scalar = sf_int_holding(0, pool.divisor);
  sf_blob *blob =
      sf_blob_create_i32(q->run->module, "places", &places, factors);
  sf_op *op =
      blob ? sf_op_create(q->network, old, SF_OP_MUL, 2, old->loc) : NULL;
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, *sum);
  sf_op_set_operand_blob(op, 1, blob);
  /* An interval does not know that large factors meet small windows. */
  int32_t most = 1;
  for (size_t n = 0; n < sf_type_elements(&places); n++)
    if (factors[n] > most) most = factors[n];
  unsigned bits = (*sum)->type.scalar.bits;
  for (int64_t n = 1; n < most; n *= 2)
    bits += bits < SF_INT_BITS_MAX;
  sf_type type = (*sum)->type;
  type.scalar = sf_int(bits);
  *sum = sf_op_add_result(op, old->results[0]->name, &type);
  return *sum ? SF_OK : SF_OOM;
}

static sf_result carry(sf_quantizer *q, sf_op *old, sf_value **integers,
                       const sf_scale *scale) {
  unsigned bits = SF_INT_BITS_MIN;
  for (uint32_t i = 0; i < old->operand_count; i++)
    if (integers[i]->type.scalar.bits > bits)
      bits = integers[i]->type.scalar.bits;
  for (uint32_t i = 0; i < old->operand_count; i++)
    SF_TRY(widen(q, old, bits, &integers[i]));
  sf_op *op = sf_op_copy_without_streams(old, old->operand_count);
  if (!op) return SF_OOM;
  sf_op_move_before(op, old);
  for (uint32_t i = 0; i < old->operand_count; i++)
    sf_op_set_operand(op, i, integers[i]);
  bool sums = sums_elements(old);
  if (sums) {
    SF_TRY(sf_op_set_int(op, SF_ATTR_kind, SF_POOL_SUM));
    if (sf_op_has_attr(op, SF_ATTR_count_pad))
      SF_TRY(sf_op_set_int(op, SF_ATTR_count_pad, 0));
  }
  sf_type type = old->results[0]->type;
  type.scalar = sf_int(carried_bits(old, bits, sums));
  sf_value *result = sf_op_add_result(op, old->results[0]->name, &type);
  sf_op *dequantize;
  if (!result) return SF_OOM;
  SF_TRY(to_equal_parts(q, old, &result));
  SF_TRY(
      sf_add_dequantize(q, result, old->results[0], scale, old, &dequantize));
  sf_value_replace_all_uses(old->results[0], dequantize->results[0]);
  return SF_OK;
}

sf_result sf_carry_rewrite(sf_quantizer *q, sf_op *op, bool *done) {
  sf_arena *arena = q->run->scratch;
  sf_value **integers = SF_NEW_ARRAY(arena, sf_value *, op->operand_count);
  sf_scale *scales = SF_NEW_ARRAY(arena, sf_scale, op->operand_count), out;
  if (!integers || !scales) return SF_OOM;
  *done = false;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    bool ok = false;
    if (x) SF_TRY(sf_backing_of(q, x, op, &ok, &integers[i], &scales[i]));
    if (!ok) return SF_OK;
  }
  SF_TRY(sf_qdq_carry_scale(op, scales, arena, done, &out));
  return *done ? carry(q, op, integers, &out) : SF_OK;
}
