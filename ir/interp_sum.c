/* interp_sum.c - accumulators of projections. docs/ir.md 5. */
#include "ir/interp_sum.h"

#include <math.h>
#include <string.h>

double sf_scalar_magnitude(sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_F32) return INFINITY;
  return scalar.kind == SF_SCALAR_SPIKE ? 1.0 : ldexp(1.0, scalar.bits - 1);
}

static sf_result allocate(sf_interp *interp, sf_sum *sum, bool fits_narrow) {
  size_t count = sum->positions * sum->channels;
  if (sum->is_float) {
    sum->floats = SF_NEW_ARRAY(interp->arena, float, count);
    return sum->floats ? SF_OK : SF_OOM;
  }
  if (fits_narrow) {
    sum->narrow = SF_NEW_ARRAY(interp->arena, int64_t, count);
    return sum->narrow ? SF_OK : SF_OOM;
  }
  sum->wide = SF_NEW_ARRAY(interp->arena, sf_wide, count);
  return sum->wide ? SF_OK : SF_OOM;
}

sf_result sf_sum_create(sf_interp *interp, sf_interp_node *node,
                        size_t positions, size_t channels, double terms,
                        double largest_weight) {
  sf_sum *sum = SF_NEW(interp->arena, sf_sum);
  if (!sum) return SF_OOM;
  node->sum = sum;
  sum->positions = positions;
  sum->channels = channels;
  sum->is_float = sf_type_is_float(&sf_op_result(node->op, 0)->type);
  sum->operand_float = sf_type_is_float(node->operands[0].type);
  if (sf_op_is(node->op, SF_TRAIT_PROJECTION)) {
    sum->shift = (int)sf_op_int(node->op, SF_ATTR_shift);
    sum->round = (sf_round)sf_op_int(node->op, SF_ATTR_round);
    sum->each = sf_op_int(node->op, SF_ATTR_each) != 0;
    if (node->op->kind != SF_OP_SPARSE && node->operand_count > 2)
      SF_TRY(sf_interp_blob_words(interp, node->operands[2].blob, &sum->bias));
  }
  double product =
      largest_weight * sf_scalar_magnitude(node->operands[0].type->scalar);
  double scale = sum->shift < 0 ? ldexp(1.0, -sum->shift) : 1.0;
  /* A bias adds at most 2^31. */
  bool fits = (terms * product * scale) < 0x1p61;
  return allocate(interp, sum, fits);
}

void sf_sum_start(sf_sum *sum) {
  size_t count = sum->positions * sum->channels;
  float *out = sum->floats;
  if (sum->narrow) memset(sum->narrow, 0, count * sizeof *sum->narrow);
  if (sum->wide) memset(sum->wide, 0, count * sizeof *sum->wide);
  for (size_t n = 0; out && n < sum->positions; n++)
    for (size_t k = 0; k < sum->channels; k++)
      /* +0 + b, so that a bias of -0 counts as +0. */
      *out++ = sum->bias ? 0.0f + sum->bias[k].f : 0.0f;
}

static int64_t rounded(const sf_sum *sum, int64_t product) {
  if (sum->shift < 0) return product * (INT64_C(1) << -sum->shift);
  return sf_shift_round_inline(product, (unsigned)sum->shift, sum->round);
}

static void add_narrow(const sf_sum *sum, int64_t *out, size_t count,
                       const sf_word *weights, int64_t x) {
  if (!sum->each)
    for (size_t k = 0; k < count; k++)
      out[k] += weights[k].i * x;
  else
    for (size_t k = 0; k < count; k++)
      out[k] += rounded(sum, weights[k].i * x);
}

static void add_wide(const sf_sum *sum, sf_wide *out, size_t count,
                     const sf_word *weights, int64_t x) {
  for (size_t k = 0; k < count; k++) {
    sf_wide product = weights[k].i * x; /* at most 2^62 */
    out[k] += sum->each ? sf_shift_round_wide(product, sum->shift, sum->round)
                        : product;
  }
}

static void add_floats(float *out, size_t count, const sf_word *weights,
                       float x) {
  for (size_t k = 0; k < count; k++) {
    float product = weights[k].f * x;
    out[k] = out[k] + product;
  }
}

