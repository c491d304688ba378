/* report.c - the log: what rounding did to the weights and constants of each
 * layer, and, on the samples, to its spikes and to the answer. */
#include "passes/log_number.h"
#include "passes/quantize_neurons/quantize_neurons.h"

#include "support/process.h"

#include <math.h>
#include <string.h>

enum { ARGUMENTS_MAX = 256 };

/* One layer on one sample. */
typedef struct tally {
  uint64_t spikes[2], differ;
} tally;

/* Both networks on the samples of one thread. */
typedef struct sweep {
  sf_neurons_job *job;
  const sf_network *networks[2]; /* float, integer */
  const sf_value **values[2];    /* of each layer */
  tally *tallies;                /* a sample, all layers */
  int32_t *classes[2];
  uint32_t threads;
} sweep;

static bool is_spike(const sf_value *value, sf_word word) {
  return sf_is_f32(value->type.scalar) ? word.f != 0 : word.i != 0;
}

static void count(const sweep *s, sf_interp *const *interps, tally *tallies) {
  for (uint32_t i = 0; i < s->job->layer_count; i++) {
    const sf_value *a = s->values[0][i], *b = s->values[1][i];
    if (!a || sf_is_f32(a->type.scalar)) continue;
    const sf_word *x = sf_interp_value(interps[0], a);
    const sf_word *y = sf_interp_value(interps[1], b);
    for (size_t n = 0; n < sf_type_elements(&a->type); n++) {
      tallies[i].spikes[0] += is_spike(a, x[n]);
      tallies[i].spikes[1] += is_spike(b, y[n]);
      tallies[i].differ += x[n].i != y[n].i;
    }
  }
}

/* Adds up what the network returns. */
static void add_result(const sf_network *network, const sf_interp *interp,
                       double *sums) {
  const sf_value *value = network->returns[0].value;
  const sf_word *words = sf_interp_value(interp, value);
  for (size_t n = 0; n < sf_type_elements(&value->type); n++)
    sums[n] +=
        sf_is_f32(value->type.scalar) ? (double)words[n].f : (double)words[n].i;
}

static int32_t largest(const double *sums, size_t count) {
  size_t best = 0;
  for (size_t n = 1; n < count; n++)
    if (sums[n] > sums[best]) best = n;
  return (int32_t)best;
}

static void fill(const sweep *s, uint64_t sample, uint32_t step,
                 const sf_word **inputs) {
  const sf_samples *samples = s->job->run->samples;
  uint64_t steps = samples->steps ? samples->steps : 1;
  uint64_t row = samples->steps ? step : 0;
  for (uint32_t a = 0; a < s->networks[0]->argument_count; a++) {
    size_t size = sf_type_elements(&s->networks[0]->arguments[a]->type);
    bool ended = row >= steps; /* a spike train has nothing behind its end */
    inputs[a] =
        ended ? NULL : samples->arguments[a] + (sample * steps + row) * size;
  }
}

static sf_result run_sample(const sweep *s, sf_interp *const *interps,
                            double *const *sums, uint64_t sample) {
  const sf_word *inputs[ARGUMENTS_MAX];
  size_t size[2];
  for (int i = 0; i < 2; i++) {
    size[i] = sf_type_elements(&s->networks[i]->returns[0].value->type);
    memset(sums[i], 0, size[i] * sizeof *sums[i]);
    sf_interp_reset(interps[i]);
  }
  for (uint32_t t = 0; t < s->job->steps; t++) {
    fill(s, sample, t, inputs);
    for (int i = 0; i < 2; i++) {
      SF_TRY(sf_interp_step(interps[i], inputs));
      add_result(s->networks[i], interps[i], sums[i]);
    }
    count(s, interps, s->tallies + sample * s->job->layer_count);
  }
  for (int i = 0; i < 2; i++)
    s->classes[i][sample] = largest(sums[i], size[i]);
  return SF_OK;
}

/* Each thread has a stride of the samples and a diagnostics engine of its own.
 */
static sf_result run_stride(void *data, size_t index) {
  const sweep *s = data;
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_arena *arena = sf_arena_create();
  sf_interp *interps[2] = {NULL, NULL};
  double *sums[2] = {NULL, NULL};
  sf_result result = quiet && arena ? SF_OK : SF_OOM;
  for (int i = 0; i < 2 && result == SF_OK; i++) {
    const sf_value *value = s->networks[i]->returns[0].value;
    sums[i] = SF_NEW_ARRAY(arena, double, sf_type_elements(&value->type));
    result =
        sums[i] ? sf_interp_create(s->networks[i], quiet, &interps[i]) : SF_OOM;
  }
  for (uint64_t n = index; n < s->job->samples && result == SF_OK;
       n += s->threads)
    result = run_sample(s, interps, sums, n);
  sf_interp_destroy(interps[0]);
  sf_interp_destroy(interps[1]);
  sf_arena_destroy(arena);
  sf_diag_destroy(quiet);
  return result;
}

