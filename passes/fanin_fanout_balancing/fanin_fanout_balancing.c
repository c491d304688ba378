/* fanin-fanout-balancing: split what a core cannot hold, exactly.
 *
 *   %i = linear %x, @w : i16[1000]            // 11,352 inputs
 *   %h = neurons @lif(%i) : spike[1000]
 *
 * becomes, on a chip whose cores take some 8,000 inputs,
 *
 *   %x.1 = slice %x {begin = 0, end = 5676}
 *   %i.1 = linear %x.1, @w.1 : i15[1000]      // @w.1 a slice of @w
 *   %i.2 = neurons @relay_i15(%i.1) : i15[1000]
 *   .. the same for the other half, %i.4
 *   %i.5 = sparse %i.2, @diagonal, @one : i15[1000]
 *   %i.6 = sparse %i.4, @diagonal, @one : i15[1000]
 *   %i.7 = add %i.5, %i.6 : i16[1000]
 *   %h = neurons @lif(%i.7) : spike[1000]
 *
 * In the IR a population takes no step, so the results are the same at once;
 * `balance-delays`, which runs behind, gives the other paths the step that the
 * partial sums take on a chip. mapping.md 3. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/balance/balance.h"
#include "passes/rewrite/networks.h"
#include "passes/rewrite/normal_form.h"

#include <string.h>

enum { STAT_SPLITS, STAT_PARTIALS, STAT_RELAYS, STAT_REPLICAS };
static const sf_stat stats[] = {
    {"splits", "sums that were split"},
    {"partials", "populations that send partial sums"},
    {"relays", "populations that relay to some of many readers"},
    {"replicas", "copies of populations that many read"},
    {0}};

typedef struct balancing_options {
  int64_t fanin, fanout;
  const char *links, *spread;
} balancing_options;

static const sf_option options[] = {
    {.name = "fanin",
     .doc = "most elements that a neuron sums; 0: as many as a core of the "
            "machine holds",
     .kind = SF_OPTION_INT,
     .default_text = "0",
     .low = 0,
     .high = 16777216,
     .offset = offsetof(balancing_options, fanin)},
    {.name = "fanout",
     .doc = "most populations that read one; 0: as many as the output axons of "
            "a core of the machine reach, or any number",
     .kind = SF_OPTION_INT,
     .default_text = "0",
     .low = 0,
     .high = 16777216,
     .offset = offsetof(balancing_options, fanout)},
    {.name = "links",
     .doc = "what a message carries: a number, or a spike; then thermometers "
            "of neurons send partial sums",
     .kind = SF_OPTION_CHOICE,
     .default_text = "graded",
     .choices = "graded|binary",
     .offset = offsetof(balancing_options, links)},
    {.name = "spread",
     .doc = "how more populations read one than may: copies of it, or relays "
            "of it (a step each)",
     .kind = SF_OPTION_CHOICE,
     .default_text = "replicate",
     .choices = "replicate|relay",
     .offset = offsetof(balancing_options, spread)},
    {0}};

/* New populations stand before the one that they feed: they are next. */
static sf_result balance_inputs(sf_fan *fan) {
  sf_result result = SF_OK;
  for (sf_op *op = fan->network->first; op;) {
    if (!sf_is_chip_population(op)) {
      op = op->next;
      continue;
    }
    const sf_op *before = op->prev;
    uint64_t splits = fan->splits;
    sf_result one = sf_fan_in(fan, op);
    if (one == SF_OOM) return one;
    if (one != SF_OK) result = one; /* the others too */
    bool again = one == SF_OK && fan->splits != splits;
    op = !again ? op->next : before ? before->next : fan->network->first;
  }
  return result;
}

/* What was inserted takes steps on a chip: a loop may be too short for it. */
static sf_result check_loops(sf_fan *fan) {
  sf_balance b = {.run = fan->run, .network = fan->network, .dmin = 1};
  b.op_count = sf_network_number(fan->network);
  SF_TRY(sf_balance_anchor(&b));
  return sf_balance_solve(&b);
}

