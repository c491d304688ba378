/* inputs.c - input arrays: shapes, time, types. */
#include "tools/samples/inputs.h"

#include "support/number.h"

#include <math.h>
#include <stdio.h>
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

static sf_result refuse_shape(const sf_input *input, const char *path,
                              bool whole, sf_diag *diag) {
  char have[256], want[256];
  array_shape_text(&input->array, have, sizeof have);
  sf_type_text(&input->argument->type, want, sizeof want);
  sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
           "'%s' is %s, but argument '%%%s' is %s", sf_path_base(path), have,
           input->argument->name, want);
  if (whole) {
    sf_help(diag, "the array is taken as it is: its axes are the argument's");
  } else {
    sf_help(diag, "the array's axes are: samples, then time if it is a spike "
                  "train, then the argument's shape (or its elements, flat)");
  }
  return SF_FAIL;
}

/* The exact shape wins over a flattened one, without time over with time. */
static sf_result fit_shape(sf_input *input, const char *path, bool whole,
                           sf_diag *diag) {
  const sf_type *type = &input->argument->type;
  input->data_steps = 1;
  if (whole) {
    return tail_fits(&input->array, 0, type, true)
               ? SF_OK
               : refuse_shape(input, path, whole, diag);
  }
  for (int exact = 1; exact >= 0; exact--) {
    for (unsigned first = 1; first <= 2; first++) {
      if (!tail_fits(&input->array, first, type, exact == 1)) continue;
      input->has_time = first == 2;
      if (input->has_time) input->data_steps = input->array.dim[1];
      return SF_OK;
    }
  }
  return refuse_shape(input, path, whole, diag);
}

/* ---- Opening. ---- */

/* Bytes into an f32 input are what image files hold: they become fractions of
 * 255, as every framework's loader makes them. Other types are taken as they
 * are. */
static sf_result choose_divisor(const sf_input_request *request,
                                sf_input *input, sf_diag *diag) {
  const char *text = request->scale;
  bool is_float = input->argument->type.scalar.kind == SF_SCALAR_F32;
  bool is_bytes = input->array.type == SF_ARRAY_U8;
  input->divisor = is_float && is_bytes && !request->whole ? 255.0 : 1.0;
  if (!text) return SF_OK;
  double scale = 0;
  if (!sf_read_f64((sf_slice){text, strlen(text)}, &scale) || !(scale > 0)) {
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--input-scale takes a number above 0, got '%s'", text);
  }
  if (is_float) input->divisor = scale;
  return SF_OK;
}

void sf_inputs_print_choices(const sf_inputs *inputs) {
  for (uint32_t i = 0; i < inputs->count; i++) {
    const sf_input *input = &inputs->items[i];
    if (input->divisor == 1.0) continue;
    printf("input-scale = %g: '%%%s' is f32 and its data are %s; "
           "--input-scale 1 takes them as they are\n",
           input->divisor, input->argument->name,
           sf_array_type_text(input->array.type));
  }
}

/* By NAME=, else the first argument that has no array yet. */
static sf_input *find_input(sf_inputs *inputs, const char *text,
                            const char **path) {
  const char *equals = strchr(text, '=');
  for (uint32_t i = 0; equals && i < inputs->count; i++) {
    const char *name = inputs->items[i].argument->name;
    size_t length = strlen(name);
    if (length == (size_t)(equals - text) && strncmp(name, text, length) == 0) {
      *path = equals + 1;
      return &inputs->items[i];
    }
  }
  *path = text;
  for (uint32_t i = 0; i < inputs->count; i++)
    if (!inputs->items[i].array.data) return &inputs->items[i];
  return NULL;
}

static sf_result open_files(const sf_input_request *request, sf_diag *diag,
                            sf_inputs *inputs) {
  for (uint32_t i = 0; i < request->file_count; i++) {
    const char *path = NULL;
    sf_input *input = find_input(inputs, request->files[i], &path);
    if (!input) {
      return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "%u inputs were given, the network takes %u",
                      request->file_count, inputs->count);
    }
    sf_array_destroy(&input->array);
    SF_TRY(sf_array_read(path, diag, &input->array));
    SF_TRY(fit_shape(input, path, request->whole, diag));
    SF_TRY(choose_divisor(request, input, diag));
  }
  return SF_OK;
}

sf_result sf_inputs_create(const sf_network *network, sf_inputs *out) {
  *out = (sf_inputs){.count = network->argument_count, .samples = 1};
  out->items = calloc(out->count + 1u, sizeof *out->items);
  if (!out->items) return SF_OOM;
  for (uint32_t i = 0; i < out->count; i++) {
    out->items[i].argument = network->arguments[i];
    out->items[i].divisor = 1.0;
  }
  return SF_OK;
}

static sf_result count_samples(const sf_input_request *request,
                               const sf_network *network, sf_diag *diag,
                               sf_inputs *inputs) {
  for (uint32_t i = 0; i < inputs->count; i++) {
    const sf_input *input = &inputs->items[i];
    if (!input->array.data) {
      sf_error(diag, SF_DIAG_USAGE, network->loc, "no data for input '%%%s'",
               input->argument->name);
      sf_help(diag, "--%s %s=FILE.npy", request->option, input->argument->name);
      return SF_FAIL;
    }
    uint64_t samples = request->whole ? 1 : input->array.dim[0];
    if (i > 0 && samples != inputs->samples) {
      return sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                      "input '%%%s' has %llu samples, '%%%s' has %llu",
                      input->argument->name, (unsigned long long)samples,
                      inputs->items[0].argument->name,
                      (unsigned long long)inputs->samples);
    }
    inputs->samples = samples;
  }
  if (request->samples >= 0 && (uint64_t)request->samples < inputs->samples)
    inputs->samples = (uint64_t)request->samples;
  return SF_OK;
}

sf_result sf_inputs_open(const sf_input_request *request,
                         const sf_network *network, sf_diag *diag,
                         sf_inputs *out) {
  SF_TRY(sf_inputs_create(network, out));
  SF_TRY(open_files(request, diag, out));
  return count_samples(request, network, diag, out);
}

void sf_inputs_destroy(sf_inputs *inputs) {
  for (uint32_t i = 0; inputs->items && i < inputs->count; i++)
    sf_array_destroy(&inputs->items[i].array);
  free(inputs->items);
  *inputs = (sf_inputs){0};
}

/* ---- Elements. ---- */

static bool read_word(const sf_input *input, uint64_t index, sf_word *out) {
  const sf_array *array = &input->array;
  sf_scalar scalar = input->argument->type.scalar;
  double value = sf_array_f64(array, index);
  if (scalar.kind == SF_SCALAR_F32) {
    out->f = (float)(value / input->divisor);
    return isfinite(out->f) || !isfinite(value); /* float64 may be larger */
  }
  if (!(value >= (double)sf_scalar_min(scalar) &&
        value <= (double)sf_scalar_max(scalar))) {
    return false;
  }
  out->i = (int32_t)value;
  return (double)out->i == value;
}

sf_result sf_input_fill(const sf_input *input, uint64_t sample, uint32_t step,
                        sf_word *out, sf_diag *diag) {
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

sf_result sf_labels_read(const char *path, uint64_t samples, sf_diag *diag,
                         sf_array *out) {
  SF_TRY(sf_array_read(path, diag, out));
  if (out->elements < samples || (out->rank != 1 && out->rank != 2) ||
      out->elements != out->dim[0]) {
    return sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                    "'%s' holds %llu labels for %llu samples; it must be one "
                    "integer a sample",
                    sf_path_base(path), (unsigned long long)out->elements,
                    (unsigned long long)samples);
  }
  return SF_OK;
}
