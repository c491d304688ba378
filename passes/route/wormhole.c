/* wormhole.c - mode B. The siblings of a route all wait for each other: a hub
 * in their midst stands for these edges, so that the graph stays as small as
 * the trees. A strongly connected component with hubs of two routes may
 * deadlock; else ranks follow the components, and inside one the order that
 * mode A has found. */
#include "passes/route/waits_private.h"

#include <string.h>

typedef struct components {
  const sf_wait_graph *g;
  uint32_t count, depth, next;
  uint32_t *of; /* component of each vertex, from the last on */
  uint32_t *index, *low, *stack; /* Tarjan */
  uint32_t *call, *edge;         /* in place of recursion */
} components;

static sf_result extend(const sf_waits *w, sf_wait_graph *out) {
  size_t most = w->edge_count;
  for (uint32_t s = 0; s < w->siblings_count; s++)
    most += 2 * (size_t)w->siblings[s].count;
  sf_wait *edges = SF_NEW_ARRAY(w->arena, sf_wait, most + 1);
  if (!edges) return SF_OOM;
  uint32_t count = w->edge_count;
  if (count) memcpy(edges, w->edges, count * sizeof *edges);
  for (uint32_t s = 0; s < w->siblings_count; s++) {
    const sf_siblings *set = &w->siblings[s];
    uint32_t hub = w->channel_count + s;
    for (uint32_t i = 0; i < set->count; i++) {
      uint32_t c = set->channels[i];
      edges[count++] = (sf_wait){c, hub, set->route, true};
      edges[count++] = (sf_wait){hub, c, set->route, true};
    }
  }
  return sf_wait_graph_build(w->arena, w->channel_count + w->siblings_count,
                             count, edges, out);
}

static void open_vertex(components *c, uint32_t v) {
  c->index[v] = c->low[v] = ++c->next;
  c->stack[c->count++] = v;
  c->edge[c->depth] = c->g->first[v];
  c->call[c->depth++] = v;
}

/* All vertices that can be reached from `root`: an iterative Tarjan. `number`
 * counts components, sinks first. */
static void visit(components *c, uint32_t root, uint32_t *number) {
  open_vertex(c, root);
  while (c->depth > 0) {
    uint32_t v = c->call[c->depth - 1];
    uint32_t k = c->edge[c->depth - 1]++;
    if (k < c->g->first[v + 1]) {
      uint32_t next = c->g->edges[c->g->out[k]].to;
      if (c->index[next] == 0)
        open_vertex(c, next);
      else if (c->of[next] == UINT32_MAX && c->index[next] < c->low[v])
        c->low[v] = c->index[next];
      continue;
    }
    c->depth--;
    if (c->depth > 0) {
      uint32_t above = c->call[c->depth - 1];
      if (c->low[v] < c->low[above]) c->low[above] = c->low[v];
    }
    if (c->low[v] != c->index[v]) continue;
    uint32_t member;
    do {
      member = c->stack[--c->count];
      c->of[member] = *number;
    } while (member != v);
    ++*number;
  }
}

static sf_result find_components(const sf_waits *w, const sf_wait_graph *g,
                                 components *c, uint32_t *out_count) {
  size_t n = g->vertex_count + (size_t)1;
  *c = (components){.g = g,
                    .of = SF_NEW_ARRAY(w->arena, uint32_t, n),
                    .index = SF_NEW_ARRAY(w->arena, uint32_t, n),
                    .low = SF_NEW_ARRAY(w->arena, uint32_t, n),
                    .stack = SF_NEW_ARRAY(w->arena, uint32_t, n),
                    .call = SF_NEW_ARRAY(w->arena, uint32_t, n),
                    .edge = SF_NEW_ARRAY(w->arena, uint32_t, n)};
  if (!c->of || !c->index || !c->low || !c->stack || !c->call || !c->edge)
    return SF_OOM;
  memset(c->of, 0xff, n * sizeof *c->of);
  *out_count = 0;
  for (uint32_t v = 0; v < g->vertex_count; v++)
    if (c->index[v] == 0) visit(c, v, out_count);
  return SF_OK;
}

/* ---- What to report. ---- */

typedef struct report {
  const sf_waits *w;
  const sf_wait_graph *g;
  uint32_t *reached_by, *queue;
  sf_verdict *out;
} report;

static void add(report *r, uint32_t from, uint32_t to, uint32_t route,
                bool sibling) {
  r->out->cycle[r->out->cycle_count++] = (sf_wait){from, to, route, sibling};
}

/* Two channels that both routes branch to: each waits for the other. */
static bool report_pair(report *r, const sf_siblings *a, const sf_siblings *b) {
  uint32_t both[2], count = 0;
  for (uint32_t i = 0; i < a->count; i++)
    for (uint32_t k = 0; k < b->count && count < 2; k++)
      if (a->channels[i] == b->channels[k]) both[count++] = a->channels[i];
  if (count < 2) return false;
  add(r, both[0], both[1], a->route, true);
  add(r, both[1], both[0], b->route, true);
  return true;
}

