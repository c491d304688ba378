/* ranges.h - interval analysis: which integers every value can hold, and which
 * ops without a mode are proved to fit. docs/ir.md 6.
 *
 * One interval a value (all its elements, all steps). Weights, biases and
 * population arguments count with what they really are; inputs with their type;
 * states with their width or, if that proves less, with what they can reach
 * from the initial value: until nothing new is reached, or for the network's
 * `steps`. f32 values have no interval. */
#ifndef SF_IR_RANGES_H
#define SF_IR_RANGES_H

#include "ir/arith.h"
#include "sf/ir.h"

typedef struct sf_ranges sf_ranges;

/* Analyses a verified network; loads its blobs. */
sf_result sf_ranges_create(const sf_network *network, sf_diag *diag,
                           sf_ranges **out) SF_MUST_USE;
void sf_ranges_destroy(sf_ranges *ranges); /* NULL is fine */

/* False: f32, or a value of another network. */
bool sf_ranges_value(const sf_ranges *ranges, const sf_value *value,
                     sf_range *out);

/* Reports each op and statement that was not proved, as UNPROVED. */
void sf_ranges_report(const sf_ranges *ranges, sf_diag *diag);

/* ---- Shared by the files of the analysis. ---- */

/* An interval before the overflow step: sums of products need more than 64
 * bits. Sums of projections stay below 2^95. */
typedef struct sf_span {
  sf_wide low, high;
} sf_span;

static inline sf_span sf_span_of(sf_wide low, sf_wide high) {
  return (sf_span){low, high};
}
static inline sf_span sf_span_join(sf_span a, sf_span b) {
  return (sf_span){a.low < b.low ? a.low : b.low,
                   a.high > b.high ? a.high : b.high};
}
sf_span sf_span_type(sf_scalar scalar); /* all values of the type */
sf_span sf_span_multiply(sf_span a, sf_span b);
bool sf_span_fits(sf_span span, sf_scalar scalar);
/* After the overflow step; without a mode, what is left if it did not stop. */
sf_span sf_span_fit(sf_span span, sf_scalar scalar, sf_mode mode);

/* Least and largest element of a loaded integer blob, of flat indices
 * first .. last. */
sf_span sf_span_blob(const sf_blob *blob, size_t first, size_t last);

/* ranges_sum.c: result of a projection, pool, matmul or reduce whose operand 0
 * lies in `x` (matmul: operand 1 in `y`). */
sf_result sf_span_sum(const sf_op *op, sf_span x, sf_span y, sf_diag *diag,
                      sf_span *out) SF_MUST_USE;

/* A statement without a mode that may not fit, and what it could reach. */
typedef struct sf_stmt_reach {
  const sf_stmt *stmt;
  sf_span span;
} sf_stmt_reach;

/* ranges_neuron.c. One neuron function in one population. */
typedef struct sf_neuron_ranges {
  const sf_op *op;
  sf_span *slots;  /* by slot, over all steps */
  sf_span *states; /* at the start of any step */
  uint32_t unproved_count;
  sf_stmt_reach *unproved;
  int64_t unproved_step; /* steps from the initial state; -1: any state */
} sf_neuron_ranges;
/* `inputs`: one a neuron input. `steps`: how long the network runs, -1 unknown.
 */
sf_result sf_neuron_ranges_create(const sf_op *op, const sf_span *inputs,
                                  int64_t steps, sf_arena *arena, sf_diag *diag,
                                  sf_neuron_ranges **out) SF_MUST_USE;
sf_span sf_neuron_ranges_emit(const sf_neuron_ranges *ranges, uint32_t index);

#endif
