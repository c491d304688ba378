/* spinnaker2.c - every key that a PE sends goes through the tables as a router
 * would take it: first match wins, a copy for each link and PE. It must come
 * once to every PE that listens to it, twice to none, and ranks must rise. */
#include "tools/sf-check/spinnaker2.h"

#include "machine/routing.h"

#include <stdio.h>
#include <string.h>

enum { LINKS = 6, NAME_BYTES = 120, HOST_KEYS = 0x40000000 };

static const char *const LINK_NAMES[LINKS] = {"e", "ne", "n", "w", "sw", "s"};
static const char FILE_NAME[] = "spinnaker2/routing.json";

/* A copy of a packet on a chip. */
typedef struct copy {
  int64_t x, y, rank;
  int came;      /* link by which it came; -1: from its PE */
  bool branched; /* below a branching of its tree */
} copy;

typedef struct walker {
  sf_check *check;
  const s2_artefact *a;
  copy *queue; /* one a chip: no chip is entered twice */
  uint32_t queued;
  uint8_t *got; /* of each core: copies of the present key, at most 2 */
  sf_check_range *ranges; /* of each core that sends, wormhole only */
  sf_check_range *range;  /* of the present one */
} walker;

static const s2_table *table_of(const s2_artefact *a, int64_t x, int64_t y) {
  for (uint32_t i = 0; i < a->table_count; i++)
    if (a->tables[i].x == x && a->tables[i].y == y) return &a->tables[i];
  return NULL;
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
  for (uint32_t c = 0; c < w->a->core_count; c++) {
    const s2_core *core = &w->a->cores[c];
    if (core->x != at->x || core->y != at->y || core->p != p) continue;
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
  const s2_table *table = table_of(w->a, at.x, at.y);
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

static bool hears(const s2_artefact *a, const s2_core *core, uint64_t key) {
  for (uint32_t i = 0; i < core->heard_count; i++) {
    const s2_block *b = &a->heard[core->heard_first + i];
    if (key >= b->key && key - b->key < b->count) return true;
  }
  return false;
}

/* Everybody who listens got one; nobody got two. */
static bool check_arrivals(walker *w, const char *name, uint64_t key) {
  for (uint32_t c = 0; c < w->a->core_count; c++) {
    const s2_core *core = &w->a->cores[c];
    bool wanted = hears(w->a, core, key);
    if (w->got[c] < 2 && (w->got[c] == 1 || !wanted)) continue;
    sf_check_fail(w->check, FILE_NAME, 0, "%s %s core @%s", name,
                  w->got[c] ? "comes twice to" : "does not come to",
                  core->name);
    return false;
  }
  return true;
}

/* A key that nobody hears needs no entry. false: reported. */
static bool check_key(walker *w, const s2_core *from, uint64_t key) {
  char name[NAME_BYTES], port[24];
  snprintf(name, sizeof name, "key 0x%08llx of core @%.60s",
           (unsigned long long)key, from->name);
  snprintf(port, sizeof port, "%lld", (long long)from->p);
  memset(w->got, 0, w->a->core_count);
  w->queued = 0;
  w->check->keys++;
  bool heard = false;
  for (uint32_t c = 0; c < w->a->core_count && !heard; c++)
    heard = hears(w->a, &w->a->cores[c], key);
  if (!heard) return true;
  copy start = {from->x, from->y, -1, -1, false};
  if (!sf_check_rises(w->check, name, &start.rank, SF_PORT_INJECT, from->x,
                      from->y, port) ||
      !enter(w, name, start)) {
    return false;
  }
  for (uint32_t i = 0; i < w->queued; i++)
    if (!forward(w, name, key, w->queue[i])) return false;
  return check_arrivals(w, name, key);
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
