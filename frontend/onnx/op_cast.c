/* op_cast.c - changes of the element type. Streams of every float type are f32:
 * a cast between them does nothing, except that the network's own output gets
 * the values of its type. Cast(bool) is how exported SNNs make spikes. */
#include "frontend/onnx/model.h"
#include "frontend/onnx/neuron_kind.h"

#include <stdlib.h>
#include <string.h>

static const onnx_neuron_kind not_zero = {
    "not_zero", "t", 's', "%r = ne %a, 0.0", "%r = ne %a, 0", NULL};
/* To 8 bits of fraction by splitting: c - (c - x) keeps the upper bits; large
 * values are scaled, so that c stays finite. */
static const onnx_neuron_kind bfloat16 = {
    "bfloat16",
    "t",
    't',
    "%m = abs %a %l = gt %m, 1.0e30 %k = select %l, 9.5367431640625e-7, 1.0 "
    ": f32 %x = mul %a, %k %c = mul %x, 65537.0 %d = sub %c, %x "
    "%n = sub %c, %d %q = div %n, %k %f = le %m, 3.4028235e38 "
    "%r = select %f, %q, %a",
    NULL,
    NULL};
/* To 11 bits; below 2^-14 to multiples of 2^-24; from 65520 on to infinity. */
static const onnx_neuron_kind float16 = {
    "float16",
    "t",
    't',
    "%m = abs %a %c = mul %a, 8193.0 %d = sub %c, %a %n = sub %c, %d "
    "%u = add %a, 0.75 %v = sub %u, 0.75 %s = lt %m, 6.103515625e-5 "
    "%w = select %s, %v, %n %h = lt %m, 65520.0 %i = mul %a, 1.0e35 "
    "%r = select %h, %w, %i",
    NULL,
    NULL};
/* The low bits of an integer, without a sign. */
static const onnx_neuron_kind low8 = {
    "low_8_bits",
    "t",
    't',
    NULL,
    "%q = shr %a {shift = 8} : i32 %m = shl %q {shift = 8} : i32 "
    "%r = sub %a, %m : i32",
    NULL};
static const onnx_neuron_kind low16 = {
    "low_16_bits",
    "t",
    't',
    NULL,
    "%q = shr %a {shift = 16} : i32 %m = shl %q {shift = 16} : i32 "
    "%r = sub %a, %m : i32",
    NULL};

static sf_value *by_kind(onnx_node *node, const onnx_neuron_kind *kind,
                         sf_value *x) {
  sf_scalar type = x->type.scalar;
  if (type.kind == SF_SCALAR_INT) {
    x = sf_onnx_widened(node, x);
    type = sf_int(32);
  }
  if (!x) return NULL;
  onnx_neuron_operand operand = sf_onnx_operand_stream(x);
  return sf_onnx_neurons(node, kind, type, &operand);
}

/* Output 0 leaves the network: nobody computes with it. */
static bool is_network_output(const onnx_node *node) {
  const Onnx__GraphProto *graph = node->import->model->graph;
  for (size_t i = 0; sf_onnx_wants(node, 0) && i < graph->n_output; i++)
    if (graph->output[i]->name &&
        strcmp(graph->output[i]->name, node->proto->output[0]) == 0)
      return true;
  return false;
}

static sf_value *float_to_float(onnx_node *node, sf_value *x, onnx_dtype to) {
  if (!is_network_output(node)) return x;
  if (to == ONNX_BFLOAT16) return by_kind(node, &bfloat16, x);
  return to == ONNX_FLOAT16 ? by_kind(node, &float16, x) : x;
}

/* Integers wrap to the bits of their type. */
static sf_value *int_to_int(onnx_node *node, sf_value *x, onnx_dtype from,
                            onnx_dtype to) {
  unsigned bits = sf_onnx_dtype_bits(to);
  sf_scalar scalar = sf_onnx_scalar(to);
  bool holds = scalar.bits >= x->type.scalar.bits &&
               (sf_onnx_is_signed(to) || !sf_onnx_is_signed(from));
  if (!holds && !sf_onnx_is_signed(to) && (bits == 8 || bits == 16))
    x = by_kind(node, bits == 8 ? &low8 : &low16, x);
  sf_value *y = sf_onnx_converted(node, x, scalar);
  if (y && !holds && sf_onnx_is_signed(to) && y->op->kind == SF_OP_CONVERT)
    y->op->mode = SF_MODE_WRAP;
  return y;
}

static sf_value *cast(onnx_node *node, sf_value *x, onnx_dtype from,
                      onnx_dtype to) {
  if (!x || from == to) return x;
  if (to == ONNX_BOOL) return by_kind(node, &not_zero, x);
  if (sf_onnx_is_float(from) && sf_onnx_is_float(to))
    return float_to_float(node, x, to);
  if (!sf_onnx_is_float(from) && !sf_onnx_is_float(to))
    return int_to_int(node, x, from, to);
  return sf_onnx_converted(node, x, sf_onnx_scalar(to));
}

static sf_result emit_cast(onnx_node *node, onnx_dtype to) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (!sf_onnx_dtype_known(to) || to == ONNX_STRING)
    return sf_onnx_refuse(node, NULL, "the cast is to type %d", (int)to);
  if (x->kind == ONNX_CONSTANT)
    return sf_onnx_emit_constant(node, 0,
                                 sf_onnx_tensor_cast(node, x->tensor, to));
  if (x->kind != ONNX_STREAM)
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  return sf_onnx_emit(node, 0, cast(node, x->stream, x->dtype, to), to,
                      &x->shape);
}

static sf_result translate_cast(onnx_node *node) {
  if (node->opset < 6)
    return sf_onnx_refuse(node, "export the model with opset 13 or later",
                          "the type is a text");
  return emit_cast(node, (onnx_dtype)sf_onnx_int(node, "to", 0));
}

static sf_result translate_cast_like(onnx_node *node) {
  return emit_cast(node, sf_onnx_input(node, 1)->dtype);
}

const onnx_operator sf_onnx_cast_rows[] = {
    {"", "Cast", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_cast,
     "floats of every width are computed as f32"},
    {"", "CastLike", 15, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_cast_like,
     "floats of every width are computed as f32"},
    {0}};
