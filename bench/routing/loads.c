/* loads.c - see loads.h. */
#include "bench/routing/loads.h"

#include <math.h>
#include <stdlib.h>

const char *const flow_case_names[FLOW_CASES] = {
    "transpose 16x16",           "random 8 targets, 16x16",
    "random 8 targets, 32x32",   "DNN 16x16, Hilbert + swaps",
    "DNN 32x32, Hilbert",        "CNN 32x32, Hilbert + swaps",
    "CNN 64x64, Hilbert + swaps"};

/* A flow between clusters. */
typedef struct edge {
  uint32_t from, to, weight;
} edge;

typedef struct graph {
  uint32_t side, count;
  edge *edges;
  uint32_t *place;            /* router of each cluster */
  uint32_t *cluster;          /* of each router */
  uint32_t *first, *incident; /* edges of a cluster */
} graph;

static void add(graph *g, uint32_t from, uint32_t to, double rate) {
  uint32_t weight = (uint32_t)(rate * (double)FLOW_UNIT + 0.5);
  if (from != to) g->edges[g->count++] = (edge){from, to, weight ? weight : 1};
}

/* ---- Flows. ---- */

static void transpose(graph *g) {
  for (uint32_t r = 0; r < g->side * g->side; r++)
    add(g, r, r % g->side * g->side + r / g->side, 1);
}

/* Rates exp(N(0, 1)), by Box and Muller. */
static void random_targets(graph *g, sf_random *random) {
  static const double two_pi = 6.283185307179586;
  for (uint32_t r = 0; r < g->side * g->side; r++) {
    for (int i = 0; i < 8; i++) {
      double a = 1 - sf_random_unit(random), b = sf_random_unit(random);
      double rate = exp(sqrt(-2 * log(a)) * cos(two_pi * b));
      add(g, r, sf_random_below(random, g->side * g->side), rate);
    }
  }
}

/* The generator's loop stops two layers early (mapping.md 1.5). window 0: all
 * clusters of the next layer. */
static void layers(graph *g, uint32_t window, sf_random *random) {
  uint32_t n = g->side;
  for (uint32_t layer = 0; layer + 2 < n; layer++) {
    for (uint32_t j = 0; j < n; j++) {
      uint32_t begin = window ? j : 0;
      uint32_t end = window && j + window < n ? j + window : n;
      for (uint32_t k = begin; k < end; k++)
        add(g, layer * n + j, (layer + 1) * n + k, sf_random_unit(random));
    }
  }
}

/* ---- Placements. ---- */

/* Position `d` of Hilbert's curve over a square of a power of two. */
static uint32_t hilbert(uint32_t side, uint32_t d) {
  uint32_t x = 0, y = 0;
  for (uint32_t s = 1; s < side; s *= 2, d /= 4) {
    uint32_t rx = d / 2 & 1, ry = (d ^ rx) & 1;
    if (ry == 0) {
      if (rx) x = s - 1 - x;
      if (rx) y = s - 1 - y;
      uint32_t t = x;
      x = y;
      y = t;
    }
    x += s * rx;
    y += s * ry;
  }
  return y * side + x;
}

static int64_t distance(const graph *g, uint32_t a, uint32_t b) {
  return abs((int)(a % g->side) - (int)(b % g->side)) +
         abs((int)(a / g->side) - (int)(b / g->side));
}

/* Wire length of a cluster's edges, seen from router `at`. */
static int64_t pull(const graph *g, uint32_t cluster, uint32_t at,
                    uint32_t other, uint32_t other_at) {
  int64_t sum = 0;
  for (uint32_t i = g->first[cluster]; i < g->first[cluster + 1]; i++) {
    const edge *e = &g->edges[g->incident[i]];
    uint32_t far = e->from == cluster ? e->to : e->from;
    sum += e->weight * distance(g, at, far == other ? other_at : g->place[far]);
  }
  return sum;
}

