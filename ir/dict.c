/* dict.c - free attributes, in the order written. */
#include "sf/module.h"

#include "ir/grow.h"
#include "ir/names.h"

#include <string.h>

static sf_entry *find_entry(const sf_dict *dict, const char *name) {
  for (uint32_t i = 0; i < dict->count; i++)
    if (strcmp(dict->entries[i].name, name) == 0) return &dict->entries[i];
  return NULL;
}

const sf_item *sf_dict_find(const sf_dict *dict, const char *name) {
  const sf_entry *entry = find_entry(dict, name);
  return entry ? &entry->item : NULL;
}

int64_t sf_dict_int(const sf_dict *dict, const char *name, int64_t fallback) {
  const sf_item *item = sf_dict_find(dict, name);
  if (!item || item->kind != SF_ITEM_NUMBER || item->number.is_float)
    return fallback;
  return item->number.i;
}

const char *sf_dict_text(const sf_dict *dict, const char *name) {
  const sf_item *item = sf_dict_find(dict, name);
  return item ? item->text : NULL; /* NULL for numbers, types, lists */
}

/* Lists nest at most as deep as the parser lets them, 8 levels. */
static sf_result copy_item(sf_arena *arena, const sf_item *from, sf_item *to,
                           unsigned depth) {
  *to = *from;
  if (from->text) {
    to->text = sf_arena_text(arena, sf_slice_of(from->text));
    if (!to->text) return SF_OOM;
  }
  if (from->kind != SF_ITEM_LIST || from->count == 0 || depth == 0)
    return SF_OK;
  to->items = SF_NEW_ARRAY(arena, sf_item, from->count);
  if (!to->items) return SF_OOM;
  for (uint32_t i = 0; i < from->count; i++)
    SF_TRY(copy_item(arena, &from->items[i], &to->items[i], depth - 1));
  return SF_OK;
}

sf_result sf_dict_set(sf_arena *arena, sf_dict *dict, const char *name,
                      const sf_item *item) {
  enum { LIST_DEPTH_MAX = 8 };
  sf_item copy;
  SF_TRY(copy_item(arena, item, &copy, LIST_DEPTH_MAX));
  sf_entry *entry = find_entry(dict, name);
  if (entry) {
    entry->item = copy;
    return SF_OK;
  }
  sf_entry *grown = SF_GROW(arena, sf_entry, dict->entries, dict->count);
  char *kept = sf_arena_text(arena, sf_slice_of(name));
  if (!grown || !kept) return SF_OOM;
  dict->entries = grown;
  grown[dict->count++] = (sf_entry){kept, copy, SF_NO_LOC};
  dict->capacity = dict->count;
  return SF_OK;
}

sf_result sf_dict_set_int(sf_arena *arena, sf_dict *dict, const char *name,
                          int64_t value) {
  sf_item item = {.kind = SF_ITEM_NUMBER, .number = sf_number_int(value)};
  return sf_dict_set(arena, dict, name, &item);
}

sf_result sf_dict_set_word(sf_arena *arena, sf_dict *dict, const char *name,
                           const char *word) {
  sf_item item = {.kind = SF_ITEM_WORD, .text = word};
  return sf_dict_set(arena, dict, name, &item);
}

sf_result sf_dict_set_string(sf_arena *arena, sf_dict *dict, const char *name,
                             const char *text) {
  sf_item item = {.kind = SF_ITEM_STRING, .text = text};
  return sf_dict_set(arena, dict, name, &item);
}

sf_result sf_dict_set_symbol(sf_arena *arena, sf_dict *dict, const char *name,
                             const char *symbol) {
  sf_item item = {.kind = SF_ITEM_SYMBOL, .text = symbol};
  return sf_dict_set(arena, dict, name, &item);
}
