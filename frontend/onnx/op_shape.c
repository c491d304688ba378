/* op_shape.c - operators that keep or move elements, of streams and constants
 * alike: Reshape, Flatten, Squeeze, Transpose, Slice, Concat, Identity, .. */
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
  uint64_t count = sf_onnx_elements(&sf_onnx_input(node, 0)->shape);
  return sf_onnx_emit_constant(
      node, 0,
      sf_onnx_tensor_splat_i64(node, ONNX_INT64, &scalar, (int64_t)count));
}

/* ---- Transpose. ---- */

static sf_value *transpose_stream(onnx_node *node, const unsigned *perm) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned rank = x->shape.rank, drop = 0;
  /* Leading axes that are 1 and stay where they are need not be there. */
  while (drop < rank && perm[drop] == drop && x->shape.dim[drop] == 1)
    drop++;
  sf_value *s = sf_onnx_stream(node, 0, rank - drop);
  if (!s) return NULL;
  sf_type type = s->type;
  int64_t moves[ONNX_RANK_MAX];
  bool same = true;
  for (unsigned i = drop; i < rank; i++) {
    moves[i - drop] = perm[i] - drop;
    type.dim[i - drop] = s->type.dim[perm[i] - drop];
    same &= perm[i] == i;
  }
  if (same) return s;
  sf_value *y = sf_onnx_build1(node, SF_OP_TRANSPOSE, &type, s);
  if (!y || sf_op_set_ints(y->op, SF_ATTR_perm, type.rank, moves)) return NULL;
  return y;
}

static sf_result translate_transpose(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const int64_t *list = NULL;
  size_t count = sf_onnx_ints(node, "perm", &list);
  unsigned perm[ONNX_RANK_MAX] = {0}, rank = x->shape.rank;
  bool seen[ONNX_RANK_MAX] = {false};
  if (count && count != rank)
    return sf_onnx_refuse(node, NULL, "perm has %zu numbers for %u axes", count,
                          rank);
  onnx_shape shape = {.rank = x->shape.rank};
  for (unsigned i = 0; i < rank; i++) {
    int64_t from = count ? list[i] : (int64_t)(rank - 1 - i);
    if (!sf_onnx_axis(from, rank, &perm[i]) || seen[perm[i]])
      return sf_onnx_refuse(node, NULL, "perm is not a permutation");
    seen[perm[i]] = true;
    shape.dim[i] = x->shape.dim[perm[i]];
  }
  if (x->kind == ONNX_CONSTANT)
    return sf_onnx_emit_constant(
        node, 0, sf_onnx_tensor_transpose(node, x->tensor, perm));
  return sf_onnx_emit(node, 0, transpose_stream(node, perm), x->dtype, &shape);
}

/* ---- Slice. ---- */

typedef struct cut {
  int64_t begin[ONNX_RANK_MAX], end[ONNX_RANK_MAX], step[ONNX_RANK_MAX];
  onnx_shape shape;
} cut;

/* One axis by numpy's rules: negative numbers count from the end, and both ends
 * are clamped. */
static void cut_axis(cut *c, unsigned axis, int64_t extent, int64_t start,
                     int64_t end, int64_t step) {
  if (start < 0) start = start < -extent ? -1 : start + extent;
  if (end < 0) end = end < -extent ? -1 : end + extent;
  if (step > 0) {
    start = start < 0 ? 0 : start > extent ? extent : start;
    end = end < 0 ? 0 : end > extent ? extent : end;
  } else {
    start = start >= extent ? extent - 1 : start < 0 ? -1 : start;
    end = end >= extent ? extent - 1 : end < -1 ? -1 : end;
  }
  int64_t reach = step > 0 ? end - start : start - end;
  int64_t stride = step > 0 ? step : -step;
  c->begin[axis] = start;
  c->end[axis] = end;
  c->step[axis] = step;
  c->shape.dim[axis] = reach <= 0 ? 0 : (reach - 1) / stride + 1;
}

static sf_result read_cut(onnx_node *node, cut *c) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  const int64_t *starts, *ends, *axes, *steps = NULL;
  int64_t count, end_count, axis_count, step_count = -1;
  SF_TRY(sf_onnx_list(node, "starts", 10, 1, &starts, &count));
  SF_TRY(sf_onnx_list(node, "ends", 10, 2, &ends, &end_count));
  SF_TRY(sf_onnx_list(node, "axes", 10, 3, &axes, &axis_count));
  if (node->opset >= 10)
    SF_TRY(sf_onnx_list(node, "steps", 10, 4, &steps, &step_count));
  if (count < 0 || count != end_count || (axis_count < 0 && count > x->rank) ||
      (axis_count >= 0 && axis_count != count) ||
      (step_count >= 0 && step_count != count))
    return sf_onnx_refuse(node, NULL, "starts, ends, axes, steps do not agree");
  c->shape = *x;
  for (unsigned i = 0; i < x->rank; i++)
    cut_axis(c, i, x->dim[i], 0, x->dim[i], 1);
  for (int64_t i = 0; i < count; i++) {
    unsigned axis = 0;
    int64_t step = step_count >= 0 ? steps[i] : 1;
    if (!sf_onnx_axis(axis_count >= 0 ? axes[i] : i, x->rank, &axis))
      return sf_onnx_refuse(node, NULL, "axis %lld of %u axes",
                            (long long)axes[i], (unsigned)x->rank);
    if (step == 0 || step < -INT32_MAX)
      return sf_onnx_refuse(node, NULL, "a step of %lld", (long long)step);
    if (step > INT32_MAX) step = INT32_MAX;
    cut_axis(c, axis, x->dim[axis], starts[i], ends[i], step);
  }
  return SF_OK;
}

