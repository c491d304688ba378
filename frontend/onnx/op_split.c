/* op_split.c - Split and the Gathers: elements picked by constant indices. */
#include "frontend/onnx/axis.h"

#include <string.h>

enum { PICKS_MAX = 65535 /* operands of one concat */ };

/* ---- Split. ---- */

/* Lengths of the parts: given, or equal ones, the last perhaps shorter. */
static sf_result read_parts(onnx_node *node, int64_t extent, int64_t *parts) {
  const int64_t *list = NULL;
  int64_t count, sum = 0;
  SF_TRY(sf_onnx_list(node, "split", 13, 1, &list, &count));
  int64_t outputs = node->output_count;
  if (count >= 0 && count != outputs)
    return sf_onnx_refuse(node, NULL, "%lld parts for %lld outputs",
                          (long long)count, (long long)outputs);
  int64_t each = (extent + outputs - 1) / outputs;
  if (count < 0 && node->opset < 18 && extent % outputs)
    return sf_onnx_refuse(node, NULL, "%lld elements in %lld equal parts",
                          (long long)extent, (long long)outputs);
  for (int64_t i = 0; i < outputs; i++) {
    int64_t left = extent - sum;
    parts[i] = count >= 0 ? list[i] : each < left ? each : left;
    if (parts[i] < 0 || parts[i] > left)
      return sf_onnx_refuse(node, NULL, "the parts do not fit %lld elements",
                            (long long)extent);
    sum += parts[i];
  }
  return sum == extent ? SF_OK
                       : sf_onnx_refuse(node, NULL,
                                        "the parts have %lld of %lld elements",
                                        (long long)sum, (long long)extent);
}

static sf_result translate_split(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned axis, at;
  SF_TRY(sf_onnx_read_axis(node, "axis", 0, &axis));
  if (!node->output_count)
    return sf_onnx_refuse(node, NULL, "there are no outputs");
  int64_t *parts = SF_NEW_ARRAY(node->arena, int64_t, node->output_count);
  if (!parts) return SF_OOM;
  SF_TRY(read_parts(node, x->shape.dim[axis], parts));
  sf_value *s = sf_onnx_stream_axis(node, 0, axis, &at);
  onnx_shape shape = x->shape;
  int64_t begin = 0;
  for (uint32_t i = 0; i < node->output_count; i++) {
    shape.dim[axis] = parts[i];
    if (sf_onnx_wants(node, i)) {
      if (!parts[i])
        return sf_onnx_refuse(node, NULL, "part %u has no element", i);
      SF_TRY(sf_onnx_emit(node, i,
                          sf_onnx_cut(node, s, at, begin, begin + parts[i]),
                          x->dtype, &shape));
    }
    begin += parts[i];
  }
  return SF_OK;
}

/* ---- Picking along an axis of the IR value. ---- */

/* Indices from `first` on that a slice with one step gives. */
static int64_t run_length(const int64_t *index, int64_t first, int64_t count) {
  int64_t last = first + 1;
  if (last >= count || index[last] == index[first]) return 1;
  int64_t step = index[last] - index[first];
  while (last + 1 < count && index[last + 1] - index[last] == step)
    last++;
  return last + 1 - first;
}

static sf_value *cut_run(onnx_node *node, sf_value *x, unsigned axis,
                         const int64_t *index, int64_t length) {
  int64_t begin[ONNX_RANK_MAX] = {0}, end[ONNX_RANK_MAX], step[ONNX_RANK_MAX];
  for (unsigned i = 0; i < x->type.rank; i++) {
    end[i] = x->type.dim[i];
    step[i] = 1;
  }
  begin[axis] = index[0];
  step[axis] = length > 1 ? index[1] - index[0] : 1;
  end[axis] = index[length - 1] + (step[axis] > 0 ? 1 : -1);
  return sf_onnx_build_slice(node, x, begin, end, step);
}

