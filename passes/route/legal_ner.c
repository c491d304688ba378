/* legal_ner.c - neighbour-exploring routing (Navaridas et al. 2015) whose
 * branches keep the dependencies acyclic: each sink, the nearest first, joins
 * the tree by the shortest branch that closes no cycle with the branches of
 * all nets before it. What such a search misses goes over the spanning tree,
 * which is reserved. Mesh, hexagonal mesh or torus, with or without faults. */
#include "passes/route/router.h"

static bool is_shorter(const sf_router *r, uint32_t n, const sf_tree *trial) {
  return trial->hop_count < r->out->trees[n].hop_count;
}

sf_result sf_route_reserved(sf_router *r, sf_branch_search first,
                            sf_branch_search second) {
  SF_TRY(sf_cdg_create(r->task->fabric, r->escape.height, r->arena, &r->cdg));
  sf_escape_reserve(&r->escape, &r->cdg);
  r->grower.turns = NULL;
  r->grower.cdg = &r->cdg;
  uint64_t heaviest = 1;
  for (uint32_t i = 0; i < r->task->net_count; i++) {
    uint32_t n = r->order[i];
    bool whole;
    if (r->task->nets[n].weight > heaviest) heaviest = r->task->nets[n].weight;
    r->grower.scale = (double)heaviest * 4;
    SF_TRY(sf_router_grow(r, n, first, second, &whole));
    if (whole) {
      SF_TRY(sf_router_keep(r, n));
      continue;
    }
    sf_router_drop(r, n);
    SF_TRY(sf_router_escape(r, n));
  }
  return SF_OK;
}

sf_result sf_route_legal_ner(sf_router *r) {
  SF_TRY(sf_route_reserved(r, sf_grow_shortest, NULL));
  return sf_router_sweep(r, r->task->sweeps, sf_grow_shortest, NULL,
                         is_shorter);
}
