/* qdq.h - quantize/dequantize form: analog networks whose streams are rounded
 * to steps, and what stands for an f32 stream in integers.
 *
 *   %q = quantize %f, @s {round = half-up, low = 0, high = 15} : i5[..]
 *   %d = dequantize %q, @s : f32[..]
 *
 * %d is *backed* by %q: it equals %q times a scale. Ops that only move or
 * compare elements, and sums with equal divisors, carry the integers on. A
 * *linear sum* is an f32 stream that projections, sums of streams and products
 * with constants make: one integer accumulator after `quantize`. */
#ifndef SF_PASSES_QDQ_H
#define SF_PASSES_QDQ_H

#include "sf/pass.h"

/* f32 value = integer * scale: one number (axis -1, count 1), or one for each
 * index of `axis`. Lives in the arena it was made in. */
typedef struct sf_scale {
  int axis;
  uint32_t count;
  const double *values;
} sf_scale;

sf_scale sf_scale_uniform(sf_arena *arena, double value); /* values NULL: OOM */
/* The same with every number times `factor`; *out may be *in. */
sf_result sf_scale_times(const sf_scale *in, double factor, sf_arena *arena,
                         sf_scale *out) SF_MUST_USE;
/* One number an element, in C order; NULL: out of memory. */
double *sf_scale_expand(const sf_scale *scale, const sf_type *type,
                        sf_arena *arena);
/* The least form that says the same as one number an element; *ok false: it
 * needs two axes. `values` is one number an element of `type`. */
sf_result sf_scale_compress(const double *values, const sf_type *type,
                            sf_arena *arena, bool *ok,
                            sf_scale *out) SF_MUST_USE;
/* Scale of index `i` of the scale's axis. */
static inline double sf_scale_at(const sf_scale *scale, size_t i) {
  return scale->values[scale->axis < 0 ? 0 : i];
}

/* Scale operand of a quantize or dequantize; loads the blob. *ok false: it
 * varies along two axes. */
sf_result sf_qdq_scale(const sf_op *op, sf_arena *arena, sf_diag *diag,
                       bool *ok, sf_scale *out) SF_MUST_USE;
/* A zero point that is not 0 everywhere. */
sf_result sf_qdq_has_zero_point(const sf_op *op, sf_diag *diag,
                                bool *out) SF_MUST_USE;

/* ---- What carries integers on. ---- */

/* reshape, transpose, slice, concat, pool, reduce. */
bool sf_qdq_is_carrier(const sf_op *op);
/* Scale of the result, when the operands are backed with `scales` (one an
 * operand). *ok false: no integer stream can stand for the result. */
sf_result sf_qdq_carry_scale(const sf_op *op, const sf_scale *scales,
                             sf_arena *arena, bool *ok,
                             sf_scale *out) SF_MUST_USE;

/* ---- window.c: average pools. ---- */

/* pool{avg} in integers: factor (sum of the window) / divisor. */
typedef struct sf_qdq_average_pool {
  int64_t divisor;     /* one for all windows */
  int64_t largest;     /* elements that a window holds at most */
  int64_t multiple[2]; /* an axis of the image: their product is `divisor` */
} sf_qdq_average_pool;
/* False: the divisor needs more than 31 bits. */
bool sf_qdq_average(const sf_op *op, sf_qdq_average_pool *out);
/* Factor of each place of the image, in C order; false: all are 1. */
bool sf_qdq_average_factors(const sf_op *op, const sf_qdq_average_pool *pool,
                            int32_t *factors);

/* ---- Linear sums. ---- */

/* An f32 op that a linear sum may be made of: linear, conv, convt; add, sub of
 * two streams of one shape or of a stream and a constant; mul by a constant
 * that is one number, or one a channel. */
bool sf_qdq_is_linear(const sf_op *op);
/* Reads nothing but a linear sum's own next op: no value of its own. */
bool sf_qdq_is_inner(const sf_value *value);
/* Axis of the channels of an analog value: 0, or the last one when `linear` of
 * a matrix makes it. */
int sf_qdq_channel_axis(const sf_value *value);
/* Channel of the operand that weight k of an output channel of a projection
 * reads. */
size_t sf_qdq_input_channel(const sf_op *op, size_t output, size_t k);

/* ---- functions.c: what computes something of rounded values. ---- */

/* A product of two f32 streams: matmul or mul. */
bool sf_qdq_is_product(const sf_op *op);
/* softmax and the norms over elements of one sample: each result depends on a
 * whole vector. */
bool sf_qdq_is_vector_function(const sf_op *op);
/* A constant, or a mask that is an input of the network, or that one chooses,
 * added to the scores of attention, which nothing but a softmax inside the
 * network reads: of rounded scores it moves the levels. No linear sum. */
bool sf_qdq_is_mask(const sf_op *op);
/* An elementwise function that is no staircase of equal steps once it is
 * rounded: conversion makes it a table, so its operand is rounded too. */
bool sf_qdq_is_curve(const sf_op *op);
/* A curve with a dip below zero, which a few levels do not see. */
bool sf_qdq_dips(const sf_op *op);
/* A product with one positive number, or a quotient, which is not part of a
 * larger sum: of rounded values it only changes the step, by *factor. Loads the
 * number. */
sf_result sf_qdq_rescales(const sf_op *op, sf_diag *diag, bool *rescales,
                          double *factor) SF_MUST_USE;

/* ---- Sites, for those who lower them. ---- */

/* A quantize and what it rounds: an accumulator whose units are delta, through
 * relu and clip. */
typedef struct sf_qdq_site {
  const sf_op *quantize;
  const sf_op *dequantize; /* of the accumulator; NULL: none is near */
  sf_value *accumulator;   /* its integer operand */
  int64_t low, high;       /* of q, after relu and clip */
  int axis;                /* of `divisors`; -1: one */
  uint32_t count;
  const int32_t *divisors; /* D: q = clip(floor((a + D div 2) / D), low, high);
                              NULL: the ratio of scales is no odd integer */
} sf_qdq_site;
sf_result sf_qdq_site_get(const sf_op *quantize, sf_arena *arena, sf_diag *diag,
                          sf_qdq_site *out) SF_MUST_USE;

/* Half away from zero, the one rounding of constants. Saturates at int32. */
int32_t sf_round_constant(double value);

#endif
