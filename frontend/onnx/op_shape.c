/* op_shape.c - operators that keep the elements and change their shape, of
 * streams and constants alike: Reshape, Flatten, Squeeze, Identity, .. */
#include "frontend/onnx/onnx.h"

#include <string.h>

/* ---- Same elements, other shape. ---- */

static sf_result emit_reshaped(onnx_node *node, const onnx_shape *shape) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (x->kind == ONNX_CONSTANT)
    return sf_onnx_emit_constant(
        node, 0, sf_onnx_tensor_reshape(node, x->tensor, shape));
  /* Without leading axes of extent 1, as long as any is left. */
  onnx_shape seen = *shape;
  while (seen.rank > 1 && seen.dim[0] == 1) {
    memmove(seen.dim, seen.dim + 1, sizeof seen.dim - sizeof *seen.dim);
    seen.rank--;
  }
  sf_value *y = sf_onnx_stream_as(node, 0, &seen);
  return sf_onnx_emit(node, 0, y, x->dtype, shape);
}

/* 0 copies an extent, -1 takes what is left. */
static sf_result reshape_target(onnx_node *node, const int64_t *wanted,
                                int64_t count, onnx_shape *out) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  bool zero_is_zero = sf_onnx_int(node, "allowzero", 0) != 0;
  if (count < 0 || count > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "the shape has %lld axes",
                          (long long)count);
  int open = -1;
  uint64_t known = 1, all = sf_onnx_elements(x);
  out->rank = (uint8_t)count;
  for (int i = 0; i < (int)count; i++) {
    int64_t extent = wanted[i];
    if (extent == 0 && !zero_is_zero) extent = i < x->rank ? x->dim[i] : -2;
    out->dim[i] = extent;
    if (extent == -1 && open < 0)
      open = i;
    else if (extent < 0 || extent > INT32_MAX || known > INT32_MAX)
      return sf_onnx_refuse(node, NULL, "the shape has the extent %lld",
                            (long long)wanted[i]);
    else
      known *= (uint64_t)extent;
  }
  if (open >= 0) {
    if (!known || all % known)
      return sf_onnx_refuse(node, NULL, "no extent fits the place of -1");
    out->dim[open] = (int64_t)(all / known);
    known *= all / known;
  }
  if (known != all)
    return sf_onnx_refuse(node, NULL,
                          "the shape has %llu elements, the input %llu",
                          (unsigned long long)known, (unsigned long long)all);
  return SF_OK;
}

static sf_result translate_reshape(onnx_node *node) {
  const int64_t *wanted = NULL;
  int64_t count;
  onnx_shape shape = {0};
  SF_TRY(sf_onnx_list(node, "shape", 5, 1, &wanted, &count));
  SF_TRY(reshape_target(node, wanted, count, &shape));
  return emit_reshaped(node, &shape);
}

static sf_result translate_flatten(onnx_node *node) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  int64_t axis = sf_onnx_int(node, "axis", 1);
  if (axis < 0) axis += x->rank;
  if (axis < 0 || axis > x->rank)
    return sf_onnx_refuse(node, NULL, "axis %lld of %u axes", (long long)axis,
                          (unsigned)x->rank);
  onnx_shape shape = {.rank = 2, .dim = {1, 1}};
  for (unsigned i = 0; i < x->rank; i++)
    shape.dim[i >= (unsigned)axis] *= x->dim[i];
  return emit_reshaped(node, &shape);
}

static sf_result translate_squeeze(onnx_node *node) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  unsigned axes[ONNX_RANK_MAX];
  int64_t count;
  bool drop[ONNX_RANK_MAX] = {false};
  SF_TRY(sf_onnx_axes(node, 13, 1, x->rank, axes, &count));
  for (unsigned i = 0; count < 0 && i < x->rank; i++)
    drop[i] = x->dim[i] == 1;
  for (int64_t i = 0; i < count; i++) {
    if (x->dim[axes[i]] != 1)
      return sf_onnx_refuse(node, NULL, "axis %u has the extent %lld", axes[i],
                            (long long)x->dim[axes[i]]);
    drop[axes[i]] = true;
  }
  onnx_shape shape = {0};
  for (unsigned i = 0; i < x->rank; i++)
    if (!drop[i]) shape.dim[shape.rank++] = x->dim[i];
  return emit_reshaped(node, &shape);
}

