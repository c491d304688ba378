/* array.h - arrays in files: NumPy .npy, IDX (gzipped or not), safetensors.
 *
 * All readers take untrusted files: sizes are bounded against the file before
 * anything is allocated. */
#ifndef SF_SUPPORT_ARRAY_H
#define SF_SUPPORT_ARRAY_H

#include "support/file.h"

enum { SF_ARRAY_RANK_MAX = 16 };

typedef enum sf_array_type {
  SF_ARRAY_BOOL,
  SF_ARRAY_I8,
  SF_ARRAY_U8,
  SF_ARRAY_I16,
  SF_ARRAY_U16,
  SF_ARRAY_I32,
  SF_ARRAY_U32,
  SF_ARRAY_I64,
  SF_ARRAY_U64,
  SF_ARRAY_F16,
  SF_ARRAY_F32,
  SF_ARRAY_F64
} sf_array_type;

size_t sf_array_type_bytes(sf_array_type type);
const char *sf_array_type_text(sf_array_type type); /* "uint8", as NumPy */

/* C order, little-endian, bytes contiguous. `data` points into `file` or
 * `owned`. Zero-initialized is none. */
typedef struct sf_array {
  sf_array_type type;
  uint8_t rank;
  uint64_t dim[SF_ARRAY_RANK_MAX];
  uint64_t elements;
  const void *data;
  sf_mapped_file file;
  void *owned;
} sf_array;

void sf_array_destroy(sf_array *array);
/* .npy versions 1-3 (C or Fortran order; Fortran is copied), IDX, IDX.gz: told
 * apart by their first bytes. Errors: FILE_OPEN, FILE_FORMAT, FILE_LIMIT. */
sf_result sf_array_read(const char *path, sf_diag *diag,
                        sf_array *out) SF_MUST_USE;
/* The same from memory (copied when needed); `name` for messages. */
sf_result sf_array_parse(const void *bytes, size_t size, const char *name,
                         sf_diag *diag, sf_array *out) SF_MUST_USE;
/* Element `index` converted; exact where the type allows. */
double sf_array_f64(const sf_array *array, uint64_t index);
int64_t sf_array_i64(const sf_array *array, uint64_t index);
/* Writes .npy version 1.0. */
sf_result sf_array_write(const char *path, sf_array_type type, unsigned rank,
                         const uint64_t *dim, const void *data,
                         sf_diag *diag) SF_MUST_USE;

/* ---- safetensors. ---- */

typedef struct sf_tensor {
  const char *name;
  const char *dtype; /* "I8", "F32", ... */
  uint8_t rank;
  uint64_t dim[SF_ARRAY_RANK_MAX];
  uint64_t offset, bytes; /* of the data, from the start of the file */
} sf_tensor;

typedef struct sf_safetensors {
  uint64_t count;
  sf_tensor *tensors; /* sorted by name */
  sf_arena *arena;
} sf_safetensors;

/* Parses the header of a mapped file (100 MB limit, offsets inside the file, no
 * overlap). */
sf_result sf_safetensors_parse(const void *bytes, size_t size, const char *name,
                               sf_diag *diag, sf_safetensors *out) SF_MUST_USE;
void sf_safetensors_destroy(sf_safetensors *file);
const sf_tensor *sf_safetensors_find(const sf_safetensors *file,
                                     const char *name);

/* One tensor to write; `data` is `bytes` long. */
typedef struct sf_tensor_out {
  const char *name, *dtype;
  uint8_t rank;
  uint64_t dim[SF_ARRAY_RANK_MAX];
  const void *data;
  uint64_t bytes;
} sf_tensor_out;

/* Deterministic: in the given order, header padded to 8 bytes. */
sf_result sf_safetensors_write(const char *path, const sf_tensor_out *tensors,
                               size_t count, sf_diag *diag) SF_MUST_USE;

#endif
