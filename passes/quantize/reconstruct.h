/* reconstruct.h - weights rounded one after the other, each error made good by
 * those that follow (GPTQ; conversion.md 4.2). */
#ifndef SF_PASSES_QUANTIZE_RECONSTRUCT_H
#define SF_PASSES_QUANTIZE_RECONSTRUCT_H

#include "passes/quantize/quantize.h"

enum { SF_RECONSTRUCT_ORDER_MAX = 4608 }; /* weights of one channel */

/* Lower triangles of sum x x^T, a matrix a channel group. malloc'ed. */
typedef struct sf_moments {
  size_t groups, order;
  double *values; /* NULL: the projection has none, or it is too large */
} sf_moments;

/* moments.c */
sf_result sf_term_moments(sf_quantizer *q, const sf_term *term,
                          sf_moments *out) SF_MUST_USE;

/* Rounds the weights of one channel to units of delta. `factor`: U, upper, n by
 * n, with U^T U = H^-1 (sf_inverse_factor). `work`: room for n numbers. */
void sf_reconstruct_row(const sf_grid_row *row, double delta,
                        const double *factor, double *work, int32_t *out);
/* e^T H e for e = weights - delta q; H lower triangle. */
double sf_reconstruct_error(const double *moments, size_t n,
                            const double *weights, double delta,
                            const int32_t *q);

#endif
