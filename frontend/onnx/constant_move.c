/* constant_move.c - elements of constants in other places: Split, Gather, Pad,
 * Tile, Trilu. */
#include "frontend/onnx/onnx.h"

#include <string.h>

/* Splits a flat index of `shape` into one index an axis. */
static void indices_of(const onnx_shape *shape, uint64_t flat, int64_t *out) {
  for (unsigned i = shape->rank; i-- > 0;) {
    out[i] = (int64_t)(flat % (uint64_t)shape->dim[i]);
    flat /= (uint64_t)shape->dim[i];
  }
}

static uint64_t flat_of(const onnx_shape *shape, const int64_t *index) {
  uint64_t flat = 0;
  for (unsigned i = 0; i < shape->rank; i++)
    flat = flat * (uint64_t)shape->dim[i] + (uint64_t)index[i];
  return flat;
}

static sf_result need(onnx_node *node, uint32_t index,
                      const onnx_tensor **out) {
  *out = sf_onnx_constant(node, index);
  return *out ? SF_OK
              : sf_onnx_refuse(node, NULL, "input %u is missing", index);
}

/* A new tensor, its work charged. */
static onnx_tensor *room(onnx_node *node, onnx_dtype dtype,
                         const onnx_shape *shape) {
  uint64_t count = 1;
  for (unsigned i = 0; i < shape->rank; i++) {
    if (shape->dim[i] &&
        count > (uint64_t)INT32_MAX / (uint64_t)shape->dim[i]) {
      (void)sf_onnx_refuse(node, NULL, "the result has 2^31 elements or more");
      return NULL;
    }
    count *= (uint64_t)shape->dim[i];
  }
  if (!sf_onnx_charge(node, count)) return NULL;
  return sf_onnx_tensor_create(node, dtype, shape);
}

/* ---- Split. ---- */

/* Lengths of the parts: given, or equal, the last perhaps shorter (18+). */
static sf_result split_lengths(onnx_node *node, int64_t extent, int64_t *out) {
  const int64_t *list = NULL;
  int64_t count, parts = node->output_count, sum = 0;
  SF_TRY(sf_onnx_list(node, "split", 13, 1, &list, &count));
  if (count >= 0 && count != parts)
    return sf_onnx_refuse(node, NULL, "%lld lengths for %lld outputs",
                          (long long)count, (long long)parts);
  int64_t each = (extent + parts - 1) / parts;
  for (int64_t i = 0; i < parts; i++) {
    int64_t left = extent - sum;
    out[i] = count >= 0 ? list[i] : left < each ? left : each;
    if (out[i] < 0 || out[i] > left)
      return sf_onnx_refuse(node, NULL, "the parts do not fit the axis");
    sum += out[i];
  }
  if (sum != extent || (count < 0 && node->opset < 18 && extent % parts))
    return sf_onnx_refuse(node, NULL, "the parts do not fill the axis");
  return SF_OK;
}

static sf_result evaluate_split(onnx_node *node) {
  const onnx_tensor *x;
  unsigned axis;
  SF_TRY(need(node, 0, &x));
  if (!sf_onnx_axis(sf_onnx_int(node, "axis", 0), x->shape.rank, &axis) ||
      node->output_count == 0)
    return sf_onnx_refuse(node, NULL, "the axis is not one of %u",
                          (unsigned)x->shape.rank);
  int64_t *lengths = SF_NEW_ARRAY(node->arena, int64_t, node->output_count);
  if (!lengths) return SF_OOM;
  SF_TRY(split_lengths(node, x->shape.dim[axis], lengths));
  int64_t begin[ONNX_RANK_MAX] = {0}, step[ONNX_RANK_MAX];
  for (unsigned i = 0; i < x->shape.rank; i++)
    step[i] = 1;
  for (uint32_t i = 0; i < node->output_count; i++) {
    onnx_shape shape = x->shape;
    shape.dim[axis] = lengths[i];
    SF_TRY(sf_onnx_emit_constant(
        node, i, sf_onnx_tensor_slice(node, x, begin, step, &shape)));
    begin[axis] += lengths[i];
  }
  return SF_OK;
}

/* ---- Gather. ---- */

/* An index of an axis of `extent`; false: outside. */
static bool take_index(int64_t index, int64_t extent, int64_t *out) {
  if (index < -extent || index >= extent) return false;
  *out = index < 0 ? index + extent : index;
  return true;
}

static sf_result outside(onnx_node *node, int64_t index, int64_t extent) {
  return sf_onnx_refuse(node, NULL, "index %lld of an axis of %lld",
                        (long long)index, (long long)extent);
}

/* One index and a cut: no copy. The commonest use is the extent of an axis. */
static onnx_tensor *gather_one(onnx_node *node, const onnx_tensor *x,
                               unsigned axis, int64_t at,
                               const onnx_shape *shape) {
  int64_t begin[ONNX_RANK_MAX] = {0}, step[ONNX_RANK_MAX];
  onnx_shape one = x->shape;
  for (unsigned i = 0; i < one.rank; i++)
    step[i] = 1;
  one.dim[axis] = 1;
  begin[axis] = at;
  onnx_tensor *cut = sf_onnx_tensor_slice(node, x, begin, step, &one);
  return cut ? sf_onnx_tensor_reshape(node, cut, shape) : NULL;
}

