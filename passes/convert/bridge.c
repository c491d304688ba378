/* bridge.c - form stbif: from spikes to whole values and back.
 *
 *   %p = softmax of %a, then linear       %a.1 = neurons @total(%a): X(t)
 *                                   =>    .. the ops of the integer form ..
 *                                         %p.1 = neurons @change(%p):
 *                                                f(X(t)) - f(X(t - 1))
 *
 * A total adds the spikes up, from the constant of their sum on; a change sends
 * what its whole value gained, the first time all of it. So what a change sends
 * adds up to f(X(t)) in every step t, and to f(X) once X is reached, whatever
 * came between. A total never leaves the interval that its final value is known
 * to lie in, so that what the integer form proves of a function holds here. */
#include "passes/convert/convert.h"

#include <string.h>

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

/* ---- Types. ---- */

static bool is_sum(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_REDUCE:
    return true;
  case SF_OP_POOL:
    return sf_op_int(op, SF_ATTR_kind) == SF_POOL_SUM;
  default:
    return sf_op_is(op, SF_TRAIT_PROJECTION);
  }
}

/* Sums of changes need a bit more than sums of what changes: all that spikes
 * add up to gets 32. The scalars before, by order, are what functions read. */
static sf_result widen_sums(sf_converter *c) {
  c->scalars = SF_NEW_ARRAY(c->arena, sf_scalar, c->whole_count + 1u);
  if (!c->scalars) return SF_OOM;
  SF_FOREACH_OP(op, c->network) {
    if (op->order == UINT32_MAX || op->result_count != 1) continue;
    sf_scalar *scalar = &op->results[0]->type.scalar;
    c->scalars[op->order] = *scalar;
    const sf_value *x = op->operand_count ? sf_op_operand(op, 0) : NULL;
    if (scalar->kind != SF_SCALAR_INT || sf_convert_is_whole(c, op)) continue;
    if (is_sum(op))
      *scalar = sf_int(32);
    else if (sf_op_is(op, SF_TRAIT_MOVES) && x)
      *scalar = x->type.scalar;
  }
  return SF_OK;
}

static sf_scalar scalar_of(const sf_converter *c, const sf_value *value) {
  const sf_op *op = value->op;
  return op && op->result_count == 1 && op->order < c->whole_count
             ? c->scalars[op->order]
             : value->type.scalar;
}

/* ---- Intervals of final values. ---- */

static int64_t bound(const sf_op *quantize, sf_attr_id id, int64_t otherwise) {
  return sf_op_has_attr(quantize, id) ? sf_op_int(quantize, id) : otherwise;
}

/* An interval does not know the bounds of a site, also behind moves. */
static sf_range range_of(const sf_converter *c, const sf_value *value) {
  sf_scalar scalar = scalar_of(c, value);
  sf_range range = {sf_scalar_min(scalar), sf_scalar_max(scalar)};
  const sf_value *same =
      sf_network_find_value(c->before, slice_of(value->name));
  if (same) (void)sf_ranges_value(c->ranges, same, &range);
  while (value->op && value->op->operand_count == 1 &&
         sf_op_is(value->op, SF_TRAIT_MOVES) && sf_op_operand(value->op, 0))
    value = sf_op_operand(value->op, 0);
  if (!value->op || value->op->kind != SF_OP_QUANTIZE) return range;
  int64_t low = bound(value->op, SF_ATTR_low, range.low);
  int64_t high = bound(value->op, SF_ATTR_high, range.high);
  if (low > range.low) range.low = low;
  if (high < range.high) range.high = high;
  return range;
}

/* ---- Populations. ---- */

static sf_value *widen(sf_value *value, sf_op *before) {
  if (sf_scalar_equal(value->type.scalar, sf_int(32))) return value;
  sf_op *op = sf_op_create(value->network, before, SF_OP_CONVERT, 1,
                           value->op ? value->op->loc : value->loc);
  if (!op) return NULL;
  op->order = UINT32_MAX;
  sf_op_set_operand(op, 0, value);
  sf_type type = value->type;
  type.scalar = sf_int(32);
  return sf_op_add_result(op, value->name, &type);
}

