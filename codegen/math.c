/* math.c - exp, log, erf and what follows from them, by polynomials.
 *
 * No branch, no table, no call, no conversion between f64 and i64, which few
 * machines have for vectors: integers are read from the low bits of a sum with
 * 1.5 * 2^52. The polynomials are derived by scripts/math_polynomials.py. */
#include "codegen/math.h"

#include <math.h>
#include <string.h>

_Static_assert((int)SF_MATH_COUNT <= (int)SF_CODE_MATH_MAX,
               "every function has a place in sf_codegen");

/* ---- Sentences of f64. ---- */

static const double ROUNDER = 0x1.8p52; /* leaves nothing behind the point */
static const uint64_t ONE_BITS = UINT64_C(0x3ff0000000000000);

static LLVMValueRef real(sf_codegen *cg, double value) {
  return LLVMConstReal(cg->f64, value);
}

static LLVMValueRef bits(sf_codegen *cg, uint64_t value) {
  return LLVMConstInt(cg->i64, value, false);
}

static LLVMValueRef add(sf_codegen *cg, LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildFAdd(cg->builder, a, b, "");
}

static LLVMValueRef subtract(sf_codegen *cg, LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildFSub(cg->builder, a, b, "");
}

static LLVMValueRef multiply(sf_codegen *cg, LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildFMul(cg->builder, a, b, "");
}

static LLVMValueRef divide(sf_codegen *cg, LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildFDiv(cg->builder, a, b, "");
}

static LLVMValueRef scale(sf_codegen *cg, LLVMValueRef a, double by) {
  return multiply(cg, a, real(cg, by));
}

static LLVMValueRef negate(sf_codegen *cg, LLVMValueRef a) {
  return LLVMBuildFNeg(cg->builder, a, "");
}

/* a `predicate` limit ? then : otherwise */
static LLVMValueRef choose(sf_codegen *cg, LLVMRealPredicate predicate,
                           LLVMValueRef a, double limit, LLVMValueRef then,
                           LLVMValueRef otherwise) {
  LLVMValueRef condition =
      LLVMBuildFCmp(cg->builder, predicate, a, real(cg, limit), "");
  return LLVMBuildSelect(cg->builder, condition, then, otherwise, "");
}

/* NaN stays. */
static LLVMValueRef clamp(sf_codegen *cg, LLVMValueRef x, double low,
                          double high) {
  x = choose(cg, LLVMRealOLT, x, low, real(cg, low), x);
  return choose(cg, LLVMRealOGT, x, high, real(cg, high), x);
}

static LLVMValueRef to_bits(sf_codegen *cg, LLVMValueRef x) {
  return LLVMBuildBitCast(cg->builder, x, cg->i64, "");
}

static LLVMValueRef from_bits(sf_codegen *cg, LLVMValueRef x) {
  return LLVMBuildBitCast(cg->builder, x, cg->f64, "");
}

static LLVMValueRef intrinsic(sf_codegen *cg, const char *name, LLVMValueRef x,
                              LLVMValueRef y) {
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function =
      LLVMGetIntrinsicDeclaration(cg->module, id, &cg->f64, 1);
  LLVMTypeRef type = LLVMIntrinsicGetType(cg->context, id, &cg->f64, 1);
  LLVMValueRef operands[2] = {x, y};
  return LLVMBuildCall2(cg->builder, type, function, operands, y ? 2 : 1, "");
}

static LLVMValueRef magnitude(sf_codegen *cg, LLVMValueRef x) {
  return intrinsic(cg, "llvm.fabs", x, NULL);
}

static LLVMValueRef with_sign(sf_codegen *cg, LLVMValueRef x, LLVMValueRef of) {
  return intrinsic(cg, "llvm.copysign", x, of);
}

/* ---- Polynomials. ---- */

#define SF_POLYNOMIAL(NAME, ...) static const double NAME[] = {__VA_ARGS__};
#define SF_NUMBER(NAME, value)   static const double NAME = value;
#include "codegen/math_coefficients.def"

static LLVMValueRef horner(sf_codegen *cg, const double *coefficients,
                           size_t count, LLVMValueRef x) {
  LLVMValueRef p = real(cg, coefficients[count - 1]);
  for (size_t i = count - 1; i-- > 0;)
    p = add(cg, multiply(cg, p, x), real(cg, coefficients[i]));
  return p;
}

