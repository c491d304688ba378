/* linear_algebra.c - blocked Cholesky factorization and triangular inverse.
 *
 * Right-looking: factor a diagonal block, solve the panel below it, subtract
 * the panel's products from what remains. Blocks of the remainder are
 * independent, so threads only share out blocks. */
#include "passes/linear_algebra.h"

#include "support/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };

typedef struct matrix {
  double *a;
  size_t n;
  size_t first, last; /* of the block at work: rows first .. last - 1 */
} matrix;

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* sum of x[k] y[k], in order */
static double dot(const double *x, const double *y, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++)
    sum += x[k] * y[k];
  return sum;
}

/* The diagonal block, unblocked; what is left of it was subtracted already. */
static bool factor_block(const matrix *m) {
  for (size_t j = m->first; j < m->last; j++) {
    double *row = m->a + j * m->n;
    size_t before = j - m->first;
    double pivot = row[j] - dot(row + m->first, row + m->first, before);
    if (!(pivot > 0) || !isfinite(pivot)) return false;
    row[j] = sqrt(pivot);
    for (size_t i = j + 1; i < m->last; i++) {
      double *other = m->a + i * m->n;
      other[j] =
          (other[j] - dot(other + m->first, row + m->first, before)) / row[j];
    }
  }
  return true;
}

/* Rows of the panel: L_ij = (A_ij - sum) / L_jj, one block of rows a task. */
static sf_result solve_panel(void *data, size_t index) {
  const matrix *m = data;
  size_t begin = m->last + index * BLOCK, end = least(begin + BLOCK, m->n);
  for (size_t i = begin; i < end; i++) {
    double *row = m->a + i * m->n;
    for (size_t j = m->first; j < m->last; j++) {
      const double *diagonal = m->a + j * m->n;
      row[j] =
          (row[j] - dot(row + m->first, diagonal + m->first, j - m->first)) /
          diagonal[j];
    }
  }
  return SF_OK;
}

/* A_ij -= L_i . L_j over the block's columns, one block of rows a task. */
static sf_result update_rest(void *data, size_t index) {
  const matrix *m = data;
  size_t begin = m->last + index * BLOCK, end = least(begin + BLOCK, m->n);
  size_t width = m->last - m->first;
  for (size_t i = begin; i < end; i++) {
    double *row = m->a + i * m->n;
    for (size_t j = m->last; j <= i; j++)
      row[j] -= dot(row + m->first, m->a + j * m->n + m->first, width);
  }
  return SF_OK;
}

sf_result sf_cholesky(double *a, size_t n, unsigned threads, bool *ok) {
  matrix m = {.a = a, .n = n};
  *ok = true;
  for (m.first = 0; m.first < n; m.first = m.last) {
    m.last = least(m.first + BLOCK, n);
    *ok = factor_block(&m);
    if (!*ok) return SF_OK;
    size_t blocks = (n - m.last + BLOCK - 1) / BLOCK;
    SF_TRY(sf_parallel(threads, blocks, solve_panel, &m));
    SF_TRY(sf_parallel(threads, blocks, update_rest, &m));
  }
  for (size_t i = 0; i < n; i++)
    memset(a + i * n + i + 1, 0, (n - i - 1) * sizeof *a);
  return SF_OK;
}

/* ---- Inverse of a triangle. ---- */

/* Rows of X = L^-1 from the top: x_i = (e_i - sum_{k<i} l_ik x_k) / l_ii. Each
 * block of columns is independent of the others. */
typedef struct inversion {
  const double *l;
  double *x;
  size_t n;
} inversion;

static sf_result invert_columns(void *data, size_t index) {
  const inversion *v = data;
  size_t begin = index * BLOCK, end = least(begin + BLOCK, v->n);
  for (size_t i = begin; i < v->n; i++) {
    double *row = v->x + i * v->n;
    const double *from = v->l + i * v->n;
    for (size_t k = begin; k < i; k++) {
      double factor = from[k];
      const double *other = v->x + k * v->n;
      size_t last = least(k + 1, end); /* x_k ends at its diagonal */
      for (size_t j = begin; j < last; j++)
        row[j] -= factor * other[j];
    }
    if (i < end) row[i] += 1;
    for (size_t j = begin; j < least(i + 1, end); j++)
      row[j] /= from[i];
  }
  return SF_OK;
}

sf_result sf_invert_lower(double *l, size_t n, unsigned threads) {
  double *copy = malloc((n * n + 1) * sizeof *copy);
  if (!copy) return SF_OOM;
  memcpy(copy, l, n * n * sizeof *copy);
  memset(l, 0, n * n * sizeof *l);
  inversion v = {copy, l, n};
  sf_result result =
      sf_parallel(threads, (n + BLOCK - 1) / BLOCK, invert_columns, &v);
  free(copy);
  return result;
}

/* ---- Factor of the inverse. ---- */

/* With J the reversal: J A J = L L^T, so A = (J L J)(J L J)^T with an upper
 * factor R = J L J, and A^-1 = (R^-1)^T R^-1: U = R^-1 is upper, U^T U. */
sf_result sf_inverse_factor(double *a, size_t n, unsigned threads, bool *ok) {
  for (size_t i = 0; i < n; i++) /* the whole matrix, then reversed */
    for (size_t j = i + 1; j < n; j++)
      a[i * n + j] = a[j * n + i];
  size_t all = n * n;
  for (size_t i = 0; i < all / 2; i++) {
    double kept = a[i];
    a[i] = a[all - 1 - i];
    a[all - 1 - i] = kept;
  }
  SF_TRY(sf_cholesky(a, n, threads, ok));
  if (!*ok) return SF_OK;
  SF_TRY(sf_invert_lower(a, n, threads));
  for (size_t i = 0; i < all / 2; i++) {
    double kept = a[i];
    a[i] = a[all - 1 - i];
    a[all - 1 - i] = kept;
  }
  return SF_OK;
}

void sf_cholesky_solve(const double *l, size_t n, double *b, size_t count) {
  for (size_t r = 0; r < count; r++) {
    double *x = b + r * n;
    for (size_t i = 0; i < n; i++)
      x[i] = (x[i] - dot(l + i * n, x, i)) / l[i * n + i];
    for (size_t i = n; i-- > 0;) {
      double sum = x[i];
      for (size_t k = i + 1; k < n; k++)
        sum -= l[k * n + i] * x[k];
      x[i] = sum / l[i * n + i];
    }
  }
}
