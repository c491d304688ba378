/* channels.c - which channels of which values are the same, or go together. */
#include "passes/prune/prune.h"

#include <string.h>

/* ---- Union-find. ---- */

uint32_t sf_set_root(uint32_t *parent, uint32_t node) {
  while (parent[node] != node) {
    parent[node] = parent[parent[node]];
    node = parent[node];
  }
  return node;
}

uint32_t sf_channel_root(const sf_channel_graph *graph, uint32_t node) {
  return sf_set_root(graph->parent, node);
}

/* The lower number is the root: the same whatever the order. */
static void unite(sf_channel_graph *g, uint32_t a, uint32_t b) {
  a = sf_channel_root(g, a);
  b = sf_channel_root(g, b);
  if (a == b) return;
  uint32_t low = a < b ? a : b, high = a < b ? b : a;
  g->parent[high] = low;
  g->frozen[low] = g->frozen[low] || g->frozen[high];
}

/* ---- Values. ---- */

static sf_channels *channels_of(const sf_channel_graph *g,
                                const sf_value *value) {
  size_t index =
      value->op ? g->network->argument_count + value->op->order : value->index;
  return &g->channels[index];
}

const sf_channels *sf_channels_of(const sf_channel_graph *graph,
                                  const sf_value *value) {
  return channels_of(graph, value);
}

static uint32_t extent_of(const sf_value *value, int axis) {
  return (uint32_t)value->type.dim[axis];
}

static void freeze(sf_channel_graph *g, const sf_value *value) {
  const sf_channels *c = channels_of(g, value);
  if (c->axis < 0) return;
  for (uint32_t i = 0; i < extent_of(value, c->axis); i++)
    g->frozen[sf_channel_root(g, c->node[i])] = true;
}

static void freeze_operands(sf_channel_graph *g, const sf_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (x) freeze(g, x);
  }
}

bool sf_channel_stays(const sf_channel_graph *graph, const sf_channels *c,
                      uint32_t i) {
  return !graph->removed[sf_channel_root(graph, c->node[i])];
}

uint32_t *sf_channels_kept(const sf_channel_graph *graph, const sf_value *value,
                           int axis, uint32_t *out_count) {
  const sf_channels *c = channels_of(graph, value);
  uint32_t extent = extent_of(value, axis);
  uint32_t *kept = SF_NEW_ARRAY(graph->arena, uint32_t, extent);
  *out_count = 0;
  for (uint32_t i = 0; kept && i < extent; i++)
    if (c->axis != axis || sf_channel_stays(graph, c, i))
      kept[(*out_count)++] = i;
  return kept;
}

/* ---- Projections. ---- */

int sf_operand_axis(const sf_op *projection) {
  return projection->kind == SF_OP_LINEAR
             ? sf_op_operand(projection, 0)->type.rank - 1
             : 0;
}

static int result_axis(const sf_op *projection) {
  return projection->kind == SF_OP_LINEAR
             ? projection->results[0]->type.rank - 1
             : 0;
}

bool sf_is_prunable(const sf_op *op) {
  bool kind = op->kind == SF_OP_LINEAR || op->kind == SF_OP_CONV ||
              op->kind == SF_OP_CONVT;
  if (!kind || !sf_qdq_is_linear(op)) return false;
  const sf_blob *bias = sf_op_operand_blob(op, 2);
  return (op->operand_count < 3 || bias) &&
         !(op->kind == SF_OP_LINEAR && sf_op_blob(op, SF_ATTR_delays));
}

bool sf_is_depthwise(const sf_op *projection) {
  if (projection->kind == SF_OP_LINEAR) return false;
  const sf_type *w = &sf_op_operand_blob(projection, 1)->type;
  int64_t groups = sf_op_int(projection, SF_ATTR_groups);
  return groups > 1 && w->dim[1] == 1 && w->dim[0] == groups;
}

static sf_result new_nodes(sf_channel_graph *g, const sf_op *op) {
  int axis = result_axis(op);
  uint32_t count = extent_of(op->results[0], axis);
  uint32_t *node = SF_NEW_ARRAY(g->arena, uint32_t, count);
  if (!node) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    node[i] = g->node_count++;
    g->parent[node[i]] = node[i];
    g->producer[node[i]] = op->order;
  }
  *channels_of(g, op->results[0]) = (sf_channels){axis, node};
  return SF_OK;
}

