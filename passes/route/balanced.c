/* balanced.c - from the tree to the next sink over the least loaded links: a
 * dynamic programme over hops (mapping.md 4.5). */
#include "passes/route/search.h"

#include <string.h>

/* ---- What the searches share. ---- */

static bool banned(const sf_grower *g, uint32_t link, uint32_t direction) {
  uint64_t dependency = (uint64_t)link * g->fabric->degree + direction;
  for (uint32_t i = 0; i < g->ban_count; i++)
    if (g->bans[i] == dependency) return true;
  return false;
}

bool sf_grow_may_go(sf_grower *g, int32_t link, uint32_t direction) {
  if (link < 0) return true;
  if (g->turns) return g->turns(g->fabric, (uint32_t)link, direction);
  return !banned(g, (uint32_t)link, direction) &&
         sf_cdg_allows(g->cdg, (uint32_t)link, direction);
}

void sf_grow_begin_search(sf_grower *g) {
  if (++g->now != 0) return;
  size_t states = (size_t)sf_grow_roots(g) + g->fabric->router_count;
  memset(g->states, 0, states * sizeof *g->states);
  g->now = 1;
}

void sf_grow_take(sf_grower *g, uint32_t state) {
  uint32_t count = g->states[state].hops, roots = sf_grow_roots(g);
  g->branch.hop_count = count;
  for (; state < roots; state = g->states[state].from)
    g->branch.links[--count] = state % sf_grow_links(g);
}

/* ---- Balanced branches. ---- */

double sf_grow_link_cost(const sf_grower *g, uint32_t link, uint32_t weight) {
  double before = (double)g->loads[link] / g->scale;
  double after = (double)(g->loads[link] + weight) / g->scale;
  double b = before * before * before, a = after * after * after;
  b *= b;
  a *= a;
  double share = after - before;
  return a * a - b * b + g->hop_price * share * (1 + share);
}

/* A search: the sink, what is allowed beyond the shortest way, and what was
 * found. Between two hops, the states of one number of hops are a layer. */
typedef struct layered {
  uint32_t sink, slack;
  uint32_t next_count; /* states in g->next_layer */
  uint32_t best;       /* cheapest state at the sink */
  bool found;
} layered;

/* A state of the next layer, unless a cheaper way to it is known. */
static void offer(sf_grower *g, layered *search, uint32_t state,
                  sf_grow_state way, bool at_sink) {
  sf_grow_state *to = &g->states[state];
  bool known = to->search == g->now;
  if (known && to->cost <= way.cost) return;
  *to = way;
  if (at_sink) {
    if (!search->found || way.cost < g->states[search->best].cost)
      search->best = state;
    search->found = true;
  } else if (!known) {
    g->next_layer[search->next_count++] = state;
  }
}

/* One hop on from a state. A way whose excess is two at most crosses itself
 * only where it turns back. */
static void go_on(sf_grower *g, layered *search, uint32_t state) {
  const sf_fabric *f = g->fabric;
  const sf_grow_state *s = &g->states[state];
  uint32_t links = sf_grow_links(g), router = sf_grow_router_of(g, state);
  uint32_t excess = state < sf_grow_roots(g) ? state / links : 0;
  int32_t held = sf_grow_held(g, state);
  uint32_t left = sf_fabric_distance(f, router, search->sink);
  for (uint32_t d = 0; d < f->degree; d++) {
    uint32_t link = router * f->degree + d;
    int32_t next = f->neighbours[link];
    if (next == SF_FABRIC_NONE) continue;
    uint32_t after = sf_fabric_distance(f, (uint32_t)next, search->sink);
    uint32_t longer = excess + after + 1 - left;
    if (longer > search->slack || sf_grow_holds(g, (uint32_t)next) ||
        (held >= 0 && d == sf_fabric_reverse(f, (uint32_t)held % f->degree)) ||
        !sf_grow_may_go(g, held, d)) {
      continue;
    }
    sf_grow_state way = {.search = g->now,
                         .from = state,
                         .hops = s->hops + 1,
                         .cost =
                             s->cost + sf_grow_link_cost(g, link, g->weight)};
    offer(g, search, longer * links + link, way, after == 0);
  }
}

/* Routers of the tree at the least distance of the sink start the search. */
static uint32_t start_layer(sf_grower *g, uint32_t sink, uint32_t *out_left) {
  uint32_t least = UINT32_MAX, count = 0, roots = sf_grow_roots(g);
  for (uint32_t i = 0; i < g->router_count; i++) {
    uint32_t d = sf_fabric_distance(g->fabric, g->routers[i], sink);
    if (d > least) continue;
    if (d < least) count = 0;
    least = d;
    g->layer[count++] = roots + g->routers[i];
  }
  for (uint32_t i = 0; i < count; i++)
    g->states[g->layer[i]] = (sf_grow_state){.search = g->now};
  *out_left = least;
  return count;
}

static bool search_layers(sf_grower *g, uint32_t sink, uint32_t slack) {
  layered search = {.sink = sink, .slack = slack};
  uint32_t left;
  sf_grow_begin_search(g);
  uint32_t count = start_layer(g, sink, &left);
  for (left += slack; left > 0 && count > 0; left--) {
    search.next_count = 0;
    for (uint32_t i = 0; i < count; i++)
      go_on(g, &search, g->layer[i]);
    uint32_t *layer = g->layer;
    g->layer = g->next_layer;
    g->next_layer = layer;
    count = search.next_count;
  }
  if (search.found) sf_grow_take(g, search.best);
  return search.found;
}

bool sf_grow_minimal(sf_grower *g, uint32_t sink) {
  return search_layers(g, sink, 0);
}

bool sf_grow_detour(sf_grower *g, uint32_t sink) {
  return search_layers(g, sink, SF_GROW_EXCESS);
}
