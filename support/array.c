/* array.c - arrays in memory, and telling the file formats apart. */
#include "support/array.h"
#include "support/array_format.h"
#include "support/buffer.h"

#undef sf_array_malformed /* the function itself is here */

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *text;
  size_t bytes;
} types[] = {
    [SF_ARRAY_BOOL] = {"bool", 1},   [SF_ARRAY_I8] = {"int8", 1},
    [SF_ARRAY_U8] = {"uint8", 1},    [SF_ARRAY_I16] = {"int16", 2},
    [SF_ARRAY_U16] = {"uint16", 2},  [SF_ARRAY_I32] = {"int32", 4},
    [SF_ARRAY_U32] = {"uint32", 4},  [SF_ARRAY_I64] = {"int64", 8},
    [SF_ARRAY_U64] = {"uint64", 8},  [SF_ARRAY_F16] = {"float16", 2},
    [SF_ARRAY_F32] = {"float32", 4}, [SF_ARRAY_F64] = {"float64", 8},
};

size_t sf_array_type_bytes(sf_array_type type) { return types[type].bytes; }

const char *sf_array_type_text(sf_array_type type) { return types[type].text; }

void sf_array_destroy(sf_array *array) {
  sf_file_unmap(&array->file);
  free(array->owned);
  *array = (sf_array){0};
}

sf_result sf_array_malformed(const array_input *input, const char *format,
                             ...) {
  sf_buffer message = {0};
  va_list arguments;
  va_start(arguments, format);
  sf_buffer_vprintf(&message, format, arguments);
  va_end(arguments);
  char *text = sf_buffer_take(&message);
  if (!text) return SF_OOM;
  sf_result result = sf_error(input->diag, SF_DIAG_FILE_FORMAT, SF_NO_LOC,
                              "'%s': %s", input->name, text);
  free(text);
  return result;
}

bool sf_array_measure(const sf_array *array, uint64_t *out_elements,
                      uint64_t *out_bytes) {
  uint64_t nonzero = 1; /* product of the others, so that 0 hides nothing */
  bool empty = false;
  for (unsigned i = 0; i < array->rank; i++) {
    empty |= array->dim[i] == 0;
    if (array->dim[i] &&
        __builtin_mul_overflow(nonzero, array->dim[i], &nonzero))
      return false;
  }
  uint64_t bytes;
  if (__builtin_mul_overflow(nonzero, types[array->type].bytes, &bytes) ||
      bytes > INT64_MAX)
    return false;
  *out_elements = empty ? 0 : nonzero;
  *out_bytes = empty ? 0 : bytes;
  return true;
}

/* One element, its bytes reversed for a big-endian file. */
static void copy_element(uint8_t *to, const uint8_t *from, size_t bytes,
                         bool reverse) {
  for (size_t i = 0; i < bytes; i++)
    to[i] = from[reverse ? bytes - 1 - i : i];
}

/* Moves `index` to the next element in C order and returns how the element's
 * place in the file (strides in elements) changes. */
static uint64_t next_place(const sf_array *array, const uint64_t *stride,
                           uint64_t *index, uint64_t place) {
  for (unsigned axis = array->rank; axis-- > 0;) {
    place += stride[axis];
    if (++index[axis] < array->dim[axis]) return place;
    place -= stride[axis] * array->dim[axis];
    index[axis] = 0;
  }
  return place;
}

/* Into a copy in C order and little-endian. */
static sf_result copy_elements(const uint8_t *from, const array_layout *layout,
                               uint64_t total_bytes, sf_array *array) {
  uint64_t stride[SF_ARRAY_RANK_MAX], index[SF_ARRAY_RANK_MAX] = {0};
  uint64_t step = 1, place = 0;
  for (unsigned i = 0; i < array->rank; i++) {
    unsigned axis = layout->fortran ? i : array->rank - 1 - i;
    stride[axis] = step;
    step *= array->dim[axis];
  }
  size_t bytes = types[array->type].bytes;
  uint8_t *to = malloc((size_t)total_bytes);
  if (!to) return SF_OOM;
  for (uint64_t i = 0; i < array->elements; i++) {
    copy_element(to + i * bytes, from + place * bytes, bytes,
                 layout->big_endian);
    place = next_place(array, stride, index, place);
  }
  array->owned = to;
  array->data = to;
  return SF_OK;
}

sf_result sf_array_place(const array_input *input, const array_layout *layout,
                         sf_array *array) {
  uint64_t bytes;
  if (!sf_array_measure(array, &array->elements, &bytes))
    return sf_error(input->diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                    "'%s': its shape has more elements than a file can hold",
                    input->name);
  size_t present = input->size - layout->data_offset;
  if (bytes != present)
    return sf_array_malformed(
        input, "its header promises %llu bytes of data, %zu are there",
        (unsigned long long)bytes, present);
  const uint8_t *from = input->bytes + layout->data_offset;
  size_t size = types[array->type].bytes;
  bool aligned = (uintptr_t)from % size == 0;
  bool reversed = layout->big_endian && size > 1;
  bool moved = layout->fortran && array->rank > 1;
  if (bytes == 0 || (aligned && !reversed && !moved)) {
    array->data = from;
    return SF_OK;
  }
  return copy_elements(from, layout, bytes, array);
}

