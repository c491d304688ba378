/* evaluate.c - blocks of samples on the interpreter, in parallel. */
#include "tools/sfc/evaluate.h"

#include "support/process.h"

#include <stdlib.h>
#include <string.h>

/* ---- Taps. ---- */

static const char *record_file(const char *text, char *name, size_t size) {
  const char *equals = strchr(text, '=');
  size_t length = equals ? (size_t)(equals - text) : strlen(text);
  if (length >= size) length = size - 1;
  memcpy(name, text, length);
  name[length] = '\0';
  return equals ? equals + 1 : NULL;
}

static sf_result find_state(sfc_session *session, const sf_value *value,
                            const char *state, sfc_tap *tap) {
  const sf_op *op = value->op;
  if (!op || op->kind != SF_OP_NEURONS) {
    return sf_error(session->diag, SF_DIAG_NAME, value->loc,
                    "'%%%s' is not a population, it has no state '%s'",
                    value->name, state);
  }
  for (uint32_t i = 0; i < op->neuron->state_count; i++) {
    const sf_nvalue *v = op->neuron->states[i].value;
    if (strcmp(v->name, state) != 0) continue;
    tap->op = op;
    tap->state = i;
    tap->type = sf_type_make(v->type, value->type.rank, value->type.dim);
    return SF_OK;
  }
  return sf_error(session->diag, SF_DIAG_NAME, value->loc,
                  "'@%s' has no state '%s'", op->neuron->name, state);
}

static sf_result record_tap(sfc_session *session, const sf_network *network,
                            const char *text, sfc_tap *tap) {
  char name[SF_NAME_MAX + 64];
  tap->file = record_file(text, name, sizeof name);
  char *colon = strchr(name, ':');
  if (colon) *colon = '\0';
  const sf_value *value =
      sf_network_find_value(network, (sf_slice){name, strlen(name)});
  if (!value) {
    return sf_error(session->diag, SF_DIAG_NAME, network->loc,
                    "network '@%s' has no value '%%%s' to record",
                    network->name, name);
  }
  if (colon) {
    SF_TRY(find_state(session, value, colon + 1, tap));
  } else {
    tap->value = value;
    tap->type = value->type;
  }
  if (tap->file) return SF_OK;
  size_t length = strlen(text) + sizeof ".npy";
  char *file = sf_arena_alloc(network->module->arena, length);
  if (!file) return SF_OOM;
  snprintf(file, length, "%s.npy", text);
  for (char *c = file; *c; c++)
    *c = *c == ':' || *c == '/' ? '-' : *c;
  tap->file = file;
  return SF_OK;
}

sf_result sfc_taps_create(sfc_session *session, const sf_network *network,
                          sfc_tap **out, uint32_t *out_count) {
  const sfc_list *records = &session->arguments.records;
  uint32_t count = network->return_count + records->count;
  sfc_tap *taps = calloc(count + 1, sizeof *taps);
  if (!taps) return SF_OOM;
  *out = taps;
  *out_count = count;
  for (uint32_t i = 0; i < network->return_count; i++) {
    taps[i].value = network->returns[i].value;
    taps[i].type = taps[i].value->type;
  }
  for (uint32_t i = 0; i < records->count; i++) {
    SF_TRY(record_tap(session, network, records->items[i],
                      &taps[network->return_count + i]));
  }
  return SF_OK;
}

/* ---- Blocks. ---- */

static size_t words_a_sample(const sfc_tap *taps, uint32_t count,
                             uint32_t steps) {
  size_t words = 0;
  for (uint32_t i = 0; i < count; i++)
    words += sf_type_elements(&taps[i].type) * (size_t)steps;
  return words;
}

uint64_t sfc_block_capacity(const sfc_tap *taps, uint32_t tap_count,
                            uint32_t total_steps) {
  size_t words = words_a_sample(taps, tap_count, total_steps);
  size_t fits = ((size_t)32 << 20) / (words ? words : 1);
  return fits < 1 ? 1 : fits > 1000 ? 1000 : fits;
}

const sf_word *sfc_block_data(const sfc_block *block, uint64_t sample,
                              uint32_t tap) {
  size_t before = words_a_sample(block->taps, tap, block->total_steps);
  return block->data + sample * block->sample_words + before;
}

/* What one task needs: a share of the samples, an interpreter of its own. */
typedef struct block_work {
  const sf_network *network;
  const sfc_dataset *dataset;
  sfc_block *block;
  unsigned shares;
  sf_counts *counts; /* one a share */
  uint64_t *spikes;  /* total_steps a share; NULL: not asked for */
} block_work;

static void copy_taps(const sfc_block *block, const sf_interp *interp,
                      uint32_t step, sf_word *sample) {
  for (uint32_t i = 0; i < block->tap_count; i++) {
    const sfc_tap *tap = &block->taps[i];
    size_t elements = sf_type_elements(&tap->type);
    const sf_word *from = tap->value
                              ? sf_interp_value(interp, tap->value)
                              : sf_interp_state(interp, tap->op, tap->state);
    memcpy(sample + step * elements, from, elements * sizeof *from);
    sample += elements * block->total_steps;
  }
}

static uint64_t spikes_so_far(const sf_interp *interp) {
  const sf_counts *counts = sf_interp_counts(interp);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < counts->population_count; i++)
    sum += counts->populations[i].spikes_out;
  return sum;
}

