/* The thermal network against closed forms (mapping.md 5.1, 5.3, 5.4): uniform
 * power, energy balance, mirror images, cosine modes, two cells by hand, the
 * scalar leakage loop, backward Euler of one time constant. */
#include "machine/thermal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* CMocka needs the four headers above. */
#include <cmocka.h>

enum { W = 16, H = 8, CELLS = W * H };
static const double N = CELLS;

static const double PI = 3.14159265358979323846;

static void assert_close(double got, double wanted) {
  double error = fabs(got - wanted) / (fabs(wanted) > 1 ? fabs(wanted) : 1);
  if (!(error <= 1e-9)) print_error("got %.15g, wanted %.15g\n", got, wanted);
  assert_true(error <= 1e-9);
}

/* A square die of 31 mm^2 with 16 x 8 cells, HotSpot's materials. */
static sf_thermal_plate bare(void) {
  double side = sqrt(31e-6);
  return (sf_thermal_plate){.width = W,
                            .height = H,
                            .cell_width = side / (double)W,
                            .cell_height = side / (double)H,
                            .die = {0.15e-3, 130, 1.6303e6},
                            .resistance = 20};
}

static sf_thermal_plate spread(void) {
  sf_thermal_plate p = bare();
  p.interface = (sf_thermal_sheet){20e-6, 4, 4e6};
  p.spreader = (sf_thermal_sheet){1e-3, 400, 3.55e6};
  p.resistance = 1.042;
  return p;
}

static sf_thermal *create(sf_arena *arena, sf_thermal_plate plate) {
  sf_thermal *t;
  assert_int_equal(sf_thermal_create(&plate, arena, &t), SF_OK);
  return t;
}

static double peak(const double *rise, uint32_t cells) {
  double most = rise[0];
  for (uint32_t i = 1; i < cells; i++)
    if (rise[i] > most) most = rise[i];
  return most;
}

static double lowest(const double *rise, uint32_t cells) {
  double least = rise[0];
  for (uint32_t i = 1; i < cells; i++)
    if (rise[i] < least) least = rise[i];
  return least;
}

/* Reproducible powers without a pattern, W. */
static void scatter(double *power) {
  uint32_t x = 7;
  for (uint32_t i = 0; i < CELLS; i++) {
    x = x * 1664525u + 1013904223u;
    power[i] = (double)(x >> 16) * 1e-6;
  }
}

static void uniform_power_rises_by_power_times_resistance(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  double power[CELLS], rise[2 * CELLS];
  for (int i = 0; i < CELLS; i++)
    power[i] = 0.02;
  assert_int_equal(sf_thermal_steady(create(arena, bare()), power, rise),
                   SF_OK);
  for (int i = 0; i < CELLS; i++)
    assert_close(rise[i], 0.02 * N * 20);
  sf_thermal *t = create(arena, spread());
  assert_int_equal(sf_thermal_steady(t, power, rise), SF_OK);
  for (int i = 0; i < CELLS; i++) {
    assert_close(rise[CELLS + i], 0.02 * N * 1.042);
    assert_close(rise[i], 0.02 * N * 1.042 + 0.02 / t->vertical);
  }
  sf_arena_destroy(arena);
}

static void power_in_is_heat_out(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  double power[CELLS], rise[2 * CELLS], total = 0;
  scatter(power);
  for (int i = 0; i < CELLS; i++)
    total += power[i];
  sf_thermal *networks[] = {create(arena, bare()), create(arena, spread())};
  for (int k = 0; k < 2; k++) {
    assert_int_equal(sf_thermal_steady(networks[k], power, rise), SF_OK);
    assert_close(sf_thermal_outflow(networks[k], rise), total);
  }
  sf_arena_destroy(arena);
}

/* An adiabatic edge is a mirror: four hot corners and a hot centre are the same
 * quadrant turned round. */
