/* op_clip.c - Clip, and Min, Max, Sum, Mean of any number of inputs. */
#include "frontend/onnx/elementwise.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- Clip of floats: bounds that are known. ---- */

static sf_result emit_clip(onnx_node *node, double low, double high) {
  sf_value *y;
  if (low > high) low = high; /* ONNX: the upper bound wins */
  if (low <= -(double)FLT_MAX) low = -INFINITY;
  if (high >= (double)FLT_MAX) high = INFINITY;
  if (low == 0.0 && isinf(high)) return sf_onnx_unary(node, SF_OP_RELU, &y);
  if (isinf(low) && isinf(high)) return sf_onnx_emit_same(node, 0, 0);
  SF_TRY(sf_onnx_unary(node, SF_OP_CLIP, &y));
  if (sf_op_set_number(y->op, SF_ATTR_min, (float)low)) return SF_OOM;
  return sf_op_set_number(y->op, SF_ATTR_max, (float)high);
}

static bool is_scalar(const onnx_value *value) {
  return value->kind == ONNX_ABSENT ||
         (value->kind == ONNX_CONSTANT && sf_onnx_elements(&value->shape) == 1);
}

/* ---- A bound that is a stream, or integers. ---- */

static sf_value *bounded(onnx_node *node, sf_value *x, sf_op_kind kind,
                         uint32_t index) {
  if (!x || !sf_onnx_has_input(node, index)) return x;
  const onnx_value *bound = sf_onnx_input(node, index);
  unsigned rank = x->type.rank;
  if (sf_onnx_elements(&bound->shape) != 1) {
    (void)sf_onnx_refuse(node, NULL, "a bound is not one number");
    return NULL;
  }
  sf_type one = sf_onnx_type(bound->dtype, &(onnx_shape){.rank = 0}, rank);
  if (bound->kind == ONNX_CONSTANT)
    return sf_onnx_build_blob(node, kind, &x->type, x,
                              sf_onnx_blob(node, bound->tensor, rank, one.dim));
  sf_value *s = sf_onnx_stream(node, index, 0);
  return sf_onnx_build2(node, kind, &x->type, x,
                        sf_onnx_reshape(node, s, rank, one.dim));
}

static sf_result translate_clip(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (node->opset < 11)
    return emit_clip(node, sf_onnx_float(node, "min", -INFINITY),
                     sf_onnx_float(node, "max", INFINITY));
  const onnx_value *low = sf_onnx_input(node, 1),
                   *high = sf_onnx_input(node, 2);
  if (sf_onnx_is_float(x->dtype) && is_scalar(low) && is_scalar(high))
    return emit_clip(node,
                     low->kind ? sf_onnx_get_f64(low->tensor, 0) : -INFINITY,
                     high->kind ? sf_onnx_get_f64(high->tensor, 0) : INFINITY);
  sf_value *s = sf_onnx_whole_stream(node);
  sf_value *y = bounded(node, s, SF_OP_MAX, 1);
  return sf_onnx_emit(node, 0, bounded(node, y, SF_OP_MIN, 2), x->dtype,
                      &x->shape);
}

/* ---- Any number of inputs. ---- */

static sf_result variadic_shape(onnx_node *node, onnx_shape *out) {
  *out = sf_onnx_input(node, 0)->shape;
  for (uint32_t i = 0; i < node->input_count; i++) {
    const onnx_value *value = sf_onnx_input(node, i);
    onnx_shape before = *out;
    if (value->kind == ONNX_ABSENT)
      return sf_onnx_refuse(node, NULL, "input %u is missing", i);
    if (value->dtype != sf_onnx_input(node, 0)->dtype)
      return sf_onnx_refuse(node, NULL, "the inputs are of two types");
    if (!sf_onnx_broadcast(&before, &value->shape, out))
      return sf_onnx_refuse(node, NULL, "the shapes do not broadcast");
  }
  return SF_OK;
}

static void widen_to(sf_type *type, const sf_type *other) {
  for (unsigned i = 0; i < type->rank; i++)
    if (type->dim[i] == 1) type->dim[i] = other->dim[i];
}

