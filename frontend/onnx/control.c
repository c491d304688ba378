/* control.c - what If, Loop and Scan share, and If. */
#include "frontend/onnx/control.h"

#include <string.h>

sf_result sf_onnx_body(onnx_node *node, const char *name,
                       const Onnx__GraphProto **out) {
  const Onnx__AttributeProto *a = sf_onnx_attribute(node, name);
  *out = a ? a->g : NULL;
  if (*out) return SF_OK;
  return sf_onnx_refuse(node, NULL, "the graph '%s' is missing", name);
}

sf_result sf_onnx_walk_body(onnx_node *node, const Onnx__GraphProto *body,
                            const onnx_value *const *inputs, onnx_value **out) {
  onnx_import *import = node->import;
  onnx_scope *scope = SF_NEW(import->arena, onnx_scope);
  if (!scope) return SF_OOM;
  SF_TRY(sf_onnx_visit(import));
  import->visits++; /* it takes as much memory as two nodes */
  SF_TRY(sf_onnx_scope_init(import, scope, node->scope, node->scope->frame));
  for (size_t i = 0; i < body->n_input; i++) {
    onnx_value value = *inputs[i];
    value.name = body->input[i]->name ? body->input[i]->name : "";
    SF_TRY(sf_onnx_define(import, scope, &value, NULL));
  }
  SF_TRY(sf_onnx_walk_graph(import, scope, body));
  for (size_t i = 0; i < body->n_output; i++) {
    const onnx_value *value = NULL;
    SF_TRY(sf_onnx_graph_output(node, scope, body->output[i], &value));
    out[i] = SF_NEW(import->arena, onnx_value);
    if (!out[i]) return SF_OOM;
    *out[i] = *value;
  }
  return SF_OK;
}

sf_result sf_onnx_collect_init(onnx_node *node, uint32_t outputs,
                               onnx_collected *out) {
  *out = (onnx_collected){.outputs = outputs};
  out->values = SF_NEW_ARRAY(node->import->arena, onnx_value **, outputs + 1);
  return out->values ? SF_OK : SF_OOM;
}

sf_result sf_onnx_collect(onnx_node *node, onnx_collected *collected,
                          onnx_value *const *values) {
  onnx_collected *c = collected;
  if (c->iterations == c->capacity) {
    uint32_t capacity = c->capacity ? 2 * c->capacity : 16;
    for (uint32_t i = 0; i < c->outputs; i++) {
      onnx_value **grown =
          SF_NEW_ARRAY(node->import->arena, onnx_value *, capacity);
      if (!grown) return SF_OOM;
      if (c->iterations)
        memcpy(grown, c->values[i], c->iterations * sizeof(onnx_value *));
      c->values[i] = grown;
    }
    c->capacity = capacity;
  }
  for (uint32_t i = 0; i < c->outputs; i++)
    c->values[i][c->iterations] = values[i];
  c->iterations++;
  return SF_OK;
}

/* The branch that is taken must be known; the other one is not looked at. */
sf_result sf_onnx_walk_if(onnx_node *node) {
  const onnx_tensor *condition = NULL;
  SF_TRY(sf_onnx_need_constant(node, 0, "the condition", &condition));
  if (sf_onnx_elements(&condition->shape) != 1)
    return sf_onnx_refuse(node, NULL, "the condition is not one element");
  const Onnx__GraphProto *branch = NULL;
  bool taken = sf_onnx_get_i64(condition, 0) != 0;
  SF_TRY(sf_onnx_body(node, taken ? "then_branch" : "else_branch", &branch));
  if (branch->n_input) return sf_onnx_refuse(node, NULL, "a branch has inputs");
  onnx_value **outputs =
      SF_NEW_ARRAY(node->import->arena, onnx_value *, branch->n_output + 1);
  if (!outputs) return SF_OOM;
  SF_TRY(sf_onnx_walk_body(node, branch, NULL, outputs));
  for (uint32_t i = 0; i < branch->n_output; i++)
    sf_onnx_bind(node, i, outputs[i]);
  return SF_OK;
}
