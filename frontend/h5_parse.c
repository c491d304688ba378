/* h5_parse.c - the stream of sf-h5dump (support/h5_stream.h), every length
 * checked against what is left before it is used. */
#include "frontend/h5_tree.h"

#include <stdlib.h>
#include <string.h>

typedef struct parser {
  const unsigned char *bytes;
  size_t size, at;
  sf_h5_tree *tree;
  uint64_t capacity;
  sf_diag *diag;
} parser;

static sf_result damaged(const parser *p, const char *what) {
  return sf_error(p->diag, SF_DIAG_FILE_FORMAT, (sf_loc){.file = p->tree->name},
                  "the answer of sf-h5dump is damaged at byte %zu: %s", p->at,
                  what);
}

static sf_result take_bytes(parser *p, uint64_t count,
                            const unsigned char **out) {
  if (count > p->size - p->at) return damaged(p, "it ends too early");
  *out = p->bytes + p->at;
  p->at += (size_t)count;
  return SF_OK;
}

static sf_result take_number(parser *p, unsigned width, uint64_t *out) {
  const unsigned char *bytes;
  SF_TRY(take_bytes(p, width, &bytes));
  *out = 0;
  for (unsigned i = 0; i < width; i++)
    *out |= (uint64_t)bytes[i] << (8 * i);
  return SF_OK;
}

static sf_result take_path(parser *p, uint64_t length, sf_h5_item *item) {
  const unsigned char *bytes;
  if (length < 2 || length > SF_H5_PATH_MAX)
    return damaged(p, "a path has an impossible length");
  SF_TRY(take_bytes(p, length, &bytes));
  if (bytes[0] != '/' || memchr(bytes, '\0', (size_t)length))
    return damaged(p, "a path is malformed");
  item->path =
      sf_arena_text(p->tree->arena, (sf_slice){(const char *)bytes, length});
  return item->path ? SF_OK : SF_OOM;
}

/* Length-prefixed strings, exactly as many as elements, filling the data. */
static sf_result parse_strings(parser *p, sf_h5_item *item) {
  if (item->elements > item->bytes / 4)
    return damaged(p, "there are fewer strings than elements");
  const char **strings =
      SF_NEW_ARRAY(p->tree->arena, const char *, (size_t)item->elements + 1);
  if (!strings) return SF_OOM;
  uint64_t at = 0;
  for (uint64_t i = 0; i < item->elements; i++) {
    if (item->bytes - at < 4) return damaged(p, "a string is cut off");
    uint32_t length = 0;
    for (unsigned b = 0; b < 4; b++)
      length |= (uint32_t)item->data[at + b] << (8 * b);
    at += 4;
    if (length > SF_H5_STRING_MAX || length > item->bytes - at)
      return damaged(p, "a string is cut off");
    strings[i] = sf_arena_text(
        p->tree->arena, (sf_slice){(const char *)item->data + at, length});
    if (!strings[i]) return SF_OOM;
    at += length;
  }
  if (at != item->bytes) return damaged(p, "strings do not fill their data");
  item->strings = strings;
  return SF_OK;
}

static bool width_fits(sf_h5_kind kind, uint64_t width) {
  if (kind == SF_H5_FLOAT) return width == 4 || width == 8;
  return width == 1 || width == 2 || width == 4 || width == 8;
}

static sf_result parse_data(parser *p, sf_h5_item *item) {
  switch (item->kind) {
  case SF_H5_STRING:
    return parse_strings(p, item);
  case SF_H5_OTHER:
    item->other = sf_arena_text(
        p->tree->arena, (sf_slice){(const char *)item->data, item->bytes});
    return item->other ? SF_OK : SF_OOM;
  default:
    if (item->bytes != item->elements * item->element_bytes)
      return damaged(p, "a dataset's length does not match its shape");
    return SF_OK;
  }
}

static sf_result parse_shape(parser *p, sf_h5_item *item, uint64_t rank) {
  if (rank > SF_H5_RANK_MAX) return damaged(p, "a dataset has too many axes");
  item->rank = (uint8_t)rank;
  item->elements = 1;
  for (uint64_t i = 0; i < rank; i++) {
    SF_TRY(take_number(p, 8, &item->dim[i]));
    if (item->dim[i] && item->elements > SF_H5_DATA_MAX / item->dim[i])
      return damaged(p, "a dataset has too many elements");
    item->elements *= item->dim[i];
  }
  return SF_OK;
}

