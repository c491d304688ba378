/* onnx.h - what the parts of the ONNX reader share: tensors, values, nodes,
 * the operator tables.
 *
 * The reader walks the nodes of the graph in order and keeps, for each name, an
 * `onnx_value`: a constant tensor, a stream of the network, or the mark of a
 * refusal. A node whose inputs are all constants is evaluated (constant_*.c);
 * any other is translated (op_*.c). If, Loop, Scan and functions are walked in
 * place, so that translators never see them.
 *
 * To add an operator: write `static sf_result translate_x(onnx_node *node)` in
 * an op_*.c (new files are found by CMake) and a row in the table of that file;
 * a new table is named in `tables` of operators.c. A translator reads
 * sf_onnx_input, sf_onnx_int .., asks for the shape that the op of the IR needs
 * (sf_onnx_stream, sf_onnx_stream_as), builds (sf_onnx_build ..) and ends with
 * `return sf_onnx_emit(..)`. What it cannot say it refuses: `return
 * sf_onnx_refuse(node, "what would help", "reason")`. NULL is out of memory
 * everywhere, and the build functions take NULL operands and give NULL.
 *
 * Shapes. A stream has the shape that ONNX states, batch axis included; the IR
 * value behind it may lack leading axes of extent 1: [1, 8, 14, 14] may be
 * f32[8, 14, 14]. Translators see ONNX shapes and axes; sf_onnx_stream gives
 * the IR value with the rank that is wanted. */
#ifndef SF_ONNX_H
#define SF_ONNX_H

#include "sf/frontend.h"
#include "support/file.h"
#include <onnx.pb-c.h>

enum {
  ONNX_RANK_MAX = SF_RANK_MAX,
  ONNX_OPSET_FLOOR = 7,   /* older ones are read with a warning */
  ONNX_OPSET_KNOWN = 27,  /* of onnx 1.22.0; newer ones with a warning */
  ONNX_OPSET_NEWEST = 999 /* in tables: as new as ONNX_OPSET_KNOWN */
};

/* Element types, by ONNX's numbers. */
typedef enum onnx_dtype {
  ONNX_UNDEFINED = 0,
  ONNX_FLOAT = 1,
  ONNX_UINT8 = 2,
  ONNX_INT8 = 3,
  ONNX_UINT16 = 4,
  ONNX_INT16 = 5,
  ONNX_INT32 = 6,
  ONNX_INT64 = 7,
  ONNX_STRING = 8,
  ONNX_BOOL = 9,
  ONNX_FLOAT16 = 10,
  ONNX_DOUBLE = 11,
  ONNX_UINT32 = 12,
  ONNX_UINT64 = 13,
  ONNX_BFLOAT16 = 16,
  ONNX_UINT4 = 21,
  ONNX_INT4 = 22,
  ONNX_UINT2 = 25,
  ONNX_INT2 = 26
} onnx_dtype;

const char *sf_onnx_dtype_text(onnx_dtype dtype); /* "float16" */
bool sf_onnx_dtype_known(onnx_dtype dtype); /* one that tensors may have */
bool sf_onnx_is_float(onnx_dtype dtype);
bool sf_onnx_is_signed(onnx_dtype dtype); /* floats too */
/* Bits of a value: 1 for bool, 4 for int4, 64 for int64. */
unsigned sf_onnx_dtype_bits(onnx_dtype dtype);
/* What a stream of it is: floats f32, bool spike, integers the narrowest iN
 * that holds them, 64 bits and uint32 i32 (values must fit). */
sf_scalar sf_onnx_scalar(onnx_dtype dtype);

typedef struct onnx_shape {
  uint8_t rank;
  int64_t dim[ONNX_RANK_MAX];
} onnx_shape;

uint64_t sf_onnx_elements(const onnx_shape *shape); /* below 2^31, checked */
bool sf_onnx_same_shape(const onnx_shape *a, const onnx_shape *b);
/* "[1, 3, 224, 224]"; returns `out`. */
enum { ONNX_SHAPE_TEXT_MAX = 24 * ONNX_RANK_MAX };
const char *sf_onnx_shape_text(const onnx_shape *shape,
                               char out[ONNX_SHAPE_TEXT_MAX]);
