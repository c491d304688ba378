/* op_pool.c - pools over windows and whole images. */
#include "frontend/onnx/padding.h"

#include <string.h>

typedef struct pool {
  onnx_window window;
  sf_pool_kind kind;
  bool count_pad;
} pool;

/* The IR pools images of two axes: one axis gets another of extent 1. */
static sf_value *make_pool(onnx_node *node, sf_value *sample, void *data) {
  const pool *p = data;
  onnx_window w = p->window;
  bool flat = w.axes == 1;
  if (flat) {
    int32_t image[3] = {sample->type.dim[0], 1, sample->type.dim[1]};
    sample = sf_onnx_reshape(node, sample, 3, image);
    w = (onnx_window){.axes = 2,
                      .kernel = {1, w.kernel[0]},
                      .stride = {1, w.stride[0]},
                      .dilation = {1, w.dilation[0]},
                      .begin = {0, w.begin[0]},
                      .end = {0, w.end[0]},
                      .beyond = {0, w.beyond[0]},
                      .out = {1, w.out[0]}};
  }
  if (!sample) return NULL;
  sf_type type = sample->type;
  type.dim[1] = (int32_t)w.out[0];
  type.dim[2] = (int32_t)w.out[1];
  int64_t pads[2 * ONNX_WINDOW_AXES];
  sf_onnx_window_pads(&w, true, pads);
  sf_value *y = sf_onnx_build1(node, SF_OP_POOL, &type, sample);
  if (!y || sf_op_set_int(y->op, SF_ATTR_kind, p->kind) ||
      sf_op_set_ints(y->op, SF_ATTR_kernel, 2, w.kernel) ||
      sf_op_set_ints(y->op, SF_ATTR_stride, 2, w.stride) ||
      sf_op_set_ints(y->op, SF_ATTR_dilation, 2, w.dilation) ||
      sf_op_set_ints(y->op, SF_ATTR_pad, 4, pads) ||
      (p->count_pad && sf_op_set_int(y->op, SF_ATTR_count_pad, 1)))
    return NULL;
  int32_t line[2] = {type.dim[0], type.dim[2]};
  return flat ? sf_onnx_reshape(node, y, 2, line) : y;
}

/* An average that counts its own padding, if any, may count other zeros too,
 * as long as each of its windows reaches the image. */
static bool takes_zeros(const onnx_node *node, const pool *p) {
  const onnx_padding *padding = sf_onnx_input(node, 0)->padding;
  bool none = true, reaches = padding != NULL;
  for (unsigned i = 0; padding && i < p->window.axes; i++) {
    const onnx_window *w = &p->window;
    none &= w->begin[i] == 0 && w->end[i] == 0;
    reaches &= w->dilation[i] == 1 &&
               w->begin[i] + padding->begin[i] < w->kernel[i] &&
               w->end[i] + padding->end[i] < w->kernel[i];
  }
  return p->kind == SF_POOL_AVG && reaches && (none || p->count_pad);
}

static sf_result emit_pool(onnx_node *node, pool *p) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (x->shape.rank < 3)
    return sf_onnx_refuse(node, NULL, "the input has no image axes");
  SF_TRY(sf_onnx_window_read(node, &x->shape, NULL, &p->window));
  onnx_shape shape = x->shape;
  memcpy(shape.dim + 2, p->window.out, p->window.axes * sizeof *shape.dim);
  bool partial = p->window.beyond[0] > 0 || p->window.beyond[1] > 0;
  if (partial && p->count_pad)
    return sf_onnx_refuse(node, "export with ceil_mode 0",
                          "ceil_mode with count_include_pad");
  if (takes_zeros(node, p) && sf_onnx_take_padding(node, &p->window))
    p->count_pad = true;
  sf_value *y = sf_onnx_each_sample(node, x->shape.rank, make_pool, p);
  return sf_onnx_emit(node, 0, y, x->dtype, &shape);
}

static sf_result translate_max_pool(onnx_node *node) {
  pool p = {.kind = SF_POOL_MAX};
  if (sf_onnx_wants(node, 1))
    return sf_onnx_refuse(node, "export the model without unpooling",
                          "the indices of the maxima are asked for");
  return emit_pool(node, &p);
}

static sf_result translate_average_pool(onnx_node *node) {
  pool p = {.kind = SF_POOL_AVG,
            .count_pad = sf_onnx_int(node, "count_include_pad", 0) != 0};
  if (!sf_onnx_is_float(sf_onnx_input(node, 0)->dtype))
    return sf_onnx_refuse(node, NULL, "the average of integers");
  return emit_pool(node, &p);
}

/* Over all axes but batch and channels, which stay with extent 1. */
static sf_result reduce_image(onnx_node *node, sf_pool_kind kind) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned rank = x->shape.rank;
  if (rank < 3)
    return sf_onnx_refuse(node, NULL, "the input has no image axes");
  if (x->shape.dim[0] == 1) rank--;
  unsigned first = rank - (x->shape.rank - 2U), count = x->shape.rank - 2U;
  sf_value *s = sf_onnx_stream(node, 0, rank);
  if (!s) return sf_onnx_failed(node);
  sf_type type = s->type;
  int64_t axes[ONNX_RANK_MAX];
  onnx_shape shape = x->shape;
  for (unsigned i = 0; i < count; i++) {
    axes[i] = first + i;
    type.dim[first + i] = 1;
    shape.dim[2 + i] = 1;
  }
  sf_value *y = sf_onnx_build1(node, SF_OP_REDUCE, &type, s);
  if (!y || sf_op_set_int(y->op, SF_ATTR_kind, kind) ||
      sf_op_set_ints(y->op, SF_ATTR_axes, count, axes) ||
      sf_op_set_int(y->op, SF_ATTR_keep, 1))
    return SF_OOM;
  return sf_onnx_emit(node, 0, y, x->dtype, &shape);
}

static sf_result translate_global_average(onnx_node *node) {
  return reduce_image(node, SF_POOL_MEAN);
}

static sf_result translate_global_max(onnx_node *node) {
  return reduce_image(node, SF_POOL_MAX);
}

const onnx_operator sf_onnx_pool_rows[] = {
    {"", "MaxPool", 1, ONNX_OPSET_NEWEST, ONNX_POOL, translate_max_pool,
     "images of one and two axes; without Indices"},
    {"", "AveragePool", 1, ONNX_OPSET_NEWEST, ONNX_POOL, translate_average_pool,
     "images of one and two axes"},
    {"", "GlobalAveragePool", 1, ONNX_OPSET_NEWEST, ONNX_POOL,
     translate_global_average, ""},
    {"", "GlobalMaxPool", 1, ONNX_OPSET_NEWEST, ONNX_POOL, translate_global_max,
     ""},
    {0}};
