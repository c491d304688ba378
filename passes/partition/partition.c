/* partition.c - the pass `partition`: which core holds which neurons.
 *
 *   network @main(..) { .. %h = neurons @loihi_lif(%i) .. }
 *
 * becomes, beside the unchanged network,
 *
 *   mapping @main on "kapoho-point" {
 *     core @c0 { host %h [0:64]  host %i [0:64] {words = 1344, ..} }
 *     core @c1 { host %h [64:128]  host %i [64:128] {words = 1344, ..} }
 *   }
 *
 * Populations in text order are cut into as few boxes as the memory model of
 * the machine allows, and on Loihi 2 boxes of several populations may share a
 * core; slicing=vendor cuts as Intel's compiler does. A projection is hosted
 * with its target. Populations `on = host` are not mapped. */
#include "passes/mapping/rows.h"
#include "passes/partition/plan.h"
#include "passes/rewrite/networks.h"

#include <string.h>

typedef struct partition_options {
  const char *slicing;
  int64_t dense_neurons;
  const char *slices;
} partition_options;

enum { STAT_CORES, STAT_SHARED, STAT_POPULATIONS, STAT_SYNAPSE_WORDS };

/* ---- Writing. ---- */

typedef struct writer {
  sf_pass_run *run;
  sf_plan *plan;
  sf_mapping *mapping;
  uint32_t cores;
} writer;

static bool same_shape(const sf_value *value, const sf_op *neurons) {
  return sf_type_same_shape(&value->type, &neurons->results[0]->type);
}

static sf_result write_attrs(writer *w, sf_mop *host, const sf_plan_sum *sum) {
  sf_arena *arena = w->run->module->arena;
  if (w->plan->machine->family == SF_FAMILY_SPINNAKER2)
    return sf_dict_set_int(arena, &host->attrs, "bytes", (int64_t)sum->bytes);
  w->run->stats[STAT_SYNAPSE_WORDS] += sum->words;
  SF_TRY(sf_dict_set_int(arena, &host->attrs, "words", (int64_t)sum->words));
  SF_TRY(sf_dict_set_int(arena, &host->attrs, "axons", (int64_t)sum->axons));
  SF_TRY(sf_dict_set_int(arena, &host->attrs, "weight_bits",
                         (int64_t)sum->weight_bits));
  return sf_dict_set_word(arena, &host->attrs, "format", sum->format);
}

static sf_mop *write_host(writer *w, sf_mop *core, const sf_value *value,
                          const sf_box *box) {
  sf_mop *host = sf_mop_create(w->mapping, core, "host");
  if (!host || sf_mop_add_value(w->mapping, host, value->name) != SF_OK ||
      sf_mop_add_box(w->mapping, host, box) != SF_OK) {
    return NULL;
  }
  return host;
}

/* Does the sum feed `neurons` and nothing else, through sums of sums too? The
 * walk ends: it follows the only way from `sum`, on which `neurons` stands. */
static bool feeds_only(const sf_value *sum, const sf_op *neurons) {
  while (sf_value_has_one_use(sum)) {
    const sf_op *reader = sum->first_use->op;
    if (reader == neurons) return true;
    if (!reader || reader->kind == SF_OP_NEURONS) return false;
    sum = reader->results[0];
  }
  return false;
}

/* Sums of another shape than the population (a reshape in between) have no box
 * that tiles, and sums that feed two populations would be tiled twice; both are
 * hosted with their targets, unnamed (docs/ir.md 8). */
static bool is_named(const sf_plan_sum *sum, const sf_op *neurons) {
  return sum->op && same_shape(sum->value, neurons) &&
         feeds_only(sum->value, neurons);
}

static sf_result write_part(writer *w, sf_mop *core, const sf_plan_part *part) {
  const sf_plan_population *p = &w->plan->populations[part->population];
  const sf_box *box = &p->boxes[part->box];
  sf_plan_use use;
  SF_TRY(sf_plan_use_of(w->plan, p->op, box, &use));
  if (!write_host(w, core, p->op->results[0], box)) return SF_OOM;
  for (uint32_t i = 0; i < use.sum_count; i++) {
    if (!is_named(&use.sums[i], p->op)) continue;
    sf_mop *host = write_host(w, core, use.sums[i].value, &use.sums[i].box);
    if (!host) return SF_OOM;
    SF_TRY(write_attrs(w, host, &use.sums[i]));
  }
  return SF_OK;
}

static sf_result write_core(writer *w, const sf_plan_core *row) {
  sf_arena *arena = w->run->module->arena;
  sf_mop *core = sf_mop_create(w->mapping, NULL, "core");
  char *name = sf_arena_printf(arena, "c%u", w->cores++);
  if (!core || !name) return SF_OOM;
  SF_TRY(sf_mop_add_symbol(w->mapping, core, name));
  for (uint32_t i = 0; i < row->count; i++)
    SF_TRY(write_part(w, core, &w->plan->parts[row->first + i]));
  w->run->stats[STAT_SHARED] += row->count > 1;
  return SF_OK;
}

