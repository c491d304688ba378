/* float.c - rounding, exponential and conversion to integers, without calls.
 *
 * Cortex-M4F has no instruction that rounds to an integral f32, so that integer
 * conversions do it; every f32 of magnitude 2^23 and more is integral already.
 */
#include "codegen/float.h"

#include "codegen/integer.h"

#include <math.h>
#include <string.h>

static LLVMValueRef intrinsic(sf_codegen *cg, const char *name,
                              LLVMValueRef x) {
  LLVMTypeRef type = LLVMTypeOf(x);
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(cg->module, id, &type, 1);
  LLVMTypeRef signature = LLVMIntrinsicGetType(cg->context, id, &type, 1);
  return LLVMBuildCall2(cg->builder, signature, function, &x, 1, "");
}

LLVMValueRef sf_code_magnitude(sf_codegen *cg, LLVMValueRef x) {
  return intrinsic(cg, "llvm.fabs", x);
}

LLVMValueRef sf_code_sqrt(sf_codegen *cg, LLVMValueRef x) {
  return intrinsic(cg, "llvm.sqrt", x);
}

static LLVMValueRef real(LLVMValueRef like, double value) {
  return LLVMConstReal(LLVMTypeOf(like), value);
}

static LLVMValueRef compare(sf_codegen *cg, LLVMRealPredicate predicate,
                            LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildFCmp(cg->builder, predicate, a, b, "");
}

/* `value`, integral, with the sign of x: keeps -0 where x was negative. */
static LLVMValueRef signed_like(sf_codegen *cg, LLVMValueRef value,
                                LLVMValueRef x) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef sign =
      LLVMBuildAnd(b, LLVMBuildBitCast(b, x, cg->i32, ""),
                   LLVMConstInt(cg->i32, 0x80000000u, false), "");
  LLVMValueRef bits = LLVMBuildBitCast(b, value, cg->i32, "");
  return LLVMBuildBitCast(b, LLVMBuildOr(b, bits, sign, ""), cg->f32, "");
}

/* x where it is integral already (or NaN), else `rounded`. */
static LLVMValueRef if_small(sf_codegen *cg, LLVMValueRef x,
                             LLVMValueRef rounded) {
  LLVMValueRef small =
      compare(cg, LLVMRealOLT, sf_code_magnitude(cg, x), real(x, 8388608.0));
  return LLVMBuildSelect(cg->builder, small, rounded, x, "");
}

static LLVMValueRef truncate(sf_codegen *cg, LLVMValueRef x) {
  if (cg->has_float_round) return intrinsic(cg, "llvm.trunc", x);
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef whole =
      LLVMBuildSIToFP(b, LLVMBuildFPToSI(b, x, cg->i32, ""), cg->f32, "");
  return if_small(cg, x, signed_like(cg, whole, x));
}

/* trunc(x) moved by one where `wrong` compares it with x. */
static LLVMValueRef adjust(sf_codegen *cg, LLVMValueRef x,
                           LLVMRealPredicate wrong, double by) {
  LLVMValueRef whole = truncate(cg, x);
  LLVMValueRef moved = LLVMBuildFAdd(cg->builder, whole, real(x, by), "");
  return LLVMBuildSelect(cg->builder, compare(cg, wrong, whole, x), moved,
                         whole, "");
}

static LLVMValueRef nearest_even(sf_codegen *cg, LLVMValueRef x) {
  if (cg->has_float_round) return intrinsic(cg, "llvm.roundeven", x);
  /* Adding 2^23 leaves no bits behind the point: the addition rounds. */
  LLVMValueRef large = real(x, 8388608.0), size = sf_code_magnitude(cg, x);
  LLVMValueRef sum = LLVMBuildFAdd(cg->builder, size, large, "");
  LLVMValueRef whole = LLVMBuildFSub(cg->builder, sum, large, "");
  return if_small(cg, x, signed_like(cg, whole, x));
}

/* Ties of half-up and half-away from what truncation cut off, which is exact.
 */
