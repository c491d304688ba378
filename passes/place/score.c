/* score.c - sums over pairs: hops, packets, crossings, energy. */
#include "passes/place/score.h"

#include <stdlib.h>
#include <string.h>

/* Where clusters are, in the units of the sum: routers or tiles. */
typedef struct field {
  const sf_place_graph *graph;
  const sf_fabric *fabric;
  int32_t width, height;
  int32_t *x, *y; /* of each cluster */
  uint64_t sum;
} field;

static sf_result make_field(const sf_place_graph *graph, const sf_placement *p,
                            int32_t tile_width, int32_t tile_height,
                            sf_arena *arena, field *out) {
  const sf_fabric *fabric = p->seats->fabric;
  bool tiles = tile_width > 1 || tile_height > 1;
  *out = (field){.graph = graph, .fabric = fabric};
  out->width =
      tiles ? fabric->width / tile_width + 1 : sf_place_width(p->seats);
  out->height =
      tiles ? fabric->height / tile_height + 1 : sf_place_height(p->seats);
  out->x = SF_NEW_ARRAY(arena, int32_t, p->cluster_count + (size_t)1);
  out->y = SF_NEW_ARRAY(arena, int32_t, p->cluster_count + (size_t)1);
  if (!out->x || !out->y) return SF_OOM;
  for (uint32_t c = 0; c < p->cluster_count; c++) {
    uint32_t router = sf_placement_router(p, c);
    int32_t x = (int32_t)router % fabric->width;
    int32_t y = (int32_t)router / fabric->width;
    out->x[c] = tiles ? x / tile_width : sf_place_x(p->seats, router);
    out->y[c] = tiles ? y / tile_height : sf_place_y(p->seats, router);
  }
  return SF_OK;
}

/* ---- Arcs and windows. ---- */

static void add_open(void *context, uint32_t from, uint32_t to,
                     uint32_t packets) {
  field *f = context;
  uint32_t d = (uint32_t)abs(f->x[from] - f->x[to]) +
               (uint32_t)abs(f->y[from] - f->y[to]);
  f->sum += (uint64_t)packets * d;
}

static void add_any(void *context, uint32_t from, uint32_t to,
                    uint32_t packets) {
  field *f = context;
  uint32_t a = (uint32_t)(f->y[from] * f->width + f->x[from]);
  uint32_t b = (uint32_t)(f->y[to] * f->width + f->x[to]);
  f->sum += (uint64_t)packets * sf_fabric_distance(f->fabric, a, b);
}

/* ---- Relations. ----
 * Manhattan distance separates: sum over sources and targets of |x - x'| from
 * two histograms over x, in one sweep. */

static void histogram(const sf_place_graph *g, uint32_t block,
                      const int32_t *at, bool weighted, uint64_t *out) {
  const sf_place_block *b = &g->blocks[block];
  for (uint32_t c = b->first; c < b->first + b->count; c++)
    out[at[c]] += weighted ? g->packets[c] : 1;
}

static uint64_t sum_open(const uint64_t *packets, const uint64_t *count,
                         int32_t side) {
  uint64_t all_packets = 0, all_count = 0, sum = 0;
  for (int32_t i = 0; i < side; i++) {
    all_packets += packets[i];
    all_count += count[i];
  }
  uint64_t left_packets = 0, left_count = 0;
  for (int32_t i = 0; i + 1 < side; i++) { /* pairs on both sides of i + 1/2 */
    left_packets += packets[i];
    left_count += count[i];
    sum += left_packets * (all_count - left_count) +
           left_count * (all_packets - left_packets);
  }
  return sum;
}

static uint64_t sum_wrapped(const uint64_t *packets, const uint64_t *count,
                            int32_t side) {
  uint64_t sum = 0;
  for (int32_t i = 0; i < side; i++) {
    for (int32_t j = 0; j < side && packets[i]; j++) {
      int32_t d = abs(i - j);
      sum += packets[i] * count[j] * (uint64_t)(d < side - d ? d : side - d);
    }
  }
  return sum;
}

static uint64_t relation_axis(const field *f, const sf_place_relation *r,
                              const int32_t *at, int32_t side,
                              uint64_t *buffer) {
  memset(buffer, 0, 2 * (size_t)side * sizeof *buffer);
  histogram(f->graph, r->from, at, true, buffer);
  histogram(f->graph, r->to, at, false, buffer + side);
  return f->fabric->wrap ? sum_wrapped(buffer, buffer + side, side)
                         : sum_open(buffer, buffer + side, side);
}

