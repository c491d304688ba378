/* rows_trees.c - what the tables of a mapping block do to each key: the first
 * entry that matches decides, a copy goes to each link and PE. */
#include "passes/route/rows.h"

#include <string.h>

typedef struct entry {
  uint32_t key, mask, links;
  const sf_mop *row;
} entry;

typedef struct chip_table {
  uint32_t count;
  entry *entries; /* in match order */
} chip_table;

/* A copy of the packet on a chip. */
typedef struct copy {
  sf_position chip;
  uint32_t channel;  /* by which it came */
  int32_t direction; /* the same; -1: from its core */
  bool branched;     /* a branching lies above */
} copy;

struct sf_row_tables {
  chip_table *chips; /* of each router */
  bool defaults;     /* what matches nothing goes straight on */
  uint32_t count, *seen, now;
  copy *queue;        /* one a router */
  uint32_t *siblings; /* scratch: channels below the first branching */
  uint32_t sibling_count, sibling_capacity;
};

/* ---- Tables. ---- */

static sf_result read_links(const sf_row_reader *r, const sf_mop *row,
                            uint32_t *out) {
  const sf_item *links = sf_dict_find(&row->attrs, "links");
  *out = 0;
  for (uint32_t i = 0; links && i < links->count; i++) {
    const char *text = links->items[i].text;
    int32_t d = text ? sf_direction_find(r->machine->topology, text) : -1;
    if (d < 0) return sf_row_bad(r, row, "has a link of an unknown direction");
    *out |= 1u << d;
  }
  return SF_OK;
}

static sf_result read_table(sf_row_reader *r, sf_row_tables *t,
                            const sf_mop *row) {
  const sf_mop_argument *at = sf_mop_find(row, SF_MOP_TUPLE);
  const sf_fabric *f = &r->fabric;
  if (!at || at->count != 2 || at->numbers[0].i < 0 || at->numbers[1].i < 0 ||
      at->numbers[0].i >= f->width || at->numbers[1].i >= f->height) {
    return sf_row_bad(r, row, "is not on the machine");
  }
  int64_t router = at->numbers[1].i * f->width + at->numbers[0].i;
  if (!f->live[router]) return sf_row_bad(r, row, "is not on the machine");
  chip_table *table = &t->chips[router];
  if (table->entries) return sf_row_bad(r, row, "is the second of its chip");
  uint32_t most = 1;
  for (const sf_mop *e = row->first_child; e; e = e->next)
    most++;
  table->entries = SF_NEW_ARRAY(r->arena, entry, most);
  if (!table->entries) return SF_OOM;
  for (const sf_mop *e = row->first_child; e; e = e->next) {
    if (e->argument_count < 2 || e->arguments[0].kind != SF_MOP_NUMBER ||
        e->arguments[1].kind != SF_MOP_NUMBER) {
      continue;
    }
    entry *to = &table->entries[table->count++];
    *to = (entry){.key = (uint32_t)e->arguments[0].numbers[0].i,
                  .mask = (uint32_t)e->arguments[1].numbers[0].i,
                  .row = e};
    SF_TRY(read_links(r, e, &to->links));
  }
  const sf_quantity *room = sf_machine_quantity(r->machine, "table-entries");
  if (!room || table->count <= room->value) return SF_OK;
  return sf_row_bad(r, row, "has more entries than the router has room for");
}

sf_result sf_row_tables_read(sf_row_reader *r, sf_row_tables **out) {
  size_t routers = r->fabric.router_count + (size_t)1;
  sf_row_tables *t = SF_NEW(r->arena, sf_row_tables);
  if (!t) return SF_OOM;
  t->chips = SF_NEW_ARRAY(r->arena, chip_table, routers);
  t->seen = SF_NEW_ARRAY(r->arena, uint32_t, routers);
  t->queue = SF_NEW_ARRAY(r->arena, copy, routers);
  if (!t->chips || !t->seen || !t->queue) return SF_OOM;
  const char *defaults =
      sf_dict_text(&r->mapping->attrs, SF_ROUTE_DEFAULT_ROUTES);
  t->defaults = defaults && strcmp(defaults, "straight") == 0;
  for (const sf_mop *m = r->mapping->first; m; m = m->next)
    if (strcmp(m->keyword, "table") == 0) SF_TRY(read_table(r, t, m));
  *out = t;
  return SF_OK;
}

/* ---- A key. ---- */

