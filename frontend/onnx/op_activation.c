/* op_activation.c - nonlinearities: ops of the IR, or a few of them. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/elementwise.h"

#include <string.h>

/* Operators that are one op of the IR without attributes. */
static sf_result translate_plain(onnx_node *node) {
  static const struct {
    const char *name;
    sf_op_kind kind;
  } ops[] = {{"Erf", SF_OP_ERF},         {"Exp", SF_OP_EXP},
             {"Log", SF_OP_LOG},         {"HardSwish", SF_OP_HARDSWISH},
             {"Sigmoid", SF_OP_SIGMOID}, {"Softplus", SF_OP_SOFTPLUS},
             {"Sqrt", SF_OP_SQRT},       {"Tanh", SF_OP_TANH}};
  sf_value *y;
  for (size_t i = 0; i < SF_COUNT_OF(ops); i++)
    if (strcmp(ops[i].name, node->op_type) == 0)
      return sf_onnx_unary(node, ops[i].kind, &y);
  return sf_onnx_refuse(node, NULL, "the operator is not supported");
}

/* `kind` with attribute `alpha` of the same meaning. */
static sf_result unary_alpha(onnx_node *node, sf_op_kind kind,
                             double fallback) {
  sf_value *y;
  SF_TRY(sf_onnx_unary(node, kind, &y));
  return sf_op_set_number(y->op, SF_ATTR_alpha,
                          (float)sf_onnx_float(node, "alpha", fallback));
}

static sf_result translate_leaky_relu(onnx_node *node) {
  return unary_alpha(node, SF_OP_LEAKY_RELU, 0.01);
}

static sf_result translate_elu(onnx_node *node) {
  return unary_alpha(node, SF_OP_ELU, 1.0);
}

static sf_result translate_hardsigmoid(onnx_node *node) {
  sf_value *y;
  SF_TRY(sf_onnx_unary(node, SF_OP_HARDSIGMOID, &y));
  if (sf_op_set_number(y->op, SF_ATTR_alpha,
                       (float)sf_onnx_float(node, "alpha", 0.2)))
    return SF_OOM;
  return sf_op_set_number(y->op, SF_ATTR_beta,
                          (float)sf_onnx_float(node, "beta", 0.5));
}

static sf_result translate_gelu(onnx_node *node) {
  const char *form = sf_onnx_text(node, "approximate", "none");
  sf_value *y;
  if (strcmp(form, "none") != 0 && strcmp(form, "tanh") != 0)
    return sf_onnx_refuse(node, NULL, "approximate is '%s'", form);
  SF_TRY(sf_onnx_unary(node, SF_OP_GELU, &y));
  return strcmp(form, "tanh") == 0
             ? sf_op_set_text(y->op, SF_ATTR_approximate, "tanh")
             : SF_OK;
}

/* ---- Several ops. ---- */

/* Input 0 as a stream of floats; NULL with a refusal. */
static sf_value *float_stream(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (!sf_onnx_is_float(x->dtype)) {
    (void)sf_onnx_refuse(node, NULL, "the input is %s; floats are supported",
                         sf_onnx_dtype_text(x->dtype));
    return NULL;
  }
  return sf_onnx_whole_stream(node);
}

