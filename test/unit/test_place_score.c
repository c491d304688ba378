/* Curves are permutations; scores from prefix sums, windows and relations equal
 * sums over all pairs by brute force; bounds hold. */
#include "passes/place/layout.h"
#include "passes/place/score.h"
#include "support/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* CMocka needs the first four headers above. */
#include <cmocka.h>

enum { MOST = 600 };

/* ---- A random graph of three grids and its pairs as a matrix. ---- */

typedef struct sample {
  sf_arena *arena;
  sf_place_graph graph;
  sf_fabric fabric;
  sf_place_seats seats;
  sf_placement placement;
  uint32_t (*pairs)[MOST]; /* packets from row to column */
  sf_random random;
} sample;

static uint32_t below(sample *s, uint32_t bound) {
  return sf_random_below(&s->random, bound);
}

static void *array(sample *s, size_t count, size_t size) {
  void *a = sf_arena_array(s->arena, count + 1, size);
  assert_non_null(a);
  return a;
}

/* A box cut into slabs along each axis, one cluster a piece. */
static void random_grid(sample *s, uint32_t first, sf_place_block *block,
                        sf_place_tiling *tiling) {
  uint32_t extent[SF_PLACE_AXES] = {1, 1, 1, 1}, count = 1;
  int32_t cuts[SF_PLACE_AXES][8] = {{0}};
  tiling->axes = 1 + below(s, 3);
  for (uint32_t a = 0; a < tiling->axes; a++) {
    extent[a] = 1 + below(s, 4);
    for (uint32_t i = 0; i < extent[a]; i++)
      cuts[a][i + 1] = cuts[a][i] + 1 + (int32_t)below(s, 5);
    count *= extent[a];
  }
  sf_place_box *boxes = array(s, count, sizeof *boxes);
  uint32_t *cluster = array(s, count, sizeof *cluster);
  tiling->longest = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t left = i;
    for (uint32_t a = tiling->axes; a-- > 0; left /= extent[a]) {
      boxes[i].begin[a] = cuts[a][left % extent[a]];
      boxes[i].end[a] = cuts[a][left % extent[a] + 1];
    }
    cluster[i] = first + i;
    int32_t length = boxes[i].end[0] - boxes[i].begin[0];
    if (length > tiling->longest) tiling->longest = length;
  }
  tiling->count = count;
  tiling->boxes = boxes;
  tiling->cluster = cluster;
  *block = (sf_place_block){first, count};
}

/* Element by element. */
static void add_window(sample *s, const sf_place_window *w) {
  const sf_place_tiling *t = &s->graph.tilings[w->from];
  for (uint32_t i = 0; i < t->count; i++) {
    uint32_t shared = w->rate;
    for (uint32_t a = 0; a < t->axes; a++) {
      uint32_t n = 0;
      for (int32_t e = t->boxes[i].begin[a]; e < t->boxes[i].end[a]; e++)
        n += e >= w->box.begin[a] && e < w->box.end[a];
      shared *= n;
    }
    s->pairs[t->cluster[i]][w->to] += shared;
  }
}

static void make_windows(sample *s) {
  sf_place_graph *g = &s->graph;
  const sf_place_tiling *t = &g->tilings[0];
  sf_place_window *w = array(s, g->blocks[1].count, sizeof *w);
  for (uint32_t i = 0; i < g->blocks[1].count; i++) {
    w[i] = (sf_place_window){
        .from = 0, .to = g->blocks[1].first + i, .rate = 1 + below(s, 3)};
    for (uint32_t a = 0; a < t->axes; a++) {
      int32_t all = t->boxes[t->count - 1].end[a];
      w[i].box.begin[a] = (int32_t)below(s, (uint32_t)all);
      w[i].box.end[a] = w[i].box.begin[a] + 1 +
                        (int32_t)below(s, (uint32_t)(all - w[i].box.begin[a]));
    }
    add_window(s, &w[i]);
  }
  g->windows = w;
  g->window_count = g->blocks[1].count;
}

