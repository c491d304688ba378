/* run_sim.c - runs what was emitted on sf-loihi2-sim, a program of its own that
 * knows nothing of the IR: inputs go as .npy, series and counts come back. */
#include "support/array.h"
#include "support/process.h"
#include "targets/loihi2/plan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char simulator[] = "sf-loihi2-sim";

/* What stands at the boundary: the same names as the configuration has. */
typedef struct boundary {
  const sf_run_job *job;
  char *folder; /* temporary */
  sf_arena *arena;
  json_t *config; /* counts.json */
} boundary;

/* [samples, steps, elements] of the golden traces: int8 for spikes, else int32.
 */
static sf_result write_values(const boundary *b, const sf_value *value,
                              const char *path) {
  const sf_run_job *job = b->job;
  bool spike = value->type.scalar.kind == SF_SCALAR_SPIKE;
  size_t elements = sf_type_elements(&value->type), width = spike ? 1 : 4;
  size_t row = elements * job->steps;
  char *data = calloc((size_t)job->samples * row + 1, width);
  if (!data) return SF_OOM;
  for (uint32_t s = 0; s < job->samples; s++) {
    const sf_series *series = sf_trace_find(job->golden[s], value->name);
    size_t count = series ? series->steps * elements : 0;
    if (count > row) count = row;
    for (size_t i = 0; i < count; i++)
      if (spike)
        data[s * row + i] = (char)series->data[i].i;
      else
        memcpy(data + 4 * (s * row + i), &series->data[i].i, 4);
  }
  uint64_t dim[3] = {job->samples, job->steps, elements};
  sf_result result = sf_array_write(path, spike ? SF_ARRAY_I8 : SF_ARRAY_I32, 3,
                                    dim, data, job->diag);
  free(data);
  return result;
}

typedef struct command {
  const char **words;
  uint32_t count;
} command;

static sf_result add_input(const boundary *b, const sf_value *value,
                           command *line) {
  char *path = sf_arena_printf(b->arena, "%s/in-%u.npy", b->folder,
                               (unsigned)line->count);
  const char *name = sf_l2_xml_name(b->arena, value->name);
  if (!path || !name) return SF_OOM;
  SF_TRY(write_values(b, value, path));
  line->words[line->count++] = "--input";
  line->words[line->count] = sf_arena_printf(b->arena, "%s=%s", name, path);
  return line->words[line->count++] ? SF_OK : SF_OOM;
}

static sf_result build_command(const boundary *b, const sf_l2_plan *plan,
                               const char *program, command *line) {
  const sf_run_job *job = b->job;
  line->words =
      SF_NEW_ARRAY(b->arena, const char *, 2 * (size_t)plan->input_count + 16);
  if (!line->words) return SF_OOM;
  line->words[line->count++] = program;
  line->words[line->count++] = job->directory;
  for (uint32_t i = 0; i < plan->input_count; i++)
    SF_TRY(add_input(b, plan->inputs[i].value, line));
  line->words[line->count++] = "--steps";
  line->words[line->count] = sf_arena_printf(b->arena, "%u", job->steps);
  if (!line->words[line->count++]) return SF_OOM;
  line->words[line->count++] = "--samples";
  line->words[line->count] = sf_arena_printf(b->arena, "%u", job->samples);
  if (!line->words[line->count++]) return SF_OOM;
  line->words[line->count++] = "--output";
  line->words[line->count++] = b->folder;
  return SF_OK;
}

static sf_result report_failure(const sf_process_result *run, sf_diag *diag) {
  sf_diag_id id = run->exit_code == SF_CLASS_SYSTEM || run->exit_code < 0
                      ? SF_DIAG_HELPER
                      : SF_DIAG_ARTEFACT;
  sf_error(diag, id, SF_NO_LOC, "%s failed with exit code %d", simulator,
           run->exit_code);
  size_t length = run->errors ? strcspn(run->errors, "\n") : 0;
  if (length)
    sf_note(diag, SF_NO_LOC, "it says: %.*s",
            (int)(length > 2000 ? 2000 : length), run->errors);
  return SF_FAIL;
}

static sf_result simulate(const boundary *b, const sf_l2_plan *plan) {
  sf_diag *diag = b->job->diag;
  char *program = sf_program_find(simulator);
  if (!program) {
    sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC,
             "the program %s is missing: it stands beside sfc or in PATH",
             simulator);
    return SF_FAIL;
  }
  command line = {0};
  sf_result result = build_command(b, plan, program, &line);
  sf_process_result run = {0};
  if (result == SF_OK) {
    sf_process_options options = {.arguments = line.words,
                                  .output_limit = 1 << 24};
    result = sf_process_run(&options, diag, &run);
    if (result == SF_OK && run.exit_code != 0)
      result = report_failure(&run, diag);
    sf_process_result_destroy(&run);
  }
  free(program);
  return result;
}