/* ONNX's multidirectional broadcast; false: the extents do not agree. */
bool sf_onnx_broadcast(const onnx_shape *a, const onnx_shape *b,
                       onnx_shape *out);
/* `axis` from -rank to rank-1 becomes 0 .. rank-1; false: outside. */
bool sf_onnx_axis(int64_t axis, unsigned rank, unsigned *out);

/* ---- Tensors: constants. tensor.c, tensor_load.c ---- */

/* A constant array: a view on elements that lie in the mapped model, in an
 * external file, or were computed. Views share elements: transposing, slicing
 * and broadcasting copy nothing. Elements of 4 and 2 bits take a byte here. */
typedef struct onnx_tensor {
  onnx_dtype dtype;
  onnx_shape shape;
  int64_t stride[ONNX_RANK_MAX]; /* elements; 0 repeats */
  const char *data;              /* first element; perhaps unaligned */
  const char *path;              /* file that `data` lies in, or NULL */
  uint64_t file_offset;          /* of `data`, bytes */
  const char *name;              /* for blobs; NULL: computed */
  bool contiguous;               /* C order without gaps */
  struct onnx_block *block;      /* private: memory that was computed into */
} onnx_tensor;

typedef struct onnx_import onnx_import;
typedef struct onnx_node onnx_node;

/* A computed tensor, zeroed, for the caller to fill. NULL: out of memory, or
 * refused (node->refused) because constants would grow too large. */
onnx_tensor *sf_onnx_tensor_create(onnx_node *node, onnx_dtype dtype,
                                   const onnx_shape *shape);
/* Before computing constants: counts element operations, so that no file makes
 * the import hang. false: refused, there are too many. */
bool sf_onnx_charge(onnx_node *node, uint64_t operations);
/* All elements the same; takes no room. */
onnx_tensor *sf_onnx_tensor_splat_i64(onnx_node *node, onnx_dtype dtype,
                                      const onnx_shape *shape, int64_t value);
onnx_tensor *sf_onnx_tensor_splat_f64(onnx_node *node, onnx_dtype dtype,
                                      const onnx_shape *shape, double value);
/* A one-dimensional int64 tensor. */
onnx_tensor *sf_onnx_tensor_ints(onnx_node *node, const int64_t *values,
                                 size_t count);
/* Element `index` in C order of the view. i64 of a float truncates. */
int64_t sf_onnx_get_i64(const onnx_tensor *tensor, uint64_t index);
double sf_onnx_get_f64(const onnx_tensor *tensor, uint64_t index);
/* Of a tensor that was created: rounds once, wraps integers to their width. */
void sf_onnx_set_i64(onnx_tensor *tensor, uint64_t index, int64_t value);
void sf_onnx_set_f64(onnx_tensor *tensor, uint64_t index, double value);
/* Element `to` of a created tensor becomes element `from` of another of its
 * type. */
void sf_onnx_copy(onnx_tensor *made, uint64_t to, const onnx_tensor *tensor,
                  uint64_t from);
bool sf_onnx_is_splat(const onnx_tensor *tensor); /* one stored element */

/* Views and conversions; NULL as for create. */
onnx_tensor *sf_onnx_tensor_transpose(onnx_node *node, const onnx_tensor *t,
                                      const unsigned *perm);
/* Same elements in C order; copies where strides demand it. */
onnx_tensor *sf_onnx_tensor_reshape(onnx_node *node, const onnx_tensor *t,
                                    const onnx_shape *shape);
/* Numpy's broadcast to a shape that it broadcasts to. */
onnx_tensor *sf_onnx_tensor_expand(onnx_node *node, const onnx_tensor *t,
                                   const onnx_shape *shape);
onnx_tensor *sf_onnx_tensor_slice(onnx_node *node, const onnx_tensor *t,
                                  const int64_t *begin, const int64_t *step,
                                  const onnx_shape *shape);
onnx_tensor *sf_onnx_tensor_cast(onnx_node *node, const onnx_tensor *t,
                                 onnx_dtype dtype);

/* ---- Values: what a name stands for. ---- */

typedef enum onnx_value_kind {
  ONNX_ABSENT, /* an optional input that is not there */
  ONNX_CONSTANT,
  ONNX_STREAM,
  ONNX_REFUSED /* depends on a node that was refused */
} onnx_value_kind;

