/* refine.h - from a graph to a placement: layouts, then searches. */
#ifndef SF_PASSES_PLACE_REFINE_H
#define SF_PASSES_PLACE_REFINE_H

#include "passes/place/anneal.h"
#include "passes/place/layout.h"

typedef struct sf_refine_options {
  uint64_t seed;
  double effort; /* 0: sweeps only; 1: about a second for a thousand clusters */
  const sf_place_heat_model *heat; /* NULL: hops only */
  double heat_weight;              /* hops for a W K, sf_place_cost_heat */
} sf_refine_options;

/* Above this many clusters an annealer at seats takes longer than it gains, and
 * whole tiles of routers move instead. */
enum { SF_REFINE_FINE_MAX = 4096 };

/* Lowers the hops of a valid placement: anneals, up to SF_REFINE_FINE_MAX
 * clusters also from nothing; above, exchanges tiles of routers from large to
 * small (a V-cycle); sweeps at the end. Never raises them. Windows are expanded
 * first; O(pairs) memory. Tiles do not look at heat. */
sf_result sf_place_refine(const sf_place_graph *graph, sf_placement *placement,
                          const sf_refine_options *options,
                          sf_arena *scratch) SF_MUST_USE;

#endif
