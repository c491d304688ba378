/* nir_convention.c - what the file leaves open: dt, reset, gains. Each is
 * decided once, told with its reason, and warned of where the other reading
 * would spike differently. */
#include "frontend/nir/nir.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What the graph has. ---- */

typedef struct survey {
  uint32_t leaky;       /* nodes with a time constant */
  uint32_t spiking;     /* with a reset */
  uint32_t integrators; /* I and IF */
  bool has_reset_value, delays;
  double smallest_tau;
  double ratio; /* tau / r, when it is one number everywhere; else 0 */
  bool ratio_differs, r_is_one;
  double rockpool; /* smallest tau / (1 + r) */
} survey;

static const sf_h5_item *tau_of(const nir_node *node) {
  return node->field[node->type->kind == NIR_CUBA ? NIR_TAU_MEM : NIR_TAU];
}

static void survey_ratio(survey *s, const nir_node *node) {
  const sf_h5_item *tau = tau_of(node), *r = node->field[NIR_R];
  uint64_t count = tau->elements > r->elements ? tau->elements : r->elements;
  for (uint64_t i = 0; i < count; i++) {
    double t = sf_nir_each(tau, i, 0), gain = sf_nir_each(r, i, 1);
    double ratio = t / gain;
    if (t < s->smallest_tau) s->smallest_tau = t;
    if (gain != 1) s->r_is_one = false;
    double rockpool = t / (1 + gain);
    if (rockpool > 0 && isfinite(rockpool) &&
        (s->rockpool == 0 || rockpool < s->rockpool))
      s->rockpool = rockpool;
    if (gain == 1 || !(ratio > 0) || !isfinite(ratio) ||
        (s->ratio > 0 && fabs(ratio - s->ratio) > 1e-5 * s->ratio))
      s->ratio_differs = true;
    if (s->ratio == 0) s->ratio = ratio;
  }
  const sf_h5_item *syn = node->field[NIR_TAU_SYN];
  for (uint64_t i = 0; syn && i < syn->elements; i++)
    if (sf_nir_number(syn, i) < s->smallest_tau)
      s->smallest_tau = sf_nir_number(syn, i);
}

static survey look(const nir_import *import) {
  survey s = {.smallest_tau = HUGE_VAL, .r_is_one = true};
  for (uint32_t i = 0; i < import->node_count; i++) {
    const nir_node *node = &import->nodes[i];
    if (node->type->spikes && node->type->has_state) s.spiking++;
    if (node->field[NIR_V_RESET]) s.has_reset_value = true;
    if (node->type->kind == NIR_DELAY)
      s.delays |= !sf_nir_is_zero(node->field[NIR_DELAYS]);
    if (node->type->kind == NIR_INTEGRATOR) s.integrators++;
    if (node->type->kind != NIR_LEAKY && node->type->kind != NIR_CUBA) continue;
    s.leaky++;
    survey_ratio(&s, node);
  }
  return s;
}

/* ---- dt. ---- */

/* The decimal that a computed number stands for: 9.9999997e-05 is 1e-4. */
static double tidy(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.4g", value);
  double near = strtod(text, NULL);
  return fabs(near - value) < 1e-6 * value ? near : value;
}

static sf_result tell_dt(nir_import *import, const char *reason) {
  char value[32];
  snprintf(value, sizeof value, "%.9g", import->dt);
  return sf_nir_choose(import, "dt", value, "%s", reason);
}

static sf_result guess_dt(nir_import *import, const survey *s) {
  if (s->leaky && !s->ratio_differs) {
    import->dt = tidy(s->ratio);
    return tell_dt(import, "tau / r is this one number in all neurons: a "
                           "discrete model whose inputs have gain 1");
  }
  bool steps = s->leaky && s->smallest_tau > 0.5;
  import->dt = steps ? 1 : 1e-4;
  SF_TRY(tell_dt(import, steps
                             ? "the smallest tau is above 0.5, so time is in "
                               "steps (or in ms)"
                             : "the file does not say; most files are written "
                               "with this one, in seconds"));
  if (!s->leaky && !s->delays) return SF_OK;
  sf_warning(import->diag, SF_DIAG_IMPORT_GUESS, import->loc,
             "dt is not stored and was guessed as %g: another one spikes "
             "differently",
             import->dt);
  sf_help(import->diag, "--dt says it");
  return SF_OK;
}

