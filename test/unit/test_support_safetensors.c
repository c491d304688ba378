/* Safetensors: reading, and all that a hostile header can say. */
#include "support/array.h"
#include "test/support/folder.h"

/* What the last diagnostic said. */
typedef struct fixture {
  sf_diag *diag;
  sf_diag_id id;
  char message[512];
} fixture;

static void listen(void *data, const sf_diag_record *record) {
  fixture *f = data;
  if (record->severity != SF_SEVERITY_ERROR) return;
  f->id = record->id;
  snprintf(f->message, sizeof f->message, "%s", record->message);
}

static int begin(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_diag_listen(f->diag, listen, f);
  *state = f;
  return 0;
}

static int end(void **state) {
  fixture *f = *state;
  sf_diag_destroy(f->diag);
  free(f);
  return 0;
}

/* A file of this header and `data_size` zero bytes, in an allocation of exactly
 * its size; `claimed` is the header length that it states. */
static sf_result parse_claimed(fixture *f, sf_slice header, uint64_t claimed,
                               size_t data_size, sf_safetensors *out) {
  size_t size = 8 + header.size + data_size;
  unsigned char *bytes = calloc(1, size);
  for (int i = 0; i < 8; i++)
    bytes[i] = (unsigned char)(claimed >> 8 * i);
  memcpy(bytes + 8, header.data, header.size);
  f->id = SF_DIAG_COUNT;
  sf_result result =
      sf_safetensors_parse(bytes, size, "w.safetensors", f->diag, out);
  free(bytes);
  return result;
}

static sf_result parse(fixture *f, const char *header, size_t data_size,
                       sf_safetensors *out) {
  sf_slice slice = {header, strlen(header)};
  return parse_claimed(f, slice, slice.size, data_size, out);
}

static void expect_refused(fixture *f, const char *header, size_t data_size,
                           const char *reason) {
  sf_safetensors file;
  assert_int_equal(parse(f, header, data_size, &file), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_FORMAT);
  assert_non_null(strstr(f->message, reason));
  assert_null(file.arena);
}

static void tensors_are_found_by_name(void **state) {
  fixture *f = *state;
  sf_safetensors file;
  const char *header =
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"w\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[4,10]},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
      "\"e\":{\"dtype\":\"F64\",\"shape\":[0,9],\"data_offsets\":[4,4]}}   ";
  assert_int_equal(parse(f, header, 10, &file), SF_OK);
  assert_int_equal(file.count, 3);
  assert_string_equal(file.tensors[0].name, "b"); /* sorted */
  const sf_tensor *w = sf_safetensors_find(&file, "w");
  assert_non_null(w);
  assert_string_equal(w->dtype, "I8");
  assert_int_equal(w->rank, 2);
  assert_int_equal(w->dim[1], 3);
  assert_int_equal(w->offset, 8 + strlen(header) + 4);
  assert_int_equal(w->bytes, 6);
  assert_int_equal(sf_safetensors_find(&file, "e")->bytes, 0);
  assert_null(sf_safetensors_find(&file, "x"));
  sf_safetensors_destroy(&file);
  assert_int_equal(parse(f, "{}", 0, &file), SF_OK);
  assert_null(sf_safetensors_find(&file, "x"));
  sf_safetensors_destroy(&file);
}

#define U8(NAME, SHAPE, BEGIN, END)                                            \
  "\"" NAME "\":{\"dtype\":\"U8\",\"shape\":" SHAPE                            \
  ",\"data_offsets\":[" BEGIN "," END "]}"

static void hostile_headers_are_refused(void **state) {
  fixture *f = *state;
  static const struct {
    const char *header, *reason;
  } rows[] = {
      {"", "not JSON"},
      {"[]", "not an object"},
      {"{\"a\":1}", "'a' is not an object"},
      {"{" U8("a", "[4]", "0", "4") "} x", "not JSON"},
      {"{" U8("a", "[4]", "0", "4") "," U8("a", "[4]", "0", "4") "}",
       "duplicate"},
      {"{" U8("a", "[2]", "0", "2") "," U8("b", "[3]", "1", "4") "}",
       "'b' overlaps"},
      {"{" U8("a", "[1]", "0", "1") "," U8("b", "[2]", "2", "4") "}",
       "'b' leaves a hole"},
      {"{" U8("a", "[3]", "1", "4") "}", "leaves a hole"},
      {"{" U8("a", "[3]", "0", "3") "}", "bytes follow"},
      {"{}", "bytes follow"},
      {"{" U8("a", "[5]", "0", "5") "}", "outside the file"},
      {"{" U8("a", "[4]", "4", "0") "}", "malformed data_offsets"},
      {"{" U8("a", "[4]", "-1", "3") "}", "malformed data_offsets"},
      {"{" U8("a", "[4]", "0", "4.0") "}", "malformed data_offsets"},
      {"{" U8("a", "[4]", "0", "4,4") "}", "malformed data_offsets"},
      {"{" U8("a", "[3]", "0", "4") "}", "do not fit its shape"},
      {"{" U8("a", "4", "0", "4") "}", "shape"},
      {"{" U8("a", "[-4]", "0", "4") "}", "shape"},
      {"{" U8("a", "[4294967296,4294967296]", "0", "0") "}", "too large"},
      {"{" U8("a", "[99999999999999999999]", "0", "4") "}", "not JSON"},
      {"{" U8("a", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4]", "0", "4") "}",
       "shape"},
      {"{" U8("a", "[[[4]]]", "0", "4") "}", "nested too deeply"},
      {"{\"a\":{\"dtype\":\"X\",\"shape\":[4],\"data_offsets\":[0,4]}}",
       "unknown dtype"},
      {"{\"a\":{\"dtype\":1,\"shape\":[4],\"data_offsets\":[0,4]}}",
       "unknown dtype"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", "'a' is not an object of"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],"
       "\"x\":1}}",
       "'a' is not an object of"},
      {"{\"__metadata__\":{\"a\":1}}", "map of texts"},
      {"{\"\\u0000\":1}", "not JSON"},
      {"{\"\xFF\":1}", "not JSON"},
  };
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++)
    expect_refused(f, rows[i].header, 4, rows[i].reason);
}

