/* tensor_load.c - the elements of a TensorProto: where they lie, or decoded.
 *
 * Fixed-width elements in one piece stay in the mapped file. Varints, elements
 * behind tags, several pieces and types below a byte are decoded. */
#include "frontend/onnx/model.h"

#include "support/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct source {
  onnx_node *node;
  const Onnx__TensorProto *proto;
  const char *name;
  onnx_tensor *tensor;
  uint64_t count, bytes; /* elements; bytes as raw data */
} source;

static sf_result bad(source *s, const char *what, uint64_t wanted,
                     uint64_t found) {
  char shape[ONNX_SHAPE_TEXT_MAX];
  return sf_error(s->node->import->diag, SF_DIAG_IMPORT, s->node->import->loc,
                  "tensor '%s', %s%s: expected %" PRIu64 " %s, found %" PRIu64,
                  s->name, sf_onnx_dtype_text(s->tensor->dtype),
                  sf_onnx_shape_text(&s->tensor->shape, shape), wanted, what,
                  found);
}

/* Extents and element type; no element yet. */
static sf_result read_shape(source *s) {
  const Onnx__TensorProto *proto = s->proto;
  onnx_import *import = s->node->import;
  onnx_tensor *t = s->tensor;
  t->dtype = (onnx_dtype)proto->data_type;
  if (!sf_onnx_dtype_known(t->dtype))
    return sf_onnx_refuse(s->node, NULL,
                          "tensor '%s' has elements of type %s (%d)", s->name,
                          sf_onnx_dtype_text(t->dtype), proto->data_type);
  if (proto->n_dims > ONNX_RANK_MAX)
    return sf_onnx_refuse(s->node, NULL, "tensor '%s' has %zu axes; at most %d",
                          s->name, proto->n_dims, (int)ONNX_RANK_MAX);
  t->shape.rank = (uint8_t)proto->n_dims;
  s->count = 1;
  int64_t extents = INT32_MAX; /* room for those that are not 0 */
  for (size_t i = 0; i < proto->n_dims; i++) {
    int64_t extent = proto->dims[i];
    if (extent < 0)
      return sf_error(import->diag, SF_DIAG_IMPORT, import->loc,
                      "tensor '%s' has the extent %" PRId64, s->name, extent);
    if (extent) extents /= extent;
    if (!extents)
      return sf_error(import->diag, SF_DIAG_FILE_LIMIT, import->loc,
                      "tensor '%s' has 2^31 elements or more", s->name);
    t->shape.dim[i] = extent;
    s->count *= (uint64_t)extent;
  }
  s->bytes = (s->count * sf_onnx_dtype_bits(t->dtype) + 7) / 8;
  if (t->dtype == ONNX_BOOL) s->bytes = s->count;
  sf_onnx_set_strides(t);
  return SF_OK;
}

/* Room for the decoded elements. */
static sf_result make_room(source *s) {
  uint64_t bytes = s->count * sf_onnx_width(s->tensor->dtype);
  s->tensor->data = sf_onnx_compute(s->node, bytes, &s->tensor->block);
  return s->tensor->data ? SF_OK : sf_onnx_failed(s->node);
}

/* 4 and 2 bits: the first element lies in the low bits. */
static void unpack_bits(source *s, uint64_t byte_index, unsigned byte) {
  unsigned bits = sf_onnx_dtype_bits(s->tensor->dtype);
  unsigned each = 8 / bits;
  for (unsigned i = 0; i < each; i++) {
    uint64_t index = byte_index * each + i;
    if (index < s->count)
      sf_onnx_set_i64(s->tensor, index, (int64_t)(byte >> (i * bits)));
  }
}

static bool is_packed_type(onnx_dtype dtype) {
  return dtype != ONNX_BOOL && sf_onnx_dtype_bits(dtype) < 8;
}

