/* normal_form.c - is a population's operand one add-tree of projections of
 * populations and inputs? docs/ir.md 7.
 *
 * Values are visited once each, with a stack of their own: shared addends make
 * the tree a graph, and long chains must not end the C stack. */
#include "passes/rewrite/normal_form.h"

#include <stdlib.h>

bool sf_is_chip_population(const sf_op *op) {
  return op->kind == SF_OP_NEURONS && sf_op_int(op, SF_ATTR_on) == SF_ON_CHIP;
}

bool sf_is_synapses(const sf_op *op) {
  if (op->kind == SF_OP_POOL) return sf_op_int(op, SF_ATTR_kind) == SF_POOL_SUM;
  return sf_op_is(op, SF_TRAIT_PROJECTION) && op->kind != SF_OP_MATMUL;
}

bool sf_is_route_op(const sf_op *op) {
  return op->kind == SF_OP_DELAY || sf_op_is(op, SF_TRAIT_MOVES);
}

bool sf_is_source(const sf_value *value) {
  return !value->op || value->op->kind == SF_OP_NEURONS;
}

/* Below a projection everything moves; above it everything adds. */
typedef struct visit {
  const sf_value *value;
  bool below;
} visit;

typedef struct walk {
  sf_arena *arena;
  visit *stack;
  size_t count, capacity;
  uint8_t *seen; /* two bits an op, by op->order */
} walk;

static sf_result push(walk *w, const sf_value *value, bool below) {
  const sf_op *op = value->op;
  if (op) {
    uint8_t bit = below ? 2 : 1;
    if (w->seen[op->order] & bit) return SF_OK;
    w->seen[op->order] |= bit;
  }
  if (w->count == w->capacity) {
    size_t capacity = w->capacity ? 2 * w->capacity : 32;
    visit *grown = SF_NEW_ARRAY(w->arena, visit, capacity);
    if (!grown) return SF_OOM;
    for (size_t i = 0; i < w->count; i++)
      grown[i] = w->stack[i];
    w->stack = grown;
    w->capacity = capacity;
  }
  w->stack[w->count++] = (visit){value, below};
  return SF_OK;
}

/* Pushes what must be looked at next; *fits false: an obstacle. */
static sf_result step_into(walk *w, visit at, bool *fits) {
  const sf_op *op = at.value->op;
  *fits = true;
  if (at.below && sf_is_source(at.value)) return SF_OK;
  bool adds = !at.below && op && op->kind == SF_OP_ADD;
  bool projects = !at.below && op && sf_is_synapses(op);
  bool moves = at.below && sf_is_route_op(op);
  *fits = adds || projects || moves;
  if (!*fits) return SF_OK;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *operand = sf_op_operand(op, i);
    if (!operand) { /* a blob: weights, or a constant stream, which is a source
                       like an input; targets say whether they hold one */
      if (adds) *fits = false;
      continue;
    }
    SF_TRY(push(w, operand, at.below || projects));
  }
  return SF_OK;
}

sf_result sf_normal_form_obstacle(const sf_value *operand, sf_arena *arena,
                                  const sf_value **out) {
  *out = NULL;
  uint32_t ops = sf_network_number(operand->network);
  walk w = {.arena = arena, .seen = SF_NEW_ARRAY(arena, uint8_t, ops + 1u)};
  if (!w.seen) return SF_OOM;
  SF_TRY(push(&w, operand, false));
  while (w.count) {
    visit at = w.stack[--w.count];
    bool fits;
    SF_TRY(step_into(&w, at, &fits));
    if (!fits) {
      *out = at.value;
      return SF_OK;
    }
  }
  return SF_OK;
}
