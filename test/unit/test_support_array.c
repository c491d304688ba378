/* .npy, IDX and gzipped IDX: what is read, what is refused, what is written. */
#include "support/array.h"
#include "test/support/folder.h"

#include <math.h>
#include <zlib.h>

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

/* A .npy file of version 1 in memory. */
typedef struct npy {
  unsigned char bytes[1024];
  size_t size;
} npy;

static npy make_npy(const char *header, const void *data, size_t data_size) {
  npy file = {{0}, 0};
  size_t length = strlen(header);
  memcpy(file.bytes, "\x93NUMPY\x01\x00", 8);
  file.bytes[8] = (unsigned char)length;
  file.bytes[9] = (unsigned char)(length >> 8);
  memcpy(file.bytes + 10, header, length);
  if (data_size) memcpy(file.bytes + 10 + length, data, data_size);
  file.size = 10 + length + data_size;
  return file;
}

/* From an allocation of exactly that size, so that a sanitizer sees overruns.
 */
static sf_result parse(fixture *f, const void *bytes, size_t size,
                       sf_array *out) {
  char *copy = malloc(size ? size : 1);
  if (size) memcpy(copy, bytes, size);
  f->id = SF_DIAG_COUNT;
  sf_result result = sf_array_parse(copy, size, "x.npy", f->diag, out);
  free(copy);
  return result;
}

static void expect_refused(fixture *f, const char *header, size_t data_size,
                           sf_diag_id id) {
  static const char zeros[256];
  npy file = make_npy(header, zeros, data_size);
  sf_array array;
  assert_int_equal(parse(f, file.bytes, file.size, &array), SF_FAIL);
  assert_int_equal(f->id, id);
  assert_null(array.data);
}

static void npy_reads_every_type(void **state) {
  fixture *f = *state;
  static const struct {
    const char *descr;
    sf_array_type type;
    unsigned char bytes[8];
    double value;
  } rows[] = {{"|b1", SF_ARRAY_BOOL, {2}, 1},
              {"|i1", SF_ARRAY_I8, {0x80}, -128},
              {"|u1", SF_ARRAY_U8, {0xFF}, 255},
              {"<i2", SF_ARRAY_I16, {0x00, 0x80}, -32768},
              {">i2", SF_ARRAY_I16, {0x80, 0x01}, -32767},
              {"<u2", SF_ARRAY_U16, {0xFE, 0xFF}, 65534},
              {"<i4", SF_ARRAY_I32, {0xFE, 0xFF, 0xFF, 0xFF}, -2},
              {"=u4", SF_ARRAY_U32, {0xFF, 0xFF, 0xFF, 0xFF}, 4294967295.0},
              {">i8", SF_ARRAY_I64, {0, 0, 0, 0, 0, 0, 1, 2}, 258},
              {"<u8", SF_ARRAY_U64, {0, 0, 0, 0, 0, 0, 0, 0x80}, 0x1p63},
              {"<f2", SF_ARRAY_F16, {0x00, 0xC2}, -3},
              {"<f2", SF_ARRAY_F16, {0x01, 0x00}, 0x1p-24},
              {"<f2", SF_ARRAY_F16, {0x00, 0x7C}, INFINITY},
              {"<f4", SF_ARRAY_F32, {0, 0, 0x20, 0x40}, 2.5},
              {">f4", SF_ARRAY_F32, {0x40, 0x20, 0, 0}, 2.5},
              {"<f8", SF_ARRAY_F64, {0, 0, 0, 0, 0, 0, 0xF8, 0x3F}, 1.5}};
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    char header[128];
    snprintf(header, sizeof header,
             "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }\n",
             rows[i].descr);
    npy file =
        make_npy(header, rows[i].bytes, sf_array_type_bytes(rows[i].type));
    sf_array array;
    assert_int_equal(parse(f, file.bytes, file.size, &array), SF_OK);
    assert_int_equal(array.type, rows[i].type);
    assert_int_equal(array.elements, 1);
    assert_true(sf_array_f64(&array, 0) == rows[i].value);
    sf_array_destroy(&array);
  }
}

