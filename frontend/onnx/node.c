/* node.c - inputs and outputs of the node that is being translated. */
#include "frontend/onnx/model.h"

static const onnx_value absent = {.kind = ONNX_ABSENT, .name = ""};

const onnx_value *sf_onnx_input(const onnx_node *node, uint32_t index) {
  return index < node->input_count ? node->inputs[index] : &absent;
}

bool sf_onnx_has_input(const onnx_node *node, uint32_t index) {
  return sf_onnx_input(node, index)->kind != ONNX_ABSENT;
}

const onnx_tensor *sf_onnx_constant(const onnx_node *node, uint32_t index) {
  const onnx_value *value = sf_onnx_input(node, index);
  return value->kind == ONNX_CONSTANT ? value->tensor : NULL;
}

sf_result sf_onnx_need_constant(onnx_node *node, uint32_t index,
                                const char *what, const onnx_tensor **out) {
  const onnx_value *value = sf_onnx_input(node, index);
  *out = sf_onnx_constant(node, index);
  if (*out) return SF_OK;
  if (value->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "input %u (%s) is missing", index, what);
  return sf_onnx_refuse(node,
                        "export the model with it as a constant (initializer)",
                        "input '%s' (%s) depends on the network's input; it "
                        "must be constant",
                        value->name, what);
}

bool sf_onnx_wants(const onnx_node *node, uint32_t index) {
  return index < node->output_count && *node->proto->output[index];
}

/* ---- Outputs. ---- */

void sf_onnx_bind(onnx_node *node, uint32_t index, const onnx_value *value) {
  if (index >= node->output_count) return;
  const char *name = node->outputs[index]->name;
  *node->outputs[index] = *value;
  node->outputs[index]->name = name;
}

sf_result sf_onnx_emit_constant(onnx_node *node, uint32_t index,
                                onnx_tensor *tensor) {
  if (!tensor) return sf_onnx_failed(node);
  onnx_value value = {.kind = ONNX_CONSTANT,
                      .dtype = tensor->dtype,
                      .shape = tensor->shape,
                      .tensor = tensor};
  if (index < node->output_count && !tensor->name)
    tensor->name = node->outputs[index]->name;
  sf_onnx_bind(node, index, &value);
  return SF_OK;
}

sf_result sf_onnx_emit_same(onnx_node *node, uint32_t index, uint32_t input) {
  const onnx_value *value = sf_onnx_input(node, input);
  if (value->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "input %u is missing", input);
  sf_onnx_bind(node, index, value);
  return SF_OK;
}
