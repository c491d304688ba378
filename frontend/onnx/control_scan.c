/* control_scan.c - Scan, unrolled over the axis that it scans.
 *
 * Inputs: states, then scanned values; body outputs: states, then scan outputs.
 * Version 8 has sequence lengths first and a batch axis before the scanned one;
 * one sample is read, and all of its length. */
#include "frontend/onnx/control.h"

typedef struct scan {
  onnx_node *node;
  const Onnx__GraphProto *body;
  bool batched;   /* version 8 */
  uint32_t first; /* input */
  uint32_t states, scanned;
  int64_t length;
  const int64_t *axes, *directions, *out_axes, *out_directions;
  size_t axis_count, direction_count, out_axis_count, out_direction_count;
  onnx_collected outputs;
} scan;

static sf_result read_counts(scan *s) {
  onnx_node *node = s->node;
  SF_TRY(sf_onnx_body(node, "body", &s->body));
  s->batched = node->opset < 9;
  s->first = s->batched ? 1 : 0;
  int64_t scanned = sf_onnx_int(node, "num_scan_inputs", 0);
  int64_t inputs = (int64_t)node->input_count - s->first;
  if (s->batched && sf_onnx_has_input(node, 0))
    return sf_onnx_refuse(node, "export with opset 9 or later",
                          "sequence lengths are not supported");
  if (scanned < 1 || scanned > inputs || s->body->n_input != (size_t)inputs ||
      s->body->n_output < (size_t)(inputs - scanned))
    return sf_onnx_refuse(node, NULL,
                          "%lld scanned inputs of %lld; the body has %zu "
                          "inputs and %zu outputs",
                          (long long)scanned, (long long)inputs,
                          s->body->n_input, s->body->n_output);
  s->scanned = (uint32_t)scanned;
  s->states = (uint32_t)(inputs - scanned);
  const char *directions = s->batched ? "directions" : "scan_input_directions";
  s->axis_count = sf_onnx_ints(node, "scan_input_axes", &s->axes);
  s->direction_count = sf_onnx_ints(node, directions, &s->directions);
  s->out_axis_count = sf_onnx_ints(node, "scan_output_axes", &s->out_axes);
  s->out_direction_count =
      sf_onnx_ints(node, "scan_output_directions", &s->out_directions);
  return sf_onnx_collect_init(node, (uint32_t)(s->body->n_output - s->states),
                              &s->outputs);
}

/* Version 8: the batch axis of extent 1 is taken off at the start. */
static sf_result read_input(scan *s, uint32_t index, const onnx_value **out) {
  onnx_node *node = s->node;
  const onnx_value *value = sf_onnx_input(node, s->first + index);
  *out = value;
  if (!s->batched) return SF_OK;
  if (value->shape.rank < 1 || value->shape.dim[0] != 1)
    return sf_onnx_refuse(node, "export with opset 9 or later",
                          "a batch of other than one sample");
  *out = sf_onnx_take(node, value, 0, 0);
  return *out ? SF_OK : sf_onnx_failed(node);
}

static sf_result read_axis(scan *s, const onnx_value *value, uint32_t index,
                           unsigned *axis) {
  int64_t wanted = index < s->axis_count && !s->batched ? s->axes[index] : 0;
  if (!sf_onnx_axis(wanted, value->shape.rank, axis))
    return sf_onnx_refuse(s->node, NULL, "scanned axis %lld of %u axes",
                          (long long)wanted, (unsigned)value->shape.rank);
  int64_t extent = value->shape.dim[*axis];
  if (s->length >= 0 && s->length != extent)
    return sf_onnx_refuse(s->node, NULL,
                          "scanned inputs of %lld and %lld elements",
                          (long long)s->length, (long long)extent);
  s->length = extent;
  return SF_OK;
}

