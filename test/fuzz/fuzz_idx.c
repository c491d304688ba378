/* IDX bytes, as they are and gzipped: the header checks behind inflate would
 * hardly be reached by mutating compressed bytes. */
#include "fuzz.h"
#include "support/array.h"

#include <stdlib.h>
#include <zlib.h>

static void read_array(const uint8_t *data, size_t size) {
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_array array;
  if (!diag) return;
  sf_result result = sf_array_parse(data, size, "fuzz.idx", diag, &array);
  if (result == SF_OK) {
    int64_t sum = 0;
    for (uint64_t i = 0; i < array.elements; i++)
      sum ^= sf_array_i64(&array, i);
    volatile int64_t kept = sum; /* so that the reads stay */
    (void)kept;
    sf_array_destroy(&array);
  }
  if ((result == SF_FAIL) != (sf_diag_errors(diag) > 0)) abort();
  sf_diag_destroy(diag);
}

static void read_gzipped(const uint8_t *data, size_t size) {
  z_stream stream = {0};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
    return;
  uLong bound = deflateBound(&stream, (uLong)size);
  uint8_t *packed = malloc(bound);
  stream.next_in = (Bytef *)(uintptr_t)data;
  stream.avail_in = (uInt)size;
  stream.next_out = packed;
  stream.avail_out = (uInt)bound;
  if (packed && deflate(&stream, Z_FINISH) == Z_STREAM_END)
    read_array(packed, bound - stream.avail_out);
  deflateEnd(&stream);
  free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_array(data, size);
  read_gzipped(data, size);
  return 0;
}
