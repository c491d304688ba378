/* escape.h - the way that is always open: a spanning tree of the live routers
 * whose dependencies are reserved before any route is (the escape paths of
 * Nue, Domke et al. 2016). The path between two routers in a tree is unique
 * and dependencies along such paths form no cycle, so that every connected
 * pair can be routed whatever else has been. */
#ifndef SF_PASSES_ROUTE_ESCAPE_H
#define SF_PASSES_ROUTE_ESCAPE_H

#include "passes/route/grow.h"

typedef struct sf_escape {
  const sf_fabric *fabric;
  uint32_t *height; /* of each router, what orders the links (cdg.h) */
  int32_t *up;      /* of each router: link to its parent, or SF_FABRIC_NONE */
  uint32_t *depth;
  int32_t *root; /* of each router: that of its tree; SF_FABRIC_NONE: dead */
} sf_escape;

/* A tree for each set of live routers that hang together, from its lowest
 * router, breadth first, up the height as long as that goes on: on a fabric
 * without faults its dependencies agree with the order of cdg.h. Everything in
 * `arena`. Errors: OOM. */
sf_result sf_escape_create(const sf_fabric *fabric, sf_arena *arena,
                           sf_escape *out) SF_MUST_USE;
bool sf_escape_joins(const sf_escape *escape, uint32_t a, uint32_t b);
/* Counts its dependencies once, for ever; `cdg` must hold none yet. */
void sf_escape_reserve(const sf_escape *escape, sf_cdg *cdg);
/* The branch of `g` becomes the way to `sink` in the spanning tree, from where
 * the present tree, which must lie on the spanning tree too, ends. */
void sf_escape_branch(const sf_escape *escape, sf_grower *g, uint32_t source,
                      uint32_t sink);

#endif
