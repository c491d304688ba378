/* routing.h - routing tables and gates as JSON. */
#ifndef SF_SPINNAKER2_ROUTING_H
#define SF_SPINNAKER2_ROUTING_H

#include "sf/machine.h"
#include "sf/module.h"

#include <jansson.h>

/* {"format": 1, "chips": [{"x", "y", "entries": [{"key", "mask", "links",
 * "cores"}]}]}, with "default_routes": "straight" where the tables count on
 * it; the caller releases it. NULL: out of memory. */
json_t *sf_s2_routing_json(const sf_mapping *mapping);
/* PEs that are switched off: [{"x", "y", "columns", "rows", "p", "count"}], PEs
 * p .. p + count - 1 of a rectangle of chips; the caller releases it. NULL: out
 * of memory. gates.c. */
json_t *sf_s2_gates_json(const sf_mapping *mapping, const sf_machine *machine);

#endif
