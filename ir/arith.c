/* arith.c - exact rounding, fitting and the fixed exponential. docs/ir.md 6. */
#include "ir/arith.h"

#include <math.h>

int64_t sf_shift_round(int64_t value, unsigned shift, sf_round round) {
  return sf_shift_round_inline(value, shift, round);
}

/* 0, +1 or -1 to add to a quotient that was cut off towards zero. `twice`
 * compares twice the rest's magnitude with the divisor's: -1, 0, +1. */
static int round_step(bool negative, bool exact, int twice, bool odd,
                      sf_round round) {
  int away = negative ? -1 : 1;
  if (exact) return 0;
  switch (round) {
  case SF_ROUND_FLOOR:
    return negative ? -1 : 0;
  case SF_ROUND_CEIL:
    return negative ? 0 : 1;
  case SF_ROUND_ZERO:
    return 0;
  case SF_ROUND_HALF_UP:
    return twice > 0 || (twice == 0 && !negative) ? away : 0;
  case SF_ROUND_HALF_AWAY:
    return twice >= 0 ? away : 0;
  case SF_ROUND_HALF_EVEN:
    return twice > 0 || (twice == 0 && odd) ? away : 0;
  }
  return 0;
}

static uint64_t magnitude(int64_t value) {
  return value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
}

int64_t sf_divide_round(int64_t a, int64_t b, sf_round round) {
  if (b == 0) return 0;
  if (b == -1) return a == INT64_MIN ? INT64_MAX : -a;
  int64_t quotient = a / b, rest = a % b;
  uint64_t r = magnitude(rest), left = magnitude(b) - r; /* no overflow */
  int twice = r > left ? 1 : r == left ? 0 : -1;
  return quotient +
         round_step((a < 0) != (b < 0), rest == 0, twice, quotient & 1, round);
}

bool sf_fit(int64_t value, sf_scalar scalar, sf_mode mode, int64_t *out) {
  bool spike = scalar.kind == SF_SCALAR_SPIKE;
  int64_t low = spike ? 0 : -(INT64_C(1) << (scalar.bits - 1));
  int64_t high = spike ? 1 : (INT64_C(1) << (scalar.bits - 1)) - 1;
  if (value >= low && value <= high) {
    *out = value;
    return true;
  }
  switch (mode) {
  case SF_MODE_NONE:
    return false;
  case SF_MODE_SAT:
    *out = value < low ? low : high;
    return true;
  case SF_MODE_WRAP: {
    uint64_t bits = (uint64_t)value & ((UINT64_C(1) << scalar.bits) - 1);
    bool negative = !spike && (bits >> (scalar.bits - 1)) != 0;
    *out =
        (int64_t)bits - (negative ? (int64_t)(UINT64_C(1) << scalar.bits) : 0);
    return true;
  }
  }
  return false;
}

sf_wide sf_shift_round_wide(sf_wide value, int shift, sf_round round) {
  if (shift <= 0) return value * ((sf_wide)1 << -shift);
  sf_wide divisor = (sf_wide)1 << shift;
  sf_wide quotient = value / divisor, rest = value % divisor;
  sf_wide twice = (rest < 0 ? -rest : rest) * 2 - divisor;
  return quotient + round_step(value < 0, rest == 0,
                               twice > 0    ? 1
                               : twice == 0 ? 0
                                            : -1,
                               (quotient & 1) != 0, round);
}

bool sf_fit_wide(sf_wide value, sf_scalar scalar, sf_mode mode, int64_t *out) {
  if (value >= INT64_MIN && value <= INT64_MAX)
    return sf_fit((int64_t)value, scalar, mode, out);
  switch (mode) {
  case SF_MODE_NONE:
    return false;
  case SF_MODE_SAT:
    return sf_fit(value < 0 ? INT64_MIN : INT64_MAX, scalar, mode, out);
  case SF_MODE_WRAP: /* the low 32 bits decide */
    return sf_fit((int64_t)(value & 0xffffffff), scalar, mode, out);
  }
  return false;
}

