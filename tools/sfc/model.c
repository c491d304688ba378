/* model.c - a model file or a compiled folder, by whatever name the user gave.
 */
#include "tools/sfc/artefact.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
  for (sf_network *n = module->first_network; n; n = n->next)
    sf_note(session->diag, n->loc, "it has '@%s'", n->name);
  return SF_FAIL;
}

static sf_result load_folder(sfc_session *session, const char *path,
                             sfc_model *out) {
  out->is_folder = true;
  sfc_manifest manifest;
  SF_TRY(sfc_manifest_open(path, session->diag, &manifest));
  out->target = manifest.target;
  sf_result loaded =
      manifest.machine
          ? sf_machine_load(manifest.machine, session->diag, &out->machine)
          : SF_OK;
  sfc_manifest_close(&manifest);
  SF_TRY(loaded);
  char *file = sf_path_join(path, "ir/model.sf");
  if (!file) return SF_OOM;
  sf_result result = SF_OK;
  if (!sf_path_exists(file) || sf_path_is_special(file)) {
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

static bool has_option(const sf_frontend *frontend, const char *name) {
  const sf_reader_option *option = frontend->options;
  for (; option && option->name; option++)
    if (strcmp(option->name, name) == 0) return true;
  return false;
}

/* --no-batch is for readers too that drop an axis of samples: the model keeps
 * the axes that it states. Others have none to drop. */
static sf_result import_model(sfc_session *session, const char *path,
                              sf_import *out) {
  sfc_arguments *a = &session->arguments;
  sf_import_option options[SFC_LIST_MAX + 1];
  uint32_t count = a->import_count;
  memcpy(options, a->imports, count * sizeof *options);
  for (size_t i = 0; a->no_batch && i < sf_frontend_count(); i++) {
    const sf_frontend *frontend = sf_frontend_at(i);
    if (!frontend->recognizes(path)) continue;
    if (has_option(frontend, "batch"))
      options[count++] = (sf_import_option){"batch", "none"};
    break;
  }
  return sf_import_file(path, options, count, session->diag, out);
}

sf_result sfc_model_load(sfc_session *session, const char *path,
                         sfc_model *out) {
  *out = (sfc_model){0};
  if (sf_path_is_directory(path))
    SF_TRY(load_folder(session, path, out));
  else
    SF_TRY(import_model(session, path, &out->import));
  return choose_network(session, out);
}

void sfc_print_choices(const sfc_model *model) {
  for (uint32_t i = 0; i < model->import.choice_count; i++) {
    const sf_choice *c = &model->import.choices[i];
    printf("%s = %s: %s\n", c->name, c->value, c->reason);
  }
}

void sfc_model_destroy(sfc_model *model) {
  sf_module_destroy(model->import.module);
  sf_machine_destroy(model->machine);
  *model = (sfc_model){0};
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

sf_result sfc_model_keep(sfc_session *session) {
  const sfc_arguments *a = &session->arguments;
  struct stat in, out;
  if (!a->positional || !a->output || stat(a->positional, &in) != 0 ||
      stat(a->output, &out) != 0 || !S_ISREG(in.st_mode) ||
      in.st_dev != out.st_dev || in.st_ino != out.st_ino)
    return SF_OK;
  sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
           "'%s' is the model itself: writing it in another format would "
           "lose it",
           a->output);
  sf_help(session->diag, "give -o another name");
  return SF_FAIL;
}
