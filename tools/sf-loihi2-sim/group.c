/* group.c - neuron groups of a core: program, parameters, state, accumulators.
 */
#include "tools/sf-loihi2-sim/core.h"

#include <string.h>

static const char *const param_names[SF_SIM_PARAM_COUNT] = {
    [SF_SIM_DU] = "du",
    [SF_SIM_DV] = "dv",
    [SF_SIM_VTH] = "vth",
    [SF_SIM_BIAS] = "bias",
    [SF_SIM_BIAS_EXP] = "biasExp",
    [SF_SIM_RESET_INTERVAL] = "resetInterval",
    [SF_SIM_RESET_FIRST] = "resetFirst",
    [SF_SIM_SPIKE_EXP] = "spikeExp",
    [SF_SIM_STATE_EXP] = "stateExp",
    [SF_SIM_COS] = "cosDecay",
    [SF_SIM_SIN] = "sinDecay",
    [SF_SIM_INITIAL] = "initial",
    [SF_SIM_COUNT_MIN] = "countMin",
    [SF_SIM_COUNT_MAX] = "countMax",
    [SF_SIM_DIVISOR] = "divisor",
    [SF_SIM_OFFSET] = "offset",
    [SF_SIM_GAIN] = "gain",
    [SF_SIM_RESET_MODE] = "resetMode",
    [SF_SIM_P0] = "p0",
    [SF_SIM_P0 + 1] = "p1",
    [SF_SIM_P0 + 2] = "p2",
    [SF_SIM_P0 + 3] = "p3",
    [SF_SIM_P0 + 4] = "p4",
    [SF_SIM_P0 + 5] = "p5",
    [SF_SIM_P0 + 6] = "p6",
    [SF_SIM_P0 + 7] = "p7",
};

/* Inclusive limits of loihi2.md 1.7; what is not listed is any 32-bit number.
 */
static const struct {
  int32_t low, high;
} param_limits[SF_SIM_PARAM_COUNT] = {
    [SF_SIM_DU] = {-1, 4095},
    [SF_SIM_DV] = {0, 4096},
    [SF_SIM_BIAS_EXP] = {0, 7},
    [SF_SIM_RESET_INTERVAL] = {1, INT32_MAX},
    [SF_SIM_RESET_FIRST] = {0, INT32_MAX},
    [SF_SIM_SPIKE_EXP] = {0, 15},
    [SF_SIM_STATE_EXP] = {0, 15},
    [SF_SIM_COS] = {-4096, 4096},
    [SF_SIM_SIN] = {-4096, 4096},
    [SF_SIM_DIVISOR] = {1, 8388607},
    [SF_SIM_GAIN] = {INT16_MIN, INT16_MAX},
    [SF_SIM_RESET_MODE] = {0, 1},
};

static sf_result check_param(const sf_sim_document *document,
                             const xmlNode *node, sf_sim_param_id id,
                             int32_t value) {
  int32_t low = param_limits[id].low, high = param_limits[id].high;
  if ((low == 0 && high == 0) || (value >= low && value <= high)) return SF_OK;
  return sf_sim_bad(document, node, "parameter '%s' must be %d .. %d, got %d",
                    param_names[id], low, high, value);
}

static sf_result read_each(const sf_sim_document *document, const xmlNode *node,
                           sf_sim_param_id id, sf_sim_group *group) {
  sf_sim_param *p = &group->params[id];
  p->present = true;
  SF_TRY(sf_sim_data(document, node, group->count, &p->each));
  for (uint32_t i = 0; i < group->count; i++)
    SF_TRY(check_param(document, node, id, p->each[i]));
  return SF_OK;
}

static sf_result read_shared(const sf_sim_document *document,
                             const xmlNode *profile, sf_sim_group *group) {
  for (int id = 0; id < SF_SIM_PARAM_COUNT; id++) {
    sf_sim_param *p = &group->params[id];
    if (!sf_sim_has(profile, param_names[id])) continue;
    p->present = true;
    if (id == SF_SIM_RESET_MODE) {
      const char *mode;
      SF_TRY(sf_sim_text(document, profile, "resetMode", &mode));
      p->value = strcmp(mode, "subtract") == 0;
      continue;
    }
    SF_TRY(sf_sim_integer(document, profile, param_names[id], &p->value));
    SF_TRY(check_param(document, profile, (sf_sim_param_id)id, p->value));
  }
  return SF_OK;
}

static sf_result read_params(const sf_sim_document *document,
                             const xmlNode *node, sf_sim_group *group) {
  SF_TRY(read_shared(document, sf_sim_child(node, "profile"), group));
  const xmlNode *bias = sf_sim_child(node, "bias");
  if (bias) SF_TRY(read_each(document, bias, SF_SIM_BIAS, group));
  group->params[SF_SIM_BIAS].present = true; /* none: zero */
  for (const xmlNode *p = sf_sim_child(node, "parameter"); p;
       p = sf_sim_next(p, "parameter")) {
    const char *name;
    SF_TRY(sf_sim_text(document, p, "name", &name));
    int id = 0;
    while (id < SF_SIM_PARAM_COUNT && strcmp(param_names[id], name) != 0)
      id++;
    if (id == SF_SIM_PARAM_COUNT)
      return sf_sim_bad(document, p, "no program has a parameter '%s'", name);
    SF_TRY(read_each(document, p, (sf_sim_param_id)id, group));
  }
  for (int id = 0; id < SF_SIM_PARAM_COUNT; id++)
    if ((group->program->needs >> id & 1) && !group->params[id].present)
      return sf_sim_bad(document, node, "program '%s' needs '%s'",
                        group->program->name, param_names[id]);
  return SF_OK;
}

