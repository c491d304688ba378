/* hash.h - SHA-256 (libcrypto), XXH3, the seeded generator Philox4x32-10. */
#ifndef SF_SUPPORT_HASH_H
#define SF_SUPPORT_HASH_H

#include "sf/diag.h"

/* 64 lower-case hex digits and a terminator; "" when memory is out. */
void sf_sha256(const void *bytes, size_t size, char out[65]);
sf_result sf_sha256_file(const char *path, sf_diag *diag,
                         char out[65]) SF_MUST_USE;
uint64_t sf_hash(const void *bytes, size_t size);

/* Salmon et al., SC'11: ten rounds on a 4x32 counter with a 2x32 key. */
void sf_philox(const uint32_t key[2], const uint32_t counter[4],
               uint32_t out[4]);

/* A stream of uniform 32-bit numbers for tests and seeded searches. */
typedef struct sf_random {
  uint32_t key[2], counter[4], block[4];
  unsigned used;
} sf_random;
sf_random sf_random_seeded(uint64_t seed);
uint32_t sf_random_u32(sf_random *random);
/* Uniform in 0 .. bound-1, without bias; bound >= 1. */
uint32_t sf_random_below(sf_random *random, uint32_t bound);
double sf_random_unit(sf_random *random); /* [0, 1), 53 bits */

#endif
