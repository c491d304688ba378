/* blob_private.h - what the files about blobs share. Private to ir. */
#ifndef SF_IR_BLOB_PRIVATE_H
#define SF_IR_BLOB_PRIVATE_H

#include "sf/blob.h"

enum { SF_BLOB_INLINE_MAX = 64 }; /* elements that print as `dense` */

/* A blob without elements yet, its name made unique. NULL: out of memory. */
sf_blob *sf_blob_create(sf_module *module, const char *name,
                        const sf_type *type, sf_source_kind source);
/* Makes a blob the part of `base` (another of the module) that starts at
 * `begin`, of its own type's extents. SF_OOM is the only failure. */
sf_result sf_blob_set_slice(sf_blob *blob, sf_blob *base,
                            const int32_t *begin) SF_MUST_USE;
/* i8 for spike and i2..i8, i16 for i9..i16, else i32; f32. */
sf_dtype sf_blob_narrowest(sf_scalar scalar);
/* Element `index` of an array of an integer dtype. */
void sf_blob_store_i32(void *bytes, sf_dtype dtype, size_t index,
                       int32_t value);
float sf_half_to_float(uint16_t half);
/* As stored: -0.0 stays. */
float sf_blob_raw_f32(const sf_blob *blob, size_t index);
/* All elements inside the type; f32 neither NaN nor, where the blob is a weight
 * or bias, infinite. Needs the data. Error: BLOB. */
sf_result sf_blob_check(const sf_blob *blob, sf_diag *diag) SF_MUST_USE;

#endif
