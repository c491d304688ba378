/* calibrate.h - what the files of calibrate share. */
#ifndef SF_PASSES_CALIBRATE_CALIBRATE_H
#define SF_PASSES_CALIBRATE_CALIBRATE_H

#include "passes/qdq/qdq.h"

typedef struct sf_calibrate_options {
  int64_t levels, input_levels;
  const char *method; /* mse, percentile, max */
  double percentile;
  bool per_channel;
  int64_t samples; /* 0: all */
} sf_calibrate_options;

/* A value that gets an activation site. */
typedef struct sf_site_plan {
  sf_value *value;
  bool fine;         /* input-levels: an input or a sum, not a nonlinearity */
  int axis;          /* of the steps; -1: one step */
  uint32_t channels; /* steps: one a channel, or one a group of neighbours */
  uint32_t readers, reader_capacity;
  sf_use **uses; /* operands that will read the site */
  /* Filled by sf_measure_steps, one a channel. */
  double *least, *most; /* over all samples */
  float *steps;
  int64_t low, high;
} sf_site_plan;

typedef struct sf_site_list {
  uint32_t count, capacity;
  sf_site_plan *sites;
} sf_site_list;

/* sites.c: where sites must stand so that every projection and pool reads
 * rounded values. None where the model has them already. In text order of the
 * values. */
sf_result sf_find_sites(const sf_network *network,
                        const sf_calibrate_options *options, sf_arena *arena,
                        sf_diag *diag, sf_site_list *out) SF_MUST_USE;

/* steps.c: runs the network and chooses the steps. */
sf_result sf_measure_steps(sf_pass_run *run, const sf_network *network,
                           const sf_calibrate_options *options,
                           sf_site_list *list) SF_MUST_USE;

/* steps_search.c: the step of one channel from its values. `values` are
 * `count` runs of `length` elements, `stride` apart. Units: those of the
 * values. */
typedef struct sf_channel_values {
  const float *values;
  uint64_t count, length, stride;
} sf_channel_values;

enum { SF_STEP_CANDIDATES = 95 }; /* largest step times 1 - i/100 */

/* Adds the squared error of each candidate step. */
void sf_step_errors(const sf_channel_values *v, double largest, int64_t low,
                    int64_t high, double errors[SF_STEP_CANDIDATES]);
enum { SF_STEP_BINS = 4096 };
/* Counts magnitudes in `bins` of most / SF_STEP_BINS; zeros are left out. */
void sf_step_histogram(const sf_channel_values *v, double most,
                       uint64_t bins[SF_STEP_BINS]);
/* Upper edge of the bin that holds the percentile; `most` if nothing is in. */
double sf_step_percentile(const uint64_t bins[SF_STEP_BINS], double most,
                          double percentile);

#endif
