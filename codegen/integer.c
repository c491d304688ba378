/* integer.c - exact integer arithmetic as LLVM IR. */
#include "codegen/integer.h"

#include <assert.h>

unsigned sf_integer_width(sf_wide low, sf_wide high) {
  if (low >= INT32_MIN && high <= INT32_MAX) return 32;
  if (low >= INT64_MIN && high <= INT64_MAX) return 64;
  return 128;
}

static LLVMTypeRef type_of(sf_codegen *cg, unsigned bits) {
  return bits == 32 ? cg->i32 : bits == 64 ? cg->i64 : cg->i128;
}

/* |value| below 2^126; LLVM takes 128 bits as two words. */
static LLVMValueRef constant(sf_codegen *cg, unsigned bits, sf_wide value) {
  uint64_t words[2] = {(uint64_t)value, (uint64_t)(value >> 64)};
  return LLVMConstIntOfArbitraryPrecision(type_of(cg, bits),
                                          bits == 128 ? 2 : 1, words);
}

sf_integer sf_integer_word(sf_codegen *cg, LLVMValueRef word, sf_scalar type) {
  (void)cg;
  return (sf_integer){word, sf_scalar_min(type), sf_scalar_max(type)};
}

sf_integer sf_integer_constant(sf_codegen *cg, int64_t value) {
  unsigned bits = sf_integer_width(value, value);
  return (sf_integer){constant(cg, bits, value), value, value};
}

LLVMValueRef sf_integer_as(sf_codegen *cg, sf_integer a, unsigned bits) {
  unsigned have = LLVMGetIntTypeWidth(LLVMTypeOf(a.value));
  if (have == bits) return a.value;
  if (have > bits)
    return LLVMBuildTrunc(cg->builder, a.value, type_of(cg, bits), "");
  return LLVMBuildSExt(cg->builder, a.value, type_of(cg, bits), "");
}

static sf_wide least(sf_wide a, sf_wide b) { return a < b ? a : b; }
static sf_wide most(sf_wide a, sf_wide b) { return a > b ? a : b; }

sf_integer sf_integer_add(sf_codegen *cg, sf_integer a, sf_integer b) {
  sf_wide low = a.low + b.low, high = a.high + b.high;
  unsigned bits = sf_integer_width(low, high);
  return (sf_integer){LLVMBuildAdd(cg->builder, sf_integer_as(cg, a, bits),
                                   sf_integer_as(cg, b, bits), ""),
                      low, high};
}

sf_integer sf_integer_sub(sf_codegen *cg, sf_integer a, sf_integer b) {
  sf_wide low = a.low - b.high, high = a.high - b.low;
  unsigned bits = sf_integer_width(low, high);
  return (sf_integer){LLVMBuildSub(cg->builder, sf_integer_as(cg, a, bits),
                                   sf_integer_as(cg, b, bits), ""),
                      low, high};
}

sf_integer sf_integer_mul(sf_codegen *cg, sf_integer a, sf_integer b) {
  sf_wide p = a.low * b.low, q = a.low * b.high;
  sf_wide r = a.high * b.low, s = a.high * b.high;
  sf_wide low = least(least(p, q), least(r, s));
  sf_wide high = most(most(p, q), most(r, s));
  unsigned bits = sf_integer_width(low, high);
  return (sf_integer){LLVMBuildMul(cg->builder, sf_integer_as(cg, a, bits),
                                   sf_integer_as(cg, b, bits), ""),
                      low, high};
}

static sf_integer choose(sf_codegen *cg, LLVMIntPredicate keep_a, sf_integer a,
                         sf_integer b) {
  unsigned bits = (unsigned)most(sf_integer_width(a.low, a.high),
                                 sf_integer_width(b.low, b.high));
  LLVMValueRef x = sf_integer_as(cg, a, bits), y = sf_integer_as(cg, b, bits);
  LLVMValueRef keep = LLVMBuildICmp(cg->builder, keep_a, x, y, "");
  return (sf_integer){LLVMBuildSelect(cg->builder, keep, x, y, ""), 0, 0};
}

sf_integer sf_integer_min(sf_codegen *cg, sf_integer a, sf_integer b) {
  sf_integer r = choose(cg, LLVMIntSLT, a, b);
  r.low = least(a.low, b.low);
  r.high = least(a.high, b.high);
  return r;
}

sf_integer sf_integer_max(sf_codegen *cg, sf_integer a, sf_integer b) {
  sf_integer r = choose(cg, LLVMIntSGT, a, b);
  r.low = most(a.low, b.low);
  r.high = most(a.high, b.high);
  return r;
}

