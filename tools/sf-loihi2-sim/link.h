/* link.h - output axons meet input axons over routes. */
#ifndef SF_LOIHI2_SIM_LINK_H
#define SF_LOIHI2_SIM_LINK_H

#include "tools/sf-loihi2-sim/document.h"

/* Reads the routes, walks each path from its source to its destination, and
 * resolves every output axon: its core exists, a route leads there, its input
 * axons exist and are of the same kind. */
sf_result sf_sim_link(const sf_sim_document *document,
                      sf_sim_board *board) SF_MUST_USE;

#endif
