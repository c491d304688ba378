/* .npy bytes: whatever is accepted must be readable to the last element. */
#include "fuzz.h"
#include "support/array.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_array array;
  if (!diag) return 0;
  sf_result result = sf_array_parse(data, size, "fuzz.npy", diag, &array);
  if (result == SF_OK) {
    double sum = 0;
    for (uint64_t i = 0; i < array.elements; i++)
      sum += sf_array_f64(&array, i) + (double)sf_array_i64(&array, i);
    volatile double kept = sum; /* so that the reads stay */
    (void)kept;
    sf_array_destroy(&array);
  }
  /* Refused without a word, or accepted with one. */
  if ((result == SF_FAIL) != (sf_diag_errors(diag) > 0)) abort();
  sf_diag_destroy(diag);
  return 0;
}
