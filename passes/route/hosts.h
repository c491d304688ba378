/* hosts.h - which cores hold a part of a box of a population: a hierarchy of
 * bounding boxes, since a population may lie on 10^5 cores. */
#ifndef SF_PASSES_ROUTE_HOSTS_H
#define SF_PASSES_ROUTE_HOSTS_H

#include "sf/ir.h"

typedef struct sf_host_item {
  sf_box box;
  uint32_t core;
  int64_t key; /* private: to sort by */
} sf_host_item;

typedef struct sf_host_node {
  sf_box bounds;
  uint32_t begin, end;  /* items, when it is a leaf */
  uint32_t left, right; /* nodes; 0, 0: a leaf */
} sf_host_node;

typedef struct sf_host_tree {
  sf_host_item *items;
  uint32_t node_count;
  sf_host_node *nodes; /* the root is the first */
} sf_host_tree;

/* Takes `items` (of one rank, borrowed) and reorders them. Errors: OOM. */
sf_result sf_host_tree_build(sf_host_item *items, uint32_t count,
                             sf_arena *arena, sf_host_tree *out) SF_MUST_USE;
typedef sf_result (*sf_host_visit)(void *data, uint32_t core);
/* Calls `visit` for each item that shares an element with `box`; a core with
 * several is visited as often. Returns its first failure. */
sf_result sf_host_tree_find(const sf_host_tree *tree, const sf_box *box,
                            sf_host_visit visit, void *data) SF_MUST_USE;

#endif
