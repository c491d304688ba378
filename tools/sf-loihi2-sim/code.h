/* code.h - neuron programs that the configuration lists itself. */
#ifndef SF_LOIHI2_SIM_CODE_H
#define SF_LOIHI2_SIM_CODE_H

#include "tools/sf-loihi2-sim/document.h"

/* The <program> elements that are listings. Errors: ARTEFACT, an operand that
 * there is not, a width or a shift out of range. */
sf_result sf_sim_read_codes(const sf_sim_document *document,
                            sf_sim_board *board) SF_MUST_USE;
/* Registers of a group take their initial values. */
void sf_sim_code_begin(sf_sim_group *group);

#endif
