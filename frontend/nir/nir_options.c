/* nir_options.c - the reader's options, and the conventions of the frameworks
 * under their names. */
#include "frontend/nir/nir.h"

#include "support/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const sf_reader_option sf_nir_option_table[] = {
    {"convention", "nir",
     "how a framework steps its neurons: nir, norse, snntorch, sinabs, "
     "spikingjelly, rockpool, spyx, nengo, lava, loihi; sets the options below "
     "that are not given"},
    {"dt", "auto", "seconds of one step, in the file's unit of time"},
    {"scheme", "euler",
     "euler; exponential; rate: euler in the order of Norse's sums; "
     "spikingjelly: its two forms"},
    {"current", "new",
     "what the membrane sees of a synapse's current: new, old (of the step "
     "before), decayed (the input decays at once)"},
    {"gain", "r",
     "of inputs: r, tau (ignores r), one, threshold (one, with the threshold "
     "divided by the gain)"},
    {"if-gain", "auto",
     "of inputs of IF and I: a number; auto: r dt from 0.5 on, 1 when all r "
     "are 1"},
    {"reset", "auto",
     "value (v_reset), subtract, value-late, subtract-late (at the start of "
     "the next step), none; auto: what the file's version means"},
    {"compare", "gt", "a neuron fires at v > threshold (gt) or v >= (ge)"},
    {"spikes-per-step", "one", "one, or many: trunc(v / threshold)"},
    {"recurrence", "neuron",
     "a cycle sees the step before of: neuron (so a recurrent bias acts from "
     "step 0 on) or synapse"},
    {"layer-lag", "0",
     "steps until a layer sees the one before: 0 same step, 1 as Lava runs it"},
    {"input-type", "f32", "of the network's inputs: f32 or spike"},
    {"ports", "strict",
     "lenient: shapes of nested ports and of convolutions' inputs that do not "
     "fit are ignored"},
    {NULL, NULL, NULL}};

/* frontends.md 1.5 and frameworks.md 1 of the references: each as it runs. */
static const nir_convention conventions[] = {
    {.name = "nir"},
    {.name = "norse",
     .dt = 1e-3,
     .scheme = NIR_RATE,
     .gain = NIR_GAIN_TAU,
     .if_gain = 1,
     .reset = NIR_RESET_VALUE,
     .zero_reset = true},
    {.name = "snntorch",
     .dt = 1e-4,
     .gain = NIR_GAIN_THRESHOLD,
     .if_gain = 1,
     .reset = NIR_RESET_SUBTRACT_LATE},
    {.name = "sinabs",
     .dt = 1,
     .scheme = NIR_EXPONENTIAL,
     .gain = NIR_GAIN_ONE,
     .if_gain = 1,
     .reset = NIR_RESET_SUBTRACT,
     .at_threshold = true,
     .many = true},
    {.name = "spikingjelly",
     .dt = 1e-4,
     .scheme = NIR_SPIKINGJELLY,
     .if_gain = 1,
     .reset = NIR_RESET_VALUE,
     .at_threshold = true},
    {.name = "rockpool",
     .scheme = NIR_EXPONENTIAL,
     .current = NIR_CURRENT_DECAYED,
     .gain = NIR_GAIN_ONE,
     .if_gain = 1,
     .reset = NIR_RESET_SUBTRACT,
     .at_threshold = true,
     .many = true,
     .leak_is_bias = true},
    {.name = "spyx",
     .dt = 1,
     .gain = NIR_GAIN_ONE,
     .if_gain = 1,
     .reset = NIR_RESET_SUBTRACT_LATE,
     .late_spikes = true,
     .no_leak = true},
    {.name = "nengo",
     .dt = 1e-3,
     .scheme = NIR_EXPONENTIAL,
     .reset = NIR_RESET_VALUE,
     .zero_reset = true},
    {.name = "lava",
     .dt = 1e-4,
     .reset = NIR_RESET_VALUE,
     .zero_reset = true,
     .lag = true},
    {.name = "loihi",
     .dt = 1e-4,
     .scheme = NIR_LOIHI,
     .reset = NIR_RESET_VALUE,
     .zero_reset = true,
     .lag = true},
};

static const char *const schemes[] = {"euler", "exponential", "rate",
                                      "spikingjelly", "loihi"};
static const char *const currents[] = {"new", "old", "decayed"};
static const char *const gains[] = {"r", "tau", "one", "threshold"};
static const char *const resets[] = {"auto",       "value",         "subtract",
                                     "value-late", "subtract-late", "none"};

const char *sf_nir_scheme_text(nir_scheme scheme) { return schemes[scheme]; }
const char *sf_nir_current_text(nir_current current) {
  return currents[current];
}
const char *sf_nir_gain_text(nir_gain gain) { return gains[gain]; }
const char *sf_nir_reset_text(nir_reset reset) { return resets[reset]; }