/* Swaps neighbours as long as that shortens the wires. */
static bool swap(graph *g, uint32_t a, uint32_t b) {
  uint32_t p = g->cluster[a], q = g->cluster[b];
  int64_t before = pull(g, p, a, q, b) + pull(g, q, b, p, a);
  int64_t after = pull(g, p, b, q, a) + pull(g, q, a, p, b);
  if (after >= before) return false;
  g->cluster[a] = q;
  g->cluster[b] = p;
  g->place[p] = b;
  g->place[q] = a;
  return true;
}

static void descend(graph *g) {
  uint32_t n = g->side * g->side;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t r = 0; r < n; r++) {
      if (r % g->side + 1 < g->side) changed |= swap(g, r, r + 1);
      if (r + g->side < n) changed |= swap(g, r, r + g->side);
    }
  }
}

static sf_result index_edges(graph *g, sf_arena *arena) {
  uint32_t n = g->side * g->side;
  g->first = SF_NEW_ARRAY(arena, uint32_t, n + (size_t)2);
  g->incident = SF_NEW_ARRAY(arena, uint32_t, 2 * (size_t)g->count + 1);
  uint32_t *fill = SF_NEW_ARRAY(arena, uint32_t, n + (size_t)1);
  if (!g->first || !g->incident || !fill) return SF_OOM;
  for (uint32_t i = 0; i < g->count; i++) {
    g->first[g->edges[i].from + 1]++;
    g->first[g->edges[i].to + 1]++;
  }
  for (uint32_t v = 0; v < n; v++)
    g->first[v + 1] += g->first[v];
  for (uint32_t i = 0; i < g->count; i++) {
    uint32_t a = g->edges[i].from, b = g->edges[i].to;
    g->incident[g->first[a] + fill[a]++] = i;
    g->incident[g->first[b] + fill[b]++] = i;
  }
  return SF_OK;
}

/* ---- A case. ---- */

static sf_result create_graph(flow_case which, sf_arena *arena, graph *g) {
  static const uint32_t sides[FLOW_CASES] = {16, 16, 32, 16, 32, 32, 64};
  uint32_t side = sides[which], n = side * side;
  bool all = which == FLOW_DNN_16_FD || which == FLOW_DNN_32;
  *g = (graph){.side = side};
  g->edges = SF_NEW_ARRAY(arena, edge, (size_t)n * (all ? side : 8));
  g->place = SF_NEW_ARRAY(arena, uint32_t, n);
  g->cluster = SF_NEW_ARRAY(arena, uint32_t, n);
  if (!g->edges || !g->place || !g->cluster) return SF_OOM;
  sf_random random = sf_random_seeded(1);
  if (which == FLOW_TRANSPOSE_16)
    transpose(g);
  else if (which <= FLOW_RANDOM_32)
    random_targets(g, &random);
  else
    layers(g, all ? 0 : 4, &random);
  for (uint32_t c = 0; c < n; c++) {
    g->place[c] = which <= FLOW_RANDOM_32 ? c : hilbert(side, c);
    g->cluster[g->place[c]] = c;
  }
  SF_TRY(index_edges(g, arena));
  if (which == FLOW_DNN_16_FD || which >= FLOW_CNN_32_FD) descend(g);
  return SF_OK;
}

sf_result flow_case_create(flow_case which, sf_arena *arena, sf_fabric *fabric,
                           sf_net **nets, uint32_t *net_count) {
  graph g;
  SF_TRY(create_graph(which, arena, &g));
  SF_TRY(sf_fabric_create(SF_TOPOLOGY_MESH, false, (int32_t)g.side,
                          (int32_t)g.side, arena, fabric));
  uint32_t *sinks = SF_NEW_ARRAY(arena, uint32_t, g.count + (size_t)1);
  *nets = SF_NEW_ARRAY(arena, sf_net, g.count + (size_t)1);
  if (!sinks || !*nets) return SF_OOM;
  for (uint32_t i = 0; i < g.count; i++) {
    const edge *e = &g.edges[i];
    sinks[i] = g.place[e->to];
    (*nets)[i] = (sf_net){g.place[e->from], 1, &sinks[i], e->weight};
  }
  *net_count = g.count;
  return SF_OK;
}
