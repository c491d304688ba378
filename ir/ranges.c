/* ranges.c - intervals of all values of a network, and the report of what is
 * not proved. docs/ir.md 6. */
#include "ir/ranges_private.h"

#include <stdlib.h>

/* ---- Spans. ---- */

sf_span sf_span_type(sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_F32) return sf_span_of(0, 0);
  return sf_span_of(sf_scalar_min(scalar), sf_scalar_max(scalar));
}

sf_span sf_span_multiply(sf_span a, sf_span b) {
  sf_wide ends[4] = {a.low * b.low, a.low * b.high, a.high * b.low,
                     a.high * b.high};
  sf_span out = sf_span_of(ends[0], ends[0]);
  for (int n = 1; n < 4; n++)
    out = sf_span_join(out, sf_span_of(ends[n], ends[n]));
  return out;
}

bool sf_span_fits(sf_span span, sf_scalar scalar) {
  sf_span type = sf_span_type(scalar);
  return span.low >= type.low && span.high <= type.high;
}

sf_span sf_span_fit(sf_span span, sf_scalar scalar, sf_mode mode) {
  if (sf_span_fits(span, scalar)) return span;
  sf_span type = sf_span_type(scalar);
  if (mode == SF_MODE_WRAP) return type;
  sf_wide low = span.low < type.low ? type.low : span.low;
  sf_wide high = span.high > type.high ? type.high : span.high;
  if (low > high) /* saturated to one end; without a mode it always stops */
    return low > type.high ? sf_span_of(type.high, type.high)
                           : sf_span_of(type.low, type.low);
  return sf_span_of(low, high);
}

sf_span sf_span_blob(const sf_blob *blob, size_t first, size_t last) {
  sf_wide at = sf_blob_i32(blob, first);
  sf_span out = sf_span_of(at, at);
  for (size_t n = first + 1; n <= last; n++) {
    at = sf_blob_i32(blob, n);
    out = sf_span_join(out, sf_span_of(at, at));
  }
  return out;
}

/* ---- Values. ---- */

static int compare_values(const void *a, const void *b) {
  uintptr_t x = (uintptr_t)((const sf_value_span *)a)->value;
  uintptr_t y = (uintptr_t)((const sf_value_span *)b)->value;
  return (x > y) - (x < y);
}

static sf_value_span *find(const sf_ranges *r, const sf_value *value) {
  sf_value_span key = {.value = value};
  return bsearch(&key, r->values, r->value_count, sizeof key, compare_values);
}

/* A value that a delay reads before it is known has its whole type. */
static sf_span operand_span(const sf_ranges *r, const sf_op *op, uint32_t n) {
  const sf_value *value = sf_op_operand(op, n);
  const sf_value_span *range = value ? find(r, value) : NULL;
  if (!range) return sf_span_of(0, 0);
  return range->known ? range->span : sf_span_type(value->type.scalar);
}

static sf_result any_operand(sf_ranges *r, const sf_op *op, uint32_t n,
                             sf_span *out) {
  sf_blob *blob = sf_op_operand_blob(op, n);
  if (!blob) {
    *out = operand_span(r, op, n);
    return SF_OK;
  }
  SF_TRY(sf_blob_load(blob, r->diag));
  *out = sf_span_type(blob->type.scalar);
  if (blob->type.scalar.kind != SF_SCALAR_F32)
    *out = sf_span_blob(blob, 0, sf_blob_elements(blob) - 1);
  return SF_OK;
}

static sf_result span_elementwise(sf_ranges *r, const sf_op *op, sf_span *out) {
  sf_span a, b;
  SF_TRY(any_operand(r, op, 0, &a));
  SF_TRY(any_operand(r, op, 1, &b));
  switch (op->kind) {
  case SF_OP_ADD:
    *out = sf_span_of(a.low + b.low, a.high + b.high);
    break;
  case SF_OP_SUB:
    *out = sf_span_of(a.low - b.high, a.high - b.low);
    break;
  case SF_OP_MUL:
    *out = sf_span_multiply(a, b);
    break;
  case SF_OP_MIN:
    *out = sf_span_of(a.low < b.low ? a.low : b.low,
                      a.high < b.high ? a.high : b.high);
    break;
  default:
    *out = sf_span_of(a.low > b.low ? a.low : b.low,
                      a.high > b.high ? a.high : b.high);
    break;
  }
  return SF_OK;
}

