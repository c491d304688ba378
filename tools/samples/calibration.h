/* calibration.h - `--calib X --calib-labels Y` as samples that passes take. */
#ifndef SF_SAMPLES_CALIBRATION_H
#define SF_SAMPLES_CALIBRATION_H

#include "sf/pass.h"
#include "tools/samples/inputs.h"

enum { SF_CALIBRATION_SAMPLES = 1024 }; /* how many, if nobody says */

/* What the command line says. Texts are borrowed. */
typedef struct sf_calibration_request {
  const char *const *files; /* as those of sf_input_request; none: no samples */
  uint32_t file_count;
  const char *labels; /* NULL: none */
  const char *scale;  /* as that of sf_input_request */
  int64_t samples;    /* the first that many; negative: the default */
} sf_calibration_request;

typedef struct sf_calibration {
  sf_samples samples;
  sf_inputs inputs;     /* private, as the rest */
  const sf_word **rows; /* samples.arguments */
  sf_word **owned;      /* rows that are not those of a file */
  int32_t *labels;
} sf_calibration;

/* Opens the files against the module's first network and converts the samples
 * to the types of its arguments. *out_samples: NULL when none are asked for.
 * Errors: INPUT_SHAPE (also where some are spike trains and others not, or of
 * another length), USAGE, as sf_array_read. Destroy in either case. */
sf_result sf_calibration_open(const sf_calibration_request *request,
                              const sf_module *module, sf_diag *diag,
                              sf_calibration *out,
                              const sf_samples **out_samples) SF_MUST_USE;
void sf_calibration_destroy(sf_calibration *calibration);

#endif
