/* options.c - the reader's options. */
#include "frontend/onnx/model.h"

#include "support/number.h"

#include <math.h>
#include <string.h>

const sf_reader_option sf_onnx_option_table[] = {
    {"batch", "auto",
     "auto: a first axis of 1 or without a number is the batch, and left out; "
     "none: arrays as the model has them"},
    {"dim", NULL, "NAME=N: extent of an axis that the model only names"},
    {"state", "auto",
     "auto: inputs and outputs named alike, as v and v_next, with thresholds "
     "between them become states of neurons; none: they stay; IN=OUT: these "
     "two, may be repeated"},
    {"state-start", NULL, "IN=V: value of that state in step 0 (0)"},
    {NULL, NULL, NULL}};

static sf_result read_batch(const sf_import_option *word, sf_diag *diag,
                            onnx_options *out) {
  const char *text = word->value ? word->value : "";
  if (strcmp(text, "auto") == 0)
    out->batch = ONNX_BATCH_AUTO;
  else if (strcmp(text, "none") == 0)
    out->batch = ONNX_BATCH_NONE;
  else
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--batch must be auto or none, got '%s'", text);
  return SF_OK;
}

static sf_result read_dim(const sf_import_option *word, sf_diag *diag,
                          onnx_options *out) {
  const char *text = word->value ? word->value : "";
  const char *equals = strrchr(text, '=');
  int64_t extent;
  if (!equals || equals == text ||
      !sf_read_i64(sf_slice_of(equals + 1), &extent) || extent < 1 ||
      extent > INT32_MAX)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--dim must be NAME=N with N from 1 on, got '%s'", text);
  if (out->dim_count == ONNX_DIMS_MAX)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "more than %d --dim",
                    (int)ONNX_DIMS_MAX);
  out->dims[out->dim_count++] = (struct onnx_dim){
      .name = {text, (size_t)(equals - text)}, .extent = extent};
  return SF_OK;
}

static bool split(const char *text, sf_slice *name, sf_slice *value) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || !equals[1]) return false;
  *name = (sf_slice){text, (size_t)(equals - text)};
  *value = sf_slice_of(equals + 1);
  return true;
}

static sf_result read_state(const sf_import_option *word, sf_diag *diag,
                            onnx_options *out) {
  const char *text = word->value ? word->value : "";
  out->states_stay = strcmp(text, "none") == 0;
  if (out->states_stay || strcmp(text, "auto") == 0) return SF_OK;
  if (out->state_count == ONNX_STATES_MAX)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "more than %d --state",
                    (int)ONNX_STATES_MAX);
  struct onnx_state_word *state = &out->states[out->state_count];
  if (!split(text, &state->argument, &state->result))
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--state must be auto, none or IN=OUT, got '%s'", text);
  out->state_count++;
  return SF_OK;
}

static sf_result read_start(const sf_import_option *word, sf_diag *diag,
                            onnx_options *out) {
  const char *text = word->value ? word->value : "";
  if (out->start_count == ONNX_STATES_MAX)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "more than %d --state-start", (int)ONNX_STATES_MAX);
  struct onnx_start_word *start = &out->starts[out->start_count];
  sf_slice value;
  if (!split(text, &start->argument, &value) ||
      !sf_read_f32(value, &start->value) || !isfinite(start->value))
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--state-start must be IN=V with a number V, got '%s'",
                    text);
  out->start_count++;
  return SF_OK;
}

static sf_result read_word(const sf_import_option *word, sf_diag *diag,
                           onnx_options *out) {
  if (strcmp(word->name, "batch") == 0) return read_batch(word, diag, out);
  if (strcmp(word->name, "dim") == 0) return read_dim(word, diag, out);
  if (strcmp(word->name, "state") == 0) return read_state(word, diag, out);
  if (strcmp(word->name, "state-start") == 0)
    return read_start(word, diag, out);
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "the onnx reader has no option '%s'",
           word->name);
  for (const sf_reader_option *o = sf_onnx_option_table; o->name; o++)
    sf_note(diag, SF_NO_LOC, "it has --%s: %s", o->name, o->doc);
  return SF_FAIL;
}

sf_result sf_onnx_options_read(const sf_import_option *words, uint32_t count,
                               sf_diag *diag, onnx_options *out) {
  *out = (onnx_options){.batch = ONNX_BATCH_AUTO};
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < count; i++)
    if (read_word(&words[i], diag, out) != SF_OK) result = SF_FAIL;
  /* Arrays that have the model's shapes are the model's arrays, too. */
  out->states_stay |= out->batch == ONNX_BATCH_NONE;
  return result;
}
