/* op_round.c - rounding, signs, steps and casts: elementwise operators without
 * an op of the IR. */
#include "frontend/onnx/elementwise.h"
#include "frontend/onnx/model.h"
#include "frontend/onnx/neuron_kind.h"

#include <string.h>

static const onnx_neuron_kind sign = {
    "sign",
    "t",
    't',
    "%p = gt %a, 0.0 %n = lt %a, 0.0 %m = select %n, -1.0, 0.0 : f32 "
    "%r = select %p, 1.0, %m",
    "%p = gt %a, 0 %n = lt %a, 0 %m = select %n, -1, 0 : i32 "
    "%r = select %p, 1, %m",
    NULL};
static const onnx_neuron_kind rint_kind = {"round",        "t",  't',
                                           "%r = rint %a", NULL, NULL};
static const onnx_neuron_kind ceil_kind = {"ceil",         "t",  't',
                                           "%r = ceil %a", NULL, NULL};
static const onnx_neuron_kind reciprocal = {"reciprocal",       "t",  't',
                                            "%r = div 1.0, %a", NULL, NULL};
static const onnx_neuron_kind absolute = {
    "abs", "t", 't', NULL, "%r = abs.wrap %a : i32", NULL};
/* b: the threshold. */
static const onnx_neuron_kind thresholded = {
    "thresholded", "tt", 't', "%s = gt %a, %b %r = select %s, %a, 0.0",
    NULL,          NULL};
/* b: the threshold; c: what is taken from the magnitude beyond it. */
static const onnx_neuron_kind shrink = {
    "shrink",
    "ttt",
    't',
    "%n = neg %b %l = lt %a, %n %h = gt %a, %b %x = add %a, %c "
    "%y = sub %a, %c %m = select %l, %x, 0.0 %r = select %h, %y, %m",
    NULL,
    NULL};

static sf_result translate_sign(onnx_node *node) {
  return sf_onnx_emit_kind(node, &sign, ONNX_UNDEFINED);
}
static sf_result translate_round(onnx_node *node) {
  return sf_onnx_emit_kind(node, &rint_kind, ONNX_UNDEFINED);
}
static sf_result translate_ceil(onnx_node *node) {
  return sf_onnx_emit_kind(node, &ceil_kind, ONNX_UNDEFINED);
}
static sf_result translate_reciprocal(onnx_node *node) {
  return sf_onnx_emit_kind(node, &reciprocal, ONNX_UNDEFINED);
}

static sf_result translate_abs(onnx_node *node) {
  sf_value *y;
  if (sf_onnx_is_float(sf_onnx_input(node, 0)->dtype))
    return sf_onnx_unary(node, SF_OP_ABS, &y);
  return sf_onnx_emit_kind(node, &absolute, ONNX_UNDEFINED);
}

static sf_result translate_floor(onnx_node *node) {
  sf_value *y;
  return sf_onnx_unary(node, SF_OP_FLOOR, &y);
}

/* A scale by -1, which folds into weights. */
static sf_result translate_neg(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  sf_value *s = sf_onnx_whole_stream(node);
  if (!s) return sf_onnx_failed(node);
  bool is_float = sf_onnx_is_float(x->dtype);
  sf_type one = s->type;
  for (unsigned i = 0; i < one.rank; i++)
    one.dim[i] = 1;
  sf_blob *blob = sf_blob_create_splat(node->import->module, "minus_one", &one,
                                       is_float ? sf_number_float(-1.0F)
                                                : sf_number_int(-1));
  sf_value *y = sf_onnx_build_blob(node, SF_OP_MUL, &s->type, s, blob);
  if (y && !is_float) y->op->mode = SF_MODE_WRAP;
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

/* ---- Kinds with numbers. ---- */

static sf_result emit_numbers(onnx_node *node, const onnx_neuron_kind *kind,
                              double b, double c) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (!sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is %s; floats are supported",
                          sf_onnx_dtype_text(x->dtype));
  sf_value *s = sf_onnx_whole_stream(node);
  if (!s) return sf_onnx_failed(node);
  onnx_neuron_operand operands[] = {sf_onnx_operand_stream(s),
                                    sf_onnx_operand_f32(b),
                                    sf_onnx_operand_f32(c)};
  return sf_onnx_emit(node, 0, sf_onnx_neurons(node, kind, sf_f32(), operands),
                      x->dtype, &x->shape);
}

static sf_result translate_thresholded(onnx_node *node) {
  return emit_numbers(node, &thresholded, sf_onnx_float(node, "alpha", 1.0),
                      0.0);
}

static sf_result translate_shrink(onnx_node *node) {
  return emit_numbers(node, &shrink, sf_onnx_float(node, "lambd", 0.5),
                      sf_onnx_float(node, "bias", 0.0));
}

const onnx_operator sf_onnx_round_rows[] = {
    {"", "Abs", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_abs, ""},
    {"", "Ceil", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_ceil, ""},
    {"", "Floor", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_floor,
     "inside a QCFS activation: neuron"},
    {"", "Neg", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_neg, ""},
    {"", "Reciprocal", 6, ONNX_OPSET_NEWEST, ONNX_HOST, translate_reciprocal,
     ""},
    {"", "Round", 11, ONNX_OPSET_NEWEST, ONNX_HOST, translate_round, ""},
    {"", "Shrink", 9, ONNX_OPSET_NEWEST, ONNX_HOST, translate_shrink, ""},
    {"", "Sign", 9, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_sign, ""},
    {"", "ThresholdedRelu", 10, ONNX_OPSET_NEWEST, ONNX_HOST,
     translate_thresholded, ""},
    {0}};
