/* plan.h - a network as Loihi 2 sees it: layers, inputs, connections, cores.
 *
 * sf_l2_plan_create turns a balanced network in spiking normal form into it and
 * reports everything that the chip cannot do; sf_l2_layout_create spreads it
 * over the cores of the mapping. Everything lives in the plan's arena. Private
 * to targets/loihi2. */
#ifndef SF_TARGETS_LOIHI2_PLAN_H
#define SF_TARGETS_LOIHI2_PLAN_H

#include "sf/target.h"

enum {
  SF_L2_PARAMS = 8, /* of one program */
  SF_L2_STATES = 4,
  SF_L2_DELAY_MAX = 62 /* steps of a synapse; loihi2.md 1.7 */
};

/* A parameter of a neuron program, in the units of the configuration. */
typedef struct sf_l2_param {
  const char *name; /* of the configuration: "vth" */
  uint32_t bits;
  int32_t value;       /* for all neurons, or */
  const int32_t *each; /* one an element of the layer */
} sf_l2_param;

typedef struct sf_l2_state {
  const char *name;
  uint32_t bits;
  const char *overflow; /* "wrap", "saturate" */
  const char *initial;  /* parameter that it starts with; NULL: 0 */
} sf_l2_state;

typedef struct sf_l2_program {
  const char *name;
  uint32_t state_words; /* of a neuron, without parameters of its own */
  sf_l2_state states[SF_L2_STATES + 1]; /* ends with a NULL name */
} sf_l2_program;

/* A program that the configuration lists itself: code.c. */
typedef struct sf_l2_listing {
  sf_l2_program program;
  const sf_neuron *neuron;
  uint32_t number;
  int32_t start[SF_L2_STATES]; /* of registers that start with no parameter */
} sf_l2_listing;

/* A population on the chip. */
typedef struct sf_l2_layer {
  const sf_op *op;
  const sf_value *value;
  const sf_l2_program *program;
  const sf_l2_listing *listing; /* whose program it is; NULL: a known one */
  const char *reset_mode;       /* "zero", "subtract", or NULL */
  uint32_t param_count;
  sf_l2_param params[SF_L2_PARAMS];
  /* Biases of the projections into each operand, summed: added to the sum when
   * the program reads it; one an element, modulo 2^32. NULL: none. */
  int32_t *offsets[2];
  uint32_t elements;
  bool returned, read_by_host;
  /* Set by the layout: where each element lives. */
  uint32_t slice_count;
  uint32_t *slices;              /* indices in plan->slices */
  uint32_t *slice_of, *local_of; /* of an element; local: in its core */
} sf_l2_layer;

typedef struct sf_l2_input {
  const sf_value *value;
  bool from_host; /* else an argument of the network */
  uint32_t elements;
} sf_l2_input;

/* How weights are stored: w = stored << strip, |product| = stored * x *
 * 2^(8 - bits + exponent + mixed). */
typedef struct sf_l2_weights {
  const char *sign_mode; /* "mixed", "exc", "inh" */
  uint32_t bits;
  int32_t exponent;
  uint32_t strip;
  bool rounds; /* products are rounded: the power of two is negative */
} sf_l2_weights;

typedef enum sf_l2_format {
  SF_L2_DENSE,
  SF_L2_SPARSE,
  SF_L2_CONV
} sf_l2_format;

/* One projection from one source into one operand of a layer, at one delay. */
typedef struct sf_l2_connection {
  uint32_t layer, port;
  bool from_input;
  uint32_t source;        /* input or layer */
  const sf_op *op;        /* NULL: element i to element i, weight 1 */
  uint32_t delay;         /* synaptic steps: d' - 1 */
  uint32_t synapse_delay; /* longest of the op's own `delays` */
  sf_l2_format format;
  sf_l2_weights weights;
  /* Element of the projection's operand -> element of the source, -1 none; of
   * its result -> element of the layer, -1 none. NULL: the same. */
  const int32_t *source_map, *target_map;
  uint32_t source_elements, target_elements; /* of operand and result */
  /* Edges of a SPARSE connection, by operand element; see edges.c. */
  uint32_t edge_count;
  uint32_t *edge_first;  /* source_elements + 1 */
  uint32_t *edge_target; /* element of the layer */
  int32_t *edge_weight;
  uint8_t *edge_delay; /* NULL: none of its own */
  bool edges_ready;
} sf_l2_connection;

/* What one core holds of a layer. */
typedef struct sf_l2_slice {
  uint32_t core, group, layer;
  uint32_t base, count; /* neurons of the core */
  sf_box box;
  const uint32_t *element; /* of the layer, for each neuron */
} sf_l2_slice;

