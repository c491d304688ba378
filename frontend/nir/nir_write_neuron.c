/* nir_write_neuron.c - populations: the parameters of the equation from those
 * of one step.
 *
 * They are stored as f32 where a reader then computes the same numbers of the
 * step, else as f64. */
#include "frontend/nir/nir_write.h"

#include <math.h>
#include <string.h>

/* Params of a function in the order of its text (nir_neuron_text.c). */
typedef enum param {
  ALPHA,
  GAIN_SYN,
  DECAY, /* beta, rate or tau, as the scheme has it */
  GAIN,
  LEAK,
  THETA,
  VALUE, /* v_reset */
  PARAMS
} param;

/* Datasets that are computed, each from the ones before. */
typedef enum quantity { TAU_SYN, TAU, W_IN, R, V_LEAK, QUANTITIES } quantity;

typedef struct population {
  nir_export *export;
  const sf_op *op;
  nir_neuron shape;
  size_t count;
  bool has[PARAMS];
  float *param[PARAMS]; /* one number a neuron */
  double *quantity[QUANTITIES];
  bool wide[QUANTITIES]; /* stored as f64 */
} population;

/* ---- Arguments. ---- */

static sf_result fill(const population *p, uint32_t index, float *out) {
  const sf_argument *argument = &p->op->arguments[index];
  if (argument->kind == SF_ARGUMENT_BLOB)
    return sf_nir_spread(p->export, argument->blob, &p->op->results[0]->type,
                         out);
  float number = argument->kind == SF_ARGUMENT_NUMBER
                     ? argument->number.f
                     : p->op->neuron->params[index].initial.f;
  for (size_t i = 0; i < p->count; i++)
    out[i] = number;
  return SF_OK;
}

static sf_result read_params(population *p) {
  const nir_neuron *n = &p->shape;
  const bool has[PARAMS] = {n->kind == NIR_CUBA,
                            n->gain_syn,
                            n->kind == NIR_LEAKY || n->kind == NIR_CUBA,
                            n->gain,
                            n->leak,
                            n->spikes,
                            n->reset_value};
  static const float absent[PARAMS] = {0, 1, 0, 1, 0, 0, 0};
  memcpy(p->has, has, sizeof has);
  for (uint32_t i = 0, index = 0; i < PARAMS; i++) {
    p->param[i] = SF_NEW_ARRAY(p->export->arena, float, p->count + 1);
    if (!p->param[i]) return SF_OOM;
    for (size_t k = 0; k < p->count; k++)
      p->param[i][k] = absent[i];
    if (has[i]) SF_TRY(fill(p, index++, p->param[i]));
  }
  return SF_OK;
}

/* ---- From a step to the equation, and back. ---- */

/* What the equation has where the step of neuron `i` has its params. */
static double solve(const population *p, quantity q, size_t i) {
  double dt = p->export->dt, decay = p->param[DECAY][i];
  double tau = p->quantity[TAU][i], gain = p->param[GAIN][i];
  bool integrates = p->shape.kind == NIR_INTEGRATOR;
  nir_scheme scheme = p->shape.scheme;
  switch (q) {
  case TAU_SYN:
    return dt / (1 - (double)p->param[ALPHA][i]);
  case TAU:
    return scheme == NIR_EULER  ? dt / (1 - decay)
           : scheme == NIR_RATE ? dt / decay
                                : decay * dt;
  case W_IN:
    return p->param[GAIN_SYN][i] / (dt / p->quantity[TAU_SYN][i]);
  case R:
    if (integrates) return gain / dt;
    if (scheme == NIR_SPIKINGJELLY)
      return p->shape.divided_input ? 1 : tau / dt;
    return scheme == NIR_RATE ? gain : gain / (dt / tau);
  default:
    return scheme == NIR_EULER ? p->param[LEAK][i] / (dt / tau)
                               : p->param[LEAK][i];
  }
}

