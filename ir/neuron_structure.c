/* neuron_structure.c - questions about neuron functions: the types of literals,
 * statelessness, equality of structure. */
#include "sf/neuron.h"

#include <string.h>

/* `wanted`, or i32 when an integer literal does not fit it: arithmetic is
 * exact, so that the wider type means the same. */
static sf_scalar literal_type(sf_number literal, sf_scalar wanted) {
  if (literal.is_float) return sf_f32();
  if (wanted.kind == SF_SCALAR_F32) return sf_int(32);
  bool fits =
      literal.i >= sf_scalar_min(wanted) && literal.i <= sf_scalar_max(wanted);
  return fits ? wanted : sf_int(32);
}

sf_scalar sf_stmt_operand_type(const sf_stmt *stmt, uint32_t index) {
  const sf_noperand *operand = &stmt->operand[index];
  if (operand->value) return operand->value->type;
  sf_scalar result = stmt->result->type;
  const sf_nop_info *info = sf_nop_info_get(stmt->kind);
  if (stmt->kind == SF_NOP_SELECT && index == 0) return sf_spike();
  if (info && (info->traits & SF_NOP_TRAIT_COMPARE)) {
    const sf_noperand *other = &stmt->operand[1 - index];
    return literal_type(operand->literal,
                        other->value ? other->value->type : sf_int(32));
  }
  if (stmt->kind == SF_NOP_LOOKUP || stmt->kind == SF_NOP_TO_FLOAT)
    result = sf_int(32);
  return literal_type(operand->literal, result);
}

static bool is_state(sf_noperand operand) {
  return operand.value && operand.value->kind == SF_NVALUE_STATE;
}

bool sf_neuron_is_stateless(const sf_neuron *neuron) {
  for (uint32_t i = 0; i < neuron->state_count; i++)
    if (neuron->states[i].has_next) return false;
  for (uint32_t i = 0; i < neuron->stmt_count; i++) {
    const sf_stmt *stmt = &neuron->stmts[i];
    if (stmt->kind == SF_NOP_RAND) return false; /* differs in every step */
    for (uint32_t j = 0; j < stmt->operand_count; j++)
      if (is_state(stmt->operand[j])) return false;
  }
  for (uint32_t i = 0; i < neuron->emit_count; i++)
    if (is_state(neuron->emits[i])) return false;
  return true;
}

/* f64 digits beyond f32 have no effect in a neuron function. */
static bool same_number(sf_number a, sf_number b) {
  if (a.is_float != b.is_float) return false;
  return a.is_float ? memcmp(&a.f, &b.f, sizeof a.f) == 0 : a.i == b.i;
}

/* Types that count as equal besides equal ones: `a` in one function, `b` in the
 * other. */
typedef struct type_pair {
  sf_scalar a, b;
} type_pair;

static bool same_type(sf_scalar a, sf_scalar b, const type_pair *pair) {
  if (sf_scalar_equal(a, pair->a) || sf_scalar_equal(b, pair->b))
    return sf_scalar_equal(a, pair->a) && sf_scalar_equal(b, pair->b);
  return sf_scalar_equal(a, b);
}

/* Values correspond when they stand in the same place. */
static bool same_value(const sf_nvalue *a, const sf_nvalue *b,
                       const type_pair *pair) {
  if (!a || !b) return a == b;
  if (a->kind != b->kind || a->index != b->index) return false;
  /* Inputs and states keep their types whatever is emitted. */
  if (a->kind == SF_NVALUE_INPUT || a->kind == SF_NVALUE_STATE)
    return sf_scalar_equal(a->type, b->type);
  return same_type(a->type, b->type, pair);
}

static bool same_operand(sf_noperand a, sf_noperand b, const type_pair *pair) {
  if (!same_value(a.value, b.value, pair)) return false;
  return a.value || same_number(a.literal, b.literal);
}

static bool same_param(const sf_param *a, const sf_param *b,
                       const type_pair *pair) {
  if (!same_value(a->value, b->value, pair)) return false;
  if (a->has_range != b->has_range || a->has_default != b->has_default)
    return false;
  if (a->has_range &&
      !(same_number(a->low, b->low) && same_number(a->high, b->high)))
    return false;
  return !a->has_default || same_number(a->initial, b->initial);
}

static bool same_state(const sf_state *a, const sf_state *b,
                       const type_pair *pair) {
  if (!same_value(a->value, b->value, pair) || a->has_next != b->has_next)
    return false;
  if (!same_value(a->initial_param, b->initial_param, pair)) return false;
  if (!a->initial_param && !same_number(a->initial, b->initial)) return false;
  return !a->has_next || same_operand(a->next, b->next, pair);
}

static bool same_table(const sf_blob *a, const sf_blob *b) {
  if (a == b) return true;
  if (!a || !b || !sf_type_equal(&a->type, &b->type)) return false;
  bool readable = (a->data || a->source == SF_SOURCE_SPLAT) &&
                  (b->data || b->source == SF_SOURCE_SPLAT);
  if (!readable) return false; /* unknown contents count as different */
  for (size_t i = 0; i < sf_blob_elements(a); i++)
    if (sf_blob_word(a, i).i != sf_blob_word(b, i).i) return false;
  return true;
}

static bool same_stmt(const sf_stmt *a, const sf_stmt *b,
                      const type_pair *pair) {
  if (a->kind != b->kind || a->mode != b->mode || a->shift != b->shift ||
      a->round != b->round || a->operand_count != b->operand_count)
    return false;
  if (!same_value(a->result, b->result, pair) || !same_table(a->blob, b->blob))
    return false;
  for (uint32_t i = 0; i < a->operand_count; i++)
    if (!same_operand(a->operand[i], b->operand[i], pair)) return false;
  return true;
}

static bool same_structure(const sf_neuron *a, const sf_neuron *b,
                           const type_pair *pair) {
  if (a->input_count != b->input_count || a->param_count != b->param_count ||
      a->state_count != b->state_count || a->stmt_count != b->stmt_count ||
      a->emit_count != b->emit_count)
    return false;
  for (uint32_t i = 0; i < a->input_count; i++)
    if (!same_value(a->inputs[i], b->inputs[i], pair)) return false;
  for (uint32_t i = 0; i < a->param_count; i++)
    if (!same_param(&a->params[i], &b->params[i], pair)) return false;
  for (uint32_t i = 0; i < a->state_count; i++)
    if (!same_state(&a->states[i], &b->states[i], pair)) return false;
  for (uint32_t i = 0; i < a->stmt_count; i++)
    if (!same_stmt(&a->stmts[i], &b->stmts[i], pair)) return false;
  for (uint32_t i = 0; i < a->emit_count; i++)
    if (!same_operand(a->emits[i], b->emits[i], pair) ||
        !same_type(a->emit_types[i], b->emit_types[i], pair))
      return false;
  return true;
}

bool sf_neuron_same_structure(const sf_neuron *a, const sf_neuron *b) {
  type_pair none = {sf_f32(), sf_f32()}; /* equal types only */
  return same_structure(a, b, &none);
}

bool sf_neuron_same_but_emit(const sf_neuron *a, const sf_neuron *b) {
  if (a->emit_count != 1 || b->emit_count != 1) return false;
  type_pair emitted = {a->emit_types[0], b->emit_types[0]};
  return same_structure(a, b, &emitted);
}
