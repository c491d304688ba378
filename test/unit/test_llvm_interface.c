/* The promises of what the CPU target emits: nothing undefined, the same bytes
 * twice, a header that is valid C11 and C++17, the same outputs on every level
 * and on AArch64, no write outside the caller's memory, errors by number. */
#include "test/support/llvm_compile.h"
#include "test/support/random_network.h"

#define HARNESS SF_TEST_SOURCE "/test/support/llvm/net_harness.c"

enum { SEED = 11 };

static compiled *create(const char *isa) {
  compiled *c = calloc(1, sizeof *c);
  char *text = net_text(SEED);
  compile_network(c, text, isa);
  free(text);
  return c;
}

static int create_native(void **state) {
  *state = create(NULL);
  return 0;
}

static int destroy(void **state) {
  compiled_destroy(*state);
  free(*state);
  return 0;
}

static void nothing_is_undefined(void **state) {
  const char *const object[] = {"llvm-nm-19", "-u", "net.o", NULL};
  const char *const library[] = {"llvm-nm-19", "-uD", "libnet.so", NULL};
  const char *const writable[] = {"llvm-nm-19", "net.o", NULL};
  char *text = run_in_artefact(*state, object);
  assert_string_equal(text, "");
  free(text);
  text = run_in_artefact(*state, library);
  assert_string_equal(text, "");
  free(text);
  text = run_in_artefact(*state, writable);
  assert_non_null(strstr(text, " T net_step"));
  assert_null(strstr(text, " B ")); /* no variables */
  assert_null(strstr(text, " b "));
  assert_null(strstr(text, " D "));
  free(text);
}

static char *read_file(compiled *c, const char *name, size_t *size) {
  char *path = sf_path_join(c->directory, name), *bytes;
  assert_int_equal(sf_file_read(path, 0, c->diag, &bytes, size), SF_OK);
  free(path);
  return bytes;
}

static void the_same_bytes_twice(void **state) {
  static const char *const files[] = {"cpu/net.o", "cpu/libnet.a",
                                      "cpu/libnet.so", "cpu/net.h",
                                      "cpu/metadata.json"};
  compiled *first = *state, *second = create(NULL);
  for (unsigned i = 0; i < SF_COUNT_OF(files); i++) {
    size_t a_size, b_size;
    char *a = read_file(first, files[i], &a_size);
    char *b = read_file(second, files[i], &b_size);
    assert_int_equal(a_size, b_size);
    assert_memory_equal(a, b, a_size);
    free(a);
    free(b);
  }
  compiled_destroy(second);
  free(second);
}

/* Builds the harness against the archive and runs it; its output. */
static char *run_harness(compiled *c, const char *level) {
  const char *const build[] = {
      "clang-19",     "-std=c11", "-Wall", "-Wextra", "-Wpedantic",
      "-Wconversion", "-Werror",  "-I.",   HARNESS,   "libnet.a",
      "-o",           "harness",  NULL};
  free(run_in_artefact(c, build));
  char *directory = sf_path_join(c->directory, "cpu");
  char *program = sf_path_join(directory, "harness");
  const char *arguments[] = {program, level, NULL};
  sf_process_options options = {.arguments = arguments,
                                .directory = directory,
                                .output_limit = 1u << 20,
                                .timeout_seconds = 60};
  sf_process_result result;
  assert_int_equal(sf_process_run(&options, c->diag, &result), SF_OK);
  if (result.exit_code != 0) fail_msg("harness: %s", result.errors);
  char *output = strdup(result.output);
  sf_process_result_destroy(&result);
  free(program);
  free(directory);
  return output;
}

static void header_is_cxx_17(void **state) {
  const char *const build[] = {
      "clang++-19",    "-x",         "c++",     "-std=c++17",      "-Wall",
      "-Wextra",       "-Wpedantic", "-Werror", "-Wno-deprecated", "-I.",
      "-fsyntax-only", "net.h",      NULL};
  const char *const gcc[] = {
      "gcc",        "-x",      "c",   "-std=c11",      "-Wall", "-Wextra",
      "-Wpedantic", "-Werror", "-I.", "-fsyntax-only", "net.h", NULL};
  free(run_in_artefact(*state, build));
  free(run_in_artefact(*state, gcc));
}

