/* synapses.c - the synapses of a projection, target by target, from the
 * definitions of docs/ir.md 4 and 5. */
#include "targets/spinnaker2/plan.h"

#include <stdlib.h>

typedef struct collector {
  const s2_leaf *leaf;
  s2_synapses *out;
} collector;

static sf_result push(collector *c, s2_synapse synapse) {
  s2_synapses *out = c->out;
  if (out->count == out->capacity) {
    size_t capacity = out->capacity ? out->capacity * 2 : 1024;
    s2_synapse *items = realloc(out->items, capacity * sizeof *items);
    if (!items) return SF_OOM;
    out->items = items;
    out->capacity = capacity;
  }
  out->items[out->count++] = synapse;
  return SF_OK;
}

void sf_s2_synapses_destroy(s2_synapses *synapses) {
  free(synapses->items);
  *synapses = (s2_synapses){0};
}

/* Dense: y[.., i] = sum over j of w[i, j] x[.., j]. */
static sf_result linear(collector *c, uint32_t element, uint32_t target) {
  const sf_op *op = c->leaf->op;
  const sf_blob *weights = sf_op_operand_blob(op, 1);
  const sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  uint32_t m = (uint32_t)weights->type.dim[0];
  uint32_t n = (uint32_t)weights->type.dim[1];
  uint32_t i = element % m, base = element / m * n;
  for (uint32_t j = 0; j < n; j++) {
    size_t at = (size_t)i * n + j;
    SF_TRY(
        push(c, (s2_synapse){base + j, target, sf_blob_i32(weights, at),
                             delays ? (uint32_t)sf_blob_i32(delays, at) : 0}));
  }
  return SF_OK;
}

/* Edges are sorted by target: find the first by bisection. */
static sf_result sparse(collector *c, uint32_t element, uint32_t target) {
  const sf_op *op = c->leaf->op;
  const sf_blob *index = sf_op_operand_blob(op, 1);
  const sf_blob *weights = sf_op_operand_blob(op, 2);
  const sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  size_t edges = (size_t)index->type.dim[0], low = 0, high = edges;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if ((uint32_t)sf_blob_i32(index, 2 * middle) < element)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < edges && (uint32_t)sf_blob_i32(index, 2 * low) == element;
       low++) {
    SF_TRY(
        push(c, (s2_synapse){(uint32_t)sf_blob_i32(index, 2 * low + 1), target,
                             sf_blob_i32(weights, low),
                             delays ? (uint32_t)sf_blob_i32(delays, low) : 0}));
  }
  return SF_OK;
}

/* ---- Windows: conv, convt, pool{sum}. One or two spatial axes; a missing one
 * has extent 1. ---- */

typedef struct window {
  unsigned axes;
  int64_t in[2], out[2], kernel[2], stride[2], pad[2], dilation[2];
  int64_t in_channels, out_channels, groups;
} window;

static void spatial(const sf_type *type, unsigned axes, int64_t *out) {
  out[0] = out[1] = 1;
  for (unsigned i = 0; i < axes; i++)
    out[2 - axes + i] = type->dim[type->rank - axes + i];
}

static void attr_axes(const sf_op *op, sf_attr_id id, unsigned axes,
                      int64_t fill, int64_t *out) {
  int64_t values[SF_RANK_MAX];
  sf_op_ints(op, id, axes, values);
  out[0] = out[1] = fill;
  for (unsigned i = 0; i < axes; i++)
    out[2 - axes + i] = values[i];
}

static window window_of(const sf_op *op) {
  const sf_type *in = &sf_op_operand(op, 0)->type;
  const sf_type *out = &op->results[0]->type;
  window w = {.axes = in->rank - 1u,
              .in_channels = in->dim[0],
              .out_channels = out->dim[0],
              .groups = 1};
  spatial(in, w.axes, w.in);
  spatial(out, w.axes, w.out);
  attr_axes(op, SF_ATTR_stride, w.axes, 1, w.stride);
  int64_t pads[2 * SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_pad, 2 * w.axes, pads); /* begins, then ends */
  w.pad[0] = w.pad[1] = 0;
  for (unsigned i = 0; i < w.axes; i++)
    w.pad[2 - w.axes + i] = pads[i];
  attr_axes(op, SF_ATTR_dilation, w.axes, 1, w.dilation);
  if (op->kind == SF_OP_POOL) {
    attr_axes(op, SF_ATTR_kernel, w.axes, 1, w.kernel);
  } else {
    spatial(&sf_op_operand_blob(op, 1)->type, w.axes, w.kernel);
    w.groups = sf_op_int(op, SF_ATTR_groups);
  }
  return w;
}

