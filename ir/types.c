/* types.c - scalars, shapes and written numbers. docs/ir.md 3. */
#include "sf/types.h"

#include <stdio.h>
#include <string.h>

sf_number sf_number_int(int64_t value) {
  return (sf_number){false, value, (float)value, (double)value};
}

sf_number sf_number_float(float value) {
  return (sf_number){true, 0, value, (double)value};
}

sf_number sf_number_double(double value) {
  return (sf_number){true, 0, (float)value, value};
}

bool sf_number_equal(sf_number a, sf_number b) {
  return a.is_float == b.is_float && a.i == b.i &&
         memcmp(&a.f, &b.f, sizeof a.f) == 0 &&
         memcmp(&a.d, &b.d, sizeof a.d) == 0;
}

bool sf_scalar_equal(sf_scalar a, sf_scalar b) {
  return a.kind == b.kind && a.bits == b.bits;
}

int64_t sf_scalar_min(sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_SPIKE) return 0;
  return -((int64_t)1 << (scalar.bits - 1));
}

int64_t sf_scalar_max(sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_SPIKE) return 1;
  return ((int64_t)1 << (scalar.bits - 1)) - 1;
}

sf_type sf_type_make(sf_scalar scalar, unsigned rank, const int32_t *dim) {
  sf_type type = {scalar, (uint8_t)rank, {0}};
  for (unsigned i = 0; i < rank && i < SF_RANK_MAX; i++)
    type.dim[i] = dim[i];
  return type;
}

bool sf_type_same_shape(const sf_type *a, const sf_type *b) {
  if (a->rank != b->rank) return false;
  for (unsigned i = 0; i < a->rank; i++)
    if (a->dim[i] != b->dim[i]) return false;
  return true;
}

bool sf_type_equal(const sf_type *a, const sf_type *b) {
  return sf_scalar_equal(a->scalar, b->scalar) && sf_type_same_shape(a, b);
}

size_t sf_type_elements(const sf_type *type) {
  size_t count = 1;
  for (unsigned i = 0; i < type->rank; i++) {
    size_t dim = type->dim[i] > 0 ? (size_t)type->dim[i] : 0;
    /* An unverified type may be absurd: saturate, do not wrap. */
    if (dim != 0 && count > SIZE_MAX / dim) return SIZE_MAX;
    count *= dim;
  }
  return count;
}

/* snprintf that appends at `length` and keeps counting past the end. */
static size_t append(char *out, size_t size, size_t length, const char *prefix,
                     long number) {
  bool room = length < size;
  int more = snprintf(room ? out + length : NULL, room ? size - length : 0,
                      "%s%ld", prefix, number);
  return length + (more > 0 ? (size_t)more : 0);
}

size_t sf_scalar_text(sf_scalar scalar, char *out, size_t size) {
  if (scalar.kind == SF_SCALAR_INT)
    return append(out, size, 0, "i", scalar.bits);
  const char *text = scalar.kind == SF_SCALAR_SPIKE ? "spike" : "f32";
  int length = snprintf(out, size, "%s", text);
  return length > 0 ? (size_t)length : 0;
}

size_t sf_type_text(const sf_type *type, char *out, size_t size) {
  size_t length = sf_scalar_text(type->scalar, out, size);
  for (unsigned i = 0; i < type->rank; i++)
    length = append(out, size, length, i == 0 ? "[" : ", ", type->dim[i]);
  if (type->rank == 0) return length;
  if (length + 1 < size) memcpy(out + length, "]", 2);
  return length + 1;
}

const char *sf_dtype_text(sf_dtype dtype) {
  static const char *const texts[] = {
#define SF_DTYPE(NUMBER, ID, text, bytes, safetensors) [NUMBER] = text,
#include "sf/types.def"
  };
  return (size_t)dtype < SF_COUNT_OF(texts) ? texts[dtype] : "?";
}

size_t sf_dtype_bytes(sf_dtype dtype) {
  static const uint8_t sizes[] = {
#define SF_DTYPE(NUMBER, ID, text, bytes, safetensors) [NUMBER] = bytes,
#include "sf/types.def"
  };
  return (size_t)dtype < SF_COUNT_OF(sizes) ? sizes[dtype] : 0;
}

const char *sf_mode_text(sf_mode mode) {
  static const char *const texts[] = {
#define SF_MODE(NUMBER, ID, text) [NUMBER] = text,
#include "sf/types.def"
  };
  return (size_t)mode < SF_COUNT_OF(texts) ? texts[mode] : "?";
}

const char *sf_round_text(sf_round round) {
  static const char *const texts[] = {
#define SF_ROUND(NUMBER, ID, text, doc) [NUMBER] = text,
#include "sf/types.def"
  };
  return (size_t)round < SF_COUNT_OF(texts) ? texts[round] : "?";
}

const char *sf_pool_text(sf_pool_kind kind) {
  static const char *const texts[] = {
#define SF_POOL(NUMBER, ID, text) [NUMBER] = text,
#include "sf/types.def"
  };
  return (size_t)kind < SF_COUNT_OF(texts) ? texts[kind] : "?";
}
