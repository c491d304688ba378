/* verify_neuron.c - neuron functions: declarations, next, emit. The statements
 * are in verify_stmt.c. docs/ir.md 6. */
#include "ir/verify_neuron.h"

#include <math.h>
#include <string.h>

bool sf_number_fits(sf_number number, sf_scalar type) {
  if (type.kind == SF_SCALAR_F32) return number.is_float && !isnan(number.f);
  return !number.is_float && number.i >= sf_scalar_min(type) &&
         number.i <= sf_scalar_max(type);
}

static bool legal_scalar(sf_scalar type) {
  return type.kind != SF_SCALAR_INT ||
         (type.bits >= SF_INT_BITS_MIN && type.bits <= SF_INT_BITS_MAX);
}

static void check_number(sf_verifier *v, const sf_nvalue *value,
                         sf_number number, const char *what) {
  if (sf_number_fits(number, value->type)) return;
  char text[8];
  sf_scalar_text(value->type, text, sizeof text);
  sf_wrong(v, SF_DIAG_TYPE, value->loc, "%s of '%%%s' does not fit %s", what,
           value->name, text);
}

static bool less(const sf_param *param, sf_number a, sf_number b) {
  return param->value->type.kind == SF_SCALAR_F32 ? a.f < b.f : a.i < b.i;
}

static void check_param(sf_verifier *v, const sf_param *param) {
  static const char *const taken[] = {"start", "seed", "on"};
  const sf_nvalue *value = param->value;
  for (size_t i = 0; i < SF_COUNT_OF(taken); i++)
    if (strcmp(value->name, taken[i]) == 0)
      sf_wrong(v, SF_DIAG_NAME, value->loc,
               "a param cannot be called '%s': `neurons` has an attribute of "
               "that name",
               value->name);
  if (param->has_default) check_number(v, value, param->initial, "the default");
  if (!param->has_range) return;
  check_number(v, value, param->low, "the lower bound");
  check_number(v, value, param->high, "the upper bound");
  if (less(param, param->high, param->low))
    sf_wrong(v, SF_DIAG_ATTR, value->loc, "the range of '%%%s' is empty",
             value->name);
  else if (param->has_default && (less(param, param->initial, param->low) ||
                                  less(param, param->high, param->initial)))
    sf_wrong(v, SF_DIAG_ATTR, value->loc,
             "the default of '%%%s' is outside its range", value->name);
}

void sf_type_mismatch(sf_verifier *v, sf_loc loc, const char *what,
                      sf_scalar want_type, sf_scalar have_type) {
  char want[8], have[8];
  sf_scalar_text(want_type, want, sizeof want);
  sf_scalar_text(have_type, have, sizeof have);
  sf_wrong(v, SF_DIAG_TYPE, loc, "%s must be %s, found %s", what, want, have);
}

/* A value of exactly this type, or a literal that fits it. */
static void check_moved(sf_verifier *v, const sf_neuron *neuron, sf_loc loc,
                        sf_noperand operand, sf_scalar type, const char *what) {
  if (operand.value) {
    if (sf_nvalue_belongs(neuron, operand.value)) {
      if (!sf_scalar_equal(operand.value->type, type))
        sf_type_mismatch(v, loc, what, type, operand.value->type);
      return;
    }
    sf_wrong(v, SF_DIAG_SCOPE, loc, "%s is a value of another neuron function",
             what);
  } else if (!sf_number_fits(operand.literal, type)) {
    char text[8];
    sf_scalar_text(type, text, sizeof text);
    sf_wrong(v, SF_DIAG_TYPE, loc, "%s does not fit %s", what, text);
  }
}

static void check_state(sf_verifier *v, const sf_neuron *neuron,
                        const sf_state *state) {
  const sf_nvalue *value = state->value;
  if (!state->initial_param)
    check_number(v, value, state->initial, "the initial value");
  else if (!sf_scalar_equal(state->initial_param->type, value->type))
    sf_type_mismatch(v, value->loc, "the param that a state starts from",
                     value->type, state->initial_param->type);
  if (state->has_next)
    check_moved(v, neuron, value->loc, state->next, value->type,
                "the next value of a state");
}

bool sf_nvalue_belongs(const sf_neuron *neuron, const sf_nvalue *value) {
  switch (value->kind) {
  case SF_NVALUE_INPUT:
    return value->index < neuron->input_count &&
           neuron->inputs[value->index] == value;
  case SF_NVALUE_PARAM:
    return value->index < neuron->param_count &&
           neuron->params[value->index].value == value;
  case SF_NVALUE_STATE:
    return value->index < neuron->state_count &&
           neuron->states[value->index].value == value;
  default:
    return value->index < neuron->stmt_count &&
           neuron->stmts[value->index].result == value;
  }
}

static void check_scalars(sf_verifier *v, const sf_neuron *neuron) {
  bool legal = true;
  for (uint32_t i = 0; i < neuron->input_count; i++)
    legal &= legal_scalar(neuron->inputs[i]->type);
  for (uint32_t i = 0; i < neuron->param_count; i++)
    legal &= legal_scalar(neuron->params[i].value->type);
  for (uint32_t i = 0; i < neuron->state_count; i++)
    legal &= legal_scalar(neuron->states[i].value->type);
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    legal &= legal_scalar(neuron->stmts[i].result->type);
  for (uint32_t i = 0; i < neuron->emit_count; i++)
    legal &= legal_scalar(neuron->emit_types[i]);
  if (!legal)
    sf_wrong(v, SF_DIAG_TYPE, neuron->loc,
             "'@%s' has a value of no legal type; integers are i2 .. i32",
             neuron->name);
}

void sf_verify_neuron(sf_verifier *v, const sf_neuron *neuron) {
  check_scalars(v, neuron);
  if (neuron->input_count == 0)
    sf_wrong(v, SF_DIAG_OPERANDS, neuron->loc,
             "'@%s' takes no stream; a population needs at least one",
             neuron->name);
  if (neuron->emit_count == 0)
    sf_wrong(v, SF_DIAG_OPERANDS, neuron->loc, "'@%s' emits nothing",
             neuron->name);
  for (uint32_t i = 0; i < neuron->param_count; i++)
    check_param(v, &neuron->params[i]);
  for (uint32_t i = 0; i < neuron->state_count; i++)
    check_state(v, neuron, &neuron->states[i]);
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    sf_verify_stmt(v, neuron, i);
  for (uint32_t i = 0; i < neuron->emit_count; i++)
    check_moved(v, neuron, neuron->loc, neuron->emits[i], neuron->emit_types[i],
                "an emitted value");
}