/* From the channel by which the way comes to the set to that by which it
 * leaves; by way of a third when they are the same. */
static void add_sibling(report *r, const sf_siblings *set, uint32_t from,
                        uint32_t to) {
  if (from != to) {
    add(r, from, to, set->route, true);
    return;
  }
  uint32_t other = set->channels[set->channels[0] == from];
  add(r, from, other, set->route, true);
  add(r, other, from, set->route, true);
}

/* There and back between the hubs of two routes. */
static sf_result report_way(report *r, uint32_t a, uint32_t b) {
  uint32_t n = r->g->vertex_count, counts[2];
  sf_wait *ways[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++)
    SF_TRY(sf_wait_graph_path(r->w->arena, r->g, NULL, i ? b : a, i ? a : b, n,
                              r->reached_by, r->queue, &counts[i], &ways[i]));
  r->out->cycle =
      SF_NEW_ARRAY(r->w->arena, sf_wait, counts[0] + (size_t)counts[1] + 4);
  if (!r->out->cycle) return SF_OOM;
  const sf_siblings *sets = r->w->siblings;
  for (int i = 0; i < 2; i++) {
    /* hub, channels.., hub; the way before ended in the hub that this leaves */
    uint32_t hub = (i ? b : a) - r->w->channel_count;
    const sf_wait *way = ways[i], *other = ways[1 - i];
    add_sibling(r, &sets[hub], other[counts[1 - i] - 1].from, way[0].to);
    for (uint32_t k = 1; k + 1 < counts[i]; k++) {
      if (way[k].to >= r->w->channel_count) { /* through a third hub */
        add(r, way[k].from, way[k + 1].to, way[k].route, true);
        k++;
      } else {
        r->out->cycle[r->out->cycle_count++] = way[k];
      }
    }
  }
  return SF_OK;
}

static sf_result report_hubs(const sf_waits *w, const sf_wait_graph *g,
                             uint32_t a, uint32_t b, sf_verdict *out) {
  size_t n = g->vertex_count + (size_t)1;
  report r = {.w = w,
              .g = g,
              .reached_by = SF_NEW_ARRAY(w->arena, uint32_t, n),
              .queue = SF_NEW_ARRAY(w->arena, uint32_t, n),
              .out = out};
  out->acyclic = false;
  out->cycle = SF_NEW_ARRAY(w->arena, sf_wait, 2);
  if (!r.reached_by || !r.queue || !out->cycle) return SF_OOM;
  memset(r.reached_by, 0xff, n * sizeof *r.reached_by);
  if (report_pair(&r, &w->siblings[a - w->channel_count],
                  &w->siblings[b - w->channel_count])) {
    return SF_OK;
  }
  return report_way(&r, a, b);
}

/* Channels by component, then by their old rank. */
static sf_result rank(const sf_waits *w, const components *c, uint32_t count,
                      sf_verdict *out) {
  uint32_t n = w->channel_count;
  uint64_t *keys = SF_NEW_ARRAY(w->arena, uint64_t, n + (size_t)1);
  uint64_t *sorted = SF_NEW_ARRAY(w->arena, uint64_t, 2 * (size_t)n + 1);
  if (!keys || !sorted) return SF_OOM;
  for (uint32_t v = 0; v < n; v++)
    keys[v] = (uint64_t)out->ranks[v] << 32 | v;
  sf_numbers_sort(keys, n);
  uint32_t *place = SF_NEW_ARRAY(w->arena, uint32_t, n + (size_t)1);
  if (!place) return SF_OOM;
  for (uint32_t i = 0; i < n; i++)
    place[(uint32_t)keys[i]] = i;
  for (uint32_t v = 0; v < n; v++)
    sorted[v] = (uint64_t)(count - 1 - c->of[v]) << 32 | place[v];
  sf_numbers_sort(sorted, n);
  for (uint32_t i = 0; i < n; i++)
    out->ranks[(uint32_t)keys[(uint32_t)sorted[i]]] = i;
  return SF_OK;
}

sf_result sf_waits_solve_wormhole(const sf_waits *w, sf_verdict *out) {
  sf_wait_graph g;
  components c;
  uint32_t count;
  SF_TRY(extend(w, &g));
  SF_TRY(find_components(w, &g, &c, &count));
  uint32_t *hub = SF_NEW_ARRAY(w->arena, uint32_t, count + (size_t)1);
  if (!hub) return SF_OOM;
  for (uint32_t s = 0; s < w->siblings_count; s++) {
    uint32_t v = w->channel_count + s, component = c.of[v];
    if (hub[component] == 0) hub[component] = v;
    uint32_t other = hub[component] - w->channel_count;
    if (w->siblings[other].route != w->siblings[s].route)
      return report_hubs(w, &g, hub[component], v, out);
  }
  return rank(w, &c, count, out);
}
