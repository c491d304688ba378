/* networks.c - a pass on every network of a module. */
#include "passes/rewrite/networks.h"

sf_result sf_pass_each_network(sf_pass_run *run,
                               sf_result (*one)(sf_pass_run *run,
                                                sf_network *network)) {
  sf_result result = SF_OK;
  for (sf_network *n = run->module->first_network; n; n = n->next) {
    sf_result of_one = one(run, n);
    if (of_one == SF_OOM) return of_one;
    if (of_one != SF_OK) result = of_one;
  }
  return result;
}
