/* rewrite.c - makes every wish true: a row of delays behind each
 * source, shared along prefixes, copies of ops that are wanted at several
 * times, starts, the lag, and at last an order of the text in which all is
 * defined before use.
 */
#include "passes/balance/balance.h"
#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/op_copy.h"
#include "passes/rewrite/relay.h"

#include <assert.h>
#include <inttypes.h>

enum { RELAYS_MAX = 4096 }; /* behind one source */

static sf_result no_memory_or_diag(const sf_balance *b) {
  return sf_diag_errors(b->run->diag) ? SF_FAIL : SF_OOM;
}

/* ---- Delays behind a source. ---- */

/* A source on its way through delays. */
typedef struct chain {
  sf_balance *b;
  sf_value *source;
  int64_t source_time;
  sf_op *before;     /* where new ops are put */
  sf_op *spare;      /* next delay of the source that can be used again */
  sf_value *at;      /* end of the chain */
  int64_t delay;     /* of `at`, behind the source */
  sf_value *relayed; /* the source or its last relay */
  int64_t relayed_delay;
} chain;

/* Delays that read the source itself keep their names. */
static sf_op *next_spare(const chain *c, sf_op *from) {
  for (; from; from = from->next) {
    if (from->kind == SF_OP_DELAY && sf_op_operand(from, 0) == c->source &&
        from->order < c->b->op_count && !c->b->anchored[from->order]) {
      return from;
    }
  }
  return NULL;
}

static sf_result extend(chain *c, int64_t steps) {
  sf_op *op = c->spare;
  if (op) {
    c->spare = next_spare(c, op->next);
  } else {
    bool follows = c->at != c->source;
    op = sf_op_create(c->source->network, follows ? c->at->op->next : c->before,
                      SF_OP_DELAY, 1,
                      c->source->op ? c->source->op->loc : c->source->loc);
    if (!op || !sf_op_add_result(op, c->source->name, &c->source->type))
      return SF_OOM;
    op->order = UINT32_MAX; /* not one of the ops that were there */
    c->b->new_delays++;
  }
  sf_op_set_operand(op, 0, c->at);
  SF_TRY(sf_op_set_int(op, SF_ATTR_steps, steps));
  c->at = op->results[0];
  c->delay += steps;
  return SF_OK;
}

/* New ops between `from` and `end` are not ops that were there. */
static sf_result mark_relay(const chain *c, sf_op *from, const sf_op *end) {
  for (sf_op *op = from->next; op && op != end; op = op->next) {
    op->order = UINT32_MAX;
    if (op->kind != SF_OP_NEURONS) continue;
    SF_TRY(sf_op_set_int(op, SF_ATTR_start, c->source_time + c->delay));
  }
  return SF_OK;
}

/* A population in the row: the delay behind it counts from zero again. */
static sf_result relay(chain *c) {
  sf_balance *b = c->b;
  int64_t place = c->relayed_delay + b->max_delay;
  if (place < c->delay) { /* a result is wanted later than a chip can */
    c->at = c->relayed;
    c->delay = c->relayed_delay;
  }
  if (place > c->delay) SF_TRY(extend(c, place - c->delay));
  if (++b->new_relays > RELAYS_MAX) {
    return sf_error(b->run->diag, SF_DIAG_IR_LIMIT, SF_NO_LOC,
                    "'%%%s' must be delayed so long that it needs more than %d "
                    "relay populations",
                    c->source->name, RELAYS_MAX);
  }
  sf_op *from = c->at->op; /* a delay: the chain has left its source */
  assert(from);
  sf_op *end = from->next;
  sf_value *value = sf_relay_population(c->at, end, b->run->diag);
  if (!value) return no_memory_or_diag(b);
  SF_TRY(mark_relay(c, from, end));
  c->at = c->relayed = value;
  c->relayed_delay = c->delay;
  return SF_OK;
}

static sf_result reach(chain *c, sf_demand *demand) {
  int64_t delay = demand->time - c->source_time;
  while (demand->chip && delay - c->relayed_delay > c->b->max_delay)
    SF_TRY(relay(c));
  if (delay > c->delay) SF_TRY(extend(c, delay - c->delay));
  demand->value = c->at;
  return SF_OK;
}

