/* verb_check.c - `sfc check MODEL [--target T]`: fits or not, everything that
 * stands in the way, and how full the machine is. Without a target: for all of
 * them. */
#include "tools/sfc/artefact.h"
#include "tools/sfc/utilization.h"

#include <string.h>

/* What does not fit, and what would: the module is as the pass left it that
 * found so. */
static sf_result show_violations(sfc_session *session, const sf_module *module,
                                 const sfc_model *model,
                                 const sf_machine *machine, json_t *row) {
  const char *name = model->network->name;
  const sf_network *network =
      sf_module_find_network(module, (sf_slice){name, strlen(name)});
  if (!network || !machine || session->last_error != SF_DIAG_CAPACITY)
    return SF_OK;
  sf_check_report report;
  sf_result result = sf_mapping_check(network, machine, session->diag, &report);
  if (result == SF_OK && row) {
    json_object_set_new(row, "violations", sfc_violations_json(&report));
    json_object_set_new(row, "utilization", sfc_utilization_json(&report));
  } else if (result == SF_OK) {
    sfc_violations_print(&report);
    sfc_utilization_print(&report, machine);
  }
  sf_check_report_destroy(&report);
  return result;
}

/* Lowers a fresh copy of the model and asks the target. */
static sf_result check_target(sfc_session *session, const sfc_model *model,
                              const sf_samples *samples,
                              const sf_target *target, json_t *row) {
  const sfc_arguments *a = &session->arguments;
  sfc_compile_job job = {.network = model->network->name,
                         .source = a->positional,
                         .target = target,
                         .machine_name =
                             target->default_machine ? a->machine : NULL,
                         .passes = a->passes,
                         .slices = a->slices,
                         .threads = sfc_threads(session),
                         .samples = samples};
  sf_emit_job emit;
  sf_machine *machine = NULL;
  sf_result result = sf_module_clone(model->import.module, &job.module);
  if (result == SF_OK) result = sfc_lower(&job, session->diag, &machine, &emit);
  if (result == SF_OK) result = target->check(&emit);
  sf_check_report report = {0};
  if (result == SF_OK && machine)
    result = sf_mapping_check(emit.network, machine, session->diag, &report);
  if (result == SF_OK && row) {
    json_object_set_new(row, "utilization", sfc_utilization_json(&report));
    json_object_set_new(row, "lag", json_integer(emit.network->lag));
  } else if (result == SF_OK) {
    printf("%s: fits, lag %lld\n", target->name, (long long)emit.network->lag);
    sfc_utilization_print(&report, machine);
  }
  if (result == SF_FAIL && !row) {
    bool fits_not = sf_diag_id_class(session->last_error) == SF_CLASS_FIT;
    printf("%s: %s\n", target->name,
           fits_not ? "does not fit" : "cannot be compiled");
  }
  if (result == SF_FAIL && job.module &&
      show_violations(session, job.module, model, machine, row) == SF_OOM)
    result = SF_OOM;
  sf_check_report_destroy(&report);
  sf_machine_destroy(machine);
  sf_module_destroy(job.module);
  return result;
}

static sf_result check_one(sfc_session *session, const sfc_model *model,
                           const sf_samples *samples, const sf_target *target,
                           json_t *rows) {
  json_t *row = rows ? json_object() : NULL;
  sf_result result = check_target(session, model, samples, target, row);
  if (row) {
    json_object_set_new(row, "target", json_string(target->name));
    json_object_set_new(row, "fits", json_boolean(result == SF_OK));
    json_array_append_new(rows, row);
  }
  return result;
}

static sf_result check_loaded(sfc_session *session, const sfc_model *model,
                              const sf_samples *samples, json_t *rows) {
  const char *name = session->arguments.target;
  if (name) {
    const sf_target *target = sf_target_find(name, session->diag);
    return target ? check_one(session, model, samples, target, rows) : SF_FAIL;
  }
  const sfc_arguments *a = &session->arguments;
  if (a->machine || a->passes || a->slices) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--machine, --passes and --slices need --target");
  }
  sf_result worst = SF_OK;
  for (size_t i = 0; i < sf_target_count(); i++) {
    const sf_target *target = sf_target_at(i, session->diag);
    if (!target) return SF_FAIL;
    sf_result result = check_one(session, model, samples, target, rows);
    if (result == SF_OOM) return result;
    if (result != SF_OK) worst = result;
  }
  return worst;
}

sf_result sfc_verb_check(sfc_session *session) {
  sfc_model model;
  json_t *rows = session->arguments.json ? json_array() : NULL;
  sf_result result =
      sfc_model_load(session, session->arguments.positional, &model);
  sf_calibration calibration = {0};
  const sf_samples *samples = NULL;
  if (result == SF_OK && !rows) sfc_print_choices(&model);
  if (result == SF_OK)
    result = sfc_calibration_open(session, &model, &calibration, &samples);
  if (result == SF_OK) result = check_loaded(session, &model, samples, rows);
  sf_calibration_destroy(&calibration);
  sfc_model_destroy(&model);
  if (rows) sfc_print_json(json_pack("{s:o}", "targets", rows));
  if (result == SF_OK && session->arguments.target) {
    sfc_print_next(session, "sfc compile %s --target %s -o out",
                   session->arguments.positional, session->arguments.target);
  }
  return result;
}
