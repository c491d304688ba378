/* demo_data.h - where the bundled network and images are. */
#ifndef SFC_DEMO_DATA_H
#define SFC_DEMO_DATA_H

#include "tools/sfc/sfc.h"

/* Paths are malloc'ed. */
typedef struct sfc_demo_data {
  char *model, *images, *labels;
  const char *encoder; /* for --encode */
} sfc_demo_data;

/* Looks beside the program: ../share/spikeformer/demo when installed, the
 * source tree when built. Errors: FILE_OPEN. */
sf_result sfc_demo_data_find(sf_diag *diag, sfc_demo_data *out) SF_MUST_USE;
void sfc_demo_data_destroy(sfc_demo_data *data);

#endif
