/* runner.h - the first network of a module on calibration samples, on a few
 * threads. Analog networks keep no state: one step a sample. */
#ifndef SF_PASSES_CALIBRATE_RUNNER_H
#define SF_PASSES_CALIBRATE_RUNNER_H

#include "sf/pass.h"

/* Looks at the values of one sample. Called on any thread; must write to places
 * of this sample only, so that the result does not depend on the threads. */
typedef sf_result (*sf_sample_visit)(void *data, uint64_t sample,
                                     const sf_interp *interp);

typedef struct sf_sample_runner sf_sample_runner;

/* For passes that take one tensor a sample. Errors: INPUT_SHAPE, the samples
 * are spike trains. */
sf_result sf_samples_without_time(const sf_samples *samples,
                                  sf_diag *diag) SF_MUST_USE;
/* The network must stay unchanged while the runner lives. Errors: INPUT_SHAPE,
 * also for samples that are spike trains. */
sf_result sf_sample_runner_create(const sf_network *network,
                                  const sf_samples *samples, uint32_t threads,
                                  sf_diag *diag,
                                  sf_sample_runner **out) SF_MUST_USE;
void sf_sample_runner_destroy(sf_sample_runner *runner); /* NULL is fine */
/* Samples first .. first + count - 1. */
sf_result sf_sample_runner_each(sf_sample_runner *runner, uint64_t first,
                                uint64_t count, sf_sample_visit visit,
                                void *data) SF_MUST_USE;

/* The option of every pass that runs samples: an int64_t member `samples` of
 * its options, for sf_samples_used. */
#define SF_SAMPLES_OPTION(options_type, default_count)                         \
  {.name = "samples",                                                          \
   .doc = "samples used, from the first on; 0: all",                           \
   .kind = SF_OPTION_INT,                                                      \
   .default_text = default_count,                                              \
   .low = 0,                                                                   \
   .high = 1000000000,                                                         \
   .offset = offsetof(options_type, samples)}

/* How many samples a pass uses: `limit` of them, 0: all. */
static inline uint64_t sf_samples_used(const sf_samples *samples,
                                       int64_t limit) {
  uint64_t most = (uint64_t)limit;
  return limit > 0 && most < samples->count ? most : samples->count;
}

#endif
