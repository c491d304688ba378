/* build.c - ops and blobs of the network, and the shapes between ONNX and it.
 */
#include "frontend/onnx/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sf_type sf_onnx_type(onnx_dtype dtype, const onnx_shape *shape, unsigned rank) {
  int32_t dim[ONNX_RANK_MAX];
  for (unsigned i = 0; i < rank; i++) {
    unsigned from_end = rank - i;
    dim[i] = from_end > shape->rank
                 ? 1
                 : (int32_t)shape->dim[shape->rank - from_end];
  }
  return sf_type_make(sf_onnx_scalar(dtype), rank, dim);
}

int64_t sf_onnx_leading(const onnx_shape *shape, unsigned rank) {
  int64_t product = 1;
  for (unsigned i = 0; i + rank < shape->rank; i++)
    product *= shape->dim[i];
  return product;
}

/* ---- Ops. ---- */

/* The first op of a node gets its output's name, the others a number more;
 * sf_onnx_emit gives the name to the one that is the output. */
static const char *value_name(const onnx_node *node) {
  const char *name = node->output_count ? node->outputs[0]->name : "";
  return *name ? name : node->label;
}

static sf_value *add_result(onnx_node *node, sf_op *op, const sf_type *type) {
  return op ? sf_op_add_result(op, value_name(node), type) : NULL;
}

sf_value *sf_onnx_build_list(onnx_node *node, sf_op_kind kind,
                             const sf_type *type, uint32_t count,
                             sf_value *const *values) {
  for (uint32_t i = 0; i < count; i++)
    if (!values[i]) return NULL;
  sf_op *op = sf_op_create(node->import->network, NULL, kind, count, node->loc);
  for (uint32_t i = 0; op && i < count; i++)
    sf_op_set_operand(op, i, values[i]);
  return add_result(node, op, type);
}

sf_value *sf_onnx_build1(onnx_node *node, sf_op_kind kind, const sf_type *type,
                         sf_value *x) {
  return sf_onnx_build_list(node, kind, type, 1, &x);
}

sf_value *sf_onnx_build2(onnx_node *node, sf_op_kind kind, const sf_type *type,
                         sf_value *a, sf_value *b) {
  sf_value *values[] = {a, b};
  return sf_onnx_build_list(node, kind, type, 2, values);
}

sf_value *sf_onnx_build_blobs(onnx_node *node, sf_op_kind kind,
                              const sf_type *type, sf_value *x, uint32_t count,
                              sf_blob *const *blobs) {
  if (!x) return NULL;
  sf_op *op =
      sf_op_create(node->import->network, NULL, kind, 1 + count, node->loc);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, x);
  for (uint32_t i = 0; i < count; i++) {
    if (!blobs[i]) return NULL;
    sf_op_set_operand_blob(op, 1 + i, blobs[i]);
  }
  return add_result(node, op, type);
}

sf_value *sf_onnx_build_weights(onnx_node *node, sf_op_kind kind,
                                const sf_type *type, sf_value *x,
                                sf_blob *weights, sf_blob *bias) {
  sf_blob *blobs[] = {weights, bias};
  return sf_onnx_build_blobs(node, kind, type, x, bias ? 2 : 1, blobs);
}

sf_value *sf_onnx_build_blob(onnx_node *node, sf_op_kind kind,
                             const sf_type *type, sf_value *x, sf_blob *blob) {
  return sf_onnx_build_weights(node, kind, type, x, blob, NULL);
}

sf_value *sf_onnx_build_slice(onnx_node *node, sf_value *x,
                              const int64_t *begin, const int64_t *end,
                              const int64_t *step) {
  if (!x) return NULL;
  sf_type type = x->type;
  uint32_t rank = type.rank;
  for (unsigned i = 0; i < rank; i++) {
    int64_t reach = step[i] > 0 ? end[i] - begin[i] : begin[i] - end[i];
    int64_t stride = step[i] > 0 ? step[i] : -step[i];
    type.dim[i] = (int32_t)((reach + stride - 1) / stride);
  }
  if (sf_type_equal(&type, &x->type)) {
    bool same = true;
    for (unsigned i = 0; i < rank; i++)
      same &= step[i] == 1;
    if (same) return x;
  }
  sf_value *y = sf_onnx_build1(node, SF_OP_SLICE, &type, x);
  if (!y || sf_op_set_ints(y->op, SF_ATTR_begin, rank, begin) ||
      sf_op_set_ints(y->op, SF_ATTR_end, rank, end) ||
      sf_op_set_ints(y->op, SF_ATTR_step, rank, step))
    return NULL;
  return y;
}

sf_value *sf_onnx_build_concat(onnx_node *node, uint32_t count,
                               sf_value *const *values, unsigned axis) {
  if (!values[0] || count == 1) return values[0];
  sf_type type = values[0]->type;
  int64_t extent = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (!values[i]) return NULL;
    extent += values[i]->type.dim[axis];
  }
  type.dim[axis] = (int32_t)extent;
  sf_value *y = sf_onnx_build_list(node, SF_OP_CONCAT, &type, count, values);
  if (!y || sf_op_set_int(y->op, SF_ATTR_axis, axis)) return NULL;
  return y;
}

/* ---- Shapes. ---- */

sf_value *sf_onnx_reshape(onnx_node *node, sf_value *value, unsigned rank,
                          const int32_t *dim) {
  if (!value) return NULL;
  sf_type type = sf_type_make(value->type.scalar, rank, dim);
  if (sf_type_equal(&type, &value->type)) return value;
  return sf_onnx_build1(node, SF_OP_RESHAPE, &type, value);
}

