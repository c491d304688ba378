/* constant_shape.c - constants from attributes and from shapes. */
#include "frontend/onnx/onnx.h"

#include <math.h>
#include <string.h>

/* ---- Constant. ---- */

static sf_result constant_floats(onnx_node *node) {
  const float *list = NULL;
  onnx_shape shape = {.rank = 1};
  shape.dim[0] = (int64_t)sf_onnx_floats(node, "value_floats", &list);
  onnx_tensor *t = sf_onnx_tensor_create(node, ONNX_FLOAT, &shape);
  for (int64_t i = 0; t && i < shape.dim[0]; i++)
    sf_onnx_set_f64(t, (uint64_t)i, (double)list[i]);
  return sf_onnx_emit_constant(node, 0, t);
}

static sf_result evaluate_constant(onnx_node *node) {
  onnx_shape scalar = {0};
  onnx_tensor *t = NULL;
  if (sf_onnx_has_attribute(node, "value_float"))
    return sf_onnx_emit_constant(
        node, 0,
        sf_onnx_tensor_splat_f64(node, ONNX_FLOAT, &scalar,
                                 sf_onnx_float(node, "value_float", 0)));
  if (sf_onnx_has_attribute(node, "value_int"))
    return sf_onnx_emit_constant(
        node, 0,
        sf_onnx_tensor_splat_i64(node, ONNX_INT64, &scalar,
                                 sf_onnx_int(node, "value_int", 0)));
  if (sf_onnx_has_attribute(node, "value_floats")) return constant_floats(node);
  if (sf_onnx_has_attribute(node, "value_ints")) {
    const int64_t *list = NULL;
    size_t count = sf_onnx_ints(node, "value_ints", &list);
    return sf_onnx_emit_constant(node, 0,
                                 sf_onnx_tensor_ints(node, list, count));
  }
  SF_TRY(sf_onnx_attribute_tensor(node, "value", &t));
  if (t) return sf_onnx_emit_constant(node, 0, t);
  return sf_onnx_refuse(node, "store it as a dense tensor of numbers",
                        "the constant is sparse, a text, or missing");
}

/* ---- ConstantOfShape, Range, Expand, Tile. ---- */

/* Extents as a shape; refuses negative ones. */
static sf_result read_shape(onnx_node *node, uint32_t index, onnx_shape *out) {
  const int64_t *list = NULL;
  int64_t count;
  SF_TRY(sf_onnx_list(node, "shape", 1, index, &list, &count));
  if (count < 0 || count > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "a shape of %lld axes", (long long)count);
  *out = (onnx_shape){.rank = (uint8_t)count};
  for (int64_t i = 0; i < count; i++) {
    if (list[i] < 0 || list[i] > INT32_MAX)
      return sf_onnx_refuse(node, NULL, "the extent %lld", (long long)list[i]);
    out->dim[i] = list[i];
  }
  return SF_OK;
}

static sf_result evaluate_constant_of_shape(onnx_node *node) {
  onnx_shape shape, scalar = {0};
  onnx_tensor *value = NULL;
  SF_TRY(read_shape(node, 0, &shape));
  SF_TRY(sf_onnx_attribute_tensor(node, "value", &value));
  if (!value)
    value = sf_onnx_tensor_splat_f64(node, ONNX_FLOAT, &scalar, 0);
  else if (sf_onnx_elements(&value->shape) == 1)
    value = sf_onnx_tensor_reshape(node, value, &scalar);
  else
    return sf_onnx_refuse(node, NULL, "the value is not one element");
  if (!value) return sf_onnx_failed(node);
  onnx_tensor *t = sf_onnx_tensor_expand(node, value, &shape);
  if (t) t->name = NULL;
  return sf_onnx_emit_constant(node, 0, t);
}

static sf_result evaluate_range(onnx_node *node) {
  const onnx_tensor *bounds[3];
  for (uint32_t i = 0; i < 3; i++) {
    SF_TRY(sf_onnx_need_constant(node, i, "a bound", &bounds[i]));
    if (sf_onnx_elements(&bounds[i]->shape) != 1)
      return sf_onnx_refuse(node, NULL, "a bound is not one element");
  }
  onnx_dtype dtype = bounds[0]->dtype;
  bool is_float = sf_onnx_is_float(dtype);
  double start = sf_onnx_get_f64(bounds[0], 0);
  double delta = sf_onnx_get_f64(bounds[2], 0);
  double count = ceil((sf_onnx_get_f64(bounds[1], 0) - start) / delta);
  if (!(delta != 0) || !(count < (double)(1U << 26)))
    return sf_onnx_refuse(node, NULL, "a range of %g elements", count);
  onnx_shape shape = {.rank = 1, .dim = {count > 0 ? (int64_t)count : 0}};
  onnx_tensor *t = sf_onnx_tensor_create(node, dtype, &shape);
  int64_t first = sf_onnx_get_i64(bounds[0], 0);
  int64_t step = sf_onnx_get_i64(bounds[2], 0);
  for (int64_t i = 0; t && i < shape.dim[0]; i++)
    if (is_float)
      sf_onnx_set_f64(t, (uint64_t)i, start + (double)i * delta);
    else
      sf_onnx_set_i64(t, (uint64_t)i, first + i * step);
  return sf_onnx_emit_constant(node, 0, t);
}

static sf_result evaluate_expand(onnx_node *node) {
  const onnx_tensor *t = sf_onnx_constant(node, 0);
  onnx_shape wanted, shape;
  if (!t) return sf_onnx_refuse(node, NULL, "the input is missing");
  SF_TRY(read_shape(node, 1, &wanted));
  if (!sf_onnx_broadcast(&t->shape, &wanted, &shape))
    return sf_onnx_refuse(node, NULL, "the shapes do not broadcast");
  return sf_onnx_emit_constant(node, 0, sf_onnx_tensor_expand(node, t, &shape));
}

const onnx_evaluator sf_onnx_constant_shape[] = {
    {"Constant", evaluate_constant},
    {"ConstantOfShape", evaluate_constant_of_shape},
    {"Expand", evaluate_expand},
    {"Range", evaluate_range},
    {0}};
