/* rewrite.c - the integer ops that stand for linear sums. */
#include "passes/quantize/quantize.h"

#include "passes/rewrite/op_copy.h"

static unsigned stored_bits(unsigned bits) {
  return bits < SF_INT_BITS_MIN ? SF_INT_BITS_MIN : bits;
}

static sf_type i32_like(const sf_type *type) {
  sf_type out = *type;
  out.scalar = sf_int(32);
  return out;
}

static const char *named(const sf_quantizer *q, const char *name,
                         const char *end) {
  return sf_arena_printf(q->run->scratch, "%s.%s", name, end);
}

static sf_blob *integer_blob(const sf_quantizer *q, const char *name,
                             const sf_type *type, const int32_t *values) {
  const char *text = named(q, name, "int");
  return text ? sf_blob_create_i32(q->run->module, text, type, values) : NULL;
}

/* One number a channel, broadcast to `like`. */
static sf_type channel_type(const sf_linear_sum *sum, const sf_type *like,
                            unsigned bits) {
  sf_type type = *like;
  for (int i = 0; i < type.rank; i++)
    if (i != sum->axis) type.dim[i] = 1;
  type.scalar = sf_int(bits);
  return type;
}

/* ---- Terms. ---- */

/* Weights and, for the first projection, the bias. */
static sf_result project(sf_quantizer *q, sf_linear_sum *sum,
                         const sf_term *term, bool with_bias, sf_value **out) {
  sf_op *from = term->op;
  sf_op *op = sf_op_copy_without_streams(from, with_bias ? 3 : 2);
  if (!op) return SF_OOM;
  sf_op_move_before(op, sum->before);
  const sf_blob *old = sf_op_operand_blob(from, 1);
  sf_type type = old->type;
  type.scalar = sf_int(stored_bits(term->bits));
  sf_blob *weights = integer_blob(q, old->name, &type, term->weights);
  if (!weights) return SF_OOM;
  sf_op_set_operand(op, 0, term->integer);
  sf_op_set_operand_blob(op, 1, weights);
  if (with_bias) {
    int32_t channels = (int32_t)sum->channels;
    sf_type vector = sf_type_make(sf_int(32), 1, &channels);
    const char *name = named(q, old->name, "bias");
    sf_blob *bias = name ? integer_blob(q, name, &vector, sum->offset) : NULL;
    if (!bias) return SF_OOM;
    sf_op_set_operand_blob(op, 2, bias);
  }
  sf_type result = i32_like(&from->results[0]->type);
  *out = sf_op_add_result(op, from->results[0]->name, &result);
  return *out ? SF_OK : SF_OOM;
}

static bool all_ones(const int32_t *values, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (values[i] != 1) return false;
  return true;
}

/* conv {groups = c} with one weight a channel. */
static sf_op *depthwise(const sf_quantizer *q, const sf_linear_sum *sum,
                        const sf_term *term) {
  int32_t dim[SF_RANK_MAX] = {(int32_t)sum->channels, 1, 1, 1};
  sf_type type = sf_type_make(sf_int(8), sum->root->type.rank + 1u, dim);
  sf_blob *weights = integer_blob(q, term->integer->name, &type, term->weights);
  sf_op *op = weights ? sf_op_create(q->network, sum->before, SF_OP_CONV, 2,
                                     sum->root->loc)
                      : NULL;
  if (!op) return NULL;
  if (sum->channels > 1 &&
      sf_op_set_int(op, SF_ATTR_groups, sum->channels) != SF_OK)
    return NULL;
  sf_op_set_operand_blob(op, 1, weights);
  return op;
}

static sf_op *multiply(const sf_quantizer *q, const sf_linear_sum *sum,
                       const sf_term *term) {
  sf_type type = channel_type(sum, &sum->root->type, 8);
  sf_blob *factors = integer_blob(q, term->integer->name, &type, term->weights);
  sf_op *op = factors ? sf_op_create(q->network, sum->before, SF_OP_MUL, 2,
                                     sum->root->loc)
                      : NULL;
  if (op) sf_op_set_operand_blob(op, 1, factors);
  return op;
}

