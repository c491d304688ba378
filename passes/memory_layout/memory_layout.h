/* memory_layout.h - what the files of the pass share.
 *
 *   lists.c       zero edges dropped; linear as sparse where lists are shorter
 *   order.c       which populations may stand in another order, and in which
 *   permute.c     that order written into weights and parameters
 *   blobs.c       equal blobs become one
 *   hypergraph.c  (level.h: ledger.c, coarsen.c) the order, on plain data */
#ifndef SF_PASSES_MEMORY_LAYOUT_H
#define SF_PASSES_MEMORY_LAYOUT_H

#include "passes/partition/plan.h"
#include "sf/pass.h"

enum {
  SF_LAYOUT_BITS,  /* words that narrower weights save */
  SF_LAYOUT_ZEROS, /* words of edges of weight zero */
  SF_LAYOUT_LISTS, /* words of dense lists that became sparse ones */
  SF_LAYOUT_ORDER, /* words that another order of neurons saves */
  SF_LAYOUT_CORES, /* cores that it saves, before dense layers share them */
  SF_LAYOUT_BYTES  /* of equal blobs */
};

typedef struct sf_layout {
  sf_pass_run *run;
  sf_network *network;
  sf_plan plan; /* for its costs */
  uint64_t seed;
} sf_layout;

/* Words (LOIHI2) or bytes (SPINNAKER2) of a projection into all of its
 * population, axons included. */
sf_result sf_layout_cost(sf_layout *layout, const sf_op *projection,
                         uint64_t *out) SF_MUST_USE;
/* The population that reads the projection's result through sums alone, and
 * nobody else does; NULL: there is none. */
sf_op *sf_layout_reader(const sf_op *projection);

sf_result sf_layout_lists(sf_layout *layout) SF_MUST_USE;
/* LOIHI2; changes nothing elsewhere. */
sf_result sf_layout_order(sf_layout *layout) SF_MUST_USE;
/* Neuron `i` of the population becomes neuron place[i]; everything that names
 * its neurons is rewritten. Errors: a blob that cannot be read. */
sf_result sf_layout_permute(sf_layout *layout, sf_op *neurons,
                            const uint32_t *place) SF_MUST_USE;
/* Replace a blob by another; the old one goes with its last user. */
void sf_layout_set_operand(sf_op *op, uint32_t index, sf_blob *blob);
sf_result sf_layout_set_delays(sf_op *op, sf_blob *blob) SF_MUST_USE;
void sf_layout_drop(sf_blob *blob); /* if nobody names it; NULL is fine */
/* Equal blobs become one. */
sf_result sf_layout_blobs(sf_pass_run *run) SF_MUST_USE;

#endif