/* Input position of tap k for output position o; -1: outside or between. */
static int64_t tap(const window *w, bool transposed, int axis, int64_t o,
                   int64_t k) {
  int64_t at;
  if (transposed) { /* o = i stride - pad + k dilation */
    int64_t spread = o + w->pad[axis] - k * w->dilation[axis];
    if (spread < 0 || spread % w->stride[axis] != 0) return -1;
    at = spread / w->stride[axis];
  } else {
    at = o * w->stride[axis] - w->pad[axis] + k * w->dilation[axis];
  }
  return at >= 0 && at < w->in[axis] ? at : -1;
}

/* Flat index of the weight between an output channel and input channel `i` of
 * its group: [out, in / groups, k..], for conv and convt alike. */
static size_t weight_index(const window *w, int64_t channel, int64_t i,
                           int64_t ky, int64_t kx) {
  int64_t in_group = w->in_channels / w->groups;
  return (size_t)(((channel * in_group + i) * w->kernel[0] + ky) *
                      w->kernel[1] +
                  kx);
}

static sf_result windowed(collector *c, uint32_t element, uint32_t target) {
  const sf_op *op = c->leaf->op;
  const sf_blob *weights =
      op->kind == SF_OP_POOL ? NULL : sf_op_operand_blob(op, 1);
  bool transposed = op->kind == SF_OP_CONVT;
  window w = window_of(op);
  int64_t x = element % w.out[1], y = element / w.out[1] % w.out[0];
  int64_t channel = element / (w.out[0] * w.out[1]);
  int64_t in_group = w.in_channels / w.groups;
  int64_t group = weights ? channel / (w.out_channels / w.groups) : 0;
  int64_t first = weights ? group * in_group : channel;
  int64_t channels = weights ? in_group : 1;
  for (int64_t ky = 0; ky < w.kernel[0]; ky++) {
    int64_t iy = tap(&w, transposed, 0, y, ky);
    for (int64_t kx = 0; iy >= 0 && kx < w.kernel[1]; kx++) {
      int64_t ix = tap(&w, transposed, 1, x, kx);
      for (int64_t i = 0; ix >= 0 && i < channels; i++) {
        int64_t input = ((first + i) * w.in[0] + iy) * w.in[1] + ix;
        int32_t weight =
            weights ? sf_blob_i32(weights, weight_index(&w, channel, i, ky, kx))
                    : 1;
        SF_TRY(push(c, (s2_synapse){(uint32_t)input, target, weight, 0}));
      }
    }
  }
  return SF_OK;
}

sf_result sf_s2_synapses_collect(const s2_leaf *leaf, const uint32_t *elements,
                                 uint32_t count, s2_synapses *out) {
  *out = (s2_synapses){0};
  collector c = {.leaf = leaf, .out = out};
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < count && result == SF_OK; i++) {
    uint32_t element = elements[i];
    switch (leaf->op ? leaf->op->kind : SF_OP_DELAY) {
    case SF_OP_LINEAR:
      result = linear(&c, element, i);
      break;
    case SF_OP_SPARSE:
      result = sparse(&c, element, i);
      break;
    case SF_OP_CONV:
    case SF_OP_CONVT:
    case SF_OP_POOL:
      result = windowed(&c, element, i);
      break;
    default:
      result = push(&c, (s2_synapse){element, i, 1, 0});
      break;
    }
  }
  if (result != SF_OK) sf_s2_synapses_destroy(out);
  return result;
}

int32_t sf_s2_leaf_bias(const s2_leaf *leaf, uint32_t element) {
  if (!leaf->op || leaf->op->kind == SF_OP_SPARSE ||
      leaf->op->operand_count < 3) {
    return 0;
  }
  const sf_blob *bias = sf_op_operand_blob(leaf->op, 2);
  const sf_type *type = &leaf->value->type;
  if (leaf->op->kind == SF_OP_LINEAR)
    return sf_blob_i32(bias, element % (uint32_t)type->dim[type->rank - 1]);
  uint32_t plane = (uint32_t)(sf_type_elements(type) / (size_t)type->dim[0]);
  return sf_blob_i32(bias, element / plane);
}
