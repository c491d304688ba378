/* fold_batchnorm.h - what the files of fold-batchnorm share. */
#ifndef SF_PASSES_FOLD_BATCHNORM_H
#define SF_PASSES_FOLD_BATCHNORM_H

#include "passes/qdq/qdq.h"

/* y = scale x + shift, one of each for each index of `axis` (-1: one). */
typedef struct sf_affine {
  sf_scale scale, shift; /* same axis and count */
} sf_affine;

/* affine.c: batchnorm, and add, sub, mul, div by constants that
 * are one number, or one a channel. *ok false: `op` is none. */
sf_result sf_affine_of(const sf_op *op, sf_arena *arena, sf_diag *diag,
                       bool *ok, sf_affine *out) SF_MUST_USE;
bool sf_affine_shifts(const sf_affine *affine);
/* The affine of the operand of `op` (reshape, transpose, average pool) that
 * gives `affine` of its result, or the other way round. *ok false: there is
 * none. */
sf_result sf_affine_before(const sf_op *op, const sf_affine *affine,
                           sf_arena *arena, bool *ok,
                           sf_affine *out) SF_MUST_USE;
sf_result sf_affine_behind(const sf_op *op, const sf_affine *affine,
                           sf_arena *arena, bool *ok,
                           sf_affine *out) SF_MUST_USE;

/* weights.c: a projection with other weights and bias in place
 * of `op`, which is erased. `output`: the affine is of its result, else of its
 * operand. *ok false: zero padding would see the shift. */
sf_result sf_fold_into(sf_pass_run *run, sf_op *op, const sf_affine *affine,
                       bool output, bool *ok) SF_MUST_USE;
/* A depthwise 1x1 convolution, or mul and add, in place of `op`. */
sf_result sf_affine_to_ops(sf_pass_run *run, sf_op *op,
                           const sf_affine *affine) SF_MUST_USE;

/* measure.c: largest difference of the results of the first
 * networks of two modules over a few inputs (the samples, or seeded ones in
 * [-2, 2)), relative to the largest magnitude. *inputs: how many; 0: nothing
 * could be compared. */
sf_result sf_measure_change(const sf_pass_run *run, const sf_module *before,
                            double *relative, uint32_t *inputs) SF_MUST_USE;

#endif
