/* edges.c - a projection as single synapses, for what is neither a dense list
 * nor a kernel: sparse ops, moved or partial images, transposed convolutions,
 * values that reach a population without a projection. Zero weights stay: a
 * list of a linear op stores them too. */
#include "targets/loihi2/plan.h"

#include <string.h>

/* Edges are enumerated twice: counted, then written. */
typedef struct sink {
  sf_l2_connection *c;
  bool write;
  uint64_t count;
  uint32_t *next; /* by operand element, when writing */
} sink;

static void edge(sink *s, uint32_t from, uint32_t to, int32_t weight,
                 uint32_t delay) {
  sf_l2_connection *c = s->c;
  if (c->source_map && c->source_map[from] < 0) return;
  int32_t target = c->target_map ? c->target_map[to] : (int32_t)to;
  if (target < 0) return;
  if (!s->write) {
    c->edge_first[from + 1]++;
    s->count++;
    return;
  }
  uint32_t at = s->next[from]++;
  c->edge_target[at] = (uint32_t)target;
  c->edge_weight[at] = weight;
  if (c->edge_delay) c->edge_delay[at] = (uint8_t)delay;
}

static void enumerate_linear(sink *s) {
  const sf_op *op = s->c->op;
  const sf_blob *w = sf_op_operand_blob(op, 1);
  const sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  uint32_t m = (uint32_t)w->type.dim[0], n = (uint32_t)w->type.dim[1];
  uint32_t rows = s->c->source_elements / n;
  for (uint32_t r = 0; r < rows; r++)
    for (uint32_t i = 0; i < m; i++)
      for (uint32_t j = 0; j < n; j++) {
        size_t at = (size_t)i * n + j;
        edge(s, r * n + j, r * m + i, sf_blob_i32(w, at),
             delays ? (uint32_t)sf_blob_i32(delays, at) : 0);
      }
}

static void enumerate_sparse(sink *s) {
  const sf_op *op = s->c->op;
  const sf_blob *index = sf_op_operand_blob(op, 1);
  const sf_blob *w = sf_op_operand_blob(op, 2);
  const sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  size_t edges = sf_blob_elements(w);
  for (size_t e = 0; e < edges; e++)
    edge(s, (uint32_t)sf_blob_i32(index, 2 * e + 1),
         (uint32_t)sf_blob_i32(index, 2 * e), sf_blob_i32(w, e),
         delays ? (uint32_t)sf_blob_i32(delays, e) : 0);
}

/* Windows in two dimensions; one-dimensional ones have height 1. */
typedef struct frame {
  int64_t in_c, out_c, groups, in[2], out[2], kernel[2], stride[2], dilation[2],
      pad[2];
} frame;

static frame frame_of(const sf_op *op) {
  const sf_type *in = &sf_op_operand(op, 0)->type;
  const sf_type *out = &sf_op_result(op, 0)->type;
  uint32_t axes = in->rank - 1u, skip = 2 - axes;
  frame f = {.in_c = in->dim[0],
             .out_c = out->dim[0],
             .groups = in->dim[0],
             .in = {1, 1},
             .out = {1, 1},
             .kernel = {1, 1},
             .stride = {1, 1},
             .dilation = {1, 1}};
  int64_t pads[4] = {0};
  sf_op_ints(op, SF_ATTR_stride, axes, f.stride + skip);
  sf_op_ints(op, SF_ATTR_pad, 2 * axes, pads);
  sf_op_ints(op, SF_ATTR_dilation, axes, f.dilation + skip);
  if (op->kind == SF_OP_POOL)
    sf_op_ints(op, SF_ATTR_kernel, axes, f.kernel + skip);
  else
    f.groups = sf_op_int(op, SF_ATTR_groups);
  const sf_blob *w = op->kind == SF_OP_POOL ? NULL : sf_op_operand_blob(op, 1);
  for (uint32_t axis = 0; axis < axes; axis++) {
    f.in[skip + axis] = in->dim[1 + axis];
    f.out[skip + axis] = out->dim[1 + axis];
    f.pad[skip + axis] = pads[axis];
    if (w) f.kernel[skip + axis] = w->type.dim[2 + axis];
  }
  return f;
}

/* All edges of one tap between channels: `near` walks outputs of conv and pool,
 * inputs of convt; the other side is near * stride - pad + tap * dilation. */
