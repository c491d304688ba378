/* resources.c - the memory sums of each core (loihi2.md 1.6), and what is over.
 */
#include "targets/loihi2/resources.h"

#include "targets/loihi2/gates.h"

#include <inttypes.h>

/* Output side: a word a neuron that sends discrete spikes or is read by the
 * host, a word a population axon. */
static uint64_t axon_map_words(const sf_l2_fabric *fabric,
                               const sf_l2_slice *s) {
  const sf_l2_layer *layer = &fabric->plan->layers[s->layer];
  const sf_l2_outs *outs = &fabric->sites[s->core].outs;
  bool discrete = layer->returned || layer->read_by_host;
  uint64_t words = 0;
  for (uint32_t i = 0; i < outs->count; i++) {
    const sf_l2_out *out = &outs->items[i];
    if (out->first < s->base || out->first >= s->base + s->count) continue;
    if (out->population)
      words++;
    else
      discrete = true;
  }
  return words + (discrete ? s->count * fabric->limits.axon_map_words : 0);
}

static sf_result write_sums(const sf_loihi2_usage *usage, xmlNode *core) {
  xmlNode *node;
  SF_TRY(sf_l2_child(core, "resources", &node));
  SF_TRY(sf_l2_attr_number(node, "neuronWords", (int64_t)usage->neuron_words));
  SF_TRY(sf_l2_attr_number(node, "axonInWords", (int64_t)usage->axon_in));
  SF_TRY(sf_l2_attr_number(node, "synapseWords", (int64_t)usage->synapses));
  SF_TRY(sf_l2_attr_number(node, "axonMapWords", (int64_t)usage->axon_map));
  SF_TRY(sf_l2_attr_number(node, "axonMemWords", (int64_t)usage->axon_mem));
  return sf_l2_attr_number(node, "groups", (int64_t)usage->groups);
}

static sf_result over(const sf_l2_fabric *fabric, uint32_t core,
                      const char *what, uint64_t needed, uint64_t available) {
  const sf_l2_plan *plan = fabric->plan;
  const sf_l2_core *c = &plan->cores[core];
  const sf_l2_layer *layer = &plan->layers[plan->slices[c->slice_first].layer];
  sf_error(plan->diag, SF_DIAG_CAPACITY, layer->op->loc,
           "%s: core @%s needs %" PRIu64 " %s, it has %" PRIu64,
           sf_l2_name(plan, layer->op), c->name, needed, what, available);
  sf_help(plan->diag, "host fewer neurons of it on one core: run `partition` "
                      "for this machine");
  return SF_FAIL;
}

sf_result sf_l2_resources_write(sf_l2_fabric *fabric, uint32_t core,
                                bool *failed) {
  const sf_l2_core *c = &fabric->plan->cores[core];
  sf_loihi2_usage *usage = &fabric->sites[core].usage;
  for (uint32_t s = 0; s < c->slice_count; s++)
    usage->axon_map +=
        axon_map_words(fabric, &fabric->plan->slices[c->slice_first + s]);
  uint64_t pool = sf_loihi2_pool_words(usage);
  const sf_loihi2_limits *limits = &fabric->limits;
  sf_result result = SF_OK;
  if (usage->neuron_words > limits->neuron_words)
    result = over(fabric, core, "words of neuron memory", usage->neuron_words,
                  limits->neuron_words);
  uint64_t on = sf_l2_gates_words(fabric->plan, core, limits->pool_words);
  if (pool > on)
    result = over(fabric, core, "words of axon and synapse memory", pool, on);
  if (usage->groups > limits->groups)
    result = over(fabric, core, "neuron groups", usage->groups, limits->groups);
  if (result != SF_OK) *failed = true;
  return write_sums(usage, fabric->sites[core].node);
}