/* `at` holds the elements as raw data do; `bytes` of them are there. */
static sf_result take_raw(source *s, const char *at, uint64_t bytes,
                          const char *path, uint64_t offset) {
  if (bytes != s->bytes) return bad(s, "bytes", s->bytes, bytes);
  if (s->count == 0) return make_room(s);
  if (is_packed_type(s->tensor->dtype)) {
    SF_TRY(make_room(s));
    for (uint64_t i = 0; i < bytes; i++)
      unpack_bits(s, i, (unsigned char)at[i]);
    return SF_OK;
  }
  s->tensor->data = at;
  s->tensor->path = path;
  s->tensor->file_offset = offset;
  return SF_OK;
}

/* ---- Typed fields. ---- */

/* Whether elements of `dtype` may stand in a field. */
static bool field_fits(onnx_piece_field field, onnx_dtype dtype) {
  switch (field) {
  case ONNX_RAW_DATA:
    return true;
  case ONNX_FLOAT_DATA:
    return dtype == ONNX_FLOAT;
  case ONNX_DOUBLE_DATA:
    return dtype == ONNX_DOUBLE;
  case ONNX_INT64_DATA:
    return dtype == ONNX_INT64;
  case ONNX_UINT64_DATA:
    return dtype == ONNX_UINT32 || dtype == ONNX_UINT64;
  default:
    return dtype != ONNX_FLOAT && dtype != ONNX_DOUBLE && dtype != ONNX_INT64 &&
           dtype != ONNX_UINT32 && dtype != ONNX_UINT64;
  }
}

/* One number of int32_data: an element, a float's bits, or packed elements. */
static void put_number(source *s, uint64_t index, uint64_t number) {
  onnx_tensor *t = s->tensor;
  if (is_packed_type(t->dtype))
    unpack_bits(s, index, (unsigned)(number & 255U));
  else if (t->dtype == ONNX_FLOAT16 || t->dtype == ONNX_BFLOAT16)
    memcpy((char *)(uintptr_t)t->data + 2 * index, &number, 2);
  else
    sf_onnx_set_i64(t, index, (int64_t)number);
}

static sf_result decode_piece(source *s, const onnx_piece *piece,
                              const unsigned char *at, uint64_t numbers,
                              uint64_t *index) {
  const unsigned char *end = at + piece->bytes;
  unsigned width = piece->field == ONNX_FLOAT_DATA    ? 4
                   : piece->field == ONNX_DOUBLE_DATA ? 8
                                                      : 0;
  while (at < end) {
    uint64_t number = 0;
    if (!piece->packed) at = sf_onnx_varint(at, end, &number); /* the tag */
    if (*index == numbers)
      return bad(s, "elements, not more", numbers, numbers);
    if (width) {
      if (!at || (uint64_t)(end - at) < width)
        return bad(s, "whole elements", numbers, *index);
      memcpy((char *)(uintptr_t)s->tensor->data + *index * width, at, width);
      at += width;
    } else {
      at = at ? sf_onnx_varint(at, end, &number) : NULL;
      if (!at) return bad(s, "whole elements", numbers, *index);
      put_number(s, *index, number);
    }
    ++*index;
  }
  return SF_OK;
}

static sf_result take_pieces(source *s, const onnx_piece *pieces,
                             uint32_t count) {
  onnx_file *file = s->node->import->files;
  while (file->next) /* the model's own file was opened first */
    file = file->next;
  const char *base = file->map.data;
  const onnx_piece *last = &pieces[count - 1];
  for (uint32_t i = 0; i < count; i++)
    if (pieces[i].field != last->field ||
        !field_fits(pieces[i].field, s->tensor->dtype))
      return sf_error(s->node->import->diag, SF_DIAG_IMPORT,
                      s->node->import->loc,
                      "tensor '%s' has elements in a field of another type "
                      "than %s",
                      s->name, sf_onnx_dtype_text(s->tensor->dtype));
  bool fixed =
      last->field == ONNX_FLOAT_DATA || last->field == ONNX_DOUBLE_DATA;
  if (last->field == ONNX_RAW_DATA || (fixed && count == 1 && last->packed))
    return take_raw(s, base + last->offset, last->bytes, file->path,
                    last->offset);
  SF_TRY(make_room(s));
  uint64_t index = 0;
  uint64_t numbers = is_packed_type(s->tensor->dtype) ? s->bytes : s->count;
  for (uint32_t i = 0; i < count; i++)
    SF_TRY(decode_piece(s, &pieces[i],
                        (const unsigned char *)base + pieces[i].offset, numbers,
                        &index));
  return index == numbers ? SF_OK : bad(s, "elements", numbers, index);
}

