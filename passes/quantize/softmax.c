/* softmax.c - softmax of integers (conversion.md 1.7), x in steps of s:
 *
 *   m = max x   e = table[x - m], round((2^15 - 1) exp(s (x - m)))
 *   r = floor(2^30 / sum e)     p = e r, in units of 2^-30
 *
 * One division a row. The largest e is 2^15 - 1, so p < 2^30 always. */
#include "passes/quantize/build.h"

#include <math.h>

enum {
  TOP = 32767,         /* e of the largest x */
  BITS_MAX = 16,       /* of x: the table has at most 2^16 entries */
  EXTENT_MAX = 1 << 16 /* the sum of e stays below 2^31 */
};

int32_t *sf_exp_table(sf_arena *arena, double step, int32_t span,
                      int32_t *count) {
  int32_t *values = SF_NEW_ARRAY(arena, int32_t, (size_t)span + 1);
  if (!values) return NULL;
  int32_t n = 0, value = TOP;
  for (; value != 0 && n <= span; n++) {
    value = sf_round_constant((double)TOP * exp(-step * n));
    values[n] = value;
  }
  for (int32_t i = 0; i < n / 2; i++) { /* ascending */
    int32_t last = values[n - 1 - i];
    values[n - 1 - i] = values[i];
    values[i] = last;
  }
  *count = n;
  return values;
}

static sf_stmt *stmt(sf_neuron *neuron, sf_nop_kind kind, const char *name,
                     unsigned bits, sf_nvalue *x) {
  sf_stmt *s = sf_neuron_add_stmt(neuron, kind, name, sf_int(bits));
  if (s) s->operand[0] = sf_noperand_value(x);
  return s;
}

/* neuron @exp(%d) -> i16 { %i = add %d, count - 1  %e = lookup @exp, %i  emit
 * %e }
 */
static sf_neuron *exp_function(const sf_build *b, sf_scalar input, double step,
                               int32_t span) {
  int32_t count;
  int32_t *values = sf_exp_table(b->q->run->scratch, step, span, &count);
  if (!values) return NULL;
  sf_type type = sf_type_make(sf_int(16), 1, &count);
  sf_blob *table = sf_blob_create_i32(b->q->run->module, "exp", &type, values);
  sf_neuron *neuron =
      table ? sf_neuron_create(b->q->run->module, "exp", b->before->loc) : NULL;
  sf_nvalue *d = neuron ? sf_neuron_add_input(neuron, "d", input) : NULL;
  sf_stmt *s = d ? stmt(neuron, SF_NOP_ADD, "i", 32, d) : NULL;
  if (!s) return NULL;
  s->operand[1] = sf_noperand_number(sf_number_int(count - 1));
  s = stmt(neuron, SF_NOP_LOOKUP, "e", 16, s->result);
  if (!s) return NULL;
  sf_stmt_set_blob(s, table);
  if (sf_neuron_add_emit(neuron, sf_noperand_value(s->result), sf_int(16)) !=
      SF_OK)
    return NULL;
  return neuron;
}

static sf_value *exponentials(const sf_build *b, sf_value *x, double step,
                              uint32_t axes) {
  unsigned bits = x->type.scalar.bits;
  sf_type type = sf_int_type(&x->type, bits + 1);
  sf_value *most = sf_build_reduce(b, SF_POOL_MAX, x, axes, bits);
  sf_value *d = sf_build_binary(b, SF_OP_SUB, SF_MODE_NONE, x, most, &type);
  sf_neuron *neuron =
      d ? exp_function(b, type.scalar, step, (1 << bits) - 1) : NULL;
  return sf_build_result(b, sf_build_neurons(b, neuron, d), 16);
}

static sf_value *probabilities(const sf_build *b, sf_value *e, uint32_t axes) {
  sf_value *sum = sf_build_reduce(b, SF_POOL_SUM, e, axes, 32);
  sf_op *op = sf_build_population(b, "reciprocal", NULL, sum);
  if (!op) return NULL;
  sf_build_set(op, "least", TOP);
  sf_value *r = sf_build_result(b, op, 32);
  sf_type type = sf_int_type(&e->type, 32);
  return sf_build_binary(b, SF_OP_MUL, SF_MODE_NONE, e, r, &type);
}

sf_result sf_softmax_rewrite(sf_quantizer *q, sf_op *site, const sf_scale *step,
                             sf_value **out) {
  const sf_op *op = sf_op_operand(site, 0)->op;
  sf_value *x;
  sf_scale scale;
  bool ok;
  SF_TRY(sf_backing_of(q, sf_op_operand(op, 0), site, &ok, &x, &scale));
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  const sf_type *type = &op->results[0]->type;
  if (axis < 0) axis += type->rank;
  if (!ok || scale.axis >= 0 || x->type.scalar.bits > BITS_MAX ||
      type->dim[axis] > EXTENT_MAX)
    return SF_OK;
  sf_build b = {q, site, op->results[0]->name};
  uint32_t axes = 1u << axis;
  sf_value *e = exponentials(&b, x, sf_scale_at(&scale, 0), axes);
  sf_value *p = e ? probabilities(&b, e, axes) : NULL;
  if (!p) return SF_OOM;
  sf_levels_plan plan = {.site = site, .step = step, .unit = 0x1p-30};
  return sf_build_levels(&b, &plan, p, out);
}
