/* prepare.c - makes delays safe to retime.
 *
 * A retimed network runs its projections in every step, also before its
 * populations start. A delayed value of these early steps is read later, and
 * must be zero as `delay` promises. Values that are zero by themselves are
 * called quiet here: inputs, populations before their start, sums of quiet
 * values. */
#include "passes/balance/balance.h"
#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/relay.h"

/* f(0, .., 0) = 0 for quiet operands? */
static bool keeps_zero(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_LINEAR:
  case SF_OP_CONV:
  case SF_OP_CONVT:
    return op->operand_count < 3; /* no bias */
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MIN:
  case SF_OP_MAX:
    return !sf_op_operand_blob(op, 0) && !sf_op_operand_blob(op, 1);
  case SF_OP_SPARSE:
  case SF_OP_POOL:
  case SF_OP_MATMUL:
  case SF_OP_MUL:
  case SF_OP_REDUCE:
  case SF_OP_CONCAT:
  case SF_OP_SLICE:
  case SF_OP_TRANSPOSE:
  case SF_OP_CONVERT:
  case SF_OP_RELU:
    return true;
  case SF_OP_RESHAPE:
    return sf_op_operand(op, 0) != NULL; /* else constant */
  default:
    return false;
  }
}

/* In text order; the operand of a delay counts as quiet, for it will be. */
static void find_quiet(const sf_network *network, bool *quiet) {
  SF_FOREACH_OP(op, network) {
    bool all =
        op->kind == SF_OP_DELAY || op->kind == SF_OP_NEURONS || keeps_zero(op);
    bool sums = op->kind != SF_OP_DELAY && op->kind != SF_OP_NEURONS;
    for (uint32_t i = 0; sums && i < op->operand_count && all; i++) {
      const sf_value *x = sf_op_operand(op, i);
      all = !x || !x->op || quiet[x->op->order];
    }
    quiet[op->order] = all;
  }
}

/* A projection with a delay for each synapse remembers like `delay`. */
static bool remembers(const sf_op *op) {
  if (op->kind == SF_OP_DELAY) return true;
  bool can = op->kind == SF_OP_LINEAR || op->kind == SF_OP_SPARSE;
  return can && sf_op_has_attr(op, SF_ATTR_delays);
}

static sf_result gate_value(sf_pass_run *run, sf_value *value,
                            uint64_t *relays) {
  sf_value *relay = sf_relay_population(value, value->op->next, run->diag);
  if (!relay) return sf_diag_errors(run->diag) ? SF_FAIL : SF_OOM;
  for (sf_use *use = value->first_use, *next; use; use = next) {
    next = use->next;
    if (use->op && remembers(use->op))
      sf_op_set_operand(use->op, use->index, relay);
  }
  ++*relays;
  return SF_OK;
}

sf_result sf_balance_gate(sf_pass_run *run, sf_network *network,
                          uint64_t *relays) {
  uint32_t count = sf_network_number(network);
  bool *quiet = SF_NEW_ARRAY(run->scratch, bool, count + 1u);
  if (!quiet) return SF_OOM;
  find_quiet(network, quiet);
  SF_FOREACH_OP_SAFE(op, following, network) {
    if (op->kind == SF_OP_NEURONS || quiet[op->order]) continue;
    bool wanted = false;
    SF_FOREACH_USE(use, op->results[0]) {
      wanted |= use->op && remembers(use->op);
    }
    if (wanted) SF_TRY(gate_value(run, op->results[0], relays));
  }
  return SF_OK;
}

/* ---- Loops without a population. ---- */

/* Ops left after taking away, again and again, those without an operand left
 * and those without a reader left: loops, and what lies between two loops. */
typedef struct peeling {
  uint32_t *operands, *readers; /* by order: how many are left */
  sf_op **stack;
  size_t count;
  bool *gone;
} peeling;

static bool counts(const sf_value *value) {
  return value && !sf_is_source(value);
}

static void remove_op(peeling *p, sf_op *op) {
  if (p->gone[op->order]) return;
  p->gone[op->order] = true;
  p->stack[p->count++] = op;
}

static void peel(peeling *p) {
  while (p->count) {
    sf_op *op = p->stack[--p->count];
    for (uint32_t i = 0; i < op->operand_count; i++) {
      sf_value *x = sf_op_operand(op, i);
      if (counts(x) && --p->readers[x->op->order] == 0) remove_op(p, x->op);
    }
    SF_FOREACH_USE(use, op->results[0]) {
      if (!use->op || use->op->kind == SF_OP_NEURONS) continue;
      if (--p->operands[use->op->order] == 0) remove_op(p, use->op);
    }
  }
}

sf_result sf_balance_anchor(sf_balance *b) {
  sf_arena *arena = b->run->scratch;
  peeling p = {
      .operands = SF_NEW_ARRAY(arena, uint32_t, b->op_count + 1u),
      .readers = SF_NEW_ARRAY(arena, uint32_t, b->op_count + 1u),
      .stack = SF_NEW_ARRAY(arena, sf_op *, b->op_count + 1u),
      .gone = SF_NEW_ARRAY(arena, bool, b->op_count + 1u),
  };
  b->anchored = SF_NEW_ARRAY(arena, bool, b->op_count + 1u);
  if (!p.operands || !p.readers || !p.stack || !p.gone || !b->anchored)
    return SF_OOM;
  SF_FOREACH_OP(op, b->network) {
    if (op->kind == SF_OP_NEURONS) continue;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (!counts(x)) continue;
      p.operands[op->order]++;
      p.readers[x->op->order]++;
    }
  }
  SF_FOREACH_OP(op, b->network) {
    if (op->kind == SF_OP_NEURONS) continue;
    if (!p.operands[op->order] || !p.readers[op->order]) remove_op(&p, op);
  }
  peel(&p);
  SF_FOREACH_OP(op, b->network) {
    b->anchored[op->order] = op->kind == SF_OP_DELAY && !p.gone[op->order];
  }
  return SF_OK;
}
