/* output.c - the records of support/h5_stream.h on standard output. */
#include "tools/sf-h5dump/h5dump.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void put(stream *out, const void *bytes, size_t size) {
  const unsigned char *next = bytes;
  uint64_t hash = out->hash;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ next[i]) * SF_H5_FNV_PRIME;
  out->hash = hash;
  if (fwrite(bytes, 1, size, stdout) == size) return;
  fprintf(stderr, "the answer could not be written: %s\n", strerror(errno));
  _exit(SF_H5_EXIT_SYSTEM);
}

static void put_number(stream *out, uint64_t value, unsigned bytes) {
  unsigned char text[8];
  for (unsigned i = 0; i < bytes; i++)
    text[i] = (unsigned char)(value >> (8 * i));
  put(out, text, bytes);
}

void stream_begin(stream *out) {
  *out = (stream){.hash = SF_H5_FNV_START};
  put(out, SF_H5_MAGIC, sizeof SF_H5_MAGIC - 1);
  put_number(out, SF_H5_VERSION, 4);
}

static void count_record(stream *out, const char *path) {
  if (out->records == SF_H5_OBJECTS_MAX) {
    refuse(path,
           "is one object too many: at most %d groups and datasets are "
           "read",
           SF_H5_OBJECTS_MAX);
  }
  out->records++;
}

void stream_group(stream *out, const char *path) {
  count_record(out, path);
  put_number(out, SF_H5_TAG_GROUP, 4);
  put_number(out, strlen(path), 4);
  put(out, path, strlen(path));
}

void stream_dataset(stream *out, const char *path, sf_h5_kind kind,
                    uint32_t element_bytes, uint32_t rank, const hsize_t *dims,
                    const void *data, uint64_t bytes) {
  count_record(out, path);
  put_number(out, SF_H5_TAG_DATASET, 4);
  put_number(out, strlen(path), 4);
  put_number(out, kind, 4);
  put_number(out, element_bytes, 4);
  put_number(out, rank, 4);
  for (uint32_t i = 0; i < rank; i++)
    put_number(out, dims[i], 8);
  put_number(out, bytes, 8);
  put(out, path, strlen(path));
  put(out, data, (size_t)bytes);
}

void stream_end(stream *out) {
  put_number(out, SF_H5_TAG_END, 4);
  put_number(out, out->records, 8);
  put_number(out, out->hash, 8);
  if (fflush(stdout) == 0) return;
  fprintf(stderr, "the answer could not be written: %s\n", strerror(errno));
  _exit(SF_H5_EXIT_SYSTEM);
}

void stream_reserve(stream *out, const char *path, uint64_t bytes) {
  if (bytes > SF_H5_DATA_MAX - out->data_bytes) {
    refuse(path, "needs %llu bytes; all data of a file may take %llu",
           (unsigned long long)bytes, (unsigned long long)SF_H5_DATA_MAX);
  }
  out->data_bytes += bytes;
}