typedef struct onnx_value {
  onnx_value_kind kind;
  const char *name;
  onnx_dtype dtype;
  onnx_shape shape;
  onnx_tensor *tensor; /* CONSTANT */
  sf_value *stream;    /* STREAM: `shape`, perhaps without leading 1s */
  const struct onnx_padding *padding; /* STREAM: zeros around it, or NULL */
} onnx_value;

/* ---- Nodes. node.c, attribute.c ---- */

struct onnx_node {
  onnx_import *import;
  sf_arena *arena; /* lives as long as the import */
  const Onnx__NodeProto *proto;
  struct onnx_scope *scope; /* private */
  const char *domain;       /* "": the standard one */
  const char *op_type;
  const char *label; /* its name, or its first output's */
  int opset;         /* version of the domain that the model imports */
  sf_loc loc;        /* file and label: of the ops that are built */
  uint32_t input_count, output_count;
  const onnx_value **inputs;
  onnx_value **outputs; /* set by sf_onnx_emit and its kin */
  bool refused;
  const char *wrong_attribute; /* private: one of another kind than its name */
};

/* Input `index`; kind ABSENT where the node has none. Never NULL. */
const onnx_value *sf_onnx_input(const onnx_node *node, uint32_t index);
bool sf_onnx_has_input(const onnx_node *node, uint32_t index);
/* The tensor of a constant input; NULL: absent or a stream. */
const onnx_tensor *sf_onnx_constant(const onnx_node *node, uint32_t index);
/* The same, or a refusal that says which input must be constant. */
sf_result sf_onnx_need_constant(onnx_node *node, uint32_t index,
                                const char *what,
                                const onnx_tensor **out) SF_MUST_USE;
/* Whether output `index` is there and named. */
bool sf_onnx_wants(const onnx_node *node, uint32_t index);

/* Attributes by name. One of another kind than asked for counts as absent, and
 * the node is refused for it in the end. */
bool sf_onnx_has_attribute(const onnx_node *node, const char *name);
int64_t sf_onnx_int(onnx_node *node, const char *name, int64_t fallback);
double sf_onnx_float(onnx_node *node, const char *name, double fallback);
/* Terminated copy; `fallback` may be NULL. */
const char *sf_onnx_text(onnx_node *node, const char *name,
                         const char *fallback);
/* Lists: the count, 0 when absent. */
size_t sf_onnx_ints(onnx_node *node, const char *name, const int64_t **out);
size_t sf_onnx_floats(onnx_node *node, const char *name, const float **out);
size_t sf_onnx_texts(onnx_node *node, const char *name,
                     const char *const **out);
/* *out NULL: absent. */
sf_result sf_onnx_attribute_tensor(onnx_node *node, const char *name,
                                   onnx_tensor **out) SF_MUST_USE;
/* A list that is an attribute before opset `since` and input `index` from then
 * on (axes, pads, ..). Count in *count, -1 when absent. The input must be
 * constant. *out lives as long as the import. */
sf_result sf_onnx_list(onnx_node *node, const char *name, int since,
                       uint32_t index, const int64_t **out,
                       int64_t *count) SF_MUST_USE;
/* The same for axes of a tensor of `rank` axes: 0 .. rank-1, ascending, each
 * once; refuses others. */
sf_result sf_onnx_axes(onnx_node *node, int since, uint32_t index,
                       unsigned rank, unsigned out[ONNX_RANK_MAX],
                       int64_t *count) SF_MUST_USE;

/* ---- Refusing, warning, choosing. report.c ---- */

/* Reports the node with operator, opset, input shapes and the reason, and marks
 * it. `help`: what would help, NULL when nothing would. Always SF_FAIL; the
 * walk goes on, so that one run reports every refusal. */
sf_result sf_onnx_refuse(onnx_node *node, const char *help, const char *format,
                         ...) SF_PRINTF(3, 4);
#ifdef __clang_analyzer__
/* It sees one file at a time, and must know that a refusal is not SF_OK. */
#define sf_onnx_refuse(...) ((void)sf_onnx_refuse(__VA_ARGS__), SF_FAIL)
#endif
/* SF_OOM, or SF_FAIL when `node` was refused: after a NULL from above. */
sf_result sf_onnx_failed(const onnx_node *node);
/* A choice of the reader, printed once an import: the first reason counts. */
sf_result sf_onnx_choose(onnx_import *import, const char *name,
                         const char *value, const char *reason) SF_MUST_USE;