static LLVMValueRef nearest_half(sf_codegen *cg, LLVMValueRef x,
                                 sf_round round) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef whole = truncate(cg, x), half = real(x, 0.5);
  LLVMValueRef rest = LLVMBuildFSub(b, x, whole, "");
  LLVMValueRef up = compare(cg, LLVMRealOGE, rest, half);
  LLVMValueRef down =
      compare(cg, round == SF_ROUND_HALF_UP ? LLVMRealOLT : LLVMRealOLE, rest,
              real(x, -0.5));
  LLVMValueRef more = LLVMBuildFAdd(b, whole, real(x, 1.0), "");
  LLVMValueRef less = LLVMBuildFSub(b, whole, real(x, 1.0), "");
  return LLVMBuildSelect(b, up, more, LLVMBuildSelect(b, down, less, whole, ""),
                         "");
}

LLVMValueRef sf_code_round(sf_codegen *cg, LLVMValueRef x, sf_round round) {
  switch (round) {
  case SF_ROUND_FLOOR:
    return cg->has_float_round ? intrinsic(cg, "llvm.floor", x)
                               : adjust(cg, x, LLVMRealOGT, -1.0);
  case SF_ROUND_CEIL:
    if (cg->has_float_round) return intrinsic(cg, "llvm.ceil", x);
    /* ceil(-0.3) is -0, which truncation gives. */
    return adjust(cg, x, LLVMRealOLT, 1.0);
  case SF_ROUND_ZERO:
    return truncate(cg, x);
  case SF_ROUND_HALF_EVEN:
    return nearest_even(cg, x);
  default:
    return nearest_half(cg, x, round);
  }
}

/* 2^n for a small i32 n, by its bits. */
static LLVMValueRef power_of_two(sf_codegen *cg, LLVMValueRef n) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef biased = LLVMBuildAdd(b, n, sf_code_int(cg, 127), "");
  LLVMValueRef bits = LLVMBuildShl(b, biased, sf_code_int(cg, 23), "");
  return LLVMBuildBitCast(b, bits, cg->f32, "");
}

static LLVMValueRef polynomial(sf_codegen *cg, LLVMValueRef r) {
  static const float coefficients[] = {1.9875691500e-4f, 1.3981999507e-3f,
                                       8.3334519073e-3f, 4.1665795894e-2f,
                                       1.6666665459e-1f, 5.0000001201e-1f};
  LLVMValueRef p = sf_code_float(cg, coefficients[0]);
  for (unsigned i = 1; i < SF_COUNT_OF(coefficients); i++) {
    p = LLVMBuildFMul(cg->builder, p, r, "");
    p = LLVMBuildFAdd(cg->builder, p, sf_code_float(cg, coefficients[i]), "");
  }
  return p;
}

LLVMValueRef sf_code_exp(sf_codegen *cg, LLVMValueRef x) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef n =
      nearest_even(cg, LLVMBuildFMul(b, x, sf_code_float(cg, 1.44269504f), ""));
  LLVMValueRef a = LLVMBuildFSub(
      b, x, LLVMBuildFMul(b, n, sf_code_float(cg, 0.693359375f), ""), "");
  LLVMValueRef r = LLVMBuildFSub(
      b, a, LLVMBuildFMul(b, n, sf_code_float(cg, -2.12194440e-4f), ""), "");
  LLVMValueRef p = polynomial(cg, r);
  LLVMValueRef square = LLVMBuildFMul(b, r, r, "");
  LLVMValueRef sum = LLVMBuildFMul(b, p, square, "");
  sum = LLVMBuildFAdd(b, sum, r, "");
  sum = LLVMBuildFAdd(b, sum, sf_code_float(cg, 1.0f), "");
  LLVMValueRef whole = LLVMBuildFPToSI(b, n, cg->i32, "");
  LLVMValueRef half = LLVMBuildSDiv(b, whole, sf_code_int(cg, 2), "");
  LLVMValueRef other = LLVMBuildSub(b, whole, half, "");
  sum = LLVMBuildFMul(b, sum, power_of_two(cg, half), "");
  sum = LLVMBuildFMul(b, sum, power_of_two(cg, other), "");
  /* Outside the range `whole` may be poison: a select takes the other arm. */
  LLVMValueRef low = compare(cg, LLVMRealOLT, x, real(x, -87.33654f));
  LLVMValueRef high = compare(cg, LLVMRealOGT, x, real(x, 88.72283f));
  LLVMValueRef unordered = compare(cg, LLVMRealUNO, x, x);
  sum = LLVMBuildSelect(b, low, sf_code_float(cg, 0.0f), sum, "");
  sum = LLVMBuildSelect(b, high, sf_code_float(cg, INFINITY), sum, "");
  return LLVMBuildSelect(b, unordered, x, sum, "");
}

