/* arcs.c - pairs gathered by cluster; see graph.h. */
#include "passes/place/graph.h"

#include <stdlib.h>
#include <string.h>

/* Pairs are walked twice: to count, then to fill. */
typedef struct gather {
  uint64_t *begin; /* of each cluster: counts, then positions to fill */
  sf_place_arc *arcs;
  const uint32_t *group; /* contraction; NULL: clusters themselves */
  unsigned shift;        /* of packets */
  uint64_t sum;
} gather;

static void sum_up(uint64_t *begin, uint32_t count) {
  for (uint32_t c = 0; c < count; c++)
    begin[c + 1] += begin[c];
}

/* After filling, begin[c] is where c ends: shift back. */
static void shift_back(uint64_t *begin, uint32_t count) {
  for (uint32_t c = count; c > 0; c--)
    begin[c] = begin[c - 1];
  begin[0] = 0;
}

/* ---- Neighbours. ---- */

static void count_both(void *context, uint32_t from, uint32_t to,
                       uint32_t packets) {
  gather *g = context;
  if (from == to || packets == 0) return;
  g->begin[from + 1]++;
  g->begin[to + 1]++;
}

static void fill_both(void *context, uint32_t from, uint32_t to,
                      uint32_t packets) {
  gather *g = context;
  if (from == to || packets == 0) return;
  g->arcs[g->begin[from]++] = (sf_place_arc){to, packets};
  g->arcs[g->begin[to]++] = (sf_place_arc){from, packets};
}

sf_result sf_place_adjacency_create(const sf_place_graph *graph,
                                    sf_arena *arena, sf_place_adjacency *out) {
  uint32_t count = graph->cluster_count;
  gather g = {.begin = SF_NEW_ARRAY(arena, uint64_t, count + (size_t)2)};
  if (!g.begin) return SF_OOM;
  sf_place_each_pair(graph, count_both, &g);
  sum_up(g.begin, count);
  g.arcs = SF_NEW_ARRAY(arena, sf_place_arc, g.begin[count] + 1);
  if (!g.arcs) return SF_OOM;
  sf_place_each_pair(graph, fill_both, &g);
  shift_back(g.begin, count);
  *out = (sf_place_adjacency){g.begin, g.arcs};
  return SF_OK;
}

/* ---- Expansion. ---- */

static void count_one(void *context, uint32_t from, uint32_t to,
                      uint32_t packets) {
  (void)to;
  (void)packets;
  ((gather *)context)->begin[from + 1]++;
}

static void fill_one(void *context, uint32_t from, uint32_t to,
                     uint32_t packets) {
  gather *g = context;
  g->arcs[g->begin[from]++] = (sf_place_arc){to, packets};
}

static int by_target(const void *a, const void *b) {
  const sf_place_arc *x = a, *y = b;
  return (x->to > y->to) - (x->to < y->to);
}

/* Sorts the arcs of each source and joins those with one target. */
static sf_result join_equal(const gather *g, uint32_t count, sf_arena *arena,
                            sf_place_graph *out) {
  uint32_t *begin = SF_NEW_ARRAY(arena, uint32_t, count + (size_t)1);
  if (!begin || g->begin[count] >= UINT32_MAX) return SF_OOM;
  uint32_t kept = 0;
  for (uint32_t c = 0; c < count; c++) {
    uint64_t first = g->begin[c], n = g->begin[c + 1] - first;
    if (n) qsort(g->arcs + first, n, sizeof *g->arcs, by_target);
    begin[c] = kept;
    for (uint64_t i = 0; i < n; i++) {
      sf_place_arc arc = g->arcs[first + i];
      if (kept > begin[c] && g->arcs[kept - 1].to == arc.to)
        g->arcs[kept - 1].packets += arc.packets;
      else
        g->arcs[kept++] = arc;
    }
  }
  begin[count] = kept;
  out->arc_begin = begin;
  out->arcs = g->arcs;
  return SF_OK;
}

sf_result sf_place_expand(const sf_place_graph *graph, sf_arena *arena,
                          sf_place_graph *out) {
  uint32_t count = graph->cluster_count;
  gather g = {.begin = SF_NEW_ARRAY(arena, uint64_t, count + (size_t)2)};
  if (!g.begin) return SF_OOM;
  sf_place_each_pair(graph, count_one, &g);
  sum_up(g.begin, count);
  g.arcs = SF_NEW_ARRAY(arena, sf_place_arc, g.begin[count] + 1);
  if (!g.arcs) return SF_OOM;
  sf_place_each_pair(graph, fill_one, &g);
  shift_back(g.begin, count);
  *out = *graph;
  out->window_count = 0;
  return join_equal(&g, count, arena, out);
}

