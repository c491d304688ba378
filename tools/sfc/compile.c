/* compile.c - pipeline, check, emission, manifest: a folder that appears whole.
 */
#include "support/hash.h"
#include "tools/sfc/artefact.h"

#include <stdlib.h>
#include <string.h>

/* ---- Lowering.
 * ------------------------------------------------------------------- */

static sf_result run_pipeline(const sfc_compile_job *job,
                              const sf_machine *machine, sf_diag *diag) {
  const char *text = job->passes ? job->passes : job->target->pipeline;
  sf_registry *registry = sf_registry_create();
  if (!registry) return SF_OOM;
  sf_pipeline *pipeline = NULL;
  sf_result result = sf_pipeline_parse(registry, text, diag, &pipeline);
  if (result == SF_OK) {
    sf_pipeline_options options = {
        .machine = machine, .threads = job->threads, .out = stderr};
    result = sf_pipeline_run(pipeline, job->module, &options, diag);
  }
  sf_pipeline_destroy(pipeline);
  sf_registry_destroy(registry);
  return result;
}

sf_result sfc_lower(const sfc_compile_job *job, sf_diag *diag,
                    sf_machine **out_machine, sf_emit_job *out) {
  const char *name =
      job->machine_name ? job->machine_name : job->target->default_machine;
  if (job->machine_name && !job->target->default_machine) {
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "target '%s' takes no --machine", job->target->name);
  }
  *out_machine = NULL;
  if (name) SF_TRY(sf_machine_load(name, diag, out_machine));
  SF_TRY(run_pipeline(job, *out_machine, diag));
  sf_network *network = sf_module_find_network(
      job->module, (sf_slice){job->network, strlen(job->network)});
  if (!network) {
    return sf_error(diag, SF_DIAG_NAME, SF_NO_LOC,
                    "network '@%s' is gone after the pipeline", job->network);
  }
  *out = (sf_emit_job){.size = sizeof *out,
                       .module = job->module,
                       .network = network,
                       .mapping = sf_module_find_mapping(job->module, network),
                       .machine = *out_machine,
                       .threads = job->threads,
                       .diag = diag};
  return SF_OK;
}

/* ---- Manifest.
 * ------------------------------------------------------------------- */

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
    if (result == SF_OK) {
      result = add_entry(files, folder, relative, names[i], depth, diag);
    }
    free(names[i]);
  }
  free(names);
  return result;
}

static json_t *starts_json(const sf_network *network) {
  json_t *starts = json_object();
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS) continue;
    json_object_set_new(starts, op->results[0]->name,
                        json_integer(sf_op_int(op, SF_ATTR_start)));
  }
  return starts;
}

static sf_result write_manifest(const sfc_compile_job *job,
                                const sf_emit_job *emitted,
                                const char *directory, sf_diag *diag) {
  const char *passes = job->passes ? job->passes : job->target->pipeline;
  json_t *files = json_array();
  json_t *manifest = json_pack(
      "{s:i,s:s,s:s,s:s?,s:s,s:s,s:s,s:I,s:I,s:I,s:o,s:o}", "format",
      SFC_MANIFEST_FORMAT, "version", SF_VERSION, "target", job->target->name,
      "machine", emitted->machine ? emitted->machine->name : NULL, "network",
      emitted->network->name, "source", job->source, "passes", passes, "lag",
      (json_int_t)emitted->network->lag, "steps",
      (json_int_t)emitted->network->steps, "period",
      (json_int_t)emitted->network->period, "starts",
      starts_json(emitted->network), "files", files);
  if (!manifest) return SF_OOM;
  sf_result result = add_files(files, directory, NULL, 0, diag);
  char *text = json_dumps(manifest, JSON_INDENT(2));
  char *path = sf_path_join(directory, "manifest.json");
  if (result == SF_OK && (!text || !path)) result = SF_OOM;
  if (result == SF_OK) result = sf_file_write(path, text, strlen(text), diag);
  free(path);
  free(text);
  json_decref(manifest);
  return result;
}

/* ---- Emission.
 * ------------------------------------------------------------------- */

static sf_result write_ir(const sf_module *module, const char *directory,
                          sf_diag *diag) {
  char *folder = sf_path_join(directory, "ir");
  char *path = sf_path_join(directory, "ir/model.sf");
  sf_result result = folder && path ? sf_make_directory(folder, diag) : SF_OOM;
  if (result == SF_OK) result = sf_write_module(module, path, NULL, diag);
  free(folder);
  free(path);
  return result;
}

static sf_result fill_folder(const sfc_compile_job *job, sf_emit_job *emit,
                             const char *directory) {
  emit->directory = directory;
  SF_TRY(job->target->emit(emit));
  SF_TRY(write_ir(emit->module, directory, emit->diag));
  return write_manifest(job, emit, directory, emit->diag);
}

sf_result sfc_compile(const sfc_compile_job *job, sf_diag *diag) {
  sf_emit_job emit;
  sf_machine *machine = NULL;
  sf_result result = sfc_lower(job, diag, &machine, &emit);
  if (result == SF_OK) result = job->target->check(&emit);
  sf_folder folder = {0};
  if (result == SF_OK) result = sf_folder_begin(job->directory, diag, &folder);
  if (result == SF_OK) {
    result = fill_folder(job, &emit, folder.path);
    if (result == SF_OK) {
      result = sf_folder_publish(&folder, diag);
    } else {
      sf_folder_discard(&folder);
    }
  }
  sf_machine_destroy(machine);
  return result;
}
