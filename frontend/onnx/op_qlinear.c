/* op_qlinear.c - convolutions and products of quantized tensors: exact integer
 * sums, then one scale. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/linear.h"
#include "frontend/onnx/neuron_kind.h"
#include "frontend/onnx/quantization.h"

/* An input of the node in terms of integers without a zero point. */
typedef struct centered {
  onnx_value value;
  onnx_quantization q;
} centered;

/* ---- Zero points taken out. ---- */

static sf_result zero_point(onnx_node *node, uint32_t index,
                            onnx_quantization *q) {
  if (!sf_onnx_has_input(node, index)) return SF_OK;
  SF_TRY(sf_onnx_need_constant(node, index, "the zero point", &q->zero));
  return SF_OK;
}

/* Zero points of one element or one an index of `axis`. */
static sf_result check_zero(onnx_node *node, const onnx_value *x, int axis,
                            onnx_quantization *q) {
  if (!q->zero || sf_onnx_elements(&q->zero->shape) == 1) return SF_OK;
  q->axis = axis;
  if (q->zero->shape.rank == 1 && axis >= 0 && axis < x->shape.rank &&
      q->zero->shape.dim[0] == x->shape.dim[axis])
    return SF_OK;
  return sf_onnx_refuse(node, NULL, "a zero point does not fit its tensor");
}

static bool has_zero(const onnx_quantization *q) {
  uint64_t count = q->zero ? sf_onnx_elements(&q->zero->shape) : 0;
  for (uint64_t i = 0; i < count; i++)
    if (sf_onnx_get_i64(q->zero, i)) return true;
  return false;
}

static onnx_tensor *center_constant(onnx_node *node, const onnx_value *x,
                                    const onnx_quantization *q) {
  uint64_t count = sf_onnx_elements(&x->shape);
  if (!sf_onnx_charge(node, count)) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, ONNX_INT16, &x->shape);
  for (uint64_t i = 0; made && i < count; i++)
    sf_onnx_set_i64(made, i,
                    sf_onnx_get_i64(x->tensor, i) -
                        sf_onnx_zero_of(q, &x->shape, i));
  if (made) made->name = x->tensor->name;
  return made;
}

/* x - zero: at most 9 bits and a sign. */
static sf_value *center_stream(onnx_node *node, const onnx_value *x,
                               const onnx_quantization *q) {
  sf_value *s = x->stream;
  if (!q->zero || !has_zero(q)) return s;
  unsigned rank = s->type.rank;
  sf_type one = sf_onnx_type(q->zero->dtype, &(onnx_shape){.rank = 0}, rank);
  if (sf_onnx_elements(&q->zero->shape) > 1) {
    if ((unsigned)q->axis < x->shape.rank - rank) return NULL;
    one.dim[(unsigned)q->axis - (x->shape.rank - rank)] =
        (int32_t)q->zero->shape.dim[0];
  }
  sf_type type = s->type;
  type.scalar = sf_int(10);
  return sf_onnx_build_blob(node, SF_OP_SUB, &type, s,
                            sf_onnx_blob(node, q->zero, rank, one.dim));
}

/* Input `index` without zero point `zero`; `axis`: of a list of them. */
static sf_result center(onnx_node *node, uint32_t index, uint32_t zero,
                        int axis, centered *out) {
  const onnx_value *x = sf_onnx_input(node, index);
  out->value = *x;
  out->value.padding = NULL;
  out->q = (onnx_quantization){.axis = -1};
  if (x->kind == ONNX_ABSENT || sf_onnx_dtype_bits(x->dtype) != 8 ||
      sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "input %u is not of 8-bit integers",
                          index);
  SF_TRY(zero_point(node, zero, &out->q));
  SF_TRY(check_zero(node, x, axis, &out->q));
  if (x->kind == ONNX_CONSTANT) {
    if (!has_zero(&out->q)) return SF_OK;
    out->value.tensor = center_constant(node, x, &out->q);
    out->value.dtype = ONNX_INT16;
    return out->value.tensor ? SF_OK : sf_onnx_failed(node);
  }
  out->value.stream = center_stream(node, x, &out->q);
  return out->value.stream ? SF_OK : sf_onnx_failed(node);
}

/* The node computes on these inputs from now on. */
static sf_result replace_inputs(onnx_node *node, const centered *a,
                                const centered *b, const onnx_value *bias) {
  onnx_value *copies = SF_NEW_ARRAY(node->arena, onnx_value, 2);
  const onnx_value **inputs = SF_NEW_ARRAY(node->arena, const onnx_value *, 3);
  if (!copies || !inputs) return SF_OOM;
  copies[0] = a->value;
  copies[1] = b->value;
  inputs[0] = &copies[0];
  inputs[1] = &copies[1];
  inputs[2] = bias;
  node->inputs = inputs;
  node->input_count = bias && bias->kind != ONNX_ABSENT ? 3 : 2;
  return SF_OK;
}

/* ---- Integer results. ---- */

static sf_result translate_conv_integer(onnx_node *node) {
  centered x, w;
  onnx_shape shape;
  sf_value *y;
  SF_TRY(center(node, 0, 2, -1, &x));
  SF_TRY(center(node, 1, 3, 0, &w));
  SF_TRY(replace_inputs(node, &x, &w, NULL));
  SF_TRY(sf_onnx_conv(node, ONNX_INT32, &shape, &y));
  return sf_onnx_emit(node, 0, y, ONNX_INT32, &shape);
}

/* Zero points of a: one a row; of b: one a column. */
static int row_axis(const onnx_value *a) {
  return a->shape.rank < 2 ? -1 : a->shape.rank - 2;
}

