/* Blobs in files: every dtype, every way in which a file can be wrong, and the
 * companion that a module is written with. */

#include "sf/ir.h"
#include "support/array.h"
#include "support/buffer.h"
#include "support/hash.h"
#include "test/support/folder.h"

static char *folder; /* of the running test */
static char last_message[512];

static void keep_message(void *data, const sf_diag_record *record) {
  (void)data;
  if (record->severity == SF_SEVERITY_ERROR)
    snprintf(last_message, sizeof last_message, "%s", record->message);
}

static int set_up(void **state) {
  (void)state;
  folder = test_folder_create();
  last_message[0] = '\0';
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  test_folder_destroy(folder);
  return 0;
}

static char *in_folder(const char *name) { return sf_path_join(folder, name); }

static void write_file(const char *name, const void *bytes, size_t size) {
  char *path = in_folder(name);
  assert_int_equal(sf_file_write(path, bytes, size, NULL), SF_OK);
  free(path);
}

/* Two tensors: an odd one first, so that the second is unaligned. */
static void write_tensors(void) {
  static const int8_t odd[3] = {1, -2, 3};
  static const int16_t words[4] = {-300, 0, 7, 32767};
  static const uint16_t halves[5] = {0x3C00, 0x8000, 0x0001, 0xC500, 0x7BFF};
  static const float nan_there[2] = {1.0F, __builtin_nanf("")};
  static const int64_t wide[1] = {5};
  const sf_tensor_out tensors[] = {
      {"odd", "I8", 1, {3}, odd, sizeof odd},
      {"words", "I16", 2, {2, 2}, words, sizeof words},
      {"halves", "F16", 1, {5}, halves, sizeof halves},
      {"nan", "F32", 1, {2}, nan_there, sizeof nan_there},
      {"wide", "I64", 1, {1}, wide, sizeof wide},
  };
  char *path = in_folder("w.safetensors");
  assert_int_equal(
      sf_safetensors_write(path, tensors, SF_COUNT_OF(tensors), NULL), SF_OK);
  free(path);
}

/* A module in the folder with one blob, `text` without its name. */
static sf_module *module_with(const char *text, sf_diag **diag) {
  sf_buffer buffer = {0};
  sf_buffer_printf(&buffer, "module @m { blob @b : %s }", text);
  *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_diag_listen(*diag, keep_message, NULL);
  char *path = in_folder("m.sf");
  sf_module *module = NULL;
  sf_result result =
      sf_parse((sf_slice){buffer.data, buffer.size}, path, *diag, &module);
  if (result != SF_OK) fail_msg("%s: %s", buffer.data, last_message);
  free(path);
  sf_buffer_destroy(&buffer);
  return module;
}

static void expect_failure(const char *text, const char *message) {
  sf_diag *diag;
  sf_module *module = module_with(text, &diag);
  assert_int_equal(sf_blob_load(module->first_blob, diag), SF_FAIL);
  if (!strstr(last_message, message))
    fail_msg("expected '%s', got '%s'", message, last_message);
  /* And again: nothing half-loaded is left. */
  assert_int_equal(sf_blob_load(module->first_blob, diag), SF_FAIL);
  sf_module_destroy(module);
  sf_diag_destroy(diag);
}

static void test_integers(void **state) {
  (void)state;
  write_tensors();
  sf_diag *diag;
  sf_module *m =
      module_with("i16[2, 1, 2] = file \"w.safetensors\" \"words\"", &diag);
  sf_blob *b = m->first_blob;
  assert_int_equal(sf_blob_load(b, diag), SF_OK);
  const void *data = b->data;
  assert_int_equal(sf_blob_load(b, diag), SF_OK); /* once */
  assert_ptr_equal(b->data, data);
  sf_word words[4];
  sf_blob_read(b, 0, 4, words);
  assert_int_equal(words[0].i, -300);
  assert_int_equal(words[3].i, 32767);
  assert_false(sf_blob_is_uniform(b, NULL));
  sf_module_destroy(m);
  sf_diag_destroy(diag);
}

static void test_halves(void **state) {
  (void)state;
  write_tensors();
  sf_diag *diag;
  sf_module *m =
      module_with("f32[5] = file \"w.safetensors\" \"halves\"", &diag);
  sf_blob *b = m->first_blob;
  assert_int_equal(sf_blob_load(b, diag), SF_OK);
  assert_true(sf_blob_f32(b, 0) == 1.0F);
  assert_true(sf_blob_f32(b, 1) == 0.0F &&
              !__builtin_signbit(sf_blob_f32(b, 1))); /* -0.0 reads as +0.0 */
  assert_true(sf_blob_f32(b, 2) == 0x1p-24F);
  assert_true(sf_blob_f32(b, 3) == -5.0F);
  assert_true(sf_blob_f32(b, 4) == 65504.0F);
  sf_module_destroy(m);
  sf_diag_destroy(diag);
}

