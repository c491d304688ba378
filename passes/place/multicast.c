/* multicast.c - links of packets that fork on the way: the union of X-then-Y
 * paths from a cluster to all its targets. It is a trunk along the source's row
 * and, in every column with targets, a branch from that row to the highest and
 * the lowest of them. */
#include "passes/place/score.h"

#include <string.h>

typedef struct column {
  int32_t low, high; /* rows of targets */
  uint32_t stamp;    /* source for which this is valid */
} column;

typedef struct tree {
  const sf_place_graph *graph;
  const sf_placement *placement;
  int32_t width;
  column *columns;
  int32_t *used; /* columns of the present source */
  int32_t used_count;
  uint32_t stamp;
  sf_place_related related;
  /* Columns of each block that is the target of a relation. */
  int32_t *block_begin; /* block_count + 1 */
  int32_t *block_x, *block_low, *block_high;
} tree;

static void include(tree *t, int32_t x, int32_t low, int32_t high) {
  column *c = &t->columns[x];
  if (c->stamp != t->stamp) {
    *c = (column){low, high, t->stamp};
    t->used[t->used_count++] = x;
    return;
  }
  if (low < c->low) c->low = low;
  if (high > c->high) c->high = high;
}

static void include_cluster(tree *t, uint32_t cluster) {
  int32_t r = (int32_t)sf_placement_router(t->placement, cluster);
  include(t, r % t->width, r / t->width, r / t->width);
}

static void begin_tree(tree *t) {
  t->stamp++;
  t->used_count = 0;
}

static uint64_t links_from(const tree *t, uint32_t source) {
  int32_t r = (int32_t)sf_placement_router(t->placement, source);
  int32_t x = r % t->width, y = r / t->width, west = x, east = x;
  uint64_t links = 0;
  for (int32_t i = 0; i < t->used_count; i++) {
    const column *c = &t->columns[t->used[i]];
    if (t->used[i] < west) west = t->used[i];
    if (t->used[i] > east) east = t->used[i];
    int32_t low = c->low < y ? c->low : y, high = c->high > y ? c->high : y;
    links += (uint64_t)(high - low);
  }
  return links + (uint64_t)(east - west);
}

/* The columns of every block, so that its sources do not walk its clusters. */
static sf_result gather_blocks(tree *t, sf_arena *arena) {
  const sf_place_graph *g = t->graph;
  size_t most = g->cluster_count + (size_t)1;
  t->block_begin = SF_NEW_ARRAY(arena, int32_t, g->block_count + (size_t)1);
  t->block_x = SF_NEW_ARRAY(arena, int32_t, most);
  t->block_low = SF_NEW_ARRAY(arena, int32_t, most);
  t->block_high = SF_NEW_ARRAY(arena, int32_t, most);
  if (!t->block_begin || !t->block_x || !t->block_low || !t->block_high)
    return SF_OOM;
  int32_t at = 0;
  for (uint32_t b = 0; b < g->block_count; b++) {
    begin_tree(t);
    for (uint32_t i = 0; i < g->blocks[b].count; i++)
      include_cluster(t, g->blocks[b].first + i);
    for (int32_t i = 0; i < t->used_count; i++, at++) {
      t->block_x[at] = t->used[i];
      t->block_low[at] = t->columns[t->used[i]].low;
      t->block_high[at] = t->columns[t->used[i]].high;
    }
    t->block_begin[b + 1] = at;
  }
  return SF_OK;
}

static void include_relations(tree *t, uint32_t block) {
  const sf_place_related *r = &t->related;
  for (uint32_t i = r->to_begin[block]; i < r->to_begin[block + 1]; i++) {
    uint32_t to = r->to[i];
    for (int32_t k = t->block_begin[to]; k < t->block_begin[to + 1]; k++)
      include(t, t->block_x[k], t->block_low[k], t->block_high[k]);
  }
}

static uint64_t sum_trees(tree *t, const uint32_t *block_of) {
  const sf_place_graph *g = t->graph;
  uint64_t sum = 0;
  for (uint32_t c = 0; c < g->cluster_count; c++) {
    begin_tree(t);
    uint32_t end = g->arc_begin ? g->arc_begin[c + 1] : 0;
    for (uint32_t i = end ? g->arc_begin[c] : 0; i < end; i++)
      include_cluster(t, g->arcs[i].to);
    if (g->block_count) include_relations(t, block_of[c]);
    if (t->used_count) sum += g->packets[c] * links_from(t, c);
  }
  return sum;
}

sf_result sf_place_multicast_hops(const sf_place_graph *graph,
                                  const sf_placement *p, sf_arena *scratch,
                                  uint64_t *out) {
  sf_place_graph plain = *graph;
  if (graph->window_count) SF_TRY(sf_place_expand(graph, scratch, &plain));
  tree t = {.graph = &plain, .placement = p, .width = p->seats->fabric->width};
  t.columns = SF_NEW_ARRAY(scratch, column, (size_t)t.width);
  t.used = SF_NEW_ARRAY(scratch, int32_t, (size_t)t.width);
  uint32_t *block_of = sf_place_block_of(&plain, scratch);
  if (!t.columns || !t.used || !block_of) return SF_OOM;
  SF_TRY(sf_place_related_create(&plain, scratch, &t.related));
  SF_TRY(gather_blocks(&t, scratch));
  *out = sum_trees(&t, block_of);
  return SF_OK;
}
