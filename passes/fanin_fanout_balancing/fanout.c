/* fanout.c - populations and inputs that too many populations read.
 *
 *   %h = neurons @lif(%i)              %h = neurons @lif(%i)
 *   .. five populations read %h   =>   %h.1 = neurons @lif(%i)
 *                                      .. three read %h, two read %h.1
 *
 * A copy has the same inputs, initial state and seed, and so emits the same.
 * Inputs of the network, and populations when asked, get relays instead: one
 * step more, in a tree when there are many. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/op_copy.h"
#include "passes/rewrite/relay.h"

#include <inttypes.h>

enum { ROUNDS_MAX = 64 }; /* each divides what is too much by the limit */

static uint64_t uses_of(const sf_value *value) {
  uint64_t count = 0;
  SF_FOREACH_USE(use, value)
    count++;
  return count;
}

/* ---- One use, one reader. ---- */

static sf_result copy_for(sf_use *use, sf_op *op) {
  sf_op *copy = sf_op_copy_without_streams(op, op->operand_count);
  if (!copy) return SF_OOM;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (sf_op_operand(op, i)) sf_op_set_operand(copy, i, sf_op_operand(op, i));
  const sf_value *model = op->results[0];
  sf_value *result = sf_op_add_result(copy, model->name, &model->type);
  if (!result) return SF_OOM;
  sf_op_set_operand(use->op, use->index, result);
  return SF_OK;
}

/* Sums and moves that several read become one for each, so that every use of a
 * population leads to one reader. A chip has synapses for each anyway. */
static sf_result unshare(sf_network *network) {
  for (sf_op *op = network->last, *previous; op; op = previous) {
    previous = op->prev;
    bool between =
        sf_is_synapses(op) || sf_is_route_op(op) || op->kind == SF_OP_ADD;
    if (!between) continue;
    for (;;) {
      sf_use *use = op->results[0]->first_use;
      while (use && (!use->op || use == op->results[0]->first_use))
        use = use->next; /* the first, and what is returned, stay */
      if (!use) break;
      SF_TRY(copy_for(use, op));
    }
  }
  return SF_OK;
}

/* ---- Copies. ---- */

static sf_result copy_population(sf_op *op, sf_op **out) {
  sf_op *copy = sf_op_create(op->network, op->next, SF_OP_NEURONS,
                             op->operand_count, op->loc);
  if (!copy) return SF_OOM;
  SF_TRY(sf_op_set_neuron(copy, op->neuron));
  for (uint32_t i = 0; i < op->operand_count; i++)
    sf_op_set_operand(copy, i, sf_op_operand(op, i));
  for (uint32_t i = 0; i < op->neuron->param_count; i++) {
    const sf_argument *from = &op->arguments[i];
    if (from->kind == SF_ARGUMENT_NUMBER)
      sf_argument_set_number(&copy->arguments[i], from->number);
    else if (from->kind == SF_ARGUMENT_BLOB)
      sf_argument_set_blob(&copy->arguments[i], from->blob);
  }
  for (uint32_t i = 0; i < op->attr_count; i++)
    SF_TRY(sf_op_set_int(copy, op->attrs[i].id, op->attrs[i].i));
  for (uint32_t i = 0; i < op->result_count; i++) {
    const sf_value *model = op->results[i];
    if (!sf_op_add_result(copy, model->name, &model->type)) return SF_OOM;
  }
  *out = copy;
  return SF_OK;
}

/* Moves the first `count` movable uses of one value to another. What the
 * network returns stays. */
static void move_uses(sf_value *from, sf_value *to, uint64_t count) {
  sf_use *use = from->first_use;
  while (use && count) {
    sf_use *next = use->next;
    if (use->op) {
      sf_op_set_operand(use->op, use->index, to);
      count--;
    }
    use = next;
  }
}

