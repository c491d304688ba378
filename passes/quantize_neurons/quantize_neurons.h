/* quantize_neurons.h - what the files of quantize-neurons share.
 *
 * A population that works on f32 gets a unit u, one number or one a channel:
 * its weights become integers of u, its potentials integers of u / 2^fraction.
 */
#ifndef SF_PASSES_QUANTIZE_NEURONS_QUANTIZE_NEURONS_H
#define SF_PASSES_QUANTIZE_NEURONS_QUANTIZE_NEURONS_H

#include "passes/quantize_neurons/degrees.h"
#include "sf/pass.h"

typedef struct sf_neurons_options {
  int64_t bits, input_levels, steps, samples;
  bool per_channel;
  double input_step; /* 0: from the samples */
} sf_neurons_options;

/* One number, or one an index of `axis`. */
typedef struct sf_unit {
  int axis; /* -1: one */
  uint32_t count;
  double *values;
} sf_unit;

static inline double sf_unit_at(const sf_unit *unit, size_t index) {
  return unit->values[unit->axis < 0 ? 0 : index];
}

/* A projection into a sum, or a stream that joins it as it is. */
typedef struct sf_sum_term {
  sf_op *op; /* NULL: the stream itself, `leaf` */
  const sf_value *leaf;
  sf_value *integer; /* what it reads */
  double scale;      /* real value of one of it */
  sf_blob *weights, *bias;
  uint32_t channels, row; /* weights: row of each channel */
  int axis;               /* of the channels in the result */
  double *most;           /* largest weight of each channel, real */
  int exponent;           /* its weights count 2^exponent units */
} sf_sum_term;

/* What a population or a result of the network sums up. */
typedef struct sf_sum {
  uint32_t count, capacity;
  sf_sum_term *terms;
  bool one_unit; /* elements were moved, or channels differ */
} sf_sum;

/* For the log. */
typedef struct sf_neurons_layer {
  const char *name;
  sf_value *value; /* after */
  double unit;     /* of the first channel */
  unsigned fraction;
  double error, size;    /* of weights, squared */
  double constant_error; /* largest, relative, of params and literals */
} sf_neurons_layer;

/* The pass at work. */
typedef struct sf_neurons_job {
  sf_pass_run *run;
  const sf_neurons_options *options;
  sf_network *network;
  sf_module *reference; /* the module before */
  uint64_t samples;
  uint32_t steps;
  sf_value **encoded; /* of each argument; NULL: not yet */
  double *input_scale;
  uint32_t layer_count;
  sf_neurons_layer *layers;
  bool failed;
} sf_neurons_job;

/* Does the op move elements of one stream? */
static inline bool sf_moves_one(const sf_op *op) {
  return sf_op_is(op, SF_TRAIT_MOVES) && op->kind != SF_OP_CONCAT;
}

/* ---- backing.c: f32 streams that are integers times one number. ---- */

/* The integer stream behind a value and what one of it is worth; ops for it are
 * put before `before`. *integer NULL: none is known. */
sf_result sf_back_stream(sf_neurons_job *job, sf_value *value, sf_op *before,
                         sf_value **integer, double *scale) SF_MUST_USE;
/* input.c: argument `index`, rounded to steps by a population on the host. */
sf_result sf_encode_argument(sf_neurons_job *job, uint32_t index,
                             sf_value **integer, double *scale) SF_MUST_USE;

/* ---- sum.c: what is summed, its unit, and its integers. ---- */

/* Terms below `value`. Errors: NOT_NORMAL, what is no sum of projections. */
sf_result sf_sum_gather(sf_neurons_job *job, sf_value *value, sf_op *before,
                        sf_sum *out) SF_MUST_USE;
/* One unit for sums that go to one population, so that the largest weight takes
 * all bits; terms of much larger weights count powers of two of it. */
sf_result sf_sum_choose_unit(sf_neurons_job *job, uint32_t count, sf_sum *sums,
                             bool per_channel, sf_unit *out) SF_MUST_USE;
/* rebuild.c: the same sum in integers, before `before`. */
sf_result sf_sum_rebuild(sf_neurons_job *job, sf_value *value, sf_sum *sum,
                         const sf_unit *unit, sf_op *before,
                         sf_neurons_layer *layer, sf_value **out) SF_MUST_USE;

/* ---- constants.c: params and literals of a population. ---- */

/* All of a population have one number, or one an element of `type`. */
typedef struct sf_constants {
  sf_neurons_job *job;
  const sf_op *op;
  const sf_unit *unit;
  sf_type type;   /* rank of the stream, 1 on axes where nothing differs */
  uint32_t count; /* elements of `type` */
  double *unit_values;
  double **of_slot; /* of the old function: NULL, no constant */
  double error;     /* largest relative one of what became integers */
  bool cut_off;     /* a finite number did not fit 32 bits */
} sf_constants;

/* Params, and statements that only read constants. */
sf_result sf_constants_create(sf_neurons_job *job, const sf_op *op,
                              const sf_unit *unit,
                              sf_constants *out) SF_MUST_USE;
/* An operand's values; NULL: it is no constant, or out of memory. */
const double *sf_constant_of(sf_constants *c, const sf_noperand *operand);
/* The largest magnitude in units of u^degree. */
double sf_constant_most(const sf_constants *c, const double *values,
                        int degree);
/* round(value / u^degree 2^bits), clamped to 32 bits; one an element.
 * NULL: out of memory. */
int32_t *sf_constant_round(sf_constants *c, const double *values, int degree,
                           int bits);

/* ---- function.c: the neuron function in integers. ---- */

/* What the integer function gives for an emitted f32: real = integer
 * u^degree / 2^bits. */
typedef struct sf_emit_scale {
  int degree, bits;
} sf_emit_scale;

/* The population `op` with integer operands, in its place. */
sf_result sf_neurons_translate(sf_neurons_job *job, sf_op *op,
                               const sf_unit *unit, sf_value *const *operands,
                               sf_neurons_layer *layer) SF_MUST_USE;

/* report.c: runs both networks and writes the log. */
sf_result sf_neurons_report(sf_neurons_job *job) SF_MUST_USE;

#endif
