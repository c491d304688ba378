/* constant_unary.c - functions of one constant, element by element. */
#include "frontend/onnx/onnx.h"

#include <math.h>

static double neg(double x) { return -x; }
static double sign(double x) { return (double)((x > 0) - (x < 0)); }
static double reciprocal(double x) { return 1.0 / x; }
static double relu(double x) { return x > 0 || isnan(x) ? x : 0; }
static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }
static double softplus(double x) {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static double softsign(double x) { return x / (1.0 + fabs(x)); }

static int64_t neg_i(int64_t x) { return (int64_t)(0 - (uint64_t)x); }
static int64_t abs_i(int64_t x) { return x < 0 ? neg_i(x) : x; }
static int64_t sign_i(int64_t x) { return (x > 0) - (x < 0); }
static int64_t relu_i(int64_t x) { return x > 0 ? x : 0; }
static int64_t not_i(int64_t x) { return !x; }
static int64_t bit_not_i(int64_t x) { return ~x; }

static sf_result apply(onnx_node *node, double (*real)(double),
                       int64_t (*integer)(int64_t)) {
  const onnx_tensor *x = sf_onnx_constant(node, 0);
  if (!x) return sf_onnx_refuse(node, NULL, "the input is missing");
  bool is_float = sf_onnx_is_float(x->dtype);
  if (is_float ? !real : !integer)
    return sf_onnx_refuse(node, NULL, "of %s", sf_onnx_dtype_text(x->dtype));
  bool splat = sf_onnx_is_splat(x);
  uint64_t count = splat ? 1 : sf_onnx_elements(&x->shape);
  if (!sf_onnx_charge(node, count)) return SF_FAIL;
  onnx_tensor *made =
      splat ? sf_onnx_tensor_splat_i64(node, x->dtype, &x->shape, 0)
            : sf_onnx_tensor_create(node, x->dtype, &x->shape);
  for (uint64_t i = 0; made && i < count; i++)
    if (is_float)
      sf_onnx_set_f64(made, i, real(sf_onnx_get_f64(x, i)));
    else
      sf_onnx_set_i64(made, i, integer(sf_onnx_get_i64(x, i)));
  return sf_onnx_emit_constant(node, 0, made);
}

#define EVALUATE(name, real, integer)                                          \
  static sf_result evaluate_##name(onnx_node *node) {                          \
    return apply(node, real, integer);                                         \
  }
EVALUATE(abs, fabs, abs_i)
EVALUATE(bit_not, NULL, bit_not_i)
EVALUATE(ceil, ceil, NULL)
EVALUATE(cos, cos, NULL)
EVALUATE(erf, erf, NULL)
EVALUATE(exp, exp, NULL)
EVALUATE(floor, floor, NULL)
EVALUATE(log, log, NULL)
EVALUATE(neg, neg, neg_i)
EVALUATE(not, NULL, not_i)
EVALUATE(reciprocal, reciprocal, NULL)
EVALUATE(relu, relu, relu_i)
EVALUATE(round, nearbyint, NULL)
EVALUATE(sigmoid, sigmoid, NULL)
EVALUATE(sign, sign, sign_i)
EVALUATE(sin, sin, NULL)
EVALUATE(softplus, softplus, NULL)
EVALUATE(softsign, softsign, NULL)
EVALUATE(sqrt, sqrt, NULL)
EVALUATE(tan, tan, NULL)
EVALUATE(tanh, tanh, NULL)

const onnx_evaluator sf_onnx_constant_unary[] = {
    {"Abs", evaluate_abs},
    {"BitwiseNot", evaluate_bit_not},
    {"Ceil", evaluate_ceil},
    {"Cos", evaluate_cos},
    {"Erf", evaluate_erf},
    {"Exp", evaluate_exp},
    {"Floor", evaluate_floor},
    {"Log", evaluate_log},
    {"Neg", evaluate_neg},
    {"Not", evaluate_not},
    {"Reciprocal", evaluate_reciprocal},
    {"Relu", evaluate_relu},
    {"Round", evaluate_round},
    {"Sigmoid", evaluate_sigmoid},
    {"Sign", evaluate_sign},
    {"Sin", evaluate_sin},
    {"Softplus", evaluate_softplus},
    {"Softsign", evaluate_softsign},
    {"Sqrt", evaluate_sqrt},
    {"Tan", evaluate_tan},
    {"Tanh", evaluate_tanh},
    {0}};
