/* verb_demo.c - `sfc demo`: a bundled trained network through every target.
 *
 * The network is lava-dl's netx MNIST MLP, 784-128-64-10, trained by others;
 * the images are the first ones of the MNIST test set. Nothing else is needed.
 */
#include "support/process.h"
#include "tools/sfc/artefact.h"
#include "tools/sfc/cost.h"
#include "tools/sfc/demo_data.h"
#include "tools/sfc/evaluate.h"
#include "tools/sfc/report.h"
#include "tools/sfc/tally.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEMO_STEPS = 20, DEMO_SAMPLES = 100 };

/* One line of the table. `state` says why a target was not run. */
typedef struct demo_row {
  const char *target;
  const char *state; /* identical, different, not run */
  uint64_t correct, samples;
  int64_t lag;
  sf_counts counts;
  sfc_cost cost;
} demo_row;

static sf_result load(sfc_session *session, const sfc_demo_data *data,
                      sfc_model *model) {
  session->arguments.imports[0] = (sf_import_option){"encode", data->encoder};
  session->arguments.import_count = 1;
  return sfc_model_load(session, data->model, model);
}

static void take_returns(void *data, uint64_t sample,
                         const sf_word *const *returns) {
  sfc_tally_add(data, sample, returns);
}

static sf_result run_folder(sfc_session *session, const char *folder,
                            demo_row *row) {
  sfc_model model;
  sfc_dataset dataset = {0};
  sfc_tally tally = {0};
  sfc_difference difference = {0};
  sf_result result = sfc_model_load(session, folder, &model);
  if (result == SF_OK)
    result = sfc_dataset_open(session, model.network, &dataset);
  if (result == SF_OK)
    result = sfc_tally_create(session, model.network, &dataset, &tally);
  if (result == SF_OK) {
    sfc_artefact_run run = {.directory = folder,
                            .model = &model,
                            .dataset = &dataset,
                            .take = take_returns,
                            .take_data = &tally,
                            .counts = &row->counts,
                            .difference = &difference};
    result = sfc_artefact_run_all(session, &run);
  }
  if (result == SF_OK) {
    row->correct = tally.correct[tally.steps - 1];
    row->samples = tally.samples;
    row->lag = tally.lag;
    row->state = difference.found ? "different" : "identical";
    result = sfc_cost_of(&model, &row->counts, session->diag, &row->cost);
  }
  if (difference.found)
    result = sfc_difference_report(&difference, session->diag);
  sfc_tally_destroy(&tally);
  sfc_dataset_destroy(&dataset);
  sfc_model_destroy(&model);
  return result;
}

static sf_result compile_and_run(sfc_session *session,
                                 const sfc_demo_data *data,
                                 const sf_target *target, const char *folder,
                                 demo_row *row) {
  sfc_model model;
  sf_result result = load(session, data, &model);
  if (result == SF_OK) {
    sfc_compile_job job = {.module = model.import.module,
                           .network = model.network->name,
                           .source = sf_path_base(data->model),
                           .target = target,
                           .directory = folder,
                           .threads = sfc_threads(session)};
    result = sfc_compile(&job, session->diag);
  }
  sfc_model_destroy(&model);
  return result == SF_OK ? run_folder(session, folder, row) : result;
}

/* A program that is missing (QEMU, ld.lld) makes a row "not run", not a
 * failure: the other targets still show what they do. */
static sf_result demo_target(sfc_session *session, const sfc_demo_data *data,
                             const char *name, const char *parent,
                             demo_row *row) {
  row->target = name;
  row->state = "not run";
  const sf_target *target = sf_target_find(name, session->diag);
  if (!target) return SF_FAIL;
  char *folder = sf_path_join(parent, name);
  if (!folder) return SF_OOM;
  uint32_t before = sf_diag_errors(session->diag);
  sf_result result = compile_and_run(session, data, target, folder, row);
  free(folder);
  bool missing = result == SF_FAIL && sf_diag_errors(session->diag) > before &&
                 sfc_last_error_is(session, SF_DIAG_HELPER);
  return missing ? SF_OK : result;
}

/* ---- Output. ---- */