static sf_span span_convert(const sf_ranges *r, const sf_op *op) {
  if (sf_op_operand(op, 0)->type.scalar.kind == SF_SCALAR_F32)
    return sf_span_of(-((sf_wide)1 << 126), (sf_wide)1 << 126);
  sf_span x = operand_span(r, op, 0);
  float scale = sf_op_number(op, SF_ATTR_scale);
  if (scale == 1.0f) return x;
  sf_round round = (sf_round)sf_op_int(op, SF_ATTR_round);
  sf_wide a = sf_scale_to_int((int32_t)x.low, scale, round);
  sf_wide b = sf_scale_to_int((int32_t)x.high, scale, round);
  return sf_span_join(sf_span_of(a, a), sf_span_of(b, b));
}

static sf_result span_joined(sf_ranges *r, const sf_op *op, sf_span *out) {
  SF_TRY(any_operand(r, op, 0, out));
  for (uint32_t n = 1; n < op->operand_count; n++) {
    sf_span next;
    SF_TRY(any_operand(r, op, n, &next));
    *out = sf_span_join(*out, next);
  }
  return SF_OK;
}

static sf_result exact_span(sf_ranges *r, const sf_op *op, sf_span *out) {
  switch (op->kind) {
  case SF_OP_LINEAR:
  case SF_OP_CONV:
  case SF_OP_CONVT:
  case SF_OP_SPARSE:
  case SF_OP_POOL:
  case SF_OP_MATMUL:
  case SF_OP_REDUCE:
    return sf_span_sum(op, operand_span(r, op, 0), operand_span(r, op, 1),
                       r->diag, out);
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
    return span_elementwise(r, op, out);
  case SF_OP_CONVERT:
    *out = span_convert(r, op);
    return SF_OK;
  case SF_OP_DELAY: /* zero before */
    *out = sf_span_join(operand_span(r, op, 0), sf_span_of(0, 0));
    return SF_OK;
  case SF_OP_ARGMAX: {
    const sf_type *type = &sf_op_operand(op, 0)->type;
    int64_t axis = sf_op_int(op, SF_ATTR_axis);
    *out = sf_span_of(0, type->dim[axis < 0 ? axis + type->rank : axis] - 1);
    return SF_OK;
  }
  case SF_OP_CONCAT:
  case SF_OP_SLICE:
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
    return span_joined(r, op, out);
  default: /* quantize saturates by definition; the rest is f32 */
    *out = sf_span_type(sf_op_result(op, 0)->type.scalar);
    return SF_OK;
  }
}

static void set_span(sf_ranges *r, const sf_value *value, sf_span span) {
  sf_value_span *range = find(r, value);
  range->span = span;
  range->known = true;
}

static sf_result visit_op(sf_ranges *r, const sf_op *op) {
  const sf_value *result = sf_op_result(op, 0);
  sf_scalar scalar = result->type.scalar;
  sf_span exact = sf_span_type(scalar);
  if (scalar.kind != SF_SCALAR_F32) {
    SF_TRY(exact_span(r, op, &exact));
    if (op->mode == SF_MODE_NONE && !sf_span_fits(exact, scalar))
      r->unproved[r->unproved_count++] = (sf_unproved_op){op, exact, NULL};
  }
  set_span(r, result, sf_span_fit(exact, scalar, op->mode));
  return SF_OK;
}

