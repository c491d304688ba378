/* routing.h - routing tables as JSON. */
#ifndef SF_SPINNAKER2_ROUTING_H
#define SF_SPINNAKER2_ROUTING_H

#include "sf/module.h"

#include <jansson.h>

/* {"format": 1, "chips": [{"x", "y", "entries": [{"key", "mask", "links",
 * "cores"}]}]}; the caller releases it. NULL: out of memory. */
json_t *sf_s2_routing_json(const sf_mapping *mapping);

#endif
