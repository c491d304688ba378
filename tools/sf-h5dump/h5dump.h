/* h5dump.h - the three parts of the helper: limits, walking the file, writing.
 *
 * The process trusts nothing in the file and stops at the first violation: it
 * prints one line and exits, because nobody reads half an answer. */
#ifndef SF_H5DUMP_H
#define SF_H5DUMP_H

#include "support/h5_stream.h"

#include <hdf5.h>
#include <stdbool.h>

typedef struct stream {
  uint64_t hash; /* FNV-1a of the bytes so far */
  uint64_t records;
  uint64_t data_bytes; /* of all datasets so far, as they lie in memory */
} stream;

/* Prints one line on standard error and ends the process. `path` is the object,
 * or NULL. */
_Noreturn void refuse(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* limits.c: address space, processor time, core files, written files; and the
 * variables of libhdf5 that would load code or open other files. */
void limit_process(void);

/* output.c: each ends the process when standard output fails. */
void stream_begin(stream *out);
void stream_group(stream *out, const char *path);
/* `dims` has `rank` entries; `data` is `bytes` long. */
void stream_dataset(stream *out, const char *path, sf_h5_kind kind,
                    uint32_t element_bytes, uint32_t rank, const hsize_t *dims,
                    const void *data, uint64_t bytes);
void stream_end(stream *out);

/* dataset.c: checks layout, filters and size, reads, writes one record. */
void dump_dataset(stream *out, hid_t dataset, const char *path);
/* strings.c: fixed and variable length. `count` elements. */
void dump_strings(stream *out, hid_t dataset, hid_t type, const char *path,
                  uint32_t rank, const hsize_t *dims, uint64_t count);

/* Adds to the bytes of all datasets; refuses above SF_H5_DATA_MAX. */
void stream_reserve(stream *out, const char *path, uint64_t bytes);

#endif
