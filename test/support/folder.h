/* folder.h - temporary folders and helper programs of unit tests. */
#ifndef SF_TEST_FOLDER_H
#define SF_TEST_FOLDER_H

#include "support/file.h"
#include "support/process.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

/* A new empty folder below TMPDIR, or /tmp; malloc'ed. The test fails when
 * there is none. */
static inline char *test_folder_create(void) {
  char *folder = NULL;
  assert_int_equal(sf_temporary_folder(NULL, &folder), SF_OK);
  return folder;
}

/* Removes it with all that it holds, and frees its name. NULL: nothing. */
static inline void test_folder_destroy(char *folder) {
  if (!folder) return;
  sf_remove_tree(folder);
  free(folder);
}

/* Runs argv in `directory` (NULL: here); argv[0] stands beside the test or in
 * PATH, or holds a '/'. The output is malloc'ed, and the test fails unless the
 * program ends with 0. */
static inline char *test_program_run(const char *const *argv,
                                     const char *directory, sf_diag *diag) {
  char *program =
      strchr(argv[0], '/') ? strdup(argv[0]) : sf_program_find(argv[0]);
  if (!program) fail_msg("%s is not installed", argv[0]);
  const char *arguments[32] = {program};
  for (unsigned i = 1; argv[i]; i++) {
    assert_true(i + 1 < SF_COUNT_OF(arguments));
    arguments[i] = argv[i];
  }
  sf_process_options options = {.arguments = arguments,
                                .directory = directory,
                                .output_limit = 1u << 20,
                                .timeout_seconds = 120};
  sf_process_result result;
  assert_int_equal(sf_process_run(&options, diag, &result), SF_OK);
  if (result.exit_code != 0)
    fail_msg("%s ended with %d: %s%s", argv[0], result.exit_code, result.output,
             result.errors);
  char *output = strdup(result.output ? result.output : "");
  sf_process_result_destroy(&result);
  free(program);
  return output;
}

#endif
