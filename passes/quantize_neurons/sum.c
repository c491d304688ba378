/* sum.c - what a population sums up, and the unit of its weights. */
#include "passes/quantize_neurons/quantize_neurons.h"

#include <math.h>
#include <string.h>

enum { EXPONENT_MAX = 7, DEPTH_MAX = 2000 };

static sf_result refuse(sf_neurons_job *job, const sf_value *value) {
  sf_error(job->run->diag, SF_DIAG_NOT_NORMAL,
           value->op ? value->op->loc : value->loc,
           "'%%%s' is f32 and no sum of projections of spikes, integers or "
           "inputs",
           value->name);
  sf_help(job->run->diag,
          "a population that reads f32 takes linear, conv, convt, sparse, add "
          "and moves of those; analog ops are made integer by 'calibrate' and "
          "'quantize'");
  return SF_FAIL;
}

/* ---- Terms. ---- */

static sf_result push(sf_neurons_job *job, sf_sum *sum, sf_sum_term **out) {
  if (sum->count == sum->capacity) {
    uint32_t capacity = sum->capacity ? 2 * sum->capacity : 4;
    sf_sum_term *terms = SF_NEW_ARRAY(job->run->scratch, sf_sum_term, capacity);
    if (!terms) return SF_OOM;
    if (sum->count) memcpy(terms, sum->terms, sum->count * sizeof *terms);
    sum->terms = terms;
    sum->capacity = capacity;
  }
  *out = &sum->terms[sum->count++];
  **out = (sf_sum_term){.scale = 1, .axis = -1, .channels = 1};
  return SF_OK;
}

/* Weights of a transposed convolution and edges are no rows of a channel: one
 * unit for all of them. */
static void find_rows(sf_sum_term *t) {
  size_t all = sf_blob_elements(t->weights);
  bool rows = t->op->kind == SF_OP_LINEAR || t->op->kind == SF_OP_CONV;
  t->channels = rows ? (uint32_t)t->weights->type.dim[0] : 1;
  t->row = (uint32_t)(all / t->channels);
  if (!rows) return;
  int last = t->op->results[0]->type.rank - 1;
  t->axis = t->op->kind == SF_OP_LINEAR ? last : 0;
}

static sf_result find_most(sf_neurons_job *job, sf_sum_term *t) {
  t->most = SF_NEW_ARRAY(job->run->scratch, double, t->channels + 1u);
  if (!t->most) return SF_OOM;
  for (uint32_t c = 0; c < t->channels; c++)
    for (uint32_t k = 0; k < t->row; k++) {
      float w = sf_blob_f32(t->weights, (size_t)c * t->row + k);
      t->most[c] = fmax(t->most[c], fabs((double)w) * t->scale);
    }
  return SF_OK;
}

static sf_result add_projection(sf_neurons_job *job, sf_op *op, sf_op *before,
                                sf_sum *sum) {
  sf_sum_term *t;
  SF_TRY(push(job, sum, &t));
  t->op = op;
  t->weights = sf_op_operand_blob(op, op->kind == SF_OP_SPARSE ? 2 : 1);
  if (op->kind != SF_OP_SPARSE) t->bias = sf_op_operand_blob(op, 2);
  if (!t->weights) return refuse(job, op->results[0]);
  SF_TRY(sf_blob_load(t->weights, job->run->diag));
  if (t->bias) SF_TRY(sf_blob_load(t->bias, job->run->diag));
  sf_value *integer;
  double scale;
  SF_TRY(sf_back_stream(job, sf_op_operand(op, 0), before, &integer, &scale));
  if (!integer) return refuse(job, sf_op_operand(op, 0));
  t = &sum->terms[sum->count - 1];
  t->integer = integer;
  t->scale = scale;
  find_rows(t);
  return find_most(job, t);
}

static sf_result add_stream(sf_neurons_job *job, sf_value *value, sf_op *before,
                            sf_sum *sum) {
  sf_sum_term *t;
  SF_TRY(push(job, sum, &t));
  sf_value *integer;
  double scale;
  SF_TRY(sf_back_stream(job, value, before, &integer, &scale));
  if (!integer) return refuse(job, value);
  t->leaf = value;
  t->integer = integer;
  t->scale = scale;
  t->most = SF_NEW_ARRAY(job->run->scratch, double, 1);
  if (!t->most) return SF_OOM;
  t->most[0] = fabs(scale);
  return SF_OK;
}

