/* library.c - the neuron functions that travel with the compiler (library/). */
#include "sf/ir.h"

#include "ir/copy.h"
#include "ir/library_text.h"
#include "ir/names.h"

#include <stdio.h>
#include <string.h>

typedef struct family {
  const char *file; /* as diagnostics name it */
  const unsigned char *text;
  const size_t *size;
} family;

static const family families[] = {
#define SF_FAMILY(NAME)                                                        \
  {#NAME ".sf", sf_library_##NAME, &sf_library_##NAME##_size},
#include "ir/library/families.def"
#undef SF_FAMILY
};

enum { FAMILIES = sizeof families / sizeof families[0] };

static sf_result load(const family *f, sf_diag *diag, sf_module **out) {
  sf_slice text = {(const char *)f->text, *f->size};
  SF_TRY(sf_parse(text, f->file, diag, out));
  (*out)->directory = NULL; /* it has no files */
  return SF_OK;
}

static sf_result append(sf_module *all, const family *f, sf_diag *diag) {
  sf_module *part;
  SF_TRY(load(f, diag, &part));
  sf_result result = SF_OK;
  for (sf_neuron *n = part->first_neuron; n && result == SF_OK; n = n->next)
    if (!sf_neuron_copy(all, n)) result = SF_OOM;
  sf_module_destroy(part);
  return result;
}

sf_result sf_library_load(sf_diag *diag, sf_module **out) {
  sf_module *all = sf_module_create("library");
  sf_result result = all ? SF_OK : SF_OOM;
  for (size_t i = 0; i < FAMILIES && result == SF_OK; i++)
    result = append(all, &families[i], diag);
  if (result != SF_OK) {
    sf_module_destroy(all);
    return result;
  }
  *out = all;
  return SF_OK;
}

/* The family that defines `name`, or the whole library: users of one function
 * should not pay for parsing all of them. */
static sf_result load_for(sf_slice name, sf_diag *diag, sf_module **out) {
  char head[80];
  int size = name.size < 60 ? snprintf(head, sizeof head, "\nneuron @%.*s(",
                                       (int)name.size, name.data)
                            : 0;
  for (size_t i = 0; i < FAMILIES && size > 0; i++)
    if (memmem(families[i].text, *families[i].size, head, (size_t)size))
      return load(&families[i], diag, out);
  return sf_library_load(diag, out);
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
  sf_result result = load_for(name, diag, &library);
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
