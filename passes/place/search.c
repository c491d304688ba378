/* search.c - from a graph and a board to a placement; see place.h. */
#include "passes/place/place.h"
#include "passes/place/refine.h"
#include "passes/place/score.h"

#include <string.h>

typedef struct search {
  const sf_place_graph *graph; /* windows as they are */
  sf_place_graph plain;        /* windows as arcs, when there are few enough */
  bool few;
  const sf_place_board *board;
  const sf_place_goal *goal;
  sf_arena *arena;
} search;

/* Pairs that are held in memory, 24 bytes each with their neighbours. Larger
 * graphs get the best layout, and no search. */
enum { PAIRS_MAX = 1 << 23 };

static bool is_open_mesh(const sf_fabric *f) {
  return f->topology == SF_TOPOLOGY_MESH && !f->wrap;
}

static sf_result worst_link(const search *s, const sf_placement *p,
                            uint64_t *out_worst, uint64_t *out_cut) {
  *out_worst = *out_cut = 0;
  if (!is_open_mesh(&s->board->fabric)) return SF_OK;
  const uint32_t halves[2] = {1, 1};
  uint64_t *loads;
  SF_TRY(sf_place_loads(s->graph, p, halves, s->arena, &loads));
  *out_worst = (uint64_t)sf_place_load_worst(&s->board->fabric, loads);
  *out_cut = (uint64_t)sf_place_cut_bound(&s->board->fabric, loads);
  return SF_OK;
}

/* Hops, worst link and heat as parts of those of a reference, by their
 * weights. */
typedef struct figures {
  double hops, worst, excess;
} figures;

static double part(double weight, double value, double reference) {
  return reference > 0 ? weight * value / reference : 0;
}

static double judge(const sf_place_goal *g, figures now, figures reference) {
  return part(g->locality, now.hops, reference.hops) +
         part(g->load, now.worst, reference.worst) +
         part(g->thermal, now.excess, reference.excess);
}

/* ---- One packet for each target: Loihi 2, meshes. ---- */

static const sf_layout *best_layout(const search *s, const sf_layout *front,
                                    uint32_t count) {
  /* Fewest hops come first, the lowest worst link last. */
  figures reference = {(double)front[0].hops, front[count - 1].worst, 0};
  const sf_layout *best = front;
  double least = 0;
  for (uint32_t i = 0; i < count; i++) {
    figures f = {(double)front[i].hops, front[i].worst, 0};
    double now = judge(s->goal, f, reference);
    if (i > 0 && now >= least) continue;
    best = &front[i];
    least = now;
  }
  return best;
}

static sf_result measure(const search *s, const sf_placement *p, figures *out) {
  uint64_t hops, worst, cut;
  *out = (figures){0};
  SF_TRY(sf_place_hops(s->graph, p, s->arena, &hops));
  SF_TRY(worst_link(s, p, &worst, &cut));
  out->hops = (double)hops;
  out->worst = (double)worst;
  if (!s->goal->heat) return SF_OK;
  sf_place_heat *heat;
  SF_TRY(sf_place_heat_create(s->goal->heat, p, s->arena, &heat));
  out->excess = sf_place_heat_temperatures(heat, p).excess;
  return SF_OK;
}

/* Hops that a W K is worth: both terms weigh the same where the search starts,
 * but for the goal's weights. A graph without hops leaves heat alone. */
static double heat_weight(const sf_place_goal *g, figures start) {
  if (!g->heat || !(start.excess > 0)) return 0;
  double hops = start.hops > 0 ? start.hops : 1;
  double locality = g->locality > 1e-6 ? g->locality : 1e-6;
  return g->thermal / locality * hops / start.excess;
}

/* Refines, and goes back to the layout when its links were worth more. */
static sf_result refine(const search *s, sf_placement *p) {
  size_t bytes = p->cluster_count * sizeof *p->seat;
  uint32_t *start =
      SF_NEW_ARRAY(s->arena, uint32_t, p->cluster_count + (size_t)1);
  if (!start) return SF_OOM;
  memcpy(start, p->seat, bytes);
  figures before, after;
  SF_TRY(measure(s, p, &before));
  const sf_refine_options options = {s->goal->seed, s->goal->effort,
                                     s->goal->heat,
                                     heat_weight(s->goal, before)};
  SF_TRY(sf_place_refine(&s->plain, p, &options, s->arena));
  SF_TRY(measure(s, p, &after));
  if (judge(s->goal, after, before) > judge(s->goal, before, before))
    memcpy(p->seat, start, bytes);
  return SF_OK;
}

