/* hypergraph.h - neurons of an irregular layer into parts with few distinct
 * inputs: multi-level partitioning (docs: mapping.md 2.1). Plain data.
 *
 * An axon is a hyperedge: a source and the neurons that it reaches. A part that
 * holds c of them pays price(c) for it (an input slot and a list), so neurons
 * that share sources belong together; neurons that merely talk to each other do
 * not. The price is evaluated as it is, for every move: no limit is
 * approximated. */
#ifndef SF_PASSES_MEMORY_LAYOUT_HYPERGRAPH_H
#define SF_PASSES_MEMORY_LAYOUT_HYPERGRAPH_H

#include "sf/base.h"

/* Axons of each neuron: of[first[n]] .. of[first[n + 1]], each below `axons`;
 * an axon may stand several times (several synapses). */
typedef struct sf_hypergraph {
  uint32_t neurons, axons;
  const uint32_t *first; /* neurons + 1 */
  const uint32_t *of;
} sf_hypergraph;

typedef struct sf_part_limits {
  uint32_t neurons; /* of one part, at least 1 */
  uint64_t cost;    /* prices of its axons, plus `each` a neuron */
  uint64_t each;
  /* Of an axon with that many synapses in the part; 0 for none, growing. */
  uint64_t (*price)(const void *data, uint32_t axon, uint64_t synapses);
  const void *data;
  uint64_t seed; /* order in which neurons are visited */
} sf_part_limits;

typedef struct sf_parts {
  uint32_t count;
  uint32_t *part; /* of each neuron; in the order in which parts were opened */
  uint64_t cost;  /* of all parts */
} sf_parts;

/* Neurons in their order, a new part when the next one does not fit: what
 * cutting without reordering gives. *out_fits false: a neuron alone is too
 * much, and no parts. Arrays in `arena`. */
sf_result sf_parts_in_order(sf_arena *arena, const sf_hypergraph *graph,
                            const sf_part_limits *limits, sf_parts *out,
                            bool *out_fits) SF_MUST_USE;
/* Coarsening by shared axons, greedy parts, refinement at every level. Never
 * more parts than in order, nor as many at a higher cost. Deterministic in the
 * seed. O(synapses x levels x rounds). */
sf_result sf_parts_multilevel(sf_arena *arena, const sf_hypergraph *graph,
                              const sf_part_limits *limits, sf_parts *out,
                              bool *out_fits) SF_MUST_USE;

#endif
