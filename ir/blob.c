/* blob.c - constant arrays: making them and reading their elements. */
#include "sf/module.h"

#include "ir/blob_private.h"
#include "ir/names.h"
#include "ir/use.h"

#include <stdlib.h>
#include <string.h>

sf_blob *sf_blob_create(sf_module *module, const char *name,
                        const sf_type *type, sf_source_kind source) {
  sf_blob *blob = SF_NEW(module->arena, sf_blob);
  if (!blob) return NULL;
  blob->name =
      sf_names_unique(&module->symbols->blobs, name && *name ? name : "b");
  if (!blob->name || sf_names_set(&module->symbols->blobs, blob->name, blob))
    return NULL;
  blob->type = *type;
  blob->source = source;
  blob->dtype = sf_blob_narrowest(type->scalar);
  blob->module = module;
  blob->prev = module->last_blob;
  if (module->last_blob)
    module->last_blob->next = blob;
  else
    module->first_blob = blob;
  module->last_blob = blob;
  return blob;
}

sf_dtype sf_blob_narrowest(sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_F32) return SF_DTYPE_F32;
  if (scalar.bits <= 8) return SF_DTYPE_I8;
  return scalar.bits <= 16 ? SF_DTYPE_I16 : SF_DTYPE_I32;
}

void sf_blob_erase(sf_blob *blob) {
  sf_module *module = blob->module;
  if (blob->prev)
    blob->prev->next = blob->next;
  else
    module->first_blob = blob->next;
  if (blob->next)
    blob->next->prev = blob->prev;
  else
    module->last_blob = blob->prev;
  sf_names_remove(&module->symbols->blobs, blob->name);
  sf_blob_count_user(blob->base, -1);
}

/* Gives `bytes` (malloc'ed) to the module; frees them on failure. */
static sf_blob *create_derived(sf_module *module, const char *name,
                               const sf_type *type, void *bytes) {
  if (!bytes) return NULL;
  if (sf_module_own(module, bytes, free) != SF_OK) {
    free(bytes);
    return NULL;
  }
  sf_blob *blob = sf_blob_create(module, name, type, SF_SOURCE_DERIVED);
  if (blob) blob->data = bytes;
  return blob;
}

void sf_blob_store_i32(void *bytes, sf_dtype dtype, size_t index,
                       int32_t value) {
  size_t width = sf_dtype_bytes(dtype);
  /* Little-endian, as every machine this runs on; the low bytes come first. */
  memcpy((char *)bytes + index * width, &value, width);
}

sf_blob *sf_blob_create_i32(sf_module *module, const char *name,
                            const sf_type *type, const int32_t *values) {
  sf_dtype dtype = sf_blob_narrowest(type->scalar);
  size_t count = sf_type_elements(type);
  char *bytes = calloc(count ? count : 1, sf_dtype_bytes(dtype));
  for (size_t i = 0; bytes && i < count; i++)
    sf_blob_store_i32(bytes, dtype, i, values[i]);
  return create_derived(module, name, type, bytes);
}

sf_blob *sf_blob_create_f32(sf_module *module, const char *name,
                            const sf_type *type, const float *values) {
  size_t count = sf_type_elements(type);
  float *bytes = calloc(count ? count : 1, sizeof *bytes);
  if (bytes && count) memcpy(bytes, values, count * sizeof *bytes);
  return create_derived(module, name, type, bytes);
}

sf_blob *sf_blob_create_bytes(sf_module *module, const char *name,
                              const sf_type *type, sf_dtype dtype,
                              const void *bytes) {
  sf_blob *blob = sf_blob_create(module, name, type, SF_SOURCE_DERIVED);
  if (!blob) return NULL;
  blob->dtype = dtype;
  blob->data = bytes;
  return blob;
}

sf_blob *sf_blob_create_splat(sf_module *module, const char *name,
                              const sf_type *type, sf_number value) {
  sf_blob *blob = sf_blob_create(module, name, type, SF_SOURCE_SPLAT);
  if (blob) blob->splat = value;
  return blob;
}

sf_blob *sf_blob_create_raw(sf_module *module, const char *name,
                            const sf_type *type, sf_dtype dtype,
                            const char *path, uint64_t offset) {
  sf_blob *blob = sf_blob_create(module, name, type, SF_SOURCE_RAW);
  if (!blob) return NULL;
  blob->path =
      sf_arena_text(module->arena, (sf_slice){path, __builtin_strlen(path)});
  blob->dtype = dtype;
  blob->offset = offset;
  return blob->path ? blob : NULL;
}