static sf_result evaluate_gather(onnx_node *node) {
  const onnx_tensor *x, *list;
  unsigned axis;
  SF_TRY(need(node, 0, &x));
  SF_TRY(need(node, 1, &list));
  if (!sf_onnx_axis(sf_onnx_int(node, "axis", 0), x->shape.rank, &axis) ||
      x->shape.rank + list->shape.rank - 1U > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "the axis is not one of %u",
                          (unsigned)x->shape.rank);
  onnx_shape shape = {.rank = (uint8_t)(x->shape.rank + list->shape.rank - 1U)};
  uint64_t outer = 1, inner = 1, at = 0;
  for (unsigned i = 0; i < axis; i++) {
    shape.dim[i] = x->shape.dim[i];
    outer *= (uint64_t)shape.dim[i];
  }
  for (unsigned i = 0; i < list->shape.rank; i++)
    shape.dim[axis + i] = list->shape.dim[i];
  for (unsigned i = axis + 1; i < x->shape.rank; i++) {
    shape.dim[i + list->shape.rank - 1] = x->shape.dim[i];
    inner *= (uint64_t)x->shape.dim[i];
  }
  int64_t extent = x->shape.dim[axis], index;
  uint64_t count = sf_onnx_elements(&list->shape);
  for (uint64_t n = 0; n < count; n++)
    if (!take_index(sf_onnx_get_i64(list, n), extent, &index))
      return outside(node, sf_onnx_get_i64(list, n), extent);
  if (count == 1) {
    (void)take_index(sf_onnx_get_i64(list, 0), extent, &index);
    return sf_onnx_emit_constant(node, 0,
                                 gather_one(node, x, axis, index, &shape));
  }
  onnx_tensor *made = room(node, x->dtype, &shape);
  for (uint64_t o = 0; made && o < outer; o++)
    for (uint64_t n = 0; n < count; n++) {
      (void)take_index(sf_onnx_get_i64(list, n), extent, &index);
      uint64_t from = (o * (uint64_t)extent + (uint64_t)index) * inner;
      for (uint64_t i = 0; i < inner; i++)
        sf_onnx_copy(made, at++, x, from + i);
    }
  return sf_onnx_emit_constant(node, 0, made);
}

static sf_result evaluate_gather_elements(onnx_node *node) {
  const onnx_tensor *x, *list;
  unsigned axis;
  SF_TRY(need(node, 0, &x));
  SF_TRY(need(node, 1, &list));
  if (!sf_onnx_axis(sf_onnx_int(node, "axis", 0), x->shape.rank, &axis) ||
      x->shape.rank != list->shape.rank)
    return sf_onnx_refuse(node, NULL, "indices and axis do not fit the input");
  for (unsigned i = 0; i < x->shape.rank; i++)
    if (i != axis && list->shape.dim[i] > x->shape.dim[i])
      return sf_onnx_refuse(node, NULL, "more indices than elements");
  onnx_tensor *made = room(node, x->dtype, &list->shape);
  uint64_t count = made ? sf_onnx_elements(&list->shape) : 0;
  for (uint64_t n = 0; n < count; n++) {
    int64_t at[ONNX_RANK_MAX], wanted = sf_onnx_get_i64(list, n);
    indices_of(&list->shape, n, at);
    if (!take_index(wanted, x->shape.dim[axis], &at[axis]))
      return outside(node, wanted, x->shape.dim[axis]);
    sf_onnx_copy(made, n, x, flat_of(&x->shape, at));
  }
  return sf_onnx_emit_constant(node, 0, made);
}

/* The last axis of the indices names an element or a block, after `batch`
 * leading axes that both inputs share. */
static sf_result evaluate_gather_nd(onnx_node *node) {
  const onnx_tensor *x, *list;
  SF_TRY(need(node, 0, &x));
  SF_TRY(need(node, 1, &list));
  int64_t batch = sf_onnx_int(node, "batch_dims", 0);
  unsigned rank = x->shape.rank, q = list->shape.rank;
  int64_t depth = q ? list->shape.dim[q - 1] : 0;
  if (batch < 0 || q < 1 || batch >= (int64_t)q || depth < 1 ||
      batch + depth > (int64_t)rank ||
      q - 1 + rank - (unsigned)(batch + depth) > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "the indices do not fit the input");
  unsigned used = (unsigned)(batch + depth);
  onnx_shape shape = {.rank = (uint8_t)(q - 1)};
  memcpy(shape.dim, list->shape.dim, shape.rank * sizeof *shape.dim);
  uint64_t inner = 1;
  for (unsigned i = used; i < rank; i++) {
    shape.dim[shape.rank++] = x->shape.dim[i];
    inner *= (uint64_t)x->shape.dim[i];
  }
  for (int64_t i = 0; i < batch; i++)
    if (list->shape.dim[i] != x->shape.dim[i])
      return sf_onnx_refuse(node, NULL, "the batch axes do not agree");
  onnx_tensor *made = room(node, x->dtype, &shape);
  uint64_t groups = made ? sf_onnx_elements(&list->shape) / (uint64_t)depth : 0;
  for (uint64_t g = 0; g < groups; g++) {
    int64_t at[ONNX_RANK_MAX] = {0}, place[ONNX_RANK_MAX];
    indices_of(&list->shape, g * (uint64_t)depth, place);
    memcpy(at, place, (size_t)batch * sizeof *at);
    for (int64_t d = 0; d < depth; d++) {
      int64_t wanted = sf_onnx_get_i64(list, g * (uint64_t)depth + (uint64_t)d);
      int64_t extent = x->shape.dim[batch + d];
      if (!take_index(wanted, extent, &at[batch + d]))
        return outside(node, wanted, extent);
    }
    uint64_t from = flat_of(&x->shape, at);
    for (uint64_t i = 0; i < inner; i++)
      sf_onnx_copy(made, g * inner + i, x, from + i);
  }
  return sf_onnx_emit_constant(node, 0, made);
}