static sf_result search_seats(search *s, sf_placement *p) {
  sf_layout front[SF_LAYOUT_FRONT_MAX];
  uint32_t count;
  bool fits;
  SF_TRY(sf_layout_front(s->graph, p->seats, s->arena, front, &count));
  const sf_layout *best = best_layout(s, front, count);
  SF_TRY(sf_layout_seat(best, s->graph, s->arena, p, &fits));
  return s->few ? refine(s, p) : SF_OK;
}

/* ---- One packet for each chip: SpiNNaker2. ---- */

/* Chips as clusters: packets from chip to chip, one copy for each chip that has
 * a target. Rows of the matrix are made one source chip at a time. */
typedef struct chip_graph {
  uint32_t chips;
  const uint32_t *chip; /* of each cluster */
  uint32_t *row, *stamp;
  uint32_t time;
  uint32_t *block_begin, *block_chips; /* chips of each block */
} chip_graph;

static void mark(chip_graph *g, uint32_t source_chip, uint32_t to,
                 uint32_t packets) {
  if (to == source_chip || g->stamp[to] == g->time) return;
  g->stamp[to] = g->time;
  g->row[to] += packets;
}

static void mark_targets(chip_graph *g, const sf_place_graph *graph,
                         const sf_place_related *related, uint32_t block,
                         uint32_t c) {
  g->time++;
  uint32_t packets = graph->packets[c], from = g->chip[c];
  for (uint32_t i = graph->arc_begin[c]; i < graph->arc_begin[c + 1]; i++)
    mark(g, from, g->chip[graph->arcs[i].to], packets);
  for (uint32_t i = related->to_begin[block]; i < related->to_begin[block + 1];
       i++) {
    uint32_t to = related->to[i];
    for (uint32_t k = g->block_begin[to]; k < g->block_begin[to + 1]; k++)
      mark(g, from, g->block_chips[k], packets);
  }
}

static sf_result list_block_chips(chip_graph *g, const sf_place_graph *graph,
                                  sf_arena *arena) {
  g->block_begin =
      SF_NEW_ARRAY(arena, uint32_t, graph->block_count + (size_t)1);
  g->block_chips =
      SF_NEW_ARRAY(arena, uint32_t, graph->cluster_count + (size_t)1);
  if (!g->block_begin || !g->block_chips) return SF_OOM;
  uint32_t count = 0;
  for (uint32_t b = 0; b < graph->block_count; b++) {
    const sf_place_block *block = &graph->blocks[b];
    g->time++;
    for (uint32_t c = block->first; c < block->first + block->count; c++) {
      if (g->stamp[g->chip[c]] == g->time) continue;
      g->stamp[g->chip[c]] = g->time;
      g->block_chips[count++] = g->chip[c];
    }
    g->block_begin[b + 1] = count;
  }
  return SF_OK;
}

/* Clusters in order of their chips: counting sort. */
static sf_result by_chip(const sf_place_graph *graph, const uint32_t *chip,
                         uint32_t chips, sf_arena *arena, uint32_t **out_begin,
                         uint32_t **out_order) {
  uint32_t *begin = SF_NEW_ARRAY(arena, uint32_t, chips + (size_t)2);
  uint32_t *order =
      SF_NEW_ARRAY(arena, uint32_t, graph->cluster_count + (size_t)1);
  if (!begin || !order) return SF_OOM;
  for (uint32_t c = 0; c < graph->cluster_count; c++)
    begin[chip[c] + 2]++;
  for (uint32_t i = 0; i < chips; i++)
    begin[i + 2] += begin[i + 1];
  for (uint32_t c = 0; c < graph->cluster_count; c++)
    order[begin[chip[c] + 1]++] = c;
  *out_begin = begin;
  *out_order = order;
  return SF_OK;
}

/* Chips in use or not are the seats of `chips`, one a live router. Arcs of all
 * rows; at most chips^2 of them. */
