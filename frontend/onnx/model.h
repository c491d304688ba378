/* model.h - the reader's core: the unpacked model, scopes, the walk.
 * Translators need onnx.h only. */
#ifndef SF_ONNX_MODEL_H
#define SF_ONNX_MODEL_H

#include "frontend/choices.h"
#include "frontend/onnx/onnx.h"
#include "frontend/onnx/wire.h"
#include "ir/names.h"

enum {
  ONNX_CALLS_DEEP = 32,       /* functions that call functions */
  ONNX_ITERATIONS_MAX = 4096, /* of one Loop or Scan */
  ONNX_VISITS_MAX = 1 << 17,  /* nodes and bodies walked, loops unrolled */
  ONNX_LABELS_MAX = 1 << 25,  /* bytes of their names, with the calls' before */
  ONNX_REPORTED_MAX = 100,    /* refusals that are printed one by one */
  ONNX_DIMS_MAX = 64,         /* --dim options */
  ONNX_STATES_MAX = 256       /* --state options */
};

/* Where inputs get their batch axis from. */
typedef enum onnx_batch { ONNX_BATCH_AUTO, ONNX_BATCH_NONE } onnx_batch;

typedef struct onnx_options {
  onnx_batch batch;
  uint32_t dim_count;
  struct onnx_dim {
    sf_slice name;
    int64_t extent;
    bool used;
  } dims[ONNX_DIMS_MAX];
  bool states_stay; /* none are looked for by name */
  uint32_t state_count, start_count;
  struct onnx_state_word {
    sf_slice argument, result;
  } states[ONNX_STATES_MAX];
  struct onnx_start_word {
    sf_slice argument;
    float value;
  } starts[ONNX_STATES_MAX];
} onnx_options;

extern const sf_reader_option sf_onnx_option_table[];
/* Errors: USAGE, for every bad word. */
sf_result sf_onnx_options_read(const sf_import_option *words, uint32_t count,
                               sf_diag *diag, onnx_options *out) SF_MUST_USE;

/* A mapped file that tensors lie in. */
typedef struct onnx_file {
  struct onnx_file *next;
  const char *path; /* as blobs name it */
  sf_mapped_file map;
} onnx_file;

/* Computed elements, freed with the import unless the module has taken them
 * over. */
typedef struct onnx_block {
  struct onnx_block *next;
  void *bytes;
  size_t size;
  bool mapped, given;
} onnx_block;

/* block.c. Zeroed; NULL: out of memory. */
onnx_block *sf_onnx_block_create(size_t bytes);
void sf_onnx_blocks_destroy(onnx_block *first);
/* The module frees it, and its elements are not written any more. */
sf_result sf_onnx_block_give(onnx_block *block, sf_module *module) SF_MUST_USE;
/* Pages of a mapped file that are not needed again soon. */
void sf_onnx_drop_pages(const char *data, uint64_t bytes);

/* What a graph's nodes mean: the model's opsets, or those of the function that
 * is being called. */
typedef struct onnx_frame {
  size_t opset_count;
  Onnx__OperatorSetIdProto **opsets;
  const Onnx__FunctionProto *function; /* NULL: the model's graph */
  onnx_node *call;                     /* node that calls it */
  const char *prefix;                  /* of labels: "layer1/" or "" */
  unsigned depth;
} onnx_frame;

/* What a name stands for; an initializer is read when it is first used. */
typedef struct onnx_entry {
  onnx_value value;
  const Onnx__TensorProto *initializer;
} onnx_entry;

/* Names of one graph; a subgraph sees those around it. */
typedef struct onnx_scope {
  struct onnx_scope *parent;
  const onnx_frame *frame;
  sf_names names; /* of onnx_entry */
} onnx_scope;

struct onnx_import {
  sf_diag *diag;
  sf_loc loc;         /* the file */
  sf_arena *arena;    /* until the reader returns */
  sf_arena *unpacked; /* of protobuf-c */
  sf_module *module;
  sf_network *network;
  onnx_options options;
  Onnx__ModelProto *model;
  const char *directory; /* of external data: of the path that was given */
  const char *name;      /* base name of the model's file, links followed */
  bool foreign;          /* these are two folders: external data are copied */
  onnx_file *files;      /* the model's own first */
  onnx_wire wire;
  onnx_block *blocks;
  uint64_t computed; /* bytes of constants so far */
  uint64_t computed_max;
  uint64_t work, work_max; /* element operations of constants */
  uint32_t visits;
  uint64_t label_bytes;
  uint32_t refusals;
  bool stopped;       /* something was reported that ends the walk */
  bool out_of_memory; /* where a function could not say so */
  bool warned_opset;  /* once is enough */
  sf_names blobs;     /* by what they were made of */
  sf_names reported;  /* labels of refused nodes */
  sf_names functions;
  sf_choices choices;
};