sf_integer sf_integer_abs(sf_codegen *cg, sf_integer a) {
  return sf_integer_max(cg, a,
                        sf_integer_sub(cg, sf_integer_constant(cg, 0), a));
}

sf_integer sf_integer_shift_left(sf_codegen *cg, sf_integer a, unsigned shift) {
  assert(shift <= 63);
  sf_wide factor = (sf_wide)1 << shift;
  sf_wide low = a.low * factor, high = a.high * factor;
  unsigned bits = sf_integer_width(low, high);
  LLVMValueRef amount = constant(cg, bits, (sf_wide)shift);
  return (sf_integer){
      LLVMBuildShl(cg->builder, sf_integer_as(cg, a, bits), amount, ""), low,
      high};
}

/* 0 or 1 to add to floor(value / 2^shift); NULL: never. */
static LLVMValueRef carry(sf_codegen *cg, LLVMValueRef value,
                          LLVMValueRef quotient, unsigned shift,
                          sf_round round) {
  LLVMBuilderRef b = cg->builder;
  LLVMTypeRef type = LLVMTypeOf(value);
  unsigned bits = LLVMGetIntTypeWidth(type);
  sf_wide half = (sf_wide)1 << (shift - 1);
  LLVMValueRef zero = constant(cg, bits, 0);
  LLVMValueRef rest =
      LLVMBuildAnd(b, value, constant(cg, bits, half + (half - 1)), "");
  LLVMValueRef some = LLVMBuildICmp(b, LLVMIntNE, rest, zero, "");
  LLVMValueRef negative = LLVMBuildICmp(b, LLVMIntSLT, value, zero, "");
  LLVMValueRef middle = constant(cg, bits, half);
  LLVMValueRef above = LLVMBuildICmp(b, LLVMIntUGT, rest, middle, "");
  LLVMValueRef reaches = LLVMBuildICmp(b, LLVMIntUGE, rest, middle, "");
  switch (round) {
  case SF_ROUND_FLOOR:
    return NULL;
  case SF_ROUND_CEIL:
    return some;
  case SF_ROUND_ZERO:
    return LLVMBuildAnd(b, negative, some, "");
  case SF_ROUND_HALF_UP:
    return reaches;
  case SF_ROUND_HALF_AWAY:
    return LLVMBuildSelect(b, negative, above, reaches, "");
  case SF_ROUND_HALF_EVEN: {
    LLVMValueRef odd = LLVMBuildTrunc(b, quotient, cg->i1, "");
    return LLVMBuildSelect(b, odd, reaches, above, "");
  }
  }
  return NULL;
}

static sf_wide bound_shift(sf_wide value, unsigned shift) {
  return value >> shift; /* floor; the carry adds at most 1 */
}

sf_integer sf_integer_shift_right(sf_codegen *cg, sf_integer a, unsigned shift,
                                  sf_round round) {
  assert(shift <= 126);
  if (shift == 0) return a;
  unsigned bits = sf_integer_width(a.low, a.high);
  while (bits <= shift)
    bits *= 2;
  LLVMValueRef value = sf_integer_as(cg, a, bits);
  LLVMValueRef quotient =
      LLVMBuildAShr(cg->builder, value, constant(cg, bits, (sf_wide)shift), "");
  LLVMValueRef up = carry(cg, value, quotient, shift, round);
  sf_integer result = {quotient, bound_shift(a.low, shift),
                       bound_shift(a.high, shift)};
  if (up) {
    LLVMValueRef one = LLVMBuildZExt(cg->builder, up, type_of(cg, bits), "");
    result.value = LLVMBuildAdd(cg->builder, quotient, one, "");
    result.high++;
  }
  /* The interval may be narrower than the machine value. */
  result.value =
      sf_integer_as(cg, result, sf_integer_width(result.low, result.high));
  return result;
}

static LLVMValueRef magnitude(sf_codegen *cg, LLVMValueRef value,
                              LLVMValueRef negative) {
  LLVMValueRef minus = LLVMBuildNeg(cg->builder, value, "");
  return LLVMBuildSelect(cg->builder, negative, minus, value, "");
}

/* Whether the quotient's magnitude grows by one; NULL: never. `rest` and `left`
 * are what was cut off and what is missing to the next multiple. */
