/* calibration.c - rows of samples, as they lie in the file where that is f32.
 */
#include "tools/samples/calibration.h"

#include <math.h>
#include <stdlib.h>

/* f32 data that nothing scales are read where they are: image sets are large.
 */
static bool is_as_it_lies(const sf_input *input) {
  return input->argument->type.scalar.kind == SF_SCALAR_F32 &&
         input->array.type == SF_ARRAY_F32 && input->divisor == 1.0 &&
         (uintptr_t)input->array.data % _Alignof(sf_word) == 0;
}

static sf_result convert_rows(const sf_input *input, uint64_t samples,
                              uint32_t steps, sf_diag *diag, sf_word **out) {
  size_t elements = sf_type_elements(&input->argument->type);
  /* All are bounded by the file: no product overflows. */
  sf_word *rows = malloc((size_t)samples * steps * elements * sizeof *rows + 1);
  if (!rows) return SF_OOM;
  *out = rows;
  for (uint64_t i = 0; i < samples; i++)
    for (uint32_t t = 0; t < steps; t++)
      SF_TRY(
          sf_input_fill(input, i, t, rows + (i * steps + t) * elements, diag));
  return SF_OK;
}

/* One value that is no number would make every range that it reaches none. */
static sf_result check_finite(const sf_calibration *calibration, uint32_t index,
                              sf_diag *diag) {
  const sf_value *argument = calibration->inputs.items[index].argument;
  if (argument->type.scalar.kind != SF_SCALAR_F32) return SF_OK;
  uint32_t steps = calibration->samples.steps;
  uint64_t size = sf_type_elements(&argument->type) * (steps ? steps : 1);
  uint64_t count = calibration->inputs.samples * size;
  const sf_word *words = calibration->rows[index];
  for (uint64_t i = 0; i < count; i++)
    if (!isfinite(words[i].f))
      return sf_error(diag, SF_DIAG_CALIBRATION, argument->loc,
                      "calibration sample %llu of '%%%s' holds %g, which is no "
                      "finite number",
                      (unsigned long long)(i / size), argument->name,
                      (double)words[i].f);
  return SF_OK;
}

static sf_result fill_argument(sf_calibration *calibration, uint32_t index,
                               sf_diag *diag) {
  const sf_input *input = &calibration->inputs.items[index];
  if (is_as_it_lies(input)) {
    calibration->rows[index] = input->array.data;
    return SF_OK;
  }
  uint32_t steps = calibration->samples.steps;
  SF_TRY(convert_rows(input, calibration->inputs.samples, steps ? steps : 1,
                      diag, &calibration->owned[index]));
  calibration->rows[index] = calibration->owned[index];
  return SF_OK;
}

enum { STEPS_MAX = 1 << 24 };

/* Steps of spike trains, which all inputs must have; 0: one tensor a sample. */
static sf_result find_steps(const sf_inputs *inputs, sf_diag *diag,
                            uint32_t *out) {
  const sf_input *first = &inputs->items[0];
  for (uint32_t i = 1; i < inputs->count; i++) {
    const sf_input *input = &inputs->items[i];
    if (input->has_time == first->has_time &&
        input->data_steps == first->data_steps)
      continue;
    return sf_error(
        diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
        "calibration samples of '%%%s' have %llu steps, those of "
        "'%%%s' have %llu",
        first->argument->name, (unsigned long long)first->data_steps,
        input->argument->name, (unsigned long long)input->data_steps);
  }
  if (first->data_steps > STEPS_MAX) {
    return sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                    "calibration samples have %llu steps, at most %d are taken",
                    (unsigned long long)first->data_steps, STEPS_MAX);
  }
  *out = first->has_time ? (uint32_t)first->data_steps : 0;
  return SF_OK;
}

static sf_result fill_labels(sf_calibration *calibration, const char *path,
                             sf_diag *diag) {
  uint64_t samples = calibration->inputs.samples;
  calibration->labels = malloc(samples * sizeof *calibration->labels + 1);
  if (!calibration->labels) return SF_OOM;
  sf_array array = {0};
  sf_result result = sf_labels_read(path, samples, diag, &array);
  for (uint64_t i = 0; i < samples && result == SF_OK; i++) {
    int64_t label = sf_array_i64(&array, i);
    if (label < 0 || label > INT32_MAX) {
      result =
          sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                   "label %llu of '%s' is %lld, which is no class",
                   (unsigned long long)i, sf_path_base(path), (long long)label);
    }
    calibration->labels[i] = (int32_t)label;
  }
  sf_array_destroy(&array);
  return result;
}

static sf_result open_inputs(const sf_calibration_request *request,
                             const sf_network *network, sf_diag *diag,
                             sf_inputs *out) {
  const sf_input_request inputs = {.files = request->files,
                                   .file_count = request->file_count,
                                   .scale = request->scale,
                                   .samples = request->samples < 0
                                                  ? SF_CALIBRATION_SAMPLES
                                                  : request->samples,
                                   .option = "calib"};
  SF_TRY(sf_inputs_open(&inputs, network, diag, out));
  if (network->argument_count > 0 && out->samples > 0) return SF_OK;
  return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                  "--calib gives no samples to network '@%s'", network->name);
}

sf_result sf_calibration_open(const sf_calibration_request *request,
                              const sf_module *module, sf_diag *diag,
                              sf_calibration *out,
                              const sf_samples **out_samples) {
  *out = (sf_calibration){0};
  *out_samples = NULL;
  if (request->file_count == 0) {
    if (!request->labels && request->samples < 0) return SF_OK;
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--calib-labels and --calib-samples need --calib");
  }
  const sf_network *network = module->first_network;
  if (!network) {
    return sf_error(diag, SF_DIAG_NAME, module->loc,
                    "module '@%s' has no network", module->name);
  }
  SF_TRY(open_inputs(request, network, diag, &out->inputs));
  uint32_t count = out->inputs.count;
  out->rows = calloc(count, sizeof *out->rows);
  out->owned = calloc(count, sizeof *out->owned);
  if (!out->rows || !out->owned) return SF_OOM;
  SF_TRY(find_steps(&out->inputs, diag, &out->samples.steps));
  for (uint32_t i = 0; i < count; i++) {
    SF_TRY(fill_argument(out, i, diag));
    SF_TRY(check_finite(out, i, diag));
  }
  if (request->labels) SF_TRY(fill_labels(out, request->labels, diag));
  out->samples = (sf_samples){.size = sizeof out->samples,
                              .steps = out->samples.steps,
                              .argument_count = count,
                              .count = out->inputs.samples,
                              .arguments = out->rows,
                              .labels = out->labels};
  *out_samples = &out->samples;
  return SF_OK;
}

void sf_calibration_destroy(sf_calibration *calibration) {
  for (uint32_t i = 0; calibration->owned && i < calibration->inputs.count; i++)
    free(calibration->owned[i]);
  free(calibration->owned);
  free(calibration->rows);
  free(calibration->labels);
  sf_inputs_destroy(&calibration->inputs);
  *calibration = (sf_calibration){0};
}
