/* router.h - what the algorithms of nets.h share: trees while they change. */
#ifndef SF_PASSES_ROUTE_ROUTER_H
#define SF_PASSES_ROUTE_ROUTER_H

#include "passes/route/escape.h"
#include "passes/route/grow.h"

typedef struct sf_router {
  const sf_route_task *task;
  sf_arena *arena;
  sf_grower grower;
  sf_cdg cdg;
  sf_escape escape;
  sf_routing *out;
  uint32_t *capacity; /* of each tree's hops */
  bool **skip;        /* of each net and sink: no live path; NULL: none */
  uint32_t *order;    /* nets, the heaviest first */
  sf_tree trial;      /* room for all routers */
  uint32_t unrouted_capacity;
} sf_router;

/* Room for the answers; sinks that no live path reaches are listed and set in
 * `skip`. Errors: OOM. */
sf_result sf_router_create(const sf_route_task *task, sf_arena *arena,
                           sf_router *r, sf_routing *out) SF_MUST_USE;
sf_result sf_router_unrouted(sf_router *r, uint32_t net,
                             uint32_t sink) SF_MUST_USE;
/* The grower's tree becomes that of the net. Errors: OOM. */
sf_result sf_router_keep(sf_router *r, uint32_t net) SF_MUST_USE;

/* How the next sink is joined to the tree. */
typedef bool (*sf_branch_search)(sf_grower *g, uint32_t sink);
/* Grows the tree of a net, nearest sink first, by the first of two searches
 * that finds a branch (`second` may be NULL). A sink that no branch reaches
 * comes first in the next attempt. *out_whole false: after four attempts there
 * still is one; the tree holds those before it. */
sf_result sf_router_grow(sf_router *r, uint32_t net, sf_branch_search first,
                         sf_branch_search second, bool *out_whole) SF_MUST_USE;
/* Takes what the grower holds of a net back out of loads and dependencies. */
void sf_router_drop(sf_router *r, uint32_t net);
/* The whole net on the spanning tree, whose dependencies are reserved. */
sf_result sf_router_escape(sf_router *r, uint32_t net) SF_MUST_USE;

/* Is the tree in the grower, of `hops` links, better than the present one? */
typedef bool (*sf_is_better)(const sf_router *r, uint32_t net,
                             const sf_tree *trial);
/* Of less cost in (load / scale)^12 and hop prices. */
bool sf_router_lighter(const sf_router *r, uint32_t net, const sf_tree *trial);
/* Takes each net out and grows it anew, up to `sweeps` times over, as long as
 * something changes; keeps the old tree unless the new one is better. */
sf_result sf_router_sweep(sf_router *r, uint32_t sweeps, sf_branch_search first,
                          sf_branch_search second,
                          sf_is_better better) SF_MUST_USE;
/* The same for the nets on links at 19/20 of the peak or above, by ways of up
 * to two hops more, where that takes more off such links than it puts on
 * others and the hops cost: few large flows stay on their shortest ways. */
sf_result sf_router_relieve(sf_router *r, uint32_t sweeps) SF_MUST_USE;

/* The algorithms. Errors: OOM. */
sf_result sf_route_dimension_order(sf_router *r) SF_MUST_USE;
sf_result sf_route_odd_even(sf_router *r) SF_MUST_USE;
sf_result sf_route_adaptive(sf_router *r) SF_MUST_USE;
sf_result sf_route_legal_ner(sf_router *r) SF_MUST_USE;

/* Trees by fixed turns on `fabric`; sinks that the turns do not reach stay out
 * of the trees and set unreached[net]. */
sf_result sf_route_by_turns(sf_router *r, const sf_fabric *fabric,
                            bool *unreached) SF_MUST_USE;
/* All nets by dependencies that close no cycle, with the spanning tree
 * reserved: every sink that a live path reaches is reached. */
sf_result sf_route_reserved(sf_router *r, sf_branch_search first,
                            sf_branch_search second) SF_MUST_USE;
/* The same routers and links without those that wrap; `fabric` itself when it
 * does not wrap. Errors: OOM. */
sf_result sf_fabric_unwrapped(const sf_fabric *fabric, sf_arena *arena,
                              const sf_fabric **out) SF_MUST_USE;

#endif
