/* graph.c - see graph.h. */
#include "passes/place/graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- Windows. ---- */

/* Cells of one axis that share elements with [begin, end): [*low, *high). */
static void cells_of(const int32_t *cuts, uint32_t extent, int32_t begin,
                     int32_t end, uint32_t *low, uint32_t *high) {
  uint32_t a = 0, b = extent; /* first cell that ends after `begin` */
  while (a < b) {
    uint32_t middle = a + (b - a) / 2;
    if (cuts[middle + 1] > begin)
      b = middle;
    else
      a = middle + 1;
  }
  *low = a;
  while (a < extent && cuts[a] < end)
    a++;
  *high = a;
}

static uint32_t shared(const int32_t *cuts, uint32_t cell, int32_t begin,
                       int32_t end) {
  int32_t low = cuts[cell] > begin ? cuts[cell] : begin;
  int32_t high = cuts[cell + 1] < end ? cuts[cell + 1] : end;
  return (uint32_t)(high - low);
}

/* The cells of a window as a box of grid indices. */
typedef struct window_walk {
  const sf_place_block *block;
  const sf_place_window *window;
  uint32_t low[SF_PLACE_AXES], high[SF_PLACE_AXES];
} window_walk;

static uint64_t start_walk(const sf_place_graph *g, const sf_place_window *w,
                           window_walk *out) {
  out->block = &g->blocks[w->from];
  out->window = w;
  uint64_t cells = 1;
  for (uint32_t a = 0; a < out->block->axes; a++) {
    cells_of(out->block->cuts[a], out->block->extent[a], w->begin[a], w->end[a],
             &out->low[a], &out->high[a]);
    cells *= out->high[a] - out->low[a];
  }
  return cells;
}

static void visit_axis(const window_walk *walk, uint32_t axis, uint32_t cluster,
                       uint32_t packets, sf_place_visit *visit, void *context) {
  const sf_place_window *w = walk->window;
  if (axis == walk->block->axes) {
    visit(context, walk->block->first + cluster, w->to, packets);
    return;
  }
  for (uint32_t i = walk->low[axis]; i < walk->high[axis]; i++) {
    uint32_t n =
        shared(walk->block->cuts[axis], i, w->begin[axis], w->end[axis]);
    visit_axis(walk, axis + 1, cluster * walk->block->extent[axis] + i,
               packets * n, visit, context);
  }
}

void sf_place_each_pair(const sf_place_graph *g, sf_place_visit *visit,
                        void *context) {
  for (uint32_t c = 0; c < g->cluster_count && g->arc_begin; c++)
    for (uint32_t i = g->arc_begin[c]; i < g->arc_begin[c + 1]; i++)
      visit(context, c, g->arcs[i].to, g->arcs[i].packets);
  for (uint32_t i = 0; i < g->window_count; i++) {
    window_walk walk;
    if (start_walk(g, &g->windows[i], &walk) == 0) continue;
    visit_axis(&walk, 0, 0, g->windows[i].rate, visit, context);
  }
}

uint64_t sf_place_pair_count(const sf_place_graph *g) {
  uint64_t count = g->arc_begin ? g->arc_begin[g->cluster_count] : 0;
  for (uint32_t i = 0; i < g->window_count; i++) {
    window_walk walk;
    count += start_walk(g, &g->windows[i], &walk);
  }
  return count;
}

uint32_t *sf_place_block_of(const sf_place_graph *g, sf_arena *arena) {
  uint32_t *of = SF_NEW_ARRAY(arena, uint32_t, g->cluster_count + (size_t)1);
  for (uint32_t b = 0; b < g->block_count && of; b++)
    for (uint32_t i = 0; i < g->blocks[b].count; i++)
      of[g->blocks[b].first + i] = b;
  return of;
}

/* ---- Relations by block. ---- */

/* The far ends of relations, gathered by the other end. While they are filled,
 * begin[b + 1] is where the next one of block b goes. */
static sf_result gather_ends(const sf_place_graph *g, bool by_source,
                             sf_arena *arena, uint32_t **out_begin,
                             uint32_t **out_blocks) {
  uint32_t *begin = SF_NEW_ARRAY(arena, uint32_t, g->block_count + (size_t)2);
  uint32_t *far = SF_NEW_ARRAY(arena, uint32_t, g->relation_count + (size_t)1);
  if (!begin || !far) return SF_OOM;
  for (uint32_t i = 0; i < g->relation_count; i++) {
    const sf_place_relation *r = &g->relations[i];
    begin[(by_source ? r->from : r->to) + 2]++;
  }
  for (uint32_t b = 0; b < g->block_count; b++)
    begin[b + 2] += begin[b + 1];
  for (uint32_t i = 0; i < g->relation_count; i++) {
    const sf_place_relation *r = &g->relations[i];
    far[begin[(by_source ? r->from : r->to) + 1]++] =
        by_source ? r->to : r->from;
  }
  *out_begin = begin;
  *out_blocks = far;
  return SF_OK;
}

sf_result sf_place_related_create(const sf_place_graph *graph, sf_arena *arena,
                                  sf_place_related *out) {
  SF_TRY(gather_ends(graph, true, arena, &out->to_begin, &out->to));
  return gather_ends(graph, false, arena, &out->from_begin, &out->from);
}
