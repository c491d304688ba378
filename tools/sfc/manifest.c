/* manifest.c - manifest.json: what a compiled folder is, and a hash for each
 * file. */
#include "support/file.h"
#include "support/hash.h"
#include "tools/sfc/artefact.h"

#include <stdlib.h>
#include <string.h>

/* Adds every file below `folder`/`relative`, sorted by path. */
static sf_result add_files(json_t *files, const char *folder,
                           const char *relative, int depth, sf_diag *diag);

static sf_result add_file(json_t *files, const char *path, const char *relative,
                          sf_diag *diag) {
  sf_mapped_file file = {0};
  SF_TRY(sf_file_map(path, diag, &file));
  char hash[65];
  sf_sha256(file.data, file.size, hash);
  json_array_append_new(files,
                        json_pack("{s:s,s:I,s:s}", "path", relative, "bytes",
                                  (json_int_t)file.size, "sha256", hash));
  sf_file_unmap(&file);
  return SF_OK;
}

static sf_result add_entry(json_t *files, const char *folder,
                           const char *relative, const char *name, int depth,
                           sf_diag *diag) {
  char *below = relative ? sf_path_join(relative, name) : strdup(name);
  char *path = below ? sf_path_join(folder, below) : NULL;
  sf_result result = SF_OOM;
  if (path) {
    result = sf_path_is_directory(path)
                 ? add_files(files, folder, below, depth + 1, diag)
                 : add_file(files, path, below, diag);
  }
  free(path);
  free(below);
  return result;
}

static sf_result add_files(json_t *files, const char *folder,
                           const char *relative, int depth, sf_diag *diag) {
  if (depth > 8) {
    return sf_error(diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                    "'%s' is nested too deeply", folder);
  }
  char *path = relative ? sf_path_join(folder, relative) : strdup(folder);
  if (!path) return SF_OOM;
  char **names = NULL;
  size_t count = 0;
  sf_result result = sf_list_directory(path, diag, &names, &count);
  free(path);
  if (result != SF_OK) return result;
  for (size_t i = 0; i < count; i++) {
    if (result == SF_OK)
      result = add_entry(files, folder, relative, names[i], depth, diag);
    free(names[i]);
  }
  free(names);
  return result;
}

json_t *sfc_manifest_network(const sf_network *network) {
  json_t *starts = json_object();
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS) continue;
    json_object_set_new(starts, op->results[0]->name,
                        json_integer(sf_op_int(op, SF_ATTR_start)));
  }
  return json_pack("{s:s,s:I,s:I,s:I,s:o}", "network", network->name, "lag",
                   (json_int_t)network->lag, "steps",
                   (json_int_t)network->steps, "period",
                   (json_int_t)network->period, "starts", starts);
}

sf_result sfc_manifest_write(const sfc_compile_job *job,
                             const sf_emit_job *emitted,
                             const char *directory) {
  const char *passes = job->passes ? job->passes : job->target->pipeline;
  json_t *files = json_array();
  json_t *manifest = json_pack(
      "{s:i,s:s,s:s,s:s?,s:s,s:s,s:o,s:o}", "format", SFC_MANIFEST_FORMAT,
      "version", SF_VERSION, "target", job->target->name, "machine",
      emitted->machine ? emitted->machine->name : NULL, "source", job->source,
      "passes", passes, "timing", sfc_manifest_network(emitted->network),
      "files", files);
  if (!manifest) return SF_OOM;
  sf_result result = add_files(files, directory, NULL, 0, emitted->diag);
  char *text = json_dumps(manifest, JSON_INDENT(2));
  char *path = sf_path_join(directory, "manifest.json");
  if (result == SF_OK && (!text || !path)) result = SF_OOM;
  if (result == SF_OK)
    result = sf_file_write(path, text, strlen(text), emitted->diag);
  free(path);
  free(text);
  json_decref(manifest);
  return result;
}

/* ---- Reading. ---- */

static sf_result read_fields(const char *directory, sf_diag *diag,
                             const json_error_t *parse_error,
                             sfc_manifest *out) {
  json_error_t error = *parse_error;
  const char *target = NULL;
  int format = 0;
  if (!out->json || json_unpack_ex(out->json, &error, 0, "{s:i,s:s}", "format",
                                   &format, "target", &target) != 0) {
    return sf_error(diag, SF_DIAG_ARTEFACT,
                    (sf_loc){.file = "manifest.json",
                             .line = error.line > 0 ? (uint32_t)error.line : 0},
                    "the manifest of '%s' is damaged: %s", directory,
                    error.text);
  }
  if (format != SFC_MANIFEST_FORMAT) {
    return sf_error(diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                    "'%s' has manifest format %d, this sfc reads %d", directory,
                    format, SFC_MANIFEST_FORMAT);
  }
  out->machine = json_string_value(json_object_get(out->json, "machine"));
  out->target = sf_target_find(target, diag);
  return out->target ? SF_OK : SF_FAIL;
}

sf_result sfc_manifest_open(const char *directory, sf_diag *diag,
                            sfc_manifest *out) {
  *out = (sfc_manifest){0};
  char *path = sf_path_join(directory, "manifest.json");
  char *text = NULL;
  size_t size = 0;
  sf_result result =
      path ? sf_file_read_regular(path, (size_t)64 << 20, diag, &text, &size)
           : SF_OOM;
  free(path);
  if (result != SF_OK) return result;
  json_error_t error = {0};
  out->json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  free(text);
  result = read_fields(directory, diag, &error, out);
  if (result != SF_OK) sfc_manifest_close(out);
  return result;
}

void sfc_manifest_close(sfc_manifest *manifest) {
  json_decref(manifest->json); /* NULL is fine */
  *manifest = (sfc_manifest){0};
}

/* One row of `files` against the folder. */
static sf_result check_file(const char *directory, const json_t *row,
                            sf_diag *diag) {
  const char *relative = json_string_value(json_object_get(row, "path"));
  const char *stated = json_string_value(json_object_get(row, "sha256"));
  if (!relative || !stated) {
    return sf_error(diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                    "manifest.json: a row of `files` has no path or sha256");
  }
  char *path = NULL;
  SF_TRY(sf_path_inside(directory, relative, SF_NO_LOC, diag, &path));
  char hash[65];
  sf_result result = sf_sha256_file(path, diag, hash);
  free(path);
  if (result == SF_OK && strcmp(hash, stated) != 0) {
    result =
        sf_error(diag, SF_DIAG_MISMATCH, SF_NO_LOC,
                 "%s: its SHA-256 is not the one of the manifest", relative);
  }
  return result;
}

sf_result sfc_manifest_check_files(const sfc_manifest *manifest,
                                   const char *directory, sf_diag *diag) {
  sf_result result = SF_OK;
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(manifest->json, "files"), i, row) {
    sf_result one = check_file(directory, row, diag);
    if (one == SF_OOM) return one;
    if (one != SF_OK) result = one;
  }
  return result;
}
