/* artefact_run.c - an artefact beside the interpreter, block by block.
 *
 * The interpreter's trace is the golden one: it feeds the target what stands at
 * its boundary, and judges every population that comes back, and what the
 * network returns where the target has it. Host populations (encoders,
 * read-outs) follow from equal streams, so what they return is the
 * interpreter's. */
#include "support/process.h"
#include "tools/sfc/artefact.h"
#include "tools/sfc/evaluate.h"

#include <stdlib.h>
#include <string.h>

typedef struct golden_block {
  const sfc_artefact_run *run;
  const sf_network *network;
  uint64_t first, count;
  uint32_t steps;
  unsigned shares; /* tasks that split the samples */
  sf_trace **traces;
  sf_counts *counts; /* one a share; rows malloc'ed */
} golden_block;

/* Share `index` of the block's samples, on one interpreter. */
static sf_result golden_share(const golden_block *block, size_t index,
                              sf_diag *diag) {
  uint64_t begin = block->count * index / block->shares;
  uint64_t end = block->count * (index + 1) / block->shares;
  sf_series *input = NULL;
  sf_interp *interp = NULL;
  SF_TRY(sfc_sample_create(block->run->dataset, &input));
  sf_result result = sf_interp_create(block->network, diag, &interp);
  for (uint64_t i = begin; i < end && result == SF_OK; i++) {
    result =
        sfc_sample_fill(block->run->dataset, block->first + i, input, diag);
    if (result == SF_OK) {
      result =
          sf_trace_run(interp, input, block->steps, false, &block->traces[i]);
    }
  }
  if (result == SF_OK)
    result = sf_counts_add(&block->counts[index], sf_interp_counts(interp));
  sf_interp_destroy(interp);
  sfc_sample_destroy(input);
  return result;
}

static sf_result golden_task(void *data, size_t index) {
  const golden_block *block = data;
  sf_diag *silent = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!silent) return SF_OOM;
  sf_result result = golden_share(block, index, silent);
  sf_diag_destroy(silent);
  return result;
}

/* A share that failed is run again, aloud. */
static sf_result golden_again(sfc_session *session, golden_block *block) {
  for (uint64_t i = 0; i < block->count; i++) {
    sf_trace_destroy(block->traces[i]);
    block->traces[i] = NULL;
  }
  for (unsigned i = 0; i < block->shares; i++) {
    free(block->counts[i].populations);
    block->counts[i] = (sf_counts){0};
    SF_TRY(golden_share(block, i, session->diag));
  }
  return SF_OK;
}

static sf_result golden_run(sfc_session *session, golden_block *block) {
  unsigned threads = sfc_threads(session);
  block->shares = threads < block->count ? threads : (unsigned)block->count;
  block->counts = calloc(block->shares + 1u, sizeof *block->counts);
  if (!block->counts) return SF_OOM;
  /* Blobs are loaded once, before threads read them. */
  SF_TRY(sf_network_load(block->network, session->diag));
  sf_result result = sf_parallel(threads, block->shares, golden_task, block);
  return result == SF_FAIL ? golden_again(session, block) : result;
}

/* ---- One block. ---- */

/* What the target has of a returned value, else what the interpreter has. */
static const sf_word *returned(const sf_trace *golden, const sf_trace *got,
                               const char *name) {
  const sf_series *series = sf_trace_find(got, name);
  return series ? series->data : sf_trace_find(golden, name)->data;
}

static sf_result give_returns(const golden_block *block,
                              const sf_run_result *got) {
  const sfc_artefact_run *run = block->run;
  const sf_network *network = block->network;
  if (!run->take || network->return_count == 0) return SF_OK;
  const sf_word **returns = calloc(network->return_count, sizeof *returns);
  if (!returns) return SF_OOM;
  for (uint64_t i = 0; i < block->count; i++) {
    for (uint32_t k = 0; k < network->return_count; k++) {
      returns[k] = returned(block->traces[i], got->traces[i],
                            network->returns[k].value->name);
    }
    run->take(run->take_data, block->first + i, returns);
  }
  free(returns);
  return SF_OK;
}

static void count_series(const sf_series *series, uint64_t *spikes) {
  size_t elements = sf_type_elements(&series->type);
  bool is_float = series->type.scalar.kind == SF_SCALAR_F32;
  const sf_word *word = series->data;
  for (uint32_t t = 0; t < series->steps; t++)
    for (size_t i = 0; i < elements; i++, word++)
      spikes[t] += is_float ? word->f != 0 : word->i != 0;
}

