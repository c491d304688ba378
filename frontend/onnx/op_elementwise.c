/* op_elementwise.c - sums, products and nonlinearities, element by element. */
#include "frontend/onnx/elementwise.h"
#include "frontend/onnx/neuron_kind.h"

/* Axes that a value needs: without leading ones of extent 1. */
static unsigned needed_rank(const onnx_shape *shape) {
  unsigned rank = shape->rank;
  while (rank && sf_onnx_leading(shape, rank - 1) == 1)
    rank--;
  return rank;
}

unsigned sf_onnx_working_rank(const onnx_node *node, const onnx_shape *out) {
  unsigned rank = needed_rank(out);
  for (uint32_t i = 0; i < node->input_count; i++) {
    const onnx_value *value = sf_onnx_input(node, i);
    if (value->kind == ONNX_STREAM && value->stream->type.rank > rank)
      rank = value->stream->type.rank;
  }
  return rank;
}

sf_value *sf_onnx_binary(onnx_node *node, sf_op_kind kind, uint32_t a,
                         uint32_t b, const onnx_shape *shape) {
  const onnx_value *x = sf_onnx_input(node, a);
  const onnx_tensor *constant = sf_onnx_constant(node, b);
  unsigned rank = sf_onnx_working_rank(node, shape);
  sf_type type = sf_onnx_type(x->dtype, shape, rank);
  bool commutes = kind == SF_OP_ADD || kind == SF_OP_MUL;
  if (!constant && commutes && sf_onnx_constant(node, a)) {
    constant = sf_onnx_constant(node, a);
    a = b;
  }
  sf_value *s = sf_onnx_stream(node, a, rank);
  if (!s) return NULL;
  if (!constant)
    return sf_onnx_build2(node, kind, &type, s, sf_onnx_stream(node, b, rank));
  sf_type extent = sf_onnx_type(constant->dtype, &constant->shape, rank);
  return sf_onnx_build_blob(node, kind, &type, s,
                            sf_onnx_blob(node, constant, rank, extent.dim));
}

/* Before opset 7: the second input's axes are those of the first from `axis`
 * on, so that it gets more of extent 1 behind them. */
static sf_result align(onnx_node *node) {
  const onnx_value *a = sf_onnx_input(node, 0), *b = sf_onnx_input(node, 1);
  if (!sf_onnx_int(node, "broadcast", 0)) return SF_OK;
  int64_t last = (int64_t)a->shape.rank - (int64_t)b->shape.rank;
  int64_t axis = sf_onnx_int(node, "axis", last);
  if (axis < 0 || axis > last)
    return sf_onnx_refuse(node, NULL, "broadcasting from axis %lld on",
                          (long long)axis);
  onnx_value *aligned = SF_NEW(node->arena, onnx_value);
  if (!aligned) return SF_OOM;
  *aligned = *b;
  while (axis + aligned->shape.rank < a->shape.rank)
    aligned->shape.dim[aligned->shape.rank++] = 1;
  if (b->kind == ONNX_STREAM)
    aligned->stream = sf_onnx_stream_as(node, 1, &aligned->shape);
  else
    aligned->tensor = sf_onnx_tensor_reshape(node, b->tensor, &aligned->shape);
  if (!aligned->stream && !aligned->tensor) return sf_onnx_failed(node);
  node->inputs[1] = aligned;
  return SF_OK;
}

/* Broadcast shape of inputs 0 and 1, which have one type. */
static sf_result binary_shape(onnx_node *node, onnx_shape *out) {
  const onnx_value *a = sf_onnx_input(node, 0), *b = sf_onnx_input(node, 1);
  if (a->kind == ONNX_ABSENT || b->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "an input is missing");
  if (node->opset < 7) {
    SF_TRY(align(node));
    b = sf_onnx_input(node, 1);
  }
  if (a->dtype != b->dtype)
    return sf_onnx_refuse(node, NULL, "the inputs are of two types");
  if (!sf_onnx_broadcast(&a->shape, &b->shape, out))
    return sf_onnx_refuse(node, NULL, "the shapes do not broadcast");
  return SF_OK;
}

static sf_result arithmetic(onnx_node *node, sf_op_kind kind) {
  onnx_shape shape;
  SF_TRY(binary_shape(node, &shape));
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  sf_value *y = sf_onnx_binary(node, kind, 0, 1, &shape);
  /* As ONNX's integers of these widths do; others must fit. */
  if (y && (dtype == ONNX_INT8 || dtype == ONNX_INT16 || dtype == ONNX_INT32))
    y->op->mode = SF_MODE_WRAP;
  return sf_onnx_emit(node, 0, y, dtype, &shape);
}

static sf_result translate_add(onnx_node *node) {
  return arithmetic(node, SF_OP_ADD);
}
static sf_result translate_sub(onnx_node *node) {
  return arithmetic(node, SF_OP_SUB);
}
static sf_result translate_mul(onnx_node *node) {
  return arithmetic(node, SF_OP_MUL);
}
static sf_result translate_div(onnx_node *node) {
  if (!sf_onnx_is_float(sf_onnx_input(node, 0)->dtype))
    return sf_onnx_translate_kind(node);
  return arithmetic(node, SF_OP_DIV);
}

sf_value *sf_onnx_whole_stream(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  return x->kind == ONNX_STREAM ? x->stream
                                : sf_onnx_stream(node, 0, x->shape.rank);
}

sf_result sf_onnx_unary(onnx_node *node, sf_op_kind kind, sf_value **out) {
  const onnx_value *x = sf_onnx_input(node, 0);
  *out = NULL;
  if (!sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is %s; floats are supported",
                          sf_onnx_dtype_text(x->dtype));
  sf_value *s = sf_onnx_whole_stream(node);
  if (!s) return sf_onnx_failed(node);
  *out = sf_onnx_build1(node, kind, &s->type, s);
  return sf_onnx_emit(node, 0, *out, x->dtype, &x->shape);
}

static sf_result translate_relu(onnx_node *node) {
  sf_value *y;
  return sf_onnx_unary(node, SF_OP_RELU, &y);
}

const onnx_operator sf_onnx_elementwise_rows[] = {
    {"", "Add", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_add,
     "a constant is a bias; two streams a residual sum"},
    {"", "Sub", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_sub, ""},
    {"", "Mul", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_mul,
     "two streams: product neurons or host"},
    {"", "Div", 6, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_div,
     "a quotient of two streams: host"},
    {"", "Relu", 1, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_relu, ""},
    {0}};
