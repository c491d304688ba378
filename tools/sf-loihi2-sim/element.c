/* element.c - numbers, boxes and arrays of an element, each within its bounds.
 */
#include "support/hash.h"
#include "support/number.h"
#include "tools/sf-loihi2-sim/document.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

sf_loc sf_sim_loc(const xmlNode *node) {
  long line = node ? xmlGetLineNo(node) : 0;
  return (sf_loc){.file = "config.xml", .line = line > 0 ? (uint32_t)line : 0};
}

/* "core 3 of chip 0: " when `node` stands in a core. */
static void place_of(const xmlNode *node, char *out, size_t size) {
  out[0] = '\0';
  const xmlNode *core = node;
  while (core && !sf_sim_is(core, "core"))
    core = core->parent;
  if (!core) return;
  xmlChar *id = xmlGetNoNsProp(core, (const xmlChar *)"id");
  xmlChar *chip = xmlGetNoNsProp(core->parent, (const xmlChar *)"id");
  snprintf(out, size, "core %s of chip %s: ", id ? (const char *)id : "?",
           chip ? (const char *)chip : "?");
  xmlFree(id);
  xmlFree(chip);
}

sf_result sf_sim_bad(const sf_sim_document *document, const xmlNode *node,
                     const char *format, ...) {
  char place[80], message[500];
  place_of(node, place, sizeof place);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return sf_error(document->diag, SF_DIAG_ARTEFACT, sf_sim_loc(node), "%s%s",
                  place, message);
}

bool sf_sim_is(const xmlNode *node, const char *name) {
  return node->type == XML_ELEMENT_NODE &&
         strcmp((const char *)node->name, name) == 0;
}

static xmlNode *from(xmlNode *node, const char *name) {
  while (node && !sf_sim_is(node, name))
    node = node->next;
  return node;
}

xmlNode *sf_sim_child(const xmlNode *node, const char *name) {
  return from(node->children, name);
}

xmlNode *sf_sim_next(const xmlNode *node, const char *name) {
  return from(node->next, name);
}

uint32_t sf_sim_child_count(const xmlNode *node, const char *name) {
  uint32_t count = 0;
  for (xmlNode *c = sf_sim_child(node, name); c; c = sf_sim_next(c, name))
    count++;
  return count;
}

bool sf_sim_has(const xmlNode *node, const char *name) {
  return xmlHasProp(node, (const xmlChar *)name) != NULL;
}

sf_result sf_sim_text(const sf_sim_document *document, const xmlNode *node,
                      const char *name, const char **out) {
  *out = "";
  xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
  if (!value)
    return sf_sim_bad(document, node, "attribute '%s' is missing", name);
  sf_slice slice = {(const char *)value, strlen((const char *)value)};
  *out = sf_arena_text(document->arena, slice);
  xmlFree(value);
  return *out ? SF_OK : SF_OOM;
}

static sf_result read_integer(const sf_sim_document *document,
                              const xmlNode *node, const char *name,
                              int64_t low, int64_t high, int64_t *out) {
  *out = 0;
  xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
  if (!value)
    return sf_sim_bad(document, node, "attribute '%s' is missing", name);
  sf_slice slice = {(const char *)value, strlen((const char *)value)};
  bool good = sf_read_i64(slice, out) && *out >= low && *out <= high;
  sf_result result = SF_OK;
  if (!good)
    result = sf_sim_bad(document, node,
                        "attribute '%s' must be %" PRId64 " .. %" PRId64
                        ", got %.40s",
                        name, low, high, (const char *)value);
  xmlFree(value);
  return result;
}

sf_result sf_sim_number(const sf_sim_document *document, const xmlNode *node,
                        const char *name, uint32_t limit, uint32_t *out) {
  int64_t value;
  SF_TRY(read_integer(document, node, name, 0, limit, &value));
  *out = (uint32_t)value;
  return SF_OK;
}

sf_result sf_sim_integer(const sf_sim_document *document, const xmlNode *node,
                         const char *name, int32_t *out) {
  int64_t value;
  SF_TRY(read_integer(document, node, name, INT32_MIN, INT32_MAX, &value));
  *out = (int32_t)value;
  return SF_OK;
}

/* Digits from *at on, followed by `end` or the end of the text. */
static bool scan(const char **at, char end, uint32_t *out) {
  uint64_t value = 0;
  const char *digit = *at;
  for (; *digit >= '0' && *digit <= '9'; digit++) {
    value = value * 10 + (uint64_t)(*digit - '0');
    if (value > INT32_MAX) return false;
  }
  if (digit == *at || (*digit && *digit != end)) return false;
  *at = *digit ? digit + 1 : digit;
  *out = (uint32_t)value;
  return true;
}

