/* resources.h - <resources> of a core. */
#ifndef SF_TARGETS_LOIHI2_RESOURCES_H
#define SF_TARGETS_LOIHI2_RESOURCES_H

#include "targets/loihi2/fabric.h"

/* Adds the element, after everything else is on the core. Sets *failed after
 * CAPACITY diagnostics. */
sf_result sf_l2_resources_write(sf_l2_fabric *fabric, uint32_t core,
                                bool *failed) SF_MUST_USE;

#endif
