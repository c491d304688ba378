/* spiking_fold.c - an unrolled network becomes its step.
 *
 *   %y = concat %y0, .., %yT-1      =>   {steps = T}, return %y of the template
 *
 * The states become arguments and results first, as in a model of one step, and
 * then those of populations. Arguments of T rows become streams of rows. */
#include "frontend/onnx/pattern.h"
#include "frontend/onnx/spiking_unrolled.h"

#include <stdio.h>

enum { STEPS_LEAST = 3 }; /* with fewer, nothing is between first and last */

/* ---- What is stacked. ---- */

static bool is_stack(const sf_op *op) {
  if (!op || op->kind != SF_OP_CONCAT || op->operand_count < STEPS_LEAST)
    return false;
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *value = sf_op_operand(op, i);
    if (!value || value->type.dim[axis] != 1) return false;
  }
  return true;
}

static bool find_results(onnx_unrolled *u) {
  const sf_network *network = u->network;
  if (!network->return_count) return false;
  for (uint32_t r = 0; r < network->return_count; r++) {
    const sf_op *op = network->returns[r].value->op;
    if (!is_stack(op)) return false;
    if (u->steps && u->steps != op->operand_count) return false;
    u->steps = op->operand_count;
  }
  uint64_t stacked = (uint64_t)network->return_count * u->steps;
  uint64_t work = (uint64_t)network->op_count * u->steps;
  return stacked <= ONNX_STATE_PAIRS_MAX && work <= ONNX_STEP_WORK_MAX;
}

static sf_result list_results(onnx_unrolled *u) {
  const sf_network *network = u->network;
  u->result_count = network->return_count;
  for (uint32_t r = 0; r < u->result_count; r++) {
    u->results[r] = SF_NEW_ARRAY(u->import->arena, sf_value *, u->steps);
    if (!u->results[r]) return SF_OOM;
    for (uint32_t t = 0; t < u->steps; t++)
      u->results[r][t] = sf_op_operand(network->returns[r].value->op, t);
  }
  return SF_OK;
}

static sf_result allocate(onnx_unrolled *u) {
  sf_arena *arena = u->import->arena;
  u->op_count = sf_network_number(u->network);
  size_t n = (size_t)u->op_count + 1;
  u->results = SF_NEW_ARRAY(arena, sf_value **, u->network->return_count);
  u->before = SF_NEW_ARRAY(arena, sf_value *, n);
  u->after = SF_NEW_ARRAY(arena, sf_value *, n);
  u->is_slice = SF_NEW_ARRAY(arena, bool, n);
  u->is_known = SF_NEW_ARRAY(arena, bool, n);
  u->known = SF_NEW_ARRAY(arena, float, n);
  u->image = SF_NEW_ARRAY(arena, sf_value *, n);
  u->wanted = SF_NEW_ARRAY(arena, sf_value *, n);
  u->needed = SF_NEW_ARRAY(arena, sf_value *, n);
  u->queue = SF_NEW_ARRAY(arena, sf_value *, n);
  u->members = SF_NEW_ARRAY(arena, sf_op *, n);
  bool ok = u->results && u->before && u->after && u->is_slice && u->is_known &&
            u->known && u->image && u->wanted && u->needed && u->queue &&
            u->members;
  return ok ? list_results(u) : SF_OOM;
}

/* ---- Whether it is a spiking network. ---- */

static bool in_template(const onnx_unrolled *u, const sf_op *op) {
  return op->order < u->op_count && u->before[op->order];
}

/* The template value that an operand is, one step later; NULL: no state. */
static sf_value *state_of(const onnx_unrolled *u, const sf_op *op, uint32_t i) {
  const sf_value *value = sf_op_operand(op, i);
  return value && value->op && value->op->order < u->op_count
             ? u->after[value->op->order]
             : NULL;
}

/* Thresholds and states; a window over rows has none. Arguments of rows are
 * read by rows only. */
static bool is_spiking(const onnx_unrolled *u) {
  uint32_t states = 0, ops = 0;
  bool spikes = false;
  SF_FOREACH_OP(op, u->network) {
    if (!in_template(u, op)) continue;
    ops++;
    spikes |= op->results[0]->type.scalar.kind == SF_SCALAR_SPIKE;
    for (uint32_t i = 0; i < op->operand_count; i++)
      states += !u->is_slice[op->order] && state_of(u, op, i);
    if (!u->is_slice[op->order]) continue;
    SF_FOREACH_USE(use, sf_op_operand(op, 0))
      if (!use->op || use->op->kind != SF_OP_SLICE) return false;
  }
  return states && spikes && states <= ONNX_STATES_FOUND_MAX &&
         ops <= ONNX_STATE_OPS_MAX;
}

/* ---- The step. ---- */

/* Without the axis of steps, and the batch's if there is one. */
static sf_type row_type(const onnx_unrolled *u, const sf_type *type,
                        unsigned axis) {
  int32_t dim[SF_RANK_MAX];
  unsigned rank = 0;
  for (unsigned i = 0; i < type->rank; i++)
    if (i != axis) dim[rank++] = type->dim[i];
  bool batch =
      u->import->options.batch == ONNX_BATCH_AUTO && rank > 1 && dim[0] == 1;
  return sf_type_make(type->scalar, rank - (batch ? 1U : 0U),
                      dim + (batch ? 1 : 0));
}

