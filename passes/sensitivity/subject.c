/* subject.c - a copy of the module, its logits on the samples, and runs with
 * other weights. */
#include "passes/sensitivity/sensitivity.h"

#include "passes/calibrate/runner.h"

#include <stdlib.h>
#include <string.h>

/* ---- The result that is compared. ---- */

static const sf_op *last_nonlinearity(const sf_value *value) {
  const sf_op *op = value->op;
  bool stripped = op && (op->kind == SF_OP_SOFTMAX ||
                         (op->kind == SF_OP_LOG && op->operands[0].value &&
                          op->operands[0].value->op &&
                          op->operands[0].value->op->kind == SF_OP_SOFTMAX));
  return stripped ? op : NULL;
}

/* Moves of the result keep its distributions only where they keep its shape:
 * softmax is looked for at the very end. */
static void find_logits(const sf_network *network, sf_logits *out) {
  const sf_value *value = network->returns[0].value;
  const sf_op *op = last_nonlinearity(value);
  int axis = value->type.rank == 3 ? 0 : value->type.rank - 1;
  if (op && op->kind == SF_OP_LOG) op = op->operands[0].value->op;
  if (op) {
    value = sf_op_operand(op, 0);
    axis = (int)sf_op_int(op, SF_ATTR_axis);
    if (axis < 0) axis += value->type.rank;
  }
  *out = (sf_logits){
      .value = value, .outer = 1, .classes = 1, .inner = 1, .scale = 1};
  for (int i = 0; i < value->type.rank; i++) {
    size_t extent = (size_t)value->type.dim[i];
    size_t *part = i < axis    ? &out->outer
                   : i == axis ? &out->classes
                               : &out->inner;
    *part *= extent;
  }
}

static sf_result check(sf_pass_run *run, const sf_network *network) {
  if (!run->samples || run->samples->count == 0) {
    sf_error(run->diag, SF_DIAG_CALIBRATION, network->loc,
             "there are no calibration samples to run network '@%s' on",
             network->name);
    sf_help(run->diag, "give some inputs of the network: --calib X.npy");
    return SF_FAIL;
  }
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS && op->kind != SF_OP_DELAY &&
        op->result_count == 1) {
      continue;
    }
    return sf_error(run->diag, SF_DIAG_CALIBRATION, op->loc,
                    "'%%%s' keeps state; samples are run for one step",
                    op->results[0]->name);
  }
  if (network->return_count == 0 ||
      network->returns[0].value->type.scalar.kind != SF_SCALAR_F32) {
    return sf_error(run->diag, SF_DIAG_CALIBRATION, network->loc,
                    "the first result of network '@%s' is no f32 stream, whose "
                    "change could be measured",
                    network->name);
  }
  return SF_OK;
}

/* ---- Runs. ---- */

static size_t logit_count(const sf_subject *s) {
  return s->logits.outer * s->logits.classes * s->logits.inner;
}

static sf_result keep_reference(void *data, uint64_t sample,
                                const sf_interp *interp) {
  const sf_subject *s = data;
  size_t count = logit_count(s);
  memcpy(s->reference + sample * count,
         sf_interp_value(interp, s->logits.value), count * sizeof(float));
  return SF_OK;
}

static void choose_scale(sf_subject *s) {
  double lead = 0;
  for (uint64_t i = 0; i < s->samples; i++)
    lead += sf_mean_lead(&s->logits, s->reference + i * logit_count(s));
  lead /= (double)s->samples;
  if (lead > (double)SF_LEAD_MOST)
    s->logits.scale = (double)SF_LEAD_MOST / lead;
}

static sf_result run_reference(sf_subject *s) {
  sf_arena *arena = s->run->scratch;
  s->reference = SF_NEW_ARRAY(arena, float, (size_t)s->samples *logit_count(s));
  if (!s->reference) return SF_OOM;
  sf_sample_runner *runner;
  SF_TRY(sf_sample_runner_create(s->network, s->run->samples, s->run->threads,
                                 s->run->diag, &runner));
  sf_result result =
      sf_sample_runner_each(runner, 0, s->samples, keep_reference, s);
  sf_sample_runner_destroy(runner);
  if (result == SF_OK) choose_scale(s);
  return result;
}

