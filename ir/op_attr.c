/* op_attr.c - attributes of ops: as written, else the default of ops.def.
 *
 * A value equal to the default is not kept, so that equal modules are equal in
 * memory too, and print alike. */
#include "sf/module.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "ir/network_private.h"
#include "ir/use.h"
#include "support/number.h"

#include <assert.h>
#include <string.h>

const sf_attr_info *sf_attr_info_of(sf_op_kind kind, sf_attr_id id) {
  const sf_op_info *info = sf_op_info_get(kind);
  for (uint32_t i = 0; info && i < info->attr_count; i++)
    if (info->attrs[i].id == id) return &info->attrs[i];
  return NULL;
}

typedef struct attr_word {
  sf_attr_kind kind;
  int64_t value;
  const char *text;
} attr_word;

static const attr_word words[] = {
#define SF_ROUND(NUMBER, ID, text, doc) {SF_KIND_ROUND, NUMBER, text},
#define SF_POOL(NUMBER, ID, text)       {SF_KIND_POOL, NUMBER, text},
#define SF_PLACE_ON(NUMBER, ID, text)   {SF_KIND_ON, NUMBER, text},
#include "sf/types.def"
    {SF_KIND_BOOL, 0, "false"},
    {SF_KIND_BOOL, 1, "true"},
};

const char *sf_attr_word(sf_attr_kind kind, int64_t value) {
  for (size_t i = 0; i < SF_COUNT_OF(words); i++)
    if (words[i].kind == kind && words[i].value == value) return words[i].text;
  return NULL;
}

int64_t sf_attr_word_value(sf_attr_kind kind, sf_slice word) {
  for (size_t i = 0; i < SF_COUNT_OF(words); i++)
    if (words[i].kind == kind && strlen(words[i].text) == word.size &&
        memcmp(words[i].text, word.data, word.size) == 0)
      return words[i].value;
  return -1;
}

bool sf_attr_default(const sf_attr_info *info, sf_attr *attr) {
  *attr = (sf_attr){.id = info->id, .kind = info->kind};
  if (!info->default_text || strcmp(info->default_text, "none") == 0)
    return false;
  sf_slice text = sf_slice_of(info->default_text);
  switch (info->kind) {
  case SF_KIND_INT:
  case SF_KIND_INTS:
    return sf_read_i64(text, &attr->i);
  case SF_KIND_NUMBER:
    return sf_read_f32(text, &attr->f);
  case SF_KIND_BLOB:
  case SF_KIND_TEXT:
    return false;
  default:
    attr->i = sf_attr_word_value(info->kind, text);
    return attr->i >= 0;
  }
}

static sf_attr *find_attr(const sf_op *op, sf_attr_id id) {
  for (uint32_t i = 0; i < op->attr_count; i++)
    if (op->attrs[i].id == id) return &op->attrs[i];
  return NULL;
}

bool sf_op_has_attr(const sf_op *op, sf_attr_id id) {
  return find_attr(op, id) != NULL;
}

/* As written, else the default, else zeros. */
static sf_attr get_attr(const sf_op *op, sf_attr_id id) {
  const sf_attr *written = find_attr(op, id);
  if (written) return *written;
  const sf_attr_info *info = sf_attr_info_of(op->kind, id);
  assert(info);
  sf_attr attr = {0};
  if (info) (void)sf_attr_default(info, &attr);
  return attr;
}

int64_t sf_op_int(const sf_op *op, sf_attr_id id) { return get_attr(op, id).i; }

float sf_op_number(const sf_op *op, sf_attr_id id) {
  return get_attr(op, id).f;
}

sf_blob *sf_op_blob(const sf_op *op, sf_attr_id id) {
  return get_attr(op, id).blob;
}

const char *sf_op_text(const sf_op *op, sf_attr_id id) {
  return get_attr(op, id).text;
}

