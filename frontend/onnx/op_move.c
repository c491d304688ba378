/* op_move.c - operators that move elements, of streams and constants alike:
 * Transpose, Slice, Concat. */
#include "frontend/onnx/onnx.h"

#include <string.h>

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

const onnx_operator sf_onnx_move_rows[] = {
    {"", "Concat", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_concat, ""},
    {"", "Slice", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_slice,
     "constant bounds"},
    {"", "Transpose", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_transpose,
     ""},
    {0}};

/* These do the same to constants. */
const onnx_evaluator sf_onnx_move_evaluators[] = {
    {"Concat", translate_concat},
    {"Slice", translate_slice},
    {"Transpose", translate_transpose},
    {0}};
