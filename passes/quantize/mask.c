/* mask.c - what is added to the scores of attention before their softmax: a
 * causal mask, a bias of positions.
 *
 *   %a.d = dequantize %a.q, @s          %b.1 = add %a.q, @b.mask : i16
 *   %b = add %a.d, @mask            =>  %b.d = dequantize %b.1, @s
 *   %p = softmax %b                     %p = softmax %b.d
 *
 * Scores are rounded before, to steps that know nothing of the mask, whose
 * lowest numbers would else be all that a step of 8 bits can tell. In steps
 * they are cut where the exponential is 0 anyway. */
#include "passes/quantize/build.h"

#include <math.h>

enum { SUM_BITS = 16 /* as softmax takes them */ };

typedef struct mask {
  sf_quantizer *q;
  sf_op *add;
  sf_value *scores; /* integers */
  sf_blob *blob;    /* f32 */
  double step;
} mask;

/* The mask in steps; *out NULL: it does not fit. */
static sf_result in_steps(const mask *m, int32_t **out) {
  size_t count = sf_blob_elements(m->blob);
  int32_t *values = SF_NEW_ARRAY(m->q->run->scratch, int32_t, count);
  *out = NULL;
  if (!values) return SF_OOM;
  unsigned bits = m->scores->type.scalar.bits;
  double most = exp2(SUM_BITS - 1) - exp2(bits - 1);
  /* e = 32767 exp(-step d), rounded, of what is cut, whatever the scores. */
  bool vanishes = 32767 * exp(-m->step * (most - exp2(bits))) < 0.5;
  for (size_t i = 0; i < count; i++) {
    double steps = (double)sf_blob_f32(m->blob, i) / m->step;
    if (isnan(steps) || steps > most || (steps < -most && !vanishes))
      return SF_OK;
    values[i] = sf_round_constant(fmax(steps, -most));
  }
  *out = values;
  return SF_OK;
}

static sf_result rewrite(const mask *m, const sf_scale *scale,
                         const int32_t *values) {
  sf_quantizer *q = m->q;
  const sf_value *old = m->add->results[0];
  sf_type type = sf_int_type(&m->blob->type, SUM_BITS);
  sf_type sum = sf_int_type(&old->type, SUM_BITS);
  sf_blob *blob =
      sf_blob_create_i32(q->run->module, m->blob->name, &type, values);
  sf_op *op =
      blob ? sf_op_create(q->network, m->add, SF_OP_ADD, 2, m->add->loc) : NULL;
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, m->scores);
  sf_op_set_operand_blob(op, 1, blob);
  sf_value *masked = sf_op_add_result(op, old->name, &sum);
  if (!masked) return SF_OOM;
  sf_op *dequantize;
  SF_TRY(sf_add_dequantize(q, masked, old, scale, m->add, &dequantize));
  sf_value_replace_all_uses(m->add->results[0], dequantize->results[0]);
  return SF_OK;
}

sf_result sf_mask_rewrite(sf_quantizer *q, sf_op *op, bool *done) {
  mask m = {.q = q, .add = op, .blob = sf_op_operand_blob(op, 1)};
  sf_scale scale;
  int32_t *values;
  SF_TRY(sf_backing_of(q, sf_op_operand(op, 0), op, done, &m.scores, &scale));
  *done = *done && scale.axis < 0 && m.scores->type.scalar.bits < SUM_BITS;
  if (!*done) return SF_OK;
  m.step = sf_scale_at(&scale, 0);
  SF_TRY(sf_blob_load(m.blob, q->run->diag));
  SF_TRY(in_steps(&m, &values));
  *done = values != NULL;
  return values ? rewrite(&m, &scale, values) : SF_OK;
}
