/* input.c - f32 arguments in steps: the coarsest step that keeps every value of
 * the samples, if one of few enough levels does, else the finest. */
#include "passes/quantize_neurons/quantize_neurons.h"

#include "ir/arith.h"
#include "ir/names.h"

#include <math.h>

/* Values of argument `index` over all samples and their steps. */
static uint64_t value_count(const sf_neurons_job *job, uint32_t index) {
  const sf_samples *samples = job->run->samples;
  uint64_t steps = samples->steps ? samples->steps : 1;
  return job->samples * steps *
         sf_type_elements(&job->network->arguments[index]->type);
}

/* Are all values multiples of `step`, to a thousandth of it? */
static bool keeps_all(const sf_word *values, uint64_t count, double step) {
  for (uint64_t i = 0; i < count; i++) {
    double levels = (double)values[i].f / step;
    if (fabs(levels - round(levels)) > 1e-3) return false;
  }
  return true;
}

static sf_result choose_step(const sf_neurons_job *job, uint32_t index,
                             int32_t *low, int32_t *high, float *step) {
  int64_t levels = job->options->input_levels - 1;
  *low = (int32_t)-levels;
  *high = (int32_t)levels;
  *step = (float)job->options->input_step;
  if (*step > 0) return SF_OK;
  const sf_value *argument = job->network->arguments[index];
  if (!job->samples) {
    sf_error(job->run->diag, SF_DIAG_CALIBRATION, argument->loc,
             "'%%%s' is f32 and comes in no known steps", argument->name);
    sf_help(job->run->diag,
            "samples say them: --calib X.npy; or quantize-neurons{input-step="
            "1} for events, 0.003921569 for pixels");
    return SF_FAIL;
  }
  const sf_word *values = job->run->samples->arguments[index];
  uint64_t count = value_count(job, index);
  double least = 0, most = 0;
  for (uint64_t i = 0; i < count; i++) {
    least = fmin(least, (double)values[i].f);
    most = fmax(most, (double)values[i].f);
  }
  double size = fmax(most, -least);
  if (least == 0) *low = 0;
  if (most == 0) *high = 0;
  *step = size > 0 ? (float)(size / (double)levels) : 1.0f;
  for (int64_t n = 1; n < levels && size > 0; n++) {
    if (!keeps_all(values, count, size / (double)n)) continue;
    *step = (float)(size / (double)n);
    *low = *low ? (int32_t)-n : 0;
    *high = *high ? (int32_t)n : 0;
    break;
  }
  return SF_OK;
}

static void set_param(sf_op *op, sf_slice name, sf_number number) {
  sf_argument *argument = sf_op_argument(op, name);
  if (argument) sf_argument_set_number(argument, number);
}

sf_result sf_encode_argument(sf_neurons_job *job, uint32_t index,
                             sf_value **integer, double *scale) {
  sf_value *argument = job->network->arguments[index];
  if (job->encoded[index]) {
    *integer = job->encoded[index];
    *scale = job->input_scale[index];
    return SF_OK;
  }
  int32_t low, high;
  float step;
  SF_TRY(choose_step(job, index, &low, &high, &step));
  sf_scalar emit = sf_int_holding(low, high);
  sf_neuron *function = sf_library_use_as(
      job->run->module, sf_slice_of("quant_input"), emit, job->run->diag);
  if (!function) return SF_FAIL;
  sf_op *op = sf_op_create(job->network, job->network->first, SF_OP_NEURONS, 1,
                           argument->loc);
  if (!op) return SF_OOM;
  SF_TRY(sf_op_set_neuron(op, function));
  sf_op_set_operand(op, 0, argument);
  set_param(op, sf_slice_of("s"), sf_number_float(step));
  set_param(op, sf_slice_of("low"), sf_number_int(low));
  set_param(op, sf_slice_of("high"), sf_number_int(high));
  SF_TRY(sf_op_set_int(op, SF_ATTR_on, SF_ON_HOST));
  sf_type type = argument->type;
  type.scalar = emit;
  const char *name = sf_arena_printf(job->run->scratch, "%s.q", argument->name);
  job->encoded[index] = name ? sf_op_add_result(op, name, &type) : NULL;
  if (!job->encoded[index]) return SF_OOM;
  job->input_scale[index] = (double)step;
  *integer = job->encoded[index];
  *scale = (double)step;
  return SF_OK;
}