static sf_result decide_dt(nir_import *import, const survey *s) {
  const nir_options *options = &import->options;
  import->dt = options->use.dt;
  if (options->dt_asked) return tell_dt(import, "asked for");
  if (strcmp(options->use.name, "rockpool") == 0 && s->rockpool > 0) {
    import->dt = tidy(s->rockpool);
    return tell_dt(import, "the smallest tau / (1 + r), as rockpool takes it");
  }
  if (import->dt > 0) return tell_dt(import, "that of the convention");
  return guess_dt(import, s);
}

/* ---- Reset. ---- */

static sf_result decide_reset(nir_import *import, const survey *s) {
  nir_convention *use = &import->options.use;
  bool guessed = use->reset == NIR_RESET_AUTO;
  const char *reason =
      import->options.reset_asked ? "asked for" : "that of the convention";
  if (guessed && (s->has_reset_value || import->resets_to_value)) {
    use->reset = NIR_RESET_VALUE;
    reason = s->has_reset_value
                 ? "the file has v_reset (which snnTorch writes even where it "
                   "subtracts)"
                 : "what NIR means from version 1.0.6 on";
  } else if (guessed) {
    use->reset = NIR_RESET_SUBTRACT;
    reason = "what NIR meant before version 1.0.6";
  }
  if (s->spiking == 0) return SF_OK;
  SF_TRY(sf_nir_choose(import, "reset", sf_nir_reset_text(use->reset), "%s",
                       reason));
  if (!guessed) return SF_OK;
  sf_warning(
      import->diag, SF_DIAG_IMPORT_GUESS, import->loc,
      "the reset is not stored and was guessed as %s: another one spikes "
      "differently",
      sf_nir_reset_text(use->reset));
  sf_help(import->diag,
          "--reset says it, or --convention of the framework that trained it");
  return SF_OK;
}

/* ---- Gain of IF and I. ---- */

/* r dt of all of them, when it is one number; 0: they differ. */
static bool rule_says_one(const nir_import *import, bool *out_small) {
  bool all_one = true, any_small = false;
  for (uint32_t i = 0; i < import->node_count; i++) {
    const nir_node *node = &import->nodes[i];
    if (node->type->kind != NIR_INTEGRATOR) continue;
    const sf_h5_item *r = node->field[NIR_R];
    for (uint64_t k = 0; k < r->elements; k++) {
      all_one &= sf_nir_number(r, k) == 1;
      any_small |= !(sf_nir_number(r, k) * import->dt >= 0.5);
    }
  }
  *out_small = any_small;
  return all_one && any_small;
}

static sf_result decide_if_gain(nir_import *import, const survey *s) {
  if (s->integrators == 0) return SF_OK;
  nir_options *options = &import->options;
  char value[32];
  if (options->use.if_gain > 0) {
    snprintf(value, sizeof value, "%.9g", options->use.if_gain);
    return sf_nir_choose(import, "if-gain", value, "%s",
                         options->if_gain_asked ? "asked for"
                                                : "that of the convention");
  }
  bool small = false;
  if (rule_says_one(import, &small)) {
    options->use.if_gain = 1;
    SF_TRY(sf_nir_choose(import, "if-gain", "1",
                         "all r of IF and I are 1, which the frameworks that "
                         "write it mean per step"));
  } else {
    SF_TRY(sf_nir_choose(import, "if-gain", "r dt",
                         small ? "as the equation says" : "it is 0.5 or more"));
  }
  if (!small) return SF_OK;
  sf_warning(import->diag, SF_DIAG_IMPORT_GUESS, import->loc,
             "the gain of IF and I was guessed as %s; by the equation it is r "
             "dt, by the frameworks 1: they spike differently",
             options->use.if_gain > 0 ? "1" : "r dt");
  sf_help(import->diag, "--if-gain says it");
  return SF_OK;
}

/* ---- Scheme and current. ---- */

/* Where tau / r is one number, decays are 1 - dt / tau: the frameworks that
 * write such files step by Euler (frontends.md 1.5). */
static sf_result tell_scheme(nir_import *import, const survey *s) {
  const nir_options *options = &import->options;
  const char *scheme = sf_nir_scheme_text(options->use.scheme);
  bool guessed = !options->scheme_asked && !options->convention_asked;
  SF_TRY(sf_nir_choose(import, "scheme", scheme, "%s",
                       options->scheme_asked
                           ? "asked for"
                           : "how the convention steps the equation"));
  if (!guessed || !s->ratio_differs || !isfinite(s->smallest_tau)) return SF_OK;
  double part = import->dt / s->smallest_tau;
  sf_warning(import->diag, SF_DIAG_IMPORT_GUESS, import->loc,
             "the scheme is not stored and was guessed as %s: of the shortest "
             "time constant a step leaves %.6g by Euler and %.6g by "
             "exponentials, which spike differently",
             scheme, 1 - part, exp(-part));
  sf_help(import->diag, "--scheme says it, or --convention of the framework "
                        "that trained it");
  return SF_OK;
}

