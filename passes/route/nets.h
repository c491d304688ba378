/* nets.h - routes on plain data: from a fabric and nets to trees of links.
 *
 *   nets.c        which algorithm, and what came of it
 *   xy.c          dimension order: X, then Y (then Z on a hexagonal fabric)
 *   turns.c       odd-even turns, balanced by rip-up
 *   adaptive.c    any minimal path that closes no cycle, by monotone rip-up;
 *                 then detours off the worst links
 *   legal_ner.c   short trees, each branch only where it closes no cycle
 *   grow.c        one tree; search.c, balanced.c: from it to the next sink
 *   cdg.c         dependencies between links, kept acyclic while they change
 *   escape.c      the spanning tree that is always open
 *
 * Nothing here knows the IR: benchmarks and tests feed it generated nets.
 * mapping.md 4; spinnaker2.md 4. */
#ifndef SF_PASSES_ROUTE_NETS_H
#define SF_PASSES_ROUTE_NETS_H

#include "machine/fabric.h"

/* One multicast: routers of machine/fabric.h. Sinks may repeat or be the
 * source, where no hop is needed. */
typedef struct sf_net {
  uint32_t source, sink_count;
  const uint32_t *sinks;
  uint32_t weight; /* packets, in any unit; at least 1 */
} sf_net;

typedef struct sf_hop {
  uint32_t link; /* router * degree + direction */
  uint32_t vc;   /* buffer class, below virtual_channels */
} sf_hop;

/* Links in root-first order: each leaves the source or a router that an
 * earlier one entered; no router is entered twice, for a table does not know
 * where a packet came from (spinnaker2.md 4.1). */
typedef struct sf_tree {
  uint32_t hop_count;
  sf_hop *hops;
} sf_tree;

typedef enum sf_algorithm {
  SF_ALGORITHM_XY,       /* no choice; 1 virtual channel: no link that wraps */
  SF_ALGORITHM_ODD_EVEN, /* turns of the odd-even model on a mesh, of
                            negative-first on a hexagonal one; wraps unused */
  SF_ALGORITHM_ADAPTIVE,
  SF_ALGORITHM_LEGAL_NER
} sf_algorithm;

/* "xy", "odd-even", "adaptive", "legal-ner", in the order of the enum. */
const char *sf_algorithm_text(sf_algorithm algorithm);
bool sf_algorithm_find(const char *text, sf_algorithm *out);

typedef struct sf_route_task {
  const sf_fabric *fabric;
  sf_algorithm algorithm;
  uint32_t virtual_channels; /* 0 or 1: one buffer class; from 2 on XY takes
                                links that wrap, with a dateline in each ring */
  uint32_t sweeps;           /* rip-up sweeps over all nets; not for XY */
  uint32_t net_count;
  const sf_net *nets;
} sf_route_task;

typedef struct sf_unrouted {
  uint32_t net, sink; /* sink: a router */
} sf_unrouted;

typedef struct sf_routing {
  uint32_t tree_count;
  sf_tree *trees; /* of each net */
  uint32_t unrouted_count;
  sf_unrouted *unrouted;  /* XY, ODD_EVEN: no path by their rule; else the live
                             routers do not hang together */
  uint32_t escaped_count; /* trees on the spanning tree of last resort */
  uint64_t hop_count;     /* in all trees */
  uint64_t max_load;      /* largest sum of weights on a link */
} sf_routing;

/* Trees for all nets, from the same numbers always the same. Everything in
 * `arena`: memory grows with links, nets and hops. Dependencies between the
 * links of all trees form no cycle, whatever the algorithm. Errors: OOM only;
 * sinks without a path are listed in out->unrouted. */
sf_result sf_route_nets(const sf_route_task *task, sf_arena *arena,
                        sf_routing *out) SF_MUST_USE;

/* Numbers, often a key above an index, in ascending order. */
int sf_numbers_compare(const void *a, const void *b); /* of uint64_t */
void sf_numbers_sort(uint64_t *numbers, size_t count);

#endif
