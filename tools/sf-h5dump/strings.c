/* strings.c - datasets of text: fixed length (padded with NUL or space) and
 * variable length, which libhdf5 allocates string by string. */
#include "tools/sf-h5dump/h5dump.h"

#include <stdlib.h>
#include <string.h>

typedef struct text_data {
  unsigned char *bytes;
  size_t size, capacity;
} text_data;

static void add_text(text_data *text, const char *path, const char *string,
                     size_t length) {
  if (length > SF_H5_STRING_MAX) {
    refuse(path, "holds a string of %zu bytes; at most %d are read", length,
           SF_H5_STRING_MAX);
  }
  size_t needed = text->size + 4 + length;
  if (needed > SF_H5_DATA_MAX) refuse(path, "holds too much text");
  if (needed > text->capacity) {
    text->capacity = needed * 2;
    unsigned char *grown = realloc(text->bytes, text->capacity);
    if (!grown) refuse(path, "needs more memory than there is");
    text->bytes = grown;
  }
  for (unsigned i = 0; i < 4; i++)
    text->bytes[text->size + i] = (unsigned char)(length >> (8 * i));
  if (length) memcpy(text->bytes + text->size + 4, string, length);
  text->size = needed;
}

static void read_variable(stream *out, hid_t dataset, hid_t type,
                          const char *path, uint64_t count, text_data *text) {
  if (count > SF_H5_OBJECTS_MAX) refuse(path, "holds too many strings");
  stream_reserve(out, path, count * sizeof(char *));
  char **strings = calloc((size_t)(count ? count : 1), sizeof *strings);
  hid_t memory = H5Tcopy(type);
  if (!strings || memory < 0) refuse(path, "needs more memory than there is");
  if (count &&
      H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, strings) < 0) {
    refuse(path, "cannot be read: its strings are damaged or cut off");
  }
  for (uint64_t i = 0; i < count; i++) {
    size_t length = strings[i] ? strnlen(strings[i], SF_H5_STRING_MAX + 1) : 0;
    add_text(text, path, strings[i], length);
    H5free_memory(strings[i]);
  }
  H5Tclose(memory);
  free(strings);
}

static void read_fixed(stream *out, hid_t dataset, hid_t type, const char *path,
                       uint64_t count, text_data *text) {
  size_t width = H5Tget_size(type);
  if (width > SF_H5_STRING_MAX) {
    refuse(path, "holds strings of %zu bytes; at most %d are read", width,
           SF_H5_STRING_MAX);
  }
  if (count > SF_H5_OBJECTS_MAX) refuse(path, "holds too many strings");
  stream_reserve(out, path, count * width);
  char *data = calloc((size_t)(count ? count : 1), width ? width : 1);
  if (!data) refuse(path, "needs more memory than there is");
  if (count && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    refuse(path, "cannot be read: its strings are damaged or cut off");
  bool spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  for (uint64_t i = 0; i < count; i++) {
    const char *string = data + i * width;
    size_t length = strnlen(string, width);
    while (spaces && length && string[length - 1] == ' ')
      length--;
    add_text(text, path, string, length);
  }
  free(data);
}

void dump_strings(stream *out, hid_t dataset, hid_t type, const char *path,
                  uint32_t rank, const hsize_t *dims, uint64_t count) {
  text_data text = {0};
  if (H5Tis_variable_str(type) > 0)
    read_variable(out, dataset, type, path, count, &text);
  else
    read_fixed(out, dataset, type, path, count, &text);
  stream_reserve(out, path, text.size);
  stream_dataset(out, path, SF_H5_STRING, 0, rank, dims,
                 text.bytes ? (const void *)text.bytes : "", text.size);
  free(text.bytes);
}
