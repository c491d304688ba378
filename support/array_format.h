/* array_format.h - what readers of array files share. Private to support. */
#ifndef SF_SUPPORT_ARRAY_FORMAT_H
#define SF_SUPPORT_ARRAY_FORMAT_H

#include "support/array.h"

/* A file's bytes while they are parsed. `name` is for messages. */
typedef struct array_input {
  const uint8_t *bytes;
  size_t size;
  const char *name;
  sf_diag *diag;
} array_input;

/* The element order of a file, before it becomes a C-order array. */
typedef struct array_layout {
  bool big_endian, fortran;
  size_t data_offset; /* of the first element */
} array_layout;

/* Number of elements and bytes of the shape in `array`; false: it overflows.
 * A dimension of 0 gives 0 whatever the others are, if they are sane. */
bool sf_array_measure(const sf_array *array, uint64_t *out_elements,
                      uint64_t *out_bytes);

/* Checks that exactly the array's bytes follow the header, then points at them,
 * or copies when order, byte order or alignment ask for it. The header is in
 * `array`: type, rank, dim. */
sf_result sf_array_place(const array_input *input, const array_layout *layout,
                         sf_array *array);

bool sf_npy_is(const array_input *input);
sf_result sf_npy_parse(const array_input *input, sf_array *out);

bool sf_idx_is(const uint8_t *bytes, size_t size);
/* Bytes of the header that `bytes` starts, at most 4 + 4 * SF_ARRAY_RANK_MAX; 4
 * bytes are enough to tell. */
size_t sf_idx_header_bytes(const uint8_t *bytes);
/* Reads type, rank and dimensions; `input` holds at least the header. */
sf_result sf_idx_header(const array_input *input, sf_array *out);
sf_result sf_idx_parse(const array_input *input, sf_array *out);

bool sf_gzip_is(const array_input *input);
/* Inflates one IDX array; memory is bounded by what its header claims, and that
 * by what so many compressed bytes can hold. *out is malloc'ed. */
sf_result sf_gzip_idx_inflate(const array_input *input, uint8_t **out,
                              size_t *out_size);

/* FILE_FORMAT about this file. */
sf_result sf_array_malformed(const array_input *input, const char *format, ...)
    SF_PRINTF(2, 3);
#ifdef __clang_analyzer__ /* as in sf/diag.h */
#define sf_array_malformed(...) ((void)sf_array_malformed(__VA_ARGS__), SF_FAIL)
#endif

#endif