static void make_relations(sample *s) {
  sf_place_graph *g = &s->graph;
  sf_place_relation *r = array(s, 3, sizeof *r);
  r[0] = (sf_place_relation){1, 2};
  r[1] = (sf_place_relation){2, 2}; /* recurrent */
  r[2] = (sf_place_relation){2, 0};
  for (int i = 0; i < 3; i++) {
    const sf_place_block *a = &g->blocks[r[i].from], *b = &g->blocks[r[i].to];
    for (uint32_t c = a->first; c < a->first + a->count; c++)
      for (uint32_t d = b->first; d < b->first + b->count; d++)
        s->pairs[c][d] += g->packets[c];
  }
  g->relations = r;
  g->relation_count = 3;
}

static void make_arcs(sample *s) {
  sf_place_graph *g = &s->graph;
  uint32_t *begin = array(s, g->cluster_count, sizeof *begin);
  sf_place_arc *arcs = array(s, 3 * (size_t)g->cluster_count, sizeof *arcs);
  uint32_t count = 0;
  for (uint32_t c = 0; c < g->cluster_count; c++) {
    begin[c] = count;
    for (uint32_t k = below(s, 4); k > 0; k--) {
      sf_place_arc arc = {below(s, g->cluster_count), 1 + below(s, 99)};
      arcs[count++] = arc;
      s->pairs[c][arc.to] += arc.packets;
    }
  }
  begin[g->cluster_count] = count;
  g->arc_begin = begin;
  g->arcs = arcs;
}

static void seat_at_random(sample *s) {
  uint32_t *free_seats = array(s, s->seats.count, sizeof *free_seats);
  s->placement = (sf_placement){&s->seats, s->graph.cluster_count,
                                array(s, MOST, sizeof(uint32_t))};
  for (uint32_t i = 0; i < s->seats.count; i++)
    free_seats[i] = i;
  for (uint32_t c = 0; c < s->graph.cluster_count; c++) {
    uint32_t k = c + below(s, s->seats.count - c), seat = free_seats[k];
    free_seats[k] = free_seats[c];
    s->placement.seat[c] = seat;
  }
  assert_true(sf_placement_valid(&s->placement));
}

static sample *create(uint64_t seed, sf_topology topology, bool wrap) {
  sf_arena *arena = sf_arena_create();
  sample *s = SF_NEW(arena, sample);
  assert_non_null(s);
  s->arena = arena;
  s->random = sf_random_seeded(seed);
  s->pairs = array(s, MOST, sizeof *s->pairs);
  sf_place_block *blocks = array(s, 3, sizeof *blocks);
  sf_place_tiling *tilings = array(s, 3, sizeof *tilings);
  uint32_t count = 0;
  for (int b = 0; b < 3; b++) {
    random_grid(s, count, &blocks[b], &tilings[b]);
    count += blocks[b].count;
  }
  uint32_t *packets = array(s, count, sizeof *packets);
  for (uint32_t c = 0; c < count; c++)
    packets[c] = below(s, 3) ? 7 : below(s, 1000);
  s->graph = (sf_place_graph){.cluster_count = count,
                              .block_count = 3,
                              .blocks = blocks,
                              .tiling_count = 3,
                              .tilings = tilings,
                              .packets = packets};
  make_windows(s);
  make_relations(s);
  make_arcs(s);
  int32_t width = 9 + (int32_t)below(s, 4), height = 8 + (int32_t)below(s, 4);
  assert_int_equal(
      sf_fabric_create(topology, wrap, width, height, arena, &s->fabric),
      SF_OK);
  sf_fabric_kill(&s->fabric, below(s, s->fabric.router_count));
  uint32_t *on = array(s, s->fabric.router_count, sizeof *on);
  for (uint32_t r = 0; r < s->fabric.router_count; r++)
    on[r] = 2 + below(s, 3);
  assert_int_equal(sf_place_seats_create(&s->fabric, on, arena, &s->seats),
                   SF_OK);
  assert_true(s->seats.count >= count);
  seat_at_random(s);
  return s;
}

/* ---- Tests. ---- */

static uint64_t brute_hops(const sample *s, const sf_placement *p) {
  uint64_t sum = 0;
  for (uint32_t a = 0; a < s->graph.cluster_count; a++)
    for (uint32_t b = 0; b < s->graph.cluster_count; b++)
      sum += (uint64_t)s->pairs[a][b] *
             sf_fabric_distance(&s->fabric, sf_placement_router(p, a),
                                sf_placement_router(p, b));
  return sum;
}