static sf_result scale_stream(sf_quantizer *q, const sf_linear_sum *sum,
                              const sf_term *term, sf_value **out) {
  *out = term->integer;
  if (all_ones(term->weights, sum->channels)) return SF_OK;
  int rank = sum->root->type.rank;
  bool convolves = sum->axis == 0 && (rank == 2 || rank == 3);
  sf_op *op = convolves ? depthwise(q, sum, term) : multiply(q, sum, term);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, term->integer);
  sf_type type = i32_like(&sum->root->type);
  *out = sf_op_add_result(op, term->integer->name, &type);
  return *out ? SF_OK : SF_OOM;
}

static sf_result add_blob(sf_quantizer *q, const sf_linear_sum *sum,
                          sf_value *x, const char *name, const sf_type *type,
                          const int32_t *values, sf_value **out) {
  sf_blob *blob = integer_blob(q, name, type, values);
  sf_op *op =
      sf_op_create(q->network, sum->before, SF_OP_ADD, 2, sum->root->loc);
  if (!blob || !op) return SF_OOM;
  sf_op_set_operand(op, 0, x);
  sf_op_set_operand_blob(op, 1, blob);
  sf_type result = i32_like(&sum->root->type);
  *out = sf_op_add_result(op, sum->root->name, &result);
  return *out ? SF_OK : SF_OOM;
}

/* A constant that is not one number a channel, in units of delta. */
static sf_result add_constant(sf_quantizer *q, const sf_linear_sum *sum,
                              const sf_term *term, sf_value *x,
                              sf_value **out) {
  const sf_type *like = &sum->root->type;
  sf_type type = term->constant->type;
  size_t elements = sf_type_elements(&type);
  if (sum->axis >= 0 && type.dim[sum->axis] != like->dim[sum->axis]) {
    type = *like; /* deltas of the channels differ: one number an element */
    elements = sf_type_elements(&type);
  }
  int32_t *values = SF_NEW_ARRAY(q->run->scratch, int32_t, elements);
  if (!values) return SF_OOM;
  size_t inner = sf_channel_inner(&type, sum->axis);
  for (size_t n = 0; n < elements; n++) {
    size_t from = 0, left = n, stride = 1;
    for (int i = type.rank - 1; i >= 0; i--) { /* broadcast by hand */
      size_t at = left % (size_t)type.dim[i];
      left /= (size_t)type.dim[i];
      if (term->constant->type.dim[i] != 1) from += at * stride;
      stride *= (size_t)term->constant->type.dim[i];
    }
    size_t c = sf_channel_of(n, inner, sum->channels);
    values[n] = sf_round_constant(term->gain[c] *
                                  (double)sf_blob_f32(term->constant, from) /
                                  (double)sum->delta[c]);
  }
  type.scalar = sf_int(32);
  return add_blob(q, sum, x, term->constant->name, &type, values, out);
}

/* ---- The sum. ---- */

static sf_result join(sf_quantizer *q, const sf_linear_sum *sum, sf_value *term,
                      sf_value **total) {
  if (!*total) {
    *total = term;
    return SF_OK;
  }
  sf_op *op =
      sf_op_create(q->network, sum->before, SF_OP_ADD, 2, sum->root->loc);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, *total);
  sf_op_set_operand(op, 1, term);
  sf_type type = i32_like(&sum->root->type);
  *total = sf_op_add_result(op, sum->root->name, &type);
  return *total ? SF_OK : SF_OOM;
}

/* Bias correction needs a place even where the bias is 0. */
static bool wants_bias(const sf_quantizer *q, const sf_linear_sum *sum) {
  bool wants = q->reference && q->options->bias_correction && !sum->is_stream;
  for (uint32_t c = 0; c < sum->channels; c++)
    wants = wants || sum->offset[c] != 0;
  return wants;
}