#define POLYNOMIAL(cg, NAME, x) horner(cg, NAME, SF_COUNT_OF(NAME), x)

/* ---- exp ---- */

enum { EXP_LOW = -708, EXP_HIGH = 709 }; /* 2^n stays normal */

/* exp(x) = power (1 + part), |part| < 0.42. */
typedef struct exponential {
  LLVMValueRef power, part;
} exponential;

static exponential split_exp(sf_codegen *cg, LLVMValueRef x) {
  LLVMBuilderRef b = cg->builder;
  x = clamp(cg, x, EXP_LOW, EXP_HIGH);
  LLVMValueRef sum = add(cg, scale(cg, x, 0x1.71547652b82fep+0 /* 1 / ln 2 */),
                         real(cg, ROUNDER));
  LLVMValueRef n = subtract(cg, sum, real(cg, ROUNDER));
  LLVMValueRef r = subtract(cg, subtract(cg, x, scale(cg, n, LN2_HIGH)),
                            scale(cg, n, LN2_LOW));
  LLVMValueRef exponent = LLVMBuildShl(b, to_bits(cg, sum), bits(cg, 52), "");
  exponent = LLVMBuildAdd(b, exponent, bits(cg, ONE_BITS), "");
  return (exponential){from_bits(cg, exponent),
                       multiply(cg, r, POLYNOMIAL(cg, EXPM1, r))};
}

static LLVMValueRef exp_of(sf_codegen *cg, LLVMValueRef x) {
  exponential e = split_exp(cg, x);
  LLVMValueRef y = add(cg, e.power, multiply(cg, e.power, e.part));
  y = choose(cg, LLVMRealOLT, x, EXP_LOW, real(cg, 0), y);
  return choose(cg, LLVMRealOGT, x, EXP_HIGH, real(cg, (double)INFINITY), y);
}

/* The sign is that of x, also where the sum is 0. */
static LLVMValueRef expm1_of(sf_codegen *cg, LLVMValueRef x) {
  exponential e = split_exp(cg, x);
  LLVMValueRef y = add(cg, multiply(cg, e.power, e.part),
                       subtract(cg, e.power, real(cg, 1)));
  y = choose(cg, LLVMRealOGT, x, EXP_HIGH, real(cg, (double)INFINITY), y);
  return with_sign(cg, y, x);
}

static LLVMValueRef sigmoid_of(sf_codegen *cg, LLVMValueRef x) {
  LLVMValueRef e =
      sf_code_math(cg, SF_MATH_EXP, negate(cg, magnitude(cg, x)), NULL);
  LLVMValueRef above = choose(cg, LLVMRealOGE, x, 0, real(cg, 1), e);
  return divide(cg, above, add(cg, e, real(cg, 1)));
}

/* -e / (2 + e) of e = exp(-2 |x|) - 1 */
static LLVMValueRef tanh_of(sf_codegen *cg, LLVMValueRef x) {
  LLVMValueRef e =
      sf_code_math(cg, SF_MATH_EXPM1, scale(cg, magnitude(cg, x), -2), NULL);
  LLVMValueRef t = divide(cg, e, add(cg, e, real(cg, 2)));
  return with_sign(cg, t, x);
}

/* ---- log ---- */

/* x = 2^n m, sqrt(1/2) <= m < sqrt(2); log m = 2 atanh((m - 1) / (m + 1)). */
static LLVMValueRef log_of(sf_codegen *cg, LLVMValueRef x) {
  LLVMBuilderRef b = cg->builder;
  const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd);
  const uint64_t exponent = UINT64_C(0xfff0000000000000);
  LLVMValueRef word = to_bits(cg, x);
  LLVMValueRef raised =
      LLVMBuildAdd(b, word, bits(cg, ONE_BITS - root_half), "");
  LLVMValueRef power = LLVMBuildAnd(b, raised, bits(cg, exponent), "");
  LLVMValueRef rest = LLVMBuildSub(b, word, power, "");
  LLVMValueRef m = from_bits(cg, LLVMBuildAdd(b, rest, bits(cg, ONE_BITS), ""));
  /* n + 1023 as the low bits of 2^52 + n + 1023 */
  LLVMValueRef biased = LLVMBuildLShr(b, raised, bits(cg, 52), "");
  biased = LLVMBuildOr(b, biased, bits(cg, UINT64_C(0x4330000000000000)), "");
  LLVMValueRef n = subtract(cg, from_bits(cg, biased), real(cg, 0x1p52 + 1023));
  LLVMValueRef s =
      divide(cg, subtract(cg, m, real(cg, 1)), add(cg, m, real(cg, 1)));
  LLVMValueRef series = POLYNOMIAL(cg, ATANH, multiply(cg, s, s));
  LLVMValueRef small = multiply(cg, scale(cg, s, 2), series);
  small = add(cg, small, scale(cg, n, LN2_LOW));
  LLVMValueRef y = add(cg, scale(cg, n, LN2_HIGH), small);
  LLVMValueRef none = choose(cg, LLVMRealOEQ, x, 0, real(cg, -(double)INFINITY),
                             real(cg, (double)NAN));
  y = choose(cg, LLVMRealOGT, x, 0, y, none);
  return choose(cg, LLVMRealOEQ, x, (double)INFINITY, x, y);
}

