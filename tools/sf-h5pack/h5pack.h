/* h5pack.h - the two parts of the helper: taking the stream apart, making the
 * file. Whatever is wrong ends the process with one line: nobody wants half a
 * file. */
#ifndef SF_H5PACK_H
#define SF_H5PACK_H

#include "support/h5_stream.h"

#include <hdf5.h>

/* Prints one line on standard error and ends the process with `code`. */
_Noreturn void stop(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

typedef struct dataset {
  const char *path; /* terminated */
  sf_h5_kind kind;
  uint32_t element_bytes, rank;
  hsize_t dims[SF_H5_RANK_MAX];
  uint64_t elements;
  const unsigned char *data;
  uint64_t bytes;
} dataset;

/* file.c: a file in memory. Paths come after those of the groups around them.
 */
hid_t file_create(void);
void file_add_group(hid_t file, const char *path);
void file_add_dataset(hid_t file, const dataset *set);
/* Writes the file's bytes to standard output and closes it. */
void file_finish(hid_t file);

#endif
