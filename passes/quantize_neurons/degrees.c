/* degrees.c - the powers of the unit, as linear equations in integers. Each has
 * at most three terms, so that the one unknown of an equation is solved at
 * once; where none has a single unknown, a factor gets degree 0. */
#include "passes/quantize_neurons/degrees.h"

#include <string.h>

enum { TRIES_MAX = 64 };

/* sum of sign * degree(variable) = value */
typedef struct equation {
  uint32_t count;
  uint32_t variable[3];
  int sign[3];
  int value;
  const sf_nvalue *about;
} equation;

typedef struct solver {
  const sf_neuron *neuron;
  uint32_t variables, count;
  equation *equations;
  int *degree;
  bool *known;
} solver;

static uint32_t literal_variable(const sf_neuron *n, const sf_stmt *stmt,
                                 uint32_t index) {
  return n->value_count + 3 * (uint32_t)(stmt - n->stmts) + index;
}

static uint32_t variable_of(const sf_neuron *n, const sf_stmt *stmt,
                            uint32_t index) {
  const sf_noperand *o = &stmt->operand[index];
  return o->value ? o->value->slot : literal_variable(n, stmt, index);
}

static equation *add(solver *s, const sf_nvalue *about) {
  equation *e = &s->equations[s->count++];
  *e = (equation){.about = about};
  return e;
}

static void term(equation *e, uint32_t variable, int sign) {
  e->variable[e->count] = variable;
  e->sign[e->count++] = sign;
}

static void fixed(solver *s, uint32_t variable, int value,
                  const sf_nvalue *about) {
  equation *e = add(s, about);
  term(e, variable, 1);
  e->value = value;
}

static void same(solver *s, uint32_t a, uint32_t b, const sf_nvalue *about) {
  equation *e = add(s, about);
  term(e, a, 1);
  term(e, b, -1);
}

static bool reads_f32(const sf_stmt *stmt, uint32_t index) {
  return sf_is_f32(sf_stmt_operand_type(stmt, index));
}

/* A factor: r = a + b, of a quotient r = a - b. */
static void product(solver *s, const sf_stmt *stmt) {
  equation *e = add(s, stmt->result);
  term(e, stmt->result->slot, -1);
  term(e, variable_of(s->neuron, stmt, 0), 1);
  term(e, variable_of(s->neuron, stmt, 1), stmt->kind == SF_NOP_MUL ? 1 : -1);
}

static void statement(solver *s, const sf_stmt *stmt) {
  const sf_neuron *n = s->neuron;
  uint32_t result = stmt->result->slot;
  switch (stmt->kind) {
  case SF_NOP_MUL:
  case SF_NOP_DIV:
    if (sf_is_f32(stmt->result->type)) product(s, stmt);
    return;
  case SF_NOP_FLOOR:
  case SF_NOP_CEIL:
  case SF_NOP_TRUNC:
  case SF_NOP_RINT:
    fixed(s, variable_of(n, stmt, 0), 0, stmt->result);
    fixed(s, result, 0, stmt->result);
    return;
  case SF_NOP_TO_INT:
    fixed(s, variable_of(n, stmt, 0), 0, stmt->result);
    return;
  case SF_NOP_TO_FLOAT:
    fixed(s, result, 0, stmt->result);
    return;
  default:
    break;
  }
  bool gives = sf_is_f32(stmt->result->type);
  uint32_t first = stmt->kind == SF_NOP_SELECT;
  for (uint32_t i = first; i < stmt->operand_count; i++) {
    if (!reads_f32(stmt, i)) continue;
    if (gives) same(s, result, variable_of(n, stmt, i), stmt->result);
    if (!gives && i > first)
      same(s, variable_of(n, stmt, first), variable_of(n, stmt, i),
           stmt->result);
  }
}

static void state(solver *s, const sf_state *state) {
  if (!sf_is_f32(state->value->type)) return;
  uint32_t slot = state->value->slot;
  if (state->has_next && state->next.value)
    same(s, slot, state->next.value->slot, state->value);
  if (state->initial_param)
    same(s, slot, state->initial_param->slot, state->value);
}

/* ---- Solving. ---- */

/* Solves the equation for its only unknown. Returns whether it did; *bad: all
 * are known and do not agree. */
static bool solve(solver *s, const equation *e, bool *bad) {
  int left = e->value, unknowns = 0;
  uint32_t unknown = 0;
  int sign = 1;
  for (uint32_t i = 0; i < e->count; i++) {
    if (s->known[e->variable[i]]) {
      left -= e->sign[i] * s->degree[e->variable[i]];
      continue;
    }
    if (unknowns > 0 && e->variable[i] == unknown)
      sign += e->sign[i];
    else {
      unknowns++;
      unknown = e->variable[i];
      sign = e->sign[i];
    }
  }
  *bad = unknowns == 0 && left != 0;
  if (unknowns != 1) return false;
  if (sign == 0 || left % sign != 0) { /* x = x, or half a unit */
    *bad = left != 0;
    return false;
  }
  s->degree[unknown] = left / sign;
  s->known[unknown] = true;
  return true;
}

