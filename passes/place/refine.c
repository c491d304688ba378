/* refine.c - see refine.h. */
#include "passes/place/refine.h"

#include "passes/place/score.h"

#include <string.h>

/* ---- Seats. ---- */

static sf_result make_cost(const sf_place_graph *graph, sf_placement *p,
                           const sf_refine_options *o, sf_arena *arena,
                           sf_place_cost **out) {
  SF_TRY(sf_place_cost_create(graph, p, arena, out));
  if (!o->heat) return SF_OK;
  sf_place_heat *heat;
  SF_TRY(sf_place_heat_create(o->heat, p, arena, &heat));
  sf_place_cost_heat(*out, heat, o->heat_weight);
  return SF_OK;
}

enum { TINY = 64 }; /* clusters: more starts cost nothing */

/* Several starts, the best end: from the layout at low temperature, and from
 * nothing, which finds folds that no layout has but loses its way on large
 * graphs (mapping.md 1.7). */
static sf_result anneal_starts(const sf_place_graph *graph, sf_placement *p,
                               const sf_refine_options *o, sf_arena *arena) {
  uint32_t count = graph->cluster_count, starts = count <= TINY ? 8 : 2;
  size_t bytes = count * sizeof *p->seat;
  uint32_t *first = SF_NEW_ARRAY(arena, uint32_t, count + (size_t)1);
  uint32_t *seat = SF_NEW_ARRAY(arena, uint32_t, count + (size_t)1);
  if (!first || !seat) return SF_OOM;
  memcpy(first, p->seat, bytes);
  sf_placement trial = {p->seats, count, seat};
  double best = 0;
  for (uint32_t i = 0; i < starts; i++) {
    memcpy(seat, first, bytes);
    sf_place_cost *cost;
    SF_TRY(make_cost(graph, &trial, o, arena, &cost));
    sf_anneal_options a = {o->seed + i, o->effort, i ? 0 : 2, NULL};
    double change;
    SF_TRY(sf_place_anneal(cost, &a, arena, &change));
    if (change >= best) continue;
    best = change;
    memcpy(p->seat, seat, bytes);
  }
  return SF_OK;
}

/* ---- Tiles. ---- */

typedef struct tiles {
  int32_t side, across, down; /* routers of a side; tiles of the fabric */
  uint32_t count;
  sf_fabric fabric;
  sf_place_seats seats;
  uint32_t *group; /* tile of each cluster */
  bool *fixed;     /* tiles cut off by an edge or with other seats than most */
} tiles;

static uint32_t tile_of(const tiles *t, const sf_fabric *f, uint32_t router) {
  uint32_t side = (uint32_t)t->side, width = (uint32_t)f->width;
  return router / width / side * (uint32_t)t->across + router % width / side;
}

/* Router i of a tile, in rows; SF_PLACE_NONE: beyond the edge. */
static uint32_t router_of(const tiles *t, const sf_fabric *f, uint32_t tile,
                          int32_t i) {
  int32_t x = (int32_t)tile % t->across * t->side + i % t->side;
  int32_t y = (int32_t)tile / t->across * t->side + i / t->side;
  if (x >= f->width || y >= f->height) return SF_PLACE_NONE;
  return (uint32_t)(y * f->width + x);
}

/* Tiles can take each other's clusters only when router i has as many seats in
 * both: all must be like the one in the middle of the fabric. */
static bool is_regular(const tiles *t, const sf_place_seats *s, uint32_t tile,
                       uint32_t model) {
  for (int32_t i = 0; i < t->side * t->side; i++) {
    uint32_t a = router_of(t, s->fabric, tile, i);
    uint32_t b = router_of(t, s->fabric, model, i);
    if (a == SF_PLACE_NONE || b == SF_PLACE_NONE) return false;
    if (s->first[a + 1] - s->first[a] != s->first[b + 1] - s->first[b])
      return false;
  }
  return true;
}

static sf_result make_tiles(const sf_placement *p, int32_t side,
                            sf_arena *arena, tiles *out) {
  const sf_fabric *f = p->seats->fabric;
  *out = (tiles){.side = side};
  out->across = (f->width + side - 1) / side;
  out->down = (f->height + side - 1) / side;
  out->count = (uint32_t)out->across * (uint32_t)out->down;
  SF_TRY(sf_fabric_create(f->topology, f->wrap, out->across, out->down, arena,
                          &out->fabric));
  SF_TRY(sf_place_seats_uniform(&out->fabric, 1, arena, &out->seats));
  out->group = SF_NEW_ARRAY(arena, uint32_t, p->cluster_count + (size_t)1);
  out->fixed = SF_NEW_ARRAY(arena, bool, out->count + (size_t)1);
  if (!out->group || !out->fixed) return SF_OOM;
  for (uint32_t c = 0; c < p->cluster_count; c++)
    out->group[c] = tile_of(out, f, sf_placement_router(p, c));
  uint32_t model = (uint32_t)(out->down / 2 * out->across + out->across / 2);
  for (uint32_t t = 0; t < out->count; t++)
    out->fixed[t] = !is_regular(out, p->seats, t, model);
  return SF_OK;
}

