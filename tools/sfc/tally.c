/* tally.c - accuracy for every T from one run, and the output file. */
#include "tools/sfc/tally.h"

#include "tools/sfc/cost.h"
#include "tools/sfc/report.h"

#include <stdlib.h>
#include <string.h>

sf_result sfc_tally_create(sfc_session *session, const sf_network *network,
                           const sfc_dataset *dataset, sfc_tally *out) {
  *out = (sfc_tally){.network = network,
                     .samples = dataset->samples,
                     .steps = dataset->steps,
                     .lag = (uint32_t)network->lag};
  out->correct = calloc(out->steps, sizeof *out->correct);
  out->classes = calloc(out->steps, sizeof *out->classes);
  if (!out->correct || !out->classes) return SF_OOM;
  if (session->arguments.every_step) {
    out->spikes = calloc(out->lag + out->steps, sizeof *out->spikes);
    if (!out->spikes) return SF_OOM;
  }
  SF_TRY(sfc_outputs_create(session, network, dataset, &out->outputs));
  SF_TRY(sfc_decide_choose(session, network, &out->decide));
  if (network->return_count == 0) return SF_OK;
  if (session->arguments.labels) {
    SF_TRY(sf_labels_read(session->arguments.labels, dataset->samples,
                          session->diag, &out->labels));
    out->labelled = true;
  }
  return SF_OK;
}

void sfc_tally_add(sfc_tally *tally, uint64_t sample,
                   const sf_word *const *returns) {
  sfc_outputs_add(&tally->outputs, sample, returns);
  if (!tally->labelled) return;
  size_t elements = sf_type_elements(&tally->network->return_types[0]);
  const sf_word *first = returns[0] + (size_t)tally->lag * elements;
  sfc_decide_run(tally->decide, tally->network->return_types[0].scalar, first,
                 tally->steps, elements, tally->classes);
  int64_t label = sf_array_i64(&tally->labels, sample);
  for (uint32_t t = 0; t < tally->steps; t++)
    tally->correct[t] += (int64_t)tally->classes[t] == label;
}

/* ---- Every step. ---- */

/* Spikes of a run that ends after `steps` input steps have come out. */
static uint64_t spikes_after(const sfc_tally *tally, uint32_t steps) {
  uint64_t sum = 0;
  for (uint32_t t = 0; t < tally->lag + steps; t++)
    sum += tally->spikes[t];
  return sum;
}

static json_t *every_step_json(const sfc_tally *tally) {
  json_t *rows = json_array();
  for (uint32_t t = 1; t <= tally->steps; t++) {
    json_t *row = json_pack("{s:I,s:I}", "steps", (json_int_t)t, "spikes",
                            (json_int_t)spikes_after(tally, t));
    if (tally->labelled) {
      json_object_set_new(row, "correct",
                          json_integer((json_int_t)tally->correct[t - 1]));
    }
    json_array_append_new(rows, row);
  }
  return rows;
}

static void print_every_step(const sfc_tally *tally) {
  double samples = tally->samples ? (double)tally->samples : 1;
  printf("%6s %10s %16s\n", "steps", tally->labelled ? "accuracy" : "",
         "spikes a sample");
  for (uint32_t t = 1; t <= tally->steps; t++) {
    char accuracy[32] = "";
    if (tally->labelled) {
      snprintf(accuracy, sizeof accuracy, "%.2f %%",
               100.0 * (double)tally->correct[t - 1] / samples);
    }
    printf("%6u %10s %16.1f\n", t, accuracy,
           (double)spikes_after(tally, t) / samples);
  }
}

sf_result sfc_tally_finish(sfc_session *session, sfc_tally *tally,
                           const sfc_model *model, json_t *object) {
  SF_TRY(sfc_outputs_write(&tally->outputs, session->diag));
  sfc_cost cost;
  SF_TRY(sfc_cost_of(model, &tally->counts, session->diag, &cost));
  if (object) {
    if (tally->labelled) {
      json_object_set_new(
          object, "accuracy",
          sfc_accuracy_json(tally->correct, tally->steps, tally->samples));
    }
    if (tally->spikes)
      json_object_set_new(object, "every_step", every_step_json(tally));
    json_object_set_new(object, "lag", json_integer(tally->lag));
    json_object_set_new(object, "counts", sfc_counts_json(&tally->counts));
    json_object_set_new(object, "cost", sfc_cost_json(&cost));
    return SF_OK;
  }
  if (tally->labelled)
    sfc_print_accuracy(tally->correct, tally->steps, tally->samples);
  if (tally->spikes) print_every_step(tally);
  sfc_print_counts(&tally->counts);
  sfc_cost_print(&cost);
  return SF_OK;
}

void sfc_tally_destroy(sfc_tally *tally) {
  free(tally->correct);
  free(tally->classes);
  sfc_outputs_destroy(&tally->outputs);
  free(tally->spikes);
  free(tally->counts.populations);
  sf_array_destroy(&tally->labels);
  *tally = (sfc_tally){0};
}
