/* degrees.h - which power of the unit each value of a neuron function has.
 *
 * Sums of weights come in a unit u: real = integer u. What is added to them or
 * compared with them has the same unit, degree 1; what multiplies them, as a
 * decay, has none, degree 0; products add degrees, quotients subtract them. */
#ifndef SF_PASSES_QUANTIZE_NEURONS_DEGREES_H
#define SF_PASSES_QUANTIZE_NEURONS_DEGREES_H

#include "sf/neuron.h"

/* Degrees of one function. Values that are not f32 have 0. */
typedef struct sf_degrees {
  const sf_neuron *neuron;
  int *of;                    /* a slot, then three a statement: literals */
  const sf_nvalue *bad_value; /* inference failed: it cannot have one degree */
} sf_degrees;

/* Infers them: f32 inputs have degree 1, factors that nothing binds have 0.
 * out->bad_value is not NULL where the function adds or compares what has
 * different units. SF_OOM is the only failure. */
sf_result sf_degrees_infer(const sf_neuron *neuron, sf_arena *arena,
                           sf_degrees *out) SF_MUST_USE;
/* Degree of operand `index` of a statement; that of a literal follows. */
int sf_degree_of_operand(const sf_degrees *degrees, const sf_stmt *stmt,
                         uint32_t index);

static inline bool sf_is_f32(sf_scalar scalar) {
  return scalar.kind == SF_SCALAR_F32;
}

#endif
