/* keys.h - a block of keys for each core that sends (spinnaker2.md 2.5, 4.4).
 */
#ifndef SF_PASSES_ROUTE_KEYS_H
#define SF_PASSES_ROUTE_KEYS_H

#include "passes/route/route.h"

typedef struct sf_key_block {
  uint32_t key, mask; /* mask 0: the core sends nothing */
} sf_key_block;

/* Blocks of all cores, out[c]: a power of two of keys at a multiple of it, so
 * that one entry is enough; the cores of one population follow each other in
 * blocks of one size from a multiple of their sum, so that entries merge, as
 * long as there are keys to spare. Errors: OOM; CAPACITY when the keys run
 * out. */
sf_result sf_route_keys(const sf_route_job *job, const sf_route_flows *flows,
                        sf_key_block **out) SF_MUST_USE;

#endif