static sf_result add_terms(sf_quantizer *q, sf_linear_sum *sum,
                           sf_value **total) {
  bool bias = wants_bias(q, sum);
  for (uint32_t t = 0; t < sum->count; t++) {
    const sf_term *term = &sum->terms[t];
    sf_value *value = NULL;
    if (term->kind == SF_TERM_CONSTANT) continue;
    if (term->kind == SF_TERM_PROJECTION) {
      bool here = bias && !sum->biased;
      SF_TRY(project(q, sum, term, here, &value));
      if (here) sum->biased = value->op;
    } else {
      SF_TRY(scale_stream(q, sum, term, &value));
    }
    SF_TRY(join(q, sum, value, total));
  }
  for (uint32_t t = 0; t < sum->count; t++)
    if (sum->terms[t].kind == SF_TERM_CONSTANT)
      SF_TRY(add_constant(q, sum, &sum->terms[t], *total, total));
  if (!bias || sum->biased) return SF_OK;
  sf_type type = channel_type(sum, &sum->root->type, 32);
  SF_TRY(add_blob(q, sum, *total, sum->root->name, &type, sum->offset, total));
  sum->biased = (*total)->op;
  return SF_OK;
}

sf_result sf_add_dequantize(sf_quantizer *q, sf_value *integer,
                            const sf_value *old, const sf_scale *scale,
                            sf_op *before, sf_op **out) {
  int32_t count = (int32_t)scale->count;
  float *values = SF_NEW_ARRAY(q->run->scratch, float, scale->count);
  const char *name = named(q, old->name, "delta");
  if (!values || !name) return SF_OOM;
  for (uint32_t i = 0; i < scale->count; i++)
    values[i] = (float)scale->values[i];
  sf_type type = sf_type_make(sf_f32(), scale->axis < 0 ? 0 : 1, &count);
  sf_blob *blob = sf_blob_create_f32(q->run->module, name, &type, values);
  sf_op *op = sf_op_create(q->network, before, SF_OP_DEQUANTIZE, 2, old->loc);
  if (!blob || !op) return SF_OOM;
  sf_op_set_operand(op, 0, integer);
  sf_op_set_operand_blob(op, 1, blob);
  if (scale->axis >= 0) SF_TRY(sf_op_set_int(op, SF_ATTR_axis, scale->axis));
  sf_type result = integer->type;
  result.scalar = sf_f32();
  *out = op;
  return sf_op_add_result(op, old->name, &result) ? SF_OK : SF_OOM;
}

/* Of a stream's readers only what rounds it anew. */
static void redirect_site(const sf_linear_sum *sum) {
  for (sf_use *use = sum->root->first_use, *next; use; use = next) {
    next = use->next;
    if (!use->op) continue;
    sf_op_kind kind = use->op->kind;
    if (kind == SF_OP_RELU || kind == SF_OP_CLIP || kind == SF_OP_QUANTIZE)
      sf_op_set_operand(use->op, use->index, sum->dequantize->results[0]);
  }
}

sf_result sf_sum_rewrite(sf_quantizer *q, sf_linear_sum *sum) {
  sf_value *total = NULL;
  SF_TRY(add_terms(q, sum, &total));
  if (!total) return SF_FAIL; /* a sum has a term that is a stream */
  sum->accumulator = total;
  bool one = true;
  double *values = SF_NEW_ARRAY(q->run->scratch, double, sum->channels);
  if (!values) return SF_OOM;
  for (uint32_t c = 0; c < sum->channels; c++) {
    values[c] = (double)sum->delta[c];
    one = one && values[c] == values[0];
  }
  sf_scale scale = {one ? -1 : sum->axis, one ? 1 : sum->channels, values};
  SF_TRY(sf_add_dequantize(q, total, sum->root, &scale, sum->before,
                           &sum->dequantize));
  if (!sum->is_stream)
    sf_value_replace_all_uses(sum->root, sum->dequantize->results[0]);
  else
    redirect_site(sum);
  return SF_OK;
}