sf_value *sf_onnx_pick(onnx_node *node, sf_value *x, unsigned axis,
                       const int64_t *index, int64_t count) {
  if (!x) return NULL;
  int64_t runs = 0;
  for (int64_t i = 0; i < count; i += run_length(index, i, count))
    runs++;
  if (runs > PICKS_MAX || runs < 1) {
    (void)sf_onnx_refuse(node, NULL,
                         "the indices are %lld runs; 1 to %d are supported",
                         (long long)runs, (int)PICKS_MAX);
    return NULL;
  }
  sf_value **parts = SF_NEW_ARRAY(node->arena, sf_value *, (size_t)runs);
  if (!parts) return NULL;
  uint32_t at = 0;
  for (int64_t i = 0; i < count;) {
    int64_t length = run_length(index, i, count);
    parts[at] = cut_run(node, x, axis, index + i, length);
    if (!parts[at++]) return NULL;
    i += length;
  }
  return sf_onnx_build_concat(node, at, parts, axis);
}

/* ---- Gather. ---- */

/* Input 1 as indices of an axis; negative ones count from the end. */
static sf_result read_indices(onnx_node *node, int64_t extent, int64_t **out,
                              int64_t *count) {
  const onnx_tensor *t = NULL;
  SF_TRY(sf_onnx_need_constant(node, 1, "the indices", &t));
  *count = (int64_t)sf_onnx_elements(&t->shape);
  if (!sf_onnx_charge(node, (uint64_t)*count)) return SF_FAIL;
  *out = SF_NEW_ARRAY(node->arena, int64_t, (size_t)*count + 1);
  if (!*out) return SF_OOM;
  for (int64_t i = 0; i < *count; i++) {
    int64_t index = sf_onnx_get_i64(t, (uint64_t)i);
    (*out)[i] = index < 0 ? index + extent : index;
    if (index < -extent || index >= extent)
      return sf_onnx_refuse(node, NULL, "index %lld of %lld elements",
                            (long long)index, (long long)extent);
  }
  return SF_OK;
}

static sf_result translate_gather(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0), *i = sf_onnx_input(node, 1);
  unsigned axis, at;
  int64_t *index, count;
  if (i->kind == ONNX_STREAM)
    return sf_onnx_refuse(node,
                          "compute the embedding outside, and give the "
                          "network its result",
                          "indices that depend on the network's input");
  SF_TRY(sf_onnx_read_axis(node, "axis", 0, &axis));
  SF_TRY(read_indices(node, x->shape.dim[axis], &index, &count));
  if (x->shape.rank - 1 + i->shape.rank > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "the result has more than %d axes",
                          (int)ONNX_RANK_MAX);
  sf_value *s = sf_onnx_stream_axis(node, 0, axis, &at);
  sf_value *y = sf_onnx_pick(node, s, at, index, count);
  if (!y) return sf_onnx_failed(node);
  onnx_shape shape = {.rank = (uint8_t)(x->shape.rank - 1 + i->shape.rank)};
  for (unsigned n = 0; n < shape.rank; n++)
    shape.dim[n] = n < axis ? x->shape.dim[n]
                   : n < axis + i->shape.rank
                       ? i->shape.dim[n - axis]
                       : x->shape.dim[n + 1 - i->shape.rank];
  sf_type type =
      sf_onnx_type(x->dtype, &shape, y->type.rank - 1U + i->shape.rank);
  return sf_onnx_emit(node, 0, sf_onnx_reshape(node, y, type.rank, type.dim),
                      x->dtype, &shape);
}

/* ---- Any elements: picked from all in one axis. ---- */

static sf_result emit_flat(onnx_node *node, const int64_t *index,
                           const onnx_shape *shape) {
  const onnx_value *x = sf_onnx_input(node, 0);
  onnx_shape flat = {.rank = 1, .dim = {(int64_t)sf_onnx_elements(&x->shape)}};
  sf_value *y = sf_onnx_pick(node, sf_onnx_stream_as(node, 0, &flat), 0, index,
                             (int64_t)sf_onnx_elements(shape));
  sf_type type = sf_onnx_type(x->dtype, shape, shape->rank);
  return sf_onnx_emit(node, 0, sf_onnx_reshape(node, y, type.rank, type.dim),
                      x->dtype, shape);
}