static sf_result translate_slice(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  cut c;
  SF_TRY(read_cut(node, &c));
  if (x->kind == ONNX_CONSTANT)
    return sf_onnx_emit_constant(
        node, 0,
        sf_onnx_tensor_slice(node, x->tensor, c.begin, c.step, &c.shape));
  if (sf_onnx_elements(&c.shape) == 0)
    return sf_onnx_refuse(node, NULL, "the result has no element");
  unsigned rank = x->stream->type.rank, drop = x->shape.rank - rank;
  if (x->stream->type.rank > x->shape.rank) {
    rank = x->shape.rank;
    drop = 0;
  }
  sf_value *s = sf_onnx_stream(node, 0, rank);
  sf_value *y =
      sf_onnx_build_slice(node, s, c.begin + drop, c.end + drop, c.step + drop);
  return sf_onnx_emit(node, 0, y, x->dtype, &c.shape);
}

/* ---- Concat. ---- */

/* Constants side by side, by blocks of what lies behind the axis. */
static sf_result concat_constants(onnx_node *node, unsigned axis,
                                  const onnx_shape *shape) {
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  if (!sf_onnx_charge(node, sf_onnx_elements(shape))) return SF_FAIL;
  onnx_tensor *made = sf_onnx_tensor_create(node, dtype, shape);
  if (!made) return sf_onnx_failed(node);
  uint64_t inner = 1, at = 0;
  for (unsigned i = axis + 1; i < shape->rank; i++)
    inner *= (uint64_t)shape->dim[i];
  for (uint32_t n = 0; n < node->input_count; n++) {
    const onnx_tensor *t = sf_onnx_constant(node, n);
    uint64_t block = inner * (uint64_t)t->shape.dim[axis];
    uint64_t count = sf_onnx_elements(&t->shape);
    for (uint64_t i = 0; i < count; i++) {
      uint64_t to =
          i / block * inner * (uint64_t)shape->dim[axis] + at + i % block;
      sf_onnx_copy(made, to, t, i);
    }
    at += block;
  }
  return sf_onnx_emit_constant(node, 0, made);
}

static sf_result concat_shape(onnx_node *node, unsigned *axis, onnx_shape *out,
                              bool *constant) {
  const onnx_value *x = sf_onnx_input(node, 0);
  *out = x->shape;
  *constant = true;
  if (!sf_onnx_axis(sf_onnx_int(node, "axis", 1), x->shape.rank, axis))
    return sf_onnx_refuse(node, NULL, "the axis is not one of %u",
                          (unsigned)x->shape.rank);
  for (uint32_t i = 0; i < node->input_count; i++) {
    const onnx_value *v = sf_onnx_input(node, i);
    onnx_shape like = v->shape;
    if (i) out->dim[*axis] += like.dim[*axis];
    if (like.rank == x->shape.rank) like.dim[*axis] = x->shape.dim[*axis];
    if (v->dtype != x->dtype || !sf_onnx_same_shape(&like, &x->shape))
      return sf_onnx_refuse(node, NULL, "input %u does not fit input 0", i);
    *constant &= v->kind == ONNX_CONSTANT;
  }
  return SF_OK;
}

static sf_result translate_concat(onnx_node *node) {
  unsigned axis = 0;
  onnx_shape shape;
  bool constant;
  if (node->input_count == 0)
    return sf_onnx_refuse(node, NULL, "there are no inputs");
  SF_TRY(concat_shape(node, &axis, &shape, &constant));
  if (constant) return concat_constants(node, axis, &shape);
  /* Leading axes of extent 1 before the joined one need not be there. */
  unsigned drop = 0;
  while (drop < axis && shape.dim[drop] == 1)
    drop++;
  sf_value **parts = SF_NEW_ARRAY(node->arena, sf_value *, node->input_count);
  if (!parts) return SF_OOM;
  uint32_t count = 0;
  for (uint32_t i = 0; i < node->input_count; i++) {
    /* An empty constant adds nothing. */
    if (sf_onnx_elements(&sf_onnx_input(node, i)->shape) == 0) continue;
    parts[count] = sf_onnx_stream(node, i, shape.rank - drop);
    if (!parts[count++]) return sf_onnx_failed(node);
  }
  sf_value *y = sf_onnx_build_concat(node, count, parts, axis - drop);
  return sf_onnx_emit(node, 0, y, sf_onnx_input(node, 0)->dtype, &shape);
}

const onnx_operator sf_onnx_shape_rows[] = {
    {"", "Concat", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_concat, ""},
    {"", "Dropout", 1, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_dropout,
     "in evaluation mode"},
    {"", "Flatten", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_flatten, ""},
    {"", "Identity", 1, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_identity, ""},
    {"", "Reshape", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_reshape,
     "a constant shape"},
    {"", "Shape", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_shape, ""},
    {"", "Size", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_size, ""},
    {"", "Slice", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_slice,
     "constant bounds"},
    {"", "Squeeze", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_squeeze, ""},
    {"", "Transpose", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_transpose,
     ""},
    {"", "Unsqueeze", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_unsqueeze,
     ""},
    {0}};

/* These do the same to constants. */
const onnx_evaluator sf_onnx_shape_evaluators[] = {
    {"Concat", translate_concat},       {"Dropout", translate_dropout},
    {"Flatten", translate_flatten},     {"Identity", translate_identity},
    {"Reshape", translate_reshape},     {"Shape", translate_shape},
    {"Size", translate_size},           {"Slice", translate_slice},
    {"Squeeze", translate_squeeze},     {"Transpose", translate_transpose},
    {"Unsqueeze", translate_unsqueeze}, {0}};
