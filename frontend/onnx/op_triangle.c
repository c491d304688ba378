/* op_triangle.c - CumSum, a projection by a triangle of ones, and Trilu, a
 * product with one. */
#include "frontend/onnx/axis.h"

enum { EXTENT_MAX = 4096 /* of a summed axis: its square are the weights */ };

static sf_result translate_cumsum(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *t = NULL;
  unsigned axis, at;
  SF_TRY(sf_onnx_need_constant(node, 1, "the axis", &t));
  if (!sf_onnx_is_float(x->dtype) || sf_onnx_elements(&t->shape) != 1 ||
      !sf_onnx_axis(sf_onnx_get_i64(t, 0), x->shape.rank, &axis))
    return sf_onnx_refuse(node, NULL,
                          "the input is no float, or has no such "
                          "axis");
  int64_t extent = x->shape.dim[axis];
  bool exclusive = sf_onnx_int(node, "exclusive", 0) != 0;
  bool reverse = sf_onnx_int(node, "reverse", 0) != 0;
  if (extent > EXTENT_MAX)
    return sf_onnx_refuse(node, NULL, "%lld elements are summed; at most %d",
                          (long long)extent, (int)EXTENT_MAX);
  float *ones = SF_NEW_ARRAY(node->arena, float, (size_t)(extent * extent));
  if (!ones) return SF_OOM;
  for (int64_t i = 0; i < extent; i++)
    for (int64_t j = 0; j < extent; j++) {
      int64_t ahead = reverse ? j - i : i - j; /* how long ago j is */
      ones[i * extent + j] = ahead > 0 || (ahead == 0 && !exclusive) ? 1.0F : 0;
    }
  int32_t dim[2] = {(int32_t)extent, (int32_t)extent};
  sf_blob *matrix = sf_onnx_blob_f32(node, "ones", 2, dim, ones);
  sf_value *s = sf_onnx_stream_axis(node, 0, axis, &at);
  return sf_onnx_emit(node, 0, sf_onnx_linear_axis(node, s, at, matrix),
                      x->dtype, &x->shape);
}

static sf_result translate_trilu(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *k = NULL;
  bool upper = sf_onnx_int(node, "upper", 1) != 0;
  unsigned rank = x->shape.rank;
  if (rank < 2 || !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is no matrix of floats");
  if (sf_onnx_has_input(node, 1))
    SF_TRY(sf_onnx_need_constant(node, 1, "the diagonal", &k));
  if (k && sf_onnx_elements(&k->shape) != 1)
    return sf_onnx_refuse(node, NULL, "the diagonal is not one number");
  int64_t diagonal = k ? sf_onnx_get_i64(k, 0) : 0;
  int64_t rows = x->shape.dim[rank - 2], columns = x->shape.dim[rank - 1];
  uint64_t count = (uint64_t)(rows * columns);
  if (!sf_onnx_charge(node, count)) return SF_FAIL;
  onnx_shape shape = {.rank = 2, .dim = {rows, columns}};
  onnx_tensor *mask = sf_onnx_tensor_create(node, ONNX_FLOAT, &shape);
  for (uint64_t i = 0; mask && i < count; i++) {
    int64_t off = (int64_t)i % columns - (int64_t)i / columns;
    sf_onnx_set_f64(mask, i, upper ? off >= diagonal : off <= diagonal);
  }
  unsigned at;
  sf_value *s = sf_onnx_stream_axis(node, 0, rank - 2, &at);
  if (!mask || !s) return sf_onnx_failed(node);
  sf_type type = sf_onnx_type(ONNX_FLOAT, &shape, s->type.rank);
  sf_value *y =
      sf_onnx_build_blob(node, SF_OP_MUL, &s->type, s,
                         sf_onnx_blob(node, mask, type.rank, type.dim));
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

const onnx_operator sf_onnx_triangle_rows[] = {
    {"", "CumSum", 11, ONNX_OPSET_NEWEST, ONNX_LINEAR, translate_cumsum,
     "floats; a constant axis of at most 4,096 elements"},
    {"", "Trilu", 14, ONNX_OPSET_NEWEST, ONNX_LINEAR, translate_trilu,
     "floats; a constant diagonal"},
    {0}};
