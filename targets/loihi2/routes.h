/* routes.h - <axonOut> and <route> of config.xml, from the mapping's routes. */
#ifndef SF_TARGETS_LOIHI2_ROUTES_H
#define SF_TARGETS_LOIHI2_ROUTES_H

#include "targets/loihi2/fabric.h"

/* Routes of the mapping between its cores, one a pair; a row without a path
 * stands for X-then-Y paths to all its destinations. */
typedef struct sf_l2_route {
  uint32_t from, to;
  const sf_mop *mop;
} sf_l2_route;
typedef struct sf_l2_routes {
  uint32_t count;
  sf_l2_route *items; /* by from, then to */
} sf_l2_routes;

/* Errors: MAPPING. */
sf_result sf_l2_routes_read(const sf_l2_plan *plan,
                            sf_l2_routes *out) SF_MUST_USE;
/* Adds the output axons of a core; each other core needs a route (MAPPING). */
sf_result sf_l2_core_outs_write(const sf_l2_fabric *fabric,
                                const sf_l2_routes *routes, uint32_t core,
                                bool *failed) SF_MUST_USE;
sf_result sf_l2_outs_write(const sf_l2_plan *plan, const sf_l2_outs *outs,
                           xmlNode *node) SF_MUST_USE;
sf_result sf_l2_routes_write(const sf_l2_plan *plan, const sf_l2_routes *routes,
                             xmlNode *root) SF_MUST_USE;

#endif
