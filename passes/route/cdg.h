/* cdg.h - the channel dependency graph while routes come and go.
 *
 * A dependency: some packet may hold link a and ask for link b, which leaves
 * the router that a enters. Counts say how many trees need it; a topological
 * order of all links is kept valid at every moment (Pearce and Kelly 2007), so
 * that most questions are one comparison. One buffer class. */
#ifndef SF_PASSES_ROUTE_CDG_H
#define SF_PASSES_ROUTE_CDG_H

#include "machine/fabric.h"

typedef struct sf_cdg {
  const sf_fabric *fabric;
  uint32_t *order;  /* of each link; a permutation */
  uint32_t *counts; /* of dependency link * degree + direction of the next */
  /* Private. Of each link, the directions in which a dependency goes on, and
   * those, from the router that it leaves, out of which one comes. */
  uint8_t *onward, *back;
  uint32_t *head; /* number of the first link of the router that it enters */
  /* A refusal holds until some dependency is needed no more: `epoch`
   * counts those, refused[dependency] is the epoch of its last refusal. */
  uint32_t epoch, *refused;
  /* Searches between two places of the order. */
  uint32_t now, *seen, *stack, *back_stack;
  uint64_t *before, *after; /* order << 32 | link */
  uint32_t *places;
} sf_cdg;

/* No dependencies. `height` of each router orders the links at first: those
 * that lower it come before those that raise it, and along each kind the order
 * follows the height (negative-first, spinnaker2.md 4.6); equal heights count
 * as different by router number. Everything in `arena`. Errors: OOM. */
sf_result sf_cdg_create(const sf_fabric *fabric, const uint32_t *height,
                        sf_arena *arena, sf_cdg *out) SF_MUST_USE;

/* Would a packet on `link` that goes on in `direction` leave the graph
 * acyclic? No change. */
bool sf_cdg_allows(sf_cdg *cdg, uint32_t link, uint32_t direction);
/* Counts a dependency; false, and no change, when it would close a cycle. */
bool sf_cdg_add(sf_cdg *cdg, uint32_t link, uint32_t direction);
void sf_cdg_remove(sf_cdg *cdg, uint32_t link, uint32_t direction);

#endif
