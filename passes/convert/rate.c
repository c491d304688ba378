/* rate.c - the rate form, corrected by samples (conversion.md 1.4).
 *
 * Bias correction: the integer model and the spikes run on the same samples,
 * layer after layer, and what a channel's mean rate lacks is added to its
 * potential in every step. Delayed read-out: the sums of the last layer start
 * in the step that brings their mean next to the integer model's, so that what
 * deep layers sent before they were charged does not count. Sums are integers
 * or f64 in a fixed order: the same samples give the same network. */
#include "passes/convert/convert.h"

#include <math.h>
#include <string.h>

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

typedef struct tuner {
  sf_converter *c;
  sf_network *exact; /* the integer model */
  sf_interp *model, *rates;
  const sf_word **inputs;
  uint64_t samples;
} tuner;

static sf_result open_interpreters(tuner *t) {
  sf_diag *diag = t->c->run->diag;
  SF_TRY(sf_interp_create(t->exact, diag, &t->model));
  return sf_interp_create(t->c->network, diag, &t->rates);
}

static void close_interpreters(tuner *t) {
  sf_interp_destroy(t->model);
  sf_interp_destroy(t->rates);
  t->model = t->rates = NULL;
}

/* Fresh sample: the model runs its one step, the spikes are at the start. */
static sf_result begin_sample(tuner *t, uint64_t sample) {
  const sf_network *network = t->c->network;
  for (uint32_t a = 0; a < network->argument_count; a++)
    t->inputs[a] = t->c->run->samples->arguments[a] +
                   sample * sf_type_elements(&network->arguments[a]->type);
  SF_TRY(sf_interp_step(t->model, t->inputs));
  sf_interp_reset(t->rates);
  return SF_OK;
}

/* ---- Bias correction. ---- */

/* A population of the rate form with the integers that it stands for. */
typedef struct layer {
  const sf_site *site;
  sf_value *spikes;
  const sf_value *integers;
  uint32_t channels;
  size_t inner;           /* elements of a channel */
  int64_t *wanted, *sent; /* sums over samples, one a channel */
} layer;

static bool find_layer(const tuner *t, uint32_t index, layer *out) {
  const sf_converter *c = t->c;
  sf_slice name = slice_of(c->names[index]);
  *out = (layer){.site = &c->sites[index],
                 .spikes = sf_network_find_value(c->network, name),
                 .integers = sf_network_find_value(t->exact, name)};
  const sf_value *spikes = out->spikes;
  bool fires = spikes && spikes->op && spikes->op->kind == SF_OP_NEURONS &&
               sf_neuron_find_param(spikes->op->neuron, slice_of("theta"));
  if (!fires || !out->integers || out->site->pool || !out->site->high ||
      spikes->type.rank == 0)
    return false;
  out->channels = (uint32_t)spikes->type.dim[0];
  out->inner = sf_type_elements(&spikes->type) / out->channels;
  return true;
}

static void add_up(const layer *l, const sf_word *words, int64_t *sums) {
  for (uint32_t c = 0; c < l->channels; c++)
    for (size_t i = 0; i < l->inner; i++)
      sums[c] += words[c * l->inner + i].i;
}

static sf_result measure_layer(tuner *t, layer *l) {
  SF_TRY(open_interpreters(t));
  for (uint64_t n = 0; n < t->samples; n++) {
    SF_TRY(begin_sample(t, n));
    add_up(l, sf_interp_value(t->model, l->integers), l->wanted);
    for (int64_t step = 0; step < t->c->options->steps; step++) {
      SF_TRY(sf_interp_step(t->rates, t->inputs));
      add_up(l, sf_interp_value(t->rates, l->spikes), l->sent);
    }
  }
  return SF_OK;
}

/* Number of element `n` of a population of `type`. */
static int32_t argument_at(sf_op *op, const char *param, const sf_type *type,
                           size_t n) {
  const sf_argument *a = sf_op_argument(op, slice_of(param));
  if (a->kind == SF_ARGUMENT_DEFAULT)
    return (int32_t)sf_neuron_find_param(op->neuron, slice_of(param))
        ->initial.i;
  if (a->kind == SF_ARGUMENT_NUMBER) return (int32_t)a->number.i;
  size_t index = 0, stride = 1;
  for (uint32_t axis = type->rank; axis-- > 0;) {
    size_t at = n % (size_t)type->dim[axis];
    n /= (size_t)type->dim[axis];
    if (a->blob->type.dim[axis] == 1) continue;
    index += at * stride;
    stride *= (size_t)a->blob->type.dim[axis];
  }
  return sf_blob_i32(a->blob, index);
}

/* What the mean rate of a channel lacks, in spikes a step. */
static double lack_of(const tuner *t, const layer *l, uint32_t channel) {
  const sf_site *site = l->site;
  uint32_t each = site->count / (uint32_t)site->shape.dim[0];
  int32_t high = site->high[site->shape.dim[0] > 1 ? channel * each : 0];
  double count = (double)t->samples * (double)l->inner;
  return (double)l->wanted[channel] / (high > 0 ? high : 1) / count -
         (double)l->sent[channel] / (double)t->c->options->steps / count;
}

