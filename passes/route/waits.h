/* waits.h - which channels packets may hold while they ask for which, and a
 * proof that they cannot wait for each other, or the circle in which they do.
 *
 * Mode A (mapping.md 4.2): a packet fits one buffer and where a tree branches
 * each copy moves on by itself. An edge leads from each channel to the next of
 * the route; no cycle means no deadlock (Dally and Seitz 1987). Mode B:
 * wormhole, or branches in lock-step: a channel may wait for any other below
 * the same branching, too. That is harmless within one tree, whose packets
 * follow each other in order on every channel; a strongly connected component
 * that two trees tie together may deadlock. */
#ifndef SF_PASSES_ROUTE_WAITS_H
#define SF_PASSES_ROUTE_WAITS_H

#include "passes/route/nets.h"

typedef enum sf_switching {
  SF_SWITCHING_PACKET,  /* mode A */
  SF_SWITCHING_WORMHOLE /* mode B */
} sf_switching;

typedef struct sf_wait {
  uint32_t from, to, route; /* the first route that makes the edge */
  bool sibling;             /* between branches, mode B */
} sf_wait;

/* All channels below the first branching of a route (the sets of branchings
 * further down lie within it). */
typedef struct sf_siblings {
  uint32_t route, count;
  uint32_t *channels;
} sf_siblings;

/* Zero-initialized but for the arena is empty. */
typedef struct sf_waits {
  sf_arena *arena;
  uint32_t channel_count; /* the caller's numbers are below it */
  uint32_t edge_count, edge_capacity;
  sf_wait *edges; /* each pair once */
  uint32_t siblings_count, siblings_capacity;
  sf_siblings *siblings;
  uint32_t bucket_count; /* private: hash of the edges */
  uint32_t *buckets;
} sf_waits;

sf_result sf_waits_edge(sf_waits *w, uint32_t from, uint32_t to,
                        uint32_t route) SF_MUST_USE;
/* Mode B; `channels` is copied. */
sf_result sf_waits_siblings(sf_waits *w, uint32_t route, uint32_t count,
                            const uint32_t *channels) SF_MUST_USE;

typedef struct sf_verdict {
  bool acyclic;
  uint32_t *ranks; /* of each channel: rising along every route; with siblings,
                      the ranges of two routes' siblings do not overlap */
  uint32_t cycle_count;
  sf_wait *cycle; /* as short as any: each `to` is the next one's `from` */
} sf_verdict;

/* Everything in the arena of `w`. Errors: OOM. */
sf_result sf_waits_solve(const sf_waits *w, sf_verdict *out) SF_MUST_USE;

/* ---- Trees of nets.h. ---- */

/* Channels: link * virtual_channels + vc; then an injection and an ejection
 * channel for each router. Errors: OOM; FAIL when a tree is none: a hop that
 * does not continue it, a dead link, a router entered twice, or a sink (but
 * those of `unrouted`) that is missed. */
sf_result sf_waits_of_trees(const sf_route_task *task,
                            const sf_routing *routing, sf_switching switching,
                            sf_waits *w) SF_MUST_USE;

#endif
