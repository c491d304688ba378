/* test_quantize.c - the searches of quantize against brute force, and that
 * binary32 gives what integer division gives, for every D that may be chosen.
 */
#include "passes/calibrate/calibrate.h"
#include "passes/linear_algebra.h"
#include "passes/quantize/reconstruct.h"
#include "support/hash.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WEIGHTS = 24, MOST = 4000 };

static double uniform(sf_random *random) {
  return 2 * sf_random_unit(random) - 1;
}

/* Least error of all odd D, by the plain formula. */
static double brute_force(const sf_grid_row *rows, size_t count, double step,
                          int32_t most, int32_t *best) {
  double least = (double)INFINITY;
  for (int32_t d = 1; d <= most; d += 2) {
    double error = 0;
    for (size_t r = 0; r < count; r++) {
      double top = (double)(1 << (rows[r].bits - 1)) - 1;
      for (size_t k = 0; k < rows[r].count; k++) {
        double w = rows[r].weights[k] * d / step;
        double q = fmin(fmax(round(w), -top), top);
        error += pow((w - q) * step / d, 2);
      }
    }
    if (error < least * (1 - 1e-12)) {
      least = error;
      *best = d;
    }
  }
  return least;
}

static void test_divisor(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(3);
  for (int round = 0; round < 60; round++) {
    double weights[WEIGHTS], stream = 0.2 + sf_random_unit(&random);
    for (int k = 0; k < WEIGHTS; k++)
      weights[k] = uniform(&random) * (round % 2 ? 1 : 0.05);
    unsigned bits = 3 + sf_random_below(&random, 6);
    sf_grid_row rows[] = {{weights, WEIGHTS, bits}, {&stream, 1, 8}};
    size_t count = 1 + (size_t)round % 2;
    double step = 0.5 + sf_random_unit(&random);
    int32_t wanted = 0;
    double least = brute_force(rows, count, step, MOST, &wanted);
    int32_t found = sf_grid_divisor(rows, count, step, MOST);
    assert_true(found % 2 == 1 && found >= 1 && found <= MOST);
    double error = sf_grid_error(rows, count, step / found);
    /* A grid of D is searched where there are many: near the best of all. */
    assert_true(error <= least * 1.25 + 1e-18);
    if (wanted < 150 && bits <= 5) assert_true(error <= least * 1.0001);
  }
}

/* Weights on a grid are found without error. */
static void test_divisor_exact(void **state) {
  (void)state;
  for (int32_t d = 1; d < 400; d += 2) {
    double step = 0.37,
           weights[] = {127 * step / d, -3 * step / d, 0, 64 * step / d};
    sf_grid_row row = {weights, 4, 8};
    int32_t found = sf_grid_divisor(&row, 1, step, 100000);
    assert_true(sf_grid_error(&row, 1, step / found) < 1e-20 * step);
  }
}

static void test_rounding_rules(void **state) {
  (void)state;
  const double weights[] = {0.5, -0.5, 1.5, -2.5, 0, 9, -9, 0.4999999999999999};
  int32_t q[8];
  sf_grid_round(&(sf_grid_row){weights, 8, 4}, 1, q);
  const int32_t wide[] = {1, -1, 2, -3, 0, 7, -7, 0};
  assert_memory_equal(q, wide, sizeof wide);
  /* mean magnitude 2.9375: threshold 2.056 */
  sf_grid_round(&(sf_grid_row){weights, 8, 2}, 1, q);
  const int32_t ternary[] = {0, 0, 0, -1, 0, 1, -1, 0};
  assert_memory_equal(q, ternary, sizeof ternary);
  sf_grid_round(&(sf_grid_row){weights, 8, 1}, 1, q);
  const int32_t signs[] = {1, -1, 1, -1, 0, 1, -1, 1};
  assert_memory_equal(q, signs, sizeof signs);
}

