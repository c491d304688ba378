/* tally.c - accuracy for every T from one run, and the output file. */
#include "tools/sfc/tally.h"

#include "tools/sfc/cost.h"
#include "tools/sfc/report.h"

#include <stdlib.h>
#include <string.h>

static size_t output_elements(const sf_network *network) {
  return sf_type_elements(&network->return_types[0]);
}

sf_result sfc_tally_create(sfc_session *session, const sf_network *network,
                           const sfc_dataset *dataset, sfc_tally *out) {
  *out = (sfc_tally){.network = network,
                     .samples = dataset->samples,
                     .steps = dataset->steps,
                     .lag = (uint32_t)network->lag};
  out->correct = calloc(out->steps, sizeof *out->correct);
  out->classes = calloc(out->steps, sizeof *out->classes);
  if (!out->correct || !out->classes) return SF_OOM;
  SF_TRY(sfc_decide_choose(session, network, &out->decide));
  if (network->return_count == 0) return SF_OK;
  if (session->arguments.labels) {
    SF_TRY(sf_labels_read(session->arguments.labels, dataset->samples,
                          session->diag, &out->labels));
    out->labelled = true;
  }
  if (session->arguments.output) {
    size_t words = dataset->samples * out->steps * output_elements(network);
    out->outputs = calloc(words + 1, sizeof *out->outputs);
    if (!out->outputs) return SF_OOM;
  }
  return SF_OK;
}

void sfc_tally_add(sfc_tally *tally, uint64_t sample, const sf_word *output) {
  size_t elements = output_elements(tally->network);
  const sf_word *first = output + (size_t)tally->lag * elements;
  if (tally->outputs) {
    size_t words = (size_t)tally->steps * elements;
    memcpy(tally->outputs + sample * words, first, words * sizeof *first);
  }
  if (!tally->labelled) return;
  sfc_decide_run(tally->decide, tally->network->return_types[0].scalar, first,
                 tally->steps, elements, tally->classes);
  int64_t label = sf_array_i64(&tally->labels, sample);
  for (uint32_t t = 0; t < tally->steps; t++)
    tally->correct[t] += (int64_t)tally->classes[t] == label;
}

sf_result sfc_write_words(const char *path, const sf_type *type,
                          uint64_t samples, uint32_t steps,
                          const sf_word *words, sf_diag *diag) {
  uint64_t dim[SF_RANK_MAX + 2] = {samples, steps};
  for (unsigned i = 0; i < type->rank; i++)
    dim[i + 2] = (uint64_t)type->dim[i];
  unsigned rank = type->rank + 2u;
  if (type->scalar.kind != SF_SCALAR_SPIKE) {
    return sf_array_write(
        path, type->scalar.kind == SF_SCALAR_F32 ? SF_ARRAY_F32 : SF_ARRAY_I32,
        rank, dim, words, diag);
  }
  size_t count = samples * steps * sf_type_elements(type);
  uint8_t *bytes = malloc(count + 1);
  if (!bytes) return SF_OOM;
  for (size_t i = 0; i < count; i++)
    bytes[i] = (uint8_t)words[i].i;
  sf_result result = sf_array_write(path, SF_ARRAY_U8, rank, dim, bytes, diag);
  free(bytes);
  return result;
}

sf_result sfc_tally_finish(sfc_session *session, sfc_tally *tally,
                           const sfc_model *model, json_t *object) {
  if (tally->outputs) {
    SF_TRY(sfc_write_words(session->arguments.output,
                           &tally->network->return_types[0], tally->samples,
                           tally->steps, tally->outputs, session->diag));
  }
  sfc_cost cost;
  SF_TRY(sfc_cost_of(model, &tally->counts, session->diag, &cost));
  if (object) {
    if (tally->labelled) {
      json_object_set_new(
          object, "accuracy",
          sfc_accuracy_json(tally->correct, tally->steps, tally->samples));
    }
    json_object_set_new(object, "lag", json_integer(tally->lag));
    json_object_set_new(object, "counts", sfc_counts_json(&tally->counts));
    json_object_set_new(object, "cost", sfc_cost_json(&cost));
    return SF_OK;
  }
  if (tally->labelled)
    sfc_print_accuracy(tally->correct, tally->steps, tally->samples);
  sfc_print_counts(&tally->counts);
  sfc_cost_print(&cost);
  return SF_OK;
}

void sfc_tally_destroy(sfc_tally *tally) {
  free(tally->correct);
  free(tally->classes);
  free(tally->outputs);
  free(tally->counts.populations);
  sf_array_destroy(&tally->labels);
  *tally = (sfc_tally){0};
}