/* Position of the option's word in a list of `count`; USAGE when it is none. */
static sf_result choose_word(const sf_import_option *word, sf_diag *diag,
                             const char *const *words, int count, int *out) {
  const char *text = word->value ? word->value : "";
  for (int i = 0; i < count; i++) {
    if (strcmp(text, words[i]) != 0) continue;
    *out = i;
    return SF_OK;
  }
  char list[256] = "";
  size_t at = 0;
  for (int i = 0; i < count && at < sizeof list; i++)
    at += (size_t)snprintf(list + at, sizeof list - at, "%s%s",
                           i == 0           ? ""
                           : i + 1 == count ? " or "
                                            : ", ",
                           words[i]);
  return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "--%s must be %s, got '%s'",
                  word->name, list, text);
}

static sf_result read_convention(const sf_import_option *word, sf_diag *diag,
                                 nir_options *out) {
  const char *names[SF_COUNT_OF(conventions)];
  for (size_t i = 0; i < SF_COUNT_OF(conventions); i++)
    names[i] = conventions[i].name;
  int index = 0;
  SF_TRY(choose_word(word, diag, names, (int)SF_COUNT_OF(conventions), &index));
  out->use = conventions[index];
  out->convention_asked = true;
  return SF_OK;
}

static sf_result read_positive(const sf_import_option *word, sf_diag *diag,
                               double *target, bool *asked) {
  const char *text = word->value ? word->value : "";
  *asked = strcmp(text, "auto") != 0;
  if (!*asked) {
    *target = 0;
    return SF_OK;
  }
  if (sf_read_f64(sf_slice_of(text), target) && isfinite(*target) &&
      *target > 0)
    return SF_OK;
  return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                  "--%s must be auto or a number above 0, got '%s'", word->name,
                  text);
}

/* Options that choose between two words. */
static sf_result read_switch(const sf_import_option *word, sf_diag *diag,
                             nir_options *out) {
  const struct {
    const char *name;
    const char *words[2];
    bool *target;
  } rows[] = {
      {"compare", {"gt", "ge"}, &out->use.at_threshold},
      {"spikes-per-step", {"one", "many"}, &out->use.many},
      {"recurrence", {"neuron", "synapse"}, &out->cut_after_synapse},
      {"layer-lag", {"0", "1"}, &out->use.lag},
      {"input-type", {"f32", "spike"}, &out->spike_inputs},
      {"ports", {"strict", "lenient"}, &out->lenient},
  };
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    if (strcmp(word->name, rows[i].name) != 0) continue;
    int index = 0;
    SF_TRY(choose_word(word, diag, rows[i].words, 2, &index));
    *rows[i].target = index == 1;
    out->recurrence_asked |= rows[i].target == &out->cut_after_synapse;
    return SF_OK;
  }
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "the nir reader has no option '%s'",
           word->name);
  for (const sf_reader_option *o = sf_nir_option_table; o->name; o++)
    sf_note(diag, SF_NO_LOC, "it has --%s: %s", o->name, o->doc);
  return SF_FAIL;
}

static sf_result read_word(const sf_import_option *word, sf_diag *diag,
                           nir_options *out) {
  int index = 0;
  if (strcmp(word->name, "convention") == 0) return SF_OK; /* was first */
  if (strcmp(word->name, "dt") == 0)
    return read_positive(word, diag, &out->use.dt, &out->dt_asked);
  if (strcmp(word->name, "if-gain") == 0)
    return read_positive(word, diag, &out->use.if_gain, &out->if_gain_asked);
  if (strcmp(word->name, "scheme") == 0) {
    SF_TRY(choose_word(word, diag, schemes, 4, &index));
    out->use.scheme = (nir_scheme)index;
    out->scheme_asked = true;
  } else if (strcmp(word->name, "current") == 0) {
    SF_TRY(choose_word(word, diag, currents, 3, &index));
    out->use.current = (nir_current)index;
    out->current_asked = true;
  } else if (strcmp(word->name, "gain") == 0) {
    SF_TRY(choose_word(word, diag, gains, 4, &index));
    out->use.gain = (nir_gain)index;
  } else if (strcmp(word->name, "reset") == 0) {
    SF_TRY(choose_word(word, diag, resets, 6, &index));
    out->use.reset = (nir_reset)index;
    out->reset_asked = index != 0;
  } else {
    return read_switch(word, diag, out);
  }
  return SF_OK;
}

sf_result sf_nir_options_read(const sf_import_option *words, uint32_t count,
                              sf_diag *diag, nir_options *out) {
  *out = (nir_options){.use = conventions[0]};
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < count; i++)
    if (strcmp(words[i].name, "convention") == 0 &&
        read_convention(&words[i], diag, out) != SF_OK)
      result = SF_FAIL;
  for (uint32_t i = 0; i < count; i++)
    if (read_word(&words[i], diag, out) != SF_OK) result = SF_FAIL;
  const nir_convention *use = &out->use;
  bool late = use->reset == NIR_RESET_SUBTRACT_LATE ||
              use->reset == NIR_RESET_VALUE_LATE;
  if (result == SF_OK && use->many && (late || use->late_spikes))
    result = sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "--spikes-per-step many does not go with a reset in the "
                      "next step");
  if (result == SF_OK && use->scheme == NIR_LOIHI && use->many)
    result = sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "--spikes-per-step many does not go with --convention "
                      "loihi");
  return result;
}