/* Hexagonal: routers in use of both blocks against each other. */
static uint64_t relation_hex(const field *f, const sf_place_relation *r,
                             uint64_t *buffer) {
  const sf_place_block *a = &f->graph->blocks[r->from];
  const sf_place_block *b = &f->graph->blocks[r->to];
  size_t routers = (size_t)f->width * (size_t)f->height;
  uint64_t *packets = buffer, *count = buffer + routers, sum = 0;
  uint64_t *used = buffer + 2 * routers, used_count = 0;
  memset(buffer, 0, 2 * routers * sizeof *buffer);
  for (uint32_t c = a->first; c < a->first + a->count; c++)
    packets[f->y[c] * f->width + f->x[c]] += f->graph->packets[c];
  for (uint32_t c = b->first; c < b->first + b->count; c++) {
    uint32_t router = (uint32_t)(f->y[c] * f->width + f->x[c]);
    if (count[router]++ == 0) used[used_count++] = router;
  }
  for (uint32_t i = 0; i < routers; i++) {
    for (uint64_t k = 0; k < used_count && packets[i]; k++) {
      uint32_t j = (uint32_t)used[k];
      sum += packets[i] * count[j] * sf_fabric_distance(f->fabric, i, j);
    }
  }
  return sum;
}

static sf_result sum_field(field *f, sf_arena *scratch, uint64_t *out) {
  bool hex = f->fabric->topology == SF_TOPOLOGY_HEX;
  sf_place_each_pair(f->graph, hex || f->fabric->wrap ? add_any : add_open, f);
  size_t width = (size_t)f->width, height = (size_t)f->height;
  uint64_t *buffer = SF_NEW_ARRAY(
      scratch, uint64_t, hex ? 3 * width *height : 2 * (width + height));
  if (!buffer) return SF_OOM;
  for (uint32_t i = 0; i < f->graph->relation_count; i++) {
    const sf_place_relation *r = &f->graph->relations[i];
    f->sum += hex ? relation_hex(f, r, buffer)
                  : relation_axis(f, r, f->x, f->width, buffer) +
                        relation_axis(f, r, f->y, f->height, buffer);
  }
  *out = f->sum;
  return SF_OK;
}

sf_result sf_place_hops(const sf_place_graph *graph, const sf_placement *p,
                        sf_arena *scratch, uint64_t *out) {
  field f;
  SF_TRY(make_field(graph, p, 1, 1, scratch, &f));
  return sum_field(&f, scratch, out);
}

sf_result sf_place_crossings(const sf_place_graph *graph, const sf_placement *p,
                             int32_t tile_width, int32_t tile_height,
                             sf_arena *scratch, uint64_t *out) {
  field f; /* a hop between tiles is a crossing */
  SF_TRY(make_field(graph, p, tile_width, tile_height, scratch, &f));
  return sum_field(&f, scratch, out);
}

/* ---- Packets. ---- */

typedef struct packet_sum {
  const sf_placement *placement;
  uint64_t all, remote;
} packet_sum;

static void add_packets(void *context, uint32_t from, uint32_t to,
                        uint32_t packets) {
  packet_sum *s = context;
  s->all += packets;
  if (sf_placement_router(s->placement, from) !=
      sf_placement_router(s->placement, to))
    s->remote += packets;
}

static void add_relation_packets(const sf_place_graph *g,
                                 const sf_place_relation *r,
                                 uint32_t *on_router, packet_sum *s) {
  const sf_place_block *a = &g->blocks[r->from], *b = &g->blocks[r->to];
  for (uint32_t c = b->first; c < b->first + b->count; c++)
    on_router[sf_placement_router(s->placement, c)]++;
  for (uint32_t c = a->first; c < a->first + a->count; c++) {
    uint32_t here = on_router[sf_placement_router(s->placement, c)];
    s->all += (uint64_t)g->packets[c] * b->count;
    s->remote += (uint64_t)g->packets[c] * (b->count - here);
  }
  for (uint32_t c = b->first; c < b->first + b->count; c++)
    on_router[sf_placement_router(s->placement, c)] = 0;
}

sf_result sf_place_packets(const sf_place_graph *graph, const sf_placement *p,
                           sf_arena *scratch, uint64_t *out_all,
                           uint64_t *out_remote) {
  packet_sum s = {p, 0, 0};
  sf_place_each_pair(graph, add_packets, &s);
  uint32_t *on_router = SF_NEW_ARRAY(
      scratch, uint32_t, p->seats->fabric->router_count + (size_t)1);
  if (!on_router) return SF_OOM;
  for (uint32_t i = 0; i < graph->relation_count; i++)
    add_relation_packets(graph, &graph->relations[i], on_router, &s);
  *out_all = s.all;
  *out_remote = s.remote;
  return SF_OK;
}
