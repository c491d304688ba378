/* search.c - from the tree to the next sink. States are links, since what a
 * packet may do next depends on the link that it holds. */
#include "passes/route/search.h"

#include <string.h>

enum {
  HOP = 64,       /* steps of one hop */
  NEW = 2,        /* a dependency that nobody needs yet, along the order */
  REORDERING = 6, /* one for which the order must change */
  LOADED = 15,    /* the most that load adds */
  DETOUR = 8      /* hops more than twice the shortest way are too many */
};

static uint32_t link_count(const sf_grower *g) {
  return g->fabric->router_count * g->fabric->degree;
}

/* Router on which the packet of a state is. */
static uint32_t router_of(const sf_grower *g, uint32_t state) {
  uint32_t links = link_count(g);
  return state < links ? (uint32_t)g->fabric->neighbours[state] : state - links;
}

/* Link that it holds; SF_FABRIC_NONE: it starts here. */
static int32_t held_link(const sf_grower *g, uint32_t state) {
  uint32_t links = link_count(g);
  return state < links ? (int32_t)state : g->entry[state - links];
}

static bool banned(const sf_grower *g, uint32_t link, uint32_t direction) {
  uint64_t dependency = (uint64_t)link * g->fabric->degree + direction;
  for (uint32_t i = 0; i < g->ban_count; i++)
    if (g->bans[i] == dependency) return true;
  return false;
}

/* May the packet go on in `direction`? */
static bool allowed(const sf_grower *g, int32_t link, uint32_t direction) {
  if (link < 0) return true;
  if (g->turns) return g->turns(g->fabric, (uint32_t)link, direction);
  return !banned(g, (uint32_t)link, direction) &&
         sf_cdg_allows(g->cdg, (uint32_t)link, direction);
}

static void begin_search(sf_grower *g) {
  if (++g->now != 0) return;
  size_t states = (size_t)link_count(g) + g->fabric->router_count;
  memset(g->states, 0, states * sizeof *g->states);
  g->now = 1;
}

/* The branch that ends in `state`, from the tree on. */
static void take_branch(sf_grower *g, uint32_t state) {
  uint32_t links = link_count(g), count = g->states[state].hops;
  g->branch.hop_count = count;
  for (; state < links; state = g->states[state].from)
    g->branch.links[--count] = state;
}

/* ---- Minimal branches, balanced. ---- */

double sf_grow_link_cost(const sf_grower *g, uint32_t link, uint32_t weight) {
  double before = (double)g->loads[link] / g->scale;
  double after = (double)(g->loads[link] + weight) / g->scale;
  double b = before * before * before, a = after * after * after;
  b *= b;
  a *= a;
  return a * a - b * b;
}

/* Offers the links that leave the packet at distance `left` of the sink. */
static uint32_t offer(sf_grower *g, uint32_t state, uint32_t sink,
                      uint32_t left, uint32_t count) {
  const sf_fabric *f = g->fabric;
  const sf_grow_state *s = &g->states[state];
  uint32_t router = router_of(g, state);
  for (uint32_t d = 0; d < f->degree; d++) {
    uint32_t link = router * f->degree + d;
    int32_t next = f->neighbours[link];
    if (next == SF_FABRIC_NONE ||
        sf_fabric_distance(f, (uint32_t)next, sink) != left ||
        !allowed(g, held_link(g, state), d)) {
      continue;
    }
    double cost = s->cost + sf_grow_link_cost(g, link, g->weight);
    sf_grow_state *to = &g->states[link];
    bool known = to->search == g->now;
    if (known && to->cost <= cost) continue;
    *to = (sf_grow_state){
        .search = g->now, .from = state, .hops = s->hops + 1, .cost = cost};
    if (!known) g->next_layer[count++] = link;
  }
  return count;
}

/* Routers of the tree at the least distance of the sink start the search: on
 * the way from them no other router of the tree is met. */
static uint32_t start_layer(sf_grower *g, uint32_t sink, uint32_t *out_left) {
  uint32_t least = UINT32_MAX, count = 0, links = link_count(g);
  for (uint32_t i = 0; i < g->router_count; i++) {
    uint32_t d = sf_fabric_distance(g->fabric, g->routers[i], sink);
    if (d > least) continue;
    if (d < least) count = 0;
    least = d;
    g->layer[count++] = links + g->routers[i];
  }
  for (uint32_t i = 0; i < count; i++)
    g->states[g->layer[i]] = (sf_grow_state){.search = g->now};
  *out_left = least;
  return count;
}

bool sf_grow_minimal(sf_grower *g, uint32_t sink) {
  uint32_t left;
  begin_search(g);
  uint32_t count = start_layer(g, sink, &left);
  while (left-- > 0) {
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++)
      next = offer(g, g->layer[i], sink, left, next);
    uint32_t *layer = g->layer;
    g->layer = g->next_layer;
    g->next_layer = layer;
    count = next;
  }
  if (count == 0) return false;
  uint32_t best = g->layer[0];
  for (uint32_t i = 1; i < count; i++)
    if (g->states[g->layer[i]].cost < g->states[best].cost) best = g->layer[i];
  take_branch(g, best);
  return true;
}

/* ---- Shortest branches, A*. ---- */

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
  uint32_t left = sf_fabric_distance(g->fabric, router_of(g, item.state), sink);
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
  uint32_t links = link_count(g);
  for (; state < links; state = g->states[state].from)
    if (router_of(g, state) == router) return true;
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
  uint32_t router = router_of(g, item->state);
  uint32_t hops = g->states[item->state].hops + 1;
  int32_t held = held_link(g, item->state);
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
  uint32_t links = link_count(g);
  if (s->search == g->now) return false;
  if (item->state < links &&
      (crosses(g, item->from, router_of(g, item->state)) ||
       !allowed(g, held_link(g, item->from),
                item->state % g->fabric->degree))) {
    return false;
  }
  uint32_t hops = item->state < links ? g->states[item->from].hops + 1 : 0;
  *s = (sf_grow_state){.search = g->now, .from = item->from, .hops = hops};
  return true;
}

bool sf_grow_shortest(sf_grower *g, uint32_t sink) {
  uint64_t sequence = 0;
  uint32_t links = link_count(g);
  begin_search(g);
  g->heap->count = 0;
  for (uint32_t i = 0; i < g->router_count; i++) {
    sf_grow_item start = {.state = links + g->routers[i]};
    push_state(g, start, 0, sink, &sequence);
  }
  while (g->heap->count > 0 && !g->heap->out_of_memory) {
    sf_grow_item item = pop(g->heap);
    if (!settle(g, &item)) continue;
    if (router_of(g, item.state) == sink) {
      take_branch(g, item.state);
      return true;
    }
    expand(g, &item, sink, &sequence);
  }
  return false;
}
