/* spinnaker2.c - every key that a PE sends goes through the tables as a router
 * would take it: first match wins, a copy for each link and PE. It must come
 * once to every PE that listens to it, twice to none, and ranks must rise. */
#include "tools/sf-check/spinnaker2.h"

#include "machine/routing.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINKS = 6, NAME_BYTES = 120, HOST_KEYS = 0x40000000 };

static const char *const LINK_NAMES[LINKS] = {"e", "ne", "n", "w", "sw", "s"};
static const char FILE_NAME[] = "spinnaker2/routing.json";

/* A copy of a packet on a chip. */
typedef struct copy {
  int64_t x, y, rank;
  int came;      /* link by which it came; -1: from its PE */
  bool branched; /* below a branching of its tree */
} copy;

/* Keys that a core listens to. `last`: the largest last key up to here in the
 * order by first key, so that a search backwards knows where to end. */
typedef struct listened {
  uint64_t first, end, last;
  uint32_t core;
} listened;

typedef struct walker {
  sf_check *check;
  const s2_artefact *a;
  copy *queue; /* one a chip: no chip is entered twice */
  uint32_t queued;
  uint8_t *got;      /* of each core: copies of the present key, at most 2 */
  uint32_t *reached; /* cores with got != 0, to compare and to clear */
  uint32_t reached_count;
  /* What a key is looked up in: machines have 10^3 PEs and 10^5 keys. */
  const s2_table **tables; /* by place */
  uint32_t *at;            /* cores, by place */
  listened *heard;         /* ranges of keys and who listens, by first key */
  uint32_t heard_count;
  uint32_t *hearers, hearer_count; /* of the present key */
  uint64_t *wanted; /* of each core: number of the last key that it hears */
  sf_check_range *ranges; /* of each core that sends, wormhole only */
  sf_check_range *range;  /* of the present one */
} walker;

/* ---- Where to look. ---- */

static int by_chip(int64_t ax, int64_t ay, int64_t bx, int64_t by) {
  if (ax != bx) return ax < bx ? -1 : 1;
  return (ay > by) - (ay < by);
}

static int by_table(const void *a, const void *b) {
  const s2_table *p = *(const s2_table *const *)a;
  const s2_table *q = *(const s2_table *const *)b;
  int order = by_chip(p->x, p->y, q->x, q->y);
  return order ? order : (p > q) - (p < q); /* the first of equals counts */
}

