/* tables.c - see tables.h. */
#include "targets/loihi2/tables.h"

#include "support/hash.h"
#include "targets/loihi2/element.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>

/* What identifies an array; no padding, because uthash compares bytes. */
typedef struct table_key {
  uint64_t hash, size;
} table_key;

struct sf_l2_table {
  table_key key;
  uint64_t offset;
  bool lost;
  UT_hash_handle hh;
};

void sf_l2_tables_destroy(sf_l2_tables *tables) {
  HASH_CLEAR(hh, tables->known);
  sf_arena_destroy(tables->arena);
  sf_buffer_destroy(&tables->bytes);
}

typedef struct dtype {
  const char *name;
  unsigned bytes;
} dtype;

static dtype narrowest(const int32_t *values, uint64_t count) {
  int32_t low = 0, high = 0;
  for (uint64_t i = 0; i < count; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  if (low >= INT8_MIN && high <= INT8_MAX) return (dtype){"i8", 1};
  if (low >= 0 && high <= UINT8_MAX) return (dtype){"u8", 1};
  if (low >= INT16_MIN && high <= INT16_MAX) return (dtype){"i16", 2};
  return (dtype){"i32", 4};
}

/* Little-endian bytes; malloc'ed. */
static unsigned char *pack(const int32_t *values, uint64_t count,
                           unsigned bytes) {
  unsigned char *out = malloc((size_t)count * bytes);
  if (!out) return NULL;
  for (uint64_t i = 0; i < count; i++)
    for (unsigned b = 0; b < bytes; b++)
      out[i * bytes + b] = (unsigned char)((uint32_t)values[i] >> (8 * b));
  return out;
}

static sf_result append(sf_l2_tables *tables, const unsigned char *bytes,
                        table_key key, uint64_t *offset) {
  struct sf_l2_table *table = NULL;
  HASH_FIND(hh, tables->known, &key, sizeof key, table);
  if (table && memcmp(tables->bytes.data + table->offset, bytes,
                      (size_t)key.size) == 0) {
    *offset = table->offset;
    return SF_OK;
  }
  static const char zeros[8] = {0};
  sf_buffer_add(&tables->bytes, zeros, (size_t)-tables->bytes.size & 7);
  *offset = tables->bytes.size;
  sf_buffer_add(&tables->bytes, bytes, (size_t)key.size);
  if (tables->bytes.failed) return SF_OOM;
  if (table) return SF_OK; /* two contents of one hash: stored, not shared */
  if (!tables->arena) tables->arena = sf_arena_create();
  table = tables->arena ? SF_NEW(tables->arena, struct sf_l2_table) : NULL;
  if (!table) return SF_OOM;
  table->key = key;
  table->offset = *offset;
  HASH_ADD(hh, tables->known, key, sizeof table->key, table);
  return table->lost ? SF_OOM : SF_OK;
}

static sf_result add_stored(sf_l2_tables *tables, xmlNode *data,
                            const int32_t *values, uint64_t count, dtype type) {
  unsigned char *bytes = pack(values, count, type.bytes);
  if (!bytes) return SF_OOM;
  table_key key = {0, count * type.bytes};
  key.hash = sf_hash(bytes, (size_t)key.size);
  uint64_t offset = 0;
  sf_result result = append(tables, bytes, key, &offset);
  free(bytes);
  SF_TRY(result);
  char hash[17];
  snprintf(hash, sizeof hash, "%016" PRIx64, key.hash);
  SF_TRY(sf_l2_attr_number(data, "offset", (int64_t)offset));
  return sf_l2_attr_text(data, "xxh3", hash);
}

static sf_result add_inline(xmlNode *data, const int32_t *values,
                            uint64_t count) {
  sf_buffer text = {0};
  for (uint64_t i = 0; i < count; i++)
    sf_buffer_printf(&text, i ? " %" PRId32 : "%" PRId32, values[i]);
  sf_result result = SF_OOM;
  if (!text.failed && text.data) {
    xmlNodeSetContent(data, (const xmlChar *)text.data);
    result = data->children ? SF_OK : SF_OOM;
  }
  sf_buffer_destroy(&text);
  return result;
}

sf_result sf_l2_tables_add(sf_l2_tables *tables, xmlNode *parent,
                           const sf_l2_numbers *numbers) {
  uint64_t count = 1;
  sf_buffer shape = {0};
  for (uint32_t i = 0; i < numbers->rank; i++) {
    count *= numbers->dim[i];
    sf_buffer_printf(&shape, i ? " %" PRIu32 : "%" PRIu32, numbers->dim[i]);
  }
  dtype type = narrowest(numbers->values, count);
  xmlNode *data = NULL;
  sf_result result = SF_OOM;
  if (shape.data && !shape.failed) result = sf_l2_child(parent, "data", &data);
  if (result == SF_OK) result = sf_l2_attr_text(data, "dtype", type.name);
  if (result == SF_OK) result = sf_l2_attr_text(data, "shape", shape.data);
  sf_buffer_destroy(&shape);
  SF_TRY(result);
  if (count <= SF_L2_INLINE_MAX)
    return add_inline(data, numbers->values, count);
  return add_stored(tables, data, numbers->values, count, type);
}
