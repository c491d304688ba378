/* tables.c - see tables.h. */
#include "passes/route/tables.h"

#include "passes/route/compress.h"

#include <stdlib.h>
#include <string.h>

/* Ways of a packet, then keys. */
static int by_way(const void *a, const void *b) {
  const sf_chip_entry *p = a, *q = b;
  if (p->router != q->router) return p->router < q->router ? -1 : 1;
  if (p->links != q->links) return p->links < q->links ? -1 : 1;
  if (p->count != q->count) return p->count < q->count ? -1 : 1;
  for (uint32_t i = 0; i < p->count; i++) {
    uint32_t x = (uint32_t)p->cores[i], y = (uint32_t)q->cores[i];
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

static int by_router_and_key(const void *a, const void *b) {
  const sf_chip_entry *p = a, *q = b;
  if (p->router != q->router) return p->router < q->router ? -1 : 1;
  return p->key < q->key ? -1 : p->key > q->key;
}

/* ---- One table. ---- */

typedef struct chip_table {
  sf_route_job *job;
  sf_arena *arena; /* for one chip */
  sf_table plain, table;
  uint32_t limit;
} chip_table;

static sf_result copy_table(const chip_table *t, const sf_table *from,
                            sf_table *to) {
  to->count = from->count;
  to->entries = SF_NEW_ARRAY(t->arena, sf_table_entry, from->count + (size_t)1);
  if (!to->entries) return SF_OOM;
  memcpy(to->entries, from->entries, from->count * sizeof *to->entries);
  return SF_OK;
}

static void drop_defaults(const chip_table *t, sf_table *table) {
  if (t->job->default_routes) sf_table_drop_defaults(table);
}

/* Pair merging and ordered covering; the smaller wins. */
static sf_result merge(const chip_table *t, uint32_t target, sf_table *table) {
  sf_table covered;
  SF_TRY(copy_table(t, table, &covered));
  SF_TRY(sf_table_merge_pairs(table, target, t->arena));
  if (target > 0 && table->count <= target) return SF_OK;
  SF_TRY(sf_table_cover(&covered, target, t->arena));
  if (covered.count < table->count) *table = covered;
  return SF_OK;
}

/* No smaller than needed: full minimization only takes time (spinnaker2.md
 * 4.4). */
static sf_result shrink(chip_table *t) {
  sf_table *table = &t->table;
  sf_table_effort effort = t->job->effort;
  SF_TRY(copy_table(t, &t->plain, table));
  drop_defaults(t, table);
  if (effort == SF_TABLES_PLAIN ||
      (effort == SF_TABLES_FIT && table->count <= t->limit)) {
    return SF_OK;
  }
  SF_TRY(copy_table(t, &t->plain, table));
  sf_table_merge_siblings(table);
  if (effort == SF_TABLES_SMALL || table->count > t->limit)
    SF_TRY(merge(t, effort == SF_TABLES_SMALL ? 0 : t->limit, table));
  drop_defaults(t, table);
  return SF_OK;
}

/* ---- Rows. ---- */

static sf_result set_list(const sf_route_job *job, sf_dict *attrs,
                          const char *name, uint32_t count, sf_item *items) {
  sf_item list = {.kind = SF_ITEM_LIST, .count = count, .items = items};
  return sf_dict_set(job->mapping->module->arena, attrs, name, &list);
}

static sf_result write_entry(const chip_table *t, sf_mop *parent,
                             const sf_table_entry *e,
                             const sf_chip_entry *way) {
  sf_route_job *job = t->job;
  sf_mop *row = sf_mop_create(job->mapping, parent, "entry");
  sf_item links[8];
  sf_item *cores = SF_NEW_ARRAY(t->arena, sf_item, way->count + (size_t)1);
  if (!row || !cores) return SF_OOM;
  SF_TRY(sf_mop_add_number(job->mapping, row, e->key));
  SF_TRY(sf_mop_add_number(job->mapping, row, e->mask));
  uint32_t count = 0;
  for (int32_t l = 0; l < (int32_t)job->fabric.degree; l++)
    if (way->links >> l & 1)
      links[count++] = (sf_item){.kind = SF_ITEM_WORD,
                                 .text = sf_direction_text(SF_TOPOLOGY_HEX, l)};
  for (uint32_t i = 0; i < way->count; i++)
    cores[i] = (sf_item){.kind = SF_ITEM_NUMBER,
                         .number = sf_number_int((uint32_t)way->cores[i])};
  SF_TRY(set_list(job, &row->attrs, "links", count, links));
  return set_list(job, &row->attrs, "cores", way->count, cores);
}

static sf_result write_table(const chip_table *t, uint32_t router,
                             const sf_chip_entry *const *ways) {
  sf_route_job *job = t->job;
  int64_t width = job->fabric.width;
  int64_t at[2] = {router % width, router / width};
  job->entries += t->table.count;
  if (t->table.count > t->limit) {
    sf_error(job->diag, SF_DIAG_CAPACITY, job->mapping->loc,
             "chip (%lld, %lld) needs %u table entries; '%s' has %u, %u too "
             "few",
             (long long)at[0], (long long)at[1], t->table.count,
             job->machine->name, t->limit, t->table.count - t->limit);
    sf_help(job->diag, "spread the network over fewer cores%s",
            job->effort == SF_TABLES_PLAIN ? ", or take route{tables=fit}"
                                           : "");
    return SF_FAIL;
  }
  if (t->table.count == 0) return SF_OK;
  sf_mop *table = sf_mop_create(job->mapping, NULL, "table");
  if (!table) return SF_OOM;
  SF_TRY(sf_mop_add_tuple(job->mapping, table, 2, at));
  for (uint32_t i = 0; i < t->table.count; i++) {
    const sf_table_entry *e = &t->table.entries[i];
    SF_TRY(write_entry(t, table, e, ways[e->route]));
  }
  return SF_OK;
}

/* ---- A chip. ---- */

/* Numbers the ways of its packets, sorted by them; then sorts by key. */
static sf_result plain_table(chip_table *t, uint32_t count,
                             sf_chip_entry *entries,
                             const sf_chip_entry **ways) {
  uint32_t routes = 0;
  sf_chip_entry *copies = SF_NEW_ARRAY(t->arena, sf_chip_entry, count);
  t->plain.entries = SF_NEW_ARRAY(t->arena, sf_table_entry, count);
  if (!copies || !t->plain.entries) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0 && by_way(&entries[i - 1], &entries[i]) != 0) routes++;
    entries[i].route = routes;
    copies[routes] = entries[i];
    ways[routes] = &copies[routes];
  }
  qsort(entries, count, sizeof *entries, by_router_and_key);
  for (uint32_t i = 0; i < count; i++) {
    const sf_chip_entry *e = &entries[i];
    t->plain.entries[i] =
        (sf_table_entry){e->key, e->mask, e->route, e->straight};
  }
  t->plain.count = count;
  return SF_OK;
}

