/* report.c - refusals, warnings and choices, each said once. */
#include "frontend/onnx/model.h"

#include <stdio.h>
#include <string.h>

/* " on float[1, 3, 8, 8], float[4, 3, 3, 3]" */
static void inputs_text(const onnx_node *node, char *out, size_t size) {
  size_t at = 0;
  out[0] = '\0';
  for (uint32_t i = 0; i < node->input_count && at + 1 < size; i++) {
    const onnx_value *value = node->inputs[i];
    if (!value) break;
    char shape[ONNX_SHAPE_TEXT_MAX];
    if (value->kind == ONNX_ABSENT)
      at += (size_t)snprintf(out + at, size - at, "%s-", i ? ", " : " on ");
    else
      at += (size_t)snprintf(out + at, size - at, "%s%s%s", i ? ", " : " on ",
                             sf_onnx_dtype_text(value->dtype),
                             sf_onnx_shape_text(&value->shape, shape));
  }
}

/* The nodes of a loop are walked often, and refused once. */
static bool was_reported(const onnx_node *node) {
  sf_names *reported = &node->import->reported;
  if (sf_names_find(reported, sf_slice_of(node->label))) return true;
  /* Without memory it may be said again, but never not at all. */
  if (sf_names_set(reported, node->label, node->import) != SF_OK)
    node->import->out_of_memory = true;
  return false;
}

#undef sf_onnx_refuse
sf_result sf_onnx_refuse(onnx_node *node, const char *help, const char *format,
                         ...) {
  onnx_import *import = node->import;
  bool again = node->refused || was_reported(node);
  node->refused = true;
  if (again || ++import->refusals > ONNX_REPORTED_MAX) return SF_FAIL;
  char reason[512], inputs[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  inputs_text(node, inputs, sizeof inputs);
  (void)sf_error(import->diag, SF_DIAG_IMPORT, node->loc,
                 "%s%s%s (opset %d)%s: %s", node->domain,
                 *node->domain ? "." : "", node->op_type, node->opset, inputs,
                 reason);
  if (help) sf_help(import->diag, "%s", help);
  return SF_FAIL;
}

sf_result sf_onnx_failed(const onnx_node *node) {
  return node->refused ? SF_FAIL : SF_OOM;
}

sf_result sf_onnx_choose(onnx_import *import, const char *name,
                         const char *value, const char *reason) {
  if (sf_choices_has(&import->choices, name)) return SF_OK;
  return sf_choices_add(&import->choices, import->module->arena, name, value,
                        reason);
}