static void test_raw(void **state) {
  (void)state;
  static const unsigned char bytes[] = {0, 0xFF, 0xFF, 0x7F, 0x80};
  write_file("x.bin", bytes, sizeof bytes);
  sf_diag *diag;
  sf_module *m = module_with("i17[2] = raw \"x.bin\" at 1 u16", &diag);
  assert_int_equal(sf_blob_load(m->first_blob, diag), SF_OK);
  assert_int_equal(sf_blob_i32(m->first_blob, 0), 0xFFFF);
  assert_int_equal(sf_blob_i32(m->first_blob, 1), 0x807F);
  sf_module_destroy(m);
  sf_diag_destroy(diag);
  expect_failure("i8[5] = raw \"x.bin\" at 1 i8", "needs bytes 1 .. 6");
  expect_failure("i8[1] = raw \"x.bin\" at 9223372036854775807 i8",
                 "needs bytes");
  expect_failure("i4[2] = raw \"x.bin\" at 1 u8", "element 0 of '@b' is 255");
  expect_failure("f32[1] = raw \"x.bin\" at 0 i32", "stored as i32");
}

static void test_wrong_files(void **state) {
  (void)state;
  write_tensors();
  write_file("t.safetensors", "short", 5);
  expect_failure("i8[3] = file \"none.safetensors\" \"odd\"", "none");
  expect_failure("i8[3] = file \"t.safetensors\" \"odd\"", "t.safetensors");
  expect_failure("i8[3] = file \"w.safetensors\" \"even\"", "no tensor 'even'");
  expect_failure("i8[4] = file \"w.safetensors\" \"odd\"", "another shape");
  expect_failure("i8[3, 3] = file \"w.safetensors\" \"odd\"", "another shape");
  expect_failure("f32[3] = file \"w.safetensors\" \"odd\"", "stored as i8");
  expect_failure("i16[1] = file \"w.safetensors\" \"wide\"", "stored as I64");
  expect_failure("i9[2, 2] = file \"w.safetensors\" \"words\"",
                 "element 0 of '@b' is -300");
  expect_failure("f32[2] = file \"w.safetensors\" \"nan\"",
                 "element 1 of '@b' is not a number");
  expect_failure("i8[3] = file \"../w.safetensors\" \"odd\"", "..");
  expect_failure("i8[3] = file \"/etc/passwd\" \"odd\"", "/etc/passwd");
  expect_failure("i8[3] = elided 3 sha256 "
                 "\"0123456789abcdef0123456789abcdef"
                 "0123456789abcdef0123456789abcdef\"",
                 "left out");
}

static void test_hash(void **state) {
  (void)state;
  write_tensors();
  char good[65], text[256];
  sf_sha256("\x01\xFE\x03", 3, good);
  snprintf(text, sizeof text,
           "i8[3] = file \"w.safetensors\" \"odd\" sha256 \"%s\"", good);
  sf_diag *diag;
  sf_module *m = module_with(text, &diag);
  assert_int_equal(sf_blob_load(m->first_blob, diag), SF_OK);
  sf_module_destroy(m);
  sf_diag_destroy(diag);
  text[strlen(text) - 2] = good[63] == '0' ? '1' : '0';
  expect_failure(text, "do not have the hash");
}

static char *read_text(const char *name) {
  char *path = in_folder(name), *text;
  size_t size;
  assert_int_equal(sf_file_read(path, 0, NULL, &text, &size), SF_OK);
  free(path);
  return text;
}

static void load_all(const char *path) {
  sf_module *module;
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  assert_int_equal(sf_parse_file(path, diag, &module), SF_OK);
  for (sf_blob *b = module->first_blob; b; b = b->next)
    assert_int_equal(sf_blob_load(b, diag), SF_OK);
  sf_module_destroy(module);
  sf_diag_destroy(diag);
}

