/* The change of E by an exchange equals E computed anew; the map of mapping.md
 * 5.3 becomes flat, judged by the solver of machine/thermal.h, not by the field
 * that the search keeps. */
#include "passes/place/refine.h"
#include "passes/place/score.h"
#include "support/hash.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* CMocka needs the first four headers above. */
#include <cmocka.h>

enum { WIDE = 16, HIGH = 8, CELLS = WIDE * HIGH };

typedef struct sample {
  sf_arena *arena;
  sf_fabric fabric;
  sf_place_seats seats;
  sf_thermal *die;
  sf_thermal_influence influence, board;
  uint32_t chip[2 * CELLS], cell[2 * CELLS], board_cell[2], seat[2 * CELLS];
  double power[2 * CELLS];
  sf_place_heat_model model;
  sf_placement placement;
} sample;

/* 31 mm^2 without spreader, 20 K/W: mapping.md 5.2, 5.3. */
static sf_thermal_plate bare_die(void) {
  double side = sqrt(31e-6);
  return (sf_thermal_plate){.width = WIDE,
                            .height = HIGH,
                            .cell_width = side / (double)WIDE,
                            .cell_height = side / (double)HIGH,
                            .die = {0.15e-3, 130, 1.6303e6},
                            .resistance = 20};
}

/* `chips` dies side by side, one seat a cell, `clusters` in their first seats.
 */
static sample *create(uint32_t chips, uint32_t clusters) {
  sf_arena *arena = sf_arena_create();
  sample *s = SF_NEW(arena, sample);
  assert_non_null(s);
  s->arena = arena;
  sf_thermal_plate plate = bare_die();
  assert_int_equal(sf_thermal_create(&plate, arena, &s->die), SF_OK);
  assert_int_equal(sf_thermal_influence_of(s->die, arena, &s->influence),
                   SF_OK);
  plate.width = 2;
  plate.height = 1;
  sf_thermal *board;
  assert_int_equal(sf_thermal_create(&plate, arena, &board), SF_OK);
  assert_int_equal(sf_thermal_influence_of(board, arena, &s->board), SF_OK);
  assert_int_equal(sf_fabric_create(SF_TOPOLOGY_MESH, false,
                                    (int32_t)chips * WIDE, HIGH, arena,
                                    &s->fabric),
                   SF_OK);
  assert_int_equal(sf_place_seats_uniform(&s->fabric, 1, arena, &s->seats),
                   SF_OK);
  for (uint32_t i = 0; i < s->seats.count; i++) {
    uint32_t x = i % (chips * WIDE), y = i / (chips * WIDE);
    s->chip[i] = x / WIDE;
    s->cell[i] = y * WIDE + x % WIDE;
  }
  s->board_cell[1] = 1;
  s->model = (sf_place_heat_model){.die = &s->influence,
                                   .board = chips > 1 ? &s->board : NULL,
                                   .chip_count = chips,
                                   .board_cell = s->board_cell,
                                   .chip = s->chip,
                                   .die_cell = s->cell,
                                   .power = s->power,
                                   .idle = 0.002};
  s->placement = (sf_placement){&s->seats, clusters, s->seat};
  for (uint32_t c = 0; c < clusters; c++)
    s->seat[c] = c;
  return s;
}

static double energy(const sample *s) {
  double sum = 0;
  for (uint32_t a = 0; a < s->placement.cluster_count; a++) {
    uint32_t p = s->seat[a];
    for (uint32_t b = 0; b < s->placement.cluster_count; b++) {
      uint32_t q = s->seat[b];
      double r = s->model.board ? sf_thermal_influence_at(&s->board, s->chip[p],
                                                          s->chip[q])
                                : 0;
      if (s->chip[p] == s->chip[q])
        r += sf_thermal_influence_at(&s->influence, s->cell[p], s->cell[q]);
      sum += s->power[a] * s->power[b] * r;
    }
  }
  return sum;
}

