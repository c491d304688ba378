/* reconstruct.c - weights that keep the sums' values on the samples. Channels
 * take the better of nearest and sequential rounding. */
#include "passes/quantize/reconstruct.h"

#include "passes/linear_algebra.h"
#include "support/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DAMPING = 0.01; /* of the mean of the diagonal */

/* +-1 above it, for weights of one and two bits; 0 for wider ones. */
static double threshold_of(const sf_grid_row *row) {
  if (row->bits != 2) return 0;
  double sum = 0;
  for (size_t k = 0; k < row->count; k++)
    sum += fabs(row->weights[k]);
  return 0.7 * sum / (double)row->count;
}

static int32_t round_one(const sf_grid_row *row, double w, double delta,
                         double threshold) {
  if (row->bits <= 2) return fabs(w) > threshold ? (w < 0 ? -1 : 1) : 0;
  int32_t most = (1 << (row->bits - 1)) - 1;
  int32_t q = sf_round_constant(w / delta);
  return q > most ? most : q < -most ? -most : q;
}

void sf_reconstruct_row(const sf_grid_row *row, double delta,
                        const double *factor, double *work, int32_t *out) {
  size_t n = row->count;
  double threshold = threshold_of(row);
  memcpy(work, row->weights, n * sizeof *work);
  for (size_t i = 0; i < n; i++) {
    const double *u = factor + i * n;
    out[i] = round_one(row, work[i], delta, threshold);
    double error = (work[i] - out[i] * delta) / u[i];
    for (size_t j = i + 1; j < n; j++)
      work[j] -= error * u[j];
  }
}

double sf_reconstruct_error(const double *moments, size_t n,
                            const double *weights, double delta,
                            const int32_t *q) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double e = weights[i] - q[i] * delta, cross = 0;
    const double *h = moments + i * n;
    for (size_t j = 0; j < i; j++)
      cross += h[j] * (weights[j] - q[j] * delta);
    sum += e * (2 * cross + e * h[i]);
  }
  return sum;
}

/* ---- All channels of a term. ---- */

typedef struct work {
  sf_linear_sum *sum;
  const sf_term *term;
  const sf_moments *moments;
  double *factors; /* a group; in place of a copy of the moments */
} work;

static sf_result reconstruct_channel(void *data, size_t index) {
  const work *w = data;
  uint32_t channel = (uint32_t)index;
  size_t n = w->moments->order;
  size_t group = index / (w->sum->channels / w->moments->groups);
  const double *h = w->moments->values + group * n * n;
  double *weights = malloc(2 * n * sizeof *weights);
  int32_t *found = malloc(n * sizeof *found);
  if (weights && found) {
    for (size_t k = 0; k < n; k++)
      weights[k] = sf_term_weight(w->term, channel, k);
    sf_grid_row row = {weights, n, w->term->bits};
    double delta = (double)w->sum->delta[channel];
    int32_t *nearest = w->term->weights + channel * n;
    sf_reconstruct_row(&row, delta, w->factors + group * n * n, weights + n,
                       found);
    if (sf_reconstruct_error(h, n, weights, delta, found) <
        sf_reconstruct_error(h, n, weights, delta, nearest))
      memcpy(nearest, found, n * sizeof *found);
  }
  sf_result result = weights && found ? SF_OK : SF_OOM;
  free(weights);
  free(found);
  return result;
}

/* Damped, and with something on the diagonal where no sample reaches. */
static void condition(double *h, size_t n) {
  double mean = 0;
  for (size_t i = 0; i < n; i++)
    mean += h[i * n + i] / (double)n;
  for (size_t i = 0; i < n; i++) {
    if (h[i * n + i] == 0) h[i * n + i] = 1;
    h[i * n + i] += DAMPING * mean;
  }
}

static sf_result factor_groups(const sf_quantizer *q, const sf_moments *m,
                               double *factors, bool *ok) {
  size_t size = m->order * m->order;
  memcpy(factors, m->values, m->groups * size * sizeof *factors);
  *ok = true;
  for (size_t g = 0; g < m->groups && *ok; g++) {
    condition(factors + g * size, m->order);
    SF_TRY(
        sf_inverse_factor(factors + g * size, m->order, q->run->threads, ok));
  }
  return SF_OK;
}

static sf_result reconstruct_term(sf_quantizer *q, sf_linear_sum *sum,
                                  const sf_term *term) {
  sf_moments moments;
  SF_TRY(sf_term_moments(q, term, &moments));
  if (!moments.values) return SF_OK;
  size_t size = moments.groups * moments.order * moments.order;
  work w = {sum, term, &moments, malloc(size * sizeof(double))};
  bool ok = false;
  sf_result result =
      w.factors ? factor_groups(q, &moments, w.factors, &ok) : SF_OOM;
  if (result == SF_OK && ok)
    result =
        sf_parallel(q->run->threads, sum->channels, reconstruct_channel, &w);
  free(w.factors);
  free(moments.values);
  return result;
}

sf_result sf_sum_reconstruct(sf_quantizer *q, sf_linear_sum *sum) {
  if (!q->reference) return SF_OK;
  for (uint32_t t = 0; t < sum->count; t++)
    if (sum->terms[t].kind == SF_TERM_PROJECTION)
      SF_TRY(reconstruct_term(q, sum, &sum->terms[t]));
  return SF_OK;
}
