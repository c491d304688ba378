/* fit.c - integers that pass given thresholds.
 *
 * floor((p x + h) / d) reaches level k at t and not before iff
 *     k d - p t  <=  h  <=  k d - p (t - 1) - 1,
 * so for given p and d the thresholds leave an interval for h. Two thresholds
 * i < j bound the slope: (t_j - t_i - 1) / (j - i) < d / p < (t_j - t_i + 1) /
 * (j - i). Fractions of that open interval are tried by rising p. */
#include "passes/convert/convert.h"

enum { GAIN_MAX = 512, DIVISOR_MAX = 8388607, TRIES = 5 };

/* Open bounds of d / p as fractions with positive denominators. */
typedef struct slope {
  int64_t low, low_by, high, high_by;
} slope;

static slope bound_slope(const sf_staircase *f) {
  slope s = {0, 1, DIVISOR_MAX, 1};
  for (uint32_t i = 0; i < f->count; i++)
    for (uint32_t j = i + 1; j < f->count; j++) {
      int64_t rise = (int64_t)f->threshold[j] - f->threshold[i];
      int64_t by = (int64_t)j - i;
      if ((rise - 1) * s.low_by > s.low * by) {
        s.low = rise - 1;
        s.low_by = by;
      }
      if ((rise + 1) * s.high_by < s.high * by) {
        s.high = rise + 1;
        s.high_by = by;
      }
    }
  return s;
}

static void tighten(int64_t low, int64_t high, int64_t *h_low,
                    int64_t *h_high) {
  if (low > *h_low) *h_low = low;
  if (high < *h_high) *h_high = high;
}

/* The half nearest to d / 2 that is left; false: none. */
static bool choose_half(const sf_staircase *f, int64_t p, int64_t d,
                        int64_t *half) {
  int64_t low = INT32_MIN, high = INT32_MAX;
  for (uint32_t i = 0; i < f->count; i++) {
    int64_t level = ((int64_t)f->first + i + 1) * d;
    tighten(level - p * f->threshold[i],
            level - p * ((int64_t)f->threshold[i] - 1) - 1, &low, &high);
  }
  if (!f->open_low)
    tighten((int64_t)f->first * d - p * f->low, high, &low, &high);
  if (!f->open_high) {
    int64_t beyond = ((int64_t)f->first + f->count + 1) * d;
    tighten(low, beyond - p * f->high - 1, &low, &high);
  }
  if (low > high) return false;
  int64_t wish = d / 2;
  *half = wish < low ? low : wish > high ? high : wish;
  return p * f->low + *half >= INT32_MIN && p * f->high + *half <= INT32_MAX &&
         p * f->low >= INT32_MIN && p * f->high <= INT32_MAX;
}

static bool try_divisor(sf_staircase *f, int64_t p, int64_t d) {
  int64_t half;
  if (d < 1 || d > DIVISOR_MAX || !choose_half(f, p, d, &half)) return false;
  f->gain = (int32_t)p;
  f->divisor = (int32_t)d;
  f->half = (int32_t)half;
  return true;
}

/* One threshold: any divisor does that is large enough for the open ends. */
static bool try_any_slope(sf_staircase *f, int64_t last) {
  for (int64_t d = 1; d <= last; d *= 2)
    if (try_divisor(f, 1, d)) return true;
  return false;
}

bool sf_fit_levels(sf_staircase *f) {
  slope s = bound_slope(f);
  for (int64_t p = 1; p <= GAIN_MAX; p++) {
    /* Integers strictly between, from the middle outwards. */
    int64_t first = p * s.low / s.low_by + 1;
    int64_t last = (p * s.high + s.high_by - 1) / s.high_by - 1;
    if (first > last) continue;
    if (f->count < 2) return try_any_slope(f, last);
    int64_t middle = first + (last - first) / 2;
    for (int64_t n = 0; n < TRIES; n++) {
      int64_t up = middle + n, down = middle - n;
      if (up <= last && try_divisor(f, p, up)) return true;
      if (n && down >= first && try_divisor(f, p, down)) return true;
    }
  }
  return false;
}
