/* nir.h - the NIR reader's own parts: node types, conventions, the graph.
 *
 * NIR is a graph of continuous-time primitives in HDF5. It stores no time step
 * and no integration scheme: conventions say what one step computes. Nested
 * graphs are flattened; their ports become nodes that pass values on. */
#ifndef SF_NIR_H
#define SF_NIR_H

#include "frontend/choices.h"
#include "frontend/h5_tree.h"
#include "ir/names.h"
#include "sf/frontend.h"

enum {
  NIR_NODES_MAX = 1 << 16,
  NIR_REPORTED_MAX = 64,  /* refusals that are printed */
  NIR_RUNS_MAX = 4096,    /* pieces that a layer is cut into */
  NIR_STEPS_MAX = 1 << 20 /* of a Delay */
};

/* ---- Node types (nir_types.c). ---- */

typedef enum nir_kind {
  NIR_INPUT,
  NIR_OUTPUT,
  NIR_LINEAR, /* Linear, Affine */
  NIR_SCALE,
  NIR_CONV, /* Conv1d, Conv2d */
  NIR_POOL, /* AvgPool2d, SumPool2d */
  NIR_FLATTEN,
  NIR_THRESHOLD,
  NIR_DELAY,
  NIR_INTEGRATOR, /* I, IF */
  NIR_LEAKY,      /* LI, LIF */
  NIR_CUBA,       /* CubaLI, CubaLIF */
  NIR_GRAPH
} nir_kind;

/* Datasets that nodes have, of any type. */
typedef enum nir_field {
  NIR_BIAS,
  NIR_DELAYS,
  NIR_DILATION,
  NIR_END_DIM,
  NIR_GROUPS,
  NIR_INPUT_SHAPE,
  NIR_INPUT_TYPE,
  NIR_KERNEL_SIZE,
  NIR_PADDING,
  NIR_R,
  NIR_SCALES,
  NIR_SHAPE,
  NIR_START_DIM,
  NIR_STRIDE,
  NIR_TAU,
  NIR_TAU_MEM,
  NIR_TAU_SYN,
  NIR_V_LEAK,
  NIR_V_RESET,
  NIR_V_THRESHOLD,
  NIR_THRESHOLDS,
  NIR_WEIGHT,
  NIR_W_IN,
  NIR_FIELD_COUNT
} nir_field;

typedef struct nir_type {
  const char *name; /* "CubaLIF" */
  nir_kind kind;
  bool spikes;       /* threshold and reset behind the membrane */
  bool has_state;    /* breaks a cycle */
  uint32_t required; /* bits of nir_field */
  uint32_t optional;
  uint32_t each;       /* one number a neuron, or one for all */
  const char *mapping; /* what becomes of it, one word */
  const char *note;
} nir_type;

const char *sf_nir_field_name(nir_field field);
const nir_type *sf_nir_type_find(const char *name); /* NULL: unknown */
bool sf_nir_operator_at(size_t index, sf_operator_info *out);
/* "Affine, AvgPool2d, .." for messages. */
const char *sf_nir_type_list(sf_arena *arena);

/* ---- Conventions (nir_options.c). ---- */

typedef enum nir_scheme {
  NIR_EULER,        /* v = (1 - dt/tau) v + (dt/tau) (r x + v_leak) */
  NIR_EXPONENTIAL,  /* a = exp(-dt/tau): v = a v + (1 - a) (r x + v_leak) */
  NIR_RATE,         /* NIR_EULER as v + (dt/tau) ((v_leak - v) + r x) */
  NIR_SPIKINGJELLY, /* its two forms, with a division by tau/dt */
  NIR_LOIHI         /* integers, as the paper's script maps them to Lava */
} nir_scheme;

typedef enum nir_current {
  NIR_CURRENT_NEW,    /* the membrane sees the synapse's new value */
  NIR_CURRENT_OLD,    /* and its value of the step before */
  NIR_CURRENT_DECAYED /* I = (I + x) a: the input decays in its first step */
} nir_current;

