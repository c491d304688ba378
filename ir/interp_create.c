/* interp_create.c - buffers, nodes and tables of a run. Constants are widened
 * to words here, once. */
#include "ir/interp_node.h"

#include <stdlib.h>
#include <string.h>

static sf_node_prepare prepare_of(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_LINEAR:
    return sf_prepare_linear;
  case SF_OP_SPARSE:
    return sf_prepare_sparse;
  case SF_OP_MATMUL:
    return sf_prepare_matmul;
  case SF_OP_CONV:
  case SF_OP_CONVT:
    return sf_prepare_conv;
  case SF_OP_POOL:
    return sf_prepare_pool;
  case SF_OP_REDUCE:
    return sf_prepare_reduce;
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
    return sf_prepare_elementwise;
  case SF_OP_CONVERT:
    return sf_prepare_convert;
  case SF_OP_CONCAT:
  case SF_OP_SLICE:
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
    return sf_prepare_move;
  case SF_OP_DELAY:
    return sf_prepare_delay;
  case SF_OP_NEURONS:
    return sf_prepare_neurons;
  case SF_OP_SOFTMAX:
  case SF_OP_LAYERNORM:
  case SF_OP_RMSNORM:
  case SF_OP_GROUPNORM:
  case SF_OP_INSTANCENORM:
  case SF_OP_BATCHNORM:
  case SF_OP_LRN:
    return sf_prepare_normalize;
  case SF_OP_QUANTIZE:
  case SF_OP_DEQUANTIZE:
    return sf_prepare_quantize;
  case SF_OP_ARGMAX:
    return sf_prepare_argmax;
  default:
    return sf_prepare_analog;
  }
}

static int compare_slots(const void *a, const void *b) {
  uintptr_t x = (uintptr_t)((const sf_interp_slot *)a)->value;
  uintptr_t y = (uintptr_t)((const sf_interp_slot *)b)->value;
  return (x > y) - (x < y);
}

sf_interp_slot *sf_interp_slot_of(const sf_interp *interp,
                                  const sf_value *value) {
  sf_interp_slot key = {.value = value};
  return bsearch(&key, interp->slots, interp->slot_count, sizeof key,
                 compare_slots);
}

sf_word *sf_interp_words(const sf_interp *interp, const sf_value *value) {
  const sf_interp_slot *slot = sf_interp_slot_of(interp, value);
  return slot ? slot->words : NULL;
}

sf_interp_node *sf_interp_node_of(const sf_interp *interp, const sf_op *op) {
  const sf_interp_slot *slot = sf_interp_slot_of(interp, sf_op_result(op, 0));
  return slot ? slot->node : NULL;
}

sf_result sf_interp_blob_words(sf_interp *interp, sf_blob *blob,
                               const sf_word **out) {
  SF_TRY(sf_blob_load(blob, interp->diag));
  size_t elements = sf_blob_elements(blob);
  sf_word *words = SF_NEW_ARRAY(interp->arena, sf_word, elements);
  if (!words) return SF_OOM;
  sf_blob_read(blob, 0, elements, words);
  *out = words;
  return SF_OK;
}

sf_result sf_history_create(sf_interp *interp, uint64_t depth, size_t elements,
                            sf_history **out) {
  sf_history *history = SF_NEW(interp->arena, sf_history);
  if (!history || depth > SIZE_MAX / sizeof(sf_word) / (elements + 1))
    return SF_OOM;
  history->depth = depth;
  history->elements = elements;
  history->words =
      SF_NEW_ARRAY(interp->arena, sf_word, (size_t)depth * elements);
  *out = history;
  return history->words ? SF_OK : SF_OOM;
}

sf_word *sf_history_at(const sf_history *history, int64_t step) {
  /* A step before 0 reads a slot that is still zero: depth exceeds the delay.
   * Adding the depth keeps the remainder positive. */
  uint64_t slot = (uint64_t)(step + (int64_t)history->depth) % history->depth;
  return history->words + (size_t)slot * history->elements;
}

void sf_history_clear(sf_history *history) {
  memset(history->words, 0,
         (size_t)history->depth * history->elements * sizeof(sf_word));
}

static sf_result add_slot(sf_interp *interp, const sf_value *value) {
  sf_interp_slot *slot = &interp->slots[interp->slot_count++];
  slot->value = value;
  slot->words =
      SF_NEW_ARRAY(interp->arena, sf_word, sf_type_elements(&value->type));
  return slot->words ? SF_OK : SF_OOM;
}

