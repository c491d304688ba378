/* hosts.c - see hosts.h: halves along the widest axis. */
#include "passes/route/hosts.h"

#include <stdlib.h>

enum { LEAF = 8, DEPTH_MAX = 64 };

static int by_key(const void *a, const void *b) {
  const sf_host_item *p = a, *q = b;
  if (p->key != q->key) return p->key < q->key ? -1 : 1;
  return p->core < q->core ? -1 : p->core > q->core;
}

static sf_box bounds_of(const sf_host_item *items, uint32_t count) {
  sf_box box = items[0].box;
  for (uint32_t i = 1; i < count; i++) {
    for (unsigned a = 0; a < box.rank; a++) {
      if (items[i].box.begin[a] < box.begin[a])
        box.begin[a] = items[i].box.begin[a];
      if (items[i].box.end[a] > box.end[a]) box.end[a] = items[i].box.end[a];
    }
  }
  return box;
}

/* Sorts by the middle along the axis on which the items spread widest. */
static void sort_items(sf_host_item *items, uint32_t count,
                       const sf_box *bounds) {
  unsigned axis = 0;
  for (unsigned a = 1; a < bounds->rank; a++)
    if (bounds->end[a] - bounds->begin[a] >
        bounds->end[axis] - bounds->begin[axis])
      axis = a;
  for (uint32_t i = 0; i < count; i++) {
    const sf_box *b = &items[i].box;
    items[i].key = b->rank ? (int64_t)b->begin[axis] + b->end[axis] : 0;
  }
  qsort(items, count, sizeof *items, by_key);
}

/* Recursion halves the items: at most 32 deep. */
static uint32_t build(sf_host_tree *t, uint32_t begin, uint32_t end) {
  uint32_t number = t->node_count++;
  sf_host_node *node = &t->nodes[number];
  *node = (sf_host_node){.begin = begin, .end = end};
  node->bounds = bounds_of(&t->items[begin], end - begin);
  if (end - begin <= LEAF) return number;
  sort_items(&t->items[begin], end - begin, &node->bounds);
  uint32_t middle = begin + (end - begin) / 2;
  node->left = build(t, begin, middle);
  node->right = build(t, middle, end);
  return number;
}

sf_result sf_host_tree_build(sf_host_item *items, uint32_t count,
                             sf_arena *arena, sf_host_tree *out) {
  *out = (sf_host_tree){.items = items};
  out->nodes = SF_NEW_ARRAY(arena, sf_host_node, count + (size_t)1);
  if (!out->nodes) return SF_OOM;
  if (count) (void)build(out, 0, count);
  return SF_OK;
}

sf_result sf_host_tree_find(const sf_host_tree *tree, const sf_box *box,
                            sf_host_visit visit, void *data) {
  uint32_t stack[DEPTH_MAX], depth = 0;
  sf_box shared;
  if (tree->node_count) stack[depth++] = 0;
  while (depth > 0) {
    const sf_host_node *node = &tree->nodes[stack[--depth]];
    if (!sf_box_intersect(&node->bounds, box, &shared)) continue;
    if (node->left != 0) {
      stack[depth++] = node->right;
      stack[depth++] = node->left;
      continue;
    }
    for (uint32_t i = node->begin; i < node->end; i++)
      if (sf_box_intersect(&tree->items[i].box, box, &shared))
        SF_TRY(visit(data, tree->items[i].core));
  }
  return SF_OK;
}
