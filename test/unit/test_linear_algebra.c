/* test_linear_algebra.c - Cholesky factors against closed forms and products.
 *
 * The matrix min(i, j) + 1 has the lower triangle of ones as its factor and a
 * tridiagonal inverse; A = B B^T + I is random. Orders around the block size.
 */
#include "passes/linear_algebra.h"
#include "support/hash.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const size_t orders[] = {1, 2, 7, 63, 64, 65, 128, 200, 257};

static double *new_matrix(size_t n) {
  double *a = calloc(n * n, sizeof *a);
  assert_non_null(a);
  return a;
}

static double *minimum_matrix(size_t n) {
  double *a = new_matrix(n);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      a[i * n + j] = (double)(i < j ? i : j) + 1;
  return a;
}

static double *random_matrix(size_t n) {
  sf_random random = sf_random_seeded(n);
  double *b = new_matrix(n), *a = new_matrix(n);
  for (size_t i = 0; i < n * n; i++)
    b[i] = 2 * sf_random_unit(&random) - 1;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < n; k++)
        a[i * n + j] += b[i * n + k] * b[j * n + k];
    a[i * n + i] += 1;
  }
  free(b);
  return a;
}

/* All sums are of small integers: exact. */
static void test_closed_form(void **state) {
  (void)state;
  for (size_t o = 0; o < SF_COUNT_OF(orders); o++) {
    size_t n = orders[o];
    double *a = minimum_matrix(n);
    bool ok;
    assert_int_equal(sf_cholesky(a, n, 2, &ok), SF_OK);
    assert_true(ok);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++)
        assert_true(a[i * n + j] == (j <= i ? 1.0 : 0.0));
    assert_int_equal(sf_invert_lower(a, n, 2), SF_OK);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++)
        assert_true(a[i * n + j] == (i == j ? 1.0 : j + 1 == i ? -1.0 : 0.0));
    free(a);
  }
}

/* The inverse of the minimum matrix: 2 on the diagonal (1 at its end), -1
 * beside it. */
static void test_inverse_factor_closed(void **state) {
  (void)state;
  size_t n = 100;
  double *u = minimum_matrix(n);
  bool ok;
  assert_int_equal(sf_inverse_factor(u, n, 2, &ok), SF_OK);
  assert_true(ok);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t k = 0; k < n; k++)
        sum += u[k * n + i] * u[k * n + j];
      double wanted = i == j ? (i + 1 == n ? 1 : 2) : 0;
      if (i == j + 1 || j == i + 1) wanted = -1;
      assert_true(fabs(sum - wanted) < 1e-10);
      if (j < i) assert_true(u[i * n + j] == 0.0);
    }
  }
  free(u);
}

/* A U^T U = I. */
static void test_inverse_factor_random(void **state) {
  (void)state;
  for (size_t o = 0; o < SF_COUNT_OF(orders); o++) {
    size_t n = orders[o];
    double *a = random_matrix(n), *u = random_matrix(n);
    double *inverse = new_matrix(n);
    bool ok;
    assert_int_equal(sf_inverse_factor(u, n, 2, &ok), SF_OK);
    assert_true(ok);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++)
        for (size_t k = 0; k <= (i < j ? i : j); k++)
          inverse[i * n + j] += u[k * n + i] * u[k * n + j];
    for (size_t i = 0; i < n; i++) {
      for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++)
          sum += a[i * n + k] * inverse[k * n + j];
        assert_true(fabs(sum - (i == j ? 1 : 0)) < 1e-8);
      }
    }
    free(a);
    free(u);
    free(inverse);
  }
}

static void test_solve(void **state) {
  (void)state;
  size_t n = 130;
  double *a = random_matrix(n), *l = random_matrix(n);
  double *x = calloc(2 * n, sizeof *x), *b = calloc(2 * n, sizeof *b);
  assert_true(x && b);
  for (size_t i = 0; i < 2 * n; i++)
    x[i] = (double)(i % 17) - 8;
  for (size_t r = 0; r < 2; r++)
    for (size_t i = 0; i < n; i++)
      for (size_t k = 0; k < n; k++)
        b[r * n + i] += a[i * n + k] * x[r * n + k];
  bool ok;
  assert_int_equal(sf_cholesky(l, n, 2, &ok), SF_OK);
  assert_true(ok);
  sf_cholesky_solve(l, n, b, 2);
  for (size_t i = 0; i < 2 * n; i++)
    assert_true(fabs(b[i] - x[i]) < 1e-8);
  free(a);
  free(l);
  free(x);
  free(b);
}

static void test_not_positive(void **state) {
  (void)state;
  double a[] = {1, 2, 2, 1}, zero[] = {0}, nan[] = {(double)NAN};
  bool ok;
  assert_int_equal(sf_cholesky(a, 2, 1, &ok), SF_OK);
  assert_false(ok);
  assert_int_equal(sf_cholesky(zero, 1, 1, &ok), SF_OK);
  assert_false(ok);
  assert_int_equal(sf_inverse_factor(nan, 1, 1, &ok), SF_OK);
  assert_false(ok);
}

/* Bytes do not depend on the threads. */
static void test_threads(void **state) {
  (void)state;
  size_t n = 257;
  double *one = random_matrix(n), *four = random_matrix(n);
  bool ok;
  assert_int_equal(sf_inverse_factor(one, n, 1, &ok), SF_OK);
  assert_int_equal(sf_inverse_factor(four, n, 4, &ok), SF_OK);
  assert_memory_equal(one, four, n * n * sizeof *one);
  free(one);
  free(four);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_closed_form),
      cmocka_unit_test(test_inverse_factor_closed),
      cmocka_unit_test(test_inverse_factor_random),
      cmocka_unit_test(test_solve),
      cmocka_unit_test(test_not_positive),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
