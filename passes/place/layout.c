/* layout.c - see layout.h. */
#include "passes/place/layout.h"

#include "passes/place/score.h"

#include <stdlib.h>
#include <string.h>

/* ---- Seating. ---- */

/* The seats along a curve, strip by strip. */
typedef struct line {
  uint32_t count, strip_count;
  uint32_t *seats;
  uint32_t *begin; /* of each strip; strip_count + 1 */
} line;

static sf_result make_line(const sf_curve *curve, const sf_place_seats *s,
                           sf_arena *arena, line *out) {
  const sf_fabric *f = s->fabric;
  size_t routers = f->router_count;
  uint32_t *order = SF_NEW_ARRAY(arena, uint32_t, routers);
  uint32_t *strips = SF_NEW_ARRAY(arena, uint32_t, routers);
  out->seats = SF_NEW_ARRAY(arena, uint32_t, s->count + (size_t)1);
  out->begin = SF_NEW_ARRAY(arena, uint32_t, routers + 2);
  if (!order || !strips || !out->seats || !out->begin) return SF_OOM;
  sf_curve_fill(curve, f->width, f->height, order, strips);
  out->count = 0;
  out->strip_count = routers ? strips[routers - 1] + 1 : 0;
  for (size_t i = 0; i < routers; i++) {
    if (i == 0 || strips[i] != strips[i - 1])
      out->begin[strips[i]] = out->count;
    for (uint32_t seat = s->first[order[i]]; seat < s->first[order[i] + 1];
         seat++)
      out->seats[out->count++] = seat;
  }
  out->begin[out->strip_count] = out->count;
  return SF_OK;
}

/* Seats of strips [from, to), one of each in turns. */
static uint32_t take_turns(const line *l, uint32_t from, uint32_t to,
                           uint32_t *out) {
  uint32_t count = 0, all = l->begin[to] - l->begin[from];
  for (uint32_t i = 0; count < all; i++) {
    for (uint32_t s = from; s < to; s++)
      if (i < l->begin[s + 1] - l->begin[s])
        out[count++] = l->seats[l->begin[s] + i];
  }
  return count;
}

/* Blocks on whole strips. `turns` has room for all seats. */
static bool seat_strips(const sf_layout *layout, const sf_place_graph *g,
                        const line *l, uint32_t *turns, uint32_t *seat) {
  uint32_t strip = 0;
  for (uint32_t b = 0; b < g->block_count; b++) {
    const sf_place_block *block = &g->blocks[b];
    uint32_t from = strip;
    while (strip < l->strip_count &&
           l->begin[strip] - l->begin[from] < block->count)
      strip++;
    uint32_t room = take_turns(l, from, strip, turns);
    if (room < block->count) return false;
    for (uint32_t i = 0; i < block->count; i++) {
      uint64_t middle =
          (2 * (uint64_t)i + 1) * room / (2 * (uint64_t)block->count);
      seat[block->first + i] =
          turns[layout->fit == SF_FIT_SPREAD ? (uint32_t)middle : i];
    }
  }
  return true;
}

sf_result sf_layout_seat(const sf_layout *layout, const sf_place_graph *graph,
                         sf_arena *scratch, sf_placement *p, bool *out_fits) {
  line l;
  SF_TRY(make_line(&layout->curve, p->seats, scratch, &l));
  *out_fits = l.count >= graph->cluster_count;
  if (!*out_fits) return SF_OK;
  if (layout->fit == SF_FIT_PACKED || graph->block_count == 0) {
    memcpy(p->seat, l.seats, graph->cluster_count * sizeof *p->seat);
    return SF_OK;
  }
  uint32_t *turns = SF_NEW_ARRAY(scratch, uint32_t, l.count + (size_t)1);
  if (!turns) return SF_OOM;
  *out_fits = seat_strips(layout, graph, &l, turns, p->seat);
  return SF_OK;
}

/* ---- The best ones. ---- */

enum { TRIED_MAX = 256, KEPT = 4 };

typedef struct trial {
  const sf_place_graph *graph;
  sf_placement placement;
  sf_arena *arena; /* emptied after each */
  bool symmetric;  /* bands along x and y give the same */
  uint32_t count;
  sf_layout tried[TRIED_MAX];
} trial;

/* Scores a layout once. *out_hops: of it, UINT64_MAX when it does not fit. */
static sf_result try_layout(trial *t, sf_curve curve, sf_layout_fit fit,
                            uint64_t *out_hops) {
  *out_hops = UINT64_MAX;
  if (t->count == TRIED_MAX) return SF_OK;
  sf_layout *layout = &t->tried[t->count];
  *layout = (sf_layout){.curve = curve, .fit = fit};
  bool fits;
  sf_result r =
      sf_layout_seat(layout, t->graph, t->arena, &t->placement, &fits);
  if (r == SF_OK && fits) {
    r = sf_place_hops(t->graph, &t->placement, t->arena, &layout->hops);
    *out_hops = layout->hops;
    t->count++;
  }
  sf_arena_reset(t->arena);
  return r;
}

static sf_result weigh_worst(trial *t, sf_layout *layout) {
  const sf_fabric *f = t->placement.seats->fabric;
  if (f->topology != SF_TOPOLOGY_MESH || f->wrap) return SF_OK;
  const uint32_t halves[2] = {1, 1};
  uint64_t *doubled = NULL;
  bool fits;
  sf_result r =
      sf_layout_seat(layout, t->graph, t->arena, &t->placement, &fits);
  if (r == SF_OK)
    r = sf_place_loads(t->graph, &t->placement, halves, t->arena, &doubled);
  if (r == SF_OK) layout->worst = sf_place_load_worst(f, doubled);
  sf_arena_reset(t->arena);
  return r;
}

