/* pattern_gelu.c - GELU from its parts.
 *
 *   x / sqrt 2, erf, + 1, times x, times 1/2     in any order of the products
 *   (x + 0.044715 x^3) sqrt(2 / pi), tanh, + 1, times x, times 1/2 */
#include "frontend/onnx/pattern.h"

/* x x x times 0.044715. */
static bool is_cube(sf_value *value, const sf_value *x) {
  onnx_product p;
  if (!sf_onnx_factors(value, &p) || p.count != 3) return false;
  for (uint32_t i = 0; i < 3; i++)
    if (p.streams[i] != x) return false;
  return sf_onnx_close(p.number, 0.044715);
}

/* x + 0.044715 x^3. */
static bool is_cubic(sf_value *value, const sf_value *x) {
  const sf_op *add = value->op;
  if (!add || add->kind != SF_OP_ADD || !sf_op_operand(add, 1)) return false;
  sf_value *a = sf_op_operand(add, 0), *b = sf_op_operand(add, 1);
  return (a == x && is_cube(b, x)) || (b == x && is_cube(a, x));
}

/* 1 + 0.044715 x^2. */
static bool is_square_plus_one(sf_value *value, const sf_value *x) {
  onnx_product p;
  sf_value *square;
  double one;
  return sf_onnx_is_shifted(value, &square, &one) && sf_onnx_close(one, 1.0) &&
         sf_onnx_factors(square, &p) && p.count == 2 && p.streams[0] == x &&
         p.streams[1] == x && sf_onnx_close(p.number, 0.044715);
}

static bool is_tanh_argument(sf_value *value, const sf_value *x) {
  onnx_product p;
  if (!sf_onnx_factors(value, &p) || !sf_onnx_close(p.number, 0.7978845608))
    return false;
  if (p.count == 1) return is_cubic(p.streams[0], x);
  if (p.count != 2) return false;
  return (p.streams[0] == x && is_square_plus_one(p.streams[1], x)) ||
         (p.streams[1] == x && is_square_plus_one(p.streams[0], x));
}

/* 1 + erf(x / sqrt 2), or 1 + tanh(..). */
static bool is_gate(const sf_value *value, const sf_value *x, bool *tanh_form) {
  sf_value *inner;
  double one;
  onnx_product p;
  if (!sf_onnx_is_shifted(value, &inner, &one) || !sf_onnx_close(one, 1.0))
    return false;
  const sf_op *erf = sf_onnx_made_by(inner, SF_OP_ERF);
  const sf_op *tanh = sf_onnx_made_by(inner, SF_OP_TANH);
  *tanh_form = tanh != NULL;
  if (tanh) return is_tanh_argument(sf_op_operand(tanh, 0), x);
  return erf && sf_onnx_factors(sf_op_operand(erf, 0), &p) && p.count == 1 &&
         p.streams[0] == x && sf_onnx_close(p.number, 0.7071067812);
}

sf_result sf_onnx_pattern_gelu(const onnx_pattern *pattern, sf_op *op) {
  (void)pattern;
  onnx_product p;
  if ((op->kind != SF_OP_MUL && op->kind != SF_OP_DIV) ||
      !sf_onnx_factors(op->results[0], &p) || p.count != 2 ||
      !sf_onnx_close(p.number, 0.5))
    return SF_OK;
  for (uint32_t i = 0; i < 2; i++) {
    sf_value *x = p.streams[i];
    bool tanh_form;
    if (!is_gate(p.streams[1 - i], x, &tanh_form)) continue;
    sf_op *gelu = NULL;
    SF_TRY(sf_onnx_replace_unary(op, SF_OP_GELU, x, &gelu));
    return tanh_form ? sf_op_set_text(gelu, SF_ATTR_approximate, "tanh")
                     : SF_OK;
  }
  return SF_OK;
}