static const s2_table *table_of(const walker *w, int64_t x, int64_t y) {
  uint32_t low = 0, high = w->a->table_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const s2_table *t = w->tables[middle];
    if (by_chip(t->x, t->y, x, y) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  const s2_table *t = low < w->a->table_count ? w->tables[low] : NULL;
  return t && t->x == x && t->y == y ? t : NULL;
}

static int by_place(const s2_core *a, int64_t x, int64_t y, int64_t p) {
  int order = by_chip(a->x, a->y, x, y);
  return order ? order : (a->p > p) - (a->p < p);
}

static int by_core(const void *a, const void *b, void *data) {
  const s2_core *cores = data;
  uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
  int order = by_place(&cores[i], cores[k].x, cores[k].y, cores[k].p);
  return order ? order : (i > k) - (i < k);
}

/* UINT32_MAX: no core stands there. */
static uint32_t core_at(const walker *w, int64_t x, int64_t y, int64_t p) {
  uint32_t low = 0, high = w->a->core_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (by_place(&w->a->cores[w->at[middle]], x, y, p) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == w->a->core_count) return UINT32_MAX;
  return by_place(&w->a->cores[w->at[low]], x, y, p) ? UINT32_MAX : w->at[low];
}

static int by_first(const void *a, const void *b) {
  const listened *p = a, *q = b;
  if (p->first != q->first) return p->first < q->first ? -1 : 1;
  return (p->core > q->core) - (p->core < q->core);
}

static sf_result index_artefact(walker *w) {
  const s2_artefact *a = w->a;
  sf_arena *arena = w->check->arena;
  w->tables = SF_NEW_ARRAY(arena, const s2_table *, a->table_count + (size_t)1);
  w->at = SF_NEW_ARRAY(arena, uint32_t, a->core_count + (size_t)1);
  w->hearers = SF_NEW_ARRAY(arena, uint32_t, a->core_count + (size_t)1);
  w->reached = SF_NEW_ARRAY(arena, uint32_t, a->core_count + (size_t)1);
  w->wanted = SF_NEW_ARRAY(arena, uint64_t, a->core_count + (size_t)1);
  w->heard = SF_NEW_ARRAY(arena, listened, a->heard_count + (size_t)1);
  if (!w->tables || !w->at || !w->hearers || !w->reached || !w->wanted ||
      !w->heard)
    return SF_OOM;
  for (uint32_t i = 0; i < a->table_count; i++)
    w->tables[i] = &a->tables[i];
  qsort(w->tables, a->table_count, sizeof *w->tables, by_table);
  for (uint32_t c = 0; c < a->core_count; c++) {
    const s2_core *core = &a->cores[c];
    w->at[c] = c;
    for (uint32_t i = 0; i < core->heard_count; i++) {
      const s2_block *b = &a->heard[core->heard_first + i];
      w->heard[w->heard_count++] = (listened){b->key, b->key + b->count, 0, c};
    }
  }
  qsort_r(w->at, a->core_count, sizeof *w->at, by_core, a->cores);
  qsort(w->heard, w->heard_count, sizeof *w->heard, by_first);
  uint64_t last = 0;
  for (uint32_t i = 0; i < w->heard_count; i++) {
    if (w->heard[i].end > last) last = w->heard[i].end;
    w->heard[i].last = last;
  }
  return SF_OK;
}

/* The cores that listen to a key: among the ranges that begin at or before it,
 * back to where none can reach it any more. */
static void find_hearers(walker *w, uint64_t key) {
  uint32_t low = 0, high = w->heard_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (w->heard[middle].first <= key)
      low = middle + 1;
    else
      high = middle;
  }
  w->hearer_count = 0;
  while (low > 0) {
    uint32_t i = --low;
    if (w->heard[i].last <= key) break;
    if (w->heard[i].end <= key) continue;
    uint32_t core = w->heard[i].core;
    if (w->wanted[core] == w->check->keys) continue; /* by another range */
    w->wanted[core] = w->check->keys;
    w->hearers[w->hearer_count++] = core;
  }
}

static const s2_entry *match(const s2_artefact *a, const s2_table *table,
                             uint64_t key) {
  for (uint32_t i = 0; table && i < table->entry_count; i++) {
    const s2_entry *e = &a->entries[table->entry_first + i];
    if ((key & e->mask) == e->key) return e;
  }
  return NULL;
}

/* ---- One key. ---- */

static bool enter(walker *w, const char *name, copy next) {
  for (uint32_t i = 0; i < w->queued; i++) {
    if (w->queue[i].x == next.x && w->queue[i].y == next.y) {
      sf_check_fail(w->check, FILE_NAME, 0,
                    "%s comes to chip (%lld, %lld) twice", name,
                    (long long)next.x, (long long)next.y);
      return false;
    }
  }
  w->queue[w->queued++] = next; /* at most one a chip of the machine */
  return true;
}

static bool deliver(walker *w, const char *name, const copy *at, int64_t p,
                    bool branched) {
  char port[24];
  snprintf(port, sizeof port, "%lld", (long long)p);
  int64_t rank = at->rank;
  if (!sf_check_rises(w->check, name, &rank, SF_PORT_EJECT, at->x, at->y, port))
    return false;
  if (branched) sf_check_range_add(w->range, rank);
  uint32_t c = core_at(w, at->x, at->y, p);
  if (c != UINT32_MAX) {
    if (w->got[c] == 0) w->reached[w->reached_count++] = c;
    if (w->got[c] < 2) w->got[c]++;
    return true;
  }
  sf_check_fail(w->check, FILE_NAME, 0,
                "%s goes to PE %lld of chip (%lld, %lld), which holds nothing",
                name, (long long)p, (long long)at->x, (long long)at->y);
  return false;
}

