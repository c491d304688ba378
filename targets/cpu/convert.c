/* convert.c - between integers and f32, with a factor: exact products, rounded
 * once. docs/ir.md 4. */
#include "targets/cpu/cpu.h"

#include "codegen/float.h"

#include <math.h>
#include <stdio.h>

enum { P_Y, P_X, P_COUNT };

/* scale = mantissa * 2^exponent, |mantissa| < 2^24. */
typedef struct factor {
  int64_t mantissa;
  int exponent;
} factor;

static factor split(float scale) {
  int exponent;
  float part = frexpf(scale, &exponent);
  return (factor){(int64_t)ldexpf(part, 24), exponent - 24};
}

/* 53 bits of the product with the rest kept in the lowest one ("to odd"), so
 * that rounding again to 24 bits or fewer gives what rounding once gives. */
static LLVMValueRef to_odd(cpu_module *m, LLVMValueRef product) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMTypeRef i64 = m->cg->i64;
  LLVMValueRef low = LLVMBuildAnd(b, product, LLVMConstInt(i64, 7, false), "");
  LLVMValueRef some =
      LLVMBuildICmp(b, LLVMIntNE, low, LLVMConstInt(i64, 0, false), "");
  LLVMValueRef high = LLVMBuildSub(b, product, low, "");
  LLVMValueRef sticky = LLVMBuildSelect(b, some, LLVMConstInt(i64, 8, false),
                                        LLVMConstInt(i64, 0, false), "");
  return LLVMBuildOr(b, high, sticky, "");
}

/* The product has at most 55 bits; those below 2^53 are exact in f64 as they
 * are. */
static LLVMValueRef scale_to_float(cpu_module *m, LLVMValueRef word,
                                   float scale) {
  LLVMBuilderRef b = m->cg->builder;
  sf_codegen *cg = m->cg;
  if (scale == 1.0f || scale == 0.0f) {
    LLVMValueRef x = LLVMBuildSIToFP(b, word, cg->f32, "");
    return LLVMBuildFMul(b, x, sf_code_float(cg, scale), "");
  }
  /* The sign goes with the power of two, so that 0 times a negative factor is
   * -0, as in IEEE arithmetic. */
  factor f = split(fabsf(scale));
  LLVMValueRef wide = LLVMBuildSExt(b, word, cg->i64, "");
  LLVMValueRef product = LLVMBuildMul(
      b, wide, LLVMConstInt(cg->i64, (unsigned long long)f.mantissa, true), "");
  LLVMValueRef limit = LLVMConstInt(cg->i64, UINT64_C(1) << 52, false);
  LLVMValueRef shifted = LLVMBuildAdd(b, product, limit, "");
  LLVMValueRef small =
      LLVMBuildICmp(b, LLVMIntULT, shifted,
                    LLVMConstInt(cg->i64, UINT64_C(1) << 53, false), "");
  product = LLVMBuildSelect(b, small, product, to_odd(m, product), "");
  LLVMValueRef exact = LLVMBuildSIToFP(b, product, cg->f64, "");
  exact = LLVMBuildFMul(
      b, exact,
      LLVMConstReal(cg->f64, ldexp(scale < 0 ? -1.0 : 1.0, f.exponent)), "");
  return LLVMBuildFPTrunc(b, exact, cg->f32, "");
}

static sf_integer scale_integer(cpu_module *m, sf_integer x, float scale,
                                sf_round round, const sf_op *op) {
  sf_codegen *cg = m->cg;
  if (scale == 1.0f) return x;
  factor f = split(scale);
  sf_integer product =
      sf_integer_mul(cg, x, sf_integer_constant(cg, f.mantissa));
  int shift = -f.exponent;
  /* Beyond 2^63 only the sign and whether it is zero matter, and below 2^-62
   * too: 55 bits are shifted out whatever the rest of the shift is. */
  if (shift > 0)
    return sf_integer_shift_right(cg, product,
                                  shift > 62 ? 62u : (unsigned)shift, round);
  if (op->mode == SF_MODE_WRAP && shift <= -32)
    return sf_integer_constant(cg, 0);
  return sf_integer_shift_left(cg, product,
                               shift < -63 ? 63u : (unsigned)-shift);
}

static LLVMValueRef to_int(cpu_module *m, const sf_op *op, LLVMValueRef x,
                           sf_scalar from) {
  sf_codegen *cg = m->cg;
  sf_scalar to = sf_op_result(op, 0)->type.scalar;
  float scale = sf_op_number(op, SF_ATTR_scale);
  sf_round round = (sf_round)sf_op_int(op, SF_ATTR_round);
  if (from.kind != SF_SCALAR_F32) {
    sf_integer exact =
        scale_integer(m, sf_integer_word(cg, x, from), scale, round, op);
    return sf_integer_fit(cg, exact, to, op->mode).value;
  }
  if (scale == 1.0f) return sf_code_to_int(cg, x, to, op->mode, round);
  /* 24 by 24 bits: the product is exact in binary64. */
  LLVMValueRef wide = LLVMBuildFPExt(cg->builder, x, cg->f64, "");
  wide = LLVMBuildFMul(cg->builder, wide, LLVMConstReal(cg->f64, (double)scale),
                       "");
  return sf_code_to_int(cg, wide, to, op->mode, round);
}

static LLVMValueRef to_float(cpu_module *m, const sf_op *op, LLVMValueRef x,
                             sf_scalar from) {
  float scale = sf_op_number(op, SF_ATTR_scale);
  if (from.kind != SF_SCALAR_F32) return scale_to_float(m, x, scale);
  return LLVMBuildFMul(m->cg->builder, x, sf_code_float(m->cg, scale), "");
}

static void build_convert(cpu_module *m, const sf_op *op) {
  sf_codegen *cg = m->cg;
  const sf_type *to = &sf_op_result(op, 0)->type;
  sf_scalar from = sf_op_operand(op, 0)->type.scalar;
  sf_code_loop loop =
      sf_code_loop_begin(cg, sf_code_index(cg, sf_type_elements(to)));
  LLVMValueRef x = sf_code_load(cg, sf_code_word(cg, from),
                                sf_code_parameter(cg, P_X), loop.i);
  LLVMValueRef y = to->scalar.kind == SF_SCALAR_F32 ? to_float(m, op, x, from)
                                                    : to_int(m, op, x, from);
  sf_code_store(cg, y, sf_code_parameter(cg, P_Y), loop.i);
  sf_code_loop_end(cg, &loop);
}

sf_result cpu_emit_convert(cpu_module *m, const sf_op *op) {
  const sf_type *to = &sf_op_result(op, 0)->type;
  sf_scalar from = sf_op_operand(op, 0)->type.scalar;
  union {
    float f;
    uint32_t bits;
  } scale = {sf_op_number(op, SF_ATTR_scale)};
  char key[CPU_KEY_MAX];
  snprintf(key, sizeof key, "convert %zu %u:%u %u:%u %u %u %x",
           sf_type_elements(to), from.kind, from.bits, to->scalar.kind,
           to->scalar.bits, op->mode, (unsigned)sf_op_int(op, SF_ATTR_round),
           scale.bits);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build_convert(m, op);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_result(op, 0))};
  SF_TRY(cpu_operand(m, op, 0, &arguments[P_X]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}
