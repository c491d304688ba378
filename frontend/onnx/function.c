/* function.c - the body of a model's function, walked in place of its call.
 *
 * It sees its own names, attributes of the call by ref_attr_name, and its own
 * operator sets. */
#include "frontend/onnx/model.h"

#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 3 * (4096 + 1) /* names are 4096 bytes long at most */ };

/* Domain, name and overload as one text. */
static sf_slice key_of(char out[KEY_MAX], const char *domain, const char *name,
                       const char *overload) {
  bool standard = !domain || strcmp(domain, "ai.onnx") == 0;
  int length = snprintf(out, KEY_MAX, "%s\n%s\n%s", standard ? "" : domain,
                        name ? name : "", overload ? overload : "");
  return (sf_slice){out, length < KEY_MAX ? (size_t)length : KEY_MAX - 1};
}

/* Looked up one by one, many calls of many functions would take minutes. */
sf_result sf_onnx_index_functions(onnx_import *import) {
  const Onnx__ModelProto *model = import->model;
  char key[KEY_MAX];
  import->functions.arena = import->arena;
  for (size_t i = 0; i < model->n_functions; i++) {
    Onnx__FunctionProto *f = model->functions[i];
    sf_slice text = key_of(key, f->domain, f->name, f->overload);
    if (sf_names_find(&import->functions, text)) continue; /* the first one */
    const char *kept = sf_arena_text(import->arena, text);
    if (!kept) return SF_OOM;
    SF_TRY(sf_names_set(&import->functions, kept, f));
  }
  return SF_OK;
}

const Onnx__FunctionProto *sf_onnx_find_function(const onnx_node *node) {
  char key[KEY_MAX];
  if (!node->import->model->n_functions) return NULL;
  return sf_names_find(
      &node->import->functions,
      key_of(key, node->domain, node->op_type, node->proto->overload));
}

static sf_result define_inputs(onnx_node *node, onnx_scope *scope,
                               const Onnx__FunctionProto *function) {
  if (node->input_count > function->n_input)
    return sf_onnx_refuse(node, NULL, "%u inputs for a function of %zu",
                          node->input_count, function->n_input);
  for (uint32_t i = 0; i < function->n_input; i++) {
    onnx_value value = *sf_onnx_input(node, i);
    value.name = function->input[i];
    SF_TRY(sf_onnx_define(node->import, scope, &value, NULL));
  }
  return SF_OK;
}

sf_result sf_onnx_walk_function(onnx_node *node,
                                const Onnx__FunctionProto *function) {
  onnx_import *import = node->import;
  const onnx_frame *caller = node->scope->frame;
  if (caller->depth == ONNX_CALLS_DEEP) {
    import->stopped = true;
    return sf_onnx_refuse(node, NULL,
                          "functions call functions more than %d deep",
                          (int)ONNX_CALLS_DEEP);
  }
  onnx_frame *frame = SF_NEW(import->arena, onnx_frame);
  onnx_scope *scope = SF_NEW(import->arena, onnx_scope);
  if (!frame || !scope) return SF_OOM;
  *frame =
      (onnx_frame){.opset_count = function->n_opset_import,
                   .opsets = function->opset_import,
                   .function = function,
                   .call = node,
                   .prefix = sf_arena_printf(import->arena, "%s/", node->label),
                   .depth = caller->depth + 1};
  if (!frame->prefix) return SF_OOM;
  SF_TRY(sf_onnx_scope_init(import, scope, NULL, frame));
  SF_TRY(define_inputs(node, scope, function));
  SF_TRY(sf_onnx_walk_nodes(import, scope, function->n_node, function->node));
  for (uint32_t i = 0; i < function->n_output; i++) {
    Onnx__ValueInfoProto output = ONNX__VALUE_INFO_PROTO__INIT;
    output.name = function->output[i];
    const onnx_value *value = NULL;
    SF_TRY(sf_onnx_graph_output(node, scope, &output, &value));
    sf_onnx_bind(node, i, value);
  }
  return SF_OK;
}
