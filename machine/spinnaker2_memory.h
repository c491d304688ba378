/* spinnaker2_memory.h - what one PE of SpiNNaker2 can hold, in bytes, under the
 * region layout of runtime/spinnaker2/pe.h (targets/spinnaker2/README.md states
 * it). An upper bound: rows without a non-zero weight cost nothing there. */
#ifndef SF_MACHINE_SPINNAKER2_MEMORY_H
#define SF_MACHINE_SPINNAKER2_MEMORY_H

#include "sf/machine.h"

typedef struct sf_spinnaker2_limits {
  uint64_t data_bytes; /* host-written regions */
  uint64_t work_bytes; /* rings, states, results: .bss less the runtime's */
  uint64_t slices, inputs, neurons; /* a PE; a slice; a slice */
  uint64_t delay_steps;
} sf_spinnaker2_limits;

sf_spinnaker2_limits sf_spinnaker2_limits_of(const sf_machine *machine);

/* One projection into one slice. */
typedef struct sf_spinnaker2_projection {
  uint64_t rows;          /* elements of its source side that reach the slice */
  uint64_t synapses;      /* in all rows */
  uint64_t blocks;        /* source slices: each a block of keys */
  unsigned weight_bytes;  /* 1, 2, 4 */
  bool delays;            /* a delay a synapse */
  uint64_t longest_delay; /* steps, >= 1 */
} sf_spinnaker2_projection;

/* A slice of n neurons. */
typedef struct sf_spinnaker2_slice {
  uint64_t neurons, results, states, params;
  uint64_t blob_params; /* of params, the ones that differ between neurons */
  uint64_t projection_count;
  const sf_spinnaker2_projection *projections;
} sf_spinnaker2_slice;

typedef struct sf_spinnaker2_usage {
  uint64_t data_bytes, work_bytes;
} sf_spinnaker2_usage;

/* Bytes of one projection's rows, links, and key blocks: the smaller of the
 * dense and the listed format. */
uint64_t sf_spinnaker2_projection_bytes(const sf_spinnaker2_projection *p,
                                        uint64_t neurons);
/* A PE that holds this slice alone. */
sf_spinnaker2_usage sf_spinnaker2_slice_usage(const sf_spinnaker2_slice *s);

#endif
