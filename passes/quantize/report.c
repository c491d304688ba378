/* report.c - the log: what rounding did to each sum and to the result, on the
 * samples. Sums of each sample are kept apart and added in order. */
#include "passes/quantize/quantize.h"

#include "passes/calibrate/runner.h"
#include "passes/log_number.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One sum on one sample. */
typedef struct tally {
  double error, size; /* squared: difference, float value */
  uint64_t saturated; /* results of the site at either end */
} tally;

/* Each network runs alone; `rows` carry the float values over in blocks. */
typedef struct sweep {
  const sf_quantizer *q;
  uint64_t first; /* sample of row 0 */
  size_t row;     /* floats of a sample: all sums */
  float *rows;
  tally *tallies;       /* of the block: a sample, all sums */
  atomic_uchar **alive; /* a sum: elements whose site was ever not 0 */
  int32_t *classes[2];  /* float, integer: one a sample; NULL: no labels */
} sweep;

enum { BLOCK_BYTES = 128 << 20 };

static int32_t class_of(const sf_network *network, const sf_interp *interp) {
  const sf_value *value = network->returns[0].value;
  const sf_word *words = sf_interp_value(interp, value);
  bool is_float = value->type.scalar.kind == SF_SCALAR_F32;
  size_t elements = sf_type_elements(&value->type), best = 0;
  if (elements == 1 && !is_float) return words[0].i; /* argmax */
  for (size_t n = 1; n < elements; n++) {
    bool more =
        is_float ? words[n].f > words[best].f : words[n].i > words[best].i;
    if (more) best = n;
  }
  return (int32_t)best;
}

static sf_result visit_float(void *data, uint64_t sample,
                             const sf_interp *interp) {
  sweep *s = data;
  float *row = s->rows + (sample - s->first) * s->row;
  for (uint32_t i = 0; i < s->q->sum_count; i++) {
    const sf_linear_sum *sum = s->q->sums[i];
    const sf_value *value = sf_reference_value(s->q->reference, sum->name);
    size_t elements = sf_type_elements(&sum->accumulator->type);
    const sf_word *words = value ? sf_interp_value(interp, value) : NULL;
    for (size_t n = 0; n < elements; n++)
      *row++ = words ? words[n].f : 0;
  }
  if (s->classes[0])
    s->classes[0][sample] =
        class_of(sf_reference_network(s->q->reference), interp);
  return SF_OK;
}

static void tally_site(const sweep *s, uint32_t index, const sf_interp *interp,
                       tally *t) {
  const sf_op *site = s->q->sums[index]->site;
  if (!site) return;
  const sf_value *value = site->results[0];
  const sf_word *words = sf_interp_value(interp, value);
  int64_t low = sf_op_has_attr(site, SF_ATTR_low)
                    ? sf_op_int(site, SF_ATTR_low)
                    : sf_scalar_min(value->type.scalar);
  int64_t high = sf_op_has_attr(site, SF_ATTR_high)
                     ? sf_op_int(site, SF_ATTR_high)
                     : sf_scalar_max(value->type.scalar);
  size_t elements = sf_type_elements(&value->type);
  for (size_t n = 0; n < elements; n++) {
    if (words[n].i != 0)
      atomic_store_explicit(&s->alive[index][n], 1, memory_order_relaxed);
    if (words[n].i == high || (low < 0 && words[n].i == low)) t->saturated++;
  }
}

static sf_result visit_integer(void *data, uint64_t sample,
                               const sf_interp *interp) {
  sweep *s = data;
  const float *row = s->rows + (sample - s->first) * s->row;
  tally *tallies = s->tallies + (sample - s->first) * s->q->sum_count;
  for (uint32_t i = 0; i < s->q->sum_count; i++) {
    const sf_linear_sum *sum = s->q->sums[i];
    const sf_type *type = &sum->accumulator->type;
    const sf_word *words = sf_interp_value(interp, sum->accumulator);
    size_t elements = sf_type_elements(type);
    size_t inner = sf_channel_inner(type, sum->axis);
    tallies[i] = (tally){0};
    for (size_t n = 0; n < elements; n++, row++) {
      double delta = (double)sum->delta[sf_channel_of(n, inner, sum->channels)];
      double wanted = (double)*row, e = words[n].i * delta - wanted;
      tallies[i].error += e * e;
      tallies[i].size += wanted * wanted;
    }
    tally_site(s, i, interp, &tallies[i]);
  }
  if (s->classes[1]) s->classes[1][sample] = class_of(s->q->network, interp);
  return SF_OK;
}

/* ---- Both networks, block by block. ---- */

static sf_result run_blocks(sweep *s, sf_sample_runner *floats,
                            sf_sample_runner *integers, uint64_t block,
                            tally *totals) {
  const sf_quantizer *q = s->q;
  for (s->first = 0; s->first < q->samples; s->first += block) {
    uint64_t left = q->samples - s->first, count = left < block ? left : block;
    SF_TRY(sf_sample_runner_each(floats, s->first, count, visit_float, s));
    SF_TRY(sf_sample_runner_each(integers, s->first, count, visit_integer, s));
    for (uint64_t n = 0; n < count; n++) {
      for (uint32_t i = 0; i < q->sum_count; i++) {
        const tally *t = &s->tallies[n * q->sum_count + i];
        totals[i].error += t->error;
        totals[i].size += t->size;
        totals[i].saturated += t->saturated;
      }
    }
  }
  return SF_OK;
}

