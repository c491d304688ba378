/* safetensors.c - reading the header of a safetensors file.
 *
 * Eight bytes of header length, a JSON object {name: {dtype, shape,
 * data_offsets}}, the data. As the format's own reader asks: no name twice, no
 * hole, no overlap, nothing behind the last tensor. A scan before the JSON
 * reader bounds depth and number of values, since both cost it memory. */
#include "support/array.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
  LENGTH_BYTES = 8,
  HEADER_BYTES_MAX = 100000000, /* the limit of the format's own reader */
  DEPTH_MAX = 3,                /* file, tensor, shape */
  VALUES_MAX = 1 << 22          /* some 300,000 tensors */
};

static const struct {
  const char *text;
  uint8_t bytes;
} dtypes[] = {{"BOOL", 1}, {"U8", 1},      {"I8", 1},  {"F8_E5M2", 1},
              {"U16", 2},  {"F8_E4M3", 1}, {"I16", 2}, {"F16", 2},
              {"BF16", 2}, {"I32", 4},     {"U32", 4}, {"F32", 4},
              {"F64", 8},  {"I64", 8},     {"U64", 8}, {"C64", 8}};

/* One file while it is read. */
typedef struct reader {
  const char *name;
  sf_diag *diag;
  sf_safetensors *out;
  uint64_t data_offset, data_bytes;
} reader;

static sf_result malformed(const reader *r, const char *tensor,
                           const char *what) {
  if (!tensor)
    return sf_error(r->diag, SF_DIAG_FILE_FORMAT, SF_NO_LOC, "'%s': %s",
                    r->name, what);
  return sf_error(r->diag, SF_DIAG_FILE_FORMAT, SF_NO_LOC,
                  "'%s': tensor '%s' %s", r->name, tensor, what);
}

static sf_result scan(const reader *r, sf_slice text) {
  size_t depth = 0, values = 1;
  bool quoted = false;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    if (quoted) {
      if (c == '\\')
        i++;
      else if (c == '"')
        quoted = false;
      continue;
    }
    quoted = c == '"';
    values += c == ',' || c == ':' || c == '[' || c == '{';
    if (c == '[' || c == '{') depth++;
    if ((c == ']' || c == '}') && depth) depth--;
    if (depth > DEPTH_MAX)
      return malformed(r, NULL, "its safetensors header is nested too deeply");
  }
  if (values <= VALUES_MAX) return SF_OK;
  return sf_error(r->diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                  "'%s': its safetensors header has more than %d values",
                  r->name, VALUES_MAX);
}

/* An integer >= 0; JSON numbers above int64 do not get this far. */
static bool get_size(const json_t *value, uint64_t *out) {
  if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
  *out = (uint64_t)json_integer_value(value);
  return true;
}

static bool read_dtype(const json_t *value, sf_tensor *tensor,
                       uint64_t *out_bytes) {
  const char *text = json_string_value(value);
  for (size_t i = 0; text && i < SF_COUNT_OF(dtypes); i++)
    if (strcmp(text, dtypes[i].text) == 0) {
      tensor->dtype = dtypes[i].text;
      *out_bytes = dtypes[i].bytes;
      return true;
    }
  return false;
}

static bool read_shape(const json_t *shape, sf_tensor *tensor,
                       uint64_t *in_out_bytes) {
  if (!json_is_array(shape) || json_array_size(shape) > SF_ARRAY_RANK_MAX)
    return false;
  tensor->rank = (uint8_t)json_array_size(shape);
  for (size_t i = 0; i < tensor->rank; i++) {
    if (!get_size(json_array_get(shape, i), &tensor->dim[i])) return false;
    if (__builtin_mul_overflow(*in_out_bytes, tensor->dim[i], in_out_bytes))
      return false;
  }
  return true;
}

static sf_result read_tensor(const reader *r, const json_t *value,
                             sf_tensor *tensor) {
  uint64_t bytes = 0, begin, end;
  if (!json_is_object(value) || json_object_size(value) != 3)
    return malformed(r, tensor->name,
                     "is not an object of dtype, shape and data_offsets");
  if (!read_dtype(json_object_get(value, "dtype"), tensor, &bytes))
    return malformed(r, tensor->name, "has an unknown dtype");
  if (!read_shape(json_object_get(value, "shape"), tensor, &bytes))
    return malformed(r, tensor->name,
                     "has a shape that is not a list of up to 16 sizes, or is "
                     "too large");
  const json_t *offsets = json_object_get(value, "data_offsets");
  if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
      !get_size(json_array_get(offsets, 0), &begin) ||
      !get_size(json_array_get(offsets, 1), &end) || end < begin)
    return malformed(r, tensor->name, "has malformed data_offsets");
  if (end > r->data_bytes)
    return malformed(r, tensor->name, "lies outside the file");
  if (end - begin != bytes)
    return malformed(r, tensor->name,
                     "has data_offsets that do not fit its shape and dtype");
  tensor->offset = r->data_offset + begin;
  tensor->bytes = bytes;
  return SF_OK;
}

