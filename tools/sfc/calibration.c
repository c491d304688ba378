/* calibration.c - the calibration samples of `sfc compile` and `sfc check`. */
#include "tools/sfc/artefact.h"

sf_result sfc_calibration_open(sfc_session *session, const sfc_model *model,
                               sf_calibration *out,
                               const sf_samples **out_samples) {
  const sfc_arguments *a = &session->arguments;
  *out = (sf_calibration){0};
  const sf_module *module = model->import.module;
  if (a->calib.count > 0 && model->network != module->first_network) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--calib is for the module's first network, '@%s'",
                    module->first_network->name);
  }
  const sf_calibration_request request = {.files = a->calib.items,
                                          .file_count = a->calib.count,
                                          .labels = a->calib_labels,
                                          .scale = a->input_scale,
                                          .samples = a->calib_samples};
  SF_TRY(
      sf_calibration_open(&request, module, session->diag, out, out_samples));
  if (!a->json) sf_inputs_print_choices(&out->inputs);
  return SF_OK;
}