/* ---- Contraction. ---- */

static void count_group(void *context, uint32_t from, uint32_t to,
                        uint32_t packets) {
  gather *g = context;
  g->sum += packets;
  if (g->group[from] != g->group[to]) g->begin[g->group[from] + 1]++;
}

static void fill_group(void *context, uint32_t from, uint32_t to,
                       uint32_t packets) {
  gather *g = context;
  uint32_t a = g->group[from], b = g->group[to];
  if (a != b) g->arcs[g->begin[a]++] = (sf_place_arc){b, packets >> g->shift};
}

/* The groups of a block, each with its packets and clusters. */
typedef struct census {
  uint32_t count;
  uint32_t *groups;
  uint64_t *packets;  /* of each group; cleared between blocks */
  uint32_t *clusters; /* of each group */
} census;

static sf_result make_census(uint32_t groups, sf_arena *arena, census *out) {
  out->groups = SF_NEW_ARRAY(arena, uint32_t, groups + (size_t)1);
  out->packets = SF_NEW_ARRAY(arena, uint64_t, groups + (size_t)1);
  out->clusters = SF_NEW_ARRAY(arena, uint32_t, groups + (size_t)1);
  return out->groups && out->packets && out->clusters ? SF_OK : SF_OOM;
}

static void take_census(const sf_place_graph *graph, const uint32_t *group,
                        uint32_t block, census *out) {
  const sf_place_block *b = &graph->blocks[block];
  for (uint32_t i = 0; i < out->count; i++) {
    out->packets[out->groups[i]] = 0;
    out->clusters[out->groups[i]] = 0;
  }
  out->count = 0;
  for (uint32_t c = b->first; c < b->first + b->count; c++) {
    if (out->clusters[group[c]]++ == 0) out->groups[out->count++] = group[c];
    out->packets[group[c]] += graph->packets[c];
  }
}

/* Relations between groups: counted while there are no arcs, else filled. */
static void walk_relations(gather *g, const sf_place_graph *graph, census *from,
                           census *to) {
  for (uint32_t i = 0; i < graph->relation_count; i++) {
    take_census(graph, g->group, graph->relations[i].from, from);
    take_census(graph, g->group, graph->relations[i].to, to);
    for (uint32_t k = 0; k < from->count; k++) {
      uint32_t a = from->groups[k];
      for (uint32_t j = 0; j < to->count; j++) {
        uint32_t b = to->groups[j];
        uint64_t packets = from->packets[a] * to->clusters[b];
        if (!g->arcs) g->sum += packets;
        if (a == b) continue;
        if (g->arcs)
          g->arcs[g->begin[a]++] =
              (sf_place_arc){b, (uint32_t)(packets >> g->shift)};
        else
          g->begin[a + 1]++;
      }
    }
  }
}

static sf_result fill_contraction(gather *g, const sf_place_graph *graph,
                                  uint32_t groups, census census_of[2],
                                  sf_arena *arena) {
  sf_place_each_pair(graph, count_group, g);
  walk_relations(g, graph, &census_of[0], &census_of[1]);
  while (g->sum >> g->shift >= UINT64_C(1) << 31)
    g->shift++;
  sum_up(g->begin, groups);
  g->arcs = SF_NEW_ARRAY(arena, sf_place_arc, g->begin[groups] + 1);
  if (!g->arcs) return SF_OOM;
  sf_place_each_pair(graph, fill_group, g);
  walk_relations(g, graph, &census_of[0], &census_of[1]);
  shift_back(g->begin, groups);
  return SF_OK;
}

sf_result sf_place_contract(const sf_place_graph *graph, const uint32_t *group,
                            uint32_t group_count, sf_arena *arena,
                            sf_place_graph *out) {
  gather g = {.begin = SF_NEW_ARRAY(arena, uint64_t, group_count + (size_t)2),
              .group = group};
  census census_of[2] = {0};
  uint32_t *packets = SF_NEW_ARRAY(arena, uint32_t, group_count + (size_t)1);
  if (!g.begin || !packets) return SF_OOM;
  for (int i = 0; i < 2; i++)
    SF_TRY(make_census(group_count, arena, &census_of[i]));
  SF_TRY(fill_contraction(&g, graph, group_count, census_of, arena));
  for (uint32_t c = 0; c < graph->cluster_count; c++)
    packets[group[c]] += graph->packets[c] >> g.shift;
  *out = (sf_place_graph){.cluster_count = group_count, .packets = packets};
  return join_equal(&g, group_count, arena, out);
}
