/* test_quantize_functions.c - the functions that norms and softmax are made of,
 * against exact arithmetic in 64 bits and long double. */
#include "passes/quantize/build.h"
#include "support/hash.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct library {
  sf_diag *diag;
  sf_module *module;
} library;

static int open_library(void **state) {
  static library all; /* CMocka hands it to each test */
  all.diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  assert_int_equal(sf_library_load(all.diag, &all.module), SF_OK);
  *state = &all;
  return 0;
}

static int close_library(void **state) {
  library *all = *state;
  sf_module_destroy(all->module);
  sf_diag_destroy(all->diag);
  return 0;
}

static sf_neuron *function(const library *all, const char *name) {
  sf_neuron *neuron =
      sf_module_find_neuron(all->module, (sf_slice){name, strlen(name)});
  assert_non_null(neuron);
  return neuron;
}

static int32_t call(const library *all, const char *name, int32_t x,
                    const sf_word *params, int32_t *second) {
  sf_word input = {.i = x}, emits[2] = {{0}, {0}}, none = {0};
  assert_int_equal(sf_neuron_eval(function(all, name), &input, params, &none,
                                  emits, all->diag),
                   SF_OK);
  if (second) *second = emits[1].i;
  return emits[0].i;
}

/* |r - 2^29.5 / sqrt(w)| <= 1, without a root: (r - 1)^2 w <= 2^59 <= (r + 1)^2
 * w. */
static void check_root(const library *all, int32_t v, int32_t epsilon) {
  sf_word param = {.i = epsilon};
  int64_t sum = (int64_t)v + epsilon;
  uint64_t w = sum > INT32_MAX ? INT32_MAX : sum < 1 ? 1 : (uint64_t)sum;
  uint64_t r = (uint64_t)call(all, "rsqrt", v, &param, NULL);
  assert_true(r >= 1 && r <= UINT64_C(1) << 30);
  assert_true((r - 1) * (r - 1) * w <= UINT64_C(1) << 59);
  assert_true((r + 1) * (r + 1) * w >= UINT64_C(1) << 59);
}

static void test_rsqrt(void **state) {
  const library *all = *state;
  for (int32_t w = 0; w <= 1 << 17; w++)
    check_root(all, w, 0);
  for (int bit = 15; bit < 31; bit++)
    for (int32_t off = -40; off <= 40; off++)
      check_root(all, (int32_t)((1u << bit) - 1 + (uint32_t)off), 0);
  for (int32_t off = 0; off < 200; off++)
    check_root(all, INT32_MAX - off, off % 3);
  sf_random random = sf_random_seeded(5);
  for (int n = 0; n < 20000; n++) {
    int bits = 1 + (int)sf_random_below(&random, 31);
    uint32_t w = sf_random_below(&random, UINT32_C(1) << bits);
    check_root(all, (int32_t)(w & INT32_MAX), 0);
  }
  check_root(all, 0, 1 << 30);
  check_root(all, -5, 3); /* no sum of squares; still a number */
}

static void test_reciprocal(void **state) {
  const library *all = *state;
  sf_word least = {.i = 32767};
  for (int32_t s = 1; s < 200000; s += 7) {
    int32_t n = s < least.i ? least.i : s;
    assert_int_equal(call(all, "reciprocal", s, &least, NULL), (1 << 30) / n);
  }
  /* e r of the largest e stays below 2^30. */
  assert_true((int64_t)32767 * call(all, "reciprocal", 0, &least, NULL) <
              INT64_C(1) << 30);
}

static void test_deviation(void **state) {
  const library *all = *state;
  sf_random random = sf_random_seeded(6);
  for (int n = 0; n < 20000; n++) {
    int32_t c = (int32_t)sf_random_below(&random, 1 << 24) - (1 << 23);
    sf_word m = {.i = (int32_t)sf_random_below(&random, 1 << 21)};
    int32_t square, a = call(all, "deviation", c, &m, &square);
    int64_t sum = (int64_t)c * m.i + (1 << 29);
    int64_t wanted = sum / (1 << 30) - (sum % (1 << 30) < 0);
    assert_int_equal(a, wanted);
    assert_int_equal(square, a * a);
  }
}

static void test_levels(void **state) {
  const library *all = *state;
  sf_random random = sf_random_seeded(7);
  for (int n = 0; n < 20000; n++) {
    int32_t x = (int32_t)sf_random_below(&random, 1u << 31) - (1 << 30);
    sf_word params[4] = {{.i = (int32_t)sf_random_below(&random, 1 << 18)},
                         {.i = (int32_t)sf_random_below(&random, 4096)},
                         {.i = -128},
                         {.i = 127}};
    /* Nearest multiple of 2^-8 of a level below, then the nearest level. */
    long double exact = ldexpl((long double)x * params[0].i, -30);
    long double level = floorl((floorl(exact) + params[1].i) / 256);
    long double wanted = fminl(fmaxl(level, -128), 127);
    assert_int_equal(call(all, "levels", x, params, NULL), (int32_t)wanted);
  }
}

static void test_exp_table(void **state) {
  (void)state;
  static const double steps[] = {1e-6, 0.01, 0.0433, 0.125, 0.5, 1, 3.25, 20};
  sf_arena *arena = sf_arena_create();
  for (size_t i = 0; i < SF_COUNT_OF(steps); i++) {
    int32_t count, span = i % 2 ? 255 : 511;
    int32_t *e = sf_exp_table(arena, steps[i], span, &count);
    assert_non_null(e);
    assert_true(count >= 1 && count <= span + 1);
    for (int32_t n = 0; n < count; n++) {
      long double exact =
          32767 * expl(-(long double)steps[i] * (count - 1 - n));
      assert_int_equal(e[n], (int32_t)floorl(exact + 0.5L));
      assert_true(n == 0 || e[n] >= e[n - 1]);
      assert_true(n == 0 || e[n] > 0); /* at most one zero: the first */
    }
    assert_true(count == span + 1 || e[0] == 0);
  }
  sf_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rsqrt),     cmocka_unit_test(test_reciprocal),
      cmocka_unit_test(test_deviation), cmocka_unit_test(test_levels),
      cmocka_unit_test(test_exp_table),
  };
  return cmocka_run_group_tests(tests, open_library, close_library);
}
