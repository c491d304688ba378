/* op_convt.c - ConvTranspose. */
#include "frontend/onnx/window.h"

#include <string.h>

typedef struct convt {
  onnx_window window; /* in, out, kernel, stride, dilation, begin, end */
  int64_t out_pad[ONNX_WINDOW_AXES], groups;
  int32_t outputs;
  sf_blob *weights, *bias;
} convt;

static sf_value *make_convt(onnx_node *node, sf_value *sample, void *data) {
  const convt *c = data;
  unsigned axes = c->window.axes;
  sf_type type = sample->type;
  type.dim[0] = c->outputs;
  for (unsigned i = 0; i < axes; i++)
    type.dim[1 + i] = (int32_t)c->window.out[i];
  int64_t pads[2 * ONNX_WINDOW_AXES];
  sf_onnx_window_pads(&c->window, false, pads);
  sf_value *y = sf_onnx_build_weights(node, SF_OP_CONVT, &type, sample,
                                      c->weights, c->bias);
  if (!y || sf_op_set_ints(y->op, SF_ATTR_stride, axes, c->window.stride) ||
      sf_op_set_ints(y->op, SF_ATTR_pad, 2 * axes, pads) ||
      sf_op_set_ints(y->op, SF_ATTR_dilation, axes, c->window.dilation) ||
      sf_op_set_ints(y->op, SF_ATTR_out_pad, axes, c->out_pad) ||
      sf_op_set_int(y->op, SF_ATTR_groups, c->groups))
    return NULL;
  return y;
}

/* ONNX has [inputs, outputs of a group, k..]; the IR [outputs, inputs of a
 * group, k..]. */
static sf_result read_weights(onnx_node *node, const onnx_tensor *w, convt *c) {
  onnx_shape parts = {.rank = (uint8_t)(w->shape.rank + 1)};
  int64_t g = c->groups, inputs = w->shape.dim[0] / g, each = w->shape.dim[1];
  unsigned perm[ONNX_RANK_MAX];
  parts.dim[0] = g;
  parts.dim[1] = inputs;
  for (unsigned i = 1; i < w->shape.rank; i++)
    parts.dim[i + 1] = w->shape.dim[i];
  for (unsigned i = 0; i < parts.rank; i++)
    perm[i] = i == 1 ? 2 : i == 2 ? 1 : i;
  onnx_tensor *t = sf_onnx_tensor_reshape(node, w, &parts);
  t = t ? sf_onnx_tensor_transpose(node, t, perm) : NULL;
  onnx_shape shape = w->shape;
  shape.dim[0] = g * each;
  shape.dim[1] = inputs;
  if (t && sf_onnx_charge(node, sf_onnx_elements(&shape)))
    t = sf_onnx_tensor_reshape(node, t, &shape);
  if (!t) return sf_onnx_failed(node);
  sf_type type = sf_onnx_type(w->dtype, &shape, shape.rank);
  c->outputs = type.dim[0];
  c->weights = sf_onnx_blob(node, t, type.rank, type.dim);
  return c->weights ? SF_OK : sf_onnx_failed(node);
}

static sf_result read_list(onnx_node *node, const char *name, unsigned count,
                           int64_t fallback, int64_t *out) {
  const int64_t *list = NULL;
  size_t found = sf_onnx_ints(node, name, &list);
  if (found && found != count)
    return sf_onnx_refuse(node, NULL, "'%s' has %zu numbers for %u axes", name,
                          found, count);
  for (unsigned i = 0; i < count; i++) {
    out[i] = found ? list[i] : fallback;
    if (out[i] < 0 || out[i] > INT32_MAX / 64)
      return sf_onnx_refuse(node, NULL, "'%s' has the number %lld", name,
                            (long long)out[i]);
  }
  return SF_OK;
}

/* Padding that gives the wanted extent; the odd one goes as auto_pad says. */
static void fit_extent(onnx_window *w, unsigned axis, int64_t whole,
                       int64_t wanted, bool upper) {
  int64_t total = whole - wanted;
  if (total < 0) total = 0;
  w->begin[axis] = upper ? total / 2 : total - total / 2;
  w->end[axis] = total - w->begin[axis];
  w->out[axis] = whole - total;
}

