/* plan.h - which core holds which box of which population, before it is written
 * into the mapping block.
 *
 *   weights.c      bits and bytes that the weights of a projection need
 *   use_loihi2.c   what a box costs on a Loihi 2 core
 *   use_spinnaker2.c  what a box costs on a PE
 *   cut.c          the largest boxes that fit
 *   plan.c         all populations, all violations
 *   partition.c    the pass: the plan as a mapping block
 *
 * Cores are not shared between populations. */
#ifndef SF_PASSES_PARTITION_PLAN_H
#define SF_PASSES_PARTITION_PLAN_H

#include "passes/mapping/flow.h"
#include "sf/machine.h"

enum {
  SF_PLAN_SUMS_MAX = 32, /* projections into one population */
  SF_PLAN_NEEDS_MAX = 8  /* resources of one core */
};

/* Synapses that a box hosts: one projection, or a stream that reaches the
 * population as it is (op NULL). */
typedef struct sf_plan_sum {
  const sf_op *op;
  const sf_value *value;
  sf_box box;     /* of value */
  sf_box source;  /* of the stream */
  uint32_t delay; /* steps before the target, the longest */
  /* Filled by the family. */
  uint64_t words, axons; /* LOIHI2 */
  unsigned weight_bits;
  const char *format;
  uint64_t bytes; /* SPINNAKER2 */
} sf_plan_sum;

/* One resource of a core. */
typedef struct sf_plan_need {
  const char *resource; /* "pool-words" */
  const char *unit;     /* "words" */
  uint64_t needed, available;
  const char *fix;
} sf_plan_need;

typedef struct sf_plan_use {
  uint32_t sum_count, need_count;
  sf_plan_sum sums[SF_PLAN_SUMS_MAX];
  sf_plan_need needs[SF_PLAN_NEEDS_MAX];
} sf_plan_use;

/* What is known of the weights of a projection, after a scan of its blobs. */
typedef struct sf_plan_weights {
  const sf_op *op;
  unsigned bits;      /* after dividing out the common power of two; signed,
                         or of the magnitude when all have one sign */
  unsigned bytes;     /* 1, 2 or 4 that hold each weight as it is */
  uint32_t max_delay; /* of `delays`, 0 without */
} sf_plan_weights;

typedef struct sf_plan_options {
  bool any_width;         /* LOIHI2: convolution slices of any width along x */
  uint32_t dense_neurons; /* most neurons of a dense slice, 0: no limit */
} sf_plan_options;

typedef struct sf_plan_population {
  const sf_op *op;
  uint32_t box_count;
  sf_box *boxes; /* in C order of their place in the shape */
  bool fits;
} sf_plan_population;

/* Something that does not fit. */
typedef struct sf_plan_violation {
  const char *layer; /* name of the population or projection */
  sf_plan_need need;
  sf_loc loc;
} sf_plan_violation;

typedef struct sf_plan {
  sf_arena *arena; /* borrowed */
  const sf_network *network;
  const sf_machine *machine;
  sf_plan_options options;
  sf_diag *diag;
  uint32_t population_count;
  sf_plan_population *populations; /* on chip, in text order */
  uint32_t violation_count, violation_capacity;
  sf_plan_violation *violations;
  uint64_t cores, cores_available;
  uint32_t weights_count, weights_capacity; /* private */
  sf_plan_weights *weights;                 /* private */
  sf_flow flow;                             /* private */
} sf_plan;

/* Plans every on-chip population of plan->network on plan->machine; set these,
 * arena, options and diag first. SF_OK with violations when something does not
 * fit; SF_FAIL when a blob cannot be read. */
sf_result sf_plan_make(sf_plan *plan) SF_MUST_USE;

/* What `box` of a population costs on one core. */
sf_result sf_plan_use_of(sf_plan *plan, const sf_op *neurons, const sf_box *box,
                         sf_plan_use *out) SF_MUST_USE;
bool sf_plan_use_fits(const sf_plan_use *use);

/* ---- Parts. -----------------------------------------------------------------
 */

sf_result sf_plan_weights_of(sf_plan *plan, const sf_op *op,
                             const sf_plan_weights **out) SF_MUST_USE;
/* Weights of a convolution, or elements of a pool, that one result sums: taps
 * of the kernel times channels of a group. */
uint64_t sf_plan_window_taps(const sf_op *op);
sf_result sf_plan_use_loihi2(sf_plan *plan, const sf_op *neurons,
                             const sf_box *box, sf_plan_use *use) SF_MUST_USE;
sf_result sf_plan_use_spinnaker2(sf_plan *plan, const sf_op *neurons,
                                 const sf_box *box,
                                 sf_plan_use *use) SF_MUST_USE;
/* Boxes for one population; violations are added to the plan. */
sf_result sf_plan_cut(sf_plan *plan,
                      sf_plan_population *population) SF_MUST_USE;
sf_result sf_plan_add_violation(sf_plan *plan, const char *layer, sf_loc loc,
                                const sf_plan_need *need) SF_MUST_USE;
/* Synapses of a sparse projection into rows [first, last): edges, sources that
 * have one, and (if `limits_words` is not NULL) its value summed over the edges
 * of each source. */
typedef uint64_t (*sf_plan_list_cost)(const void *cost_data, uint64_t edges);
typedef struct sf_plan_edges {
  uint64_t edges, sources, cost;
} sf_plan_edges;
sf_result sf_plan_count_edges(sf_plan *plan, const sf_plan_sum *sum,
                              sf_plan_list_cost cost, const void *cost_data,
                              sf_plan_edges *out) SF_MUST_USE;

#endif
