/* maxima.c - trees of the form's own populations for pool{max} and max. */
#include "passes/convert/convert.h"

#include "passes/max_tree/tree.h"

#include <string.h>

enum { LOWEST = 2 * INT16_MIN }; /* below all sums of spikes, @stbif */

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static void set(sf_op *op, const char *param, int64_t value) {
  sf_argument_set_number(sf_op_argument(op, slice_of(param)),
                         sf_number_int(value));
}

static sf_op *create(sf_converter *c, sf_neuron *neuron, uint32_t inputs,
                     sf_op *before) {
  sf_op *op = neuron ? sf_op_create(c->network, before, SF_OP_NEURONS, inputs,
                                    before->loc)
                     : NULL;
  if (!op || sf_op_set_neuron(op, neuron) != SF_OK) return NULL;
  op->order = UINT32_MAX;
  c->populations++;
  return op;
}

static sf_value *clip(void *context, sf_value *sum, const sf_clip *bounds,
                      sf_op *before) {
  sf_converter *c = context;
  sf_neuron *neuron = sf_library_use_as(c->run->module, slice_of("quant"),
                                        bounds->scalar, c->run->diag);
  sf_op *op = create(c, neuron, 1, before);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, sum);
  set(op, "d", 1);
  set(op, "low", bounds->low);
  set(op, "high", bounds->high);
  if (sf_max_set_offset(op, "half", &bounds->offset) != SF_OK) return NULL;
  sf_type type = sum->type;
  type.scalar = bounds->scalar;
  return sf_op_add_result(op, bounds->name, &type);
}

/* Spikes that add up: the larger of two sums grows by what is sent at once. */
static sf_value *larger_sum(void *context, sf_value *a, sf_value *b,
                            const sf_max_offset *lead, const char *name,
                            sf_op *before) {
  sf_converter *c = context;
  sf_scalar emit = before->results[0]->type.scalar;
  sf_neuron *neuron =
      sf_library_use_as(c->run->module, slice_of("larger"), emit, c->run->diag);
  sf_op *op = create(c, neuron, 2, before);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  if (sf_max_set_offset(op, "lead0", lead) != SF_OK) return NULL;
  sf_type type = a->type;
  type.scalar = emit;
  return sf_op_add_result(op, name, &type);
}

/* Numbers of spikes are never below zero: no lead to start with. */
static sf_value *larger_count(void *context, sf_value *a, sf_value *b,
                              const sf_max_offset *lead, const char *name,
                              sf_op *before) {
  sf_converter *c = context;
  (void)lead;
  sf_neuron *neuron =
      sf_library_use(c->run->module, slice_of("count_max"), c->run->diag);
  sf_op *op = create(c, neuron, 2, before);
  if (!op) return NULL;
  a->type.scalar = b->type.scalar = sf_int(2); /* one spike each */
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  sf_type type = a->type;
  type.scalar = sf_spike();
  return sf_op_add_result(op, name, &type);
}

/* ---- Ranges. ---- */

static void join(sf_range *range, bool *known, int64_t low, int64_t high) {
  if (!*known || low < range->low) range->low = low;
  if (!*known || high > range->high) range->high = high;
  *known = true;
}

static bool argument_range(const sf_op *op, const char *param, int64_t *low,
                           int64_t *high) {
  const sf_param *p = sf_neuron_find_param(op->neuron, slice_of(param));
  if (!p) return false;
  const sf_argument *a = &op->arguments[p->value->index];
  *low = *high = a->kind == SF_ARGUMENT_NUMBER ? a->number.i : p->initial.i;
  if (a->kind != SF_ARGUMENT_BLOB) return true;
  for (size_t i = 0; i < sf_blob_elements(a->blob); i++) {
    int32_t value = sf_blob_i32(a->blob, i);
    if (i == 0 || value < *low) *low = value;
    if (i == 0 || value > *high) *high = value;
  }
  return true;
}

/* What a value can be, when moves, sums of trees and maxima lead to it from
 * populations; false: a projection stands between. */
