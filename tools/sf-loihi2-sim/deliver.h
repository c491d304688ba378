/* deliver.h - one event at one input axon. */
#ifndef SF_LOIHI2_SIM_DELIVER_H
#define SF_LOIHI2_SIM_DELIVER_H

#include "tools/sf-loihi2-sim/chip.h"

typedef struct sf_sim_landing {
  uint32_t layer;  /* that was reached */
  uint64_t events; /* synapses served, if the run lasts until the event
                      arrives; synaptic delays come on top (sf/counts.h) */
} sf_sim_landing;

typedef struct sf_sim_event {
  int32_t payload;
  uint32_t step;  /* in which it is sent */
  uint32_t steps; /* of the run: what arrives later is not counted */
} sf_sim_event;

/* An event sent in a step arrives at input axon `axon_id` (population axons:
 * from sender `atom`) and is added to what the group reads in step + 1 + delay.
 * Ids and atoms were checked by sf_sim_link. */
sf_sim_landing sf_sim_deliver(const sf_sim_core *core, uint32_t axon_id,
                              uint32_t atom, const sf_sim_event *event);

#endif