sf_result sf_sim_box(const sf_sim_document *document, const xmlNode *node,
                     const char *name, uint32_t *rank, uint32_t begin[8],
                     uint32_t end[8]) {
  const char *text;
  SF_TRY(sf_sim_text(document, node, name, &text));
  *rank = 0;
  for (const char *at = text; *at; ++*rank)
    if (*rank == 8 || !scan(&at, ':', &begin[*rank]) ||
        !scan(&at, ' ', &end[*rank]) || begin[*rank] >= end[*rank])
      return sf_sim_bad(document, node, "'%s' is not a box: %s", name, text);
  return SF_OK;
}

sf_result sf_sim_shape(const sf_sim_document *document, const xmlNode *node,
                       uint32_t *rank, uint32_t dim[8], uint32_t *elements) {
  *elements = 0;
  const char *text;
  SF_TRY(sf_sim_text(document, node, "shape", &text));
  *rank = 0;
  uint64_t product = 1;
  for (const char *at = text; *at; ++*rank) {
    if (*rank == 8 || !scan(&at, ' ', &dim[*rank]) || !dim[*rank])
      return sf_sim_bad(document, node, "'%s' is not a shape", text);
    product *= dim[*rank];
    if (product > INT32_MAX)
      return sf_sim_bad(document, node, "shape %s is too large", text);
  }
  *elements = (uint32_t)product;
  return SF_OK;
}

static size_t width_of(const char *dtype) {
  return dtype[1] == '8' ? 1 : dtype[1] == '1' ? 2 : 4;
}

static int32_t element(const char *dtype, const unsigned char *at) {
  switch (width_of(dtype)) {
  case 1:
    return dtype[0] == 'u' ? at[0] : (int8_t)at[0];
  case 2:
    return (int16_t)(at[0] | at[1] << 8);
  default:
    return (int32_t)((uint32_t)at[0] | (uint32_t)at[1] << 8 |
                     (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
  }
}

static sf_result from_tables(const sf_sim_document *document,
                             const xmlNode *data, const char *dtype,
                             uint64_t count, int32_t *out) {
  const char *offset_text, *hash;
  SF_TRY(sf_sim_text(document, data, "offset", &offset_text));
  SF_TRY(sf_sim_text(document, data, "xxh3", &hash));
  uint64_t offset = strtoull(offset_text, NULL, 10);
  uint64_t bytes = count * width_of(dtype), size = document->tables.size;
  if (offset > size || bytes > size - offset)
    return sf_sim_bad(document, data,
                      "%" PRIu64 " bytes at %s are outside tables.bin", bytes,
                      offset_text);
  const unsigned char *at =
      (const unsigned char *)document->tables.data + offset;
  char found[17];
  snprintf(found, sizeof found, "%016" PRIx64, sf_hash(at, (size_t)bytes));
  if (strcmp(found, hash) != 0)
    return sf_sim_bad(document, data,
                      "'%s' at byte %s of tables.bin was changed: its hash is "
                      "%s, not %s",
                      (const char *)data->parent->name, offset_text, found,
                      hash);
  for (uint64_t i = 0; i < count; i++)
    out[i] = element(dtype, at + i * width_of(dtype));
  return SF_OK;
}

static sf_result from_text(const sf_sim_document *document, const xmlNode *data,
                           uint64_t count, int32_t *out) {
  xmlChar *text = xmlNodeGetContent(data);
  if (!text) return SF_OOM;
  const char *at = (const char *)text;
  uint64_t i = 0;
  bool good = true;
  while (good && *(at += strspn(at, " \t\r\n"))) {
    size_t length = strcspn(at, " \t\r\n");
    int64_t value;
    good = i < count && sf_read_i64((sf_slice){at, length}, &value) &&
           value >= INT32_MIN && value <= INT32_MAX;
    if (good) out[i++] = (int32_t)value;
    at += length;
  }
  xmlFree(text);
  if (good && i == count) return SF_OK;
  return sf_sim_bad(document, data, "'%s' must hold %" PRIu64 " numbers",
                    (const char *)data->parent->name, count);
}

sf_result sf_sim_data(const sf_sim_document *document, const xmlNode *node,
                      uint64_t count, const int32_t **out) {
  xmlNode *data = sf_sim_child(node, "data");
  uint32_t rank, dim[8], elements;
  SF_TRY(sf_sim_shape(document, data, &rank, dim, &elements));
  if (elements != count)
    return sf_sim_bad(document, data,
                      "'%s' has %" PRIu32 " numbers, needed are %" PRIu64,
                      (const char *)node->name, elements, count);
  const char *dtype;
  SF_TRY(sf_sim_text(document, data, "dtype", &dtype));
  int32_t *values = SF_NEW_ARRAY(document->arena, int32_t, count);
  if (!values) return SF_OOM;
  *out = values;
  if (sf_sim_has(data, "offset"))
    return from_tables(document, data, dtype, count, values);
  return from_text(document, data, count, values);
}
