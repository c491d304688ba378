/* emit.c - DIRECTORY/spinnaker2: a PE's object, ELF, raw image and regions; the
 * chips' routing tables; a manifest that says what is where. */
#include "support/file.h"
#include "targets/spinnaker2/image.h"
#include "targets/spinnaker2/pe_files.h"
#include "targets/spinnaker2/routing.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- Images.
 * ---------------------------------------------------------------------------
 */

static sf_result emit_image(const sf_emit_job *job, const s2_core *core,
                            uint32_t work_words) {
  char *object = sf_s2_file(job->directory, core->name, ".o");
  char *elf = sf_s2_file(job->directory, core->name, ".elf");
  char *raw = sf_s2_file(job->directory, core->name, ".bin");
  sf_result result = object && elf && raw ? SF_OK : SF_OOM;
  if (result == SF_OK)
    result = sf_s2_object_emit(core, work_words, object, job->diag);
  if (result == SF_OK) {
    s2_image_files files = {core->name, object, elf, raw};
    result = sf_s2_link(&files, job->diag);
  }
  free(object);
  free(elf);
  free(raw);
  return result;
}

static sf_result emit_core(const sf_emit_job *job, const s2_plan *plan,
                           const s2_core *core) {
  s2_region region;
  SF_TRY(sf_s2_region_build(plan, core, job->diag, &region));
  char *path = sf_s2_file(job->directory, core->name, ".regions.bin");
  sf_result result =
      path ? sf_file_write(path, region.bytes, region.size, job->diag) : SF_OOM;
  if (result == SF_OK) result = emit_image(job, core, region.work_words);
  free(path);
  sf_s2_region_destroy(&region);
  return result;
}

/* ---- JSON files. ---- */

static sf_result write_json(const sf_emit_job *job, const char *name,
                            json_t *object) {
  char *text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;
  char *path = sf_s2_file(job->directory, name, ".json");
  sf_result result = text && path
                         ? sf_file_write(path, text, strlen(text), job->diag)
                         : SF_OOM;
  free(text);
  free(path);
  json_decref(object);
  return result;
}

static json_t *box_json(const sf_box *box) {
  json_t *rows = json_array();
  for (unsigned i = 0; i < box->rank; i++) {
    json_array_append_new(
        rows, json_pack("[i,i]", (int)box->begin[i], (int)box->end[i]));
  }
  return rows;
}

static json_t *core_json(const s2_core *core) {
  json_t *slices = json_array();
  for (uint32_t i = 0; i < core->slice_count; i++) {
    const s2_slice *s = &core->slices[i];
    json_t *results = json_array();
    for (uint32_t r = 0; r < s->op->result_count; r++) {
      json_array_append_new(results, json_pack("{s:s,s:I,s:I}", "value",
                                               s->op->results[r]->name, "key",
                                               (json_int_t)s->keys[r], "count",
                                               (json_int_t)s->count));
    }
    json_array_append_new(
        slices,
        json_pack("{s:o,s:o}", "box", box_json(&s->box), "results", results));
  }
  return json_pack("{s:s,s:I,s:I,s:I,s:I,s:o}", "name", core->name, "chip",
                   (json_int_t)core->chip, "x", (json_int_t)core->x, "y",
                   (json_int_t)core->y, "p", (json_int_t)core->p, "slices",
                   slices);
}

static sf_result write_manifest(const sf_emit_job *job, const s2_plan *plan) {
  json_t *cores = json_array(), *inputs = json_array();
  for (uint32_t c = 0; c < plan->core_count; c++)
    json_array_append_new(cores, core_json(&plan->cores[c]));
  for (uint32_t i = 0; i < plan->external_count; i++) {
    const s2_external *e = &plan->externals[i];
    json_array_append_new(
        inputs, json_pack("{s:s,s:I,s:I}", "value", e->value->name, "key",
                          (json_int_t)e->key, "count",
                          (json_int_t)sf_type_elements(&e->value->type)));
  }
  return write_json(job, "cores",
                    json_pack("{s:i,s:o,s:o}", "format", 1, "inputs", inputs,
                              "cores", cores));
}

/* The certificate stands beside the target's folder: it speaks of the machine.
 */
static sf_result write_certificate(const sf_emit_job *job) {
  char *text = NULL;
  SF_TRY(sf_route_certificate(job->mapping, job->machine, job->diag, &text));
  char *path = sf_path_join(job->directory, "certificate.txt");
  sf_result result =
      path ? sf_file_write(path, text, strlen(text), job->diag) : SF_OOM;
  free(path);
  free(text);
  return result;
}

/* ---- Whole.
 * --------------------------------------------------------------------------------
 */

static sf_result emit_plan(const sf_emit_job *job, const s2_plan *plan) {
  char *folder = sf_path_join(job->directory, "spinnaker2");
  sf_result result = folder ? sf_make_directory(folder, job->diag) : SF_OOM;
  free(folder);
  for (uint32_t c = 0; c < plan->core_count && result == SF_OK; c++)
    result = emit_core(job, plan, &plan->cores[c]);
  if (result == SF_OK) result = write_manifest(job, plan);
  if (result == SF_OK)
    result = write_json(job, "routing", sf_s2_routing_json(job->mapping));
  if (result == SF_OK) result = write_certificate(job);
  return result;
}

sf_result sf_s2_emit(const sf_emit_job *job) {
  s2_plan plan;
  sf_result result = sf_s2_plan_create(job, &plan);
  if (result == SF_OK) result = emit_plan(job, &plan);
  sf_s2_plan_destroy(&plan);
  return result;
}