sf_result sf_blob_set_slice(sf_blob *blob, sf_blob *base,
                            const int32_t *begin) {
  int32_t *first = SF_NEW_ARRAY(blob->module->arena, int32_t, SF_RANK_MAX);
  if (!first) return SF_OOM;
  for (unsigned i = 0; i < blob->type.rank; i++)
    first[i] = begin[i] + (base->base ? base->begin[i] : 0);
  if (base->base) base = base->base;
  blob->source = SF_SOURCE_SLICE;
  blob->base = base;
  blob->begin = first;
  blob->dtype = base->dtype;
  blob->data = base->data;
  sf_blob_count_user(base, 1);
  return SF_OK;
}

sf_blob *sf_blob_create_slice(sf_module *module, const char *name,
                              const sf_type *type, sf_blob *base,
                              const int32_t *begin) {
  if (base->source == SF_SOURCE_SPLAT)
    return sf_blob_create_splat(module, name, type, base->splat);
  sf_blob *blob = sf_blob_create(module, name, type, SF_SOURCE_SLICE);
  return blob && sf_blob_set_slice(blob, base, begin) == SF_OK ? blob : NULL;
}

/* Where element `index` of a slice lies in its base. */
static size_t base_index(const sf_blob *slice, size_t index) {
  size_t at = 0, stride = 1;
  for (unsigned i = slice->type.rank; i-- > 0;) {
    size_t extent = (size_t)slice->type.dim[i];
    size_t here = i ? index % extent : index;
    if (i) index /= extent;
    at += (here + (size_t)slice->begin[i]) * stride;
    stride *= (size_t)slice->base->type.dim[i];
  }
  return at;
}

size_t sf_blob_elements(const sf_blob *blob) {
  return sf_type_elements(&blob->type);
}

float sf_half_to_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000U) << 16;
  uint32_t exponent = (half >> 10) & 31U, fraction = half & 1023U;
  uint32_t bits;
  float value;
  if (exponent == 0) { /* zero or subnormal: fraction * 2^-24, exact */
    value = (float)fraction * 0x1p-24F;
    memcpy(&bits, &value, sizeof bits);
    bits |= sign;
  } else {
    bits = exponent == 31 ? 0x7F800000U : (exponent + 112U) << 23;
    bits |= sign | fraction << 13;
  }
  memcpy(&value, &bits, sizeof value);
  return value;
}

int32_t sf_blob_i32(const sf_blob *blob, size_t index) {
  if (blob->source == SF_SOURCE_SLICE) {
    index = base_index(blob, index);
    blob = blob->base;
  }
  if (blob->source == SF_SOURCE_SPLAT) return (int32_t)blob->splat.i;
  const char *at =
      (const char *)blob->data + index * sf_dtype_bytes(blob->dtype);
  union {
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
  } element;
  memcpy(&element, at, sf_dtype_bytes(blob->dtype));
  switch (blob->dtype) {
  case SF_DTYPE_I8:
    return element.i8;
  case SF_DTYPE_U8:
    return element.u8;
  case SF_DTYPE_I16:
    return element.i16;
  case SF_DTYPE_U16:
    return element.u16;
  default:
    return element.i32;
  }
}

float sf_blob_raw_f32(const sf_blob *blob, size_t index) {
  if (blob->source == SF_SOURCE_SLICE) {
    index = base_index(blob, index);
    blob = blob->base;
  }
  if (blob->source == SF_SOURCE_SPLAT) return blob->splat.f;
  const char *at =
      (const char *)blob->data + index * sf_dtype_bytes(blob->dtype);
  if (blob->dtype == SF_DTYPE_F16) {
    uint16_t half;
    memcpy(&half, at, sizeof half);
    return sf_half_to_float(half);
  }
  float value;
  memcpy(&value, at, sizeof value);
  return value;
}

float sf_blob_f32(const sf_blob *blob, size_t index) {
  return sf_blob_raw_f32(blob, index) + 0.0F; /* -0.0 + 0.0 is +0.0 */
}

sf_word sf_blob_word(const sf_blob *blob, size_t index) {
  sf_word word;
  if (blob->type.scalar.kind == SF_SCALAR_F32)
    word.f = sf_blob_f32(blob, index);
  else
    word.i = sf_blob_i32(blob, index);
  return word;
}

void sf_blob_read(const sf_blob *blob, size_t first, size_t count,
                  sf_word *out) {
  for (size_t i = 0; i < count; i++)
    out[i] = sf_blob_word(blob, first + i);
}

bool sf_blob_is_uniform(const sf_blob *blob, sf_word *out_value) {
  size_t count = sf_blob_elements(blob);
  if (count == 0) return false;
  sf_word first = sf_blob_word(blob, 0);
  if (blob->source != SF_SOURCE_SPLAT)
    for (size_t i = 1; i < count; i++)
      if (sf_blob_word(blob, i).i != first.i) return false;
  if (out_value) *out_value = first;
  return true;
}
