/* nir_build_neuron.c - populations: which parts of the function a node needs,
 * and its numbers.
 *
 * Numbers are computed in binary64 and rounded once; one that is the same for
 * all neurons is stored once. */
#include "frontend/nir/nir.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers of neuron `index`. ---- */

typedef struct numbers {
  double alpha, gain_syn, beta, rate, tau, gain, leak, theta, v_reset;
} numbers;

static double decay(nir_scheme scheme, double dt, double tau) {
  return scheme == NIR_EXPONENTIAL ? exp(-dt / tau) : 1 - dt / tau;
}

/* What the scheme multiplies the equation's right side with. */
static double rate(nir_scheme scheme, double dt, double tau) {
  return scheme == NIR_EXPONENTIAL ? -expm1(-dt / tau) : dt / tau;
}

static void integrator(const nir_import *import, const nir_node *node,
                       uint64_t i, numbers *out) {
  const nir_convention *use = &import->options.use;
  double r = sf_nir_each(node->field[NIR_R], i, 1);
  out->gain = use->if_gain > 0 ? use->if_gain : r * import->dt;
  out->beta = 1;
}

static void leaky(const nir_import *import, const nir_node *node, uint64_t i,
                  numbers *out) {
  const nir_convention *use = &import->options.use;
  bool cuba = node->type->kind == NIR_CUBA;
  double dt = import->dt;
  double tau = sf_nir_each(node->field[cuba ? NIR_TAU_MEM : NIR_TAU], i, 1);
  double r = sf_nir_each(node->field[NIR_R], i, 1);
  double v_leak = sf_nir_each(node->field[NIR_V_LEAK], i, 0);
  if (use->gain == NIR_GAIN_TAU && !cuba) r = 1;
  out->beta = decay(use->scheme, dt, tau);
  out->rate = rate(use->scheme, dt, tau);
  out->tau = tau / dt;
  bool one = use->gain == NIR_GAIN_ONE || use->gain == NIR_GAIN_THRESHOLD;
  double step = rate(use->scheme, dt, tau) * r;
  if (use->gain == NIR_GAIN_THRESHOLD && step != 0) out->theta /= step;
  out->gain = one ? 1 : step;
  out->leak = use->no_leak        ? 0
              : use->leak_is_bias ? v_leak
                                  : rate(use->scheme, dt, tau) * v_leak;
  bool rate_form = use->scheme == NIR_RATE;
  if (rate_form || use->scheme == NIR_SPIKINGJELLY) out->leak = v_leak;
  if (rate_form) out->gain = one ? 1 / out->rate : r;
  if (!cuba) return;
  double tau_syn = sf_nir_each(node->field[NIR_TAU_SYN], i, 1);
  double w_in = sf_nir_each(node->field[NIR_W_IN], i, 1);
  out->alpha = decay(use->scheme, dt, tau_syn);
  out->gain_syn = one ? 1 : rate(use->scheme, dt, tau_syn) * w_in;
}

static numbers numbers_of(const nir_import *import, const nir_node *node,
                          uint64_t i) {
  const nir_convention *use = &import->options.use;
  bool step = node->type->kind == NIR_THRESHOLD;
  numbers out = {.alpha = 0, .gain_syn = 1, .beta = 0, .tau = 2, .gain = 1};
  out.theta =
      sf_nir_each(node->field[step ? NIR_THRESHOLDS : NIR_V_THRESHOLD], i, 1);
  if (!use->zero_reset)
    out.v_reset = sf_nir_each(node->field[NIR_V_RESET], i, 0);
  if (node->type->kind == NIR_INTEGRATOR) integrator(import, node, i, &out);
  if (node->type->kind == NIR_LEAKY || node->type->kind == NIR_CUBA)
    leaky(import, node, i, &out);
  return out;
}

/* ---- Which datasets are there once or for each neuron. ---- */

