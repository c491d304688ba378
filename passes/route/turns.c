/* turns.c - fixed turns: odd-even on a mesh (Chiu 2000), negative-first on a
 * hexagonal fabric (Glass and Ni 1992). Deadlock-free by construction; links
 * that wrap are not used, since turns alone do not break a ring. */
#include "passes/route/router.h"

enum { EAST, NORTH, WEST, SOUTH };

/* At even columns no turn from east to north or south; at odd ones none from
 * north or south to west. */
static bool odd_even_turn(const sf_fabric *f, uint32_t link,
                          uint32_t direction) {
  uint32_t came = link % f->degree;
  if (direction == came) return true;
  if (direction == sf_fabric_reverse(f, came)) return false;
  bool even = f->neighbours[link] % f->width % 2 == 0;
  bool vertical = direction == NORTH || direction == SOUTH;
  if (came == EAST && vertical) return !even;
  return direction != WEST || even;
}

/* e, ne and n rise, w, sw and s fall; no fall after a rise. */
static bool negative_first_turn(const sf_fabric *f, uint32_t link,
                                uint32_t direction) {
  uint32_t came = link % f->degree;
  if (direction == sf_fabric_reverse(f, came)) return false;
  return came >= 3 || direction < 3;
}

sf_result sf_route_by_turns(sf_router *r, const sf_fabric *fabric,
                            bool *unreached) {
  sf_grower *g = &r->grower;
  g->fabric = fabric;
  g->cdg = NULL;
  g->turns =
      fabric->topology == SF_TOPOLOGY_HEX ? negative_first_turn : odd_even_turn;
  uint64_t heaviest = 1;
  for (uint32_t i = 0; i < r->task->net_count; i++) {
    uint32_t n = r->order[i];
    bool whole;
    /* Loads in units of the heaviest net until there is a peak to go by. */
    if (r->task->nets[n].weight > heaviest) heaviest = r->task->nets[n].weight;
    g->scale = (double)heaviest;
    SF_TRY(sf_router_grow(r, n, sf_grow_minimal, sf_grow_shortest, &whole));
    unreached[n] = !whole;
    if (!whole) sf_router_drop(r, n);
    if (whole) SF_TRY(sf_router_keep(r, n));
  }
  return sf_router_sweep(r, r->task->sweeps, sf_grow_minimal, sf_grow_shortest,
                         sf_router_lighter);
}

sf_result sf_route_odd_even(sf_router *r) {
  const sf_fabric *open;
  bool *unreached =
      SF_NEW_ARRAY(r->arena, bool, r->task->net_count + (size_t)1);
  if (!unreached) return SF_OOM;
  SF_TRY(sf_fabric_unwrapped(r->task->fabric, r->arena, &open));
  SF_TRY(sf_route_by_turns(r, open, unreached));
  for (uint32_t n = 0; n < r->task->net_count; n++) {
    const sf_net *net = &r->task->nets[n];
    for (uint32_t i = 0; unreached[n] && i < net->sink_count; i++)
      if (!(r->skip[n] && r->skip[n][i]) && net->sinks[i] != net->source)
        SF_TRY(sf_router_unrouted(r, n, net->sinks[i]));
  }
  return SF_OK;
}
