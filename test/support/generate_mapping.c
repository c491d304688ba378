/* generate_mapping.c - a random mapping, log and free attributes. */
#include "test/support/generate_private.h"

#include <stdio.h>

static void check(sf_generator *g, sf_result result) {
  if (result != SF_OK) g->out_of_memory = true;
}

static sf_item draw_item(sf_generator *g, unsigned depth, sf_item *room) {
  static const char *const texts[] = {"", "two words", "\"\\\n\t",
                                      "\xe2\x82\xac"};
  sf_item item = {0};
  switch (sf_draw(g, depth ? 7 : 6)) {
  case 0:
    item.number = sf_number_int((int32_t)sf_random_u32(&g->random));
    break;
  case 1:
    item.number = sf_number_double((double)sf_draw_f32(g) / 3);
    break;
  case 2:
    item.kind = SF_ITEM_STRING;
    item.text = texts[sf_draw(g, SF_COUNT_OF(texts))];
    break;
  case 3:
    item.kind = SF_ITEM_SYMBOL, item.text = "name.1";
    break;
  case 4:
    item.kind = SF_ITEM_WORD, item.text = "half-away";
    break;
  case 5:
    item.kind = SF_ITEM_TYPE;
    item.type =
        sf_type_make(sf_draw_int(g), sf_draw(g, 3), (const int32_t[]){3, 4, 5});
    break;
  default:
    item.kind = SF_ITEM_LIST;
    item.count = sf_draw(g, 4);
    item.items = room;
    for (uint32_t i = 0; i < item.count; i++)
      room[i] = draw_item(g, depth - 1, room + 4 * (i + 1));
  }
  return item;
}

void sf_draw_dict(sf_generator *g, sf_dict *dict) {
  enum { ROOM = 4 + 16 + 64 };
  for (uint32_t i = sf_draw(g, 4); i > 0; i--) {
    sf_item room[ROOM] = {0};
    sf_item item = draw_item(g, 2, room);
    char name[24];
    snprintf(name, sizeof name, sf_chance(g, 80) ? "key%u" : "odd key %u", i);
    check(g, sf_dict_set(g->module->arena, dict, name, &item));
  }
}

void sf_generate_log(sf_generator *g) {
  for (uint32_t i = sf_draw(g, 3); i > 0; i--) {
    sf_exactness exactness = (sf_exactness)sf_draw(g, 3);
    int64_t lag = exactness == SF_EXACT_LAG ? sf_draw(g, 9) : 0;
    sf_log_entry *entry =
        sf_module_add_log(g->module, exactness, lag, "a pass, \"quoted\"");
    if (!entry)
      g->out_of_memory = true;
    else
      sf_draw_dict(g, &entry->attrs);
  }
}

/* The rows [begin, end) of the first axis of a value, on a core of their own.
 */
static void add_core(sf_generator *g, sf_mapping *m, const sf_value *value,
                     int32_t begin, int32_t end) {
  char name[24];
  snprintf(name, sizeof name, "c%u", m->count);
  sf_mop *core = sf_mop_create(m, NULL, "core");
  sf_mop *host = core ? sf_mop_create(m, core, "host") : NULL;
  if (!host) {
    g->out_of_memory = true;
    return;
  }
  sf_box box = sf_box_whole(&value->type);
  if (box.rank) {
    box.begin[0] = begin;
    box.end[0] = end;
  }
  check(g, sf_mop_add_symbol(m, core, name));
  check(g, sf_mop_add_value(m, host, value->name));
  check(g, sf_mop_add_box(m, host, &box));
  if (sf_chance(g, 50))
    check(g, sf_dict_set_int(m->module->arena, &core->attrs, "x", begin));
  if (sf_chance(g, 50))
    check(g,
          sf_dict_set_word(m->module->arena, &host->attrs, "format", "dense"));
}

static void add_gate(sf_generator *g, sf_mapping *m) {
  const int64_t place[2] = {sf_draw(g, 8), sf_draw(g, 8)};
  sf_mop *gate = sf_mop_create(m, NULL, "gate");
  sf_mop *table = sf_mop_create(m, NULL, "table");
  sf_mop *entry = table ? sf_mop_create(m, table, "entry") : NULL;
  if (!gate || !entry) {
    g->out_of_memory = true;
    return;
  }
  check(g, sf_mop_add_tuple(m, gate, 2, place));
  check(g, sf_mop_add_tuple(m, table, 2, place));
  check(g, sf_mop_add_number(m, entry, UINT32_MAX));
  check(g, sf_mop_add_number(m, entry, 0));
}

void sf_generate_mapping(sf_generator *g) {
  sf_mapping *m = sf_mapping_create(g->module, g->network->name,
                                    "a \"machine\"", SF_NO_LOC);
  if (!m) {
    g->out_of_memory = true;
    return;
  }
  sf_draw_dict(g, &m->attrs);
  SF_FOREACH_OP(op, g->network) {
    if (op->kind != SF_OP_NEURONS || g->out_of_memory) continue;
    const sf_value *value = op->results[0];
    int32_t rows = value->type.rank ? value->type.dim[0] : 1;
    int32_t cut = sf_draw_between(g, 0, rows - 1);
    if (cut) add_core(g, m, value, 0, cut);
    add_core(g, m, value, cut, rows);
  }
  if (sf_chance(g, 30)) add_gate(g, m);
}
