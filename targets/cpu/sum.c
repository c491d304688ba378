/* sum.c - one sum of products: accumulator width, one term, the end. docs/ir.md
 * 5. */
#include "targets/cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>

static sf_wide largest(int64_t low, int64_t high) {
  sf_wide a = low < 0 ? -(sf_wide)low : low,
          b = high < 0 ? -(sf_wide)high : high;
  return a > b ? a : b;
}

/* Sums whose low 32 bits decide need no more: additions wrap. That holds
 * without a mode too, since the true value fits. */
static bool low_bits_decide(const cpu_sum *s) {
  return s->mode != SF_MODE_SAT && (s->shift <= 0 || s->each);
}

static void choose_width(cpu_sum *s, uint64_t terms) {
  if (low_bits_decide(s)) {
    s->bits = 32;
    s->low = INT32_MIN;
    s->high = INT32_MAX;
    return;
  }
  sf_wide product = largest(s->weight_low, s->weight_high) *
                    largest(sf_scalar_min(s->x_type), sf_scalar_max(s->x_type));
  sf_wide bound = product * (sf_wide)terms;
  if (s->each && s->shift < 0) bound *= (sf_wide)1 << -s->shift;
  s->low = -bound;
  s->high = bound;
  s->bits = sf_integer_width(s->low, s->high);
}

cpu_sum cpu_sum_of(const sf_op *op, sf_scalar weight, int64_t weight_low,
                   int64_t weight_high, uint64_t terms) {
  cpu_sum s = {.x_type = sf_op_operand(op, 0)->type.scalar,
               .y_type = sf_op_result(op, 0)->type.scalar,
               .mode = op->mode,
               .weight_low = weight_low,
               .weight_high = weight_high};
  s.is_float = s.y_type.kind == SF_SCALAR_F32;
  if (sf_op_is(op, SF_TRAIT_PROJECTION)) {
    s.shift = (int)sf_op_int(op, SF_ATTR_shift);
    s.round = (sf_round)sf_op_int(op, SF_ATTR_round);
    s.each = sf_op_int(op, SF_ATTR_each) != 0;
    s.has_bias = op->kind != SF_OP_SPARSE && sf_op_operand_blob(op, 2) != NULL;
  }
  s.weight_bytes = weight_low >= INT8_MIN && weight_high <= INT8_MAX     ? 1
                   : weight_low >= INT16_MIN && weight_high <= INT16_MAX ? 2
                                                                         : 4;
  if (weight.kind == SF_SCALAR_F32 || s.is_float) s.weight_bytes = 4;
  if (!s.is_float) choose_width(&s, terms);
  return s;
}

LLVMTypeRef cpu_sum_type(cpu_module *m, const cpu_sum *sum) {
  if (sum->is_float) return m->cg->f32;
  return sum->bits == 32   ? m->cg->i32
         : sum->bits == 64 ? m->cg->i64
                           : m->cg->i128;
}

LLVMTypeRef cpu_weight_type(cpu_module *m, const cpu_sum *sum) {
  if (sum->is_float) return m->cg->f32;
  return sum->weight_bytes == 1   ? m->cg->i8
         : sum->weight_bytes == 2 ? m->cg->i16
                                  : m->cg->i32;
}

LLVMValueRef cpu_sum_start(cpu_module *m, const cpu_sum *sum,
                           LLVMValueRef bias) {
  if (sum->is_float && bias) return bias; /* +0 + b; a blob has no -0 */
  return LLVMConstNull(cpu_sum_type(m, sum));
}

static LLVMValueRef add_float(cpu_module *m, const cpu_sum *sum,
                              LLVMValueRef value, LLVMValueRef weight,
                              LLVMValueRef x) {
  LLVMBuilderRef b = m->cg->builder;
  if (sum->x_type.kind != SF_SCALAR_SPIKE)
    weight = LLVMBuildFMul(b, weight, cpu_float(m, x, sum->x_type), "");
  return LLVMBuildFAdd(b, value, weight, "");
}

