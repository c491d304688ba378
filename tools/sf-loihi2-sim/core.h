/* core.h - reading one <core> element. */
#ifndef SF_LOIHI2_SIM_CORE_H
#define SF_LOIHI2_SIM_CORE_H

#include "tools/sf-loihi2-sim/document.h"

enum {
  SF_SIM_NEURONS_MAX = 1 << 20, /* of a core; twice what a chip has */
  SF_SIM_SLOTS_MAX = 64,
  SF_SIM_RANGE_MAX = INT32_MAX
};

/* Layers must be read before: groups refer to them. */
sf_result sf_sim_read_core(const sf_sim_document *document, const xmlNode *node,
                           const sf_sim_board *board,
                           sf_sim_core *out) SF_MUST_USE;
/* The <neuronGroup> elements and their <accumulator>s. */
sf_result sf_sim_read_groups(const sf_sim_document *document,
                             const xmlNode *node, const sf_sim_board *board,
                             sf_sim_core *core) SF_MUST_USE;
/* The <synapseEntry> and <axonIn> elements. */
sf_result sf_sim_read_synapses(const sf_sim_document *document,
                               const xmlNode *node,
                               sf_sim_core *core) SF_MUST_USE;
/* The <axonOut> elements of a core or an input with `senders` elements. */
sf_result sf_sim_read_outs(const sf_sim_document *document, const xmlNode *node,
                           uint32_t senders, sf_sim_out **out,
                           uint32_t *count) SF_MUST_USE;

#endif