typedef enum nir_gain {
  NIR_GAIN_R,        /* as the scheme says, with r and w_in */
  NIR_GAIN_TAU,      /* the same with r = 1 for LI and LIF */
  NIR_GAIN_ONE,      /* the input is added as it is */
  NIR_GAIN_THRESHOLD /* the same, and the threshold divided by the gain */
} nir_gain;

typedef enum nir_reset {
  NIR_RESET_AUTO,
  NIR_RESET_VALUE,         /* v = v_reset */
  NIR_RESET_SUBTRACT,      /* v = v - threshold */
  NIR_RESET_VALUE_LATE,    /* both at the start of the next step */
  NIR_RESET_SUBTRACT_LATE, /* not multiplied by the decay */
  NIR_RESET_NONE
} nir_reset;

typedef struct nir_convention {
  const char *name;
  double dt; /* 0: as the file suggests */
  nir_scheme scheme;
  nir_current current;
  nir_gain gain;
  double if_gain; /* of IF and I; 0: by the rule */
  nir_reset reset;
  bool at_threshold; /* >= fires, else > */
  bool many;         /* several spikes a step */
  bool late_spikes;  /* sends the comparison of the step before */
  bool lag;          /* layers see each other a step later */
  bool no_leak;      /* v_leak is ignored */
  bool leak_is_bias; /* v_leak is added in each step */
  bool zero_reset;   /* v_reset is ignored */
} nir_convention;

typedef struct nir_options {
  nir_convention use; /* the convention, with what was asked for by itself */
  bool dt_asked, reset_asked, if_gain_asked, convention_asked;
  bool scheme_asked, current_asked;
  bool cut_after_synapse; /* --recurrence synapse */
  bool recurrence_asked;
  bool spike_inputs; /* --input-type spike */
  bool lenient;
} nir_options;

extern const sf_reader_option sf_nir_option_table[];
/* Errors: USAGE, for every bad word. */
sf_result sf_nir_options_read(const sf_import_option *words, uint32_t count,
                              sf_diag *diag, nir_options *out) SF_MUST_USE;
const char *sf_nir_reset_text(nir_reset reset);
const char *sf_nir_scheme_text(nir_scheme scheme);
const char *sf_nir_gain_text(nir_gain gain);
const char *sf_nir_current_text(nir_current current);

/* ---- The graph. ---- */

typedef struct nir_shape {
  bool known;
  uint8_t rank;
  int64_t dim[SF_RANK_MAX];
} nir_shape;

typedef struct nir_edge {
  uint32_t from, to;
  bool cut; /* the target sees the step before */
  /* While building: the value that arrives late, made before its source. */
  int64_t steps;
  sf_value *value;
} nir_edge;

/* Neighbouring elements of a Delay that wait equally long. */
typedef struct nir_run {
  int64_t begin, end, steps;
  sf_op *op; /* their delay; NULL: none */
} nir_run;

typedef struct nir_window { /* conv and pool */
  unsigned axes;
  int64_t kernel[2], stride[2], dilation[2], begin[2], end[2];
} nir_window;

typedef struct nir_node {
  const nir_type *type;
  const char *name; /* "lif1/lin": names of the graphs around it, too */
  const char *path; /* of its group */
  uint32_t depth;   /* 0: in the outermost graph */
  sf_loc loc;
  const sf_h5_item *field[NIR_FIELD_COUNT]; /* NULL: absent */
  bool one_axis;                            /* Conv1d */
  bool invented; /* a port that the file does not have */
  nir_shape in, out;
  nir_window window;
  uint32_t pred_count, succ_count;
  uint32_t *preds, *succs; /* edge numbers, sorted by node */
  uint32_t distance;       /* nodes from the nearest input; UINT32_MAX: none */
  bool takes_time;         /* a Delay of a step or more, for all elements */
  bool built;
  sf_value *value;    /* what it sends */
  uint32_t run_count; /* of a Delay, once it is opened */
  nir_run *runs;
} nir_node;

