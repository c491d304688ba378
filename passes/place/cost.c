/* cost.c - the exact change of hops when two seats are exchanged; see anneal.h.
 *
 * Fields. Cluster c of block a sends to every cluster of block b: its part of
 * the cost is packets(c) * F(position of c), F(r) = sum over b of the distance
 * to r. On a mesh F(x, y) = Fx(x) + Fy(y). A block keeps two fields, one that
 * counts its clusters and one that weighs them by their packets. They are
 * rewritten when a cluster of the block moves: O(sides), once an exchange that
 * is accepted, against O(1) for each that is tried. */
#include "passes/place/anneal.h"

#include <stdlib.h>
#include <string.h>

/* In hops: sf_place_x, sf_place_y; 16 bits keep a million clusters in a cache.
 */
typedef struct place {
  int16_t x, y;
} place;

typedef struct fields {
  int64_t *count, *packets; /* x, then y; hexagonal: of each router */
} fields;

struct sf_place_cost {
  const sf_place_graph *graph;
  sf_placement *placement;
  const sf_fabric *fabric;
  bool open; /* a mesh without wrap: distances in line */
  bool hex;
  int32_t width, height; /* of the fields */
  place *at;             /* of each cluster */
  uint32_t *sitter;
  sf_place_adjacency near;
  const uint32_t *block_of; /* NULL: no relations */
  sf_place_related related;
  fields *fields;      /* of each block */
  sf_place_heat *heat; /* NULL: none */
  double heat_weight;
};

/* ---- Distances. ---- */

static int64_t around(int32_t a, int32_t b, int32_t side, bool wrap) {
  int32_t d = abs(a - b);
  return wrap && side - d < d ? side - d : d;
}

static uint32_t router_at(const sf_place_cost *k, place p) {
  return (uint32_t)(p.y * k->fabric->width + p.x);
}

static int64_t distance(const sf_place_cost *k, place a, place b) {
  if (k->open) return abs(a.x - b.x) + abs(a.y - b.y);
  return sf_fabric_distance(k->fabric, router_at(k, a), router_at(k, b));
}

static place place_of(const sf_place_cost *k, uint32_t router) {
  const sf_place_seats *seats = k->placement->seats;
  return (place){(int16_t)sf_place_x(seats, router),
                 (int16_t)sf_place_y(seats, router)};
}

/* ---- Fields. ---- */

static int64_t field_at(const sf_place_cost *k, const int64_t *field, place p) {
  return k->hex ? field[router_at(k, p)] : field[p.x] + field[k->width + p.y];
}

/* `weight` more (or less) sits at p. */
static void field_add(const sf_place_cost *k, int64_t *field, place p,
                      int64_t weight) {
  const sf_fabric *f = k->fabric;
  if (k->hex) {
    for (uint32_t r = 0; r < f->router_count; r++)
      field[r] += weight * sf_fabric_distance(f, r, router_at(k, p));
    return;
  }
  for (int32_t x = 0; x < k->width; x++)
    field[x] += weight * around(x, p.x, k->width, f->wrap);
  for (int32_t y = 0; y < k->height; y++)
    field[k->width + y] += weight * around(y, p.y, k->height, f->wrap);
}

static void move_in_fields(sf_place_cost *k, uint32_t cluster, place from,
                           place to) {
  if (!k->block_of) return;
  const fields *f = &k->fields[k->block_of[cluster]];
  if (!f->count) return;
  int64_t packets = k->graph->packets[cluster];
  field_add(k, f->count, from, -1);
  field_add(k, f->count, to, 1);
  field_add(k, f->packets, from, -packets);
  field_add(k, f->packets, to, packets);
}

/* Relations of the cluster when it alone goes from p to q. */
static int64_t relations_delta(const sf_place_cost *k, uint32_t cluster,
                               place p, place q) {
  const sf_place_related *r = &k->related;
  uint32_t block = k->block_of[cluster];
  int64_t packets = k->graph->packets[cluster], delta = 0;
  for (uint32_t i = r->to_begin[block]; i < r->to_begin[block + 1]; i++) {
    const int64_t *count = k->fields[r->to[i]].count;
    delta += packets * (field_at(k, count, q) - field_at(k, count, p));
    /* The field holds the cluster itself, which goes along. */
    if (r->to[i] == block) delta -= 2 * packets * distance(k, p, q);
  }
  for (uint32_t i = r->from_begin[block]; i < r->from_begin[block + 1]; i++) {
    const int64_t *sent = k->fields[r->from[i]].packets;
    delta += field_at(k, sent, q) - field_at(k, sent, p);
  }
  return delta;
}

