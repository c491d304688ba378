/* op_power.c - Pow: squares and roots become what they are. */
#include "frontend/onnx/elementwise.h"

static sf_result emit_same_shape(onnx_node *node, sf_value *y) {
  const onnx_value *x = sf_onnx_input(node, 0);
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

/* x to a whole power up to 4 is a product, 1/2 a root. */
static sf_result special_power(onnx_node *node, double exponent) {
  sf_value *x = sf_onnx_whole_stream(node), *y;
  if (!x) return sf_onnx_failed(node);
  if (exponent == 1.0) return sf_onnx_emit_same(node, 0, 0);
  if (exponent == 0.5) return sf_onnx_unary(node, SF_OP_SQRT, &y);
  y = sf_onnx_build2(node, SF_OP_MUL, &x->type, x, x);
  if (exponent == 2.0) return emit_same_shape(node, y);
  if (exponent == 3.0)
    return emit_same_shape(node,
                           sf_onnx_build2(node, SF_OP_MUL, &x->type, y, x));
  return emit_same_shape(node, sf_onnx_build2(node, SF_OP_MUL, &x->type, y, y));
}

static bool is_special(double exponent) {
  return exponent == 0.5 || exponent == 1.0 || exponent == 2.0 ||
         exponent == 3.0 || exponent == 4.0;
}

/* Exponents may be integers. */
static sf_value *whole_exponents(onnx_node *node, const onnx_tensor *exponents,
                                 const onnx_shape *shape) {
  onnx_tensor *floats = sf_onnx_tensor_cast(node, exponents, ONNX_FLOAT);
  if (!floats) return NULL;
  unsigned rank = sf_onnx_working_rank(node, shape);
  sf_type type = sf_onnx_type(ONNX_FLOAT, shape, rank);
  sf_type extent = sf_onnx_type(ONNX_FLOAT, &floats->shape, rank);
  return sf_onnx_build_blob(node, SF_OP_POW, &type,
                            sf_onnx_stream(node, 0, rank),
                            sf_onnx_blob(node, floats, rank, extent.dim));
}

static sf_result translate_pow(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0), *e = sf_onnx_input(node, 1);
  onnx_shape shape;
  if (x->kind == ONNX_ABSENT || e->kind == ONNX_ABSENT ||
      !sf_onnx_broadcast(&x->shape, &e->shape, &shape))
    return sf_onnx_refuse(node, NULL, "the shapes do not broadcast");
  if (node->opset < 7 && sf_onnx_has_attribute(node, "axis"))
    return sf_onnx_refuse(node, "export with opset 7 or later",
                          "broadcasting along an axis of the first input");
  if (!sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "a power of integers");
  const onnx_tensor *constant = sf_onnx_constant(node, 1);
  if (constant && sf_onnx_elements(&constant->shape) == 1 &&
      sf_onnx_same_shape(&shape, &x->shape) &&
      is_special(sf_onnx_get_f64(constant, 0)))
    return special_power(node, sf_onnx_get_f64(constant, 0));
  if (constant && !sf_onnx_is_float(constant->dtype))
    return sf_onnx_emit(node, 0, whole_exponents(node, constant, &shape),
                        x->dtype, &shape);
  if (!sf_onnx_is_float(e->dtype))
    return sf_onnx_refuse(node, NULL,
                          "exponents that are a stream of integers");
  return sf_onnx_emit(node, 0, sf_onnx_binary(node, SF_OP_POW, 0, 1, &shape),
                      x->dtype, &shape);
}

const onnx_operator sf_onnx_power_rows[] = {
    {"", "Pow", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_pow,
     "inside a LayerNormalization: read as one"},
    {0}};
