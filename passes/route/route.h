/* route.h - parts of the pass `route`, and the certificate.
 *
 *   flows.c, hosts.c  which core sends to which
 *   nets.h            routes on plain data
 *   loihi2.c          one path a (source, destination)
 *   spinnaker2.c      trees between chips; rows
 *   keys.c            blocks of keys
 *   tables.c          each chip's table; compress.c, covering.c make it fit
 *   channels.c, certificate.c, cycle.c   waits of a mapping block's routes, and
 *                     their ranks or their circle as text
 *   route.c           the pass */
#ifndef SF_PASSES_ROUTE_ROUTE_H
#define SF_PASSES_ROUTE_ROUTE_H

#include "machine/routing.h"
#include "passes/mapping/flow.h"
#include "passes/route/nets.h"
#include "passes/route/waits.h"

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

/* Who sends to whom: core c to targets[first[c] .. first[c + 1]), ascending,
 * itself included when its neurons read each other. */
typedef struct sf_route_flows {
  uint32_t core_count;
  sf_route_core *cores; /* in order of the mapping block */
  uint32_t *first, *targets;
} sf_route_flows;

/* Everything in `arena`: memory grows with cores and pairs. Errors: MAPPING
 * when a core is not placed or names no population. */
sf_result sf_route_flows_find(const sf_mapping *mapping,
                              const sf_machine *machine, sf_arena *arena,
                              sf_diag *diag, sf_route_flows *out) SF_MUST_USE;

/* How much a table is made smaller. */
typedef enum sf_table_effort {
  SF_TABLES_PLAIN, /* one entry a block of keys */
  SF_TABLES_FIT,   /* until it fits the router, no further */
  SF_TABLES_SMALL  /* as far as it goes */
} sf_table_effort;

/* What a run needs. */
typedef struct sf_route_job {
  sf_mapping *mapping;
  const sf_machine *machine;
  sf_arena *scratch;
  sf_diag *diag;
  sf_algorithm algorithm;
  uint32_t sweeps;
  sf_table_effort effort;
  bool default_routes; /* routers send what matches no entry straight on */
  sf_fabric fabric;
  uint64_t rows;                                   /* named so far */
  uint64_t routes, hops, blocks, entries, escaped; /* out: statistics */
} sf_route_job;

/* Router of a core, as a number of the fabric. */
uint32_t sf_route_router(const sf_route_job *job, const sf_route_core *core);

/* A core as a row names it. */
sf_item sf_route_symbol(const sf_route_core *core);
/* A row `route` from one core to `count` others; *out_attrs: its attributes, to
 * add to. */
sf_result sf_route_add_row(sf_route_job *job, const sf_route_core *from,
                           uint32_t count, sf_item *targets,
                           sf_dict **out_attrs) SF_MUST_USE;
/* Reports CAPACITY; SF_FAIL. `help`: what to do. */
sf_result sf_route_no_path(const sf_route_job *job, const sf_route_core *from,
                           const sf_route_core *to, const char *help);

/* Append `route` (and `table`) rows. Errors: CAPACITY, with the pair that no
 * path joins or the table that does not fit. */
sf_result sf_route_loihi2(sf_route_job *job,
                          const sf_route_flows *flows) SF_MUST_USE;
sf_result sf_route_spinnaker2(sf_route_job *job,
                              const sf_route_flows *flows) SF_MUST_USE;

/* Attributes of a mapping block that say what its routes rest on. */
#define SF_ROUTE_SWITCHING      "switching"      /* wormhole; absent: packet */
#define SF_ROUTE_DEFAULT_ROUTES "default_routes" /* straight; absent: none */

/* ---- Channels of a mapping block. ---- */

typedef struct sf_channels {
  sf_arena *arena;
  uint32_t count, capacity;
  sf_channel *items;
  uint32_t bucket_count; /* private: hash */
  uint32_t *buckets;
} sf_channels;

/* Number of a channel, added when new; UINT32_MAX: out of memory. */
uint32_t sf_channels_number(sf_channels *channels, sf_channel channel);

#endif
