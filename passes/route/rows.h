/* rows.h - `route` and `table` rows of a mapping block, read back as channels
 * and waits: what the certificate is about. Knows nothing of how they came
 * about; a user may have written them. */
#ifndef SF_PASSES_ROUTE_ROWS_H
#define SF_PASSES_ROUTE_ROWS_H

#include "passes/mapping/rows.h"
#include "passes/route/route.h"

typedef struct sf_rows {
  sf_switching switching;
  sf_channels channels;
  sf_waits waits; /* routes are indices of `routes` */
  uint32_t route_count;
  const sf_mop **routes; /* `route` rows in order */
} sf_rows;

/* Everything in `arena`. Errors: MAPPING when a route leaves the machine, goes
 * over a dead link or does not come where it leads. */
sf_result sf_rows_read(const sf_mapping *mapping, const sf_machine *machine,
                       sf_diag *diag, sf_arena *arena,
                       sf_rows *out) SF_MUST_USE;

/* ---- Parts. ---- */

typedef struct sf_row_seat {
  sf_position router;
  int32_t p;
} sf_row_seat;

typedef struct sf_row_reader {
  const sf_mapping *mapping;
  const sf_machine *machine;
  sf_diag *diag;
  sf_arena *arena;
  sf_rows *out;
  sf_fabric fabric;
  sf_mapping_cores cores;
  sf_row_seat *seats; /* of each core, by its number */
} sf_row_reader;

/* Reports; SF_FAIL. */
sf_result sf_row_bad(const sf_row_reader *r, const sf_mop *row,
                     const char *what);
/* The same of a hop from a router where there is no live link. */
sf_result sf_row_no_way(const sf_row_reader *r, const sf_mop *row,
                        sf_position at, int32_t direction);
/* The core that a symbol names; NULL: none. */
const sf_row_seat *sf_row_find_seat(const sf_row_reader *r,
                                    const sf_item *item);
uint32_t sf_row_channel(sf_row_reader *r, sf_channel_kind kind,
                        sf_position router, int32_t port);
/* One hop over a live link: its channel waits behind *channel; both move on.
 * false: there is no such link. *out: SF_OOM or SF_OK. */
bool sf_row_hop(sf_row_reader *r, uint32_t route, int32_t direction,
                sf_position *at, uint32_t *channel, sf_result *out);
/* A tree of SpiNNaker2, read from the tables. */
typedef struct sf_row_tables sf_row_tables;
sf_result sf_row_tables_read(sf_row_reader *r, sf_row_tables **out) SF_MUST_USE;
sf_result sf_row_tree(sf_row_reader *r, sf_row_tables *tables, uint32_t route,
                      const sf_mop *row) SF_MUST_USE;

#endif