static sf_result read_window(onnx_node *node, const onnx_shape *x,
                             const int64_t *kernel, convt *c) {
  onnx_window *w = &c->window;
  unsigned axes = w->axes = x->rank - 2U;
  int64_t pads[2 * ONNX_WINDOW_AXES], shape[ONNX_WINDOW_AXES];
  const int64_t *list = NULL;
  size_t shaped = sf_onnx_ints(node, "output_shape", &list);
  if (shaped > axes) shaped = 0; /* with batch and channels: not in use */
  SF_TRY(read_list(node, "strides", axes, 1, w->stride));
  SF_TRY(read_list(node, "dilations", axes, 1, w->dilation));
  SF_TRY(read_list(node, "pads", 2 * axes, 0, pads));
  SF_TRY(read_list(node, "output_padding", axes, 0, c->out_pad));
  if (shaped) SF_TRY(read_list(node, "output_shape", axes, 0, shape));
  const char *automatic = sf_onnx_text(node, "auto_pad", "NOTSET");
  bool same = strncmp(automatic, "SAME_", 5) == 0;
  bool upper = strcmp(automatic, "SAME_UPPER") == 0;
  for (unsigned i = 0; i < axes; i++) {
    w->in[i] = x->dim[2 + i];
    w->kernel[i] = kernel[i];
    if (!w->stride[i] || !w->dilation[i])
      return sf_onnx_refuse(node, NULL, "a stride or dilation is 0");
    int64_t whole = (w->in[i] - 1) * w->stride[i] +
                    w->dilation[i] * (kernel[i] - 1) + 1 + c->out_pad[i];
    w->begin[i] = pads[i];
    w->end[i] = pads[axes + i];
    w->out[i] = whole - w->begin[i] - w->end[i];
    if (shaped || same)
      fit_extent(w, i, whole, shaped ? shape[i] : w->in[i] * w->stride[i],
                 upper);
    if (shaped && w->out[i] != shape[i])
      return sf_onnx_refuse(node, NULL, "output_shape is out of reach");
    if (w->out[i] < 1 || w->out[i] > INT32_MAX)
      return sf_onnx_refuse(node, NULL, "the result has no element");
    if (c->out_pad[i] >= w->stride[i] && c->out_pad[i] >= w->dilation[i])
      return sf_onnx_refuse(node, NULL,
                            "output_padding is not below stride or dilation");
  }
  return SF_OK;
}

static sf_result translate_convt(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *w = NULL, *bias = NULL;
  convt c = {.groups = sf_onnx_int(node, "group", 1)};
  SF_TRY(sf_onnx_need_constant(node, 1, "the weights", &w));
  if (x->shape.rank < 3 || x->shape.rank > 2 + ONNX_WINDOW_AXES ||
      !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL,
                          "images of one and two axes are supported");
  if (w->shape.rank != x->shape.rank || c.groups < 1 ||
      w->shape.dim[0] != x->shape.dim[1] || w->shape.dim[0] % c.groups)
    return sf_onnx_refuse(node, NULL, "the weights do not fit the input");
  SF_TRY(read_window(node, &x->shape, w->shape.dim + 2, &c));
  SF_TRY(read_weights(node, w, &c));
  if (sf_onnx_has_input(node, 2)) {
    SF_TRY(sf_onnx_need_constant(node, 2, "the bias", &bias));
    if (sf_onnx_elements(&bias->shape) != (uint64_t)c.outputs)
      return sf_onnx_refuse(node, NULL, "the bias has not %d elements",
                            c.outputs);
    c.bias = sf_onnx_blob(node, bias, 1, &c.outputs);
    if (!c.bias) return sf_onnx_failed(node);
  }
  onnx_shape shape = x->shape;
  shape.dim[1] = c.outputs;
  memcpy(shape.dim + 2, c.window.out, c.window.axes * sizeof *shape.dim);
  sf_value *y = sf_onnx_each_sample(node, x->shape.rank, make_convt, &c);
  return sf_onnx_emit(node, 0, y, x->dtype, &shape);
}

const onnx_operator sf_onnx_convt_rows[] = {
    {"", "ConvTranspose", 1, ONNX_OPSET_NEWEST, ONNX_LINEAR, translate_convt,
     "constant weights; images of one and two axes"},
    {0}};
