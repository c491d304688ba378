/* interp_sum.h - sums of products, exact in Z or in the order of the calls.
 * docs/ir.md 5. Private to ir/interp*.c. */
#ifndef SF_IR_INTERP_SUM_H
#define SF_IR_INTERP_SUM_H

#include "ir/arith.h"
#include "ir/interp_node.h"

/* Accumulators are laid out [positions][channels], so that one source element
 * adds to a run of channels; the result is [channels][positions]. */
typedef struct sf_sum {
  size_t positions, channels;
  bool is_float;      /* of the result */
  bool operand_float; /* of x */
  bool each;          /* round every product */
  int shift;          /* negative: multiply */
  sf_round round;
  const sf_word *bias; /* one a channel, or NULL */
  /* One of the three. int64 where the largest possible sum fits, which is
   * decided before the run; __int128 otherwise. */
  int64_t *narrow;
  sf_wide *wide;
  float *floats;
} sf_sum;

/* Largest magnitude that an element of the type can have. */
double sf_scalar_magnitude(sf_scalar scalar);

/* For the node's op: reads shift, round, each (projections) and the bias in
 * operand 2 of linear, conv, convt. `terms` products of at most
 * `largest_weight` in magnitude (integers). */
sf_result sf_sum_create(sf_interp *interp, sf_interp_node *node,
                        size_t positions, size_t channels, double terms,
                        double largest_weight) SF_MUST_USE;
/* Back to nothing summed: integers 0, f32 the bias. */
void sf_sum_start(sf_sum *sum);
/* Adds weights[k] * x to channel `first + k` of `position`, k < count. f32
 * sums take f32 weights. */
void sf_sum_add(sf_sum *sum, size_t position, size_t first, size_t count,
                const sf_word *weights, sf_word x);
/* sf_sum_add for x[0], x[x_step], .. (`length` of them) at positions
 * `position`, position + position_step, ..; zeros are skipped. Returns how many
 * were added. */
typedef struct sf_sum_run {
  size_t position, position_step, first, count;
  const sf_word *weights;
  const sf_word *x;
  size_t x_step, length;
} sf_sum_run;
size_t sf_sum_add_run(sf_sum *sum, const sf_sum_run *run);
/* Shift, bias and overflow step; writes elements first, first + 1, .. of the
 * result. */
sf_result sf_sum_finish(const sf_interp *interp, const sf_interp_node *node,
                        size_t first) SF_MUST_USE;

#endif
