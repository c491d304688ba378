/* safetensors_write.c - tensors in the given order, one after the other. */
#include "support/array.h"
#include "support/buffer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_ALIGN = 8 };

/* A name as JSON; false: it is not UTF-8 (or memory is out). */
static bool add_name(sf_buffer *out, const char *name) {
  json_t *string = json_string(name);
  char *text = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
  json_decref(string);
  if (text) sf_buffer_text(out, text);
  free(text);
  return text != NULL;
}

static void add_entry(sf_buffer *out, const sf_tensor_out *tensor,
                      uint64_t offset) {
  uint64_t end = offset + tensor->bytes;
  sf_buffer_printf(out, ":{\"dtype\":\"%s\",\"shape\":[", tensor->dtype);
  for (unsigned i = 0; i < tensor->rank; i++)
    sf_buffer_printf(out, "%s%llu", i ? "," : "",
                     (unsigned long long)tensor->dim[i]);
  sf_buffer_printf(out, "],\"data_offsets\":[%llu,%llu]}",
                   (unsigned long long)offset, (unsigned long long)end);
}

/* The length, the JSON, and spaces up to a multiple of 8. */
static sf_result add_header(sf_buffer *out, const sf_tensor_out *tensors,
                            size_t count, sf_diag *diag) {
  uint8_t length[8] = {0};
  uint64_t offset = 0;
  sf_buffer_add(out, length, sizeof length); /* filled in below */
  sf_buffer_char(out, '{');
  for (size_t i = 0; i < count; i++) {
    if (i) sf_buffer_char(out, ',');
    if (!add_name(out, tensors[i].name))
      return sf_error(diag, SF_DIAG_FILE_WRITE, SF_NO_LOC,
                      "tensor name '%s' is not UTF-8", tensors[i].name);
    add_entry(out, &tensors[i], offset);
    offset += tensors[i].bytes;
  }
  sf_buffer_char(out, '}');
  while (out->size % HEADER_ALIGN && !out->failed)
    sf_buffer_char(out, ' ');
  if (out->failed) return SF_OOM;
  uint64_t bytes = out->size - sizeof length;
  for (unsigned i = 0; i < sizeof length; i++)
    out->data[i] = (char)(bytes >> 8 * i);
  return SF_OK;
}

static sf_result write_all(sf_writer *writer, const sf_buffer *header,
                           const sf_tensor_out *tensors, size_t count,
                           sf_diag *diag) {
  SF_TRY(sf_writer_add(writer, header->data, header->size, diag));
  for (size_t i = 0; i < count; i++)
    SF_TRY(
        sf_writer_add(writer, tensors[i].data, (size_t)tensors[i].bytes, diag));
  return SF_OK;
}

sf_result sf_safetensors_write(const char *path, const sf_tensor_out *tensors,
                               size_t count, sf_diag *diag) {
  sf_buffer header = {0};
  sf_writer writer;
  sf_result result = add_header(&header, tensors, count, diag);
  if (result == SF_OK) result = sf_writer_begin(path, diag, &writer);
  if (result == SF_OK) {
    result = write_all(&writer, &header, tensors, count, diag);
    if (result == SF_OK)
      result = sf_writer_publish(&writer, diag);
    else
      sf_writer_discard(&writer);
  }
  sf_buffer_destroy(&header);
  return result;
}
