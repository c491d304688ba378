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
      .onward = SF_NEW_ARRAY(arena, uint8_t, links + 1),
      .back = SF_NEW_ARRAY(arena, uint8_t, links + 1),
      .head = SF_NEW_ARRAY(arena, uint32_t, links + 1),
      .seen = SF_NEW_ARRAY(arena, uint32_t, links + 1),
      .stack = SF_NEW_ARRAY(arena, uint32_t, links + 1),
      .back_stack = SF_NEW_ARRAY(arena, uint32_t, links + 1),
      .before = SF_NEW_ARRAY(arena, uint64_t, links + 1),
      .after = SF_NEW_ARRAY(arena, uint64_t, links + 1),
      .places = SF_NEW_ARRAY(arena, uint32_t, links + 1),
  };
  if (!out->order || !out->counts || !out->onward || !out->back || !out->head ||
      !out->refused || !out->seen || !out->stack || !out->back_stack ||
      !out->before || !out->after || !out->places) {
    return SF_OOM;
  }
  for (size_t l = 0; l < links; l++)
    if (fabric->neighbours[l] != SF_FABRIC_NONE)
      out->head[l] = (uint32_t)fabric->neighbours[l] * fabric->degree;
  return order_links(height, arena, out);
}

/* Marks of an earlier search become old; `now` and `now` + 1 are new ones. */
static void begin_search(sf_cdg *cdg) {
  if (cdg->now < UINT32_MAX - 3) {
    cdg->now += 2;
    return;
  }
  size_t links = (size_t)cdg->fabric->router_count * cdg->fabric->degree;
  memset(cdg->seen, 0, links * sizeof *cdg->seen);
  cdg->now = 2;
}

static uint32_t next_link(const sf_cdg *cdg, uint32_t link, uint32_t d) {
  return cdg->head[link] + d;
}

/* The link by which the neighbour in direction `d` comes to where `link`
 * starts. */
static uint32_t link_before(const sf_cdg *cdg, uint32_t link, uint32_t d) {
  uint32_t degree = cdg->fabric->degree;
  return cdg->head[link - link % degree + d] +
         sf_fabric_reverse(cdg->fabric, d);
}

/* Takes the lowest direction out of a set. */
static uint32_t take_direction(uint32_t *set) {
  uint32_t d = (uint32_t)__builtin_ctz(*set);
  *set &= *set - 1;
  return d;
}

/* One step of a search: onto the stack and marked with `mark` goes what the
 * dependencies from `link` (onward) or to it (back) join, between places
 * `first` and `last`. true: that has met the mark `other`. */
static bool step(sf_cdg *cdg, uint32_t link, bool onward, uint32_t mark,
                 uint32_t other, const uint32_t between[2], uint32_t *stack,
                 uint32_t *depth) {
  uint32_t set = onward ? cdg->onward[link] : cdg->back[link];
  while (set) {
    uint32_t d = take_direction(&set);
    uint32_t next =
        onward ? next_link(cdg, link, d) : link_before(cdg, link, d);
    if (cdg->seen[next] == other) return true;
    if (cdg->seen[next] == mark || cdg->order[next] < between[0] ||
        cdg->order[next] > between[1]) {
      continue;
    }
    cdg->seen[next] = mark;
    stack[(*depth)++] = next;
  }
  return false;
}

/* Can `to` be reached from `from`? Both ways at once: whichever comes to its
 * end first, or meets the other, has the answer. */
static bool reaches(sf_cdg *cdg, uint32_t from, uint32_t to) {
  uint32_t between[2] = {cdg->order[from], cdg->order[to]};
  uint32_t depth = 0, back_depth = 0;
  begin_search(cdg);
  uint32_t mark = cdg->now, back_mark = cdg->now + 1;
  cdg->stack[depth++] = from;
  cdg->back_stack[back_depth++] = to;
  cdg->seen[from] = mark;
  cdg->seen[to] = back_mark;
  while (depth > 0 && back_depth > 0) {
    uint32_t link = cdg->stack[--depth], end = cdg->back_stack[--back_depth];
    if (step(cdg, link, true, mark, back_mark, between, cdg->stack, &depth) ||
        step(cdg, end, false, back_mark, mark, between, cdg->back_stack,
             &back_depth)) {
      return true;
    }
  }
  return false;
}

/* All that a search finds between two places, into `out`: from `link` onward,
 * or back. */
static uint32_t collect(sf_cdg *cdg, uint32_t link, bool onward,
                        const uint32_t between[2], uint64_t *out) {
  uint32_t depth = 0, count = 0;
  begin_search(cdg);
  cdg->stack[depth++] = link;
  cdg->seen[link] = cdg->now;
  while (depth > 0) {
    link = cdg->stack[--depth];
    out[count++] = (uint64_t)cdg->order[link] << 32 | link;
    (void)step(cdg, link, onward, cdg->now, cdg->now + 1, between, cdg->stack,
               &depth);
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

/* Would the dependency, which disagrees with the order, close a cycle? */
static bool closes(sf_cdg *cdg, uint32_t link, uint32_t direction) {
  uint32_t *refused =
      &cdg->refused[(size_t)link * cdg->fabric->degree + direction];
  if (*refused == cdg->epoch) return true;
  if (!reaches(cdg, next_link(cdg, link, direction), link)) return false;
  *refused = cdg->epoch;
  return true;
}

bool sf_cdg_allows(sf_cdg *cdg, uint32_t link, uint32_t direction) {
  uint32_t next = next_link(cdg, link, direction);
  if (cdg->order[link] < cdg->order[next]) return true; /* counted ones, too */
  return !closes(cdg, link, direction);
}

bool sf_cdg_add(sf_cdg *cdg, uint32_t link, uint32_t direction) {
  const sf_fabric *f = cdg->fabric;
  uint32_t *counter = &cdg->counts[(size_t)link * f->degree + direction];
  uint32_t next = next_link(cdg, link, direction);
  if (*counter == 0 && cdg->order[next] < cdg->order[link]) {
    if (closes(cdg, link, direction)) return false;
    uint32_t between[2] = {cdg->order[next], cdg->order[link]};
    uint32_t after = collect(cdg, next, true, between, cdg->after);
    uint32_t before = collect(cdg, link, false, between, cdg->before);
    reorder(cdg, before, after);
  }
  if (++*counter == 1) {
    cdg->onward[link] |= (uint8_t)(1u << direction);
    cdg->back[next] |= (uint8_t)(1u << sf_fabric_reverse(f, link % f->degree));
  }
  return true;
}

void sf_cdg_remove(sf_cdg *cdg, uint32_t link, uint32_t direction) {
  const sf_fabric *f = cdg->fabric;
  uint32_t *counter = &cdg->counts[(size_t)link * f->degree + direction];
  if (--*counter > 0) return;
  uint32_t next = next_link(cdg, link, direction);
  cdg->onward[link] &= (uint8_t)~(1u << direction);
  cdg->back[next] &= (uint8_t)~(1u << sf_fabric_reverse(f, link % f->degree));
  if (++cdg->epoch == 0) {
    memset(cdg->refused, 0,
           (size_t)f->router_count * f->degree * f->degree * sizeof *counter);
    cdg->epoch = 1;
  }
}
