/* each.c - one layer at one width at a time. A block of samples runs through
 * the whole network once; its values before each layer are kept, and what is
 * behind the layer runs on them with other weights. */
#include "passes/sensitivity/sensitivity.h"

#include "passes/calibrate/runner.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_MAX = 256 << 20 };

/* Rows of one value that a suffix starts from. */
typedef struct kept {
  const sf_value *value;
  size_t elements;
  sf_word *rows;
} kept;

typedef struct sweep {
  sf_subject *subject;
  const sf_widths *widths;
  sf_suffix *suffixes; /* one a layer */
  uint32_t kept_count;
  kept *kept;
  uint64_t block, first;  /* samples; first of the block */
  const sf_value *logits; /* of the suffix that runs */
  double *divergence;     /* of it, one a sample of the block */
} sweep;

/* ---- Which values are kept. ---- */

static kept *find_kept(const sweep *s, const sf_value *value) {
  for (uint32_t i = 0; i < s->kept_count; i++)
    if (s->kept[i].value == value) return &s->kept[i];
  return NULL;
}

static sf_result make_suffixes(sweep *s) {
  sf_subject *subject = s->subject;
  uint32_t layers = subject->layers.count;
  size_t values = 0;
  s->suffixes = SF_NEW_ARRAY(subject->run->scratch, sf_suffix, layers + 1u);
  if (!s->suffixes) return SF_OOM;
  for (uint32_t i = 0; i < layers; i++) {
    SF_TRY(sf_suffix_create(subject, subject->layers.layers[i].op,
                            &s->suffixes[i]));
    values += s->suffixes[i].cut_count;
  }
  s->kept = SF_NEW_ARRAY(subject->run->scratch, kept, values + 1);
  if (!s->kept) return SF_OOM;
  for (uint32_t i = 0; i < layers; i++) {
    for (uint32_t n = 0; n < s->suffixes[i].cut_count; n++) {
      const sf_value *value = s->suffixes[i].cut[n];
      if (find_kept(s, value)) continue;
      s->kept[s->kept_count++] =
          (kept){.value = value, .elements = sf_type_elements(&value->type)};
    }
  }
  return SF_OK;
}

static sf_result allocate_rows(sweep *s) {
  sf_arena *arena = s->subject->run->scratch;
  size_t bytes = 1;
  for (uint32_t i = 0; i < s->kept_count; i++)
    bytes += s->kept[i].elements * sizeof(sf_word);
  s->block = BLOCK_BYTES_MAX / bytes;
  if (s->block < s->subject->run->threads) s->block = s->subject->run->threads;
  if (s->block > s->subject->samples) s->block = s->subject->samples;
  s->divergence = SF_NEW_ARRAY(arena, double, s->block);
  if (!s->divergence) return SF_OOM;
  for (uint32_t i = 0; i < s->kept_count; i++) {
    kept *k = &s->kept[i];
    k->rows = SF_NEW_ARRAY(arena, sf_word, (size_t)s->block * k->elements);
    if (!k->rows) return SF_OOM;
  }
  return SF_OK;
}

/* ---- Runs. ---- */

static sf_result keep_rows(void *data, uint64_t sample,
                           const sf_interp *interp) {
  const sweep *s = data;
  for (uint32_t i = 0; i < s->kept_count; i++) {
    const kept *k = &s->kept[i];
    memcpy(k->rows + (size_t)(sample - s->first) * k->elements,
           sf_interp_value(interp, k->value), k->elements * sizeof(sf_word));
  }
  return SF_OK;
}

static sf_result compare(void *data, uint64_t sample, const sf_interp *interp) {
  const sweep *s = data;
  const sf_logits *shape = &s->subject->logits;
  const sf_word *words = sf_interp_value(interp, s->logits);
  size_t row = shape->outer * shape->classes * shape->inner;
  s->divergence[sample] = sf_divergence(
      shape, s->subject->reference + (size_t)(s->first + sample) * row,
      (const float *)(const void *)words);
  return SF_OK;
}

