/* lrn.c - local response normalization of a rounded stream, rounded again.
 *
 *   %x = dequantize %n, @s                  %q = mul.sat %n, %n
 *   %y = lrn %x {size = 5}             =>   %w = conv %q, @band
 *   %o = quantize %y, @t                    %r = mul %n, 1126
 *                                           %i = add %w, %r
 *                                           %o = neurons @lrn(%i)
 *
 * The value depends on two integers, a level n and the sum w of the squares of
 * its neighbours: few enough of both for a table, whose index is a sum of both.
 * It is computed in binary64 and defines the result. f32 chooses another level
 * only where the value lies within 2^-22 of a border between two. */
#include "passes/quantize/build.h"

#include "ir/arith.h"

#include <math.h>
#include <stdlib.h>

enum { TABLE_MOST = 65536 };

typedef struct work {
  sf_quantizer *q;
  sf_op *lrn, *quantize;
  sf_value *levels;   /* integers behind the operand */
  double scale, step; /* of the operand, of the result */
  sf_range n;         /* of `levels` */
  int64_t squares;    /* largest sum of squares */
  int32_t entries;    /* of the table: n major, sum of squares minor */
} work;

/* ---- Is it one? ---- */

static bool is_uniform(const sf_scale *scale) {
  return scale->axis < 0 && scale->count == 1;
}

static sf_result read_step(work *w, bool *ok) {
  sf_scale scale;
  bool shifted;
  SF_TRY(sf_qdq_scale(w->quantize, w->q->run->scratch, w->q->run->diag, ok,
                      &scale));
  SF_TRY(sf_qdq_has_zero_point(w->quantize, w->q->run->diag, &shifted));
  *ok = *ok && !shifted && is_uniform(&scale);
  if (*ok) w->step = scale.values[0];
  return SF_OK;
}

static sf_result read_levels(work *w, bool *ok) {
  sf_scale scale;
  SF_TRY(sf_backing_of(w->q, sf_op_operand(w->lrn, 0), w->lrn, ok, &w->levels,
                       &scale));
  const sf_op *maker = *ok ? sf_maker_of(w->levels) : NULL;
  *ok = maker && is_uniform(&scale);
  if (!*ok) return SF_OK;
  w->scale = scale.values[0];
  w->n = (sf_range){sf_quantize_bound(maker, SF_ATTR_low),
                    sf_quantize_bound(maker, SF_ATTR_high)};
  int64_t most = w->n.high > -w->n.low ? w->n.high : -w->n.low;
  int64_t rows = w->n.high - w->n.low + 1;
  *ok = most < TABLE_MOST && rows <= TABLE_MOST;
  if (!*ok) return SF_OK;
  int64_t size = sf_op_int(w->lrn, SF_ATTR_size);
  *ok = size * most * most < TABLE_MOST &&
        rows * (size * most * most + 1) <= TABLE_MOST;
  w->squares = size * most * most;
  w->entries = (int32_t)(rows * (w->squares + 1));
  return SF_OK;
}

/* ---- The table. ---- */

static int32_t level_of(const work *w, int64_t n, int64_t squares) {
  const sf_op *op = w->lrn;
  double alpha = (double)sf_op_number(op, SF_ATTR_alpha);
  double beta = (double)sf_op_number(op, SF_ATTR_beta);
  double bias = (double)sf_op_number(op, SF_ATTR_bias);
  double size = (double)sf_op_int(op, SF_ATTR_size);
  double sum = w->scale * w->scale * (double)squares;
  double y = w->scale * (double)n / pow(bias + alpha / size * sum, beta);
  double level = sf_round_f64(y / w->step,
                              (sf_round)sf_op_int(w->quantize, SF_ATTR_round));
  if (isnan(level)) return 0; /* as `quantize` */
  double low = (double)sf_quantize_bound(w->quantize, SF_ATTR_low);
  double high = (double)sf_quantize_bound(w->quantize, SF_ATTR_high);
  return (int32_t)fmin(fmax(level, low), high);
}

static sf_blob *table_blob(const work *w) {
  sf_type type =
      sf_type_make(w->quantize->results[0]->type.scalar, 1, &w->entries);
  int32_t *values =
      SF_NEW_ARRAY(w->q->run->scratch, int32_t, (size_t)w->entries);
  if (!values) return NULL;
  for (int32_t i = 0; i < w->entries; i++)
    values[i] =
        level_of(w, w->n.low + i / (w->squares + 1), i % (w->squares + 1));
  return sf_blob_create_i32(w->q->run->module, "lrn", &type, values);
}

/* ---- The ops. ---- */