/* Takes a link; false: reported. */
static bool cross(walker *w, const char *name, int32_t link, copy *at) {
  sf_position here = {(int32_t)at->x, (int32_t)at->y}, next;
  bool there = sf_router_behind(w->check->machine, here, link, &next);
  at->x = next.x;
  at->y = next.y;
  if (there) return true;
  sf_check_fail(w->check, FILE_NAME, 0,
                "%s leaves the machine, or takes a dead link, towards chip "
                "(%lld, %lld)",
                name, (long long)at->x, (long long)at->y);
  return false;
}

static uint32_t count_bits(uint32_t word) {
  uint32_t count = 0;
  for (; word; word &= word - 1)
    count++;
  return count;
}

static bool forward(walker *w, const char *name, uint64_t key, copy at) {
  const s2_table *table = table_of(w, at.x, at.y);
  const s2_entry *entry = match(w->a, table, key);
  bool straight = !entry && w->a->default_routes && at.came >= 0;
  if (!entry && !straight) {
    sf_check_fail(w->check, FILE_NAME, 0,
                  "%s meets no entry on chip (%lld, %lld)", name,
                  (long long)at.x, (long long)at.y);
    return false;
  }
  uint32_t links = straight ? 1u << at.came : entry->links;
  uint32_t copies = straight ? 0 : entry->core_count;
  at.branched |= count_bits(links) + copies > 1;
  for (uint32_t i = 0; i < copies; i++) {
    int64_t p = w->a->pes[entry->core_first + i];
    if (!deliver(w, name, &at, p, at.branched)) return false;
  }
  for (int l = 0; l < LINKS; l++) {
    if (!((links >> l) & 1)) continue;
    copy next = at;
    next.came = l;
    if (!sf_check_rises(w->check, name, &next.rank, SF_PORT_LINK, at.x, at.y,
                        LINK_NAMES[l])) {
      return false;
    }
    if (at.branched) sf_check_range_add(w->range, next.rank);
    if (!cross(w, name, l, &next)) return false;
    if (!enter(w, name, next)) return false;
  }
  return true;
}

static bool arrives_wrong(walker *w, const char *name, uint32_t core) {
  sf_check_fail(w->check, FILE_NAME, 0, "%s %s core @%s", name,
                w->got[core] ? "comes twice to" : "does not come to",
                w->a->cores[core].name);
  return false;
}

/* Everybody who listens got one; nobody got two. */
static bool check_arrivals(walker *w, const char *name) {
  for (uint32_t i = 0; i < w->reached_count; i++)
    if (w->got[w->reached[i]] > 1) return arrives_wrong(w, name, w->reached[i]);
  for (uint32_t i = 0; i < w->hearer_count; i++)
    if (w->got[w->hearers[i]] != 1)
      return arrives_wrong(w, name, w->hearers[i]);
  return true;
}

/* A key that nobody hears needs no entry. false: reported. */
static bool check_key(walker *w, const s2_core *from, uint64_t key) {
  char name[NAME_BYTES], port[24];
  snprintf(name, sizeof name, "key 0x%08llx of core @%.60s",
           (unsigned long long)key, from->name);
  snprintf(port, sizeof port, "%lld", (long long)from->p);
  for (uint32_t i = 0; i < w->reached_count; i++)
    w->got[w->reached[i]] = 0;
  w->reached_count = w->queued = 0;
  w->check->keys++;
  find_hearers(w, key);
  if (w->hearer_count == 0) return true;
  copy start = {from->x, from->y, -1, -1, false};
  if (!sf_check_rises(w->check, name, &start.rank, SF_PORT_INJECT, from->x,
                      from->y, port) ||
      !enter(w, name, start)) {
    return false;
  }
  for (uint32_t i = 0; i < w->queued; i++)
    if (!forward(w, name, key, w->queue[i])) return false;
  return check_arrivals(w, name);
}

/* ---- Everything. ---- */

