/* cost.c - what the mapping says, handed to the cost model of machine/. */
#include "tools/sfc/cost.h"

#include "passes/mapping/report.h"

sf_result sfc_cost_of(const sfc_model *model, const sf_counts *counts,
                      sf_diag *diag, sfc_cost *out) {
  *out = (sfc_cost){0};
  const sf_mapping *mapping =
      sf_module_find_mapping(model->import.module, model->network);
  if (!mapping || !model->machine) return SF_OK;
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_cost_layout layout;
  sf_result result =
      sf_mapping_layout(mapping, model->machine, arena, diag, &layout);
  if (result == SF_OK) {
    out->known = true;
    out->cores = layout.cores;
    out->cost = sf_cost_estimate(model->machine, &layout, counts);
  }
  sf_arena_destroy(arena);
  return result;
}

static void print_terms(const char *what, double sum, const char *unit,
                        double scale, const sf_cost_term *terms,
                        uint32_t count) {
  printf("%s: %.4g %s a sample\n", what, sum * scale, unit);
  for (uint32_t i = 0; i < count; i++) {
    printf("  %-16s %10.4g %s  %s\n", terms[i].name, terms[i].value * scale,
           unit, terms[i].basis);
  }
}

void sfc_cost_print(const sfc_cost *cost) {
  if (!cost->known) return;
  const sf_cost *c = &cost->cost;
  print_terms("energy", c->energy, "uJ", 1e6, c->energy_terms, c->energy_count);
  print_terms("latency", c->latency, "us", 1e6, c->latency_terms,
              c->latency_count);
  printf("  %.4g us a step; %s: no input or output through a host\n",
         c->step * 1e6, c->basis);
}

static json_t *terms_json(const sf_cost_term *terms, uint32_t count) {
  json_t *rows = json_array();
  for (uint32_t i = 0; i < count; i++) {
    json_array_append_new(rows,
                          json_pack("{s:s,s:f,s:s,s:s}", "name", terms[i].name,
                                    "value", terms[i].value, "basis",
                                    terms[i].basis, "source", terms[i].source));
  }
  return rows;
}

json_t *sfc_cost_json(const sfc_cost *cost) {
  if (!cost->known) return json_null();
  const sf_cost *c = &cost->cost;
  return json_pack(
      "{s:f,s:f,s:f,s:s,s:o,s:o}", "energy_j", c->energy, "latency_s",
      c->latency, "step_s", c->step, "basis", c->basis, "energy_terms",
      terms_json(c->energy_terms, c->energy_count), "latency_terms",
      terms_json(c->latency_terms, c->latency_count));
}