static void fortran_order_becomes_c_order(void **state) {
  fixture *f = *state;
  static const unsigned char data[] = {0, 3, 1,
                                       4, 2, 5}; /* [[0,1,2],[3,4,5]] */
  npy file = make_npy(
      "{'shape': (2, 3), \"fortran_order\": True, 'descr': '|u1'}", data, 6);
  sf_array array;
  assert_int_equal(parse(f, file.bytes, file.size, &array), SF_OK);
  assert_int_equal(array.rank, 2);
  assert_int_equal(array.dim[0], 2);
  assert_int_equal(array.dim[1], 3);
  for (unsigned i = 0; i < 6; i++)
    assert_int_equal(sf_array_i64(&array, i), i);
  sf_array_destroy(&array);
}

static void scalars_and_empty_arrays_are_arrays(void **state) {
  fixture *f = *state;
  sf_array array;
  npy scalar = make_npy("{'descr': '|u1', 'fortran_order': False, 'shape': ()}",
                        "\x07", 1);
  assert_int_equal(parse(f, scalar.bytes, scalar.size, &array), SF_OK);
  assert_int_equal(array.rank, 0);
  assert_int_equal(sf_array_i64(&array, 0), 7);
  sf_array_destroy(&array);
  npy empty = make_npy(
      "{'descr': '<f8', 'fortran_order': True, 'shape': (5, 0, 3)}", NULL, 0);
  assert_int_equal(parse(f, empty.bytes, empty.size, &array), SF_OK);
  assert_int_equal(array.elements, 0);
  sf_array_destroy(&array);
}

static void hostile_npy_headers_are_refused(void **state) {
  fixture *f = *state;
  static const char *const headers[] = {
      "",
      "{",
      "{}",
      "()",
      "{'descr': '|u1'",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': [1]}",
      "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}",
      "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': "
      "(99999999999999999999,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': "
      "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
      "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': 'u1', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (1,)}"};
  for (size_t i = 0; i < SF_COUNT_OF(headers); i++)
    expect_refused(f, headers[i], 1, SF_DIAG_FILE_FORMAT);
}

/* The product wraps to a small number in 64 bits; nothing is allocated. */
static void shapes_that_overflow_are_refused(void **state) {
  fixture *f = *state;
  expect_refused(f,
                 "{'descr': '|u1', 'fortran_order': True, 'shape': "
                 "(4294967296, 4294967296)}",
                 0, SF_DIAG_FILE_LIMIT);
  expect_refused(f,
                 "{'descr': '<f8', 'fortran_order': True, 'shape': "
                 "(2305843009213693952,)}",
                 0, SF_DIAG_FILE_LIMIT);
  expect_refused(f,
                 "{'descr': '<f8', 'fortran_order': True, 'shape': "
                 "(0, 4294967296, 4294967296, 4294967296)}",
                 0, SF_DIAG_FILE_LIMIT);
  expect_refused(f,
                 "{'descr': '<f8', 'fortran_order': True, 'shape': "
                 "(1000000000, 1000)}",
                 8, SF_DIAG_FILE_FORMAT);
  assert_non_null(strstr(f->message, "promises 8000000000000 bytes"));
}

static void every_truncation_is_refused(void **state) {
  fixture *f = *state;
  npy file = make_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
                      "12345678", 8);
  sf_array array;
  for (size_t size = 0; size < file.size; size++)
    assert_int_equal(parse(f, file.bytes, size, &array), SF_FAIL);
  file.bytes[6] = 2; /* version 2: a header length of 4 bytes, far too large */
  assert_int_equal(parse(f, file.bytes, file.size, &array), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
  file.bytes[6] = 4;
  assert_int_equal(parse(f, file.bytes, file.size, &array), SF_FAIL);
}

static void integers_saturate(void **state) {
  (void)state;
  const double values[] = {1e300, -1e300, NAN, 2.9, -2.9};
  sf_array array = {.type = SF_ARRAY_F64, .elements = 5, .data = values};
  assert_true(sf_array_i64(&array, 0) == INT64_MAX);
  assert_true(sf_array_i64(&array, 1) == INT64_MIN);
  assert_int_equal(sf_array_i64(&array, 2), 0);
  assert_int_equal(sf_array_i64(&array, 3), 2);
  assert_int_equal(sf_array_i64(&array, 4), -2);
  const uint64_t large = UINT64_MAX;
  array = (sf_array){.type = SF_ARRAY_U64, .elements = 1, .data = &large};
  assert_true(sf_array_i64(&array, 0) == INT64_MAX);
}

