/* spinnaker2_walk.h - what a key is looked up in while it goes through the
 * tables. Private to sf-check. */
#ifndef SF_CHECK_SPINNAKER2_WALK_H
#define SF_CHECK_SPINNAKER2_WALK_H

#include "tools/sf-check/spinnaker2.h"

extern const char sf_check_spinnaker2_file[]; /* "spinnaker2/routing.json" */

/* A copy of a packet on a chip. */
typedef struct s2_copy {
  int64_t x, y, rank;
  int came;      /* link by which it came; -1: from its PE */
  bool branched; /* below a branching of its tree */
} s2_copy;

/* Keys that a core listens to. `last`: the largest end up to here in the order
 * by first key, so that a search backwards knows where to end. */
typedef struct s2_listened {
  uint64_t first, end, last;
  uint32_t core;
} s2_listened;

typedef struct s2_walker {
  sf_check *check;
  const s2_artefact *a;
  s2_copy *queue; /* one a chip: no chip is entered twice */
  uint32_t queued;
  uint8_t *got;      /* of each core: copies of the present key, at most 2 */
  uint32_t *reached; /* cores with got != 0, to compare and to clear */
  uint32_t reached_count;
  /* Machines have 10^3 PEs and 10^5 keys. */
  const s2_table **tables; /* by place */
  uint32_t *at;            /* cores, by place */
  s2_listened *heard;      /* ranges of keys and who listens, by first key */
  uint32_t heard_count;
  uint64_t searches;
  uint64_t *wanted; /* of each core: the last search that found it */
  uint32_t *hearers, hearer_count; /* of the present key */
  sf_check_range *ranges;          /* of each core that sends, wormhole only */
  sf_check_range *range;           /* of the present one */
} s2_walker;

/* Sorts what is looked up. Errors: OOM. */
sf_result sf_check_spinnaker2_index(sf_check *check, const s2_artefact *a,
                                    s2_walker *out) SF_MUST_USE;
/* NULL, UINT32_MAX: none there. */
const s2_table *sf_check_spinnaker2_table(const s2_walker *w, int64_t x,
                                          int64_t y);
uint32_t sf_check_spinnaker2_core(const s2_walker *w, int64_t x, int64_t y,
                                  int64_t p);
/* The cores that listen to one of `count` keys from `key` on: w->hearers. */
void sf_check_spinnaker2_hearers(s2_walker *w, uint64_t key, uint64_t count);

/* Every key of a block that a core sends, up to the first finding: the others
 * go the same way. */
void sf_check_spinnaker2_block(s2_walker *w, const s2_core *from,
                               const s2_block *block);

#endif