static sf_result write_mapping(sf_pass_run *run, sf_plan *plan) {
  sf_mapping *old = sf_module_find_mapping(run->module, plan->network);
  if (old) sf_mapping_erase(old);
  writer w = {run, plan, NULL, 0};
  w.mapping = sf_mapping_create(run->module, plan->network->name,
                                plan->machine->name, SF_NO_LOC);
  if (!w.mapping) return SF_OOM;
  for (uint32_t i = 0; i < plan->core_count; i++)
    SF_TRY(write_core(&w, &plan->cores[i]));
  run->stats[STAT_CORES] += w.cores;
  run->stats[STAT_POPULATIONS] += plan->population_count;
  return SF_OK;
}

/* ---- The pass. ---- */

static void report_violation(const sf_plan *plan, const sf_plan_violation *v) {
  const sf_plan_need *need = &v->need;
  unsigned long long needed = need->needed, available = need->available;
  unsigned long long over = needed - available;
  if (strcmp(need->resource, "cores") == 0) {
    sf_error(plan->diag, SF_DIAG_CAPACITY, v->loc,
             "'@%s' needs %llu cores; '%s' has %llu, %llu too few", v->layer,
             needed, plan->machine->name, available, over);
  } else {
    sf_error(plan->diag, SF_DIAG_CAPACITY, v->loc,
             "'%%%s' needs %llu %s of %s for a single neuron; '%s' has %llu, "
             "%llu too few",
             v->layer, needed, need->unit, need->resource, plan->machine->name,
             available, over);
  }
  sf_help(plan->diag, "%s", need->fix);
}

static sf_result report_violations(const sf_plan *plan) {
  for (uint32_t i = 0; i < plan->violation_count; i++)
    report_violation(plan, &plan->violations[i]);
  return plan->violation_count ? SF_FAIL : SF_OK;
}

static sf_result partition_network(sf_pass_run *run, sf_network *network) {
  const partition_options *options = SF_PASS_OPTIONS(run, partition_options);
  sf_plan plan = {
      .arena = run->scratch,
      .network = network,
      .machine = run->machine,
      .diag = run->diag,
      .options = {.vendor = strcmp(options->slicing, "vendor") == 0,
                  .dense_neurons = (uint32_t)options->dense_neurons,
                  .slices = *options->slices ? options->slices : NULL},
  };
  SF_TRY(sf_plan_make(&plan));
  SF_TRY(report_violations(&plan));
  if (plan.population_count == 0) return SF_OK;
  return write_mapping(run, &plan);
}

static sf_result run_partition(sf_pass_run *run) {
  SF_TRY(sf_mapping_need_machine(run, "partition", SF_NO_LOC));
  return sf_pass_each_network(run, partition_network);
}

static const sf_option OPTIONS[] = {
    {"slicing",
     "on Loihi 2, free: as few cores as the memory model allows, any box, "
     "several populations on one core; vendor: the convolution slices of "
     "Intel's compiler, every population on cores of its own",
     SF_OPTION_CHOICE, "free", "free|vendor", 0, 0,
     offsetof(partition_options, slicing)},
    {"dense-neurons",
     "most neurons of a dense slice on Loihi 2; 0: as many as fit, evened out",
     SF_OPTION_INT, "0", NULL, 0, 8192,
     offsetof(partition_options, dense_neurons)},
    {"slices",
     "file of slices to take, a core a line: %population [0:50] ..; "
     "populations "
     "that it does not name are cut as usual",
     SF_OPTION_TEXT, "", NULL, 0, 0, offsetof(partition_options, slices)},
    {0},
};

static const sf_stat STATS[] = {
    {"cores", "cores in use"},
    {"shared", "of them, cores that hold several populations"},
    {"populations", "populations on cores"},
    {"synapse-words", "words of synapse memory (Loihi 2)"},
    {0},
};

const sf_pass sf_pass_partition = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "partition",
    .summary = "cut populations into boxes that fit a core",
    .description =
        "Writes the mapping block: cores in layer order, each with boxes of "
        "populations and the projections into them. Boxes are the largest "
        "that the machine's memory model allows, evened out. What does not "
        "fit is reported for all populations at once.",
    .needs = SF_FACT_SPIKING_NORMAL_FORM,
    .gives = SF_FACT_PARTITIONED,
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED,
    .exactness = SF_EXACT,
    .options = OPTIONS,
    .options_size = sizeof(partition_options),
    .stats = STATS,
    .run = run_partition,
};
