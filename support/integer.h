/* integer.h - arithmetic on integers that several parts need. */
#ifndef SF_SUPPORT_INTEGER_H
#define SF_SUPPORT_INTEGER_H

#include <stdint.h>

/* Greatest common divisor of two numbers that are not negative; that of 0 and
 * b is b. Euclid's. */
static inline int64_t sf_gcd(int64_t a, int64_t b) {
  while (b) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

#endif
