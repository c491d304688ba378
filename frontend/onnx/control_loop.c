/* control_loop.c - Loop, unrolled: its trip count and conditions are constant.
 *
 * Inputs: count M, condition, carried values. Body inputs: iteration,
 * condition, carried; outputs: condition, carried, scan outputs. */
#include "frontend/onnx/control.h"

typedef struct loop {
  onnx_node *node;
  const Onnx__GraphProto *body;
  int64_t limit;    /* -1: none */
  bool go_on;       /* the condition */
  uint32_t carried; /* count */
  const onnx_value **inputs;
  onnx_value **outputs;
  onnx_collected scans;
} loop;

static sf_result read_flag(onnx_node *node, const onnx_value *value,
                           bool *out) {
  if (value->kind != ONNX_CONSTANT || sf_onnx_elements(&value->shape) != 1)
    return sf_onnx_refuse(node,
                          "make the number of iterations a constant of the "
                          "exported model",
                          "the condition depends on the network's input");
  *out = sf_onnx_get_i64(value->tensor, 0) != 0;
  return SF_OK;
}

static sf_result init(loop *l) {
  onnx_node *node = l->node;
  SF_TRY(sf_onnx_body(node, "body", &l->body));
  l->limit = -1;
  l->go_on = true;
  if (sf_onnx_has_input(node, 0)) {
    const onnx_tensor *count = NULL;
    SF_TRY(sf_onnx_need_constant(node, 0, "the trip count", &count));
    if (sf_onnx_elements(&count->shape) != 1)
      return sf_onnx_refuse(node, NULL, "the trip count is not one element");
    l->limit = sf_onnx_get_i64(count, 0);
    if (l->limit < 0) l->limit = 0;
  }
  if (sf_onnx_has_input(node, 1))
    SF_TRY(read_flag(node, sf_onnx_input(node, 1), &l->go_on));
  l->carried = node->input_count > 2 ? node->input_count - 2 : 0;
  size_t scans = l->body->n_output;
  if (l->body->n_input != l->carried + 2 || scans < l->carried + 1)
    return sf_onnx_refuse(node, NULL,
                          "the body has %zu inputs and %zu outputs; the loop "
                          "carries %u values",
                          l->body->n_input, l->body->n_output, l->carried);
  l->inputs =
      SF_NEW_ARRAY(node->import->arena, const onnx_value *, l->body->n_input);
  l->outputs =
      SF_NEW_ARRAY(node->import->arena, onnx_value *, l->body->n_output);
  if (!l->inputs || !l->outputs) return SF_OOM;
  for (uint32_t i = 0; i < l->carried; i++)
    l->inputs[2 + i] = sf_onnx_input(node, 2 + i);
  return sf_onnx_collect_init(node, (uint32_t)(scans - l->carried - 1),
                              &l->scans);
}

static const onnx_value *scalar(onnx_node *node, onnx_dtype dtype,
                                int64_t number) {
  onnx_shape shape = {0};
  onnx_value *value = SF_NEW(node->import->arena, onnx_value);
  if (!value) return NULL;
  *value = (onnx_value){.kind = ONNX_CONSTANT, .name = "", .dtype = dtype};
  value->tensor = sf_onnx_tensor_splat_i64(node, dtype, &shape, number);
  return value->tensor ? value : NULL;
}

static sf_result iterate(loop *l) {
  onnx_node *node = l->node;
  l->inputs[0] = scalar(node, ONNX_INT64, l->scans.iterations);
  l->inputs[1] = scalar(node, ONNX_BOOL, 1);
  if (!l->inputs[0] || !l->inputs[1]) return sf_onnx_failed(node);
  SF_TRY(sf_onnx_walk_body(node, l->body, l->inputs, l->outputs));
  for (uint32_t i = 0; i < l->carried; i++)
    l->inputs[2 + i] = l->outputs[1 + i];
  SF_TRY(sf_onnx_collect(node, &l->scans, l->outputs + 1 + l->carried));
  if (l->outputs[0]->kind == ONNX_REFUSED) {
    l->go_on = false; /* reported; the outputs are refused as well */
    return SF_OK;
  }
  return read_flag(node, l->outputs[0], &l->go_on);
}

static sf_result finish(loop *l) {
  onnx_node *node = l->node;
  for (uint32_t i = 0; i < l->carried; i++)
    sf_onnx_bind(node, i, l->inputs[2 + i]);
  for (uint32_t i = 0; i < l->scans.outputs; i++) {
    if (!sf_onnx_wants(node, l->carried + i)) continue;
    if (l->scans.iterations == 0)
      return sf_onnx_refuse(node, NULL,
                            "a loop without iterations has scan outputs");
    onnx_value *stack =
        sf_onnx_stack(node, l->scans.iterations, l->scans.values[i], 0);
    if (!stack) return sf_onnx_failed(node);
    sf_onnx_bind(node, l->carried + i, stack);
  }
  return SF_OK;
}

sf_result sf_onnx_walk_loop(onnx_node *node) {
  loop l = {.node = node};
  SF_TRY(init(&l));
  while (l.go_on && (l.limit < 0 || l.scans.iterations < l.limit)) {
    if (l.scans.iterations == ONNX_ITERATIONS_MAX)
      return sf_onnx_refuse(node, NULL, "more than %d iterations",
                            (int)ONNX_ITERATIONS_MAX);
    SF_TRY(iterate(&l));
  }
  return finish(&l);
}
