/* The change of an exchange equals the cost computed anew; small graphs reach
 * the optimum that trying all placements finds; the same seed gives the same.
 */
#include "passes/place/refine.h"
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

typedef struct sample {
  sf_arena *arena;
  sf_random random;
  sf_place_graph graph;
  sf_fabric fabric;
  sf_place_seats seats;
  sf_placement placement;
} sample;

typedef struct shape {
  uint32_t blocks, width, arcs; /* clusters a block, arcs of a cluster */
  bool related;                 /* each block to the next, the last to itself */
  sf_topology topology;
  bool wrap;
  int32_t columns, rows;
  uint32_t seats; /* a router */
} shape;

static void *array(sample *s, size_t count, size_t size) {
  void *a = sf_arena_array(s->arena, count + 1, size);
  assert_non_null(a);
  return a;
}

static void make_graph(sample *s, const shape *h) {
  uint32_t count = h->blocks * h->width;
  sf_place_block *blocks = array(s, h->blocks, sizeof *blocks);
  uint32_t *packets = array(s, count, sizeof *packets);
  uint32_t *begin = array(s, count, sizeof *begin);
  sf_place_arc *arcs = array(s, (size_t)count * h->arcs, sizeof *arcs);
  sf_place_relation *relations = array(s, h->blocks, sizeof *relations);
  for (uint32_t b = 0; b < h->blocks; b++) {
    blocks[b] = (sf_place_block){.first = b * h->width, .count = h->width};
    relations[b] = (sf_place_relation){b, b + 1 < h->blocks ? b + 1 : b};
  }
  for (uint32_t c = 0; c < count; c++) {
    packets[c] = 1 + sf_random_below(&s->random, 9);
    begin[c + 1] = begin[c] + h->arcs;
    for (uint32_t k = 0; k < h->arcs; k++)
      arcs[begin[c] + k] = (sf_place_arc){sf_random_below(&s->random, count),
                                          1 + sf_random_below(&s->random, 50)};
  }
  s->graph = (sf_place_graph){.cluster_count = count,
                              .block_count = h->blocks,
                              .blocks = blocks,
                              .packets = packets,
                              .arc_begin = begin,
                              .arcs = arcs,
                              .relations = relations,
                              .relation_count = h->related ? h->blocks : 0};
}

static sample *create(const shape *h, uint64_t seed) {
  sf_arena *arena = sf_arena_create();
  sample *s = SF_NEW(arena, sample);
  assert_non_null(s);
  s->arena = arena;
  s->random = sf_random_seeded(seed);
  make_graph(s, h);
  assert_int_equal(sf_fabric_create(h->topology, h->wrap, h->columns, h->rows,
                                    arena, &s->fabric),
                   SF_OK);
  assert_int_equal(
      sf_place_seats_uniform(&s->fabric, h->seats, arena, &s->seats), SF_OK);
  if (h->topology == SF_TOPOLOGY_MESH && !h->wrap) {
    int32_t *at = array(s, (size_t)h->columns + (size_t)h->rows, sizeof *at);
    for (int32_t i = 1; i < h->columns; i++)
      at[i] = at[i - 1] + (i % 3 ? 1 : 4); /* borders count four */
    s->seats.column = at;
  }
  s->placement =
      (sf_placement){&s->seats, s->graph.cluster_count,
                     array(s, s->graph.cluster_count, sizeof(uint32_t))};
  for (uint32_t c = 0; c < s->graph.cluster_count; c++)
    s->placement.seat[c] = c;
  return s;
}

static uint64_t hops_of(const sample *s) {
  uint64_t hops;
  assert_int_equal(sf_place_hops(&s->graph, &s->placement, s->arena, &hops),
                   SF_OK);
  return hops;
}

static const shape SHAPES[] = {
    {4, 9, 3, true, SF_TOPOLOGY_MESH, false, 7, 6, 1},
    {3, 8, 0, true, SF_TOPOLOGY_MESH, true, 5, 4, 2},
    {3, 8, 2, true, SF_TOPOLOGY_HEX, true, 4, 4, 3},
    {2, 9, 4, true, SF_TOPOLOGY_HEX, false, 4, 3, 2},
    {5, 6, 4, false, SF_TOPOLOGY_MESH, false, 6, 6, 1},
    {5, 6, 4, false, SF_TOPOLOGY_MESH, true, 6, 6, 1},
};

static void changes_are_exact(void **state) {
  (void)state;
  for (size_t i = 0; i < SF_COUNT_OF(SHAPES); i++) {
    sample *s = create(&SHAPES[i], i);
    sf_place_cost *cost;
    assert_int_equal(
        sf_place_cost_create(&s->graph, &s->placement, s->arena, &cost), SF_OK);
    int64_t now = sf_place_cost_total(cost);
    for (int move = 0; move < 500; move++) {
      uint32_t cluster = sf_random_below(&s->random, s->graph.cluster_count);
      uint32_t seat = sf_random_below(&s->random, s->seats.count);
      now += sf_place_cost_delta(cost, cluster, seat);
      sf_place_cost_exchange(cost, cluster, seat);
      assert_int_equal(now, sf_place_cost_total(cost));
      assert_int_equal(now, hops_of(s));
      assert_int_equal(sf_place_cost_sitter(cost, seat), cluster);
    }
    assert_true(sf_placement_valid(&s->placement));
    sf_arena_destroy(s->arena);
  }
}

