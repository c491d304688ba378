/* sums.c - the terms of a linear sum and its bias. */
#include "passes/quantize/quantize.h"

#include <string.h>

/* ---- Backed streams. ---- */

/* Zero point as a blob that broadcasts to the stream. */
static sf_blob *zero_point_blob(sf_quantizer *q, const sf_op *dequantize) {
  sf_blob *zero = sf_op_operand_blob(dequantize, 2);
  sf_type type = sf_op_operand(dequantize, 0)->type;
  size_t count = sf_blob_elements(zero);
  int axis = sf_op_has_attr(dequantize, SF_ATTR_axis)
                 ? (int)sf_op_int(dequantize, SF_ATTR_axis)
                 : -1;
  if (axis < 0 && count > 1) axis += type.rank;
  int32_t *values = SF_NEW_ARRAY(q->run->scratch, int32_t, count);
  if (!values) return NULL;
  for (size_t i = 0; i < count; i++)
    values[i] = sf_blob_i32(zero, i);
  for (int i = 0; i < type.rank; i++)
    if (count == 1 || i != axis) type.dim[i] = 1;
  type.scalar = zero->type.scalar;
  return sf_blob_create_i32(q->run->module, zero->name, &type, values);
}

static sf_result without_zero_point(sf_quantizer *q, const sf_op *dequantize,
                                    sf_op *before, sf_value **integer) {
  sf_blob *zero = zero_point_blob(q, dequantize);
  sf_op *op = sf_op_create(q->network, before, SF_OP_SUB, 2, dequantize->loc);
  if (!zero || !op) return SF_OOM;
  sf_type type = (*integer)->type;
  unsigned bits = type.scalar.bits > zero->type.scalar.bits
                      ? type.scalar.bits
                      : zero->type.scalar.bits;
  type.scalar = sf_int(bits < SF_INT_BITS_MAX ? bits + 1 : bits);
  sf_op_set_operand(op, 0, *integer);
  sf_op_set_operand_blob(op, 1, zero);
  *integer = sf_op_add_result(op, (*integer)->name, &type);
  return *integer ? SF_OK : SF_OOM;
}

sf_result sf_backing_of(sf_quantizer *q, const sf_value *value, sf_op *before,
                        bool *ok, sf_value **integer, sf_scale *scale) {
  const sf_op *op = value->op;
  *ok = false;
  if (!op || op->kind != SF_OP_DEQUANTIZE) return SF_OK;
  *integer = sf_op_operand(op, 0);
  bool shifted;
  SF_TRY(sf_qdq_scale(op, q->run->scratch, q->run->diag, ok, scale));
  SF_TRY(sf_qdq_has_zero_point(op, q->run->diag, &shifted));
  if (!*ok || !shifted) return SF_OK;
  if (!sf_op_operand_blob(op, 2)) {
    *ok = false;
    return SF_OK;
  }
  return without_zero_point(q, op, before, integer);
}

/* ---- Terms. ---- */

static sf_term *new_term(sf_quantizer *q, sf_linear_sum *sum,
                         const double *gain) {
  if (sum->count == sum->capacity) {
    uint32_t capacity = sum->capacity ? 2 * sum->capacity : 4;
    sf_term *grown = SF_NEW_ARRAY(q->run->scratch, sf_term, capacity);
    if (!grown) return NULL;
    if (sum->count) memcpy(grown, sum->terms, sum->count * sizeof *grown);
    sum->terms = grown;
    sum->capacity = capacity;
  }
  sf_term *term = &sum->terms[sum->count++];
  *term = (sf_term){
      .gain = SF_NEW_ARRAY(q->run->scratch, double, sum->channels), .bits = 8};
  if (term->gain) memcpy(term->gain, gain, sum->channels * sizeof *gain);
  return term->gain ? term : NULL;
}

