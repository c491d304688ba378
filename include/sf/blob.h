/* blob.h - constant arrays: weights, biases, tables. docs/ir.md 3.
 *
 * A blob has a logical type and a stored dtype. Bytes from files stay mapped;
 * they are checked (length, range, NaN, sha256) when first loaded, once. Blobs
 * belong to their module. */
#ifndef SF_BLOB_H
#define SF_BLOB_H

#include "sf/diag.h"
#include "sf/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sf_module sf_module;

typedef enum sf_source_kind {
#define SF_SOURCE(NUMBER, ID, text) SF_SOURCE_##ID = NUMBER,
#include "sf/types.def"
} sf_source_kind;

typedef struct sf_blob {
  const char *name; /* without @ */
  sf_type type;
  sf_source_kind source;
  sf_dtype dtype;       /* of the stored bytes */
  sf_number splat;      /* SPLAT */
  const char *path;     /* FILE, RAW: relative to the .sf file */
  const char *tensor;   /* FILE: name inside the safetensors file */
  uint64_t offset;      /* RAW: bytes from the start of the file */
  uint64_t bytes;       /* ELIDED: stored bytes */
  struct sf_blob *base; /* SLICE: the blob whose elements these are; no slice */
  const int32_t *begin; /* SLICE: first index in base, one an axis */
  const char *sha256;   /* 64 hex digits of the stored bytes, or NULL */
  sf_loc loc;
  struct sf_module *module;
  struct sf_blob *prev, *next;

  /* Set by sf_blob_load, by the reader for DENSE, by sf_blob_create_*. C order,
   * dtype elements, perhaps unaligned: use the accessors. NULL: not loaded. */
  const void *data;
  bool checked;   /* private: sf_blob_load has looked at the elements */
  uint32_t users; /* operands, attributes and slices that name it */
} sf_blob;

/* Creates a blob whose bytes are computed; `name` is made unique. The bytes are
 * copied into storage that the module frees. dtype: the narrowest for the type
 * (i8 for i2..i8, i16 for i9..i16, else i32; f32). Errors: NULL, out of memory
 * (values are the caller's business and are checked when loaded). */
sf_blob *sf_blob_create_i32(sf_module *module, const char *name,
                            const sf_type *type, const int32_t *values);
/* The same of an f32 type; NaN and infinities are found when loaded. */
sf_blob *sf_blob_create_f32(sf_module *module, const char *name,
                            const sf_type *type, const float *values);
/* `bytes` of a reader's own storage, already of `dtype`; lives as long as the
 * module: sf_module_own transfers it. */
sf_blob *sf_blob_create_bytes(sf_module *module, const char *name,
                              const sf_type *type, sf_dtype dtype,
                              const void *bytes);
/* All elements equal `value`, which takes no memory an element. NULL: out of
 * memory. */
sf_blob *sf_blob_create_splat(sf_module *module, const char *name,
                              const sf_type *type, sf_number value);
/* Elements that lie in a file, `offset` bytes from its start, in C order;
 * `path` is relative to the module's directory and copied. The bytes are looked
 * at when the blob is loaded. NULL: out of memory. */
sf_blob *sf_blob_create_raw(sf_module *module, const char *name,
                            const sf_type *type, sf_dtype dtype,
                            const char *path, uint64_t offset);

/* The box of `base` that starts at `begin` (one index an axis) and has the
 * extents of `type`, whose scalar and rank are those of base: no element is
 * copied. A slice of a slice is one of its base, of a splat a splat. The box
 * must lie inside, which the verifier checks. NULL: out of memory. */
sf_blob *sf_blob_create_slice(sf_module *module, const char *name,
                              const sf_type *type, sf_blob *base,
                              const int32_t *begin);

/* Makes the elements readable: maps the file, checks everything once. Errors:
 * FILE_OPEN, FILE_PATH, BLOB, BLOB_ELIDED. Cheap when loaded already. */
sf_result sf_blob_load(sf_blob *blob, sf_diag *diag) SF_MUST_USE;

/* Elements of a loaded blob, by flat index in C order. -0.0 reads as +0.0. */
int32_t sf_blob_i32(const sf_blob *blob, size_t index); /* spike, iN */
float sf_blob_f32(const sf_blob *blob, size_t index);   /* f32 */
/* Either, as the type says. */
sf_word sf_blob_word(const sf_blob *blob, size_t index);
/* `count` elements from `first` on. */
void sf_blob_read(const sf_blob *blob, size_t first, size_t count,
                  sf_word *out);
/* Elements of its type, loaded or not. */
size_t sf_blob_elements(const sf_blob *blob);
/* Whether all elements of a loaded blob have the same bits; *out_value, if not
 * NULL, is that element. */
bool sf_blob_is_uniform(const sf_blob *blob, sf_word *out_value);

#ifdef __cplusplus
}
#endif
#endif
