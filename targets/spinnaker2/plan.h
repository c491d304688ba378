/* plan.h - from a mapped network to what each PE holds.
 *
 *   leaves.c     the add-tree of an operand, and where a stream comes from
 *   synapses.c   the weights between one input element and the target elements
 *   function.c   operand tree and neuron function fused into one function
 *   plan.c       cores of the mapping block, slices, keys
 *   region.c     bytes of the data regions (runtime/spinnaker2/pe.h)
 */
#ifndef SF_SPINNAKER2_PLAN_H
#define SF_SPINNAKER2_PLAN_H

#include "sf/target.h"

enum {
  S2_LEAVES_MAX = 16, /* projections into one population */
  S2_DELAY_MAX = 64   /* steps, accumulator ring */
};
#define S2_NO_KEY UINT32_MAX

/* A weighted sum, or a stream as it is (op NULL: identity). */
typedef struct s2_leaf {
  const sf_op *op;
  const sf_value *value;  /* the sum: what stands in the add-tree */
  const sf_value *stream; /* its source side */
} s2_leaf;

typedef struct s2_leaves {
  uint32_t count;
  s2_leaf leaf[S2_LEAVES_MAX];
} s2_leaves;

/* The leaves of all operands of a population, in text order of the tree.
 * Errors: TARGET_CANNOT, naming the op that is no leaf. */
sf_result sf_s2_leaves_collect(const sf_op *neurons, sf_diag *diag,
                               s2_leaves *out) SF_MUST_USE;

/* Where element `element` of `value` comes from: a population's result, a
 * network argument, `delay` steps before. */
typedef struct s2_origin {
  const sf_value *value;
  uint32_t element;
  uint32_t delay;
} s2_origin;
s2_origin sf_s2_origin_of(const sf_value *value, uint32_t element);

/* ---- Synapses. ---- */

typedef struct s2_synapse {
  uint32_t input;  /* element of the leaf's stream */
  uint32_t target; /* local neuron */
  int32_t weight;
  uint32_t delay; /* of this synapse, 0 without `delays` */
} s2_synapse;

typedef struct s2_synapses {
  size_t count, capacity;
  s2_synapse *items; /* malloc'ed */
} s2_synapses;

/* All synapses of the leaf into `elements` (the population's element numbers,
 * one a local neuron), ordered by target. Zero weights are among them: rows.c
 * leaves them out. Blobs must be loaded. */
sf_result sf_s2_synapses_collect(const s2_leaf *leaf, const uint32_t *elements,
                                 uint32_t count, s2_synapses *out) SF_MUST_USE;
void sf_s2_synapses_destroy(s2_synapses *synapses);
/* Bias of one target element, 0 without one. */
int32_t sf_s2_leaf_bias(const s2_leaf *leaf, uint32_t element);

/* ---- Fused function. ---- */

/* Adds to `scratch` (a module of its own) a neuron function whose inputs are
 * the leaves' 32-bit sums and whose params are the neuron's, then one bias a
 * leaf. Errors: TARGET_CANNOT when a sum could leave 32 bits. */
sf_result sf_s2_function_fuse(const sf_op *neurons, const s2_leaves *leaves,
                              sf_module *scratch, sf_diag *diag,
                              sf_neuron **out) SF_MUST_USE;

/* ---- Plan. ---- */

typedef struct s2_slice {
  const sf_op *op; /* neurons */
  sf_box box;
  uint32_t count;
  uint32_t *elements; /* numbers in the whole population, ascending */
  s2_leaves leaves;
  sf_neuron *function; /* fused */
  uint32_t *keys;      /* first key of each result */
} s2_slice;

typedef struct s2_core {
  const char *name;
  int64_t chip, x, y, p;
  uint32_t key; /* first of its block */
  uint32_t slice_count;
  s2_slice *slices;
} s2_core;

/* Keys of a stream that comes from outside the chip: the host sends them. */
typedef struct s2_external {
  const sf_value *value;
  uint32_t key;
} s2_external;

/* A run of keys: elements of a stream that one core (or the host) sends. */
typedef struct s2_key_block {
  const sf_value *value;
  uint32_t key, count;
  const uint32_t *elements; /* count numbers; NULL: 0 .. count-1 */
} s2_key_block;

/* A value that is sent, and the key of each of its elements. */
typedef struct s2_stream {
  const sf_value *value;
  uint32_t *keys; /* S2_NO_KEY: nobody sends it */
} s2_stream;

typedef struct s2_plan {
  sf_arena *arena;
  sf_module *scratch; /* owns the fused functions */
  const sf_network *network;
  uint32_t core_count;
  s2_core *cores; /* order of the mapping block */
  uint32_t external_count;
  s2_external *externals;
  uint32_t block_count, stream_count;
  s2_key_block *blocks; /* ascending keys */
  s2_stream *streams;   /* in order of their first keys */
} s2_plan;

sf_result sf_s2_plan_create(const sf_emit_job *job, s2_plan *out) SF_MUST_USE;
void sf_s2_plan_destroy(s2_plan *plan);
/* True when the population runs on the chip. */
bool sf_s2_on_chip(const sf_op *op);

/* Whether param `index` of the fused function differs between the slice's
 * neurons (an array in the regions) or is one word. */
bool sf_s2_param_is_per_neuron(const s2_slice *slice, uint32_t index);

/* ---- Regions. ---- */

typedef struct s2_region {
  uint8_t *bytes; /* malloc'ed */
  uint32_t size;
  uint32_t work_words; /* accumulator rings, states, results */
} s2_region;

/* Errors: CAPACITY when the regions or the working memory are too large, naming
 * the populations. */
sf_result sf_s2_region_build(const s2_plan *plan, const s2_core *core,
                             sf_diag *diag, s2_region *out) SF_MUST_USE;
void sf_s2_region_destroy(s2_region *region);

#endif