static sf_result delay_source(sf_balance *b, sf_value *source, int64_t time,
                              sf_demand *demands, sf_op *before) {
  uint32_t index = source->op ? source->index : 0;
  chain c = {.b = b,
             .source = source,
             .source_time = time,
             .before = before,
             .at = source,
             .relayed = source};
  c.spare = next_spare(&c, b->network->first);
  for (sf_demand *d = demands; d; d = d->next)
    if (d->index == index) SF_TRY(reach(&c, d));
  return SF_OK;
}

static sf_result delay_sources(sf_balance *b) {
  sf_network *network = b->network;
  for (uint32_t i = 0; i < network->argument_count; i++) {
    SF_TRY(delay_source(b, network->arguments[i], 0, b->argument_demands[i],
                        network->first));
  }
  SF_FOREACH_OP_SAFE(op, following, network) {
    if (op->order >= b->op_count) continue;
    if (op->kind != SF_OP_NEURONS && !b->anchored[op->order]) continue;
    for (uint32_t i = 0; i < op->result_count; i++) {
      SF_TRY(delay_source(b, op->results[i], b->times[op->order],
                          b->op_demands[op->order], following));
    }
  }
  return SF_OK;
}

/* ---- Ops between sources. ---- */

static bool is_between(const sf_balance *b, const sf_op *op) {
  return op->order < b->op_count && op->kind != SF_OP_NEURONS &&
         op->kind != SF_OP_DELAY;
}

/* A copy behind `op`, with its blobs; streams are set later. */
static sf_value *copy_op(sf_op *op) {
  sf_op *copy = sf_op_copy_without_streams(op, op->operand_count);
  if (!copy) return NULL;
  return sf_op_add_result(copy, op->results[0]->name, &op->results[0]->type);
}

static sf_result make_copies(sf_balance *b) {
  SF_FOREACH_OP(op, b->network) {
    if (!is_between(b, op)) continue;
    sf_demand *first = b->op_demands[op->order];
    for (sf_demand *d = first; d; d = d->next) {
      d->value = d == first ? op->results[0] : copy_op(op);
      if (!d->value) return SF_OOM;
    }
  }
  return SF_OK;
}

/* Which demand feeds an operand: found before any delay changes. */
typedef struct wiring {
  sf_op *op;
  uint32_t index;
  const sf_demand *demand;
} wiring;

typedef struct wirings {
  wiring *rows;
  size_t count;
  const sf_demand **returns;
} wirings;

static void wire(const sf_balance *b, wirings *w, const sf_op *like, sf_op *op,
                 int64_t time) {
  for (uint32_t i = 0; i < like->operand_count; i++) {
    const sf_value *x = sf_op_operand(like, i);
    if (!x) continue;
    w->rows[w->count++] = (wiring){op, i, sf_balance_find(b, x, time)};
  }
}

static size_t count_wirings(const sf_balance *b) {
  size_t count = 0;
  SF_FOREACH_OP(op, b->network) {
    if (op->order >= b->op_count) continue;
    size_t copies = 1;
    if (is_between(b, op))
      for (sf_demand *d = b->op_demands[op->order]; d; d = d->next)
        copies++;
    count += copies * op->operand_count;
  }
  return count;
}

static sf_result plan_wirings(const sf_balance *b, wirings *w) {
  sf_arena *arena = b->run->scratch;
  const sf_network *network = b->network;
  w->rows = SF_NEW_ARRAY(arena, wiring, count_wirings(b) + 1);
  w->returns =
      SF_NEW_ARRAY(arena, const sf_demand *, network->return_count + 1u);
  if (!w->rows || !w->returns) return SF_OOM;
  SF_FOREACH_OP(op, network) {
    if (op->order >= b->op_count) continue;
    if (op->kind == SF_OP_NEURONS || b->anchored[op->order])
      wire(b, w, op, op, b->times[op->order]);
    else if (is_between(b, op))
      for (sf_demand *d = b->op_demands[op->order]; d; d = d->next)
        wire(b, w, op, d->value->op, d->time);
  }
  for (uint32_t i = 0; i < network->return_count; i++)
    w->returns[i] = sf_balance_find(b, network->returns[i].value, b->lag);
  return SF_OK;
}

