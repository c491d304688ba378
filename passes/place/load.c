/* load.c - exact packets on every link for X-then-Y and Y-then-X paths.
 *
 * An arc adds to the ends of two straight runs, which one sweep at the end sums
 * up: O(1) an arc. A relation adds, at every link of its bounding box, packets
 * of sources on one side times targets on the other. */
#include "passes/place/score.h"

#include <math.h>
#include <string.h>

enum { EAST, NORTH, WEST, SOUTH };

typedef struct span {
  int32_t low, high; /* rows or columns in use, inclusive */
} span;

typedef struct load_map {
  const sf_place_graph *graph;
  const sf_placement *placement;
  int32_t width, height;
  uint32_t share[2];
  uint64_t *loads;   /* router * 4 + direction */
  uint64_t *changes; /* the same links: differences along the run; may wrap */
  /* Of one relation; zero outside its bounding box. */
  uint64_t *packets, *count;       /* of each router */
  uint64_t *packets_x, *packets_y; /* sources in each column, row */
  uint64_t *count_x, *count_y;     /* targets */
} load_map;

/* ---- Arcs. ---- */

/* Links from `a` to `b` of row or column `line`. */
static void add_run(load_map *m, bool vertical, int32_t line, int32_t a,
                    int32_t b, uint64_t packets) {
  if (a == b) return;
  int32_t step = vertical ? m->width : 1;
  int32_t base = vertical ? line : line * m->width;
  int32_t side = vertical ? m->height : m->width;
  int direction = vertical ? (b > a ? NORTH : SOUTH) : (b > a ? EAST : WEST);
  int32_t first = b > a ? a : b + 1, end = b > a ? b : a + 1;
  m->changes[(size_t)(base + first * step) * 4 + (size_t)direction] += packets;
  if (end < side)
    m->changes[(size_t)(base + end * step) * 4 + (size_t)direction] -= packets;
}

static void add_pair(void *context, uint32_t from, uint32_t to,
                     uint32_t packets) {
  load_map *m = context;
  int32_t a = (int32_t)sf_placement_router(m->placement, from);
  int32_t b = (int32_t)sf_placement_router(m->placement, to);
  int32_t ax = a % m->width, ay = a / m->width;
  int32_t bx = b % m->width, by = b / m->width;
  uint64_t xy = (uint64_t)packets * m->share[SF_PATH_XY];
  uint64_t yx = (uint64_t)packets * m->share[SF_PATH_YX];
  if (xy) {
    add_run(m, false, ay, ax, bx, xy);
    add_run(m, true, bx, ay, by, xy);
  }
  if (yx) {
    add_run(m, true, ax, ay, by, yx);
    add_run(m, false, by, ax, bx, yx);
  }
}

static void sum_changes(load_map *m) {
  for (int32_t y = 0; y < m->height; y++) {
    for (int32_t x = 0; x < m->width; x++) {
      uint64_t *at = m->changes + (size_t)(y * m->width + x) * 4;
      uint64_t *left = at - 4, *below = at - (size_t)m->width * 4;
      if (x > 0) {
        at[EAST] += left[EAST];
        at[WEST] += left[WEST];
      }
      if (y > 0) {
        at[NORTH] += below[NORTH];
        at[SOUTH] += below[SOUTH];
      }
    }
  }
  for (size_t i = 0; i < (size_t)m->width * (size_t)m->height * 4; i++)
    m->loads[i] += m->changes[i];
}

/* ---- Relations. ---- */

typedef struct frame {
  span x, y;
} frame;

static void widen(span *s, int32_t at) {
  if (at < s->low) s->low = at;
  if (at > s->high) s->high = at;
}

static frame spread_relation(load_map *m, const sf_place_relation *r) {
  const sf_place_graph *g = m->graph;
  const sf_place_block *a = &g->blocks[r->from], *b = &g->blocks[r->to];
  frame f = {{m->width, 0}, {m->height, 0}};
  for (uint32_t i = 0; i < a->count + b->count; i++) {
    bool source = i < a->count;
    uint32_t c = source ? a->first + i : b->first + (i - a->count);
    uint32_t router = sf_placement_router(m->placement, c);
    int32_t x = (int32_t)router % m->width, y = (int32_t)router / m->width;
    uint64_t n = source ? g->packets[c] : 1;
    (source ? m->packets : m->count)[router] += n;
    (source ? m->packets_x : m->count_x)[x] += n;
    (source ? m->packets_y : m->count_y)[y] += n;
    widen(&f.x, x);
    widen(&f.y, y);
  }
  return f;
}

static void clear_relation(load_map *m, frame f) {
  size_t n = (size_t)(f.x.high - f.x.low + 1) * sizeof(uint64_t);
  for (int32_t y = f.y.low; y <= f.y.high; y++) {
    memset(m->packets + (size_t)y * (size_t)m->width + f.x.low, 0, n);
    memset(m->count + (size_t)y * (size_t)m->width + f.x.low, 0, n);
    m->packets_y[y] = m->count_y[y] = 0;
  }
  memset(m->packets_x + f.x.low, 0, n);
  memset(m->count_x + f.x.low, 0, n);
}