static sf_result make_chip_graph(const search *s, const sf_placement *p,
                                 const sf_place_seats *chips_at,
                                 sf_place_graph *out) {
  uint32_t chips = chips_at->count, *begin, *order, count = 0;
  sf_arena *arena = s->arena;
  uint32_t *chip = SF_NEW_ARRAY(arena, uint32_t, p->cluster_count + (size_t)1);
  uint32_t *arc_begin = SF_NEW_ARRAY(arena, uint32_t, chips + (size_t)1);
  sf_place_arc *arcs =
      SF_NEW_ARRAY(arena, sf_place_arc, (size_t)chips * chips + 1);
  uint32_t *packets = SF_NEW_ARRAY(arena, uint32_t, chips + (size_t)1);
  uint32_t *block_of = sf_place_block_of(&s->plain, arena);
  chip_graph g = {.chips = chips, .chip = chip};
  g.row = SF_NEW_ARRAY(arena, uint32_t, chips + (size_t)1);
  g.stamp = SF_NEW_ARRAY(arena, uint32_t, chips + (size_t)1);
  sf_place_related related;
  if (!chip || !arc_begin || !arcs || !packets || !block_of || !g.row ||
      !g.stamp)
    return SF_OOM;
  SF_TRY(sf_place_related_create(&s->plain, arena, &related));
  for (uint32_t c = 0; c < p->cluster_count; c++)
    chip[c] = chips_at->first[sf_placement_router(p, c)];
  SF_TRY(by_chip(&s->plain, chip, chips, arena, &begin, &order));
  SF_TRY(list_block_chips(&g, &s->plain, arena));
  for (uint32_t from = 0; from < chips; from++) {
    arc_begin[from] = count;
    for (uint32_t i = begin[from]; i < begin[from + 1]; i++)
      mark_targets(&g, &s->plain, &related, block_of[order[i]], order[i]);
    for (uint32_t to = 0; to < chips; to++) {
      if (g.row[to]) arcs[count++] = (sf_place_arc){to, g.row[to]};
      g.row[to] = 0;
    }
  }
  arc_begin[chips] = count;
  *out = (sf_place_graph){.cluster_count = chips,
                          .packets = packets,
                          .arc_begin = arc_begin,
                          .arcs = arcs};
  return SF_OK;
}

/* Clusters follow their chips; every chip that has seats has as many. */
static void follow_chips(const sf_placement *chips, sf_placement *p) {
  for (uint32_t c = 0; c < p->cluster_count; c++) {
    uint32_t from = sf_placement_router(p, c);
    uint32_t to = sf_placement_router(chips, chips->seats->first[from]);
    p->seat[c] = p->seats->first[to] + (p->seat[c] - p->seats->first[from]);
  }
}

/* Exchanges chips that have seats; *out_hops: links to each chip that gets a
 * copy of a packet. */
static sf_result anneal_chips(const search *s, sf_placement *p,
                              uint64_t *out_hops) {
  sf_place_seats seats;
  sf_place_graph graph;
  SF_TRY(sf_place_seats_uniform(&s->board->fabric, 1, s->arena, &seats));
  SF_TRY(make_chip_graph(s, p, &seats, &graph));
  bool *fixed = SF_NEW_ARRAY(s->arena, bool, seats.count + (size_t)1);
  sf_placement chips = {
      &seats, seats.count,
      SF_NEW_ARRAY(s->arena, uint32_t, seats.count + (size_t)1)};
  if (!fixed || !chips.seat) return SF_OOM;
  for (uint32_t i = 0; i < seats.count; i++) {
    uint32_t r = seats.router[i];
    chips.seat[i] = i;
    fixed[i] = p->seats->first[r + 1] == p->seats->first[r];
  }
  sf_place_cost *cost;
  SF_TRY(sf_place_cost_create(&graph, &chips, s->arena, &cost));
  double change = 0;
  const sf_anneal_options options = {s->goal->seed, s->goal->effort, 2, fixed};
  if (s->goal->effort > 0)
    SF_TRY(sf_place_anneal(cost, &options, s->arena, &change));
  follow_chips(&chips, p);
  *out_hops = (uint64_t)sf_place_cost_total(cost);
  return SF_OK;
}