/* Shape over which the numbers spread: 1 on axes where no dataset varies. */
static sf_type number_type(const nir_node *node) {
  int32_t dim[SF_RANK_MAX];
  unsigned rank = node->out.rank;
  for (unsigned a = 0; a < rank; a++)
    dim[a] = 1;
  for (int f = 0; f < NIR_FIELD_COUNT; f++) {
    const sf_h5_item *item = node->field[f];
    if (!item || !(node->type->each >> f & 1) || item->elements == 1) continue;
    for (unsigned a = 0; a < rank && item->rank == rank; a++)
      if (item->dim[a] != 1) dim[a] = (int32_t)item->dim[a];
  }
  return sf_type_make(sf_f32(), rank, dim);
}

/* ---- The population. ---- */

typedef struct population {
  nir_import *import;
  nir_node *node;
  sf_type type;    /* of the numbers */
  size_t count;    /* distinct neurons */
  numbers *number; /* malloc'ed */
} population;

static sf_result check_numbers(const population *p) {
  const nir_convention *use = &p->import->options.use;
  nir_kind kind = p->node->type->kind;
  for (size_t i = 0; i < p->count; i++) {
    const numbers *n = &p->number[i];
    if (kind == NIR_THRESHOLD || kind == NIR_INTEGRATOR) {
      if (isfinite((float)n->gain)) continue;
    } else if (n->beta >= 0 && (kind != NIR_CUBA || n->alpha >= 0) &&
               isfinite((float)n->theta) && isfinite((float)n->gain) &&
               isfinite((float)n->gain_syn) && isfinite((float)n->leak)) {
      continue;
    } else if (n->beta < 0 || n->alpha < 0) {
      return sf_nir_refuse(
          p->import, p->node,
          "give a smaller --dt (the file's times may be in steps or ms), or "
          "--scheme exponential",
          "a time constant of neuron %zu is shorter than the step of %g: %s "
          "would overshoot",
          i, p->import->dt, sf_nir_scheme_text(use->scheme));
    }
    return sf_nir_refuse(p->import, p->node, NULL,
                         "a number of neuron %zu is beyond f32 after "
                         "discretisation with dt = %g",
                         i, p->import->dt);
  }
  return SF_OK;
}

/* Whether a number is not the neutral one, in f32 and by more than noise. */
static bool any(const population *p, size_t offset, double neutral) {
  for (size_t i = 0; i < p->count; i++) {
    double value;
    memcpy(&value, (const char *)&p->number[i] + offset, sizeof value);
    if (fabs(value - neutral) > 1e-9 && (float)value != (float)neutral)
      return true;
  }
  return false;
}

/* SpikingJelly's file for decay_input has r = 1, the other r = tau / dt. */
static sf_result divided_input(const population *p, bool *out) {
  bool one = true, ratio = true;
  for (size_t i = 0; i < p->count; i++) {
    double r = sf_nir_each(p->node->field[NIR_R], i, 1);
    one &= fabs(r - 1) < 1e-6;
    ratio &= fabs(r - p->number[i].tau) < 1e-5 * p->number[i].tau;
  }
  *out = one;
  if (one || ratio) return SF_OK;
  return sf_nir_refuse(p->import, p->node, NULL,
                       "spikingjelly's neurons have r = 1 or r = tau / dt in "
                       "all neurons of a layer; these have neither");
}

static sf_result describe(const population *p, nir_neuron *out) {
  const nir_convention *use = &p->import->options.use;
  const nir_type *type = p->node->type;
  *out = (nir_neuron){.kind = type->kind, .spikes = type->spikes};
  if (type->kind == NIR_THRESHOLD) return SF_OK;
  out->scheme = use->scheme;
  out->current = use->current;
  out->reset = type->spikes ? use->reset : NIR_RESET_NONE;
  out->at_threshold = use->at_threshold;
  out->many = use->many && type->spikes;
  out->late_spikes = use->late_spikes && type->spikes;
  out->leak = any(p, offsetof(numbers, leak), 0);
  out->gain_syn =
      type->kind == NIR_CUBA && any(p, offsetof(numbers, gain_syn), 1);
  bool value =
      out->reset == NIR_RESET_VALUE || out->reset == NIR_RESET_VALUE_LATE;
  out->reset_value = value && any(p, offsetof(numbers, v_reset), 0);
  if (use->scheme != NIR_SPIKINGJELLY || type->kind == NIR_INTEGRATOR) {
    out->gain = any(p, offsetof(numbers, gain), 1);
    return SF_OK;
  }
  out->starts_at_reset = out->reset_value;
  if (type->kind == NIR_CUBA)
    return sf_nir_refuse(p->import, p->node, NULL,
                         "spikingjelly has no neuron with a synaptic current");
  return divided_input(p, &out->divided_input);
}