static void print_row(const demo_row *row) {
  if (strcmp(row->state, "not run") == 0) {
    printf("%-11s not run: a helper program is missing, see above\n",
           row->target);
    return;
  }
  char cores[16] = "-", energy[48] = "-";
  if (row->cost.known) {
    snprintf(cores, sizeof cores, "%u", row->cost.cores);
    snprintf(energy, sizeof energy, "%.4g uJ, %s", row->cost.cost.energy * 1e6,
             row->cost.cost.basis);
  }
  printf("%-11s %7.2f %% %4lld %6s  %-18s %-10s", row->target,
         100.0 * (double)row->correct / (double)row->samples,
         (long long)row->lag, cores, energy, row->state);
  for (uint32_t i = 0; i < row->counts.population_count; i++) {
    printf("%s%.0f", i ? " / " : " ",
           (double)row->counts.populations[i].spikes_out /
               (double)row->samples);
  }
  putchar('\n');
}

static json_t *row_json(const demo_row *row) {
  json_t *object = json_pack(
      "{s:s,s:s,s:I,s:I,s:I,s:i}", "target", row->target, "state", row->state,
      "correct", (json_int_t)row->correct, "samples", (json_int_t)row->samples,
      "lag", (json_int_t)row->lag, "cores", (int)row->cost.cores);
  json_object_set_new(object, "counts", sfc_counts_json(&row->counts));
  json_object_set_new(object, "cost", sfc_cost_json(&row->cost));
  return object;
}

static const char *const targets[] = {"cpu", "loihi2", "spinnaker2"};

static void print_commands(const sfc_demo_data *data) {
  puts("\nthe commands behind it:");
  for (size_t i = 0; i < SF_COUNT_OF(targets); i++) {
    printf("  sfc compile %s --encode %s --target %s -o out-%s\n",
           sf_path_base(data->model), data->encoder, targets[i], targets[i]);
  }
  printf("  sfc run out-loihi2 --input %s --labels %s --steps %d\n",
         sf_path_base(data->images), sf_path_base(data->labels), DEMO_STEPS);
  puts("  sfc verify out-loihi2");
}

static sf_result run_targets(sfc_session *session, const sfc_demo_data *data,
                             const char *parent) {
  bool json = session->arguments.json;
  json_t *rows = json ? json_array() : NULL;
  if (!json) {
    printf("network: %s, 784-128-64-10, trained by others; %lld images, %lld "
           "steps\n\n",
           sf_path_base(data->model), (long long)session->arguments.samples,
           (long long)session->arguments.steps);
    puts("target       accuracy  lag  cores  energy an image    spikes     "
         "spikes an image, by layer");
  }
  sf_result result = SF_OK;
  for (size_t i = 0; i < SF_COUNT_OF(targets) && result == SF_OK; i++) {
    demo_row row = {0};
    result = demo_target(session, data, targets[i], parent, &row);
    if (result == SF_OK && json) {
      json_array_append_new(rows, row_json(&row));
    } else if (result == SF_OK) {
      print_row(&row);
      fflush(stdout);
    }
    free(row.counts.populations);
  }
  if (json)
    sfc_print_json(rows);
  else if (result == SF_OK)
    print_commands(data);
  return result;
}

static sf_result run_demo(sfc_session *session, const sfc_demo_data *data,
                          const char *parent) {
  sfc_arguments *a = &session->arguments;
  if (a->steps < 0) a->steps = DEMO_STEPS;
  if (a->samples < 0) a->samples = DEMO_SAMPLES;
  a->inputs.count = 1;
  a->inputs.items[0] = data->images;
  a->labels = data->labels;
  return run_targets(session, data, parent);
}

sf_result sfc_verb_demo(sfc_session *session) {
  sfc_demo_data data = {0};
  const char *keep = session->arguments.keep;
  char *scratch = NULL;
  sf_result result = sfc_demo_data_find(session->diag, &data);
  bool made = keep && !sf_path_exists(keep);
  if (result == SF_OK) {
    result = keep ? sf_make_directory(keep, session->diag)
                  : sf_temporary_folder(session->diag, &scratch);
  }
  if (result == SF_OK) result = run_demo(session, &data, keep ? keep : scratch);
  if (result != SF_OK && made) rmdir(keep); /* stays if it holds something */
  if (scratch) sf_remove_tree(scratch);
  free(scratch);
  sfc_demo_data_destroy(&data);
  return result;
}
