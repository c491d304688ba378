/* op_softmax.c - Softmax and its kin, and the decoders ArgMax and ArgMin. */
#include "frontend/onnx/axis.h"

/* Before opset 13 all axes from `axis` on are one: the others are the rows. */
static sf_value *softmax_operand(onnx_node *node, unsigned *axis) {
  const onnx_shape *shape = &sf_onnx_input(node, 0)->shape;
  unsigned first = *axis;
  if (node->opset >= 13 || first + 1 == shape->rank)
    return sf_onnx_stream_axis(node, 0, first, axis);
  onnx_shape rows = {.rank = 2,
                     .dim = {sf_onnx_leading(shape, shape->rank - first), 1}};
  for (unsigned i = first; i < shape->rank; i++)
    rows.dim[1] *= shape->dim[i];
  *axis = 1;
  return sf_onnx_stream_as(node, 0, &rows);
}

/* x - max, less the logarithm of the sum of its exponentials: no sum is 0. */
static sf_value *log_softmax(onnx_node *node, sf_value *x, unsigned axis) {
  sf_value *peak = sf_onnx_reduce(node, SF_POOL_MAX, x, 1, &axis);
  sf_value *d = sf_onnx_combine(node, SF_OP_SUB, x, peak);
  sf_value *e = sf_onnx_apply(node, SF_OP_EXP, d);
  sf_value *sum = sf_onnx_reduce(node, SF_POOL_SUM, e, 1, &axis);
  return sf_onnx_combine(node, SF_OP_SUB, d,
                         sf_onnx_apply(node, SF_OP_LOG, sum));
}

static sf_value *softmax(onnx_node *node, sf_value *x, unsigned axis) {
  sf_value *y = sf_onnx_apply(node, SF_OP_SOFTMAX, x);
  /* The default counts from the end. */
  int64_t from_end = (int64_t)axis - (x ? x->type.rank : 0);
  return y && sf_op_set_int(y->op, SF_ATTR_axis, from_end) == SF_OK ? y : NULL;
}

static sf_result emit_softmax(onnx_node *node, bool logarithm) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned axis;
  SF_TRY(sf_onnx_read_axis(node, "axis", node->opset < 13 ? 1 : -1, &axis));
  if (!sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is %s",
                          sf_onnx_dtype_text(x->dtype));
  sf_value *s = softmax_operand(node, &axis);
  sf_value *y = logarithm ? log_softmax(node, s, axis) : softmax(node, s, axis);
  sf_type type = x->kind == ONNX_STREAM
                     ? x->stream->type
                     : sf_onnx_type(x->dtype, &x->shape, x->shape.rank);
  return sf_onnx_emit(node, 0, sf_onnx_reshape(node, y, type.rank, type.dim),
                      x->dtype, &x->shape);
}

static sf_result translate_softmax(onnx_node *node) {
  return emit_softmax(node, false);
}

static sf_result translate_log_softmax(onnx_node *node) {
  return emit_softmax(node, true);
}

/* ---- Indices of extremes. ---- */

static sf_result emit_arg(onnx_node *node, bool least) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned axis, at;
  bool keep = sf_onnx_int(node, "keepdims", 1) != 0;
  SF_TRY(sf_onnx_read_axis(node, "axis", 0, &axis));
  if (sf_onnx_int(node, "select_last_index", 0))
    return sf_onnx_refuse(node, NULL, "the last of equal extremes");
  sf_value *s = sf_onnx_stream_axis(node, 0, axis, &at);
  if (least && !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the least of integers");
  if (least) s = sf_onnx_apply_number(node, SF_OP_MUL, s, "minus_one", -1.0);
  if (!s) return sf_onnx_failed(node);
  onnx_shape shape = x->shape;
  sf_type type = s->type;
  type.scalar = sf_onnx_scalar(ONNX_INT64);
  type.dim[at] = 1;
  shape.dim[axis] = 1;
  for (unsigned i = at; !keep && i + 1 < type.rank; i++)
    type.dim[i] = type.dim[i + 1];
  for (unsigned i = axis; !keep && i + 1 < shape.rank; i++)
    shape.dim[i] = shape.dim[i + 1];
  type.rank = (uint8_t)(type.rank - !keep);
  shape.rank = (uint8_t)(shape.rank - !keep);
  sf_value *y = sf_onnx_build1(node, SF_OP_ARGMAX, &type, s);
  if (!y || sf_op_set_int(y->op, SF_ATTR_axis, (int64_t)at - s->type.rank) ||
      sf_op_set_int(y->op, SF_ATTR_keep, keep))
    return SF_OOM;
  return sf_onnx_emit(node, 0, y, ONNX_INT64, &shape);
}

static sf_result translate_arg_max(onnx_node *node) {
  return emit_arg(node, false);
}

static sf_result translate_arg_min(onnx_node *node) {
  return emit_arg(node, true);
}

const onnx_operator sf_onnx_softmax_rows[] = {
    {"", "ArgMax", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_arg_max,
     "the first of equal maxima"},
    {"", "ArgMin", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_arg_min,
     "the first of equal minima"},
    {"", "LogSoftmax", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_log_softmax,
     "at the end: does not change the class"},
    {"", "Softmax", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_softmax,
     "at the end: does not change the class"},
    {0}};
