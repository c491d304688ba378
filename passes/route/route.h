/* route.h - parts of the pass `route`, and the certificate.
 *
 *   flows.c        which core sends to which
 *   loihi2.c       one path a (source, destination): X, then Y
 *   spinnaker2.c   key blocks, trees between chips, tables
 *   ranks.c        a rank for every channel, rising along every route
 *   certificate.c  routes of a mapping block and their ranks, as text
 *   route.c        the pass */
#ifndef SF_PASSES_ROUTE_ROUTE_H
#define SF_PASSES_ROUTE_ROUTE_H

#include "machine/routing.h"
#include "passes/mapping/flow.h"

typedef struct sf_route_host {
  const sf_op *op; /* population */
  sf_box box;
} sf_route_host;

/* A placed core of a mapping block. */
typedef struct sf_route_core {
  const char *name;
  int64_t chip, x, y, p;
  sf_position router;
  uint32_t host_count;
  sf_route_host *hosts;
  uint32_t keys; /* results of its neurons */
} sf_route_core;

/* Who sends to whom: bit `target` of row `source`. */
typedef struct sf_route_flows {
  uint32_t core_count;
  sf_route_core *cores; /* in order of the mapping block */
  size_t row_words;
  uint64_t *bits;
} sf_route_flows;

/* Everything in `arena`. Errors: MAPPING when a core is not placed or names no
 * population. */
sf_result sf_route_flows_find(const sf_mapping *mapping,
                              const sf_machine *machine, sf_arena *arena,
                              sf_diag *diag, sf_route_flows *out) SF_MUST_USE;
bool sf_route_sends(const sf_route_flows *flows, uint32_t source,
                    uint32_t target);

/* What a run needs; `stats` may be NULL. */
typedef struct sf_route_job {
  sf_mapping *mapping;
  const sf_machine *machine;
  sf_arena *scratch;
  sf_diag *diag;
  uint64_t routes, hops, entries; /* out */
} sf_route_job;

/* Append `route` (and `table`) rows. */
sf_result sf_route_loihi2(sf_route_job *job,
                          const sf_route_flows *flows) SF_MUST_USE;
sf_result sf_route_spinnaker2(sf_route_job *job,
                              const sf_route_flows *flows) SF_MUST_USE;

/* ---- Ranks. ---- */

/* Channels in use and which of them a packet may hold while it asks for which.
 * Zero-initialized but for the arena is empty. */
typedef struct sf_ranks {
  sf_arena *arena;
  uint32_t channel_count, channel_capacity;
  sf_channel *channels;
  uint32_t *ranks; /* of each channel; set by sf_ranks_solve */
  uint32_t edge_count, edge_capacity;
  uint32_t (*edges)[2];
  uint32_t bucket_count; /* private: hash of the channels */
  uint32_t *buckets;
} sf_ranks;

/* Number of a channel, added when new; UINT32_MAX: out of memory. */
uint32_t sf_ranks_channel(sf_ranks *ranks, sf_channel channel);
sf_result sf_ranks_edge(sf_ranks *ranks, uint32_t from,
                        uint32_t to) SF_MUST_USE;
/* Ranks by longest path. *out_acyclic false: a cycle of channels is left, no
 * ranks exist; one channel on it is in *out_stuck. */
sf_result sf_ranks_solve(sf_ranks *ranks, bool *out_acyclic,
                         uint32_t *out_stuck) SF_MUST_USE;

#endif
