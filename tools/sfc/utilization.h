/* utilization.h - how full a machine is: layers, cores, the tightest resource.
 */
#ifndef SFC_UTILIZATION_H
#define SFC_UTILIZATION_H

#include "passes/mapping/report.h"
#include "tools/sfc/sfc.h"

/* A row a resource that some layer lacks: needed, available, by how much, and
 * what would fix it. */
void sfc_violations_print(const sf_check_report *report);
/* Layers that do not fit have no cores. */
void sfc_utilization_print(const sf_check_report *report,
                           const sf_machine *machine);
/* An array, one row a resource that some layer lacks. */
json_t *sfc_violations_json(const sf_check_report *report);
json_t *sfc_utilization_json(const sf_check_report *report);

#endif
