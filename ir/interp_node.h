/* interp_node.h - what the files of the interpreter share. Private to
 * ir/interp*.c.
 *
 * Each op becomes a node: buffers of its operands and results, a function that
 * runs one step, and at most one structure prepared when the run is created.
 * All memory belongs to the interpreter's arena. */
#ifndef SF_IR_INTERP_NODE_H
#define SF_IR_INTERP_NODE_H

#include "sf/interp.h"

typedef struct sf_interp_node sf_interp_node;
typedef sf_result (*sf_node_run)(sf_interp *interp, sf_interp_node *node);
typedef sf_result (*sf_node_prepare)(sf_interp *interp, sf_interp_node *node);

/* A stream's current words, or a blob's (data NULL until a prepare function
 * asks for them with sf_interp_blob_words). Borrowed. */
typedef struct sf_interp_tensor {
  const sf_type *type;
  const sf_word *data;
  sf_blob *blob; /* NULL: a stream */
} sf_interp_tensor;

/* A ring of past values: of a `delay`, or of the operand of a projection with
 * synaptic delays. Zero where nothing was written yet. */
typedef struct sf_history {
  uint64_t depth; /* steps */
  size_t elements;
  sf_word *words;
} sf_history;

struct sf_interp_node {
  const sf_op *op;
  sf_node_run run;
  uint32_t operand_count;
  sf_interp_tensor *operands;
  sf_word **results;
  uint64_t events; /* synaptic events of the step; projections only */
  /* Prepared, by kind of op. */
  struct sf_sum *sum;               /* projections, matmul */
  struct sf_projection *projection; /* linear, sparse */
  struct sf_window *window;         /* conv, convt, pool */
  struct sf_index_map *maps;        /* ops that move or broadcast */
  struct sf_population *population; /* neurons */
  sf_history *history;              /* delay, synaptic delays */
};

typedef struct sf_interp_slot {
  const sf_value *value;
  sf_word *words;
  sf_interp_node *node;   /* that computes it; NULL: argument */
  uint32_t seen, seen_in; /* marks of the two searches of interp_counts.c */
} sf_interp_slot;

struct sf_interp {
  const sf_network *network;
  sf_diag *diag;
  sf_arena *arena;
  uint32_t node_count, slot_count;
  sf_interp_node *nodes; /* text order */
  sf_interp_slot *slots; /* sorted by address, for finding only */
  int64_t time;
  struct sf_counting *counting;
};

/* ---- interp_create.c --------------------------------------------------------
 */

/* NULL: not of this network. */
sf_interp_slot *sf_interp_slot_of(const sf_interp *interp,
                                  const sf_value *value);
/* Buffer of a value; NULL: not of this network. */
sf_word *sf_interp_words(const sf_interp *interp, const sf_value *value);
/* Node of an op; NULL: not of this network. */
sf_interp_node *sf_interp_node_of(const sf_interp *interp, const sf_op *op);
/* All elements of a blob as words, in the interpreter's arena. */
sf_result sf_interp_blob_words(sf_interp *interp, sf_blob *blob,
                               const sf_word **out) SF_MUST_USE;
sf_result sf_history_create(sf_interp *interp, uint64_t depth, size_t elements,
                            sf_history **out) SF_MUST_USE;
/* Words of step `step`, modulo the depth. */
sf_word *sf_history_at(const sf_history *history, int64_t step);
void sf_history_clear(sf_history *history);

/* ---- interp_error.c ---------------------------------------------------------
 */

/* Reports OVERFLOW: result 0 of the node's op, at `element`. */
sf_result sf_interp_overflow(const sf_interp *interp,
                             const sf_interp_node *node, size_t element,
                             const char *value);
/* `[1, 2]`, terminated. */
void sf_interp_place(const sf_type *type, size_t element, char *out,
                     size_t size);
/* Fits and stores an integer result. */
sf_result sf_interp_store(const sf_interp *interp, const sf_interp_node *node,
                          size_t element, int64_t value) SF_MUST_USE;

/* ---- interp_broadcast.c -----------------------------------------------------
 */

/* For each element of a result, the element of an operand that it reads. NULL
 * `index`: the same one. */
typedef struct sf_index_map {
  const uint32_t *index;
} sf_index_map;

/* Broadcasts `from` to `to`, axes aligned at the end, extent 1 repeated. */
sf_result sf_broadcast_map(sf_interp *interp, const sf_type *from,
                           const sf_type *to, sf_index_map *out) SF_MUST_USE;
static inline size_t sf_mapped(const sf_index_map *map, size_t element) {
  return map->index ? map->index[element] : element;
}
/* Steps through all positions of a shape in C order. Starts at all zeros. */
void sf_position_next(const sf_type *type, int32_t *position);

static inline bool sf_word_is_zero(sf_word word, bool is_float) {
  return is_float ? word.f == 0.0f : word.i == 0;
}
static inline bool sf_type_is_float(const sf_type *type) {
  return type->scalar.kind == SF_SCALAR_F32;
}
/* An element as f32: integers and spikes are converted. */
static inline float sf_word_float(sf_word word, bool is_float) {
  return is_float ? word.f : (float)word.i;
}

/* ---- One prepare function a family; it sets node->run. ---- */

sf_result sf_prepare_linear(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_sparse(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_matmul(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_conv(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_pool(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_reduce(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_elementwise(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_convert(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_move(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_delay(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_neurons(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_analog(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_normalize(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_quantize(sf_interp *interp, sf_interp_node *node);
sf_result sf_prepare_argmax(sf_interp *interp, sf_interp_node *node);

/* ---- interp_neurons.c ---- */

void sf_population_reset(struct sf_population *population);
const sf_word *sf_population_state(const struct sf_population *population,
                                   uint32_t state);
/* Whether the population ran in the step. */
bool sf_population_runs(const struct sf_population *population, int64_t step);

/* ---- interp_counts.c ---- */

sf_result sf_counting_create(sf_interp *interp) SF_MUST_USE;
void sf_counting_step(sf_interp *interp); /* after all ops of a step */
const sf_counts *sf_counting_get(const sf_interp *interp);

#endif
