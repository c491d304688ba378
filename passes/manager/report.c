/* report.c - how long the passes of a pipeline took and what they
 * counted: tables for people, one JSON object for programs. */
#include "passes/manager/manager.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

static double total_seconds(const sf_pass_manager *m, const sf_step_run *runs) {
  double total = 0;
  for (size_t i = 0; i < m->pipeline->count; i++)
    total += runs[i].seconds;
  return total;
}

static bool has_stat(const sf_pass *pass, size_t index) {
  return pass->stats && pass->stats[index].name;
}

/* ---- For people. ------------------------------------------------------------
 */

static void print_times(const sf_pass_manager *m, const sf_step_run *runs) {
  FILE *out = m->options->out;
  double total = total_seconds(m, runs);
  fprintf(out, "   seconds  share  pass\n");
  for (size_t i = 0; i < m->pipeline->count; i++) {
    fprintf(out, "%10.6f  %4.1f%%  %s\n", runs[i].seconds,
            total > 0 ? 100 * runs[i].seconds / total : 0.0,
            runs[i].step->text);
  }
  fprintf(out, "%10.6f         all\n", total);
}

static void print_stats(FILE *out, const sf_step_run *run) {
  const sf_pass *pass = run->step->pass;
  for (size_t i = 0; has_stat(pass, i); i++) {
    fprintf(out, "%10" PRIu64 "  %s: %s\n", run->stats[i], pass->name,
            pass->stats[i].doc);
  }
}

/* ---- For programs. ----------------------------------------------------------
 */

static json_t *stats_json(const sf_step_run *run) {
  const sf_pass *pass = run->step->pass;
  json_t *rows = json_array();
  for (size_t i = 0; has_stat(pass, i); i++) {
    json_array_append_new(rows, json_pack("{s:s, s:s, s:I}", "name",
                                          pass->stats[i].name, "doc",
                                          pass->stats[i].doc, "value",
                                          (json_int_t)run->stats[i]));
  }
  return rows;
}

static json_t *step_json(const sf_pipeline_options *o, const sf_step_run *run) {
  json_t *row = json_pack("{s:s, s:s}", "pass", run->step->pass->name, "text",
                          run->step->text);
  if (o->time_passes)
    json_object_set_new(row, "seconds", json_real(run->seconds));
  if (o->stats) json_object_set_new(row, "stats", stats_json(run));
  return row;
}

static sf_result print_json(const sf_pass_manager *m, const sf_step_run *runs) {
  json_t *rows = json_array();
  for (size_t i = 0; i < m->pipeline->count; i++)
    json_array_append_new(rows, step_json(m->options, &runs[i]));
  json_t *report = json_pack("{s:o}", "passes", rows);
  if (m->options->time_passes)
    json_object_set_new(report, "seconds", json_real(total_seconds(m, runs)));
  char *text = report ? json_dumps(report, JSON_COMPACT) : NULL;
  json_decref(report);
  if (!text) return SF_OOM;
  fprintf(m->options->out, "%s\n", text);
  free(text);
  return SF_OK;
}

sf_result sf_pass_print_reports(const sf_pass_manager *manager,
                                const sf_step_run *runs) {
  const sf_pipeline_options *o = manager->options;
  if (o->json && (o->time_passes || o->stats)) return print_json(manager, runs);
  if (o->time_passes) print_times(manager, runs);
  for (size_t i = 0; o->stats && i < manager->pipeline->count; i++)
    print_stats(o->out, &runs[i]);
  return SF_OK;
}
