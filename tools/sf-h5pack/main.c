/* main.c - sf-h5pack: a stream of support/h5_stream.h on standard input becomes
 * an HDF5 file on standard output. The reverse of sf-h5dump. */
#include "tools/sf-h5pack/h5pack.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void stop(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  _Exit(code);
}

typedef struct input {
  unsigned char *bytes;
  size_t size, at;
} input;

/* Twice the data stands for paths, headers and strings. */
static void read_all(input *in) {
  size_t capacity = (size_t)1 << 16;
  in->bytes = malloc(capacity);
  size_t got = 1;
  while (in->bytes && got) {
    if (in->size == capacity) {
      if (capacity > 2 * SF_H5_DATA_MAX)
        stop(SF_H5_EXIT_REFUSED, "the stream is longer than a file may be");
      capacity *= 2;
      unsigned char *grown = realloc(in->bytes, capacity);
      if (!grown) stop(SF_H5_EXIT_SYSTEM, "out of memory");
      in->bytes = grown;
    }
    got = fread(in->bytes + in->size, 1, capacity - in->size, stdin);
    in->size += got;
  }
  if (!in->bytes) stop(SF_H5_EXIT_SYSTEM, "out of memory");
  if (ferror(stdin)) stop(SF_H5_EXIT_SYSTEM, "standard input cannot be read");
}

static const unsigned char *take(input *in, uint64_t bytes) {
  if (bytes > in->size - in->at)
    stop(SF_H5_EXIT_REFUSED, "the stream ends too early");
  const unsigned char *at = in->bytes + in->at;
  in->at += (size_t)bytes;
  return at;
}

static uint64_t number(input *in, unsigned bytes) {
  const unsigned char *at = take(in, bytes);
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++)
    value |= (uint64_t)at[i] << (8 * i);
  return value;
}

static const char *path(input *in, uint64_t length, char out[]) {
  if (length < 2 || length > SF_H5_PATH_MAX)
    stop(SF_H5_EXIT_REFUSED, "a path has an impossible length");
  memcpy(out, take(in, length), (size_t)length);
  out[length] = '\0';
  if (*out != '/' || strlen(out) != length)
    stop(SF_H5_EXIT_REFUSED, "a path is malformed");
  return out;
}

static void add_dataset(input *in, hid_t file) {
  char name[SF_H5_PATH_MAX + 1];
  dataset set = {.elements = 1};
  uint64_t length = number(in, 4);
  set.kind = (sf_h5_kind)number(in, 4);
  set.element_bytes = (uint32_t)number(in, 4);
  set.rank = (uint32_t)number(in, 4);
  if (set.rank > SF_H5_RANK_MAX)
    stop(SF_H5_EXIT_REFUSED, "a dataset has too many axes");
  for (uint32_t i = 0; i < set.rank; i++) {
    set.dims[i] = number(in, 8);
    if (set.dims[i] && set.elements > SF_H5_DATA_MAX / set.dims[i])
      stop(SF_H5_EXIT_REFUSED, "a dataset has too many elements");
    set.elements *= set.dims[i];
  }
  set.bytes = number(in, 8);
  set.path = path(in, length, name);
  set.data = take(in, set.bytes);
  if (set.kind != SF_H5_STRING && set.bytes != set.elements * set.element_bytes)
    stop(SF_H5_EXIT_REFUSED, "the length of '%s' does not match its shape",
         set.path);
  file_add_dataset(file, &set);
}

/* What the end says of everything before it. */
static void check_end(input *in, uint64_t records) {
  uint64_t count = number(in, 8), hash = SF_H5_FNV_START;
  for (size_t i = 0; i < in->at; i++)
    hash = (hash ^ in->bytes[i]) * SF_H5_FNV_PRIME;
  if (number(in, 8) != hash || count != records)
    stop(SF_H5_EXIT_REFUSED, "the stream's count or checksum does not match");
  if (in->at != in->size)
    stop(SF_H5_EXIT_REFUSED, "the stream goes on after its end");
}

static void add_records(input *in, hid_t file) {
  char name[SF_H5_PATH_MAX + 1];
  for (uint64_t records = 0;; records++) {
    uint64_t tag = number(in, 4);
    if (tag == SF_H5_TAG_END) {
      check_end(in, records);
      return;
    }
    if (records == SF_H5_OBJECTS_MAX)
      stop(SF_H5_EXIT_REFUSED, "the stream has too many records");
    if (tag == SF_H5_TAG_GROUP)
      file_add_group(file, path(in, number(in, 4), name));
    else if (tag == SF_H5_TAG_DATASET)
      add_dataset(in, file);
    else
      stop(SF_H5_EXIT_REFUSED, "a record of the stream has an unknown tag");
  }
}

int main(int count, char **arguments) {
  if (count != 1) {
    bool help = count == 2 && strcmp(arguments[1], "--help") == 0;
    fprintf(help ? stdout : stderr,
            "usage: sf-h5pack <STREAM >FILE\n\nMakes an HDF5 file of a stream "
            "in the form of support/h5_stream.h. A helper\nof sfc.\n");
    return help ? SF_H5_EXIT_OK : SF_H5_EXIT_USAGE;
  }
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
  input in = {0};
  read_all(&in);
  size_t magic = sizeof SF_H5_MAGIC - 1;
  if (memcmp(take(&in, magic), SF_H5_MAGIC, magic) != 0 ||
      number(&in, 4) != SF_H5_VERSION)
    stop(SF_H5_EXIT_REFUSED, "standard input is no stream of this version");
  hid_t file = file_create();
  add_records(&in, file);
  file_finish(file);
  free(in.bytes);
  return SF_H5_EXIT_OK;
}
