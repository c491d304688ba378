/* onnx_reader.c - the ONNX reader: map, check, unpack, walk, verify. */
#include "frontend/onnx/onnx_reader.h"

#include "frontend/onnx/model.h"
#include "frontend/onnx/operators.h"
#include "frontend/onnx/pattern.h"
#include "frontend/onnx/spiking_unrolled.h"

#include <stdio.h>
#include <string.h>

static bool recognizes(const char *path) {
  sf_mapped_file file;
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!quiet) return false;
  bool known = false;
  if (sf_file_map(path, quiet, &file) == SF_OK) {
    known = sf_onnx_wire_recognizes(file.data, file.size);
    sf_file_unmap(&file);
  }
  sf_diag_destroy(quiet);
  return known;
}

/* "mnist-8.onnx" becomes module "mnist-8". */
static sf_module *create_module(const char *file) {
  char name[256];
  const char *dot = strrchr(file, '.');
  size_t length = dot ? (size_t)(dot - file) : strlen(file);
  if (length == 0 || length >= sizeof name) {
    file = "network";
    length = strlen(file);
  }
  memcpy(name, file, length);
  name[length] = '\0';
  return sf_module_create(name);
}

static sf_result choose_opset(onnx_import *import) {
  const Onnx__ModelProto *model = import->model;
  for (size_t i = 0; i < model->n_opset_import; i++) {
    const char *domain = model->opset_import[i]->domain;
    if (domain && *domain && strcmp(domain, "ai.onnx") != 0) continue;
    char value[32], reason[256];
    snprintf(value, sizeof value, "%lld",
             (long long)model->opset_import[i]->version);
    snprintf(reason, sizeof reason, "what the model imports%s%.100s%s%.40s",
             model->producer_name && *model->producer_name ? "; written by "
                                                           : "",
             model->producer_name ? model->producer_name : "",
             model->producer_version && *model->producer_version ? " " : "",
             model->producer_version ? model->producer_version : "");
    return sf_onnx_choose(import, "opset", value, reason);
  }
  return SF_OK;
}

/* What was refused is on record already; a last line says how much. */
static sf_result end_of_refusals(onnx_import *import) {
  if (import->refusals > ONNX_REPORTED_MAX)
    sf_note(import->diag, import->loc, "%u more nodes were refused",
            import->refusals - ONNX_REPORTED_MAX);
  return import->refusals ? SF_FAIL : SF_OK;
}

static sf_result walk_model(onnx_import *import) {
  onnx_frame *frame = SF_NEW(import->arena, onnx_frame);
  onnx_scope *scope = SF_NEW(import->arena, onnx_scope);
  if (!frame || !scope) return SF_OOM;
  frame->opset_count = import->model->n_opset_import;
  frame->opsets = import->model->opset_import;
  frame->prefix = "";
  SF_TRY(sf_onnx_scope_init(import, scope, NULL, frame));
  SF_TRY(choose_opset(import));
  SF_TRY(sf_onnx_index_functions(import));
  SF_TRY(sf_onnx_add_arguments(import, scope));
  SF_TRY(sf_onnx_walk_graph(import, scope, import->model->graph));
  sf_result returned = sf_onnx_add_returns(import, scope);
  if (returned == SF_OOM) return SF_OOM;
  SF_TRY(end_of_refusals(import));
  return returned;
}

static sf_result read_model(onnx_import *import, const char *path,
                            sf_import *out) {
  SF_TRY(sf_onnx_load(import, path));
  import->network = sf_network_create(import->module, "main", import->loc);
  if (!import->network) return SF_OOM;
  import->reported.arena = import->arena;
  import->blobs.arena = import->arena;
  SF_TRY(walk_model(import));
  SF_TRY(sf_onnx_simplify(import));
  SF_TRY(sf_onnx_fold_steps(import));
  SF_TRY(sf_onnx_keep_states(import));
  SF_TRY(sf_verify(import->module, import->diag));
  out->choices = import->choices.items;
  out->choice_count = import->choices.count;
  return SF_OK;
}

static sf_result read_onnx(const char *path, const sf_import_option *options,
                           uint32_t option_count, sf_diag *diag,
                           sf_import *out) {
  *out = (sf_import){0};
  onnx_import import = {.diag = diag};
  SF_TRY(sf_onnx_options_read(options, option_count, diag, &import.options));
  const char *file = sf_path_base(path);
  import.arena = sf_arena_create();
  import.unpacked = sf_arena_create();
  import.module = create_module(file);
  sf_result result = SF_OOM;
  if (import.arena && import.unpacked && import.module) {
    import.loc.file =
        sf_arena_text(import.module->arena, (sf_slice){file, strlen(file)});
    import.module->loc.file = import.loc.file;
    if (import.loc.file) result = read_model(&import, path, out);
  }
  sf_onnx_unload(&import);
  if (result != SF_OK) {
    sf_module_destroy(import.module);
    *out = (sf_import){0};
    return result;
  }
  out->module = import.module;
  return SF_OK;
}

const sf_frontend sf_frontend_onnx = {
    .size = sizeof(sf_frontend),
    .abi = SF_ABI,
    .name = "onnx",
    .summary = "Open Neural Network Exchange, protobuf (.onnx)",
    .options = sf_onnx_option_table,
    .recognizes = recognizes,
    .read = read_onnx,
    .list_operators = sf_onnx_operator_at,
};