/* ---- Arguments. ---- */

static sf_result set_number(const population *p, sf_op *op, const char *param,
                            size_t offset) {
  sf_argument *argument = sf_op_argument(op, sf_slice_of(param));
  if (!argument) return SF_OK; /* the function has no such part */
  float *values = malloc(p->count * sizeof *values);
  if (!values) return SF_OOM;
  bool uniform = true;
  for (size_t i = 0; i < p->count; i++) {
    double value;
    memcpy(&value, (const char *)&p->number[i] + offset, sizeof value);
    values[i] = (float)value;
    uniform &= values[i] == values[0];
  }
  sf_result result = SF_OK;
  if (uniform) {
    sf_argument_set_number(argument, sf_number_float(values[0]));
  } else {
    const char *name =
        sf_arena_printf(p->import->arena, "%s.%s", op->results[0]->name, param);
    sf_blob *blob =
        name ? sf_blob_create_f32(p->import->module, name, &p->type, values)
             : NULL;
    if (blob)
      sf_argument_set_blob(argument, blob);
    else
      result = SF_OOM;
  }
  free(values);
  return result;
}

static sf_result set_numbers(const population *p, sf_op *op) {
  const struct {
    const char *param;
    size_t offset;
  } rows[] = {{"alpha", offsetof(numbers, alpha)},
              {"gain_syn", offsetof(numbers, gain_syn)},
              {"beta", offsetof(numbers, beta)},
              {"rate", offsetof(numbers, rate)},
              {"tau", offsetof(numbers, tau)},
              {"gain", offsetof(numbers, gain)},
              {"leak", offsetof(numbers, leak)},
              {"theta", offsetof(numbers, theta)},
              {"v_reset", offsetof(numbers, v_reset)}};
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++)
    SF_TRY(set_number(p, op, rows[i].param, rows[i].offset));
  return SF_OK;
}

static sf_result populate(population *p, sf_value *x, sf_value **out) {
  nir_import *import = p->import;
  nir_node *node = p->node;
  SF_TRY(check_numbers(p));
  nir_neuron shape;
  SF_TRY(describe(p, &shape));
  sf_neuron *neuron = sf_nir_neuron(import, &shape);
  if (!neuron) return sf_diag_errors(import->diag) ? SF_FAIL : SF_OOM;
  x = sf_nir_float(import, node, x);
  if (!x) return SF_OOM;
  sf_type type = sf_nir_type_of(neuron->emit_types[0], &node->out);
  *out = sf_nir_op(import, node, SF_OP_NEURONS, x, NULL, NULL, NULL, &type);
  if (!*out) return SF_OOM;
  SF_TRY(sf_op_set_neuron((*out)->op, neuron));
  return set_numbers(p, (*out)->op);
}

sf_result sf_nir_build_neurons(nir_import *import, nir_node *node, sf_value *x,
                               sf_value **out) {
  population p = {.import = import, .node = node, .type = number_type(node)};
  p.count = sf_type_elements(&p.type);
  p.number = malloc(p.count * sizeof *p.number);
  if (!p.number) return SF_OOM;
  for (size_t i = 0; i < p.count; i++)
    p.number[i] = numbers_of(import, node, i);
  sf_result result = populate(&p, x, out);
  free(p.number);
  return result;
}