LLVMValueRef cpu_sum_add(cpu_module *m, const cpu_sum *sum, LLVMValueRef value,
                         LLVMValueRef weight, LLVMValueRef x) {
  if (sum->is_float) return add_float(m, sum, value, weight, x);
  sf_codegen *cg = m->cg;
  LLVMValueRef word = sum->weight_bytes < 4
                          ? LLVMBuildSExt(cg->builder, weight, cg->i32, "")
                          : weight;
  sf_integer w = {word, sum->weight_low, sum->weight_high};
  /* An event of a spike stream is 1: callers skip zeros, or the weight is what
   * the multiplication leaves. */
  sf_integer term = sf_integer_mul(cg, w, sf_integer_word(cg, x, sum->x_type));
  if (sum->each && sum->shift > 0)
    term = sf_integer_shift_right(cg, term, (unsigned)sum->shift, sum->round);
  else if (sum->each && sum->shift < 0)
    term = sf_integer_shift_left(cg, term, (unsigned)-sum->shift);
  return LLVMBuildAdd(cg->builder, value, sf_integer_as(cg, term, sum->bits),
                      "");
}

LLVMValueRef cpu_sum_finish(cpu_module *m, const cpu_sum *sum,
                            LLVMValueRef value, LLVMValueRef bias) {
  if (sum->is_float) return value;
  sf_codegen *cg = m->cg;
  sf_integer total = {value, sum->low, sum->high};
  if (!sum->each && sum->shift > 0)
    total = sf_integer_shift_right(cg, total, (unsigned)sum->shift, sum->round);
  else if (!sum->each && sum->shift < 0)
    total = sf_integer_shift_left(cg, total, (unsigned)-sum->shift);
  if (bias) {
    sf_integer b = {bias, INT32_MIN, INT32_MAX};
    total = sf_integer_add(cg, total, b);
  }
  return sf_integer_fit(cg, total, sum->y_type, sum->mode).value;
}

size_t cpu_sum_key(const cpu_sum *s, char *out, size_t size) {
  return (size_t)snprintf(
      out, size, "%u%u,%u:%u,%u:%u,%u,%u,%d,%u,%u,%lld,%lld,%u,%lld",
      s->is_float, s->each, s->x_type.kind, s->x_type.bits, s->y_type.kind,
      s->y_type.bits, s->mode, s->round, s->shift, s->has_bias, s->weight_bytes,
      (long long)s->weight_low, (long long)s->weight_high, s->bits,
      (long long)(s->high >> 32));
}

sf_result cpu_weight_limits(cpu_module *m, sf_blob *blob, int64_t *low,
                            int64_t *high) {
  *low = *high = 0;
  SF_TRY(sf_blob_load(blob, m->diag));
  if (blob->type.scalar.kind == SF_SCALAR_F32) return SF_OK;
  size_t count = sf_blob_elements(blob);
  for (size_t i = 0; i < count; i++) {
    int32_t w = sf_blob_i32(blob, i);
    if (w < *low) *low = w;
    if (w > *high) *high = w;
  }
  return SF_OK;
}

static void put_weight(char *out, unsigned bytes, sf_word word) {
  for (unsigned k = 0; k < bytes; k++) /* little-endian targets only */
    out[k] = (char)((uint32_t)word.i >> (8 * k));
}

sf_result cpu_weights(cpu_module *m, const cpu_sum *sum, const sf_blob *blob,
                      const size_t *order, size_t count, LLVMValueRef *out) {
  char *bytes = calloc(count, sum->weight_bytes);
  if (!bytes) return SF_OOM;
  for (size_t i = 0; i < count; i++)
    put_weight(bytes + i * sum->weight_bytes, sum->weight_bytes,
               sf_blob_word(blob, order ? order[i] : i));
  sf_result result = cpu_bytes(m, bytes, count * sum->weight_bytes, out);
  free(bytes);
  return result;
}
