/* dataset.c - input arrays: shapes, time, types. */
#include "tools/sfc/dataset.h"

#include "support/hash.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>

/* ---- Shapes. ---- */

static void array_shape_text(const sf_array *array, char *out, size_t size) {
  size_t used =
      (size_t)snprintf(out, size, "%s[", sf_array_type_text(array->type));
  for (unsigned i = 0; i < array->rank && used < size; i++) {
    used += (size_t)snprintf(out + used, size - used, "%s%llu", i ? ", " : "",
                             (unsigned long long)array->dim[i]);
  }
  if (used < size) snprintf(out + used, size - used, "]");
}

/* Whether the dimensions from `first` on are the tensor, in its shape or as any
 * shape with as many elements. `exact` asks for the shape itself. */
static bool tail_fits(const sf_array *array, unsigned first,
                      const sf_type *type, bool exact) {
  if (array->rank < first) return false;
  if (!exact) {
    uint64_t elements = 1;
    for (unsigned i = first; i < array->rank; i++)
      elements *= array->dim[i];
    return elements == sf_type_elements(type);
  }
  if (array->rank - first != type->rank) return false;
  for (unsigned i = first; i < array->rank; i++)
    if (array->dim[i] != (uint64_t)type->dim[i - first]) return false;
  return true;
}

/* The exact shape wins over a flattened one, without time over with time. */
static sf_result fit_shape(sfc_input *input, const char *path, sf_diag *diag) {
  const sf_type *type = &input->argument->type;
  for (int exact = 1; exact >= 0; exact--) {
    for (unsigned first = 1; first <= 2; first++) {
      if (!tail_fits(&input->array, first, type, exact == 1)) continue;
      input->has_time = first == 2;
      input->data_steps = first == 2 ? input->array.dim[1] : 1;
      return SF_OK;
    }
  }
  char have[256], want[256];
  array_shape_text(&input->array, have, sizeof have);
  sf_type_text(type, want, sizeof want);
  sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
           "'%s' is %s, but argument '%%%s' is %s", sf_path_base(path), have,
           input->argument->name, want);
  sf_help(diag, "the array's axes are: samples, then time if it is a spike "
                "train, then the argument's shape (or its elements, flat)");
  return SF_FAIL;
}

/* ---- Opening. ---- */

/* Bytes into an f32 input are what image files hold: they become fractions of
 * 255, as every framework's loader makes them. Other types are taken as they
 * are. */
static sf_result choose_divisor(sfc_session *session, sfc_input *input) {
  const char *text = session->arguments.input_scale;
  bool is_float = input->argument->type.scalar.kind == SF_SCALAR_F32;
  bool is_bytes = input->array.type == SF_ARRAY_U8;
  input->divisor = is_float && is_bytes ? 255.0 : 1.0;
  if (!text) return SF_OK;
  double scale = 0;
  if (!sf_read_f64((sf_slice){text, strlen(text)}, &scale) || !(scale > 0)) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--input-scale takes a number above 0, got '%s'", text);
  }
  if (is_float) input->divisor = scale;
  return SF_OK;
}

void sfc_dataset_print_choices(const sfc_dataset *dataset) {
  for (uint32_t i = 0; i < dataset->input_count; i++) {
    const sfc_input *input = &dataset->inputs[i];
    if (input->divisor == 1.0) continue;
    printf("input-scale = %g: '%%%s' is f32 and its data are %s; "
           "--input-scale 1 takes them as they are\n",
           input->divisor, input->argument->name,
           sf_array_type_text(input->array.type));
  }
}

static sfc_input *find_input(sfc_dataset *dataset, const char *text,
                             const char **path) {
  const char *equals = strchr(text, '=');
  for (uint32_t i = 0; equals && i < dataset->input_count; i++) {
    const char *name = dataset->inputs[i].argument->name;
    size_t length = strlen(name);
    if (length == (size_t)(equals - text) && strncmp(name, text, length) == 0) {
      *path = equals + 1;
      return &dataset->inputs[i];
    }
  }
  *path = text;
  for (uint32_t i = 0; i < dataset->input_count; i++)
    if (!dataset->inputs[i].array.data) return &dataset->inputs[i];
  return NULL;
}

static sf_result open_inputs(sfc_session *session, sfc_dataset *dataset) {
  const sfc_list *texts = &session->arguments.inputs;
  for (uint32_t i = 0; i < texts->count; i++) {
    const char *path = NULL;
    sfc_input *input = find_input(dataset, texts->items[i], &path);
    if (!input) {
      return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "%u inputs were given, the network takes %u",
                      texts->count, dataset->input_count);
    }
    sf_array_destroy(&input->array);
    SF_TRY(sf_array_read(path, session->diag, &input->array));
    SF_TRY(fit_shape(input, path, session->diag));
    SF_TRY(choose_divisor(session, input));
  }
  return SF_OK;
}

static sf_result create_inputs(const sf_network *network,
                               sfc_dataset *dataset) {
  dataset->input_count = network->argument_count;
  size_t count = dataset->input_count ? dataset->input_count : 1;
  dataset->inputs = calloc(count, sizeof *dataset->inputs);
  if (!dataset->inputs) return SF_OOM;
  for (uint32_t i = 0; i < dataset->input_count; i++) {
    dataset->inputs[i].argument = network->arguments[i];
    dataset->inputs[i].divisor = 1.0;
  }
  return SF_OK;
}

/* Steps of a sample: --steps, else the length of the spike trains, else the
 * network's own `steps`. */
