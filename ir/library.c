/* library.c - the neuron functions that travel with the compiler (library.sf).
 */
#include "sf/ir.h"

#include "ir/copy.h"
#include "ir/library_text.h"
#include "ir/names.h"

sf_result sf_library_load(sf_diag *diag, sf_module **out) {
  sf_slice text = {(const char *)sf_library_text, sf_library_text_size};
  SF_TRY(sf_parse(text, "library.sf", diag, out));
  (*out)->directory = NULL; /* it has no files */
  return SF_OK;
}

static sf_neuron *use(sf_module *module, const sf_module *library,
                      sf_slice name, sf_diag *diag) {
  const sf_neuron *wanted = sf_module_find_neuron(library, name);
  if (!wanted) {
    (void)sf_error(diag, SF_DIAG_NAME, SF_NO_LOC,
                   "the library has no neuron function '@%.*s'",
                   name.size < 60 ? (int)name.size : 60, name.data);
    const char *nearest = sf_names_nearest(&library->symbols->neurons, name);
    if (nearest)
      sf_help(diag, "did you mean '@%s'?", nearest);
    else
      sf_help(diag, "`sfc neurons` lists them");
    return NULL;
  }
  sf_neuron *present = sf_module_find_neuron(module, name);
  if (present && sf_neuron_same_structure(present, wanted)) return present;
  /* Copied before under a suffix, because the plain name was taken? */
  for (sf_neuron *n = present ? module->first_neuron : NULL; n; n = n->next)
    if (sf_neuron_same_structure(n, wanted)) return n;
  return sf_neuron_copy(module, wanted);
}

sf_neuron *sf_library_use(sf_module *module, sf_slice name, sf_diag *diag) {
  sf_module *library;
  sf_result result = sf_library_load(diag, &library);
  if (result == SF_OOM)
    (void)sf_error(diag, SF_DIAG_MEMORY, SF_NO_LOC, "out of memory");
  if (result != SF_OK) return NULL;
  uint32_t before = sf_diag_errors(diag);
  sf_neuron *neuron = use(module, library, name, diag);
  sf_module_destroy(library);
  if (!neuron && sf_diag_errors(diag) == before)
    (void)sf_error(diag, SF_DIAG_MEMORY, SF_NO_LOC, "out of memory");
  return neuron;
}
