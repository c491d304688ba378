/* spinnaker2_index.c - which table, which core, and who listens. */
#include "tools/sf-check/spinnaker2_walk.h"

#include <stdlib.h>

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

const s2_table *sf_check_spinnaker2_table(const s2_walker *w, int64_t x,
                                          int64_t y) {
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

uint32_t sf_check_spinnaker2_core(const s2_walker *w, int64_t x, int64_t y,
                                  int64_t p) {
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
  const s2_listened *p = a, *q = b;
  if (p->first != q->first) return p->first < q->first ? -1 : 1;
  return (p->core > q->core) - (p->core < q->core);
}

static bool make_room(s2_walker *w, sf_arena *arena) {
  size_t cores = w->a->core_count + (size_t)1;
  w->queue =
      SF_NEW_ARRAY(arena, s2_copy, w->check->machine->chip_count + (size_t)1);
  w->got = SF_NEW_ARRAY(arena, uint8_t, cores);
  w->ranges = SF_NEW_ARRAY(arena, sf_check_range, cores);
  w->tables =
      SF_NEW_ARRAY(arena, const s2_table *, w->a->table_count + (size_t)1);
  w->at = SF_NEW_ARRAY(arena, uint32_t, cores);
  w->hearers = SF_NEW_ARRAY(arena, uint32_t, cores);
  w->reached = SF_NEW_ARRAY(arena, uint32_t, cores);
  w->wanted = SF_NEW_ARRAY(arena, uint64_t, cores);
  w->heard = SF_NEW_ARRAY(arena, s2_listened, w->a->heard_count + (size_t)1);
  return w->queue && w->got && w->ranges && w->tables && w->at && w->hearers &&
         w->reached && w->wanted && w->heard;
}

sf_result sf_check_spinnaker2_index(sf_check *check, const s2_artefact *a,
                                    s2_walker *out) {
  s2_walker *w = out;
  *w = (s2_walker){.check = check, .a = a};
  if (!make_room(w, check->arena)) return SF_OOM;
  for (uint32_t i = 0; i < a->table_count; i++)
    w->tables[i] = &a->tables[i];
  qsort(w->tables, a->table_count, sizeof *w->tables, by_table);
  for (uint32_t c = 0; c < a->core_count; c++) {
    const s2_core *core = &a->cores[c];
    w->at[c] = c;
    for (uint32_t i = 0; i < core->heard_count; i++) {
      const s2_block *b = &a->heard[core->heard_first + i];
      w->heard[w->heard_count++] =
          (s2_listened){b->key, b->key + b->count, 0, c};
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

/* Among the ranges that begin before the last key, back to where none can reach
 * the first any more. */
void sf_check_spinnaker2_hearers(s2_walker *w, uint64_t key, uint64_t count) {
  uint32_t low = 0, high = w->heard_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (w->heard[middle].first < key + count)
      low = middle + 1;
    else
      high = middle;
  }
  w->hearer_count = 0;
  w->searches++;
  while (low > 0) {
    uint32_t i = --low;
    if (w->heard[i].last <= key) break;
    if (w->heard[i].end <= key) continue;
    uint32_t core = w->heard[i].core;
    if (w->wanted[core] == w->searches) continue; /* by another range */
    w->wanted[core] = w->searches;
    w->hearers[w->hearer_count++] = core;
  }
}
