/* number.c - shortest round-trip decimals, the same in every locale. */
#include "support/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 17, READ_TEXT_MAX = 4096 };

/* value = 0.d1d2d3.. * 10^point; digits are '0'..'9', the first is not 0. */
typedef struct decimal {
  char digit[DIGITS_MAX + 1];
  int count, point;
} decimal;

/* The value rounded to `count` digits. printf rounds correctly; only its radix
 * character depends on the locale, and digits are all that is read here. */
static decimal round_to_digits(double value, int count) {
  char text[64];
  snprintf(text, sizeof text, "%.*e", count - 1, value);
  decimal d = {.count = 0};
  const char *at = text;
  for (; *at && *at != 'e'; at++)
    if (*at >= '0' && *at <= '9') d.digit[d.count++] = *at;
  d.point = (int)strtol(at + 1, NULL, 10) + 1;
  return d;
}

/* The next larger decimal with as many digits. */
static decimal step_up(decimal d) {
  int i = d.count - 1;
  while (i >= 0 && d.digit[i] == '9')
    d.digit[i--] = '0';
  if (i >= 0) {
    d.digit[i]++;
  } else {
    d.digit[0] = '1'; /* 99 -> 100, the last zero dropped */
    d.point++;
  }
  return d;
}

/* `c_locale` never fails: the C locale is built in. */
static locale_t c_locale(void) {
  return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static double decimal_value(const decimal *d, bool single) {
  char text[64];
  snprintf(text, sizeof text, "%.*se%d", d->count, d->digit,
           d->point - d->count);
  locale_t locale = c_locale();
  double value = single ? (double)strtof_l(text, NULL, locale)
                        : strtod_l(text, NULL, locale);
  freelocale(locale);
  return value;
}

/* Fewest digits that read back to `value`, which is positive and finite. At a
 * power of two the gap above is twice the gap below, so the nearest decimal may
 * miss where the one above it reads back: both are tried. */
static decimal shortest(double value, bool single) {
  decimal d = {0};
  for (int count = 1; count <= DIGITS_MAX; count++) {
    d = round_to_digits(value, count);
    if (decimal_value(&d, single) == value) break;
    decimal above = step_up(d);
    if (decimal_value(&above, single) == value) {
      d = above;
      break;
    }
  }
  while (d.count > 1 && d.digit[d.count - 1] == '0')
    d.count--;
  return d;
}

/* Plain notation from 1e-5 up to 1e16, otherwise with an exponent. */
static size_t print_decimal(const decimal *d, char *out) {
  size_t n = 0;
  int point = d->point;
  if (point > 16 || point < -4) {
    out[n++] = d->digit[0];
    if (d->count > 1) out[n++] = '.';
    for (int i = 1; i < d->count; i++)
      out[n++] = d->digit[i];
    return n + (size_t)sprintf(out + n, "e%d", point - 1);
  }
  if (point <= 0) out[n++] = '0';
  for (int i = 0; i < point; i++)
    out[n++] = i < d->count ? d->digit[i] : '0';
  out[n++] = '.';
  for (int i = point; i < 0; i++)
    out[n++] = '0';
  if (point >= d->count) out[n++] = '0';
  for (int i = point > 0 ? point : 0; i < d->count; i++)
    out[n++] = d->digit[i];
  out[n] = 0;
  return n;
}

static size_t print_float(double value, bool single, char *out) {
  const char *special = NULL;
  if (isnan(value))
    special = "nan";
  else if (isinf(value))
    special = value > 0 ? "inf" : "-inf";
  else if (value == 0)
    special = signbit(value) ? "-0.0" : "0.0";
  if (special) {
    memcpy(out, special, strlen(special) + 1);
    return strlen(special);
  }
  size_t sign = value < 0;
  if (sign) out[0] = '-';
  decimal d = shortest(fabs(value), single);
  return sign + print_decimal(&d, out + sign);
}

size_t sf_text_f32(float value, char out[SF_NUMBER_TEXT_MAX]) {
  return print_float((double)value, true, out);
}

size_t sf_text_f64(double value, char out[SF_NUMBER_TEXT_MAX]) {
  return print_float(value, false, out);
}

static size_t skip_digits(sf_slice text, size_t at) {
  while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
    at++;
  return at;
}

/* [-] digits [. digits] [e [+-] digits], digits on one side of the point. */
static bool is_decimal(sf_slice text) {
  size_t at = text.size && text.data[0] == '-';
  size_t start = at;
  at = skip_digits(text, at);
  size_t digits = at - start;
  if (at < text.size && text.data[at] == '.') {
    size_t fraction = skip_digits(text, at + 1);
    digits += fraction - at - 1;
    at = fraction;
  }
  if (digits == 0) return false;
  if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
    at++;
    if (at < text.size && (text.data[at] == '+' || text.data[at] == '-')) at++;
    size_t end = skip_digits(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size;
}

static bool text_is(sf_slice text, const char *word) {
  return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

/* Reads both widths; each is rounded once from the text, since rounding to f64
 * first and then to f32 can differ in the last bit. */
static bool read_float(sf_slice text, float *out_single, double *out_double) {
  bool negative = text_is(text, "-inf");
  if (negative || text_is(text, "inf")) {
    double value = negative ? -INFINITY : INFINITY;
    if (out_single) *out_single = (float)value;
    if (out_double) *out_double = value;
    return true;
  }
  if (text.size > READ_TEXT_MAX || !is_decimal(text)) return false;
  char copy[READ_TEXT_MAX + 1];
  memcpy(copy, text.data, text.size);
  copy[text.size] = 0;
  locale_t locale = c_locale();
  if (out_single) *out_single = strtof_l(copy, NULL, locale);
  if (out_double) *out_double = strtod_l(copy, NULL, locale);
  freelocale(locale);
  return true;
}

bool sf_read_f32(sf_slice text, float *out) {
  return read_float(text, out, NULL);
}

bool sf_read_f64(sf_slice text, double *out) {
  return read_float(text, NULL, out);
}

bool sf_read_i64(sf_slice text, int64_t *out) {
  bool negative = text.size && text.data[0] == '-';
  size_t at = negative;
  if (at == text.size) return false;
  int64_t value = 0; /* built downwards: INT64_MIN has no positive twin */
  for (; at < text.size; at++) {
    char c = text.data[at];
    if (c < '0' || c > '9') return false;
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_sub_overflow(value, c - '0', &value))
      return false;
  }
  if (!negative && value == INT64_MIN) return false;
  *out = negative ? value : -value;
  return true;
}
