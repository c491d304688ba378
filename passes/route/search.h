/* search.h - what grow.c and the searches, search.c and balanced.c, share. */
#ifndef SF_PASSES_ROUTE_SEARCH_H
#define SF_PASSES_ROUTE_SEARCH_H

#include "passes/route/grow.h"

/* A packet that has just entered a router over link l, x hops longer on its
 * way than the nearest (state x * links + l; shortest branches have x = 0), or
 * standing on router r of the tree (state roots + r). Valid when `search` is
 * the grower's `now`. States are links, since what a packet may do next depends
 * on the link that it holds. */
typedef struct sf_grow_state {
  uint32_t search;
  uint32_t from; /* state before; unused on the tree */
  uint32_t hops; /* since the tree */
  double cost;   /* balanced.c */
} sf_grow_state;

enum {
  SF_GROW_EXCESS = 2
}; /* the most that a way off the worst links is
      longer than the nearest */

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

static inline uint32_t sf_grow_links(const sf_grower *g) {
  return g->fabric->router_count * g->fabric->degree;
}
static inline uint32_t sf_grow_roots(const sf_grower *g) {
  return (SF_GROW_EXCESS + 1) * sf_grow_links(g);
}
/* Router on which the packet of a state is. */
static inline uint32_t sf_grow_router_of(const sf_grower *g, uint32_t state) {
  uint32_t roots = sf_grow_roots(g);
  if (state >= roots) return state - roots;
  return (uint32_t)g->fabric->neighbours[state % sf_grow_links(g)];
}
/* Link that it holds; SF_FABRIC_NONE: it starts here. */
static inline int32_t sf_grow_held(const sf_grower *g, uint32_t state) {
  uint32_t roots = sf_grow_roots(g);
  return state < roots ? (int32_t)(state % sf_grow_links(g))
                       : g->entry[state - roots];
}
/* May a packet that holds `link` go on in `direction`? */
bool sf_grow_may_go(sf_grower *g, int32_t link, uint32_t direction);
/* All states become invalid. */
void sf_grow_begin_search(sf_grower *g);
/* The branch that ends in `state`, from the tree on, becomes the grower's. */
void sf_grow_take(sf_grower *g, uint32_t state);

/* ((load + weight) / scale)^12 - (load / scale)^12, and the price of a hop. */
double sf_grow_link_cost(const sf_grower *g, uint32_t link, uint32_t weight);

#endif
