/* linear_algebra.h - symmetric positive definite matrices in binary64: blocked
 * Cholesky factors and inverses. Row-major, n by n, n up to
 * SF_MATRIX_ORDER_MAX. Every element is computed by the same operations in the
 * same order, whatever the number of threads. */
#ifndef SF_PASSES_LINEAR_ALGEBRA_H
#define SF_PASSES_LINEAR_ALGEBRA_H

#include "sf/base.h"

enum { SF_MATRIX_ORDER_MAX = 16384 };

/* A = L L^T, in place: the lower triangle of `a` is read and becomes L, the
 * upper one becomes 0. *ok false: a pivot is not positive (`a` is then
 * undefined). Errors: OOM. */
sf_result sf_cholesky(double *a, size_t n, unsigned threads,
                      bool *ok) SF_MUST_USE;
/* The inverse of a lower triangular matrix without zeros on the diagonal, in
 * place. */
sf_result sf_invert_lower(double *l, size_t n, unsigned threads) SF_MUST_USE;
/* Upper U with U^T U = A^-1, in place of A (lower triangle read): what
 * sequential rounding needs (conversion.md 4.2). *ok as sf_cholesky. */
sf_result sf_inverse_factor(double *a, size_t n, unsigned threads,
                            bool *ok) SF_MUST_USE;
/* Solves A x = b for `count` right-hand sides (rows of `b`, length n), given
 * the factor L of sf_cholesky; in place. */
void sf_cholesky_solve(const double *l, size_t n, double *b, size_t count);

#endif
