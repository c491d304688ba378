/* statements.c - one statement of a neuron function in integers. */
#include "passes/quantize_neurons/function.h"

#include <math.h>

enum { FACTOR_BITS = 15 /* of a factor that does not change */ };

/* A statement to add; what is not said is 0. */
typedef struct draft {
  sf_nop_kind kind;
  sf_mode mode;
  sf_round round;
  int shift;
  sf_scalar type;
  const char *name;
  sf_noperand a, b, c;
} draft;

static sf_result put(sf_translator *t, const draft *d, sf_noperand *out) {
  sf_stmt *s = sf_neuron_add_stmt(t->to, d->kind, d->name, d->type);
  if (!s) return SF_OOM;
  s->mode = d->mode;
  s->round = d->round;
  s->shift = (uint8_t)d->shift;
  s->operand[0] = d->a;
  s->operand[1] = d->b;
  s->operand[2] = d->c;
  *out = sf_noperand_value(s->result);
  return SF_OK;
}

static sf_noperand copied(const sf_translator *t, const sf_noperand *o) {
  return o->value ? sf_noperand_value(t->copy[o->value->slot]) : *o;
}

static sf_result refuse(sf_translator *t, const sf_stmt *stmt, const char *why,
                        const char *what) {
  sf_error(t->job->run->diag, SF_DIAG_NOT_NORMAL, t->op->loc,
           "'%%%s': '%%%s' of @%s %s", t->op->results[0]->name,
           stmt->result->name, t->from->name, why);
  sf_help(t->job->run->diag, "%s", what);
  return SF_FAIL;
}

static const double *constant(sf_translator *t, const sf_stmt *stmt,
                              uint32_t index) {
  return sf_constant_of(&t->constants, &stmt->operand[index]);
}

static bool is_constant(const sf_translator *t, const sf_noperand *o) {
  return !o->value || t->constants.of_slot[o->value->slot];
}

static const sf_fixed *fixed_of(const sf_translator *t, const sf_stmt *stmt,
                                uint32_t index) {
  const sf_noperand *o = &stmt->operand[index];
  return o->value && t->of[o->value->slot].known ? &t->of[o->value->slot]
                                                 : NULL;
}

static void set(sf_translator *t, const sf_stmt *stmt, sf_noperand operand,
                int bits, bool whole) {
  uint32_t slot = stmt->result->slot;
  t->of[slot] = (sf_fixed){operand, t->degrees.of[slot], bits, true, whole};
}

static const char *name_of(sf_translator *t, const sf_nvalue *value,
                           const char *end) {
  const char *name =
      sf_arena_printf(t->job->run->scratch, "%s.%s", value->name, end);
  return name ? name : "t";
}

/* ---- One number of bits for what is added or compared. ---- */

static bool all_whole(const double *values, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (isfinite(values[i]) && values[i] != floor(values[i])) return false;
  return true;
}

/* Counts stay whole numbers among themselves. */
static bool is_whole(sf_translator *t, const sf_stmt *stmt, uint32_t index) {
  const sf_fixed *f = fixed_of(t, stmt, index);
  if (f) return f->whole;
  if (sf_degree_of_operand(&t->degrees, stmt, index) != 0) return false;
  const double *values = constant(t, stmt, index);
  return values && all_whole(values, t->constants.count);
}

static int common_bits(sf_translator *t, const sf_stmt *stmt, uint32_t first,
                       bool *whole) {
  *whole = true;
  for (uint32_t i = first; i < stmt->operand_count; i++)
    *whole = *whole && is_whole(t, stmt, i);
  if (*whole) return 0;
  return sf_fraction_of(t, sf_degree_of_operand(&t->degrees, stmt, first));
}

