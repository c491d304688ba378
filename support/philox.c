/* philox.c - Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random
 * numbers: as easy as 1, 2, 3. SC'11, section 3.3 and table 2) and a stream on
 * top. */
#include "support/hash.h"

#include <string.h>

void sf_philox(const uint32_t key[2], const uint32_t counter[4],
               uint32_t out[4]) {
  const uint32_t multiplier0 = 0xD2511F53u, multiplier1 = 0xCD9E8D57u;
  const uint32_t weyl0 = 0x9E3779B9u, weyl1 = 0xBB67AE85u;
  uint32_t k0 = key[0], k1 = key[1];
  uint32_t c[4];
  memcpy(c, counter, sizeof c);
  for (int round = 0; round < 10; round++) {
    uint64_t product0 = (uint64_t)multiplier0 * c[0];
    uint64_t product1 = (uint64_t)multiplier1 * c[2];
    uint32_t next[4] = {
        (uint32_t)(product1 >> 32) ^ c[1] ^ k0, (uint32_t)product1,
        (uint32_t)(product0 >> 32) ^ c[3] ^ k1, (uint32_t)product0};
    memcpy(c, next, sizeof c);
    k0 += weyl0;
    k1 += weyl1;
  }
  memcpy(out, c, sizeof c);
}

sf_random sf_random_seeded(uint64_t seed) {
  return (sf_random){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                     .used = 4};
}

uint32_t sf_random_u32(sf_random *random) {
  if (random->used >= 4) {
    sf_philox(random->key, random->counter, random->block);
    random->used = 0;
    for (int i = 0; i < 4 && ++random->counter[i] == 0; i++)
      continue;
  }
  return random->block[random->used++];
}

uint32_t sf_random_below(sf_random *random, uint32_t bound) {
  /* Lemire's method: the low half of the product says whether the draw fell in
   * the part that would make some results likelier. */
  uint64_t product = (uint64_t)sf_random_u32(random) * bound;
  uint32_t reject_below = (uint32_t)(-bound) % bound;
  while ((uint32_t)product < reject_below)
    product = (uint64_t)sf_random_u32(random) * bound;
  return (uint32_t)(product >> 32);
}

double sf_random_unit(sf_random *random) {
  uint64_t high = sf_random_u32(random) >> 5; /* 27 bits */
  uint64_t low = sf_random_u32(random) >> 6;  /* 26 bits */
  return (double)((high << 26) | low) * 0x1p-53;
}