/* floor((a + D div 2) / D) clipped, and quantize(dequantize(a)) in binary32. */
static void test_binary32(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(11);
  for (int round = 0; round < 4000; round++) {
    int32_t high = 1 << sf_random_below(&random, 9);
    int32_t top = (1 << 21) / (high + 1);
    int32_t d = (int32_t)sf_random_below(&random, (uint32_t)top) | 1;
    if (d > top) continue;
    float step = (float)exp(20 * uniform(&random));
    float delta = (float)((double)step / d);
    /* Next to each tie, and anywhere. */
    for (int k = 0; k < 40; k++) {
      int64_t level = sf_random_below(&random, (uint32_t)high + 2);
      int64_t a =
          level * d + (k % 4 < 2 ? d / 2 + k % 2 : 0) -
          (k % 4 == 2 ? (int64_t)sf_random_below(&random, (uint32_t)d * 3u)
                      : 0);
      int64_t exact = (a + d / 2) / d - ((a + d / 2) % d < 0);
      exact = exact < 0 ? 0 : exact > high ? high : exact;
      float x = (float)((double)a * (double)delta); /* exact, rounded once */
      float quotient = x / step;
      double q = floor((double)quotient + 0.5);
      q = q < 0 ? 0 : q > high ? high : q;
      assert_int_equal((int64_t)q, exact);
    }
  }
}

/* Sequential rounding against all 3^6 ternary choices and against nearest. */
static void test_reconstruction(void **state) {
  (void)state;
  enum { N = 6, CHOICES = 729 };
  sf_random random = sf_random_seeded(5);
  int better = 0, rounds = 200;
  double total = 0, nearest_total = 0, best_total = 0;
  for (int round = 0; round < rounds; round++) {
    double h[N * N] = {0}, factor[N * N], w[N], work[N];
    for (int s = 0; s < 3 * N; s++) {
      double x[N], common = uniform(&random);
      for (int i = 0; i < N; i++)
        x[i] = common + 0.3 * uniform(&random);
      for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++)
          h[i * N + j] += x[i] * x[j];
    }
    memcpy(factor, h, sizeof h);
    bool ok;
    assert_int_equal(sf_inverse_factor(factor, N, 1, &ok), SF_OK);
    assert_true(ok);
    for (int i = 0; i < N; i++)
      w[i] = 1.4 * uniform(&random);
    sf_grid_row row = {w, N, 8};
    int32_t found[N], nearest[N];
    sf_reconstruct_row(&row, 1, factor, work, found);
    sf_grid_round(&row, 1, nearest);
    double best = (double)INFINITY;
    for (int c = 0; c < CHOICES * 4; c++) {
      int32_t q[N];
      for (int i = 0, left = c; i < N; i++, left /= 3)
        q[i] = (int32_t)lround(w[i]) - 1 + left % 3;
      best = fmin(best, sf_reconstruct_error(h, N, w, 1, q));
    }
    double error = sf_reconstruct_error(h, N, w, 1, found);
    double plain = sf_reconstruct_error(h, N, w, 1, nearest);
    assert_true(best <= error + 1e-12);
    better += error <= plain + 1e-12;
    total += error;
    nearest_total += plain;
    best_total += best;
  }
  assert_true(better > rounds * 3 / 4);
  assert_true(total < nearest_total / 2);
  assert_true(total < best_total * 4);
}

/* The grid's step against a fine search over all steps. */
static void test_steps(void **state) {
  (void)state;
  enum { COUNT = 500 };
  sf_random random = sf_random_seeded(9);
  float values[COUNT];
  for (int i = 0; i < COUNT; i++)
    values[i] = i % 3 ? (float)pow(sf_random_unit(&random), 3) : 0;
  sf_channel_values v = {values, 10, 50, 50};
  double errors[SF_STEP_CANDIDATES] = {0}, most = 0;
  for (int i = 0; i < COUNT; i++)
    most = fmax(most, (double)values[i]);
  sf_step_errors(&v, most / 15, 0, 15, errors);
  for (int i = 0; i < SF_STEP_CANDIDATES; i++) {
    double step = most / 15 * (1 - 0.01 * i), sum = 0;
    for (int k = 0; k < COUNT; k++) {
      double q = fmin(floor((double)values[k] / step + 0.5), 15);
      sum += pow((double)values[k] - q * step, 2);
    }
    assert_true(fabs(sum - errors[i]) <= 1e-12);
  }
  uint64_t bins[SF_STEP_BINS] = {0}, total = 0;
  sf_step_histogram(&v, most, bins);
  double median = sf_step_percentile(bins, most, 50);
  size_t below = 0;
  for (int k = 0; k < COUNT; k++) {
    total += values[k] != 0;
    below += values[k] != 0 && (double)values[k] < median;
  }
  assert_true(below * 2 >= total && below * 2 <= total + 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_divisor),
      cmocka_unit_test(test_divisor_exact),
      cmocka_unit_test(test_rounding_rules),
      cmocka_unit_test(test_binary32),
      cmocka_unit_test(test_reconstruction),
      cmocka_unit_test(test_steps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
