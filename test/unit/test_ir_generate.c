/* Ten thousand random modules: each is valid, prints, reads back, and prints
 * the same; so does its copy. Every op, attribute, mode and rounding has its
 * turn at least 20 times. SF_SEED in the environment turns the seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test/support/generate.h"

#include <stdlib.h>
#include <string.h>

enum { MODULES = 10000, LEAST = 20 };

static uint64_t first_seed(void) {
  const char *text = getenv("SF_SEED");
  return text ? strtoull(text, NULL, 10) * MODULES : 1;
}

static char *print(const sf_module *module) {
  char *text = NULL;
  assert_int_equal(sf_print(module, NULL, &text), SF_OK);
  return text;
}

/* parse(print(m)) prints as m does, and a copy of m too. */
static void check_module(const sf_module *module, uint64_t seed) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  assert_non_null(diag);
  if (sf_verify(module, diag) != SF_OK)
    fail_msg("seed %llu is not valid", (unsigned long long)seed);
  char *text = print(module);
  sf_module *read = NULL, *copy = NULL;
  if (sf_parse((sf_slice){text, strlen(text)}, "random.sf", diag, &read) !=
      SF_OK)
    fail_msg("seed %llu does not read back:\n%s", (unsigned long long)seed,
             text);
  char *again = print(read);
  if (strcmp(text, again) != 0)
    fail_msg("seed %llu prints differently:\n%s\n%s", (unsigned long long)seed,
             text, again);
  assert_int_equal(sf_module_clone(module, &copy), SF_OK);
  char *copied = print(copy);
  assert_string_equal(text, copied);
  free(copied);
  free(again);
  free(text);
  sf_module_destroy(copy);
  sf_module_destroy(read);
  sf_diag_destroy(diag);
}

static void test_round_trip(void **state) {
  (void)state;
  sf_coverage *coverage = calloc(1, sizeof *coverage);
  assert_non_null(coverage);
  for (uint64_t i = 0; i < MODULES; i++) {
    sf_generate_options options = {.seed = first_seed() + i};
    sf_module *module;
    assert_int_equal(sf_generate_module(&options, &module), SF_OK);
    sf_coverage_add(coverage, module);
    check_module(module, options.seed);
    sf_module_destroy(module);
  }
  size_t rare = sf_coverage_report(coverage, LEAST, stderr);
  free(coverage);
  assert_int_equal(rare, 0);
}

/* The same seed is the same module; other options keep their promises. */
static void test_options(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    sf_generate_options options = {
        .seed = seed, .ops = 20, .runnable = true, .digital = true};
    sf_module *a, *b;
    assert_int_equal(sf_generate_module(&options, &a), SF_OK);
    assert_int_equal(sf_generate_module(&options, &b), SF_OK);
    char *text_a = print(a), *text_b = print(b);
    assert_string_equal(text_a, text_b);
    for (sf_blob *blob = a->first_blob; blob; blob = blob->next)
      assert_int_equal(sf_blob_load(blob, NULL), SF_OK);
    SF_FOREACH_OP(op, a->first_network)
      assert_false(sf_op_is(op, SF_TRAIT_ANALOG));
    free(text_a);
    free(text_b);
    sf_module_destroy(a);
    sf_module_destroy(b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_round_trip),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
