/* mask.c - what is added to the scores of attention before their softmax: a
 * causal mask, a bias of positions.
 *
 *   %a.d = dequantize %a.q, @s          %b.1 = add %a.q, @b.mask : i16
 *   %b = add %a.d, @mask            =>  %b.d = dequantize %b.1, @s
 *   %p = softmax %b                     %p = softmax %b.d
 *
 * Scores are rounded before, to steps that know nothing of the mask, whose
 * lowest numbers would else be all that a step of 8 bits can tell. In steps
 * they are cut where the exponential is 0 anyway. A mask that is fed in is
 * rounded to the same steps before it is moved; one that spikes choose, of two
 * numbers, chooses the two integers; they have a bit less, for what an interval
 * knows of them. */
#include "passes/quantize/build.h"

#include "passes/rewrite/op_copy.h"

#include <math.h>

enum {
  SUM_BITS = 16, /* as softmax takes them */
  FED_BITS = 15, /* whatever the scores, the sum has no more */
  MOVES_MAX = 16
};

typedef struct mask {
  sf_quantizer *q;
  sf_op *add;
  sf_value *scores; /* integers */
  sf_blob *blob;    /* f32 */
  double step;
} mask;

/* Largest magnitude in steps. */
static double most_of(const mask *m) {
  if (!m->blob) return exp2(FED_BITS - 1) - 1;
  return exp2(SUM_BITS - 1) - exp2(m->scores->type.scalar.bits - 1);
}

/* e = 32767 exp(-step d), rounded, of what is cut, whatever the scores. */
static bool vanishes(const mask *m) {
  double least = most_of(m) - exp2(m->scores->type.scalar.bits);
  return 32767 * exp(-m->step * least) < 0.5;
}

static int32_t to_steps(const mask *m, double value) {
  double most = most_of(m);
  return sf_round_constant(fmin(fmax(value / m->step, -most), most));
}

/* The mask in steps; *out NULL: it does not fit. */
static sf_result in_steps(const mask *m, int32_t **out) {
  size_t count = sf_blob_elements(m->blob);
  int32_t *values = SF_NEW_ARRAY(m->q->run->scratch, int32_t, count);
  *out = NULL;
  if (!values) return SF_OOM;
  for (size_t i = 0; i < count; i++) {
    double value = (double)sf_blob_f32(m->blob, i), steps = value / m->step;
    bool low = steps < -most_of(m) && !vanishes(m);
    if (isnan(steps) || steps > most_of(m) || low) return SF_OK;
    values[i] = to_steps(m, value);
  }
  *out = values;
  return SF_OK;
}

/* The constant as an operand, or the stream. */
static sf_result rewrite(const mask *m, const sf_scale *scale, sf_blob *blob,
                         sf_value *stream) {
  sf_quantizer *q = m->q;
  const sf_value *old = m->add->results[0];
  sf_type sum = sf_int_type(&old->type, SUM_BITS);
  sf_op *op = sf_op_create(q->network, m->add, SF_OP_ADD, 2, m->add->loc);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, m->scores);
  if (blob)
    sf_op_set_operand_blob(op, 1, blob);
  else
    sf_op_set_operand(op, 1, stream);
  sf_value *masked = sf_op_add_result(op, old->name, &sum);
  if (!masked) return SF_OOM;
  sf_op *dequantize;
  SF_TRY(sf_add_dequantize(q, masked, old, scale, m->add, &dequantize));
  sf_value_replace_all_uses(m->add->results[0], dequantize->results[0]);
  return SF_OK;
}

static sf_result rewrite_constant(const mask *m, const sf_scale *scale,
                                  bool *done) {
  int32_t *values;
  SF_TRY(sf_blob_load(m->blob, m->q->run->diag));
  SF_TRY(in_steps(m, &values));
  *done = values != NULL;
  if (!values) return SF_OK;
  sf_type type = sf_int_type(&m->blob->type, SUM_BITS);
  sf_blob *blob =
      sf_blob_create_i32(m->q->run->module, m->blob->name, &type, values);
  return blob ? rewrite(m, scale, blob, NULL) : SF_OOM;
}

/* ---- Masks that are fed in. ---- */

/* What `select %a, A, B` of a spike chooses; false: another function. */
static bool read_choice(const sf_op *op, double *held, double *other) {
  const sf_neuron *f = op->neuron;
  double *out[] = {held, other};
  if (f->stmt_count != 1 || f->emit_count != 1 ||
      f->stmts->kind != SF_NOP_SELECT || f->emits->value != f->stmts->result ||
      f->stmts->operand[0].value != f->inputs[0])
    return false;
  for (int i = 0; i < 2; i++) {
    const sf_noperand *operand = &f->stmts->operand[i + 1];
    const sf_number *number = &operand->literal;
    if (operand->value) {
      if (operand->value->kind != SF_NVALUE_PARAM) return false;
      const sf_argument *a = &op->arguments[operand->value->index];
      if (a->kind != SF_ARGUMENT_NUMBER) return false;
      number = &a->number;
    }
    *out[i] = number->d;
  }
  return !isnan(*held) && !isnan(*other);
}

