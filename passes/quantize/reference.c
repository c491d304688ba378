/* reference.c - the float network: what the mean of each channel should be. */
#include "passes/quantize/quantize.h"

#include "passes/calibrate/runner.h"
#include "passes/rewrite/unread.h"

#include <stdlib.h>
#include <string.h>

/* A root of the float network, and where its channels are in the means. */
typedef struct root {
  const sf_value *value;
  int axis;
  uint32_t channels;
  size_t first;
} root;

typedef struct sf_reference {
  sf_module *module; /* sites bypassed */
  uint32_t count;
  root *roots;
  size_t channels; /* of all roots */
  double *means;
} sf_reference;

size_t sf_channel_inner(const sf_type *type, int axis) {
  size_t inner = 1;
  for (int i = axis + 1; axis >= 0 && i < type->rank; i++)
    inner *= (size_t)type->dim[i];
  return inner;
}

/* ---- Copies of the module. ---- */

/* A site of calibrate, by the name that it gives: `%x.q` of `%x`. What a model
 * rounds of itself is what it means, and stays in the reference. */
static bool is_calibrated(const sf_op *quantize) {
  const char *from = sf_op_operand(quantize, 0)->name;
  const char *to = quantize->results[0]->name;
  size_t size = strlen(from);
  return strncmp(from, to, size) == 0 && strncmp(to + size, ".q", 2) == 0;
}

static void bypass_sites(sf_network *network) {
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_DEQUANTIZE) continue;
    const sf_value *rounded = sf_op_operand(op, 0);
    if (!rounded->op || rounded->op->kind != SF_OP_QUANTIZE ||
        !is_calibrated(rounded->op)) {
      continue;
    }
    sf_value_replace_all_uses(op->results[0], sf_op_operand(rounded->op, 0));
  }
}

static sf_value *same_value(const sf_network *network, const sf_value *value) {
  return sf_network_find_value(network,
                               (sf_slice){value->name, strlen(value->name)});
}

sf_result sf_partial_network(sf_quantizer *q, uint32_t count,
                             sf_value *const *values, sf_module **out) {
  SF_TRY(sf_module_clone(q->run->module, out));
  sf_network *network = (*out)->first_network;
  sf_value **kept = SF_NEW_ARRAY(q->run->scratch, sf_value *, count + 1u);
  sf_result result = kept ? SF_OK : SF_OOM;
  for (uint32_t i = 0; i < count && kept; i++)
    kept[i] = same_value(network, values[i]);
  if (result == SF_OK) result = sf_network_set_returns(network, count, kept);
  if (result == SF_OK) sf_erase_unread(network);
  return result;
}

/* ---- Means. ---- */

typedef struct sweep {
  const sf_reference *reference;
  double *sums; /* a sample: all channels */
} sweep;

static sf_result add_channels(void *data, uint64_t sample,
                              const sf_interp *interp) {
  const sweep *s = data;
  double *sums = s->sums + sample * s->reference->channels;
  for (uint32_t i = 0; i < s->reference->count; i++) {
    const root *r = &s->reference->roots[i];
    const sf_word *words = sf_interp_value(interp, r->value);
    size_t inner = sf_channel_inner(&r->value->type, r->axis);
    size_t elements = sf_type_elements(&r->value->type);
    for (size_t n = 0; n < elements; n++)
      sums[r->first + sf_channel_of(n, inner, r->channels)] +=
          (double)words[n].f;
  }
  return SF_OK;
}

static void set_means(const sf_quantizer *q, sf_reference *reference,
                      const double *sums) {
  for (uint32_t i = 0; i < reference->count; i++) {
    const root *r = &reference->roots[i];
    double count = (double)q->samples *
                   ((double)sf_type_elements(&r->value->type) / r->channels);
    for (uint32_t c = 0; c < r->channels; c++) {
      double sum = 0;
      for (uint64_t n = 0; n < q->samples; n++)
        sum += sums[n * reference->channels + r->first + c];
      reference->means[r->first + c] = sum / count;
    }
  }
}

static sf_result measure(sf_quantizer *q, sf_reference *reference) {
  sf_pass_run *run = q->run;
  sweep s = {reference, NULL};
  sf_sample_runner *runner = NULL;
  SF_TRY(sf_sample_runner_create(reference->module->first_network, run->samples,
                                 run->threads, run->diag, &runner));
  s.sums = calloc((size_t)q->samples * reference->channels + 1, sizeof *s.sums);
  sf_result result =
      s.sums ? sf_sample_runner_each(runner, 0, q->samples, add_channels, &s)
             : SF_OOM;
  if (result == SF_OK) set_means(q, reference, s.sums);
  free(s.sums);
  sf_sample_runner_destroy(runner);
  return result;
}

static sf_result find_roots(const sf_quantizer *q, sf_reference *reference) {
  sf_network *network = reference->module->first_network;
  reference->roots = SF_NEW_ARRAY(q->run->scratch, root, q->network->op_count);
  if (!reference->roots) return SF_OOM;
  SF_FOREACH_OP(op, q->network) {
    bool sum = sf_qdq_is_linear(op) && !sf_qdq_is_inner(op->results[0]);
    if (!sum && !sf_qdq_is_vector_function(op) && !sf_qdq_is_product(op))
      continue;
    const sf_value *value = same_value(network, op->results[0]);
    int axis = sf_qdq_channel_axis(op->results[0]);
    uint32_t channels = axis < 0 ? 1 : (uint32_t)value->type.dim[axis];
    reference->roots[reference->count++] =
        (root){value, axis, channels, reference->channels};
    reference->channels += channels;
  }
  reference->means =
      SF_NEW_ARRAY(q->run->scratch, double, reference->channels + 1);
  return reference->means ? SF_OK : SF_OOM;
}

sf_result sf_reference_create(sf_quantizer *q) {
  if (!q->run->samples || q->run->samples->count == 0) return SF_OK;
  sf_reference *reference = SF_NEW(q->run->scratch, sf_reference);
  if (!reference) return SF_OOM;
  q->samples = sf_samples_used(q->run->samples, q->options->samples);
  q->reference = reference;
  SF_TRY(sf_module_clone(q->run->module, &reference->module));
  bypass_sites(reference->module->first_network);
  SF_TRY(find_roots(q, reference));
  return measure(q, reference);
}

void sf_reference_destroy(sf_reference *reference) {
  if (reference) sf_module_destroy(reference->module);
}

static const root *find_root(const sf_reference *reference, const char *name) {
  for (uint32_t i = 0; i < reference->count; i++)
    if (strcmp(reference->roots[i].value->name, name) == 0)
      return &reference->roots[i];
  return NULL;
}

const sf_value *sf_reference_value(const sf_reference *reference,
                                   const char *name) {
  const root *r = find_root(reference, name);
  return r ? r->value : NULL;
}

const double *sf_reference_means(const sf_reference *reference,
                                 const char *name) {
  const root *r = find_root(reference, name);
  return r ? reference->means + r->first : NULL;
}

const sf_network *sf_reference_network(const sf_reference *reference) {
  return reference->module->first_network;
}