/* ---- Building the network. build.c ---- */

/* IR type of a stream of `dtype` and the last `rank` axes of `shape`. */
sf_type sf_onnx_type(onnx_dtype dtype, const onnx_shape *shape, unsigned rank);
/* Input `index` as a stream of exactly `rank` axes: leading axes of extent 1
 * are dropped or added by `reshape` where needed; a constant becomes a stream.
 * NULL with a refusal when a leading axis is longer: ask sf_onnx_leading first.
 */
sf_value *sf_onnx_stream(onnx_node *node, uint32_t index, unsigned rank);
/* Product of the axes before the last `rank` ones. */
int64_t sf_onnx_leading(const onnx_shape *shape, unsigned rank);
/* Any shape with as many elements. */
sf_value *sf_onnx_stream_as(onnx_node *node, uint32_t index,
                            const onnx_shape *shape);
/* The same for an IR value that is being built. */
sf_value *sf_onnx_reshape(onnx_node *node, sf_value *value, unsigned rank,
                          const int32_t *dim);
/* A constant as a stream, dtype and shape as it has. */
sf_value *sf_onnx_constant_stream(onnx_node *node, const onnx_tensor *tensor);

/* An op with one result of `type`; its attributes follow with sf_op_set_*
 * (value->op). */
sf_value *sf_onnx_build1(onnx_node *node, sf_op_kind kind, const sf_type *type,
                         sf_value *x);
sf_value *sf_onnx_build2(onnx_node *node, sf_op_kind kind, const sf_type *type,
                         sf_value *a, sf_value *b);
/* Streams first, then blobs; a NULL bias is left out. */
sf_value *sf_onnx_build_blob(onnx_node *node, sf_op_kind kind,
                             const sf_type *type, sf_value *x, sf_blob *blob);
sf_value *sf_onnx_build_weights(onnx_node *node, sf_op_kind kind,
                                const sf_type *type, sf_value *x,
                                sf_blob *weights, sf_blob *bias);
sf_value *sf_onnx_build_blobs(onnx_node *node, sf_op_kind kind,
                              const sf_type *type, sf_value *x, uint32_t count,
                              sf_blob *const *blobs);
sf_value *sf_onnx_build_list(onnx_node *node, sf_op_kind kind,
                             const sf_type *type, uint32_t count,
                             sf_value *const *values);
/* A cut, begin to end with steps, one number an axis of `x`. */
sf_value *sf_onnx_build_slice(onnx_node *node, sf_value *x,
                              const int64_t *begin, const int64_t *end,
                              const int64_t *step);
/* Concatenation of `count` streams that differ along `axis` only. */
sf_value *sf_onnx_build_concat(onnx_node *node, uint32_t count,
                               sf_value *const *values, unsigned axis);

/* A blob of the tensor with IR shape dim[rank] (as many elements) and dtype's
 * scalar. f32, f16 and i8 .. i32 elements that lie in a file stay there. Made
 * once for each tensor and shape. Refuses integers that do not fit. */
sf_blob *sf_onnx_blob(onnx_node *node, const onnx_tensor *tensor, unsigned rank,
                      const int32_t *dim);
/* A 1-d blob of computed numbers, called LABEL.suffix. */
sf_blob *sf_onnx_blob_f32(onnx_node *node, const char *suffix, unsigned rank,
                          const int32_t *dim, const float *values);
/* A blob of one number for each of the `rank` axes' extent 1. */
sf_blob *sf_onnx_blob_number(onnx_node *node, const char *suffix, unsigned rank,
                             float value);

/* Refuses extents below 1 and 2^31 elements: ask before computing types. */
sf_result sf_onnx_check_shape(onnx_node *node,
                              const onnx_shape *shape) SF_MUST_USE;
/* Output `index` becomes the stream. `shape` is ONNX's; the IR value may lack
 * leading axes of extent 1. NULL passes up as sf_onnx_failed. */
sf_result sf_onnx_emit(onnx_node *node, uint32_t index, sf_value *value,
                       onnx_dtype dtype, const onnx_shape *shape) SF_MUST_USE;
sf_result sf_onnx_emit_constant(onnx_node *node, uint32_t index,
                                onnx_tensor *tensor) SF_MUST_USE;