static void check_tables(sf_check *check, const s2_artefact *a) {
  uint64_t limit = (uint64_t)sf_machine_value(check->machine, "table-entries");
  for (uint32_t i = 0; i < a->table_count; i++) {
    const s2_table *t = &a->tables[i];
    check->entries += t->entry_count;
    if (t->entry_count > limit) {
      sf_check_fail(check, FILE_NAME, 0,
                    "chip (%lld, %lld) has %u entries, its table holds %llu",
                    (long long)t->x, (long long)t->y, t->entry_count,
                    (unsigned long long)limit);
    }
    for (uint32_t k = 0; k < t->entry_count; k++) {
      const s2_entry *e = &a->entries[t->entry_first + k];
      if ((e->key & ~e->mask & UINT32_MAX) == 0) continue;
      sf_check_fail(check, FILE_NAME, 0,
                    "chip (%lld, %lld), entry %u: key 0x%08llx has bits "
                    "outside its mask and matches nothing",
                    (long long)t->x, (long long)t->y, k,
                    (unsigned long long)e->key);
    }
  }
}

static void check_places(sf_check *check, const s2_artefact *a) {
  for (uint32_t i = 0; i < a->core_count; i++) {
    const s2_core *c = &a->cores[i];
    check->cores++;
    if (!sf_machine_core_usable(check->machine, c->chip, c->x, c->y, c->p)) {
      sf_check_fail(check, "spinnaker2/cores.json", 0,
                    "core @%s: '%s' has no usable PE %lld on chip %lld at "
                    "(%lld, %lld)",
                    c->name, check->machine->name, (long long)c->p,
                    (long long)c->chip, (long long)c->x, (long long)c->y);
    }
    for (uint32_t k = 0; k < i; k++) {
      const s2_core *other = &a->cores[k];
      if (other->chip != c->chip || other->p != c->p) continue;
      sf_check_fail(check, "spinnaker2/cores.json", 0,
                    "cores @%s and @%s are the same PE", other->name, c->name);
    }
  }
}

/* Every key below the host's that a PE listens to is sent by some PE. */
static void check_senders(sf_check *check, const s2_artefact *a) {
  for (uint32_t c = 0; c < a->core_count; c++) {
    const s2_core *core = &a->cores[c];
    for (uint32_t i = 0; i < core->heard_count; i++) {
      const s2_block *heard = &a->heard[core->heard_first + i];
      bool known = heard->key >= HOST_KEYS;
      for (uint32_t k = 0; k < a->sent_count && !known; k++) {
        known = heard->key >= a->sent[k].key &&
                heard->key + heard->count <= a->sent[k].key + a->sent[k].count;
      }
      if (known) continue;
      sf_check_fail(check, FILE_NAME, 0,
                    "core @%s listens to key 0x%08llx, which nobody sends",
                    core->name, (unsigned long long)heard->key);
    }
  }
}

sf_result sf_check_spinnaker2(sf_check *check) {
  s2_artefact a;
  SF_TRY(sf_check_spinnaker2_read(check, &a));
  check_places(check, &a);
  check_tables(check, &a);
  check_senders(check, &a);
  sf_check_spinnaker2_gates(check, &a);
  walker w = {.check = check, .a = &a};
  w.queue = SF_NEW_ARRAY(check->arena, copy, check->machine->chip_count + 1u);
  w.got = SF_NEW_ARRAY(check->arena, uint8_t, a.core_count + 1u);
  w.ranges = SF_NEW_ARRAY(check->arena, sf_check_range, a.core_count + 1u);
  if (!w.queue || !w.got || !w.ranges) return SF_OOM;
  SF_TRY(index_artefact(&w));
  for (uint32_t c = 0; c < a.core_count; c++) {
    const s2_core *core = &a.cores[c];
    check->routes++;
    w.range = &w.ranges[c];
    *w.range = (sf_check_range){.name = core->name};
    for (uint32_t i = 0; i < core->sent_count; i++) {
      const s2_block *b = &a.sent[core->sent_first + i];
      /* One finding a block is enough: its keys go the same way. */
      for (uint64_t k = 0; k < b->count; k++)
        if (!check_key(&w, core, b->key + k)) break;
    }
  }
  sf_check_ranges(check, FILE_NAME, a.core_count, w.ranges);
  return SF_OK;
}
