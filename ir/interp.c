/* interp.c - one step of a network, in the order of docs/ir.md 7. */
#include "ir/interp_node.h"

#include <string.h>

static sf_result check_input(const sf_interp *interp, const sf_value *argument,
                             const sf_word *words) {
  if (sf_type_is_float(&argument->type)) return SF_OK;
  int64_t low = sf_scalar_min(argument->type.scalar);
  int64_t high = sf_scalar_max(argument->type.scalar);
  size_t elements = sf_type_elements(&argument->type);
  for (size_t n = 0; n < elements; n++) {
    if (words[n].i >= low && words[n].i <= high) continue;
    char place[128], type[96];
    sf_interp_place(&argument->type, n, place, sizeof place);
    sf_type_text(&argument->type, type, sizeof type);
    return sf_error(interp->diag, SF_DIAG_INPUT_SHAPE, argument->loc,
                    "input '%%%s' is %d at %s in step %lld, but its type is %s",
                    argument->name, words[n].i, place, (long long)interp->time,
                    type);
  }
  return SF_OK;
}

static sf_result read_inputs(sf_interp *interp, const sf_word *const *inputs) {
  for (uint32_t n = 0; n < interp->network->argument_count; n++) {
    const sf_value *argument = interp->network->arguments[n];
    sf_word *words = sf_interp_words(interp, argument);
    size_t bytes = sf_type_elements(&argument->type) * sizeof *words;
    if (!inputs || !inputs[n]) {
      memset(words, 0, bytes);
      continue;
    }
    SF_TRY(check_input(interp, argument, inputs[n]));
    memcpy(words, inputs[n], bytes);
  }
  return SF_OK;
}

/* Every delay shows its old value before any op runs, because a delay's result
 * may be used above the op in the text. */
static void read_delays(sf_interp *interp) {
  for (uint32_t n = 0; n < interp->node_count; n++) {
    sf_interp_node *node = &interp->nodes[n];
    if (node->op->kind != SF_OP_DELAY) continue;
    memcpy(node->results[0], sf_history_at(node->history, interp->time),
           node->history->elements * sizeof(sf_word));
  }
}

static void write_delays(sf_interp *interp) {
  for (uint32_t n = 0; n < interp->node_count; n++) {
    sf_interp_node *node = &interp->nodes[n];
    if (node->op->kind != SF_OP_DELAY) continue;
    memcpy(sf_history_at(node->history, interp->time), node->operands[0].data,
           node->history->elements * sizeof(sf_word));
  }
}

sf_result sf_interp_step(sf_interp *interp, const sf_word *const *inputs) {
  SF_TRY(read_inputs(interp, inputs));
  read_delays(interp);
  for (uint32_t n = 0; n < interp->node_count; n++)
    if (interp->nodes[n].run)
      SF_TRY(interp->nodes[n].run(interp, &interp->nodes[n]));
  write_delays(interp);
  sf_counting_step(interp);
  interp->time++;
  return SF_OK;
}

void sf_interp_reset(sf_interp *interp) {
  interp->time = 0;
  for (uint32_t n = 0; n < interp->node_count; n++) {
    sf_interp_node *node = &interp->nodes[n];
    if (node->history) sf_history_clear(node->history);
    if (node->population) sf_population_reset(node->population);
  }
}

void sf_interp_destroy(sf_interp *interp) {
  if (interp) sf_arena_destroy(interp->arena);
}

const sf_word *sf_interp_value(const sf_interp *interp, const sf_value *value) {
  return sf_interp_words(interp, value);
}

const sf_word *sf_interp_state(const sf_interp *interp, const sf_op *neurons,
                               uint32_t state) {
  const sf_interp_node *node = sf_interp_node_of(interp, neurons);
  if (!node || !node->population || state >= neurons->neuron->state_count)
    return NULL;
  return sf_population_state(node->population, state);
}

const sf_counts *sf_interp_counts(const sf_interp *interp) {
  return sf_counting_get(interp);
}
