/* grow.c - see grow.h: the tree itself. Searches: search.c. */
#include "passes/route/grow.h"

#include "passes/route/search.h"

#include <string.h>

sf_result sf_grower_create(const sf_fabric *fabric, sf_turn_rule turns,
                           sf_cdg *cdg, sf_arena *arena, sf_grower *out) {
  size_t routers = fabric->router_count, links = routers * fabric->degree;
  size_t states = (SF_GROW_EXCESS + 1) * links + routers + 1;
  *out = (sf_grower){
      .fabric = fabric,
      .turns = turns,
      .cdg = cdg,
      .scale = 1,
      .loads = SF_NEW_ARRAY(arena, uint64_t, links + 1),
      .routers = SF_NEW_ARRAY(arena, uint32_t, routers + 1),
      .entry = SF_NEW_ARRAY(arena, int32_t, routers + 1),
      .inside = SF_NEW_ARRAY(arena, uint32_t, routers + 1),
      .branch = {0, SF_NEW_ARRAY(arena, uint32_t, routers + 1)},
      .layer = SF_NEW_ARRAY(arena, uint32_t, states),
      .next_layer = SF_NEW_ARRAY(arena, uint32_t, states),
      .states = SF_NEW_ARRAY(arena, sf_grow_state, states),
      .heap = SF_NEW(arena, sf_grow_heap),
  };
  if (!out->loads || !out->routers || !out->entry || !out->inside ||
      !out->branch.links || !out->layer || !out->next_layer || !out->states ||
      !out->heap) {
    return SF_OOM;
  }
  out->heap->arena = arena;
  return SF_OK;
}

void sf_grow_begin(sf_grower *g, const sf_net *net) {
  if (++g->tree == 0) {
    memset(g->inside, 0, g->fabric->router_count * sizeof *g->inside);
    g->tree = 1;
  }
  g->weight = net->weight;
  g->ban_count = 0;
  g->router_count = 1;
  g->routers[0] = net->source;
  g->entry[net->source] = SF_FABRIC_NONE;
  g->inside[net->source] = g->tree;
}

bool sf_grow_holds(const sf_grower *g, uint32_t router) {
  return g->inside[router] == g->tree;
}

int64_t sf_grow_nearest(const sf_grower *g, const sf_net *net,
                        const bool *skip) {
  int64_t best = SF_FABRIC_NONE;
  uint32_t least = UINT32_MAX;
  for (uint32_t i = 0; i < net->sink_count; i++) {
    uint32_t sink = net->sinks[i];
    if (sf_grow_holds(g, sink) || (skip && skip[i])) continue;
    for (uint32_t k = 0; k < g->router_count; k++) {
      uint32_t d = sf_fabric_distance(g->fabric, g->routers[k], sink);
      if (d > least || (d == least && best >= 0 && sink >= best)) continue;
      least = d;
      best = sink;
    }
  }
  return best;
}

/* ---- Branches. ---- */

static void ban(sf_grower *g, uint32_t link, uint32_t direction) {
  uint64_t dependency = (uint64_t)link * g->fabric->degree + direction;
  if (g->ban_count < SF_COUNT_OF(g->bans)) g->bans[g->ban_count++] = dependency;
}

/* Dependencies along the branch, from the link that leads to its start. */
static bool add_dependencies(sf_grower *g, uint32_t degree) {
  const sf_branch *b = &g->branch;
  int32_t from = g->entry[b->links[0] / degree];
  for (uint32_t i = 0; i < b->hop_count; i++) {
    uint32_t direction = b->links[i] % degree;
    if (from >= 0 && !sf_cdg_add(g->cdg, (uint32_t)from, direction)) {
      ban(g, (uint32_t)from, direction);
      while (i-- > 0) {
        int32_t before =
            i > 0 ? (int32_t)b->links[i - 1] : g->entry[b->links[0] / degree];
        if (before >= 0)
          sf_cdg_remove(g->cdg, (uint32_t)before, b->links[i] % degree);
      }
      return false;
    }
    from = (int32_t)b->links[i];
  }
  return true;
}

bool sf_grow_commit(sf_grower *g) {
  uint32_t degree = g->fabric->degree;
  if (g->cdg && !add_dependencies(g, degree)) return false;
  for (uint32_t i = 0; i < g->branch.hop_count; i++) {
    uint32_t link = g->branch.links[i];
    uint32_t router = (uint32_t)g->fabric->neighbours[link];
    g->entry[router] = (int32_t)link;
    g->inside[router] = g->tree;
    g->routers[g->router_count++] = router;
    g->loads[link] += g->weight;
  }
  g->ban_count = 0;
  return true;
}

/* ---- Whole trees. ---- */

void sf_grow_remove(sf_grower *g, const sf_net *net, const sf_tree *tree) {
  uint32_t degree = g->fabric->degree;
  sf_grow_begin(g, net);
  for (uint32_t i = 0; i < tree->hop_count; i++) {
    uint32_t link = tree->hops[i].link;
    int32_t from = g->entry[link / degree];
    if (g->cdg && from >= 0)
      sf_cdg_remove(g->cdg, (uint32_t)from, link % degree);
    g->entry[g->fabric->neighbours[link]] = (int32_t)link;
    g->loads[link] -= net->weight;
  }
}

bool sf_grow_restore(sf_grower *g, const sf_net *net, const sf_tree *tree) {
  sf_grow_begin(g, net);
  for (uint32_t i = 0; i < tree->hop_count; i++) {
    g->branch.links[0] = tree->hops[i].link;
    g->branch.hop_count = 1;
    if (!sf_grow_commit(g)) {
      sf_tree part = {i, tree->hops};
      sf_grow_remove(g, net, &part);
      return false;
    }
  }
  return true;
}

double sf_grow_cost(const sf_grower *g, const sf_net *net,
                    const sf_tree *tree) {
  double cost = 0;
  for (uint32_t i = 0; i < tree->hop_count; i++)
    cost += sf_grow_link_cost(g, tree->hops[i].link, net->weight);
  return cost;
}

uint32_t sf_grow_copy(const sf_grower *g, sf_hop *hops) {
  uint32_t count = g->router_count - 1;
  for (uint32_t i = 0; i < count; i++)
    hops[i] = (sf_hop){.link = (uint32_t)g->entry[g->routers[i + 1]]};
  return count;
}