/* Strides of C order. */
static void strides_of(const onnx_shape *shape, int64_t *stride) {
  int64_t product = 1;
  for (unsigned i = shape->rank; i-- > 0; product *= shape->dim[i])
    stride[i] = product;
}

static sf_result translate_gather_elements(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0), *i = sf_onnx_input(node, 1);
  unsigned axis;
  int64_t *index, count, stride[ONNX_RANK_MAX];
  SF_TRY(sf_onnx_read_axis(node, "axis", 0, &axis));
  if (i->shape.rank != x->shape.rank)
    return sf_onnx_refuse(node, NULL, "indices and data differ in rank");
  SF_TRY(read_indices(node, x->shape.dim[axis], &index, &count));
  strides_of(&x->shape, stride);
  for (int64_t n = 0; n < count; n++) {
    int64_t rest = n, at = index[n] * stride[axis];
    for (unsigned d = x->shape.rank; d-- > 0; rest /= i->shape.dim[d]) {
      int64_t place = rest % i->shape.dim[d];
      if (d != axis && place >= x->shape.dim[d])
        return sf_onnx_refuse(node, NULL, "indices reach beyond the data");
      at += d == axis ? 0 : place * stride[d];
    }
    index[n] = at;
  }
  return emit_flat(node, index, &i->shape);
}

/* Each row of the indices names a block: `deep` leading axes. */
static sf_result translate_gather_nd(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *t = NULL;
  SF_TRY(sf_onnx_need_constant(node, 1, "the indices", &t));
  if (sf_onnx_int(node, "batch_dims", 0) || !t->shape.rank)
    return sf_onnx_refuse(node, NULL, "batch_dims is not 0");
  int64_t deep = t->shape.dim[t->shape.rank - 1], stride[ONNX_RANK_MAX];
  if (deep < 1 || deep > x->shape.rank ||
      t->shape.rank - 1 + x->shape.rank - deep > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "the indices have %lld numbers each",
                          (long long)deep);
  onnx_shape shape = {.rank = (uint8_t)(t->shape.rank - 1)};
  memcpy(shape.dim, t->shape.dim, shape.rank * sizeof *shape.dim);
  strides_of(&x->shape, stride);
  int64_t block = stride[deep - 1];
  for (int64_t i = deep; i < x->shape.rank; i++)
    shape.dim[shape.rank++] = x->shape.dim[i];
  uint64_t count = sf_onnx_elements(&shape);
  if (!sf_onnx_charge(node, count)) return SF_FAIL;
  int64_t *index = SF_NEW_ARRAY(node->arena, int64_t, count + 1);
  if (!index) return SF_OOM;
  for (uint64_t n = 0; n < count; n++) {
    uint64_t row = n / (uint64_t)block;
    index[n] = (int64_t)(n % (uint64_t)block);
    for (int64_t d = 0; d < deep; d++) {
      int64_t place = sf_onnx_get_i64(t, row * (uint64_t)deep + (uint64_t)d);
      int64_t extent = x->shape.dim[d];
      if (place < -extent || place >= extent)
        return sf_onnx_refuse(node, NULL, "index %lld of %lld elements",
                              (long long)place, (long long)extent);
      index[n] += (place < 0 ? place + extent : place) * stride[d];
    }
  }
  return emit_flat(node, index, &shape);
}

const onnx_operator sf_onnx_split_rows[] = {
    {"", "Gather", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_gather,
     "constant indices"},
    {"", "GatherElements", 11, ONNX_OPSET_NEWEST, ONNX_SHAPE,
     translate_gather_elements, "constant indices"},
    {"", "GatherND", 11, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_gather_nd,
     "constant indices; batch_dims 0"},
    {"", "Split", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_split,
     "constant lengths"},
    {0}};
