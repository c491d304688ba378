/* choose.c - units and nearest weights of a linear sum, channel by channel. */
#include "passes/quantize/quantize.h"

#include "support/process.h"

#include <math.h>
#include <stdlib.h>

/* An accumulator stays below it, bias included: int32 with room for D / 2. */
static const double ACCUMULATOR_MOST = 0x1.fp30;
enum { EXACT_MOST = 1 << 21 }; /* D (high + 1), for ties in binary32 */

typedef struct choice {
  const sf_quantizer *q;
  sf_linear_sum *sum;
} choice;

/* Largest magnitude of an integer stream. */
static double most_of(const sf_term *term) {
  sf_scalar type = term->integer->type.scalar;
  return -(double)sf_scalar_min(type);
}

static bool is_weighted(const sf_term *term) {
  return term->kind != SF_TERM_CONSTANT;
}

/* Rows of one channel; `values` has room for all their weights. */
static size_t fill_rows(const sf_linear_sum *sum, uint32_t channel,
                        double *values, sf_grid_row *rows) {
  size_t count = 0;
  for (uint32_t t = 0; t < sum->count; t++) {
    const sf_term *term = &sum->terms[t];
    if (!is_weighted(term)) continue;
    for (size_t k = 0; k < term->row; k++)
      values[k] = sf_term_weight(term, channel, k);
    rows[count++] = (sf_grid_row){values, term->row, term->bits};
    values += term->row;
  }
  return count;
}

static size_t row_weights(const sf_linear_sum *sum) {
  size_t count = 0;
  for (uint32_t t = 0; t < sum->count; t++)
    count += sum->terms[t].row;
  return count;
}

/* Largest magnitude of the channel's sum, in f32 units. */
static double reach_of(const sf_linear_sum *sum, uint32_t channel,
                       const sf_grid_row *rows) {
  double reach = fabs(sum->bias[channel]);
  for (uint32_t t = 0, r = 0; t < sum->count; t++) {
    if (!is_weighted(&sum->terms[t])) continue;
    double magnitude = 0;
    for (size_t k = 0; k < rows[r].count; k++)
      magnitude += fabs(rows[r].weights[k]);
    reach += magnitude * most_of(&sum->terms[t]);
    r++;
  }
  return reach;
}

static void choose_divisor(sf_linear_sum *sum, uint32_t channel,
                           const sf_grid_row *rows, size_t count) {
  double step = sum->steps[channel];
  double most = (double)EXACT_MOST / (double)(sum->high + 1);
  double reach = reach_of(sum, channel, rows);
  if (reach > 0) most = fmin(most, ACCUMULATOR_MOST * step / reach);
  int32_t top = most < 1 ? 1 : (int32_t)most;
  sum->divisor[channel] = sf_grid_divisor(rows, count, step, top);
  sum->delta[channel] = (float)(step / sum->divisor[channel]);
}

static float unit_for(const sf_grid_row *rows, size_t count, double reach) {
  double delta = sf_grid_delta(rows, count);
  double least = reach / ACCUMULATOR_MOST;
  if (delta < least) delta = least;
  return delta < 1e-30 ? 1.0f : (float)delta;
}

static void round_rows(sf_linear_sum *sum, uint32_t channel,
                       const sf_grid_row *rows) {
  double delta = (double)sum->delta[channel];
  for (uint32_t t = 0, r = 0; t < sum->count; t++) {
    sf_term *term = &sum->terms[t];
    if (!is_weighted(term)) continue;
    sf_grid_round(&rows[r++], delta, term->weights + channel * term->row);
  }
  sum->offset[channel] = sf_round_constant(sum->bias[channel] / delta);
}

static sf_result choose_channel(void *data, size_t index) {
  const choice *c = data;
  sf_linear_sum *sum = c->sum;
  uint32_t channel = (uint32_t)index;
  double *values = malloc((row_weights(sum) + 1) * sizeof *values);
  sf_grid_row *rows = malloc((sum->count + 1u) * sizeof *rows);
  if (values && rows) {
    size_t count = fill_rows(sum, channel, values, rows);
    if (sum->has_site)
      choose_divisor(sum, channel, rows, count);
    else if (!sum->one_unit)
      sum->delta[channel] = unit_for(rows, count, reach_of(sum, channel, rows));
    round_rows(sum, channel, rows);
  }
  sf_result result = values && rows ? SF_OK : SF_OOM;
  free(values);
  free(rows);
  return result;
}

/* One unit for all channels: their rows are one set. */
static sf_result choose_one_unit(const sf_quantizer *q, sf_linear_sum *sum) {
  size_t weights = row_weights(sum), count = 0;
  double reach = 0;
  double *values =
      SF_NEW_ARRAY(q->run->scratch, double, weights * sum->channels + 1);
  sf_grid_row *rows = SF_NEW_ARRAY(q->run->scratch, sf_grid_row,
                                   (size_t)sum->count * sum->channels + 1);
  if (!values || !rows) return SF_OOM;
  for (uint32_t c = 0; c < sum->channels; c++) {
    size_t added = fill_rows(sum, c, values + c * weights, rows + count);
    reach = fmax(reach, reach_of(sum, c, rows + count));
    count += added;
  }
  float delta = unit_for(rows, count, reach);
  for (uint32_t c = 0; c < sum->channels; c++)
    sum->delta[c] = delta;
  return SF_OK;
}

sf_result sf_sum_choose(sf_quantizer *q, sf_linear_sum *sum) {
  for (uint32_t t = 0; t < sum->count; t++) {
    sf_term *term = &sum->terms[t];
    if (!is_weighted(term)) continue;
    term->weights = SF_NEW_ARRAY(q->run->scratch, int32_t,
                                 (size_t)sum->channels * term->row);
    if (!term->weights) return SF_OOM;
  }
  if (!sum->has_site && sum->one_unit) SF_TRY(choose_one_unit(q, sum));
  choice c = {q, sum};
  return sf_parallel(q->run->threads, sum->channels, choose_channel, &c);
}