static void hops_equal_brute_force(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 60; seed++) {
    sample *s = create(seed, seed % 3 ? SF_TOPOLOGY_MESH : SF_TOPOLOGY_HEX,
                       seed % 2 == 0);
    uint64_t hops, expanded;
    sf_place_graph plain;
    assert_int_equal(sf_place_hops(&s->graph, &s->placement, s->arena, &hops),
                     SF_OK);
    assert_int_equal(hops, brute_hops(s, &s->placement));
    assert_int_equal(sf_place_expand(&s->graph, s->arena, &plain), SF_OK);
    assert_int_equal(sf_place_hops(&plain, &s->placement, s->arena, &expanded),
                     SF_OK);
    assert_int_equal(hops, expanded);
    sf_arena_destroy(s->arena);
  }
}

static void packets_and_crossings(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    sample *s = create(seed, SF_TOPOLOGY_MESH, false);
    uint64_t all, remote, crossings, sum = 0, away = 0, borders = 0;
    assert_int_equal(
        sf_place_packets(&s->graph, &s->placement, s->arena, &all, &remote),
        SF_OK);
    assert_int_equal(sf_place_crossings(&s->graph, &s->placement, 4, 3,
                                        s->arena, &crossings),
                     SF_OK);
    for (uint32_t a = 0; a < s->graph.cluster_count; a++) {
      for (uint32_t b = 0; b < s->graph.cluster_count; b++) {
        int32_t from = (int32_t)sf_placement_router(&s->placement, a);
        int32_t to = (int32_t)sf_placement_router(&s->placement, b);
        int32_t w = s->fabric.width;
        sum += s->pairs[a][b];
        away += from != to ? s->pairs[a][b] : 0;
        borders += s->pairs[a][b] * (uint64_t)(abs(from % w / 4 - to % w / 4) +
                                               abs(from / w / 3 - to / w / 3));
      }
    }
    assert_int_equal(all, sum);
    assert_int_equal(remote, away);
    assert_int_equal(crossings, borders);
    sf_arena_destroy(s->arena);
  }
}

/* Walks each pair's path link by link. */
static void walk(const sample *s, uint32_t from, uint32_t to, bool x_first,
                 uint64_t packets, uint64_t *loads) {
  int32_t w = s->fabric.width;
  for (int leg = 0; leg < 2; leg++) {
    bool along_x = (leg == 0) == x_first;
    int32_t step = along_x ? 1 : w;
    int32_t a = along_x ? (int32_t)from % w : (int32_t)from / w;
    int32_t b = along_x ? (int32_t)to % w : (int32_t)to / w;
    const char *up = along_x ? "e" : "n", *down = along_x ? "w" : "s";
    for (; a != b; a += b > a ? 1 : -1) {
      int32_t d = sf_direction_find(SF_TOPOLOGY_MESH, b > a ? up : down);
      loads[from * 4 + (uint32_t)d] += packets;
      from = (uint32_t)((int32_t)from + (b > a ? step : -step));
    }
  }
  assert_int_equal(from, to);
}

static void loads_equal_walked_paths(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 30; seed++) {
    sample *s = create(seed, SF_TOPOLOGY_MESH, false);
    uint32_t share[2] = {(uint32_t)(seed % 3), 2 - (uint32_t)(seed % 3)};
    size_t links = (size_t)s->fabric.router_count * 4;
    uint64_t *expected = array(s, links, sizeof *expected), *loads, hops;
    for (uint32_t a = 0; a < s->graph.cluster_count; a++) {
      for (uint32_t b = 0; b < s->graph.cluster_count; b++) {
        uint32_t from = sf_placement_router(&s->placement, a);
        uint32_t to = sf_placement_router(&s->placement, b);
        uint64_t n = s->pairs[a][b];
        walk(s, from, to, true, n * share[0], expected);
        walk(s, from, to, false, n * share[1], expected);
      }
    }
    assert_int_equal(
        sf_place_loads(&s->graph, &s->placement, share, s->arena, &loads),
        SF_OK);
    assert_memory_equal(loads, expected, links * sizeof *loads);
    assert_int_equal(sf_place_hops(&s->graph, &s->placement, s->arena, &hops),
                     SF_OK);
    uint64_t sum = 0;
    for (size_t i = 0; i < links; i++)
      sum += loads[i];
    assert_int_equal(sum, 2 * hops);
    double worst = sf_place_load_worst(&s->fabric, loads);
    assert_true(sf_place_cut_bound(&s->fabric, loads) <= worst + 1e-9);
    sf_arena_destroy(s->arena);
  }
}

