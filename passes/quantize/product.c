/* product.c - products of two rounded streams, and what stands behind functions
 * of whole vectors.
 *
 *   %s = matmul %q.d, %k.d      =>  %s.1 = matmul %q.q, %k.q : i32
 *                                   %s.2 = dequantize %s.1, @s.delta
 *   %p = softmax %s.3           =>  integer ops (softmax.c) of the levels of
 *   %p.q = quantize %p, @p.step     the site
 */
#include "passes/quantize/build.h"

#include <math.h>

/* A value that is no sum, for the log: no terms, no site of its own. */
static sf_result note(sf_quantizer *q, const char *name, sf_value *value,
                      const sf_scale *scale) {
  sf_arena *arena = q->run->scratch;
  sf_linear_sum *sum = SF_NEW(arena, sf_linear_sum);
  float *delta = SF_NEW_ARRAY(arena, float, scale->count);
  if (!sum || !delta) return SF_OOM;
  for (uint32_t i = 0; i < scale->count; i++)
    delta[i] = (float)sf_scale_at(scale, i);
  *sum = (sf_linear_sum){.name = name,
                         .axis = scale->axis,
                         .channels = scale->count,
                         .delta = delta,
                         .accumulator = value};
  return sf_quantize_keep(q, sum);
}

static bool fits(const sf_op *op, const sf_value *x, const sf_value *y) {
  const sf_type *type = &x->type;
  double terms = op->kind == SF_OP_MATMUL ? type->dim[type->rank - 1] : 1;
  return terms * exp2(x->type.scalar.bits + y->type.scalar.bits - 2.0) < 0x1p31;
}

sf_result sf_product_rewrite(sf_quantizer *q, sf_op *op, bool *done) {
  sf_value *integer[2];
  sf_scale scale[2];
  *done = false;
  for (uint32_t i = 0; i < 2; i++) {
    bool ok;
    SF_TRY(sf_backing_of(q, sf_op_operand(op, i), op, &ok, &integer[i],
                         &scale[i]));
    if (!ok || scale[i].axis >= 0) return SF_OK;
  }
  if (!fits(op, integer[0], integer[1])) return SF_OK;
  const char *name = op->results[0]->name;
  sf_build b = {q, op, name};
  sf_type type = sf_int_type(&op->results[0]->type, 32);
  sf_value *product = sf_build_binary(&b, op->kind, SF_MODE_NONE, integer[0],
                                      integer[1], &type);
  sf_scale unit = sf_scale_uniform(
      q->run->scratch, sf_scale_at(&scale[0], 0) * sf_scale_at(&scale[1], 0));
  if (!product || !unit.values) return SF_OOM;
  sf_op *dequantize;
  SF_TRY(sf_add_dequantize(q, product, op->results[0], &unit, op, &dequantize));
  sf_value_replace_all_uses(op->results[0], dequantize->results[0]);
  *done = true;
  return note(q, name, product, &unit);
}

/* Is it a product of two streams, moved? */
static bool is_product(const sf_value *integer) {
  const sf_op *op = integer->op;
  while (op && sf_op_is(op, SF_TRAIT_MOVES) && op->operand_count == 1 &&
         sf_op_operand(op, 0))
    op = sf_op_operand(op, 0)->op;
  return op && (op->kind == SF_OP_MATMUL || op->kind == SF_OP_MUL) &&
         sf_op_operand(op, 0) && sf_op_operand(op, 1);
}

/* Of a sum the unit is the step over an odd integer; of a product it is what
 * the operands' steps say, so that a factor stands for the quotient. */
static sf_result round_product(sf_quantizer *q, sf_op *site,
                               const sf_scale *step, sf_value **out) {
  const sf_value *x = sf_op_operand(site, 0);
  sf_value *integer;
  sf_scale unit;
  bool ok;
  if (x->op->kind != SF_OP_DEQUANTIZE || !is_product(sf_op_operand(x->op, 0)))
    return SF_OK;
  SF_TRY(sf_backing_of(q, x, site, &ok, &integer, &unit));
  if (!ok || unit.axis >= 0) return SF_OK;
  sf_build b = {q, site, x->name};
  sf_levels_plan plan = {
      .site = site, .step = step, .unit = sf_scale_at(&unit, 0)};
  SF_TRY(sf_build_levels(&b, &plan, integer, out));
  if (*out) sf_value_replace_all_uses(site->results[0], *out);
  return SF_OK;
}

sf_result sf_function_rewrite(sf_quantizer *q, sf_op *site, sf_value **out) {
  const sf_op *op = sf_op_operand(site, 0)->op;
  *out = NULL;
  if (!op || (!sf_qdq_is_vector_function(op) && op->kind != SF_OP_DEQUANTIZE))
    return SF_OK;
  bool shifted, ok;
  sf_scale step;
  SF_TRY(sf_qdq_has_zero_point(site, q->run->diag, &shifted));
  SF_TRY(sf_qdq_scale(site, q->run->scratch, q->run->diag, &ok, &step));
  if (shifted || !ok) return SF_OK;
  if (op->kind == SF_OP_DEQUANTIZE) return round_product(q, site, &step, out);
  if (op->kind == SF_OP_SOFTMAX)
    SF_TRY(sf_softmax_rewrite(q, site, &step, out));
  else
    SF_TRY(sf_norm_rewrite(q, site, &step, out));
  if (!*out) return SF_OK;
  sf_value_replace_all_uses(site->results[0], *out);
  return note(q, op->results[0]->name, *out, &step);
}