static sf_result correct(tuner *t, const layer *l) {
  sf_op *op = l->spikes->op;
  const sf_type *type = &l->spikes->type;
  size_t elements = sf_type_elements(type);
  int32_t *offset = SF_NEW_ARRAY(t->c->arena, int32_t, elements);
  if (!offset) return SF_OOM;
  for (size_t n = 0; n < elements; n++) {
    double more = argument_at(op, "theta", type, n) *
                  lack_of(t, l, (uint32_t)(n / l->inner));
    double sum = argument_at(op, "offset", type, n) + round(more);
    offset[n] = (int32_t)fmin(fmax(sum, -INT32_MAX), INT32_MAX);
  }
  return sf_convert_argument(op, "offset", type, offset);
}

static sf_result correct_layers(tuner *t) {
  for (uint32_t i = 0; i < t->c->site_count; i++) {
    layer l;
    if (!find_layer(t, i, &l)) continue;
    l.wanted = SF_NEW_ARRAY(t->c->arena, int64_t, l.channels);
    l.sent = SF_NEW_ARRAY(t->c->arena, int64_t, l.channels);
    if (!l.wanted || !l.sent) return SF_OOM;
    sf_result result = measure_layer(t, &l);
    close_interpreters(t);
    if (result == SF_OK) result = correct(t, &l);
    SF_TRY(result);
    t->c->corrected++;
  }
  return SF_OK;
}

/* ---- Delayed read-out. ---- */

/* Adds the squared distance of the mean from step s on to the integer model's
 * sum, for each s. `sums`: elements a step, running. */
static void add_errors(const tuner *t, const int32_t *sums, size_t elements,
                       double *errors) {
  int64_t steps = t->c->options->steps;
  const sf_word *wanted = sf_interp_value(t->model, t->c->wanted);
  const int32_t *last = sums + (size_t)(steps - 1) * elements;
  for (int64_t s = 0; 2 * s <= steps; s++)
    for (size_t i = 0; i < elements; i++) {
      double before = s ? sums[(size_t)(s - 1) * elements + i] : 0;
      double distance = (last[i] - before) / (double)(steps - s) - wanted[i].i;
      errors[s] += distance * distance;
    }
}

static sf_result measure_errors(tuner *t, double *errors) {
  const sf_value *result = t->c->network->returns[0].value;
  size_t elements = sf_type_elements(&result->type);
  int64_t steps = t->c->options->steps;
  int32_t *sums = SF_NEW_ARRAY(t->c->arena, int32_t, (size_t)steps *elements);
  if (!sums) return SF_OOM;
  SF_TRY(open_interpreters(t));
  for (uint64_t n = 0; n < t->samples; n++) {
    SF_TRY(begin_sample(t, n));
    for (int64_t step = 0; step < steps; step++) {
      SF_TRY(sf_interp_step(t->rates, t->inputs));
      const sf_word *words = sf_interp_value(t->rates, result);
      for (size_t i = 0; i < elements; i++)
        sums[(size_t)step * elements + i] = words[i].i;
    }
    add_errors(t, sums, elements, errors);
  }
  return SF_OK;
}

static sf_result choose_delay(tuner *t) {
  int64_t steps = t->c->options->steps;
  double *errors = SF_NEW_ARRAY(t->c->arena, double, (size_t)steps + 1);
  if (!errors) return SF_OOM;
  sf_result result = measure_errors(t, errors);
  close_interpreters(t);
  for (int64_t s = 1; 2 * s <= steps; s++)
    if (errors[s] < errors[t->c->read_out_delay]) t->c->read_out_delay = s;
  return result;
}

static sf_result delay_results(sf_converter *c) {
  for (uint32_t i = 0; i < c->network->return_count && c->read_out_delay; i++) {
    sf_op *op = c->network->returns[i].value->op;
    while (sf_op_is(op, SF_TRAIT_MOVES)) /* the result's own */
      op = sf_op_operand(op, 0)->op;
    SF_TRY(sf_op_set_int(op, SF_ATTR_start, c->read_out_delay));
  }
  return SF_OK;
}

static sf_result tune(sf_converter *c) {
  tuner t = {.c = c,
             .exact =
                 sf_module_find_network(c->model, slice_of(c->network->name)),
             .samples = sf_convert_sample_count(c)};
  t.inputs =
      SF_NEW_ARRAY(c->arena, const sf_word *, c->network->argument_count + 1u);
  if (!t.inputs) return SF_OOM;
  if (t.samples == 0) return SF_OK;
  if (c->options->correct_bias) SF_TRY(correct_layers(&t));
  if (c->options->read_out_delay >= 0 || !c->wanted) return SF_OK;
  return choose_delay(&t);
}

sf_result sf_convert_tune_rate(sf_converter *c) {
  if (c->form != SF_FORM_RATE) return SF_OK;
  if (c->options->read_out_delay >= c->options->steps)
    return sf_error(c->run->diag, SF_DIAG_PASS_OPTION, c->network->loc,
                    "read-out-delay = %lld leaves nothing of %lld steps",
                    (long long)c->options->read_out_delay,
                    (long long)c->options->steps);
  if (c->options->read_out_delay > 0)
    c->read_out_delay = c->options->read_out_delay;
  SF_TRY(tune(c));
  return delay_results(c);
}
