/* graph.c - see graph.h. */
#include "passes/place/graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- Windows. ---- */

/* First box that may reach `begin` along axis 0. */
static uint32_t first_near(const sf_place_tiling *t, int32_t begin) {
  uint32_t low = 0, high = t->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if ((int64_t)t->boxes[middle].begin[0] + t->longest > begin)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static uint32_t shared_elements(const sf_place_box *a, const sf_place_box *b,
                                uint32_t axes) {
  uint32_t shared = 1;
  for (uint32_t i = 0; i < axes; i++) {
    int32_t low = a->begin[i] > b->begin[i] ? a->begin[i] : b->begin[i];
    int32_t high = a->end[i] < b->end[i] ? a->end[i] : b->end[i];
    if (low >= high) return 0;
    shared *= (uint32_t)(high - low);
  }
  return shared;
}

static void each_of_window(const sf_place_graph *g, const sf_place_window *w,
                           sf_place_visit *visit, void *context) {
  const sf_place_tiling *t = &g->tilings[w->from];
  for (uint32_t i = first_near(t, w->box.begin[0]);
       i < t->count && t->boxes[i].begin[0] < w->box.end[0]; i++) {
    uint32_t n = shared_elements(&t->boxes[i], &w->box, t->axes);
    if (n) visit(context, t->cluster[i], w->to, n * w->rate);
  }
}

void sf_place_each_pair(const sf_place_graph *g, sf_place_visit *visit,
                        void *context) {
  for (uint32_t c = 0; c < g->cluster_count && g->arc_begin; c++)
    for (uint32_t i = g->arc_begin[c]; i < g->arc_begin[c + 1]; i++)
      visit(context, c, g->arcs[i].to, g->arcs[i].packets);
  for (uint32_t i = 0; i < g->window_count; i++)
    each_of_window(g, &g->windows[i], visit, context);
}

static void count_pair(void *context, uint32_t from, uint32_t to,
                       uint32_t packets) {
  (void)from;
  (void)to;
  (void)packets;
  ++*(uint64_t *)context;
}

uint64_t sf_place_pair_count(const sf_place_graph *g) {
  uint64_t count = 0;
  sf_place_each_pair(g, count_pair, &count);
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
