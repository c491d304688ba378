/* xy.c - dimension order: X, then Y, then (hexagonal) Z, the axis of ne and
 * sw. Free of deadlock on open fabrics with one buffer class, and on tori with
 * two and a dateline in each ring (mapping.md 4.3). Paths from one source share
 * their beginnings, so that their union is a tree. */
#include "passes/route/router.h"

#include <stdlib.h>

enum { AXES = 3 };

typedef struct walk {
  int32_t hops[AXES];        /* signed */
  uint32_t directions[AXES]; /* of a positive hop */
} walk;

/* Along the axes of the topology; hexagonal: ne is a step in both, so that at
 * most two axes are used. */
static walk decompose(const sf_fabric *f, int32_t x, int32_t y) {
  walk w = {.hops = {x, y, 0}};
  bool hex = f->topology == SF_TOPOLOGY_HEX;
  w.directions[0] = 0;
  w.directions[1] = hex ? 2 : 1; /* n */
  w.directions[2] = 1;           /* ne */
  if (!hex || (x < 0) != (y < 0)) return w;
  int32_t both = abs(x) < abs(y) ? x : y;
  w.hops[0] = x - both;
  w.hops[1] = y - both;
  w.hops[2] = both;
  return w;
}

static int32_t length(const walk *w) {
  return abs(w->hops[0]) + abs(w->hops[1]) + abs(w->hops[2]);
}

/* The shortest vector; of equal ones, that which wraps least. */
static walk shortest(const sf_fabric *f, uint32_t from, uint32_t to,
                     bool wrap) {
  int32_t x = (int32_t)to % f->width - (int32_t)from % f->width;
  int32_t y = (int32_t)to / f->width - (int32_t)from / f->width;
  walk best = decompose(f, x, y);
  for (int way = 1; way < 4 && wrap; way++) {
    int32_t other_x = x > 0 ? x - f->width : x + f->width;
    int32_t other_y = y > 0 ? y - f->height : y + f->height;
    walk w = decompose(f, way & 1 ? other_x : x, way & 2 ? other_y : y);
    if (length(&w) < length(&best)) best = w;
  }
  return best;
}

/* Does the link cross its ring's dateline? Rings of ne cross where X wraps. */
static bool crosses_dateline(const sf_fabric *f, uint32_t link, int axis) {
  int32_t from = (int32_t)(link / f->degree), to = f->neighbours[link];
  int32_t jump = axis == 1 ? from / f->width - to / f->width
                           : from % f->width - to % f->width;
  return jump > 1 || jump < -1;
}

/* Appends the hops to one sink that the tree lacks. false: a dead link, or a
 * router that the tree enters by another one. */
static bool walk_to(sf_router *r, uint32_t source, uint32_t sink, bool wrap) {
  const sf_fabric *f = r->task->fabric;
  sf_grower *g = &r->grower;
  walk w = shortest(f, source, sink, wrap);
  uint32_t at = source, fresh = r->trial.hop_count;
  for (int axis = 0; axis < AXES; axis++) {
    uint32_t direction = w.directions[axis], vc = 0;
    if (w.hops[axis] < 0) direction = sf_fabric_reverse(f, direction);
    for (int32_t i = abs(w.hops[axis]); i > 0; i--) {
      uint32_t link = at * f->degree + direction;
      if (f->neighbours[link] == SF_FABRIC_NONE) return false;
      at = (uint32_t)f->neighbours[link];
      if (sf_grow_holds(g, at)) {
        if (g->entry[at] != (int32_t)link) return false;
      } else {
        r->trial.hops[fresh++] = (sf_hop){link, vc};
      }
      if (wrap && crosses_dateline(f, link, axis)) vc = 1;
    }
  }
  for (uint32_t i = r->trial.hop_count; i < fresh; i++) {
    uint32_t link = r->trial.hops[i].link;
    uint32_t router = (uint32_t)f->neighbours[link];
    g->entry[router] = (int32_t)link;
    g->inside[router] = g->tree;
    g->loads[link] += g->weight;
  }
  r->trial.hop_count = fresh;
  return true;
}

static sf_result keep(sf_router *r, uint32_t n) {
  sf_tree *tree = &r->out->trees[n];
  tree->hop_count = r->trial.hop_count;
  tree->hops = SF_NEW_ARRAY(r->arena, sf_hop, tree->hop_count + (size_t)1);
  if (!tree->hops) return SF_OOM;
  for (uint32_t i = 0; i < tree->hop_count; i++)
    tree->hops[i] = r->trial.hops[i];
  return SF_OK;
}

sf_result sf_route_dimension_order(sf_router *r) {
  const sf_fabric *open = r->task->fabric;
  bool wrap = open->wrap && r->task->virtual_channels > 1;
  for (uint32_t n = 0; n < r->task->net_count; n++) {
    const sf_net *net = &r->task->nets[n];
    sf_grow_begin(&r->grower, net);
    r->trial.hop_count = 0;
    for (uint32_t i = 0; i < net->sink_count; i++) {
      if (r->skip[n] && r->skip[n][i]) continue;
      if (!walk_to(r, net->source, net->sinks[i], wrap))
        SF_TRY(sf_router_unrouted(r, n, net->sinks[i]));
    }
    SF_TRY(keep(r, n));
  }
  return SF_OK;
}
