/* waits.c - see waits.h: the edges, Kahn's order, and shortest cycles. Mode B:
 * wormhole.c. */
#include "passes/route/waits_private.h"

#include <string.h>

/* ---- Edges. ---- */

static uint32_t *slot(const sf_waits *w, uint32_t from, uint32_t to) {
  uint64_t h = ((uint64_t)from << 32 | to) * UINT64_C(0x9E3779B97F4A7C15);
  uint32_t mask = w->bucket_count - 1, at = (uint32_t)(h >> 32) & mask;
  while (w->buckets[at] != 0 && (w->edges[w->buckets[at] - 1].from != from ||
                                 w->edges[w->buckets[at] - 1].to != to)) {
    at = (at + 1) & mask;
  }
  return &w->buckets[at];
}

/* Twice the room, and a hash table that stays half empty. */
static sf_result grow(sf_waits *w) {
  uint32_t capacity = w->edge_capacity ? 2 * w->edge_capacity : 256;
  sf_wait *edges = SF_NEW_ARRAY(w->arena, sf_wait, capacity);
  uint32_t *buckets = SF_NEW_ARRAY(w->arena, uint32_t, 2 * (size_t)capacity);
  if (!edges || !buckets) return SF_OOM;
  if (w->edge_count) memcpy(edges, w->edges, w->edge_count * sizeof *edges);
  w->edges = edges;
  w->edge_capacity = capacity;
  w->buckets = buckets;
  w->bucket_count = 2 * capacity;
  for (uint32_t i = 0; i < w->edge_count; i++)
    *slot(w, edges[i].from, edges[i].to) = i + 1;
  return SF_OK;
}

sf_result sf_waits_edge(sf_waits *w, uint32_t from, uint32_t to,
                        uint32_t route) {
  if (w->edge_count == w->edge_capacity) SF_TRY(grow(w));
  uint32_t *at = slot(w, from, to);
  if (*at != 0) return SF_OK;
  w->edges[w->edge_count++] = (sf_wait){.from = from, .to = to, .route = route};
  *at = w->edge_count;
  return SF_OK;
}

sf_result sf_waits_siblings(sf_waits *w, uint32_t route, uint32_t count,
                            const uint32_t *channels) {
  if (count == 0) return SF_OK;
  if (w->siblings_count == w->siblings_capacity) {
    uint32_t capacity = w->siblings_capacity ? 2 * w->siblings_capacity : 64;
    sf_siblings *grown = SF_NEW_ARRAY(w->arena, sf_siblings, capacity);
    if (!grown) return SF_OOM;
    if (w->siblings_count)
      memcpy(grown, w->siblings, w->siblings_count * sizeof *grown);
    w->siblings = grown;
    w->siblings_capacity = capacity;
  }
  uint32_t *copy = SF_NEW_ARRAY(w->arena, uint32_t, count);
  if (!copy) return SF_OOM;
  memcpy(copy, channels, count * sizeof *copy);
  w->siblings[w->siblings_count++] = (sf_siblings){route, count, copy};
  return SF_OK;
}

/* ---- Graphs. ---- */

sf_result sf_wait_graph_build(sf_arena *arena, uint32_t vertices,
                              uint32_t edge_count, const sf_wait *edges,
                              sf_wait_graph *out) {
  *out = (sf_wait_graph){.vertex_count = vertices, .edges = edges};
  out->first = SF_NEW_ARRAY(arena, uint32_t, vertices + (size_t)2);
  out->out = SF_NEW_ARRAY(arena, uint32_t, edge_count + (size_t)1);
  uint32_t *fill = SF_NEW_ARRAY(arena, uint32_t, vertices + (size_t)1);
  if (!out->first || !out->out || !fill) return SF_OOM;
  for (uint32_t e = 0; e < edge_count; e++)
    out->first[edges[e].from + 1]++;
  for (uint32_t v = 0; v < vertices; v++)
    out->first[v + 1] += out->first[v];
  for (uint32_t e = 0; e < edge_count; e++) {
    uint32_t from = edges[e].from;
    out->out[out->first[from] + fill[from]++] = e;
  }
  return SF_OK;
}

