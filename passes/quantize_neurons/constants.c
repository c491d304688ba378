/* constants.c - what does not change while a population runs: its params, and
 * what the function computes of params and literals alone. */
#include "passes/quantize_neurons/quantize_neurons.h"

#include <math.h>

/* ---- The shape of what differs. ---- */

static sf_result find_type(sf_constants *c) {
  const sf_type *stream = &c->op->results[0]->type;
  c->type = sf_type_make(sf_f32(), stream->rank, stream->dim);
  for (int i = 0; i < stream->rank; i++)
    c->type.dim[i] = c->unit->axis == i ? (int32_t)c->unit->count : 1;
  for (uint32_t p = 0; p < c->op->neuron->param_count; p++) {
    const sf_argument *argument = &c->op->arguments[p];
    if (argument->kind != SF_ARGUMENT_BLOB) continue;
    SF_TRY(sf_blob_load(argument->blob, c->job->run->diag));
    for (int i = 0; i < stream->rank; i++)
      if (argument->blob->type.dim[i] != 1)
        c->type.dim[i] = argument->blob->type.dim[i];
  }
  c->count = (uint32_t)sf_type_elements(&c->type);
  return SF_OK;
}

/* Index in an array of `part`, broadcast to `whole`, of element n of whole. */
static size_t index_in(const sf_type *part, const sf_type *whole, size_t n) {
  size_t index = 0, stride = 1;
  for (int i = whole->rank - 1; i >= 0; i--) {
    size_t at = n % (size_t)whole->dim[i];
    n /= (size_t)whole->dim[i];
    if (part->dim[i] != 1) index += at * stride;
    stride *= (size_t)part->dim[i];
  }
  return index;
}

static double *new_values(const sf_constants *c) {
  return SF_NEW_ARRAY(c->job->run->scratch, double, c->count + 1u);
}

static sf_result find_units(sf_constants *c) {
  c->unit_values = new_values(c);
  if (!c->unit_values) return SF_OOM;
  sf_type part = c->type;
  for (int i = 0; i < part.rank; i++)
    part.dim[i] = c->unit->axis == i ? (int32_t)c->unit->count : 1;
  for (size_t n = 0; n < c->count; n++)
    c->unit_values[n] = sf_unit_at(c->unit, index_in(&part, &c->type, n));
  return SF_OK;
}

static sf_result read_param(sf_constants *c, uint32_t index) {
  const sf_param *param = &c->op->neuron->params[index];
  const sf_argument *argument = &c->op->arguments[index];
  if (!sf_is_f32(param->value->type)) return SF_OK;
  double *values = new_values(c);
  if (!values) return SF_OOM;
  for (size_t n = 0; n < c->count; n++)
    if (argument->kind == SF_ARGUMENT_BLOB)
      values[n] = (double)sf_blob_f32(
          argument->blob, index_in(&argument->blob->type, &c->type, n));
    else if (argument->kind == SF_ARGUMENT_NUMBER)
      values[n] = (double)argument->number.f;
    else
      values[n] = (double)param->initial.f;
  c->of_slot[param->value->slot] = values;
  return SF_OK;
}

/* ---- Statements of constants, in f32 as the interpreter has them. ---- */

static bool compute(const sf_stmt *stmt, float a, float b, float *out) {
  switch (stmt->kind) {
  case SF_NOP_ADD:
    *out = a + b;
    return true;
  case SF_NOP_SUB:
    *out = a - b;
    return true;
  case SF_NOP_MUL:
    *out = a * b;
    return true;
  case SF_NOP_DIV:
    *out = a / b;
    return true;
  case SF_NOP_NEG:
    *out = -a;
    return true;
  case SF_NOP_ABS:
    *out = fabsf(a);
    return true;
  case SF_NOP_MIN:
    *out = a < b ? a : b;
    return true;
  case SF_NOP_MAX:
    *out = a > b ? a : b;
    return true;
  case SF_NOP_SQRT:
    *out = sqrtf(a);
    return true;
  case SF_NOP_EXP:
    *out = sf_exp_f32(a);
    return true;
  default:
    return false;
  }
}

static sf_result fold(sf_constants *c, const sf_stmt *stmt) {
  if (!sf_is_f32(stmt->result->type) || stmt->operand_count == 0) return SF_OK;
  const double *operands[2] = {NULL, NULL};
  for (uint32_t i = 0; i < stmt->operand_count; i++) {
    const sf_noperand *o = &stmt->operand[i];
    bool constant = i < 2 && sf_is_f32(sf_stmt_operand_type(stmt, i)) &&
                    (!o->value || c->of_slot[o->value->slot]);
    if (!constant) return SF_OK;
    operands[i] = sf_constant_of(c, o);
    if (!operands[i]) return SF_OOM;
  }
  if (!operands[1]) operands[1] = operands[0];
  double *values = new_values(c);
  if (!values) return SF_OOM;
  for (size_t n = 0; n < c->count; n++) {
    float out;
    if (!compute(stmt, (float)operands[0][n], (float)operands[1][n], &out))
      return SF_OK;
    values[n] = (double)out;
  }
  c->of_slot[stmt->result->slot] = values;
  return SF_OK;
}

sf_result sf_constants_create(sf_neurons_job *job, const sf_op *op,
                              const sf_unit *unit, sf_constants *out) {
  const sf_neuron *neuron = op->neuron;
  *out = (sf_constants){.job = job, .op = op, .unit = unit};
  SF_TRY(find_type(out));
  SF_TRY(find_units(out));
  out->of_slot =
      SF_NEW_ARRAY(job->run->scratch, double *, neuron->value_count + 1u);
  if (!out->of_slot) return SF_OOM;
  for (uint32_t i = 0; i < neuron->param_count; i++)
    SF_TRY(read_param(out, i));
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    SF_TRY(fold(out, &neuron->stmts[i]));
  return SF_OK;
}

const double *sf_constant_of(sf_constants *c, const sf_noperand *operand) {
  if (operand->value) return c->of_slot[operand->value->slot];
  double *values = new_values(c);
  for (size_t n = 0; values && n < c->count; n++)
    values[n] = (double)operand->literal.f;
  return values;
}

double sf_constant_most(const sf_constants *c, const double *values,
                        int degree) {
  double most = 0;
  for (size_t n = 0; n < c->count; n++) {
    double size = fabs(values[n] / pow(c->unit_values[n], degree));
    if (isfinite(size)) most = fmax(most, size);
  }
  return most;
}

int32_t *sf_constant_round(sf_constants *c, const double *values, int degree,
                           int bits) {
  int32_t *out = SF_NEW_ARRAY(c->job->run->scratch, int32_t, c->count + 1u);
  for (size_t n = 0; out && n < c->count; n++) {
    double exact = ldexp(values[n] / pow(c->unit_values[n], degree), bits);
    double rounded = fmin(fmax(round(exact), INT32_MIN), INT32_MAX);
    out[n] = (int32_t)rounded;
    if (isfinite(exact) && fabs(exact - rounded) > 1) c->cut_off = true;
    if (isfinite(exact) && exact != 0)
      c->error = fmax(c->error, fabs(rounded / exact - 1));
  }
  return out;
}