static sf_result create_slots(sf_interp *interp) {
  const sf_network *network = interp->network;
  size_t count = network->argument_count;
  SF_FOREACH_OP(op, network)
    count += op->result_count;
  interp->slots = SF_NEW_ARRAY(interp->arena, sf_interp_slot, count + 1);
  if (!interp->slots) return SF_OOM;
  for (uint32_t n = 0; n < network->argument_count; n++)
    SF_TRY(add_slot(interp, network->arguments[n]));
  SF_FOREACH_OP(op, network)
    for (uint32_t n = 0; n < op->result_count; n++)
      SF_TRY(add_slot(interp, op->results[n]));
  qsort(interp->slots, interp->slot_count, sizeof *interp->slots,
        compare_slots);
  return SF_OK;
}

static sf_result create_node(sf_interp *interp, const sf_op *op,
                             sf_interp_node *node) {
  node->op = op;
  node->operand_count = op->operand_count;
  node->operands =
      SF_NEW_ARRAY(interp->arena, sf_interp_tensor, op->operand_count + 1u);
  node->results = SF_NEW_ARRAY(interp->arena, sf_word *, op->result_count + 1u);
  if (!node->operands || !node->results) return SF_OOM;
  for (uint32_t n = 0; n < op->operand_count; n++) {
    const sf_value *value = sf_op_operand(op, n);
    sf_blob *blob = sf_op_operand_blob(op, n);
    node->operands[n].blob = blob;
    node->operands[n].type = value ? &value->type : &blob->type;
    if (value) node->operands[n].data = sf_interp_words(interp, value);
  }
  for (uint32_t n = 0; n < op->result_count; n++) {
    sf_interp_slot *slot = sf_interp_slot_of(interp, op->results[n]);
    slot->node = node;
    node->results[n] = slot->words;
  }
  return prepare_of(op)(interp, node);
}

static sf_result create_nodes(sf_interp *interp) {
  size_t count = 0;
  SF_FOREACH_OP(op, interp->network)
    count++;
  interp->nodes = SF_NEW_ARRAY(interp->arena, sf_interp_node, count + 1);
  if (!interp->nodes) return SF_OOM;
  SF_FOREACH_OP(op, interp->network)
    SF_TRY(create_node(interp, op, &interp->nodes[interp->node_count++]));
  return SF_OK;
}

static sf_result load_op(const sf_op *op, sf_diag *diag) {
  for (uint32_t n = 0; n < op->operand_count; n++)
    if (sf_op_operand_blob(op, n))
      SF_TRY(sf_blob_load(sf_op_operand_blob(op, n), diag));
  for (uint32_t n = 0; n < op->attr_count; n++)
    if (op->attrs[n].blob) SF_TRY(sf_blob_load(op->attrs[n].blob, diag));
  if (op->kind != SF_OP_NEURONS) return SF_OK;
  for (uint32_t n = 0; n < op->neuron->param_count; n++)
    if (op->arguments[n].kind == SF_ARGUMENT_BLOB)
      SF_TRY(sf_blob_load(op->arguments[n].blob, diag));
  for (uint32_t n = 0; n < op->neuron->stmt_count; n++)
    if (op->neuron->stmts[n].blob)
      SF_TRY(sf_blob_load(op->neuron->stmts[n].blob, diag));
  return SF_OK;
}

sf_result sf_network_load(const sf_network *network, sf_diag *diag) {
  SF_FOREACH_OP(op, network)
    SF_TRY(load_op(op, diag));
  return SF_OK;
}

sf_result sf_interp_create(const sf_network *network, sf_diag *diag,
                           sf_interp **out) {
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_interp *interp = SF_NEW(arena, sf_interp);
  sf_result result = interp ? SF_OK : SF_OOM;
  if (interp) {
    interp->network = network;
    interp->diag = diag;
    interp->arena = arena;
    result = create_slots(interp);
  }
  if (result == SF_OK) result = create_nodes(interp);
  if (result == SF_OK) result = sf_counting_create(interp);
  if (result != SF_OK) {
    sf_arena_destroy(arena);
    return result;
  }
  sf_interp_reset(interp);
  *out = interp;
  return SF_OK;
}
