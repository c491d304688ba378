/* verb_verify.c - `sfc verify DIR`: the artefact against its IR, bit for bit,
 * and the certificates again by sf-check, which knows nothing of the IR. */
#include "support/process.h"
#include "tools/sfc/artefact.h"
#include "tools/sfc/report.h"

#include <stdlib.h>
#include <string.h>

enum { RANDOM_SAMPLES = 8 };

/* What sf-check found becomes our finding: its text is already a diagnostic. */
static sf_result check_certificates(sfc_session *session, const char *folder) {
  char *program = sf_program_find("sf-check");
  if (!program) {
    return sf_error(session->diag, SF_DIAG_HELPER, SF_NO_LOC,
                    "sf-check is not beside sfc nor in PATH");
  }
  const char *arguments[] = {program, folder, NULL};
  sf_process_options options = {
      .arguments = arguments, .output_limit = 1 << 20, .timeout_seconds = 600};
  sf_process_result run = {0};
  sf_result result = sf_process_run(&options, session->diag, &run);
  if (result == SF_OK && run.exit_code != 0) {
    fputs(run.errors ? run.errors : "", stderr);
    sf_diag_id id = run.exit_code == 4   ? SF_DIAG_CERTIFICATE
                    : run.exit_code == 1 ? SF_DIAG_ARTEFACT
                                         : SF_DIAG_HELPER;
    result =
        sf_error(session->diag, id, SF_NO_LOC,
                 "sf-check refuses '%s' (exit code %d)", folder, run.exit_code);
  }
  sf_process_result_destroy(&run);
  free(program);
  return result;
}

/* What the manifest says of time must be what the IR says: a host goes by it.
 */
static sf_result check_manifest(sfc_session *session, const sfc_model *model) {
  const sf_network *network = model->network;
  sfc_manifest manifest;
  SF_TRY(sfc_manifest_open(session->arguments.positional, session->diag,
                           &manifest));
  json_t *expected = sfc_manifest_network(network);
  json_t *stated = json_object_get(manifest.json, "timing");
  sf_result result = expected ? SF_OK : SF_OOM;
  if (expected && !json_equal(expected, stated)) {
    result =
        sf_error(session->diag, SF_DIAG_MISMATCH, SF_NO_LOC,
                 "manifest.json: network, lag, steps, period or starts are "
                 "not those of '@%s' in ir/model.sf",
                 network->name);
  }
  json_decref(expected);
  if (result == SF_OK) {
    result = sfc_manifest_check_files(&manifest, session->arguments.positional,
                                      session->diag);
  }
  sfc_manifest_close(&manifest);
  return result;
}

static sf_result compare(sfc_session *session, const sfc_model *model,
                         const sfc_dataset *dataset) {
  sfc_difference difference = {0};
  sf_counts counts = {0};
  sfc_artefact_run run = {.directory = session->arguments.positional,
                          .model = model,
                          .dataset = dataset,
                          .counts = &counts,
                          .difference = &difference};
  sf_result result = sfc_artefact_run_all(session, &run);
  if (result == SF_OK)
    result = sfc_difference_report(&difference, session->diag);
  if (result == SF_OK && session->arguments.json) {
    sfc_print_json(json_pack(
        "{s:b,s:I,s:I,s:I,s:I,s:o}", "identical", difference.tolerated == 0,
        "tolerated", (json_int_t)difference.tolerated, "samples",
        (json_int_t)dataset->samples, "compared", (json_int_t)difference.words,
        "lag", (json_int_t)model->network->lag, "counts",
        sfc_counts_json(&counts)));
  } else if (result == SF_OK) {
    printf("%s: %llu values of %llu samples, %u steps each, lag %lld\n",
           difference.tolerated ? "equal" : "identical",
           (unsigned long long)difference.words,
           (unsigned long long)dataset->samples,
           dataset->steps + (uint32_t)model->network->lag,
           (long long)model->network->lag);
    if (difference.tolerated > 0) {
      printf("%llu f32 values have other bits, within %g of the value or %g of "
             "the largest\n",
             (unsigned long long)difference.tolerated, SFC_RELATIVE,
             SFC_ABSOLUTE);
    }
  }
  free(counts.populations);
  return result;
}

static sf_result verify_loaded(sfc_session *session, const sfc_model *model) {
  if (!model->is_folder) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "'%s' is not a compiled folder",
                    session->arguments.positional);
  }
  SF_TRY(check_certificates(session, session->arguments.positional));
  SF_TRY(check_manifest(session, model));
  sfc_dataset dataset = {0};
  int64_t samples = session->arguments.samples;
  sf_result result =
      session->arguments.inputs.count > 0
          ? sfc_dataset_open(session, model->network, &dataset)
          : sfc_dataset_random(session, model->network,
                               samples > 0 ? (uint64_t)samples : RANDOM_SAMPLES,
                               &dataset);
  if (result == SF_OK) result = compare(session, model, &dataset);
  sfc_dataset_destroy(&dataset);
  return result;
}

sf_result sfc_verb_verify(sfc_session *session) {
  sfc_model model;
  sf_result result =
      sfc_model_load(session, session->arguments.positional, &model);
  if (result == SF_OK) result = verify_loaded(session, &model);
  sfc_model_destroy(&model);
  return result;
}