static void four_corners_equal_the_centre(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  double apart[CELLS] = {0}, together[CELLS] = {0};
  double rise[2 * CELLS], other[2 * CELLS];
  for (int k = 0; k < 4; k++) {
    int x = k % 2, y = k / 2;
    apart[y * (H - 1) * W + x * (W - 1)] = 0.1;
    together[(H / 2 - 1 + y) * W + W / 2 - 1 + x] = 0.1;
  }
  sf_thermal *networks[] = {create(arena, bare()), create(arena, spread())};
  for (int k = 0; k < 2; k++) {
    assert_int_equal(sf_thermal_steady(networks[k], apart, rise), SF_OK);
    assert_int_equal(sf_thermal_steady(networks[k], together, other), SF_OK);
    assert_close(peak(rise, CELLS), peak(other, CELLS));
    assert_close(lowest(rise, CELLS), lowest(other, CELLS));
    for (int x = 0; x < W / 2; x++)
      assert_close(rise[x], other[(H / 2 - 1) * W + W / 2 - 1 - x]);
  }
  sf_arena_destroy(arena);
}

static double mode(int x, int n, int side) {
  return cos(PI * n * (x + 0.5) / side);
}

static double mode_value(double g, int n, int side) {
  double s = sin(PI * n / (2.0 * side));
  return 4 * g * s * s;
}

/* The cosine modes of the plate are eigenvectors of each layer. */
static void cosine_modes_are_scaled(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_thermal *one = create(arena, bare()), *two = create(arena, spread());
  double power[CELLS], rise[2 * CELLS];
  for (int m = 0; m < W; m += 3) {
    for (int n = 0; n < H; n += 2) {
      for (int i = 0; i < CELLS; i++)
        power[i] = mode(i % W, m, W) * mode(i / W, n, H);
      double die = mode_value(one->gx[0], m, W) + mode_value(one->gy[0], n, H);
      assert_int_equal(sf_thermal_steady(one, power, rise), SF_OK);
      for (int i = 0; i < CELLS; i++)
        assert_close(rise[i], power[i] / (die + one->ambient));
      double sheet =
          mode_value(two->gx[1], m, W) + mode_value(two->gy[1], n, H);
      double v = two->vertical, a = die + v, b = sheet + v + two->ambient;
      assert_int_equal(sf_thermal_steady(two, power, rise), SF_OK);
      for (int i = 0; i < CELLS; i++) {
        assert_close(rise[i], power[i] * b / (a * b - v * v));
        assert_close(rise[CELLS + i], power[i] * v / (a * b - v * v));
      }
    }
  }
  sf_arena_destroy(arena);
}

/* Two cells of 1 mm x 2 mm: sum and difference of the rises by hand. */
static void two_cells_by_hand(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_thermal_plate p = {.width = 2,
                        .height = 1,
                        .cell_width = 1e-3,
                        .cell_height = 2e-3,
                        .die = {0.5e-3, 100, 0},
                        .resistance = 5};
  sf_thermal *t = create(arena, p);
  double power[2] = {3, 1}, rise[2];
  assert_int_equal(sf_thermal_steady(t, power, rise), SF_OK);
  const double between = 100 * 0.5e-3 * 2; /* k t height / width = 0.1 W/K */
  const double down = 1 / (5.0 * 2);       /* 0.1 W/K */
  assert_close(rise[0] + rise[1], 4 / down);
  assert_close(rise[0] - rise[1], 2 / (down + 2 * between));
  assert_int_equal(sf_thermal_advance(t, power, 1, rise), SF_FAIL);
  sf_arena_destroy(arena);
}

static void bad_plates_are_refused(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  bool none[CELLS] = {false};
  sf_thermal_plate bad[] = {bare(), bare(), bare(), spread(), bare()};
  bad[0].width = 0;
  bad[1].resistance = -1;
  bad[2].die.conductivity = NAN;
  bad[3].spreader.conductivity = 0;
  bad[4].present = none;
  sf_thermal *t;
  for (size_t i = 0; i < SF_COUNT_OF(bad); i++)
    assert_int_equal(sf_thermal_create(&bad[i], arena, &t), SF_FAIL);
  sf_arena_destroy(arena);
}

