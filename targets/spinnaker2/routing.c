/* routing.c - the chips' multicast tables, from the mapping block to
 * routing.json, in match order: key, mask, links that a packet leaves by, PEs
 * that get a copy. */
#include "targets/spinnaker2/routing.h"

#include <string.h>

static json_t *list_json(const sf_dict *attrs, const char *name) {
  json_t *list = json_array();
  const sf_item *item = sf_dict_find(attrs, name);
  if (!item || item->kind != SF_ITEM_LIST) return list;
  for (uint32_t i = 0; i < item->count; i++) {
    const sf_item *entry = &item->items[i];
    json_array_append_new(list, entry->kind == SF_ITEM_NUMBER
                                    ? json_integer(entry->number.i)
                                    : json_string(entry->text));
  }
  return list;
}

/* An entry is two number arguments, key and mask. */
static json_t *entry_json(const sf_mop *entry) {
  json_int_t words[2] = {0};
  size_t n = 0;
  for (uint32_t i = 0; i < entry->argument_count; i++) {
    const sf_mop_argument *a = &entry->arguments[i];
    if (a->kind == SF_MOP_NUMBER && n < 2) words[n++] = a->numbers[0].i;
  }
  return json_pack("{s:I,s:I,s:o,s:o}", "key", words[0], "mask", words[1],
                   "links", list_json(&entry->attrs, "links"), "cores",
                   list_json(&entry->attrs, "cores"));
}

static json_t *table_json(const sf_mop *table) {
  const sf_mop_argument *at = sf_mop_find(table, SF_MOP_TUPLE);
  json_t *entries = json_array();
  for (const sf_mop *e = table->first_child; e; e = e->next)
    if (strcmp(e->keyword, "entry") == 0)
      json_array_append_new(entries, entry_json(e));
  bool located = at && at->count >= 2;
  return json_pack(
      "{s:I,s:I,s:o}", "x", (json_int_t)(located ? at->numbers[0].i : 0), "y",
      (json_int_t)(located ? at->numbers[1].i : 0), "entries", entries);
}

json_t *sf_s2_routing_json(const sf_mapping *mapping) {
  json_t *chips = json_array();
  for (const sf_mop *m = mapping->first; m; m = m->next)
    if (strcmp(m->keyword, "table") == 0)
      json_array_append_new(chips, table_json(m));
  const char *defaults = sf_dict_text(&mapping->attrs, "default_routes");
  if (!defaults) return json_pack("{s:i,s:o}", "format", 1, "chips", chips);
  return json_pack("{s:i,s:s,s:o}", "format", 1, "default_routes", defaults,
                   "chips", chips);
}
