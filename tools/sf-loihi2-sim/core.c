/* core.c - a core: its place, then groups, synapses, output axons. */
#include "tools/sf-loihi2-sim/core.h"

#include <string.h>

static sf_result read_out(const sf_sim_document *document, const xmlNode *node,
                          uint32_t senders, sf_sim_out *out) {
  const uint32_t max = SF_SIM_RANGE_MAX;
  const char *kind;
  SF_TRY(sf_sim_number(document, node, "first", max, &out->first));
  SF_TRY(sf_sim_number(document, node, "count", max, &out->count));
  SF_TRY(sf_sim_number(document, node, "chip", max, &out->chip));
  SF_TRY(sf_sim_number(document, node, "core", max, &out->core_id));
  SF_TRY(sf_sim_number(document, node, "axon", max, &out->axon));
  SF_TRY(sf_sim_text(document, node, "kind", &kind));
  out->population = strcmp(kind, "population") == 0;
  if (!out->count || out->first >= senders || out->count > senders - out->first)
    return sf_sim_bad(document, node,
                      "output axon of neurons %u .. %u, but there are %u",
                      out->first, out->first + out->count, senders);
  return SF_OK;
}

sf_result sf_sim_read_outs(const sf_sim_document *document, const xmlNode *node,
                           uint32_t senders, sf_sim_out **out,
                           uint32_t *count) {
  *count = sf_sim_child_count(node, "axonOut");
  *out = SF_NEW_ARRAY(document->arena, sf_sim_out, *count ? *count : 1);
  if (!*out) return SF_OOM;
  uint32_t i = 0;
  for (const xmlNode *o = sf_sim_child(node, "axonOut"); o;
       o = sf_sim_next(o, "axonOut"))
    SF_TRY(read_out(document, o, senders, &(*out)[i++]));
  return SF_OK;
}

sf_result sf_sim_read_core(const sf_sim_document *document, const xmlNode *node,
                           const sf_sim_board *board, sf_sim_core *out) {
  const uint32_t max = SF_SIM_RANGE_MAX;
  SF_TRY(sf_sim_number(document, node->parent, "id", max, &out->chip));
  SF_TRY(sf_sim_number(document, node, "id", max, &out->id));
  SF_TRY(sf_sim_number(document, node, "x", max, &out->x));
  SF_TRY(sf_sim_number(document, node, "y", max, &out->y));
  SF_TRY(sf_sim_number(document, node, "p", max, &out->p));
  SF_TRY(sf_sim_text(document, node, "name", &out->name));
  SF_TRY(sf_sim_read_groups(document, node, board, out));
  SF_TRY(sf_sim_read_synapses(document, node, out));
  return sf_sim_read_outs(document, node, out->neuron_count, &out->outs,
                          &out->out_count);
}
