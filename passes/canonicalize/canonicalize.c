/* canonicalize: the same network, simpler.
 *
 *   blob @zero : i8[4] = splat 0
 *   %a = add %x, @zero : i8[4]
 *   %b = reshape %a : i8[2, 2]
 *   %c = reshape %b : i8[4]          =>     %i = linear %x, @w : i24[3]
 *   %d = delay %x {steps = 3} : i8[4]       (nobody reads %d)
 *   %i = linear %c, @w : i24[3]
 *
 * and inside neuron functions: constants, renamings, repeated and unread
 * statements. Blobs and functions that nobody uses go; networks stay.
 * Identities are taken only where they hold bit for bit: `x + 0.0` is not `x`
 * for -0.0. */
#include "passes/canonicalize/canonicalize.h"

#include "passes/rewrite/normal_form.h"

#include <inttypes.h>

enum { STAT_OPS, STAT_STATEMENTS, STAT_ITEMS };
static const sf_stat stats[] = {
    {"ops", "ops removed or made simpler"},
    {"statements", "statements of neuron functions removed"},
    {"items", "unused blobs and neuron functions removed"},
    {0}};

/* ---- Dead ops. ---- */

static void push_live(const sf_value *value, bool *live, sf_op **stack,
                      size_t *count) {
  if (!value || !value->op || live[value->op->order]) return;
  live[value->op->order] = true;
  stack[(*count)++] = value->op;
}

/* What no result depends on; also loops that only feed themselves. */
static sf_result remove_dead_ops(sf_pass_run *run, sf_network *network) {
  uint32_t total = sf_network_number(network);
  bool *live = SF_NEW_ARRAY(run->scratch, bool, total + 1u);
  sf_op **stack = SF_NEW_ARRAY(run->scratch, sf_op *, total + 1u);
  if (!live || !stack) return SF_OOM;
  size_t count = 0;
  for (uint32_t i = 0; i < network->return_count; i++)
    push_live(network->returns[i].value, live, stack, &count);
  while (count) {
    const sf_op *op = stack[--count];
    for (uint32_t i = 0; i < op->operand_count; i++)
      push_live(sf_op_operand(op, i), live, stack, &count);
  }
  SF_FOREACH_OP(op, network) {
    if (live[op->order]) continue;
    for (uint32_t i = 0; i < op->operand_count; i++)
      if (sf_op_operand(op, i)) sf_op_set_operand(op, i, NULL);
  }
  SF_FOREACH_OP_SAFE(op, following, network) {
    if (live[op->order]) continue;
    sf_op_erase(op);
    run->stats[STAT_OPS]++;
  }
  return SF_OK;
}

/* ---- Sweeps. ---- */

/* In normal form each addend of a population is an op of its own: equal ones
 * are different synapses (docs/ir.md 7). */
static bool may_be_repeated(const sf_pass_run *run, const sf_op *op) {
  return (sf_module_facts(run->module) & SF_FACT_SPIKING_NORMAL_FORM) &&
         (op->kind == SF_OP_ADD || sf_is_synapses(op));
}

static sf_result simplify(sf_pass_run *run, sf_op *op, bool *changed) {
  if (op->result_count != 1 || op->kind == SF_OP_NEURONS) return SF_OK;
  sf_value *result = op->results[0], *same = NULL;
  bool here = false;
  SF_TRY(sf_simplify_op(op, &here, &same));
  if (!same && !may_be_repeated(run, op)) {
    sf_op *equal = sf_find_equal_op(op);
    if (equal) same = equal->results[0];
  }
  if (same && same != result && result->first_use) {
    sf_value_replace_all_uses(result, same);
    here = true;
  }
  run->stats[STAT_OPS] += here;
  *changed |= here;
  return SF_OK;
}

static sf_result simplify_network(sf_pass_run *run, sf_network *network) {
  for (bool changed = true; changed;) {
    changed = false;
    SF_TRY(remove_dead_ops(run, network));
    sf_network_number(network);
    SF_FOREACH_OP(op, network)
      SF_TRY(simplify(run, op, &changed));
  }
  return SF_OK;
}

/* ---- Items. ---- */

static bool is_used(const sf_module *module, const sf_neuron *neuron) {
  for (const sf_network *n = module->first_network; n; n = n->next) {
    SF_FOREACH_OP(op, n) {
      if (op->neuron == neuron) return true;
    }
  }
  return false;
}

static void remove_unused_items(sf_pass_run *run) {
  sf_module *module = run->module;
  for (sf_neuron *n = module->first_neuron, *next; n; n = next) {
    next = n->next;
    if (is_used(module, n)) continue;
    sf_neuron_erase(n);
    run->stats[STAT_ITEMS]++;
  }
  /* From the last: a slice stands behind what it is a part of. */
  for (sf_blob *b = module->last_blob, *previous; b; b = previous) {
    previous = b->prev;
    if (b->users) continue;
    sf_blob_erase(b);
    run->stats[STAT_ITEMS]++;
  }
}

static sf_result run_pass(sf_pass_run *run) {
  for (sf_network *n = run->module->first_network; n; n = n->next)
    SF_TRY(simplify_network(run, n));
  for (sf_neuron *n = run->module->first_neuron; n; n = n->next) {
    for (uint64_t before = UINT64_MAX; before != run->stats[STAT_STATEMENTS];) {
      before = run->stats[STAT_STATEMENTS];
      SF_TRY(sf_simplify_neuron(run, n, &run->stats[STAT_STATEMENTS]));
    }
  }
  remove_unused_items(run);
  uint64_t all = run->stats[STAT_OPS] + run->stats[STAT_STATEMENTS] +
                 run->stats[STAT_ITEMS];
  if (all == 0) return SF_OK;
  return sf_module_add_log(run->module, SF_EXACT, 0, "canonicalize") ? SF_OK
                                                                     : SF_OOM;
}

const sf_pass sf_pass_canonicalize = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "canonicalize",
    .summary = "fold constants, drop what nobody reads, apply identities",
    .description =
        "Simplifies networks and neuron functions without changing one value: "
        "identities of each op where they are exact, delays and moves of "
        "moves, "
        "repeated ops, constants, and everything that no result depends on. "
        "Networks stay, used or not.",
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED |
             SF_FACT_CALIBRATED,
    .exactness = SF_EXACT,
    .stats = stats,
    .run = run_pass,
};
