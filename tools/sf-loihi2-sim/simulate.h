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

/* State words of a layer after each step: samples x steps x elements each, in
 * the order in which README.md lists the program's state. */
typedef struct sf_sim_states {
  uint32_t count;
  int32_t *data[SF_SIM_STATES]; /* malloc'ed */
} sf_sim_states;

typedef struct sf_sim_run {
  uint32_t samples, steps; /* steps: all that run, the lag included */
  /* For each input of the board: [samples, steps, elements..]; zero after its
   * last step. `data` NULL: zero throughout. */
  const sf_array *inputs;
  /* Out, one a layer: */
  sf_sim_series *series;
  sf_sim_states *states; /* NULL: not asked for */
  sf_sim_counts *counts;
} sf_sim_run;

/* Runs every sample from scratch. Allocates run->series[..].data, and
 * run->states[..].data when there are states. */
sf_result sf_sim_simulate(const sf_sim_board *board,
                          sf_sim_run *run) SF_MUST_USE;
/* Frees what sf_sim_simulate allocated, also after it failed. */
void sf_sim_run_release(const sf_sim_board *board, sf_sim_run *run);

#endif
