/* correct.c - bias correction: the mean of each channel of the accumulator, on
 * the network as it is quantized so far, becomes that of the float network.
 * conversion.md 1.4. Sums of integers: exact, whatever the order. What is
 * before the sum has its last bias, so that its accumulators are kept and each
 * layer runs once, whatever the depth of the network. */
#include "passes/quantize/quantize.h"

#include "passes/calibrate/runner.h"

#include <stdlib.h>
#include <string.h>

typedef struct sweep {
  const sf_linear_sum *sum;
  const sf_value *value; /* the accumulator in the partial network */
  int64_t *sums;         /* a sample: all channels */
  sf_word *rows;         /* a sample: all elements; NULL: not kept */
} sweep;

static sf_result add_channels(void *data, uint64_t sample,
                              const sf_interp *interp) {
  const sweep *s = data;
  const sf_word *words = sf_interp_value(interp, s->value);
  const sf_type *type = &s->value->type;
  int64_t *sums = s->sums + sample * s->sum->channels;
  size_t inner = sf_channel_inner(type, s->sum->axis);
  size_t elements = sf_type_elements(type);
  for (size_t n = 0; n < elements; n++)
    sums[sf_channel_of(n, inner, s->sum->channels)] += words[n].i;
  if (s->rows)
    memcpy(s->rows + sample * elements, words, elements * sizeof *words);
  return SF_OK;
}

/* The accumulator as it is with the moved bias: a sum of integers. False: it
 * leaves i32, where the network says what becomes of it. */
static bool move_row(const sf_linear_sum *sum, int64_t moved, uint32_t channel,
                     sf_word *row) {
  const sf_type *type = &sum->accumulator->type;
  size_t inner = sf_channel_inner(type, sum->axis);
  size_t elements = sf_type_elements(type);
  for (size_t at = channel * inner; at < elements; at += inner * sum->channels)
    for (size_t n = at; n < at + inner; n++) {
      int64_t word = row[n].i + moved;
      if (word != (int32_t)word) return false;
      row[n].i = (int32_t)word;
    }
  return true;
}

/* Moves the offsets, and the rows with them; *kept false: they have no more
 * meaning. */
static void move_offsets(const sf_quantizer *q, sf_linear_sum *sum,
                         const sweep *s, const double *means, bool *kept) {
  const int64_t *sums = s->sums;
  size_t elements = sf_type_elements(&sum->accumulator->type);
  double count =
      (double)q->samples * ((double)elements / (double)sum->channels);
  for (uint32_t c = 0; c < sum->channels; c++) {
    int64_t total = 0;
    for (uint64_t n = 0; n < q->samples; n++)
      total += sums[n * sum->channels + c];
    double wanted = means[c] / (double)sum->delta[c];
    double moved = (double)sum->offset[c] + wanted - (double)total / count;
    int64_t old = sum->offset[c];
    sum->offset[c] = sf_round_constant(moved);
    for (uint64_t n = 0; n < q->samples && *kept; n++)
      *kept = move_row(sum, sum->offset[c] - old, c, s->rows + n * elements);
  }
}

static sf_result measure(sf_quantizer *q, sf_linear_sum *sum,
                         const sf_network *network, const sf_samples *samples,
                         const double *means) {
  sf_pass_run *run = q->run;
  sweep s = {.sum = sum, .value = network->returns[0].value};
  sf_sample_runner *runner = NULL;
  SF_TRY(sf_sample_runner_create(network, samples, run->threads, run->diag,
                                 &runner));
  s.sums = calloc((size_t)q->samples * sum->channels, sizeof *s.sums);
  s.rows = sf_frontier_rows(q, sum->accumulator);
  bool kept = s.rows != NULL;
  sf_result result =
      s.sums ? sf_sample_runner_each(runner, 0, q->samples, add_channels, &s)
             : SF_OOM;
  if (result == SF_OK) move_offsets(q, sum, &s, means, &kept);
  if (result == SF_OK && kept) {
    sf_frontier_keep(q, sum->accumulator, s.rows);
    s.rows = NULL;
  }
  free(s.rows);
  free(s.sums);
  sf_sample_runner_destroy(runner);
  return result;
}

/* The bias blob of sum->biased from sum->offset, anew. */
static sf_result set_bias(sf_quantizer *q, sf_linear_sum *sum) {
  uint32_t index = sum->biased->operand_count - 1;
  sf_blob *old = sf_op_operand_blob(sum->biased, index);
  sf_type type = old->type;
  const char *name =
      sf_arena_text(q->run->scratch, (sf_slice){old->name, strlen(old->name)});
  if (!name) return SF_OOM;
  sf_op_set_operand_blob(sum->biased, index, NULL);
  sf_blob_erase(old);
  sf_blob *bias = sf_blob_create_i32(q->run->module, name, &type, sum->offset);
  if (!bias) return SF_OOM;
  sf_op_set_operand_blob(sum->biased, index, bias);
  return SF_OK;
}

sf_result sf_sum_correct(sf_quantizer *q, sf_linear_sum *sum) {
  if (!q->reference || !q->options->bias_correction || !sum->biased)
    return SF_OK;
  const double *means = sf_reference_means(q->reference, sum->name);
  if (!means) return SF_OK; /* a stream brought to another unit */
  sf_module *partial = NULL;
  sf_samples samples;
  sf_result result =
      sf_frontier_network(q, sum->accumulator, &partial, &samples);
  if (result == SF_OK)
    result = measure(q, sum, partial->first_network, &samples, means);
  sf_module_destroy(partial);
  return result == SF_OK ? set_bias(q, sum) : result;
}
