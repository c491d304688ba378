/* quantize.c - quantize and dequantize, exact as the interpreter. docs/ir.md 4.
 */
#include "targets/cpu/cpu.h"

#include "codegen/float.h"

#include <stdio.h>

enum { P_Y, P_X, P_SCALE, P_ZERO, P_COUNT };

/* Of one op; goes into the kernel's key. */
typedef struct quantizer {
  sf_op_kind kind;
  sf_scalar from, to;
  sf_scalar zero_type; /* where has_zero */
  bool has_zero;
  sf_round round;
  int64_t low, high; /* quantize: limits of the result */
  cpu_nest nest;     /* result and operand, scale, zero point */
} quantizer;

/* ---- quantize ---- */

static LLVMValueRef clamp(cpu_module *m, LLVMValueRef x, double low,
                          double high) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMValueRef least = LLVMConstReal(LLVMTypeOf(x), low);
  LLVMValueRef most = LLVMConstReal(LLVMTypeOf(x), high);
  x = LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOLT, x, least, ""), least, x,
                      "");
  return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOGT, x, most, ""), most, x,
                         "");
}

/* Limits of 24 bits are f32 numbers; without a zero point nothing needs
 * binary64 then, where wider sums are exact. */
static bool fits_f32(const quantizer *q) {
  const int64_t exact = INT64_C(1) << 24;
  return !q->has_zero && q->low >= -exact && q->high <= exact;
}

static LLVMValueRef quantize(cpu_module *m, const quantizer *q, LLVMValueRef x,
                             LLVMValueRef scale, LLVMValueRef zero) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef whole =
      sf_code_round(cg, LLVMBuildFDiv(b, x, scale, ""), q->round);
  LLVMValueRef number = LLVMBuildFCmp(b, LLVMRealORD, whole, whole, "");
  whole = LLVMBuildSelect(b, number, whole, sf_code_float(cg, 0.0f), "");
  if (!fits_f32(q)) whole = LLVMBuildFPExt(b, whole, cg->f64, "");
  if (zero)
    whole = LLVMBuildFAdd(b, whole, LLVMBuildSIToFP(b, zero, cg->f64, ""), "");
  whole = clamp(m, whole, (double)q->low, (double)q->high);
  return LLVMBuildFPToSI(b, whole, cg->i32, "");
}

/* ---- dequantize ---- */

/* One unit in the last place towards `error`, where the product was rounded and
 * its last bit is even ("to odd"): rounding again to 24 bits is then as good as
 * rounding once. */
static LLVMValueRef to_odd(cpu_module *m, LLVMValueRef product,
                           LLVMValueRef error) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef zero = LLVMConstReal(cg->f64, 0);
  LLVMValueRef one = LLVMConstInt(cg->i64, 1, false);
  LLVMValueRef bits = LLVMBuildBitCast(b, product, cg->i64, "");
  LLVMValueRef error_bits = LLVMBuildBitCast(b, error, cg->i64, "");
  LLVMValueRef apart =
      LLVMBuildICmp(b, LLVMIntSLT, LLVMBuildXor(b, bits, error_bits, ""),
                    LLVMConstNull(cg->i64), "");
  LLVMValueRef step = LLVMBuildSelect(
      b, apart, LLVMConstInt(cg->i64, UINT64_MAX, false), one, "");
  LLVMValueRef even = LLVMBuildICmp(
      b, LLVMIntEQ, LLVMBuildAnd(b, bits, one, ""), LLVMConstNull(cg->i64), "");
  LLVMValueRef rounded = LLVMBuildFCmp(b, LLVMRealUNE, error, zero, "");
  LLVMValueRef moves = LLVMBuildAnd(b, even, rounded, "");
  step = LLVMBuildSelect(b, moves, step, LLVMConstNull(cg->i64), "");
  return LLVMBuildBitCast(b, LLVMBuildAdd(b, bits, step, ""), cg->f64, "");
}

/* value * scale, rounded once to f32; |value| <= 2^32. With more than 29 bits
 * the product has more than 53: the upper and the lower 16 bits of the value
 * give two exact products, whose sum and its error are exact too (Knuth). */
static LLVMValueRef multiply(cpu_module *m, sf_integer value,
                             LLVMValueRef scale) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  const sf_wide exact = (sf_wide)1 << 29;
  if (value.low >= -exact && value.high <= exact) {
    LLVMValueRef x = LLVMBuildSIToFP(b, value.value, cg->f64, "");
    return LLVMBuildFPTrunc(b, LLVMBuildFMul(b, x, scale, ""), cg->f32, "");
  }
  LLVMValueRef wide = sf_integer_as(cg, value, 64);
  LLVMValueRef below =
      LLVMBuildAnd(b, wide, LLVMConstInt(cg->i64, 0xffff, false), "");
  LLVMValueRef above = LLVMBuildSub(b, wide, below, "");
  LLVMValueRef p =
      LLVMBuildFMul(b, LLVMBuildSIToFP(b, above, cg->f64, ""), scale, "");
  LLVMValueRef q =
      LLVMBuildFMul(b, LLVMBuildSIToFP(b, below, cg->f64, ""), scale, "");
  LLVMValueRef sum = LLVMBuildFAdd(b, p, q, "");
  LLVMValueRef part = LLVMBuildFSub(b, sum, p, "");
  LLVMValueRef error =
      LLVMBuildFAdd(b, LLVMBuildFSub(b, p, LLVMBuildFSub(b, sum, part, ""), ""),
                    LLVMBuildFSub(b, q, part, ""), "");
  /* A zero has the sign of the whole product, not of a part's. */
  LLVMValueRef whole =
      LLVMBuildFMul(b, LLVMBuildSIToFP(b, wide, cg->f64, ""), scale, "");
  LLVMValueRef zero =
      LLVMBuildFCmp(b, LLVMRealOEQ, sum, LLVMConstReal(cg->f64, 0), "");
  sum = LLVMBuildSelect(b, zero, whole, to_odd(m, sum, error), "");
  return LLVMBuildFPTrunc(b, sum, cg->f32, "");
}

