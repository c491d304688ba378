/* compile.c - pipeline, check, emission, manifest: a folder that appears whole.
 */
#include "support/file.h"
#include "tools/sfc/artefact.h"

#include <stdlib.h>
#include <string.h>

sfc_compile_job sfc_compile_job_make(const sfc_session *session,
                                     const sfc_model *model,
                                     const sf_samples *samples,
                                     const sf_target *target,
                                     const char *directory) {
  const sfc_arguments *a = &session->arguments;
  return (sfc_compile_job){.module = model->import.module,
                           .network = model->network->name,
                           .source = sf_path_base(a->positional),
                           .target = target,
                           .machine_name = a->machine,
                           .passes = a->passes,
                           .slices = a->slices,
                           .directory = directory,
                           .isa = a->isa,
                           .threads = sfc_threads(session),
                           .samples = samples};
}

/* ---- Lowering. ---- */

/* A network that nobody has made spike yet: f32 ops and not one population. */
static bool is_analog(const sf_network *network) {
  bool found = false;
  SF_FOREACH_OP(op, network) {
    if (sf_op_is(op, SF_TRAIT_STATE)) return false;
    found = found || sf_op_is(op, SF_TRAIT_ANALOG) ||
            (sf_op_is(op, SF_TRAIT_PROJECTION) &&
             op->results[0]->type.scalar.kind == SF_SCALAR_F32);
  }
  return found;
}

/* Populations that work on f32, as those of trained spiking networks do. */
static bool spikes_in_f32(const sf_network *network) {
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS || sf_op_int(op, SF_ATTR_on) != SF_ON_CHIP)
      continue;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *value = sf_op_operand(op, i);
      if (value && value->type.scalar.kind == SF_SCALAR_F32) return true;
    }
  }
  return false;
}

/* Analog networks are converted and f32 ones that spike made integer where the
 * target needs it, and where samples to do it well are given. *out is
 * malloc'ed. */
static sf_result choose_passes(const sfc_compile_job *job, char **out) {
  const sf_network *network = sf_module_find_network(
      job->module, (sf_slice){job->network, strlen(job->network)});
  bool wanted =
      !job->passes && network && (job->samples || !job->target->takes_analog);
  const char *before = "";
  if (wanted && is_analog(network)) before = "@convert,";
  if (wanted && spikes_in_f32(network)) before = "@quantize,";
  const char *text = job->passes ? job->passes : job->target->pipeline;
  size_t size = strlen(before) + strlen(text) + 1;
  *out = malloc(size);
  if (!*out) return SF_OOM;
  snprintf(*out, size, "%s%s", before, text);
  return SF_OK;
}

static sf_result run_passes(const sfc_compile_job *job, const char *text,
                            const sf_machine *machine, sf_diag *diag) {
  sf_registry *registry = sf_registry_create();
  if (!registry) return SF_OOM;
  sf_pipeline *pipeline = NULL;
  sf_result result = sf_pipeline_parse(registry, text, diag, &pipeline);
  if (result == SF_OK && job->slices)
    result = sf_pipeline_set_option(pipeline, "partition", "slices",
                                    job->slices, diag);
  if (result == SF_OK) {
    sf_pipeline_options options = {.machine = machine,
                                   .threads = job->threads,
                                   .out = stderr,
                                   .samples = job->samples};
    result = sf_pipeline_run(pipeline, job->module, &options, diag);
  }
  sf_pipeline_destroy(pipeline);
  sf_registry_destroy(registry);
  return result;
}

static sf_result run_pipeline(const sfc_compile_job *job,
                              const sf_machine *machine, sf_diag *diag) {
  char *text = NULL;
  SF_TRY(choose_passes(job, &text));
  sf_result result = run_passes(job, text, machine, diag);
  free(text);
  return result;
}

sf_result sfc_lower(const sfc_compile_job *job, sf_diag *diag,
                    sf_machine **out_machine, sf_emit_job *out) {
  const char *name =
      job->machine_name ? job->machine_name : job->target->default_machine;
  if (job->machine_name && !job->target->default_machine) {
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "target '%s' takes no --machine", job->target->name);
  }
  *out_machine = NULL;
  if (name) SF_TRY(sf_machine_load(name, diag, out_machine));
  SF_TRY(run_pipeline(job, *out_machine, diag));
  sf_network *network = sf_module_find_network(
      job->module, (sf_slice){job->network, strlen(job->network)});
  if (!network) {
    return sf_error(diag, SF_DIAG_NAME, SF_NO_LOC,
                    "network '@%s' is gone after the pipeline", job->network);
  }
  *out = (sf_emit_job){.size = sizeof *out,
                       .module = job->module,
                       .network = network,
                       .mapping = sf_module_find_mapping(job->module, network),
                       .machine = *out_machine,
                       .isa = job->isa,
                       .threads = job->threads,
                       .diag = diag};
  return SF_OK;
}

/* ---- Emission. ---- */

static sf_result write_ir(const sf_module *module, const char *directory,
                          sf_diag *diag) {
  char *folder = sf_path_join(directory, "ir");
  char *path = sf_path_join(directory, "ir/model.sf");
  sf_result result = folder && path ? sf_make_directory(folder, diag) : SF_OOM;
  if (result == SF_OK) result = sf_write_module(module, path, NULL, diag);
  free(folder);
  free(path);
  return result;
}

static sf_result fill_folder(const sfc_compile_job *job, sf_emit_job *emit,
                             const char *directory) {
  emit->directory = directory;
  SF_TRY(job->target->emit(emit));
  SF_TRY(write_ir(emit->module, directory, emit->diag));
  return sfc_manifest_write(job, emit, directory);
}

sf_result sfc_compile(const sfc_compile_job *job, sf_diag *diag) {
  sf_emit_job emit;
  sf_machine *machine = NULL;
  sf_result result = sfc_lower(job, diag, &machine, &emit);
  if (result == SF_OK) result = job->target->check(&emit);
  sf_folder folder = {0};
  if (result == SF_OK) result = sf_folder_begin(job->directory, diag, &folder);
  if (result == SF_OK) {
    result = fill_folder(job, &emit, folder.path);
    if (result == SF_OK)
      result = sf_folder_publish(&folder, diag);
    else
      sf_folder_discard(&folder);
  }
  sf_machine_destroy(machine);
  return result;
}