static void levels_agree(void **state) {
  char *automatic = run_harness(*state, "0");
  char *v2 = run_harness(*state, "2");
  assert_int_not_equal(strlen(v2), 0);
  assert_string_equal(automatic, v2);
  if (__builtin_cpu_supports("avx2")) {
    char *v3 = run_harness(*state, "3");
    assert_string_equal(v3, v2);
    free(v3);
  }
  if (__builtin_cpu_supports("avx512bw")) {
    char *v4 = run_harness(*state, "4");
    assert_string_equal(v4, v2);
    free(v4);
  }
  free(automatic);
  free(v2);
}

static void aarch64_agrees(void **state) {
  compiled *c = create("aarch64");
  const char *const build[] = {"aarch64-linux-gnu-gcc",
                               "-std=c11",
                               "-static",
                               "-Wall",
                               "-Wextra",
                               "-Werror",
                               "-I.",
                               HARNESS,
                               "net.o",
                               "-o",
                               "harness",
                               NULL};
  const char *const run[] = {"qemu-aarch64", "./harness", "8", NULL};
  free(run_in_artefact(c, build));
  char *there = run_in_artefact(c, run), *here = run_harness(*state, "2");
  assert_string_equal(there, here);
  free(there);
  free(here);
  compiled_destroy(c);
  free(c);
}

static void a_missing_level_is_refused(void **state) {
  compiled *c = *state;
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_run_job job = {.size = sizeof job,
                    .directory = c->directory,
                    .network = c->network,
                    .isa = "x86-64-v9",
                    .diag = quiet};
  sf_run_result result;
  assert_int_equal(cpu_target()->run(&job, &result), SF_FAIL);
  assert_int_equal(sf_diag_exit_code(quiet), SF_CLASS_SYSTEM);
  sf_diag_destroy(quiet);
}

static sf_result try_emit(const char *text, const char *isa, int *out_code) {
  compiled c = {.directory = test_folder_create()};
  c.diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_slice slice = {text, strlen(text)};
  assert_int_equal(sf_parse(slice, "test.sf", c.diag, &c.module), SF_OK);
  c.network = c.module->first_network;
  sf_result result = emit_network(&c, isa);
  *out_code = sf_diag_exit_code(c.diag);
  compiled_destroy(&c);
  return result;
}

static void what_it_cannot_do_is_refused(void **state) {
  (void)state;
  int code;
  /* Some 40 GB a value. */
  char huge[4096], *at = huge;
  at += sprintf(at, "module @m { network @n(%%v: f32[2147483647]) -> () {\n");
  for (int i = 0; i < 32; i++)
    at += sprintf(at, "  %%v%d = abs %%v : f32[2147483647]\n", i);
  sprintf(at, "  return } }");
  assert_int_equal(try_emit(huge, NULL, &code), SF_FAIL);
  assert_int_equal(code, SF_CLASS_FIT);
  const char *fine = "module @m { network @n(%x: i8[4]) -> (i9[4]) {\n"
                     "  %y = add %x, %x : i9[4]  return %y } }";
  assert_int_equal(try_emit(fine, "v2", &code), SF_OK);
  assert_int_equal(try_emit(fine, "sparc", &code), SF_FAIL);
  assert_int_equal(code, SF_CLASS_USAGE);
  const char *unproved = "module @m { network @n(%x: i8[4]) -> (i8[4]) {\n"
                         "  %y = add %x, %x : i8[4]  return %y } }";
  assert_int_equal(try_emit(unproved, NULL, &code), SF_FAIL);
  assert_int_equal(code, SF_CLASS_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_undefined),
      cmocka_unit_test(the_same_bytes_twice),
      cmocka_unit_test(header_is_cxx_17),
      cmocka_unit_test(levels_agree),
      cmocka_unit_test(aarch64_agrees),
      cmocka_unit_test(a_missing_level_is_refused),
      cmocka_unit_test(what_it_cannot_do_is_refused),
  };
  return cmocka_run_group_tests(tests, create_native, destroy);
}
