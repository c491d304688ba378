/* The stream of sf-h5dump: a real one reads back, and no damaged one is
 * accepted. */
#include "frontend/h5_tree.h"
#include "support/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
  char *bytes;
  size_t size;
  sf_diag *diag;
} fixture;

/* A netx file with one layer: its `type` is missing, its neuron is whole. */
static int begin(void **state) {
  fixture *f = calloc(1, sizeof *f);
  *state = f;
  if (!f) return -1;
  f->diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  return f->diag && sf_file_read(SF_TEST_SOURCE
                                 "/test/fuzz/corpus/h5stream/no_type",
                                 0, f->diag, &f->bytes, &f->size) == SF_OK
             ? 0
             : -1;
}

static int end(void **state) {
  fixture *f = *state;
  sf_diag_destroy(f->diag);
  free(f->bytes);
  free(f);
  return 0;
}

static void items_read_back(void **state) {
  fixture *f = *state;
  sf_h5_tree tree;
  assert_int_equal(sf_h5_tree_parse(f->bytes, f->size, "x.net", f->diag, &tree),
                   SF_OK);
  const sf_h5_item *group = sf_h5_find(&tree, "/layer/0");
  assert_non_null(group);
  assert_true(group->is_group);
  assert_null(sf_h5_find(&tree, "/layer/1"));
  const sf_h5_item *weight = sf_h5_member(&tree, "/layer/0", "weight");
  assert_non_null(weight);
  assert_int_equal(weight->kind, SF_H5_INT);
  assert_int_equal(weight->rank, 2);
  assert_int_equal(weight->elements, 6);
  int64_t value = 0;
  assert_true(sf_h5_i64(weight, 1, &value));
  assert_int_equal(value, -20);
  assert_true(sf_h5_f64(weight, 2) == 30.0);
  const sf_h5_item *type = sf_h5_find(&tree, "/layer/0/neuron/type");
  assert_non_null(type);
  assert_int_equal(type->kind, SF_H5_STRING);
  assert_string_equal(type->strings[0], "CUBA");
  sf_h5_tree_destroy(&tree);
}

static void refuse(fixture *f, const char *bytes, size_t size) {
  uint32_t before = sf_diag_errors(f->diag);
  sf_h5_tree tree;
  assert_int_equal(sf_h5_tree_parse(bytes, size, "x.net", f->diag, &tree),
                   SF_FAIL);
  assert_int_equal(sf_diag_errors(f->diag), before + 1);
  sf_h5_tree_destroy(&tree);
}

static void every_cut_is_refused(void **state) {
  fixture *f = *state;
  for (size_t size = 0; size < f->size; size++)
    refuse(f, f->bytes, size);
}

static void every_changed_byte_is_refused(void **state) {
  fixture *f = *state;
  for (size_t i = 0; i < f->size; i++) {
    f->bytes[i] = (char)(f->bytes[i] ^ 0x10);
    refuse(f, f->bytes, f->size);
    f->bytes[i] = (char)(f->bytes[i] ^ 0x10);
  }
}

static void bytes_behind_the_end_are_refused(void **state) {
  fixture *f = *state;
  char *longer = calloc(1, f->size + 1);
  assert_non_null(longer);
  memcpy(longer, f->bytes, f->size);
  refuse(f, longer, f->size + 1);
  free(longer);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(items_read_back),
                                     TEST(every_cut_is_refused),
                                     TEST(every_changed_byte_is_refused),
                                     TEST(bytes_behind_the_end_are_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