static sf_result translate_matmul_integer(onnx_node *node) {
  centered a, b;
  onnx_shape shape;
  sf_value *y;
  SF_TRY(center(node, 0, 2, row_axis(sf_onnx_input(node, 0)), &a));
  SF_TRY(center(node, 1, 3, sf_onnx_input(node, 1)->shape.rank - 1, &b));
  SF_TRY(replace_inputs(node, &a, &b, NULL));
  SF_TRY(sf_onnx_matmul(node, ONNX_INT32, &shape, &y));
  return sf_onnx_emit(node, 0, y, ONNX_INT32, &shape);
}

/* ---- Scaled results. ---- */

static sf_result read_scale(onnx_node *node, uint32_t index,
                            const onnx_tensor **out) {
  return sf_onnx_need_constant(node, index, "the scale", out);
}

/* a scale times b scale: one number, or one an index of the result's axis. */
static sf_result product_scale(onnx_node *node, const onnx_tensor *a,
                               const onnx_tensor *b, int axis,
                               const onnx_shape *shape,
                               onnx_quantization *out) {
  uint64_t count = sf_onnx_elements(&b->shape);
  *out = (onnx_quantization){.axis = count > 1 ? axis : -1};
  if (sf_onnx_elements(&a->shape) != 1 ||
      (count != 1 && (axis < 0 || axis >= shape->rank ||
                      count != (uint64_t)shape->dim[axis])))
    return sf_onnx_refuse(node, "quantize activations with one scale",
                          "a scale does not fit its tensor");
  onnx_shape list = {.rank = count > 1 ? 1 : 0, .dim = {(int64_t)count}};
  onnx_tensor *made = sf_onnx_tensor_create(node, ONNX_FLOAT, &list);
  for (uint64_t i = 0; made && i < count; i++)
    sf_onnx_set_f64(made, i, sf_onnx_get_f64(a, 0) * sf_onnx_get_f64(b, i));
  out->scale = made;
  if (made) made->name = sf_arena_printf(node->arena, "%s.delta", node->label);
  return made ? SF_OK : sf_onnx_failed(node);
}

/* The integer sums `y` as numbers, and those as integers of the result. */
static sf_result emit_scaled(onnx_node *node, sf_value *y,
                             const onnx_shape *shape,
                             const onnx_quantization *delta,
                             const onnx_quantization *result) {
  sf_value *f = sf_onnx_dequantize(node, y, shape, delta);
  sf_value *q =
      sf_onnx_quantize(node, f, shape, sf_onnx_scalar(result->dtype), result);
  return sf_onnx_emit(node, 0, q, result->dtype, shape);
}

static sf_result read_result(onnx_node *node, uint32_t scale,
                             onnx_quantization *out) {
  const onnx_shape one = {.rank = 0};
  SF_TRY(sf_onnx_quantization_read(node, scale, &one, out));
  return sf_onnx_quantized_type(node, out->zero ? out->zero->dtype : ONNX_UINT8,
                                out);
}

static sf_result translate_qlinear_conv(onnx_node *node) {
  centered x, w;
  onnx_quantization delta, result;
  const onnx_tensor *x_scale, *w_scale;
  onnx_shape shape;
  sf_value *y;
  SF_TRY(center(node, 0, 2, -1, &x));
  SF_TRY(center(node, 3, 5, 0, &w));
  SF_TRY(read_scale(node, 1, &x_scale));
  SF_TRY(read_scale(node, 4, &w_scale));
  SF_TRY(read_result(node, 6, &result));
  SF_TRY(replace_inputs(node, &x, &w, sf_onnx_input(node, 8)));
  SF_TRY(sf_onnx_conv(node, ONNX_INT32, &shape, &y));
  SF_TRY(product_scale(node, x_scale, w_scale, 1, &shape, &delta));
  return emit_scaled(node, y, &shape, &delta, &result);
}

static sf_result translate_qlinear_matmul(onnx_node *node) {
  centered a, b;
  onnx_quantization delta, result;
  const onnx_tensor *a_scale, *b_scale;
  onnx_shape shape;
  sf_value *y;
  SF_TRY(center(node, 0, 2, row_axis(sf_onnx_input(node, 0)), &a));
  SF_TRY(center(node, 3, 5, sf_onnx_input(node, 3)->shape.rank - 1, &b));
  SF_TRY(read_scale(node, 1, &a_scale));
  SF_TRY(read_scale(node, 4, &b_scale));
  SF_TRY(read_result(node, 6, &result));
  SF_TRY(replace_inputs(node, &a, &b, NULL));
  SF_TRY(sf_onnx_matmul(node, ONNX_INT32, &shape, &y));
  SF_TRY(product_scale(node, a_scale, b_scale, shape.rank - 1, &shape, &delta));
  return emit_scaled(node, y, &shape, &delta, &result);
}

const onnx_operator sf_onnx_qlinear_rows[] = {
    {"", "ConvInteger", 10, ONNX_OPSET_NEWEST, ONNX_LINEAR,
     translate_conv_integer, "constant weights and zero points"},
    {"", "MatMulInteger", 10, ONNX_OPSET_NEWEST, ONNX_LINEAR,
     translate_matmul_integer, "constant zero points"},
    {"", "QLinearConv", 10, ONNX_OPSET_NEWEST, ONNX_LINEAR,
     translate_qlinear_conv, "constant weights, scales and zero points"},
    {"", "QLinearMatMul", 10, ONNX_OPSET_NEWEST, ONNX_LINEAR,
     translate_qlinear_matmul, "constant scales and zero points"},
    {0}};
