/* options.c - the reader's options. */
#include "frontend/onnx/model.h"

#include "support/number.h"

#include <string.h>

const sf_reader_option sf_onnx_option_table[] = {
    {"batch", "auto",
     "auto: a first axis of 1 or without a number is the batch, and left out; "
     "none: arrays as the model has them"},
    {"dim", NULL, "NAME=N: extent of an axis that the model only names"},
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

static sf_result read_word(const sf_import_option *word, sf_diag *diag,
                           onnx_options *out) {
  if (strcmp(word->name, "batch") == 0) return read_batch(word, diag, out);
  if (strcmp(word->name, "dim") == 0) return read_dim(word, diag, out);
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
  return result;
}
