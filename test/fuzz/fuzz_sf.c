/* The text IR. What parses must verify again, print, read back and print the
 * same; what does not must have said why. No file is opened: the text has no
 * folder. */
#include "fuzz.h"
#include "sf/ir.h"

#include <stdlib.h>
#include <string.h>

static char *print(const sf_module *module) {
  char *text;
  if (sf_print(module, NULL, &text) != SF_OK) abort();
  return text;
}

static void check(const sf_module *module, sf_diag *diag) {
  sf_module *again, *copy;
  char *text = print(module);
  if (sf_parse((sf_slice){text, strlen(text)}, NULL, diag, &again) != SF_OK)
    abort();
  if (sf_module_clone(module, &copy) != SF_OK) abort();
  char *text_again = print(again), *text_copy = print(copy);
  if (strcmp(text, text_again) != 0 || strcmp(text, text_copy) != 0) abort();
  free(text_copy);
  free(text_again);
  free(text);
  sf_module_destroy(copy);
  sf_module_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_module *module;
  if (!diag) return 0;
  sf_slice text = {(const char *)data, size};
  sf_result result = sf_parse(text, NULL, diag, &module);
  if ((result == SF_FAIL) != (sf_diag_errors(diag) > 0)) abort();
  if (result == SF_OK) check(module, diag);
  sf_module_destroy(module);
  sf_diag_destroy(diag);
  return 0;
}