static sf_result translate_unsqueeze(onnx_node *node) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  const int64_t *list = NULL;
  int64_t count;
  SF_TRY(sf_onnx_list(node, "axes", 13, 1, &list, &count));
  if (count < 0 || x->rank + count > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "%lld axes are added to %u",
                          (long long)count, (unsigned)x->rank);
  unsigned axes[ONNX_RANK_MAX], rank = x->rank + (unsigned)count;
  SF_TRY(sf_onnx_axes(node, 13, 1, rank, axes, &count));
  onnx_shape shape = {.rank = (uint8_t)rank};
  unsigned from = 0, added = 0;
  for (unsigned i = 0; i < rank; i++) {
    bool is_new = added < (unsigned)count && axes[added] == i;
    if (is_new) added++;
    shape.dim[i] = is_new ? 1 : x->dim[from++];
  }
  return emit_reshaped(node, &shape);
}

static sf_result translate_identity(onnx_node *node) {
  return sf_onnx_emit_same(node, 0, 0);
}

/* In evaluation it does nothing, and its mask is all true. */
static sf_result translate_dropout(onnx_node *node) {
  const onnx_tensor *training = sf_onnx_constant(node, 2);
  if (node->opset >= 12 && sf_onnx_has_input(node, 2) &&
      (!training || sf_onnx_get_i64(training, 0)))
    return sf_onnx_refuse(node, "export the model in evaluation mode",
                          "dropout in training mode");
  if (sf_onnx_wants(node, 1))
    SF_TRY(sf_onnx_emit_constant(
        node, 1,
        sf_onnx_tensor_splat_i64(node, ONNX_BOOL,
                                 &sf_onnx_input(node, 0)->shape, 1)));
  return sf_onnx_emit_same(node, 0, 0);
}

/* ---- Shapes as numbers. ---- */

static sf_result translate_shape(onnx_node *node) {
  if (!sf_onnx_has_input(node, 0))
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  int64_t rank = x->rank;
  int64_t start = sf_onnx_int(node, "start", 0);
  int64_t end = sf_onnx_int(node, "end", rank);
  if (start < 0) start += rank;
  if (end < 0) end += rank;
  start = start < 0 ? 0 : start > rank ? rank : start;
  end = end > rank ? rank : end < start ? start : end;
  return sf_onnx_emit_constant(
      node, 0,
      sf_onnx_tensor_ints(node, x->dim + start, (size_t)(end - start)));
}

static sf_result translate_size(onnx_node *node) {
  onnx_shape scalar = {0};
  if (!sf_onnx_has_input(node, 0))
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  uint64_t count = sf_onnx_elements(&sf_onnx_input(node, 0)->shape);
  return sf_onnx_emit_constant(
      node, 0,
      sf_onnx_tensor_splat_i64(node, ONNX_INT64, &scalar, (int64_t)count));
}

const onnx_operator sf_onnx_shape_rows[] = {
    {"", "Dropout", 1, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_dropout,
     "in evaluation mode"},
    {"", "Flatten", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_flatten, ""},
    {"", "Identity", 1, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_identity, ""},
    {"", "Reshape", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_reshape,
     "a constant shape"},
    {"", "Shape", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_shape, ""},
    {"", "Size", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_size, ""},
    {"", "Squeeze", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_squeeze, ""},
    {"", "Unsqueeze", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_unsqueeze,
     ""},
    {0}};

/* These do the same to constants. */
const onnx_evaluator sf_onnx_shape_evaluators[] = {
    {"Dropout", translate_dropout},
    {"Flatten", translate_flatten},
    {"Identity", translate_identity},
    {"Reshape", translate_reshape},
    {"Shape", translate_shape},
    {"Size", translate_size},
    {"Squeeze", translate_squeeze},
    {"Unsqueeze", translate_unsqueeze},
    {0}};