static sf_result choose_steps(sfc_session *session, const sf_network *network,
                              sfc_dataset *dataset) {
  int64_t steps = session->arguments.steps;
  for (uint32_t i = 0; steps < 0 && i < dataset->input_count; i++)
    if (dataset->inputs[i].has_time)
      steps = (int64_t)dataset->inputs[i].data_steps;
  if (steps < 0) steps = network->steps;
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
  *out = (sfc_dataset){0};
  SF_TRY(create_inputs(network, out));
  SF_TRY(open_inputs(session, out));
  for (uint32_t i = 0; i < out->input_count; i++) {
    const sfc_input *input = &out->inputs[i];
    if (!input->array.data) {
      sf_error(session->diag, SF_DIAG_USAGE, network->loc,
               "no data for input '%%%s'", input->argument->name);
      sf_help(session->diag, "--input %s=FILE.npy", input->argument->name);
      return SF_FAIL;
    }
    uint64_t samples = input->array.dim[0];
    if (i > 0 && samples != out->samples) {
      return sf_error(session->diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                      "input '%%%s' has %llu samples, '%%%s' has %llu",
                      input->argument->name, (unsigned long long)samples,
                      out->inputs[0].argument->name,
                      (unsigned long long)out->samples);
    }
    out->samples = samples;
  }
  if (out->input_count == 0) out->samples = 1;
  int64_t wanted = session->arguments.samples;
  if (wanted >= 0 && (uint64_t)wanted < out->samples)
    out->samples = (uint64_t)wanted;
  return choose_steps(session, network, out);
}

/* ---- Random samples. ---- */

static sf_result fill_random(sfc_input *input, uint64_t samples, uint32_t steps,
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
  SF_TRY(create_inputs(network, out));
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
  for (uint32_t i = 0; i < out->input_count; i++)
    SF_TRY(fill_random(&out->inputs[i], samples, out->steps, &random));
  return SF_OK;
}

void sfc_dataset_destroy(sfc_dataset *dataset) {
  for (uint32_t i = 0; dataset->inputs && i < dataset->input_count; i++)
    sf_array_destroy(&dataset->inputs[i].array);
  free(dataset->inputs);
  *dataset = (sfc_dataset){0};
}

/* ---- One sample. ---- */

sf_result sfc_sample_create(const sfc_dataset *dataset, sf_series **out) {
  size_t words = 1;
  for (uint32_t i = 0; i < dataset->input_count; i++) {
    words += sf_type_elements(&dataset->inputs[i].argument->type) *
             (size_t)dataset->steps;
  }
  size_t head = (dataset->input_count + 1) * sizeof(sf_series);
  char *block = malloc(head + words * sizeof(sf_word));
  if (!block) return SF_OOM;
  sf_series *series = (sf_series *)(void *)block;
  sf_word *next = (sf_word *)(void *)(block + head);
  for (uint32_t i = 0; i < dataset->input_count; i++) {
    const sf_value *argument = dataset->inputs[i].argument;
    series[i] =
        (sf_series){argument->name, argument->type, dataset->steps, next};
    next += sf_type_elements(&argument->type) * (size_t)dataset->steps;
  }
  *out = series;
  return SF_OK;
}

void sfc_sample_destroy(sf_series *sample) { free(sample); }

static bool read_word(const sfc_input *input, uint64_t index, sf_word *out) {
  const sf_array *array = &input->array;
  sf_scalar scalar = input->argument->type.scalar;
  if (scalar.kind == SF_SCALAR_F32) {
    out->f = (float)(sf_array_f64(array, index) / input->divisor);
    return true;
  }
  double value = sf_array_f64(array, index);
  if (!(value >= (double)sf_scalar_min(scalar) &&
        value <= (double)sf_scalar_max(scalar))) {
    return false;
  }
  out->i = (int32_t)value;
  return (double)out->i == value;
}

static sf_result fill_step(const sfc_input *input, uint64_t sample,
                           uint32_t step, sf_word *out, sf_diag *diag) {
  size_t elements = sf_type_elements(&input->argument->type);
  if (input->has_time && step >= input->data_steps) {
    memset(out, 0, elements * sizeof *out);
    return SF_OK;
  }
  uint64_t first =
      (sample * input->data_steps + (input->has_time ? step : 0)) * elements;
  for (size_t i = 0; i < elements; i++) {
    if (read_word(input, first + i, &out[i])) continue;
    char want[64];
    sf_scalar_text(input->argument->type.scalar, want, sizeof want);
    return sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                    "input '%%%s' is %s, but sample %llu, step %u, element %zu "
                    "is %g",
                    input->argument->name, want, (unsigned long long)sample,
                    step, i, sf_array_f64(&input->array, first + i));
  }
  return SF_OK;
}

sf_result sfc_sample_fill(const sfc_dataset *dataset, uint64_t index,
                          sf_series *sample, sf_diag *diag) {
  for (uint32_t i = 0; i < dataset->input_count; i++) {
    const sfc_input *input = &dataset->inputs[i];
    size_t elements = sf_type_elements(&input->argument->type);
    for (uint32_t t = 0; t < dataset->steps; t++) {
      sf_word *out = sample[i].data + (size_t)t * elements;
      if (t > 0 && !input->has_time) /* constant: the first step again */
        memcpy(out, sample[i].data, elements * sizeof *out);
      else
        SF_TRY(fill_step(input, index, t, out, diag));
    }
  }
  return SF_OK;
}
