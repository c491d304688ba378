/* verify_mapping.h - the parts of the mapping check. Private to ir. */
#ifndef SF_IR_VERIFY_MAPPING_H
#define SF_IR_VERIFY_MAPPING_H

#include "ir/names.h"
#include "ir/verifier.h"

/* Collects the cores' names; they are unique, and every route names cores. */
bool sf_verify_cores(sf_verifier *v, const sf_mapping *mapping,
                     sf_names *cores);
/* Hosted values exist; the boxes of one value tile it exactly once. */
void sf_verify_tiling(sf_verifier *v, const sf_mapping *mapping,
                      const sf_network *network);
/* Where routes are present at all, every path between cores has one. */
void sf_verify_routes(sf_verifier *v, const sf_mapping *mapping,
                      const sf_network *network);

#endif