void sf_op_ints(const sf_op *op, sf_attr_id id, uint32_t count, int64_t *out) {
  sf_attr attr = get_attr(op, id);
  for (uint32_t i = 0; i < count; i++)
    if (attr.count == 0)
      out[i] = attr.i; /* the default */
    else
      out[i] = attr.ints[i < attr.count ? i : attr.count - 1];
}

static bool is_default(const sf_attr_info *info, const sf_attr *attr) {
  sf_attr standard;
  if (!sf_attr_default(info, &standard)) return false;
  if (info->kind == SF_KIND_NUMBER)
    return memcmp(&standard.f, &attr->f, sizeof attr->f) == 0;
  if (info->kind != SF_KIND_INTS) return standard.i == attr->i;
  return attr->count == 1 && attr->ints[0] == standard.i;
}

static void remove_attr(sf_op *op, sf_attr_id id) {
  sf_attr *attr = find_attr(op, id);
  if (!attr) return;
  sf_blob_count_user(attr->blob, -1);
  sf_attr *end = op->attrs + op->attr_count;
  memmove(attr, attr + 1, (size_t)(end - attr - 1) * sizeof *attr);
  op->attr_count--;
}

/* Where the row of `info` stands among the attributes that are written. */
static uint32_t table_position(const sf_op *op, const sf_attr_info *info) {
  uint32_t at = 0;
  while (at < op->attr_count &&
         sf_attr_info_of(op->kind, op->attrs[at].id) < info)
    at++;
  return at;
}

static sf_result set_attr(sf_op *op, const sf_attr *value) {
  const sf_attr_info *info = sf_attr_info_of(op->kind, value->id);
  assert(info);
  assert(info->kind == value->kind ||
         (value->kind == SF_KIND_INT && sf_attr_word(info->kind, value->i)));
  remove_attr(op, value->id);
  if (is_default(info, value)) return SF_OK;
  uint32_t at = table_position(op, info);
  sf_attr *grown =
      SF_GROW(op->network->module->arena, sf_attr, op->attrs, op->attr_count);
  if (!grown) return SF_OOM;
  op->attrs = grown;
  memmove(grown + at + 1, grown + at, (op->attr_count - at) * sizeof *grown);
  grown[at] = *value;
  grown[at].kind = info->kind;
  grown[at].loc = op->loc;
  op->attr_count++;
  sf_blob_count_user(value->blob, 1);
  return SF_OK;
}

sf_result sf_op_set_int(sf_op *op, sf_attr_id id, int64_t value) {
  return set_attr(op, &(sf_attr){.id = id, .kind = SF_KIND_INT, .i = value});
}

sf_result sf_op_set_number(sf_op *op, sf_attr_id id, float value) {
  return set_attr(op, &(sf_attr){.id = id, .kind = SF_KIND_NUMBER, .f = value});
}

sf_result sf_op_set_ints(sf_op *op, sf_attr_id id, uint32_t count,
                         const int64_t *values) {
  int64_t *copy =
      SF_NEW_ARRAY(op->network->module->arena, int64_t, count ? count : 1);
  if (!copy) return SF_OOM;
  if (count) memcpy(copy, values, count * sizeof *copy);
  return set_attr(
      op,
      &(sf_attr){.id = id, .kind = SF_KIND_INTS, .count = count, .ints = copy});
}

sf_result sf_op_set_blob(sf_op *op, sf_attr_id id, sf_blob *blob) {
  if (!blob) {
    remove_attr(op, id);
    return SF_OK;
  }
  return set_attr(op, &(sf_attr){.id = id, .kind = SF_KIND_BLOB, .blob = blob});
}

sf_result sf_op_set_text(sf_op *op, sf_attr_id id, const char *w) {
  char *copy = sf_arena_text(op->network->module->arena, sf_slice_of(w));
  if (!copy) return SF_OOM;
  return set_attr(op, &(sf_attr){.id = id, .kind = SF_KIND_TEXT, .text = copy});
}
