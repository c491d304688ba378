/* runner.c - samples through interpreters, one a thread. */
#include "passes/calibrate/runner.h"

#include "support/process.h"

#include <stdlib.h>

enum { THREADS_MAX = 64, ARGUMENTS_MAX = 256 };

struct sf_sample_runner {
  const sf_network *network;
  const sf_samples *samples;
  sf_diag *diag; /* of the pass */
  uint32_t threads;
};

/* One call of _each. */
typedef struct sweep {
  sf_sample_runner *runner;
  uint64_t first, count;
  sf_sample_visit visit;
  void *data;
} sweep;

sf_result sf_samples_without_time(const sf_samples *samples, sf_diag *diag) {
  if (samples->steps == 0) return SF_OK;
  return sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                  "calibration samples have an axis of time; one tensor a "
                  "sample is taken");
}

sf_result sf_sample_runner_create(const sf_network *network,
                                  const sf_samples *samples, uint32_t threads,
                                  sf_diag *diag, sf_sample_runner **out) {
  *out = NULL;
  if (network->argument_count > ARGUMENTS_MAX ||
      network->argument_count != samples->argument_count) {
    return sf_error(diag, SF_DIAG_INPUT_SHAPE, network->loc,
                    "network '@%s' has %u arguments, the calibration samples "
                    "have %u",
                    network->name, network->argument_count,
                    samples->argument_count);
  }
  SF_TRY(sf_samples_without_time(samples, diag));
  SF_TRY(sf_network_load(network, diag));
  sf_sample_runner *runner = calloc(1, sizeof *runner);
  if (!runner) return SF_OOM;
  runner->network = network;
  runner->samples = samples;
  runner->diag = diag;
  runner->threads = threads > THREADS_MAX ? THREADS_MAX : threads;
  if (runner->threads == 0) runner->threads = 1;
  *out = runner;
  return SF_OK;
}

void sf_sample_runner_destroy(sf_sample_runner *runner) { free(runner); }

static sf_result run_sample(const sf_sample_runner *runner, sf_interp *interp,
                            uint64_t sample) {
  const sf_network *network = runner->network;
  const sf_word *inputs[ARGUMENTS_MAX];
  for (uint32_t a = 0; a < network->argument_count; a++) {
    size_t row = sf_type_elements(&network->arguments[a]->type);
    inputs[a] = runner->samples->arguments[a] + sample * row;
  }
  sf_interp_reset(interp);
  return sf_interp_step(interp, inputs);
}

/* Each thread has a stride of the samples and a diagnostics engine of its own.
 */
static sf_result run_stride(void *data, size_t index) {
  const sweep *s = data;
  sf_sample_runner *runner = s->runner;
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!quiet) return SF_OOM;
  sf_interp *interp = NULL;
  sf_result result = sf_interp_create(runner->network, quiet, &interp);
  for (uint64_t n = index; n < s->count && result == SF_OK;
       n += runner->threads) {
    result = run_sample(runner, interp, s->first + n);
    if (result == SF_OK) result = s->visit(s->data, s->first + n, interp);
  }
  sf_interp_destroy(interp);
  sf_diag_destroy(quiet);
  return result;
}

/* Says what a thread could not: the first sample that fails, once more. */
static sf_result report(const sweep *s) {
  sf_interp *interp = NULL;
  sf_result result =
      sf_interp_create(s->runner->network, s->runner->diag, &interp);
  for (uint64_t n = 0; n < s->count && result == SF_OK; n++)
    result = run_sample(s->runner, interp, s->first + n);
  sf_interp_destroy(interp);
  return result == SF_OK ? SF_FAIL : result;
}

sf_result sf_sample_runner_each(sf_sample_runner *runner, uint64_t first,
                                uint64_t count, sf_sample_visit visit,
                                void *data) {
  sweep s = {runner, first, count, visit, data};
  sf_result result =
      sf_parallel(runner->threads, runner->threads, run_stride, &s);
  return result == SF_FAIL ? report(&s) : result;
}