static sf_op *create(sf_converter *c, const char *function, sf_scalar emit,
                     sf_value *value, sf_op *before) {
  sf_neuron *neuron =
      sf_library_use_as(c->run->module, slice_of(function), emit, c->run->diag);
  sf_value *wide = neuron ? widen(value, before) : NULL;
  sf_op *op = wide ? sf_op_create(c->network, before, SF_OP_NEURONS, 1,
                                  value->op ? value->op->loc : value->loc)
                   : NULL;
  if (!op || sf_op_set_neuron(op, neuron) != SF_OK) return NULL;
  op->order = UINT32_MAX;
  sf_op_set_operand(op, 0, wide);
  sf_type type = value->type;
  type.scalar = emit;
  c->populations++;
  return sf_op_add_result(op, value->name, &type) ? op : NULL;
}

static sf_op *total(sf_converter *c, sf_value *value, sf_op *before) {
  sf_range range = range_of(c, value);
  sf_op *op = create(c, "total", scalar_of(c, value), value, before);
  if (!op) return NULL;
  sf_argument_set_number(sf_op_argument(op, slice_of("low")),
                         sf_number_int(range.low));
  sf_argument_set_number(sf_op_argument(op, slice_of("high")),
                         sf_number_int(range.high));
  return op;
}

/* From 0, which silence stands for, and from every value to every other. */
static bool holds_changes(sf_range range, sf_scalar *out) {
  int64_t low = range.low < 0 ? range.low : 0;
  int64_t high = range.high > 0 ? range.high : 0;
  if (high - low > INT32_MAX) return false;
  *out = sf_int_holding(low - high, high - low);
  return true;
}

static sf_op *change(sf_converter *c, sf_value *value, sf_op *before) {
  sf_scalar emit;
  if (holds_changes(range_of(c, value), &emit))
    return create(c, "change", emit, value, before);
  sf_convert_refuse(c, value->op,
                    "round it with 'quantize', or use form 'integer' or "
                    "'graded'",
                    "changes by more than 32 bits hold, and a sum reads its "
                    "changes");
  return NULL;
}

/* ---- Where domains meet. ---- */

static sf_bridge *find(const sf_converter *c, const sf_value *value) {
  for (sf_bridge *b = c->bridges; b; b = b->next)
    if (b->from == value) return b;
  return NULL;
}

static sf_result connect(sf_converter *c, sf_op *op, uint32_t index,
                         bool whole) {
  sf_value *value = sf_op_operand(op, index);
  sf_bridge *b = find(c, value);
  if (!b) {
    b = SF_NEW(c->arena, sf_bridge);
    if (!b) return SF_OOM;
    *b = (sf_bridge){.from = value,
                     .is_total = whole,
                     .population =
                         whole ? total(c, value, op) : change(c, value, op),
                     .next = c->bridges};
    if (!b->population) return sf_diag_errors(c->run->diag) ? SF_FAIL : SF_OOM;
    c->bridges = b;
  }
  sf_op_set_operand(op, index, b->population->results[0]);
  return SF_OK;
}

static bool is_read(const sf_op *op) {
  for (uint32_t i = 0; i < op->result_count; i++)
    if (op->results[i]->first_use) return true;
  return false;
}

sf_result sf_convert_bridge(sf_converter *c) {
  c->whole_returns =
      SF_NEW_ARRAY(c->arena, bool, c->network->return_count + 1u);
  if (!c->whole_returns) return SF_OOM;
  for (uint32_t i = 0; i < c->network->return_count; i++)
    c->whole_returns[i] =
        sf_convert_value_is_whole(c, c->network->returns[i].value);
  SF_TRY(widen_sums(c));
  SF_FOREACH_OP_SAFE(op, following, c->network) {
    /* A site's source is its population's, not its chain's. */
    if (op->order == UINT32_MAX || op->kind == SF_OP_QUANTIZE ||
        sf_convert_works_on_f32(op) || !is_read(op))
      continue;
    bool whole = sf_convert_is_whole(c, op);
    for (uint32_t i = 0; i < op->operand_count; i++) {
      sf_value *x = sf_op_operand(op, i);
      if (x && sf_convert_value_is_whole(c, x) != whole)
        SF_TRY(connect(c, op, i, whole));
    }
  }
  return SF_OK;
}
