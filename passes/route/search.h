/* search.h - what grow.c and search.c share. */
#ifndef SF_PASSES_ROUTE_SEARCH_H
#define SF_PASSES_ROUTE_SEARCH_H

#include "passes/route/grow.h"

/* A packet that has just entered a router: over link number i (state i), or
 * standing on router r of the tree (state links + r). Valid when `search` is
 * the grower's `now`. */
typedef struct sf_grow_state {
  uint32_t search;
  uint32_t from; /* state before; unused on the tree */
  uint32_t hops; /* since the tree */
  double cost;   /* sf_grow_minimal */
} sf_grow_state;

/* One way to a state, not yet known to be legal. */
typedef struct sf_grow_item {
  uint64_t bound; /* least steps of a whole branch through the state */
  uint64_t order; /* deepest first, then first come */
  uint64_t steps;
  uint32_t from, state;
} sf_grow_item;

typedef struct sf_grow_heap {
  sf_arena *arena;
  uint32_t count, capacity;
  sf_grow_item *items;
  uint64_t least; /* bound of the best start */
  bool out_of_memory;
} sf_grow_heap;

/* ((load + weight) / scale)^12 - (load / scale)^12 */
double sf_grow_link_cost(const sf_grower *g, uint32_t link, uint32_t weight);

#endif
