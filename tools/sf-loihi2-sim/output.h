/* output.h - what a run leaves: a .npy a layer and counts.json. */
#ifndef SF_LOIHI2_SIM_OUTPUT_H
#define SF_LOIHI2_SIM_OUTPUT_H

#include "tools/sf-loihi2-sim/simulate.h"

/* Writes DIRECTORY/layer-N.npy, with states layer-N.state-S.npy, and
 * DIRECTORY/counts.json, last; makes the folder. On an error (FILE_WRITE)
 * removes what it wrote. */
sf_result sf_sim_write(const sf_sim_board *board, const sf_sim_run *run,
                       const char *directory, sf_diag *diag) SF_MUST_USE;
/* The counts as counts.json holds them; malloc'ed text. */
char *sf_sim_counts_json(const sf_sim_board *board, const sf_sim_run *run);
/* The same for people. */
void sf_sim_print(const sf_sim_board *board, const sf_sim_run *run, FILE *out);
/* What --check says of a board that is sound, for people or as JSON. */
sf_result sf_sim_print_sound(const sf_sim_board *board, bool json,
                             FILE *out) SF_MUST_USE;

#endif
