/* op.c - ops of a network: making, changing, removing them. */
#include "sf/module.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "ir/network_private.h"
#include "ir/use.h"

#include <assert.h>

/* Puts `op` before `before`, or at the end. */
static void link_op(sf_op *op, sf_op *before) {
  sf_network *network = op->network;
  op->next = before;
  op->prev = before ? before->prev : network->last;
  if (op->prev)
    op->prev->next = op;
  else
    network->first = op;
  if (before)
    before->prev = op;
  else
    network->last = op;
}

static void unlink_op(sf_op *op) {
  sf_network *network = op->network;
  if (op->prev)
    op->prev->next = op->next;
  else
    network->first = op->next;
  if (op->next)
    op->next->prev = op->prev;
  else
    network->last = op->prev;
}

sf_op *sf_op_create(sf_network *network, sf_op *before, sf_op_kind kind,
                    uint32_t operand_count, sf_loc loc) {
  sf_arena *arena = network->module->arena;
  sf_op *op = SF_NEW(arena, sf_op);
  if (!op) return NULL;
  op->operands = SF_NEW_ARRAY(arena, sf_use, operand_count ? operand_count : 1);
  if (!op->operands) return NULL;
  op->kind = kind;
  op->network = network;
  op->operand_count = operand_count;
  op->loc = loc;
  for (uint32_t i = 0; i < operand_count; i++) {
    op->operands[i].op = op;
    op->operands[i].index = i;
    op->operands[i].loc = loc;
  }
  link_op(op, before);
  network->op_count++;
  return op;
}

sf_value *sf_op_add_result(sf_op *op, const char *name, const sf_type *type) {
  sf_value *value = sf_value_create(op->network, name, type);
  sf_value **grown = SF_GROW(op->network->module->arena, sf_value *,
                             op->results, op->result_count);
  if (!value || !grown) return NULL;
  value->op = op;
  value->index = op->result_count;
  value->loc = op->loc;
  op->results = grown;
  grown[op->result_count++] = value;
  return value;
}

void sf_op_set_operand(sf_op *op, uint32_t index, sf_value *value) {
  assert(index < op->operand_count);
  sf_use_set(&op->operands[index], value, NULL);
}

void sf_op_set_operand_blob(sf_op *op, uint32_t index, sf_blob *blob) {
  assert(index < op->operand_count);
  sf_use_set(&op->operands[index], NULL, blob);
}

static void drop_arguments(sf_op *op) {
  if (!op->neuron || !op->arguments) return;
  for (uint32_t i = 0; i < op->neuron->param_count; i++)
    sf_blob_count_user(op->arguments[i].blob, -1);
}

sf_result sf_op_set_neuron(sf_op *op, sf_neuron *neuron) {
  sf_argument *arguments =
      SF_NEW_ARRAY(op->network->module->arena, sf_argument,
                   neuron->param_count ? neuron->param_count : 1);
  if (!arguments) return SF_OOM;
  drop_arguments(op);
  op->neuron = neuron;
  op->arguments = arguments;
  return SF_OK;
}

sf_argument *sf_op_argument(sf_op *op, sf_slice param) {
  sf_param *found = op->neuron ? sf_neuron_find_param(op->neuron, param) : NULL;
  return found ? &op->arguments[found - op->neuron->params] : NULL;
}

void sf_argument_set_number(sf_argument *argument, sf_number number) {
  sf_blob_count_user(argument->blob, -1);
  argument->kind = SF_ARGUMENT_NUMBER;
  argument->number = number;
  argument->blob = NULL;
}

void sf_argument_set_blob(sf_argument *argument, sf_blob *blob) {
  sf_blob_count_user(argument->blob, -1);
  argument->kind = SF_ARGUMENT_BLOB;
  argument->blob = blob;
  sf_blob_count_user(blob, 1);
}

void sf_op_erase(sf_op *op) {
  for (uint32_t i = 0; i < op->result_count; i++) {
    assert(!op->results[i]->first_use);
    sf_names_remove(op->network->names, op->results[i]->name);
  }
  for (uint32_t i = 0; i < op->operand_count; i++)
    sf_use_set(&op->operands[i], NULL, NULL);
  for (uint32_t i = 0; i < op->attr_count; i++)
    sf_blob_count_user(op->attrs[i].blob, -1);
  drop_arguments(op);
  unlink_op(op);
  op->network->op_count--;
}

void sf_op_move_before(sf_op *op, sf_op *before) {
  if (op == before) return;
  unlink_op(op);
  link_op(op, before);
}

sf_value *sf_op_operand(const sf_op *op, uint32_t index) {
  return index < op->operand_count ? op->operands[index].value : NULL;
}

sf_blob *sf_op_operand_blob(const sf_op *op, uint32_t index) {
  return index < op->operand_count ? op->operands[index].blob : NULL;
}

sf_value *sf_op_result(const sf_op *op, uint32_t index) {
  return index < op->result_count ? op->results[index] : NULL;
}

bool sf_op_is(const sf_op *op, uint32_t traits) {
  const sf_op_info *info = sf_op_info_get(op->kind);
  return info && (info->traits & traits) == traits;
}