static sf_value *reshaped(sf_network *network, sf_op *before, sf_value *value,
                          const sf_type *type, const char *name) {
  if (sf_type_equal(&value->type, type)) return value;
  sf_loc loc = value->loc;
  sf_op *op = sf_op_create(network, before, SF_OP_RESHAPE, 1, loc);
  if (!op) return NULL;
  op->order = UINT32_MAX; /* new */
  sf_op_set_operand(op, 0, value);
  return sf_op_add_result(op, name, type);
}

/* An argument of rows takes the place of that of all of them. */
static sf_value *row_argument(onnx_unrolled *u, sf_value *whole,
                              const sf_type *type) {
  sf_network *network = u->network;
  sf_names_remove(network->names, whole->name);
  sf_value *rows = sf_network_add_argument(network, whole->name, type);
  if (!rows) return NULL;
  rows->loc = whole->loc;
  network->argument_count--; /* it was the last */
  rows->index = whole->index;
  network->arguments[rows->index] = rows;
  return rows;
}

static sf_result take_rows(onnx_unrolled *u) {
  sf_network *network = u->network;
  SF_FOREACH_OP(op, network) {
    if (!in_template(u, op) || !u->is_slice[op->order]) continue;
    sf_value *whole = sf_op_operand(op, 0);
    sf_value *taken = op->results[0];
    unsigned axis = 0;
    while (whole->type.dim[axis] == taken->type.dim[axis])
      axis++;
    sf_value *rows;
    if (network->arguments[whole->index] == whole) {
      sf_type type = row_type(u, &whole->type, axis);
      rows = row_argument(u, whole, &type);
    } else {
      rows = network->arguments[whole->index]; /* another slice's */
    }
    if (rows) rows = reshaped(network, op, rows, &taken->type, taken->name);
    if (!rows) return SF_OOM;
    sf_value_replace_all_uses(taken, rows);
  }
  return SF_OK;
}

typedef struct state_list {
  uint32_t count;
  onnx_state *states;
  sf_value **next;
} state_list;

static sf_value *argument_of(onnx_unrolled *u, state_list *list,
                             sf_value *next) {
  for (uint32_t i = 0; i < list->count; i++)
    if (list->next[i] == next) return list->states[i].argument;
  sf_value *argument = sf_network_add_argument(u->network, "v", &next->type);
  list->states[list->count].argument = argument;
  list->next[list->count++] = next;
  return argument;
}

static sf_result take_states(onnx_unrolled *u, state_list *list) {
  size_t room = (size_t)u->op_count + 1;
  *list =
      (state_list){.states = SF_NEW_ARRAY(u->import->arena, onnx_state, room),
                   .next = SF_NEW_ARRAY(u->import->arena, sf_value *, room)};
  if (!list->states || !list->next) return SF_OOM;
  SF_FOREACH_OP(op, u->network) {
    if (!in_template(u, op) || u->is_slice[op->order]) continue;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      sf_value *next = state_of(u, op, i);
      if (!next) continue;
      sf_value *argument = argument_of(u, list, next);
      if (!argument) return SF_OOM;
      sf_op_set_operand(op, i, argument);
    }
  }
  return SF_OK;
}

static sf_result set_returns(onnx_unrolled *u, state_list *list) {
  sf_network *network = u->network;
  uint32_t count = u->result_count + list->count;
  sf_value **returns = SF_NEW_ARRAY(u->import->arena, sf_value *, count + 1);
  if (!returns) return SF_OOM;
  for (uint32_t r = 0; r < u->result_count; r++) {
    const sf_op *stack = network->returns[r].value->op;
    unsigned axis = (unsigned)sf_op_int(stack, SF_ATTR_axis);
    sf_value *value = u->results[r][u->steps - 1];
    sf_type type = row_type(u, &value->type, axis);
    returns[r] =
        reshaped(network, NULL, value, &type, network->returns[r].value->name);
    if (!returns[r]) return SF_OOM;
  }
  for (uint32_t i = 0; i < list->count; i++) {
    list->states[i].result = u->result_count + i;
    returns[u->result_count + i] = list->next[i];
  }
  return sf_network_set_returns(network, count, returns);
}

static sf_result fold(onnx_unrolled *u) {
  char value[32];
  snprintf(value, sizeof value, "%u", u->steps);
  SF_TRY(sf_onnx_choose(u->import, "steps", value,
                        "the model repeats one step, which was proved; its "
                        "rows are steps; --state none leaves it unrolled"));
  state_list list;
  SF_TRY(take_states(u, &list));
  SF_TRY(take_rows(u));
  SF_TRY(set_returns(u, &list));
  u->network->steps = u->steps;
  SF_TRY(sf_onnx_simplify(u->import));
  return sf_onnx_keep_listed_states(u->import, list.count, list.states);
}

sf_result sf_onnx_fold_steps(onnx_import *import) {
  onnx_unrolled u = {.import = import, .network = import->network};
  if (import->options.states_stay || import->options.state_count) return SF_OK;
  if (!find_results(&u)) return SF_OK;
  SF_TRY(allocate(&u));
  if (!sf_onnx_find_template(&u) || !is_spiking(&u) ||
      !sf_onnx_prove_unrolled(&u))
    return SF_OK;
  return fold(&u);
}
