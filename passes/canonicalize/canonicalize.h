/* canonicalize.h - what the files of canonicalize share. */
#ifndef SF_PASSES_CANONICALIZE_H
#define SF_PASSES_CANONICALIZE_H

#include "sf/pass.h"

/* ops.c: a value that equals the result of `op` in every step, or
 * NULL. May change `op` itself (operands, attributes): *changed. */
sf_result sf_simplify_op(sf_op *op, bool *changed, sf_value **out) SF_MUST_USE;

/* join.c: a function of one stream moves before the concatenation that only it
 * reads. *out NULL: there is none. */
sf_result sf_simplify_joined(sf_op *op, sf_value **out) SF_MUST_USE;

/* zero.c: true when every element is 0 in every step. */
bool sf_is_always_zero(const sf_value *value);
/* Every element of the blob is `number` (integers and f32 alike). */
bool sf_blob_is_all(const sf_blob *blob, int number);

/* equal.c: an earlier op that computes the same; NULL: none. */
sf_op *sf_find_equal_op(const sf_op *op);

/* neuron.c: folds, identities, repeated and dead statements.
 * *count grows by the statements that went or became simpler. */
sf_result sf_simplify_neuron(sf_pass_run *run, sf_neuron *neuron,
                             uint64_t *count) SF_MUST_USE;
/* fold.c: the literal that a statement of literals computes.
 * *known false: it overflows, draws, or has no literal form. */
sf_result sf_fold_stmt(const sf_stmt *stmt, bool *known,
                       sf_number *out) SF_MUST_USE;

#endif
