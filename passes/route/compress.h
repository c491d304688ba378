/* compress.h - routing tables made smaller: plain data.
 *
 * A table is a list in match order: a packet takes the first entry with
 * (packet key & mask) == key. Tables to start from are orthogonal: no key
 * matches two entries. What a smaller table does with keys that the first one
 * did not match is open; every other key goes the same way (spinnaker2.md
 * 4.4), which sf_table_replay checks. */
#ifndef SF_PASSES_ROUTE_COMPRESS_H
#define SF_PASSES_ROUTE_COMPRESS_H

#include "sf/base.h"

typedef struct sf_table_entry {
  uint32_t key, mask;
  uint32_t route; /* number of what a packet leaves by: links and cores */
  bool straight;  /* all its packets go straight on, to no core */
} sf_table_entry;

/* Does some key match both? */
static inline bool sf_table_meet(const sf_table_entry *a,
                                 const sf_table_entry *b) {
  return ((a->key ^ b->key) & a->mask & b->mask) == 0;
}

/* The narrowest entry that matches all keys of both, by the route of `a`. */
static inline sf_table_entry sf_table_merge(const sf_table_entry *a,
                                            const sf_table_entry *b) {
  uint32_t mask = a->mask & b->mask & ~(a->key ^ b->key);
  return (sf_table_entry){a->key & mask, mask, a->route,
                          a->straight && b->straight};
}

typedef struct sf_table {
  uint32_t count;
  sf_table_entry *entries;
} sf_table;

/* Pairs of one route that differ in one bit of the key become one entry that
 * matches exactly the keys of both, until there are none: the table stays
 * orthogonal. In place, sorted anew. */
void sf_table_merge_siblings(sf_table *table);

/* Pair merging by route, the rarest first: a pair is merged when no route that
 * comes later loses a key to the result; the most frequent route comes last
 * and may shrink to one entry. Stops at `target` entries. In place; scratch
 * memory in `arena`. Errors: OOM. */
sf_result sf_table_merge_pairs(sf_table *table, uint32_t target,
                               sf_arena *arena) SF_MUST_USE;

/* Ordered covering (Mundy, Heathcote, Garside 2016): merges all entries of a
 * route, as far as covering checks upwards and downwards let it, the most
 * gainful first. Stops at `target` entries. Errors: OOM. */
sf_result sf_table_cover(sf_table *table, uint32_t target,
                         sf_arena *arena) SF_MUST_USE;

/* Drops entries that only send packets straight on, where no later entry would
 * catch them: for routers that send what matches nothing straight on. After
 * merging, never before. */
void sf_table_drop_defaults(sf_table *table);

/* Does every key of `from` (orthogonal) take the same route through `to`, or,
 * with `defaults`, none because it goes straight on? */
bool sf_table_replay(const sf_table *from, const sf_table *to, bool defaults);

#endif