/* A move of a sum, not of what can be read as it is. */
static bool is_moved_sum(const sf_value *value) {
  while (value->op &&
         (sf_moves_one(value->op) || value->op->kind == SF_OP_DELAY))
    value = sf_op_operand(value->op, 0);
  return value->op && (sf_op_is(value->op, SF_TRAIT_PROJECTION) ||
                       value->op->kind == SF_OP_ADD);
}

static sf_result gather(sf_neurons_job *job, sf_value *value, sf_op *before,
                        int depth, sf_sum *out) {
  sf_op *op = value->op;
  bool is_f32 = sf_is_f32(value->type.scalar);
  if (depth == DEPTH_MAX) return refuse(job, value);
  if (is_f32 && op && sf_op_is(op, SF_TRAIT_PROJECTION))
    return add_projection(job, op, before, out);
  if (is_f32 && op && op->kind == SF_OP_ADD) {
    sf_value *a = sf_op_operand(op, 0), *b = sf_op_operand(op, 1);
    if (!a || !b || !sf_type_same_shape(&a->type, &b->type))
      return refuse(job, value);
    SF_TRY(gather(job, a, before, depth + 1, out));
    return gather(job, b, before, depth + 1, out);
  }
  if (is_f32 && op && is_moved_sum(value)) {
    out->one_unit = out->one_unit || op->kind != SF_OP_DELAY;
    return gather(job, sf_op_operand(op, 0), before, depth + 1, out);
  }
  return add_stream(job, value, before, out);
}

sf_result sf_sum_gather(sf_neurons_job *job, sf_value *value, sf_op *before,
                        sf_sum *out) {
  *out = (sf_sum){0};
  return gather(job, value, before, 0, out);
}

/* ---- The unit. ---- */

static double layer_most(const sf_sum_term *t) {
  double most = 0;
  for (uint32_t c = 0; c < t->channels; c++)
    most = fmax(most, t->most[c]);
  return most;
}

/* Terms whose weights are much larger than those of the finest term count
 * powers of two of the unit, so that both have all their bits. */
static void choose_exponents(uint32_t count, sf_sum *sums) {
  double least = 0;
  for (uint32_t s = 0; s < count; s++)
    for (uint32_t i = 0; i < sums[s].count; i++) {
      double most = layer_most(&sums[s].terms[i]);
      if (most > 0 && (least == 0 || most < least)) least = most;
    }
  for (uint32_t s = 0; s < count; s++)
    for (uint32_t i = 0; i < sums[s].count; i++) {
      sf_sum_term *t = &sums[s].terms[i];
      double most = layer_most(t);
      double exponent = most > 0 ? round(log2(most / least)) : 0;
      t->exponent = t->op ? (int)fmin(exponent, EXPONENT_MAX) : 0;
    }
}

/* The axis that all terms' channels run along; -1: they do not agree. */
static int common_axis(uint32_t count, const sf_sum *sums, uint32_t *channels) {
  int axis = -2;
  for (uint32_t s = 0; s < count; s++) {
    if (sums[s].one_unit) return -1;
    for (uint32_t i = 0; i < sums[s].count; i++) {
      const sf_sum_term *t = &sums[s].terms[i];
      if (axis != -2 && (axis != t->axis || *channels != t->channels))
        return -1;
      axis = t->axis;
      *channels = t->channels;
    }
  }
  return axis;
}

sf_result sf_sum_choose_unit(sf_neurons_job *job, uint32_t count, sf_sum *sums,
                             bool per_channel, sf_unit *out) {
  choose_exponents(count, sums);
  uint32_t channels = 1;
  int axis = per_channel ? common_axis(count, sums, &channels) : -1;
  if (axis < 0) channels = 1;
  *out = (sf_unit){axis < 0 ? -1 : axis, channels,
                   SF_NEW_ARRAY(job->run->scratch, double, channels)};
  if (!out->values) return SF_OOM;
  double largest = (double)((1 << (job->options->bits - 1)) - 1);
  for (uint32_t s = 0; s < count; s++)
    for (uint32_t i = 0; i < sums[s].count; i++) {
      const sf_sum_term *t = &sums[s].terms[i];
      for (uint32_t c = 0; c < t->channels; c++) {
        double *unit = &out->values[axis < 0 ? 0 : c];
        *unit = fmax(*unit, ldexp(t->most[c] / largest, -t->exponent));
      }
    }
  for (uint32_t c = 0; c < channels; c++)
    if (!(out->values[c] > 0)) out->values[c] = 1;
  return SF_OK;
}
