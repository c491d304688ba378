/* report.c - tables for people, the same figures as JSON for programs. */
#include "tools/sfc/report.h"

#include <string.h>

static double per(uint64_t amount, uint64_t samples) {
  return samples ? (double)amount / (double)samples : 0.0;
}

static void print_populations(const sf_counts *counts) {
  size_t width = 10;
  for (uint32_t i = 0; i < counts->population_count; i++) {
    size_t length = strlen(counts->populations[i].name) + 1;
    if (length > width) width = length;
  }
  printf("%-*s %9s %14s %12s %12s %12s\n", (int)width, "population", "neurons",
         "events in", "spikes out", "updates", "hops");
  for (uint32_t i = 0; i < counts->population_count; i++) {
    const sf_population_counts *p = &counts->populations[i];
    printf("%%%-*s %9llu %14.1f %12.1f %12.1f %12.1f\n", (int)width - 1,
           p->name, (unsigned long long)p->neurons,
           per(p->events_in, counts->samples),
           per(p->spikes_out, counts->samples),
           per(p->updates, counts->samples), per(p->hops, counts->samples));
  }
}

void sfc_print_counts(const sf_counts *counts) {
  if (counts->population_count > 0) print_populations(counts);
  printf("per sample, over %llu samples, %.1f steps each\n",
         (unsigned long long)counts->samples,
         per(counts->steps, counts->samples));
}

json_t *sfc_counts_json(const sf_counts *counts) {
  json_t *rows = json_array();
  for (uint32_t i = 0; i < counts->population_count; i++) {
    const sf_population_counts *p = &counts->populations[i];
    json_array_append_new(
        rows,
        json_pack("{s:s,s:I,s:I,s:I,s:I,s:I}", "name", p->name, "neurons",
                  (json_int_t)p->neurons, "events_in", (json_int_t)p->events_in,
                  "spikes_out", (json_int_t)p->spikes_out, "updates",
                  (json_int_t)p->updates, "hops", (json_int_t)p->hops));
  }
  return json_pack("{s:I,s:I,s:o}", "samples", (json_int_t)counts->samples,
                   "steps", (json_int_t)counts->steps, "populations", rows);
}

void sfc_print_accuracy(const uint64_t *correct, uint32_t steps,
                        uint64_t samples) {
  if (steps == 0 || samples == 0) return;
  uint64_t last = correct[steps - 1];
  printf("accuracy: %llu of %llu (%.2f %%) after %u step%s\n",
         (unsigned long long)last, (unsigned long long)samples,
         100.0 * per(last, samples), steps, steps > 1 ? "s" : "");
  if (steps == 1) return;
  printf("after steps:");
  for (uint32_t t = 0; t < steps; t++) {
    printf("%s %u: %.2f %%", t ? "," : "", t + 1,
           100.0 * per(correct[t], samples));
  }
  putchar('\n');
}

json_t *sfc_accuracy_json(const uint64_t *correct, uint32_t steps,
                          uint64_t samples) {
  json_t *by_step = json_array();
  for (uint32_t t = 0; t < steps; t++)
    json_array_append_new(by_step, json_integer((json_int_t)correct[t]));
  return json_pack("{s:I,s:I,s:o}", "correct",
                   (json_int_t)(steps ? correct[steps - 1] : 0), "samples",
                   (json_int_t)samples, "correct_after_step", by_step);
}

void sfc_print_json(json_t *object) {
  char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
  if (text) puts(text);
  free(text);
  json_decref(object);
}
