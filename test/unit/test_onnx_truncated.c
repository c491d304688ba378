/* A valid model, and its external data, cut off behind every byte: each is
 * refused by an error that is no bug of ours, and only the whole is read. Then
 * every byte changed to what breaks most: whatever comes of it, the reader
 * says why or gives a module that prints. */
#include "sf/frontend.h"
#include "sf/ir.h"
#include "test/support/folder.h"

#include <stdio.h>
#include <string.h>

typedef struct fixture {
  char *directory;
  const sf_frontend *reader;
  char *model, *data;
  size_t model_size, data_size;
} fixture;

static void read_source(const char *name, char **out, size_t *size) {
  char path[512];
  snprintf(path, sizeof path, "%s/onnx/%s", SF_TEST_DATA, name);
  assert_int_equal(sf_file_read(path, 4096, NULL, out, size), SF_OK);
}

static int begin(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->directory = test_folder_create();
  for (size_t i = 0; (f->reader = sf_frontend_at(i)); i++)
    if (strcmp(f->reader->name, "onnx") == 0) break;
  assert_non_null(f->reader);
  read_source("tiny.onnx", &f->model, &f->model_size);
  read_source("tiny.bin", &f->data, &f->data_size);
  *state = f;
  return 0;
}

static int end(void **state) {
  fixture *f = *state;
  test_folder_destroy(f->directory);
  free(f->model);
  free(f->data);
  free(f);
  return 0;
}

static void write_file(const fixture *f, const char *name, const char *bytes,
                       size_t size) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", f->directory, name);
  FILE *file = fopen(path, "wb"); /* sf_file_write would sync each */
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static void no_bug(void *data, const sf_diag_record *record) {
  (void)data;
  if (record->severity == SF_SEVERITY_ERROR)
    assert_int_not_equal(sf_diag_id_class(record->id), SF_CLASS_BUG);
}

/* Reads what was written, prints what was read. */
static bool reads(const fixture *f) {
  char path[512], *text = NULL;
  sf_import import;
  snprintf(path, sizeof path, "%s/tiny.onnx", f->directory);
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_diag_listen(diag, no_bug, NULL);
  sf_result result = f->reader->read(path, NULL, 0, diag, &import);
  assert_int_equal(result, sf_diag_errors(diag) ? SF_FAIL : SF_OK);
  if (result == SF_OK) {
    assert_int_equal(sf_print(import.module, NULL, &text), SF_OK);
    sf_module_destroy(import.module);
  }
  free(text);
  sf_diag_destroy(diag);
  return result == SF_OK;
}

static void truncated_models(void **state) {
  const fixture *f = *state;
  write_file(f, "tiny.bin", f->data, f->data_size);
  for (size_t size = 0; size <= f->model_size; size++) {
    write_file(f, "tiny.onnx", f->model, size);
    assert_int_equal(reads(f), size == f->model_size);
  }
}

static void truncated_data(void **state) {
  const fixture *f = *state;
  write_file(f, "tiny.onnx", f->model, f->model_size);
  for (size_t size = 0; size <= f->data_size; size++) {
    write_file(f, "tiny.bin", f->data, size);
    assert_int_equal(reads(f), size == f->data_size);
  }
}

/* Lengths, tags and sizes among them: too large, zero, one more. */
static void changed_bytes(void **state) {
  const fixture *f = *state;
  unsigned read = 0, tried = 0;
  write_file(f, "tiny.bin", f->data, f->data_size);
  for (size_t at = 0; at < f->model_size; at++) {
    const char kept = f->model[at];
    const char others[] = {'\xff', '\x7f', '\0', (char)(kept + 1)};
    for (size_t i = 0; i < sizeof others; i++) {
      f->model[at] = others[i];
      write_file(f, "tiny.onnx", f->model, f->model_size);
      read += reads(f);
      tried++;
    }
    f->model[at] = kept;
  }
  assert_in_range(read, 1, tried / 2); /* weights and names may be others */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(truncated_models),
      cmocka_unit_test(truncated_data),
      cmocka_unit_test(changed_bytes),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