typedef struct nir_import {
  sf_h5_tree tree;
  nir_options options;
  sf_diag *diag;
  sf_module *module; /* its arena holds locations and choices */
  sf_network *network;
  sf_arena *arena; /* everything else, until the reader returns */
  sf_loc loc;
  const char *version;
  bool resets_to_value; /* what that version means by a spike */
  uint32_t node_count, node_capacity, edge_count, edge_capacity;
  nir_node *nodes;
  nir_edge *edges;
  sf_names ports; /* path of a node or a nested graph to nir_port */
  uint32_t *order;
  uint32_t refusals;
  double dt;
  sf_choices choices;
} nir_import;

/* Where edges that name a node or a nested graph arrive and leave. */
typedef struct nir_port {
  uint32_t in, out;
} nir_port;

/* nir_reader.c: the module of a parsed file, which stays the caller's. Errors:
 * USAGE (options), IMPORT. */
sf_result sf_nir_read_tree(const sf_h5_tree *tree,
                           const sf_import_option *options,
                           uint32_t option_count, sf_diag *diag,
                           sf_import *out) SF_MUST_USE;

/* Everything but the network: graph, conventions, shapes, order. The arena and
 * the module are there, with tree, options and diag. */
sf_result sf_nir_read_order(nir_import *import) SF_MUST_USE;

/* nir_report.c: an error about the node; the import goes on to find others and
 * fails at the end of the phase. `help` may be NULL. */
sf_result sf_nir_refuse(nir_import *import, const nir_node *node,
                        const char *help, const char *format, ...)
    SF_PRINTF(4, 5);
/* SF_FAIL when something was refused. */
sf_result sf_nir_end_phase(nir_import *import) SF_MUST_USE;
/* A convention, with its reason; the first of a name is kept. */
sf_result sf_nir_choose(nir_import *import, const char *name, const char *value,
                        const char *format, ...) SF_MUST_USE SF_PRINTF(4, 5);

/* nir_graph.c: groups become nodes, edges are resolved, ports added. */
sf_result sf_nir_read_graph(nir_import *import) SF_MUST_USE;
/* nir_edges.c */
sf_result sf_nir_read_edges(nir_import *import, const char *graph,
                            const char *name) SF_MUST_USE;
/* Lists of edges at each node; missing terminals; edges of terminals. */
sf_result sf_nir_link(nir_import *import) SF_MUST_USE;
/* nir_graph.c: a node of a type, at the end; NULL: out of memory or too many.
 */
nir_node *sf_nir_add_node(nir_import *import, const nir_type *type,
                          const char *name, const char *path, uint32_t depth);

/* nir_fields.c: datasets as numbers. */
double sf_nir_number(const sf_h5_item *item, uint64_t index);
/* The number of neuron `index`: the only one, when there is one for all. */
double sf_nir_each(const sf_h5_item *item, uint64_t index, double fallback);
/* `count` integers: one stands for all; fallback when absent. */
sf_result sf_nir_ints(nir_import *import, const nir_node *node, nir_field field,
                      unsigned count, int64_t fallback, int64_t low,
                      int64_t *out) SF_MUST_USE;
/* All datasets of the node: numbers, finite, not empty, in range. */
sf_result sf_nir_check_fields(nir_import *import, nir_node *node) SF_MUST_USE;
sf_result sf_nir_read_shape(nir_import *import, const nir_node *node,
                            nir_field field, nir_shape *out) SF_MUST_USE;

/* nir_shape.c: every node's shapes, or a refusal. */
sf_result sf_nir_infer(nir_import *import) SF_MUST_USE;
int64_t sf_nir_elements(const nir_shape *shape);
bool sf_nir_same_shape(const nir_shape *a, const nir_shape *b);
const char *sf_nir_shape_text(const nir_shape *shape, char out[160]);
/* nir_shape_of.c: what a node makes of its input's shape. */
sf_result sf_nir_shape_of(nir_import *import, nir_node *node) SF_MUST_USE;
/* nir_order.c: edges that are cut, order of evaluation. */
sf_result sf_nir_schedule(nir_import *import) SF_MUST_USE;

/* nir_convention.c: dt, reset, gains, told and warned. */
sf_result sf_nir_decide(nir_import *import) SF_MUST_USE;
/* The order of recurrence, once the cycles are cut. */
sf_result sf_nir_tell_order(nir_import *import) SF_MUST_USE;