/* Clusters follow their tiles, `seat[tile]` being where each went. */
static void follow(const tiles *t, const uint32_t *seat, sf_placement *p) {
  const sf_place_seats *s = p->seats;
  uint32_t width = (uint32_t)s->fabric->width;
  uint32_t across = (uint32_t)t->across, side = (uint32_t)t->side;
  for (uint32_t c = 0; c < p->cluster_count; c++) {
    uint32_t from = t->group[c], to = seat[from];
    uint32_t old = s->router[p->seat[c]];
    uint32_t x = old % width + (to % across - from % across) * side;
    uint32_t y = old / width + (to / across - from / across) * side;
    p->seat[c] = s->first[y * width + x] + (p->seat[c] - s->first[old]);
  }
}

/* Anneals tiles of one size; undone when the seats themselves are no better. */
static sf_result anneal_tiles(const sf_place_graph *graph, sf_placement *p,
                              int32_t side, const sf_refine_options *o,
                              sf_arena *arena) {
  tiles t;
  SF_TRY(make_tiles(p, side, arena, &t));
  sf_place_graph coarse;
  SF_TRY(sf_place_contract(graph, t.group, t.count, arena, &coarse));
  sf_placement at = {&t.seats, t.count,
                     SF_NEW_ARRAY(arena, uint32_t, t.count + (size_t)1)};
  size_t bytes = p->cluster_count * sizeof *p->seat;
  uint32_t *saved = SF_NEW_ARRAY(arena, uint32_t, p->cluster_count + (size_t)1);
  if (!at.seat || !saved) return SF_OOM;
  memcpy(saved, p->seat, bytes);
  for (uint32_t i = 0; i < t.count; i++)
    at.seat[i] = i;
  uint64_t before, after;
  SF_TRY(sf_place_hops(graph, p, arena, &before));
  sf_place_cost *cost;
  SF_TRY(sf_place_cost_create(&coarse, &at, arena, &cost));
  sf_anneal_options a = {o->seed + (uint64_t)side, o->effort, 0.5, t.fixed};
  double change;
  SF_TRY(sf_place_anneal(cost, &a, arena, &change));
  if (change == 0) return SF_OK;
  follow(&t, at.seat, p);
  SF_TRY(sf_place_hops(graph, p, arena, &after));
  if (after >= before) memcpy(p->seat, saved, bytes);
  return SF_OK;
}

/* Tiles small enough for the annealer, then halved until pairs of routers. */
static sf_result v_cycle(const sf_place_graph *graph, sf_placement *p,
                         const sf_refine_options *o) {
  const sf_fabric *f = p->seats->fabric;
  int32_t side = 2;
  while (f->router_count / (uint32_t)(side * side) > SF_REFINE_FINE_MAX)
    side *= 2;
  for (side *= 2; side >= 2; side /= 2) {
    if (f->router_count / (uint32_t)(side * side) > 4 * SF_REFINE_FINE_MAX)
      break;
    sf_arena *arena = sf_arena_create();
    sf_result r = arena ? anneal_tiles(graph, p, side, o, arena) : SF_OOM;
    sf_arena_destroy(arena);
    SF_TRY(r);
  }
  return SF_OK;
}

sf_result sf_place_refine(const sf_place_graph *graph, sf_placement *p,
                          const sf_refine_options *o, sf_arena *scratch) {
  sf_place_graph plain = *graph;
  if (graph->window_count) SF_TRY(sf_place_expand(graph, scratch, &plain));
  bool small = graph->cluster_count <= SF_REFINE_FINE_MAX;
  if (o->effort > 0 && small) SF_TRY(anneal_starts(&plain, p, o, scratch));
  if (o->effort > 0 && !small) SF_TRY(v_cycle(&plain, p, o));
  sf_place_cost *cost;
  SF_TRY(make_cost(&plain, p, o, scratch, &cost));
  const sf_fabric *f = p->seats->fabric;
  int32_t widest = f->width > f->height ? f->width : f->height;
  bool tiny = graph->cluster_count <= TINY;
  sf_place_polish(cost, tiny ? widest : 1, small ? 10 : 2);
  return SF_OK;
}
