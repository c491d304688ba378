/* networks.h - a pass on every network of a module. */
#ifndef SF_PASSES_REWRITE_NETWORKS_H
#define SF_PASSES_REWRITE_NETWORKS_H

#include "sf/pass.h"

/* Calls `one` for each network, also behind one that failed, so that all errors
 * are reported at once; only no memory ends it. */
sf_result sf_pass_each_network(
    sf_pass_run *run,
    sf_result (*one)(sf_pass_run *run, sf_network *network)) SF_MUST_USE;

#endif