static sf_result prepare(sf_subject *s) {
  sf_arena *arena = s->run->scratch;
  SF_TRY(sf_layers_find(s->network, arena, s->run->diag, &s->layers));
  s->originals = SF_NEW_ARRAY(arena, sf_blob *, s->layers.count + 1u);
  if (!s->originals) return SF_OOM;
  for (uint32_t i = 0; i < s->layers.count; i++)
    s->originals[i] = sf_op_operand_blob(s->layers.layers[i].op, 1);
  find_logits(s->network, &s->logits);
  return run_reference(s);
}

sf_result sf_subject_create(sf_pass_run *run, int64_t limit, sf_subject *out) {
  *out = (sf_subject){.run = run};
  SF_TRY(check(run, run->module->first_network));
  out->samples = sf_samples_used(run->samples, limit);
  SF_TRY(sf_module_clone(run->module, &out->module));
  out->network = out->module->first_network;
  sf_result result = prepare(out);
  if (result != SF_OK) sf_subject_destroy(out);
  return result;
}

void sf_subject_destroy(sf_subject *subject) {
  sf_module_destroy(subject->module);
  subject->module = NULL;
}

/* ---- All layers at once. ---- */

typedef struct together {
  sf_subject *subject;
  double *divergence; /* one a sample */
  bool *correct;
} together;

static sf_result compare(void *data, uint64_t sample, const sf_interp *interp) {
  const together *t = data;
  const sf_subject *s = t->subject;
  const sf_word *words = sf_interp_value(interp, s->logits.value);
  const float *logits = (const float *)(const void *)words;
  const int32_t *labels = s->run->samples->labels;
  t->divergence[sample] =
      sf_divergence(&s->logits, s->reference + sample * logit_count(s), logits);
  t->correct[sample] =
      labels && sf_largest_class(&s->logits, logits) == (size_t)labels[sample];
  return SF_OK;
}

static sf_result run_together(together *t, sf_loss *out) {
  const sf_subject *s = t->subject;
  sf_sample_runner *runner;
  SF_TRY(sf_sample_runner_create(s->network, s->run->samples, s->run->threads,
                                 s->run->diag, &runner));
  sf_result result = sf_sample_runner_each(runner, 0, s->samples, compare, t);
  sf_sample_runner_destroy(runner);
  *out = (sf_loss){0};
  for (uint64_t i = 0; i < s->samples; i++) {
    out->divergence += t->divergence[i];
    out->correct += t->correct[i];
  }
  out->divergence /= (double)s->samples;
  return result;
}

static sf_result set_weights(const sf_subject *s, const unsigned *bits,
                             sf_arena *arena) {
  for (uint32_t i = 0; i < s->layers.count; i++) {
    const sf_layer *layer = &s->layers.layers[i];
    if (!bits[i]) continue;
    float *values = SF_NEW_ARRAY(arena, float, layer->weights);
    if (!values) return SF_OOM;
    SF_TRY(sf_layer_round(layer, bits[i], arena, values));
    sf_blob *blob =
        sf_blob_create_bytes(s->module, s->originals[i]->name,
                             &s->originals[i]->type, SF_DTYPE_F32, values);
    if (!blob) return SF_OOM;
    sf_op_set_operand_blob(layer->op, 1, blob);
  }
  return SF_OK;
}

static void restore_weights(const sf_subject *s) {
  for (uint32_t i = 0; i < s->layers.count; i++) {
    sf_op *op = s->layers.layers[i].op;
    sf_blob *blob = sf_op_operand_blob(op, 1);
    if (blob == s->originals[i]) continue;
    sf_op_set_operand_blob(op, 1, s->originals[i]);
    sf_blob_erase(blob);
  }
}

sf_result sf_subject_together(sf_subject *subject, const unsigned *bits,
                              sf_loss *out) {
  sf_arena *arena = sf_arena_create(); /* the weights, for this run only */
  if (!arena) return SF_OOM;
  together t = {subject, SF_NEW_ARRAY(arena, double, subject->samples),
                SF_NEW_ARRAY(arena, bool, subject->samples)};
  sf_result result = t.divergence && t.correct ? SF_OK : SF_OOM;
  if (result == SF_OK) result = set_weights(subject, bits, arena);
  if (result == SF_OK) result = run_together(&t, out);
  restore_weights(subject);
  sf_arena_destroy(arena);
  return result;
}
