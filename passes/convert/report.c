/* report.c - what the log says of a conversion: the form, what was dropped,
 * and, with samples, how often the emitted form gives the integer model's
 * results and the right class. */
#include "passes/convert/convert.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Products that may be spent on figures, when nobody says how many samples:
 * about two seconds. */
static const double products_max = 4e8, samples_least = 4, samples_most = 100;

/* ---- How many samples. ---- */

static double products_of(const sf_network *network) {
  double sum = 0;
  SF_FOREACH_OP(op, network) {
    if (!sf_op_is(op, SF_TRAIT_PROJECTION)) continue;
    const sf_blob *weights =
        sf_op_operand_blob(op, op->kind == SF_OP_SPARSE ? 2 : 1);
    if (!weights) continue;
    double taps = (double)sf_blob_elements(weights);
    const sf_type *out = &op->results[0]->type;
    double positions = op->kind == SF_OP_CONV || op->kind == SF_OP_CONVT
                           ? (double)sf_type_elements(out) / out->dim[0]
                           : 1;
    sum += taps * positions;
  }
  return sum;
}

static int64_t run_length(const sf_network *network) {
  int64_t lag = network->lag > 0 ? network->lag : 0;
  return (network->steps > 0 ? network->steps : 1) + lag;
}

uint64_t sf_convert_sample_count(const sf_converter *c) {
  const sf_samples *samples = c->run->samples;
  if (!samples || c->network->return_count == 0 ||
      c->network != c->run->module->first_network)
    return 0;
  double count = (double)c->options->samples;
  if (count < 0) {
    double each = products_of(c->network) * (double)run_length(c->network) + 1;
    count = floor(products_max / each);
    if (count < samples_least) count = samples_least;
    if (count > samples_most) count = samples_most;
  }
  return count < (double)samples->count ? (uint64_t)count : samples->count;
}

/* ---- Running. ---- */

/* Numbers of steps that the log names the rate form's accuracy after. */
enum { STEPS_COUNT = 5 };
static const int64_t steps_named[STEPS_COUNT] = {4, 8, 16, 32, 64};

typedef struct measure {
  sf_converter *c;
  sf_interp *before, *after;
  const sf_value *wanted; /* the integers behind result 0; NULL: not at hand */
  const sf_word **inputs;
  uint64_t same, right;
  uint64_t right_after[STEPS_COUNT]; /* rate form: after steps_named[i] */
} measure;

static sf_value *result_of(const sf_network *network) {
  return network->returns[0].value;
}

static size_t class_of(const sf_word *words, size_t elements) {
  size_t best = 0;
  for (size_t i = 1; i < elements; i++)
    if (words[i].i > words[best].i) best = i;
  return best;
}

static void count_right(measure *m, int64_t steps, uint64_t sample) {
  const sf_samples *samples = m->c->run->samples;
  const sf_value *result = result_of(m->c->network);
  for (uint32_t i = 0; i < STEPS_COUNT && samples->labels; i++)
    if (steps_named[i] == steps)
      m->right_after[i] += class_of(sf_interp_value(m->after, result),
                                    sf_type_elements(&result->type)) ==
                           (size_t)samples->labels[sample];
}

/* Samples at the arguments while input lasts, then nothing. */
static sf_result run_one(measure *m, uint64_t sample) {
  const sf_network *network = m->c->network;
  const sf_samples *samples = m->c->run->samples;
  for (uint32_t a = 0; a < network->argument_count; a++)
    m->inputs[a] = samples->arguments[a] +
                   sample * sf_type_elements(&network->arguments[a]->type);
  if (m->wanted) SF_TRY(sf_interp_step(m->before, m->inputs));
  sf_interp_reset(m->after);
  int64_t steps = network->steps > 0 ? network->steps : 1;
  for (int64_t t = 0; t < run_length(network); t++) {
    SF_TRY(sf_interp_step(m->after, t < steps ? m->inputs : NULL));
    count_right(m, t + 1, sample);
  }
  const sf_value *result = result_of(network);
  size_t elements = sf_type_elements(&result->type);
  const sf_word *got = sf_interp_value(m->after, result);
  if (m->wanted && memcmp(got, sf_interp_value(m->before, m->wanted),
                          elements * sizeof *got) == 0)
    m->same++;
  if (samples->labels &&
      class_of(got, elements) == (size_t)samples->labels[sample])
    m->right++;
  return SF_OK;
}