static void check_influence(sf_arena *arena, sf_thermal *t) {
  double power[CELLS], rise[2 * CELLS];
  scatter(power);
  for (uint32_t i = 0; i < t->cells; i++)
    if (!t->present[i]) power[i] = 0;
  sf_thermal_influence r;
  assert_int_equal(sf_thermal_influence_of(t, arena, &r), SF_OK);
  assert_int_equal(sf_thermal_steady(t, power, rise), SF_OK);
  for (uint32_t at = 0; at < t->cells; at++) {
    double sum = 0;
    for (uint32_t of = 0; of < t->cells; of++)
      if (power[of] != 0)
        sum += power[of] * sf_thermal_influence_at(&r, at, of);
    assert_close(sum, rise[at]);
  }
}

static void influence_is_what_the_solver_finds(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  bool present[CELLS];
  for (int i = 0; i < CELLS; i++)
    present[i] = i % 7 != 3 || i == 77;
  sf_thermal_plate holes = bare(), holes_on_spreader = spread();
  holes.present = holes_on_spreader.present = present;
  check_influence(arena, create(arena, bare()));
  check_influence(arena, create(arena, spread()));
  check_influence(arena, create(arena, holes));
  check_influence(arena, create(arena, holes_on_spreader));
  sf_arena_destroy(arena);
}

/* One cell: y = k R (P + L exp(y)) in y = k rise, with P chosen for a wanted y;
 * the loop gain is k R L exp(y). */
static void leakage_of_one_cell(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_thermal_plate p = bare();
  p.width = p.height = 1;
  sf_thermal *t = create(arena, p);
  const double k = 0.025, r = 20, leak = 0.25, ambient = 318.15;
  const double at_ambient = k * r * leak * exp(k * (ambient - 300));
  sf_thermal_leakage l = {&leak, 300, k, ambient};
  for (double y = 0.3; y < 1.45; y += 0.1) {
    double power = (y - at_ambient * exp(y)) / (k * r), rise;
    sf_thermal_feedback f;
    assert_int_equal(sf_thermal_steady_leaking(t, &power, &l, &rise, &f),
                     SF_OK);
    assert_false(f.runaway);
    assert_close(rise, y / k);
    assert_close(f.gain, at_ambient * exp(y));
    assert_close(f.leakage, at_ambient * exp(y) / (k * r));
  }
  /* The largest power with a state is where the gain reaches 1. */
  double fold = -log(at_ambient), rise;
  double power = (fold - 1) / (k * r);
  sf_thermal_feedback f;
  double below = power * (1 - 1e-6), above = power * (1 + 1e-6);
  assert_int_equal(sf_thermal_steady_leaking(t, &below, &l, &rise, &f), SF_OK);
  assert_false(f.runaway);
  assert_true(f.gain > 0.99 && f.gain < 1);
  assert_int_equal(sf_thermal_steady_leaking(t, &above, &l, &rise, &f), SF_OK);
  assert_true(f.runaway);
  assert_true(f.gain >= 1);
  sf_arena_destroy(arena);
}

/* Equal cells are one cell; then a pattern: the state holds the balance. */
static void leakage_of_a_plate(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_thermal *t = create(arena, bare());
  const double k = 0.025, ambient = 300, y = 0.8, b = 0.3;
  double power[CELLS], leak[CELLS], rise[CELLS], again[CELLS];
  for (int i = 0; i < CELLS; i++) {
    leak[i] = b / (k * 20) / N;
    power[i] = (y - b * exp(y)) / (k * 20) / N;
  }
  sf_thermal_leakage l = {leak, ambient, k, ambient};
  sf_thermal_feedback f;
  assert_int_equal(sf_thermal_steady_leaking(t, power, &l, rise, &f), SF_OK);
  for (int i = 0; i < CELLS; i++)
    assert_close(rise[i], y / k);
  assert_close(f.gain, b * exp(y));
  scatter(power);
  for (int i = 0; i < CELLS; i++) {
    power[i] /= 10;
    leak[i] = i % 3 ? 0 : 1e-3;
  }
  assert_int_equal(sf_thermal_steady_leaking(t, power, &l, rise, &f), SF_OK);
  assert_false(f.runaway);
  for (int i = 0; i < CELLS; i++)
    power[i] += leak[i] * exp(k * rise[i]);
  assert_int_equal(sf_thermal_steady(t, power, again), SF_OK);
  for (int i = 0; i < CELLS; i++)
    assert_close(again[i], rise[i]);
  l.sensitivity = 1; /* more than any package carries off */
  assert_int_equal(sf_thermal_steady_leaking(t, power, &l, rise, &f), SF_OK);
  assert_true(f.runaway);
  sf_arena_destroy(arena);
}

