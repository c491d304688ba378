/* Safetensors bytes: what is accepted lies inside the file, without overlap. */
#include "fuzz.h"
#include "support/array.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_safetensors file;
  if (!diag) return 0;
  sf_result result = sf_safetensors_parse(data, size, "fuzz", diag, &file);
  if (result == SF_OK) {
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < file.count; i++) {
      const sf_tensor *t = &file.tensors[i];
      if (t->offset > size || t->bytes > size - t->offset) abort();
      if (sf_safetensors_find(&file, t->name) != t) abort();
      bytes += t->bytes;
    }
    if (bytes > size) abort(); /* more than the file has: some overlap */
    sf_safetensors_destroy(&file);
  }
  if ((result == SF_FAIL) != (sf_diag_errors(diag) > 0)) abort();
  sf_diag_destroy(diag);
  return 0;
}