/* The union of paths, link by link. */
static void multicast_equals_marked_links(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 30; seed++) {
    sample *s = create(seed, SF_TOPOLOGY_MESH, false);
    size_t links = (size_t)s->fabric.router_count * 4;
    uint64_t *marks = array(s, links, sizeof *marks), sum = 0, hops;
    for (uint32_t a = 0; a < s->graph.cluster_count; a++) {
      memset(marks, 0, links * sizeof *marks);
      for (uint32_t b = 0; b < s->graph.cluster_count; b++) {
        if (s->pairs[a][b] == 0) continue;
        walk(s, sf_placement_router(&s->placement, a),
             sf_placement_router(&s->placement, b), true, 1, marks);
      }
      for (size_t i = 0; i < links; i++)
        sum += marks[i] ? s->graph.packets[a] : 0;
    }
    assert_int_equal(
        sf_place_multicast_hops(&s->graph, &s->placement, s->arena, &hops),
        SF_OK);
    assert_int_equal(hops, sum);
    sf_arena_destroy(s->arena);
  }
}

static void star_bound_holds(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 30; seed++) {
    sample *s = create(seed, SF_TOPOLOGY_MESH, false);
    uint64_t bound, hops;
    assert_int_equal(sf_place_star_bound(&s->graph, 4, 4, s->arena, &bound),
                     SF_OK);
    assert_int_equal(sf_place_hops(&s->graph, &s->placement, s->arena, &hops),
                     SF_OK);
    assert_true(bound <= hops);
    sf_arena_destroy(s->arena);
  }
  /* A star of five on a mesh: four at distance 1, the lightest at 2. The bound
   * charges both ends of an arc and halves: each leaf sees one neighbour at 1.
   */
  sf_place_arc arcs[5] = {{1, 10}, {2, 10}, {3, 10}, {4, 10}, {5, 4}};
  uint32_t begin[7] = {0, 5, 5, 5, 5, 5, 5}, packets[6] = {0};
  sf_place_graph star = {
      .cluster_count = 6, .packets = packets, .arc_begin = begin, .arcs = arcs};
  sf_arena *arena = sf_arena_create();
  uint64_t bound;
  assert_int_equal(sf_place_star_bound(&star, 1, 4, arena, &bound), SF_OK);
  assert_int_equal(bound, (48 + 44) / 2);
  sf_arena_destroy(arena);
}

static void groups_keep_their_packets(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    sample *s = create(seed, SF_TOPOLOGY_MESH, false);
    uint32_t *group = array(s, MOST, sizeof *group);
    uint64_t expected[5][5] = {{0}};
    for (uint32_t c = 0; c < s->graph.cluster_count; c++)
      group[c] = below(s, 5);
    for (uint32_t a = 0; a < s->graph.cluster_count; a++)
      for (uint32_t b = 0; b < s->graph.cluster_count; b++)
        expected[group[a]][group[b]] += s->pairs[a][b];
    sf_place_graph coarse;
    assert_int_equal(sf_place_contract(&s->graph, group, 5, s->arena, &coarse),
                     SF_OK);
    for (uint32_t a = 0; a < 5; a++) {
      for (uint32_t i = coarse.arc_begin[a]; i < coarse.arc_begin[a + 1]; i++) {
        assert_int_equal(coarse.arcs[i].packets,
                         expected[a][coarse.arcs[i].to]);
        expected[a][coarse.arcs[i].to] = 0;
      }
      for (uint32_t b = 0; b < 5; b++)
        assert_true(a == b || expected[a][b] == 0);
    }
    sf_arena_destroy(s->arena);
  }
}