static sf_result not_rounded(const sf_quantizer *q, const sf_op *op,
                             const sf_value *x) {
  sf_error(q->run->diag, SF_DIAG_CALIBRATION, op->loc,
           "'%%%s' reads '%%%s', which is not rounded to steps along its "
           "channels",
           op->results[0]->name, x->name);
  sf_help(q->run->diag, "run 'calibrate' before it, with --calib X.npy");
  return SF_FAIL;
}

static sf_result add_bias(sf_quantizer *q, sf_linear_sum *sum, sf_blob *blob,
                          const double *gain) {
  SF_TRY(sf_blob_load(blob, q->run->diag));
  size_t count = sf_blob_elements(blob);
  for (uint32_t c = 0; c < sum->channels; c++)
    sum->bias[c] += gain[c] * (double)sf_blob_f32(blob, count == 1 ? 0 : c);
  return SF_OK;
}

static sf_result add_projection(sf_quantizer *q, sf_linear_sum *sum, sf_op *op,
                                const double *gain) {
  sf_term *term = new_term(q, sum, gain);
  if (!term) return SF_OOM;
  sf_value *x = sf_op_operand(op, 0);
  bool ok;
  SF_TRY(sf_backing_of(q, x, sum->before, &ok, &term->integer, &term->scale));
  int axis = op->kind == SF_OP_LINEAR ? x->type.rank - 1 : 0;
  if (!ok || !sf_scale_runs_along(&term->scale, axis))
    return not_rounded(q, op, x);
  term->kind = SF_TERM_PROJECTION;
  term->op = op;
  sf_blob *weights = sf_op_operand_blob(op, 1);
  SF_TRY(sf_blob_load(weights, q->run->diag));
  term->row = sf_blob_elements(weights) / sum->channels;
  SF_TRY(sf_layer_bits(q, op, &term->bits));
  sf_blob *bias = sf_op_operand_blob(op, 2);
  return bias ? add_bias(q, sum, bias, gain) : SF_OK;
}

static sf_result add_stream(sf_quantizer *q, sf_linear_sum *sum, sf_op *reader,
                            const sf_value *x, const double *gain) {
  sf_term *term = new_term(q, sum, gain);
  if (!term) return SF_OOM;
  bool ok;
  SF_TRY(sf_backing_of(q, x, reader, &ok, &term->integer, &term->scale));
  if (!ok || !sf_scale_runs_along(&term->scale, sum->axis))
    return not_rounded(q, reader, x);
  term->kind = SF_TERM_STREAM;
  term->row = 1;
  return SF_OK;
}

static bool varies_along(const sf_blob *blob, int axis) {
  for (int i = 0; i < blob->type.rank; i++)
    if (blob->type.dim[i] != 1 && i != axis) return false;
  return true;
}

static sf_result add_constant(sf_quantizer *q, sf_linear_sum *sum,
                              sf_blob *blob, const double *gain) {
  if (varies_along(blob, sum->axis)) return add_bias(q, sum, blob, gain);
  SF_TRY(sf_blob_load(blob, q->run->diag));
  sf_term *term = new_term(q, sum, gain);
  if (!term) return SF_OOM;
  term->kind = SF_TERM_CONSTANT;
  term->constant = blob;
  return SF_OK;
}

/* ---- The tree, by an explicit stack. ---- */

typedef struct branch {
  sf_value *value;
  double *gain;
} branch;

static double *times(const sf_quantizer *q, const sf_linear_sum *sum,
                     const double *gain, const sf_blob *factor, double sign) {
  double *out = SF_NEW_ARRAY(q->run->scratch, double, sum->channels);
  size_t count = factor ? sf_blob_elements(factor) : 1;
  for (uint32_t c = 0; out && c < sum->channels; c++) {
    double f = factor ? (double)sf_blob_f32(factor, count == 1 ? 0 : c) : sign;
    out[c] = gain[c] * f;
  }
  return out;
}