typedef struct sf_l2_core {
  const sf_mop *mop;
  const char *name;
  uint32_t chip, id, x, y, p;
  uint32_t neuron_count;
  uint32_t slice_first, slice_count;
} sf_l2_core;

typedef struct sf_l2_plan {
  sf_arena *arena;
  sf_diag *diag;
  const sf_network *network;
  const sf_mapping *mapping; /* NULL: no layout */
  const sf_machine *machine;
  uint32_t layer_count, input_count, connection_count, connection_capacity;
  sf_l2_layer *layers;
  sf_l2_input *inputs;
  sf_l2_connection *connections;
  uint32_t core_count, slice_count;
  sf_l2_core *cores; /* by chip, then id */
  sf_l2_slice *slices;
} sf_l2_plan;

/* Reports everything that stands in the way, then fails. */
sf_result sf_l2_plan_create(const sf_emit_job *job,
                            sf_l2_plan *out) SF_MUST_USE;
void sf_l2_plan_destroy(sf_l2_plan *plan);
/* Cores and slices of plan->mapping. Errors: MAPPING. */
sf_result sf_l2_layout_create(sf_l2_plan *plan) SF_MUST_USE;

/* Program and parameters of a population; TARGET_CANNOT says what is wrong. */
sf_result sf_l2_model_recognize(sf_l2_plan *plan, const sf_module *library,
                                sf_l2_layer *layer) SF_MUST_USE;

/* Values of param `index` of the layer's function, one number or one an
 * element. */
sf_result sf_l2_read_argument(sf_l2_plan *plan, const sf_l2_layer *layer,
                              uint32_t index, sf_l2_param *out) SF_MUST_USE;
/* code.c: can the function be a listing: integers, instructions of README.md,
 * as many registers and parameters as a listing has? */
bool sf_l2_code_fits(const sf_neuron *neuron);
/* Program and parameters of such a population. */
sf_result sf_l2_code_recognize(sf_l2_plan *plan,
                               sf_l2_layer *layer) SF_MUST_USE;
/* The children of its <program>. */
struct _xmlNode;
sf_result sf_l2_code_write(const sf_l2_plan *plan, const sf_l2_listing *listing,
                           struct _xmlNode *node) SF_MUST_USE;

/* Adds the connections of operand `port` of a layer. */
sf_result sf_l2_connect(sf_l2_plan *plan, uint32_t layer,
                        uint32_t port) SF_MUST_USE;
/* The single-source views of a value: see sources.c. */
typedef struct sf_l2_view {
  bool from_input;
  uint32_t source;
  uint32_t delay;
  const int32_t
      *map; /* element of the value -> of the source, -1; NULL: same */
} sf_l2_view;
typedef struct sf_l2_views {
  uint32_t count, capacity;
  bool summed; /* some views overlap: the value is a sum */
  sf_l2_view *items;
} sf_l2_views;
sf_result sf_l2_views_of(sf_l2_plan *plan, const sf_value *value,
                         sf_l2_views *out) SF_MUST_USE;
/* For an op that only moves elements: its result's element -> element of
 * operand `operand`, or -1. NULL map: the same. */
sf_result sf_l2_move_map(sf_l2_plan *plan, const sf_op *op, uint32_t operand,
                         const int32_t **out) SF_MUST_USE;

/* Sets connection->weights, or reports what the chip cannot hold. */
sf_result sf_l2_weights_encode(sf_l2_plan *plan,
                               sf_l2_connection *connection) SF_MUST_USE;
/* Expands a projection into edges (SPARSE). */
sf_result sf_l2_edges_build(sf_l2_plan *plan,
                            sf_l2_connection *connection) SF_MUST_USE;

/* "0.5" style name of a place for messages: the node of the model, or %value.
 */
const char *sf_l2_name(const sf_l2_plan *plan, const sf_op *op);
sf_result sf_l2_cannot(const sf_l2_plan *plan, const sf_op *op,
                       const char *format, ...) SF_PRINTF(3, 4);

/* Writes DIRECTORY/loihi2/config.xml and tables.bin. */
sf_result sf_l2_config_write(sf_l2_plan *plan,
                             const char *directory) SF_MUST_USE;
/* A value's name as the configuration spells it: bytes that XML cannot hold are
 * \xNN. In `arena`. NULL: out of memory. */
const char *sf_l2_xml_name(sf_arena *arena, const char *name);
/* sf_target.run. */
sf_result sf_l2_run(const sf_run_job *job, sf_run_result *out) SF_MUST_USE;

#endif
