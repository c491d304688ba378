/* pe_files.h - names and formats that emission and run share. */
#ifndef SF_SPINNAKER2_PE_FILES_H
#define SF_SPINNAKER2_PE_FILES_H

#include "targets/spinnaker2/plan.h"

/* DIRECTORY/spinnaker2/CORE.SUFFIX, malloc'ed: .o .elf .bin .regions.bin */
char *sf_s2_file(const char *directory, const char *core, const char *suffix);

/* The callbacks of the target. */
sf_result sf_s2_emit(const sf_emit_job *job);
sf_result sf_s2_run(const sf_run_job *job, sf_run_result *out);

#endif
