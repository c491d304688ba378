/* waits_private.h - graphs of waits, for waits.c and wormhole.c. */
#ifndef SF_PASSES_ROUTE_WAITS_PRIVATE_H
#define SF_PASSES_ROUTE_WAITS_PRIVATE_H

#include "passes/route/waits.h"

/* Edges that leave vertex v: edges[out[first[v] .. first[v + 1])]. */
typedef struct sf_wait_graph {
  uint32_t vertex_count;
  const sf_wait *edges; /* borrowed */
  uint32_t *first, *out;
} sf_wait_graph;

sf_result sf_wait_graph_build(sf_arena *arena, uint32_t vertices,
                              uint32_t edge_count, const sf_wait *edges,
                              sf_wait_graph *out) SF_MUST_USE;
/* A shortest path of at least one edge and at most `limit`, over vertices that
 * are `allowed` (NULL: all). *out_count 0: none. `reached_by` and `queue` have
 * room for all vertices; the first is UINT32_MAX everywhere, before and
 * after. */
sf_result sf_wait_graph_path(sf_arena *arena, const sf_wait_graph *g,
                             const bool *allowed, uint32_t from, uint32_t to,
                             uint32_t limit, uint32_t *reached_by,
                             uint32_t *queue, uint32_t *out_count,
                             sf_wait **out_edges) SF_MUST_USE;

/* Takes ranks without siblings, which rise; sets them anew or finds a cycle. */
sf_result sf_waits_solve_wormhole(const sf_waits *w,
                                  sf_verdict *out) SF_MUST_USE;

#endif
