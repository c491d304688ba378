/* nir_write_convention.c - what the file will not say: which options a reader
 * needs, and where the format has no field for what the network does. */
#include "frontend/nir/nir_write.h"

#include "support/number.h"

#include <stdio.h>

/* ---- One convention for all. ---- */

static sf_result disagrees(nir_export *export, const sf_op *op,
                           const sf_op *first, const char *what) {
  return sf_nir_cannot(export, op,
                       "replace-neurons gives populations the same form",
                       "%s otherwise than '%%%s'; a file has one convention "
                       "for all its neurons",
                       what, first->results[0]->name);
}

static bool is_late(const nir_neuron *n) {
  return n->reset == NIR_RESET_VALUE_LATE ||
         n->reset == NIR_RESET_SUBTRACT_LATE;
}

static sf_result agree_reset(nir_export *export, const sf_op *op,
                             const nir_neuron *shape) {
  nir_neuron *all = &export->convention;
  if (!export->says_reset) {
    export->says_reset = op;
    all->reset = shape->reset;
    all->at_threshold = shape->at_threshold;
    all->late_spikes = shape->late_spikes;
    all->many = shape->many;
    return SF_OK;
  }
  if (all->reset != shape->reset)
    SF_TRY(disagrees(export, op, export->says_reset, "it resets"));
  if (all->at_threshold != shape->at_threshold)
    SF_TRY(disagrees(export, op, export->says_reset, "it compares"));
  if (all->late_spikes != shape->late_spikes || all->many != shape->many)
    SF_TRY(disagrees(export, op, export->says_reset, "it sends spikes"));
  return SF_OK;
}

sf_result sf_nir_agree(nir_export *export, const sf_op *op,
                       const nir_neuron *shape) {
  nir_neuron *all = &export->convention;
  if (shape->kind == NIR_THRESHOLD) return SF_OK;
  if (shape->kind != NIR_INTEGRATOR) {
    if (!export->says_scheme) {
      export->says_scheme = op;
      all->scheme = shape->scheme;
    }
    if (all->scheme != shape->scheme)
      SF_TRY(disagrees(export, op, export->says_scheme, "it leaks"));
  }
  if (shape->kind == NIR_CUBA) {
    if (!export->says_current) {
      export->says_current = op;
      all->current = shape->current;
    }
    if (all->current != shape->current)
      SF_TRY(disagrees(export, op, export->says_current,
                       "its membrane sees the current"));
  }
  if (shape->late_spikes && shape->leak)
    return sf_nir_cannot(export, op, NULL,
                         "it sends the comparison of the step before, as spyx "
                         "does, and has a leak potential, which spyx ignores");
  return shape->spikes ? agree_reset(export, op, shape) : SF_OK;
}

/* ---- What to tell. ---- */

static void warn(nir_export *export, const char *what) {
  sf_nir_warn(export, SF_DIAG_EXPORT_GUESS, export->network->loc,
              "the file does not say that %s: a reader that is not told spikes "
              "differently",
              what);
}

static sf_result tell_reset(nir_export *export) {
  const nir_neuron *all = &export->convention;
  if (!export->says_reset) return SF_OK;
  SF_TRY(sf_nir_tell(export, "reset", sf_nir_reset_text(all->reset),
                     "how the populations reset"));
  if (all->reset == NIR_RESET_SUBTRACT)
    warn(export, "spikes subtract the threshold, but for its version, from "
                 "before 1.0.6, when they did");
  if (is_late(all)) warn(export, "the reset comes a step late");
  if (all->reset == NIR_RESET_NONE) warn(export, "nothing is reset");
  if (all->at_threshold) {
    SF_TRY(sf_nir_tell(export, "compare", "ge",
                       "the populations fire at the threshold"));
    warn(export, "neurons fire at the threshold and not only above it");
  }
  if (!all->many) return SF_OK;
  warn(export, "neurons send several spikes in a step");
  return sf_nir_tell(export, "spikes-per-step", "many",
                     "the populations send several");
}

static sf_result tell_dt(nir_export *export) {
  char text[SF_NUMBER_TEXT_MAX];
  sf_text_f64(export->dt, text);
  if (!export->has_time) return SF_OK;
  return sf_nir_tell(export, "dt", text,
                     export->own_dt ? "the network does not say: time is in "
                                      "steps"
                                    : "seconds of the network's step");
}

static sf_result tell_equation(nir_export *export) {
  const nir_neuron *all = &export->convention;
  if (all->late_spikes) {
    warn(export, "spikes come a step late");
    SF_TRY(sf_nir_tell(export, "convention", "spyx",
                       "its neurons send the comparison of the step before"));
    SF_TRY(sf_nir_tell(export, "gain", "r", "the file's own"));
    SF_TRY(sf_nir_tell(export, "if-gain", "auto", "the file's own"));
  }
  SF_TRY(tell_dt(export));
  if (export->says_scheme)
    SF_TRY(sf_nir_tell(export, "scheme", sf_nir_scheme_text(all->scheme),
                       "how the populations step the equation"));
  if (export->says_current)
    SF_TRY(sf_nir_tell(export, "current", sf_nir_current_text(all->current),
                       "what their membranes see of the synaptic current"));
  if (all->late_spikes || export->if_other || !export->if_small) return SF_OK;
  char text[SF_NUMBER_TEXT_MAX];
  sf_text_f64(export->dt, text);
  return sf_nir_tell(export, "if-gain", text,
                     "r dt; readers take 1 when all r are 1");
}

static sf_result tell_inputs(nir_export *export) {
  const sf_network *network = export->network;
  bool spikes = network->argument_count > 0;
  for (uint32_t i = 0; i < network->argument_count; i++)
    spikes &= network->arguments[i]->type.scalar.kind == SF_SCALAR_SPIKE;
  for (uint32_t i = 0; i < network->argument_count && !spikes; i++) {
    const sf_value *x = network->arguments[i];
    if (x->type.scalar.kind == SF_SCALAR_F32) continue;
    char text[128];
    sf_type_text(&x->type, text, sizeof text);
    sf_nir_warn(export, SF_DIAG_EXPORT_IGNORED, x->loc,
                "the type %s of input '%%%s' is not stored: it is read as f32",
                text, x->name);
  }
  return spikes ? sf_nir_tell(export, "input-type", "spike",
                              "of the network's inputs")
                : SF_OK;
}

static void warn_of_rest(nir_export *export) {
  const sf_network *network = export->network;
  if (network->steps > 0)
    sf_nir_warn(export, SF_DIAG_EXPORT_IGNORED, network->loc,
                "'steps = %lld' is not stored", (long long)network->steps);
  if (network->lag > 0)
    sf_nir_warn(export, SF_DIAG_EXPORT_IGNORED, network->loc,
                "'lag = %lld' is not stored", (long long)network->lag);
  if (network->period > 0)
    sf_nir_warn(export, SF_DIAG_EXPORT_IGNORED, network->loc,
                "'period = %lld' is not stored", (long long)network->period);
  if (sf_module_find_mapping(network->module, network))
    sf_nir_warn(export, SF_DIAG_EXPORT_IGNORED, network->loc,
                "the mapping is not stored");
}

sf_result sf_nir_write_conventions(nir_export *export) {
  SF_TRY(tell_equation(export));
  SF_TRY(tell_reset(export));
  if (export->cycles == NIR_CYCLES_SYNAPSE)
    SF_TRY(sf_nir_tell(export, "recurrence", "synapse",
                       "cycles see the step before of synapses"));
  SF_TRY(tell_inputs(export));
  warn_of_rest(export);
  return SF_OK;
}
