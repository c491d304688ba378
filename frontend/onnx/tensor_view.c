/* tensor_view.c - other shapes of the same elements, and other types. */
#include "frontend/onnx/model.h"

#include <string.h>

static void finish_view(onnx_tensor *view) {
  int64_t stride = 1;
  view->contiguous = true;
  for (unsigned i = view->shape.rank; i-- > 0; stride *= view->shape.dim[i])
    if (view->shape.dim[i] != 1 && view->stride[i] != stride)
      view->contiguous = false;
}

static onnx_tensor *new_view(onnx_node *node, const onnx_tensor *t) {
  onnx_tensor *view = SF_NEW(node->import->arena, onnx_tensor);
  if (view) *view = *t;
  return view;
}

/* Moves the start of a view by whole elements. */
static void move_start(onnx_tensor *view, int64_t elements) {
  int64_t bytes = elements * (int64_t)sf_onnx_width(view->dtype);
  view->data += bytes;
  view->file_offset += (uint64_t)bytes;
}

onnx_tensor *sf_onnx_tensor_transpose(onnx_node *node, const onnx_tensor *t,
                                      const unsigned *perm) {
  onnx_tensor *view = new_view(node, t);
  if (!view) return NULL;
  for (unsigned i = 0; i < t->shape.rank; i++) {
    view->shape.dim[i] = t->shape.dim[perm[i]];
    view->stride[i] = t->stride[perm[i]];
  }
  finish_view(view);
  return view;
}

onnx_tensor *sf_onnx_tensor_expand(onnx_node *node, const onnx_tensor *t,
                                   const onnx_shape *shape) {
  onnx_tensor *limit = sf_onnx_tensor_splat_i64(node, ONNX_BOOL, shape, 0);
  onnx_tensor *view = limit ? new_view(node, t) : NULL; /* sizes are checked */
  if (!view) return NULL;
  view->shape = *shape;
  unsigned added = shape->rank - t->shape.rank;
  for (unsigned i = 0; i < shape->rank; i++) {
    bool repeats = i < added || t->shape.dim[i - added] == 1;
    view->stride[i] = repeats ? 0 : t->stride[i - added];
  }
  finish_view(view);
  return view;
}

onnx_tensor *sf_onnx_tensor_slice(onnx_node *node, const onnx_tensor *t,
                                  const int64_t *begin, const int64_t *step,
                                  const onnx_shape *shape) {
  onnx_tensor *view = new_view(node, t);
  if (!view) return NULL;
  view->shape = *shape;
  bool empty = sf_onnx_elements(shape) == 0;
  for (unsigned i = 0; i < shape->rank; i++) {
    if (!empty) move_start(view, begin[i] * t->stride[i]);
    /* Of one element the stride does not matter; steps may be huge. */
    view->stride[i] = shape->dim[i] > 1 ? t->stride[i] * step[i] : 1;
  }
  finish_view(view);
  return view;
}

/* A contiguous copy of the same type. */
static onnx_tensor *copy(onnx_node *node, const onnx_tensor *t,
                         const onnx_shape *shape) {
  uint64_t count = sf_onnx_elements(shape);
  if (!sf_onnx_charge(node, count)) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, t->dtype, shape);
  if (!made) return NULL;
  for (uint64_t i = 0; i < count; i++)
    sf_onnx_copy(made, i, t, i);
  made->name = t->name;
  return made;
}

/* Whether the shapes differ by axes of extent 1 only; then the strides of the
 * others stay. */
static bool move_strides(const onnx_tensor *t, onnx_tensor *view) {
  unsigned from = 0;
  for (unsigned i = 0; i < view->shape.rank; i++) {
    view->stride[i] = 0;
    if (view->shape.dim[i] == 1) continue;
    while (from < t->shape.rank && t->shape.dim[from] == 1)
      from++;
    if (from == t->shape.rank || t->shape.dim[from] != view->shape.dim[i])
      return false;
    view->stride[i] = t->stride[from++];
  }
  while (from < t->shape.rank && t->shape.dim[from] == 1)
    from++;
  return from == t->shape.rank;
}

onnx_tensor *sf_onnx_tensor_reshape(onnx_node *node, const onnx_tensor *t,
                                    const onnx_shape *shape) {
  onnx_tensor *view = new_view(node, t);
  if (!view) return NULL;
  view->shape = *shape;
  if (move_strides(t, view)) {
    finish_view(view);
    return view;
  }
  if (sf_onnx_is_splat(t)) {
    memset(view->stride, 0, sizeof view->stride);
    finish_view(view);
    return view;
  }
  if (!t->contiguous) return copy(node, t, shape);
  sf_onnx_set_strides(view);
  return view;
}

onnx_tensor *sf_onnx_tensor_cast(onnx_node *node, const onnx_tensor *t,
                                 onnx_dtype dtype) {
  if (t->dtype == dtype) return new_view(node, t);
  bool from_float = sf_onnx_is_float(t->dtype);
  if (sf_onnx_is_splat(t))
    return from_float ? sf_onnx_tensor_splat_f64(node, dtype, &t->shape,
                                                 sf_onnx_get_f64(t, 0))
                      : sf_onnx_tensor_splat_i64(node, dtype, &t->shape,
                                                 sf_onnx_get_i64(t, 0));
  onnx_tensor *made = sf_onnx_tensor_create(node, dtype, &t->shape);
  if (!made) return NULL;
  uint64_t count = sf_onnx_elements(&t->shape);
  for (uint64_t i = 0; i < count; i++)
    if (from_float)
      sf_onnx_set_f64(made, i, sf_onnx_get_f64(t, i));
    else
      sf_onnx_set_i64(made, i, sf_onnx_get_i64(t, i));
  made->name = t->name;
  return made;
}
