/* pattern_swish.c - x sigmoid(x), and its piecewise linear form x
 * clip(x + 3, 0, 6) / 6, with or without HardSigmoid. */
#include "frontend/onnx/pattern.h"

static bool is_hard_gate(const sf_value *value, const sf_value *x,
                         double number) {
  const sf_op *gate = sf_onnx_made_by(value, SF_OP_HARDSIGMOID);
  if (gate)
    return sf_op_operand(gate, 0) == x && sf_onnx_close(number, 1.0) &&
           sf_onnx_close((double)sf_op_number(gate, SF_ATTR_alpha), 1.0 / 6) &&
           sf_onnx_close((double)sf_op_number(gate, SF_ATTR_beta), 0.5);
  gate = sf_onnx_made_by(value, SF_OP_CLIP);
  sf_value *inner;
  double shift;
  return gate && sf_onnx_close(number, 1.0 / 6) &&
         sf_onnx_close((double)sf_op_number(gate, SF_ATTR_min), 0.0) &&
         sf_onnx_close((double)sf_op_number(gate, SF_ATTR_max), 6.0) &&
         sf_onnx_is_shifted(sf_op_operand(gate, 0), &inner, &shift) &&
         inner == x && sf_onnx_close(shift, 3.0);
}

sf_result sf_onnx_pattern_swish(const onnx_pattern *pattern, sf_op *op) {
  (void)pattern;
  onnx_product p;
  if ((op->kind != SF_OP_MUL && op->kind != SF_OP_DIV) ||
      !sf_onnx_factors(op->results[0], &p) || p.count != 2)
    return SF_OK;
  for (uint32_t i = 0; i < 2; i++) {
    sf_value *x = p.streams[i];
    const sf_op *sigmoid = sf_onnx_made_by(p.streams[1 - i], SF_OP_SIGMOID);
    if (sigmoid && sf_op_operand(sigmoid, 0) == x && p.number == 1.0)
      return sf_onnx_replace_unary(op, SF_OP_SILU, x, NULL);
    if (is_hard_gate(p.streams[1 - i], x, p.number))
      return sf_onnx_replace_unary(op, SF_OP_HARDSWISH, x, NULL);
  }
  return SF_OK;
}