static bool find_range(const sf_value *value, unsigned depth, sf_range *range,
                       bool *known) {
  const sf_op *op = value->op;
  if (!op || depth > 256 || sf_op_is(op, SF_TRAIT_PROJECTION)) return false;
  if (op->kind == SF_OP_NEURONS) {
    int64_t low = sf_scalar_min(value->type.scalar), unused;
    int64_t high = sf_scalar_max(value->type.scalar);
    if (argument_range(op, "low", &low, &unused))
      (void)argument_range(op, "high", &unused, &high);
    join(range, known, low, high);
    return true;
  }
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!sf_op_operand(op, i) ||
        !find_range(sf_op_operand(op, i), depth + 1, range, known))
      return false;
  return op->operand_count > 0;
}

static sf_result operand_range(sf_converter *c, const sf_op *op,
                               sf_range *out) {
  bool known = false;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    sf_value *x = sf_op_operand(op, i);
    sf_range one = *out;
    bool found = known;
    if (!find_range(x, 0, &one, &found))
      SF_TRY(sf_value_range(c->network, x, c->run->diag, &one));
    join(out, &known, one.low, one.high);
  }
  /* An interval of sums may be wider than the type that holds them all. */
  sf_scalar scalar = op->results[0]->type.scalar;
  if (out->low < sf_scalar_min(scalar)) out->low = sf_scalar_min(scalar);
  if (out->high > sf_scalar_max(scalar)) out->high = sf_scalar_max(scalar);
  return SF_OK;
}

/* Can sums of the spikes of a value fall below zero? */
static bool can_be_negative(const sf_converter *c, const sf_value *value,
                            unsigned depth) {
  if (!value->op || depth > 256) return true;
  for (uint32_t i = 0; i < c->site_count; i++) {
    const sf_site *site = &c->sites[i];
    if (site->emitted != value) continue;
    if (site->input || !site->gain) return true; /* not known here */
    for (uint32_t n = 0; n < site->count; n++)
      if (site->low[n] < 0) return true;
    return false;
  }
  for (uint32_t i = 0; i < value->op->operand_count; i++)
    if (sf_op_operand(value->op, i) &&
        can_be_negative(c, sf_op_operand(value->op, i), depth + 1))
      return true;
  return false;
}

static bool is_spikes(const sf_op *op) {
  return sf_op_operand(op, 0)->type.scalar.kind == SF_SCALAR_SPIKE;
}

static sf_result replace(sf_converter *c, sf_op *op) {
  sf_range range = {0, 1};
  bool counts = c->form == SF_FORM_RATE && is_spikes(op);
  bool adds_up = c->form == SF_FORM_STBIF;
  if (!counts && !adds_up) {
    SF_TRY(operand_range(c, op, &range));
    if (range.low < INT16_MIN || range.high > INT16_MAX ||
        range.high - range.low > INT16_MAX)
      return SF_OK; /* of sums: stays as it is */
  }
  if (adds_up && can_be_negative(c, op->results[0], 0)) range.low = LOWEST;
  sf_max_maker maker = {.context = c,
                        .clip = clip,
                        .larger = counts    ? larger_count
                                  : adds_up ? larger_sum
                                            : NULL,
                        .low = range.low < 0 ? range.low : 0,
                        .high = range.high > 0 ? range.high : 0};
  SF_FOREACH_USE(use, op->results[0])
    maker.relay = maker.relay || (use->op && sf_op_is(use->op, SF_TRAIT_MOVES));
  sf_value *value;
  SF_TRY(sf_max_tree(op, &maker, c->run->diag, &value));
  sf_value_replace_all_uses(op->results[0], value);
  return SF_OK;
}

sf_result sf_convert_maxima(sf_converter *c) {
  if (c->form == SF_FORM_INTEGER) return SF_OK;
  SF_FOREACH_OP_SAFE(op, following, c->network) {
    if (!sf_is_integer_maximum(op) || !op->results[0]->first_use ||
        sf_convert_is_whole(c, op))
      continue;
    SF_TRY(replace(c, op));
    sf_op_erase(op);
  }
  return SF_OK;
}