/* Packets of relations between two clusters, both ways. */
static int64_t related_packets(const sf_place_cost *k, uint32_t a, uint32_t b) {
  const sf_place_related *r = &k->related;
  const uint32_t *packets = k->graph->packets;
  uint32_t of_a = k->block_of[a], of_b = k->block_of[b];
  int64_t sum = 0;
  for (uint32_t i = r->to_begin[of_a]; i < r->to_begin[of_a + 1]; i++)
    if (r->to[i] == of_b) sum += packets[a];
  for (uint32_t i = r->from_begin[of_a]; i < r->from_begin[of_a + 1]; i++)
    if (r->from[i] == of_b) sum += packets[b];
  return sum;
}

/* ---- Exchanges. ---- */

/* Arcs of `cluster` when it goes from p to q; those to `partner`, which comes
 * the other way, do not change. */
static int64_t arcs_delta(const sf_place_cost *k, uint32_t cluster,
                          uint32_t partner, place p, place q) {
  int64_t delta = 0;
  const sf_place_arc *arc = k->near.arcs + k->near.begin[cluster];
  const sf_place_arc *end = k->near.arcs + k->near.begin[cluster + 1];
  for (; arc < end; arc++) {
    if (arc->to == partner) continue;
    place other = k->at[arc->to];
    delta += arc->packets * (distance(k, q, other) - distance(k, p, other));
  }
  return delta;
}

const sf_place_graph *sf_place_cost_graph(const sf_place_cost *k) {
  return k->graph;
}

sf_placement *sf_place_cost_placement(const sf_place_cost *k) {
  return k->placement;
}

int64_t sf_place_cost_total(const sf_place_cost *k) {
  int64_t sum = 0, twice = 0; /* an arc stands at both its ends */
  for (uint32_t c = 0; c < k->graph->cluster_count; c++) {
    for (uint64_t i = k->near.begin[c]; i < k->near.begin[c + 1]; i++) {
      const sf_place_arc *arc = &k->near.arcs[i];
      twice += arc->packets * distance(k, k->at[c], k->at[arc->to]);
    }
    if (!k->block_of) continue;
    uint32_t block = k->block_of[c];
    for (uint32_t i = k->related.to_begin[block];
         i < k->related.to_begin[block + 1]; i++)
      sum += k->graph->packets[c] *
             field_at(k, k->fields[k->related.to[i]].count, k->at[c]);
  }
  return sum + twice / 2;
}

uint32_t sf_place_cost_sitter(const sf_place_cost *k, uint32_t seat) {
  return k->sitter[seat];
}

int64_t sf_place_cost_delta(const sf_place_cost *k, uint32_t cluster,
                            uint32_t seat) {
  const uint32_t *router = k->placement->seats->router;
  place p = k->at[cluster], q = place_of(k, router[seat]);
  uint32_t partner = k->sitter[seat];
  if (p.x == q.x && p.y == q.y) return 0;
  int64_t delta = arcs_delta(k, cluster, partner, p, q);
  if (k->block_of) delta += relations_delta(k, cluster, p, q);
  if (partner == SF_PLACE_NONE) return delta;
  delta += arcs_delta(k, partner, cluster, q, p);
  if (!k->block_of) return delta;
  delta += relations_delta(k, partner, q, p);
  /* Each found the other where it no longer is. */
  return delta + 2 * related_packets(k, cluster, partner) * distance(k, p, q);
}

void sf_place_cost_heat(sf_place_cost *k, sf_place_heat *heat, double weight) {
  k->heat = heat;
  k->heat_weight = weight;
}

bool sf_place_cost_has_heat(const sf_place_cost *k) { return k->heat; }