static sf_result visit_projection(sf_channel_graph *g, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  const sf_channels *in = channels_of(g, x);
  if (sf_is_depthwise(op)) {
    *channels_of(g, op->results[0]) =
        in->axis == 0 ? *in : (sf_channels){-1, NULL};
    if (in->axis != 0) freeze(g, x);
    return SF_OK;
  }
  bool grouped = op->kind != SF_OP_LINEAR && sf_op_int(op, SF_ATTR_groups) > 1;
  if (grouped || in->axis != sf_operand_axis(op)) freeze(g, x);
  return grouped ? SF_OK : new_nodes(g, op);
}

/* ---- Ops that take one stream, or two of one shape. ---- */

static sf_result visit_elementwise(sf_channel_graph *g, const sf_op *op) {
  const sf_type *type = &op->results[0]->type;
  const sf_channels *first = NULL;
  bool agrees = true;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x) continue;
    const sf_channels *c = channels_of(g, x);
    agrees = agrees && c->axis >= 0 && sf_type_same_shape(&x->type, type) &&
             (!first || c->axis == first->axis);
    if (!first) first = c;
  }
  if (!agrees || !first) {
    freeze_operands(g, op);
    return SF_OK;
  }
  *channels_of(g, op->results[0]) = *first;
  uint32_t extent = (uint32_t)type->dim[first->axis];
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    const sf_channels *c = x ? channels_of(g, x) : first;
    for (uint32_t n = 0; n < extent; n++)
      unite(g, first->node[n], c->node[n]);
  }
  return SF_OK;
}

/* Pools and normalizations with one number a channel work along axis 0. */
static sf_result visit_axis_zero(sf_channel_graph *g, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  const sf_channels *in = x ? channels_of(g, x) : NULL;
  if (in && in->axis == 0 && x->type.rank > 1)
    *channels_of(g, op->results[0]) = *in;
  else
    freeze_operands(g, op);
  return SF_OK;
}

static sf_result visit_reduce(sf_channel_graph *g, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  const sf_channels *in = channels_of(g, x);
  int axis = in->axis;
  for (uint32_t i = 0; i < op->attr_count && in->axis >= 0; i++) {
    if (op->attrs[i].id != SF_ATTR_axes) continue;
    for (uint32_t n = 0; n < op->attrs[i].count; n++) {
      int64_t reduced = op->attrs[i].ints[n];
      if (reduced == in->axis) {
        freeze(g, x);
        return SF_OK;
      }
      if (reduced < in->axis && !sf_op_int(op, SF_ATTR_keep)) axis--;
    }
  }
  *channels_of(g, op->results[0]) = (sf_channels){axis, in->node};
  return SF_OK;
}

/* ---- Ops that move elements. ---- */

static sf_result visit_concat(sf_channel_graph *g, const sf_op *op) {
  int axis = (int)sf_op_int(op, SF_ATTR_axis);
  const sf_channels *first = channels_of(g, sf_op_operand(op, 0));
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_channels *c = channels_of(g, sf_op_operand(op, i));
    if (c->axis >= 0 && c->axis == first->axis) continue;
    freeze_operands(g, op);
    return SF_OK;
  }
  uint32_t extent = extent_of(op->results[0], first->axis), at = 0;
  uint32_t *node = SF_NEW_ARRAY(g->arena, uint32_t, extent);
  if (!node) return SF_OOM;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    const sf_channels *c = channels_of(g, x);
    for (uint32_t n = 0; n < extent_of(x, c->axis); n++)
      if (first->axis != axis)
        unite(g, first->node[n], c->node[n]);
      else
        node[at++] = c->node[n];
  }
  *channels_of(g, op->results[0]) =
      (sf_channels){first->axis, first->axis == axis ? node : first->node};
  return SF_OK;
}

/* Only whole channel axes: a cut could end up empty. */
static sf_result visit_slice(sf_channel_graph *g, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  const sf_channels *in = channels_of(g, x);
  int64_t begin[SF_RANK_MAX], step[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_begin, x->type.rank, begin);
  sf_op_ints(op, SF_ATTR_step, x->type.rank, step);
  bool whole = in->axis >= 0 && begin[in->axis] == 0 && step[in->axis] == 1 &&
               op->results[0]->type.dim[in->axis] == x->type.dim[in->axis];
  if (whole)
    *channels_of(g, op->results[0]) = *in;
  else
    freeze(g, x);
  return SF_OK;
}