void sf_sum_add(sf_sum *sum, size_t position, size_t first, size_t count,
                const sf_word *weights, sf_word x) {
  size_t at = position * sum->channels + first;
  if (sum->floats)
    add_floats(sum->floats + at, count, weights,
               sf_word_float(x, sum->operand_float));
  else if (sum->narrow)
    add_narrow(sum, sum->narrow + at, count, weights, x.i);
  else
    add_wide(sum, sum->wide + at, count, weights, x.i);
}

/* f32 sums of f32 events, where most of the time goes. */
static size_t add_float_run(const sf_sum *sum, const sf_sum_run *run) {
  const sf_word *restrict weights = run->weights;
  size_t added = 0, count = run->count;
  for (size_t n = 0; n < run->length; n++) {
    float x = run->x[n * run->x_step].f;
    if (x == 0.0f) continue;
    size_t position = run->position + n * run->position_step;
    float *restrict out = sum->floats + position * sum->channels + run->first;
    for (size_t k = 0; k < count; k++) {
      float product = weights[k].f * x;
      out[k] = out[k] + product;
    }
    added++;
  }
  return added;
}

/* Integer sums of 64 bits that round at the end. */
static size_t add_narrow_run(const sf_sum *sum, const sf_sum_run *run) {
  const sf_word *restrict weights = run->weights;
  size_t added = 0, count = run->count;
  for (size_t n = 0; n < run->length; n++) {
    int64_t x = run->x[n * run->x_step].i;
    if (x == 0) continue;
    size_t position = run->position + n * run->position_step;
    int64_t *restrict out = sum->narrow + position * sum->channels + run->first;
    for (size_t k = 0; k < count; k++)
      out[k] += weights[k].i * x;
    added++;
  }
  return added;
}

size_t sf_sum_add_run(sf_sum *sum, const sf_sum_run *run) {
  if (sum->floats && sum->operand_float) return add_float_run(sum, run);
  if (sum->narrow && !sum->each) return add_narrow_run(sum, run);
  size_t added = 0;
  for (size_t n = 0; n < run->length; n++) {
    sf_word x = run->x[n * run->x_step];
    if (sf_word_is_zero(x, sum->operand_float)) continue;
    sf_sum_add(sum, run->position + n * run->position_step, run->first,
               run->count, run->weights, x);
    added++;
  }
  return added;
}

static sf_result store_wide(const sf_interp *interp, const sf_interp_node *node,
                            size_t element, sf_wide value) {
  int64_t fitted;
  char digits[44];
  if (!sf_fit_wide(value, sf_op_result(node->op, 0)->type.scalar,
                   node->op->mode, &fitted))
    return sf_interp_overflow(interp, node, element,
                              sf_wide_text(value, digits));
  node->results[0][element].i = (int32_t)fitted;
  return SF_OK;
}

static sf_result finish_one(const sf_interp *interp, const sf_interp_node *node,
                            size_t at, size_t channel, size_t element) {
  const sf_sum *sum = node->sum;
  int64_t bias = sum->bias ? sum->bias[channel].i : 0;
  if (sum->narrow) {
    int64_t value = sum->narrow[at];
    if (!sum->each) value = rounded(sum, value);
    return sf_interp_store(interp, node, element, value + bias);
  }
  sf_wide value = sum->wide[at];
  if (!sum->each) value = sf_shift_round_wide(value, sum->shift, sum->round);
  return store_wide(interp, node, element, value + bias);
}

sf_result sf_sum_finish(const sf_interp *interp, const sf_interp_node *node,
                        size_t first) {
  const sf_sum *sum = node->sum;
  for (size_t channel = 0; channel < sum->channels; channel++)
    for (size_t position = 0; position < sum->positions; position++) {
      size_t at = position * sum->channels + channel;
      size_t element = first + channel * sum->positions + position;
      if (sum->floats)
        node->results[0][element].f = sum->floats[at];
      else
        SF_TRY(finish_one(interp, node, at, channel, element));
    }
  return SF_OK;
}
