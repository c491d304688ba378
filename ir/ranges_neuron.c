/* ranges_neuron.c - intervals of one neuron function in one population.
 *
 * First with every state anywhere in its width. If a statement then may
 * overflow, states start at their initial values and grow by what `next` can
 * give, until nothing new is reached or the network's steps are over. */
#include "ir/ranges.h"

#include <string.h>

/* Iterations without a known number of steps; each costs one pass over the
 * statements. An interval that still grows then is taken to grow for ever. */
enum { ITERATIONS_MAX = 65536 };

typedef struct walk {
  const sf_neuron *neuron;
  sf_neuron_ranges *ranges;
  sf_span *slots; /* of the pass under way, and what it did not prove: */
  uint32_t found_count;
  sf_stmt_reach *found;
} walk;

static const sf_span everything_f32 = {0, 0}; /* never read */

static sf_span span_min(sf_span a, sf_span b) {
  return sf_span_of(a.low < b.low ? a.low : b.low,
                    a.high < b.high ? a.high : b.high);
}

static sf_span span_max(sf_span a, sf_span b) {
  return sf_span_of(a.low > b.low ? a.low : b.low,
                    a.high > b.high ? a.high : b.high);
}

static sf_span span_abs(sf_span a) {
  if (a.low >= 0) return a;
  if (a.high <= 0) return sf_span_of(-a.high, -a.low);
  return sf_span_of(0, -a.low > a.high ? -a.low : a.high);
}

/* Rounding is monotonic, so the ends decide. */
static sf_span span_shift(sf_span a, const sf_stmt *stmt) {
  return sf_span_of(sf_shift_round_wide(a.low, stmt->shift, stmt->round),
                    sf_shift_round_wide(a.high, stmt->shift, stmt->round));
}

/* For divisors of one sign the quotient is monotonic in each operand. */
static sf_span divide_part(sf_span a, sf_wide low, sf_wide high,
                           sf_round round) {
  sf_wide ends[4] = {sf_divide_round((int64_t)a.low, (int64_t)low, round),
                     sf_divide_round((int64_t)a.low, (int64_t)high, round),
                     sf_divide_round((int64_t)a.high, (int64_t)low, round),
                     sf_divide_round((int64_t)a.high, (int64_t)high, round)};
  sf_span out = sf_span_of(ends[0], ends[0]);
  for (int n = 1; n < 4; n++)
    out = sf_span_join(out, sf_span_of(ends[n], ends[n]));
  return out;
}

static sf_span span_divide(sf_span a, sf_span b, sf_round round) {
  bool started = b.low <= 0 && b.high >= 0; /* division by 0 gives 0 */
  sf_span out = sf_span_of(0, 0);
  if (b.high > 0) {
    sf_span part = divide_part(a, b.low > 1 ? b.low : 1, b.high, round);
    out = started ? sf_span_join(out, part) : part;
    started = true;
  }
  if (b.low < 0) {
    sf_span part = divide_part(a, b.low, b.high < -1 ? b.high : -1, round);
    out = started ? sf_span_join(out, part) : part;
  }
  return out;
}

/* A comparison that no pair of values decides otherwise is a constant. */
static sf_span span_compare(sf_nop_kind kind, sf_span a, sf_span b) {
  bool always, never;
  switch (kind) {
  case SF_NOP_LT:
    always = a.high < b.low, never = a.low >= b.high;
    break;
  case SF_NOP_LE:
    always = a.high <= b.low, never = a.low > b.high;
    break;
  case SF_NOP_GT:
    always = a.low > b.high, never = a.high <= b.low;
    break;
  case SF_NOP_GE:
    always = a.low >= b.high, never = a.high < b.low;
    break;
  default: {
    bool apart = a.high < b.low || a.low > b.high;
    bool same = a.low == a.high && b.low == b.high && a.low == b.low;
    always = kind == SF_NOP_EQ ? same : apart;
    never = kind == SF_NOP_EQ ? apart : same;
    break;
  }
  }
  return sf_span_of(always, !never);
}

static sf_span span_logic(sf_nop_kind kind, sf_span a, sf_span b) {
  switch (kind) {
  case SF_NOP_AND:
    return span_min(a, b);
  case SF_NOP_OR:
    return span_max(a, b);
  case SF_NOP_NOT:
    return sf_span_of(1 - a.high, 1 - a.low);
  default:
    if (a.low != a.high || b.low != b.high) return sf_span_of(0, 1);
    return sf_span_of(a.low ^ b.low, a.low ^ b.low);
  }
}

static sf_span span_lookup(const sf_blob *blob, sf_span index) {
  if (blob->type.scalar.kind == SF_SCALAR_F32) return everything_f32;
  sf_wide last = (sf_wide)sf_blob_elements(blob) - 1;
  sf_span inside =
      span_max(span_min(index, sf_span_of(last, last)), sf_span_of(0, 0));
  return sf_span_blob(blob, (size_t)inside.low, (size_t)inside.high);
}