static sf_result visit_transpose(sf_channel_graph *g, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  const sf_channels *in = channels_of(g, x);
  int64_t perm[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_perm, x->type.rank, perm);
  sf_channels *out = channels_of(g, op->results[0]);
  for (int i = 0; i < x->type.rank && in->axis >= 0; i++)
    if (perm[i] == in->axis) *out = (sf_channels){i, in->node};
  return SF_OK;
}

static size_t elements_from(const sf_type *type, int first, int end) {
  size_t count = 1;
  for (int i = first; i < end; i++)
    count *= (size_t)type->dim[i];
  return count;
}

/* An axis of the result that holds whole channels: [c, h, w] -> [c h w]. */
static sf_result visit_reshape(sf_channel_graph *g, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  const sf_type *from = x ? &x->type : NULL, *to = &op->results[0]->type;
  const sf_channels *in = x ? channels_of(g, x) : NULL;
  if (!in || in->axis < 0) return SF_OK;
  size_t outer = elements_from(from, 0, in->axis);
  size_t count = (size_t)from->dim[in->axis];
  for (int axis = 0; axis < to->rank; axis++) {
    size_t extent = (size_t)to->dim[axis];
    if (elements_from(to, 0, axis) != outer || extent % count != 0) continue;
    uint32_t *node = SF_NEW_ARRAY(g->arena, uint32_t, extent);
    if (!node) return SF_OOM;
    for (size_t i = 0; i < extent; i++)
      node[i] = in->node[i / (extent / count)];
    *channels_of(g, op->results[0]) = (sf_channels){axis, node};
    return SF_OK;
  }
  freeze(g, x);
  return SF_OK;
}

/* ---- The walk. ---- */

static sf_result visit(sf_channel_graph *g, const sf_op *op) {
  if (op->result_count == 1 && sf_is_prunable(op))
    return visit_projection(g, op);
  switch (op->kind) {
  case SF_OP_POOL:
  case SF_OP_BATCHNORM:
    return visit_axis_zero(g, op);
  case SF_OP_REDUCE:
    return visit_reduce(g, op);
  case SF_OP_CONCAT:
    return visit_concat(g, op);
  case SF_OP_SLICE:
    return visit_slice(g, op);
  case SF_OP_RESHAPE:
    return visit_reshape(g, op);
  case SF_OP_TRANSPOSE:
    return visit_transpose(g, op);
  case SF_OP_QUANTIZE:
  case SF_OP_DEQUANTIZE:
    return visit_elementwise(g, op);
  default:
    break;
  }
  bool passes = op->result_count == 1 && sf_op_is(op, SF_TRAIT_ELEMENTWISE);
  if (passes) return visit_elementwise(g, op);
  freeze_operands(g, op);
  return SF_OK;
}

static sf_result allocate(sf_channel_graph *g) {
  const sf_network *network = g->network;
  size_t nodes = 1;
  size_t values =
      network->argument_count + (size_t)sf_network_number(g->network) + 1;
  SF_FOREACH_OP(op, network)
    if (op->result_count == 1 && sf_is_prunable(op))
      nodes += extent_of(op->results[0], result_axis(op));
  g->channels = SF_NEW_ARRAY(g->arena, sf_channels, values);
  g->parent = SF_NEW_ARRAY(g->arena, uint32_t, nodes);
  g->producer = SF_NEW_ARRAY(g->arena, uint32_t, nodes);
  g->frozen = SF_NEW_ARRAY(g->arena, bool, nodes);
  g->removed = SF_NEW_ARRAY(g->arena, bool, nodes);
  if (!g->channels || !g->parent || !g->producer || !g->frozen || !g->removed)
    return SF_OOM;
  for (size_t i = 0; i < values; i++)
    g->channels[i].axis = -1;
  return SF_OK;
}

sf_result sf_channels_find(sf_network *network, sf_arena *arena,
                           sf_channel_graph *out) {
  *out = (sf_channel_graph){.network = network, .arena = arena};
  SF_TRY(allocate(out));
  SF_FOREACH_OP(op, network)
    SF_TRY(visit(out, op));
  for (uint32_t i = 0; i < network->return_count; i++)
    freeze(out, network->returns[i].value);
  return SF_OK;
}
