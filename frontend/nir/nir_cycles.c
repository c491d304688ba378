/* nir_cycles.c - groups of nodes that reach each other, by Tarjan's search
 * (1972) without recursion, against the edges: from a node to what it waits
 * for. */
#include "frontend/nir/nir_order.h"

#include <string.h>

typedef struct search {
  nir_scheduler *s;
  uint32_t clock;
  uint32_t depth;   /* of path: nodes whose edges are being followed */
  uint32_t pending; /* of stack: visited, in no group yet */
} search;

static void enter(search *q, uint32_t index) {
  nir_scheduler *s = q->s;
  s->visit[index] = s->low[index] = ++q->clock;
  s->next[index] = 0;
  s->mark[index] = 1; /* pending */
  s->stack[q->pending++] = index;
  s->path[q->depth++] = index;
}

/* The group of which `index` was visited first. mark becomes 2 + its number. */
static void close_group(search *q, uint32_t index) {
  nir_scheduler *s = q->s;
  uint32_t group = s->group_count++;
  s->group_first[group] = s->member_count;
  uint32_t member;
  do {
    member = s->stack[--q->pending];
    s->mark[member] = 2 + group;
    s->members[s->member_count++] = member;
  } while (member != index);
}

/* Follows one edge of the innermost node, or leaves it. */
static void step(search *q) {
  nir_scheduler *s = q->s;
  const nir_import *import = s->import;
  uint32_t index = s->path[q->depth - 1];
  const nir_node *node = &import->nodes[index];
  if (s->next[index] < node->pred_count) {
    const nir_edge *edge = &import->edges[node->preds[s->next[index]++]];
    if (!sf_nir_waits(import, edge)) return;
    if (!s->visit[edge->from])
      enter(q, edge->from);
    else if (s->mark[edge->from] == 1 && s->visit[edge->from] < s->low[index])
      s->low[index] = s->visit[edge->from];
    return;
  }
  q->depth--;
  if (s->low[index] == s->visit[index]) close_group(q, index);
  if (q->depth) {
    uint32_t parent = s->path[q->depth - 1];
    if (s->mark[index] == 1 && s->low[index] < s->low[parent])
      s->low[parent] = s->low[index];
  }
}

static void find_waiting(nir_scheduler *s) {
  const nir_import *import = s->import;
  memset(s->group_waits, 0, s->group_count * sizeof *s->group_waits);
  for (uint32_t i = 0; i < import->edge_count; i++) {
    const nir_edge *edge = &import->edges[i];
    if (import->nodes[edge->to].built || !sf_nir_waits(import, edge)) continue;
    if (s->mark[edge->from] != s->mark[edge->to])
      s->group_waits[s->mark[edge->to] - 2] = 1;
  }
}

void sf_nir_find_groups(nir_scheduler *s) {
  uint32_t count = s->import->node_count;
  search q = {.s = s};
  s->group_count = s->member_count = 0;
  memset(s->visit, 0, count * sizeof *s->visit);
  memset(s->mark, 0, count * sizeof *s->mark);
  for (uint32_t i = 0; i < count; i++) {
    if (s->import->nodes[i].built || s->visit[i]) continue;
    enter(&q, i);
    while (q.depth)
      step(&q);
  }
  find_waiting(s);
}
