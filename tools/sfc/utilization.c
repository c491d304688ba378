/* utilization.c - the mapping report as a table, or as JSON. */
#include "tools/sfc/utilization.h"

#include <string.h>

static double percent(uint64_t part, uint64_t whole) {
  return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

void sfc_violations_print(const sf_check_report *report) {
  if (report->row_count == 0) return;
  printf("  %-24s %-20s %12s %12s %12s  %s\n", "too large", "resource",
         "needed", "available", "over", "what would fix it");
  for (uint32_t i = 0; i < report->row_count; i++) {
    const sf_check_row *r = &report->rows[i];
    bool machine = strcmp(r->resource, "cores") == 0;
    printf("  %c%-23s %-20s %12llu %12llu %12llu %s: %s\n", machine ? '@' : '%',
           r->layer, r->resource, (unsigned long long)r->needed,
           (unsigned long long)r->available, (unsigned long long)r->over,
           r->unit, r->fix);
  }
}

void sfc_utilization_print(const sf_check_report *report,
                           const sf_machine *machine) {
  if (report->layer_count == 0) return;
  printf("  %-24s %9s %6s  %s\n", "layer", "neurons", "cores",
         "tightest resource of its fullest core");
  for (uint32_t i = 0; i < report->layer_count; i++) {
    const sf_check_layer *l = &report->layers[i];
    printf("  %%%-23s %9llu ", l->name, (unsigned long long)l->neurons);
    if (l->cores)
      printf("%6u", l->cores);
    else
      printf("%6s", "none");
    printf("  %s %.1f %%%s\n", l->tightest, l->percent,
           l->cores ? "" : " for a single neuron");
  }
  printf("  %llu of %llu cores of %s (%.1f %%)\n",
         (unsigned long long)report->cores,
         (unsigned long long)report->cores_available, machine->name,
         percent(report->cores, report->cores_available));
  printf("  %.1f %% of the memory of these cores\n",
         percent(report->memory, report->memory_available));
}

json_t *sfc_violations_json(const sf_check_report *report) {
  json_t *rows = json_array();
  for (uint32_t i = 0; i < report->row_count; i++) {
    const sf_check_row *r = &report->rows[i];
    json_array_append_new(
        rows,
        json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:s}", "layer", r->layer,
                  "resource", r->resource, "unit", r->unit, "needed",
                  (json_int_t)r->needed, "available", (json_int_t)r->available,
                  "over", (json_int_t)r->over, "fix", r->fix));
  }
  return rows;
}

json_t *sfc_utilization_json(const sf_check_report *report) {
  json_t *layers = json_array();
  for (uint32_t i = 0; i < report->layer_count; i++) {
    const sf_check_layer *l = &report->layers[i];
    json_array_append_new(
        layers, json_pack("{s:s,s:I,s:I,s:s?,s:f}", "name", l->name, "neurons",
                          (json_int_t)l->neurons, "cores", (json_int_t)l->cores,
                          "tightest", l->tightest, "percent", l->percent));
  }
  return json_pack("{s:I,s:I,s:I,s:I,s:o}", "cores", (json_int_t)report->cores,
                   "cores_available", (json_int_t)report->cores_available,
                   "memory", (json_int_t)report->memory, "memory_available",
                   (json_int_t)report->memory_available, "layers", layers);
}