/* One seat a router: seats are routers. */
static uint32_t apart(const sample *s, uint32_t a, uint32_t b) {
  int32_t x = sf_place_x(&s->seats, a) - sf_place_x(&s->seats, b);
  int32_t y = sf_place_y(&s->seats, a) - sf_place_y(&s->seats, b);
  return (uint32_t)(abs(x) + abs(y));
}

/* The least hops of clusters at, at + 1, .. on the seats not in `taken`. */
static void try_all(sample *s, uint32_t at, uint32_t taken, uint64_t *best) {
  if (at == s->graph.cluster_count) {
    uint64_t sum = 0;
    for (uint32_t c = 0; c < at; c++)
      for (uint32_t i = s->graph.arc_begin[c]; i < s->graph.arc_begin[c + 1];
           i++)
        sum += (uint64_t)s->graph.arcs[i].packets *
               apart(s, s->placement.seat[c],
                     s->placement.seat[s->graph.arcs[i].to]);
    if (sum < *best) *best = sum;
    return;
  }
  for (uint32_t seat = 0; seat < s->seats.count; seat++) {
    if (taken >> seat & 1) continue;
    s->placement.seat[at] = seat;
    try_all(s, at + 1, taken | 1u << seat, best);
  }
}

static void small_graphs_reach_the_optimum(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 12; seed++) {
    const shape h = {
        1, 4 + (uint32_t)seed % 4, 3, false, SF_TOPOLOGY_MESH, false, 4, 2, 1};
    sample *s = create(&h, seed);
    uint64_t best = UINT64_MAX;
    try_all(s, 0, 0, &best);
    for (uint32_t c = 0; c < s->graph.cluster_count; c++)
      s->placement.seat[c] = c;
    const sf_refine_options o = {.seed = 1, .effort = 10};
    assert_int_equal(sf_place_refine(&s->graph, &s->placement, &o, s->arena),
                     SF_OK);
    assert_int_equal(hops_of(s), best);
    sf_arena_destroy(s->arena);
  }
}

static void the_same_seed_gives_the_same(void **state) {
  (void)state;
  for (size_t i = 0; i < SF_COUNT_OF(SHAPES); i++) {
    sample *a = create(&SHAPES[i], i), *b = create(&SHAPES[i], i);
    const sf_refine_options o = {.seed = 42, .effort = 0.5};
    assert_int_equal(sf_place_refine(&a->graph, &a->placement, &o, a->arena),
                     SF_OK);
    assert_int_equal(sf_place_refine(&b->graph, &b->placement, &o, b->arena),
                     SF_OK);
    assert_memory_equal(a->placement.seat, b->placement.seat,
                        a->graph.cluster_count * sizeof(uint32_t));
    sf_arena_destroy(a->arena);
    sf_arena_destroy(b->arena);
  }
}

/* Above the annealer's size whole tiles move: two halves of a chain that were
 * laid out crosswise come together, and dead routers stay empty. */
static void tiles_move_and_nothing_gets_worse(void **state) {
  (void)state;
  const shape h = {1, 70 * 70, 0, false, SF_TOPOLOGY_MESH, false, 75, 75, 1};
  sample *s = create(&h, 1);
  sf_fabric_kill(&s->fabric, 30);
  assert_int_equal(sf_place_seats_uniform(&s->fabric, 1, s->arena, &s->seats),
                   SF_OK);
  sf_place_arc *arcs =
      array(s, 2 * (size_t)s->graph.cluster_count, sizeof *arcs);
  uint32_t *begin = array(s, s->graph.cluster_count, sizeof *begin), count = 0;
  for (uint32_t c = 0; c < s->graph.cluster_count; c++) {
    begin[c] = count;
    if ((c + 1) % 70) arcs[count++] = (sf_place_arc){c + 1, 3};
    if (c + 70 < 4900) arcs[count++] = (sf_place_arc){c + 70, 3};
  }
  begin[s->graph.cluster_count] = count;
  s->graph.arc_begin = begin;
  s->graph.arcs = arcs;
  /* Scatter tiles of eight by eight: rows of tiles in reverse order of bits. */
  for (uint32_t c = 0; c < s->graph.cluster_count; c++) {
    uint32_t x = c % 70, y = c / 70, tile = y / 8 % 9;
    if (tile < 8) y = (tile * 3 % 8) * 8 + y % 8;
    s->placement.seat[c] = s->seats.first[y * 75 + x + (y == 0 && x == 30)];
    if (y == 0 && x > 29) s->placement.seat[c] = s->seats.first[y * 75 + x + 1];
  }
  assert_true(sf_placement_valid(&s->placement));
  uint64_t before = hops_of(s);
  const sf_refine_options o = {.seed = 1, .effort = 1};
  assert_int_equal(sf_place_refine(&s->graph, &s->placement, &o, s->arena),
                   SF_OK);
  assert_true(sf_placement_valid(&s->placement));
  assert_true(hops_of(s) < before - before / 5);
  sf_arena_destroy(s->arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changes_are_exact),
      cmocka_unit_test(small_graphs_reach_the_optimum),
      cmocka_unit_test(the_same_seed_gives_the_same),
      cmocka_unit_test(tiles_move_and_nothing_gets_worse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
