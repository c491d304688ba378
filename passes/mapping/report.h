/* report.h - does a network fit a machine, what does each layer use,
 * and where does it lie: for `sfc check`, reports, and the cost model. */
#ifndef SF_PASSES_MAPPING_REPORT_H
#define SF_PASSES_MAPPING_REPORT_H

#include "machine/cost.h"
#include "sf/ir.h"

/* Something that does not fit. */
typedef struct sf_check_row {
  const char *layer;                /* population, or the network for `cores` */
  const char *resource;             /* "synapse pool" */
  const char *unit;                 /* "words" */
  uint64_t needed, available, over; /* over = needed - available */
  const char *fix;
  sf_loc loc;
} sf_check_row;

/* One population. The fullest core counts. */
typedef struct sf_check_layer {
  const char *name;
  uint64_t neurons;
  uint32_t cores;       /* 0: does not fit */
  const char *tightest; /* resource of which the largest part is used; of one
                           neuron when it does not fit */
  double percent;       /* of it */
} sf_check_layer;

typedef struct sf_check_report {
  uint32_t row_count, layer_count;
  const sf_check_row *rows;
  const sf_check_layer *layers; /* on chip, in text order */
  uint64_t cores, cores_available;
  uint64_t memory; /* words (LOIHI2) or bytes (SPINNAKER2) in the memories of
                      all cores, */
  uint64_t memory_available; /* and what those of the cores in use hold */
  sf_arena *arena;           /* owns all of it */
} sf_check_report;

/* Plans `network`, in spiking normal form, on `machine` without changing
 * anything; takes the cores of its mapping block when there is one. SF_OK
 * whether it fits (row_count 0) or not. The caller destroys *out, on failure
 * too. Errors: a blob that cannot be read. */
sf_result sf_mapping_check(const sf_network *network, const sf_machine *machine,
                           sf_diag *diag, sf_check_report *out) SF_MUST_USE;
void sf_check_report_destroy(sf_check_report *report);

/* Where a routed mapping lies, for sf_cost_estimate: in `arena`. */
sf_result sf_mapping_layout(const sf_mapping *mapping,
                            const sf_machine *machine, sf_arena *arena,
                            sf_diag *diag, sf_cost_layout *out) SF_MUST_USE;

#endif
