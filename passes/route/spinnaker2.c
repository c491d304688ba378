/* spinnaker2.c - multicast: a block of keys for each source core, a tree of
 * chips for each block, and each chip's table.
 *
 * Between chips, hops that lower x + 0.37 y come before hops that raise it
 * (negative-first on the hexagonal mesh): dependencies between links then
 * follow that height and cannot close a cycle. The tree is breadth-first, each
 * chip entered once, since a table does not know where a packet came from. */
#include "passes/route/route.h"

#include <string.h>

enum { HEX_LINKS = 6, KEYS_END = 0x40000000 }; /* keys above: the host's */

/* e, ne and n raise the height, w, sw and s lower it. */
static bool raises(int32_t direction) { return direction < 3; }

typedef struct chip_state {
  bool reached;
  bool rising;     /* the packet may only rise from here */
  bool in_tree;    /* on the way to a target */
  uint32_t parent; /* index of the chip that it came from */
  uint32_t links;  /* bit l: the tree leaves by link l */
  int32_t by;      /* link by which the chip was entered */
} chip_state;

typedef struct table_entry {
  uint32_t key, mask, links;
  uint32_t chip;   /* index */
  uint32_t source; /* core whose targets on this chip get a copy */
} table_entry;

typedef struct router {
  sf_route_job *job;
  const sf_route_flows *flows;
  chip_state *chips;
  uint32_t *queue;
  uint32_t entry_count, entry_capacity;
  table_entry *entries;
} router;

static uint32_t chip_index(const sf_machine *m, int64_t id) {
  return (uint32_t)(sf_machine_chip(m, id) - m->chips);
}

static uint32_t neighbour(const sf_machine *m, uint32_t chip, int32_t link) {
  sf_position v = sf_direction_vector(SF_TOPOLOGY_HEX, link);
  const sf_chip *c = sf_machine_chip_at(m, (int64_t)m->chips[chip].x + v.x,
                                        (int64_t)m->chips[chip].y + v.y);
  return c && !c->dead ? (uint32_t)(c - m->chips) : UINT32_MAX;
}

/* ---- Trees. ---- */

/* Enters the neighbours of `chip`, falling links first. */
static uint32_t spread(router *r, uint32_t chip, uint32_t queued) {
  static const int32_t order[HEX_LINKS] = {3, 4, 5, 0, 1, 2};
  const sf_machine *m = r->job->machine;
  for (int i = 0; i < HEX_LINKS; i++) {
    int32_t link = order[i];
    if (r->chips[chip].rising && !raises(link)) continue;
    uint32_t next = neighbour(m, chip, link);
    if (next == UINT32_MAX || r->chips[next].reached) continue;
    r->chips[next] = (chip_state){
        .reached = true, .rising = raises(link), .parent = chip, .by = link};
    r->queue[queued++] = next;
  }
  return queued;
}

/* Breadth first, and within one distance the chips that may still fall first:
 * they can go on in every direction that the others can. */
static void reach_all(router *r, uint32_t root) {
  const sf_machine *m = r->job->machine;
  memset(r->chips, 0, m->chip_count * sizeof *r->chips);
  r->chips[root] = (chip_state){.reached = true, .parent = root, .by = -1};
  r->queue[0] = root;
  uint32_t begin = 0, end = 1;
  while (begin < end) {
    uint32_t queued = end;
    for (int rising = 0; rising < 2; rising++) {
      for (uint32_t i = begin; i < end; i++) {
        uint32_t chip = r->queue[i];
        if (r->chips[chip].rising != (rising != 0)) continue;
        queued = spread(r, chip, queued);
      }
    }
    begin = end;
    end = queued;
  }
}

/* Marks the path from the root to `chip`. */
static bool keep_path(router *r, uint32_t root, uint32_t chip) {
  if (!r->chips[chip].reached) return false;
  while (!r->chips[chip].in_tree) {
    r->chips[chip].in_tree = true;
    if (chip == root) break;
    uint32_t parent = r->chips[chip].parent;
    r->chips[parent].links |= 1u << r->chips[chip].by;
    chip = parent;
  }
  return true;
}