/* Inflated bytes are kept: small elements are used where they are. */
static sf_result parse_gzip(const array_input *input, sf_array *out) {
  array_input plain = *input;
  uint8_t *bytes;
  SF_TRY(sf_gzip_idx_inflate(input, &bytes, &plain.size));
  plain.bytes = bytes;
  sf_result result = sf_idx_parse(&plain, out);
  if (result == SF_OK && !out->owned)
    out->owned = bytes;
  else
    free(bytes);
  return result;
}

static sf_result parse(const array_input *input, sf_array *out) {
  if (sf_npy_is(input)) return sf_npy_parse(input, out);
  if (sf_gzip_is(input)) return parse_gzip(input, out);
  if (sf_idx_is(input->bytes, input->size)) return sf_idx_parse(input, out);
  sf_array_malformed(input, "neither a .npy nor an IDX file");
  sf_help(input->diag, "write it with numpy.save");
  return SF_FAIL;
}

sf_result sf_array_read(const char *path, sf_diag *diag, sf_array *out) {
  *out = (sf_array){0};
  sf_mapped_file file;
  SF_TRY(sf_file_map(path, diag, &file));
  array_input input = {file.data, file.size, path, diag};
  sf_result result = parse(&input, out);
  if (result == SF_OK && !out->owned) {
    out->file = file;
    return SF_OK;
  }
  sf_file_unmap(&file);
  if (result != SF_OK) sf_array_destroy(out);
  return result;
}

sf_result sf_array_parse(const void *bytes, size_t size, const char *name,
                         sf_diag *diag, sf_array *out) {
  *out = (sf_array){0};
  array_input input = {bytes, size, name, diag};
  sf_result result = parse(&input, out);
  if (result == SF_OK && !out->owned) {
    size_t data_bytes = (size_t)out->elements * types[out->type].bytes;
    out->owned = malloc(data_bytes + 1);
    if (out->owned && data_bytes) memcpy(out->owned, out->data, data_bytes);
    out->data = out->owned;
    if (!out->owned) result = SF_OOM;
  }
  if (result != SF_OK) sf_array_destroy(out);
  return result;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half_value(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value;
  if (exponent == 31)
    value = fraction ? (double)NAN : (double)INFINITY;
  else if (exponent == 0)
    value = ldexp(fraction, -24);
  else
    value = ldexp(fraction + 1024, exponent - 25);
  return bits & 0x8000 ? -value : value;
}

/* An element in the widest type of its sort. */
typedef struct element {
  enum { ELEMENT_SIGNED, ELEMENT_UNSIGNED, ELEMENT_FLOAT } sort;
  int64_t i;
  uint64_t u;
  double f;
} element;

#define LOAD(TYPE, SORT, FIELD)                                                \
  do {                                                                         \
    TYPE value;                                                                \
    memcpy(&value, at, sizeof value);                                          \
    return (element){.sort = SORT, .FIELD = value};                            \
  } while (0)

static element load(const sf_array *array, uint64_t index) {
  const uint8_t *at =
      (const uint8_t *)array->data + index * types[array->type].bytes;
  switch (array->type) {
  case SF_ARRAY_BOOL:
    return (element){.sort = ELEMENT_SIGNED, .i = *at != 0};
  case SF_ARRAY_I8:
    LOAD(int8_t, ELEMENT_SIGNED, i);
  case SF_ARRAY_U8:
    LOAD(uint8_t, ELEMENT_SIGNED, i);
  case SF_ARRAY_I16:
    LOAD(int16_t, ELEMENT_SIGNED, i);
  case SF_ARRAY_U16:
    LOAD(uint16_t, ELEMENT_SIGNED, i);
  case SF_ARRAY_I32:
    LOAD(int32_t, ELEMENT_SIGNED, i);
  case SF_ARRAY_U32:
    LOAD(uint32_t, ELEMENT_SIGNED, i);
  case SF_ARRAY_I64:
    LOAD(int64_t, ELEMENT_SIGNED, i);
  case SF_ARRAY_U64:
    LOAD(uint64_t, ELEMENT_UNSIGNED, u);
  case SF_ARRAY_F16: {
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return (element){.sort = ELEMENT_FLOAT, .f = half_value(bits)};
  }
  case SF_ARRAY_F32:
    LOAD(float, ELEMENT_FLOAT, f);
  case SF_ARRAY_F64:
    LOAD(double, ELEMENT_FLOAT, f);
  }
  return (element){0};
}

double sf_array_f64(const sf_array *array, uint64_t index) {
  element e = load(array, index);
  if (e.sort == ELEMENT_FLOAT) return e.f;
  return e.sort == ELEMENT_SIGNED ? (double)e.i : (double)e.u;
}

int64_t sf_array_i64(const sf_array *array, uint64_t index) {
  element e = load(array, index);
  if (e.sort == ELEMENT_SIGNED) return e.i;
  if (e.sort == ELEMENT_UNSIGNED)
    return e.u > INT64_MAX ? INT64_MAX : (int64_t)e.u;
  if (isnan(e.f)) return 0;
  if (e.f >= 0x1p63) return INT64_MAX;
  return e.f < -0x1p63 ? INT64_MIN : (int64_t)e.f;
}