static sf_result iterate(scan *s, const onnx_value **values,
                         const unsigned *axes, const onnx_value **inputs,
                         onnx_value **outputs) {
  int64_t step = s->outputs.iterations;
  for (uint32_t i = 0; i < s->scanned; i++) {
    bool backwards = i < s->direction_count && s->directions[i] == 1;
    inputs[s->states + i] = sf_onnx_take(
        s->node, values[i], axes[i], backwards ? s->length - 1 - step : step);
    if (!inputs[s->states + i]) return sf_onnx_failed(s->node);
  }
  SF_TRY(sf_onnx_walk_body(s->node, s->body, inputs, outputs));
  for (uint32_t i = 0; i < s->states; i++)
    inputs[i] = outputs[i];
  return sf_onnx_collect(s->node, &s->outputs, outputs + s->states);
}

static void reverse(onnx_value **values, uint32_t count) {
  for (uint32_t i = 0; i < count / 2; i++) {
    onnx_value *kept = values[i];
    values[i] = values[count - 1 - i];
    values[count - 1 - i] = kept;
  }
}

/* Version 8 gives the batch axis back. */
static sf_result bind(scan *s, uint32_t index, onnx_value *value) {
  if (s->batched) value = sf_onnx_stack(s->node, 1, &value, 0);
  if (!value) return sf_onnx_failed(s->node);
  sf_onnx_bind(s->node, index, value);
  return SF_OK;
}

static sf_result finish(scan *s, onnx_value *const *states) {
  for (uint32_t i = 0; i < s->states; i++)
    SF_TRY(bind(s, i, states[i]));
  for (uint32_t i = 0; i < s->outputs.outputs; i++) {
    onnx_value **values = s->outputs.values[i];
    unsigned rank = values[0]->shape.rank + 1U, axis;
    int64_t wanted = i < s->out_axis_count && !s->batched ? s->out_axes[i] : 0;
    if (values[0]->kind != ONNX_REFUSED && !sf_onnx_axis(wanted, rank, &axis))
      return sf_onnx_refuse(s->node, NULL, "scan output axis %lld of %u axes",
                            (long long)wanted, rank);
    if (values[0]->kind == ONNX_REFUSED) axis = 0;
    if (i < s->out_direction_count && s->out_directions[i] == 1)
      reverse(values, s->outputs.iterations);
    onnx_value *stack =
        sf_onnx_stack(s->node, s->outputs.iterations, values, axis);
    if (!stack) return sf_onnx_failed(s->node);
    SF_TRY(bind(s, s->states + i, stack));
  }
  return SF_OK;
}

sf_result sf_onnx_walk_scan(onnx_node *node) {
  scan s = {.node = node, .length = -1};
  SF_TRY(read_counts(&s));
  sf_arena *arena = node->import->arena;
  size_t inputs_count = s.body->n_input, outputs_count = s.body->n_output;
  const onnx_value **values =
      SF_NEW_ARRAY(arena, const onnx_value *, s.scanned);
  unsigned *axes = SF_NEW_ARRAY(arena, unsigned, s.scanned);
  const onnx_value **inputs =
      SF_NEW_ARRAY(arena, const onnx_value *, inputs_count);
  onnx_value **outputs = SF_NEW_ARRAY(arena, onnx_value *, outputs_count + 1);
  if (!values || !axes || !inputs || !outputs) return SF_OOM;
  for (uint32_t i = 0; i < s.states; i++)
    SF_TRY(read_input(&s, i, &inputs[i]));
  for (uint32_t i = 0; i < s.scanned; i++) {
    SF_TRY(read_input(&s, s.states + i, &values[i]));
    SF_TRY(read_axis(&s, values[i], i, &axes[i]));
  }
  if (s.length < 1 || s.length > ONNX_ITERATIONS_MAX)
    return sf_onnx_refuse(node, NULL, "%lld iterations; 1 to %d are unrolled",
                          (long long)s.length, (int)ONNX_ITERATIONS_MAX);
  for (int64_t i = 0; i < s.length; i++)
    SF_TRY(iterate(&s, values, axes, inputs, outputs));
  return finish(&s, outputs);
}
