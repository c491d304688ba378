/* spiking_group.c - which states belong to one population, and which ops.
 *
 * The ops on the ways from a state to its next value are the population's if
 * all of them are scalar code. Populations that share ops, or read each other
 * element by element, are one. What leads on to a threshold joins them, and
 * constants at their inputs. Nothing may lead out of a group and back into it:
 * then, and where a projection is on the way, the state is a delay. */
#include "frontend/onnx/spiking.h"

#include <string.h>

uint32_t sf_onnx_group_of(const onnx_spiking *s, uint32_t i) {
  while (s->states[i].parent != i)
    i = s->states[i].parent;
  return i;
}

uint32_t sf_onnx_owner(const onnx_spiking *s, const sf_op *op) {
  uint32_t owner = s->owner[op->order];
  return owner == ONNX_NO_GROUP ? owner : sf_onnx_group_of(s, owner);
}

static void join(onnx_spiking *s, uint32_t a, uint32_t b) {
  s->states[sf_onnx_group_of(s, b)].parent = sf_onnx_group_of(s, a);
}

/* Group whose state has this old value; ONNX_NO_GROUP: none. */
static uint32_t group_of_argument(const onnx_spiking *s,
                                  const sf_value *value) {
  if (value->op) return ONNX_NO_GROUP;
  for (uint32_t i = 0; i < s->state_count; i++)
    if (s->states[i].argument == value)
      return s->states[i].kind == ONNX_STATE_POPULATION ? sf_onnx_group_of(s, i)
                                                        : ONNX_NO_GROUP;
  return ONNX_NO_GROUP;
}

bool sf_onnx_is_state_of(const onnx_spiking *s, const sf_value *value,
                         uint32_t group) {
  return group_of_argument(s, value) == group;
}

static const sf_type *shape_of(const onnx_spiking *s, uint32_t group) {
  return &s->states[group].argument->type;
}

static bool in_group(const onnx_spiking *s, const sf_value *value,
                     uint32_t group) {
  return value->op ? sf_onnx_owner(s, value->op) == group
                   : sf_onnx_is_state_of(s, value, group);
}

bool sf_onnx_mark_after(onnx_spiking *s, uint32_t group) {
  memset(s->after, 0, s->op_count * sizeof *s->after);
  SF_FOREACH_OP(op, s->network) {
    bool inside = sf_onnx_owner(s, op) == group, behind = false, out = false;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *value = sf_op_operand(op, i);
      if (!value) continue;
      bool after = value->op && s->after[value->op->order];
      behind |= after;
      out |= after || in_group(s, value, group);
    }
    if (inside && behind) return false;
    s->after[op->order] = !inside && out;
  }
  return true;
}

/* ---- Ways from a state to its next value. ---- */

static void mark_readers(onnx_spiking *s, const sf_value *argument) {
  memset(s->after, 0, s->op_count * sizeof *s->after);
  SF_FOREACH_OP(op, s->network)
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *value = sf_op_operand(op, i);
      if (value == argument ||
          (value && value->op && s->after[value->op->order]))
        s->after[op->order] = true;
    }
}

static void mark_sources(onnx_spiking *s, const sf_value *next) {
  memset(s->before, 0, s->op_count * sizeof *s->before);
  if (next->op) s->before[next->op->order] = true;
  for (sf_op *op = s->network->last; op; op = op->prev)
    for (uint32_t i = 0; s->before[op->order] && i < op->operand_count; i++) {
      const sf_value *value = sf_op_operand(op, i);
      if (value && value->op) s->before[value->op->order] = true;
    }
}

