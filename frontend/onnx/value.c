/* value.c - parts and stacks of values, for the loops that are unrolled. */
#include "frontend/onnx/model.h"

static onnx_value *new_value(onnx_node *node, onnx_value_kind kind,
                             onnx_dtype dtype, const onnx_shape *shape) {
  onnx_value *value = SF_NEW(node->import->arena, onnx_value);
  if (!value) return NULL;
  *value =
      (onnx_value){.kind = kind, .name = "", .dtype = dtype, .shape = *shape};
  return value;
}

/* The IR value of whatever rank. */
static sf_value *any_stream(onnx_node *node, const onnx_value *value) {
  return value->kind == ONNX_STREAM
             ? value->stream
             : sf_onnx_constant_stream(node, value->tensor);
}

/* A stream with all axes of its ONNX shape. */
static sf_value *whole(onnx_node *node, const onnx_value *value) {
  sf_value *stream = any_stream(node, value);
  sf_type type = sf_onnx_type(value->dtype, &value->shape, value->shape.rank);
  return sf_onnx_reshape(node, stream, type.rank, type.dim);
}

static onnx_value *take_stream(onnx_node *node, const onnx_value *value,
                               unsigned axis, int64_t at,
                               const onnx_shape *shape) {
  int64_t begin[ONNX_RANK_MAX] = {0}, end[ONNX_RANK_MAX], step[ONNX_RANK_MAX];
  for (unsigned i = 0; i < value->shape.rank; i++) {
    end[i] = value->shape.dim[i];
    step[i] = 1;
  }
  begin[axis] = at;
  end[axis] = at + 1;
  sf_value *cut =
      sf_onnx_build_slice(node, whole(node, value), begin, end, step);
  sf_type type = sf_onnx_type(value->dtype, shape, shape->rank);
  onnx_value *taken = new_value(node, ONNX_STREAM, value->dtype, shape);
  if (!taken) return NULL;
  taken->stream = sf_onnx_reshape(node, cut, type.rank, type.dim);
  return taken->stream ? taken : NULL;
}

onnx_value *sf_onnx_take(onnx_node *node, const onnx_value *value,
                         unsigned axis, int64_t at) {
  if (value->kind == ONNX_REFUSED) {
    onnx_value *refused = SF_NEW(node->import->arena, onnx_value);
    if (refused) *refused = *value;
    return refused;
  }
  onnx_shape shape = {.rank = (uint8_t)(value->shape.rank - 1)};
  for (unsigned i = 0; i < shape.rank; i++)
    shape.dim[i] = value->shape.dim[i + (i >= axis)];
  if (value->kind == ONNX_STREAM)
    return take_stream(node, value, axis, at, &shape);
  /* A view: the axis is made 1 long, then left out. */
  onnx_tensor *view = SF_NEW(node->import->arena, onnx_tensor);
  onnx_value *taken = new_value(node, ONNX_CONSTANT, value->dtype, &shape);
  if (!view || !taken) return NULL;
  int64_t begin[ONNX_RANK_MAX] = {0}, step[ONNX_RANK_MAX];
  onnx_shape one = value->shape;
  one.dim[axis] = 1;
  for (unsigned i = 0; i < one.rank; i++)
    step[i] = 1;
  begin[axis] = at;
  onnx_tensor *cut =
      sf_onnx_tensor_slice(node, value->tensor, begin, step, &one);
  taken->tensor = cut ? sf_onnx_tensor_reshape(node, cut, &shape) : NULL;
  return taken->tensor ? taken : NULL;
}

/* ---- Stacks. ---- */

static onnx_value *stack_streams(onnx_node *node, uint32_t count,
                                 onnx_value *const *values, unsigned axis,
                                 const onnx_shape *shape) {
  sf_value **parts = SF_NEW_ARRAY(node->import->arena, sf_value *, count);
  onnx_value *stack = new_value(node, ONNX_STREAM, values[0]->dtype, shape);
  if (!parts || !stack) return NULL;
  onnx_shape one = *shape;
  one.dim[axis] = 1;
  sf_type type = sf_onnx_type(values[0]->dtype, &one, one.rank);
  for (uint32_t i = 0; i < count; i++)
    parts[i] =
        sf_onnx_reshape(node, any_stream(node, values[i]), type.rank, type.dim);
  stack->stream = sf_onnx_build_concat(node, count, parts, axis);
  return stack->stream ? stack : NULL;
}

/* Elements before and behind the new axis keep their order. */
static onnx_value *stack_constants(onnx_node *node, uint32_t count,
                                   onnx_value *const *values, unsigned axis,
                                   const onnx_shape *shape) {
  onnx_value *stack = new_value(node, ONNX_CONSTANT, values[0]->dtype, shape);
  if (!stack || !sf_onnx_charge(node, sf_onnx_elements(shape))) return NULL;
  stack->tensor = sf_onnx_tensor_create(node, values[0]->dtype, shape);
  if (!stack->tensor) return NULL;
  uint64_t inner = 1;
  for (unsigned i = axis + 1; i < shape->rank; i++)
    inner *= (uint64_t)shape->dim[i];
  uint64_t each = sf_onnx_elements(&values[0]->shape);
  for (uint32_t v = 0; v < count; v++)
    for (uint64_t i = 0; i < each; i++) {
      uint64_t to = (i / inner * count + v) * inner + i % inner;
      sf_onnx_copy(stack->tensor, to, values[v]->tensor, i);
    }
  return stack;
}

onnx_value *sf_onnx_stack(onnx_node *node, uint32_t count,
                          onnx_value *const *values, unsigned axis) {
  bool streams = false;
  for (uint32_t i = 0; i < count; i++) {
    if (values[i]->kind == ONNX_REFUSED) return values[i];
    if (values[i]->kind == ONNX_ABSENT) {
      (void)sf_onnx_refuse(node, NULL,
                           "the body gives no value for an output of the node");
      return NULL;
    }
    streams |= values[i]->kind == ONNX_STREAM;
    if (values[i]->dtype != values[0]->dtype ||
        !sf_onnx_same_shape(&values[i]->shape, &values[0]->shape)) {
      (void)sf_onnx_refuse(
          node, NULL, "a scan output has another shape in iteration %u", i);
      return NULL;
    }
  }
  onnx_shape shape = {.rank = (uint8_t)(values[0]->shape.rank + 1)};
  if (shape.rank > ONNX_RANK_MAX || axis >= shape.rank) {
    (void)sf_onnx_refuse(node, NULL, "a scan output would have %u axes",
                         (unsigned)shape.rank);
    return NULL;
  }
  for (unsigned i = 0; i < shape.rank; i++)
    shape.dim[i] =
        i == axis ? (int64_t)count : values[0]->shape.dim[i - (i > axis)];
  return streams ? stack_streams(node, count, values, axis, &shape)
                 : stack_constants(node, count, values, axis, &shape);
}
