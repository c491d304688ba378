/* adaptive.c - starts from fixed turns, then lets each net take any minimal
 * path that closes no cycle, wherever that lowers the sum of (load / peak)^12
 * (mapping.md 4.5). The old path stays feasible, so every step is downhill and
 * the dependencies are acyclic at every moment. Likewise then for ways of two
 * hops more off the worst links: layers of a placement lie side by side, and
 * between two of them minimal paths share one short border. */
#include "passes/route/router.h"

/* Dependencies of the trees that turns made: those turns form no cycle. */
static sf_result adopt(sf_router *r) {
  sf_grower *g = &r->grower;
  for (uint32_t n = 0; n < r->task->net_count; n++) {
    sf_grow_begin(g, &r->task->nets[n]);
    for (uint32_t i = 0; i < r->out->trees[n].hop_count; i++) {
      uint32_t link = r->out->trees[n].hops[i].link;
      int32_t from = g->entry[link / g->fabric->degree];
      if (from >= 0 &&
          !sf_cdg_add(&r->cdg, (uint32_t)from, link % g->fabric->degree)) {
        return SF_FAIL;
      }
      g->entry[g->fabric->neighbours[link]] = (int32_t)link;
    }
  }
  return SF_OK;
}

/* Nets that turns did not join (faults in the way). */
static sf_result join_rest(sf_router *r, const bool *unreached,
                           bool *out_whole) {
  *out_whole = true;
  for (uint32_t n = 0; n < r->task->net_count && *out_whole; n++) {
    if (!unreached[n]) continue;
    SF_TRY(sf_router_grow(r, n, sf_grow_minimal, sf_grow_shortest, out_whole));
    if (*out_whole) SF_TRY(sf_router_keep(r, n));
  }
  return SF_OK;
}

/* Room was left for no way to some sink: all again, spanning tree first. */
static sf_result start_again(sf_router *r) {
  SF_TRY(
      sf_grower_create(r->task->fabric, NULL, &r->cdg, r->arena, &r->grower));
  for (uint32_t n = 0; n < r->task->net_count; n++)
    r->out->trees[n].hop_count = 0;
  return sf_route_reserved(r, sf_grow_minimal, sf_grow_shortest);
}

sf_result sf_route_adaptive(sf_router *r) {
  const sf_fabric *fabric = r->task->fabric, *open;
  bool *unreached =
      SF_NEW_ARRAY(r->arena, bool, r->task->net_count + (size_t)1);
  if (!unreached) return SF_OOM;
  SF_TRY(sf_fabric_unwrapped(fabric, r->arena, &open));
  SF_TRY(sf_route_by_turns(r, open, unreached));
  SF_TRY(sf_cdg_create(fabric, r->escape.height, r->arena, &r->cdg));
  r->grower.fabric = fabric;
  r->grower.turns = NULL;
  r->grower.cdg = &r->cdg;
  bool whole;
  SF_TRY(adopt(r));
  SF_TRY(join_rest(r, unreached, &whole));
  if (!whole) SF_TRY(start_again(r));
  SF_TRY(sf_router_sweep(r, r->task->sweeps, sf_grow_minimal, sf_grow_shortest,
                         sf_router_lighter));
  return sf_router_relieve(r, r->task->sweeps);
}