/* Claims the ops between, or finds that they are no scalar code. */
static void find_ways(onnx_spiking *s, uint32_t i) {
  onnx_state *state = &s->states[i];
  const sf_value *next = state->next;
  if (next == state->argument) return; /* it never changes */
  state->kind = ONNX_STATE_DELAY;
  mark_readers(s, state->argument);
  mark_sources(s, next);
  uint32_t count = 0;
  SF_FOREACH_OP(op, s->network) {
    if (!s->after[op->order] || !s->before[op->order]) continue;
    if (!sf_onnx_is_scalar_op(op, &state->argument->type)) return;
    count++;
  }
  if (count == 0 || count > ONNX_GROUP_OPS_MAX) return;
  state->kind = ONNX_STATE_POPULATION;
  SF_FOREACH_OP(op, s->network) {
    if (!s->after[op->order] || !s->before[op->order]) continue;
    if (s->owner[op->order] == ONNX_NO_GROUP)
      s->owner[op->order] = i;
    else
      join(s, s->owner[op->order], i);
  }
}

/* ---- Groups. ---- */

/* Groups that read each other are one, if that is a population still. */
static void join_neighbour(onnx_spiking *s, const sf_op *op,
                           const sf_value *value, uint32_t *failures) {
  uint32_t group = sf_onnx_owner(s, op);
  uint32_t other =
      value->op ? sf_onnx_owner(s, value->op) : group_of_argument(s, value);
  if (group == ONNX_NO_GROUP || other == ONNX_NO_GROUP || group == other)
    return;
  if (!sf_type_same_shape(shape_of(s, group), shape_of(s, other))) return;
  s->states[other].parent = group;
  if (sf_onnx_mark_after(s, group)) return;
  s->states[other].parent = other;
  ++*failures;
}

static void join_neighbours(onnx_spiking *s) {
  uint32_t failures = 0, most = s->state_count + 16;
  SF_FOREACH_OP(op, s->network)
    for (uint32_t i = 0; i < op->operand_count && failures < most; i++) {
      const sf_value *value = sf_op_operand(op, i);
      if (value) join_neighbour(s, op, value, &failures);
    }
}

/* Streams that are neither of the group nor constant. */
static bool reads_input(const onnx_spiking *s, const sf_op *op,
                        uint32_t group) {
  onnx_neuron_constant constant;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!sf_onnx_neuron_constant(op, i, shape_of(s, group), &constant) &&
        !in_group(s, sf_op_operand(op, i), group))
      return true;
  return false;
}

static bool is_population(onnx_spiking *s, uint32_t group) {
  bool reads = false;
  uint32_t count = 0;
  SF_FOREACH_OP(op, s->network) {
    if (sf_onnx_owner(s, op) != group) continue;
    reads |= reads_input(s, op, group);
    count++;
  }
  return reads && count <= ONNX_GROUP_OPS_MAX && sf_onnx_mark_after(s, group);
}

/* Groups that are no populations after all become delays. */
static void check_groups(onnx_spiking *s) {
  for (uint32_t i = 0; i < s->state_count; i++) {
    if (s->states[i].kind != ONNX_STATE_POPULATION) continue;
    uint32_t group = sf_onnx_group_of(s, i);
    if (is_population(s, group)) continue;
    SF_FOREACH_OP(op, s->network)
      if (sf_onnx_owner(s, op) == group) s->owner[op->order] = ONNX_NO_GROUP;
    for (uint32_t k = 0; k < s->state_count; k++)
      if (sf_onnx_group_of(s, k) == group) s->states[k].kind = ONNX_STATE_DELAY;
  }
}

/* ---- Thresholds and constants. ---- */

/* A stream that some op of the group reads already. */
static bool is_input_of(const onnx_spiking *s, const sf_value *value,
                        uint32_t group) {
  uint32_t seen = 0;
  SF_FOREACH_USE(use, value) {
    if (use->op && sf_onnx_owner(s, use->op) == group) return true;
    if (++seen == ONNX_STATE_USES_MAX) return false;
  }
  return false;
}

