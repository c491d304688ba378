/* ranges_sum.c - intervals of sums: exact for each output of linear and sparse
 * and each channel of conv, from the weights themselves. docs/ir.md 5. */
#include "ir/interp_window.h"
#include "ir/ranges.h"

/* How one op rounds; `sum` gathers one output. */
typedef struct summing {
  bool each;
  int shift;
  sf_round round;
  sf_span x; /* of the operand */
  sf_span sum;
} summing;

static summing summing_of(const sf_op *op, sf_span x) {
  return (summing){sf_op_int(op, SF_ATTR_each) != 0,
                   (int)sf_op_int(op, SF_ATTR_shift),
                   (sf_round)sf_op_int(op, SF_ATTR_round),
                   x,
                   {0, 0}};
}

/* Rounding is monotonic: the ends of a product's interval decide. */
static sf_span shifted(const summing *s, sf_span span) {
  return sf_span_of(sf_shift_round_wide(span.low, s->shift, s->round),
                    sf_shift_round_wide(span.high, s->shift, s->round));
}

static void add_weight(summing *s, int32_t weight) {
  sf_span product = sf_span_multiply(sf_span_of(weight, weight), s->x);
  if (s->each) product = shifted(s, product);
  s->sum.low += product.low;
  s->sum.high += product.high;
}

/* Ends one output: joins it to *out (unless it is the first) and starts anew.
 */
static void end_output(summing *s, const sf_blob *bias, size_t output,
                       bool first, sf_span *out) {
  sf_span span = s->each ? s->sum : shifted(s, s->sum);
  sf_wide b = bias ? sf_blob_i32(bias, output) : 0;
  span.low += b;
  span.high += b;
  *out = first ? span : sf_span_join(*out, span);
  s->sum = sf_span_of(0, 0);
}

static sf_span with_zero(sf_span x) {
  return sf_span_join(x, sf_span_of(0, 0));
}

static sf_result load(sf_blob *blob, sf_diag *diag) {
  return blob ? sf_blob_load(blob, diag) : SF_OK;
}

/* linear, conv, convt: row `o` of the blob holds what output channel `o` may
 * gather. Outputs at the border gather less, those of convt with stride too, so
 * there every term may also be 0. */
static sf_result span_rows(const sf_op *op, sf_span x, sf_diag *diag,
                           sf_span *out) {
  sf_blob *weights = sf_op_operand_blob(op, 1);
  sf_blob *bias = op->operand_count > 2 ? sf_op_operand_blob(op, 2) : NULL;
  SF_TRY(load(weights, diag));
  SF_TRY(load(bias, diag));
  bool may_miss = op->kind != SF_OP_LINEAR || sf_op_blob(op, SF_ATTR_delays);
  summing s = summing_of(op, may_miss ? with_zero(x) : x);
  size_t rows = (size_t)weights->type.dim[0];
  size_t width = sf_blob_elements(weights) / rows;
  for (size_t o = 0; o < rows; o++) {
    for (size_t k = 0; k < width; k++)
      add_weight(&s, sf_blob_i32(weights, o * width + k));
    end_output(&s, bias, o, o == 0, out);
  }
  return SF_OK;
}

/* Edges are sorted by target; a target without edges is 0. */
static sf_result span_sparse(const sf_op *op, sf_span x, sf_diag *diag,
                             sf_span *out) {
  sf_blob *index = sf_op_operand_blob(op, 1);
  sf_blob *weights = sf_op_operand_blob(op, 2);
  SF_TRY(load(index, diag));
  SF_TRY(load(weights, diag));
  summing s = summing_of(op, sf_op_blob(op, SF_ATTR_delays) ? with_zero(x) : x);
  size_t edges = sf_blob_elements(weights);
  *out = sf_span_of(0, 0);
  for (size_t e = 0; e < edges; e++) {
    add_weight(&s, sf_blob_i32(weights, e));
    bool last = e + 1 == edges ||
                sf_blob_i32(index, 2 * e + 2) != sf_blob_i32(index, 2 * e);
    if (last) end_output(&s, NULL, 0, false, out);
  }
  return SF_OK;
}

static sf_span times(sf_span span, sf_wide count) {
  return sf_span_of(span.low * count, span.high * count);
}

static sf_span span_pool(const sf_op *op, sf_span x) {
  if (sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX) return x;
  sf_window w;
  sf_window_read(op, &w);
  return times(with_zero(x), w.kernel[0] * w.kernel[1]);
}

static sf_span span_reduce(const sf_op *op, sf_span x) {
  if (sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX) return x;
  size_t from = sf_type_elements(&sf_op_operand(op, 0)->type);
  size_t to = sf_type_elements(&sf_op_result(op, 0)->type);
  return times(x, (sf_wide)(from / to));
}

sf_result sf_span_sum(const sf_op *op, sf_span x, sf_span y, sf_diag *diag,
                      sf_span *out) {
  switch (op->kind) {
  case SF_OP_SPARSE:
    return span_sparse(op, x, diag, out);
  case SF_OP_POOL:
    *out = span_pool(op, x);
    return SF_OK;
  case SF_OP_REDUCE:
    *out = span_reduce(op, x);
    return SF_OK;
  case SF_OP_MATMUL: {
    const sf_type *a = &sf_op_operand(op, 0)->type;
    *out = times(sf_span_multiply(x, y), a->dim[a->rank - 1]);
    return SF_OK;
  }
  default:
    return span_rows(op, x, diag, out);
  }
}