/* load.c: maps, checks and unpacks. The file stays mapped. */
sf_result sf_onnx_load(onnx_import *import, const char *path) SF_MUST_USE;
void sf_onnx_unload(onnx_import *import);

/* tensor.c: room for `bytes` of constants. NULL: out of memory, or too many. */
void *sf_onnx_compute(onnx_node *node, uint64_t bytes, onnx_block **block);
void sf_onnx_set_strides(onnx_tensor *tensor); /* C order */
/* Bytes of an element as it is kept here. */
unsigned sf_onnx_width(onnx_dtype dtype);

/* tensor_load.c: the tensor of a message, its elements where they lie. Errors:
 * IMPORT, FILE_PATH, .. and refusals of `node` (for its element type). */
sf_result sf_onnx_tensor_load(onnx_node *node, const Onnx__TensorProto *proto,
                              onnx_tensor **out) SF_MUST_USE;

/* scope.c */
sf_result sf_onnx_scope_init(onnx_import *import, onnx_scope *scope,
                             onnx_scope *parent,
                             const onnx_frame *frame) SF_MUST_USE;
/* NULL: nothing has this name. Initializers are read for `node`. */
sf_result sf_onnx_lookup(onnx_node *node, onnx_scope *scope, const char *name,
                         const onnx_value **out) SF_MUST_USE;
/* Refuses (IMPORT) a name that the scope has already. */
sf_result sf_onnx_define(onnx_import *import, onnx_scope *scope,
                         const onnx_value *value,
                         const Onnx__TensorProto *initializer) SF_MUST_USE;

/* walk.c: initializers and nodes of a graph whose inputs are defined. */
sf_result sf_onnx_walk_graph(onnx_import *import, onnx_scope *scope,
                             const Onnx__GraphProto *graph) SF_MUST_USE;
sf_result sf_onnx_walk_nodes(onnx_import *import, onnx_scope *scope,
                             size_t count,
                             Onnx__NodeProto *const *nodes) SF_MUST_USE;
/* Counts a node or a body that is walked. Errors: FILE_LIMIT. */
sf_result sf_onnx_visit(onnx_import *import) SF_MUST_USE;
/* The value of the graph's output `index`. */
sf_result sf_onnx_graph_output(onnx_node *node, onnx_scope *scope,
                               const Onnx__ValueInfoProto *output,
                               const onnx_value **out) SF_MUST_USE;
/* function.c: the body of a function in place of its call. */
sf_result sf_onnx_index_functions(onnx_import *import) SF_MUST_USE;
const Onnx__FunctionProto *sf_onnx_find_function(const onnx_node *node);
sf_result
sf_onnx_walk_function(onnx_node *node,
                      const Onnx__FunctionProto *function) SF_MUST_USE;
/* attribute.c: looks through ref_attr_name. NULL: absent. */
const Onnx__AttributeProto *sf_onnx_attribute(const onnx_node *node,
                                              const char *name);

/* control_if.c, control_loop.c, control_scan.c */
sf_result sf_onnx_walk_if(onnx_node *node) SF_MUST_USE;
sf_result sf_onnx_walk_loop(onnx_node *node) SF_MUST_USE;
sf_result sf_onnx_walk_scan(onnx_node *node) SF_MUST_USE;
/* Output `index` of `node` is `value`, whatever that is. */
void sf_onnx_bind(onnx_node *node, uint32_t index, const onnx_value *value);
/* Index `at` of `axis`, without that axis. NULL as sf_onnx_failed. */
onnx_value *sf_onnx_take(onnx_node *node, const onnx_value *value,
                         unsigned axis, int64_t at);
/* `count` values of one shape side by side along a new `axis`. */
onnx_value *sf_onnx_stack(onnx_node *node, uint32_t count,
                          onnx_value *const *values, unsigned axis);

/* inputs.c: arguments and returns of the network. */
sf_result sf_onnx_add_arguments(onnx_import *import,
                                onnx_scope *scope) SF_MUST_USE;
sf_result sf_onnx_add_returns(onnx_import *import,
                              onnx_scope *scope) SF_MUST_USE;

#endif
