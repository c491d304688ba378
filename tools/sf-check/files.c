/* files.c - manifest.json against the folder. */
#include "support/elf.h"
#include "support/file.h"
#include "support/hash.h"
#include "tools/sf-check/check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MANIFEST_BYTES_MAX = 64 << 20 };

static const char MANIFEST[] = "manifest.json";

static sf_result damaged(sf_check *check, uint32_t line, const char *what) {
  sf_loc loc = {MANIFEST, NULL, line, 0, 0};
  return sf_error(check->diag, SF_DIAG_ARTEFACT, loc, "%s", what);
}

static bool is_elf(const char *relative) {
  size_t size = strlen(relative);
  return size > 4 && strcmp(relative + size - 4, ".elf") == 0;
}

/* Does the file have the size and the hash that the manifest states, and can
 * an image be loaded? */
static sf_result compare_file(sf_check *check, const char *relative,
                              const char *path, json_int_t bytes,
                              const char *sha256) {
  if (!sf_path_exists(path)) {
    sf_check_fail(check, relative, 0, "the file is missing");
    return SF_OK;
  }
  sf_mapped_file file = {0};
  SF_TRY(sf_file_map(path, check->diag, &file));
  char hash[65];
  sf_sha256(file.data, file.size, hash);
  size_t size = file.size;
  const char *fault = is_elf(relative) ? sf_elf_fault(file.data, size) : NULL;
  sf_file_unmap(&file);
  check->files++;
  if ((json_int_t)size != bytes) {
    sf_check_fail(check, relative, 0, "has %zu bytes, the manifest says %lld",
                  size, (long long)bytes);
  } else if (strcmp(hash, sha256) != 0) {
    sf_check_fail(check, relative, 0,
                  "its SHA-256 is not the one of the manifest");
  } else if (fault) {
    sf_check_fail(check, relative, 0, "the image %s", fault);
  }
  return SF_OK;
}

static sf_result check_row(sf_check *check, json_t *row) {
  const char *relative, *sha256;
  json_int_t bytes;
  if (json_unpack(row, "{s:s,s:I,s:s}", "path", &relative, "bytes", &bytes,
                  "sha256", &sha256) != 0) {
    return damaged(check, 0, "a row of 'files' lacks path, bytes or sha256");
  }
  if (strncmp(relative, "ir/", 3) == 0) return SF_OK;
  sf_loc loc = {MANIFEST, NULL, 0, 0, 0};
  char *path = NULL;
  sf_result result =
      sf_path_inside(check->directory, relative, loc, check->diag, &path);
  if (result == SF_OK)
    result = compare_file(check, relative, path, bytes, sha256);
  free(path);
  return result;
}

/* A file may describe the machine that the manifest only names. */
static sf_result load_machine(sf_check *check, const char *name) {
  const char *from = check->given ? check->given : name;
  SF_TRY(sf_machine_load(from, check->diag, &check->machine));
  if (check->given && strcmp(check->machine->name, name) != 0) {
    sf_check_fail(check, "manifest.json", 0,
                  "the artefact is for machine '%s', not for '%s'", name,
                  check->machine->name);
  }
  return SF_OK;
}

static sf_result read_manifest(sf_check *check, json_t *manifest) {
  const char *target;
  json_t *files, *machine_row = NULL;
  int format;
  if (json_unpack(manifest, "{s:i,s:s,s?o,s:o}", "format", &format, "target",
                  &target, "machine", &machine_row, "files", &files) != 0 ||
      format != 1 || !json_is_array(files)) {
    return damaged(check, 0,
                   "needs format 1, a target, a machine and a list of files");
  }
  const char *machine = json_string_value(machine_row); /* null: none */
  sf_slice name = {target, strlen(target)};
  check->target = sf_arena_text(check->arena, name);
  if (!check->target) return SF_OOM;
  size_t index;
  json_t *row;
  json_array_foreach(files, index, row) {
    sf_result result = check_row(check, row);
    if (result == SF_OOM) return result;
  }
  if (machine) SF_TRY(load_machine(check, machine));
  return SF_OK;
}

sf_result sf_check_files(sf_check *check) {
  char *path = sf_check_path(check, MANIFEST), *text = NULL;
  size_t size = 0;
  if (!path) return SF_OOM;
  sf_result result =
      sf_file_read_regular(path, MANIFEST_BYTES_MAX, check->diag, &text, &size);
  free(path);
  if (result != SF_OK) return result;
  json_error_t error;
  json_t *manifest = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  free(text);
  if (!manifest) {
    uint32_t line = error.line > 0 ? (uint32_t)error.line : 0;
    return damaged(check, line, error.text);
  }
  result = read_manifest(check, manifest);
  json_decref(manifest);
  return result;
}
