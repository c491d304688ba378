/* report.c - a plan as rows. */
#include "passes/mapping/report.h"

#include "passes/partition/plan.h"

#include <string.h>

static sf_result copy_rows(const sf_plan *plan, sf_check_report *out) {
  uint32_t count = plan->violation_count;
  sf_check_row *rows =
      SF_NEW_ARRAY(out->arena, sf_check_row, count + (size_t)1);
  if (!rows) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    const sf_plan_violation *v = &plan->violations[i];
    rows[i] = (sf_check_row){.layer = v->layer,
                             .resource = v->need.resource,
                             .unit = v->need.unit,
                             .needed = v->need.needed,
                             .available = v->need.available,
                             .over = v->need.needed - v->need.available,
                             .fix = v->need.fix,
                             .loc = v->loc};
  }
  out->rows = rows;
  out->row_count = count;
  return SF_OK;
}

static bool fills(const sf_plan_need *need) {
  return need->pooled &&
         (strcmp(need->unit, "words") == 0 || strcmp(need->unit, "bytes") == 0);
}

/* What a core holds: the limits are the same for all boxes. */
static uint64_t memory_of_core(const sf_plan_use *use) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < use->need_count; i++)
    if (fills(&use->needs[i])) sum += use->needs[i].available;
  return sum;
}

/* The largest part of any resource that any core of the layer uses. */
static sf_result measure_layer(sf_plan *plan, const sf_plan_population *p,
                               sf_check_layer *layer, sf_check_report *out) {
  for (uint32_t k = 0; k < p->box_count; k++) {
    sf_plan_use use;
    SF_TRY(sf_plan_use_of(plan, p->op, &p->boxes[k], &use));
    out->memory_available = plan->core_count * memory_of_core(&use);
    for (uint32_t i = 0; i < use.need_count; i++) {
      const sf_plan_need *need = &use.needs[i];
      /* Widths and delays fit or do not; they do not fill up. */
      if (!fills(need) || need->available == 0) continue;
      out->memory += need->needed;
      double percent = 100.0 * (double)need->needed / (double)need->available;
      if (percent <= layer->percent) continue;
      layer->percent = percent;
      layer->tightest = need->resource;
    }
  }
  return SF_OK;
}

/* Of what does not fit, the resource that a neuron exceeds most. */
static void blame_layer(const sf_plan *plan, sf_check_layer *layer) {
  for (uint32_t i = 0; i < plan->violation_count; i++) {
    const sf_plan_violation *v = &plan->violations[i];
    if (strcmp(v->layer, layer->name) != 0 || v->need.available == 0) continue;
    double percent = 100.0 * (double)v->need.needed / (double)v->need.available;
    if (percent <= layer->percent) continue;
    layer->percent = percent;
    layer->tightest = v->need.resource;
  }
}

static sf_result copy_layers(sf_plan *plan, sf_check_report *out) {
  uint32_t count = plan->population_count;
  sf_check_layer *layers =
      SF_NEW_ARRAY(out->arena, sf_check_layer, count + (size_t)1);
  if (!layers) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    const sf_plan_population *p = &plan->populations[i];
    layers[i].name = p->op->results[0]->name;
    layers[i].neurons = sf_type_elements(&p->op->results[0]->type);
    layers[i].cores = p->box_count;
    layers[i].tightest = "";
    SF_TRY(measure_layer(plan, p, &layers[i], out));
    if (p->box_count == 0) blame_layer(plan, &layers[i]);
  }
  out->layers = layers;
  out->layer_count = count;
  return SF_OK;
}

sf_result sf_mapping_check(const sf_network *network, const sf_machine *machine,
                           sf_diag *diag, sf_check_report *out) {
  *out = (sf_check_report){.arena = sf_arena_create()};
  if (!out->arena) return SF_OOM;
  sf_plan plan = {.arena = out->arena,
                  .network = network,
                  .machine = machine,
                  .diag = diag};
  const sf_mapping *mapping = sf_module_find_mapping(network->module, network);
  if (mapping && strcmp(mapping->machine, machine->name) == 0)
    plan.options.mapping = mapping;
  SF_TRY(sf_plan_make(&plan));
  out->cores = plan.core_count;
  out->cores_available = plan.cores_available;
  SF_TRY(copy_rows(&plan, out));
  return copy_layers(&plan, out);
}

void sf_check_report_destroy(sf_check_report *report) {
  sf_arena_destroy(report->arena);
  *report = (sf_check_report){0};
}
