/* results.c - what the network returns.
 *
 * The last layer is not rounded: its accumulators are the result, and softmax,
 * which keeps their order, is dropped. Spikes that add up over steps get a
 * population that adds them up. */
#include "passes/convert/convert.h"

#include "passes/rewrite/op_copy.h"

#include <string.h>

enum { MOVES_MAX = 64 };

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static sf_result drop(sf_converter *c, const sf_op *op) {
  const char *name = sf_op_info_get(op->kind)->mnemonic;
  const char *before = c->dropped_names;
  c->dropped_names =
      before ? sf_arena_printf(c->arena, "%s, %s", before, name) : name;
  c->dropped++;
  return c->dropped_names ? SF_OK : SF_OOM;
}

/* Keeps the order of the elements along its axis? */
static bool keeps_order(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_SOFTMAX:
  case SF_OP_SIGMOID:
  case SF_OP_ARGMAX:
    return true;
  case SF_OP_LOG: {
    const sf_value *x = sf_op_operand(op, 0);
    return x && x->op && x->op->kind == SF_OP_SOFTMAX;
  }
  default:
    return false;
  }
}

static sf_result check_scale(sf_converter *c, const sf_op *op, uint32_t index) {
  for (uint32_t i = 1; i < op->operand_count; i++) {
    sf_blob *blob = sf_op_operand_blob(op, i);
    sf_word word;
    if (blob) SF_TRY(sf_blob_load(blob, c->run->diag));
    bool one = blob && sf_blob_is_uniform(blob, &word);
    if (one && i == 1 && index == 0) c->delta = word.f;
    if (one && (i > 1 || word.f > 0)) continue;
    sf_convert_refuse(c, op,
                      "quantize gives the last layer one step for all results",
                      "gives the results of the network different steps: their "
                      "integers have another order");
    return SF_OK;
  }
  return SF_OK;
}

/* The integer behind a result, its moves written again. */
static sf_result one_result(sf_converter *c, uint32_t index, sf_value **out) {
  sf_value *value = c->network->returns[index].value;
  sf_op *moves[MOVES_MAX];
  uint32_t count = 0;
  *out = value;
  bool is_float = value->type.scalar.kind == SF_SCALAR_F32;
  while (value->op && (is_float || keeps_order(value->op))) {
    sf_op *op = value->op;
    sf_value *x = sf_op_operand(op, 0);
    bool moved = sf_op_is(op, SF_TRAIT_MOVES) && op->operand_count == 1;
    bool ends = op->kind == SF_OP_DEQUANTIZE;
    if (!x || (!moved && !ends && !keeps_order(op)) || count == MOVES_MAX)
      return SF_OK; /* obstacles.c reports what is not covered */
    c->covered[op->order] = true;
    if (moved)
      moves[count++] = op;
    else if (ends)
      SF_TRY(check_scale(c, op, index));
    else
      SF_TRY(drop(c, op));
    value = x;
    is_float = value->type.scalar.kind == SF_SCALAR_F32;
    if (ends) break;
  }
  if (is_float) return SF_OK;
  if (index == 0 && count == 0)
    c->wanted = sf_network_find_value(
        sf_module_find_network(c->model, slice_of(c->network->name)),
        slice_of(value->name));
  while (count) {
    sf_op *move = moves[--count];
    sf_op *op = sf_op_copy_into(c->network, NULL, move, 1);
    if (!op) return SF_OOM;
    op->order = UINT32_MAX;
    sf_op_set_operand(op, 0, value);
    sf_type type = move->results[0]->type;
    type.scalar = value->type.scalar;
    value = sf_op_add_result(op, move->results[0]->name, &type);
    if (!value) return SF_OOM;
  }
  *out = value;
  return SF_OK;
}

static sf_result set_returns(sf_converter *c, sf_value **values) {
  sf_network *n = c->network;
  return sf_network_set_returns(n, n->return_count, values);
}

sf_result sf_convert_results(sf_converter *c) {
  uint32_t count = c->network->return_count;
  sf_value **values = SF_NEW_ARRAY(c->arena, sf_value *, count + 1u);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < count; i++)
    SF_TRY(one_result(c, i, &values[i]));
  return set_returns(c, values);
}

/* ---- Sums over steps. ---- */

static bool is_own_move(const sf_value *value) {
  return value->op && value->op->order == UINT32_MAX &&
         sf_op_is(value->op, SF_TRAIT_MOVES) && sf_op_operand(value->op, 0);
}

sf_value *sf_convert_before_moves(sf_value *value) {
  while (is_own_move(value))
    value = sf_op_operand(value->op, 0);
  return value;
}

/* The population stands before the result's own moves, where the constant is
 * that of the reference. */
static sf_result accumulate(sf_converter *c, sf_value *value, sf_op *before,
                            const int32_t *constant, sf_value **out) {
  sf_neuron *neuron =
      sf_library_use(c->run->module, slice_of("accumulate"), c->run->diag);
  sf_op *op = neuron ? sf_op_create(c->network, before, SF_OP_NEURONS, 1,
                                    c->network->loc)
                     : NULL;
  if (!op || sf_op_set_neuron(op, neuron) != SF_OK) return SF_OOM;
  op->order = UINT32_MAX;
  bool agrees;
  int64_t unit =
      c->form == SF_FORM_RATE ? sf_convert_unit(c, value, &agrees) : 1;
  sf_value *current = sf_convert_current(value, op);
  if (!current) return SF_OOM;
  sf_op_set_operand(op, 0, current);
  if (constant)
    SF_TRY(sf_convert_argument(op, c->form == SF_FORM_RATE ? "offset" : "q0",
                               &value->type, constant));
  if (unit > 1)
    sf_argument_set_number(sf_op_argument(op, slice_of("gain")),
                           sf_number_int(unit));
  sf_type type = value->type;
  type.scalar = sf_int(32);
  *out = sf_op_add_result(op, value->name, &type);
  return *out ? SF_OK : SF_OOM;
}

static sf_result accumulate_moved(sf_converter *c, const int32_t *constant,
                                  sf_value *top) {
  sf_op *first = NULL;
  sf_value *value = top, *sum;
  for (; is_own_move(value); value = sf_op_operand(value->op, 0)) {
    first = value->op;
    value->type.scalar = sf_int(32);
  }
  SF_TRY(accumulate(c, value, first, constant, &sum));
  sf_op_set_operand(first, 0, sum);
  return SF_OK;
}

sf_result sf_convert_accumulate(sf_converter *c, int32_t *const *constants) {
  uint32_t count = c->network->return_count;
  sf_value **values = SF_NEW_ARRAY(c->arena, sf_value *, count + 1u);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    values[i] = c->network->returns[i].value;
    if (c->whole_returns && c->whole_returns[i]) continue;
    if (is_own_move(values[i]))
      SF_TRY(accumulate_moved(c, constants[i], values[i]));
    else
      SF_TRY(accumulate(c, values[i], NULL, constants[i], &values[i]));
  }
  return set_returns(c, values);
}