/* Output `index` is input `input`, whatever that is. */
sf_result sf_onnx_emit_same(onnx_node *node, uint32_t index,
                            uint32_t input) SF_MUST_USE;

/* ---- Operators. operators.c ---- */

/* What becomes of an operator (docs/onnx.md explains the words). */
typedef enum onnx_mapping {
  ONNX_FOLD,   /* disappears into its neighbours */
  ONNX_LINEAR, /* weighted projection */
  ONNX_POOL,
  ONNX_NEURON, /* nonlinearity: becomes populations */
  ONNX_SHAPE,  /* moves elements */
  ONNX_CONST,  /* evaluated: inputs must be constant */
  ONNX_WALK,   /* walked in place: If, Loop, Scan */
  ONNX_HOST,   /* analog: interpreter and CPU code; no exact spiking form */
  ONNX_NEVER   /* refused by name */
} onnx_mapping;

typedef struct onnx_operator {
  const char *domain; /* "" */
  const char *name;   /* NULL ends a table */
  int first, newest;  /* opsets of the domain whose meaning is known */
  onnx_mapping mapping;
  /* NULL: only evaluated, or refused. */
  sf_result (*translate)(onnx_node *node);
  const char *note; /* one line for users: limits; what helps where refused */
} onnx_operator;

/* A row of constant_*.c: every input is a constant. */
typedef struct onnx_evaluator {
  const char *name; /* of the standard domain; NULL ends a table */
  sf_result (*evaluate)(onnx_node *node);
} onnx_evaluator;

/* NULL: unknown. */
const onnx_operator *sf_onnx_operator(const char *domain, const char *name);
const onnx_evaluator *sf_onnx_evaluator(const char *domain, const char *name);

/* Tables of op_*.c and constant_*.c. */
extern const onnx_operator sf_onnx_constant_rows[];
extern const onnx_operator sf_onnx_control_rows[];
extern const onnx_operator sf_onnx_elementwise_rows[];
extern const onnx_operator sf_onnx_conv_rows[];
extern const onnx_operator sf_onnx_linear_rows[];
extern const onnx_operator sf_onnx_pool_rows[];
extern const onnx_operator sf_onnx_move_rows[];
extern const onnx_operator sf_onnx_shape_rows[];
extern const onnx_operator sf_onnx_normalize_rows[];
extern const onnx_operator sf_onnx_activation_rows[];
extern const onnx_operator sf_onnx_cast_rows[];
extern const onnx_operator sf_onnx_clip_rows[];
extern const onnx_operator sf_onnx_compare_rows[];
extern const onnx_operator sf_onnx_power_rows[];
extern const onnx_operator sf_onnx_reduce_rows[];
extern const onnx_operator sf_onnx_round_rows[];
extern const onnx_operator sf_onnx_softmax_rows[];
extern const onnx_operator sf_onnx_copy_rows[];
extern const onnx_operator sf_onnx_pad_rows[];
extern const onnx_operator sf_onnx_resize_rows[];
extern const onnx_operator sf_onnx_split_rows[];
extern const onnx_operator sf_onnx_layernorm_rows[];
extern const onnx_operator sf_onnx_qlinear_rows[];
extern const onnx_operator sf_onnx_qonnx_rows[];
extern const onnx_operator sf_onnx_quantize_rows[];
extern const onnx_operator sf_onnx_attention_rows[];
extern const onnx_operator sf_onnx_convt_rows[];
extern const onnx_operator sf_onnx_einsum_rows[];
extern const onnx_operator sf_onnx_recurrent_rows[];
extern const onnx_operator sf_onnx_rotary_rows[];
extern const onnx_operator sf_onnx_refused_rows[];
extern const onnx_operator sf_onnx_triangle_rows[];
extern const onnx_evaluator sf_onnx_constant_arithmetic[];
extern const onnx_evaluator sf_onnx_constant_unary[];
extern const onnx_evaluator sf_onnx_constant_pad[];
extern const onnx_evaluator sf_onnx_constant_shape[];
extern const onnx_evaluator sf_onnx_constant_move[];
extern const onnx_evaluator sf_onnx_constant_reduce[];
extern const onnx_evaluator sf_onnx_move_evaluators[];
extern const onnx_evaluator sf_onnx_shape_evaluators[];

#endif
