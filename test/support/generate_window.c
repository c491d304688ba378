/* generate_window.c - random ops over windows and axes: conv, convt, pool,
 * reduce. */
#include "test/support/generate_private.h"

/* Attributes of a window, one axis at a time; all extents come out positive. */
typedef struct window {
  int64_t kernel[2], stride[2], pad[4], dilation[2], out_pad[2];
  int32_t out[2];
} window;

static void draw_window(sf_generator *g, const sf_type *x, bool transposed,
                        window *w) {
  unsigned spatial = x->rank - 1U;
  for (unsigned i = 0; i < spatial; i++) {
    int32_t in = x->dim[i + 1];
    w->stride[i] = sf_draw_between(g, 1, 3);
    w->dilation[i] = sf_chance(g, 30) ? 2 : 1;
    int32_t most = (in - 1) / (int32_t)w->dilation[i] + 1;
    w->kernel[i] = sf_draw_between(g, 1, most < 3 ? most : 3);
    int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;
    w->pad[i] = transposed ? 0 : sf_draw(g, (uint32_t)reach);
    w->pad[spatial + i] = transposed ? 0 : sf_draw(g, (uint32_t)reach);
    if (transposed && (in - 1) * w->stride[i] + reach > 2)
      w->pad[i] = sf_draw(g, 2);
    w->out_pad[i] = transposed ? sf_draw(g, (uint32_t)w->stride[i]) : 0;
    int64_t pads = w->pad[i] + w->pad[spatial + i];
    w->out[i] = (int32_t)(transposed ? (in - 1) * w->stride[i] - pads + reach +
                                           w->out_pad[i]
                                     : (in + pads - reach) / w->stride[i] + 1);
  }
}

void sf_generate_conv(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, sf_chance(g, 30) ? 2 : 3);
  if (!x) return;
  window w = {0};
  unsigned spatial = x->type.rank - 1U;
  draw_window(g, &x->type, kind == SF_OP_CONVT, &w);
  int32_t groups = sf_chance(g, 40) ? x->type.dim[0] : 1;
  int32_t dim[4] = {groups * sf_draw_between(g, 1, 2), x->type.dim[0] / groups,
                    (int32_t)w.kernel[0], (int32_t)w.kernel[1]};
  sf_type weights = sf_draw_weights(g, x, spatial + 2, dim);
  bool bias = sf_chance(g, 50);
  sf_op *op = sf_start_op(g, kind, bias ? 3 : 2);
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  sf_set_constants(g, op, &weights, bias);
  sf_set_ints(g, op, SF_ATTR_stride, spatial, w.stride);
  sf_set_ints(g, op, SF_ATTR_pad, 2 * spatial, w.pad);
  sf_set_ints(g, op, SF_ATTR_dilation, spatial, w.dilation);
  sf_set_int(g, op, SF_ATTR_groups, groups);
  if (kind == SF_OP_CONVT)
    sf_set_ints(g, op, SF_ATTR_out_pad, spatial, w.out_pad);
  sf_draw_division(g, op, sf_generate_is_float(&weights));
  sf_type result = x->type;
  result.scalar = sf_result_scalar(g, &weights);
  result.dim[0] = dim[0];
  for (unsigned i = 0; i < spatial; i++)
    result.dim[i + 1] = w.out[i];
  sf_finish_op(g, op, &result);
}

/* The result scalar of sum, max (and avg, mean) of a stream. */
static sf_scalar gathered(sf_generator *g, sf_op *op, const sf_type *x,
                          sf_pool_kind kind) {
  if (sf_generate_is_float(x)) return sf_f32();
  bool spikes = x->scalar.kind == SF_SCALAR_SPIKE && kind == SF_POOL_MAX;
  if (spikes && sf_chance(g, 50)) return sf_spike();
  sf_draw_mode(g, op);
  return sf_draw_int(g);
}

static sf_pool_kind draw_kind(sf_generator *g, const sf_type *x,
                              sf_pool_kind mean) {
  uint32_t drawn = sf_draw(g, sf_generate_is_float(x) ? 3 : 2);
  if (drawn == 2) return mean;
  return drawn ? SF_POOL_MAX : SF_POOL_SUM;
}

void sf_generate_pool(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, 3);
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  sf_pool_kind pool = draw_kind(g, &x->type, SF_POOL_AVG);
  int64_t kernel[2], stride[2], dilation[2], pad[4];
  sf_type result = x->type;
  for (unsigned i = 0; i < 2; i++) {
    int32_t in = x->type.dim[i + 1];
    kernel[i] = sf_draw_between(g, 1, in < 3 ? in : 3);
    stride[i] = sf_draw_between(g, 1, 3);
    dilation[i] = in > kernel[i] && sf_chance(g, 30) ? 2 : 1;
    pad[i] = sf_draw(g, (uint32_t)kernel[i]);
    pad[2 + i] = sf_draw(g, (uint32_t)kernel[i]);
    int64_t reach = dilation[i] * (kernel[i] - 1) + 1;
    if (in + pad[i] + pad[2 + i] < reach) dilation[i] = 1, reach = kernel[i];
    int64_t out = (in + pad[i] + pad[2 + i] - reach) / stride[i] + 1;
    /* The last window must hold an element. */
    if ((out - 1) * stride[i] - pad[i] >= in) {
      pad[2 + i] = 0;
      dilation[i] = 1;
      reach = kernel[i];
    }
    out = (in + pad[i] + pad[2 + i] - reach) / stride[i] + 1;
    result.dim[i + 1] = (int32_t)out;
  }
  sf_set_int(g, op, SF_ATTR_kind, pool);
  sf_set_ints(g, op, SF_ATTR_kernel, 2, kernel);
  sf_set_ints(g, op, SF_ATTR_stride, 2, stride);
  sf_set_ints(g, op, SF_ATTR_pad, 4, pad);
  sf_set_ints(g, op, SF_ATTR_dilation, 2, dilation);
  if (pool == SF_POOL_AVG) sf_set_int(g, op, SF_ATTR_count_pad, sf_draw(g, 2));
  result.scalar = gathered(g, op, &x->type, pool);
  sf_finish_op(g, op, &result);
}

void sf_generate_reduce(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, 1 + (int)sf_draw(g, 3));
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  sf_pool_kind pool = draw_kind(g, &x->type, SF_POOL_MEAN);
  bool keep = sf_chance(g, 50);
  int64_t axes[SF_RANK_MAX];
  uint32_t count = 0;
  sf_type result = {0};
  for (unsigned i = 0; i < x->type.rank; i++) {
    bool reduced = sf_chance(g, 50) || (count == 0 && i + 1U == x->type.rank);
    if (reduced) axes[count++] = i;
    if (!reduced || keep)
      result.dim[result.rank++] = reduced ? 1 : x->type.dim[i];
  }
  sf_set_int(g, op, SF_ATTR_kind, pool);
  sf_set_ints(g, op, SF_ATTR_axes, count, axes);
  sf_set_int(g, op, SF_ATTR_keep, keep);
  result.scalar = gathered(g, op, &x->type, pool);
  sf_finish_op(g, op, &result);
}
