/* nir_write.h - the NIR writer's own parts: a network as nodes and edges.
 *
 * What a reader puts in by itself (sums, conversions, the step before in a
 * cycle) becomes edges; every other op becomes a node of its name. */
#ifndef SF_NIR_WRITE_H
#define SF_NIR_WRITE_H

#include "frontend/h5_stream_write.h"
#include "frontend/nir/nir.h"

enum {
  NIR_OUT_FIELDS_MAX = 8,
  NIR_NAME_MAX = 900 /* bytes; with a suffix and paths within SF_H5_PATH_MAX */
};

/* One dataset; of text when `kind` is STRING, with one element. */
typedef struct nir_out_field {
  const char *name;
  sf_h5_kind kind;
  uint32_t element_bytes, rank;
  uint64_t dim[SF_H5_RANK_MAX];
  const void *data;
} nir_out_field;

typedef struct nir_out_node {
  const char *name; /* in the file */
  const char *type; /* "CubaLIF"; NULL: refused */
  sf_loc loc;
  uint32_t rank; /* place among the names, sorted */
  uint32_t field_count;
  nir_out_field field[NIR_OUT_FIELDS_MAX];
} nir_out_node;

/* A Delay whose elements wait unequally long: several ops, and this one node
 * in place of the last of them. */
typedef struct nir_out_runs {
  const char *name;
  const sf_value *source;
  const double *values; /* seconds, one an element */
} nir_out_runs;

typedef struct nir_out_edge {
  uint32_t from, to;   /* nodes */
  bool late;           /* the target sees the step before */
  const sf_type *type; /* of the stream */
} nir_out_edge;

/* How the delays of one step in cycles are written. */
typedef enum nir_out_cycles {
  NIR_CYCLES_NEURON,  /* as edges that a reader cuts behind neurons */
  NIR_CYCLES_SYNAPSE, /* or behind synapses */
  NIR_CYCLES_DELAY    /* as Delay nodes, like all others */
} nir_out_cycles;

/* Given out when the file is made: a try may be one of several. */
typedef struct nir_out_warning {
  sf_diag_id id;
  sf_loc loc;
  const char *text;
  struct nir_out_warning *next;
} nir_out_warning;

typedef struct nir_export {
  sf_network *network;
  sf_diag *diag;
  sf_arena *arena;
  double dt;
  bool own_dt; /* the network has none */
  nir_out_cycles cycles;
  uint32_t node_count, edge_count, edge_capacity;
  nir_out_node *nodes;
  nir_out_edge *edges;
  uint32_t *node_of;         /* op number to node; UINT32_MAX: none */
  uint8_t *live;             /* the op leads to a result */
  const nir_out_runs **runs; /* of op number; NULL: an op by itself */
  bool clashes;              /* an edge would be late and not late */
  sf_names names;            /* of the file's nodes */
  /* What the populations need of a reader, and which of them says so first
   * (NULL: none does). */
  nir_neuron convention;
  const sf_op *says_scheme, *says_current, *says_reset, *says_many;
  bool has_time;           /* dt matters */
  bool if_other, if_small; /* r of IF and I: not 1; r dt below 0.5 */
  uint32_t refusals;
  nir_out_warning *warnings; /* the latest first */
  sf_export *out;
  sf_choices choices; /* texts in the arena of `out` */
} nir_export;

/* nir_write_report.c: something that the format cannot hold; the export goes on
 * to find others and fails at the end. `op` NULL: the network. */
sf_result sf_nir_cannot(nir_export *export, const sf_op *op, const char *help,
                        const char *format, ...) SF_PRINTF(4, 5);
/* Memory that is out loses the warning. */
void sf_nir_warn(nir_export *export, sf_diag_id id, sf_loc loc,
                 const char *format, ...) SF_PRINTF(4, 5);
void sf_nir_give_warnings(const nir_export *export);
/* An option that a reader must be given, with its reason. */
sf_result sf_nir_tell(nir_export *export, const char *name, const char *value,
                      const char *reason) SF_MUST_USE;