static sf_result measure(sweep *s) {
  sf_neurons_job *job = s->job;
  sf_arena *arena = job->run->scratch;
  s->tallies =
      SF_NEW_ARRAY(arena, tally, (size_t)job->samples * job->layer_count + 1);
  if (!s->tallies) return SF_OOM;
  for (int i = 0; i < 2; i++) {
    s->classes[i] = SF_NEW_ARRAY(arena, int32_t, (size_t)job->samples + 1);
    s->values[i] = SF_NEW_ARRAY(arena, const sf_value *, job->layer_count + 1u);
    if (!s->classes[i] || !s->values[i]) return SF_OOM;
  }
  for (uint32_t i = 0; i < job->layer_count; i++) {
    const char *name = job->layers[i].name;
    s->values[0][i] =
        sf_network_find_value(s->networks[0], (sf_slice){name, strlen(name)});
    s->values[1][i] = job->layers[i].value;
  }
  for (int i = 0; i < 2; i++)
    SF_TRY(sf_network_load(s->networks[i], job->run->diag));
  sf_result result = sf_parallel(s->threads, s->threads, run_stride, s);
  if (result != SF_FAIL) return result;
  return sf_error(job->run->diag, SF_DIAG_CALIBRATION, job->network->loc,
                  "'@%s' does not run on the calibration samples",
                  job->network->name);
}

/* ---- The log. ---- */

static sf_result log_layer(const sweep *s, uint32_t index) {
  const sf_neurons_job *job = s->job;
  sf_module *module = job->run->module;
  sf_neurons_layer *layer = &job->layers[index];
  char *text =
      sf_arena_printf(job->run->scratch, "quantize-neurons: %%%s", layer->name);
  sf_log_entry *log =
      text ? sf_module_add_log(module, SF_APPROXIMATE, 0, text) : NULL;
  if (!log) return SF_OOM;
  SF_TRY(
      sf_dict_set_int(module->arena, &log->attrs, "bits", job->options->bits));
  SF_TRY(sf_log_set_number(module, log, "unit", layer->unit));
  SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "fraction_bits",
                         layer->fraction));
  SF_TRY(sf_log_set_number(module, log, "weight_error",
                           layer->size > 0 ? sqrt(layer->error / layer->size)
                                           : 0));
  SF_TRY(
      sf_log_set_number(module, log, "constant_error", layer->constant_error));
  const sf_value *before = job->samples ? s->values[0][index] : NULL;
  if (!before || sf_is_f32(before->type.scalar)) return SF_OK;
  tally total = {0};
  for (uint64_t n = 0; n < job->samples; n++) {
    const tally *t = &s->tallies[n * job->layer_count + index];
    total.spikes[0] += t->spikes[0];
    total.spikes[1] += t->spikes[1];
    total.differ += t->differ;
  }
  SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "float_spikes",
                         (int64_t)total.spikes[0]));
  SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "spikes",
                         (int64_t)total.spikes[1]));
  return sf_dict_set_int(module->arena, &log->attrs, "differ",
                         (int64_t)total.differ);
}

static double share_right(const sweep *s, int which) {
  const sf_neurons_job *job = s->job;
  uint64_t right = 0;
  for (uint64_t n = 0; n < job->samples; n++)
    right += s->classes[which][n] == job->run->samples->labels[n];
  return (double)right / (double)job->samples;
}

static sf_result log_answers(const sweep *s) {
  const sf_neurons_job *job = s->job;
  sf_module *module = job->run->module;
  sf_log_entry *log = sf_module_add_log(
      module, SF_APPROXIMATE, 0,
      "quantize-neurons: weights, potentials and decays are integers");
  if (!log) return SF_OOM;
  if (!job->samples) return SF_OK;
  sf_arena *arena = module->arena;
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "samples", (int64_t)job->samples));
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "steps", job->steps));
  uint64_t same = 0;
  for (uint64_t n = 0; n < job->samples; n++)
    same += s->classes[0][n] == s->classes[1][n];
  SF_TRY(sf_log_set_number(module, log, "same_answers",
                           (double)same / (double)job->samples));
  if (!job->run->samples->labels) return SF_OK;
  SF_TRY(sf_log_set_number(module, log, "float_accuracy", share_right(s, 0)));
  return sf_log_set_number(module, log, "accuracy", share_right(s, 1));
}

sf_result sf_neurons_report(sf_neurons_job *job) {
  sweep s = {.job = job,
             .networks = {job->reference->first_network, job->network},
             .threads = job->run->threads ? job->run->threads : 1};
  bool runs = job->network->argument_count <= ARGUMENTS_MAX &&
              job->network->return_count > 0;
  if (!runs) job->samples = 0;
  if (job->samples) SF_TRY(measure(&s));
  for (uint32_t i = 0; i < job->layer_count; i++)
    SF_TRY(log_layer(&s, i));
  return log_answers(&s);
}
