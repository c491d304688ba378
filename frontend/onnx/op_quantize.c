/* op_quantize.c - QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear. On
 * constants they are computed: weights are the exact f32 numbers that their
 * integers stand for. On streams they are the ops of the IR. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/neuron_kind.h"
#include "frontend/onnx/quantization.h"

/* The zero point has the result's type, else the attribute says it. */
static onnx_dtype quantized_dtype(onnx_node *node, const onnx_quantization *q) {
  int64_t dtype = sf_onnx_int(node, "output_dtype", 0);
  if (q->zero) return q->zero->dtype;
  return dtype ? (onnx_dtype)dtype : ONNX_UINT8;
}

static sf_result translate_quantize(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  onnx_quantization q;
  if (x->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  SF_TRY(sf_onnx_quantization_read(node, 1, &x->shape, &q));
  SF_TRY(sf_onnx_quantized_type(node, quantized_dtype(node, &q), &q));
  if (x->kind == ONNX_CONSTANT)
    return sf_onnx_emit_constant(node, 0,
                                 sf_onnx_quantized(node, x->tensor, &q));
  sf_value *s = sf_onnx_converted(node, x->stream, sf_f32());
  sf_value *y =
      sf_onnx_quantize(node, s, &x->shape, sf_onnx_scalar(q.dtype), &q);
  return sf_onnx_emit(node, 0, y, q.dtype, &x->shape);
}

static sf_result translate_dequantize(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  onnx_quantization q;
  if (x->kind == ONNX_ABSENT || sf_onnx_is_float(x->dtype) ||
      x->dtype == ONNX_BOOL)
    return sf_onnx_refuse(node, NULL, "the input is no integer");
  SF_TRY(sf_onnx_quantization_read(node, 1, &x->shape, &q));
  if (x->kind == ONNX_CONSTANT)
    return sf_onnx_emit_constant(node, 0,
                                 sf_onnx_dequantized(node, x->tensor, &q));
  return sf_onnx_emit(node, 0,
                      sf_onnx_dequantize(node, x->stream, &x->shape, &q),
                      ONNX_FLOAT, &x->shape);
}

/* ---- Scales of the sample itself. ---- */

static const onnx_neuron_kind nearest = {"round",        "t",  't',
                                         "%r = rint %a", NULL, NULL};

static sf_value *rounded(onnx_node *node, sf_value *x) {
  if (!x) return NULL;
  onnx_neuron_operand operand = sf_onnx_operand_stream(x);
  return sf_onnx_neurons(node, &nearest, sf_f32(), &operand);
}

static sf_value *in_bytes(onnx_node *node, sf_value *x) {
  sf_value *y = sf_onnx_apply(node, SF_OP_CLIP, x);
  if (!y || sf_op_set_number(y->op, SF_ATTR_min, 0.0F) ||
      sf_op_set_number(y->op, SF_ATTR_max, 255.0F))
    return NULL;
  return y;
}

/* Largest element or 0, in one element of the stream's rank. */
static sf_value *peak(onnx_node *node, sf_value *x) {
  unsigned axes[ONNX_RANK_MAX], rank = x ? x->type.rank : 0;
  for (unsigned i = 0; i < rank; i++)
    axes[i] = i;
  sf_value *y = rank ? sf_onnx_reduce(node, SF_POOL_MAX, x, rank, axes) : x;
  return sf_onnx_apply(node, SF_OP_RELU, y);
}

static sf_result translate_dynamic(onnx_node *node) {
  static const onnx_shape scalar = {.rank = 0};
  const onnx_value *x = sf_onnx_input(node, 0);
  if (!sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is no float");
  sf_value *s = sf_onnx_stream(node, 0, x->shape.rank);
  sf_value *high = peak(node, s);
  sf_value *depth = /* how far below zero they reach */
      peak(node, sf_onnx_apply_number(node, SF_OP_MUL, s, "minus_one", -1.0));
  sf_value *scale = sf_onnx_apply_number(
      node, SF_OP_DIV, sf_onnx_combine(node, SF_OP_ADD, high, depth), "steps",
      255.0);
  sf_value *zero = rounded(
      node, in_bytes(node, sf_onnx_combine(node, SF_OP_DIV, depth, scale)));
  sf_value *steps = rounded(node, sf_onnx_combine(node, SF_OP_DIV, s, scale));
  sf_value *y = in_bytes(node, sf_onnx_combine(node, SF_OP_ADD, steps, zero));
  sf_scalar bytes = sf_onnx_scalar(ONNX_UINT8);
  SF_TRY(sf_onnx_emit(node, 0, sf_onnx_converted(node, y, bytes), ONNX_UINT8,
                      &x->shape));
  SF_TRY(sf_onnx_emit(node, 1, sf_onnx_reshape(node, scale, 0, NULL),
                      ONNX_FLOAT, &scalar));
  zero = sf_onnx_reshape(node, zero, 0, NULL);
  return sf_onnx_emit(node, 2, sf_onnx_converted(node, zero, bytes), ONNX_UINT8,
                      &scalar);
}

const onnx_operator sf_onnx_quantize_rows[] = {
    {"", "DequantizeLinear", 10, ONNX_OPSET_NEWEST, ONNX_FOLD,
     translate_dequantize, "constant scales; weights become exact f32 numbers"},
    {"", "DynamicQuantizeLinear", 11, ONNX_OPSET_NEWEST, ONNX_HOST,
     translate_dynamic, "quantize statically to convert it to spikes"},
    {"", "QuantizeLinear", 10, ONNX_OPSET_NEWEST, ONNX_NEURON,
     translate_quantize, "constant scales; integers of 2 to 16 bits"},
    {0}};
