/* neuron.c - statements of neuron functions: what is known before
 * the step runs, what only renames, what was computed before, what nobody
 * reads.
 *
 * `rand` statements stay: their number in the text is part of what they draw.
 */
#include "passes/canonicalize/canonicalize.h"

enum { LOOK_BACK = 128 }; /* statements that a repeated one is compared with */

/* What stands for each slot; a literal or another value. */
typedef struct rewriter {
  sf_neuron *neuron;
  sf_noperand *stand_ins; /* by slot */
  bool *replaced;         /* by slot */
  bool *read;             /* by slot */
} rewriter;

/* ---- Identities. ---- */

static bool is_literal(sf_noperand x, int value) {
  if (x.value) return false;
  return x.literal.is_float ? x.literal.d == value : x.literal.i == value;
}

static bool same_operand(sf_noperand a, sf_noperand b) {
  if (a.value || b.value) return a.value == b.value;
  return sf_number_equal(a.literal, b.literal);
}

static bool keeps_type(const sf_stmt *s, sf_noperand x) {
  return x.value && sf_scalar_equal(x.value->type, s->result->type);
}

/* Index of the operand that the statement only hands on; -1: none. */
static int handed_on(const sf_stmt *s) {
  const sf_noperand *x = s->operand;
  bool is_float = s->result->type.kind == SF_SCALAR_F32;
  switch (s->kind) {
  case SF_NOP_ADD: /* f32: -0.0 + 0.0 is 0.0 */
    if (is_float) return -1;
    return is_literal(x[1], 0) ? 0 : is_literal(x[0], 0) ? 1 : -1;
  case SF_NOP_SUB:
    return is_literal(x[1], 0) && !is_float ? 0 : -1;
  case SF_NOP_MUL:
    return is_literal(x[1], 1) ? 0 : is_literal(x[0], 1) ? 1 : -1;
  case SF_NOP_MULSHR:
    if (s->shift) return -1;
    return is_literal(x[1], 1) ? 0 : is_literal(x[0], 1) ? 1 : -1;
  case SF_NOP_DIV:
    return is_literal(x[1], 1) ? 0 : -1;
  case SF_NOP_SHL:
  case SF_NOP_SHR:
    return s->shift == 0 ? 0 : -1;
  case SF_NOP_MIN:
  case SF_NOP_MAX:
  case SF_NOP_AND:
  case SF_NOP_OR:
    return same_operand(x[0], x[1]) ? 0 : -1;
  case SF_NOP_SELECT:
    if (same_operand(x[1], x[2])) return 1;
    return is_literal(x[0], 1) ? 1 : is_literal(x[0], 0) ? 2 : -1;
  case SF_NOP_WIDEN:
    return 0;
  default:
    return -1;
  }
}

/* ---- Replacing. ---- */

static bool number_fits(sf_number number, sf_scalar type) {
  if (type.kind == SF_SCALAR_F32) return true;
  return !number.is_float && number.i >= sf_scalar_min(type) &&
         number.i <= sf_scalar_max(type);
}

/* A literal may stand only where its type can be told and holds it. */
static bool may_stand(const sf_stmt *stmt, uint32_t index, sf_noperand with) {
  if (with.value) return true;
  const sf_nop_info *info = sf_nop_info_get(stmt->kind);
  bool one =
      info->operands == 1; /* its width matters, and a literal has none */
  if (one || stmt->kind == SF_NOP_SELECT) return false;
  sf_stmt probe = *stmt;
  probe.operand[index] = with;
  uint32_t values = 0;
  for (uint32_t i = 0; i < probe.operand_count; i++)
    values += probe.operand[i].value != NULL;
  bool compares = info->traits & SF_NOP_TRAIT_COMPARE;
  if (compares && values == 0) return false;
  return number_fits(with.literal, sf_stmt_operand_type(&probe, index));
}

static void substitute(const rewriter *r, sf_stmt *stmt) {
  for (uint32_t i = 0; i < stmt->operand_count; i++) {
    const sf_nvalue *value = stmt->operand[i].value;
    if (!value || !r->replaced[value->slot]) continue;
    if (may_stand(stmt, i, r->stand_ins[value->slot]))
      stmt->operand[i] = r->stand_ins[value->slot];
  }
}

static void substitute_end(const rewriter *r, sf_noperand *operand,
                           sf_scalar type) {
  if (!operand->value || !r->replaced[operand->value->slot]) return;
  sf_noperand with = r->stand_ins[operand->value->slot];
  if (with.value || number_fits(with.literal, type)) *operand = with;
}

