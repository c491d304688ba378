/* quantize.h - what the files of quantize share.
 *
 * A linear sum becomes one integer accumulator: all its terms share the unit
 * delta of their channel, which is the step of the site behind it over an odd
 * integer D, so that floor((a + D div 2) / D) never meets a tie and binary32
 * gives the same (D (high + 1) <= 2^21). */
#ifndef SF_PASSES_QUANTIZE_QUANTIZE_H
#define SF_PASSES_QUANTIZE_QUANTIZE_H

#include "passes/qdq/qdq.h"

typedef struct sf_quantize_options {
  int64_t bits;
  const char *layers; /* name=bits,.. */
  bool bias_correction, reconstruct;
  int64_t samples; /* 0: all */
} sf_quantize_options;

/* ---- grid.c: weights to integers. Units: any, the same for all. ---- */

/* Weights of one channel from one term. */
typedef struct sf_grid_row {
  const double *weights;
  size_t count;
  unsigned bits; /* 8, 4 ..: symmetric; 2: -1, 0, 1; 1: signs, zeros stay */
} sf_grid_row;

/* Integers of a row for unit `delta`. */
void sf_grid_round(const sf_grid_row *row, double delta, int32_t *out);
/* Squared error of all rows. */
double sf_grid_error(const sf_grid_row *rows, size_t count, double delta);
/* The odd D in 1 .. most whose unit step / D gives the least squared error:
 * every one that can matter while they are few, else a geometric grid of them
 * and the neighbours of its best. Ties: the least D. */
int32_t sf_grid_divisor(const sf_grid_row *rows, size_t count, double step,
                        int32_t most);
/* The same without a site: any unit; 0 when all weights are 0. */
double sf_grid_delta(const sf_grid_row *rows, size_t count);

/* ---- sums.c: linear sums and their sites. ---- */

typedef enum sf_term_kind {
  SF_TERM_PROJECTION, /* weights times a backed stream */
  SF_TERM_STREAM,     /* a backed stream, one factor a channel */
  SF_TERM_CONSTANT    /* a blob that is not one number a channel */
} sf_term_kind;

typedef struct sf_term {
  sf_term_kind kind;
  sf_op *op;         /* PROJECTION */
  sf_value *integer; /* that backs the operand, or the stream */
  sf_scale scale;    /* of it */
  sf_blob *constant; /* CONSTANT */
  double *gain;      /* one a channel of the sum, sign included */
  unsigned bits;
  size_t row;       /* weights of one channel */
  int32_t *weights; /* chosen: channels rows */
} sf_term;

typedef struct sf_linear_sum {
  sf_value *root; /* gone once it is rewritten; the name stays */
  const char *name;
  sf_op *before;  /* where its ops go */
  bool is_stream; /* no sum: a stream for a site of another unit */
  int axis;       /* of the channels; -1: a scalar */
  uint32_t channels;
  uint32_t count, capacity;
  sf_term *terms;
  double *bias;          /* f32 units, one a channel */
  const sf_op *site;     /* quantize behind it; NULL: none */
  bool has_site;         /* steps, high are set */
  bool one_unit;         /* channels are compared behind it: one delta */
  double *steps;         /* of the site, one a channel */
  int64_t high;          /* largest magnitude that the site can take */
  int32_t *divisor;      /* chosen; has_site */
  float *delta;          /* chosen, one a channel */
  int32_t *offset;       /* bias in units of delta */
  sf_value *accumulator; /* emitted */
  sf_op *biased;         /* its last operand is the bias; NULL: none */
  sf_op *dequantize;     /* emitted: stands for the root */
} sf_linear_sum;

struct sf_reference;
struct sf_frontier;

/* The pass at work. */
typedef struct sf_quantizer {
  sf_pass_run *run;
  const sf_quantize_options *options;
  sf_network *network;
  struct sf_reference *reference; /* NULL: no samples */
  struct sf_frontier *frontier;
  uint64_t samples;
  uint32_t sum_count, sum_capacity;
  sf_linear_sum **sums; /* done, in text order */
} sf_quantizer;

/* Integer stream and scale behind an f32 value that a dequantize makes; a zero
 * point is subtracted by an op before `before`. *ok false: it is not backed. */
sf_result sf_backing_of(sf_quantizer *q, const sf_value *value, sf_op *before,
                        bool *ok, sf_value **integer,
                        sf_scale *scale) SF_MUST_USE;
/* Terms, bias and site of a sum. Errors: CALIBRATION when a term reads an f32
 * value. */
sf_result sf_sum_collect(sf_quantizer *q, sf_value *root,
                         sf_linear_sum *out) SF_MUST_USE;
/* A stream that must be brought to the unit of a site: a sum of one term. */
sf_result sf_sum_of_stream(sf_quantizer *q, sf_value *value,
                           sf_linear_sum *out) SF_MUST_USE;
/* site.c: the quantize behind the sum's root, its steps and its largest
 * magnitude, as far as they run along the channels of the sum. */
sf_result sf_sum_find_site(sf_quantizer *q, sf_linear_sum *sum) SF_MUST_USE;
/* That quantize; NULL: none. */
const sf_op *sf_site_behind(const sf_value *value);
/* One number, or one a channel of `axis`? */
static inline bool sf_scale_runs_along(const sf_scale *scale, int axis) {
  return scale->axis < 0 || scale->axis == axis;
}
/* Real weight k of channel c of a term, per unit of its integer stream. */
double sf_term_weight(const sf_term *term, uint32_t channel, size_t k);
/* Bits of a projection: option layers, else bits. */
sf_result sf_layer_bits(const sf_quantizer *q, const sf_op *op,
                        unsigned *out) SF_MUST_USE;

