/* compress.c - see compress.h: siblings, pairs, defaults, replay. Ordered
 * covering: covering.c. */
#include "passes/route/compress.h"

#include <stdlib.h>
#include <string.h>

static int by_route(const void *a, const void *b) {
  const sf_table_entry *p = a, *q = b;
  if (p->route != q->route) return p->route < q->route ? -1 : 1;
  if (p->mask != q->mask) return p->mask < q->mask ? -1 : 1;
  return p->key < q->key ? -1 : p->key > q->key;
}

static int by_key(const void *a, const void *b) {
  const sf_table_entry *p = a, *q = b;
  return p->key < q->key ? -1 : p->key > q->key;
}

/* ---- Siblings. ---- */

/* Exchanges bit 0 and bit `n`. */
static uint32_t exchange(uint32_t word, unsigned n) {
  uint32_t differ = (word ^ word >> n) & 1;
  return word ^ (differ | differ << n);
}

static void exchange_all(sf_table *t, unsigned n) {
  for (uint32_t i = 0; i < t->count; i++) {
    t->entries[i].key = exchange(t->entries[i].key, n);
    t->entries[i].mask = exchange(t->entries[i].mask, n);
  }
}

/* Entries that differ in bit `n` alone become one; sorted with that bit as the
 * lowest, they are neighbours. true: there were some. */
static bool merge_bit(sf_table *t, unsigned n) {
  sf_table_entry *e = t->entries;
  uint32_t kept = 0, count = t->count;
  exchange_all(t, n);
  qsort(e, count, sizeof *e, by_route);
  for (uint32_t i = 0; i < count; i++) {
    e[kept] = e[i];
    if (i + 1 < count && e[i].route == e[i + 1].route &&
        e[i].mask == e[i + 1].mask && (e[i].mask & 1) &&
        (e[i].key ^ e[i + 1].key) == 1) {
      e[kept] = sf_table_merge(&e[i], &e[i + 1]);
      i++;
    }
    kept++;
  }
  t->count = kept;
  exchange_all(t, n);
  return kept < count;
}

void sf_table_merge_siblings(sf_table *t) {
  bool changed = t->count > 1;
  while (changed) {
    changed = false;
    for (unsigned n = 0; n < 32; n++)
      changed |= merge_bit(t, n);
  }
  if (t->count) qsort(t->entries, t->count, sizeof *t->entries, by_key);
}

/* ---- Pairs. ---- */

typedef struct bucket {
  uint32_t route, first, count;
} bucket;

static int by_count(const void *a, const void *b) {
  const bucket *p = a, *q = b;
  if (p->count != q->count) return p->count < q->count ? -1 : 1;
  return p->route < q->route ? -1 : p->route > q->route;
}

static bool catches(const sf_table_entry *e, uint32_t count,
                    const sf_table_entry *others) {
  for (uint32_t i = 0; i < count; i++)
    if (sf_table_meet(e, &others[i])) return true;
  return false;
}

/* Merges within one bucket; `rest`: what comes later. Returns what is left. */
static uint32_t merge_bucket(sf_table_entry *e, uint32_t count,
                             uint32_t rest_count, const sf_table_entry *rest,
                             uint32_t spare) {
  enum { REACH = 256 }; /* partners that an entry is tried with */
  for (uint32_t i = 0; i < count; i++) {
    uint32_t tried = 0;
    for (uint32_t k = i + 1; k < count && tried < REACH && spare > 0; k++) {
      sf_table_entry both = sf_table_merge(&e[i], &e[k]);
      tried++;
      if (catches(&both, rest_count, rest)) continue;
      e[i] = both;
      memmove(&e[k], &e[k + 1], (count - k - 1) * sizeof *e);
      count--;
      spare--;
      tried = 0;
      k = i;
    }
  }
  return count;
}

sf_result sf_table_merge_pairs(sf_table *t, uint32_t target, sf_arena *arena) {
  uint32_t n = t->count, bucket_count = 0, kept = 0, total = n;
  bucket *buckets = SF_NEW_ARRAY(arena, bucket, n + (size_t)1);
  sf_table_entry *rest = SF_NEW_ARRAY(arena, sf_table_entry, n + (size_t)1);
  if (!buckets || !rest) return SF_OOM;
  if (n) qsort(t->entries, n, sizeof *t->entries, by_route);
  for (uint32_t i = 0; i < n; i++) {
    if (i == 0 || t->entries[i].route != t->entries[i - 1].route)
      buckets[bucket_count++] = (bucket){t->entries[i].route, i, 0};
    buckets[bucket_count - 1].count++;
  }
  if (bucket_count) qsort(buckets, bucket_count, sizeof *buckets, by_count);
  for (uint32_t b = 0, at = 0; b < bucket_count; b++) {
    memcpy(&rest[at], &t->entries[buckets[b].first],
           buckets[b].count * sizeof *rest);
    at += buckets[b].count;
  }
  for (uint32_t b = 0, at = 0; b < bucket_count; b++) {
    uint32_t count = buckets[b].count,
             spare = total > target ? total - target : 0;
    uint32_t left = merge_bucket(&rest[at], count, n - at - count,
                                 &rest[at + count], spare);
    memcpy(&t->entries[kept], &rest[at], left * sizeof *rest);
    kept += left;
    total -= count - left;
    at += count;
  }
  t->count = kept;
  return SF_OK;
}

/* ---- Default routes. ---- */

void sf_table_drop_defaults(sf_table *t) {
  sf_table_entry *e = t->entries;
  uint32_t first = t->count; /* kept ones, from the end */
  for (uint32_t i = t->count; i-- > 0;) {
    bool open = e[i].straight && !catches(&e[i], t->count - first, &e[first]);
    if (!open) e[--first] = e[i];
  }
  memmove(e, &e[first], (t->count - first) * sizeof *e);
  t->count -= first;
}

/* ---- Replay. ---- */

/* Do all keys of a block take its route, from entry `at` of the table on? An
 * entry that catches a part of them splits the block by a bit that it fixes
 * and the block leaves open: at most 32 deep. */
static bool same_way(sf_table_entry from, const sf_table *to, uint32_t at,
                     bool defaults) {
  while (at < to->count && !sf_table_meet(&from, &to->entries[at]))
    at++;
  if (at == to->count) return defaults && from.straight;
  const sf_table_entry *e = &to->entries[at];
  if (e->route != from.route) return false;
  uint32_t split = e->mask & ~from.mask;
  if (split == 0) return true;
  split &= ~split + 1;
  from.mask |= split;
  if (!same_way(from, to, at, defaults)) return false;
  from.key |= split;
  return same_way(from, to, at, defaults);
}

bool sf_table_replay(const sf_table *from, const sf_table *to, bool defaults) {
  for (uint32_t i = 0; i < from->count; i++)
    if (!same_way(from->entries[i], to, 0, defaults)) return false;
  return true;
}
