/* nir_order.h - what the two halves of the scheduler share. */
#ifndef SF_NIR_ORDER_H
#define SF_NIR_ORDER_H

#include "frontend/nir/nir.h"

/* Arrays have a place for each node. */
typedef struct nir_scheduler {
  nir_import *import;
  uint32_t *waiting;    /* edges into the node that are not evaluated or cut */
  uint32_t done, ready; /* of import->order */
  uint32_t *stack, *mark;
  uint32_t marks; /* walks so far: what `mark` holds of the last one */
  /* Groups: nodes that reach each other (strongly connected components). */
  uint32_t group_count, member_count;
  uint32_t *members;                   /* group after group */
  uint32_t *group_first;               /* into members */
  uint32_t *group_waits;               /* for a node outside it */
  uint32_t *visit, *low, *next, *path; /* of the search */
} nir_scheduler;

/* Whether the edge's target waits for its source. */
bool sf_nir_waits(const nir_import *import, const nir_edge *edge);
/* nir_cycles.c: groups of what is not evaluated. */
void sf_nir_find_groups(nir_scheduler *s);

#endif