static sf_result run_suffix(sweep *s, const sf_suffix *suffix,
                            const sf_samples *samples, double *sum) {
  sf_pass_run *run = s->subject->run;
  sf_sample_runner *runner;
  s->logits = suffix->logits;
  SF_TRY(sf_sample_runner_create(suffix->network, samples, run->threads,
                                 run->diag, &runner));
  sf_result result =
      sf_sample_runner_each(runner, 0, samples->count, compare, s);
  sf_sample_runner_destroy(runner);
  for (uint64_t i = 0; i < samples->count && result == SF_OK; i++)
    *sum += s->divergence[i];
  return result;
}

/* All widths of one layer on one block. */
static sf_result run_layer(sweep *s, uint32_t index, uint64_t in_block,
                           sf_arena *arena, double *loss) {
  const sf_subject *subject = s->subject;
  const sf_layer *layer = &subject->layers.layers[index];
  const sf_suffix *suffix = &s->suffixes[index];
  sf_blob *weights = subject->originals[index];
  float *values = SF_NEW_ARRAY(arena, float, layer->weights);
  const sf_word **rows =
      SF_NEW_ARRAY(arena, const sf_word *, suffix->cut_count + 1u);
  if (!values || !rows) return SF_OOM;
  for (uint32_t i = 0; i < suffix->cut_count; i++)
    rows[i] = find_kept(s, suffix->cut[i])->rows;
  sf_samples samples = {.size = sizeof samples,
                        .argument_count = suffix->cut_count,
                        .count = in_block,
                        .arguments = rows};
  sf_blob *blob = sf_blob_create_bytes(subject->module, weights->name,
                                       &weights->type, SF_DTYPE_F32, values);
  if (!blob) return SF_OOM;
  sf_op_set_operand_blob(suffix->layer, 1, blob);
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < s->widths->count && result == SF_OK; i++) {
    result = sf_layer_round(layer, s->widths->bits[i], arena, values);
    if (result == SF_OK) result = run_suffix(s, suffix, &samples, &loss[i]);
  }
  sf_op_set_operand_blob(suffix->layer, 1, weights);
  sf_blob_erase(blob);
  return result;
}

static sf_result run_block(sweep *s, sf_sample_runner *runner, double *loss) {
  const sf_subject *subject = s->subject;
  uint64_t left = subject->samples - s->first;
  uint64_t in_block = left < s->block ? left : s->block;
  SF_TRY(sf_sample_runner_each(runner, s->first, in_block, keep_rows, s));
  for (uint32_t i = 0; i < subject->layers.count; i++) {
    if (!s->suffixes[i].network) continue;
    sf_arena *arena = sf_arena_create();
    if (!arena) return SF_OOM;
    sf_result result =
        run_layer(s, i, in_block, arena, loss + (size_t)i * s->widths->count);
    sf_arena_destroy(arena);
    SF_TRY(result);
  }
  return SF_OK;
}

sf_result sf_subject_each(sf_subject *subject, const sf_widths *widths,
                          double *loss) {
  sweep s = {.subject = subject, .widths = widths};
  size_t count = (size_t)subject->layers.count * widths->count;
  for (size_t i = 0; i < count; i++)
    loss[i] = 0;
  SF_TRY(make_suffixes(&s));
  SF_TRY(allocate_rows(&s));
  sf_sample_runner *runner;
  SF_TRY(sf_sample_runner_create(subject->network, subject->run->samples,
                                 subject->run->threads, subject->run->diag,
                                 &runner));
  sf_result result = SF_OK;
  for (; s.first < subject->samples && result == SF_OK; s.first += s.block)
    result = run_block(&s, runner, loss);
  sf_sample_runner_destroy(runner);
  for (size_t i = 0; i < count; i++)
    loss[i] /= (double)subject->samples;
  return result;
}