static const entry *match(const chip_table *table, uint32_t key) {
  for (uint32_t i = 0; i < table->count; i++)
    if ((key & table->entries[i].mask) == table->entries[i].key)
      return &table->entries[i];
  return NULL;
}

static sf_result remember(sf_row_reader *r, sf_row_tables *t,
                          uint32_t channel) {
  if (t->sibling_count == t->sibling_capacity) {
    uint32_t capacity = t->sibling_capacity ? 2 * t->sibling_capacity : 64;
    uint32_t *grown = SF_NEW_ARRAY(r->arena, uint32_t, capacity);
    if (!grown) return SF_OOM;
    if (t->sibling_count)
      memcpy(grown, t->siblings, t->sibling_count * sizeof *grown);
    t->siblings = grown;
    t->sibling_capacity = capacity;
  }
  t->siblings[t->sibling_count++] = channel;
  return SF_OK;
}

static uint32_t number_of(const sf_row_reader *r, sf_position at) {
  return (uint32_t)(at.y * r->fabric.width + at.x);
}

/* The packet comes to a chip; twice is a circle, or two branches that meet. */
static sf_result enter(sf_row_reader *r, sf_row_tables *t, const sf_mop *row,
                       copy next) {
  uint32_t router = number_of(r, next.chip);
  if (t->seen[router] == t->now)
    return sf_row_bad(r, row, "comes to a chip twice");
  t->seen[router] = t->now;
  t->queue[t->count++] = next;
  return SF_OK;
}

static uint32_t count_ways(uint32_t links, const sf_item *cores) {
  uint32_t count = cores ? cores->count : 0;
  for (; links; links &= links - 1)
    count++;
  return count;
}

static sf_result leave(sf_row_reader *r, sf_row_tables *t, uint32_t route,
                       const sf_mop *row, copy from, uint32_t links,
                       const sf_item *cores) {
  bool branched = from.branched || count_ways(links, cores) > 1;
  for (int32_t d = 0; d < (int32_t)r->fabric.degree; d++) {
    if (!(links >> d & 1)) continue;
    copy next = {from.chip, from.channel, d, branched};
    sf_result result;
    if (!sf_row_hop(r, route, d, &next.chip, &next.channel, &result))
      return sf_row_no_way(r, row, next.chip, d);
    SF_TRY(result);
    if (branched) SF_TRY(remember(r, t, next.channel));
    SF_TRY(enter(r, t, row, next));
  }
  for (uint32_t i = 0; cores && i < cores->count; i++) {
    int32_t p = (int32_t)cores->items[i].number.i;
    uint32_t eject = sf_row_channel(r, SF_CHANNEL_EJECT, from.chip, p);
    if (eject == UINT32_MAX) return SF_OOM;
    SF_TRY(sf_waits_edge(&r->out->waits, from.channel, eject, route));
    if (branched) SF_TRY(remember(r, t, eject));
  }
  return SF_OK;
}

sf_result sf_row_tree(sf_row_reader *r, sf_row_tables *t, uint32_t route,
                      const sf_mop *row) {
  const sf_row_seat *from =
      sf_row_find_seat(r, sf_dict_find(&row->attrs, "from"));
  int64_t key = sf_dict_int(&row->attrs, "key", -1);
  if (!from || key < 0) return sf_row_bad(r, row, "needs a source and a key");
  t->count = t->sibling_count = 0;
  t->now++;
  uint32_t inject = sf_row_channel(r, SF_CHANNEL_INJECT, from->router, from->p);
  if (inject == UINT32_MAX) return SF_OOM;
  SF_TRY(enter(r, t, row, (copy){from->router, inject, -1, false}));
  for (uint32_t i = 0; i < t->count; i++) {
    copy at = t->queue[i];
    const entry *e = match(&t->chips[number_of(r, at.chip)], (uint32_t)key);
    if (!e && !(t->defaults && at.direction >= 0))
      return sf_row_bad(r, row, "meets a chip without an entry");
    uint32_t links = e ? e->links : 1u << at.direction;
    const sf_item *cores = e ? sf_dict_find(&e->row->attrs, "cores") : NULL;
    SF_TRY(leave(r, t, route, row, at, links, cores));
  }
  if (r->out->switching != SF_SWITCHING_WORMHOLE) return SF_OK;
  return sf_waits_siblings(&r->out->waits, route, t->sibling_count,
                           t->siblings);
}
