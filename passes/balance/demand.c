/* demand.c - how late each value is wanted.
 *
 * A population wants its operands at its own time, the network its results at
 * the lag. A wish goes back through sums and moves unchanged and through a
 * delay later by its steps, until it reaches an input or a population, where it
 * becomes a delay, or an op that is wanted at several times, which becomes
 * several. */
#include "passes/balance/balance.h"
#include "passes/rewrite/normal_form.h"

typedef struct wish {
  const sf_op *op; /* neither source nor delay */
  int64_t time;
  bool chip;
} wish;

typedef struct wishes {
  sf_balance *b;
  wish *stack;
  size_t count, capacity;
} wishes;

/* The value behind delays that are not anchored, and the time there. */
static const sf_value *through_delays(const sf_balance *b,
                                      const sf_value *value, int64_t *time) {
  while (value->op && value->op->kind == SF_OP_DELAY &&
         !b->anchored[value->op->order]) {
    *time += sf_op_int(value->op, SF_ATTR_steps);
    value = sf_op_operand(value->op, 0);
  }
  return value;
}

static sf_demand **list_of(const sf_balance *b, const sf_value *value) {
  return value->op ? &b->op_demands[value->op->order]
                   : &b->argument_demands[value->index];
}

static bool is_before(const sf_demand *d, uint32_t index, int64_t time) {
  return d->index < index || (d->index == index && d->time < time);
}

/* *news: it was not known, or not known to be wanted on a chip. */
static sf_result add(const sf_balance *b, const sf_value *value, int64_t time,
                     bool chip, bool *news) {
  uint32_t index = value->op ? value->index : 0;
  sf_demand **at = list_of(b, value);
  while (*at && is_before(*at, index, time))
    at = &(*at)->next;
  if (*at && (*at)->index == index && (*at)->time == time) {
    *news = chip && !(*at)->chip;
    (*at)->chip |= chip;
    return SF_OK;
  }
  sf_demand *demand = SF_NEW(b->run->scratch, sf_demand);
  if (!demand) return SF_OOM;
  *demand = (sf_demand){index, time, chip, NULL, *at};
  *at = demand;
  *news = true;
  return SF_OK;
}

static sf_result push(wishes *w, wish one) {
  if (w->count == w->capacity) {
    size_t capacity = w->capacity ? 2 * w->capacity : 64;
    wish *grown = SF_NEW_ARRAY(w->b->run->scratch, wish, capacity);
    if (!grown) return SF_OOM;
    for (size_t i = 0; i < w->count; i++)
      grown[i] = w->stack[i];
    w->stack = grown;
    w->capacity = capacity;
  }
  w->stack[w->count++] = one;
  return SF_OK;
}

static sf_result want(wishes *w, const sf_value *value, int64_t time,
                      bool chip) {
  value = through_delays(w->b, value, &time);
  bool news;
  SF_TRY(add(w->b, value, time, chip, &news));
  bool ends = sf_is_source(value) || value->op->kind == SF_OP_DELAY;
  if (!news || ends) return SF_OK;
  return push(w, (wish){value->op, time, chip});
}

static sf_result want_operands(wishes *w, const sf_op *op, int64_t time,
                               bool chip) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (x) SF_TRY(want(w, x, time, chip));
  }
  return SF_OK;
}

sf_result sf_balance_collect(sf_balance *b) {
  wishes w = {.b = b};
  sf_arena *arena = b->run->scratch;
  b->op_demands = SF_NEW_ARRAY(arena, sf_demand *, b->op_count + 1u);
  b->argument_demands =
      SF_NEW_ARRAY(arena, sf_demand *, b->network->argument_count + 1u);
  if (!b->op_demands || !b->argument_demands) return SF_OOM;
  SF_FOREACH_OP(op, b->network) {
    if (op->kind != SF_OP_NEURONS && !b->anchored[op->order]) continue;
    SF_TRY(want_operands(&w, op, b->times[op->order],
                         sf_is_chip_population(op) && b->dmin > 0));
  }
  for (uint32_t i = 0; i < b->network->return_count; i++)
    SF_TRY(want(&w, b->network->returns[i].value, b->lag, false));
  while (w.count) {
    wish next = w.stack[--w.count];
    SF_TRY(want_operands(&w, next.op, next.time, next.chip));
  }
  return SF_OK;
}

sf_demand *sf_balance_find(const sf_balance *b, const sf_value *value,
                           int64_t time) {
  value = through_delays(b, value, &time);
  uint32_t index = value->op ? value->index : 0;
  sf_demand *d = *list_of(b, value);
  while (d && (d->index != index || d->time != time))
    d = d->next;
  return d;
}
