/* verb_run.c - `sfc run MODEL|DIR --input X`: the interpreter, or an artefact
 * beside it, which --target makes for this run only. */
#include "support/process.h"
#include "tools/sfc/evaluate.h"
#include "tools/sfc/report.h"
#include "tools/sfc/run.h"

#include <stdlib.h>
#include <string.h>

/* Records of all samples, gathered block by block, written at the end. */
static sf_result write_records(sfc_session *session, const sfc_dataset *dataset,
                               const sfc_tap *taps, uint32_t count,
                               sf_word *const *records, uint32_t total_steps) {
  const sfc_layout layout = {dataset->samples, total_steps,
                             session->arguments.no_batch};
  for (uint32_t i = 0; i < count; i++) {
    if (!taps[i].file) continue;
    SF_TRY(sfc_write_words(taps[i].file, &taps[i].type, &layout, records[i],
                           session->diag));
  }
  return SF_OK;
}

static void take_sample(sfc_tally *tally, const sfc_block *block, uint64_t s,
                        const sf_word **returns, sf_word *const *records) {
  for (uint32_t i = 0; i < block->tap_count; i++) {
    const sf_word *words = sfc_block_data(block, s, i);
    if (i < tally->network->return_count) returns[i] = words;
    if (!records[i]) continue;
    size_t count = sf_type_elements(&block->taps[i].type) * block->total_steps;
    memcpy(records[i] + (block->first + s) * count, words,
           count * sizeof *words);
  }
  if (tally->network->return_count > 0)
    sfc_tally_add(tally, block->first + s, returns);
}

static sf_result take_block(sfc_tally *tally, const sfc_block *block,
                            sf_word *const *records) {
  const sf_word **returns =
      calloc(tally->network->return_count + 1u, sizeof *returns);
  if (!returns) return SF_OOM;
  for (uint64_t s = 0; s < block->count; s++)
    take_sample(tally, block, s, returns, records);
  free(returns);
  for (uint32_t t = 0; tally->spikes && t < block->total_steps; t++)
    tally->spikes[t] += block->spikes[t];
  return sf_counts_add(&tally->counts, &block->counts);
}

static sf_result run_blocks(sfc_session *session, const sfc_model *model,
                            const sfc_dataset *dataset, const sfc_tap *taps,
                            uint32_t tap_count, sfc_tally *tally,
                            sf_word *const *records) {
  uint32_t total = dataset->steps + (uint32_t)model->network->lag;
  uint64_t capacity = sfc_block_capacity(taps, tap_count, total);
  sf_progress progress = sf_progress_start("interpreter", dataset->samples);
  sf_result result = SF_OK;
  for (uint64_t first = 0; first < dataset->samples && result == SF_OK;) {
    uint64_t left = dataset->samples - first;
    sfc_block block;
    result = sfc_block_run(session, model->network, dataset, taps, tap_count,
                           first, left < capacity ? left : capacity, &block);
    if (result == SF_OK) result = take_block(tally, &block, records);
    first += block.count;
    sf_progress_add(&progress, block.count);
    sfc_block_destroy(&block);
  }
  sf_progress_end(&progress);
  return result;
}

static sf_result run_model(sfc_session *session, const sfc_model *model,
                           const sfc_dataset *dataset, sfc_tally *tally) {
  sfc_tap *taps = NULL;
  uint32_t count = 0;
  sf_result result = sfc_taps_create(session, model->network, &taps, &count);
  sf_word **records = calloc(count + 1u, sizeof *records);
  uint32_t total = dataset->steps + (uint32_t)model->network->lag;
  if (result == SF_OK && !records) result = SF_OOM;
  for (uint32_t i = 0; i < count && result == SF_OK; i++) {
    if (!taps[i].file) continue;
    size_t words =
        sf_type_elements(&taps[i].type) * total * (size_t)dataset->samples;
    records[i] = malloc(words * sizeof(sf_word) + 1);
    if (!records[i]) result = SF_OOM;
  }
  if (result == SF_OK)
    result = run_blocks(session, model, dataset, taps, count, tally, records);
  if (result == SF_OK)
    result = write_records(session, dataset, taps, count, records, total);
  for (uint32_t i = 0; records && i < count; i++)
    free(records[i]);
  free(records);
  free(taps);
  return result;
}

static void take_returns(void *data, uint64_t sample,
                         const sf_word *const *returns) {
  sfc_tally_add(data, sample, returns);
}

static sf_result run_folder(sfc_session *session, const sfc_runnable *what,
                            const sfc_dataset *dataset, sfc_tally *tally) {
  if (session->arguments.records.count > 0) {
    sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
             "--record works on a model, not on a compiled folder");
    sf_help(session->diag,
            "run its network, which 'sfc verify' holds the folder to: sfc run "
            "%s/ir/model.sf --record ..",
            what->folder);
    return SF_FAIL;
  }
  sfc_difference difference = {0};
  sfc_artefact_run run = {.directory = what->folder,
                          .model = &what->model,
                          .dataset = dataset,
                          .take = take_returns,
                          .take_data = tally,
                          .counts = &tally->counts,
                          .spikes = tally->spikes,
                          .difference = &difference};
  SF_TRY(sfc_artefact_run_all(session, &run));
  return sfc_difference_report(&difference, session->diag);
}

sf_result sfc_run_all(sfc_session *session, const sfc_runnable *what,
                      const sfc_dataset *dataset, sfc_tally *tally) {
  return what->folder ? run_folder(session, what, dataset, tally)
                      : run_model(session, &what->model, dataset, tally);
}

static sf_result run_loaded(sfc_session *session, const sfc_runnable *what) {
  const sfc_model *model = &what->model;
  sfc_dataset dataset = {0};
  sfc_tally tally = {0};
  sf_result result = sfc_dataset_open(session, model->network, &dataset);
  if (result == SF_OK && !session->arguments.json) {
    sfc_print_choices(model);
    sf_inputs_print_choices(&dataset.inputs);
  }
  if (result == SF_OK)
    result = sfc_tally_create(session, model->network, &dataset, &tally);
  if (result == SF_OK) result = sfc_run_all(session, what, &dataset, &tally);
  if (result == SF_OK) {
    json_t *object = session->arguments.json ? json_object() : NULL;
    result = sfc_tally_finish(session, &tally, model, object);
    if (object) sfc_print_json(object);
  }
  sfc_tally_destroy(&tally);
  sfc_dataset_destroy(&dataset);
  return result;
}

sf_result sfc_verb_run(sfc_session *session) {
  sfc_runnable what;
  sf_result result = sfc_runnable_open(session, &what);
  if (result == SF_OK) result = run_loaded(session, &what);
  sfc_runnable_destroy(&what);
  if (result == SF_OK && !session->arguments.labels) {
    sfc_print_next(session, "sfc run %s --input X --labels Y",
                   session->arguments.positional);
  }
  return result;
}
