/* nir_reader.c - the NIR reader: helper, graph, shapes, conventions, order,
 * network. */
#include "frontend/nir/nir_reader.h"

#include "frontend/nir/nir.h"

#include <stdio.h>
#include <string.h>

static bool has_suffix(const char *path, const char *suffix) {
  size_t length = strlen(path), wanted = strlen(suffix);
  return length >= wanted && strcmp(path + length - wanted, suffix) == 0;
}

/* netx is HDF5, too. What a file holds is seen only by reading it, which is
 * done for names that do not tell. */
static bool recognizes(const char *path) {
  if (!sf_h5_recognizes(path) || has_suffix(path, ".net")) return false;
  if (has_suffix(path, ".nir")) return true;
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!quiet) return false;
  sf_h5_tree tree = {0};
  bool known = sf_h5_tree_read(path, quiet, &tree) == SF_OK &&
               sf_h5_find(&tree, "/node") != NULL;
  sf_h5_tree_destroy(&tree);
  sf_diag_destroy(quiet);
  return known;
}

/* "braille.nir" becomes module "braille". */
static sf_module *create_module(const char *file) {
  char name[256];
  const char *dot = strrchr(file, '.');
  size_t length = dot ? (size_t)(dot - file) : strlen(file);
  if (length == 0 || length >= sizeof name) return sf_module_create("network");
  memcpy(name, file, length);
  name[length] = '\0';
  return sf_module_create(name);
}

/* From 1.0.6 on a spike sets the membrane to v_reset. Development versions
 * ("0.1.dev22+gd4f0e8c") are older than the release that they name. */
static void read_version(nir_import *import) {
  const sf_h5_item *item = sf_h5_find(&import->tree, "/version");
  import->version = "unknown";
  if (!item || item->is_group || item->kind != SF_H5_STRING ||
      item->elements != 1)
    return;
  unsigned major = 0, minor = 0, patch = 0;
  int parts = sscanf(item->strings[0], "%4u.%4u.%4u", &major, &minor, &patch);
  if (parts < 2) return;
  import->version =
      sf_arena_printf(import->module->arena, "%.40s", item->strings[0]);
  if (!import->version) import->version = "unknown";
  import->resets_to_value =
      major > 1 || (major == 1 && (minor > 0 || patch >= 6));
}

sf_result sf_nir_read_order(nir_import *import) {
  import->ports.arena = import->arena;
  read_version(import);
  SF_TRY(sf_nir_read_graph(import));
  SF_TRY(sf_nir_link(import));
  SF_TRY(sf_nir_decide(import));
  SF_TRY(sf_nir_infer(import));
  SF_TRY(sf_nir_schedule(import));
  return sf_nir_tell_order(import);
}

static sf_result read_model(nir_import *import, sf_import *out) {
  SF_TRY(sf_nir_read_order(import));
  SF_TRY(sf_nir_build(import));
  SF_TRY(sf_nir_end_phase(import));
  SF_TRY(sf_verify(import->module, import->diag));
  out->choices = import->choices.items;
  out->choice_count = import->choices.count;
  return SF_OK;
}

sf_result sf_nir_read_tree(const sf_h5_tree *tree,
                           const sf_import_option *options,
                           uint32_t option_count, sf_diag *diag,
                           sf_import *out) {
  *out = (sf_import){0};
  nir_import import = {.diag = diag, .tree = *tree};
  SF_TRY(sf_nir_options_read(options, option_count, diag, &import.options));
  import.arena = sf_arena_create();
  import.module = create_module(tree->name);
  sf_result result = SF_OOM;
  if (import.arena && import.module) {
    import.loc.file =
        sf_arena_text(import.module->arena, sf_slice_of(tree->name));
    import.module->loc.file = import.loc.file;
    if (import.loc.file) result = read_model(&import, out);
  }
  sf_arena_destroy(import.arena);
  if (result != SF_OK) {
    sf_module_destroy(import.module);
    *out = (sf_import){0};
    return result;
  }
  out->module = import.module;
  return SF_OK;
}

static sf_result read_nir(const char *path, const sf_import_option *options,
                          uint32_t option_count, sf_diag *diag,
                          sf_import *out) {
  *out = (sf_import){0};
  /* Bad options are told before a large file is read. */
  nir_options checked;
  SF_TRY(sf_nir_options_read(options, option_count, diag, &checked));
  sf_h5_tree tree;
  sf_result result = sf_h5_tree_read(path, diag, &tree);
  if (result == SF_OK)
    result = sf_nir_read_tree(&tree, options, option_count, diag, out);
  sf_h5_tree_destroy(&tree);
  return result;
}

const sf_frontend sf_frontend_nir = {
    .size = sizeof(sf_frontend),
    .abi = SF_ABI,
    .name = "nir",
    .summary = "Neuromorphic Intermediate Representation, HDF5 (.nir)",
    .options = sf_nir_option_table,
    .recognizes = recognizes,
    .read = read_nir,
    .list_operators = sf_nir_operator_at,
    .write = sf_nir_write,
};