/* Element of the layer for each neuron: the box in C order. */
static sf_result fill_elements(const sf_sim_document *document,
                               const sf_sim_layer *layer, sf_sim_group *group) {
  group->element = SF_NEW_ARRAY(document->arena, uint32_t, group->count);
  if (!group->element) return SF_OOM;
  uint32_t at[8];
  memcpy(at, group->begin, sizeof at);
  for (uint32_t n = 0; n < group->count; n++) {
    uint32_t flat = 0;
    for (uint32_t axis = 0; axis < layer->rank; axis++)
      flat = flat * layer->dim[axis] + at[axis];
    group->element[n] = flat;
    for (uint32_t axis = layer->rank; axis-- > 0;) {
      if (++at[axis] < group->end[axis]) break;
      at[axis] = group->begin[axis];
    }
  }
  return SF_OK;
}

static sf_result read_box(const sf_sim_document *document, const xmlNode *node,
                          const sf_sim_layer *layer, sf_sim_group *group) {
  SF_TRY(sf_sim_box(document, node, "box", &group->rank, group->begin,
                    group->end));
  uint64_t neurons = 1;
  bool inside = group->rank == layer->rank;
  for (uint32_t axis = 0; inside && axis < group->rank; axis++) {
    inside = group->end[axis] <= layer->dim[axis];
    neurons *= group->end[axis] - group->begin[axis];
  }
  if (!inside || neurons != group->count)
    return sf_sim_bad(document, node,
                      "the box is not %u neurons inside layer '%s'",
                      group->count, layer->name);
  return fill_elements(document, layer, group);
}

static sf_result read_group(const sf_sim_document *document,
                            const xmlNode *node, const sf_sim_board *board,
                            sf_sim_core *core, sf_sim_group *group) {
  const char *program;
  SF_TRY(
      sf_sim_number(document, node, "layer", SF_SIM_RANGE_MAX, &group->layer));
  SF_TRY(
      sf_sim_number(document, node, "base", SF_SIM_NEURONS_MAX, &group->base));
  SF_TRY(sf_sim_number(document, node, "count", SF_SIM_NEURONS_MAX,
                       &group->count));
  SF_TRY(
      sf_sim_number(document, node, "start", SF_SIM_RANGE_MAX, &group->start));
  SF_TRY(sf_sim_text(document, node, "program", &program));
  if (group->layer >= board->layer_count)
    return sf_sim_bad(document, node, "there is no layer %u", group->layer);
  if (group->base != core->neuron_count || !group->count)
    return sf_sim_bad(document, node, "group must start at neuron %u",
                      core->neuron_count);
  core->neuron_count += group->count;
  if (core->neuron_count > SF_SIM_NEURONS_MAX)
    return sf_sim_bad(document, node, "too many neurons");
  group->program = sf_sim_program_find(program);
  for (uint32_t i = 0; i < board->listing_count && !group->program; i++) {
    const sf_sim_listing *listing = &board->listings[i];
    if (strcmp(listing->program.name, program) != 0) continue;
    group->program = &listing->program;
    group->code = listing->code;
  }
  if (!group->program)
    return sf_sim_bad(document, node, "unknown program '%s'", program);
  SF_TRY(read_box(document, node, &board->layers[group->layer], group));
  SF_TRY(read_params(document, node, group));
  for (uint32_t s = 0; s < group->program->states; s++) {
    group->state[s] = SF_NEW_ARRAY(document->arena, int32_t, group->count);
    if (!group->state[s]) return SF_OOM;
  }
  return SF_OK;
}

static sf_result read_accumulator(const sf_sim_document *document,
                                  const xmlNode *node, sf_sim_core *core) {
  uint32_t group_id, port, slots, bits;
  SF_TRY(
      sf_sim_number(document, node, "group", core->group_count - 1, &group_id));
  sf_sim_group *group = &core->groups[group_id];
  SF_TRY(sf_sim_number(document, node, "port", SF_SIM_PORTS - 1, &port));
  SF_TRY(sf_sim_number(document, node, "slots", SF_SIM_SLOTS_MAX, &slots));
  SF_TRY(sf_sim_number(document, node, "bits", 32, &bits));
  sf_sim_ring *ring = &group->ring[port];
  if (port >= group->program->ports || slots < 2 || bits < 1 || ring->slots)
    return sf_sim_bad(document, node, "accumulator does not fit program '%s'",
                      group->program->name);
  ring->slots = slots;
  ring->bits = bits;
  ring->sums =
      SF_NEW_ARRAY(document->arena, uint32_t, (size_t)slots * group->count);
  if (!ring->sums) return SF_OOM;
  const xmlNode *offset = sf_sim_child(node, "offset");
  return offset ? sf_sim_data(document, offset, group->count, &ring->offset)
                : SF_OK;
}

sf_result sf_sim_read_groups(const sf_sim_document *document,
                             const xmlNode *node, const sf_sim_board *board,
                             sf_sim_core *core) {
  core->group_count = sf_sim_child_count(node, "neuronGroup");
  core->groups = SF_NEW_ARRAY(document->arena, sf_sim_group, core->group_count);
  if (!core->groups) return SF_OOM;
  uint32_t i = 0;
  for (const xmlNode *g = sf_sim_child(node, "neuronGroup"); g;
       g = sf_sim_next(g, "neuronGroup"))
    SF_TRY(read_group(document, g, board, core, &core->groups[i++]));
  for (const xmlNode *a = sf_sim_child(node, "accumulator"); a;
       a = sf_sim_next(a, "accumulator"))
    SF_TRY(read_accumulator(document, a, core));
  return SF_OK;
}