static sf_result visit_neurons(sf_ranges *r, const sf_op *op,
                               sf_arena *scratch) {
  sf_span *inputs = SF_NEW_ARRAY(scratch, sf_span, op->operand_count + 1u);
  if (!inputs) return SF_OOM;
  for (uint32_t n = 0; n < op->operand_count; n++)
    inputs[n] = operand_span(r, op, n);
  int64_t steps = r->network->steps;
  if (steps >= 0) steps += r->network->lag;
  sf_neuron_ranges *neuron;
  SF_TRY(
      sf_neuron_ranges_create(op, inputs, steps, r->arena, r->diag, &neuron));
  r->neurons[r->neuron_count++] = neuron;
  if (neuron->unproved_count > 0)
    r->unproved[r->unproved_count++] = (sf_unproved_op){op, {0, 0}, neuron};
  bool starts_late = sf_op_int(op, SF_ATTR_start) > 0;
  for (uint32_t n = 0; n < op->result_count; n++) {
    sf_span span = sf_neuron_ranges_emit(neuron, n);
    if (starts_late) span = sf_span_join(span, sf_span_of(0, 0));
    set_span(r, op->results[n], span);
  }
  return SF_OK;
}

static sf_result allocate(sf_ranges *r) {
  size_t values = r->network->argument_count, ops = 0;
  SF_FOREACH_OP(op, r->network)
    values += op->result_count, ops++;
  r->values = SF_NEW_ARRAY(r->arena, sf_value_span, values + 1);
  r->unproved = SF_NEW_ARRAY(r->arena, sf_unproved_op, ops + 1);
  r->neurons = SF_NEW_ARRAY(r->arena, sf_neuron_ranges *, ops + 1);
  if (!r->values || !r->unproved || !r->neurons) return SF_OOM;
  for (uint32_t n = 0; n < r->network->argument_count; n++)
    r->values[r->value_count++].value = r->network->arguments[n];
  SF_FOREACH_OP(op, r->network)
    for (uint32_t n = 0; n < op->result_count; n++)
      r->values[r->value_count++].value = op->results[n];
  qsort(r->values, r->value_count, sizeof *r->values, compare_values);
  return SF_OK;
}

static sf_result analyse(sf_ranges *r, sf_arena *scratch) {
  SF_TRY(allocate(r));
  for (uint32_t n = 0; n < r->network->argument_count; n++)
    set_span(r, r->network->arguments[n],
             sf_span_type(r->network->arguments[n]->type.scalar));
  SF_FOREACH_OP(op, r->network) {
    if (op->kind == SF_OP_NEURONS)
      SF_TRY(visit_neurons(r, op, scratch));
    else
      SF_TRY(visit_op(r, op));
  }
  return SF_OK;
}

sf_result sf_ranges_create(const sf_network *network, sf_diag *diag,
                           sf_ranges **out) {
  sf_arena *arena = sf_arena_create(), *scratch = sf_arena_create();
  sf_ranges *r = arena ? SF_NEW(arena, sf_ranges) : NULL;
  sf_result result = r && scratch ? SF_OK : SF_OOM;
  if (result == SF_OK) {
    *r = (sf_ranges){.network = network, .diag = diag, .arena = arena};
    result = analyse(r, scratch);
  }
  sf_arena_destroy(scratch);
  if (result == SF_OK)
    *out = r;
  else
    sf_arena_destroy(arena);
  return result;
}

void sf_ranges_destroy(sf_ranges *ranges) {
  if (ranges) sf_arena_destroy(ranges->arena);
}

/* ---- Answers. ---- */

bool sf_ranges_value(const sf_ranges *ranges, const sf_value *value,
                     sf_range *out) {
  if (value->type.scalar.kind == SF_SCALAR_F32) return false;
  const sf_value_span *range = find(ranges, value);
  if (!range) return false;
  *out = (sf_range){(int64_t)range->span.low, (int64_t)range->span.high};
  return true;
}

sf_result sf_prove_ranges(const sf_network *network, sf_diag *diag) {
  sf_ranges *ranges;
  SF_TRY(sf_ranges_create(network, diag, &ranges));
  sf_ranges_report(ranges, diag);
  sf_result result = ranges->unproved_count ? SF_FAIL : SF_OK;
  sf_ranges_destroy(ranges);
  return result;
}

sf_result sf_value_range(const sf_network *network, const sf_value *value,
                         sf_diag *diag, sf_range *out) {
  sf_ranges *ranges;
  SF_TRY(sf_ranges_create(network, diag, &ranges));
  bool found = sf_ranges_value(ranges, value, out);
  if (!found) *out = (sf_range){INT64_MIN, INT64_MAX}; /* f32 */
  sf_ranges_destroy(ranges);
  return SF_OK;
}
