/* covering.c - ordered covering, after Mundy, Heathcote and Garside (On-chip
 * order-exploiting routing table minimization, 2016); spinnaker2.md 4.4.
 *
 * Entries are kept by generality, the number of their X bits. A merged entry
 * goes behind all that are no more general. It must catch no key of an entry
 * below that place (down-check, on the original entries that a merged one
 * stands for), and no member may come to lie below an entry that catches its
 * keys (up-check). */
#include "passes/route/compress.h"

#include <string.h>

/* Work grows with the square of the entries. */
enum { ENTRIES_MAX = 4096 };

typedef struct slot {
  sf_table_entry entry;
  uint32_t generality;
  uint32_t first, last; /* originals, a list */
  bool member;          /* of the merge in hand */
} slot;

typedef struct cover {
  uint32_t count;
  slot *slots;
  const sf_table_entry *originals; /* borrowed copy */
  uint32_t *next;                  /* of each original in its list */
  uint32_t members, place;         /* of the merge in hand */
  sf_table_entry merge;
} cover;

static uint32_t generality_of(uint32_t mask) {
  uint32_t count = 0;
  for (uint32_t free = ~mask; free; free &= free - 1)
    count++;
  return count;
}

/* The merge of the members, and the place behind all that are no more
 * general. */
static void fold(cover *c) {
  c->members = 0;
  for (uint32_t i = 0; i < c->count; i++) {
    const sf_table_entry *e = &c->slots[i].entry;
    if (!c->slots[i].member) continue;
    c->merge = c->members++ ? sf_table_merge(&c->merge, e) : *e;
  }
  uint32_t generality = generality_of(c->merge.mask);
  c->place = 0;
  while (c->place < c->count && c->slots[c->place].generality <= generality)
    c->place++;
}

/* ---- Down. ---- */

/* Bits by which the merge could tell itself from an entry that it covers: X in
 * the merge, fixed there. */
static uint32_t telling_bits(const cover *c, const sf_table_entry *covered) {
  return covered->mask & ~c->merge.mask;
}

/* Stands the slot in the way of fixing `bit` to what the covered entry, which
 * has `value`, has not? */
static bool in_the_way(const slot *s, uint32_t bit, uint32_t value) {
  return s->member && (!(s->entry.mask & bit) || (s->entry.key & bit) == value);
}

static uint32_t count_in_the_way(const cover *c, uint32_t bit, uint32_t value) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < c->count; i++)
    count += in_the_way(&c->slots[i], bit, value);
  return count;
}

/* Of the covered entries with the fewest telling bits, the bit that costs the
 * fewest members. false: none is covered. *out_bit 0: one that nothing tells
 * from the merge. */
static bool find_bit(const cover *c, uint32_t *out_bit, uint32_t *out_value) {
  uint32_t fewest = 33, least = UINT32_MAX;
  bool covered = false;
  *out_bit = *out_value = 0;
  for (uint32_t i = c->place; i < c->count; i++) {
    if (c->slots[i].member) continue;
    for (uint32_t o = c->slots[i].first; o != UINT32_MAX; o = c->next[o]) {
      const sf_table_entry *e = &c->originals[o];
      if (!sf_table_meet(e, &c->merge)) continue;
      covered = true;
      uint32_t bits = telling_bits(c, e), count = generality_of(~bits);
      if (count > fewest) continue;
      if (count < fewest) least = UINT32_MAX;
      fewest = count;
      for (; bits; bits &= bits - 1) {
        uint32_t bit = bits & (~bits + 1), value = e->key & bit;
        uint32_t cost = count_in_the_way(c, bit, value);
        if (cost >= least) continue;
        least = cost;
        *out_bit = bit;
        *out_value = value;
      }
    }
  }
  if (fewest == 0) *out_bit = 0;
  return covered;
}

/* false: the merge is given up. */
static bool check_down(cover *c) {
  uint32_t bit, value;
  while (c->members > 1 && find_bit(c, &bit, &value)) {
    if (bit == 0) return false;
    for (uint32_t i = 0; i < c->count; i++)
      if (in_the_way(&c->slots[i], bit, value)) c->slots[i].member = false;
    fold(c);
  }
  return c->members > 1;
}