static void changes_of_energy_are_exact(void **state) {
  (void)state;
  for (uint32_t chips = 1; chips <= 2; chips++) {
    sample *s = create(chips, 20);
    sf_random random = sf_random_seeded(chips);
    for (uint32_t c = 0; c < 20; c++)
      s->power[c] = 0.001 * sf_random_below(&random, 100);
    s->model.idle = 0; /* energy() knows clusters only */
    sf_place_arc none[1] = {{0, 0}};
    uint32_t begin[21] = {0}, packets[20] = {0};
    sf_place_graph graph = {.cluster_count = 20,
                            .packets = packets,
                            .arc_begin = begin,
                            .arcs = none};
    sf_place_cost *cost;
    sf_place_heat *heat;
    assert_int_equal(
        sf_place_cost_create(&graph, &s->placement, s->arena, &cost), SF_OK);
    assert_int_equal(
        sf_place_heat_create(&s->model, &s->placement, s->arena, &heat), SF_OK);
    sf_place_cost_heat(cost, heat, 3);
    double now = energy(s), first = now;
    for (int i = 0; i < 200; i++) {
      uint32_t cluster = sf_random_below(&random, 20);
      uint32_t seat = sf_random_below(&random, s->seats.count);
      if (seat == s->seat[cluster]) continue;
      now += sf_place_cost_change(cost, cluster, seat) / 3;
      sf_place_cost_exchange(cost, cluster, seat);
      assert_true(fabs(now - energy(s)) < 1e-9 * first);
    }
    sf_arena_destroy(s->arena);
  }
}

/* Peak and spread by the solver. */
static void solve(const sample *s, double *peak, double *spread) {
  double power[CELLS], rise[CELLS], low = INFINITY;
  for (uint32_t i = 0; i < CELLS; i++)
    power[i] = s->model.idle;
  for (uint32_t c = 0; c < s->placement.cluster_count; c++)
    power[s->cell[s->seat[c]]] += s->power[c];
  assert_int_equal(sf_thermal_steady(s->die, power, rise), SF_OK);
  *peak = 0;
  for (uint32_t i = 0; i < CELLS; i++) {
    *peak = fmax(*peak, rise[i]);
    low = fmin(low, rise[i]);
  }
  *spread = *peak - low;
}

/* Heat weighs twice the hops, the default of thermal-aware-placement. 64 of 128
 * cores at 20 mW, the others at 2 mW: a grid of clusters that talk to
 * their neighbours, at first together in one half of the die. */
static void the_hot_half_becomes_flat(void **state) {
  (void)state;
  sample *s = create(1, 64);
  sf_place_arc arcs[128];
  uint32_t begin[65] = {0}, packets[64] = {0}, count = 0;
  for (uint32_t c = 0; c < 64; c++) {
    begin[c] = count;
    if (c % 8 < 7) arcs[count++] = (sf_place_arc){c + 1, 10};
    if (c < 56) arcs[count++] = (sf_place_arc){c + 8, 10};
    s->power[c] = 0.018;
    s->seat[c] = c / 8 * WIDE + c % 8;
  }
  begin[64] = count;
  sf_place_graph graph = {.cluster_count = 64,
                          .packets = packets,
                          .arc_begin = begin,
                          .arcs = arcs};
  double peak, spread, after, flat;
  uint64_t hops, longer;
  solve(s, &peak, &spread);
  assert_int_equal(sf_place_hops(&graph, &s->placement, s->arena, &hops),
                   SF_OK);
  assert_true(spread >= 10 && peak > 33 && peak < 35); /* mapping.md 5.3 */
  sf_place_heat *heat;
  assert_int_equal(
      sf_place_heat_create(&s->model, &s->placement, s->arena, &heat), SF_OK);
  sf_place_temperatures kept = sf_place_heat_temperatures(heat, &s->placement);
  assert_true(fabs(kept.peak - peak) < 1e-6);
  assert_true(fabs(kept.spread - spread) < 1e-6);
  sf_refine_options o = {.seed = 1,
                         .effort = 1,
                         .heat = &s->model,
                         .heat_weight = 2 * (double)hops / kept.excess};
  assert_int_equal(sf_place_refine(&graph, &s->placement, &o, s->arena), SF_OK);
  assert_true(sf_placement_valid(&s->placement));
  assert_int_equal(sf_place_hops(&graph, &s->placement, s->arena, &longer),
                   SF_OK);
  solve(s, &after, &flat);
  print_message("peak %.2f -> %.2f K, spread %.2f -> %.2f K, hops %u -> %u\n",
                peak, after, spread, flat, (unsigned)hops, (unsigned)longer);
  assert_true(longer < 2 * hops); /* a checkerboard that forgets arcs: more */
  assert_true(flat <= 2);
  assert_true(after <= 0.9 * peak);
  sf_arena_destroy(s->arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changes_of_energy_are_exact),
      cmocka_unit_test(the_hot_half_becomes_flat),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