static sf_result add_entry(router *r, table_entry entry) {
  if (r->entry_count == r->entry_capacity) {
    uint32_t capacity = r->entry_capacity ? 2 * r->entry_capacity : 64;
    table_entry *entries = SF_NEW_ARRAY(r->job->scratch, table_entry, capacity);
    if (!entries) return SF_OOM;
    if (r->entry_count)
      memcpy(entries, r->entries, r->entry_count * sizeof *entries);
    r->entries = entries;
    r->entry_capacity = capacity;
  }
  r->entries[r->entry_count++] = entry;
  return SF_OK;
}

static sf_result grow_tree(router *r, uint32_t source, uint32_t key,
                           uint32_t mask) {
  const sf_machine *m = r->job->machine;
  const sf_route_core *from = &r->flows->cores[source];
  uint32_t root = chip_index(m, from->chip);
  reach_all(r, root);
  for (uint32_t t = 0; t < r->flows->core_count; t++) {
    if (!sf_route_sends(r->flows, source, t)) continue;
    const sf_route_core *to = &r->flows->cores[t];
    if (keep_path(r, root, chip_index(m, to->chip))) continue;
    sf_error(r->job->diag, SF_DIAG_CAPACITY, r->job->mapping->loc,
             "no path of live chips that falls before it rises leads from "
             "'@%s' to '@%s'",
             from->name, to->name);
    sf_help(r->job->diag, "place the network on chips that hang together");
    return SF_FAIL;
  }
  for (uint32_t c = 0; c < m->chip_count; c++) {
    if (!r->chips[c].in_tree) continue;
    table_entry entry = {key, mask, r->chips[c].links, c, source};
    SF_TRY(add_entry(r, entry));
  }
  return SF_OK;
}

/* ---- Rows of the mapping block. ---- */

static sf_result set_list(router *r, sf_dict *attrs, const char *name,
                          uint32_t count, sf_item *items) {
  sf_item list = {.kind = SF_ITEM_LIST, .count = count, .items = items};
  return sf_dict_set(r->job->mapping->module->arena, attrs, name, &list);
}

static sf_result write_route(router *r, uint32_t source, uint32_t key,
                             uint32_t mask) {
  sf_mapping *mapping = r->job->mapping;
  sf_arena *arena = mapping->module->arena;
  const sf_route_flows *flows = r->flows;
  sf_mop *row = sf_mop_create(mapping, NULL, "route");
  char *name = sf_arena_printf(r->job->scratch, "r%llu",
                               (unsigned long long)r->job->routes++);
  sf_item *to = SF_NEW_ARRAY(r->job->scratch, sf_item, flows->core_count);
  if (!row || !name || !to) return SF_OOM;
  SF_TRY(sf_mop_add_symbol(mapping, row, name));
  uint32_t count = 0;
  for (uint32_t t = 0; t < flows->core_count; t++) {
    if (!sf_route_sends(flows, source, t)) continue;
    to[count++] =
        (sf_item){.kind = SF_ITEM_SYMBOL, .text = flows->cores[t].name};
  }
  sf_item from = {.kind = SF_ITEM_SYMBOL, .text = flows->cores[source].name};
  SF_TRY(sf_dict_set(arena, &row->attrs, "from", &from));
  SF_TRY(set_list(r, &row->attrs, "to", count, to));
  SF_TRY(sf_dict_set_int(arena, &row->attrs, "key", key));
  return sf_dict_set_int(arena, &row->attrs, "mask", mask);
}

static sf_result write_links(router *r, sf_mop *row, uint32_t links) {
  sf_item items[HEX_LINKS];
  uint32_t count = 0;
  for (int32_t l = 0; l < HEX_LINKS; l++) {
    if (!((links >> l) & 1)) continue;
    items[count++] = (sf_item){.kind = SF_ITEM_WORD,
                               .text = sf_direction_text(SF_TOPOLOGY_HEX, l)};
  }
  r->job->hops += count;
  return set_list(r, &row->attrs, "links", count, items);
}

