/* spinnaker2_walk.c - a key through the tables as a router would take it: first
 * match wins, a copy for each link and PE. */
#include "tools/sf-check/spinnaker2_walk.h"

#include "machine/routing.h"

#include <stdio.h>

enum { LINKS = 6, NAME_BYTES = 120 };

static const char *const LINK_NAMES[LINKS] = {"e", "ne", "n", "w", "sw", "s"};
const char sf_check_spinnaker2_file[] = "spinnaker2/routing.json";

static const s2_entry *match(const s2_artefact *a, const s2_table *table,
                             uint64_t key) {
  for (uint32_t i = 0; table && i < table->entry_count; i++) {
    const s2_entry *e = &a->entries[table->entry_first + i];
    if ((key & e->mask) == e->key) return e;
  }
  return NULL;
}

static bool enter(s2_walker *w, const char *name, s2_copy next) {
  for (uint32_t i = 0; i < w->queued; i++) {
    if (w->queue[i].x == next.x && w->queue[i].y == next.y) {
      sf_check_fail(w->check, sf_check_spinnaker2_file, 0,
                    "%s comes to chip (%lld, %lld) twice", name,
                    (long long)next.x, (long long)next.y);
      return false;
    }
  }
  w->queue[w->queued++] = next; /* at most one a chip of the machine */
  return true;
}

static bool deliver(s2_walker *w, const char *name, const s2_copy *at,
                    int64_t p, bool branched) {
  char port[24];
  snprintf(port, sizeof port, "%lld", (long long)p);
  int64_t rank = at->rank;
  if (!sf_check_rises(w->check, name, &rank, SF_PORT_EJECT, at->x, at->y, port))
    return false;
  if (branched) sf_check_range_add(w->range, rank);
  uint32_t c = sf_check_spinnaker2_core(w, at->x, at->y, p);
  if (c != UINT32_MAX) {
    if (w->got[c] == 0) w->reached[w->reached_count++] = c;
    if (w->got[c] < 2) w->got[c]++;
    return true;
  }
  sf_check_fail(w->check, sf_check_spinnaker2_file, 0,
                "%s goes to PE %lld of chip (%lld, %lld), which holds nothing",
                name, (long long)p, (long long)at->x, (long long)at->y);
  return false;
}

/* Takes a link; false: reported. */
static bool cross(s2_walker *w, const char *name, int32_t link, s2_copy *at) {
  const sf_machine *m = w->check->machine;
  sf_position here = {(int32_t)at->x, (int32_t)at->y}, next;
  bool there = sf_router_behind(m, here, link, &next);
  at->x = next.x;
  at->y = next.y;
  if (there) return true;
  /* Is there a chip at all? Then what leads to it is dead, or it is. */
  bool known = sf_router_at(m, here, link, &next);
  sf_check_fail(w->check, sf_check_spinnaker2_file, 0,
                known ? "%s takes the dead link '%s' of chip (%d, %d), towards "
                        "chip (%d, %d)"
                      : "%s leaves the machine by '%s' of chip (%d, %d), "
                        "towards chip (%d, %d)",
                name, LINK_NAMES[link], here.x, here.y, next.x, next.y);
  return false;
}

static uint32_t count_bits(uint32_t word) {
  uint32_t count = 0;
  for (; word; word &= word - 1)
    count++;
  return count;
}

static bool forward(s2_walker *w, const char *name, uint64_t key, s2_copy at) {
  const s2_table *table = sf_check_spinnaker2_table(w, at.x, at.y);
  const s2_entry *entry = match(w->a, table, key);
  bool straight = !entry && w->a->default_routes && at.came >= 0;
  if (!entry && !straight) {
    sf_check_fail(w->check, sf_check_spinnaker2_file, 0,
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
    s2_copy next = at;
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

static bool arrives_wrong(s2_walker *w, const char *name, uint32_t core) {
  sf_check_fail(w->check, sf_check_spinnaker2_file, 0, "%s %s core @%s", name,
                w->got[core] ? "comes twice to" : "does not come to",
                w->a->cores[core].name);
  return false;
}

/* Everybody who listens got one; nobody got two. */
static bool check_arrivals(s2_walker *w, const char *name) {
  for (uint32_t i = 0; i < w->reached_count; i++)
    if (w->got[w->reached[i]] > 1) return arrives_wrong(w, name, w->reached[i]);
  for (uint32_t i = 0; i < w->hearer_count; i++)
    if (w->got[w->hearers[i]] != 1)
      return arrives_wrong(w, name, w->hearers[i]);
  return true;
}

/* A key that nobody hears needs no entry. false: reported. */
static bool check_key(s2_walker *w, const s2_core *from, uint64_t key) {
  char name[NAME_BYTES], port[24];
  snprintf(name, sizeof name, "key 0x%08llx of core @%.60s",
           (unsigned long long)key, from->name);
  snprintf(port, sizeof port, "%lld", (long long)from->p);
  for (uint32_t i = 0; i < w->reached_count; i++)
    w->got[w->reached[i]] = 0;
  w->reached_count = w->queued = 0;
  w->check->keys++;
  sf_check_spinnaker2_hearers(w, key, 1);
  if (w->hearer_count == 0) return true;
  s2_copy start = {from->x, from->y, -1, -1, false};
  if (!sf_check_rises(w->check, name, &start.rank, SF_PORT_INJECT, from->x,
                      from->y, port) ||
      !enter(w, name, start)) {
    return false;
  }
  for (uint32_t i = 0; i < w->queued; i++)
    if (!forward(w, name, key, w->queue[i])) return false;
  return check_arrivals(w, name);
}

void sf_check_spinnaker2_block(s2_walker *w, const s2_core *from,
                               const s2_block *block) {
  for (uint64_t k = 0; k < block->count; k++)
    if (!check_key(w, from, block->key + k)) break;
}