static LLVMValueRef dequantize(cpu_module *m, const quantizer *q,
                               LLVMValueRef x, LLVMValueRef scale,
                               LLVMValueRef zero) {
  sf_codegen *cg = m->cg;
  sf_integer value = sf_integer_word(cg, x, q->from);
  if (zero)
    value = sf_integer_sub(cg, value, sf_integer_word(cg, zero, q->zero_type));
  LLVMValueRef factor = LLVMBuildFPExt(cg->builder, scale, cg->f64, "");
  return multiply(m, value, factor);
}

/* ---- Kernels. ---- */

static int64_t limit(const sf_op *op, sf_attr_id id, int64_t absent) {
  return sf_op_has_attr(op, id) ? sf_op_int(op, id) : absent;
}

/* Strides of scale or zero point over the axes of the stream. */
static void channel_strides(const sf_op *op, uint32_t index, int64_t *out) {
  const sf_type *stream = cpu_operand_type(op, 0);
  const sf_type *type = cpu_operand_type(op, index);
  if (type->rank != 1 || !sf_op_has_attr(op, SF_ATTR_axis)) {
    cpu_broadcast(type, stream, out);
    return;
  }
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  for (int64_t n = 0; n < stream->rank; n++)
    out[n] = n == (axis < 0 ? axis + stream->rank : axis);
}

static quantizer quantizer_of(const sf_op *op) {
  const sf_type *y = &sf_op_result(op, 0)->type;
  quantizer q = {.kind = op->kind,
                 .from = cpu_operand_type(op, 0)->scalar,
                 .to = y->scalar,
                 .has_zero = op->operand_count > 2,
                 .nest = {.rank = y->rank}};
  if (q.has_zero) q.zero_type = cpu_operand_type(op, 2)->scalar;
  if (op->kind == SF_OP_QUANTIZE) {
    q.round = (sf_round)sf_op_int(op, SF_ATTR_round);
    q.low = limit(op, SF_ATTR_low, sf_scalar_min(q.to));
    q.high = limit(op, SF_ATTR_high, sf_scalar_max(q.to));
  }
  for (unsigned axis = 0; axis < y->rank; axis++)
    q.nest.dim[axis] = y->dim[axis];
  cpu_strides(y, q.nest.stride[0]);
  channel_strides(op, 1, q.nest.stride[1]);
  if (q.has_zero) channel_strides(op, 2, q.nest.stride[2]);
  cpu_nest_collapse(&q.nest);
  return q;
}

static void build(cpu_module *m, quantizer *q) {
  sf_codegen *cg = m->cg;
  cpu_nest_begin(m, &q->nest);
  LLVMValueRef x = sf_code_load(cg, sf_code_word(cg, q->from),
                                sf_code_parameter(cg, P_X), q->nest.index[0]);
  LLVMValueRef scale = sf_code_load(cg, cg->f32, sf_code_parameter(cg, P_SCALE),
                                    q->nest.index[1]);
  LLVMValueRef zero = NULL;
  if (q->has_zero)
    zero = sf_code_load(cg, cg->i32, sf_code_parameter(cg, P_ZERO),
                        q->nest.index[2]);
  LLVMValueRef y = q->kind == SF_OP_QUANTIZE ? quantize(m, q, x, scale, zero)
                                             : dequantize(m, q, x, scale, zero);
  sf_code_store(cg, y, sf_code_parameter(cg, P_Y), q->nest.index[0]);
  cpu_nest_end(m, &q->nest);
}

sf_result cpu_emit_quantize(cpu_module *m, const sf_op *op) {
  quantizer q = quantizer_of(op);
  char key[CPU_KEY_MAX];
  size_t used = (size_t)snprintf(
      key, sizeof key, "%s %u:%u %u:%u %d %u:%u %u %lld %lld ",
      sf_op_info_get(op->kind)->mnemonic, q.from.kind, q.from.bits, q.to.kind,
      q.to.bits, q.has_zero, q.zero_type.kind, q.zero_type.bits, q.round,
      (long long)q.low, (long long)q.high);
  cpu_nest_key(&q.nest, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build(m, &q);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_result(op, 0)),
                                     NULL, NULL, LLVMGetUndef(m->cg->pointer)};
  for (uint32_t i = 0; i < op->operand_count; i++)
    SF_TRY(cpu_operand(m, op, i, &arguments[P_X + i]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}