/* Group that an op could join behind; `before` marks candidates. */
static uint32_t group_before(const onnx_spiking *s, const sf_op *op) {
  uint32_t group = ONNX_NO_GROUP;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *value = sf_op_operand(op, i);
    if (!value || group != ONNX_NO_GROUP) continue;
    group =
        value->op ? sf_onnx_owner(s, value->op) : group_of_argument(s, value);
  }
  if (group == ONNX_NO_GROUP || !sf_onnx_is_scalar_op(op, shape_of(s, group)))
    return ONNX_NO_GROUP;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    onnx_neuron_constant constant;
    const sf_value *value = sf_op_operand(op, i);
    if (!sf_onnx_neuron_constant(op, i, shape_of(s, group), &constant) &&
        !in_group(s, value, group) && !is_input_of(s, value, group))
      return ONNX_NO_GROUP;
  }
  return group;
}

static bool makes_spikes(const sf_op *op) {
  return op->results[0]->type.scalar.kind == SF_SCALAR_SPIKE;
}

static bool leads_to_spikes(const onnx_spiking *s, const sf_op *op) {
  if (makes_spikes(op)) return true;
  SF_FOREACH_USE(use, op->results[0])
    if (use->op && s->before[use->op->order] &&
        sf_onnx_owner(s, use->op) == sf_onnx_owner(s, op))
      return true;
  return false;
}

/* Ops behind a group join it for a start; those that no threshold needs leave
 * again. */
static void add_thresholds(onnx_spiking *s) {
  memset(s->before, 0, s->op_count * sizeof *s->before);
  SF_FOREACH_OP(op, s->network) {
    if (s->owner[op->order] != ONNX_NO_GROUP || op->result_count != 1) continue;
    s->owner[op->order] = group_before(s, op);
    s->before[op->order] = s->owner[op->order] != ONNX_NO_GROUP;
  }
  for (sf_op *op = s->network->last; op; op = op->prev) {
    if (!s->before[op->order] || leads_to_spikes(s, op)) continue;
    s->owner[op->order] = ONNX_NO_GROUP;
    s->before[op->order] = false;
  }
}

/* The group of all readers; ONNX_NO_GROUP: there are others. */
static uint32_t group_behind(const onnx_spiking *s, const sf_op *op) {
  uint32_t group = ONNX_NO_GROUP;
  SF_FOREACH_USE(use, op->results[0]) {
    uint32_t owner = use->op ? sf_onnx_owner(s, use->op) : ONNX_NO_GROUP;
    if (owner == ONNX_NO_GROUP || (group != ONNX_NO_GROUP && owner != group))
      return ONNX_NO_GROUP;
    group = owner;
  }
  return group;
}

/* Scales and shifts of what only the group reads. */
static void add_constants(onnx_spiking *s) {
  for (sf_op *op = s->network->last; op; op = op->prev) {
    if (s->owner[op->order] != ONNX_NO_GROUP || op->result_count != 1) continue;
    uint32_t group = group_behind(s, op);
    if (group == ONNX_NO_GROUP) continue;
    if (!sf_onnx_is_scalar_op(op, shape_of(s, group))) continue;
    uint32_t streams = 0;
    onnx_neuron_constant constant;
    for (uint32_t i = 0; i < op->operand_count; i++)
      streams += !sf_onnx_neuron_constant(op, i, shape_of(s, group), &constant);
    if (streams == 1) s->owner[op->order] = group;
  }
}

static bool any_spikes(const onnx_spiking *s) {
  SF_FOREACH_OP(op, s->network)
    if (sf_onnx_owner(s, op) != ONNX_NO_GROUP && makes_spikes(op)) return true;
  return false;
}

sf_result sf_onnx_group_states(onnx_spiking *s, bool *out_spikes) {
  for (uint32_t i = 0; i < s->state_count; i++)
    find_ways(s, i);
  join_neighbours(s);
  check_groups(s);
  add_thresholds(s);
  add_constants(s);
  check_groups(s); /* what joined may be too much for one function */
  *out_spikes = any_spikes(s);
  return SF_OK;
}
