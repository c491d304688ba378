/* import.c - an import must be a module that reads back, or have said why not.
 */
#include "import.h"

#include "sf/ir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A wrong file is no bug of the reader, whatever stands in it. */
static void check_record(void *data, const sf_diag_record *record) {
  (void)data;
  if (record->severity == SF_SEVERITY_ERROR &&
      sf_diag_id_class(record->id) == SF_CLASS_BUG) {
    fprintf(stderr, "%s\n", record->message);
    abort();
  }
}

sf_diag *fuzz_diag_create(void) {
  sf_diag *diag =
      sf_diag_create(getenv("FUZZ_SHOW") ? stderr : NULL, SF_DIAG_TEXT);
  if (diag) sf_diag_listen(diag, check_record, NULL);
  return diag;
}

static void check_module(const sf_module *module, const char *path,
                         sf_diag *diag) {
  sf_module *again;
  char *text, *text_again;
  if (sf_print(module, NULL, &text) != SF_OK) abort();
  if (sf_parse((sf_slice){text, strlen(text)}, path, diag, &again) != SF_OK)
    abort();
  if (sf_print(again, NULL, &text_again) != SF_OK) abort();
  if (strcmp(text, text_again) != 0) abort();
  free(text_again);
  free(text);
  sf_module_destroy(again);
}

void fuzz_check_import(sf_result result, sf_import *import, const char *path,
                       sf_diag *diag) {
  if ((result == SF_FAIL) != (sf_diag_errors(diag) > 0)) abort();
  if (result != SF_OK) return;
  check_module(import->module, path, diag);
  sf_module_destroy(import->module);
}