static sf_result damaged(const boundary *b, const char *what) {
  return sf_error(b->job->diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                  "%s gave no sound %s for this network", simulator, what);
}

static sf_result read_counts(boundary *b, const sf_l2_plan *plan,
                             sf_run_result *out) {
  char *path = sf_path_join(b->folder, "counts.json");
  if (!path) return SF_OOM;
  b->config = json_load_file(path, 0, NULL);
  free(path);
  const json_t *rows = json_object_get(b->config, "populations");
  if (json_array_size(rows) != plan->layer_count) return damaged(b, "counts");
  out->counts.populations =
      SF_NEW_ARRAY(out->arena, sf_population_counts, plan->layer_count + 1);
  if (!out->counts.populations) return SF_OOM;
  out->counts.population_count = plan->layer_count;
  out->counts.samples = b->job->samples;
  out->counts.steps = (uint64_t)b->job->samples * b->job->steps;
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    const json_t *row = json_array_get(rows, l);
    out->counts.populations[l] = (sf_population_counts){
        .name = plan->layers[l].value->name,
        .neurons = plan->layers[l].elements,
        .events_in =
            (uint64_t)json_integer_value(json_object_get(row, "events_in")),
        .spikes_out =
            (uint64_t)json_integer_value(json_object_get(row, "spikes_out")),
        .updates =
            (uint64_t)json_integer_value(json_object_get(row, "updates")),
        .hops = (uint64_t)json_integer_value(json_object_get(row, "hops"))};
  }
  return SF_OK;
}

static sf_result take_layer(const boundary *b, const sf_l2_layer *layer,
                            const sf_array *array, uint32_t index,
                            sf_run_result *out) {
  size_t words = (size_t)b->job->steps * layer->elements;
  for (uint32_t s = 0; s < b->job->samples; s++) {
    sf_series *series = &out->traces[s]->series[index];
    *series = (sf_series){.name = layer->value->name,
                          .type = layer->value->type,
                          .steps = b->job->steps,
                          .data = calloc(words + 1, sizeof(sf_word))};
    if (!series->data) return SF_OOM;
    out->traces[s]->series_count = index + 1;
    for (size_t i = 0; i < words; i++)
      series->data[i].i = (int32_t)sf_array_i64(array, s * words + i);
  }
  return SF_OK;
}

static sf_result read_layer(const boundary *b, const sf_l2_layer *layer,
                            uint32_t index, sf_run_result *out) {
  char name[40];
  snprintf(name, sizeof name, "layer-%u.npy", (unsigned)index);
  char *path = sf_path_join(b->folder, name);
  if (!path) return SF_OOM;
  sf_array array = {0};
  sf_result result = sf_array_read(path, b->job->diag, &array);
  free(path);
  SF_TRY(result);
  uint64_t expected =
      (uint64_t)b->job->samples * b->job->steps * layer->elements;
  result = array.elements == expected && array.type < SF_ARRAY_F16
               ? take_layer(b, layer, &array, index, out)
               : damaged(b, "series");
  sf_array_destroy(&array);
  return result;
}

static sf_result create_traces(const boundary *b, const sf_l2_plan *plan,
                               sf_run_result *out) {
  out->samples = b->job->samples;
  out->arena = sf_arena_create();
  out->traces = calloc((size_t)out->samples + 1, sizeof *out->traces);
  if (!out->arena || !out->traces) return SF_OOM;
  for (uint32_t s = 0; s < out->samples; s++) {
    out->traces[s] = calloc(1, sizeof **out->traces);
    if (!out->traces[s]) return SF_OOM;
    out->traces[s]->series =
        calloc((size_t)plan->layer_count + 1, sizeof(sf_series));
    if (!out->traces[s]->series) return SF_OOM;
  }
  return SF_OK;
}

static sf_result run_plan(boundary *b, const sf_l2_plan *plan,
                          sf_run_result *out) {
  SF_TRY(simulate(b, plan));
  SF_TRY(create_traces(b, plan, out));
  SF_TRY(read_counts(b, plan, out));
  for (uint32_t l = 0; l < plan->layer_count; l++)
    SF_TRY(read_layer(b, &plan->layers[l], l, out));
  return SF_OK;
}

sf_result sf_l2_run(const sf_run_job *job, sf_run_result *out) {
  *out = (sf_run_result){0};
  sf_emit_job names = {.size = sizeof names,
                       .network = job->network,
                       .machine = job->machine,
                       .diag = job->diag};
  sf_l2_plan plan;
  SF_TRY(sf_l2_plan_create(&names, &plan));
  boundary b = {.job = job, .arena = plan.arena};
  sf_result result = sf_temporary_folder(job->diag, &b.folder);
  if (result == SF_OK) {
    result = run_plan(&b, &plan, out);
    sf_remove_tree(b.folder);
  }
  json_decref(b.config);
  free(b.folder);
  sf_l2_plan_destroy(&plan);
  if (result != SF_OK) sf_run_result_destroy(out);
  return result;
}
