/* memory_layout.c - the pass `memory-layout-optimization`: less synapse memory
 * for the same network.
 *
 *   %i = linear %d, @w : i24[100]      (a pruned matrix)
 *
 * becomes, where lists without the zeros are shorter,
 *
 *   %i = sparse %d, @w.1, @w.2 {rows = 100} : i24[100]
 *
 * Neurons of irregular layers that only projections read are renumbered, so
 * that ranges of them share inputs (order.c). Runs before partition, whose
 * costs see all of it, and says how many words each cause saves. */
#include "passes/memory_layout/memory_layout.h"

#include "passes/mapping/rows.h"

typedef struct memory_layout_options {
  bool lists, order;
  int64_t seed;
} memory_layout_options;

/* What the narrowest width that holds all weights saves against the width of
 * their type. Partition and emission count the former. */
static sf_result measure_bits(sf_layout *layout) {
  sf_layout declared = *layout;
  declared.plan = (sf_plan){.arena = layout->plan.arena,
                            .network = layout->network,
                            .machine = layout->run->machine,
                            .diag = layout->run->diag,
                            .options = {.declared_bits = true}};
  SF_FOREACH_OP(op, layout->network) {
    if (!sf_flow_is_projection(op)) continue;
    uint64_t wide, narrow;
    SF_TRY(sf_layout_cost(&declared, op, &wide));
    SF_TRY(sf_layout_cost(layout, op, &narrow));
    if (wide > narrow) layout->run->stats[SF_LAYOUT_BITS] += wide - narrow;
  }
  return SF_OK;
}

static sf_result optimize(sf_pass_run *run, sf_network *network) {
  const memory_layout_options *o = SF_PASS_OPTIONS(run, memory_layout_options);
  sf_layout layout = {.run = run,
                      .network = network,
                      .plan = {.arena = run->scratch,
                               .network = network,
                               .machine = run->machine,
                               .diag = run->diag},
                      .seed = (uint64_t)o->seed};
  if (run->machine->family == SF_FAMILY_LOIHI2) SF_TRY(measure_bits(&layout));
  if (o->lists) SF_TRY(sf_layout_lists(&layout));
  return o->order ? sf_layout_order(&layout) : SF_OK;
}

static sf_result run_memory_layout(sf_pass_run *run) {
  SF_TRY(sf_mapping_need_machine(run, "memory-layout-optimization", SF_NO_LOC));
  for (sf_network *n = run->module->first_network; n; n = n->next)
    SF_TRY(optimize(run, n));
  return sf_layout_blobs(run);
}

static const sf_option OPTIONS[] = {
    {"lists",
     "drop edges of weight zero, and make dense projections sparse where that "
     "takes less memory",
     SF_OPTION_BOOL, "true", NULL, 0, 0,
     offsetof(memory_layout_options, lists)},
    {"order",
     "renumber neurons of layers with sparse inputs on Loihi 2, so that those "
     "with common inputs share a core",
     SF_OPTION_BOOL, "true", NULL, 0, 0,
     offsetof(memory_layout_options, order)},
    {"seed", "seed of the search for that order", SF_OPTION_INT, "1", NULL, 0,
     INT32_MAX, offsetof(memory_layout_options, seed)},
    {0},
};

static const sf_stat STATS[] = {
    [SF_LAYOUT_BITS] = {"bits", "words that the narrowest weight fields save "
                                "(Loihi 2; counted by partition)"},
    [SF_LAYOUT_ZEROS] = {"zeros", "words or bytes saved: edges of weight zero"},
    [SF_LAYOUT_LISTS] = {"lists", "words or bytes saved: sparse, not dense"},
    [SF_LAYOUT_ORDER] = {"order", "words saved: order of neurons"},
    [SF_LAYOUT_CORES] = {"order-cores", "cores saved: order of neurons"},
    [SF_LAYOUT_BYTES] = {"blob-bytes", "bytes of equal blobs in the artefact"},
    {0},
};

const sf_pass sf_pass_memory_layout_optimization = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "memory-layout-optimization",
    .summary = "less synapse memory for the same network",
    .description =
        "Drops edges of weight zero, makes dense projections sparse where "
        "their lists are shorter, renumbers the neurons of irregular layers so "
        "that those with common inputs share a core, and merges equal blobs. "
        "Integer sums stay the same. Words saved are counted by cause.",
    .needs = SF_FACT_SPIKING_NORMAL_FORM,
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED,
    .exactness = SF_EXACT,
    .options = OPTIONS,
    .options_size = sizeof(memory_layout_options),
    .stats = STATS,
    .run = run_memory_layout,
};