static sf_result write_entry(router *r, sf_mop *table, const table_entry *e) {
  const sf_route_flows *flows = r->flows;
  sf_mapping *mapping = r->job->mapping;
  sf_mop *row = sf_mop_create(mapping, table, "entry");
  sf_item *cores = SF_NEW_ARRAY(r->job->scratch, sf_item, flows->core_count);
  if (!row || !cores) return SF_OOM;
  SF_TRY(sf_mop_add_number(mapping, row, e->key));
  SF_TRY(sf_mop_add_number(mapping, row, e->mask));
  uint32_t count = 0;
  int64_t chip = r->job->machine->chips[e->chip].id;
  for (uint32_t t = 0; t < flows->core_count; t++) {
    if (flows->cores[t].chip != chip) continue;
    if (!sf_route_sends(flows, e->source, t)) continue;
    cores[count++] = (sf_item){.kind = SF_ITEM_NUMBER,
                               .number = sf_number_int(flows->cores[t].p)};
  }
  r->job->entries++;
  SF_TRY(write_links(r, row, e->links));
  return set_list(r, &row->attrs, "cores", count, cores);
}

static sf_result write_table(router *r, uint32_t chip) {
  const sf_chip *c = &r->job->machine->chips[chip];
  sf_mop *table = NULL;
  uint64_t entries = 0;
  for (uint32_t i = 0; i < r->entry_count; i++) {
    if (r->entries[i].chip != chip) continue;
    if (!table) {
      int64_t at[2] = {c->x, c->y};
      table = sf_mop_create(r->job->mapping, NULL, "table");
      if (!table) return SF_OOM;
      SF_TRY(sf_mop_add_tuple(r->job->mapping, table, 2, at));
    }
    SF_TRY(write_entry(r, table, &r->entries[i]));
    entries++;
  }
  uint64_t limit = (uint64_t)sf_machine_value(r->job->machine, "table-entries");
  if (entries <= limit) return SF_OK;
  sf_error(r->job->diag, SF_DIAG_CAPACITY, r->job->mapping->loc,
           "chip (%d, %d) needs %llu table entries; '%s' has %llu, %llu too "
           "few",
           c->x, c->y, (unsigned long long)entries, r->job->machine->name,
           (unsigned long long)limit, (unsigned long long)(entries - limit));
  sf_help(r->job->diag, "spread the network over fewer cores");
  return SF_FAIL;
}

/* ---- Keys. ---- */

static bool sends_anything(const sf_route_flows *flows, uint32_t source) {
  const uint64_t *row = flows->bits + source * flows->row_words;
  for (size_t i = 0; i < flows->row_words; i++)
    if (row[i]) return true;
  return false;
}

/* A power of two of keys at a multiple of it, so that one entry is enough. */
static sf_result route_source(router *r, uint32_t source, uint64_t *next) {
  const sf_route_core *core = &r->flows->cores[source];
  uint64_t block = 1;
  while (block < core->keys)
    block *= 2;
  uint64_t key = (*next + block - 1) / block * block;
  *next = key + block;
  if (*next > KEYS_END) {
    return sf_error(r->job->diag, SF_DIAG_CAPACITY, r->job->mapping->loc,
                    "the network needs more than %d keys", KEYS_END);
  }
  uint32_t mask = ~(uint32_t)(block - 1);
  SF_TRY(grow_tree(r, source, (uint32_t)key, mask));
  return write_route(r, source, (uint32_t)key, mask);
}

sf_result sf_route_spinnaker2(sf_route_job *job, const sf_route_flows *flows) {
  uint32_t chips = job->machine->chip_count;
  router r = {.job = job, .flows = flows};
  r.chips = SF_NEW_ARRAY(job->scratch, chip_state, chips);
  r.queue = SF_NEW_ARRAY(job->scratch, uint32_t, chips + (size_t)1);
  if (!r.chips || !r.queue) return SF_OOM;
  uint64_t next = 0;
  for (uint32_t s = 0; s < flows->core_count; s++)
    if (sends_anything(flows, s)) SF_TRY(route_source(&r, s, &next));
  for (uint32_t c = 0; c < chips; c++)
    SF_TRY(write_table(&r, c));
  return SF_OK;
}