static sf_result expand(sf_quantizer *q, sf_linear_sum *sum, branch at,
                        branch *stack, size_t *count) {
  sf_op *op = at.value->op;
  sf_value *a = sf_op_operand(op, 0), *b = sf_op_operand(op, 1);
  sf_blob *blob = sf_op_operand_blob(op, 1);
  double *gain = at.gain;
  if (op->kind == SF_OP_MUL) {
    SF_TRY(sf_blob_load(blob, q->run->diag));
    gain = times(q, sum, at.gain, blob, 1);
  }
  double *second =
      op->kind == SF_OP_SUB ? times(q, sum, at.gain, NULL, -1) : at.gain;
  if (!gain || !second) return SF_OOM;
  if (op->kind != SF_OP_MUL && blob) SF_TRY(add_constant(q, sum, blob, second));
  /* The first operand is popped first: terms stay in text order. */
  if (b) stack[(*count)++] = (branch){b, second};
  stack[(*count)++] = (branch){a, gain};
  return SF_OK;
}

static sf_result collect(sf_quantizer *q, sf_linear_sum *sum, double *ones) {
  size_t count = 0, room = q->network->op_count + 2u;
  branch *stack = SF_NEW_ARRAY(q->run->scratch, branch, room);
  if (!stack) return SF_OOM;
  stack[count++] = (branch){sum->root, ones};
  while (count) {
    branch at = stack[--count];
    sf_op *op = at.value->op;
    bool inside = at.value == sum->root || sf_qdq_is_inner(at.value);
    if (!inside)
      SF_TRY(add_stream(q, sum, sum->before, at.value, at.gain));
    else if (sf_op_is(op, SF_TRAIT_PROJECTION))
      SF_TRY(add_projection(q, sum, op, at.gain));
    else
      SF_TRY(expand(q, sum, at, stack, &count));
  }
  return SF_OK;
}

/* ---- Sums. ---- */

static sf_result start(sf_quantizer *q, sf_value *root, sf_linear_sum *out,
                       double **ones) {
  sf_arena *arena = q->run->scratch;
  int axis = sf_qdq_channel_axis(root);
  uint32_t channels = axis < 0 ? 1 : (uint32_t)root->type.dim[axis];
  *out = (sf_linear_sum){.root = root,
                         .name = root->name,
                         .before = root->op,
                         .axis = axis,
                         .channels = channels,
                         .bias = SF_NEW_ARRAY(arena, double, channels),
                         .steps = SF_NEW_ARRAY(arena, double, channels),
                         .divisor = SF_NEW_ARRAY(arena, int32_t, channels),
                         .delta = SF_NEW_ARRAY(arena, float, channels),
                         .offset = SF_NEW_ARRAY(arena, int32_t, channels)};
  *ones = SF_NEW_ARRAY(arena, double, channels);
  if (!out->bias || !out->steps || !out->divisor || !out->delta ||
      !out->offset || !*ones) {
    return SF_OOM;
  }
  for (uint32_t c = 0; c < channels; c++)
    (*ones)[c] = 1;
  return sf_sum_find_site(q, out);
}

sf_result sf_sum_collect(sf_quantizer *q, sf_value *root, sf_linear_sum *out) {
  double *ones;
  SF_TRY(start(q, root, out, &ones));
  return collect(q, out, ones);
}

sf_result sf_sum_of_stream(sf_quantizer *q, sf_value *value,
                           sf_linear_sum *out) {
  double *ones;
  SF_TRY(start(q, value, out, &ones));
  out->before = value->op->next;
  out->is_stream = true;
  return out->has_site ? add_stream(q, out, value->op, value, ones) : SF_OK;
}

/* ---- Weights. ---- */

double sf_term_weight(const sf_term *term, uint32_t channel, size_t k) {
  double gain = term->gain[channel];
  if (term->kind == SF_TERM_STREAM)
    return gain * sf_scale_at(&term->scale, channel);
  const sf_blob *weights = sf_op_operand_blob(term->op, 1);
  double w = (double)sf_blob_f32(weights, channel * term->row + k);
  return gain * w *
         sf_scale_at(&term->scale,
                     term->scale.axis < 0
                         ? 0
                         : sf_qdq_input_channel(term->op, channel, k));
}