/* ---- IDX ---- */

static const unsigned char idx_bytes[] = {0, 0, 8, 2, 0, 0, 0, 2, 0,
                                          0, 0, 3, 1, 2, 3, 4, 5, 6};

static void idx_is_big_endian(void **state) {
  fixture *f = *state;
  sf_array array;
  assert_int_equal(parse(f, idx_bytes, sizeof idx_bytes, &array), SF_OK);
  assert_int_equal(array.type, SF_ARRAY_U8);
  assert_int_equal(array.dim[0], 2);
  assert_int_equal(array.dim[1], 3);
  assert_int_equal(sf_array_i64(&array, 5), 6);
  sf_array_destroy(&array);
  static const unsigned char wide[] = {0, 0, 0x0C, 1, 0,    0,    0,    2,
                                       0, 0, 1,    2, 0xFF, 0xFF, 0xFF, 0xFD};
  assert_int_equal(parse(f, wide, sizeof wide, &array), SF_OK);
  assert_int_equal(sf_array_i64(&array, 0), 258);
  assert_int_equal(sf_array_i64(&array, 1), -3);
  sf_array_destroy(&array);
}

static void idx_that_is_cut_or_longer_is_refused(void **state) {
  fixture *f = *state;
  sf_array array;
  for (size_t size = 0; size < sizeof idx_bytes; size++)
    assert_int_equal(parse(f, idx_bytes, size, &array), SF_FAIL);
  unsigned char longer[sizeof idx_bytes + 1] = {0};
  memcpy(longer, idx_bytes, sizeof idx_bytes);
  assert_int_equal(parse(f, longer, sizeof longer, &array), SF_FAIL);
  static const unsigned char huge[] = {0,    0,    8,    3,    0xFF, 0xFF,
                                       0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                       0xFF, 0xFF, 0xFF, 0xFF};
  assert_int_equal(parse(f, huge, sizeof huge, &array), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
}

/* Gzips `size` bytes; returns the length. */
static size_t gzip(const void *bytes, size_t size, unsigned char *out,
                   size_t out_size) {
  z_stream stream = {0};
  assert_int_equal(
      deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
      Z_OK);
  stream.next_in = (Bytef *)(uintptr_t)bytes;
  stream.avail_in = (uInt)size;
  stream.next_out = out;
  stream.avail_out = (uInt)out_size;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return out_size - stream.avail_out;
}

static void gzipped_idx_is_read(void **state) {
  fixture *f = *state;
  unsigned char packed[256];
  size_t size = gzip(idx_bytes, sizeof idx_bytes, packed, sizeof packed);
  sf_array array;
  assert_int_equal(parse(f, packed, size, &array), SF_OK);
  assert_int_equal(array.elements, 6);
  for (unsigned i = 0; i < 6; i++)
    assert_int_equal(sf_array_i64(&array, i), i + 1);
  sf_array_destroy(&array);
  for (size_t cut = 0; cut < size; cut++)
    assert_int_equal(parse(f, packed, cut, &array), SF_FAIL);
  packed[size] = 0;
  assert_int_equal(parse(f, packed, size + 1, &array), SF_FAIL);
  assert_non_null(strstr(f->message, "follow its gzip stream"));
  packed[size - 5] ^= 1; /* the checksum */
  assert_int_equal(parse(f, packed, size, &array), SF_FAIL);
  assert_non_null(strstr(f->message, "damaged"));
}

static void gzip_bombs_are_refused(void **state) {
  fixture *f = *state;
  unsigned char packed[256];
  sf_array array;
  /* A header that claims 4 GB in front of nothing. */
  static const unsigned char claim[] = {0, 0, 8, 1, 0xFF, 0xFF, 0xFF, 0xFF};
  size_t size = gzip(claim, sizeof claim, packed, sizeof packed);
  assert_int_equal(parse(f, packed, size, &array), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
  /* 100 kB of zeros behind a header that claims 2. */
  static unsigned char zeros[100000] = {0, 0, 8, 1, 0, 0, 0, 2};
  size = gzip(zeros, sizeof zeros, packed, sizeof packed);
  assert_int_equal(parse(f, packed, size, &array), SF_FAIL);
  assert_non_null(strstr(f->message, "more are there"));
  size = gzip("hello world", 11, packed, sizeof packed);
  assert_int_equal(parse(f, packed, size, &array), SF_FAIL);
  assert_non_null(strstr(f->message, "not IDX"));
}

/* ---- files ---- */

static void written_arrays_read_back(void **state) {
  fixture *f = *state;
  char *folder = test_folder_create();
  char *path = sf_path_join(folder, "values.npy");
  const float values[6] = {0, 1.5f, -2, 3, 4, INFINITY};
  const uint64_t dim[2] = {2, 3};
  for (unsigned rank = 1; rank <= 2; rank++) {
    const uint64_t *shape = rank == 2 ? dim : (const uint64_t[1]){6};
    assert_int_equal(
        sf_array_write(path, SF_ARRAY_F32, rank, shape, values, f->diag),
        SF_OK);
    sf_array array;
    assert_int_equal(sf_array_read(path, f->diag, &array), SF_OK);
    assert_int_equal(array.rank, rank);
    assert_memory_equal(array.data, values, sizeof values);
    assert_null(array.owned); /* mapped, not copied */
    assert_int_equal(array.file.size, 128 + sizeof values);
    sf_array_destroy(&array);
  }
  free(path);
  test_folder_destroy(folder);
  assert_int_equal(
      sf_array_write("/dev/full", SF_ARRAY_F32, 2, dim, values, f->diag),
      SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_WRITE);
  assert_int_equal(sf_array_read("no-such.npy", f->diag, &(sf_array){0}),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_OPEN);
}

/* A header of a length that leaves the floats unaligned: they are copied. */
static void unaligned_data_is_copied(void **state) {
  fixture *f = *state;
  const float value = 2.5f;
  npy file = make_npy(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }  ", &value, 4);
  assert_int_not_equal((file.size - 4) % 4, 0);
  char *folder = test_folder_create();
  char *path = sf_path_join(folder, "value.npy");
  assert_int_equal(sf_file_write(path, file.bytes, file.size, f->diag), SF_OK);
  sf_array array;
  assert_int_equal(sf_array_read(path, f->diag, &array), SF_OK);
  assert_int_equal((uintptr_t)array.data % sizeof(float), 0);
  assert_true(sf_array_f64(&array, 0) == 2.5);
  sf_array_destroy(&array);
  free(path);
  test_folder_destroy(folder);
}

/* The MNIST test labels, where the shared files are at hand. */
static void mnist_labels_are_read(void **state) {
  fixture *f = *state;
  const char *path = SF_TEST_SHARED "/data/mnist/t10k-labels-idx1-ubyte.gz";
  if (!sf_path_exists(path)) skip();
  sf_array array;
  assert_int_equal(sf_array_read(path, f->diag, &array), SF_OK);
  assert_int_equal(array.elements, 10000);
  const int64_t first[] = {7, 2, 1, 0, 4};
  for (unsigned i = 0; i < 5; i++)
    assert_int_equal(sf_array_i64(&array, i), first[i]);
  sf_array_destroy(&array);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(npy_reads_every_type),
      TEST(fortran_order_becomes_c_order),
      TEST(scalars_and_empty_arrays_are_arrays),
      TEST(hostile_npy_headers_are_refused),
      TEST(shapes_that_overflow_are_refused),
      TEST(every_truncation_is_refused),
      TEST(integers_saturate),
      TEST(idx_is_big_endian),
      TEST(idx_that_is_cut_or_longer_is_refused),
      TEST(gzipped_idx_is_read),
      TEST(gzip_bombs_are_refused),
      TEST(written_arrays_read_back),
      TEST(unaligned_data_is_copied),
      TEST(mnist_labels_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
