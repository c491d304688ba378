/* array_write.c - .npy files, version 1.0. */
#include "support/array.h"
#include "support/array_format.h"
#include "support/buffer.h"

#include <string.h>

enum { HEADER_ALIGN = 64, PREAMBLE_BYTES = 10 };

static const char *const descriptions[] = {
    [SF_ARRAY_BOOL] = "|b1", [SF_ARRAY_I8] = "|i1",  [SF_ARRAY_U8] = "|u1",
    [SF_ARRAY_I16] = "<i2",  [SF_ARRAY_U16] = "<u2", [SF_ARRAY_I32] = "<i4",
    [SF_ARRAY_U32] = "<u4",  [SF_ARRAY_I64] = "<i8", [SF_ARRAY_U64] = "<u8",
    [SF_ARRAY_F16] = "<f2",  [SF_ARRAY_F32] = "<f4", [SF_ARRAY_F64] = "<f8",
};

static void add_header(sf_buffer *out, const sf_array *array) {
  sf_buffer text = {0};
  sf_buffer_printf(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                   descriptions[array->type]);
  for (unsigned i = 0; i < array->rank; i++)
    sf_buffer_printf(&text, "%s%llu", i ? ", " : "",
                     (unsigned long long)array->dim[i]);
  sf_buffer_text(&text, array->rank == 1 ? ",), }" : "), }");
  /* Spaces and a line end, so that the data start at a multiple of 64. */
  while ((PREAMBLE_BYTES + text.size + 1) % HEADER_ALIGN && !text.failed)
    sf_buffer_char(&text, ' ');
  sf_buffer_char(&text, '\n');
  sf_buffer_add(out, "\x93NUMPY\x01\x00", 8);
  sf_buffer_char(out, (char)(text.size & 255));
  sf_buffer_char(out, (char)(text.size >> 8));
  if (text.data) sf_buffer_add(out, text.data, text.size);
  out->failed |= text.failed;
  sf_buffer_destroy(&text);
}

static sf_result write_parts(const char *path, const sf_buffer *header,
                             sf_slice data, sf_diag *diag) {
  sf_writer writer;
  SF_TRY(sf_writer_begin(path, diag, &writer));
  sf_result result = sf_writer_add(&writer, header->data, header->size, diag);
  if (result == SF_OK)
    result = sf_writer_add(&writer, data.data, data.size, diag);
  if (result == SF_OK) return sf_writer_publish(&writer, diag);
  sf_writer_discard(&writer);
  return result;
}

sf_result sf_array_write(const char *path, sf_array_type type, unsigned rank,
                         const uint64_t *dim, const void *data, sf_diag *diag) {
  sf_array array = {.type = type, .rank = (uint8_t)rank};
  uint64_t elements, bytes;
  for (unsigned i = 0; i < rank && i < SF_ARRAY_RANK_MAX; i++)
    array.dim[i] = dim[i];
  if (rank > SF_ARRAY_RANK_MAX || !sf_array_measure(&array, &elements, &bytes))
    return sf_error(diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                    "cannot write '%s': the array has more than %d dimensions "
                    "or 2^63 bytes",
                    path, SF_ARRAY_RANK_MAX);
  sf_buffer header = {0};
  add_header(&header, &array);
  sf_result result = SF_OOM;
  if (!header.failed)
    result = write_parts(path, &header, (sf_slice){data, (size_t)bytes}, diag);
  sf_buffer_destroy(&header);
  return result;
}