/* ---- Building. ---- */

/* nir_build.c */
sf_result sf_nir_build(nir_import *import) SF_MUST_USE;
/* An op behind `operand` with perhaps two blobs (NULL: none); NULL: memory. */
sf_value *sf_nir_op(nir_import *import, const nir_node *node, sf_op_kind kind,
                    sf_value *operand, sf_blob *blob, sf_blob *second,
                    const char *suffix, const sf_type *type);
sf_type sf_nir_type_of(sf_scalar scalar, const nir_shape *shape);
/* Reshaped to `shape`, which has as many elements; itself if it has it. */
sf_value *sf_nir_reshape(nir_import *import, const nir_node *node,
                         sf_value *value, const nir_shape *shape);
/* As f32; itself if it is. NULL in, NULL out. */
sf_value *sf_nir_float(nir_import *import, const nir_node *node,
                       sf_value *value);
/* nir_build_layer.c: the stream behind a stateless node. */
sf_result sf_nir_build_layer(nir_import *import, nir_node *node, sf_value *x,
                             sf_value **out) SF_MUST_USE;
/* nir_build_delay.c. A Delay's value may be used before what it delays is
 * built: open makes its ops, of elements `scalar`, close gives them x. x is
 * needed at once (not NULL) when an element does not wait. */
sf_result sf_nir_open_delay(nir_import *import, nir_node *node,
                            sf_scalar scalar, sf_value *x) SF_MUST_USE;
sf_result sf_nir_close_delay(nir_import *import, nir_node *node,
                             sf_value *x) SF_MUST_USE;
/* What the node will send, before it is built; f32 where that is open. */
sf_scalar sf_nir_scalar_ahead(const nir_import *import, const nir_node *node);
/* What spiking nodes send. */
sf_scalar sf_nir_spike_scalar(const nir_import *import);
/* nir_build_linear.c */
sf_result sf_nir_build_linear(nir_import *import, nir_node *node, sf_value *x,
                              sf_value **out) SF_MUST_USE;
sf_result sf_nir_build_conv(nir_import *import, nir_node *node, sf_value *x,
                            sf_value **out) SF_MUST_USE;
/* nir_blob.c: elements of a dataset from `first` on, of `type`; 1 stands for
 * all. NULL: out of memory. */
sf_blob *sf_nir_blob(nir_import *import, const nir_node *node,
                     const sf_h5_item *item, const char *suffix, uint64_t first,
                     const sf_type *type);
bool sf_nir_is_zero(const sf_h5_item *item);
/* nir_build_neuron.c: a population over the sum x. */
sf_result sf_nir_build_neurons(nir_import *import, nir_node *node, sf_value *x,
                               sf_value **out) SF_MUST_USE;

/* What one step of a neuron computes (nir_neuron_text.c); true: the text has
 * that part. Numbers are params of the names in nir_neuron.c. */
typedef struct nir_neuron {
  nir_kind kind;
  bool spikes;
  nir_scheme scheme;
  nir_current current;
  nir_reset reset;
  bool at_threshold, many, late_spikes;
  bool gain, gain_syn, leak, reset_value;
  bool starts_at_reset;
  bool divided_input; /* SpikingJelly's form for r = 1 */
} nir_neuron;

/* The function with that meaning, alone in a module of its own. Errors: those
 * of sf_parse. */
sf_result sf_nir_neuron_parse(const nir_neuron *shape, sf_diag *diag,
                              sf_module **out) SF_MUST_USE;
/* The same in the import's module, the library's own where it has one. NULL
 * with a diagnostic, or out of memory. */
sf_neuron *sf_nir_neuron(nir_import *import, const nir_neuron *shape);

/* nir_loihi.c: integer weights and neurons. */
sf_result sf_nir_loihi_neurons(nir_import *import, nir_node *node, sf_value *x,
                               sf_value **out) SF_MUST_USE;
/* Integer weights of a projection; the gain of the neurons behind it is in
 * them. */
sf_result sf_nir_loihi_weights(nir_import *import, nir_node *node,
                               const sf_type *type, sf_blob **out) SF_MUST_USE;

#endif
