/* Helper programs under limits, tasks on threads, progress. */
#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Runs a shell script. */
static sf_process_result run_script(sf_process_options options,
                                    const char *script) {
  const char *arguments[] = {"sh", "-c", script, NULL};
  options.arguments = arguments;
  sf_process_result result;
  assert_int_equal(sf_process_run(&options, NULL, &result), SF_OK);
  return result;
}

static void output_errors_and_exit_code_come_back(void **state) {
  (void)state;
  sf_process_result r =
      run_script((sf_process_options){0}, "echo out; echo problem >&2; exit 3");
  assert_int_equal(r.exit_code, 3);
  assert_string_equal(r.output, "out\n");
  assert_int_equal(r.output_size, 4);
  assert_string_equal(r.errors, "problem\n");
  assert_false(r.timed_out || r.too_long);
  sf_process_result_destroy(&r);
}

/* More than a pipe holds, in both directions at once. */
static void large_input_comes_back_whole(void **state) {
  (void)state;
  enum { SIZE = 1 << 20 };
  char *input = malloc(SIZE);
  for (int i = 0; i < SIZE; i++)
    input[i] = (char)(i * 7 % 251);
  sf_process_result r = run_script(
      (sf_process_options){.input = input, .input_size = SIZE}, "cat");
  assert_int_equal(r.exit_code, 0);
  assert_int_equal(r.output_size, SIZE);
  assert_memory_equal(r.output, input, SIZE);
  sf_process_result_destroy(&r);
  /* A program that does not read does not kill us with SIGPIPE. */
  r = run_script((sf_process_options){.input = input, .input_size = SIZE},
                 "exit 0");
  assert_int_equal(r.exit_code, 0);
  sf_process_result_destroy(&r);
  free(input);
}

static void no_input_is_an_end_of_file(void **state) {
  (void)state;
  sf_process_result r = run_script((sf_process_options){0}, "cat; echo done");
  assert_string_equal(r.output, "done\n");
  sf_process_result_destroy(&r);
}

static void a_signal_is_a_negative_exit_code(void **state) {
  (void)state;
  sf_process_result r = run_script((sf_process_options){0}, "kill -SEGV $$");
  assert_int_equal(r.exit_code, -SIGSEGV);
  sf_process_result_destroy(&r);
}

static void the_time_limit_ends_the_whole_group(void **state) {
  (void)state;
  double started = seconds_now();
  sf_process_result r = run_script((sf_process_options){.timeout_seconds = 1},
                                   "echo first; sleep 30 & sleep 30");
  assert_true(r.timed_out);
  assert_int_equal(r.exit_code, -SIGKILL);
  assert_string_equal(r.output, "first\n");
  assert_true(seconds_now() - started < 10);
  sf_process_result_destroy(&r);
}

/* What a program leaves behind holds the pipe; it must not hold us. */
static void a_child_left_behind_does_not_hang(void **state) {
  (void)state;
  double started = seconds_now();
  sf_process_result r =
      run_script((sf_process_options){0}, "sleep 30 & echo done");
  assert_int_equal(r.exit_code, 0);
  assert_string_equal(r.output, "done\n");
  assert_true(seconds_now() - started < 10);
  sf_process_result_destroy(&r);
}

static void too_much_output_ends_it(void **state) {
  (void)state;
  sf_process_result r =
      run_script((sf_process_options){.output_limit = 1000}, "cat /dev/zero");
  assert_true(r.too_long);
  assert_int_equal(r.output_size, 1000);
  sf_process_result_destroy(&r);
  r = run_script((sf_process_options){.output_limit = 4}, "printf 1234");
  assert_false(r.too_long);
  assert_string_equal(r.output, "1234");
  sf_process_result_destroy(&r);
  /* Errors are cut, and do not end it. */
  r = run_script((sf_process_options){0},
                 "head -c 200000 /dev/zero | tr '\\0' e >&2; echo ok");
  assert_int_equal(strlen(r.errors), 64 * 1024);
  assert_string_equal(r.output, "ok\n");
  sf_process_result_destroy(&r);
}

static void the_memory_limit_holds(void **state) {
  (void)state;
  sf_process_result r =
      run_script((sf_process_options){.memory_limit = 512u << 20}, "ulimit -v");
  assert_string_equal(r.output, "524288\n");
  sf_process_result_destroy(&r);
}

static void the_directory_is_used(void **state) {
  (void)state;
  sf_process_result r =
      run_script((sf_process_options){.directory = "/"}, "pwd");
  assert_string_equal(r.output, "/\n");
  sf_process_result_destroy(&r);
}

static void keep_id(void *data, const sf_diag_record *record) {
  *(sf_diag_id *)data = record->id;
}

