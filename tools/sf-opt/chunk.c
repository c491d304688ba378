/* chunk.c - one module: parse, run the passes, print. */
#include "support/buffer.h"
#include "support/file.h"
#include "tools/samples/calibration.h"
#include "tools/sf-opt/sf_opt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ` --option 'text'` for a shell; a quote in the text ends and reopens it. */
static void add_argument(sf_buffer *out, const char *option, const char *text) {
  if (!text) return;
  sf_buffer_printf(out, " %s '", option);
  for (; *text; text++)
    if (*text == '\'')
      sf_buffer_text(out, "'\\''");
    else
      sf_buffer_char(out, *text);
  sf_buffer_char(out, '\'');
}

/* What gave the samples, for the reproducer. */
static sf_result calibration_arguments(const sf_opt_options *o,
                                       sf_buffer *out) {
  for (uint32_t i = 0; i < o->calib.count; i++)
    add_argument(out, "--calib", o->calib.items[i]);
  add_argument(out, "--calib-labels", o->calib_labels);
  add_argument(out, "--input-scale", o->input_scale);
  if (o->calib_samples != SF_OPT_NOT_GIVEN)
    sf_buffer_printf(out, " --calib-samples %" PRIu64, o->calib_samples);
  sf_buffer_char(out, '\0');
  return out->failed ? SF_OOM : SF_OK;
}

static sf_result run_passes(const sf_opt_job *job, sf_module *module,
                            const sf_samples *samples, const char *arguments,
                            sf_diag *diag) {
  const sf_opt_options *o = job->options;
  if (!o->passes) return SF_OK;
  sf_pipeline *pipeline = NULL;
  SF_TRY(sf_pipeline_parse(job->registry, o->passes, diag, &pipeline));
  sf_pipeline_options options = {.machine = job->machine,
                                 .threads = (uint32_t)o->threads,
                                 .verify_each = o->verify_each,
                                 .check_exact = (uint32_t)o->check_exact,
                                 .seed = o->seed,
                                 .print_before = o->print_before,
                                 .print_after = o->print_after,
                                 .print_diff = o->print_diff,
                                 .time_passes = o->time_passes,
                                 .stats = o->stats,
                                 .json = o->json,
                                 .reproducer = o->reproducer,
                                 .out = stderr,
                                 .plugins = o->plugins.items,
                                 .plugin_count = o->plugins.count,
                                 .samples = samples,
                                 .more_arguments = arguments};
  sf_result result = sf_pipeline_run(pipeline, module, &options, diag);
  sf_pipeline_destroy(pipeline);
  return result;
}

static sf_result run_with_samples(const sf_opt_job *job, sf_module *module,
                                  sf_diag *diag) {
  const sf_opt_options *o = job->options;
  const sf_calibration_request request = {.files = o->calib.items,
                                          .file_count = o->calib.count,
                                          .labels = o->calib_labels,
                                          .scale = o->input_scale,
                                          .samples = (int64_t)o->calib_samples};
  sf_calibration calibration;
  const sf_samples *samples = NULL;
  sf_result result =
      sf_calibration_open(&request, module, diag, &calibration, &samples);
  sf_buffer arguments = {0};
  if (result == SF_OK) result = calibration_arguments(o, &arguments);
  if (result == SF_OK)
    result = run_passes(job, module, samples, arguments.data, diag);
  sf_buffer_destroy(&arguments);
  sf_calibration_destroy(&calibration);
  return result;
}

static sf_result print_module(const sf_opt_job *job, const sf_module *module,
                              sf_diag *diag, FILE *out) {
  const sf_opt_options *o = job->options;
  sf_print_options options = {.locations = o->print_locs};
  if (o->output) return sf_write_module(module, o->output, &options, diag);
  char *text = NULL;
  SF_TRY(sf_print(module, &options, &text));
  sf_result result = SF_OK;
  if (out && (fputs(text, out) == EOF || fflush(out) == EOF)) {
    result = sf_error(diag, SF_DIAG_FILE_WRITE, SF_NO_LOC,
                      "cannot write to standard output");
  }
  free(text);
  return result;
}

sf_result sf_opt_run_chunk(const sf_opt_job *job, sf_slice text, sf_diag *diag,
                           FILE *out) {
  sf_module *module = NULL;
  SF_TRY(sf_parse(text, job->file, diag, &module));
  sf_result result = run_with_samples(job, module, diag);
  if (result == SF_OK) result = print_module(job, module, diag, out);
  sf_module_destroy(module);
  return result;
}