/* Cores of a chip change places among themselves, which only heat feels. */
static sf_result spread_heat(const search *s, sf_placement *p) {
  if (!s->goal->heat) return SF_OK;
  sf_place_cost *cost;
  sf_place_heat *heat;
  SF_TRY(sf_place_cost_create(&s->plain, p, s->arena, &cost));
  SF_TRY(sf_place_heat_create(s->goal->heat, p, s->arena, &heat));
  sf_place_cost_heat(cost, heat, 1);
  sf_place_polish(cost, 0, 8);
  return SF_OK;
}

/* The order of clusters along a curve decides who shares a chip. */
static sf_result search_chips(const search *s, sf_placement *p,
                              uint64_t *out_hops) {
  sf_layout front[SF_LAYOUT_FRONT_MAX];
  uint32_t count;
  bool fits;
  SF_TRY(sf_layout_front(s->graph, p->seats, s->arena, front, &count));
  SF_TRY(sf_layout_seat(&front[0], s->graph, s->arena, p, &fits));
  SF_TRY(s->few ? anneal_chips(s, p, out_hops)
                : sf_place_hops(s->graph, p, s->arena, out_hops));
  return s->few ? spread_heat(s, p) : SF_OK;
}

/* ---- Both. ---- */

static sf_result report(const search *s, const sf_placement *p, bool chips,
                        sf_place_found *out) {
  const sf_place_board *b = s->board;
  if (s->goal->heat) {
    sf_place_heat *heat;
    SF_TRY(sf_place_heat_create(s->goal->heat, p, s->arena, &heat));
    sf_place_temperatures t = sf_place_heat_temperatures(heat, p);
    out->peak = t.peak;
    out->spread = t.spread;
  }
  if (chips) {
    out->crossings = out->hops; /* every link joins two chips */
    return SF_OK;
  }
  SF_TRY(sf_place_hops(s->graph, p, s->arena, &out->hops));
  SF_TRY(worst_link(s, p, &out->worst, &out->cut));
  if (is_open_mesh(&b->fabric))
    SF_TRY(sf_place_crossings(s->graph, p, b->tile_width, b->tile_height,
                              s->arena, &out->crossings));
  if (!s->few) return SF_OK;
  return sf_place_star_bound(&s->plain, b->machine->cores_per_router,
                             b->fabric.degree, s->arena, &out->bound);
}

sf_result sf_place_search(const sf_place_graph *graph,
                          const sf_place_board *board,
                          const sf_place_goal *goal, sf_arena *arena,
                          sf_placement *out, sf_place_found *out_found) {
  search s = {graph, *graph, false, board, goal, arena};
  bool chips = board->machine->family == SF_FAMILY_SPINNAKER2;
  *out_found = (sf_place_found){0};
  *out = (sf_placement){
      &board->seats, graph->cluster_count,
      SF_NEW_ARRAY(arena, uint32_t, graph->cluster_count + (size_t)1)};
  if (!out->seat) return SF_OOM;
  s.few = sf_place_pair_count(graph) <= PAIRS_MAX;
  if (s.few) SF_TRY(sf_place_expand(graph, arena, &s.plain));
  SF_TRY(chips ? search_chips(&s, out, &out_found->hops)
               : search_seats(&s, out));
  return report(&s, out, chips, out_found);
}

sf_result sf_place_measure(const sf_place_graph *graph,
                           const sf_place_board *board,
                           const sf_placement *placement, sf_arena *arena,
                           sf_place_found *out) {
  const sf_place_goal none = {0};
  search s = {graph, *graph, false, board, &none, arena};
  bool chips = board->machine->family == SF_FAMILY_SPINNAKER2;
  sf_placement p = *placement;
  *out = (sf_place_found){0};
  s.few = sf_place_pair_count(graph) <= PAIRS_MAX;
  if (s.few) SF_TRY(sf_place_expand(graph, arena, &s.plain));
  /* Without effort chips stay where they are. */
  if (chips)
    SF_TRY(s.few ? anneal_chips(&s, &p, &out->hops)
                 : sf_place_hops(graph, &p, arena, &out->hops));
  return report(&s, &p, chips, out);
}
