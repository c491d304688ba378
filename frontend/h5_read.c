/* h5_read.c - runs the helper sf-h5dump and says what went wrong with it. */
#include "frontend/h5_tree.h"

#include "support/file.h"
#include "support/process.h"

#include <stdlib.h>
#include <string.h>

enum { HELPER_SECONDS = 120 };

/* The stream repeats paths and headers beside the data. */
#define ANSWER_MAX ((size_t)SF_H5_DATA_MAX + ((size_t)128 << 20))

static void cut_line(char *text) { text[strcspn(text, "\r\n")] = '\0'; }

/* Why the helper gave no answer, with the user's file in front. */
static sf_result explain(const char *name, const sf_process_result *result,
                         sf_diag *diag) {
  sf_loc loc = {.file = name};
  if (result->errors) cut_line(result->errors);
  const char *reason =
      result->errors && *result->errors ? result->errors : NULL;
  if (result->timed_out) {
    return sf_error(diag, SF_DIAG_HELPER, loc,
                    "reading '%s' took sf-h5dump more than %d seconds", name,
                    HELPER_SECONDS);
  }
  if (result->too_long) {
    return sf_error(diag, SF_DIAG_FILE_LIMIT, loc,
                    "'%s' holds more than %llu bytes of data", name,
                    (unsigned long long)SF_H5_DATA_MAX);
  }
  if (result->exit_code == SF_H5_EXIT_REFUSED && reason) {
    return sf_error(diag, SF_DIAG_FILE_FORMAT, loc, "cannot read '%s': %s",
                    name, reason);
  }
  if (result->exit_code < 0) {
    sf_error(diag, SF_DIAG_HELPER, loc,
             "sf-h5dump was killed by signal %d while reading '%s'",
             -result->exit_code, name);
    sf_help(diag, "the file is probably damaged in a way that libhdf5 does not "
                  "survive; write it again");
    return SF_FAIL;
  }
  return sf_error(diag, SF_DIAG_HELPER, loc,
                  "sf-h5dump ended with code %d while reading '%s'%s%s",
                  result->exit_code, name, reason ? ": " : "",
                  reason ? reason : "");
}

static sf_result run_helper(const char *program, const char *path,
                            const char *name, sf_diag *diag, sf_h5_tree *out) {
  const char *arguments[] = {program, path, NULL};
  sf_process_options options = {.arguments = arguments,
                                .output_limit = ANSWER_MAX,
                                .timeout_seconds = HELPER_SECONDS};
  sf_process_result answer = {0};
  SF_TRY(sf_process_run(&options, diag, &answer));
  sf_result result = SF_OK;
  char *stream = NULL;
  if (answer.exit_code != 0 || answer.timed_out || answer.too_long) {
    result = explain(name, &answer, diag);
  } else {
    stream = answer.output;
    answer.output = NULL;
    result = sf_h5_tree_parse(stream, answer.output_size, name, diag, out);
    out->stream = stream;
  }
  sf_process_result_destroy(&answer);
  return result;
}

sf_result sf_h5_tree_read(const char *path, sf_diag *diag, sf_h5_tree *out) {
  *out = (sf_h5_tree){0};
  const char *name = sf_path_base(path);
  char *program = sf_program_find("sf-h5dump");
  if (!program) {
    sf_error(diag, SF_DIAG_HELPER, (sf_loc){.file = name},
             "cannot read '%s': the helper sf-h5dump is missing", name);
    sf_help(diag, "it belongs beside this program, or in PATH; install "
                  "SpikeFormer again");
    return SF_FAIL;
  }
  sf_result result = run_helper(program, path, name, diag, out);
  free(program);
  return result;
}
