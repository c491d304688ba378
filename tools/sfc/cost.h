/* cost.h - a run's counts and an artefact's mapping become energy and latency.
 */
#ifndef SFC_COST_H
#define SFC_COST_H

#include "tools/sfc/sfc.h"

/* Per sample. `known` is false where no constants exist (cpu). */
typedef struct sfc_cost {
  bool known;
  double energy_uj, latency_us;
  const char *basis; /* the weakest basis of the constants that entered */
} sfc_cost;

/* Cores that the model's mapping uses; 0 without one. */
uint32_t sfc_core_count(const sfc_model *model);
sf_result sfc_cost_of(const sfc_model *model, const sf_counts *counts,
                      sfc_cost *out, sf_diag *diag) SF_MUST_USE;

#endif
