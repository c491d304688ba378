/* cdg.c - see cdg.h. Successors of a link are the links of the router that it
 * enters, so no lists are kept: only counts. */
#include "passes/route/cdg.h"

#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b) {
  uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
  return (p > q) - (p < q);
}

/* Links that lower the height: from the highest tail down; then those that
 * raise it: from the lowest tail up. */
static sf_result order_links(const uint32_t *height, sf_arena *arena,
                             sf_cdg *cdg) {
  const sf_fabric *f = cdg->fabric;
  uint32_t routers = f->router_count, links = routers * f->degree;
  uint64_t *keys = SF_NEW_ARRAY(arena, uint64_t, routers + (size_t)1);
  uint32_t *rank = SF_NEW_ARRAY(arena, uint32_t, routers + (size_t)1);
  if (!keys || !rank) return SF_OOM;
  for (uint32_t r = 0; r < routers; r++)
    keys[r] = (uint64_t)height[r] << 32 | r;
  qsort(keys, routers, sizeof *keys, by_number);
  for (uint32_t i = 0; i < routers; i++)
    rank[(uint32_t)keys[i]] = i;
  uint32_t next = 0;
  for (int rising = 0; rising < 2; rising++) {
    for (uint32_t i = 0; i < routers; i++) {
      uint32_t tail = (uint32_t)keys[rising ? i : routers - 1 - i];
      for (uint32_t d = 0; d < f->degree; d++) {
        int32_t head = f->neighbours[tail * f->degree + d];
        /* A dead link has a place as well; it is never asked for. */
        bool up = head == SF_FABRIC_NONE || rank[head] > rank[tail];
        if (up == (rising != 0)) cdg->order[tail * f->degree + d] = next++;
      }
    }
  }
  return next == links ? SF_OK : SF_FAIL;
}

sf_result sf_cdg_create(const sf_fabric *fabric, const uint32_t *height,
                        sf_arena *arena, sf_cdg *out) {
  size_t links = (size_t)fabric->router_count * fabric->degree;
  *out = (sf_cdg){
      .fabric = fabric,
      .epoch = 1,
      .refused = SF_NEW_ARRAY(arena, uint32_t, links * fabric->degree + 1),
      .order = SF_NEW_ARRAY(arena, uint32_t, links + 1),
      .counts = SF_NEW_ARRAY(arena, uint32_t, links * fabric->degree + 1),
      .seen = SF_NEW_ARRAY(arena, uint32_t, links + 1),
      .stack = SF_NEW_ARRAY(arena, uint32_t, links + 1),
      .before = SF_NEW_ARRAY(arena, uint64_t, links + 1),
      .after = SF_NEW_ARRAY(arena, uint64_t, links + 1),
      .places = SF_NEW_ARRAY(arena, uint32_t, links + 1),
  };
  if (!out->order || !out->counts || !out->refused || !out->seen ||
      !out->stack || !out->before || !out->after || !out->places) {
    return SF_OOM;
  }
  return order_links(height, arena, out);
}

/* Marks of an earlier search become old. */
static void begin_search(sf_cdg *cdg) {
  if (++cdg->now != 0) return;
  size_t links = (size_t)cdg->fabric->router_count * cdg->fabric->degree;
  memset(cdg->seen, 0, links * sizeof *cdg->seen);
  cdg->now = 1;
}

static uint32_t next_link(const sf_fabric *f, uint32_t link, uint32_t d) {
  return (uint32_t)f->neighbours[link] * f->degree + d;
}

/* Links that can be reached from `from` at places up to `last`, into
 * cdg->after. false: link `target` is among them. */
static bool search_forward(sf_cdg *cdg, uint32_t from, uint32_t target,
                           uint32_t *out_count) {
  const sf_fabric *f = cdg->fabric;
  uint32_t last = cdg->order[target], depth = 0, count = 0;
  begin_search(cdg);
  cdg->stack[depth++] = from;
  cdg->seen[from] = cdg->now;
  while (depth > 0) {
    uint32_t link = cdg->stack[--depth];
    cdg->after[count++] = (uint64_t)cdg->order[link] << 32 | link;
    const uint32_t *counts = &cdg->counts[(size_t)link * f->degree];
    for (uint32_t d = 0; d < f->degree; d++) {
      if (counts[d] == 0) continue;
      uint32_t next = next_link(f, link, d);
      if (next == target) return false;
      if (cdg->seen[next] == cdg->now || cdg->order[next] > last) continue;
      cdg->seen[next] = cdg->now;
      cdg->stack[depth++] = next;
    }
  }
  *out_count = count;
  return true;
}