/* ---- External data: beside the model, never elsewhere. ---- */

static const char *find_entry(const Onnx__TensorProto *proto, const char *key) {
  for (size_t i = 0; i < proto->n_external_data; i++) {
    const Onnx__StringStringEntryProto *entry = proto->external_data[i];
    if (entry->key && strcmp(entry->key, key) == 0)
      return entry->value ? entry->value : "";
  }
  return NULL;
}

/* The file `relative`, mapped once. New files go before the model's own. */
static sf_result open_external(source *s, const char *relative,
                               const onnx_file **out) {
  onnx_import *import = s->node->import;
  for (onnx_file *file = import->files; file && file->next; file = file->next)
    if (strcmp(file->path, relative) == 0) {
      *out = file;
      return SF_OK;
    }
  char *path = NULL;
  SF_TRY(sf_path_inside(import->directory, relative, import->loc, import->diag,
                        &path));
  onnx_file *file = SF_NEW(import->arena, onnx_file);
  sf_result result = SF_OOM;
  if (file) {
    file->path = sf_arena_text(import->module->arena, sf_slice_of(relative));
    if (file->path) result = sf_file_map(path, import->diag, &file->map);
  }
  free(path);
  if (result != SF_OK) return result;
  file->next = import->files;
  import->files = file;
  *out = file;
  return SF_OK;
}

/* A decimal number of an entry; `fallback` when it is not there. */
static sf_result entry_number(source *s, const char *key, uint64_t fallback,
                              uint64_t *out) {
  const char *text = find_entry(s->proto, key);
  int64_t value;
  *out = fallback;
  if (!text) return SF_OK;
  if (!sf_read_i64(sf_slice_of(text), &value) || value < 0)
    return sf_error(s->node->import->diag, SF_DIAG_IMPORT, s->node->import->loc,
                    "tensor '%s' has the external %s '%s'; expected a number",
                    s->name, key, text);
  *out = (uint64_t)value;
  return SF_OK;
}

static sf_result take_external(source *s) {
  const char *location = find_entry(s->proto, "location");
  if (!location)
    return sf_error(s->node->import->diag, SF_DIAG_IMPORT, s->node->import->loc,
                    "tensor '%s' has external data without a location",
                    s->name);
  const onnx_file *file = NULL;
  SF_TRY(open_external(s, location, &file));
  uint64_t offset, length;
  SF_TRY(entry_number(s, "offset", 0, &offset));
  SF_TRY(entry_number(s, "length", s->bytes, &length));
  if (offset > file->map.size || length > file->map.size - offset)
    return sf_error(s->node->import->diag, SF_DIAG_IMPORT, s->node->import->loc,
                    "tensor '%s' lies at byte %" PRIu64 " of '%s' with %" PRIu64
                    " bytes; the file has %zu",
                    s->name, offset, location, length, file->map.size);
  return take_raw(s, (const char *)file->map.data + offset, length,
                  s->node->import->foreign ? NULL : file->path, offset);
}

sf_result sf_onnx_tensor_load(onnx_node *node, const Onnx__TensorProto *proto,
                              onnx_tensor **out) {
  onnx_import *import = node->import;
  *out = NULL;
  source s = {.node = node,
              .proto = proto,
              .name = proto->name && *proto->name ? proto->name : node->label,
              .tensor = SF_NEW(import->arena, onnx_tensor)};
  if (!s.tensor) return SF_OOM;
  SF_TRY(read_shape(&s));
  s.tensor->name = s.name;
  if (proto->data_location == 1) {
    SF_TRY(take_external(&s));
  } else if (proto->piece_count) {
    SF_TRY(take_pieces(&s, &import->wire.pieces[proto->first_piece],
                       proto->piece_count));
  } else if (s.count) {
    return bad(&s, "elements", s.count, 0);
  } else {
    SF_TRY(make_room(&s));
  }
  *out = s.tensor;
  return SF_OK;
}
