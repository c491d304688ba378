/* legalize: spiking normal form, as chips want it.
 *
 *   %r = add %s, %t : i3[8]                %i = linear %s, @w : i32[4]
 *   %i = linear %r, @w : i24[4]            %i.1 = linear %t, @w : i32[4]
 *   %h = neurons @lif(%i) : spike[4]  =>   %i.2 = add %i, %i.1 : i24[4]
 *                                          %h = neurons @lif(%i.2) : spike[4]
 *
 * docs/ir.md 7: each operand of a population on chip is a sum of projections of
 * populations or inputs; delays and moves stand before the projections. Sums
 * before a projection distribute, and so do concatenations before a
 * convolution; other ops and sums in the wrong place become
 * populations, a spike that reaches a population by itself gets a synapse of
 * weight 1. A projection that a population adds twice becomes two. All of it is
 * exact. What cannot be written so is reported, all at
 * once, and so is every integer op without a mode that is not proved to fit. */
#include "passes/legalize/legalize.h"

#include "passes/rewrite/networks.h"
#include "passes/rewrite/normal_form.h"

enum { STAT_POPULATIONS, STAT_PROJECTIONS, STAT_POOLS, STAT_CONSTANTS };
static const sf_stat stats[] = {{"populations", "ops that became populations"},
                                {"projections", "projections added"},
                                {"pools", "maxima of concatenations parted"},
                                {"constants", "constants that became biases"},
                                {0}};

/* What conversion can only make an integer op that no chip holds. A softmax
 * that nothing reads becomes the reader's arg-max. */
static bool no_chip_holds(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_LAYERNORM:
  case SF_OP_RMSNORM:
  case SF_OP_GROUPNORM:
  case SF_OP_INSTANCENORM:
  case SF_OP_LRN:
  case SF_OP_DIV:
    return true;
  case SF_OP_SOFTMAX:
    for (const sf_use *use = op->results[0]->first_use; use; use = use->next)
      if (use->op) return true;
    return false;
  default:
    return false;
  }
}

static void report_analog(const sf_legalizer *l) {
  SF_FOREACH_OP(op, l->network) {
    if (!sf_op_is(op, SF_TRAIT_ANALOG)) continue;
    if (op->order < l->op_count && l->reported[op->order]) continue;
    bool never = no_chip_holds(op);
    sf_error(l->run->diag, never ? SF_DIAG_TARGET_CANNOT : SF_DIAG_NOT_NORMAL,
             op->loc, "'%%%s' is analog: '%s' has no spiking form",
             op->results[0]->name, sf_op_info_get(op->kind)->mnemonic);
    sf_help(l->run->diag,
            never ? "run the model on 'cpu', or train one without it"
                  : "convert the model to spikes before 'legalize'");
  }
}

/* Kernels of parts that were parted again. */
static void erase_unused(sf_module *module, const sf_blob *last_before) {
  for (sf_blob *b = module->last_blob, *previous; b && b != last_before;
       b = previous) {
    previous = b->prev;
    if (b->users == 0) sf_blob_erase(b);
  }
}

static sf_result legalize_network(sf_pass_run *run, sf_network *network) {
  sf_arena *arena = run->scratch;
  const sf_blob *last_blob = run->module->last_blob;
  SF_TRY(sf_legalize_constants(run, network, &run->stats[STAT_CONSTANTS]));
  SF_TRY(sf_legalize_pools(network, &run->stats[STAT_POOLS]));
  SF_TRY(sf_legalize_maxima(run, network, &run->stats[STAT_POPULATIONS]));
  size_t count = sf_network_number(network) + (size_t)1;
  sf_legalizer l = {.run = run,
                    .network = network,
                    .op_count = (uint32_t)(count - 1),
                    .seen = SF_NEW_ARRAY(arena, uint8_t, count),
                    .populations = SF_NEW_ARRAY(arena, sf_value *, count),
                    .distributed = SF_NEW_ARRAY(arena, sf_value *, count),
                    .reported = SF_NEW_ARRAY(arena, bool, count)};
  if (!l.seen || !l.populations || !l.distributed || !l.reported) return SF_OOM;
  uint32_t errors = sf_diag_errors(run->diag);
  SF_TRY(sf_legalize_network(&l));
  report_analog(&l);
  if (sf_diag_errors(run->diag) != errors) return SF_FAIL;
  SF_TRY(sf_legalize_trees(&l));
  erase_unused(run->module, last_blob);
  run->stats[STAT_POPULATIONS] += l.new_populations;
  run->stats[STAT_PROJECTIONS] += l.new_projections;
  return sf_prove_ranges(network, run->diag);
}

static sf_result run_pass(sf_pass_run *run) {
  SF_TRY(sf_pass_each_network(run, legalize_network));
  if (run->stats[STAT_POPULATIONS] + run->stats[STAT_PROJECTIONS] +
          run->stats[STAT_POOLS] + run->stats[STAT_CONSTANTS] ==
      0)
    return SF_OK;
  return sf_module_add_log(run->module, SF_EXACT, 0, "legalize") ? SF_OK
                                                                 : SF_OOM;
}

const sf_pass sf_pass_legalize = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "legalize",
    .summary =
        "rewrite into spiking normal form, or say what stands in the way",
    .description =
        "Makes each operand of a population on chip a sum of projections of "
        "populations or inputs. Distributes sums over projections, turns other "
        "ops into populations, adds synapses of weight 1, and copies a "
        "projection that a population adds more than once. Reports every op "
        "that has no such form, with what would help, and every integer op "
        "without a mode that is not proved to fit. f32 is legal on the host "
        "only.",
    .gives =
        SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED | SF_FACT_SPIKING_NORMAL_FORM,
    .exactness = SF_EXACT,
    .stats = stats,
    .run = run_pass,
};