/* add, sub, min, max, neg, abs, select, comparisons: operands of one scale. */
static sf_result like(sf_translator *t, const sf_stmt *stmt, uint32_t first) {
  bool gives = sf_is_f32(stmt->result->type), whole;
  if (sf_degree_of_operand(&t->degrees, stmt, first) < 0)
    return refuse(t, stmt, "counts what has one over the unit of the weights",
                  "only constants may; divide or multiply by a param instead");
  int bits = common_bits(t, stmt, first, &whole);
  draft d = {.kind = stmt->kind,
             .type = gives ? sf_int(32) : stmt->result->type,
             .name = stmt->result->name};
  sf_noperand *operands[] = {&d.a, &d.b, &d.c};
  for (uint32_t i = first; i < stmt->operand_count; i++)
    SF_TRY(sf_fixed_operand(t, stmt, i, bits, operands[i]));
  if (first) d.a = copied(t, &stmt->operand[0]);
  if (sf_nop_info_get(stmt->kind)->traits & SF_NOP_TRAIT_MODE &&
      stmt->kind != SF_NOP_MIN && stmt->kind != SF_NOP_MAX)
    d.mode = SF_MODE_SAT;
  sf_noperand out;
  SF_TRY(put(t, &d, &out));
  if (gives)
    set(t, stmt, out, bits, whole);
  else
    t->copy[stmt->result->slot] = out.value;
  return SF_OK;
}

/* ---- Products and quotients. ---- */

/* value times `factors` (of `degree`): mulshr with as many bits of the factor
 * as FACTOR_BITS says, or exact, where the value is a whole number. */
static sf_result scale(sf_translator *t, const sf_stmt *stmt,
                       const sf_fixed *value, const double *factors,
                       const char *name, int degree) {
  int target = sf_fraction_of(t, t->degrees.of[stmt->result->slot]);
  double most = sf_constant_most(&t->constants, factors, degree);
  int bits = most > 0 ? FACTOR_BITS - (int)ceil(log2(most)) : FACTOR_BITS;
  if (value->whole && value->bits == 0) bits = target;
  if (bits + value->bits < target) bits = target - value->bits;
  int shift = bits + value->bits - target;
  if (shift > 62) {
    bits -= shift - 62;
    shift = 62;
  }
  draft d = {.kind = shift ? SF_NOP_MULSHR : SF_NOP_MUL,
             .mode = SF_MODE_SAT,
             .round = SF_ROUND_HALF_UP,
             .shift = shift,
             .type = sf_int(32),
             .name = stmt->result->name,
             .a = value->operand};
  if (!shift) d.round = SF_ROUND_FLOOR;
  t->constants.cut_off = false;
  SF_TRY(sf_fixed_constant(t, factors, name, degree, bits, &d.b));
  if (t->constants.cut_off)
    return refuse(t, stmt, "multiplies by a number that 32 bits do not hold",
                  "scale the weights of the population, or keep it on the host "
                  "with `on = host`");
  sf_noperand out;
  SF_TRY(put(t, &d, &out));
  set(t, stmt, out, target, false);
  return SF_OK;
}

static const char *constant_name(const sf_stmt *stmt, uint32_t index) {
  const sf_nvalue *value = stmt->operand[index].value;
  return value ? value->name : stmt->result->name;
}

static sf_result product(sf_translator *t, const sf_stmt *stmt) {
  for (uint32_t i = 0; i < 2; i++) {
    const sf_fixed *value = fixed_of(t, stmt, 1 - i);
    if (!value || !is_constant(t, &stmt->operand[i])) continue;
    const double *factors = constant(t, stmt, i);
    if (!factors) return SF_OOM;
    return scale(t, stmt, value, factors, constant_name(stmt, i),
                 sf_degree_of_operand(&t->degrees, stmt, i));
  }
  const sf_fixed *a = fixed_of(t, stmt, 0), *b = fixed_of(t, stmt, 1);
  int target = sf_fraction_of(t, t->degrees.of[stmt->result->slot]);
  int shift = a && b ? a->bits + b->bits - target : -1;
  if (shift < 0 || shift > 62)
    return refuse(t, stmt, "multiplies what has no common unit",
                  "a product takes potentials, currents and factors");
  draft d = {.kind = SF_NOP_MULSHR,
             .mode = SF_MODE_SAT,
             .round = SF_ROUND_HALF_UP,
             .shift = shift,
             .type = sf_int(32),
             .name = stmt->result->name,
             .a = a->operand,
             .b = b->operand};
  sf_noperand out;
  SF_TRY(put(t, &d, &out));
  set(t, stmt, out, target, false);
  return SF_OK;
}

