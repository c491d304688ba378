/* h5_stream_write.h - an HDF5 file from records: the writers add groups and
 * datasets, the helper sf-h5pack makes the file. */
#ifndef SF_FRONTEND_H5_STREAM_WRITE_H
#define SF_FRONTEND_H5_STREAM_WRITE_H

#include "sf/diag.h"
#include "support/buffer.h"
#include "support/h5_stream.h"

/* Zero-initialized is empty. After the end `bytes.failed` tells of memory that
 * was out, `too_large` of more than a reader takes. */
typedef struct sf_h5_stream {
  sf_buffer bytes;
  uint64_t records, data_bytes;
  bool too_large;
} sf_h5_stream;

/* Groups come before their members; paths are absolute. */
void sf_h5_stream_group(sf_h5_stream *stream, const char *path);
/* `data`: the elements in C order, or for STRING an array of texts. */
void sf_h5_stream_dataset(sf_h5_stream *stream, const char *path,
                          sf_h5_kind kind, uint32_t element_bytes,
                          uint32_t rank, const uint64_t *dims,
                          const void *data);
/* Count and checksum; nothing may follow. */
void sf_h5_stream_end(sf_h5_stream *stream);
void sf_h5_stream_destroy(sf_h5_stream *stream);

/* Runs the helper on an ended stream and writes what it makes to `path`, whole
 * or not at all. Errors: HELPER (missing, failed), FILE_WRITE. */
sf_result sf_h5_stream_write(const sf_h5_stream *stream, const char *path,
                             sf_diag *diag) SF_MUST_USE;

#endif