/* `sum` and input `index`: a constant stays one. */
static sf_value *combine(onnx_node *node, sf_op_kind kind, sf_value *sum,
                         uint32_t index) {
  const onnx_tensor *constant = sf_onnx_constant(node, index);
  const onnx_value *value = sf_onnx_input(node, index);
  unsigned rank = sum->type.rank;
  sf_type other = sf_onnx_type(value->dtype, &value->shape, rank);
  sf_type type = sum->type;
  widen_to(&type, &other);
  if (constant)
    return sf_onnx_build_blob(node, kind, &type, sum,
                              sf_onnx_blob(node, constant, rank, other.dim));
  return sf_onnx_build2(node, kind, &type, sum,
                        sf_onnx_stream(node, index, rank));
}

/* Left to right, but a stream first: constants stand behind. */
static sf_value *fold_inputs(onnx_node *node, sf_op_kind kind,
                             const onnx_shape *shape) {
  unsigned rank = sf_onnx_working_rank(node, shape);
  uint32_t first = 0;
  while (first + 1 < node->input_count && sf_onnx_constant(node, first))
    first++;
  sf_value *y = sf_onnx_stream(node, first, rank);
  for (uint32_t i = 0; y && i < node->input_count; i++)
    if (i != first) y = combine(node, kind, y, i);
  return y;
}

static sf_result emit_fold(onnx_node *node, sf_op_kind kind, bool mean) {
  onnx_shape shape;
  if (!node->input_count)
    return sf_onnx_refuse(node, NULL, "there are no inputs");
  SF_TRY(variadic_shape(node, &shape));
  if (node->input_count == 1) return sf_onnx_emit_same(node, 0, 0);
  sf_value *y = fold_inputs(node, kind, &shape);
  if (y && mean)
    y = sf_onnx_build_blob(
        node, SF_OP_MUL, &y->type, y,
        sf_onnx_blob_number(node, "mean", y->type.rank,
                            1.0F / (float)node->input_count));
  return sf_onnx_emit(node, 0, y, sf_onnx_input(node, 0)->dtype, &shape);
}

/* One stream and one number: a bound. */
static bool is_bound(const onnx_node *node, uint32_t *stream, double *number) {
  if (node->input_count != 2) return false;
  *stream = sf_onnx_constant(node, 0) ? 1 : 0;
  const onnx_tensor *t = sf_onnx_constant(node, 1 - *stream);
  if (!t || sf_onnx_elements(&t->shape) != 1 || !sf_onnx_is_float(t->dtype) ||
      t->shape.rank > sf_onnx_input(node, *stream)->shape.rank)
    return false;
  *number = sf_onnx_get_f64(t, 0);
  return !isnan(*number);
}

/* Clips input 0: the other order is the same function. */
static sf_result emit_bound(onnx_node *node, uint32_t stream, double low,
                            double high) {
  if (stream == 1) {
    const onnx_value *constant = node->inputs[0];
    node->inputs[0] = node->inputs[1];
    node->inputs[1] = constant;
  }
  return emit_clip(node, low, high);
}

static sf_result translate_max(onnx_node *node) {
  uint32_t stream;
  double number;
  if (is_bound(node, &stream, &number))
    return emit_bound(node, stream, number, INFINITY);
  return emit_fold(node, SF_OP_MAX, false);
}

static sf_result translate_min(onnx_node *node) {
  uint32_t stream;
  double number;
  if (is_bound(node, &stream, &number))
    return emit_bound(node, stream, -INFINITY, number);
  return emit_fold(node, SF_OP_MIN, false);
}

static sf_result translate_sum(onnx_node *node) {
  return emit_fold(node, SF_OP_ADD, false);
}

static sf_result translate_mean(onnx_node *node) {
  return emit_fold(node, SF_OP_ADD, true);
}

const onnx_operator sf_onnx_clip_rows[] = {
    {"", "Clip", 6, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_clip,
     "bounds of one number"},
    {"", "Max", 6, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_max,
     "with a constant: a clip; two streams: b + relu(a - b)"},
    {"", "Mean", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_mean, ""},
    {"", "Min", 6, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_min,
     "with a constant: a clip"},
    {"", "Sum", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_sum,
     "a residual sum"},
    {0}};
