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

/* Edges first .. end are the terms of what a node reads. */
typedef struct sum {
  const sf_value *value;
  uint32_t first, end;
  bool right; /* a sum stands to the right of another */
} sum;

typedef struct arrivals {
  nir_export *export;
  sum *sums;
  uint32_t sum_count;
  uint32_t to;
  arrival *stack;
  size_t depth, room, walked;
  bool right;
} arrivals;

sf_result sf_nir_add_edge(nir_export *export, nir_out_edge edge) {
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
        SF_TRY(sf_nir_add_edge(
            export, (nir_out_edge){from, a->to, at.late, &at.value->type}));
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
static void check_order(nir_export *export, const sum *terms) {
  const sf_value *value = terms->value;
  uint32_t first = terms->first, count = terms->end - first;
  if (count < 3 || value->type.scalar.kind != SF_SCALAR_F32) return;
  uint32_t x = rank_of(export, first), y = rank_of(export, first + 1);
  uint32_t last = x > y ? x : y;
  bool same = !terms->right;
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

static int compare_names(const void *a, const void *b) {
  const nir_out_node *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

static sf_result rank_names(nir_export *export) {
  nir_out_node **sorted =
      SF_NEW_ARRAY(export->arena, nir_out_node *, export->node_count + 1u);
  if (!sorted) return SF_OOM;
  for (uint32_t i = 0; i < export->node_count; i++)
    sorted[i] = &export->nodes[i];
  qsort(sorted, export->node_count, sizeof *sorted, compare_names);
  for (uint32_t i = 0; i < export->node_count; i++)
    sorted[i]->rank = i;
  return SF_OK;
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
static void check_late(nir_export *export) {
  for (uint32_t i = 1; i < export->edge_count; i++) {
    const nir_out_edge *last = &export->edges[i - 1], *edge = last + 1;
    if (last->from == edge->from && last->to == edge->to)
      export->clashes = true; /* until delays are nodes */
  }
}

static sf_result arrive(arrivals *a, uint32_t to, const sf_value *value) {
  uint32_t first = a->export->edge_count;
  a->depth = 0;
  a->right = false;
  a->to = to;
  (void)push(a, value, false);
  SF_TRY(follow(a));
  a->sums[a->sum_count++] =
      (sum){value, first, a->export->edge_count, a->right};
  return SF_OK;
}

static sf_result arrive_everywhere(arrivals *a) {
  nir_export *export = a->export;
  const sf_network *network = export->network;
  SF_FOREACH_OP(op, network) {
    uint32_t to =
        export->live[op->order] ? export->node_of[op->order] : UINT32_MAX;
    if (to == UINT32_MAX) continue;
    const sf_value *x = sf_nir_source(export, op);
    if (x) SF_TRY(arrive(a, to, x));
  }
  uint32_t output = export->node_count - network->return_count;
  for (uint32_t i = 0; i < network->return_count; i++)
    SF_TRY(arrive(a, output + i, network->returns[i].value));
  return SF_OK;
}

sf_result sf_nir_write_edges(nir_export *export) {
  arrivals a = {.export = export,
                .room = (size_t)export->network->op_count + 3};
  a.stack = SF_NEW_ARRAY(export->arena, arrival, a.room);
  a.sums = SF_NEW_ARRAY(export->arena, sum, export->node_count + 1u);
  if (!a.stack || !a.sums) return SF_OOM;
  if (arrive_everywhere(&a) == SF_OOM) return SF_OOM;
  SF_TRY(sf_nir_part_edges(export));
  SF_TRY(rank_names(export));
  for (uint32_t i = 0; i < a.sum_count; i++)
    check_order(export, &a.sums[i]);
  SF_TRY(sort_edges(export));
  check_late(export);
  return SF_OK;
}
