/* cost.h - a run's counts and an artefact's mapping become energy and latency.
 */
#ifndef SFC_COST_H
#define SFC_COST_H

#include "machine/cost.h"
#include "tools/sfc/sfc.h"

/* Per sample. Nothing is known without a machine and a mapping (cpu). */
typedef struct sfc_cost {
  bool known;
  uint32_t cores; /* in use */
  sf_cost cost;
} sfc_cost;

sf_result sfc_cost_of(const sfc_model *model, const sf_counts *counts,
                      sf_diag *diag, sfc_cost *out) SF_MUST_USE;
/* One line for the sum, one a term with the basis of its constant. */
void sfc_cost_print(const sfc_cost *cost);
json_t *sfc_cost_json(const sfc_cost *cost); /* null when not known */

#endif