static sf_result rewire(sf_balance *b, const wirings *w) {
  uint32_t returns = b->network->return_count;
  sf_value **values = SF_NEW_ARRAY(b->run->scratch, sf_value *, returns + 1u);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < returns; i++)
    values[i] = w->returns[i]->value;
  for (size_t i = 0; i < w->count; i++) {
    sf_op_set_operand(w->rows[i].op, w->rows[i].index,
                      w->rows[i].demand->value);
  }
  return sf_network_set_returns(b->network, returns, values);
}

/* ---- The rest. ---- */

static sf_result set_starts(sf_balance *b) {
  SF_FOREACH_OP(op, b->network) {
    if (op->order >= b->op_count || op->kind != SF_OP_NEURONS) continue;
    int64_t time = b->times[op->order];
    if (time == 0) continue;
    b->started++;
    SF_TRY(
        sf_op_set_int(op, SF_ATTR_start, sf_op_int(op, SF_ATTR_start) + time));
  }
  if (b->lag)
    b->network->lag = (b->network->lag > 0 ? b->network->lag : 0) + b->lag;
  return SF_OK;
}

static void erase_dead_delays(sf_network *network) {
  for (bool erased = true; erased;) {
    erased = false;
    for (sf_op *op = network->last, *previous; op; op = previous) {
      previous = op->prev;
      if (op->kind != SF_OP_DELAY || op->results[0]->first_use) continue;
      sf_op_erase(op);
      erased = true;
    }
  }
}

/* An op on its way into the new text, and the operand looked at next. */
typedef struct visit {
  sf_op *op;
  uint32_t operand;
} visit;

/* What must stand before the op that is visited. The operand of a delay may
 * come later, but rows of delays read better in order. */
static sf_op *next_needed(visit *at) {
  const sf_op *op = at->op;
  while (at->operand < op->operand_count) {
    const sf_value *x = sf_op_operand(op, at->operand++);
    if (!x || !x->op) continue;
    if (op->kind != SF_OP_DELAY || x->op->kind == SF_OP_DELAY) return x->op;
  }
  return NULL;
}

/* Depth first in the old order: what is needed comes before who needs it. */
static void place(sf_op *root, visit *stack, bool *placed, sf_op **order,
                  size_t *count) {
  size_t depth = 0;
  if (placed[root->order]) return;
  stack[depth++] = (visit){root, 0};
  placed[root->order] = true;
  while (depth) {
    sf_op *needed = next_needed(&stack[depth - 1]);
    if (!needed) {
      order[(*count)++] = stack[--depth].op;
    } else if (!placed[needed->order]) {
      placed[needed->order] = true;
      stack[depth++] = (visit){needed, 0};
    }
  }
}

static sf_result sort_ops(sf_balance *b) {
  sf_network *network = b->network;
  sf_arena *arena = b->run->scratch;
  uint32_t total = sf_network_number(network);
  visit *stack = SF_NEW_ARRAY(arena, visit, total + 1u);
  bool *placed = SF_NEW_ARRAY(arena, bool, total + 1u);
  sf_op **order = SF_NEW_ARRAY(arena, sf_op *, total + 1u);
  if (!stack || !placed || !order) return SF_OOM;
  size_t count = 0;
  SF_FOREACH_OP(op, network)
    place(op, stack, placed, order, &count);
  for (size_t i = 0; i < count; i++)
    sf_op_move_before(order[i], NULL);
  return SF_OK;
}

sf_result sf_balance_rewrite(sf_balance *b) {
  wirings w = {0};
  SF_TRY(make_copies(b));
  SF_TRY(plan_wirings(b, &w));
  SF_TRY(delay_sources(b));
  SF_TRY(rewire(b, &w));
  SF_TRY(set_starts(b));
  erase_dead_delays(b->network);
  return sort_ops(b);
}