const char *sf_wide_text(sf_wide value, char out[44]) {
  bool negative = value < 0;
  char *p = out + 43;
  *p = '\0';
  do {
    int digit = (int)(value % 10);
    *--p = (char)('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  } while (value != 0);
  if (negative) *--p = '-';
  return p;
}

sf_scalar sf_int_holding(int64_t low, int64_t high) {
  unsigned bits = SF_INT_BITS_MIN;
  while (bits < SF_INT_BITS_MAX && (sf_scalar_min(sf_int(bits)) > low ||
                                    sf_scalar_max(sf_int(bits)) < high))
    bits++;
  return sf_int(bits);
}

double sf_round_f64(double value, sf_round round) {
  double whole = trunc(value), rest = value - whole; /* both exact */
  if (rest == 0 || !isfinite(value)) return value;
  double size = fabs(rest);
  int twice = size > 0.5 ? 1 : size == 0.5 ? 0 : -1;
  bool odd = twice == 0 && trunc(whole * 0.5) * 2 != whole;
  return whole + round_step(value < 0, false, twice, odd, round);
}

bool sf_fit_f64(double value, sf_scalar scalar, sf_mode mode, int64_t *out) {
  const double two_32 = 4294967296.0, two_62 = 4611686018427387904.0;
  if (isnan(value)) value = 0;
  if (fabs(value) < two_62) return sf_fit((int64_t)value, scalar, mode, out);
  if (mode == SF_MODE_WRAP)
    value = isinf(value) ? 0 : fmod(value, two_32);
  else
    value = value < 0 ? -two_62 : two_62;
  return sf_fit((int64_t)value, scalar, mode, out);
}

float sf_scale_to_f32(int64_t value, float scale) {
  /* Rounding to odd in binary64 makes the second rounding harmless: binary64
   * has more than twice the bits of binary32 plus two. */
  double a = (double)value, b = (double)scale, product = a * b;
  if (value >= -(INT64_C(1) << 29) && value <= INT64_C(1) << 29)
    return (float)product; /* 29 by 24 bits: exact */
  if (!isfinite(product)) return (float)product;
  double error = fma(a, b, -product);
  union {
    double d;
    uint64_t bits;
  } p = {product};
  if (error != 0 && (p.bits & 1) == 0)
    product =
        nextafter(product, error > 0 ? (double)INFINITY : -(double)INFINITY);
  return (float)product;
}

int64_t sf_scale_to_int(int32_t value, float scale, sf_round round) {
  int exponent;
  int64_t mantissa = (int64_t)ldexpf(frexpf(scale, &exponent), 24);
  int64_t product = value * mantissa; /* below 2^55; times 2^(exponent - 24) */
  int shift = 24 - exponent;
  if (product == 0) return 0;
  if (shift > 62) return sf_shift_round(product < 0 ? -1 : 1, 62, round);
  if (shift >= 0) return sf_shift_round(product, (unsigned)shift, round);
  /* Beyond 2^63 the low 32 bits are zero whatever the shift is. */
  sf_wide exact =
      (sf_wide)product * ((sf_wide)1 << (shift < -63 ? 63 : -shift));
  const int64_t limit = INT64_C(1) << 62;
  if (exact > -limit && exact < limit) return (int64_t)exact;
  int64_t low = (int64_t)(exact & 0xffffffff);
  return exact < 0 ? low - limit : low + limit;
}

float sf_exp_f32(float x) {
  if (isnan(x)) return x;
  if (x > 88.72283f) return INFINITY;
  if (x < -87.33654f) return 0.0f;
  float n = rintf(x * 1.44269504f);
  float a = x - n * 0.693359375f;
  float r = a - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  float square = r * r;
  float sum = p * square + r + 1.0f;
  int whole = (int)n, half = whole / 2;
  return sum * ldexpf(1.0f, half) * ldexpf(1.0f, whole - half);
}