static void header_lengths_are_bounded(void **state) {
  fixture *f = *state;
  sf_safetensors file;
  sf_slice header = {"{}", 2};
  for (uint64_t length = 3; length < 1000; length++)
    assert_int_equal(parse_claimed(f, header, length, 0, &file), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_FORMAT);
  assert_int_equal(parse_claimed(f, header, UINT64_MAX, 0, &file), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
  assert_int_equal(parse_claimed(f, header, 100000001, 0, &file), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
  for (size_t size = 0; size < 8; size++)
    assert_int_equal(
        sf_safetensors_parse("\2\0\0\0\0\0\0\0", size, "x", f->diag, &file),
        SF_FAIL);
}

/* Ten megabytes of values and of brackets: refused before they are built. */
static void too_many_values_are_refused(void **state) {
  fixture *f = *state;
  enum { SIZE = 10 << 20 };
  char *text = malloc(SIZE);
  sf_safetensors file;
  memset(text, '[', SIZE);
  assert_int_equal(parse_claimed(f, (sf_slice){text, SIZE}, SIZE, 0, &file),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_FORMAT);
  memset(text, ',', SIZE);
  assert_int_equal(parse_claimed(f, (sf_slice){text, SIZE}, SIZE, 0, &file),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
  free(text);
}

static void written_files_read_back(void **state) {
  fixture *f = *state;
  char *folder = test_folder_create();
  char *path = sf_path_join(folder, "out.safetensors");
  const int8_t weights[6] = {1, -2, 3, -4, 5, -6};
  const float bias[2] = {0.5f, -1};
  const sf_tensor_out tensors[] = {{.name = "w \"quoted\"/\xC3\xA4",
                                    .dtype = "I8",
                                    .rank = 2,
                                    .dim = {2, 3},
                                    .data = weights,
                                    .bytes = sizeof weights},
                                   {.name = "b",
                                    .dtype = "F32",
                                    .rank = 1,
                                    .dim = {2},
                                    .data = bias,
                                    .bytes = sizeof bias}};
  assert_int_equal(sf_safetensors_write(path, tensors, 2, f->diag), SF_OK);
  sf_mapped_file mapped;
  sf_safetensors file;
  assert_int_equal(sf_file_map(path, f->diag, &mapped), SF_OK);
  assert_int_equal(
      sf_safetensors_parse(mapped.data, mapped.size, path, f->diag, &file),
      SF_OK);
  for (size_t i = 0; i < 2; i++) {
    const sf_tensor *tensor = sf_safetensors_find(&file, tensors[i].name);
    assert_non_null(tensor);
    assert_string_equal(tensor->dtype, tensors[i].dtype);
    assert_memory_equal((const char *)mapped.data + tensor->offset,
                        tensors[i].data, tensors[i].bytes);
  }
  assert_int_equal(sf_safetensors_find(&file, tensors[0].name)->offset % 8, 0);
  sf_safetensors_destroy(&file);
  sf_file_unmap(&mapped);
  const sf_tensor_out broken = {.name = "\xFF", .dtype = "I8"};
  assert_int_equal(sf_safetensors_write(path, &broken, 1, f->diag), SF_FAIL);
  assert_int_equal(sf_safetensors_write("/dev/full", tensors, 2, f->diag),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_WRITE);
  free(path);
  test_folder_destroy(folder);
}

/* In the hostile build each arena allocation fails once; nothing else may
 * happen than a clean OOM. */
static void out_of_memory_is_passed_up(void **state) {
  fixture *f = *state;
  const char *header =
      "{" U8("a", "[1]", "0", "1") "," U8("b", "[1]", "1", "2") "}";
  for (int n = 1; n <= 4; n++) {
    char number[8];
    snprintf(number, sizeof number, "%d", n);
    setenv("SF_HOSTILE_FAIL_AT", number, 1);
    sf_safetensors file;
    sf_result result = parse(f, header, 2, &file);
    unsetenv("SF_HOSTILE_FAIL_AT");
#ifdef SF_HOSTILE
    assert_int_equal(result, n <= 3 ? SF_OOM : SF_OK); /* rows and two names */
#else
    assert_int_equal(result, SF_OK);
#endif
    sf_safetensors_destroy(&file);
  }
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(tensors_are_found_by_name),  TEST(hostile_headers_are_refused),
      TEST(header_lengths_are_bounded), TEST(too_many_values_are_refused),
      TEST(written_files_read_back),    TEST(out_of_memory_is_passed_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
