/* runnable.c - a folder that lives as long as the run. */
#include "tools/sfc/runnable.h"

#include <stdlib.h>
#include <string.h>

/* Compiles the model into the folder, which takes its place. */
static sf_result compile_model(sfc_session *session, const sf_target *target,
                               sfc_runnable *runnable) {
  sf_calibration calibration = {0};
  const sf_samples *samples = NULL;
  sf_result result =
      sfc_calibration_open(session, &runnable->model, &calibration, &samples);
  if (result == SF_OK) {
    sfc_compile_job job = sfc_compile_job_make(
        session, &runnable->model, samples, target, runnable->folder);
    result = sfc_compile(&job, session->diag);
  }
  sf_calibration_destroy(&calibration);
  sfc_model_destroy(&runnable->model);
  return result == SF_OK
             ? sfc_model_load(session, runnable->folder, &runnable->model)
             : result;
}

static sf_result make_folder(sfc_session *session, sfc_runnable *runnable) {
  const sf_target *target =
      sf_target_find(session->arguments.target, session->diag);
  if (!target) return SF_FAIL;
  SF_TRY(sf_temporary_folder(session->diag, &runnable->temporary));
  runnable->folder = sf_path_join(runnable->temporary, "compiled");
  return runnable->folder ? compile_model(session, target, runnable) : SF_OOM;
}

static sf_result check_usage(sfc_session *session, bool is_folder) {
  const sfc_arguments *a = &session->arguments;
  if (a->target && is_folder) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "'%s' is compiled already; --target is for models",
                    a->positional);
  }
  if (!a->target && (a->machine || a->passes || a->calib.count > 0)) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--machine, --passes and --calib need --target");
  }
  return SF_OK;
}

sf_result sfc_runnable_open(sfc_session *session, sfc_runnable *out) {
  const sfc_arguments *a = &session->arguments;
  *out = (sfc_runnable){0};
  SF_TRY(sfc_model_load(session, a->positional, &out->model));
  SF_TRY(check_usage(session, out->model.is_folder));
  if (a->target) return make_folder(session, out);
  if (!out->model.is_folder) return SF_OK;
  out->folder = strdup(a->positional);
  return out->folder ? SF_OK : SF_OOM;
}

void sfc_runnable_destroy(sfc_runnable *runnable) {
  sfc_model_destroy(&runnable->model);
  if (runnable->temporary) sf_remove_tree(runnable->temporary);
  free(runnable->temporary);
  free(runnable->folder);
  *runnable = (sfc_runnable){0};
}