/* Low 32 bits of an integral value of magnitude 2^31 and more: the significand
 * shifted, 0 of infinities and NaN because their exponent is the largest. */
static LLVMValueRef low_bits(sf_codegen *cg, LLVMValueRef whole) {
  LLVMBuilderRef b = cg->builder;
  bool wide = LLVMTypeOf(whole) == cg->f64;
  LLVMTypeRef type = wide ? cg->i64 : cg->i32;
  unsigned fraction = wide ? 52 : 23;
  uint64_t hidden = UINT64_C(1) << fraction;
  LLVMValueRef bits = LLVMBuildBitCast(b, whole, type, "");
  LLVMValueRef exponent =
      LLVMBuildLShr(b, bits, LLVMConstInt(type, fraction, false), "");
  exponent = LLVMBuildAnd(b, exponent,
                          LLVMConstInt(type, wide ? 0x7ff : 0xff, false), "");
  LLVMValueRef shift = LLVMBuildSub(
      b, exponent, LLVMConstInt(type, wide ? 1075 : 150, false), "");
  LLVMValueRef significand = LLVMBuildOr(
      b, LLVMBuildAnd(b, bits, LLVMConstInt(type, hidden - 1, false), ""),
      LLVMConstInt(type, hidden, false), "");
  /* f64 from 2^31 to 2^52 has bits behind the point: shift right instead. */
  LLVMValueRef inside =
      LLVMBuildICmp(b, LLVMIntULT, shift, LLVMConstInt(type, 32, false), "");
  LLVMValueRef masked =
      LLVMBuildAnd(b, shift, LLVMConstInt(type, 31, false), "");
  LLVMValueRef moved = LLVMBuildShl(b, significand, masked, "");
  LLVMValueRef zero = LLVMConstInt(type, 0, false);
  moved = LLVMBuildSelect(b, inside, moved, zero, "");
  LLVMValueRef negative = LLVMBuildICmp(b, LLVMIntSLT, bits, zero, "");
  moved = LLVMBuildSelect(b, negative, LLVMBuildNeg(b, moved, ""), moved, "");
  return wide ? LLVMBuildTrunc(b, moved, cg->i32, "") : moved;
}

static LLVMValueRef wrap_float(sf_codegen *cg, LLVMValueRef whole,
                               sf_scalar type) {
  LLVMBuilderRef b = cg->builder;
  bool wide = LLVMTypeOf(whole) == cg->f64;
  LLVMTypeRef machine = wide ? cg->i64 : cg->i32;
  double limit = wide ? 4503599627370496.0 : 2147483648.0; /* 2^52, 2^31 */
  LLVMValueRef small = compare(cg, LLVMRealOLT, sf_code_magnitude(cg, whole),
                               real(whole, limit));
  LLVMValueRef direct = LLVMBuildFPToSI(b, whole, machine, "");
  if (wide) direct = LLVMBuildTrunc(b, direct, cg->i32, "");
  LLVMValueRef word =
      LLVMBuildSelect(b, small, direct, low_bits(cg, whole), "");
  sf_integer full = {word, INT32_MIN, INT32_MAX};
  return sf_integer_fit(cg, full, type, SF_MODE_WRAP).value;
}

LLVMValueRef sf_code_to_int(sf_codegen *cg, LLVMValueRef x, sf_scalar type,
                            sf_mode mode, sf_round round) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef whole = sf_code_round(cg, x, round);
  if (mode == SF_MODE_WRAP) return wrap_float(cg, whole, type);
  int64_t low = sf_scalar_min(type), high = sf_scalar_max(type);
  LLVMValueRef word = LLVMBuildFPToSI(b, whole, cg->i32, "");
  /* Both limits are powers of two and so exact in f32. */
  LLVMValueRef above =
      compare(cg, LLVMRealOGE, whole, real(whole, (double)high + 1.0));
  LLVMValueRef below =
      compare(cg, LLVMRealOLE, whole, real(whole, (double)low));
  LLVMValueRef unordered = compare(cg, LLVMRealUNO, whole, whole);
  word = LLVMBuildSelect(b, above, sf_code_int(cg, high), word, "");
  word = LLVMBuildSelect(b, below, sf_code_int(cg, low), word, "");
  return LLVMBuildSelect(b, unordered, sf_code_int(cg, 0), word, "");
}
