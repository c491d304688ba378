/* search.c - the shortest branch from the tree to the next sink, A*. */
#include "passes/route/search.h"

#include <string.h>

enum {
  HOP = 64,       /* steps of one hop */
  NEW = 2,        /* a dependency that nobody needs yet, along the order */
  REORDERING = 6, /* one for which the order must change */
  LOADED = 15,    /* the most that load adds */
  DETOUR = 8      /* hops more than twice the shortest way are too many */
};

static bool before(const sf_grow_item *a, const sf_grow_item *b) {
  return a->bound != b->bound ? a->bound < b->bound : a->order < b->order;
}

static void push(sf_grow_heap *h, sf_grow_item item) {
  if (h->count == h->capacity) {
    uint32_t capacity = h->capacity ? 2 * h->capacity : 256;
    sf_grow_item *items = SF_NEW_ARRAY(h->arena, sf_grow_item, capacity);
    h->out_of_memory |= !items;
    if (!items) return;
    if (h->count) memcpy(items, h->items, h->count * sizeof *items);
    h->items = items;
    h->capacity = capacity;
  }
  uint32_t at = h->count++;
  for (; at > 0 && before(&item, &h->items[(at - 1) / 2]); at = (at - 1) / 2)
    h->items[at] = h->items[(at - 1) / 2];
  h->items[at] = item;
}

static sf_grow_item pop(sf_grow_heap *h) {
  sf_grow_item top = h->items[0], last = h->items[--h->count];
  uint32_t at = 0;
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= h->count) break;
    if (child + 1 < h->count && before(&h->items[child + 1], &h->items[child]))
      child++;
    if (!before(&h->items[child], &last)) break;
    h->items[at] = h->items[child];
    at = child;
  }
  h->items[at] = last;
  return top;
}

/* Offers a state for later; what is too long a detour is not kept. */
static void push_state(sf_grower *g, sf_grow_item item, uint32_t hops,
                       uint32_t sink, uint64_t *sequence) {
  uint32_t left =
      sf_fabric_distance(g->fabric, sf_grow_router_of(g, item.state), sink);
  item.bound = item.steps + (uint64_t)HOP * left;
  item.order = (uint64_t)(UINT32_MAX - hops) << 32 | *sequence;
  if (*sequence == 0 || item.bound < g->heap->least)
    g->heap->least = item.bound;
  if (item.bound > 2 * g->heap->least + DETOUR * HOP) return;
  push(g->heap, item);
  ++*sequence;
}

/* Has the way to `state` been on `router`? */
static bool crosses(const sf_grower *g, uint32_t state, uint32_t router) {
  uint32_t roots = sf_grow_roots(g);
  for (; state < roots; state = g->states[state].from)
    if (sf_grow_router_of(g, state) == router) return true;
  return false;
}

/* Steps of a hop: load, and what its dependency does to the freedom of others;
 * whether that is legal is asked when its turn comes, for most never get it. */
static uint64_t link_steps(const sf_grower *g, int32_t held, uint32_t link) {
  uint64_t load = g->loads[link], scale = (uint64_t)g->scale;
  uint64_t steps = HOP + (load >= scale ? LOADED : LOADED * load / scale);
  uint32_t degree = g->fabric->degree;
  if (held < 0 || g->turns ||
      g->cdg->counts[(size_t)held * degree + link % degree]) {
    return steps;
  }
  return steps + (g->cdg->order[held] < g->cdg->order[link] ? NEW : REORDERING);
}

static void expand(sf_grower *g, const sf_grow_item *item, uint32_t sink,
                   uint64_t *sequence) {
  const sf_fabric *f = g->fabric;
  uint32_t router = sf_grow_router_of(g, item->state);
  uint32_t hops = g->states[item->state].hops + 1;
  int32_t held = sf_grow_held(g, item->state);
  for (uint32_t d = 0; d < f->degree; d++) {
    uint32_t link = router * f->degree + d;
    int32_t next = f->neighbours[link];
    if (next == SF_FABRIC_NONE || sf_grow_holds(g, (uint32_t)next) ||
        g->states[link].search == g->now) {
      continue;
    }
    sf_grow_item offered = {.steps = item->steps + link_steps(g, held, link),
                            .from = item->state,
                            .state = link};
    push_state(g, offered, hops, sink, sequence);
  }
}

/* Is the way to this state legal? Then it is the best one. */
static bool settle(sf_grower *g, const sf_grow_item *item) {
  sf_grow_state *s = &g->states[item->state];
  uint32_t roots = sf_grow_roots(g);
  if (s->search == g->now) return false;
  if (item->state < roots &&
      (crosses(g, item->from, sf_grow_router_of(g, item->state)) ||
       !sf_grow_may_go(g, sf_grow_held(g, item->from),
                       item->state % g->fabric->degree))) {
    return false;
  }
  uint32_t hops = item->state < roots ? g->states[item->from].hops + 1 : 0;
  *s = (sf_grow_state){.search = g->now, .from = item->from, .hops = hops};
  return true;
}

bool sf_grow_shortest(sf_grower *g, uint32_t sink) {
  uint64_t sequence = 0;
  uint32_t roots = sf_grow_roots(g);
  sf_grow_begin_search(g);
  g->heap->count = 0;
  for (uint32_t i = 0; i < g->router_count; i++) {
    sf_grow_item start = {.state = roots + g->routers[i]};
    push_state(g, start, 0, sink, &sequence);
  }
  while (g->heap->count > 0 && !g->heap->out_of_memory) {
    sf_grow_item item = pop(g->heap);
    if (!settle(g, &item)) continue;
    if (sf_grow_router_of(g, item.state) == sink) {
      sf_grow_take(g, item.state);
      return true;
    }
    expand(g, &item, sink, &sequence);
  }
  return false;
}
