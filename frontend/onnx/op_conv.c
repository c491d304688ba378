/* op_conv.c - the operator Conv, of constant weights. */
#include "frontend/onnx/linear.h"
#include "frontend/onnx/padding.h"

#include <string.h>

/* ---- Conv. ---- */

typedef struct conv {
  onnx_window window;
  int64_t groups;
  sf_blob *weights, *bias;
  int32_t outputs;
  onnx_dtype dtype;
} conv;

static sf_value *make_conv(onnx_node *node, sf_value *sample, void *data) {
  const conv *c = data;
  unsigned axes = c->window.axes;
  sf_type type = sample->type;
  type.scalar = sf_onnx_scalar(c->dtype);
  type.dim[0] = c->outputs;
  for (unsigned i = 0; i < axes; i++)
    type.dim[1 + i] = (int32_t)c->window.out[i];
  int64_t pads[2 * ONNX_WINDOW_AXES];
  sf_onnx_window_pads(&c->window, false, pads);
  sf_value *y = sf_onnx_build_weights(node, SF_OP_CONV, &type, sample,
                                      c->weights, c->bias);
  if (!y || sf_op_set_ints(y->op, SF_ATTR_stride, axes, c->window.stride) ||
      sf_op_set_ints(y->op, SF_ATTR_pad, 2 * axes, pads) ||
      sf_op_set_ints(y->op, SF_ATTR_dilation, axes, c->window.dilation) ||
      sf_op_set_int(y->op, SF_ATTR_groups, c->groups))
    return NULL;
  return y;
}

static sf_result check_conv(onnx_node *node, const onnx_tensor *w,
                            const conv *c) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  if (w->shape.rank != x->rank || c->groups < 1 || c->groups > INT32_MAX ||
      x->dim[1] != w->shape.dim[1] * c->groups ||
      w->shape.dim[0] % c->groups != 0 || w->shape.dim[0] < 1)
    return sf_onnx_refuse(node, NULL,
                          "the weights do not fit the input in %lld groups",
                          (long long)c->groups);
  return SF_OK;
}

/* A bias of one number a channel; NULL blob: absent. */
static sf_result read_bias(onnx_node *node, uint32_t index, int32_t outputs,
                           sf_blob **out) {
  *out = NULL;
  if (!sf_onnx_has_input(node, index)) return SF_OK;
  const onnx_tensor *bias = NULL;
  SF_TRY(sf_onnx_need_constant(node, index, "the bias", &bias));
  if (sf_onnx_elements(&bias->shape) != (uint64_t)outputs)
    return sf_onnx_refuse(node, NULL, "the bias has not %d elements", outputs);
  *out = sf_onnx_blob(node, bias, 1, &outputs);
  return *out ? SF_OK : sf_onnx_failed(node);
}

sf_result sf_onnx_conv(onnx_node *node, onnx_dtype dtype, onnx_shape *shape,
                       sf_value **out) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *w = NULL;
  conv c = {.groups = sf_onnx_int(node, "group", 1), .dtype = dtype};
  *out = NULL;
  SF_TRY(sf_onnx_need_constant(node, 1, "the weights", &w));
  if (x->shape.rank < 3)
    return sf_onnx_refuse(node, NULL, "the input has no image axes");
  SF_TRY(check_conv(node, w, &c));
  SF_TRY(sf_onnx_window_read(node, &x->shape, w->shape.dim + 2, &c.window));
  (void)sf_onnx_take_padding(node, &c.window);
  sf_type weights = sf_onnx_type(w->dtype, &w->shape, w->shape.rank);
  c.outputs = weights.dim[0];
  c.weights = sf_onnx_blob(node, w, weights.rank, weights.dim);
  if (!c.weights) return sf_onnx_failed(node);
  SF_TRY(read_bias(node, 2, c.outputs, &c.bias));
  *shape = x->shape;
  shape->dim[1] = c.outputs;
  memcpy(shape->dim + 2, c.window.out, c.window.axes * sizeof *shape->dim);
  *out = sf_onnx_each_sample(node, x->shape.rank, make_conv, &c);
  return *out ? SF_OK : sf_onnx_failed(node);
}

static sf_result translate_conv(onnx_node *node) {
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  onnx_shape shape;
  sf_value *y;
  SF_TRY(sf_onnx_conv(node, dtype, &shape, &y));
  return sf_onnx_emit(node, 0, y, dtype, &shape);
}

const onnx_operator sf_onnx_conv_rows[] = {
    {"", "Conv", 1, ONNX_OPSET_NEWEST, ONNX_LINEAR, translate_conv,
     "constant weights; images of one and two axes"},
    {0}};
