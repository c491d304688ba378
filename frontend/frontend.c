/* frontend.c - the registry of readers, and reading a file of any format. */
#include "sf/frontend.h"

#include "frontend/netx/netx_reader.h"
#include "frontend/nir/nir_reader.h"
#include "frontend/onnx/onnx_reader.h"
#include "support/file.h"

#include <string.h>

/* NIR and netx are both HDF5: the one that asks for more is first. */
static const sf_frontend *const frontends[] = {
    &sf_frontend_nir, &sf_frontend_netx, &sf_frontend_onnx};

size_t sf_frontend_count(void) { return SF_COUNT_OF(frontends); }

const sf_frontend *sf_frontend_at(size_t index) {
  return index < SF_COUNT_OF(frontends) ? frontends[index] : NULL;
}

/* Our own text has no conventions to choose. */
static sf_result import_text(const char *path, const sf_import_option *options,
                             uint32_t option_count, sf_diag *diag,
                             sf_import *out) {
  if (option_count) {
    return sf_error(diag, SF_DIAG_USAGE, (sf_loc){.file = path},
                    "--%s is an option of readers; a .sf file is read as it "
                    "stands",
                    options[0].name);
  }
  return sf_parse_file(path, diag, &out->module);
}

/* Text without a NUL in its first bytes; everything else is not ours. */
static bool looks_like_text(const char *path, bool *out_opened) {
  char start[512];
  FILE *file = fopen(path, "rb");
  *out_opened = file != NULL;
  if (!file) return false;
  size_t got = fread(start, 1, sizeof start, file);
  fclose(file);
  return memchr(start, '\0', got) == NULL;
}

static sf_result unknown_format(const char *path, sf_diag *diag) {
  sf_error(diag, SF_DIAG_FILE_FORMAT, (sf_loc){.file = path},
           "'%s' is of no format that is read", sf_path_base(path));
  for (size_t i = 0; i < sf_frontend_count(); i++) {
    sf_note(diag, SF_NO_LOC, "%s: %s", frontends[i]->name,
            frontends[i]->summary);
  }
  sf_note(diag, SF_NO_LOC, "sf: the text IR (.sf)");
  return SF_FAIL;
}

sf_result sf_import_file(const char *path, const sf_import_option *options,
                         uint32_t option_count, sf_diag *diag, sf_import *out) {
  *out = (sf_import){0};
  if (strcmp(path, "-") == 0)
    return import_text(path, options, option_count, diag, out);
  if (sf_path_is_special(path)) { /* readers look at a file more than once */
    sf_error(diag, SF_DIAG_FILE_OPEN, SF_NO_LOC,
             "cannot read '%s': not a regular file", path);
    sf_help(diag, "'-' reads text from standard input");
    return SF_FAIL;
  }
  for (size_t i = 0; i < sf_frontend_count(); i++) {
    if (!frontends[i]->recognizes(path)) continue;
    return frontends[i]->read(path, options, option_count, diag, out);
  }
  bool opened;
  /* A missing file is reported by the one that opens it. */
  if (looks_like_text(path, &opened) || !opened)
    return import_text(path, options, option_count, diag, out);
  return unknown_format(path, diag);
}

sf_result sf_export_file(sf_network *network, const char *format,
                         const char *path, sf_diag *diag, sf_export *out) {
  *out = (sf_export){.arena = sf_arena_create()};
  if (!out->arena) return SF_OOM;
  for (size_t i = 0; i < sf_frontend_count(); i++)
    if (frontends[i]->write && strcmp(frontends[i]->name, format) == 0)
      return frontends[i]->write(network, path, diag, out);
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "format '%s' is not written",
           format);
  for (size_t i = 0; i < sf_frontend_count(); i++)
    if (frontends[i]->write)
      sf_note(diag, SF_NO_LOC, "written is %s: %s", frontends[i]->name,
              frontends[i]->summary);
  return SF_FAIL;
}

void sf_export_destroy(sf_export *out) {
  sf_arena_destroy(out->arena);
  *out = (sf_export){0};
}
