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

/* The largest part of any resource that any core of the layer uses. */
static sf_result measure_layer(sf_plan *plan, const sf_plan_population *p,
                               sf_check_layer *layer) {
  for (uint32_t k = 0; k < p->box_count; k++) {
    sf_plan_use use;
    SF_TRY(sf_plan_use_of(plan, p->op, &p->boxes[k], &use));
    for (uint32_t i = 0; i < use.need_count; i++) {
      const sf_plan_need *need = &use.needs[i];
      /* Widths and delays fit or do not; they do not fill up. */
      bool fills = need->pooled && (strcmp(need->unit, "words") == 0 ||
                                    strcmp(need->unit, "bytes") == 0);
      if (!fills || need->available == 0) continue;
      double percent = 100.0 * (double)need->needed / (double)need->available;
      if (percent <= layer->percent) continue;
      layer->percent = percent;
      layer->tightest = need->resource;
    }
  }
  return SF_OK;
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
    SF_TRY(measure_layer(plan, p, &layers[i]));
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
