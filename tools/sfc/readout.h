/* readout.h - from output streams to classes, for every number of steps.
 *
 * One run gives the decision after each step: the arg-max of the running sum of
 * the first output (spikes), or of its last step (graded read-outs). Ties go to
 * the lowest class. */
#ifndef SFC_READOUT_H
#define SFC_READOUT_H

#include "tools/sfc/sfc.h"

typedef enum sfc_decide { SFC_DECIDE_SUM, SFC_DECIDE_LAST } sfc_decide;

/* --decide, or: sum for spikes, last otherwise. Errors: USAGE. */
sf_result sfc_decide_choose(sfc_session *session, const sf_network *network,
                            sfc_decide *out) SF_MUST_USE;

/* Classes after 1 .. steps steps of one sample; `outputs` is steps x classes.
 * Writes steps entries. */
void sfc_decide_run(sfc_decide decide, sf_scalar scalar, const sf_word *outputs,
                    uint32_t steps, size_t classes, uint32_t *out_class);

#endif