sf_value *sf_onnx_constant_stream(onnx_node *node, const onnx_tensor *tensor) {
  sf_type type =
      sf_onnx_type(tensor->dtype, &tensor->shape, tensor->shape.rank);
  sf_blob *blob = sf_onnx_blob(node, tensor, type.rank, type.dim);
  sf_op *op = blob ? sf_op_create(node->import->network, NULL, SF_OP_RESHAPE, 1,
                                  node->loc)
                   : NULL;
  if (!op) return NULL;
  sf_op_set_operand_blob(op, 0, blob);
  return add_result(node, op, &type);
}

/* The IR value behind an input, of whatever rank. */
static sf_value *any_stream(onnx_node *node, uint32_t index) {
  const onnx_value *value = sf_onnx_input(node, index);
  if (value->kind == ONNX_STREAM) return value->stream;
  if (value->kind == ONNX_CONSTANT)
    return sf_onnx_constant_stream(node, value->tensor);
  (void)sf_onnx_refuse(node, NULL, "input %u is missing", index);
  return NULL;
}

sf_value *sf_onnx_stream(onnx_node *node, uint32_t index, unsigned rank) {
  const onnx_value *value = sf_onnx_input(node, index);
  sf_value *stream = any_stream(node, index);
  if (!stream) return NULL;
  if (sf_onnx_leading(&value->shape, rank) != 1) {
    (void)sf_onnx_refuse(node, NULL,
                         "input '%s' has more than %u axes that are not 1",
                         value->name, rank);
    return NULL;
  }
  sf_type type = sf_onnx_type(value->dtype, &value->shape, rank);
  return sf_onnx_reshape(node, stream, rank, type.dim);
}

sf_value *sf_onnx_stream_as(onnx_node *node, uint32_t index,
                            const onnx_shape *shape) {
  const onnx_value *value = sf_onnx_input(node, index);
  sf_value *stream = any_stream(node, index);
  if (!stream) return NULL;
  sf_type type = sf_onnx_type(value->dtype, shape, shape->rank);
  return sf_onnx_reshape(node, stream, shape->rank, type.dim);
}

/* ---- Outputs. ---- */

/* A value that the node built takes its output's name; the one that had it
 * before it, inside the node, gets a number. */
static sf_result rename_value(onnx_node *node, sf_value *value,
                              const char *name) {
  sf_names *names = node->import->network->names;
  sf_value *holder = sf_names_find(names, sf_slice_of(name));
  if (holder == value || !value->op || value->op->loc.node != node->label)
    return SF_OK;
  if (holder && (!holder->op || holder->op->loc.node != node->label))
    return SF_OK;
  sf_names_remove(names, value->name);
  if (holder) {
    sf_names_remove(names, name);
    const char *kept = value->name;
    value->name = holder->name;
    holder->name = kept;
    SF_TRY(sf_names_set(names, holder->name, holder));
  } else {
    value->name = sf_names_unique(names, name);
    if (!value->name) return SF_OOM;
  }
  return sf_names_set(names, value->name, value);
}

/* The IR value has the elements of `shape`, in the same order. */
static bool agrees(const sf_type *type, const onnx_shape *shape) {
  if (sf_onnx_elements(shape) != sf_type_elements(type)) return false;
  unsigned extra = type->rank > shape->rank ? type->rank - shape->rank : 0;
  for (unsigned i = 0; i < extra; i++)
    if (type->dim[i] != 1) return false;
  for (unsigned i = extra; i < type->rank; i++)
    if (type->dim[i] != shape->dim[shape->rank - type->rank + i]) return false;
  return true;
}

/* Extents of a stream are at least 1, and there are less than 2^31 elements. */
sf_result sf_onnx_check_shape(onnx_node *node, const onnx_shape *shape) {
  uint64_t count = 1;
  char text[ONNX_SHAPE_TEXT_MAX];
  for (unsigned i = 0; i < shape->rank; i++) {
    if (shape->dim[i] < 1)
      return sf_onnx_refuse(node, NULL, "the result has no element: %s",
                            sf_onnx_shape_text(shape, text));
    if (shape->dim[i] > INT32_MAX / (int64_t)count)
      return sf_onnx_refuse(node, NULL, "the result is too large: %s",
                            sf_onnx_shape_text(shape, text));
    count *= (uint64_t)shape->dim[i];
  }
  return SF_OK;
}

sf_result sf_onnx_emit(onnx_node *node, uint32_t index, sf_value *value,
                       onnx_dtype dtype, const onnx_shape *shape) {
  if (!value) return sf_onnx_failed(node);
  SF_TRY(sf_onnx_check_shape(node, shape));
  if (!agrees(&value->type, shape)) {
    char type[160], text[ONNX_SHAPE_TEXT_MAX];
    sf_type_text(&value->type, type, sizeof type);
    return sf_error(node->import->diag, SF_DIAG_INTERNAL, node->loc,
                    "%s made %s of %s", node->op_type, type,
                    sf_onnx_shape_text(shape, text));
  }
  if (index < node->output_count && *node->outputs[index]->name)
    SF_TRY(rename_value(node, value, node->outputs[index]->name));
  onnx_value out = {
      .kind = ONNX_STREAM, .dtype = dtype, .shape = *shape, .stream = value};
  sf_onnx_bind(node, index, &out);
  return SF_OK;
}
