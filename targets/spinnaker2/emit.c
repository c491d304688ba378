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

/* Images that stand already. Most PEs of a layer run the same code over as many
 * neurons; compiling and linking it again is what would take the time. */
typedef struct image_list {
  uint32_t count;
  struct {
    char key[S2_CODE_KEY_MAX];
    const char *core; /* whose files they are */
  } *items;           /* room for every core */
} image_list;

static const char *find_image(const image_list *images, const char *key) {
  for (uint32_t i = 0; i < images->count; i++)
    if (strcmp(images->items[i].key, key) == 0) return images->items[i].core;
  return NULL;
}

static sf_result copy_file(const sf_emit_job *job, const char *from,
                           const char *to, const char *suffix) {
  char *source = sf_s2_file(job->directory, from, suffix);
  char *target = sf_s2_file(job->directory, to, suffix);
  char *bytes = NULL;
  size_t size = 0;
  sf_result result = source && target ? SF_OK : SF_OOM;
  if (result == SF_OK)
    result = sf_file_read(source, 0, job->diag, &bytes, &size);
  if (result == SF_OK)
    result = sf_file_write_staged(target, bytes, size, job->diag);
  free(bytes);
  free(source);
  free(target);
  return result;
}

static sf_result copy_image(const sf_emit_job *job, const char *from,
                            const char *to) {
  SF_TRY(copy_file(job, from, to, ".o"));
  SF_TRY(copy_file(job, from, to, ".elf"));
  return copy_file(job, from, to, ".bin");
}

static sf_result make_image(const sf_emit_job *job, const s2_core *core,
                            s2_code *code) {
  char *object = sf_s2_file(job->directory, core->name, ".o");
  char *elf = sf_s2_file(job->directory, core->name, ".elf");
  char *raw = sf_s2_file(job->directory, core->name, ".bin");
  sf_result result = object && elf && raw ? SF_OK : SF_OOM;
  if (result == SF_OK) result = sf_s2_code_emit(code, object, job->diag);
  if (result == SF_OK) {
    s2_image_files files = {core->name, object, elf, raw};
    result = sf_s2_link(&files, job->diag);
  }
  free(object);
  free(elf);
  free(raw);
  return result;
}

static sf_result emit_image(const sf_emit_job *job, const s2_core *core,
                            uint32_t work_words, image_list *images) {
  s2_code code;
  sf_result result = sf_s2_code_build(core, work_words, job->diag, &code);
  const char *same = result == SF_OK ? find_image(images, code.key) : NULL;
  if (same) {
    result = copy_image(job, same, core->name);
  } else if (result == SF_OK) {
    memcpy(images->items[images->count].key, code.key, sizeof code.key);
    images->items[images->count++].core = core->name;
    result = make_image(job, core, &code);
  }
  sf_s2_code_destroy(&code);
  return result;
}

static sf_result emit_core(const sf_emit_job *job, const s2_plan *plan,
                           const s2_core *core, image_list *images) {
  s2_region region;
  SF_TRY(sf_s2_region_build(plan, core, job->diag, &region));
  char *path = sf_s2_file(job->directory, core->name, ".regions.bin");
  sf_result result =
      path ? sf_file_write_staged(path, region.bytes, region.size, job->diag)
           : SF_OOM;
  if (result == SF_OK)
    result = emit_image(job, core, region.work_words, images);
  free(path);
  sf_s2_region_destroy(&region);
  return result;
}

/* ---- JSON files. ---- */

static sf_result write_json(const sf_emit_job *job, const char *name,
                            json_t *object) {
  char *text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;
  char *path = sf_s2_file(job->directory, name, ".json");
  sf_result result =
      text && path ? sf_file_write_staged(path, text, strlen(text), job->diag)
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
  /* Every core in use takes part in the synchronized start, no other. */
  return write_json(job, "cores",
                    json_pack("{s:i,s:o,s:o,s:I,s:o}", "format", 1, "inputs",
                              inputs, "cores", cores, "barrier",
                              (json_int_t)plan->core_count, "off",
                              sf_s2_gates_json(job->mapping, job->machine)));
}

/* The certificate stands beside the target's folder: it speaks of the machine.
 */
static sf_result write_certificate(const sf_emit_job *job) {
  char *text = NULL;
  SF_TRY(sf_route_certificate(job->mapping, job->machine, job->diag, &text));
  char *path = sf_path_join(job->directory, "certificate.txt");
  sf_result result =
      path ? sf_file_write_staged(path, text, strlen(text), job->diag) : SF_OOM;
  free(path);
  free(text);
  return result;
}

/* ---- Whole.
 * --------------------------------------------------------------------------------
 */

static sf_result emit_cores(const sf_emit_job *job, const s2_plan *plan) {
  image_list images = {0};
  images.items = calloc(plan->core_count + 1u, sizeof *images.items);
  sf_result result = images.items ? SF_OK : SF_OOM;
  for (uint32_t c = 0; c < plan->core_count && result == SF_OK; c++)
    result = emit_core(job, plan, &plan->cores[c], &images);
  free(images.items);
  return result;
}

static sf_result emit_plan(const sf_emit_job *job, const s2_plan *plan) {
  char *folder = sf_path_join(job->directory, "spinnaker2");
  sf_result result = folder ? sf_make_directory(folder, job->diag) : SF_OOM;
  free(folder);
  if (result == SF_OK) result = emit_cores(job, plan);
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