static int fewest_hops(const void *a, const void *b) {
  const sf_layout *x = a, *y = b;
  if (x->hops != y->hops) return x->hops < y->hops ? -1 : 1;
  return (x->worst > y->worst) - (x->worst < y->worst);
}

/* Keeps the best `most` by hops. qsort may reorder equal ones, which are made
 * different by their place in the list: sort stably by insertion. */
static void keep_best(trial *t, uint32_t most) {
  for (uint32_t i = 1; i < t->count; i++) {
    sf_layout moved = t->tried[i];
    uint32_t k = i;
    for (; k > 0 && fewest_hops(&moved, &t->tried[k - 1]) < 0; k--)
      t->tried[k] = t->tried[k - 1];
    t->tried[k] = moved;
  }
  if (t->count > most) t->count = most;
}

/* A curve by its number of bands, which decides the hops: too few are too wide,
 * too many too long, with one best number between. */
typedef struct band_search {
  sf_curve curve;
  sf_layout_fit fit;
  int32_t side, best;
  uint64_t hops;
} band_search;

static sf_result try_count(trial *t, band_search *s, int32_t bands) {
  if (bands < 1 || bands > s->side) return SF_OK;
  uint64_t hops;
  s->curve.band = s->side / bands;
  SF_TRY(try_layout(t, s->curve, s->fit, &hops));
  if (hops >= s->hops) return SF_OK;
  s->hops = hops;
  s->best = bands;
  return SF_OK;
}

/* Powers of two, then ever smaller steps around the best of them. */
static sf_result search_bands(trial *t, band_search *s) {
  s->hops = UINT64_MAX;
  for (int32_t bands = 1; bands <= s->side; bands *= 2)
    SF_TRY(try_count(t, s, bands));
  for (int32_t step = s->best / 4; step >= 1; step /= 2) {
    int32_t middle = s->best;
    SF_TRY(try_count(t, s, middle + step));
    SF_TRY(try_count(t, s, middle - step));
  }
  return SF_OK;
}

static sf_result try_bands(trial *t) {
  const sf_fabric *f = t->placement.seats->fabric;
  for (int across = 0; across < (t->symmetric ? 1 : 2); across++) {
    band_search s = {.curve = {.across = across != 0},
                     .side = across ? f->width : f->height};
    s.curve.kind = SF_CURVE_SERPENTINE;
    SF_TRY(search_bands(t, &s));
    s.curve.kind = SF_CURVE_RASTER;
    SF_TRY(search_bands(t, &s));
    int32_t best = s.best;
    for (int fit = SF_FIT_ALIGNED; fit <= SF_FIT_SPREAD; fit++) {
      s.fit = (sf_layout_fit)fit;
      SF_TRY(try_count(t, &s, best));
      if (best != 1) SF_TRY(try_count(t, &s, 1));
    }
  }
  return SF_OK;
}

/* Turns of the best serpentines: half a band wide, and a little around. */
static sf_result try_turns(trial *t) {
  keep_best(t, KEPT);
  uint32_t kept = t->count;
  for (uint32_t i = 0; i < kept; i++) {
    sf_layout base = t->tried[i];
    if (base.curve.kind != SF_CURVE_SERPENTINE) continue;
    int32_t half = base.curve.band / 2, step = half / 8 + 1;
    for (int k = -1; k <= 2; k++) {
      uint64_t hops;
      base.curve.turn = half + k * step;
      if (base.curve.turn < 1) continue;
      SF_TRY(try_layout(t, base.curve, base.fit, &hops));
    }
  }
  return SF_OK;
}

/* A mesh as wide as high with the same seats on every router. */
static bool is_symmetric(const sf_place_seats *s) {
  const sf_fabric *f = s->fabric;
  if (f->width != f->height) return false;
  for (uint32_t r = 0; r < f->router_count; r++)
    if (s->first[r + 1] - s->first[r] != s->first[1]) return false;
  return true;
}

static sf_result try_all(trial *t) {
  uint64_t hops;
  t->symmetric = is_symmetric(t->placement.seats);
  SF_TRY(try_layout(t, (sf_curve){.kind = SF_CURVE_HILBERT}, SF_FIT_PACKED,
                    &hops));
  SF_TRY(try_bands(t));
  SF_TRY(try_turns(t));
  keep_best(t, 4 * KEPT);
  /* What costs twice the best is not worth a look at its links. */
  while (t->count > 1 && t->tried[t->count - 1].hops > 2 * t->tried[0].hops)
    t->count--;
  for (uint32_t i = 0; i < t->count; i++)
    SF_TRY(weigh_worst(t, &t->tried[i]));
  keep_best(t, 4 * KEPT);
  return SF_OK;
}

sf_result sf_layout_front(const sf_place_graph *graph,
                          const sf_place_seats *seats, sf_arena *scratch,
                          sf_layout out[SF_LAYOUT_FRONT_MAX],
                          uint32_t *out_count) {
  trial *t = SF_NEW(scratch, trial);
  if (!t) return SF_OOM;
  t->graph = graph;
  t->placement = (sf_placement){
      seats, graph->cluster_count,
      SF_NEW_ARRAY(scratch, uint32_t, graph->cluster_count + (size_t)1)};
  t->arena = sf_arena_create();
  if (!t->placement.seat || !t->arena) {
    sf_arena_destroy(t->arena);
    return SF_OOM;
  }
  sf_result r = try_all(t);
  sf_arena_destroy(t->arena);
  if (r != SF_OK) return r;
  *out_count = 0;
  for (uint32_t i = 0; i < t->count && *out_count < SF_LAYOUT_FRONT_MAX; i++) {
    if (*out_count && t->tried[i].worst >= out[*out_count - 1].worst) continue;
    out[(*out_count)++] = t->tried[i];
  }
  return SF_OK;
}
