/* legalize.h - what the files of legalize share.
 *
 * Every operand that a population on chip depends on has one of two places. In
 * the place of a current (between projection and population) stand projections
 * and their sums. In the place of a source (before a projection) stand
 * populations, inputs, and delays and moves of these. What stands elsewhere is
 * rewritten, or reported. */
#ifndef SF_PASSES_LEGALIZE_H
#define SF_PASSES_LEGALIZE_H

#include "sf/pass.h"

typedef enum sf_legal_place {
  SF_PLACE_CURRENT,
  SF_PLACE_SOURCE
} sf_legal_place;

/* An operand to look at. */
typedef struct sf_legal_use {
  sf_op *op;
  uint32_t index;
  sf_legal_place place;
} sf_legal_use;

typedef struct sf_legalizer {
  sf_pass_run *run;
  sf_network *network;
  uint32_t op_count; /* ops that were there at the start */
  uint8_t *seen;     /* by order: places in which an op was looked at */
  sf_value *
      *populations; /* by order: the population that took the op's place */
  sf_value **distributed; /* by order: the sum that took a projection's place */
  bool *reported;         /* by order */
  sf_legal_use *stack;
  size_t count, capacity;
  uint64_t new_populations, new_projections;
} sf_legalizer;

/* Places every operand of every population on chip, and every result. FAIL only
 * for what ends the run; obstacles are reported and passed over. */
sf_result sf_legalize_network(sf_legalizer *legalizer) SF_MUST_USE;
sf_result sf_legalize_push(sf_legalizer *legalizer, sf_op *op, uint32_t index,
                           sf_legal_place place) SF_MUST_USE;

/* population.c: the population that computes what `op` computes; its
 * operands are pushed. *out NULL: it was reported as an obstacle. */
sf_result sf_legalize_population(sf_legalizer *legalizer, sf_op *op,
                                 sf_value **out) SF_MUST_USE;

/* maximum.c: trees for the maxima of integers that populations on chip
 * read, or that leave the chip. Before the ops are numbered. */
sf_result sf_legalize_maxima(sf_pass_run *run, sf_network *network,
                             uint64_t *populations) SF_MUST_USE;

/* distribute.c: W (a + b) as W a + W b, when that is exact. *out NULL:
 * it is not, or the projection reads no sum. */
sf_result sf_legalize_distribute(sf_legalizer *legalizer, sf_op *projection,
                                 sf_value **out) SF_MUST_USE;

/* concat.c: the convolution of a concatenation of channels as a sum of
 * convolutions, when that is exact. *out NULL: it is not, or the projection
 * reads none. */
sf_result sf_legalize_split(sf_legalizer *legalizer, sf_op *projection,
                            sf_value **out) SF_MUST_USE;
/* constants.c: integers added behind a projection as its bias, which *count
 * grows by. */
sf_result sf_legalize_constants(sf_pass_run *run, sf_network *network,
                                uint64_t *count) SF_MUST_USE;
/* concat.c: maximum pools of concatenations as concatenations of pools, which
 * *count grows by. For a network with populations on chip, before maxima become
 * trees. */
sf_result sf_legalize_pools(sf_network *network, uint64_t *count) SF_MUST_USE;

/* tree.c: gives each addend of a population on chip an op of its own.
 * For a network without obstacles; numbers its ops anew. FAIL: reported. */
sf_result sf_legalize_trees(sf_legalizer *legalizer) SF_MUST_USE;

#endif