static sf_result replicate(sf_fan *fan, sf_op *op) {
  uint64_t most = 0;
  for (uint32_t i = 0; i < op->result_count; i++) {
    uint64_t uses = uses_of(op->results[i]);
    if (uses > most) most = uses;
  }
  if (most <= fan->fanout) return SF_OK;
  uint64_t groups = (most + fan->fanout - 1) / fan->fanout;
  for (uint64_t g = 1; g < groups; g++) {
    sf_op *copy;
    SF_TRY(copy_population(op, &copy));
    fan->replicas++;
    for (uint32_t i = 0; i < op->result_count; i++) {
      uint64_t uses = uses_of(op->results[i]);
      uint64_t over = uses > fan->fanout ? uses - fan->fanout : 0;
      move_uses(op->results[i], copy->results[i],
                over < fan->fanout ? over : fan->fanout);
    }
  }
  return SF_OK;
}

/* ---- Relays. ---- */

static sf_result relay_group(sf_fan *fan, sf_value *value, sf_use *const *uses,
                             uint64_t count) {
  sf_op *before = value->op ? value->op->next : fan->network->first;
  sf_value *sent = sf_relay_population(value, before, fan->run->diag);
  if (!sent) return sf_diag_errors(fan->run->diag) ? SF_FAIL : SF_OOM;
  for (uint64_t i = 0; i < count; i++)
    sf_op_set_operand(uses[i]->op, uses[i]->index, sent);
  fan->relays++;
  return SF_OK;
}

/* A level: every group of readers gets a relay; what is returned stays. */
static sf_result relay_level(sf_fan *fan, sf_value *value) {
  uint64_t all = uses_of(value), count = 0;
  sf_use **uses = SF_NEW_ARRAY(fan->run->scratch, sf_use *, all + 1);
  if (!uses) return SF_OOM;
  SF_FOREACH_USE(use, value)
    if (use->op) uses[count++] = use;
  for (uint64_t at = 0; at < count; at += fan->fanout) {
    uint64_t size = count - at < fan->fanout ? count - at : fan->fanout;
    SF_TRY(relay_group(fan, value, uses + at, size));
  }
  return SF_OK;
}

static sf_result relay(sf_fan *fan, sf_value *value) {
  for (int level = 0; level < ROUNDS_MAX; level++) {
    if (uses_of(value) <= fan->fanout) return SF_OK;
    SF_TRY(relay_level(fan, value));
  }
  return SF_OK; /* it is returned more often than it may be read */
}

/* ---- All. ---- */

static bool is_too_much(const sf_fan *fan, const sf_op *op) {
  for (uint32_t i = 0; i < op->result_count; i++)
    if (uses_of(op->results[i]) > fan->fanout) return true;
  return false;
}

/* From the last: a copy reads what its model reads, once more. */
static sf_result one_round(sf_fan *fan, bool *changed) {
  *changed = false;
  for (sf_op *op = fan->network->last, *previous; op; op = previous) {
    previous = op->prev;
    if (!sf_is_chip_population(op) || !is_too_much(fan, op)) continue;
    *changed = true;
    if (fan->replicate) SF_TRY(replicate(fan, op));
    for (uint32_t i = 0; !fan->replicate && i < op->result_count; i++)
      SF_TRY(relay(fan, op->results[i]));
  }
  return SF_OK;
}

static sf_result too_many(const sf_fan *fan) {
  sf_result result = SF_OK;
  SF_FOREACH_OP(op, fan->network) {
    if (!sf_is_chip_population(op) || !is_too_much(fan, op)) continue;
    result = sf_error(fan->run->diag, SF_DIAG_CAPACITY, op->loc,
                      "more than %" PRIu64 " still read '%%%s'", fan->fanout,
                      op->results[0]->name);
    sf_help(fan->run->diag, "allow more readers of a population");
  }
  return result;
}

sf_result sf_fan_out(sf_fan *fan) {
  if (!fan->fanout) return SF_OK;
  SF_TRY(unshare(fan->network));
  bool changed = true;
  for (int round = 0; round < ROUNDS_MAX && changed; round++) {
    SF_TRY(one_round(fan, &changed));
    if (changed) SF_TRY(unshare(fan->network));
  }
  for (uint32_t i = 0; i < fan->network->argument_count; i++)
    SF_TRY(relay(fan, fan->network->arguments[i]));
  return too_many(fan);
}