/* `spikes`: total_steps sums to add to, or NULL. */
static sf_result run_sample(const block_work *work, sf_interp *interp,
                            sf_series *input, const sf_word **pointers,
                            uint64_t index, uint64_t *spikes, sf_diag *diag) {
  sfc_block *block = work->block;
  SF_TRY(sfc_sample_fill(work->dataset, block->first + index, input, diag));
  sf_interp_reset(interp);
  for (uint32_t t = 0; t < block->total_steps; t++) {
    for (uint32_t i = 0; i < work->dataset->inputs.count; i++) {
      size_t elements = sf_type_elements(&input[i].type);
      pointers[i] = t < input[i].steps ? input[i].data + t * elements : NULL;
    }
    uint64_t before = spikes ? spikes_so_far(interp) : 0;
    SF_TRY(sf_interp_step(interp, pointers));
    if (spikes) spikes[t] += spikes_so_far(interp) - before;
    copy_taps(block, interp, t, block->data + index * block->sample_words);
  }
  return SF_OK;
}

static sf_result run_range(const block_work *work, uint64_t begin, uint64_t end,
                           uint64_t *spikes, sf_diag *diag, sf_counts *counts) {
  sf_interp *interp = NULL;
  sf_series *input = NULL;
  const sf_word **pointers =
      calloc(work->dataset->inputs.count + 1, sizeof *pointers);
  sf_result result =
      pointers ? sfc_sample_create(work->dataset, &input) : SF_OOM;
  if (result == SF_OK) result = sf_interp_create(work->network, diag, &interp);
  for (uint64_t i = begin; i < end && result == SF_OK; i++)
    result = run_sample(work, interp, input, pointers, i, spikes, diag);
  if (result == SF_OK) result = sf_counts_add(counts, sf_interp_counts(interp));
  sf_interp_destroy(interp);
  sfc_sample_destroy(input);
  free(pointers);
  return result;
}

static sf_result run_share(void *data, size_t index) {
  const block_work *work = data;
  uint64_t count = work->block->count;
  uint64_t begin = count * index / work->shares;
  uint64_t end = count * (index + 1) / work->shares;
  sf_diag *silent = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!silent) return SF_OOM;
  uint64_t *spikes =
      work->spikes ? work->spikes + index * work->block->total_steps : NULL;
  sf_result result =
      run_range(work, begin, end, spikes, silent, &work->counts[index]);
  sf_diag_destroy(silent);
  return result;
}

/* The names in a counts record belong to the interpreter's network, so they
 * outlive it; only the rows are ours. */
static sf_result gather(block_work *work) {
  for (unsigned i = 0; i < work->shares; i++)
    SF_TRY(sf_counts_add(&work->block->counts, &work->counts[i]));
  sfc_block *block = work->block;
  block->populations = block->counts.populations;
  for (size_t i = 0;
       block->spikes && i < (size_t)work->shares * block->total_steps; i++)
    block->spikes[i % block->total_steps] += work->spikes[i];
  return SF_OK;
}

static sf_result run_shares(sfc_session *session, block_work *work) {
  /* Blobs are loaded once, before threads read them. */
  SF_TRY(sf_network_load(work->network, session->diag));
  sf_result result = sf_parallel(work->shares, work->shares, run_share, work);
  if (result == SF_FAIL) { /* once more, aloud: the first failing sample */
    sf_counts ignored = {0};
    result =
        run_range(work, 0, work->block->count, NULL, session->diag, &ignored);
    free(ignored.populations);
  }
  if (result == SF_OK) result = gather(work);
  for (unsigned i = 0; i < work->shares; i++)
    free(work->counts[i].populations);
  return result;
}

sf_result sfc_block_run(sfc_session *session, const sf_network *network,
                        const sfc_dataset *dataset, const sfc_tap *taps,
                        uint32_t tap_count, uint64_t first, uint64_t count,
                        sfc_block *out) {
  *out = (sfc_block){.first = first,
                     .count = count,
                     .total_steps = dataset->steps + (uint32_t)network->lag,
                     .tap_count = tap_count,
                     .taps = taps};
  out->sample_words = words_a_sample(taps, tap_count, out->total_steps);
  out->data = calloc(out->sample_words * count + 1, sizeof *out->data);
  if (session->arguments.every_step)
    out->spikes = calloc(out->total_steps, sizeof *out->spikes);
  unsigned shares = sfc_threads(session);
  if (shares > count) shares = count > 0 ? (unsigned)count : 1;
  block_work work = {.network = network,
                     .dataset = dataset,
                     .block = out,
                     .shares = shares,
                     .counts = calloc(shares, sizeof *work.counts),
                     .spikes = out->spikes
                                   ? calloc((size_t)shares * out->total_steps,
                                            sizeof *work.spikes)
                                   : NULL};
  bool enough = out->data && work.counts &&
                (work.spikes || !session->arguments.every_step);
  sf_result result = enough ? run_shares(session, &work) : SF_OOM;
  free(work.counts);
  free(work.spikes);
  return result;
}

void sfc_block_destroy(sfc_block *block) {
  free(block->data);
  free(block->populations);
  free(block->spikes);
  *block = (sfc_block){0};
}