static void check_curve(sf_curve curve, int32_t width, int32_t height) {
  uint32_t order[400], strips[400];
  bool seen[400] = {false};
  uint32_t count = (uint32_t)(width * height);
  sf_curve_fill(&curve, width, height, order, strips);
  for (uint32_t i = 0; i < count; i++) {
    assert_true(order[i] < count && !seen[order[i]]);
    seen[order[i]] = true;
    assert_true(i == 0 ? strips[i] == 0
                       : strips[i] == strips[i - 1] ||
                             strips[i] == strips[i - 1] + 1);
  }
}

static void curves_are_permutations(void **state) {
  (void)state;
  for (int32_t w = 1; w <= 20; w++) {
    for (int32_t h = 1; h <= 20; h++) {
      check_curve((sf_curve){.kind = SF_CURVE_HILBERT}, w, h);
      for (int32_t band = 1; band <= 20; band += 3) {
        for (int32_t turn = 0; turn <= 12; turn += 4) {
          for (int across = 0; across < 2; across++) {
            sf_curve c = {SF_CURVE_SERPENTINE, across != 0, band, turn};
            check_curve(c, w, h);
            c.kind = SF_CURVE_RASTER;
            check_curve(c, w, h);
          }
        }
      }
    }
  }
}

/* Steps of the Hilbert curve between neighbours: all of them when a side is
 * even, but for one where parity forbids it. */
static void hilbert_curves_hang_together(void **state) {
  (void)state;
  for (int32_t w = 1; w <= 20; w++) {
    for (int32_t h = 1; h <= 20; h++) {
      uint32_t order[400], jumps = 0;
      sf_curve c = {.kind = SF_CURVE_HILBERT};
      sf_curve_fill(&c, w, h, order, NULL);
      for (uint32_t i = 1; i < (uint32_t)(w * h); i++) {
        int32_t a = (int32_t)order[i - 1], b = (int32_t)order[i];
        int32_t d = abs(a % w - b % w) + abs(a / w - b / w);
        assert_true(d <= 2);
        jumps += d == 2;
      }
      assert_true(jumps <= 1);
    }
  }
}

static void every_fit_gives_a_placement(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    sample *s = create(seed, SF_TOPOLOGY_MESH, false);
    for (int fit = SF_FIT_PACKED; fit <= SF_FIT_SPREAD; fit++) {
      for (int32_t band = 1; band < 9; band += 2) {
        sf_layout layout = {.curve = {SF_CURVE_SERPENTINE, false, band, 0},
                            .fit = (sf_layout_fit)fit};
        bool fits;
        assert_int_equal(
            sf_layout_seat(&layout, &s->graph, s->arena, &s->placement, &fits),
            SF_OK);
        assert_true(fits || fit != SF_FIT_PACKED);
        assert_true(!fits || sf_placement_valid(&s->placement));
      }
    }
    sf_layout front[SF_LAYOUT_FRONT_MAX];
    uint32_t count;
    assert_int_equal(
        sf_layout_front(&s->graph, &s->seats, s->arena, front, &count), SF_OK);
    assert_true(count >= 1);
    for (uint32_t i = 0; i < count; i++) {
      bool fits;
      assert_int_equal(
          sf_layout_seat(&front[i], &s->graph, s->arena, &s->placement, &fits),
          SF_OK);
      assert_true(fits);
      assert_int_equal(front[i].hops, brute_hops(s, &s->placement));
      assert_true(i == 0 || (front[i].hops >= front[i - 1].hops &&
                             front[i].worst < front[i - 1].worst));
    }
    sf_arena_destroy(s->arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hops_equal_brute_force),
      cmocka_unit_test(packets_and_crossings),
      cmocka_unit_test(loads_equal_walked_paths),
      cmocka_unit_test(multicast_equals_marked_links),
      cmocka_unit_test(star_bound_holds),
      cmocka_unit_test(groups_keep_their_packets),
      cmocka_unit_test(curves_are_permutations),
      cmocka_unit_test(hilbert_curves_hang_together),
      cmocka_unit_test(every_fit_gives_a_placement),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