/* choose.c: delta, divisors and nearest weights of all terms. */
sf_result sf_sum_choose(sf_quantizer *q, sf_linear_sum *sum) SF_MUST_USE;
/* reconstruct.c: better weights for the same units, from samples. */
sf_result sf_sum_reconstruct(sf_quantizer *q, sf_linear_sum *sum) SF_MUST_USE;
/* rewrite.c: the ops; the root's readers read the new dequantize. */
sf_result sf_sum_rewrite(sf_quantizer *q, sf_linear_sum *sum) SF_MUST_USE;
/* An op before `before` that gives the real numbers of `integer`, named as
 * `old`. */
sf_result sf_add_dequantize(sf_quantizer *q, sf_value *integer,
                            const sf_value *old, const sf_scale *scale,
                            sf_op *before, sf_op **out) SF_MUST_USE;
/* carry.c: a carrier whose operands are backed: the integer op and its
 * dequantize. */
sf_result sf_carry_rewrite(sf_quantizer *q, sf_op *op, bool *done) SF_MUST_USE;
/* The quantize that made the elements of an integer stream, which was only
 * moved or compared since; NULL: another op. */
const sf_op *sf_maker_of(const sf_value *integer);
/* Its `low` or `high`, given or that of the type. */
int64_t sf_quantize_bound(const sf_op *quantize, sf_attr_id id);
/* mask.c: a constant on rounded scores as levels of the same step. *done false:
 * the scores are not rounded to one step, or the mask does not fit. */
sf_result sf_mask_rewrite(sf_quantizer *q, sf_op *op, bool *done) SF_MUST_USE;
/* lrn.c: quantize of a normalized rounded stream, as a table of two integers.
 * *done false: it is none, or the table would be too large. */
sf_result sf_lrn_rewrite(sf_quantizer *q, sf_op *quantize,
                         bool *done) SF_MUST_USE;
/* constant.c: quantize of a constant stream, as a class token: integers. */
sf_result sf_constant_rewrite(sf_quantizer *q, sf_op *quantize,
                              bool *done) SF_MUST_USE;
/* product.c: a product of two backed streams: the integer op and its
 * dequantize. */
sf_result sf_product_rewrite(sf_quantizer *q, sf_op *op,
                             bool *done) SF_MUST_USE;
/* product.c: the levels of a site behind a product or a function of vectors, on
 * integers from its operand on; the readers of the site read them. *out NULL:
 * it is none, or its operand is not backed with one step, or has too many bits.
 */
sf_result sf_function_rewrite(sf_quantizer *q, sf_op *site,
                              sf_value **out) SF_MUST_USE;
/* softmax.c, normalize.c: the levels, from the operand of the function. */
sf_result sf_softmax_rewrite(sf_quantizer *q, sf_op *site, const sf_scale *step,
                             sf_value **out) SF_MUST_USE;
sf_result sf_norm_rewrite(sf_quantizer *q, sf_op *site, const sf_scale *step,
                          sf_value **out) SF_MUST_USE;
/* For the log. */
sf_result sf_quantize_keep(sf_quantizer *q, sf_linear_sum *sum) SF_MUST_USE;
/* redundant.c: readers of a quantize that changes nothing read its integers. */
sf_result sf_skip_redundant(sf_quantizer *q, sf_op *op, bool *done) SF_MUST_USE;
/* correct.c: moves the bias so that the mean of each channel is the float
 * network's. */
sf_result sf_sum_correct(sf_quantizer *q, sf_linear_sum *sum) SF_MUST_USE;

/* ---- reference.c: the network before calibrate on the samples; what it rounds
 * of itself it still rounds. ---- */

sf_result sf_reference_create(sf_quantizer *q) SF_MUST_USE;
void sf_reference_destroy(struct sf_reference *reference);
/* Value of a root, and the mean of each of its channels, by name; NULL: it is
 * none of the float network's. */
const sf_value *sf_reference_value(const struct sf_reference *reference,
                                   const char *root);
const double *sf_reference_means(const struct sf_reference *reference,
                                 const char *root);
/* A copy of the module whose first network returns only these values, and
 * computes nothing behind them. */
sf_result sf_partial_network(sf_quantizer *q, uint32_t count,
                             sf_value *const *values,
                             sf_module **out) SF_MUST_USE;

/* ---- frontier.c: accumulators on all samples, so that a measurement runs only
 * what is behind the last ones. ---- */

sf_result sf_frontier_create(sf_quantizer *q) SF_MUST_USE;
void sf_frontier_destroy(struct sf_frontier *frontier); /* NULL is fine */
/* sf_partial_network of one value, with accumulators that are kept as further
 * arguments, and the samples for all of its arguments. The rows are borrowed
 * from the frontier, until the next sf_frontier_keep. */
sf_result sf_frontier_network(sf_quantizer *q, sf_value *value, sf_module **out,
                              sf_samples *samples) SF_MUST_USE;
/* malloc'ed room for the words of all samples; NULL: too many to keep, or out
 * of memory, which only costs time. */
sf_word *sf_frontier_rows(const sf_quantizer *q, const sf_value *value);
/* Takes the words of an accumulator that changes no more; NULL: nothing. */
void sf_frontier_keep(sf_quantizer *q, const sf_value *value, sf_word *words);

/* Channel of each element: for sums over all but the channels' axis. */
static inline size_t sf_channel_of(size_t element, size_t inner,
                                   uint32_t channels) {
  return element / inner % channels;
}
size_t sf_channel_inner(const sf_type *type, int axis);

/* report.c: runs both networks and writes the log. */
sf_result sf_quantize_report(sf_quantizer *q) SF_MUST_USE;
/* The float network, with sites bypassed, for report.c. */
const sf_network *sf_reference_network(const struct sf_reference *reference);

#endif