static sf_result parse_dataset(parser *p, sf_h5_item *item) {
  uint64_t length, kind, width, rank;
  SF_TRY(take_number(p, 4, &length));
  SF_TRY(take_number(p, 4, &kind));
  SF_TRY(take_number(p, 4, &width));
  SF_TRY(take_number(p, 4, &rank));
  if (kind < SF_H5_INT || kind > SF_H5_OTHER)
    return damaged(p, "a dataset has an unknown kind");
  item->kind = (sf_h5_kind)kind;
  bool number = item->kind < SF_H5_STRING;
  if (number ? !width_fits(item->kind, width) : width != 0)
    return damaged(p, "a dataset has an impossible element");
  item->element_bytes = (uint32_t)width;
  SF_TRY(parse_shape(p, item, rank));
  SF_TRY(take_number(p, 8, &item->bytes));
  SF_TRY(take_path(p, length, item));
  SF_TRY(take_bytes(p, item->bytes, &item->data));
  return parse_data(p, item);
}

static sf_result parse_group(parser *p, sf_h5_item *item) {
  uint64_t length;
  SF_TRY(take_number(p, 4, &length));
  item->is_group = true;
  return take_path(p, length, item);
}

static sf_result parse_end(parser *p) {
  uint64_t count, hash, want = SF_H5_FNV_START;
  SF_TRY(take_number(p, 8, &count));
  for (size_t i = 0; i < p->at; i++)
    want = (want ^ p->bytes[i]) * SF_H5_FNV_PRIME;
  SF_TRY(take_number(p, 8, &hash));
  if (hash != want || count != p->tree->count)
    return damaged(p, "its count or checksum does not match");
  if (p->at != p->size) return damaged(p, "it goes on after its end");
  return SF_OK;
}

/* Room for one more item: the array doubles, at most SF_H5_OBJECTS_MAX. */
static sf_result grow(parser *p) {
  sf_h5_tree *tree = p->tree;
  if (tree->count < p->capacity) return SF_OK;
  if (tree->count == SF_H5_OBJECTS_MAX)
    return damaged(p, "it has too many records");
  uint64_t capacity = p->capacity ? 2 * p->capacity : 64;
  sf_h5_item *items = SF_NEW_ARRAY(tree->arena, sf_h5_item, (size_t)capacity);
  if (!items) return SF_OOM;
  if (tree->count)
    memcpy(items, tree->items, (size_t)tree->count * sizeof *items);
  tree->items = items;
  p->capacity = capacity;
  return SF_OK;
}

static sf_result parse_records(parser *p) {
  for (;;) {
    uint64_t tag;
    SF_TRY(take_number(p, 4, &tag));
    if (tag == SF_H5_TAG_END) return parse_end(p);
    SF_TRY(grow(p));
    sf_h5_item *item = &p->tree->items[p->tree->count];
    if (tag == SF_H5_TAG_GROUP)
      SF_TRY(parse_group(p, item));
    else if (tag == SF_H5_TAG_DATASET)
      SF_TRY(parse_dataset(p, item));
    else
      return damaged(p, "a record has an unknown tag");
    p->tree->count++;
  }
}

static int compare_items(const void *a, const void *b) {
  return strcmp(((const sf_h5_item *)a)->path, ((const sf_h5_item *)b)->path);
}

sf_result sf_h5_tree_parse(const void *stream, size_t size, const char *name,
                           sf_diag *diag, sf_h5_tree *out) {
  *out = (sf_h5_tree){.name = name, .arena = sf_arena_create()};
  if (!out->arena) return SF_OOM;
  parser p = {.bytes = stream, .size = size, .tree = out, .diag = diag};
  const unsigned char *magic;
  uint64_t version;
  SF_TRY(take_bytes(&p, sizeof SF_H5_MAGIC - 1, &magic));
  if (memcmp(magic, SF_H5_MAGIC, sizeof SF_H5_MAGIC - 1) != 0)
    return damaged(&p, "it does not start as it should");
  SF_TRY(take_number(&p, 4, &version));
  if (version != SF_H5_VERSION)
    return damaged(&p, "sf-h5dump is of another version");
  SF_TRY(parse_records(&p));
  if (out->count)
    qsort(out->items, (size_t)out->count, sizeof *out->items, compare_items);
  for (uint64_t i = 1; i < out->count; i++)
    if (compare_items(&out->items[i - 1], &out->items[i]) == 0)
      return damaged(&p, "a path appears twice");
  return SF_OK;
}