/* ---- Up. ---- */

/* Drops members that would come to lie below an entry that catches some of
 * their keys; true: there were some. */
static bool check_up(cover *c) {
  bool changed = false;
  for (uint32_t i = 0; i < c->place; i++) {
    if (!c->slots[i].member) continue;
    for (uint32_t k = i + 1; k < c->place; k++) {
      if (c->slots[k].member ||
          !sf_table_meet(&c->slots[i].entry, &c->slots[k].entry)) {
        continue;
      }
      c->slots[i].member = false;
      changed = true;
      break;
    }
  }
  if (changed) fold(c);
  return changed;
}

/* What of a route can be merged: members are left marked. */
static uint32_t refine(cover *c, uint32_t route) {
  for (uint32_t i = 0; i < c->count; i++)
    c->slots[i].member = c->slots[i].entry.route == route;
  fold(c);
  do {
    if (!check_down(c)) return 0;
  } while (check_up(c));
  return c->members > 1 ? c->members : 0;
}

/* The members go, their merge comes in; lists of originals are joined. */
static void apply(cover *c) {
  slot merged = {.entry = c->merge,
                 .generality = generality_of(c->merge.mask),
                 .first = UINT32_MAX};
  uint32_t kept = 0, place = 0;
  for (uint32_t i = 0; i < c->count; i++) {
    slot *s = &c->slots[i];
    if (s->member) {
      if (merged.first == UINT32_MAX)
        merged.first = s->first;
      else
        c->next[merged.last] = s->first;
      merged.last = s->last;
      continue;
    }
    if (i < c->place) place = kept + 1;
    c->slots[kept++] = *s;
  }
  memmove(&c->slots[place + 1], &c->slots[place],
          (kept - place) * sizeof *c->slots);
  c->slots[place] = merged;
  c->count = kept + 1;
}

/* Sorted by generality; equal ones keep their order. */
static void load(cover *c, const sf_table *t) {
  for (uint32_t g = 0; g <= 32; g++) {
    for (uint32_t i = 0; i < t->count; i++) {
      if (generality_of(t->entries[i].mask) != g) continue;
      c->next[i] = UINT32_MAX;
      c->slots[c->count++] = (slot){t->entries[i], g, i, i, false};
    }
  }
}

sf_result sf_table_cover(sf_table *t, uint32_t target, sf_arena *arena) {
  if (t->count < 2 || t->count > ENTRIES_MAX) return SF_OK;
  uint32_t n = t->count, routes = 0;
  cover c = {.slots = SF_NEW_ARRAY(arena, slot, n),
             .next = SF_NEW_ARRAY(arena, uint32_t, n)};
  sf_table_entry *originals = SF_NEW_ARRAY(arena, sf_table_entry, n);
  if (!c.slots || !c.next || !originals) return SF_OOM;
  memcpy(originals, t->entries, n * sizeof *originals);
  c.originals = originals;
  for (uint32_t i = 0; i < n; i++)
    if (originals[i].route >= routes) routes = originals[i].route + 1;
  uint32_t *sizes = SF_NEW_ARRAY(arena, uint32_t, routes);
  if (!sizes) return SF_OOM;
  load(&c, t);
  while (c.count > target) {
    uint32_t best = 0, gain = 1;
    memset(sizes, 0, routes * sizeof *sizes);
    for (uint32_t i = 0; i < c.count; i++)
      sizes[c.slots[i].entry.route]++;
    for (uint32_t r = 0; r < routes; r++) {
      if (sizes[r] <= gain) continue; /* could not gain more */
      uint32_t members = refine(&c, r);
      if (members <= gain) continue;
      gain = members;
      best = r;
    }
    if (gain < 2) break;
    (void)refine(&c, best);
    apply(&c);
  }
  for (uint32_t i = 0; i < c.count; i++)
    t->entries[i] = c.slots[i].entry;
  t->count = c.count;
  return SF_OK;
}