static void a_missing_program_is_an_error_of_the_system(void **state) {
  (void)state;
  const char *arguments[] = {"sf-no-such-program", NULL};
  sf_process_options options = {.arguments = arguments};
  sf_process_result result;
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_diag_id id = SF_DIAG_COUNT;
  sf_diag_listen(diag, keep_id, &id);
  assert_int_equal(sf_process_run(&options, diag, &result), SF_FAIL);
  assert_int_equal(id, SF_DIAG_HELPER);
  assert_int_equal(sf_diag_exit_code(diag), SF_CLASS_SYSTEM);
  options.directory = "/no/such/folder";
  arguments[0] = "true";
  assert_int_equal(sf_process_run(&options, diag, &result), SF_FAIL);
  assert_int_equal(sf_diag_errors(diag), 2);
  sf_diag_destroy(diag);
}

static void programs_are_found_beside_us_and_in_path(void **state) {
  (void)state;
  char *found = sf_program_find("sh");
  assert_non_null(found);
  assert_int_equal(access(found, X_OK), 0);
  free(found);
  found = sf_program_find("test_support_process"); /* this executable */
  assert_non_null(found);
  assert_int_equal(found[0], '/');
  free(found);
  assert_null(sf_program_find("sf-no-such-program"));
  assert_null(sf_program_find("/etc/passwd"));
}

/* ---- threads ---- */

typedef struct tasks {
  int done[1000];
  size_t fail_from; /* tasks from here on fail, or run out of memory */
} tasks;

static sf_result mark(void *data, size_t index) {
  tasks *t = data;
  t->done[index]++;
  if (index == t->fail_from) return SF_OOM;
  return index > t->fail_from ? SF_FAIL : SF_OK;
}

static void tasks_run_once_each_on_any_number_of_threads(void **state) {
  (void)state;
  for (unsigned threads = 0; threads <= 8; threads++) {
    tasks t = {.fail_from = SIZE_MAX};
    assert_int_equal(sf_parallel(threads, 1000, mark, &t), SF_OK);
    for (int i = 0; i < 1000; i++)
      assert_int_equal(t.done[i], 1);
  }
  assert_int_equal(sf_parallel(4, 0, mark, NULL), SF_OK);
  assert_true(sf_processor_count() >= 1);
}

static void the_failure_of_the_lowest_index_is_returned(void **state) {
  (void)state;
  for (unsigned threads = 1; threads <= 8; threads++) {
    tasks t = {.fail_from = 500};
    assert_int_equal(sf_parallel(threads, 1000, mark, &t), SF_OOM);
    for (int i = 0; i < 1000; i++)
      assert_int_equal(t.done[i], 1);
  }
}

/* Standard error is a file here: nothing is printed. */
static void progress_is_silent_without_a_terminal(void **state) {
  (void)state;
  FILE *file = tmpfile();
  int before = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  sf_progress progress = sf_progress_start("images", 10);
  for (int i = 0; i < 10; i++)
    sf_progress_add(&progress, 1);
  sf_progress_end(&progress);
  fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  assert_int_equal(progress.done, 10);
  fseek(file, 0, SEEK_END);
  assert_int_equal(ftell(file), 0);
  fclose(file);
}

static void progress_draws_a_bar_on_a_terminal(void **state) {
  (void)state;
  int ours, theirs, before = dup(STDERR_FILENO);
  assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
  setenv("TERM", "xterm", 1);
  dup2(theirs, STDERR_FILENO);
  sf_progress progress = sf_progress_start("images", 4);
  progress.last_ns -= 1000000000; /* as if a second had passed */
  sf_progress_add(&progress, 1);
  sf_progress_end(&progress);
  dup2(before, STDERR_FILENO);
  close(before);
  char text[256] = {0};
  assert_true(read(ours, text, sizeof text - 1) > 0);
  assert_non_null(strstr(text, "images [#######......................."));
  assert_non_null(strstr(text, " 25%"));
  close(ours);
  close(theirs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_errors_and_exit_code_come_back),
      cmocka_unit_test(large_input_comes_back_whole),
      cmocka_unit_test(no_input_is_an_end_of_file),
      cmocka_unit_test(a_signal_is_a_negative_exit_code),
      cmocka_unit_test(the_time_limit_ends_the_whole_group),
      cmocka_unit_test(a_child_left_behind_does_not_hang),
      cmocka_unit_test(too_much_output_ends_it),
      cmocka_unit_test(the_memory_limit_holds),
      cmocka_unit_test(the_directory_is_used),
      cmocka_unit_test(a_missing_program_is_an_error_of_the_system),
      cmocka_unit_test(programs_are_found_beside_us_and_in_path),
      cmocka_unit_test(tasks_run_once_each_on_any_number_of_threads),
      cmocka_unit_test(the_failure_of_the_lowest_index_is_returned),
      cmocka_unit_test(progress_is_silent_without_a_terminal),
      cmocka_unit_test(progress_draws_a_bar_on_a_terminal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