static bool same_stmt(const sf_stmt *a, const sf_stmt *b) {
  if (a->kind != b->kind || a->mode != b->mode || a->blob != b->blob ||
      a->shift != b->shift || a->round != b->round ||
      a->operand_count != b->operand_count ||
      !sf_scalar_equal(a->result->type, b->result->type)) {
    return false;
  }
  for (uint32_t i = 0; i < a->operand_count; i++)
    if (!same_operand(a->operand[i], b->operand[i])) return false;
  return a->kind != SF_NOP_RAND;
}

static const sf_stmt *find_same(const sf_neuron *n, uint32_t at) {
  uint32_t first = at > LOOK_BACK ? at - LOOK_BACK : 0;
  for (uint32_t i = first; i < at; i++)
    if (same_stmt(&n->stmts[i], &n->stmts[at])) return &n->stmts[i];
  return NULL;
}

/* What stands for the statement's result, if anything. */
static sf_result find_stand_in(rewriter *r, uint32_t at) {
  const sf_stmt *stmt = &r->neuron->stmts[at];
  uint32_t slot = stmt->result->slot;
  bool known;
  sf_number number;
  SF_TRY(sf_fold_stmt(stmt, &known, &number));
  int same = handed_on(stmt);
  const sf_stmt *earlier = find_same(r->neuron, at);
  if (known)
    r->stand_ins[slot] = sf_noperand_number(number);
  else if (same >= 0 && keeps_type(stmt, stmt->operand[same]))
    r->stand_ins[slot] = stmt->operand[same];
  else if (earlier)
    r->stand_ins[slot] = sf_noperand_value(earlier->result);
  else
    return SF_OK;
  r->replaced[slot] = true;
  return SF_OK;
}

/* ---- Dead statements. ---- */

static void mark(const rewriter *r, sf_noperand operand) {
  if (operand.value) r->read[operand.value->slot] = true;
}

static void mark_live(const rewriter *r) {
  const sf_neuron *n = r->neuron;
  for (uint32_t i = 0; i < n->emit_count; i++)
    mark(r, n->emits[i]);
  for (uint32_t i = 0; i < n->state_count; i++)
    if (n->states[i].has_next) mark(r, n->states[i].next);
  for (uint32_t i = n->stmt_count; i > 0; i--) {
    const sf_stmt *stmt = &n->stmts[i - 1];
    if (!r->read[stmt->result->slot] && stmt->kind != SF_NOP_RAND) continue;
    for (uint32_t k = 0; k < stmt->operand_count; k++)
      mark(r, stmt->operand[k]);
  }
}

/* Slots count inputs, params, states, then statements. */
static uint32_t remove_dead(const rewriter *r) {
  sf_neuron *n = r->neuron;
  uint32_t kept = 0;
  uint32_t base = n->input_count + n->param_count + n->state_count;
  for (uint32_t i = 0; i < n->stmt_count; i++) {
    sf_stmt *stmt = &n->stmts[i];
    if (!r->read[stmt->result->slot] && stmt->kind != SF_NOP_RAND) {
      if (stmt->blob) sf_stmt_set_blob(stmt, NULL);
      continue;
    }
    n->stmts[kept] = *stmt;
    n->stmts[kept].result->index = kept;
    n->stmts[kept].result->slot = base + kept;
    kept++;
  }
  uint32_t removed = n->stmt_count - kept;
  n->stmt_count = kept;
  n->value_count = base + kept;
  return removed;
}

sf_result sf_simplify_neuron(sf_pass_run *run, sf_neuron *neuron,
                             uint64_t *count) {
  size_t slots = neuron->value_count + 1u;
  rewriter r = {.neuron = neuron,
                .stand_ins = SF_NEW_ARRAY(run->scratch, sf_noperand, slots),
                .replaced = SF_NEW_ARRAY(run->scratch, bool, slots),
                .read = SF_NEW_ARRAY(run->scratch, bool, slots)};
  if (!r.stand_ins || !r.replaced || !r.read) return SF_OOM;
  for (uint32_t i = 0; i < neuron->stmt_count; i++) {
    substitute(&r, &neuron->stmts[i]);
    SF_TRY(find_stand_in(&r, i));
  }
  for (uint32_t i = 0; i < neuron->emit_count; i++)
    substitute_end(&r, &neuron->emits[i], neuron->emit_types[i]);
  for (uint32_t i = 0; i < neuron->state_count; i++) {
    sf_state *state = &neuron->states[i];
    if (!state->has_next) continue;
    substitute_end(&r, &state->next, state->value->type);
  }
  mark_live(&r);
  *count += remove_dead(&r);
  return SF_OK;
}