static bool rounds(const sf_stmt *stmt, sf_round *out) {
  switch (stmt->kind) {
  case SF_NOP_FLOOR:
    *out = SF_ROUND_FLOOR;
    return true;
  case SF_NOP_CEIL:
    *out = SF_ROUND_CEIL;
    return true;
  case SF_NOP_TRUNC:
    *out = SF_ROUND_ZERO;
    return true;
  case SF_NOP_RINT:
    *out = SF_ROUND_HALF_EVEN;
    return true;
  default:
    return false;
  }
}

/* The statement that rounds the result, when nothing else reads it. */
static const sf_stmt *only_rounded(const sf_translator *t,
                                   const sf_stmt *stmt) {
  const sf_stmt *found = NULL;
  sf_round ignored;
  for (uint32_t i = 0; i < t->from->stmt_count; i++)
    for (uint32_t k = 0; k < t->from->stmts[i].operand_count; k++) {
      if (t->from->stmts[i].operand[k].value != stmt->result) continue;
      if (found || !rounds(&t->from->stmts[i], &ignored)) return NULL;
      found = &t->from->stmts[i];
    }
  for (uint32_t i = 0; i < t->from->state_count; i++)
    if (t->from->states[i].next.value == stmt->result) return NULL;
  for (uint32_t i = 0; i < t->from->emit_count; i++)
    if (t->from->emits[i].value == stmt->result) return NULL;
  return found;
}

/* trunc(h / theta), as multi-spike neurons have it: one integer quotient. */
static sf_result count_in(sf_translator *t, const sf_stmt *stmt,
                          const sf_stmt *rounding) {
  int bits = sf_fraction_of(t, sf_degree_of_operand(&t->degrees, stmt, 0));
  draft d = {.kind = SF_NOP_DIV,
             .mode = SF_MODE_SAT,
             .type = sf_int(32),
             .name = stmt->result->name};
  if (!rounds(rounding, &d.round)) return SF_FAIL; /* only_rounded saw it */
  SF_TRY(sf_fixed_operand(t, stmt, 0, bits, &d.a));
  SF_TRY(sf_fixed_operand(t, stmt, 1, bits, &d.b));
  sf_noperand out;
  SF_TRY(put(t, &d, &out));
  set(t, stmt, out, 0, true);
  return SF_OK;
}

static sf_result quotient(sf_translator *t, const sf_stmt *stmt) {
  const sf_fixed *value = fixed_of(t, stmt, 0);
  const sf_stmt *rounding = only_rounded(t, stmt);
  if (rounding && t->degrees.of[stmt->result->slot] == 0)
    return count_in(t, stmt, rounding);
  if (!value || !is_constant(t, &stmt->operand[1]))
    return refuse(t, stmt, "divides by what changes",
                  "a quotient by a param or a number has an integer form, and "
                  "one that is rounded at once; "
                  "`on = host` keeps the population on the host");
  const double *divisors = constant(t, stmt, 1);
  if (!divisors) return SF_OOM;
  int degree = sf_degree_of_operand(&t->degrees, stmt, 1);
  double *factors =
      SF_NEW_ARRAY(t->job->run->scratch, double, t->constants.count + 1u);
  if (!factors) return SF_OOM;
  for (uint32_t i = 0; i < t->constants.count; i++)
    factors[i] = 1 / divisors[i];
  const char *name = name_of(t, stmt->result, "per");
  if (stmt->operand[1].value) name = name_of(t, stmt->operand[1].value, "per");
  return scale(t, stmt, value, factors, name, -degree);
}

/* ---- Whole numbers. ---- */