static sf_result open_models(measure *m) {
  sf_converter *c = m->c;
  m->inputs =
      SF_NEW_ARRAY(c->arena, const sf_word *, c->network->argument_count + 1u);
  if (!m->inputs) return SF_OOM;
  SF_TRY(sf_interp_create(c->network, c->run->diag, &m->after));
  if (!m->wanted) return SF_OK;
  return sf_interp_create(m->wanted->network, c->run->diag, &m->before);
}

static sf_result run_samples(measure *m, uint64_t count) {
  SF_TRY(open_models(m));
  for (uint64_t n = 0; n < count; n++)
    SF_TRY(run_one(m, n));
  return SF_OK;
}

static sf_result set_fraction(sf_converter *c, sf_log_entry *entry,
                              const char *name, uint64_t part, uint64_t all) {
  double fraction = round(1e4 * (double)part / (double)all) / 1e4;
  sf_item item = {.kind = SF_ITEM_NUMBER, .number = sf_number_double(fraction)};
  return sf_dict_set(c->run->module->arena, &entry->attrs, name, &item);
}

static sf_result log_figures(const measure *m, sf_log_entry *entry,
                             uint64_t count) {
  sf_converter *c = m->c;
  SF_TRY(sf_dict_set_int(c->run->module->arena, &entry->attrs, "samples",
                         (int64_t)count));
  if (m->wanted && c->form != SF_FORM_RATE)
    SF_TRY(set_fraction(c, entry, "identical", m->same, count));
  if (!c->run->samples->labels) return SF_OK;
  for (uint32_t i = 0; i < STEPS_COUNT && c->form == SF_FORM_RATE; i++) {
    if (steps_named[i] >= c->network->steps) break;
    char name[32];
    snprintf(name, sizeof name, "accuracy_after_%d", (int)steps_named[i]);
    SF_TRY(set_fraction(c, entry, name, m->right_after[i], count));
  }
  return set_fraction(c, entry, "emitted_accuracy", m->right, count);
}

/* An exact form that is not identical is a bug of ours. */
static sf_result check(const measure *m, uint64_t count) {
  sf_converter *c = m->c;
  if (!m->wanted || c->form == SF_FORM_RATE || m->same == count) return SF_OK;
  return sf_error(c->run->diag, SF_DIAG_PASS_CLAIM, c->network->loc,
                  "network '@%s' in form '%s' differs from the integer model "
                  "on %llu of %llu samples",
                  c->network->name, c->options->form,
                  (unsigned long long)(count - m->same),
                  (unsigned long long)count);
}

static sf_result measure_samples(sf_converter *c, sf_log_entry *entry) {
  uint64_t count = sf_convert_sample_count(c);
  if (count == 0) return SF_OK;
  measure m = {.c = c, .wanted = c->wanted};
  sf_result result = run_samples(&m, count);
  if (result == SF_OK) result = check(&m, count);
  if (result == SF_OK) result = log_figures(&m, entry, count);
  sf_interp_destroy(m.before);
  sf_interp_destroy(m.after);
  return result;
}

sf_result sf_convert_report(sf_converter *c) {
  bool exact = c->form != SF_FORM_RATE;
  char *text =
      sf_arena_printf(c->arena, "convert-to-spiking: @%s", c->network->name);
  if (!text) return SF_OOM;
  sf_log_entry *entry = sf_module_add_log(
      c->run->module, exact ? SF_EXACT : SF_APPROXIMATE, 0, text);
  if (!entry) return SF_OOM;
  sf_arena *arena = c->run->module->arena;
  SF_TRY(sf_dict_set_word(arena, &entry->attrs, "form", c->options->form));
  if (c->dropped_names)
    SF_TRY(
        sf_dict_set_string(arena, &entry->attrs, "dropped", c->dropped_names));
  if (c->form == SF_FORM_RATE) {
    SF_TRY(sf_dict_set_int(arena, &entry->attrs, "steps", c->options->steps));
    SF_TRY(sf_dict_set_int(arena, &entry->attrs, "read_out_delay",
                           c->read_out_delay));
    SF_TRY(sf_dict_set_int(arena, &entry->attrs, "bias_corrected",
                           (int64_t)c->corrected));
  }
  if (c->delta > 0) {
    sf_item item = {.kind = SF_ITEM_NUMBER,
                    .number = sf_number_float(c->delta)};
    SF_TRY(sf_dict_set(arena, &entry->attrs, "delta", &item));
  }
  return measure_samples(c, entry);
}
