/* spiking.h - models of one step, whose states go in and out, become networks
 * of populations that keep them.
 *
 *   network @main(%x: f32[8], %v: f32[4]) -> (f32[4], f32[4])
 *     %d = mul %v, @decay   %h = add %d, %i   %s = neurons @greater(%h) ..
 *     .. return %spikes, %v_next
 *   => network @main(%x: f32[8]) -> (f32[4]), %s = neurons @step(%i) {..}
 *
 * The ops between an argument and its next value go into the neuron function
 * as they are and in their order, so that every step gives the same bits. */
#ifndef SF_ONNX_SPIKING_H
#define SF_ONNX_SPIKING_H

#include "frontend/onnx/model.h"

typedef enum onnx_state_kind {
  ONNX_STATE_NONE,       /* stays an argument and a result */
  ONNX_STATE_POPULATION, /* state of a neuron function */
  ONNX_STATE_DELAY       /* what another op computed one step before */
} onnx_state_kind;

/* An argument and the result that is its value in the next step. */
typedef struct onnx_state {
  sf_value *argument;
  uint32_t result; /* index of the return */
  sf_value *next;  /* that return, before anything is rewritten */
  float start;     /* value in step 0 */
  onnx_state_kind kind;
  uint32_t parent; /* state that stands for its group, or one nearer to it */
} onnx_state;

enum {
  ONNX_GROUP_OPS_MAX = 512, /* ops that go into one neuron function */
  /* What is looked at unasked, so that no model takes long. */
  ONNX_STATES_FOUND_MAX = 1024,
  ONNX_STATE_OPS_MAX = 1 << 14,   /* ops around states */
  ONNX_STATE_PAIRS_MAX = 1 << 20, /* arguments times results */
  ONNX_STATE_USES_MAX = 4096,     /* readers of one value */
  ONNX_STEP_WORK_MAX = 1 << 27    /* steps times ops */
};
#define ONNX_NO_GROUP  UINT32_MAX /* owner of an op outside of populations */
#define ONNX_NO_RESULT UINT32_MAX /* the return is dropped */

/* Groups are named by a state of theirs. `owner` and the marks are by
 * op->order, which here is a number of the op, not its place. */
typedef struct onnx_spiking {
  onnx_import *import;
  sf_network *network;
  sf_arena *arena;
  uint32_t op_count, capacity; /* numbers given, and room for */
  uint32_t *owner;
  bool *before, *after; /* scratch */
  uint32_t state_count;
  onnx_state *states;
  uint32_t made_count; /* functions made so far */
  sf_neuron **made;
  uint32_t convert_count; /* spikes as f32, behind populations */
  sf_op **converts;
} onnx_spiking;

/* spiking_states.c: finds states by name or option, and rewrites the network.
 * Errors: USAGE, of the options. */
sf_result sf_onnx_keep_states(onnx_import *import) SF_MUST_USE;
/* The same for these arguments and results, which start at 0. */
sf_result sf_onnx_keep_listed_states(onnx_import *import, uint32_t count,
                                     const onnx_state *states) SF_MUST_USE;

/* spiking_group.c: kinds of all states, and owners of ops. Whether a population
 * with a threshold came out in *out_spikes. */
sf_result sf_onnx_group_states(onnx_spiking *s, bool *out_spikes) SF_MUST_USE;
/* State that names the group of state `i`. */
uint32_t sf_onnx_group_of(const onnx_spiking *s, uint32_t i);
/* Group that `op` belongs to, or ONNX_NO_GROUP. */
uint32_t sf_onnx_owner(const onnx_spiking *s, const sf_op *op);
/* `value` is the old value of a state of the group. */
bool sf_onnx_is_state_of(const onnx_spiking *s, const sf_value *value,
                         uint32_t group);
/* Marks in s->after the ops outside that need something of the group. False: an
 * op of the group needs one of these, so it is no population. */
bool sf_onnx_mark_after(onnx_spiking *s, uint32_t group);

/* A constant operand as a param or literal. */
typedef struct onnx_neuron_constant {
  sf_blob *blob; /* NULL, or what it was read from */
  bool uniform;  /* `number` stands for it */
  sf_number number;
  sf_scalar scalar;
} onnx_neuron_constant;

/* spiking_scalar.c: whether operand `index` is constant and may be a param of a
 * population of that shape. */
bool sf_onnx_neuron_constant(const sf_op *op, uint32_t index,
                             const sf_type *shape, onnx_neuron_constant *out);
/* Whether `op` on streams of that shape is a statement of a neuron function, or
 * some. */
bool sf_onnx_is_scalar_op(const sf_op *op, const sf_type *shape);

/* A network value and what stands for it in the function. */
typedef struct onnx_bound {
  const sf_value *value;
  sf_noperand operand;
} onnx_bound;

/* A neuron function in the making. */
typedef struct onnx_neuron_builder {
  onnx_spiking *s;
  sf_neuron *neuron;
  sf_type shape;
  uint32_t bound_count, bound_capacity;
  onnx_bound *bound;
  uint32_t input_count;
  sf_value **inputs;      /* streams, in the order of the function's inputs */
  sf_argument *arguments; /* of the params so far */
  const sf_blob **tables; /* that they were read from; NULL: none */
} onnx_neuron_builder;

/* spiking_neuron.c: the function of a group, with its states and `count`
 * emitted values, and arguments for an op. */
sf_result sf_onnx_build_neuron(onnx_spiking *s, uint32_t group, uint32_t count,
                               sf_value *const *emitted,
                               onnx_neuron_builder *out) SF_MUST_USE;
/* spiking_statement.c: the statements of one op. */
sf_result sf_onnx_add_statements(onnx_neuron_builder *b,
                                 const sf_op *op) SF_MUST_USE;
sf_result sf_onnx_bind_value(onnx_neuron_builder *b, const sf_value *value,
                             sf_noperand operand) SF_MUST_USE;
/* NULL: it is none of the function's yet. */
const onnx_bound *sf_onnx_bound_value(const onnx_neuron_builder *b,
                                      const sf_value *value);

/* spiking_population.c: puts a population in the place of a group's ops. */
sf_result sf_onnx_populate_group(onnx_spiking *s, uint32_t group) SF_MUST_USE;
/* spiking_delay.c: `delay` of the state's return in the place of its argument.
 */
sf_result sf_onnx_delay_state(onnx_spiking *s,
                              const onnx_state *state) SF_MUST_USE;
/* Projections read spikes themselves instead of the same as f32, which gives
 * the same sums. */
sf_result sf_onnx_read_spikes(onnx_spiking *s) SF_MUST_USE;
/* A new op gets a number. */
sf_result sf_onnx_number_op(onnx_spiking *s, sf_op *op) SF_MUST_USE;
/* `value` as f32 behind `before`'s predecessor; the op is listed in converts.
 */
sf_value *sf_onnx_spikes_as_f32(onnx_spiking *s, sf_value *spikes,
                                sf_op *before, const char *name);
#endif