/* Whether a reader that finds `value` gets the step's number back. */
static bool gives_back(const population *p, quantity q, size_t i,
                       double value) {
  double dt = p->export->dt, tau = p->quantity[TAU][i];
  bool integrates = p->shape.kind == NIR_INTEGRATOR;
  nir_scheme scheme = p->shape.scheme;
  double rate = dt / value;
  switch (q) {
  case TAU_SYN:
    return (float)(1 - rate) == p->param[ALPHA][i];
  case TAU:
    return (float)(scheme == NIR_EULER  ? 1 - rate
                   : scheme == NIR_RATE ? rate
                                        : value / dt) == p->param[DECAY][i];
  case W_IN:
    return (float)(dt / p->quantity[TAU_SYN][i] * value) ==
           p->param[GAIN_SYN][i];
  case R:
    if (integrates) return (float)(value * dt) == p->param[GAIN][i];
    if (scheme == NIR_SPIKINGJELLY) return true;
    if (scheme == NIR_RATE) return (float)value == p->param[GAIN][i];
    return (float)(dt / tau * value) == p->param[GAIN][i];
  default:
    if (scheme != NIR_EULER) return (float)value == p->param[LEAK][i];
    return (float)(dt / tau * value) == p->param[LEAK][i];
  }
}

static bool applies(const population *p, quantity q) {
  nir_kind kind = p->shape.kind;
  if (q == TAU_SYN || q == W_IN) return kind == NIR_CUBA;
  return q == R || kind != NIR_INTEGRATOR;
}

static sf_result solve_one(population *p, quantity q) {
  double *values = p->quantity[q];
  for (size_t i = 0; i < p->count; i++) {
    values[i] = solve(p, q, i);
    if (!isfinite((float)values[i]))
      return sf_nir_cannot(p->export, p->op, NULL,
                           "a number of neuron %zu is beyond f32 as a "
                           "parameter of the equation",
                           i);
    p->wide[q] |= !gives_back(p, q, i, (double)(float)values[i]);
  }
  for (size_t i = 0; i < p->count && !p->wide[q]; i++)
    values[i] = (double)(float)values[i];
  return SF_OK;
}

static sf_result solve_all(population *p) {
  for (quantity q = TAU_SYN; q < QUANTITIES; q++) {
    p->quantity[q] = SF_NEW_ARRAY(p->export->arena, double, p->count + 1);
    if (!p->quantity[q]) return SF_OOM;
  }
  for (quantity q = TAU_SYN; q < QUANTITIES; q++)
    if (applies(p, q)) SF_TRY(solve_one(p, q));
  return SF_OK;
}

/* ---- What an equation cannot have. ---- */

static sf_result check_params(const population *p) {
  bool leaky = p->has[DECAY];
  nir_scheme scheme = p->shape.scheme;
  for (size_t i = 0; i < p->count; i++) {
    double decay = p->param[DECAY][i], alpha = p->param[ALPHA][i];
    bool good = scheme == NIR_EULER  ? decay >= 0 && decay < 1
                : scheme == NIR_RATE ? decay > 0 && decay <= 1
                                     : decay >= 1;
    if (leaky && !good)
      return sf_nir_cannot(
          p->export, p->op,
          decay == 1 ? "a function without the factor integrates: it becomes "
                       "an I or IF"
                     : NULL,
          "no time constant gives the '%s' %g of neuron %zu",
          p->op->neuron->params[p->has[ALPHA] + p->has[GAIN_SYN]].value->name,
          decay, i);
    if (!(alpha >= 0 && alpha < 1))
      return sf_nir_cannot(p->export, p->op, NULL,
                           "no time constant gives the '%s' %g of neuron %zu",
                           p->op->neuron->params[0].value->name, alpha, i);
    for (int k = 0; k < PARAMS; k++)
      if (!isfinite(p->param[k][i]))
        return sf_nir_cannot(p->export, p->op, NULL,
                             "a number of neuron %zu is not finite", i);
  }
  return SF_OK;
}

/* ---- Datasets. ---- */