/* ---- Tile, Trilu. ---- */

static sf_result evaluate_tile(onnx_node *node) {
  const onnx_tensor *x;
  const int64_t *list = NULL;
  int64_t count;
  SF_TRY(need(node, 0, &x));
  SF_TRY(sf_onnx_list(node, "repeats", 6, 1, &list, &count));
  if (count != x->shape.rank)
    return sf_onnx_refuse(node, NULL, "the repeats do not fit the input");
  onnx_shape shape = x->shape;
  for (unsigned i = 0; i < shape.rank; i++) {
    if (list[i] < 0 || list[i] > INT32_MAX ||
        (shape.dim[i] && list[i] > INT32_MAX / shape.dim[i]))
      return sf_onnx_refuse(node, NULL, "%lld repeats", (long long)list[i]);
    shape.dim[i] *= list[i];
  }
  onnx_tensor *made = room(node, x->dtype, &shape);
  uint64_t elements = made ? sf_onnx_elements(&shape) : 0;
  for (uint64_t n = 0; n < elements; n++) { /* then no extent is 0 */
    int64_t at[ONNX_RANK_MAX];
    indices_of(&shape, n, at);
    for (unsigned i = 0; i < shape.rank; i++)
      at[i] = x->shape.dim[i] ? at[i] % x->shape.dim[i] : 0;
    sf_onnx_copy(made, n, x, flat_of(&x->shape, at));
  }
  return sf_onnx_emit_constant(node, 0, made);
}

/* Attention masks are made of it. */
static sf_result evaluate_trilu(onnx_node *node) {
  const onnx_tensor *x, *k = sf_onnx_constant(node, 1);
  SF_TRY(need(node, 0, &x));
  int64_t diagonal = k ? sf_onnx_get_i64(k, 0) : 0;
  bool upper = sf_onnx_int(node, "upper", 1) != 0;
  if (x->shape.rank < 2)
    return sf_onnx_refuse(node, NULL, "the input is no matrix");
  onnx_tensor *made = room(node, x->dtype, &x->shape);
  uint64_t count = made ? sf_onnx_elements(&x->shape) : 0;
  for (uint64_t n = 0; n < count; n++) {
    int64_t at[ONNX_RANK_MAX];
    indices_of(&x->shape, n, at);
    int64_t beyond = at[x->shape.rank - 1] - at[x->shape.rank - 2];
    if (upper ? beyond >= diagonal : beyond <= diagonal)
      sf_onnx_copy(made, n, x, n);
  }
  return sf_onnx_emit_constant(node, 0, made);
}

/* ---- NonZero. ---- */

static sf_result evaluate_non_zero(onnx_node *node) {
  const onnx_tensor *x;
  SF_TRY(need(node, 0, &x));
  uint64_t count = sf_onnx_elements(&x->shape), found = 0, at = 0;
  if (!sf_onnx_charge(node, 2 * count)) return SF_FAIL;
  for (uint64_t n = 0; n < count; n++)
    found += sf_onnx_get_f64(x, n) != 0;
  onnx_shape shape = {.rank = 2, .dim = {x->shape.rank, (int64_t)found}};
  onnx_tensor *made = room(node, ONNX_INT64, &shape);
  for (uint64_t n = 0; made && n < count; n++) {
    if (sf_onnx_get_f64(x, n) == 0) continue;
    int64_t index[ONNX_RANK_MAX];
    indices_of(&x->shape, n, index);
    for (unsigned i = 0; i < x->shape.rank; i++)
      sf_onnx_set_i64(made, i * found + at, index[i]);
    at++;
  }
  return sf_onnx_emit_constant(node, 0, made);
}

const onnx_evaluator sf_onnx_constant_move[] = {
    {"Gather", evaluate_gather},
    {"GatherElements", evaluate_gather_elements},
    {"GatherND", evaluate_gather_nd},
    {"NonZero", evaluate_non_zero},
    {"Split", evaluate_split},
    {"Tile", evaluate_tile},
    {"Trilu", evaluate_trilu},
    {0}};