static sf_result one_chip(sf_route_job *job, uint32_t count,
                          sf_chip_entry *entries, sf_arena *arena) {
  chip_table t = {
      .job = job,
      .arena = arena,
      .limit = (uint32_t)sf_machine_value(job->machine, "table-entries")};
  const sf_chip_entry **ways =
      SF_NEW_ARRAY(arena, const sf_chip_entry *, count);
  if (!ways) return SF_OOM;
  SF_TRY(plain_table(&t, count, entries, ways));
  SF_TRY(shrink(&t));
  job->blocks += count;
  if (!sf_table_replay(&t.plain, &t.table, job->default_routes)) {
    return sf_error(job->diag, SF_DIAG_INTERNAL, job->mapping->loc,
                    "the smaller table of router %u sends a key another way",
                    entries[0].router);
  }
  return write_table(&t, entries[0].router, ways);
}

sf_result sf_route_tables(sf_route_job *job, uint32_t count,
                          sf_chip_entry *entries) {
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_result result = SF_OK;
  if (count) qsort(entries, count, sizeof *entries, by_way);
  for (uint32_t i = 0, end; i < count && result == SF_OK; i = end) {
    for (end = i + 1; end < count && entries[end].router == entries[i].router;)
      end++;
    result = one_chip(job, end - i, &entries[i], arena);
    sf_arena_reset(arena);
  }
  sf_arena_destroy(arena);
  return result;
}
