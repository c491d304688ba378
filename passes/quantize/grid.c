/* grid.c - weights to integers: rounding rules and the search for the unit.
 * conversion.md 4.1. */
#include "passes/quantize/quantize.h"

#include <math.h>

enum { SHRINKS = 80 }; /* units without a site: 1 - i/100 of the largest */

/* Candidates for a channel, fewer the more weights it has in all. */
static const struct {
  size_t weights, candidates;
} efforts[] = {{1024, 1024}, {1 << 16, 192}, {SIZE_MAX, 32}};

static double row_most(const sf_grid_row *row) {
  double most = 0;
  for (size_t k = 0; k < row->count; k++)
    most = fmax(most, fabs(row->weights[k]));
  return most;
}

static double qmax_of(const sf_grid_row *row) {
  return (double)((1u << (row->bits - 1)) - 1u);
}

/* Magnitudes above it become +-1 (ternary weight networks, 2 bits); signs: all.
 */
static double threshold_of(const sf_grid_row *row) {
  if (row->bits == 1 || row->count == 0) return 0;
  double sum = 0;
  for (size_t k = 0; k < row->count; k++)
    sum += fabs(row->weights[k]);
  return 0.7 * sum / (double)row->count;
}

static int32_t sign_above(double w, double threshold) {
  if (!(fabs(w) > threshold)) return 0;
  return w < 0 ? -1 : 1;
}

void sf_grid_round(const sf_grid_row *row, double delta, int32_t *out) {
  if (row->bits <= 2) {
    double threshold = threshold_of(row);
    for (size_t k = 0; k < row->count; k++)
      out[k] = sign_above(row->weights[k], threshold);
    return;
  }
  int32_t most = (int32_t)qmax_of(row);
  for (size_t k = 0; k < row->count; k++) {
    int32_t q = sf_round_constant(row->weights[k] / delta);
    out[k] = q > most ? most : q < -most ? -most : q;
  }
}

static double error_of_row(const sf_grid_row *row, double delta) {
  double sum = 0, threshold = row->bits <= 2 ? threshold_of(row) : 0;
  double most = row->bits <= 2 ? 1 : qmax_of(row);
  for (size_t k = 0; k < row->count; k++) {
    double w = row->weights[k], q;
    if (row->bits <= 2) {
      q = sign_above(w, threshold);
    } else {
      q = floor(fabs(w) / delta + 0.5); /* signs do not matter here */
      q = copysign(q > most ? most : q, w);
    }
    double e = w - q * delta;
    sum += e * e;
  }
  return sum;
}

double sf_grid_error(const sf_grid_row *rows, size_t count, double delta) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += error_of_row(&rows[i], delta);
  return sum;
}

/* Unit at which a row just fits; for signs, the unit of least error. */
static double natural_unit(const sf_grid_row *row) {
  if (row->bits > 2) return row_most(row) / qmax_of(row);
  double threshold = threshold_of(row), sum = 0;
  size_t count = 0;
  for (size_t k = 0; k < row->count; k++) {
    if (!sign_above(row->weights[k], threshold)) continue;
    sum += fabs(row->weights[k]);
    count++;
  }
  return count ? sum / (double)count : 0;
}

static bool unit_bounds(const sf_grid_row *rows, size_t count, double *least,
                        double *most) {
  *least = (double)INFINITY;
  *most = 0;
  for (size_t i = 0; i < count; i++) {
    double unit = natural_unit(&rows[i]);
    if (unit <= 0) continue;
    *least = fmin(*least, unit);
    *most = fmax(*most, unit);
  }
  return *most > 0;
}

static size_t candidates_for(const sf_grid_row *rows, size_t count) {
  size_t weights = 0;
  for (size_t i = 0; i < count; i++)
    weights += rows[i].count;
  size_t i = 0;
  while (weights > efforts[i].weights)
    i++;
  return efforts[i].candidates;
}

/* ---- Divisors. ---- */

typedef struct search {
  const sf_grid_row *rows;
  size_t count;
  double step, least_error;
  int32_t best;
} search;

static void try_divisor(search *s, int32_t divisor) {
  double error = sf_grid_error(s->rows, s->count, s->step / divisor);
  bool better =
      error < s->least_error || (error == s->least_error && divisor < s->best);
  if (!better) return;
  s->least_error = error;
  s->best = divisor;
}

static int32_t odd_within(double value, int32_t low, int32_t high) {
  int32_t odd = value >= (double)high ? high : (int32_t)value | 1;
  return odd < low ? low : odd > high ? high : odd;
}

static void try_all(search *s, int32_t low, int32_t high) {
  for (int32_t d = low; d <= high; d += 2)
    try_divisor(s, d);
}

int32_t sf_grid_divisor(const sf_grid_row *rows, size_t count, double step,
                        int32_t most) {
  double small, large;
  if (!unit_bounds(rows, count, &small, &large)) return 1;
  int32_t top = most % 2 ? most : most - 1;
  /* Beyond, rounding gets coarser without end, or everything is cut. */
  int32_t low = odd_within(step / large / 2, 1, top);
  int32_t high = odd_within(step / small * 2.5 + 2, 1, top);
  search s = {rows, count, step, (double)INFINITY, low};
  size_t candidates = candidates_for(rows, count);
  if ((size_t)(high - low) / 2 < candidates) {
    try_all(&s, low, high);
    return s.best;
  }
  double ratio = pow((double)high / low, 1.0 / (double)(candidates - 1));
  double at = low;
  for (size_t i = 0; i < candidates; i++, at *= ratio)
    try_divisor(&s, odd_within(at, low, high));
  /* Neighbours of the best, up to half-way to the next ones. */
  double width = s.best * (ratio - 1);
  int32_t middle = s.best, first = odd_within(middle - width / 2, low, high);
  int32_t last = odd_within(middle + width / 2, low, high);
  int32_t stride = (int32_t)(width / (double)candidates) / 2 * 2 + 2;
  for (int32_t d = first; d <= last; d += stride)
    try_divisor(&s, d);
  return s.best;
}

double sf_grid_delta(const sf_grid_row *rows, size_t count) {
  double small, large, best = 0, least = (double)INFINITY;
  if (!unit_bounds(rows, count, &small, &large)) return 0;
  for (int i = 0; i < SHRINKS; i++) {
    double delta = large * (1 - 0.01 * i);
    double error = sf_grid_error(rows, count, delta);
    if (error >= least) continue;
    least = error;
    best = delta;
  }
  return best;
}
