/* spiking_neuron.c - the neuron function of a group of states. */
#include "frontend/onnx/spiking.h"

/* One state is the membrane, `v`; several have the model's names. */
static sf_result add_states(onnx_neuron_builder *b, uint32_t group) {
  const onnx_spiking *s = b->s;
  uint32_t count = 0;
  for (uint32_t i = 0; i < s->state_count; i++)
    count += sf_onnx_is_state_of(s, s->states[i].argument, group);
  for (uint32_t i = 0; i < s->state_count; i++) {
    const onnx_state *state = &s->states[i];
    if (!sf_onnx_is_state_of(s, state->argument, group)) continue;
    sf_scalar type = state->argument->type.scalar;
    sf_state *made = sf_neuron_add_state(
        b->neuron, count == 1 ? "v" : state->argument->name, type);
    if (!made) return SF_OOM;
    made->initial = type.kind == SF_SCALAR_F32
                        ? sf_number_float(state->start)
                        : sf_number_int((int64_t)state->start);
    SF_TRY(
        sf_onnx_bind_value(b, state->argument, sf_noperand_value(made->value)));
  }
  return SF_OK;
}

static sf_result set_next_values(onnx_neuron_builder *b, uint32_t group) {
  const onnx_spiking *s = b->s;
  uint32_t index = 0;
  for (uint32_t i = 0; i < s->state_count; i++) {
    const onnx_state *state = &s->states[i];
    if (!sf_onnx_is_state_of(s, state->argument, group)) continue;
    b->neuron->states[index].has_next = true;
    b->neuron->states[index++].next =
        sf_onnx_bound_value(b, state->next)->operand;
  }
  return SF_OK;
}

/* A function of the same structure that was made before takes its place. */
static void share(onnx_neuron_builder *b) {
  onnx_spiking *s = b->s;
  for (uint32_t i = 0; i < s->made_count; i++) {
    if (!sf_neuron_same_structure(s->made[i], b->neuron)) continue;
    sf_neuron_erase(b->neuron);
    b->neuron = s->made[i];
    return;
  }
  s->made[s->made_count++] = b->neuron;
}

sf_result sf_onnx_build_neuron(onnx_spiking *s, uint32_t group, uint32_t count,
                               sf_value *const *emitted,
                               onnx_neuron_builder *out) {
  onnx_neuron_builder *b = out;
  *b = (onnx_neuron_builder){.s = s};
  b->shape = s->states[group].argument->type;
  b->neuron = sf_neuron_create(s->import->module, "step", SF_NO_LOC);
  if (!b->neuron) return SF_OOM;
  SF_TRY(add_states(b, group));
  SF_FOREACH_OP(op, s->network)
    if (sf_onnx_owner(s, op) == group) SF_TRY(sf_onnx_add_statements(b, op));
  SF_TRY(set_next_values(b, group));
  for (uint32_t i = 0; i < count; i++)
    SF_TRY(sf_neuron_add_emit(b->neuron,
                              sf_onnx_bound_value(b, emitted[i])->operand,
                              emitted[i]->type.scalar));
  share(b);
  return SF_OK;
}
