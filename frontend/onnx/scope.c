/* scope.c - what names stand for, in graphs inside graphs. */
#include "frontend/onnx/model.h"

sf_result sf_onnx_scope_init(onnx_import *import, onnx_scope *scope,
                             onnx_scope *parent, const onnx_frame *frame) {
  *scope = (onnx_scope){
      .parent = parent, .frame = frame, .names.arena = import->arena};
  return SF_OK;
}

sf_result sf_onnx_define(onnx_import *import, onnx_scope *scope,
                         const onnx_value *value,
                         const Onnx__TensorProto *initializer) {
  if (sf_names_find(&scope->names, sf_slice_of(value->name)))
    return sf_error(import->diag, SF_DIAG_IMPORT, import->loc,
                    "the name '%s' is defined twice", value->name);
  onnx_entry *entry = SF_NEW(import->arena, onnx_entry);
  if (!entry) return SF_OOM;
  entry->value = *value;
  entry->initializer = initializer;
  return sf_names_set(&scope->names, entry->value.name, entry);
}

sf_result sf_onnx_lookup(onnx_node *node, onnx_scope *scope, const char *name,
                         const onnx_value **out) {
  onnx_entry *entry = NULL;
  *out = NULL;
  for (onnx_scope *s = scope; s && !entry; s = s->parent)
    entry = sf_names_find(&s->names, sf_slice_of(name));
  if (!entry) return SF_OK;
  if (entry->initializer) {
    onnx_tensor *tensor = NULL;
    sf_result result = sf_onnx_tensor_load(node, entry->initializer, &tensor);
    if (result != SF_OK) { /* reported once */
      entry->initializer = NULL;
      entry->value.kind = ONNX_REFUSED;
      return result;
    }
    entry->value.kind = ONNX_CONSTANT;
    entry->value.tensor = tensor;
    entry->value.dtype = tensor->dtype;
    entry->value.shape = tensor->shape;
    entry->initializer = NULL;
  }
  *out = &entry->value;
  return SF_OK;
}
