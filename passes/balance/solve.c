/* solve.c - times by difference constraints.
 *
 *   time(argument)   = 0
 *   time(delay)      = time(operand) - steps
 *   time(population) = max(0, dmin + latest operand)     dmin 0 on the host
 *   time(other op)   = latest operand
 *
 * Least solution by Bellman-Ford, swept in text order: only operands of delays
 * point backwards, so few sweeps are needed. Each op remembers the operand that
 * made it late; a loop of these is a loop without enough delay. */
#include "passes/balance/balance.h"
#include "passes/rewrite/normal_form.h"
#include "support/buffer.h"

#include <assert.h>
#include <inttypes.h>

typedef struct solver {
  sf_balance *b;
  const sf_op **causes; /* by order; NULL: an argument, or time 0 */
  uint32_t *marks;      /* by order: number of the search that saw the op */
} solver;

static int64_t time_of(const sf_balance *b, const sf_value *value) {
  return value->op ? b->times[value->op->order] : 0;
}

/* Steps that the op itself adds. */
static int64_t weight(const sf_balance *b, const sf_op *op) {
  if (op->kind == SF_OP_DELAY && !b->anchored[op->order])
    return -sf_op_int(op, SF_ATTR_steps);
  return sf_is_chip_population(op) ? b->dmin : 0;
}

static bool has_floor(const sf_balance *b, const sf_op *op) {
  return op->kind == SF_OP_NEURONS || b->anchored[op->order];
}

/* true: the op became later. */
static bool relax(solver *s, const sf_op *op) {
  sf_balance *b = s->b;
  int64_t latest = SF_NO_TIME;
  const sf_op *cause = NULL;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x || time_of(b, x) <= latest) continue;
    latest = time_of(b, x);
    cause = x->op;
  }
  if (latest != SF_NO_TIME) latest += weight(b, op);
  if (has_floor(b, op) && latest < 0) {
    latest = 0;
    cause = NULL;
  }
  if (latest <= b->times[op->order]) return false;
  b->times[op->order] = latest;
  s->causes[op->order] = cause;
  return true;
}

/* An op on a loop of causes; NULL: there is none. */
static const sf_op *find_loop(const solver *s) {
  uint32_t search = 0;
  for (uint32_t i = 0; i < s->b->op_count; i++)
    s->marks[i] = 0;
  SF_FOREACH_OP(op, s->b->network) {
    search++;
    const sf_op *at = op;
    while (at && !s->marks[at->order]) {
      s->marks[at->order] = search;
      at = s->causes[at->order];
    }
    if (at && s->marks[at->order] == search) return at;
  }
  return NULL;
}

/* ---- The message. ---- */

enum { NAMES_SHOWN = 24 };

/* Of the names that go round the loop, populations and delays, in order. */
typedef struct loop_facts {
  const sf_op *first; /* population that comes first in the text */
  int64_t delays, populations;
} loop_facts;

static loop_facts measure(const solver *s, const sf_op *loop) {
  loop_facts facts = {0};
  const sf_op *at = loop;
  do {
    int64_t steps = weight(s->b, at);
    if (steps < 0) facts.delays -= steps;
    if (steps > 0) {
      facts.populations += steps;
      if (!facts.first || at->order < facts.first->order) facts.first = at;
    }
    at = s->causes[at->order];
  } while (at && at != loop); /* a cause on a loop is never NULL */
  assert(facts.first); /* only populations make a loop late */
  return facts;
}

/* Causes point against the flow: the names are written from the back. */
static void write_names(const solver *s, const sf_op *first, sf_buffer *out) {
  const char *names[NAMES_SHOWN];
  size_t count = 0, left_out = 0;
  const sf_op *at = first;
  do {
    bool named = at->kind == SF_OP_NEURONS || at->kind == SF_OP_DELAY;
    if (named && count < NAMES_SHOWN)
      names[count++] = at->results[0]->name;
    else if (named)
      left_out++;
    at = s->causes[at->order];
  } while (at && at != first);
  sf_buffer_printf(out, "%%%s", first->results[0]->name);
  if (left_out) sf_buffer_printf(out, " -> .. %zu more ..", left_out);
  for (size_t i = count; i > 0; i--)
    sf_buffer_printf(out, " -> %%%s", names[i - 1]);
}

static sf_result slack_error(const solver *s, const sf_op *loop) {
  loop_facts facts = measure(s, loop);
  sf_buffer names = {0};
  write_names(s, facts.first, &names);
  if (names.failed) {
    sf_buffer_destroy(&names);
    return SF_OOM;
  }
  sf_error(s->b->run->diag, SF_DIAG_NO_SLACK, facts.first->loc,
           "the loop %s takes %" PRId64 " step%s, and its populations on chip "
           "need %" PRId64,
           names.data, facts.delays, facts.delays == 1 ? "" : "s",
           facts.populations);
  sf_buffer_destroy(&names);
  sf_help(s->b->run->diag,
          "%" PRId64 " more step%s of `delay` in the loop (this changes what "
          "the network computes), or fewer populations in it",
          facts.populations - facts.delays,
          facts.populations - facts.delays == 1 ? "" : "s");
  return SF_FAIL;
}

static void find_lag(sf_balance *b) {
  b->lag = 0;
  for (uint32_t i = 0; i < b->network->return_count; i++) {
    int64_t time = time_of(b, b->network->returns[i].value);
    if (time > b->lag) b->lag = time;
  }
}

sf_result sf_balance_solve(sf_balance *b) {
  sf_arena *arena = b->run->scratch;
  solver s = {.b = b,
              .causes = SF_NEW_ARRAY(arena, const sf_op *, b->op_count + 1u),
              .marks = SF_NEW_ARRAY(arena, uint32_t, b->op_count + 1u)};
  b->times = SF_NEW_ARRAY(arena, int64_t, b->op_count + 1u);
  if (!s.causes || !s.marks || !b->times) return SF_OOM;
  for (uint32_t i = 0; i < b->op_count; i++)
    b->times[i] = SF_NO_TIME;
  for (bool changed = true; changed;) {
    changed = false;
    SF_FOREACH_OP(op, b->network)
      changed |= relax(&s, op);
    const sf_op *loop = changed ? find_loop(&s) : NULL;
    if (loop) return slack_error(&s, loop);
  }
  find_lag(b);
  return SF_OK;
}
