/* model.c - a model file or a compiled folder, by whatever name the user gave.
 */
#include "tools/sfc/artefact.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static sf_result choose_network(sfc_session *session, sfc_model *model) {
  sf_module *module = model->import.module;
  const char *name = session->arguments.network;
  model->network =
      name ? sf_module_find_network(module, (sf_slice){name, strlen(name)})
           : module->first_network;
  if (model->network) return SF_OK;
  if (!name) {
    return sf_error(session->diag, SF_DIAG_NAME, module->loc,
                    "module '@%s' has no network", module->name);
  }
  sf_error(session->diag, SF_DIAG_NAME, module->loc,
           "module '@%s' has no network '@%s'", module->name, name);
  for (sf_network *n = module->first_network; n; n = n->next) {
    sf_note(session->diag, n->loc, "it has '@%s'", n->name);
  }
  return SF_FAIL;
}

static sf_result load_folder(sfc_session *session, const char *path,
                             sfc_model *out) {
  out->is_folder = true;
  SF_TRY(sfc_manifest_open(path, session->diag, &out->target, &out->machine));
  char *file = sf_path_join(path, "ir/model.sf");
  if (!file) return SF_OOM;
  sf_result result = SF_OK;
  if (!sf_path_exists(file)) {
    sf_error(session->diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
             "'%s' has no ir/model.sf to compare with", path);
    sf_help(session->diag,
            "compile the model again; the simulator and sf-check "
            "work without it");
    result = SF_FAIL;
  } else {
    result = sf_parse_file(file, session->diag, &out->import.module);
  }
  free(file);
  return result;
}

sf_result sfc_model_load(sfc_session *session, const char *path,
                         sfc_model *out) {
  *out = (sfc_model){0};
  if (sf_path_is_directory(path)) {
    SF_TRY(load_folder(session, path, out));
  } else {
    SF_TRY(sf_import_file(path, session->arguments.imports,
                          session->arguments.import_count, session->diag,
                          &out->import));
  }
  return choose_network(session, out);
}

void sfc_model_destroy(sfc_model *model) {
  sf_module_destroy(model->import.module);
  sf_machine_destroy(model->machine);
  *model = (sfc_model){0};
}

sf_result sfc_manifest_open(const char *directory, sf_diag *diag,
                            const sf_target **out_target,
                            sf_machine **out_machine) {
  *out_target = NULL;
  *out_machine = NULL;
  char *path = sf_path_join(directory, "manifest.json");
  char *text = NULL;
  size_t size = 0;
  sf_result result =
      path ? sf_file_read(path, (size_t)64 << 20, diag, &text, &size) : SF_OOM;
  free(path);
  if (result != SF_OK) return result;
  json_error_t error;
  json_t *manifest = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  free(text);
  const char *target = NULL, *machine = NULL;
  int format = 0;
  machine = json_string_value(json_object_get(manifest, "machine"));
  if (!manifest || json_unpack_ex(manifest, &error, 0, "{s:i,s:s}", "format",
                                  &format, "target", &target) != 0) {
    result = sf_error(
        diag, SF_DIAG_ARTEFACT,
        (sf_loc){.file = "manifest.json", .line = (uint32_t)error.line},
        "the manifest of '%s' is damaged: %s", directory, error.text);
  } else if (format != SFC_MANIFEST_FORMAT) {
    result = sf_error(diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                      "'%s' has manifest format %d, this sfc reads %d",
                      directory, format, SFC_MANIFEST_FORMAT);
  } else {
    *out_target = sf_target_find(target, diag);
    result = *out_target ? SF_OK : SF_FAIL;
    if (result == SF_OK && machine) {
      result = sf_machine_load(machine, diag, out_machine);
    }
  }
  json_decref(manifest);
  return result;
}

void sfc_print_next(const sfc_session *session, const char *format, ...) {
  if (!session->terminal || session->arguments.json) return;
  va_list arguments;
  va_start(arguments, format);
  fputs("next: ", stdout);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
}