/* The function %i -> table[%i - first]. */
static sf_neuron *function(const work *w) {
  sf_scalar emit = w->quantize->results[0]->type.scalar;
  sf_blob *table = table_blob(w);
  sf_neuron *neuron =
      table ? sf_neuron_create(w->q->run->module, "lrn", w->lrn->loc) : NULL;
  sf_nvalue *index =
      neuron ? sf_neuron_add_input(neuron, "i", sf_int(32)) : NULL;
  sf_stmt *row =
      index ? sf_neuron_add_stmt(neuron, SF_NOP_SUB, "t", sf_int(32)) : NULL;
  if (!row) return NULL;
  row->operand[0] = sf_noperand_value(index);
  row->operand[1] =
      sf_noperand_number(sf_number_int(w->n.low * (w->squares + 1)));
  sf_noperand at = sf_noperand_value(row->result);
  sf_stmt *look = sf_neuron_add_stmt(neuron, SF_NOP_LOOKUP, "y", emit);
  if (!look) return NULL;
  look->operand[0] = at;
  sf_stmt_set_blob(look, table);
  sf_noperand y = sf_noperand_value(look->result);
  return sf_neuron_add_emit(neuron, y, emit) == SF_OK ? neuron : NULL;
}

/* Ones for the channels of each window: size / 2 behind, the rest before. */
static sf_blob *band_blob(const work *w) {
  int32_t channels = w->levels->type.dim[0];
  int32_t dim[SF_RANK_MAX] = {channels, channels, 1, 1};
  sf_type type = sf_type_make(sf_int(2), w->levels->type.rank + 1u, dim);
  int64_t size = sf_op_int(w->lrn, SF_ATTR_size);
  int32_t *ones = calloc((size_t)channels * (size_t)channels, sizeof *ones);
  if (!ones) return NULL;
  for (int32_t o = 0; o < channels; o++)
    for (int32_t i = 0; i < channels; i++)
      ones[(size_t)o * (size_t)channels + (size_t)i] =
          i >= o - (size - 1) / 2 && i <= o + size / 2;
  sf_blob *blob = sf_blob_create_i32(w->q->run->module, "band", &type, ones);
  free(ones);
  return blob;
}

static sf_value *sum_of_squares(const work *w, const sf_build *b) {
  /* Never saturates. An interval knows neither the bounds of `quantize`, nor
   * that both operands are the same number, nor that of a sum that is a
   * maximum. */
  int64_t most = -sf_scalar_min(w->levels->type.scalar);
  sf_type type = w->levels->type;
  type.scalar = sf_int_holding(0, most * most);
  sf_value *squares =
      sf_build_binary(b, SF_OP_MUL, SF_MODE_SAT, w->levels, w->levels, &type);
  sf_blob *band = band_blob(w);
  sf_op *conv = squares && band ? sf_op_create(w->q->network, b->before,
                                               SF_OP_CONV, 2, w->lrn->loc)
                                : NULL;
  if (!conv) return NULL;
  sf_op_set_operand(conv, 0, squares);
  sf_op_set_operand_blob(conv, 1, band);
  type.scalar = sf_int(32);
  return sf_op_add_result(conv, b->name, &type);
}

static sf_result rewrite(const work *w) {
  sf_build b = {w->q, w->lrn, w->lrn->results[0]->name};
  sf_type wide = sf_int_type(&w->levels->type, 32);
  sf_value *sum = sum_of_squares(w, &b);
  sf_value *row =
      sum ? sf_build_times(&b, w->levels, (int32_t)w->squares + 1, &wide)
          : NULL;
  sf_value *index =
      sf_build_binary(&b, SF_OP_ADD, SF_MODE_NONE, sum, row, &wide);
  sf_neuron *neuron = index ? function(w) : NULL;
  sf_op *op = sf_build_neurons(&b, neuron, index);
  if (!op) return SF_OOM;
  const sf_value *old = w->quantize->results[0];
  sf_value *y = sf_op_add_result(op, old->name, &old->type);
  if (!y) return SF_OOM;
  sf_value_replace_all_uses(w->quantize->results[0], y);
  return SF_OK;
}

sf_result sf_lrn_rewrite(sf_quantizer *q, sf_op *quantize, bool *done) {
  const sf_value *x = sf_op_operand(quantize, 0);
  uint32_t rank = x->type.rank;
  *done = false;
  if (!x->op || x->op->kind != SF_OP_LRN || (rank != 2 && rank != 3))
    return SF_OK;
  work w = {.q = q, .lrn = x->op, .quantize = quantize};
  SF_TRY(read_step(&w, done));
  if (*done) SF_TRY(read_levels(&w, done));
  return *done ? rewrite(&w) : SF_OK;
}
