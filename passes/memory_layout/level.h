/* level.h - one level of a hypergraph: clusters of neurons, and parts of them.
 * Private to the files of hypergraph.h. */
#ifndef SF_PASSES_MEMORY_LAYOUT_LEVEL_H
#define SF_PASSES_MEMORY_LAYOUT_LEVEL_H

#include "passes/memory_layout/hypergraph.h"

/* Synapses of a cluster at one axon. */
typedef struct sf_pin {
  uint32_t axon, synapses;
} sf_pin;

typedef struct sf_level {
  uint32_t nodes, axons;
  uint32_t *size;   /* neurons of each node */
  uint32_t *first;  /* nodes + 1, into pins */
  sf_pin *pins;     /* by axon, each once a node */
  uint32_t *coarse; /* node of the next level; NULL: the coarsest */
} sf_level;

/* Synapses of each (axon, part), and what parts cost. An axon reaches at most
 * as many parts as nodes, so its rows have a fixed place. */
typedef struct sf_row {
  uint32_t part, synapses;
} sf_row;

typedef struct sf_ledger {
  const sf_part_limits *limits;
  const sf_level *level;
  size_t *row_first;   /* of each axon, in rows */
  uint32_t *row_count; /* parts that it reaches */
  sf_row *rows;
  uint32_t *neurons; /* of each part */
  uint64_t *cost;
} sf_ledger;

/* No node in any of `parts` parts. */
sf_result sf_ledger_create(sf_arena *arena, const sf_level *level,
                           const sf_part_limits *limits, uint32_t parts,
                           sf_ledger *out) SF_MUST_USE;
/* What the part costs more with the node, or less without it. */
uint64_t sf_ledger_price_in(const sf_ledger *ledger, uint32_t node,
                            uint32_t part);
uint64_t sf_ledger_price_out(const sf_ledger *ledger, uint32_t node,
                             uint32_t part);
bool sf_ledger_fits(const sf_ledger *ledger, uint32_t node, uint32_t part,
                    uint64_t price_in);
void sf_ledger_put(sf_ledger *ledger, uint32_t node, uint32_t part);
void sf_ledger_take(sf_ledger *ledger, uint32_t node, uint32_t part);

/* Pairs of nodes that share the most axons become one, while pairs fit into a
 * part. *out_shrunk false: nothing worth it, `next` is not set. */
sf_result sf_level_coarsen(sf_arena *arena, sf_level *level,
                           const sf_part_limits *limits, uint64_t seed,
                           sf_level *next, bool *out_shrunk) SF_MUST_USE;

#endif
