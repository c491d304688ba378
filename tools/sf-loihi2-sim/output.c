/* output.c - see output.h. Files of layers are numbered, because names of
 * values may hold any byte; counts.json says which is which. */
#include "tools/sf-loihi2-sim/output.h"

#include "support/file.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_NAME_MAX = 48 };
static const char COUNTS[] = "counts.json";

static void file_name(uint32_t layer, char out[FILE_NAME_MAX]) {
  snprintf(out, FILE_NAME_MAX, "layer-%" PRIu32 ".npy", layer);
}

static void state_name(uint32_t layer, uint32_t state,
                       char out[FILE_NAME_MAX]) {
  snprintf(out, FILE_NAME_MAX, "layer-%" PRIu32 ".state-%" PRIu32 ".npy", layer,
           state);
}

static json_t *layer_json(const sf_sim_board *board, const sf_sim_run *run,
                          uint32_t l) {
  char file[FILE_NAME_MAX];
  file_name(l, file);
  const sf_sim_layer *layer = &board->layers[l];
  const sf_sim_counts *counts = &run->counts[l];
  return json_pack(
      "{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "name", layer->name, "file",
      file, "output", (int)layer->output, "neurons",
      (json_int_t)layer->elements, "events_in", (json_int_t)counts->events_in,
      "spikes_out", (json_int_t)counts->spikes_out, "updates",
      (json_int_t)counts->updates, "hops", (json_int_t)counts->hops);
}

char *sf_sim_counts_json(const sf_sim_board *board, const sf_sim_run *run) {
  json_t *layers = json_array();
  for (uint32_t l = 0; l < board->layer_count; l++)
    json_array_append_new(layers, layer_json(board, run, l));
  uint64_t steps = (uint64_t)run->samples * run->steps;
  json_t *root =
      json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "network", board->network,
                "lag", (json_int_t)board->lag, "samples",
                (json_int_t)run->samples, "steps", (json_int_t)steps, "cores",
                (json_int_t)board->core_count, "populations", layers);
  char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
  json_decref(root);
  return text;
}

static sf_result write_rows(const sf_sim_board *board, const sf_sim_run *run,
                            uint32_t l, sf_array_type type, const void *data,
                            const char *path, sf_diag *diag) {
  const sf_sim_layer *layer = &board->layers[l];
  uint64_t dim[2 + 8] = {run->samples, run->steps};
  for (uint32_t i = 0; i < layer->rank; i++)
    dim[2 + i] = layer->dim[i];
  return sf_array_write(path, type, 2 + layer->rank, dim, data, diag);
}

static sf_result write_series(const sf_sim_board *board, const sf_sim_run *run,
                              uint32_t l, const char *directory,
                              sf_diag *diag) {
  char file[FILE_NAME_MAX];
  file_name(l, file);
  char *path = sf_path_join(directory, file);
  if (!path) return SF_OOM;
  sf_result result = write_rows(board, run, l, run->series[l].type,
                                run->series[l].data, path, diag);
  free(path);
  return result;
}

static sf_result write_states(const sf_sim_board *board, const sf_sim_run *run,
                              uint32_t l, const char *directory,
                              sf_diag *diag) {
  const sf_sim_states *states = &run->states[l];
  for (uint32_t s = 0; s < states->count; s++) {
    char file[FILE_NAME_MAX];
    state_name(l, s, file);
    char *path = sf_path_join(directory, file);
    if (!path) return SF_OOM;
    sf_result result =
        write_rows(board, run, l, SF_ARRAY_I32, states->data[s], path, diag);
    free(path);
    SF_TRY(result);
  }
  return SF_OK;
}

static sf_result write_counts(const sf_sim_board *board, const sf_sim_run *run,
                              const char *directory, sf_diag *diag) {
  char *text = sf_sim_counts_json(board, run);
  char *path = sf_path_join(directory, COUNTS);
  sf_result result = SF_OOM;
  if (text && path) result = sf_file_write(path, text, strlen(text), diag);
  free(path);
  free(text);
  return result;
}

static void remove_file(const char *directory, const char *file) {
  char *path = sf_path_join(directory, file);
  if (path) unlink(path);
  free(path);
}

/* What was written of the first `count` layers. */
static void remove_layers(const sf_sim_run *run, const char *directory,
                          uint32_t count) {
  char file[FILE_NAME_MAX];
  for (uint32_t l = 0; l < count; l++) {
    file_name(l, file);
    remove_file(directory, file);
    for (uint32_t s = 0; run->states && s < run->states[l].count; s++) {
      state_name(l, s, file);
      remove_file(directory, file);
    }
  }
}

sf_result sf_sim_write(const sf_sim_board *board, const sf_sim_run *run,
                       const char *directory, sf_diag *diag) {
  bool made = !sf_path_is_directory(directory);
  if (made) SF_TRY(sf_make_directory(directory, diag));
  remove_file(directory, COUNTS); /* of a run before: not of these layers */
  sf_result result = SF_OK;
  uint32_t l = 0;
  for (; l < board->layer_count && result == SF_OK; l++) {
    result = write_series(board, run, l, directory, diag);
    if (result == SF_OK && run->states)
      result = write_states(board, run, l, directory, diag);
  }
  if (result == SF_OK) result = write_counts(board, run, directory, diag);
  if (result == SF_OK) return SF_OK;
  remove_layers(run, directory, l);
  if (made) rmdir(directory);
  return result;
}

void sf_sim_print(const sf_sim_board *board, const sf_sim_run *run, FILE *out) {
  fprintf(out,
          "network %s: %" PRIu32 " cores, %" PRIu32 " samples of %" PRIu32
          " steps, lag %" PRIu32 "\n",
          board->network, board->core_count, run->samples, run->steps,
          board->lag);
  fprintf(out, "%-20s %10s %14s %12s %14s %12s\n", "population", "neurons",
          "events in", "spikes out", "updates", "hops");
  for (uint32_t l = 0; l < board->layer_count; l++) {
    const sf_sim_counts *c = &run->counts[l];
    fprintf(out,
            "%-20s %10" PRIu32 " %14" PRIu64 " %12" PRIu64 " %14" PRIu64
            " %12" PRIu64 "\n",
            board->layers[l].name, board->layers[l].elements, c->events_in,
            c->spikes_out, c->updates, c->hops);
  }
}

sf_result sf_sim_print_sound(const sf_sim_board *board, bool json, FILE *out) {
  if (!json) {
    fprintf(out,
            "%s: %" PRIu32 " cores, %" PRIu32 " populations, %" PRIu32
            " routes: sound\n",
            board->network, board->core_count, board->layer_count,
            board->route_count);
    return SF_OK;
  }
  json_t *root = json_pack(
      "{s:b, s:s, s:I, s:I, s:I}", "sound", 1, "network", board->network,
      "cores", (json_int_t)board->core_count, "populations",
      (json_int_t)board->layer_count, "routes", (json_int_t)board->route_count);
  char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
  json_decref(root);
  if (!text) return SF_OOM;
  fprintf(out, "%s\n", text);
  free(text);
  return SF_OK;
}