static sf_result to_whole(sf_translator *t, const sf_stmt *stmt,
                          sf_round round) {
  const sf_fixed *value = fixed_of(t, stmt, 0);
  if (!value)
    return refuse(t, stmt, "rounds a constant", "write the constant rounded");
  if (value->whole && value->bits == 0) {
    set(t, stmt, value->operand, 0, true);
    return SF_OK;
  }
  draft d = {.kind = SF_NOP_SHR,
             .mode = SF_MODE_SAT,
             .round = round,
             .shift = value->bits,
             .type = sf_int(32),
             .name = stmt->result->name,
             .a = value->operand};
  sf_noperand out;
  SF_TRY(put(t, &d, &out));
  set(t, stmt, out, 0, true);
  return SF_OK;
}

static sf_result to_int(sf_translator *t, const sf_stmt *stmt) {
  const sf_fixed *value = fixed_of(t, stmt, 0);
  if (!value)
    return refuse(t, stmt, "rounds a constant", "write the constant rounded");
  bool whole = value->bits == 0;
  draft d = {.kind = whole ? SF_NOP_WIDEN : SF_NOP_SHR,
             .mode = stmt->mode == SF_MODE_NONE ? SF_MODE_SAT : stmt->mode,
             .round = whole ? SF_ROUND_FLOOR : stmt->round,
             .shift = whole ? 0 : value->bits,
             .type = stmt->result->type,
             .name = stmt->result->name,
             .a = value->operand};
  sf_noperand out;
  SF_TRY(put(t, &d, &out));
  t->copy[stmt->result->slot] = out.value;
  return SF_OK;
}

static sf_result to_float(sf_translator *t, const sf_stmt *stmt) {
  draft d = {.kind = SF_NOP_WIDEN,
             .type = sf_int(32),
             .name = stmt->result->name,
             .a = copied(t, &stmt->operand[0])};
  sf_noperand out;
  SF_TRY(put(t, &d, &out));
  set(t, stmt, out, 0, true);
  return SF_OK;
}

/* Spikes and integers stay as they are. */
static sf_result copy(sf_translator *t, const sf_stmt *stmt) {
  sf_stmt *s = sf_neuron_add_stmt(t->to, stmt->kind, stmt->result->name,
                                  stmt->result->type);
  if (!s) return SF_OOM;
  s->mode = stmt->mode;
  s->shift = stmt->shift;
  s->round = stmt->round;
  for (uint32_t i = 0; i < stmt->operand_count; i++)
    s->operand[i] = copied(t, &stmt->operand[i]);
  if (stmt->blob) sf_stmt_set_blob(s, stmt->blob);
  t->copy[stmt->result->slot] = s->result;
  return SF_OK;
}

static bool touches_f32(const sf_stmt *stmt) {
  for (uint32_t i = 0; i < stmt->operand_count; i++)
    if (sf_is_f32(sf_stmt_operand_type(stmt, i))) return true;
  return sf_is_f32(stmt->result->type);
}

sf_result sf_fixed_statement(sf_translator *t, const sf_stmt *stmt) {
  if (t->constants.of_slot[stmt->result->slot]) return SF_OK;
  if (!touches_f32(stmt)) return copy(t, stmt);
  sf_round round = SF_ROUND_FLOOR;
  if (rounds(stmt, &round)) return to_whole(t, stmt, round);
  switch (stmt->kind) {
  case SF_NOP_MUL:
    return product(t, stmt);
  case SF_NOP_DIV:
    return quotient(t, stmt);
  case SF_NOP_TO_INT:
    return to_int(t, stmt);
  case SF_NOP_TO_FLOAT:
    return to_float(t, stmt);
  case SF_NOP_SELECT:
    return like(t, stmt, 1);
  case SF_NOP_EXP:
  case SF_NOP_SQRT:
  case SF_NOP_LOOKUP:
    return refuse(t, stmt,
                  stmt->kind == SF_NOP_EXP    ? "is an exponential"
                  : stmt->kind == SF_NOP_SQRT ? "is a square root"
                                              : "reads a table of f32",
                  "it has no integer form here; give the population another "
                  "model with 'replace-neurons', or keep it on the host with "
                  "`on = host`");
  default:
    return like(t, stmt, 0);
  }
}
