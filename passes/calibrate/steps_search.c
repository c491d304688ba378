/* steps_search.c - the step of one channel: least squared error over a grid,
 * or a percentile of the magnitudes. Sums in the order of the values. */
#include "passes/calibrate/calibrate.h"

#include <math.h>

static double error_of(double x, double step, double low, double high) {
  double q = floor(x / step + 0.5);
  q = q < low ? low : q > high ? high : q;
  double e = x - q * step;
  return e * e;
}

void sf_step_errors(const sf_channel_values *v, double largest, int64_t low,
                    int64_t high, double errors[SF_STEP_CANDIDATES]) {
  for (uint64_t n = 0; n < v->count; n++) {
    const float *row = v->values + n * v->stride;
    for (uint64_t k = 0; k < v->length; k++) {
      double x = (double)row[k];
      if (x == 0) continue; /* no step misses it */
      for (int i = 0; i < SF_STEP_CANDIDATES; i++)
        errors[i] +=
            error_of(x, largest * (1 - 0.01 * i), (double)low, (double)high);
    }
  }
}

void sf_step_histogram(const sf_channel_values *v, double most,
                       uint64_t bins[SF_STEP_BINS]) {
  for (uint64_t n = 0; n < v->count; n++) {
    const float *row = v->values + n * v->stride;
    for (uint64_t k = 0; k < v->length; k++) {
      double x = fabs((double)row[k]);
      if (x == 0) continue;
      double bin = x / most * (double)SF_STEP_BINS;
      bins[bin < (double)SF_STEP_BINS ? (size_t)bin : SF_STEP_BINS - 1]++;
    }
  }
}

double sf_step_percentile(const uint64_t bins[SF_STEP_BINS], double most,
                          double percentile) {
  uint64_t total = 0, below = 0;
  for (size_t i = 0; i < SF_STEP_BINS; i++)
    total += bins[i];
  double wanted = percentile / 100 * (double)total;
  for (size_t i = 0; i < SF_STEP_BINS; i++) {
    below += bins[i];
    if (below > 0 && (double)below >= wanted)
      return most * (double)(i + 1) / (double)SF_STEP_BINS;
  }
  return most;
}
