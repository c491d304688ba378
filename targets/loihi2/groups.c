/* groups.c - neuron groups and accumulators of a core. */
#include "targets/loihi2/fabric.h"

#include <string.h>

/* `each` of the layer, cut to the slice. */
static sf_result add_numbers(sf_l2_fabric *fabric, xmlNode *node,
                             const sf_l2_slice *s, const sf_l2_param *param) {
  int32_t *values = SF_NEW_ARRAY(fabric->scratch, int32_t, s->count);
  if (!values) return SF_OOM;
  for (uint32_t n = 0; n < s->count; n++)
    values[n] = param->each ? param->each[s->element[n]] : param->value;
  sf_l2_numbers numbers = {.rank = 1, .dim = {s->count}, .values = values};
  return sf_l2_tables_add(&fabric->tables, node, &numbers);
}

static bool is_bias(const sf_l2_param *param) {
  return strcmp(param->name, "bias") == 0;
}

static sf_result write_profile(xmlNode *group, const sf_l2_layer *layer) {
  xmlNode *profile;
  SF_TRY(sf_l2_child(group, "profile", &profile));
  for (uint32_t i = 0; i < layer->param_count; i++) {
    const sf_l2_param *p = &layer->params[i];
    if (!p->each && !is_bias(p))
      SF_TRY(sf_l2_attr_number(profile, p->name, p->value));
  }
  if (!layer->reset_mode) return SF_OK;
  return sf_l2_attr_text(profile, "resetMode", layer->reset_mode);
}

/* Parameters that differ between neurons, and the bias, which is always one a
 * neuron. */
static sf_result write_each(sf_l2_fabric *fabric, xmlNode *group,
                            const sf_l2_slice *s, bool biases) {
  const sf_l2_layer *layer = &fabric->plan->layers[s->layer];
  for (uint32_t i = 0; i < layer->param_count; i++) {
    const sf_l2_param *p = &layer->params[i];
    if (is_bias(p) != biases || (!p->each && (!biases || !p->value))) continue;
    xmlNode *node;
    SF_TRY(sf_l2_child(group, biases ? "bias" : "parameter", &node));
    if (!biases) SF_TRY(sf_l2_attr_text(node, "name", p->name));
    SF_TRY(sf_l2_attr_number(node, "bits", p->bits));
    SF_TRY(add_numbers(fabric, node, s, p));
  }
  return SF_OK;
}

/* Value of a parameter that is the same for all neurons; else 0. */
static int32_t shared_value(const sf_l2_layer *layer, const char *name) {
  for (uint32_t i = 0; name && i < layer->param_count; i++)
    if (strcmp(layer->params[i].name, name) == 0) return layer->params[i].value;
  return 0;
}

static sf_result write_states(xmlNode *group, const sf_l2_layer *layer) {
  const sf_l2_state *states = layer->program->states;
  for (uint32_t i = 0; states[i].name; i++) {
    const sf_l2_state *state = &states[i];
    int32_t start = layer->listing ? layer->listing->start[i] : 0;
    if (state->initial) start = shared_value(layer, state->initial);
    xmlNode *node;
    SF_TRY(sf_l2_child(group, "state", &node));
    SF_TRY(sf_l2_attr_text(node, "name", state->name));
    SF_TRY(sf_l2_attr_number(node, "bits", state->bits));
    SF_TRY(sf_l2_attr_text(node, "overflow", state->overflow));
    SF_TRY(sf_l2_attr_number(node, "initial", start));
  }
  return SF_OK;
}

/* What a neuron keeps: its program's registers and the parameters of its own;
 * biases, the program's or the projections', share the word of the state
 * (loihi2.md 1.6). */
static uint64_t neuron_words(const sf_l2_fabric *fabric, const sf_l2_slice *s) {
  const sf_l2_layer *layer = &fabric->plan->layers[s->layer];
  const sf_loihi2_limits *limits = &fabric->limits;
  sf_loihi2_state kept = {.whole = layer->program->state_words *
                                   limits->neuron_state_bits,
                          .biased = layer->offsets[0] || layer->offsets[1]};
  for (const sf_l2_state *r = layer->program->states; r->name; r++)
    kept.bits += r->bits;
  for (uint32_t i = 0; i < layer->param_count; i++) {
    const sf_l2_param *p = &layer->params[i];
    if (is_bias(p))
      kept.biased |= p->each || p->value;
    else if (p->each)
      kept.own += p->bits;
  }
  return sf_loihi2_neuron_words(limits, s->count,
                                sf_loihi2_state_bits(limits, &kept));
}

sf_result sf_l2_group_write(sf_l2_fabric *fabric, uint32_t slice) {
  const sf_l2_slice *s = &fabric->plan->slices[slice];
  const sf_l2_layer *layer = &fabric->plan->layers[s->layer];
  sf_l2_site *site = &fabric->sites[s->core];
  xmlNode *group;
  sf_arena_reset(fabric->scratch);
  SF_TRY(sf_l2_child(site->node, "neuronGroup", &group));
  SF_TRY(sf_l2_attr_number(group, "id", s->group));
  SF_TRY(sf_l2_attr_number(group, "layer", s->layer));
  SF_TRY(sf_l2_attr_text(group, "program", layer->program->name));
  SF_TRY(sf_l2_attr_number(group, "base", s->base));
  SF_TRY(sf_l2_attr_number(group, "count", s->count));
  SF_TRY(sf_l2_attr_box(group, "box", &s->box));
  SF_TRY(
      sf_l2_attr_number(group, "start", sf_op_int(layer->op, SF_ATTR_start)));
  SF_TRY(write_profile(group, layer));
  SF_TRY(write_each(fabric, group, s, true));
  SF_TRY(write_each(fabric, group, s, false));
  SF_TRY(write_states(group, layer));
  site->usage.neuron_words += neuron_words(fabric, s);
  site->usage.groups++;
  return SF_OK;
}

sf_result sf_l2_accumulators_write(sf_l2_fabric *fabric, uint32_t slice) {
  const sf_l2_plan *plan = fabric->plan;
  const sf_l2_slice *s = &plan->slices[slice];
  const sf_l2_layer *layer = &plan->layers[s->layer];
  const sf_op *op = layer->op;
  for (uint32_t port = 0; port < op->operand_count; port++) {
    uint32_t slots = 0;
    for (uint32_t i = 0; i < plan->connection_count; i++) {
      const sf_l2_connection *c = &plan->connections[i];
      if (c->layer != s->layer || c->port != port) continue;
      uint32_t needed = c->delay + c->synapse_delay + 2;
      if (needed > slots) slots = needed;
    }
    if (slots == 0 && !layer->offsets[port]) continue;
    if (slots == 0) slots = 2;
    xmlNode *node;
    SF_TRY(sf_l2_child(fabric->sites[s->core].node, "accumulator", &node));
    SF_TRY(sf_l2_attr_number(node, "group", s->group));
    SF_TRY(sf_l2_attr_number(node, "port", port));
    SF_TRY(sf_l2_attr_number(node, "slots", slots));
    SF_TRY(sf_l2_attr_number(node, "bits",
                             sf_op_operand(op, port)->type.scalar.bits));
    if (!layer->offsets[port]) continue;
    sf_l2_param offset = {.each = layer->offsets[port]};
    xmlNode *child;
    sf_arena_reset(fabric->scratch);
    SF_TRY(sf_l2_child(node, "offset", &child));
    SF_TRY(add_numbers(fabric, child, s, &offset));
  }
  return SF_OK;
}
