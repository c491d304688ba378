/* graph.h - what placement computes on: clusters, the packets between them, and
 * the seats that they may take. Plain data, no IR.
 *
 *   graph.c     clusters and who sends to whom
 *   arcs.c      pairs by cluster: neighbours, expansion, contraction
 *   seats.c     places on a fabric
 *   curve.c     closed-form orders of routers: raster, serpentine, Hilbert
 *   layout.c    the curves of a graph, scored; the best ones
 *   score.c     hops, chip crossings, energy
 *   load.c      packets on every link, for X-then-Y and Y-then-X paths
 *   bound.c     lower bounds
 *   anneal.c    annealing with exact changes of the cost (cost_*.c)
 *   refine.c    which searches run on a graph, tiles of routers included
 *
 * A cluster is what one core holds. Packets are integers, so that sums do not
 * depend on their order and a change of the cost is exact. Traffic is said in
 * three forms, from which every pair of clusters comes once:
 *
 *   arc       one source, one target, its packets: irregular graphs
 *   window    one target, a box of a source population: convolutions, pools
 *   relation  block to block, all to all: dense layers, never expanded */
#ifndef SF_PASSES_PLACE_GRAPH_H
#define SF_PASSES_PLACE_GRAPH_H

#include "machine/fabric.h"

#define SF_PLACE_NONE UINT32_MAX /* no cluster, no seat */
enum { SF_PLACE_AXES = 4 };      /* of a box, at most */

typedef struct sf_place_arc {
  uint32_t to;
  uint32_t packets; /* a step */
} sf_place_arc;

/* Clusters that follow each other: a layer. */
typedef struct sf_place_block {
  uint32_t first, count;
} sf_place_block;

typedef struct sf_place_box {
  int32_t begin[SF_PLACE_AXES], end[SF_PLACE_AXES];
} sf_place_box;

/* The boxes of a population and the cluster that holds each, in rising order of
 * begin[0], so that those near a window are found by search. */
typedef struct sf_place_tiling {
  uint32_t axes, count;
  const sf_place_box *boxes;
  const uint32_t *cluster;
  int32_t longest; /* along axis 0 */
} sf_place_tiling;

/* Cluster `to` reads `box` of a tiling: from each cluster there as many packets
 * as elements are shared, times `rate`. */
typedef struct sf_place_window {
  uint32_t from, to;
  uint32_t rate;
  sf_place_box box;
} sf_place_window;

/* Every cluster of block `from` sends all its packets to every cluster of block
 * `to`. */
typedef struct sf_place_relation {
  uint32_t from, to;
} sf_place_relation;

/* Arrays are borrowed; clusters are numbered block by block. */
typedef struct sf_place_graph {
  uint32_t cluster_count, block_count, relation_count;
  uint32_t tiling_count, window_count;
  const sf_place_block *blocks;
  const uint32_t *packets;   /* sent by each cluster a step */
  const uint32_t *arc_begin; /* cluster_count + 1, or NULL: no arcs */
  const sf_place_arc *arcs;  /* of cluster c: arc_begin[c] .. [c + 1] - 1 */
  const sf_place_tiling *tilings;
  const sf_place_window *windows;
  const sf_place_relation *relations;
} sf_place_graph;

/* Calls visit for every pair of arcs and windows, in that order. Not for
 * relations. */
typedef void sf_place_visit(void *context, uint32_t from, uint32_t to,
                            uint32_t packets);
void sf_place_each_pair(const sf_place_graph *graph, sf_place_visit *visit,
                        void *context);
/* Pairs that sf_place_each_pair visits. */
uint64_t sf_place_pair_count(const sf_place_graph *graph);
/* Block of each cluster: cluster_count numbers in `arena`. NULL: out of memory.
 */
uint32_t *sf_place_block_of(const sf_place_graph *graph, sf_arena *arena);

/* Relations by block: blocks that block b sends to are
 * to[to_begin[b]] .. to[to_begin[b + 1] - 1], and those that send to it alike.
 */
typedef struct sf_place_related {
  uint32_t *to_begin, *to;
  uint32_t *from_begin, *from;
} sf_place_related;
sf_result sf_place_related_create(const sf_place_graph *graph, sf_arena *arena,
                                  sf_place_related *out) SF_MUST_USE;

/* Both directions of all pairs of arcs and windows, gathered by cluster:
 * neighbour and packets between the two, self pairs left out. */
typedef struct sf_place_adjacency {
  uint64_t *begin; /* cluster_count + 1 */
  sf_place_arc *arcs;
} sf_place_adjacency;
sf_result sf_place_adjacency_create(const sf_place_graph *graph,
                                    sf_arena *arena,
                                    sf_place_adjacency *out) SF_MUST_USE;

/* The pairs of windows as arcs, sorted by source, equal pairs joined; blocks,
 * packets and relations are shared with `graph`. In `arena`. */
sf_result sf_place_expand(const sf_place_graph *graph, sf_arena *arena,
                          sf_place_graph *out) SF_MUST_USE;
/* The graph of groups of clusters: group[c] < group_count of each cluster.
 * Everything becomes arcs, relations too, without those inside a group; packets
 * are shifted right until their sum fits 31 bits. In `arena`. */
sf_result sf_place_contract(const sf_place_graph *graph, const uint32_t *group,
                            uint32_t group_count, sf_arena *arena,
                            sf_place_graph *out) SF_MUST_USE;

/* ---- Seats. ---- */

/* Cores that clusters may take, a few on each router: seats of router r are
 * first[r] .. first[r + 1] - 1. */
typedef struct sf_place_seats {
  const sf_fabric *fabric;
  uint32_t count;
  uint32_t *first;  /* router_count + 1 */
  uint32_t *router; /* of each seat */
  /* Where columns and rows of a mesh without wrap stand, rising: a border
   * between chips may count as many hops. NULL: at their own numbers. */
  const int32_t *column, *row;
} sf_place_seats;

/* Coordinates of a router in hops. */
static inline int32_t sf_place_x(const sf_place_seats *s, uint32_t router) {
  uint32_t x = router % (uint32_t)s->fabric->width;
  return s->column ? s->column[x] : (int32_t)x;
}
static inline int32_t sf_place_y(const sf_place_seats *s, uint32_t router) {
  uint32_t y = router / (uint32_t)s->fabric->width;
  return s->row ? s->row[y] : (int32_t)y;
}
/* One more than the largest. */
static inline int32_t sf_place_width(const sf_place_seats *s) {
  return sf_place_x(s, (uint32_t)s->fabric->width - 1) + 1;
}
static inline int32_t sf_place_height(const sf_place_seats *s) {
  return sf_place_y(s, s->fabric->router_count - 1) + 1;
}

/* `on_router[r]` seats on each router; none on dead ones. In `arena`. */
sf_result sf_place_seats_create(const sf_fabric *fabric,
                                const uint32_t *on_router, sf_arena *arena,
                                sf_place_seats *out) SF_MUST_USE;
/* `each` seats on every live router. */
sf_result sf_place_seats_uniform(const sf_fabric *fabric, uint32_t each,
                                 sf_arena *arena,
                                 sf_place_seats *out) SF_MUST_USE;

/* Where clusters sit: seat[c] of each cluster, all different. */
typedef struct sf_placement {
  const sf_place_seats *seats;
  uint32_t cluster_count;
  uint32_t *seat;
} sf_placement;

static inline uint32_t sf_placement_router(const sf_placement *p, uint32_t c) {
  return p->seats->router[p->seat[c]];
}
/* Every cluster has a seat of its own. */
bool sf_placement_valid(const sf_placement *placement);

#endif
