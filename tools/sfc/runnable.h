/* runnable.h - what `sfc run` runs: a model, a compiled folder, or a folder
 * that --target makes for this run only. */
#ifndef SFC_RUNNABLE_H
#define SFC_RUNNABLE_H

#include "tools/sfc/artefact.h"

typedef struct sfc_runnable {
  sfc_model model;
  char *folder;    /* NULL: the interpreter runs the model */
  char *temporary; /* parent of `folder` if that is ours; else NULL */
} sfc_runnable;

/* Loads the model or folder of the command line; with --target compiles it
 * first. Errors as sfc_model_load and sfc_compile; USAGE. Destroy in either
 * case. */
sf_result sfc_runnable_open(sfc_session *session,
                            sfc_runnable *out) SF_MUST_USE;
void sfc_runnable_destroy(sfc_runnable *runnable);

#endif
