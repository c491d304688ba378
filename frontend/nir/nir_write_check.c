/* nir_write_check.c - the file read as it will be: a delay of one step in a
 * cycle was written as an edge, and the reader must cut that edge. */
#include "frontend/nir/nir_write.h"

#include <stdio.h>
#include <string.h>

typedef struct listener {
  char first[1024];
} listener;

static void keep_first(void *data, const sf_diag_record *record) {
  listener *kept = data;
  if (record->severity == SF_SEVERITY_ERROR && !*kept->first)
    snprintf(kept->first, sizeof kept->first, "%s", record->message);
}

/* Nodes of both sides are in the order of their names, edges of their nodes. */
static bool same_cuts(const nir_export *export, const nir_import *import) {
  if (import->node_count != export->node_count ||
      import->edge_count != export->edge_count)
    return false;
  for (uint32_t i = 0; i < export->edge_count; i++)
    if (import->edges[i].cut != export->edges[i].late) return false;
  return true;
}

static sf_result options_of(const nir_export *export, sf_diag *diag,
                            nir_options *out) {
  const sf_choices *told = &export->choices;
  sf_import_option *words =
      SF_NEW_ARRAY(export->arena, sf_import_option, told->count + 1u);
  if (!words) return SF_OOM;
  for (uint32_t i = 0; i < told->count; i++)
    words[i] = (sf_import_option){told->items[i].name, told->items[i].value};
  return sf_nir_options_read(words, told->count, diag, out);
}

static sf_result read_again(const nir_export *export, const sf_h5_tree *tree,
                            sf_diag *diag, bool *out_same) {
  nir_import import = {.diag = diag, .tree = *tree};
  SF_TRY(options_of(export, diag, &import.options));
  import.arena = sf_arena_create();
  import.module = sf_module_create("export");
  sf_result result = SF_OOM;
  if (import.arena && import.module) result = sf_nir_read_order(&import);
  if (result == SF_OK) *out_same = same_cuts(export, &import);
  sf_module_destroy(import.module);
  sf_arena_destroy(import.arena);
  return result;
}

sf_result sf_nir_write_check(const nir_export *export,
                             const sf_h5_stream *stream, bool *out_same) {
  listener kept = {""};
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!quiet) return SF_OOM;
  sf_diag_listen(quiet, keep_first, &kept);
  sf_h5_tree tree;
  *out_same = false;
  sf_result result = sf_h5_tree_parse(stream->bytes.data, stream->bytes.size,
                                      "export", quiet, &tree);
  if (result == SF_OK) result = read_again(export, &tree, quiet, out_same);
  sf_h5_tree_destroy(&tree);
  sf_diag_destroy(quiet);
  if (result != SF_FAIL) return result;
  return sf_error(export->diag, SF_DIAG_EXPORT, export->network->loc,
                  "the file would not be read back: %s", kept.first);
}
