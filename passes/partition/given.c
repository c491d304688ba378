/* given.c - the plan that a mapping block states, to report on it. */
#include "passes/mapping/rows.h"
#include "passes/partition/plan.h"

/* Population that a host row names; population_count: synapses. */
static uint32_t hosted(const sf_plan *plan, const sf_mop *host) {
  const sf_op *op = sf_mapping_hosted(plan->network, host);
  uint32_t p = 0;
  while (p < plan->population_count && plan->populations[p].op != op)
    p++;
  return p;
}

static sf_result read_core(sf_plan *plan, const sf_mop *core) {
  uint32_t count = 0;
  for (const sf_mop *m = core->first_child; m; m = m->next)
    count++;
  sf_plan_part *parts =
      SF_NEW_ARRAY(plan->arena, sf_plan_part, count + (size_t)1);
  if (!parts) return SF_OOM;
  count = 0;
  for (const sf_mop *m = core->first_child; m; m = m->next) {
    uint32_t at = hosted(plan, m);
    const sf_mop_argument *box = sf_mop_find(m, SF_MOP_BOX);
    if (at == plan->population_count) continue;
    sf_plan_population *p = &plan->populations[at];
    if (p->boxes)
      p->boxes[p->box_count] =
          box ? box->box : sf_box_whole(&p->op->results[0]->type);
    parts[count++] = (sf_plan_part){at, p->box_count++};
  }
  return sf_plan_add_core(plan, parts, count);
}

static sf_result read_cores(sf_plan *plan, const sf_mapping *mapping) {
  for (const sf_mop *m = mapping->first; m; m = m->next)
    if (sf_mapping_is_row(m, "core")) SF_TRY(read_core(plan, m));
  return SF_OK;
}

sf_result sf_plan_read_mapping(sf_plan *plan, const sf_mapping *mapping) {
  SF_TRY(read_cores(plan, mapping)); /* counts the boxes */
  for (uint32_t i = 0; i < plan->population_count; i++) {
    sf_plan_population *p = &plan->populations[i];
    p->boxes = SF_NEW_ARRAY(plan->arena, sf_box, p->box_count + (size_t)1);
    if (!p->boxes) return SF_OOM;
    p->given = p->fits = true;
    p->box_count = 0;
  }
  plan->core_count = plan->part_count = 0;
  return read_cores(plan, mapping);
}