/* Large derived blobs go beside the text, small ones into it. */
static void test_companion(void **state) {
  (void)state;
  int32_t values[100];
  for (int32_t i = 0; i < 100; i++)
    values[i] = i * i;
  sf_module *m = sf_module_create("m");
  sf_type large = sf_type_make(sf_int(16), 1, (const int32_t[]){100});
  sf_type small = sf_type_make(sf_int(16), 1, (const int32_t[]){64});
  assert_non_null(sf_blob_create_i32(m, "large", &large, values));
  assert_non_null(sf_blob_create_i32(m, "small", &small, values));
  char *elided, *path = in_folder("out.sf");
  assert_int_equal(sf_print(m, NULL, &elided), SF_OK);
  assert_non_null(strstr(elided, "@large : i16[100] = elided 200 sha256"));
  assert_non_null(strstr(elided, "@small : i16[64] = dense [0, 1, 4"));
  free(elided);
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  assert_int_equal(sf_write_module(m, path, NULL, diag), SF_OK);
  sf_module *read;
  assert_int_equal(sf_parse_file(path, diag, &read), SF_OK);
  assert_int_equal(sf_blob_load(read->first_blob, diag), SF_OK);
  assert_int_equal(sf_blob_i32(read->first_blob, 99), 99 * 99);
  char *text = read_text("out.sf");
  assert_non_null(strstr(text, "file \"out.safetensors\" \"large\" sha256"));
  free(text);
  /* A new derived blob: the companion is replaced and loses nothing. */
  assert_non_null(sf_blob_create_i32(read, "more", &large, values));
  assert_int_equal(sf_write_module(read, path, NULL, diag), SF_OK);
  load_all(path);
  /* Another folder: what is in files goes along. */
  char *sub = in_folder("sub"), *moved = in_folder("sub/x.sf");
  assert_int_equal(sf_make_directory(sub, diag), SF_OK);
  assert_int_equal(sf_write_module(read, moved, NULL, diag), SF_OK);
  load_all(moved);
  sf_module_destroy(read);
  sf_module_destroy(m);
  sf_diag_destroy(diag);
  free(moved);
  free(sub);
  free(path);
}

/* Slices hold no element of their own: those of a file, a splat, a slice; also
 * in a copy of the module. */
static void check_slices(const sf_module *m, sf_diag *diag) {
  static const struct {
    const char *name;
    int32_t first, last;
  } rows[] = {{"column", 0, 32767}, {"row", 7, 32767}, {"two", 5, 5}};
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    sf_blob *b =
        sf_module_find_blob(m, (sf_slice){rows[i].name, strlen(rows[i].name)});
    assert_non_null(b);
    assert_int_equal(sf_blob_load(b, diag), SF_OK);
    assert_int_equal(sf_blob_i32(b, 0), rows[i].first);
    assert_int_equal(sf_blob_i32(b, sf_blob_elements(b) - 1), rows[i].last);
  }
}

static void test_slices(void **state) {
  (void)state;
  write_tensors();
  sf_diag *diag;
  sf_module *m = module_with("i16[2, 2] = file \"w.safetensors\" \"words\"\n"
                             "blob @five : i8[9] = splat 5\n"
                             "blob @column : i16[2, 1] = slice @b [0:2, 1:2]\n"
                             "blob @row : i16[1, 2] = slice @b [1:2, 0:2]\n"
                             "blob @two : i8[2] = slice @five [3:5]",
                             &diag);
  check_slices(m, diag);
  sf_module *copy;
  assert_int_equal(sf_module_clone(m, &copy), SF_OK);
  check_slices(copy, diag);
  sf_blob *column = sf_module_find_blob(copy, (sf_slice){"column", 6});
  sf_blob *words = column->base;
  assert_ptr_not_equal(words, m->first_blob);
  const int32_t one = 1, begin[2] = {1, 0}, dim[2] = {1, 1};
  sf_type type = sf_type_make(sf_int(16), 2, dim);
  sf_blob *corner = sf_blob_create_slice(copy, "corner", &type, column, begin);
  assert_non_null(corner);
  assert_ptr_equal(corner->base, words);
  assert_int_equal(sf_blob_i32(corner, 0), 32767);
  assert_int_equal(words->users, 3);
  sf_blob_erase(corner);
  assert_int_equal(words->users, 2);
  type = sf_type_make(sf_int(8), 1, &one);
  sf_blob *five = sf_module_find_blob(copy, (sf_slice){"five", 4});
  corner = sf_blob_create_slice(copy, "corner", &type, five, &one);
  assert_int_equal(corner->source, SF_SOURCE_SPLAT);
  /* A box that leaves its base: builders are found out by the verifier. */
  type = sf_type_make(sf_int(16), 2, (const int32_t[]){2, 1});
  assert_non_null(sf_blob_create_slice(copy, "out", &type, words, begin));
  assert_int_equal(sf_verify(copy, diag), SF_FAIL);
  assert_non_null(strstr(last_message, "'@out' is no box of '@b'"));
  sf_module_destroy(copy);
  sf_module_destroy(m);
  sf_diag_destroy(diag);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_integers),    TEST(test_halves), TEST(test_raw),
      TEST(test_wrong_files), TEST(test_hash),   TEST(test_companion),
      TEST(test_slices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
