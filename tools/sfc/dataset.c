/* dataset.c - a data set: inputs, steps, random samples. */
#include "tools/sfc/dataset.h"

#include "support/hash.h"

#include <stdlib.h>
#include <string.h>

/* What a network without state gives is the same in every step. */
static bool has_state(const sf_network *network) {
  SF_FOREACH_OP(op, network) {
    bool stateless = op->neuron && sf_neuron_is_stateless(op->neuron);
    if (sf_op_is(op, SF_TRAIT_STATE) && !stateless) return true;
  }
  return false;
}

/* Steps of a sample: --steps, else the length of the spike trains, else the
 * network's own `steps`, else one where there is no state. */
static sf_result choose_steps(sfc_session *session, const sf_network *network,
                              sfc_dataset *dataset) {
  int64_t steps = session->arguments.steps;
  for (uint32_t i = 0; steps < 0 && i < dataset->inputs.count; i++)
    if (dataset->inputs.items[i].has_time)
      steps = (int64_t)dataset->inputs.items[i].data_steps;
  if (steps < 0) steps = network->steps;
  if (steps < 0 && !has_state(network)) steps = 1;
  if (steps < 1 || steps > 1 << 24) {
    sf_error(session->diag, SF_DIAG_USAGE, network->loc,
             "how many steps is a sample? network '@%s' does not say",
             network->name);
    sf_help(session->diag, "give --steps N");
    return SF_FAIL;
  }
  dataset->steps = (uint32_t)steps;
  return SF_OK;
}

sf_result sfc_dataset_open(sfc_session *session, const sf_network *network,
                           sfc_dataset *out) {
  const sfc_arguments *a = &session->arguments;
  *out = (sfc_dataset){0};
  const sf_input_request request = {.files = a->inputs.items,
                                    .file_count = a->inputs.count,
                                    .scale = a->input_scale,
                                    .samples = a->samples,
                                    .whole = a->no_batch,
                                    .option = "input"};
  SF_TRY(sf_inputs_open(&request, network, session->diag, &out->inputs));
  out->samples = out->inputs.samples;
  return choose_steps(session, network, out);
}

/* ---- Random samples. ---- */

static sf_result fill_random(sf_input *input, uint64_t samples, uint32_t steps,
                             sf_random *random) {
  size_t elements = sf_type_elements(&input->argument->type);
  uint64_t total = samples * steps * elements;
  if (elements && total / elements != samples * steps) return SF_OOM;
  sf_word *words = malloc(total * sizeof *words + 1);
  if (!words) return SF_OOM;
  sf_scalar scalar = input->argument->type.scalar;
  bool is_float = scalar.kind == SF_SCALAR_F32;
  for (uint64_t i = 0; i < total; i++) {
    double unit = sf_random_unit(random);
    if (is_float) {
      words[i].f = (float)unit;
    } else if (scalar.kind == SF_SCALAR_SPIKE) {
      words[i].i = unit < 0.3;
    } else { /* mostly silent, small values of either sign */
      int64_t high = sf_scalar_max(scalar) < 15 ? sf_scalar_max(scalar) : 15;
      words[i].i = unit < 0.7 ? 0
                              : (int32_t)(sf_random_below(random, 2 * 15 + 1) %
                                          (uint32_t)(2 * high + 1)) -
                                    (int32_t)high;
    }
  }
  input->array = (sf_array){.type = is_float ? SF_ARRAY_F32 : SF_ARRAY_I32,
                            .rank = 3,
                            .dim = {samples, steps, elements},
                            .elements = total,
                            .data = words,
                            .owned = words};
  input->has_time = true;
  input->data_steps = steps;
  return SF_OK;
}

sf_result sfc_dataset_random(sfc_session *session, const sf_network *network,
                             uint64_t samples, sfc_dataset *out) {
  *out = (sfc_dataset){.samples = samples};
  SF_TRY(sf_inputs_create(network, &out->inputs));
  int64_t steps = session->arguments.steps;
  if (steps < 1) steps = network->steps > 0 ? network->steps : 20;
  if (steps > 1 << 20) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "%lld steps are too many for random inputs; give --steps",
                    (long long)steps);
  }
  out->steps = (uint32_t)steps;
  int64_t seed = session->arguments.seed;
  sf_random random = sf_random_seeded(seed < 0 ? 1 : (uint64_t)seed);
  for (uint32_t i = 0; i < out->inputs.count; i++)
    SF_TRY(fill_random(&out->inputs.items[i], samples, out->steps, &random));
  return SF_OK;
}

void sfc_dataset_destroy(sfc_dataset *dataset) {
  sf_inputs_destroy(&dataset->inputs);
  *dataset = (sfc_dataset){0};
}

/* ---- One sample. ---- */

sf_result sfc_sample_create(const sfc_dataset *dataset, sf_series **out) {
  size_t words = 1;
  for (uint32_t i = 0; i < dataset->inputs.count; i++) {
    words += sf_type_elements(&dataset->inputs.items[i].argument->type) *
             (size_t)dataset->steps;
  }
  size_t head = (dataset->inputs.count + 1) * sizeof(sf_series);
  char *block = malloc(head + words * sizeof(sf_word));
  if (!block) return SF_OOM;
  sf_series *series = (sf_series *)(void *)block;
  sf_word *next = (sf_word *)(void *)(block + head);
  for (uint32_t i = 0; i < dataset->inputs.count; i++) {
    const sf_value *argument = dataset->inputs.items[i].argument;
    series[i] =
        (sf_series){argument->name, argument->type, dataset->steps, next};
    next += sf_type_elements(&argument->type) * (size_t)dataset->steps;
  }
  *out = series;
  return SF_OK;
}

void sfc_sample_destroy(sf_series *sample) { free(sample); }

sf_result sfc_sample_fill(const sfc_dataset *dataset, uint64_t index,
                          sf_series *sample, sf_diag *diag) {
  for (uint32_t i = 0; i < dataset->inputs.count; i++) {
    const sf_input *input = &dataset->inputs.items[i];
    size_t elements = sf_type_elements(&input->argument->type);
    for (uint32_t t = 0; t < dataset->steps; t++) {
      sf_word *out = sample[i].data + (size_t)t * elements;
      if (t > 0 && !input->has_time) /* constant: the first step again */
        memcpy(out, sample[i].data, elements * sizeof *out);
      else
        SF_TRY(sf_input_fill(input, index, t, out, diag));
    }
  }
  return SF_OK;
}