static LLVMValueRef grows(sf_codegen *cg, LLVMValueRef negative,
                          LLVMValueRef quotient, LLVMValueRef rest,
                          LLVMValueRef left, sf_round round) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef some = LLVMBuildICmp(b, LLVMIntNE, rest, sf_code_int(cg, 0), "");
  LLVMValueRef above = LLVMBuildICmp(b, LLVMIntUGT, rest, left, "");
  LLVMValueRef reaches = LLVMBuildICmp(b, LLVMIntUGE, rest, left, "");
  switch (round) {
  case SF_ROUND_FLOOR:
    return LLVMBuildAnd(b, negative, some, "");
  case SF_ROUND_CEIL:
    return LLVMBuildAnd(b, LLVMBuildNot(b, negative, ""), some, "");
  case SF_ROUND_ZERO:
    return NULL;
  case SF_ROUND_HALF_UP:
    return LLVMBuildSelect(b, negative, above, reaches, "");
  case SF_ROUND_HALF_AWAY:
    return reaches;
  case SF_ROUND_HALF_EVEN:
    return LLVMBuildSelect(b, LLVMBuildTrunc(b, quotient, cg->i1, ""), reaches,
                           above, "");
  }
  return NULL;
}

/* On magnitudes, so that -2^31 / -1 is no special case. */
sf_integer sf_integer_divide(sf_codegen *cg, sf_integer a, sf_integer divisor,
                             sf_round round) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef zero = sf_code_int(cg, 0);
  LLVMValueRef x = sf_integer_as(cg, a, 32), y = sf_integer_as(cg, divisor, 32);
  LLVMValueRef x_negative = LLVMBuildICmp(b, LLVMIntSLT, x, zero, "");
  LLVMValueRef y_negative = LLVMBuildICmp(b, LLVMIntSLT, y, zero, "");
  LLVMValueRef none = LLVMBuildICmp(b, LLVMIntEQ, y, zero, "");
  LLVMValueRef negative = LLVMBuildXor(b, x_negative, y_negative, "");
  LLVMValueRef n = magnitude(cg, x, x_negative);
  LLVMValueRef d = LLVMBuildSelect(b, none, sf_code_int(cg, 1),
                                   magnitude(cg, y, y_negative), "");
  LLVMValueRef quotient = LLVMBuildUDiv(b, n, d, "");
  LLVMValueRef rest = LLVMBuildSub(b, n, LLVMBuildMul(b, quotient, d, ""), "");
  LLVMValueRef left = LLVMBuildSub(b, d, rest, "");
  LLVMValueRef up = grows(cg, negative, quotient, rest, left, round);
  if (up)
    quotient = LLVMBuildAdd(b, quotient, LLVMBuildZExt(b, up, cg->i32, ""), "");
  LLVMValueRef wide = LLVMBuildZExt(b, quotient, cg->i64, "");
  LLVMValueRef exact = magnitude(cg, wide, negative); /* same select */
  exact = LLVMBuildSelect(b, none, LLVMConstInt(cg->i64, 0, false), exact, "");
  sf_wide bound = most(-a.low, a.high);
  bound = most(bound, 0);
  sf_integer result = {exact, -bound, bound};
  result.value = sf_integer_as(cg, result, sf_integer_width(-bound, bound));
  return result;
}

sf_integer sf_integer_fit(sf_codegen *cg, sf_integer a, sf_scalar type,
                          sf_mode mode) {
  sf_wide low = sf_scalar_min(type), high = sf_scalar_max(type);
  if (a.low >= low && a.high <= high)
    return (sf_integer){sf_integer_as(cg, a, 32), a.low, a.high};
  if (mode == SF_MODE_SAT) {
    sf_integer limit = {NULL, low, low};
    limit.value = constant(cg, 32, low);
    a = sf_integer_max(cg, a, limit);
    limit = (sf_integer){constant(cg, 32, high), high, high};
    a = sf_integer_min(cg, a, limit);
    return (sf_integer){sf_integer_as(cg, a, 32), low, high};
  }
  LLVMValueRef word = sf_integer_as(cg, a, 32);
  if (mode == SF_MODE_WRAP && type.kind == SF_SCALAR_SPIKE)
    word = LLVMBuildAnd(cg->builder, word, sf_code_int(cg, 1), "");
  else if (mode == SF_MODE_WRAP && type.bits < 32) {
    LLVMValueRef shift = sf_code_int(cg, 32 - type.bits);
    word = LLVMBuildAShr(cg->builder,
                         LLVMBuildShl(cg->builder, word, shift, ""), shift, "");
  }
  return (sf_integer){word, low, high};
}