/* neuron @mask(%a: i2) -> i15 { %c = gt %a, 0  %r = select %c, A, B  emit %r }
 */
static sf_neuron *choice(const mask *m, double held, double other) {
  sf_scalar type = sf_int(FED_BITS);
  sf_neuron *f = sf_neuron_create(m->q->run->module, "mask", m->add->loc);
  sf_nvalue *a =
      f ? sf_neuron_add_input(f, "a", sf_int(SF_INT_BITS_MIN)) : NULL;
  sf_stmt *s = a ? sf_neuron_add_stmt(f, SF_NOP_GT, "c", sf_spike()) : NULL;
  if (!s) return NULL;
  s->operand[0] = sf_noperand_value(a);
  s->operand[1] = sf_noperand_number(sf_number_int(0));
  sf_nvalue *condition = s->result;
  s = sf_neuron_add_stmt(f, SF_NOP_SELECT, "r", type);
  if (!s) return NULL;
  s->operand[0] = sf_noperand_value(condition);
  s->operand[1] = sf_noperand_number(sf_number_int(to_steps(m, held)));
  s->operand[2] = sf_noperand_number(sf_number_int(to_steps(m, other)));
  sf_noperand result = sf_noperand_value(s->result);
  return sf_neuron_add_emit(f, result, type) == SF_OK ? f : NULL;
}

/* Of integers, which form stbif can add up. */
static sf_result choose(const mask *m, const sf_op *op, sf_value **out) {
  double held, other;
  *out = NULL;
  if (!read_choice(op, &held, &other)) return SF_OK;
  sf_value *spikes = sf_op_operand(op, 0);
  sf_type type = sf_int_type(&spikes->type, SF_INT_BITS_MIN);
  sf_op *convert =
      sf_op_create(m->q->network, m->add, SF_OP_CONVERT, 1, op->loc);
  if (!convert) return SF_OOM;
  sf_op_set_operand(convert, 0, spikes);
  sf_value *integers = sf_op_add_result(convert, spikes->name, &type);
  sf_build b = {m->q, m->add, op->results[0]->name};
  sf_neuron *f = integers ? choice(m, held, other) : NULL;
  *out = sf_build_result(&b, sf_build_neurons(&b, f, integers), FED_BITS);
  return *out ? SF_OK : SF_OOM;
}

static sf_result round_fed(const mask *m, sf_value *x, sf_value **out) {
  sf_quantizer *q = m->q;
  sf_type one = sf_type_make(sf_f32(), 0, NULL),
          type = sf_int_type(&x->type, FED_BITS);
  float step = (float)m->step;
  sf_blob *blob = sf_blob_create_f32(q->run->module, "mask.step", &one, &step);
  sf_op *op =
      blob ? sf_op_create(q->network, m->add, SF_OP_QUANTIZE, 2, m->add->loc)
           : NULL;
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, x);
  sf_op_set_operand_blob(op, 1, blob);
  SF_TRY(sf_op_set_int(op, SF_ATTR_round, SF_ROUND_HALF_UP));
  *out = sf_op_add_result(op, x->name, &type);
  return *out ? SF_OK : SF_OOM;
}

/* `value` in steps; *out NULL: it is chosen in another way. Moves come behind.
 */
static sf_result fed_in_steps(const mask *m, sf_value *value, sf_value **out) {
  sf_op *moves[MOVES_MAX];
  uint32_t count = 0;
  while (value->op && value->op->kind != SF_OP_NEURONS && count < MOVES_MAX) {
    moves[count++] = value->op;
    value = sf_op_operand(value->op, 0);
  }
  SF_TRY(value->op ? choose(m, value->op, out) : round_fed(m, value, out));
  while (*out && count) {
    sf_op *move = moves[--count];
    sf_op *op = sf_op_copy_without_streams(move, 1);
    if (!op) return SF_OOM;
    sf_op_move_before(op, m->add);
    sf_op_set_operand(op, 0, *out);
    sf_type type = sf_int_type(&move->results[0]->type, FED_BITS);
    *out = sf_op_add_result(op, move->results[0]->name, &type);
    if (!*out) return SF_OOM;
  }
  return SF_OK;
}

static sf_result rewrite_fed(const mask *m, const sf_scale *scale, bool *done) {
  sf_value *fed = NULL;
  *done = vanishes(m);
  if (*done) SF_TRY(fed_in_steps(m, sf_op_operand(m->add, 1), &fed));
  *done = fed != NULL;
  return fed ? rewrite(m, scale, NULL, fed) : SF_OK;
}

sf_result sf_mask_rewrite(sf_quantizer *q, sf_op *op, bool *done) {
  mask m = {.q = q, .add = op, .blob = sf_op_operand_blob(op, 1)};
  sf_scale scale;
  SF_TRY(sf_backing_of(q, sf_op_operand(op, 0), op, done, &m.scores, &scale));
  *done = *done && scale.axis < 0 && m.scores->type.scalar.bits < FED_BITS;
  if (!*done) return SF_OK;
  m.step = sf_scale_at(&scale, 0);
  return m.blob ? rewrite_constant(&m, &scale, done)
                : rewrite_fed(&m, &scale, done);
}