/* Datasets of a node: `count` elements that stay where they are. */
void sf_nir_add_field(nir_out_node *node, const char *name, sf_h5_kind kind,
                      uint32_t element_bytes, uint32_t rank, const int32_t *dim,
                      const void *data);
sf_result sf_nir_add_ints(nir_export *export, nir_out_node *node,
                          const char *name, uint32_t count,
                          const int64_t *values) SF_MUST_USE;
/* Integer without an axis. */
sf_result sf_nir_add_int(nir_export *export, nir_out_node *node,
                         const char *name, int64_t value) SF_MUST_USE;
sf_result sf_nir_add_text(nir_export *export, nir_out_node *node,
                          const char *name, const char *text) SF_MUST_USE;

/* nir_write_graph.c: nodes and edges of what leads to a result. */
sf_result sf_nir_write_graph(nir_export *export) SF_MUST_USE;
/* Whether the op is no node of its own: edges say what it does. */
bool sf_nir_passes(const nir_export *export, const sf_op *op);
/* `wanted` as a name of HDF5, not taken; NULL: out of memory. */
const char *sf_nir_file_name(nir_export *export, const char *wanted);
/* nir_write_edges.c: once all ops have nodes; sorts nodes by name. */
sf_result sf_nir_write_edges(nir_export *export) SF_MUST_USE;
sf_result sf_nir_add_edge(nir_export *export, nir_out_edge edge) SF_MUST_USE;
/* nir_write_twice.c: nodes between those that have more than one edge. The
 * edges of a node stand together. */
sf_result sf_nir_part_edges(nir_export *export) SF_MUST_USE;
/* nir_write_layer.c: type and datasets of an op without state. */
sf_result sf_nir_write_layer(nir_export *export, const sf_op *op,
                             nir_out_node *node) SF_MUST_USE;
/* nir_write_delay.c: numbers the ops, and finds the delays of runs of
 * neighbours, which become single nodes. */
sf_result sf_nir_find_runs(nir_export *export) SF_MUST_USE;
/* Type and datasets of such a node, and of a delay op. */
sf_result sf_nir_write_runs(nir_export *export, const sf_op *op,
                            nir_out_node *node) SF_MUST_USE;
sf_result sf_nir_write_delay(nir_export *export, const sf_op *op,
                             nir_out_node *node) SF_MUST_USE;
/* What the node of the op reads; NULL: constants alone. */
const sf_value *sf_nir_source(const nir_export *export, const sf_op *op);
/* nir_write_linear.c */
sf_result sf_nir_write_linear(nir_export *export, const sf_op *op,
                              nir_out_node *node) SF_MUST_USE;
sf_result sf_nir_write_conv(nir_export *export, const sf_op *op,
                            nir_out_node *node) SF_MUST_USE;
/* nir_write_match.c: what the population's function is in the reader's words.
 * false in *out_known: none of them. */
sf_result sf_nir_match(nir_export *export, const sf_neuron *neuron,
                       nir_neuron *out, bool *out_known) SF_MUST_USE;
/* nir_write_neuron.c: type and datasets of a population. */
sf_result sf_nir_write_neurons(nir_export *export, const sf_op *op,
                               nir_out_node *node) SF_MUST_USE;
/* nir_write_layer.c: the blob's elements over a stream of type `whole`. */
sf_result sf_nir_spread(nir_export *export, sf_blob *blob, const sf_type *whole,
                        float *out) SF_MUST_USE;
/* nir_write_convention.c: a file has one convention for all populations. */
sf_result sf_nir_agree(nir_export *export, const sf_op *op,
                       const nir_neuron *shape) SF_MUST_USE;
/* The options that read the file back. */
sf_result sf_nir_write_conventions(nir_export *export) SF_MUST_USE;
/* nir_write_file.c */
sf_result sf_nir_write_stream(const nir_export *export,
                              sf_h5_stream *out) SF_MUST_USE;
/* nir_write_check.c: whether the reader, given those options, cuts the edges
 * that are late and no others. */
sf_result sf_nir_write_check(const nir_export *export,
                             const sf_h5_stream *stream,
                             bool *out_same) SF_MUST_USE;

#endif
