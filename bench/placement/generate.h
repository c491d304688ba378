/* generate.h - the synthetic benchmarks of mapping.md 1.5 as placement graphs.
 *
 * `layers` layers of `width` clusters, numbered layer by layer. The artefact's
 * loop stops one layer early, so that its last layer has no edges: `isolated`.
 * Weights are uniform in (0, 1), here integers below GENERATE_UNIT. */
#ifndef BENCH_PLACEMENT_GENERATE_H
#define BENCH_PLACEMENT_GENERATE_H

#include "passes/place/graph.h"

enum { GENERATE_UNIT = 65536 };

typedef struct generate_shape {
  uint32_t layers, width;
  uint32_t kernel; /* cluster j to j .. j + kernel - 1 of the next layer,
                      clipped; 0: to all of it */
  uint64_t seed;
  bool isolated;
} generate_shape;

/* Convolutional: arcs with random weights. Dense: one relation a pair of
 * layers, every cluster sending half a unit, the mean weight. In `arena`. */
sf_result generate_graph(const generate_shape *shape, sf_arena *arena,
                         sf_place_graph *out) SF_MUST_USE;
/* Dense with a random weight for each pair, as arcs. */
sf_result generate_dense_arcs(const generate_shape *shape, sf_arena *arena,
                              sf_place_graph *out) SF_MUST_USE;

#endif