static sf_result add_quantity(const population *p, nir_out_node *node,
                              const char *name, quantity q) {
  const sf_type *type = &p->op->results[0]->type;
  if (p->wide[q]) {
    sf_nir_add_field(node, name, SF_H5_FLOAT, 8, type->rank, type->dim,
                     p->quantity[q]);
    return SF_OK;
  }
  float *values = SF_NEW_ARRAY(p->export->arena, float, p->count + 1);
  if (!values) return SF_OOM;
  for (size_t i = 0; i < p->count; i++)
    values[i] = (float)p->quantity[q][i];
  sf_nir_add_field(node, name, SF_H5_FLOAT, 4, type->rank, type->dim, values);
  return SF_OK;
}

static void add_param(const population *p, nir_out_node *node, const char *name,
                      param index) {
  const sf_type *type = &p->op->results[0]->type;
  sf_nir_add_field(node, name, SF_H5_FLOAT, 4, type->rank, type->dim,
                   p->param[index]);
}

static sf_result add_fields(const population *p, nir_out_node *node) {
  bool cuba = p->shape.kind == NIR_CUBA;
  if (p->shape.kind == NIR_THRESHOLD) {
    add_param(p, node, "threshold", THETA);
    return SF_OK;
  }
  SF_TRY(add_quantity(p, node, "r", R));
  if (cuba) {
    SF_TRY(add_quantity(p, node, "tau_syn", TAU_SYN));
    SF_TRY(add_quantity(p, node, "w_in", W_IN));
  }
  if (p->shape.kind != NIR_INTEGRATOR) {
    SF_TRY(add_quantity(p, node, cuba ? "tau_mem" : "tau", TAU));
    SF_TRY(add_quantity(p, node, "v_leak", V_LEAK));
  }
  if (!p->shape.spikes) return SF_OK;
  add_param(p, node, "v_threshold", THETA);
  /* Without it the file means a subtraction. */
  if (p->shape.reset == NIR_RESET_VALUE ||
      p->shape.reset == NIR_RESET_VALUE_LATE)
    add_param(p, node, "v_reset", VALUE);
  return SF_OK;
}

/* The reader's rule for the gain of IF and I. */
static void note_gain(const population *p) {
  nir_export *export = p->export;
  if (p->shape.kind != NIR_INTEGRATOR) return;
  for (size_t i = 0; i < p->count; i++) {
    double r = p->quantity[R][i];
    export->if_other |= r != 1;
    export->if_small |= !(r * export->dt >= 0.5);
  }
}

static const char *type_name(const nir_neuron *n) {
  switch (n->kind) {
  case NIR_THRESHOLD:
    return "Threshold";
  case NIR_INTEGRATOR:
    return n->spikes ? "IF" : "I";
  case NIR_LEAKY:
    return n->spikes ? "LIF" : "LI";
  default:
    return n->spikes ? "CubaLIF" : "CubaLI";
  }
}

sf_result sf_nir_write_neurons(nir_export *export, const sf_op *op,
                               nir_out_node *node) {
  population p = {.export = export, .op = op};
  bool known = false;
  SF_TRY(sf_nir_match(export, op->neuron, &p.shape, &known));
  if (!known)
    return sf_nir_cannot(
        export, op,
        "NIR has IF, LIF, CubaLIF, their forms without "
        "spikes, and Threshold; replace-neurons changes to one "
        "of them",
        "no node of NIR does what '@%s' does", op->neuron->name);
  if (sf_op_int(op, SF_ATTR_start) != 0)
    return sf_nir_cannot(export, op, NULL,
                         "it starts in step %lld; nodes of NIR start at once",
                         (long long)sf_op_int(op, SF_ATTR_start));
  p.count = sf_type_elements(&op->results[0]->type);
  SF_TRY(read_params(&p));
  SF_TRY(check_params(&p));
  if (p.shape.kind != NIR_THRESHOLD) SF_TRY(solve_all(&p));
  if (p.shape.kind != NIR_THRESHOLD) note_gain(&p);
  node->type = type_name(&p.shape);
  export->has_time |= p.shape.kind != NIR_THRESHOLD;
  SF_TRY(add_fields(&p, node));
  return sf_nir_agree(export, op, &p.shape);
}
