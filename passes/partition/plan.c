/* plan.c - every population of a network on the cores of a machine. */
#include "passes/partition/plan.h"

#include <string.h>

sf_result sf_plan_add_violation(sf_plan *plan, const char *layer, sf_loc loc,
                                const sf_plan_need *need) {
  if (plan->violation_count == plan->violation_capacity) {
    uint32_t capacity =
        plan->violation_capacity ? 2 * plan->violation_capacity : 8;
    sf_plan_violation *rows =
        SF_NEW_ARRAY(plan->arena, sf_plan_violation, capacity);
    if (!rows) return SF_OOM;
    if (plan->violation_count)
      memcpy(rows, plan->violations, plan->violation_count * sizeof *rows);
    plan->violations = rows;
    plan->violation_capacity = capacity;
  }
  plan->violations[plan->violation_count++] =
      (sf_plan_violation){layer, *need, loc};
  return SF_OK;
}

/* ---- Use of one box. ---- */

/* Delay of the sources behind a hit: the longest of those that come later in
 * the list (sources are found after what they feed). */
static uint32_t source_delay(const sf_flow *flow) {
  uint32_t longest = 0;
  for (uint32_t i = 0; i < flow->count; i++) {
    const sf_flow_hit *hit = &flow->hits[i];
    if (sf_flow_is_source(hit->value) && hit->delay > longest)
      longest = hit->delay;
  }
  return longest;
}

static sf_result collect_sums(sf_plan *plan, const sf_op *neurons,
                              const sf_box *box, sf_plan_use *use) {
  SF_TRY(sf_flow_trace(&plan->flow, neurons, box));
  uint32_t delay = source_delay(&plan->flow);
  for (uint32_t i = 0; i < plan->flow.count; i++) {
    const sf_flow_hit *hit = &plan->flow.hits[i];
    bool projection = sf_flow_is_projection(hit->value->op);
    if (!projection && !(sf_flow_is_source(hit->value) && hit->direct))
      continue;
    if (use->sum_total++ >= SF_PLAN_SUMS_MAX) continue;
    sf_plan_sum *sum = &use->sums[use->sum_count++];
    *sum = (sf_plan_sum){.op = projection ? hit->value->op : NULL,
                         .value = hit->value,
                         .box = hit->box,
                         .source = hit->box,
                         .delay = delay};
    if (projection)
      sum->source = sf_flow_projection_source(hit->value->op, &hit->box);
  }
  return SF_OK;
}

sf_result sf_plan_use_of(sf_plan *plan, const sf_op *neurons, const sf_box *box,
                         sf_plan_use *out) {
  out->sum_count = out->need_count = out->sum_total = 0;
  plan->flow.arena = plan->arena;
  SF_TRY(collect_sums(plan, neurons, box, out));
  if (plan->machine->family == SF_FAMILY_LOIHI2)
    return sf_plan_use_loihi2(plan, neurons, box, out);
  return sf_plan_use_spinnaker2(plan, neurons, box, out);
}

bool sf_plan_use_fits(const sf_plan_use *use) {
  for (uint32_t i = 0; i < use->need_count; i++)
    if (use->needs[i].needed > use->needs[i].available) return false;
  return true;
}

/* ---- The whole network. ---- */

static uint64_t usable_cores(const sf_machine *machine) {
  uint64_t cores = 0;
  for (uint32_t i = 0; i < machine->chip_count; i++)
    if (!machine->chips[i].dead) cores += machine->cores_per_chip;
  return cores;
}

static sf_result list_populations(sf_plan *plan) {
  uint32_t count = 0;
  SF_FOREACH_OP(op, plan->network)
    count += sf_flow_is_on_chip(op);
  plan->populations =
      SF_NEW_ARRAY(plan->arena, sf_plan_population, count + (size_t)1);
  if (!plan->populations) return SF_OOM;
  SF_FOREACH_OP(op, plan->network) {
    if (!sf_flow_is_on_chip(op)) continue;
    plan->populations[plan->population_count++].op = op;
  }
  return SF_OK;
}

/* Room for one more core and `count` more parts. */
static sf_result reserve(sf_plan *plan, uint32_t count) {
  if (plan->core_count == plan->core_capacity) {
    uint32_t capacity = plan->core_capacity ? 2 * plan->core_capacity : 64;
    sf_plan_core *cores = SF_NEW_ARRAY(plan->arena, sf_plan_core, capacity);
    if (!cores) return SF_OOM;
    if (plan->core_count)
      memcpy(cores, plan->cores, plan->core_count * sizeof *cores);
    plan->cores = cores;
    plan->core_capacity = capacity;
  }
  if (count <= plan->part_capacity - plan->part_count) return SF_OK;
  uint32_t capacity = 2 * plan->part_capacity + 64 + count;
  sf_plan_part *parts = SF_NEW_ARRAY(plan->arena, sf_plan_part, capacity);
  if (!parts) return SF_OOM;
  if (plan->part_count)
    memcpy(parts, plan->parts, plan->part_count * sizeof *parts);
  plan->parts = parts;
  plan->part_capacity = capacity;
  return SF_OK;
}

sf_result sf_plan_add_core(sf_plan *plan, const sf_plan_part *parts,
                           uint32_t count) {
  SF_TRY(reserve(plan, count));
  plan->cores[plan->core_count++] = (sf_plan_core){plan->part_count, count};
  memcpy(plan->parts + plan->part_count, parts, count * sizeof *parts);
  plan->part_count += count;
  return SF_OK;
}

static sf_result check_cores(sf_plan *plan) {
  if (plan->core_count <= plan->cores_available) return SF_OK;
  sf_plan_need need = {
      "cores",
      "cores",
      plan->core_count,
      plan->cores_available,
      true,
      "choose a machine with more cores or make the network smaller"};
  return sf_plan_add_violation(plan, plan->network->name, plan->network->loc,
                               &need);
}

sf_result sf_plan_make(sf_plan *plan) {
  SF_TRY(list_populations(plan));
  plan->cores_available = usable_cores(plan->machine);
  if (plan->options.mapping)
    SF_TRY(sf_plan_read_mapping(plan, plan->options.mapping));
  if (plan->options.slices) SF_TRY(sf_plan_read_slices(plan));
  for (uint32_t i = 0; i < plan->population_count; i++)
    if (!plan->populations[i].given)
      SF_TRY(sf_plan_cut(plan, &plan->populations[i]));
  SF_TRY(sf_plan_assign(plan));
  return check_cores(plan);
}
