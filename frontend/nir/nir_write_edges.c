/* nir_write_edges.c - what arrives at each node, through sums, conversions and
 * steps before. */
#include "frontend/nir/nir_write.h"

#include <stdlib.h>
#include <string.h>

enum { WALK_MAX = 1 << 24 }; /* steps over all sums of a network */

/* A stream on its way back to the nodes that it comes from. */
typedef struct arrival {
  const sf_value *value;
  bool late;
} arrival;

typedef struct arrivals {
  nir_export *export;
  uint32_t to;
  arrival *stack;
  size_t depth, room, walked;
  bool right; /* a sum stands to the right of another */
} arrivals;

static sf_result add_edge(nir_export *export, nir_out_edge edge) {
  if (export->edge_count == export->edge_capacity) {
    uint32_t capacity = export->edge_capacity ? 2 * export->edge_capacity : 64;
    nir_out_edge *grown = SF_NEW_ARRAY(export->arena, nir_out_edge, capacity);
    if (!grown) return SF_OOM;
    if (export->edges)
      memcpy(grown, export->edges, export->edge_count * sizeof *grown);
    export->edges = grown;
    export->edge_capacity = capacity;
  }
  export->edges[export->edge_count++] = edge;
  return SF_OK;
}

static bool push(arrivals *a, const sf_value *value, bool late) {
  if (a->depth == a->room || ++a->walked > WALK_MAX) return false;
  a->stack[a->depth++] = (arrival){value, late};
  return true;
}

static bool is_sum(const nir_export *export, const sf_value *value) {
  const sf_op *op = value->op;
  while (op && op->kind != SF_OP_ADD && op->kind != SF_OP_DELAY &&
         sf_nir_passes(export, op))
    op = sf_op_operand(op, 0)->op;
  return op && op->kind == SF_OP_ADD && sf_nir_passes(export, op);
}

/* Terms in the order of the text. A delay that passes ends the way: its operand
 * is a node's. */
static sf_result follow(arrivals *a) {
  nir_export *export = a->export;
  while (a->depth) {
    arrival at = a->stack[--a->depth];
    const sf_op *op = at.value->op;
    if (!op || !sf_nir_passes(export, op)) {
      uint32_t from = op ? export->node_of[op->order] : at.value->index;
      if (from != UINT32_MAX) /* else it was refused */
        SF_TRY(add_edge(export, (nir_out_edge){from, a->to, at.late}));
      continue;
    }
    bool fits = true;
    if (op->kind == SF_OP_ADD) {
      const sf_value *right = sf_op_operand(op, 1);
      a->right |= is_sum(export, right);
      fits = push(a, right, at.late);
    }
    fits = fits &&
           push(a, sf_op_operand(op, 0), at.late || op->kind == SF_OP_DELAY);
    if (!fits)
      return sf_nir_cannot(export, op, NULL,
                           "its sum has more terms than can be followed");
  }
  return SF_OK;
}

/* ---- Order of sums. ---- */

static uint32_t rank_of(const nir_export *export, uint32_t edge) {
  return export->nodes[export->edges[edge].from].rank;
}

/* The reader adds in the order of names, from the left; the first two terms may
 * change places. */
static void check_order(const arrivals *a, const sf_value *value,
                        uint32_t first) {
  nir_export *export = a->export;
  uint32_t count = export->edge_count - first;
  if (count < 3 || value->type.scalar.kind != SF_SCALAR_F32) return;
  uint32_t x = rank_of(export, first), y = rank_of(export, first + 1);
  uint32_t last = x > y ? x : y;
  bool same = !a->right;
  for (uint32_t i = 2; i < count; i++) {
    same &= rank_of(export, first + i) > last;
    last = rank_of(export, first + i);
  }
  if (same) return;
  sf_nir_warn(export, SF_DIAG_EXPORT_IGNORED, value->loc,
              "the order of the terms of '%%%s' is not stored: readers add in "
              "one of their own, which may change the last bit",
              value->name);
}

/* ---- Each edge once. ---- */

static int compare_edges(const void *a, const void *b) {
  const nir_out_edge *x = a, *y = b;
  if (x->from != y->from) return x->from < y->from ? -1 : 1;
  if (x->to != y->to) return x->to < y->to ? -1 : 1;
  return (int)x->late - (int)y->late;
}

/* From here on edges name nodes by the order of their names, sorted. */
static sf_result sort_edges(nir_export *export) {
  nir_out_node *nodes =
      SF_NEW_ARRAY(export->arena, nir_out_node, export->node_count + 1u);
  if (!nodes) return SF_OOM;
  for (uint32_t i = 0; i < export->edge_count; i++) {
    nir_out_edge *edge = &export->edges[i];
    edge->from = export->nodes[edge->from].rank;
    edge->to = export->nodes[edge->to].rank;
  }
  for (uint32_t i = 0; i < export->node_count; i++)
    nodes[export->nodes[i].rank] = export->nodes[i];
  export->nodes = nodes;
  if (export->edge_count)
    qsort(export->edges, export->edge_count, sizeof *export->edges,
          compare_edges);
  return SF_OK;
}

/* A file has an edge once, and readers decide which are late. */
static void check_twice(nir_export *export) {
  for (uint32_t i = 1; i < export->edge_count; i++) {
    const nir_out_edge *last = &export->edges[i - 1], *edge = last + 1;
    if (last->from != edge->from || last->to != edge->to) continue;
    if (last->late != edge->late) {
      export->clashes = true; /* until delays are nodes */
      continue;
    }
    export->refusals++;
    sf_error(export->diag, SF_DIAG_EXPORT, export->nodes[edge->to].loc,
             "'%s' takes '%s' twice in one sum; an edge of NIR counts once",
             export->nodes[edge->to].name, export->nodes[edge->from].name);
    sf_help(export->diag, "multiply it by 2 instead");
  }
}

static sf_result arrive(arrivals *a, uint32_t to, const sf_value *value) {
  uint32_t first = a->export->edge_count;
  a->depth = 0;
  a->right = false;
  a->to = to;
  (void)push(a, value, false);
  SF_TRY(follow(a));
  check_order(a, value, first);
  return SF_OK;
}

sf_result sf_nir_write_edges(nir_export *export) {
  const sf_network *network = export->network;
  arrivals a = {.export = export, .room = (size_t)network->op_count + 3};
  a.stack = SF_NEW_ARRAY(export->arena, arrival, a.room);
  if (!a.stack) return SF_OOM;
  sf_result result = SF_OK;
  SF_FOREACH_OP(op, network) {
    uint32_t to =
        export->live[op->order] ? export->node_of[op->order] : UINT32_MAX;
    if (to == UINT32_MAX) continue;
    const sf_value *x = sf_nir_source(export, op);
    if (x && result == SF_OK) result = arrive(&a, to, x);
  }
  uint32_t output = export->node_count - network->return_count;
  for (uint32_t i = 0; i < network->return_count && result == SF_OK; i++)
    result = arrive(&a, output + i, network->returns[i].value);
  if (result == SF_OOM) return SF_OOM;
  SF_TRY(sort_edges(export));
  check_twice(export);
  return SF_OK;
}
