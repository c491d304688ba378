/* fabric.h - filling the cores of config.xml: synapse lists, input and output
 * axons, accumulators. Private to targets/loihi2. */
#ifndef SF_TARGETS_LOIHI2_FABRIC_H
#define SF_TARGETS_LOIHI2_FABRIC_H

#include "machine/loihi2_memory.h"
#include "targets/loihi2/element.h"
#include "targets/loihi2/plan.h"
#include "targets/loihi2/tables.h"

/* Neurons first .. of a sender go to `axon` .. of a core. */
typedef struct sf_l2_out {
  uint32_t first, count, core, axon;
  bool population;
} sf_l2_out;

typedef struct sf_l2_outs {
  uint32_t count, capacity;
  sf_l2_out *items;
} sf_l2_outs;

/* What has been put on a core so far. */
typedef struct sf_l2_site {
  xmlNode *node;
  uint32_t entry_count, axon_count;
  sf_loihi2_usage usage;
  sf_l2_outs outs;
} sf_l2_site;

typedef struct sf_l2_fabric {
  sf_l2_plan *plan;
  sf_loihi2_limits limits;
  sf_l2_tables tables;
  sf_arena *scratch;      /* reset after each synapse list */
  sf_l2_site *sites;      /* one a core of the plan */
  sf_l2_outs *input_outs; /* one an input */
  uint32_t **orders;      /* rows of each connection; see rows.c */
  uint32_t *order_counts;
} sf_l2_fabric;

/* Arrays of the fabric; its sites have no nodes yet. */
sf_result sf_l2_fabric_create(sf_l2_plan *plan, sf_l2_fabric *out) SF_MUST_USE;
void sf_l2_fabric_destroy(sf_l2_fabric *fabric);

/* A row of a synapse list: an element of the projection's operand and who sends
 * it. Rows are sorted by sending slice, then neuron. */
typedef struct sf_l2_row {
  uint32_t operand; /* element */
  uint32_t slice;   /* that sends; 0 for inputs */
  uint32_t local;   /* neuron of the sending core; element of an input */
} sf_l2_row;
sf_result sf_l2_rows_of(sf_l2_fabric *fabric, uint32_t connection,
                        const uint32_t **out, uint32_t *out_count) SF_MUST_USE;
sf_l2_row sf_l2_row_at(const sf_l2_plan *plan, const sf_l2_connection *c,
                       uint32_t operand);

/* Adds everything that connection `index` needs on the core of `slice`. */
sf_result sf_l2_place_connection(sf_l2_fabric *fabric, uint32_t index,
                                 uint32_t slice) SF_MUST_USE;
/* Its kernel form. */
sf_result sf_l2_place_kernel(sf_l2_fabric *fabric, uint32_t index,
                             uint32_t slice) SF_MUST_USE;
/* <synapseEntry> with its common attributes; `words` of synapse memory. */
sf_result sf_l2_entry_create(sf_l2_fabric *fabric, uint32_t index,
                             uint32_t slice, uint64_t words,
                             xmlNode **out) SF_MUST_USE;
sf_result sf_l2_out_add(sf_l2_fabric *fabric, const sf_l2_connection *c,
                        uint32_t sending_slice, sf_l2_out out) SF_MUST_USE;

/* neuronGroup, accumulators of a slice. */
sf_result sf_l2_group_write(sf_l2_fabric *fabric, uint32_t slice) SF_MUST_USE;
sf_result sf_l2_accumulators_write(sf_l2_fabric *fabric,
                                   uint32_t slice) SF_MUST_USE;

/* 0 for spikes, else the message width that holds the type: 8, 16, 24, 32. */
uint32_t sf_l2_payload_bits(sf_scalar scalar);
const sf_value *sf_l2_source_value(const sf_l2_plan *plan,
                                   const sf_l2_connection *c);

#endif
