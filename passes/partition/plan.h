/* plan.h - which core holds which box of which population, before it is written
 * into the mapping block.
 *
 *   weights.c      bits and bytes that the weights of a projection need
 *   use_loihi2.c   what a box costs on a Loihi 2 core
 *   use_windows.c  the same of windows: kernels, or lists where they must be
 *   use_spinnaker2.c  what a box costs on a PE
 *   tiling.c       fewest rectangles, fewest parts: plain numbers
 *   cut.c          boxes for one population: the largest that fit
 *   cut_windows.c  convolution slices as Intel's compiler takes them
 *   cut_free.c     the fewest slices that the memory model allows
 *   slices.c       slices that the user gives (`slices=FILE`)
 *   given.c        the plan that a mapping block states
 *   share.c        boxes of several populations on one core
 *   plan.c         all populations, all violations
 *   partition.c    the pass: the plan as a mapping block */
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
  bool pooled; /* the boxes of one core draw on it together; else a limit that
                  each keeps by itself */
  const char *fix;
} sf_plan_need;

typedef struct sf_plan_use {
  uint32_t sum_count, need_count;
  uint32_t sum_total; /* more than sum_count: those that `sums` has no room for,
                         which never fit */
  sf_plan_sum sums[SF_PLAN_SUMS_MAX];
  sf_plan_need needs[SF_PLAN_NEEDS_MAX];
} sf_plan_use;

/* What is known of the weights of a projection, after one scan of its blobs. */
typedef struct sf_plan_weights {
  const sf_blob *weights, *delays; /* NULL: none */
  unsigned bits;      /* after dividing out the common power of two; signed,
                         or of the magnitude when all have one sign */
  unsigned strip;     /* exponent of that power */
  bool mixed;         /* of both signs */
  unsigned bytes;     /* 1, 2 or 4 that hold each weight as it is */
  uint32_t max_delay; /* of `delays`, 0 without */
} sf_plan_weights;

typedef struct sf_plan_options {
  bool vendor; /* LOIHI2: slices of Intel's compiler, no shared cores */
  uint32_t dense_neurons;    /* most neurons of a dense slice, 0: no limit */
  const char *slices;        /* file of slices, see slices.c; NULL: none */
  const sf_mapping *mapping; /* whose cores to take; NULL: none */
  bool declared_bits;        /* LOIHI2: weights as wide as their type says */
} sf_plan_options;

typedef struct sf_plan_population {
  const sf_op *op;
  uint32_t box_count;
  sf_box *boxes; /* a tiling of the shape */
  bool fits;
  bool given; /* by the user: cores and all */
} sf_plan_population;

/* A core in use: parts[first .. first + count), one box each. */
typedef struct sf_plan_part {
  uint32_t population, box;
} sf_plan_part;
typedef struct sf_plan_core {
  uint32_t first, count;
} sf_plan_core;

/* LOIHI2, windows: what a slice of channels x pixels costs, wherever it lies.
 * Padding is zero: equal costs are equal bytes. */
typedef struct sf_plan_kernel {
  uint64_t rows; /* taps x channels of a group */
  uint64_t bits;
  uint64_t stride_two; /* 1: along x */
} sf_plan_kernel;
typedef struct sf_plan_windows {
  uint64_t kernel_count, state_bits;
  /* Streams that arrive as they are, a neuron: axons, words of lists. */
  uint64_t single_axons, single_words;
  uint64_t discrete; /* 1: an output word a neuron */
  uint64_t readers;  /* populations that the output words are for */
  sf_plan_kernel kernels[SF_PLAN_SUMS_MAX];
} sf_plan_windows;
typedef struct sf_plan_cut_windows {
  sf_plan_windows cost;
  const sf_plan_population *population; /* that was cut at this cost */
} sf_plan_cut_windows;

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
  uint64_t cores_available;
  uint32_t core_count, part_count;
  sf_plan_core *cores; /* given ones, then by the first box that each holds */
  sf_plan_part *parts;
  uint32_t core_capacity, part_capacity;    /* private */
  uint32_t weights_count, weights_capacity; /* private */
  sf_plan_weights *weights;                 /* private */
  sf_flow flow;                             /* private */
  uint32_t window_count;                    /* private */
  sf_plan_cut_windows *windows;             /* private */
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

/* LOIHI2, windows: a stored kernel needs the image in its place on both sides;
 * others become lists (targets/loihi2/connect.c). */
bool sf_plan_is_kernel(const sf_op *op, const sf_op *neurons);
/* Lists of a window projection into sum->box: axons and words. */
typedef uint64_t (*sf_plan_list_cost)(const void *cost_data, uint64_t edges);
void sf_plan_window_lists(sf_plan_sum *sum, sf_plan_list_cost cost,
                          const void *cost_data);

/* *out_is false: some sum is no kernel. */
sf_result sf_plan_windows_of(sf_plan *plan, const sf_op *neurons,
                             sf_plan_windows *out, bool *out_is) SF_MUST_USE;
/* Most pixels that `channels` channels can have on one core; 0: none fit. */
int64_t sf_plan_windows_pixels(const sf_plan *plan,
                               const sf_plan_windows *windows, int32_t channels,
                               int64_t most);

sf_result sf_plan_use_loihi2(sf_plan *plan, const sf_op *neurons,
                             const sf_box *box, sf_plan_use *use) SF_MUST_USE;
sf_result sf_plan_use_spinnaker2(sf_plan *plan, const sf_op *neurons,
                                 const sf_box *box,
                                 sf_plan_use *use) SF_MUST_USE;
/* Boxes for one population; violations are added to the plan. */
sf_result sf_plan_cut(sf_plan *plan,
                      sf_plan_population *population) SF_MUST_USE;
/* Cores of all populations that are not given, behind plan->cores. */
sf_result sf_plan_assign(sf_plan *plan) SF_MUST_USE;
/* Boxes and cores that options.slices gives. Errors: FILE_OPEN, FILE_FORMAT,
 * MAPPING (no such population, not a tiling), CAPACITY. */
sf_result sf_plan_read_slices(sf_plan *plan) SF_MUST_USE;
/* Boxes and cores of a mapping block, as they stand in it. */
sf_result sf_plan_read_mapping(sf_plan *plan,
                               const sf_mapping *mapping) SF_MUST_USE;
/* Appends a core with these parts; SF_OOM is the only failure. */
sf_result sf_plan_add_core(sf_plan *plan, const sf_plan_part *parts,
                           uint32_t count) SF_MUST_USE;
sf_result sf_plan_add_violation(sf_plan *plan, const char *layer, sf_loc loc,
                                const sf_plan_need *need) SF_MUST_USE;
/* Synapses of a sparse projection into sum->box: edges, sources that have one,
 * and (if `cost` is not NULL) its value summed over the edges of each source.
 */
typedef struct sf_plan_edges {
  uint64_t edges, sources, cost;
} sf_plan_edges;
sf_result sf_plan_count_edges(sf_plan *plan, const sf_plan_sum *sum,
                              sf_plan_list_cost cost, const void *cost_data,
                              sf_plan_edges *out) SF_MUST_USE;

#endif