/* Uniform power heats one time constant R C: backward Euler multiplies what is
 * missing by 1 / (1 + dt / (R C)) a step. */
static void backward_euler_of_one_time_constant(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_thermal *t = create(arena, bare());
  double power[CELLS], rise[CELLS] = {0};
  for (int i = 0; i < CELLS; i++)
    power[i] = 0.01;
  double end = 0.01 * N * 20, constant = 20 * 1.6303e6 * 31e-6 * 0.15e-3;
  for (int step = 1; step <= 20; step++) {
    assert_int_equal(sf_thermal_advance(t, power, 0.03, rise), SF_OK);
    double missing = pow(1 + 0.03 / constant, -step);
    assert_close(rise[37], end * (1 - missing));
  }
  sf_arena_destroy(arena);
}

/* Peak rise and spread of a map, K, to half of the last printed digits. */
static void check_map(sf_thermal *t, const double *power, double top,
                      double top_digit, double difference, double digit) {
  double rise[2 * CELLS];
  assert_int_equal(sf_thermal_steady(t, power, rise), SF_OK);
  double most = peak(rise, CELLS), least = lowest(rise, CELLS);
  assert_true(fabs(most - top) <= 0.51 * top_digit);
  assert_true(fabs(most - least - difference) <= 0.51 * digit);
}

/* The table of mapping.md 5.3, measured there by another program: half of the
 * cores at 20 mW, the rest at 2 mW; four at 100 mW, the rest at 10 mW. The
 * die is square there. */
static void maps_of_half_the_cores(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_thermal *one = create(arena, bare()), *two = create(arena, spread());
  double block[CELLS], board[CELLS];
  for (int i = 0; i < CELLS; i++) {
    block[i] = i % W < W / 2 ? 0.02 : 0.002;
    board[i] = (i % W + i / W) % 2 ? 0.02 : 0.002;
  }
  check_map(two, block, 2.29, 0.01, 1.02, 0.01);
  check_map(two, board, 1.87, 0.01, 0.18, 0.01);
  check_map(one, block, 34.0, 0.1, 11.6, 0.1);
  check_map(one, board, 28.4, 0.1, 0.46, 0.01);
  /* Four hot cores in the middle together, or one in each quarter. */
  double together[CELLS], apart[CELLS];
  for (int i = 0; i < CELLS; i++)
    together[i] = apart[i] = 0.01;
  for (int k = 0; k < 4; k++) {
    together[(H / 2 - 1 + k / 2) * W + W / 2 - 1 + k % 2] = 0.1;
    apart[(k / 2 ? 3 * H / 4 : H / 4) * W + (k % 2 ? 3 * W / 4 : W / 4)] = 0.1;
  }
  check_map(two, together, 3.40, 0.01, 1.44, 0.01);
  check_map(one, together, 36.7, 0.1, 4.9, 0.1);
  check_map(two, apart, 2.89, 0.01, 0.93, 0.01);
  check_map(one, apart, 34.6, 0.1, 2.6, 0.1);
  sf_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniform_power_rises_by_power_times_resistance),
      cmocka_unit_test(power_in_is_heat_out),
      cmocka_unit_test(four_corners_equal_the_centre),
      cmocka_unit_test(cosine_modes_are_scaled),
      cmocka_unit_test(two_cells_by_hand),
      cmocka_unit_test(bad_plates_are_refused),
      cmocka_unit_test(influence_is_what_the_solver_finds),
      cmocka_unit_test(leakage_of_one_cell),
      cmocka_unit_test(leakage_of_a_plate),
      cmocka_unit_test(backward_euler_of_one_time_constant),
      cmocka_unit_test(maps_of_half_the_cores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