/* One row or column of links: `from` counts sources, `to` targets at each
 * position, `step` apart; loads of both directions grow by their products. */
static void add_line(load_map *m, bool vertical, int32_t line, span range,
                     const uint64_t *from, size_t from_step, const uint64_t *to,
                     size_t to_step, uint64_t share) {
  uint64_t all_from = 0, all_to = 0, left_from = 0, left_to = 0;
  for (int32_t i = range.low; i <= range.high; i++) {
    all_from += from[(size_t)i * from_step];
    all_to += to[(size_t)i * to_step];
  }
  if (all_from == 0 || all_to == 0) return;
  size_t step = vertical ? (size_t)m->width : 1;
  size_t base = vertical ? (size_t)line : (size_t)line * (size_t)m->width;
  size_t up = vertical ? NORTH : EAST, down = vertical ? SOUTH : WEST;
  for (int32_t i = range.low; i < range.high; i++) {
    left_from += from[(size_t)i * from_step];
    left_to += to[(size_t)i * to_step];
    uint64_t *here = m->loads + (base + (size_t)i * step) * 4;
    here[up] += share * left_from * (all_to - left_to);
    here[step * 4 + down] += share * (all_from - left_from) * left_to;
  }
}

static void add_relation(load_map *m, const sf_place_relation *r) {
  frame f = spread_relation(m, r);
  size_t w = (size_t)m->width;
  uint64_t xy = m->share[SF_PATH_XY], yx = m->share[SF_PATH_YX];
  for (int32_t y = f.y.low; y <= f.y.high; y++) {
    size_t row = (size_t)y * w;
    if (xy) add_line(m, false, y, f.x, m->packets + row, 1, m->count_x, 1, xy);
    if (yx) add_line(m, false, y, f.x, m->packets_x, 1, m->count + row, 1, yx);
  }
  for (int32_t x = f.x.low; x <= f.x.high; x++) {
    if (xy) add_line(m, true, x, f.y, m->packets_y, 1, m->count + x, w, xy);
    if (yx) add_line(m, true, x, f.y, m->packets + x, w, m->count_y, 1, yx);
  }
  clear_relation(m, f);
}

sf_result sf_place_loads(const sf_place_graph *graph, const sf_placement *p,
                         const uint32_t share[2], sf_arena *scratch,
                         uint64_t **out_doubled) {
  const sf_fabric *fabric = p->seats->fabric;
  size_t routers = fabric->router_count;
  size_t width = (size_t)fabric->width, height = (size_t)fabric->height;
  load_map m = {.graph = graph,
                .placement = p,
                .width = fabric->width,
                .height = fabric->height,
                .share = {share[0], share[1]}};
  m.loads = SF_NEW_ARRAY(scratch, uint64_t, routers * 4);
  m.changes = SF_NEW_ARRAY(scratch, uint64_t, routers * 4);
  m.packets = SF_NEW_ARRAY(scratch, uint64_t, 2 * routers);
  m.packets_x = SF_NEW_ARRAY(scratch, uint64_t, 2 * (width + height));
  if (!m.loads || !m.changes || !m.packets || !m.packets_x) return SF_OOM;
  m.count = m.packets + routers;
  m.packets_y = m.packets_x + width;
  m.count_x = m.packets_y + height;
  m.count_y = m.count_x + width;
  sf_place_each_pair(graph, add_pair, &m);
  sum_changes(&m);
  for (uint32_t i = 0; i < graph->relation_count; i++)
    add_relation(&m, &graph->relations[i]);
  *out_doubled = m.loads;
  return SF_OK;
}

/* ---- Figures. ---- */

double sf_place_load_worst(const sf_fabric *fabric, const uint64_t *doubled) {
  uint64_t worst = 0;
  for (size_t i = 0; i < (size_t)fabric->router_count * 4; i++)
    if (doubled[i] > worst) worst = doubled[i];
  return (double)worst / 2;
}

static double over_cut(const sf_fabric *f, const uint64_t *doubled,
                       bool vertical, int32_t at, uint32_t direction) {
  uint64_t sum = 0, links = 0;
  int32_t side = vertical ? f->width : f->height;
  for (int32_t i = 0; i < side; i++) {
    int32_t router = vertical ? at * f->width + i : i * f->width + at;
    size_t link = (size_t)router * 4 + direction;
    sum += doubled[link];
    links += f->neighbours[link] != SF_FABRIC_NONE;
  }
  return links ? (double)sum / 2 / (double)links : 0;
}

double sf_place_cut_bound(const sf_fabric *f, const uint64_t *doubled) {
  double worst = 0;
  for (int32_t x = 0; x < f->width; x++) {
    double east = over_cut(f, doubled, false, x, EAST);
    double west = over_cut(f, doubled, false, x, WEST);
    worst = fmax(worst, fmax(east, west));
  }
  for (int32_t y = 0; y < f->height; y++) {
    double north = over_cut(f, doubled, true, y, NORTH);
    double south = over_cut(f, doubled, true, y, SOUTH);
    worst = fmax(worst, fmax(north, south));
  }
  return worst;
}
