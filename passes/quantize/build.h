/* build.h - integer ops that take the place of f32 ones. NULL: out of memory,
 * or a diagnostic of the library. */
#ifndef SF_PASSES_QUANTIZE_BUILD_H
#define SF_PASSES_QUANTIZE_BUILD_H

#include "passes/quantize/quantize.h"

/* Where ops go and what their results are called. */
typedef struct sf_build {
  sf_quantizer *q;
  sf_op *before;
  const char *name;
} sf_build;

/* Like `type`, integers of that many bits. */
static inline sf_type sf_int_type(const sf_type *type, unsigned bits) {
  sf_type out = *type;
  out.scalar = sf_int(bits);
  return out;
}

sf_value *sf_build_binary(const sf_build *b, sf_op_kind kind, sf_mode mode,
                          sf_value *x, sf_value *y, const sf_type *type);
/* x times one number. */
sf_value *sf_build_times(const sf_build *b, sf_value *x, int32_t factor,
                         const sf_type *type);
/* The same elements in another shape. */
sf_value *sf_build_reshape(const sf_build *b, sf_value *x, const sf_type *type);
/* Over the axes of the bit mask, which stay with extent 1. */
sf_value *sf_build_reduce(const sf_build *b, sf_pool_kind kind, sf_value *x,
                          uint32_t axes, unsigned bits);
/* A population of a library function with one input; its results are the
 * caller's to add. `emit`: NULL, or another emitted type. */
sf_op *sf_build_population(const sf_build *b, const char *function,
                           const sf_scalar *emit, sf_value *x);
/* The same of a function of the module's own. */
sf_op *sf_build_neurons(const sf_build *b, sf_neuron *neuron, sf_value *x);
void sf_build_set(sf_op *population, const char *param, int64_t value);
/* A result of the population, of the shape of its input. */
sf_value *sf_build_result(const sf_build *b, sf_op *population, unsigned bits);

/* What rounds a fixed-point stream x to the levels of a site: real value = x
 * unit gain + shift, where gain and shift are constants that broadcast to x
 * without its last `behind` axes (NULL: 1, 0). */
typedef struct sf_levels_plan {
  const sf_op *site; /* quantize */
  const sf_scale *step;
  double unit;
  sf_blob *gain, *shift;
  uint32_t behind;
} sf_levels_plan;
/* *out NULL: steps are so small that a factor has more than 31 bits. */
sf_result sf_build_levels(const sf_build *b, const sf_levels_plan *plan,
                          sf_value *x, sf_value **out) SF_MUST_USE;

/* softmax.c: round((2^15 - 1) exp(-step d)) for d = count - 1 .. 0, in this
 * order; count = span + 1, or less, when the first is 0 already. NULL: out of
 * memory. */
int32_t *sf_exp_table(sf_arena *arena, double step, int32_t span,
                      int32_t *count);

#endif