static const sf_nvalue *propagate(solver *s) {
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < s->count; i++) {
      bool bad;
      changed = solve(s, &s->equations[i], &bad) || changed;
      if (bad) return s->equations[i].about;
    }
  }
  return NULL;
}

/* Number `skip` of the factors that are params or literals and not known yet;
 * without one the first value that is not known. UINT32_MAX: none. */
static uint32_t free_variable(const solver *s, uint32_t skip) {
  const sf_neuron *n = s->neuron;
  for (uint32_t i = 0; i < n->stmt_count; i++) {
    const sf_stmt *stmt = &n->stmts[i];
    if (stmt->kind != SF_NOP_MUL && stmt->kind != SF_NOP_DIV) continue;
    for (uint32_t k = 0; k < 2; k++) {
      const sf_nvalue *value = stmt->operand[k].value;
      uint32_t variable = variable_of(n, stmt, k);
      bool constant = !value || value->kind == SF_NVALUE_PARAM;
      if (constant && !s->known[variable] && skip-- == 0) return variable;
    }
  }
  for (uint32_t i = 0; i < s->variables; i++)
    if (!s->known[i] && skip-- == 0) return i;
  return UINT32_MAX;
}

/* Everything that is free gets degree 0, one after the other, the one of number
 * `first` before the others. Not NULL: what does not agree then. */
static const sf_nvalue *complete(solver *s, uint32_t first) {
  uint32_t variable = free_variable(s, first);
  while (variable != UINT32_MAX) {
    s->known[variable] = true;
    const sf_nvalue *bad = propagate(s);
    if (bad) return bad;
    variable = free_variable(s, 0);
  }
  return NULL;
}

/* A factor of a square has one over the unit: what has degree 0 is found by
 * trying, in order of the text. */
static sf_result search(solver *s, sf_arena *arena, const sf_nvalue **bad) {
  int *degree = s->degree;
  bool *known = s->known;
  *bad = propagate(s);
  if (*bad || free_variable(s, 0) == UINT32_MAX) return SF_OK;
  const sf_nvalue *blamed = NULL;
  s->degree = SF_NEW_ARRAY(arena, int, s->variables + 1u);
  s->known = SF_NEW_ARRAY(arena, bool, s->variables + 1u);
  if (!s->degree || !s->known) return SF_OOM;
  for (uint32_t first = 0; first < TRIES_MAX; first++) {
    memcpy(s->degree, degree, s->variables * sizeof *degree);
    memcpy(s->known, known, s->variables * sizeof *known);
    if (free_variable(s, first) == UINT32_MAX) break;
    *bad = complete(s, first);
    if (!*bad) return SF_OK;
    if (!blamed) blamed = *bad;
  }
  *bad = blamed;
  return SF_OK;
}

sf_result sf_degrees_infer(const sf_neuron *neuron, sf_arena *arena,
                           sf_degrees *out) {
  solver s = {.neuron = neuron};
  s.variables = neuron->value_count + 3 * neuron->stmt_count;
  s.equations = SF_NEW_ARRAY(arena, equation,
                             (size_t)neuron->input_count +
                                 2 * (size_t)neuron->state_count +
                                 3 * (size_t)neuron->stmt_count + 1);
  s.degree = SF_NEW_ARRAY(arena, int, s.variables + 1u);
  s.known = SF_NEW_ARRAY(arena, bool, s.variables + 1u);
  if (!s.equations || !s.degree || !s.known) return SF_OOM;
  for (uint32_t i = 0; i < neuron->input_count; i++)
    if (sf_is_f32(neuron->inputs[i]->type))
      fixed(&s, neuron->inputs[i]->slot, 1, neuron->inputs[i]);
  for (uint32_t i = 0; i < neuron->state_count; i++)
    state(&s, &neuron->states[i]);
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    statement(&s, &neuron->stmts[i]);
  const sf_nvalue *bad;
  SF_TRY(search(&s, arena, &bad));
  *out = (sf_degrees){.neuron = neuron, .of = s.degree, .bad_value = bad};
  return SF_OK;
}

int sf_degree_of_operand(const sf_degrees *degrees, const sf_stmt *stmt,
                         uint32_t index) {
  return degrees->of[variable_of(degrees->neuron, stmt, index)];
}
