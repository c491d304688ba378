/* test_public_api.c - what include/sf promises to plug-ins and no tool of ours
 * uses: pipelines that print back, attributes of dicts, blobs of a reader's own
 * bytes. */
#include "sf/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void prints_back(const char *text, size_t length) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_registry *registry = sf_registry_create();
  sf_pipeline *pipeline = NULL;
  assert_non_null(registry);
  assert_int_equal(sf_pipeline_parse(registry, text, diag, &pipeline), SF_OK);
  char *again = sf_pipeline_text(pipeline);
  assert_string_equal(again, text);
  assert_int_equal(sf_pipeline_length(pipeline), length);
  free(again);
  sf_pipeline_destroy(pipeline);
  sf_registry_destroy(registry);
  sf_diag_destroy(diag);
}

static void test_pipelines_print_back(void **state) {
  (void)state;
  prints_back("canonicalize", 1);
  prints_back("canonicalise,balance_delays{dmin=1}", 2);
  prints_back("@cpu", 1);
  prints_back("legalize,partition{slicing=free},place{first-chip=2}", 3);
}

static void test_dicts_keep_what_was_set(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_dict dict = {0};
  assert_int_equal(sf_dict_set_int(arena, &dict, "n", -7), SF_OK);
  assert_int_equal(sf_dict_set_word(arena, &dict, "w", "dense"), SF_OK);
  assert_int_equal(sf_dict_set_string(arena, &dict, "t", "two words"), SF_OK);
  assert_int_equal(sf_dict_set_symbol(arena, &dict, "s", "c0"), SF_OK);
  assert_int_equal(sf_dict_set_int(arena, &dict, "n", 8), SF_OK);
  assert_int_equal(dict.count, 4);
  assert_int_equal(sf_dict_int(&dict, "n", 0), 8);
  assert_int_equal(sf_dict_int(&dict, "w", 5), 5);
  assert_string_equal(sf_dict_text(&dict, "w"), "dense");
  assert_string_equal(sf_dict_text(&dict, "t"), "two words");
  assert_string_equal(sf_dict_text(&dict, "s"), "c0");
  assert_int_equal(sf_dict_find(&dict, "t")->kind, SF_ITEM_STRING);
  assert_int_equal(sf_dict_find(&dict, "s")->kind, SF_ITEM_SYMBOL);
  assert_null(sf_dict_find(&dict, "none"));
  sf_arena_destroy(arena);
}

static void test_blobs_of_own_bytes(void **state) {
  (void)state;
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_module *module = sf_module_create("m");
  int32_t dim[] = {2, 2};
  sf_type type = sf_type_make(sf_int(9), 2, dim);
  int16_t *bytes = malloc(4 * sizeof *bytes);
  assert_non_null(bytes);
  memcpy(bytes, (int16_t[]){-256, 255, 0, 17}, 4 * sizeof *bytes);
  assert_int_equal(sf_module_own(module, bytes, free), SF_OK);
  sf_blob *blob = sf_blob_create_bytes(module, "w", &type, SF_DTYPE_I16, bytes);
  assert_int_equal(sf_blob_load(blob, diag), SF_OK);
  assert_int_equal(sf_blob_i32(blob, 0), -256);
  assert_int_equal(sf_blob_i32(blob, 3), 17);
  assert_ptr_equal(blob->data, bytes); /* not copied */

  bytes[1] = 300; /* outside i9 */
  sf_blob *wide = sf_blob_create_bytes(module, "w", &type, SF_DTYPE_I16, bytes);
  assert_string_not_equal(wide->name, blob->name);
  assert_int_equal(sf_blob_load(wide, diag), SF_FAIL);
  sf_module_destroy(module);
  sf_diag_destroy(diag);
}

static void test_version_is_the_headers(void **state) {
  (void)state;
  assert_string_equal(sf_version(), SF_VERSION);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pipelines_print_back),
      cmocka_unit_test(test_dicts_keep_what_was_set),
      cmocka_unit_test(test_blobs_of_own_bytes),
      cmocka_unit_test(test_version_is_the_headers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