static void enumerate_tap(sink *s, const frame *f, int64_t in_c, int64_t out_c,
                          int64_t ky, int64_t kx, int32_t weight) {
  bool transposed = s->c->op->kind == SF_OP_CONVT;
  const int64_t *near = transposed ? f->in : f->out;
  const int64_t *far = transposed ? f->out : f->in;
  for (int64_t y = 0; y < near[0]; y++) {
    int64_t far_y = y * f->stride[0] - f->pad[0] + ky * f->dilation[0];
    if (far_y < 0 || far_y >= far[0]) continue;
    for (int64_t x = 0; x < near[1]; x++) {
      int64_t far_x = x * f->stride[1] - f->pad[1] + kx * f->dilation[1];
      if (far_x < 0 || far_x >= far[1]) continue;
      int64_t in_y = transposed ? y : far_y, in_x = transposed ? x : far_x;
      int64_t out_y = transposed ? far_y : y, out_x = transposed ? far_x : x;
      edge(s, (uint32_t)((in_c * f->in[0] + in_y) * f->in[1] + in_x),
           (uint32_t)((out_c * f->out[0] + out_y) * f->out[1] + out_x), weight,
           0);
    }
  }
}

static void enumerate_windows(sink *s) {
  const sf_op *op = s->c->op;
  frame f = frame_of(op);
  const sf_blob *w = op->kind == SF_OP_POOL ? NULL : sf_op_operand_blob(op, 1);
  int64_t inner = f.in_c / f.groups, outer = f.out_c / f.groups;
  int64_t taps = f.kernel[0] * f.kernel[1];
  for (int64_t o = 0; o < f.out_c; o++)
    for (int64_t c = 0; c < inner; c++)
      for (int64_t k = 0; k < taps; k++) {
        int32_t weight =
            w ? sf_blob_i32(w, (size_t)((o * inner + c) * taps + k)) : 1;
        enumerate_tap(s, &f, o / outer * inner + c, o, k / f.kernel[1],
                      k % f.kernel[1], weight);
      }
}

static void enumerate(sink *s) {
  if (!s->c->op) {
    for (uint32_t e = 0; e < s->c->source_elements; e++)
      edge(s, e, e, 1, 0);
    return;
  }
  switch (s->c->op->kind) {
  case SF_OP_LINEAR:
    enumerate_linear(s);
    break;
  case SF_OP_SPARSE:
    enumerate_sparse(s);
    break;
  default:
    enumerate_windows(s);
    break;
  }
}

static bool has_delays(const sf_op *op) {
  return op && (op->kind == SF_OP_LINEAR || op->kind == SF_OP_SPARSE) &&
         sf_op_blob(op, SF_ATTR_delays);
}

/* The list of a sparse op names elements that exist. */
static sf_result load(sf_l2_plan *plan, const sf_l2_connection *c) {
  if (!c->op || c->op->kind != SF_OP_SPARSE) return SF_OK;
  sf_blob *index = sf_op_operand_blob(c->op, 1);
  SF_TRY(sf_blob_load(index, plan->diag));
  for (size_t i = 0; i < sf_blob_elements(index); i++) {
    int32_t at = sf_blob_i32(index, i);
    uint32_t limit = i % 2 ? c->source_elements : c->target_elements;
    if (at < 0 || (uint32_t)at >= limit)
      return sf_l2_cannot(plan, c->op, "edge %zu of @%s names element %d of %u",
                          i / 2, index->name, at, limit);
  }
  return SF_OK;
}

sf_result sf_l2_edges_build(sf_l2_plan *plan, sf_l2_connection *c) {
  if (c->edges_ready) return SF_OK;
  SF_TRY(load(plan, c));
  sink s = {.c = c};
  c->edge_first =
      SF_NEW_ARRAY(plan->arena, uint32_t, (size_t)c->source_elements + 1);
  s.next = SF_NEW_ARRAY(plan->arena, uint32_t, (size_t)c->source_elements + 1);
  if (!c->edge_first || !s.next) return SF_OOM;
  enumerate(&s);
  if (s.count > INT32_MAX)
    return sf_l2_cannot(plan, c->op, "%llu single synapses are too many",
                        (unsigned long long)s.count);
  for (uint32_t e = 0; e < c->source_elements; e++)
    c->edge_first[e + 1] += c->edge_first[e];
  memcpy(s.next, c->edge_first, c->source_elements * sizeof *s.next);
  c->edge_count = (uint32_t)s.count;
  c->edge_target = SF_NEW_ARRAY(plan->arena, uint32_t, s.count + 1);
  c->edge_weight = SF_NEW_ARRAY(plan->arena, int32_t, s.count + 1);
  if (has_delays(c->op))
    c->edge_delay = SF_NEW_ARRAY(plan->arena, uint8_t, s.count + 1);
  if (!c->edge_target || !c->edge_weight ||
      (has_delays(c->op) && !c->edge_delay))
    return SF_OOM;
  s.write = true;
  enumerate(&s);
  c->edges_ready = true;
  return SF_OK;
}
