/* anneal.c - the schedule of VPR (mapping.md 2.4), and descent by sweeps. */
#include "passes/place/anneal.h"

#include <math.h>
#include <string.h>

/* ---- Generator: splitmix64, whose state is one word and which passes the
 * usual batteries; a draw is a few cycles, a move some fifty. ---- */

typedef struct dice {
  uint64_t state;
} dice;

static uint64_t draw(dice *d) {
  uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static uint32_t below(dice *d, uint32_t bound) {
  return (uint32_t)(((draw(d) >> 32) * bound) >> 32);
}

/* ---- Moves. ---- */

enum {
  QUANTILES = 4096,
  MOVES_MIN = 2048 /* at a temperature: small graphs cost nothing */
};

typedef struct annealer {
  sf_place_cost *cost;
  const sf_place_graph *graph;
  sf_placement *placement;
  const sf_fabric *fabric;
  const bool *fixed; /* seats */
  bool inside;       /* seats of one router differ, by their heat */
  dice dice;
  double temperature, range;
  double change; /* of the cost, so far */
  /* -ln((i + 1/2) / QUANTILES): how much a rise may be in units of the
   * temperature. A table, so that libm does not decide what is accepted. */
  double *bearable;
} annealer;

/* -ln(u) for 0 < u <= 1 by basic operations, which IEEE 754 rounds alike
 * everywhere: 2 atanh((1 - m) / (1 + m)) for the mantissa m in [1/2, 1). */
static double minus_log(double u) {
  int exponent;
  double m = frexp(u, &exponent), z = (1 - m) / (1 + m), square = z * z;
  double sum = 0;
  for (int k = 41; k >= 1; k -= 2)
    sum = sum * square + 1.0 / k;
  return 2 * z * sum - exponent * 0.6931471805599453;
}

static uint32_t wrap_or_clip(int64_t at, int32_t side, bool wrap,
                             bool *inside) {
  if (wrap) {
    at %= side;
    return (uint32_t)(at < 0 ? at + side : at);
  }
  *inside &= at >= 0 && at < side;
  return (uint32_t)at;
}

/* A random seat at most `range` routers away along both axes; SF_PLACE_NONE:
 * there is none where the dice fell. */
static uint32_t near_seat(annealer *a, uint32_t cluster) {
  const sf_place_seats *seats = a->placement->seats;
  uint32_t router = sf_placement_router(a->placement, cluster);
  if (a->fixed && a->fixed[a->placement->seat[cluster]]) return SF_PLACE_NONE;
  uint32_t width = (uint32_t)a->fabric->width;
  int64_t range = (int64_t)a->range;
  uint32_t span = (uint32_t)(2 * range + 1);
  uint64_t r = draw(&a->dice);
  int64_t dx = (int64_t)(((r & 0xFFFFFF) * span) >> 24) - range;
  int64_t dy = (int64_t)((((r >> 24) & 0xFFFFFF) * span) >> 24) - range;
  bool inside = true;
  uint32_t x = wrap_or_clip(router % width + dx, a->fabric->width,
                            a->fabric->wrap, &inside);
  uint32_t y = wrap_or_clip(router / width + dy, a->fabric->height,
                            a->fabric->wrap, &inside);
  if (!inside) return SF_PLACE_NONE;
  uint32_t at = y * width + x, first = seats->first[at];
  uint32_t here = seats->first[at + 1] - first;
  if (here == 0 || (at == router && !a->inside)) return SF_PLACE_NONE;
  uint32_t seat = here == 1 ? first : first + below(&a->dice, here);
  if (seat == a->placement->seat[cluster]) return SF_PLACE_NONE;
  return a->fixed && a->fixed[seat] ? SF_PLACE_NONE : seat;
}

static bool bearable(annealer *a, double delta) {
  if (delta <= 0) return true;
  double limit = a->bearable[draw(&a->dice) % QUANTILES];
  return delta < limit * a->temperature;
}

/* `moves` tries; returns the part that was accepted. */
static double at_temperature(annealer *a, uint64_t moves) {
  uint64_t accepted = 0, tried = 0;
  for (uint64_t i = 0; i < moves; i++) {
    uint32_t cluster = below(&a->dice, a->graph->cluster_count);
    uint32_t seat = near_seat(a, cluster);
    if (seat == SF_PLACE_NONE) continue;
    tried++;
    double delta = sf_place_cost_change(a->cost, cluster, seat);
    if (!bearable(a, delta)) continue;
    sf_place_cost_exchange(a->cost, cluster, seat);
    a->change += delta;
    accepted++;
  }
  return tried ? (double)accepted / (double)tried : 0;
}

/* ---- Schedule. ---- */

static uint32_t samples(const annealer *a) {
  uint32_t count = a->graph->cluster_count;
  return count < MOVES_MIN ? MOVES_MIN : count;
}

/* VPR: twenty deviations of the change over as many exchanges as clusters, all
 * of which happen. */
static double hot(annealer *a) {
  double sum = 0, squares = 0;
  uint64_t count = 0;
  for (uint32_t i = 0; i < samples(a); i++) {
    uint32_t cluster = below(&a->dice, a->graph->cluster_count);
    uint32_t seat = near_seat(a, cluster);
    if (seat == SF_PLACE_NONE) continue;
    double delta = sf_place_cost_change(a->cost, cluster, seat);
    sf_place_cost_exchange(a->cost, cluster, seat);
    a->change += delta;
    sum += delta;
    squares += delta * delta;
    count++;
  }
  if (count == 0) return 0;
  double mean = sum / (double)count;
  double variance = squares / (double)count - mean * mean;
  return variance > 0 ? 20 * sqrt(variance) : 0;
}

/* A part of the mean rise among exchanges with near seats; none happens. */
static double warm(annealer *a, double part) {
  double sum = 0;
  uint64_t count = 0;
  for (uint32_t i = 0; i < samples(a); i++) {
    uint32_t cluster = below(&a->dice, a->graph->cluster_count);
    uint32_t seat = near_seat(a, cluster);
    if (seat == SF_PLACE_NONE) continue;
    double delta = sf_place_cost_change(a->cost, cluster, seat);
    if (delta <= 0) continue;
    sum += delta;
    count++;
  }
  return count ? part * sum / (double)count : 0;
}

static double cooling(double accepted) {
  if (accepted > 0.96) return 0.5;
  if (accepted > 0.8) return 0.9;
  if (accepted > 0.15) return 0.95;
  return 0.8;
}

static double clamp(double v, double low, double high) {
  return v < low ? low : v > high ? high : v;
}

/* Puts every cluster back into the seat of `saved`. */
static void restore(annealer *a, const uint32_t *saved) {
  for (uint32_t c = 0; c < a->graph->cluster_count; c++)
    if (a->placement->seat[c] != saved[c])
      sf_place_cost_exchange(a->cost, c, saved[c]);
}

static void cool(annealer *a, double effort, double frozen, double widest) {
  double clusters = a->graph->cluster_count;
  uint64_t moves = (uint64_t)(effort * clusters * cbrt(clusters));
  if (moves < MOVES_MIN) moves = MOVES_MIN;
  while (a->temperature > frozen) {
    double accepted = at_temperature(a, moves);
    a->temperature *= cooling(accepted);
    a->range = clamp(a->range * (1 - 0.44 + accepted), 1, widest);
  }
  a->temperature = 0;
  at_temperature(a, moves);
}

sf_result sf_place_anneal(sf_place_cost *cost, const sf_anneal_options *options,
                          sf_arena *scratch, double *out_change) {
  *out_change = 0;
  const sf_place_graph *graph = sf_place_cost_graph(cost);
  sf_placement *placement = sf_place_cost_placement(cost);
  annealer a = {.cost = cost,
                .graph = graph,
                .placement = placement,
                .fabric = placement->seats->fabric,
                .fixed = options->fixed,
                .inside = sf_place_cost_has_heat(cost),
                .dice = {options->seed}};
  uint32_t count = graph->cluster_count;
  if (count < 2) return SF_OK;
  uint32_t *saved = SF_NEW_ARRAY(scratch, uint32_t, count);
  a.bearable = SF_NEW_ARRAY(scratch, double, QUANTILES);
  if (!saved || !a.bearable) return SF_OOM;
  memcpy(saved, placement->seat, count * sizeof *saved);
  for (int i = 0; i < QUANTILES; i++)
    a.bearable[i] = minus_log((i + 0.5) / (double)QUANTILES);
  double widest =
      a.fabric->width > a.fabric->height ? a.fabric->width : a.fabric->height;
  a.range = options->warmth > 0 ? 2 : widest;
  a.temperature = options->warmth > 0 ? warm(&a, options->warmth) : hot(&a);
  double end = 0.005 * (double)sf_place_cost_total(cost) / count;
  if (options->warmth > 0 || end < a.temperature / 1e5)
    end = a.temperature / (options->warmth > 0 ? 1e2 : 1e5);
  cool(&a, options->effort, end, options->warmth > 0 ? 8 : widest);
  if (a.change > 0) {
    restore(&a, saved);
    a.change = 0;
  }
  *out_change = a.change;
  return SF_OK;
}

/* ---- Descent. ---- */

/* The best exchange of a cluster within `reach`; 0 when none lowers the cost.
 */
static double step_down(sf_place_cost *cost, uint32_t cluster, int32_t reach) {
  const sf_placement *p = sf_place_cost_placement(cost);
  const sf_fabric *f = p->seats->fabric;
  uint32_t router = sf_placement_router(p, cluster), best_seat = 0;
  double best = 0;
  for (int32_t dy = -reach; dy <= reach; dy++) {
    for (int32_t dx = -reach; dx <= reach; dx++) {
      bool inside = true;
      uint32_t x = wrap_or_clip((int64_t)(router % (uint32_t)f->width) + dx,
                                f->width, f->wrap, &inside);
      uint32_t y = wrap_or_clip((int64_t)(router / (uint32_t)f->width) + dy,
                                f->height, f->wrap, &inside);
      bool stays = dx == 0 && dy == 0;
      if (!inside || (stays && !sf_place_cost_has_heat(cost))) continue;
      uint32_t at = y * (uint32_t)f->width + x;
      for (uint32_t s = p->seats->first[at]; s < p->seats->first[at + 1]; s++) {
        if (s == p->seat[cluster]) continue;
        double delta = sf_place_cost_change(cost, cluster, s);
        if (delta >= best) continue;
        best = delta;
        best_seat = s;
      }
    }
  }
  if (best < 0) sf_place_cost_exchange(cost, cluster, best_seat);
  return best;
}

double sf_place_polish(sf_place_cost *cost, int32_t reach, uint32_t sweeps) {
  const sf_placement *p = sf_place_cost_placement(cost);
  double change = 0;
  for (uint32_t sweep = 0; sweep < sweeps; sweep++) {
    double before = change;
    for (uint32_t s = 0; s < p->seats->count; s++) {
      uint32_t cluster = sf_place_cost_sitter(cost, s);
      if (cluster != SF_PLACE_NONE) change += step_down(cost, cluster, reach);
    }
    if (change == before) break;
  }
  return change;
}
