/* simulate.h - running a board on spike series. */
#ifndef SF_LOIHI2_SIM_SIMULATE_H
#define SF_LOIHI2_SIM_SIMULATE_H

#include "support/array.h"
#include "tools/sf-loihi2-sim/chip.h"

typedef struct sf_sim_counts {
  uint64_t events_in, spikes_out, updates, hops;
} sf_sim_counts;

/* What a layer sent: samples x steps x elements, int8 for spikes, else int32.
 */
typedef struct sf_sim_series {
  sf_array_type type;
  void *data; /* malloc'ed; NULL: not recorded */
} sf_sim_series;

typedef struct sf_sim_run {
  uint32_t samples, steps; /* steps: all that run, the lag included */
  /* For each input of the board: [samples, steps, elements..]; zero after its
   * last step. `data` NULL: zero throughout. */
  const sf_array *inputs;
  /* Out, one a layer: */
  sf_sim_series *series;
  sf_sim_counts *counts;
} sf_sim_run;

/* Runs every sample from scratch. Allocates run->series[..].data. */
sf_result sf_sim_simulate(const sf_sim_board *board,
                          sf_sim_run *run) SF_MUST_USE;

#endif
