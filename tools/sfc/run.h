/* run.h - one run over a data set, for the verbs that report on it. */
#ifndef SFC_RUN_H
#define SFC_RUN_H

#include "tools/sfc/runnable.h"
#include "tools/sfc/tally.h"

/* Runs all samples, on the interpreter or as a compiled folder, into `tally`,
 * which sfc_tally_create made for the network and the data set. Errors: those
 * of the network and of the target; MISMATCH where an artefact differs from
 * its IR. */
sf_result sfc_run_all(sfc_session *session, const sfc_runnable *what,
                      const sfc_dataset *dataset, sfc_tally *tally) SF_MUST_USE;

#endif
