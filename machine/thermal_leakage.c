/* thermal_leakage.c - leakage grows with temperature and heats: the loop.
 *
 * The lower steady state is found from below by Newton's method. The residual
 * is convex in the rises and the matrix G - diag(sensitivity * leakage) is an
 * M-matrix as long as the loop gain is below 1, so that every iterate stays
 * below the state and the sequence grows towards it. A gain of 1 or more at an
 * iterate, which lies below any steady state there is, proves that there is
 * none: the gain grows with temperature and is at most 1 at the lower state. */
#include "machine/thermal.h"

#include <math.h>
#include <string.h>

enum { NEWTON_MAX = 100, POWER_MAX = 500 };

typedef struct loop {
  sf_thermal *thermal;
  const sf_thermal_leakage *leakage;
  double *slope;    /* W/K a node: sensitivity * leakage; 0 off the die */
  double *minus;    /* -slope, the solver's extra diagonal */
  double *residual; /* W a node */
  double *step;     /* K a node */
  double *vector;   /* of the power iteration */
} loop;

static double leak_of(const loop *l, uint32_t cell, double rise) {
  double warmer = l->leakage->ambient + rise - l->leakage->reference;
  return l->leakage->power[cell] * exp(l->leakage->sensitivity * warmer);
}

/* Slopes at `rise`; returns the leakage of all cells, W. */
static double linearize(loop *l, const double *rise) {
  double total = 0;
  for (uint32_t i = 0; i < l->thermal->cells; i++) {
    double leak = l->thermal->present[i] ? leak_of(l, i, rise[i]) : 0;
    l->slope[i] = l->leakage->sensitivity * leak;
    l->minus[i] = -l->slope[i];
    total += leak;
  }
  return total;
}

/* Bounds of the spectral radius of R diag(slope), a positive matrix: the least
 * and the greatest ratio of a positive vector's images (Collatz, Wielandt). */
static bool gain_of(loop *l, double *least, double *most) {
  const sf_thermal *t = l->thermal;
  for (uint32_t i = 0; i < t->cells; i++)
    l->vector[i] = 1;
  memset(l->residual, 0, t->nodes * sizeof *l->residual);
  *least = 0;
  *most = INFINITY;
  for (int k = 0; k < POWER_MAX; k++) {
    if (k > 0 && *most - *least <= 1e-10 * *most) break;
    for (uint32_t i = 0; i < t->cells; i++)
      l->residual[i] = l->slope[i] * l->vector[i];
    if (!sf_thermal_solve(l->thermal, NULL, l->residual, l->step)) return false;
    double low = INFINITY, high = 0;
    for (uint32_t i = 0; i < t->cells; i++) {
      if (!t->present[i]) continue;
      double ratio = l->step[i] / l->vector[i];
      if (ratio < low) low = ratio;
      if (ratio > high) high = ratio;
    }
    *least = low;
    *most = high;
    if (high == 0) return true; /* nothing leaks */
    for (uint32_t i = 0; i < t->cells; i++)
      l->vector[i] = l->step[i] / high;
  }
  return true;
}

/* One step of Newton's method; the largest change in K, negative when the
 * matrix turns out not to be one of a stable loop. */
static double improve(loop *l, const double *power, double *rise) {
  const sf_thermal *t = l->thermal;
  sf_thermal_apply(t, rise, l->residual);
  for (uint32_t n = 0; n < t->nodes; n++) {
    double in = 0;
    if (n < t->cells && t->present[n]) in = power[n] + leak_of(l, n, rise[n]);
    l->residual[n] = in - l->residual[n];
  }
  if (!sf_thermal_solve(l->thermal, l->minus, l->residual, l->step)) return -1;
  double largest = 0;
  for (uint32_t n = 0; n < t->nodes; n++) {
    rise[n] += l->step[n];
    if (fabs(l->step[n]) > largest) largest = fabs(l->step[n]);
  }
  return largest;
}

static double hottest(const sf_thermal *t, const double *rise) {
  double peak = 0;
  for (uint32_t i = 0; i < t->cells; i++)
    if (rise[i] > peak) peak = rise[i];
  return peak;
}

static sf_result close_loop(loop *l, const double *power, double *rise,
                            sf_thermal_feedback *out) {
  const sf_thermal *t = l->thermal;
  memset(rise, 0, t->nodes * sizeof *rise);
  out->runaway = true;
  for (out->iterations = 0; out->iterations < NEWTON_MAX; out->iterations++) {
    out->leakage = linearize(l, rise);
    if (!isfinite(out->leakage)) {
      out->gain = INFINITY;
      return SF_OK;
    }
    double most;
    if (!gain_of(l, &out->gain, &most)) return SF_FAIL;
    if (most >= 1) return SF_OK;
    out->gain = most;
    double change = improve(l, power, rise);
    if (change < 0) return SF_OK;
    if (change <= 1e-12 * (1 + hottest(t, rise))) {
      out->leakage = linearize(l, rise);
      out->runaway = false;
      return SF_OK;
    }
  }
  return SF_OK;
}

sf_result sf_thermal_steady_leaking(sf_thermal *thermal, const double *power,
                                    const sf_thermal_leakage *leakage,
                                    double *rise, sf_thermal_feedback *out) {
  *out = (sf_thermal_feedback){0};
  bool valid = isfinite(leakage->reference) && isfinite(leakage->ambient) &&
               isfinite(leakage->sensitivity) && leakage->sensitivity >= 0;
  if (!valid) return SF_FAIL;
  sf_arena *scratch = sf_arena_create();
  if (!scratch) return SF_OOM;
  loop l = {.thermal = thermal, .leakage = leakage};
  double **const arrays[] = {&l.slope, &l.minus, &l.residual, &l.step,
                             &l.vector};
  sf_result result = SF_OK;
  for (size_t i = 0; i < SF_COUNT_OF(arrays); i++) {
    *arrays[i] = SF_NEW_ARRAY(scratch, double, thermal->nodes);
    if (!*arrays[i]) result = SF_OOM;
  }
  if (result == SF_OK) result = close_loop(&l, power, rise, out);
  sf_arena_destroy(scratch);
  return result;
}
