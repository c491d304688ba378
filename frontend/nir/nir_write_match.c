/* nir_write_match.c - a neuron function in the reader's words: all that the
 * reader could have made with as many params and states are made and compared.
 */
#include "frontend/nir/nir_write.h"

/* Params of the text in its order (nir_neuron_text.c). */
static uint32_t param_count(const nir_neuron *n) {
  if (n->kind == NIR_THRESHOLD) return 1;
  int count = (n->kind == NIR_CUBA) + n->gain_syn +
              (n->kind != NIR_INTEGRATOR) + n->gain + n->leak + n->spikes +
              n->reset_value;
  return (uint32_t)count;
}

static uint32_t state_count(const nir_neuron *n) {
  return n->kind == NIR_THRESHOLD ? 0 : n->kind == NIR_CUBA ? 2 : 1;
}

/* Parts that the reader never makes together, or that say nothing there. */
static bool makes_sense(const nir_neuron *n) {
  bool cuba = n->kind == NIR_CUBA, tau = n->kind != NIR_INTEGRATOR;
  bool divides = n->scheme == NIR_SPIKINGJELLY;
  bool late =
      n->reset == NIR_RESET_VALUE_LATE || n->reset == NIR_RESET_SUBTRACT_LATE;
  if (n->kind == NIR_THRESHOLD)
    return n->spikes && n->reset == NIR_RESET_NONE && !n->gain && !n->leak &&
           !n->gain_syn && !n->reset_value && !n->many && !n->at_threshold &&
           !n->late_spikes && n->scheme == NIR_EULER &&
           n->current == NIR_CURRENT_NEW && !n->divided_input;
  if (!n->spikes && (n->reset != NIR_RESET_NONE || n->many || n->at_threshold ||
                     n->late_spikes || n->reset_value))
    return false;
  if (n->reset_value && n->reset != NIR_RESET_VALUE &&
      n->reset != NIR_RESET_VALUE_LATE)
    return false;
  if (!cuba && (n->gain_syn || n->current != NIR_CURRENT_NEW)) return false;
  if (!tau && (n->scheme != NIR_EULER || n->leak)) return false;
  if (divides && (cuba || n->gain || late || n->late_spikes)) return false;
  if (!divides && n->divided_input) return false;
  if (n->starts_at_reset != (divides && n->reset_value)) return false;
  /* Several spikes are counted from the threshold on, whatever is said. */
  if (n->many && (late || n->late_spikes || !n->at_threshold)) return false;
  return !(n->late_spikes && !late);
}

/* Number `code` of all combinations; false: there are no more. */
static bool combination(uint32_t code, nir_neuron *out) {
  static const nir_kind kinds[] = {NIR_THRESHOLD, NIR_INTEGRATOR, NIR_LEAKY,
                                   NIR_CUBA};
  static const nir_scheme schemes[] = {NIR_EULER, NIR_RATE, NIR_SPIKINGJELLY};
  static const nir_reset resets[] = {NIR_RESET_NONE, NIR_RESET_VALUE,
                                     NIR_RESET_SUBTRACT, NIR_RESET_VALUE_LATE,
                                     NIR_RESET_SUBTRACT_LATE};
  bool *const bits[] = {
      &out->spikes,      &out->at_threshold, &out->many,
      &out->late_spikes, &out->gain,         &out->gain_syn,
      &out->leak,        &out->reset_value,  &out->divided_input};
  *out = (nir_neuron){0};
  for (size_t i = 0; i < SF_COUNT_OF(bits); i++, code /= 2)
    *bits[i] = code % 2;
  out->kind = kinds[code % 4];
  code /= 4;
  out->scheme = schemes[code % 3];
  code /= 3;
  out->reset = resets[code % 5];
  code /= 5;
  out->current = (nir_current)(code % 3);
  out->starts_at_reset = out->scheme == NIR_SPIKINGJELLY && out->reset_value;
  return code / 3 == 0;
}

static sf_result same(const nir_neuron *shape, const sf_neuron *neuron,
                      sf_diag *diag, bool *out) {
  sf_module *module;
  SF_TRY(sf_nir_neuron_parse(shape, diag, &module));
  *out = sf_neuron_same_structure(module->first_neuron, neuron);
  sf_module_destroy(module);
  return SF_OK;
}

sf_result sf_nir_match(nir_export *export, const sf_neuron *neuron,
                       nir_neuron *out, bool *out_known) {
  bool *known = out_known;
  *known = false;
  if (neuron->input_count != 1 || neuron->emit_count != 1) return SF_OK;
  sf_scalar emit = neuron->emit_types[0];
  bool spikes = emit.kind != SF_SCALAR_F32;
  bool many = spikes && !sf_scalar_equal(emit, sf_spike());
  nir_neuron shape;
  for (uint32_t code = 0; combination(code, &shape); code++) {
    if (shape.spikes != spikes || shape.many != many || !makes_sense(&shape) ||
        param_count(&shape) != neuron->param_count ||
        state_count(&shape) != neuron->state_count)
      continue;
    SF_TRY(same(&shape, neuron, export->diag, known));
    if (!*known) continue;
    *out = shape;
    return SF_OK;
  }
  return SF_OK;
}