static sf_result emit_like(onnx_node *node, sf_value *y) {
  const onnx_value *x = sf_onnx_input(node, 0);
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

/* gamma times an ELU. */
static sf_result translate_selu(onnx_node *node) {
  sf_value *y = sf_onnx_apply(node, SF_OP_ELU, float_stream(node));
  if (y && sf_op_set_number(
               y->op, SF_ATTR_alpha,
               (float)sf_onnx_float(node, "alpha", 1.67326319217681884765625)))
    return SF_OOM;
  return emit_like(
      node, sf_onnx_apply_number(
                node, SF_OP_MUL, y, "gamma",
                sf_onnx_float(node, "gamma", 1.05070102214813232421875)));
}

/* alpha ELU(x / alpha): above 0 it is x. */
static sf_result translate_celu(onnx_node *node) {
  double alpha = sf_onnx_float(node, "alpha", 1.0);
  sf_value *y = float_stream(node);
  if (alpha == 0.0) return sf_onnx_refuse(node, NULL, "alpha is 0");
  if (alpha != 1.0)
    y = sf_onnx_apply_number(node, SF_OP_DIV, y, "alpha", alpha);
  y = sf_onnx_apply(node, SF_OP_ELU, y);
  if (alpha != 1.0)
    y = sf_onnx_apply_number(node, SF_OP_MUL, y, "alpha", alpha);
  return emit_like(node, y);
}

static sf_result translate_mish(onnx_node *node) {
  sf_value *x = float_stream(node);
  sf_value *y =
      sf_onnx_apply(node, SF_OP_TANH, sf_onnx_apply(node, SF_OP_SOFTPLUS, x));
  return emit_like(node,
                   y ? sf_onnx_build2(node, SF_OP_MUL, &y->type, x, y) : NULL);
}

static sf_result translate_swish(onnx_node *node) {
  double alpha = sf_onnx_float(node, "alpha", 1.0);
  sf_value *x = float_stream(node), *y;
  if (alpha == 1.0) return emit_like(node, sf_onnx_apply(node, SF_OP_SILU, x));
  y = sf_onnx_apply(node, SF_OP_SIGMOID,
                    sf_onnx_apply_number(node, SF_OP_MUL, x, "alpha", alpha));
  return emit_like(node,
                   y ? sf_onnx_build2(node, SF_OP_MUL, &y->type, x, y) : NULL);
}

static sf_result translate_softsign(onnx_node *node) {
  sf_value *x = float_stream(node);
  sf_value *y = sf_onnx_apply_number(
      node, SF_OP_ADD, sf_onnx_apply(node, SF_OP_ABS, x), "one", 1.0);
  return emit_like(node,
                   y ? sf_onnx_build2(node, SF_OP_DIV, &y->type, x, y) : NULL);
}

/* Before opset 7 a list of slopes is one a channel. */
static sf_result slopes_by_channel(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0), *slope = sf_onnx_input(node, 1);
  if (node->opset >= 7 || slope->kind != ONNX_CONSTANT ||
      slope->shape.rank != 1 || slope->shape.dim[0] == 1 || x->shape.rank < 2)
    return SF_OK;
  onnx_value *aligned = SF_NEW(node->arena, onnx_value);
  if (!aligned) return SF_OOM;
  *aligned = *slope;
  while (aligned->shape.rank + 1 < x->shape.rank)
    aligned->shape.dim[aligned->shape.rank++] = 1;
  aligned->tensor =
      sf_onnx_tensor_reshape(node, slope->tensor, &aligned->shape);
  if (!aligned->tensor) return sf_onnx_failed(node);
  node->inputs[1] = aligned;
  return SF_OK;
}

/* The slope broadcasts to the input, never the other way. */
static sf_result translate_prelu(onnx_node *node) {
  SF_TRY(slopes_by_channel(node));
  const onnx_value *x = sf_onnx_input(node, 0), *slope = sf_onnx_input(node, 1);
  onnx_shape shape;
  if (!sf_onnx_is_float(x->dtype) || slope->kind == ONNX_ABSENT ||
      !sf_onnx_broadcast(&x->shape, &slope->shape, &shape) ||
      !sf_onnx_same_shape(&shape, &x->shape))
    return sf_onnx_refuse(node, NULL, "the slope does not broadcast");
  return sf_onnx_emit(node, 0, sf_onnx_binary(node, SF_OP_PRELU, 0, 1, &shape),
                      x->dtype, &shape);
}

const onnx_operator sf_onnx_activation_rows[] = {
    {"", "Celu", 12, ONNX_OPSET_NEWEST, ONNX_HOST, translate_celu, ""},
    {"", "Elu", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_elu, ""},
    {"", "Erf", 9, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain,
     "inside a GELU: read as one"},
    {"", "Exp", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain, ""},
    {"", "Gelu", 20, ONNX_OPSET_NEWEST, ONNX_HOST, translate_gelu, ""},
    {"", "HardSigmoid", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_hardsigmoid,
     ""},
    {"", "HardSwish", 14, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain, ""},
    {"", "LeakyRelu", 6, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_leaky_relu,
     "negative values too"},
    {"", "Log", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain, ""},
    {"", "Mish", 18, ONNX_OPSET_NEWEST, ONNX_HOST, translate_mish, ""},
    {"", "PRelu", 6, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_prelu,
     "negative values too"},
    {"", "Selu", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_selu, ""},
    {"", "Sigmoid", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain, ""},
    {"", "Softplus", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain, ""},
    {"", "Softsign", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_softsign, ""},
    {"", "Sqrt", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain, ""},
    {"", "Swish", 24, ONNX_OPSET_NEWEST, ONNX_HOST, translate_swish, ""},
    {"", "Tanh", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_plain, ""},
    {0}};