/* {"key": "text"} */
static bool is_metadata(const json_t *value) {
  const char *key;
  json_t *text;
  if (!json_is_object(value)) return false;
  json_object_foreach((json_t *)(uintptr_t)value, key, text) {
    if (!json_is_string(text)) return false;
  }
  return true;
}

static sf_result read_object(const reader *r, json_t *root) {
  sf_safetensors *out = r->out;
  out->tensors = SF_NEW_ARRAY(out->arena, sf_tensor, json_object_size(root));
  if (!out->tensors) return SF_OOM;
  const char *name;
  json_t *value;
  json_object_foreach(root, name, value) {
    if (strcmp(name, "__metadata__") == 0) {
      if (!is_metadata(value))
        return malformed(r, NULL, "its __metadata__ is not a map of texts");
      continue;
    }
    sf_tensor *tensor = &out->tensors[out->count];
    tensor->name = sf_arena_text(out->arena, (sf_slice){name, strlen(name)});
    if (!tensor->name) return SF_OOM;
    SF_TRY(read_tensor(r, value, tensor));
    out->count++;
  }
  return SF_OK;
}

static int by_offset(const void *a, const void *b) {
  const sf_tensor *x = a, *y = b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const sf_tensor *)a)->name, ((const sf_tensor *)b)->name);
}

static sf_result check_contiguous(const reader *r) {
  sf_safetensors *out = r->out;
  uint64_t expected = r->data_offset;
  qsort(out->tensors, out->count, sizeof *out->tensors, by_offset);
  for (uint64_t i = 0; i < out->count; i++) {
    if (out->tensors[i].offset < expected)
      return malformed(r, out->tensors[i].name, "overlaps another tensor");
    if (out->tensors[i].offset > expected)
      return malformed(r, out->tensors[i].name, "leaves a hole before it");
    expected += out->tensors[i].bytes;
  }
  if (expected != r->data_offset + r->data_bytes)
    return malformed(r, NULL, "bytes follow its last tensor");
  qsort(out->tensors, out->count, sizeof *out->tensors, by_name);
  return SF_OK;
}

static sf_result parse_header(const reader *r, sf_slice text) {
  SF_TRY(scan(r, text));
  json_error_t error;
  json_t *root =
      json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, &error);
  if (!root && json_error_code(&error) == json_error_out_of_memory)
    return SF_OOM;
  if (!root)
    return sf_error(r->diag, SF_DIAG_FILE_FORMAT, SF_NO_LOC,
                    "'%s': its safetensors header is not JSON: %s", r->name,
                    error.text);
  sf_result result =
      json_is_object(root)
          ? read_object(r, root)
          : malformed(r, NULL, "its safetensors header is not an object");
  json_decref(root);
  if (result == SF_OK) result = check_contiguous(r);
  return result;
}

sf_result sf_safetensors_parse(const void *bytes, size_t size, const char *name,
                               sf_diag *diag, sf_safetensors *out) {
  *out = (sf_safetensors){0};
  reader r = {.name = name, .diag = diag, .out = out};
  const uint8_t *b = bytes;
  uint64_t length = 0;
  if (size < LENGTH_BYTES)
    return malformed(&r, NULL, "too short for a safetensors file");
  for (unsigned i = 0; i < LENGTH_BYTES; i++)
    length |= (uint64_t)b[i] << 8 * i;
  if (length > HEADER_BYTES_MAX)
    return sf_error(diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                    "'%s': its safetensors header of %llu bytes is above the "
                    "limit of %d",
                    name, (unsigned long long)length, HEADER_BYTES_MAX);
  if (length > size - LENGTH_BYTES)
    return malformed(&r, NULL, "ends in its safetensors header");
  r.data_offset = LENGTH_BYTES + length;
  r.data_bytes = size - r.data_offset;
  out->arena = sf_arena_create();
  if (!out->arena) return SF_OOM;
  sf_slice text = {(const char *)b + LENGTH_BYTES, (size_t)length};
  sf_result result = parse_header(&r, text);
  if (result != SF_OK) sf_safetensors_destroy(out);
  return result;
}

void sf_safetensors_destroy(sf_safetensors *file) {
  sf_arena_destroy(file->arena);
  *file = (sf_safetensors){0};
}

const sf_tensor *sf_safetensors_find(const sf_safetensors *file,
                                     const char *name) {
  sf_tensor key = {.name = name};
  if (!file->count) return NULL;
  return bsearch(&key, file->tensors, file->count, sizeof key, by_name);
}