sf_result sf_wait_graph_path(sf_arena *arena, const sf_wait_graph *g,
                             const bool *allowed, uint32_t from, uint32_t to,
                             uint32_t limit, uint32_t *reached_by,
                             uint32_t *queue, uint32_t *out_count,
                             sf_wait **out_edges) {
  const uint32_t none = UINT32_MAX;
  uint32_t count = 0, end, depth = 0, found = none;
  queue[count++] = from;
  for (uint32_t i = 0; i < count && found == none && depth < limit; depth++) {
    for (end = count; i < end && found == none; i++) {
      for (uint32_t k = g->first[queue[i]]; k < g->first[queue[i] + 1]; k++) {
        uint32_t e = g->out[k], next = g->edges[e].to;
        if (allowed && !allowed[next]) continue;
        if (next == to) found = e;
        if (next == to) break;
        if (reached_by[next] != none || next == from) continue;
        reached_by[next] = e;
        queue[count++] = next;
      }
    }
  }
  *out_count = 0;
  if (found != none) {
    sf_wait *path = SF_NEW_ARRAY(arena, sf_wait, depth + (size_t)1);
    if (!path) return SF_OOM;
    uint32_t length = 1;
    for (uint32_t v = g->edges[found].from; v != from;
         v = g->edges[reached_by[v]].from)
      length++;
    *out_count = length;
    for (uint32_t e = found; length > 0; length--) {
      path[length - 1] = g->edges[e];
      e = length > 1 ? reached_by[g->edges[e].from] : e;
    }
    *out_edges = path;
  }
  for (uint32_t i = 0; i < count; i++)
    reached_by[queue[i]] = none;
  return SF_OK;
}

/* ---- Mode A. ---- */

/* Shortest cycle through any vertex that is left. */
static sf_result find_cycle(const sf_waits *w, const sf_wait_graph *g,
                            const bool *left, sf_verdict *out) {
  enum { STARTS_MAX = 4096 }; /* bounds the time on huge graphs */
  uint32_t n = g->vertex_count, starts = 0;
  uint32_t *reached_by = SF_NEW_ARRAY(w->arena, uint32_t, n + (size_t)1);
  uint32_t *queue = SF_NEW_ARRAY(w->arena, uint32_t, n + (size_t)1);
  if (!reached_by || !queue) return SF_OOM;
  memset(reached_by, 0xff, n * sizeof *reached_by);
  for (uint32_t v = 0; v < n; v++) {
    if (!left[v]) continue;
    uint32_t limit = out->cycle_count ? out->cycle_count - 1 : n, count = 0;
    sf_wait *path = NULL;
    SF_TRY(sf_wait_graph_path(w->arena, g, left, v, v, limit, reached_by, queue,
                              &count, &path));
    if (count) {
      out->cycle_count = count;
      out->cycle = path;
    }
    if (count && ++starts > STARTS_MAX) break;
  }
  return SF_OK;
}

/* Ranks by longest path, so that they are as small as they can be; `left`:
 * channels on or behind a cycle. */
static sf_result rank(const sf_waits *w, const sf_wait_graph *g, bool *left,
                      sf_verdict *out) {
  uint32_t n = g->vertex_count, queued = 0;
  uint32_t *waiting = SF_NEW_ARRAY(w->arena, uint32_t, n + (size_t)1);
  uint32_t *queue = SF_NEW_ARRAY(w->arena, uint32_t, n + (size_t)1);
  if (!waiting || !queue) return SF_OOM;
  for (uint32_t e = 0; e < w->edge_count; e++)
    waiting[w->edges[e].to]++;
  for (uint32_t v = 0; v < n; v++)
    if (waiting[v] == 0) queue[queued++] = v;
  for (uint32_t done = 0; done < queued; done++) {
    uint32_t v = queue[done];
    left[v] = false;
    for (uint32_t k = g->first[v]; k < g->first[v + 1]; k++) {
      uint32_t next = w->edges[g->out[k]].to;
      if (out->ranks[next] <= out->ranks[v])
        out->ranks[next] = out->ranks[v] + 1;
      if (--waiting[next] == 0) queue[queued++] = next;
    }
  }
  out->acyclic = queued == n;
  return SF_OK;
}

sf_result sf_waits_solve(const sf_waits *w, sf_verdict *out) {
  uint32_t n = w->channel_count;
  *out = (sf_verdict){.ranks = SF_NEW_ARRAY(w->arena, uint32_t, n + (size_t)1)};
  bool *left = SF_NEW_ARRAY(w->arena, bool, n + (size_t)1);
  if (!out->ranks || !left) return SF_OOM;
  memset(left, true, n);
  sf_wait_graph g;
  SF_TRY(sf_wait_graph_build(w->arena, n, w->edge_count, w->edges, &g));
  SF_TRY(rank(w, &g, left, out));
  if (!out->acyclic) return find_cycle(w, &g, left, out);
  return w->siblings_count ? sf_waits_solve_wormhole(w, out) : SF_OK;
}