/* max(x, 0) + log(1 + e), e = exp(-|x|); u = 1 + e loses what (e - (u - 1)) / u
 * gives back. */
static LLVMValueRef softplus_of(sf_codegen *cg, LLVMValueRef x) {
  LLVMValueRef e =
      sf_code_math(cg, SF_MATH_EXP, negate(cg, magnitude(cg, x)), NULL);
  LLVMValueRef u = add(cg, e, real(cg, 1));
  LLVMValueRef lost = subtract(cg, e, subtract(cg, u, real(cg, 1)));
  LLVMValueRef y =
      add(cg, sf_code_math(cg, SF_MATH_LOG, u, NULL), divide(cg, lost, u));
  return add(cg, choose(cg, LLVMRealOGT, x, 0, x, real(cg, 0)), y);
}

/* ---- erf ---- */

/* erfc(a) of a >= 1; smaller ones count as 1, those above 27 as 27, where it is
 * 0. */
static LLVMValueRef tail_of(sf_codegen *cg, LLVMValueRef a) {
  LLVMValueRef y = clamp(cg, a, 1, 27);
  LLVMValueRef u = divide(cg, real(cg, 1), add(cg, y, real(cg, 2.5)));
  LLVMValueRef e =
      sf_code_math(cg, SF_MATH_EXP, negate(cg, multiply(cg, y, y)), NULL);
  return multiply(cg, multiply(cg, e, u), POLYNOMIAL(cg, ERFCX, u));
}

static LLVMValueRef erf_of(sf_codegen *cg, LLVMValueRef x) {
  LLVMValueRef a = magnitude(cg, x);
  LLVMValueRef center =
      multiply(cg, a, POLYNOMIAL(cg, ERF, multiply(cg, a, a)));
  LLVMValueRef far = subtract(cg, real(cg, 1), tail_of(cg, a));
  return with_sign(cg, choose(cg, LLVMRealOLT, a, 1, center, far), x);
}

static LLVMValueRef normal_of(sf_codegen *cg, LLVMValueRef x) {
  LLVMValueRef z = scale(cg, x, 0x1.6a09e667f3bcdp-1 /* sqrt(1/2) */);
  LLVMValueRef a = magnitude(cg, z);
  LLVMValueRef center = POLYNOMIAL(cg, ERF, multiply(cg, z, z));
  center = add(cg, multiply(cg, scale(cg, z, 0.5), center), real(cg, 0.5));
  LLVMValueRef tail = scale(cg, tail_of(cg, a), 0.5);
  LLVMValueRef far =
      choose(cg, LLVMRealOLT, z, 0, tail, subtract(cg, real(cg, 1), tail));
  return choose(cg, LLVMRealOLT, a, 1, center, far);
}

/* ---- pow ---- */

typedef struct parity {
  LLVMValueRef odd, whole; /* i1; large numbers and infinities are even */
} parity;

static LLVMValueRef is_whole(sf_codegen *cg, LLVMValueRef y) {
  LLVMValueRef rounded =
      subtract(cg, add(cg, y, real(cg, ROUNDER)), real(cg, ROUNDER));
  return LLVMBuildFCmp(cg->builder, LLVMRealOEQ, rounded, y, "");
}

static parity parity_of(sf_codegen *cg, LLVMValueRef y) {
  LLVMBuilderRef b = cg->builder;
  y = choose(cg, LLVMRealOLT, magnitude(cg, y), 0x1p30, y, real(cg, 0));
  LLVMValueRef whole = is_whole(cg, y);
  LLVMValueRef even = is_whole(cg, scale(cg, y, 0.5));
  return (parity){LLVMBuildAnd(b, whole, LLVMBuildNot(b, even, ""), ""), whole};
}

