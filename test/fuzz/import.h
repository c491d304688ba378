/* import.h - what every reader's fuzzer asks of an import. A broken promise is
 * an abort, which libFuzzer keeps the input of. */
#ifndef SF_TEST_FUZZ_IMPORT_H
#define SF_TEST_FUZZ_IMPORT_H

#include "sf/frontend.h"

/* Diagnostics that may be of any class but a bug of ours; shown where
 * FUZZ_SHOW is set. NULL: out of memory. */
sf_diag *fuzz_diag_create(void);
/* What failed has said why, and nothing else has. A module prints as `path`
 * and reads back the same; it is destroyed. */
void fuzz_check_import(sf_result result, sf_import *import, const char *path,
                       sf_diag *diag);

#endif
