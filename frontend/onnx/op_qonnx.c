/* op_qonnx.c - the quantizers of QONNX, as Brevitas writes them: Quant and
 * BipolarQuant, of any bit width. On weights they are computed; on streams they
 * are quantize and dequantize. */
#include "frontend/onnx/neuron_kind.h"
#include "frontend/onnx/quantization.h"
#include "ir/arith.h"

#include <math.h>
#include <string.h>

/* ---- Quant: x, scale, zero point, bit width. ---- */

static sf_result read_rounding(onnx_node *node, sf_round *out) {
  static const struct {
    const char *word;
    sf_round round;
  } words[] = {
      {"ROUND", SF_ROUND_HALF_EVEN},    {"HALF_EVEN", SF_ROUND_HALF_EVEN},
      {"CEIL", SF_ROUND_CEIL},          {"FLOOR", SF_ROUND_FLOOR},
      {"ROUND_TO_ZERO", SF_ROUND_ZERO}, {"DOWN", SF_ROUND_ZERO},
      {"HALF_UP", SF_ROUND_HALF_AWAY}};
  const char *mode = sf_onnx_text(node, "rounding_mode", "ROUND");
  for (size_t i = 0; i < SF_COUNT_OF(words); i++)
    if (strcmp(words[i].word, mode) == 0) {
      *out = words[i].round;
      return SF_OK;
    }
  return sf_onnx_refuse(node, NULL, "rounding_mode is '%s'", mode);
}

/* Integers that `bits` bits have; `narrow` leaves the outermost one out. */
static sf_result read_range(onnx_node *node, double bits,
                            onnx_quantization *q) {
  bool is_signed = sf_onnx_int(node, "signed", 1) != 0;
  bool narrow = sf_onnx_int(node, "narrow", 0) != 0;
  if (!(bits >= 1 && bits <= 16) || bits != floor(bits))
    return sf_onnx_refuse(node, NULL, "%g bits; 1 to 16 are supported", bits);
  int64_t count = (int64_t)1 << (unsigned)bits;
  q->low = is_signed ? -count / 2 + narrow : 0;
  q->high = is_signed ? count / 2 - 1 : count - 1 - narrow;
  q->dtype = bits > 8 ? ONNX_INT32 : ONNX_INT16;
  return SF_OK;
}

static bool broadcasts(const onnx_tensor *t, const onnx_shape *x) {
  onnx_shape shape;
  return sf_onnx_broadcast(&t->shape, x, &shape) &&
         sf_onnx_same_shape(&shape, x);
}

/* Whole zero points: another one would not be an integer's. */
static sf_result read_zero(onnx_node *node, const onnx_shape *x,
                           onnx_quantization *q) {
  const onnx_tensor *t = NULL;
  SF_TRY(sf_onnx_need_constant(node, 2, "the zero point", &t));
  uint64_t count = sf_onnx_elements(&t->shape);
  for (uint64_t i = 0; i < count; i++)
    if (sf_onnx_get_f64(t, i) != (double)sf_onnx_get_i64(t, i) ||
        fabs(sf_onnx_get_f64(t, i)) > 32767)
      return sf_onnx_refuse(node, NULL, "a zero point is no small integer");
  if (!broadcasts(t, x))
    return sf_onnx_refuse(node, NULL, "the zero point does not broadcast");
  q->zero = sf_onnx_tensor_cast(node, t, ONNX_INT16);
  return q->zero ? SF_OK : sf_onnx_failed(node);
}

static sf_result read_quant(onnx_node *node, const onnx_shape *x,
                            onnx_quantization *q) {
  const onnx_tensor *bits = NULL;
  *q = (onnx_quantization){.axis = -1};
  SF_TRY(sf_onnx_need_constant(node, 1, "the scale", &q->scale));
  SF_TRY(read_zero(node, x, q));
  SF_TRY(sf_onnx_need_constant(node, 3, "the bit width", &bits));
  SF_TRY(read_rounding(node, &q->round));
  if (sf_onnx_elements(&bits->shape) != 1)
    return sf_onnx_refuse(node, NULL, "there is more than one bit width");
  uint64_t count = sf_onnx_elements(&q->scale->shape);
  for (uint64_t i = 0; i < count; i++)
    if (!(sf_onnx_get_f64(q->scale, i) > 0))
      return sf_onnx_refuse(node, NULL, "a scale is not above 0");
  if (!broadcasts(q->scale, x))
    return sf_onnx_refuse(node, NULL, "the scale does not broadcast");
  return read_range(node, sf_onnx_get_f64(bits, 0), q);
}

static sf_result translate_quant(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  onnx_quantization q;
  if (x->kind == ONNX_ABSENT || !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is no float");
  SF_TRY(read_quant(node, &x->shape, &q));
  if (x->kind == ONNX_CONSTANT) {
    onnx_tensor *integers = sf_onnx_quantized(node, x->tensor, &q);
    return sf_onnx_emit_constant(
        node, 0, integers ? sf_onnx_dequantized(node, integers, &q) : NULL);
  }
  sf_value *y = sf_onnx_quantize(node, x->stream, &x->shape,
                                 sf_int_holding(q.low, q.high), &q);
  return sf_onnx_emit(node, 0, sf_onnx_dequantize(node, y, &x->shape, &q),
                      x->dtype, &x->shape);
}

/* ---- BipolarQuant: the sign, times a scale. ---- */

static const onnx_neuron_kind bipolar = {
    "bipolar", "tt", 't', "%s = ge %a, 0.0 %n = neg %b %r = select %s, %b, %n",
    NULL,      NULL};

static sf_result translate_bipolar(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *scale = NULL;
  SF_TRY(sf_onnx_need_constant(node, 1, "the scale", &scale));
  if (x->kind == ONNX_ABSENT || !sf_onnx_is_float(x->dtype) ||
      scale->dtype != x->dtype || !broadcasts(scale, &x->shape))
    return sf_onnx_refuse(node, NULL, "the scale does not fit the input");
  if (x->kind == ONNX_STREAM)
    return sf_onnx_emit_kind(node, &bipolar, ONNX_UNDEFINED);
  uint64_t count = sf_onnx_elements(&x->shape);
  onnx_tensor *wide = sf_onnx_tensor_expand(node, scale, &x->shape);
  onnx_tensor *made = sf_onnx_tensor_create(node, ONNX_FLOAT, &x->shape);
  if (!wide || !made || !sf_onnx_charge(node, count))
    return sf_onnx_failed(node);
  for (uint64_t i = 0; i < count; i++) {
    double step = sf_onnx_get_f64(wide, i);
    sf_onnx_set_f64(made, i, sf_onnx_get_f64(x->tensor, i) >= 0 ? step : -step);
  }
  made->name = x->tensor->name;
  return sf_onnx_emit_constant(node, 0, made);
}

#define ROWS(DOMAIN)                                                           \
  {DOMAIN,                                                                     \
   "BipolarQuant",                                                             \
   1,                                                                          \
   ONNX_OPSET_NEWEST,                                                          \
   ONNX_NEURON,                                                                \
   translate_bipolar,                                                          \
   "constant scale"},                                                          \
      {DOMAIN,                                                                 \
       "Quant",                                                                \
       1,                                                                      \
       ONNX_OPSET_NEWEST,                                                      \
       ONNX_NEURON,                                                            \
       translate_quant,                                                        \
       "constant scale and zero point; 1 to 16 bits"}

const onnx_operator sf_onnx_qonnx_rows[] = {ROWS("onnx.brevitas"),
                                            ROWS("qonnx.custom_op.general"),
                                            ROWS("finn.custom_op.general"),
                                            {0}};
