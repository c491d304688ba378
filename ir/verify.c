/* verify.c - everything that docs/ir.md demands of a module. */
#include "ir/verifier.h"

sf_result sf_verify(const sf_module *module, sf_diag *diag) {
  sf_verifier v = {.module = module, .diag = diag};
  v.scratch = sf_arena_create();
  if (!v.scratch) return SF_OOM;
  for (const sf_blob *b = module->first_blob; b; b = b->next)
    sf_verify_blob(&v, b);
  for (const sf_neuron *n = module->first_neuron; n; n = n->next)
    sf_verify_neuron(&v, n);
  for (sf_network *n = module->first_network; n; n = n->next)
    sf_verify_network(&v, n);
  for (const sf_mapping *m = module->first_mapping; m; m = m->next)
    sf_verify_mapping(&v, m);
  sf_arena_destroy(v.scratch);
  if (v.out_of_memory) return SF_OOM;
  return v.errors ? SF_FAIL : SF_OK;
}
