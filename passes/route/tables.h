/* tables.h - from trees between chips to each chip's routing table. */
#ifndef SF_PASSES_ROUTE_TABLES_H
#define SF_PASSES_ROUTE_TABLES_H

#include "passes/route/route.h"

/* What a chip does with the keys of one core. */
typedef struct sf_chip_entry {
  uint32_t router; /* of the chip */
  uint32_t key, mask;
  uint32_t links;        /* bit l: a packet leaves by link l */
  uint32_t count;        /* copies for PEs of the chip */
  const uint64_t *cores; /* PE number in the lower half of each, ascending */
  bool straight;         /* it only goes on by the link opposite its entry */
  uint32_t route;        /* private */
} sf_chip_entry;

/* Appends a `table` row a chip that has entries, in order of routers. Reorders
 * `entries`. Each table is made as small as the job asks, and all keys are sent
 * through it once more. Errors: CAPACITY, a table that does not fit. */
sf_result sf_route_tables(sf_route_job *job, uint32_t count,
                          sf_chip_entry *entries) SF_MUST_USE;

#endif