static sf_span operand_span(const walk *w, const sf_stmt *stmt, uint32_t n) {
  if (n >= stmt->operand_count) return sf_span_of(0, 0);
  sf_noperand operand = stmt->operand[n];
  if (operand.value) return w->slots[operand.value->slot];
  return sf_span_of(operand.literal.i, operand.literal.i);
}

static sf_span combine(const walk *w, const sf_stmt *stmt) {
  sf_span a = operand_span(w, stmt, 0), b = operand_span(w, stmt, 1);
  switch (stmt->kind) {
  case SF_NOP_ADD:
    return sf_span_of(a.low + b.low, a.high + b.high);
  case SF_NOP_SUB:
    return sf_span_of(a.low - b.high, a.high - b.low);
  case SF_NOP_MUL:
    return sf_span_multiply(a, b);
  case SF_NOP_MULSHR:
    return span_shift(sf_span_multiply(a, b), stmt);
  case SF_NOP_SHR:
    return span_shift(a, stmt);
  case SF_NOP_SHL:
    return sf_span_of(a.low * ((sf_wide)1 << stmt->shift),
                      a.high * ((sf_wide)1 << stmt->shift));
  case SF_NOP_DIV:
    return span_divide(a, b, stmt->round);
  case SF_NOP_NEG:
    return sf_span_of(-a.high, -a.low);
  case SF_NOP_ABS:
    return span_abs(a);
  case SF_NOP_MIN:
    return span_min(a, b);
  case SF_NOP_MAX:
    return span_max(a, b);
  case SF_NOP_AND:
  case SF_NOP_OR:
  case SF_NOP_XOR:
  case SF_NOP_NOT:
    return span_logic(stmt->kind, a, b);
  case SF_NOP_SELECT: {
    sf_span c = operand_span(w, stmt, 2);
    if (a.low == a.high) return a.low ? b : c;
    return sf_span_join(b, c);
  }
  case SF_NOP_LOOKUP:
    return span_lookup(stmt->blob, a);
  case SF_NOP_TO_INT: /* f32 has no interval */
    return sf_span_of(-((sf_wide)1 << 126), (sf_wide)1 << 126);
  case SF_NOP_RAND:
    return sf_span_type(sf_int(32));
  default:
    return a; /* widen */
  }
}

static bool compares_f32(const sf_stmt *stmt) {
  return stmt->operand_count > 0 &&
         sf_stmt_operand_type(stmt, 0).kind == SF_SCALAR_F32;
}

/* One pass over the statements from w->slots of inputs, params and states.
 * False: w->found are those that may not fit. */
static bool pass(walk *w) {
  w->found_count = 0;
  for (uint32_t n = 0; n < w->neuron->stmt_count; n++) {
    const sf_stmt *stmt = &w->neuron->stmts[n];
    sf_span *out = &w->slots[stmt->result->slot];
    sf_scalar type = stmt->result->type;
    bool compare = sf_nop_info_get(stmt->kind)->traits & SF_NOP_TRAIT_COMPARE;
    if (type.kind == SF_SCALAR_F32) {
      *out = everything_f32;
    } else if (compare) {
      *out = compares_f32(stmt)
                 ? sf_span_of(0, 1)
                 : span_compare(stmt->kind, operand_span(w, stmt, 0),
                                operand_span(w, stmt, 1));
    } else {
      sf_span exact = combine(w, stmt);
      if (stmt->mode == SF_MODE_NONE && !sf_span_fits(exact, type))
        w->found[w->found_count++] = (sf_stmt_reach){stmt, exact};
      *out = sf_span_fit(exact, type, stmt->mode);
    }
  }
  return w->found_count == 0;
}

static sf_span next_span(const walk *w, const sf_state *state) {
  if (!state->has_next) return w->slots[state->value->slot];
  if (state->next.value) return w->slots[state->next.value->slot];
  return sf_span_of(state->next.literal.i, state->next.literal.i);
}

/* ---- The two attempts. ---- */

static void any_state(walk *w) {
  for (uint32_t n = 0; n < w->neuron->state_count; n++)
    w->slots[w->neuron->states[n].value->slot] =
        sf_span_type(w->neuron->states[n].value->type);
}

static void initial_state(walk *w) {
  for (uint32_t n = 0; n < w->neuron->state_count; n++) {
    const sf_state *state = &w->neuron->states[n];
    w->slots[state->value->slot] =
        state->initial_param ? w->slots[state->initial_param->slot]
                             : sf_span_of(state->initial.i, state->initial.i);
  }
}

/* Adds what `next` gives to every state; false: nothing new. */
static bool grow_states(walk *w) {
  bool grown = false;
  sf_span *next = w->ranges->states; /* all reads see the old values */
  for (uint32_t n = 0; n < w->neuron->state_count; n++)
    next[n] = next_span(w, &w->neuron->states[n]);
  for (uint32_t n = 0; n < w->neuron->state_count; n++) {
    sf_span *slot = &w->slots[w->neuron->states[n].value->slot];
    sf_span joined = sf_span_join(*slot, next[n]);
    grown = grown || joined.low != slot->low || joined.high != slot->high;
    *slot = joined;
  }
  return grown;
}