/* Links from which `to` can be reached at places from `first` on, into
 * cdg->before. */
static uint32_t search_backward(sf_cdg *cdg, uint32_t to, uint32_t first) {
  const sf_fabric *f = cdg->fabric;
  uint32_t depth = 0, count = 0;
  begin_search(cdg);
  cdg->stack[depth++] = to;
  cdg->seen[to] = cdg->now;
  while (depth > 0) {
    uint32_t link = cdg->stack[--depth];
    cdg->before[count++] = (uint64_t)cdg->order[link] << 32 | link;
    uint32_t tail = link / f->degree, out = link % f->degree;
    for (uint32_t d = 0; d < f->degree; d++) {
      int32_t other = f->neighbours[tail * f->degree + d];
      if (other == SF_FABRIC_NONE) continue;
      uint32_t in = (uint32_t)other * f->degree + sf_fabric_reverse(f, d);
      if (cdg->counts[(size_t)in * f->degree + out] == 0 ||
          cdg->seen[in] == cdg->now || cdg->order[in] < first) {
        continue;
      }
      cdg->seen[in] = cdg->now;
      cdg->stack[depth++] = in;
    }
  }
  return count;
}

/* Hands the places of both sets out anew: those before, then those after. */
static void reorder(sf_cdg *cdg, uint32_t before, uint32_t after) {
  qsort(cdg->before, before, sizeof *cdg->before, by_number);
  qsort(cdg->after, after, sizeof *cdg->after, by_number);
  uint32_t i = 0, k = 0, n = 0;
  while (i < before || k < after) {
    bool first = k == after || (i < before && cdg->before[i] < cdg->after[k]);
    cdg->places[n++] =
        (uint32_t)((first ? cdg->before[i++] : cdg->after[k++]) >> 32);
  }
  for (i = 0; i < before; i++)
    cdg->order[(uint32_t)cdg->before[i]] = cdg->places[i];
  for (k = 0; k < after; k++)
    cdg->order[(uint32_t)cdg->after[k]] = cdg->places[before + k];
}

/* Would the dependency, which disagrees with the order, close a cycle? If not,
 * cdg->after holds what must move behind `link`. */
static bool closes(sf_cdg *cdg, uint32_t link, uint32_t direction,
                   uint32_t *out_after) {
  uint32_t *refused =
      &cdg->refused[(size_t)link * cdg->fabric->degree + direction];
  if (*refused == cdg->epoch) return true;
  uint32_t next = next_link(cdg->fabric, link, direction);
  if (search_forward(cdg, next, link, out_after)) return false;
  *refused = cdg->epoch;
  return true;
}

bool sf_cdg_allows(sf_cdg *cdg, uint32_t link, uint32_t direction) {
  uint32_t next = next_link(cdg->fabric, link, direction), count;
  if (cdg->order[link] < cdg->order[next]) return true; /* counted ones, too */
  return !closes(cdg, link, direction, &count);
}

bool sf_cdg_add(sf_cdg *cdg, uint32_t link, uint32_t direction) {
  uint32_t *counter =
      &cdg->counts[(size_t)link * cdg->fabric->degree + direction];
  uint32_t next = next_link(cdg->fabric, link, direction), after;
  if (*counter == 0 && cdg->order[next] < cdg->order[link]) {
    if (closes(cdg, link, direction, &after)) return false;
    uint32_t before = search_backward(cdg, link, cdg->order[next]);
    reorder(cdg, before, after);
  }
  ++*counter;
  return true;
}

void sf_cdg_remove(sf_cdg *cdg, uint32_t link, uint32_t direction) {
  uint32_t *counter =
      &cdg->counts[(size_t)link * cdg->fabric->degree + direction];
  if (--*counter == 0 && ++cdg->epoch == 0) {
    size_t links = (size_t)cdg->fabric->router_count * cdg->fabric->degree;
    memset(cdg->refused, 0, links * cdg->fabric->degree * sizeof *counter);
    cdg->epoch = 1;
  }
}