/* What populations emit, step by step, as the interpreter counts it. */
static void count_spikes(const golden_block *block) {
  if (!block->run->spikes) return;
  for (uint64_t i = 0; i < block->count; i++) {
    SF_FOREACH_OP(op, block->network) {
      for (uint32_t k = 0; op->kind == SF_OP_NEURONS && k < op->result_count;
           k++)
        count_series(sf_trace_find(block->traces[i], op->results[k]->name),
                     block->run->spikes);
    }
  }
}

static sf_result compare_counts(const golden_block *block, const sf_counts *got,
                                sf_diag *diag) {
  sf_counts golden = {0};
  sf_result result = SF_OK;
  for (unsigned i = 0; i < block->shares && result == SF_OK; i++)
    result = sf_counts_add(&golden, &block->counts[i]);
  if (result == SF_OK) result = sfc_compare_counts(&golden, got, diag);
  free(golden.populations);
  return result;
}

static sf_result run_target(sfc_session *session, const golden_block *block) {
  const sfc_artefact_run *run = block->run;
  const sfc_model *model = run->model;
  sf_run_job job = {
      .size = sizeof job,
      .directory = run->directory,
      .network = block->network,
      .mapping = sf_module_find_mapping(model->import.module, block->network),
      .machine = model->machine,
      .samples = (uint32_t)block->count,
      .golden = (const sf_trace *const *)block->traces,
      .steps = block->steps,
      .isa = session->arguments.isa,
      .threads = sfc_threads(session),
      .diag = session->diag};
  sf_run_result got = {0};
  bool tolerant = sfc_is_tolerant(block->network);
  sf_result result = model->target->run(&job, &got);
  for (uint64_t i = 0; i < block->count && result == SF_OK; i++) {
    result = sfc_compare_sample(block->traces[i], got.traces[i], tolerant,
                                block->first + i, block->steps, run->difference,
                                session->diag);
  }
  if (result == SF_OK) result = give_returns(block, &got);
  /* The rows' names die with the result; the network has the same names. */
  for (uint32_t i = 0; i < got.counts.population_count; i++) {
    sf_population_counts *row = &got.counts.populations[i];
    const sf_value *value = sf_network_find_value(
        block->network, (sf_slice){row->name, strlen(row->name)});
    row->name = value ? value->name : "?";
  }
  /* A wrong value explains a wrong count, so it is what gets reported. */
  if (result == SF_OK && !run->difference->found)
    result = compare_counts(block, &got.counts, session->diag);
  if (result == SF_OK) result = sf_counts_add(run->counts, &got.counts);
  sf_run_result_destroy(&got);
  return result;
}

static sf_result run_block(sfc_session *session, golden_block *block) {
  block->traces = calloc(block->count, sizeof(sf_trace *));
  if (!block->traces) return SF_OOM;
  sf_result result = golden_run(session, block);
  if (result == SF_OK) result = run_target(session, block);
  if (result == SF_OK) count_spikes(block);
  for (uint64_t i = 0; i < block->count; i++)
    sf_trace_destroy(block->traces[i]);
  for (unsigned i = 0; block->counts && i < block->shares; i++)
    free(block->counts[i].populations);
  free(block->counts);
  free(block->traces);
  return result;
}

/* Samples whose traces take about 128 MiB. */
static uint64_t samples_a_block(const sf_network *network, uint32_t steps) {
  size_t words = 1;
  for (uint32_t i = 0; i < network->argument_count; i++)
    words += sf_type_elements(&network->arguments[i]->type);
  SF_FOREACH_OP(op, network) {
    for (uint32_t i = 0; i < op->result_count; i++) {
      if (op->kind != SF_OP_NEURONS) continue;
      words += sf_type_elements(&op->results[i]->type);
    }
  }
  size_t fits = ((size_t)32 << 20) / words / (steps ? steps : 1);
  return fits < 1 ? 1 : fits > 500 ? 500 : fits;
}

sf_result sfc_artefact_run_all(sfc_session *session,
                               const sfc_artefact_run *run) {
  const sf_network *network = run->model->network;
  if (!run->model->target->run) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "nothing here runs what target '%s' emits",
                    run->model->target->name);
  }
  uint32_t steps = run->dataset->steps + (uint32_t)network->lag;
  uint64_t capacity = samples_a_block(network, steps);
  sf_progress progress =
      sf_progress_start(run->model->target->name, run->dataset->samples);
  sf_result result = SF_OK;
  for (uint64_t first = 0; first < run->dataset->samples && result == SF_OK;) {
    uint64_t left = run->dataset->samples - first;
    golden_block block = {.run = run,
                          .network = network,
                          .first = first,
                          .count = left < capacity ? left : capacity,
                          .steps = steps};
    result = run_block(session, &block);
    first += block.count;
    sf_progress_add(&progress, block.count);
  }
  sf_progress_end(&progress);
  return result;
}