/* |x|^y by exp(y log |x|), then sign and exceptions, in the order in which
 * later ones win. */
static LLVMValueRef pow_of(sf_codegen *cg, LLVMValueRef x, LLVMValueRef y) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef a = magnitude(cg, x), one = real(cg, 1);
  LLVMValueRef power = multiply(cg, y, sf_code_math(cg, SF_MATH_LOG, a, NULL));
  power = choose(cg, LLVMRealOEQ, a, 1, real(cg, 0), power); /* 0 * infinity */
  LLVMValueRef r = sf_code_math(cg, SF_MATH_EXP, power, NULL);
  parity p = parity_of(cg, y);
  LLVMValueRef flipped = with_sign(cg, r, x);
  r = LLVMBuildSelect(b, p.odd, flipped, r, "");
  /* A finite negative number to a power that is not whole. */
  LLVMValueRef negative = LLVMBuildAnd(
      b, LLVMBuildFCmp(b, LLVMRealOLT, x, real(cg, 0), ""),
      LLVMBuildFCmp(b, LLVMRealOGT, x, real(cg, -(double)INFINITY), ""), "");
  LLVMValueRef undefined =
      LLVMBuildAnd(b, negative, LLVMBuildNot(b, p.whole, ""), "");
  r = LLVMBuildSelect(b, undefined, real(cg, (double)NAN), r, "");
  LLVMValueRef unordered = LLVMBuildFCmp(b, LLVMRealUNO, x, y, "");
  r = LLVMBuildSelect(b, unordered, real(cg, (double)NAN), r, "");
  r = choose(cg, LLVMRealOEQ, y, 0, one, r);
  return choose(cg, LLVMRealOEQ, x, 1, one, r);
}

/* ---- Functions of the module. ---- */

static LLVMValueRef body(sf_codegen *cg, sf_math function) {
  LLVMValueRef x = sf_code_parameter(cg, 0);
  switch (function) {
  case SF_MATH_EXP:
    return exp_of(cg, x);
  case SF_MATH_EXPM1:
    return expm1_of(cg, x);
  case SF_MATH_LOG:
    return log_of(cg, x);
  case SF_MATH_ERF:
    return erf_of(cg, x);
  case SF_MATH_NORMAL:
    return normal_of(cg, x);
  case SF_MATH_TANH:
    return tanh_of(cg, x);
  case SF_MATH_SIGMOID:
    return sigmoid_of(cg, x);
  case SF_MATH_SOFTPLUS:
    return softplus_of(cg, x);
  default:
    return pow_of(cg, x, sf_code_parameter(cg, 1));
  }
}

/* Builds it where it is missing; the caller's position is kept. Names are no
 * names of libm, which LLVM knows. */
static LLVMValueRef function_of(sf_codegen *cg, sf_math function) {
  static const char *const names[SF_MATH_COUNT] = {
      "f64.exp",  "f64.expm1",   "f64.log",      "f64.erf", "f64.normal",
      "f64.tanh", "f64.sigmoid", "f64.softplus", "f64.pow"};
  if (cg->math[function]) return cg->math[function];
  LLVMValueRef caller = cg->function;
  LLVMBasicBlockRef block = LLVMGetInsertBlock(cg->builder);
  const LLVMTypeRef types[2] = {cg->f64, cg->f64};
  LLVMValueRef made =
      sf_code_function(cg, names[function], cg->f64, types,
                       function == SF_MATH_POW ? 2 : 1, true, false);
  unsigned flag = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
  LLVMAddAttributeAtIndex(made, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(cg->context, flag, 0));
  LLVMBuildRet(cg->builder, body(cg, function));
  cg->math[function] = made;
  cg->function = caller;
  LLVMPositionBuilderAtEnd(cg->builder, block);
  return made;
}

LLVMValueRef sf_code_math(sf_codegen *cg, sf_math function, LLVMValueRef x,
                          LLVMValueRef y) {
  LLVMValueRef callee = function_of(cg, function);
  LLVMValueRef operands[2] = {x, y};
  return LLVMBuildCall2(cg->builder, LLVMGlobalGetValueType(callee), callee,
                        operands, y ? 2 : 1, "");
}
