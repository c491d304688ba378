/* ner.c - plain NER, see cases.h. Shares nothing with passes/route. */
#include "bench/routing/cases.h"

#include <stdlib.h>
#include <string.h>

enum { RADIUS = 20, AXES = 3, NOWHERE = -1 };

typedef struct explorer {
  const sf_fabric *fabric;
  sf_random *random;
  bool *inside;
  uint32_t count, *routers; /* of the tree */
  uint32_t length, *path;   /* links */
  int32_t *reached;         /* breadth-first: link into each router */
  uint32_t *queue;
} explorer;

/* One shortest vector as hops along x, y and the axis of ne; ties by lot. */
static void vector(explorer *e, uint32_t from, uint32_t to,
                   int32_t hops[AXES]) {
  const sf_fabric *f = e->fabric;
  int32_t x = (int32_t)to % f->width - (int32_t)from % f->width;
  int32_t y = (int32_t)to / f->width - (int32_t)from / f->width;
  int32_t best = INT32_MAX;
  uint32_t ties = 0;
  for (int way = 0; way < (f->wrap ? 4 : 1); way++) {
    int32_t dx = way & 1 ? (x > 0 ? x - f->width : x + f->width) : x;
    int32_t dy = way & 2 ? (y > 0 ? y - f->height : y + f->height) : y;
    int32_t both = (dx < 0) != (dy < 0) ? 0 : abs(dx) < abs(dy) ? dx : dy;
    int32_t length = abs(dx - both) + abs(dy - both) + abs(both);
    if (length > best) continue;
    ties = length < best ? 1 : ties + 1;
    best = length;
    if (ties > 1 && sf_random_below(e->random, ties) != 0) continue;
    hops[0] = dx - both;
    hops[1] = dy - both;
    hops[2] = both;
  }
}

/* Longest dimension first, ties by lot. false: over a dead link. */
static bool walk(explorer *e, uint32_t from, uint32_t to) {
  static const uint32_t positive[AXES] = {0, 2, 1};
  const sf_fabric *f = e->fabric;
  int32_t hops[AXES] = {0};
  uint32_t at = from;
  vector(e, from, to, hops);
  e->length = 0;
  for (int turn = 0; turn < AXES; turn++) {
    int axis = -1;
    uint32_t ties = 0;
    for (int a = 0; a < AXES; a++) {
      if (hops[a] == 0) continue;
      if (axis >= 0 && abs(hops[a]) < abs(hops[axis])) continue;
      ties = axis >= 0 && abs(hops[a]) == abs(hops[axis]) ? ties + 1 : 1;
      if (ties == 1 || sf_random_below(e->random, ties) == 0) axis = a;
    }
    if (axis < 0) break;
    uint32_t d = positive[axis];
    if (hops[axis] < 0) d = sf_fabric_reverse(f, d);
    for (int32_t left = abs(hops[axis]); left > 0; left--) {
      uint32_t link = at * f->degree + d;
      if (f->neighbours[link] == SF_FABRIC_NONE) return false;
      e->path[e->length++] = link;
      at = (uint32_t)f->neighbours[link];
    }
    hops[axis] = 0;
  }
  return true;
}

/* Round a fault: breadth first from the whole tree. */
static bool go_round(explorer *e, uint32_t to) {
  const sf_fabric *f = e->fabric;
  uint32_t end = 0;
  memset(e->reached, 0xff, f->router_count * sizeof *e->reached);
  for (uint32_t i = 0; i < e->count; i++)
    e->queue[end++] = e->routers[i];
  for (uint32_t i = 0; i < end && e->reached[to] == NOWHERE; i++) {
    for (uint32_t d = 0; d < f->degree; d++) {
      uint32_t link = e->queue[i] * f->degree + d;
      int32_t next = f->neighbours[link];
      if (next == SF_FABRIC_NONE || e->inside[next] ||
          e->reached[next] != NOWHERE) {
        continue;
      }
      e->reached[next] = (int32_t)link;
      e->queue[end++] = (uint32_t)next;
    }
  }
  if (e->reached[to] == NOWHERE) return false;
  e->length = 0;
  for (uint32_t at = to; !e->inside[at];
       at = (uint32_t)e->reached[at] / f->degree)
    e->path[e->length++] = (uint32_t)e->reached[at];
  for (uint32_t i = 0; i < e->length / 2; i++) {
    uint32_t link = e->path[i];
    e->path[i] = e->path[e->length - 1 - i];
    e->path[e->length - 1 - i] = link;
  }
  return true;
}

/* Adds what lies behind the last chip of the path that the tree has. */
static void add_path(explorer *e, sf_tree *tree) {
  const sf_fabric *f = e->fabric;
  uint32_t first = e->length;
  while (first > 0 && !e->inside[f->neighbours[e->path[first - 1]]])
    first--;
  for (uint32_t i = first; i < e->length; i++) {
    uint32_t router = (uint32_t)f->neighbours[e->path[i]];
    e->inside[router] = true;
    e->routers[e->count++] = router;
    tree->hops[tree->hop_count++] = (sf_hop){e->path[i], 0};
  }
}

static void join(explorer *e, const sf_net *net, uint32_t sink, sf_tree *tree) {
  uint32_t from = net->source, least = RADIUS + 1;
  for (uint32_t i = 0; i < e->count; i++) {
    uint32_t d = sf_fabric_distance(e->fabric, e->routers[i], sink);
    if (d >= least) continue;
    least = d;
    from = e->routers[i];
  }
  if (walk(e, from, sink) || go_round(e, sink)) add_path(e, tree);
}

static sf_result route(explorer *e, const sf_net *net, sf_arena *arena,
                       sf_tree *tree) {
  const sf_fabric *f = e->fabric;
  memset(e->inside, 0, f->router_count * sizeof *e->inside);
  e->count = 0;
  e->routers[e->count++] = net->source;
  e->inside[net->source] = true;
  tree->hops = SF_NEW_ARRAY(arena, sf_hop, f->router_count);
  if (!tree->hops) return SF_OOM;
  uint32_t done = 0;
  for (uint32_t distance = 0; done < net->sink_count; distance++) {
    for (uint32_t i = 0; i < net->sink_count; i++) {
      uint32_t sink = net->sinks[i];
      if (sf_fabric_distance(f, net->source, sink) != distance) continue;
      done++;
      if (!e->inside[sink]) join(e, net, sink, tree);
    }
  }
  return SF_OK;
}

sf_result case_ner(const sf_fabric *fabric, uint32_t net_count,
                   const sf_net *nets, sf_random *random, sf_arena *arena,
                   sf_routing *out) {
  size_t n = fabric->router_count + (size_t)1;
  explorer e = {.fabric = fabric,
                .random = random,
                .inside = SF_NEW_ARRAY(arena, bool, n),
                .routers = SF_NEW_ARRAY(arena, uint32_t, n),
                .path = SF_NEW_ARRAY(arena, uint32_t, n),
                .reached = SF_NEW_ARRAY(arena, int32_t, n),
                .queue = SF_NEW_ARRAY(arena, uint32_t, n)};
  *out = (sf_routing){.tree_count = net_count,
                      .trees = SF_NEW_ARRAY(arena, sf_tree, net_count)};
  if (!e.inside || !e.routers || !e.path || !e.reached || !e.queue ||
      !out->trees) {
    return SF_OOM;
  }
  for (uint32_t i = 0; i < net_count; i++) {
    SF_TRY(route(&e, &nets[i], arena, &out->trees[i]));
    out->hop_count += out->trees[i].hop_count;
  }
  return SF_OK;
}
