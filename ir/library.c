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

static sf_neuron *find(const sf_module *library, sf_slice name, sf_diag *diag) {
  sf_neuron *wanted = sf_module_find_neuron(library, name);
  if (wanted) return wanted;
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

/* The module's own, or a copy. NULL: out of memory. */
static sf_neuron *use(sf_module *module, const sf_neuron *wanted) {
  sf_neuron *present = sf_module_find_neuron(module, sf_slice_of(wanted->name));
  if (present && sf_neuron_same_structure(present, wanted)) return present;
  /* Copied before under a suffix, because the plain name was taken? */
  for (sf_neuron *n = present ? module->first_neuron : NULL; n; n = n->next)
    if (sf_neuron_same_structure(n, wanted)) return n;
  return sf_neuron_copy(module, wanted);
}

/* Everything that has the type that the function emits gets `emit`. The name
 * says so. */
static sf_result retype(sf_module *library, sf_neuron *neuron, sf_scalar emit) {
  sf_scalar old = neuron->emit_types[0];
  if (sf_scalar_equal(old, emit)) return SF_OK;
  for (uint32_t i = 0; i < neuron->param_count; i++)
    if (sf_scalar_equal(neuron->params[i].value->type, old))
      neuron->params[i].value->type = emit;
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    if (sf_scalar_equal(neuron->stmts[i].result->type, old))
      neuron->stmts[i].result->type = emit;
  neuron->emit_types[0] = emit;
  char text[16];
  sf_scalar_text(emit, text, sizeof text);
  neuron->name = sf_arena_printf(library->arena, "%s_%s", neuron->name, text);
  return neuron->name ? SF_OK : SF_OOM;
}

static sf_neuron *use_as(sf_module *module, sf_slice name,
                         const sf_scalar *emit, sf_diag *diag) {
  sf_module *library;
  uint32_t before = sf_diag_errors(diag);
  sf_result result = sf_library_load(diag, &library);
  sf_neuron *neuron = NULL;
  if (result == SF_OK) {
    sf_neuron *wanted = find(library, name, diag);
    if (wanted && (!emit || retype(library, wanted, *emit) == SF_OK))
      neuron = use(module, wanted);
    sf_module_destroy(library);
  }
  if (!neuron && sf_diag_errors(diag) == before)
    (void)sf_error(diag, SF_DIAG_MEMORY, SF_NO_LOC, "out of memory");
  return neuron;
}

sf_neuron *sf_library_use(sf_module *module, sf_slice name, sf_diag *diag) {
  return use_as(module, name, NULL, diag);
}

sf_neuron *sf_library_use_as(sf_module *module, sf_slice name, sf_scalar emit,
                             sf_diag *diag) {
  return use_as(module, name, &emit, diag);
}