static sf_result tell_current(nir_import *import) {
  const nir_options *options = &import->options;
  const char *current = sf_nir_current_text(options->use.current);
  SF_TRY(sf_nir_choose(import, "current", current, "%s",
                       options->current_asked
                           ? "asked for"
                           : "what the membrane sees of the synaptic current"));
  if (options->current_asked || options->convention_asked) return SF_OK;
  sf_warning(import->diag, SF_DIAG_IMPORT_GUESS, import->loc,
             "that the membrane sees the %s current was guessed: by the other "
             "order of the two updates it spikes at other steps",
             current);
  sf_help(import->diag, "--current says it, or --convention of the framework "
                        "that trained it");
  return SF_OK;
}

/* ---- The rest. ---- */

static sf_result tell_rest(nir_import *import, const survey *s) {
  const nir_convention *use = &import->options.use;
  bool cuba = false;
  for (uint32_t i = 0; i < import->node_count; i++)
    cuba |= import->nodes[i].type->kind == NIR_CUBA;
  if (s->leaky) {
    SF_TRY(tell_scheme(import, s));
    SF_TRY(sf_nir_choose(import, "gain", sf_nir_gain_text(use->gain),
                         "of inputs, as the convention has it"));
  }
  if (cuba) SF_TRY(tell_current(import));
  if (s->spiking)
    SF_TRY(
        sf_nir_choose(import, "compare", use->at_threshold ? "ge" : "gt", "%s",
                      use->at_threshold ? "as the framework fires"
                                        : "strict in every definition of NIR"));
  if (use->many)
    SF_TRY(sf_nir_choose(import, "spikes-per-step", "many",
                         "trunc(v / threshold), as the framework counts"));
  if (use->lag)
    SF_TRY(sf_nir_choose(import, "layer-lag", "1",
                         "each layer sees the one before a step later, as Lava "
                         "runs it"));
  return SF_OK;
}

/* ---- Order of recurrence. ---- */

/* A synapse whose bias is added whether or not spikes have arrived. */
static bool has_bias(const nir_node *node) {
  bool weights = node->type->kind == NIR_LINEAR || node->type->kind == NIR_CONV;
  const sf_h5_item *bias = node->field[NIR_BIAS];
  return weights && bias && !sf_nir_is_zero(bias);
}

sf_result sf_nir_tell_order(nir_import *import) {
  const nir_options *options = &import->options;
  const nir_node *biased = NULL;
  bool cut = false;
  for (uint32_t i = 0; i < import->edge_count; i++) {
    const nir_edge *edge = &import->edges[i];
    const nir_node *ends[] = {&import->nodes[edge->from],
                              &import->nodes[edge->to]};
    cut |= edge->cut;
    if (edge->cut && has_bias(ends[!options->cut_after_synapse]))
      biased = ends[!options->cut_after_synapse];
  }
  if (!cut) return SF_OK;
  SF_TRY(sf_nir_choose(import, "recurrence",
                       options->cut_after_synapse ? "synapse" : "neuron", "%s",
                       options->recurrence_asked
                           ? "asked for"
                           : "the step before is that of spikes, in all "
                             "importers but nirtorch's"));
  if (!biased || options->recurrence_asked) return SF_OK;
  sf_warning(import->diag, SF_DIAG_IMPORT_GUESS, biased->loc,
             "the recurrent bias acts from step 0 on; where the step before is "
             "that of synapses, from step 1 on: they spike differently");
  sf_help(import->diag, "--recurrence says it");
  return SF_OK;
}

sf_result sf_nir_decide(nir_import *import) {
  survey s = look(import);
  const nir_options *options = &import->options;
  SF_TRY(sf_nir_choose(import, "convention", options->use.name, "%s",
                       options->convention_asked
                           ? "asked for"
                           : "the file does not say who trained it"));
  SF_TRY(sf_nir_choose(import, "version", import->version,
                       "of the package that wrote the file"));
  SF_TRY(decide_dt(import, &s));
  SF_TRY(decide_reset(import, &s));
  SF_TRY(decide_if_gain(import, &s));
  return tell_rest(import, &s);
}