/* Watts that go from the cluster's seat to the other one. */
static double watts_moved(const sf_place_cost *k, uint32_t cluster,
                          uint32_t seat) {
  uint32_t partner = k->sitter[seat];
  double back =
      partner == SF_PLACE_NONE ? 0 : sf_place_heat_power(k->heat, partner);
  return sf_place_heat_power(k->heat, cluster) - back;
}

double sf_place_cost_change(const sf_place_cost *k, uint32_t cluster,
                            uint32_t seat) {
  double hops = (double)sf_place_cost_delta(k, cluster, seat);
  if (!k->heat) return hops;
  double watts = watts_moved(k, cluster, seat);
  return hops + k->heat_weight *
                    sf_place_heat_delta(k->heat, k->placement->seat[cluster],
                                        seat, watts);
}

static void sit(sf_place_cost *k, uint32_t cluster, uint32_t seat) {
  k->sitter[seat] = cluster;
  if (cluster == SF_PLACE_NONE) return;
  place from = k->at[cluster];
  place to = place_of(k, k->placement->seats->router[seat]);
  k->placement->seat[cluster] = seat;
  k->at[cluster] = to;
  if (from.x != to.x || from.y != to.y) move_in_fields(k, cluster, from, to);
}

void sf_place_cost_exchange(sf_place_cost *k, uint32_t cluster, uint32_t seat) {
  uint32_t old = k->placement->seat[cluster], partner = k->sitter[seat];
  if (k->heat && old != seat)
    sf_place_heat_move(k->heat, old, seat, watts_moved(k, cluster, seat));
  sit(k, partner, old);
  sit(k, cluster, seat);
}

/* ---- Creation. ---- */

static sf_result create_fields(sf_place_cost *k, sf_arena *arena) {
  const sf_place_graph *g = k->graph;
  if (g->relation_count == 0) return SF_OK;
  k->block_of = sf_place_block_of(g, arena);
  k->fields = SF_NEW_ARRAY(arena, fields, g->block_count + (size_t)1);
  if (!k->block_of || !k->fields) return SF_OOM;
  SF_TRY(sf_place_related_create(g, arena, &k->related));
  size_t size =
      k->hex ? k->fabric->router_count : (size_t)k->width + (size_t)k->height;
  for (uint32_t i = 0; i < 2 * g->relation_count; i++) {
    const sf_place_relation *r = &g->relations[i / 2];
    fields *f = &k->fields[i % 2 ? r->from : r->to];
    if (f->count) continue;
    f->count = SF_NEW_ARRAY(arena, int64_t, size);
    f->packets = SF_NEW_ARRAY(arena, int64_t, size);
    if (!f->count || !f->packets) return SF_OOM;
  }
  for (uint32_t c = 0; c < g->cluster_count; c++) {
    const fields *f = &k->fields[k->block_of[c]];
    if (!f->count) continue;
    field_add(k, f->count, k->at[c], 1);
    field_add(k, f->packets, k->at[c], g->packets[c]);
  }
  return SF_OK;
}

sf_result sf_place_cost_create(const sf_place_graph *graph,
                               sf_placement *placement, sf_arena *arena,
                               sf_place_cost **out) {
  const sf_place_seats *seats = placement->seats;
  sf_place_cost *k = SF_NEW(arena, sf_place_cost);
  if (!k) return SF_OOM;
  k->graph = graph;
  k->placement = placement;
  k->fabric = seats->fabric;
  k->width = sf_place_width(seats);
  k->height = sf_place_height(seats);
  k->hex = k->fabric->topology == SF_TOPOLOGY_HEX;
  k->open = !k->hex && !k->fabric->wrap;
  k->at = SF_NEW_ARRAY(arena, place, graph->cluster_count + (size_t)1);
  k->sitter = SF_NEW_ARRAY(arena, uint32_t, seats->count + (size_t)1);
  if (!k->at || !k->sitter) return SF_OOM;
  memset(k->sitter, 0xFF, (seats->count + (size_t)1) * sizeof *k->sitter);
  for (uint32_t c = 0; c < graph->cluster_count; c++) {
    k->at[c] = place_of(k, sf_placement_router(placement, c));
    k->sitter[placement->seat[c]] = c;
  }
  SF_TRY(sf_place_adjacency_create(graph, arena, &k->near));
  SF_TRY(create_fields(k, arena));
  *out = k;
  return SF_OK;
}