static void keep(walk *w) {
  memcpy(w->ranges->slots, w->slots, w->neuron->value_count * sizeof *w->slots);
  for (uint32_t n = 0; n < w->neuron->state_count; n++)
    w->ranges->states[n] = w->slots[w->neuron->states[n].value->slot];
}

static void keep_unproved(walk *w, int64_t step) {
  memcpy(w->ranges->unproved, w->found, w->found_count * sizeof *w->found);
  w->ranges->unproved_count = w->found_count;
  w->ranges->unproved_step = step;
}

/* From the initial state. True: proved, and w->slots hold for every step. */
static bool iterate(walk *w, int64_t steps) {
  int64_t limit = steps >= 0 && steps < ITERATIONS_MAX ? steps : ITERATIONS_MAX;
  initial_state(w);
  for (int64_t step = 0; step < limit; step++) {
    if (!pass(w)) {
      /* Without a bound the first attempt's report says more. */
      if (steps >= 0) keep_unproved(w, step);
      return false;
    }
    /* Slots of statements stay valid: states only grow, so a later pass covers
     * what an earlier one gave. */
    if (!grow_states(w)) return true;
  }
  return steps >= 0 && steps <= limit;
}

static sf_result param_span(const sf_op *op, uint32_t n, sf_diag *diag,
                            sf_span *out) {
  const sf_param *param = &op->neuron->params[n];
  const sf_argument *argument = &op->arguments[n];
  *out = everything_f32;
  if (param->value->type.kind == SF_SCALAR_F32) return SF_OK;
  if (argument->kind == SF_ARGUMENT_BLOB) {
    SF_TRY(sf_blob_load(argument->blob, diag));
    *out =
        sf_span_blob(argument->blob, 0, sf_blob_elements(argument->blob) - 1);
    return SF_OK;
  }
  int64_t value = argument->kind == SF_ARGUMENT_NUMBER ? argument->number.i
                                                       : param->initial.i;
  *out = sf_span_of(value, value);
  return SF_OK;
}

static sf_result fill_constants(walk *w, const sf_op *op, const sf_span *inputs,
                                sf_diag *diag) {
  for (uint32_t n = 0; n < w->neuron->input_count; n++)
    w->slots[w->neuron->inputs[n]->slot] = inputs[n];
  for (uint32_t n = 0; n < w->neuron->param_count; n++)
    SF_TRY(
        param_span(op, n, diag, &w->slots[w->neuron->params[n].value->slot]));
  for (uint32_t n = 0; n < w->neuron->stmt_count; n++)
    if (w->neuron->stmts[n].blob)
      SF_TRY(sf_blob_load(w->neuron->stmts[n].blob, diag));
  return SF_OK;
}

static sf_result allocate(walk *w, sf_arena *arena) {
  const sf_neuron *neuron = w->neuron;
  sf_neuron_ranges *ranges = w->ranges;
  w->slots = SF_NEW_ARRAY(arena, sf_span, neuron->value_count + 1u);
  w->found = SF_NEW_ARRAY(arena, sf_stmt_reach, neuron->stmt_count + 1u);
  ranges->slots = SF_NEW_ARRAY(arena, sf_span, neuron->value_count + 1u);
  ranges->states = SF_NEW_ARRAY(arena, sf_span, neuron->state_count + 1u);
  ranges->unproved =
      SF_NEW_ARRAY(arena, sf_stmt_reach, neuron->stmt_count + 1u);
  bool full = w->slots && w->found && ranges->slots && ranges->states &&
              ranges->unproved;
  return full ? SF_OK : SF_OOM;
}

sf_result sf_neuron_ranges_create(const sf_op *op, const sf_span *inputs,
                                  int64_t steps, sf_arena *arena, sf_diag *diag,
                                  sf_neuron_ranges **out) {
  sf_neuron_ranges *ranges = SF_NEW(arena, sf_neuron_ranges);
  if (!ranges) return SF_OOM;
  walk w = {.neuron = op->neuron, .ranges = ranges};
  ranges->op = op;
  SF_TRY(allocate(&w, arena));
  SF_TRY(fill_constants(&w, op, inputs, diag));
  any_state(&w);
  bool proved = pass(&w);
  keep(&w);
  keep_unproved(&w, -1);
  if (!proved && iterate(&w, steps)) {
    ranges->unproved_count = 0;
    keep(&w);
  } else if (!proved) { /* grow_states used `states` */
    for (uint32_t n = 0; n < w.neuron->state_count; n++)
      ranges->states[n] = sf_span_type(w.neuron->states[n].value->type);
  }
  *out = ranges;
  return SF_OK;
}

sf_span sf_neuron_ranges_emit(const sf_neuron_ranges *ranges, uint32_t index) {
  sf_noperand emit = ranges->op->neuron->emits[index];
  if (emit.value) return ranges->slots[emit.value->slot];
  return sf_span_of(emit.literal.i, emit.literal.i);
}