static void add_stats(sf_pass_run *run, const sf_fan *fan) {
  run->stats[STAT_SPLITS] += fan->splits;
  run->stats[STAT_PARTIALS] += fan->partials;
  run->stats[STAT_RELAYS] += fan->relays;
  run->stats[STAT_REPLICAS] += fan->replicas;
}

static sf_result finish(sf_fan *fan) {
  uint64_t changes = fan->splits + fan->relays + fan->replicas + fan->folds;
  if (changes == 0) return SF_OK;
  if (fan->run->machine) SF_TRY(check_loops(fan));
  char *text = sf_arena_printf(fan->run->scratch, "fanin-fanout-balancing: @%s",
                               fan->network->name);
  if (!text) return SF_OOM;
  return sf_module_add_log(fan->run->module, SF_EXACT, 0, text) ? SF_OK
                                                                : SF_OOM;
}

/* Each neuron takes an output axon for every core that it is sent to. */
static uint64_t machine_fanout(const sf_machine *machine) {
  const sf_quantity *limit =
      machine ? sf_machine_quantity(machine, "axon-out-limit") : NULL;
  if (!limit) return 0;
  double each = sf_machine_value(machine, "axon-map-words");
  return each > 0 ? (uint64_t)(limit->value / each) : 0;
}

/* A network without that many operands has no such population. */
static bool may_exceed(const sf_network *network, uint64_t fanout) {
  uint64_t operands = 0;
  SF_FOREACH_OP(op, network)
    operands += op->operand_count;
  return operands > fanout;
}

static sf_result balance_network(sf_pass_run *run, sf_network *network) {
  const balancing_options *o = SF_PASS_OPTIONS(run, balancing_options);
  sf_fan fan = {.run = run,
                .network = network,
                .fanin = (uint64_t)o->fanin,
                .fanout = (uint64_t)o->fanout,
                .binary = strcmp(o->links, "binary") == 0,
                .replicate = strcmp(o->spread, "replicate") == 0,
                .plan = {.arena = run->scratch,
                         .network = network,
                         .machine = run->machine,
                         .diag = run->diag}};
  uint64_t fanout = machine_fanout(run->machine);
  if (!fan.fanout && may_exceed(network, fanout)) fan.fanout = fanout;
  const sf_fan_mark mark = {NULL, run->module->last_blob,
                            run->module->last_neuron};
  sf_result result = SF_OK;
  if (fan.fanout != (uint64_t)o->fanout) /* the machine's: what is read by more
                                            fits no core */
    result = sf_fan_out(&fan);
  if (result == SF_OK) result = balance_inputs(&fan);
  if (result == SF_OK) result = sf_fan_out(&fan);
  sf_ranges_destroy(fan.ranges);
  sf_fan_erase_unused(&fan, mark);
  SF_TRY(result);
  add_stats(run, &fan);
  return finish(&fan);
}

static sf_result run_pass(sf_pass_run *run) {
  const balancing_options *o = SF_PASS_OPTIONS(run, balancing_options);
  if (o->fanin == 1 || o->fanout == 1)
    return sf_error(run->diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
                    "'fanin' and 'fanout' are 0 or at least 2: nothing is "
                    "split into parts of one");
  if (!run->machine && !o->fanin && !o->fanout) return SF_OK;
  return sf_pass_each_network(run, balance_network);
}

const sf_pass sf_pass_fanin_fanout_balancing = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "fanin-fanout-balancing",
    .summary = "split what a core cannot hold, exactly",
    .description =
        "Where a neuron has more synapses than a core of the machine holds, "
        "populations sum parts of its input and send the sums on: as graded "
        "messages, or as spikes of a thermometer of neurons. Parts are boxes "
        "of the stream, their weights slices of the weights that are there. "
        "Populations that too many read are copied or relayed. All of it is "
        "exact; a partial sum that is not proved to stay within its width is "
        "refused. Partial sums and relays take a step on a chip, which "
        "'balance-delays' gives to the other paths; a loop that is too short "
        "for it is reported with its populations.",
    .needs = SF_FACT_SPIKING_NORMAL_FORM,
    .keeps =
        SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED | SF_FACT_SPIKING_NORMAL_FORM,
    .exactness = SF_EXACT,
    .options = options,
    .options_size = sizeof(balancing_options),
    .stats = stats,
    .run = run_pass,
};
