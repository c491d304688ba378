/* arith.h - exact arithmetic behind docs/ir.md 4, 5 and 6, shared by the
 * interpreter and interval analysis. The 64-bit part is in sf/types.h. */
#ifndef SF_IR_ARITH_H
#define SF_IR_ARITH_H

#include "sf/types.h"

/* Sums of products of two 32-bit numbers leave 64 bit after the second term. */
__extension__ typedef __int128 sf_wide;

/* round(value / 2^shift) for 0 <= shift <= 62. Never overflows: the quotient's
 * magnitude is at most half the type's range once anything is cut off. */
static inline int64_t sf_shift_round_inline(int64_t value, unsigned shift,
                                            sf_round round) {
  if (shift == 0) return value;
  int64_t quotient = value >> shift; /* floor */
  int64_t rest = value & (int64_t)((UINT64_C(1) << shift) - 1);
  int64_t half = (int64_t)(UINT64_C(1) << (shift - 1));
  switch (round) {
  case SF_ROUND_FLOOR:
    return quotient;
  case SF_ROUND_CEIL:
    return quotient + (rest != 0);
  case SF_ROUND_ZERO:
    return quotient + (value < 0 && rest != 0);
  case SF_ROUND_HALF_UP:
    return quotient + (rest >= half);
  case SF_ROUND_HALF_AWAY:
    return quotient + (value < 0 ? rest > half : rest >= half);
  case SF_ROUND_HALF_EVEN:
    return quotient + (rest > half || (rest == half && (quotient & 1)));
  }
  return quotient;
}

/* round(value / 2^shift), shift <= 62; a negative shift multiplies (down to
 * -31). |value| must stay below 2^96. */
sf_wide sf_shift_round_wide(sf_wide value, int shift, sf_round round);
/* As sf_fit. */
bool sf_fit_wide(sf_wide value, sf_scalar scalar, sf_mode mode, int64_t *out);
/* Decimal digits, terminated; returns `out`. */
const char *sf_wide_text(sf_wide value, char out[44]);

/* The narrowest iN that holds `low` and `high`; i32 when none does. */
sf_scalar sf_int_holding(int64_t low, int64_t high);

/* To an integral value; infinities and NaN stay. Exact for every double. */
double sf_round_f64(double value, sf_round round);
/* Integral `value` to an integer type: NaN gives 0; wrapping takes the low bits
 * of the exact value, and 0 of an infinity. False: does not fit, no mode. */
bool sf_fit_f64(double value, sf_scalar scalar, sf_mode mode, int64_t *out);

/* value * scale, exact, rounded once to f32; |value| < 2^53. */
float sf_scale_to_f32(int64_t value, float scale);
/* round(value * scale), exact, for finite scale; results beyond 2^62 are
 * replaced by a number beyond every type that has the same low 32 bits. */
int64_t sf_scale_to_int(int32_t value, float scale, sf_round round);

#endif
