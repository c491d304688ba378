/* verb_compile.c - `sfc compile MODEL --target T -o DIR`, `sfc import`. */
#include "tools/sfc/artefact.h"
#include "tools/sfc/lists.h"
#include "tools/sfc/log.h"

#include <string.h>

static json_t *choices_json(const sf_import *import) {
  json_t *rows = json_array();
  for (uint32_t i = 0; i < import->choice_count; i++) {
    const sf_choice *c = &import->choices[i];
    json_array_append_new(rows,
                          json_pack("{s:s,s:s,s:s}", "name", c->name, "value",
                                    c->value, "reason", c->reason));
  }
  return rows;
}

static sf_result import_loaded(sfc_session *session, const sfc_model *model) {
  const char *output = session->arguments.output;
  sf_print_options options = {.locations = session->arguments.locations};
  if (output) {
    SF_TRY(
        sf_write_module(model->import.module, output, &options, session->diag));
  } else if (!session->arguments.json) {
    char *text = NULL;
    SF_TRY(sf_print(model->import.module, &options, &text));
    fputs(text, stdout);
    free(text);
    return SF_OK;
  }
  if (session->arguments.json) {
    sfc_print_json(json_pack("{s:s?,s:o}", "output", output, "choices",
                             choices_json(&model->import)));
    return SF_OK;
  }
  sfc_print_choices(model);
  printf("wrote %s\n", output);
  sfc_print_next(session, "sfc check %s", output);
  return SF_OK;
}

sf_result sfc_verb_import(sfc_session *session) {
  if (session->arguments.list_ops) {
    sfc_list_operators(session->arguments.json);
    return SF_OK;
  }
  const char *path = session->arguments.positional;
  size_t length = path ? strlen(path) : 0;
  bool text = length > 3 && strcmp(path + length - 3, ".sf") == 0;
  if (!text) SF_TRY(sfc_model_keep(session));
  sfc_model model;
  sf_result result = sfc_model_load(session, path, &model);
  if (result == SF_OK) result = import_loaded(session, &model);
  sfc_model_destroy(&model);
  return result;
}

static sf_result compile_loaded(sfc_session *session, const sfc_model *model,
                                const sf_samples *samples) {
  const sfc_arguments *a = &session->arguments;
  if (!a->target || !a->output) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "sfc compile needs --target T and -o DIR");
  }
  const sf_target *target = sf_target_find(a->target, session->diag);
  if (!target) return SF_FAIL;
  sfc_compile_job job =
      sfc_compile_job_make(session, model, samples, target, a->output);
  if (!a->json) sfc_print_choices(model);
  SF_TRY(sfc_compile(&job, session->diag));
  if (a->json) {
    sfc_print_json(json_pack("{s:s,s:s,s:o,s:o}", "output", a->output, "target",
                             target->name, "choices",
                             choices_json(&model->import), "log",
                             sfc_log_json(model->import.module)));
    return SF_OK;
  }
  sfc_log_print(model->import.module);
  printf("wrote %s\n", a->output);
  sfc_print_next(session, "sfc verify %s", a->output);
  return SF_OK;
}

sf_result sfc_verb_compile(sfc_session *session) {
  sfc_model model;
  sf_result result =
      sfc_model_load(session, session->arguments.positional, &model);
  sf_calibration calibration = {0};
  const sf_samples *samples = NULL;
  if (result == SF_OK)
    result = sfc_calibration_open(session, &model, &calibration, &samples);
  if (result == SF_OK) result = compile_loaded(session, &model, samples);
  sf_calibration_destroy(&calibration);
  sfc_model_destroy(&model);
  return result;
}