static sf_result allocate(sweep *s, uint64_t *block) {
  const sf_quantizer *q = s->q;
  sf_arena *arena = q->run->scratch;
  s->alive = SF_NEW_ARRAY(arena, atomic_uchar *, q->sum_count + 1u);
  if (!s->alive) return SF_OOM;
  for (uint32_t i = 0; i < q->sum_count; i++) {
    const sf_op *site = q->sums[i]->site;
    s->row += sf_type_elements(&q->sums[i]->accumulator->type);
    if (!site) continue;
    size_t elements = sf_type_elements(&site->results[0]->type);
    s->alive[i] = SF_NEW_ARRAY(arena, atomic_uchar, elements);
    if (!s->alive[i]) return SF_OOM;
  }
  *block = BLOCK_BYTES / (s->row * sizeof(float) + 1);
  if (*block < q->run->threads) *block = q->run->threads;
  if (*block > q->samples) *block = q->samples;
  s->rows = SF_NEW_ARRAY(arena, float, (size_t)*block * s->row + 1);
  s->tallies = SF_NEW_ARRAY(arena, tally, (size_t)*block * q->sum_count + 1);
  if (!s->rows || !s->tallies) return SF_OOM;
  for (int i = 0; i < 2 && q->run->samples->labels; i++) {
    s->classes[i] = SF_NEW_ARRAY(arena, int32_t, (size_t)q->samples);
    if (!s->classes[i]) return SF_OOM;
  }
  return SF_OK;
}

static sf_result measure(sweep *s, tally *totals) {
  sf_pass_run *run = s->q->run;
  uint64_t block;
  SF_TRY(allocate(s, &block));
  sf_sample_runner *floats = NULL, *integers = NULL;
  sf_result result =
      sf_sample_runner_create(sf_reference_network(s->q->reference),
                              run->samples, run->threads, run->diag, &floats);
  if (result == SF_OK)
    result = sf_sample_runner_create(s->q->network, run->samples, run->threads,
                                     run->diag, &integers);
  if (result == SF_OK) result = run_blocks(s, floats, integers, block, totals);
  sf_sample_runner_destroy(floats);
  sf_sample_runner_destroy(integers);
  return result;
}

/* ---- The log. ---- */

static sf_result log_units(sf_module *module, sf_log_entry *log,
                           const sf_linear_sum *sum) {
  if (sum->count == 0) return SF_OK; /* of softmax and norms: their step */
  if (!sum->has_site)
    return sf_log_set_number(module, log, "delta", (double)sum->delta[0]);
  int32_t least = sum->divisor[0], most = least;
  for (uint32_t c = 1; c < sum->channels; c++) {
    if (sum->divisor[c] < least) least = sum->divisor[c];
    if (sum->divisor[c] > most) most = sum->divisor[c];
  }
  SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "least_divisor", least));
  return sf_dict_set_int(module->arena, &log->attrs, "largest_divisor", most);
}

static sf_result log_site(const sweep *s, uint32_t index, const tally *total,
                          sf_log_entry *log) {
  const sf_op *site = s->q->sums[index]->site;
  if (!site) return SF_OK;
  size_t elements = sf_type_elements(&site->results[0]->type), dead = 0;
  for (size_t n = 0; n < elements; n++)
    dead += !atomic_load_explicit(&s->alive[index][n], memory_order_relaxed);
  sf_module *module = s->q->run->module;
  SF_TRY(
      sf_log_set_number(module, log, "dead", (double)dead / (double)elements));
  double all = (double)elements * (double)s->q->samples;
  return sf_log_set_number(module, log, "saturated",
                           (double)total->saturated / all);
}

static sf_result log_sum(const sweep *s, uint32_t index, const tally *total) {
  const sf_quantizer *q = s->q;
  sf_module *module = q->run->module;
  const sf_linear_sum *sum = q->sums[index];
  char *text = sf_arena_printf(q->run->scratch, "quantize: %%%s", sum->name);
  sf_log_entry *log =
      text ? sf_module_add_log(module, SF_APPROXIMATE, 0, text) : NULL;
  if (!log) return SF_OOM;
  unsigned bits = 0;
  for (uint32_t t = 0; t < sum->count; t++)
    if (sum->terms[t].kind == SF_TERM_PROJECTION && sum->terms[t].bits > bits)
      bits = sum->terms[t].bits;
  if (bits) SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "bits", bits));
  SF_TRY(log_units(module, log, sum));
  if (!q->reference) return SF_OK;
  if (total->size > 0)
    SF_TRY(sf_log_set_number(module, log, "relative_error",
                             sqrt(total->error / total->size)));
  return log_site(s, index, total, log);
}

static double share_right(const sf_quantizer *q, const int32_t *classes) {
  uint64_t right = 0;
  for (uint64_t n = 0; n < q->samples; n++)
    right += classes[n] == q->run->samples->labels[n];
  return (double)right / (double)q->samples;
}

static sf_result log_accuracy(const sweep *s) {
  const sf_quantizer *q = s->q;
  sf_module *module = q->run->module;
  sf_log_entry *log = sf_module_add_log(
      module, SF_APPROXIMATE, 0, "quantize: weights and sums are integers");
  if (!log || !q->reference) return log ? SF_OK : SF_OOM;
  SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "samples",
                         (int64_t)q->samples));
  if (!s->classes[0]) return SF_OK;
  SF_TRY(sf_log_set_number(module, log, "float_accuracy",
                           share_right(q, s->classes[0])));
  return sf_log_set_number(module, log, "accuracy",
                           share_right(q, s->classes[1]));
}

sf_result sf_quantize_report(sf_quantizer *q) {
  sweep s = {.q = q};
  tally *totals = SF_NEW_ARRAY(q->run->scratch, tally, q->sum_count + 1u);
  if (!totals) return SF_OOM;
  if (q->reference) SF_TRY(measure(&s, totals));
  for (uint32_t i = 0; i < q->sum_count; i++)
    SF_TRY(log_sum(&s, i, &totals[i]));
  return log_accuracy(&s);
}
