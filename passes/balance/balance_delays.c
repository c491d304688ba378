/* balance-delays: give every path the steps that hardware takes.
 *
 *   %i = linear %x, @w : i16[64]
 *   %h = neurons @lif(%i) {..} : spike[64]
 *   %j = linear %h, @v : i16[10]
 *   %o = neurons @lif(%j) {..} : spike[10]
 *   return %o
 *
 * becomes, on a chip where a spike takes a step,
 *
 *   %x.1 = delay %x : spike[32]
 *   %i = linear %x.1, @w : i16[64]
 *   %h = neurons @lif(%i) {.., start = 1} : spike[64]
 *   %h.1 = delay %h : spike[64]
 *   %j = linear %h.1, @v : i16[10]
 *   %o = neurons @lif(%j) {.., start = 2} : spike[10]
 *   return %o                                  // lag = 2
 *
 * docs/ir.md 7, "Hardware timing": result'[t + lag] = result[t], for any
 * initial state, bias and recurrence, because a population that is late by r
 * starts in step r. A loop with fewer steps than populations has no solution
 * and is reported as the loop. */
#include "passes/balance/balance.h"
#include "passes/rewrite/networks.h"
#include "passes/rewrite/normal_form.h"

#include <inttypes.h>
#include <string.h>

enum { STAT_DELAYS, STAT_RELAYS, STAT_STARTED, STAT_LAG };
static const sf_stat stats[] = {
    {"delays", "delays added"},
    {"relays", "relay populations added"},
    {"started", "populations that start later"},
    {"lag", "steps that results come later, the most of all networks"},
    {0}};

/* A synapse of Loihi 2 holds 62 (loihi2.md 1.5: 6 bits), and the packet takes
 * one. */
enum { MAX_DELAY_WITHOUT_MACHINE = 63 };

typedef struct balance_options {
  const char *dmin;
  int64_t max_delay;
} balance_options;

static const sf_option options[] = {
    {.name = "dmin",
     .doc = "least steps into a population on chip; auto: 1, as all chips need",
     .kind = SF_OPTION_CHOICE,
     .default_text = "auto",
     .choices = "auto|0|1",
     .offset = offsetof(balance_options, dmin)},
    {.name = "max-delay",
     .doc =
         "longest delay of a chip, in steps; a longer one gets relays; 0: the "
         "machine's, or 63",
     .kind = SF_OPTION_INT,
     .default_text = "0",
     .low = 0,
     .high = 65535,
     .offset = offsetof(balance_options, max_delay)},
    {0}};

static bool draws(const sf_neuron *neuron) {
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    if (neuron->stmts[i].kind == SF_NOP_RAND) return true;
  return false;
}

/* Random numbers count steps of the whole network, so what starts later would
 * draw others. */
static sf_result check_random(const sf_balance *b) {
  sf_result result = SF_OK;
  SF_FOREACH_OP(op, b->network) {
    if (op->kind != SF_OP_NEURONS || !b->times[op->order] || !draws(op->neuron))
      continue;
    result = sf_error(b->run->diag, SF_DIAG_NO_SLACK, op->loc,
                      "population '%%%s' draws random numbers and would start "
                      "in step %" PRId64 ": its numbers would be others",
                      op->results[0]->name, b->times[op->order]);
    sf_help(b->run->diag, "random encoders belong on the host: {on = host}");
  }
  return result;
}

static sf_result add_log(const sf_balance *b) {
  bool changed = b->lag || b->new_delays || b->new_relays || b->started;
  if (!changed) return SF_OK;
  char *text =
      sf_arena_printf(b->run->scratch, "balance-delays: @%s", b->network->name);
  if (!text) return SF_OOM;
  sf_log_entry *entry = sf_module_add_log(
      b->run->module, b->lag ? SF_EXACT_LAG : SF_EXACT, b->lag, text);
  return entry ? SF_OK : SF_OOM;
}

static void add_stats(sf_pass_run *run, const sf_balance *b) {
  run->stats[STAT_DELAYS] += b->new_delays;
  run->stats[STAT_RELAYS] += b->new_relays;
  run->stats[STAT_STARTED] += b->started;
  if ((uint64_t)b->lag > run->stats[STAT_LAG])
    run->stats[STAT_LAG] = (uint64_t)b->lag;
  if (b->lag > run->lag) run->lag = b->lag;
}

static int64_t max_delay(const sf_pass_run *run) {
  int64_t chosen = SF_PASS_OPTIONS(run, balance_options)->max_delay;
  if (chosen) return chosen;
  const sf_quantity *synapse =
      run->machine ? sf_machine_quantity(run->machine, "delay-steps") : NULL;
  bool told = synapse && synapse->value >= 0 && synapse->value < 65535;
  return told ? (int64_t)synapse->value + 1 : MAX_DELAY_WITHOUT_MACHINE;
}

static sf_result balance_network(sf_pass_run *run, sf_network *network) {
  sf_balance b = {
      .run = run, .network = network, .dmin = 1, .max_delay = max_delay(run)};
  SF_TRY(sf_balance_gate(run, network, &b.new_relays));
  b.op_count = sf_network_number(network);
  SF_TRY(sf_balance_anchor(&b));
  SF_TRY(sf_balance_solve(&b));
  SF_TRY(check_random(&b));
  SF_TRY(sf_balance_collect(&b));
  SF_TRY(sf_balance_rewrite(&b));
  add_stats(run, &b);
  return add_log(&b);
}

/* Without steps to give, every time is 0 and nothing changes. */
static sf_result balance_nothing(sf_pass_run *run) {
  bool all_host = true;
  for (const sf_network *n = run->module->first_network; n; n = n->next)
    SF_FOREACH_OP(op, n)
      all_host &= !sf_is_chip_population(op);
  if (!all_host) run->withholds = SF_FACT_BALANCED;
  return SF_OK;
}

/* All loops of all networks are reported. */
static sf_result run_pass(sf_pass_run *run) {
  if (strcmp(SF_PASS_OPTIONS(run, balance_options)->dmin, "0") == 0)
    return balance_nothing(run);
  return sf_pass_each_network(run, balance_network);
}

const sf_pass sf_pass_balance_delays = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "balance-delays",
    .summary = "give every path the steps that hardware takes",
    .description =
        "Inserts delays, sets the step in which each population starts and the "
        "lag of the results, such that every path from a population or an "
        "input to a population on chip takes at least one step, and the "
        "results are the same, later by the lag. The lag is the least there "
        "is. Loops that are too short are reported with their populations.",
    .gives = SF_FACT_BALANCED,
    .keeps =
        SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED | SF_FACT_SPIKING_NORMAL_FORM,
    .exactness = SF_EXACT_LAG,
    .options = options,
    .options_size = sizeof(balance_options),
    .stats = stats,
    .run = run_pass,
};
