/* router.c - see router.h. */
#include "passes/route/router.h"

#include "passes/route/search.h"

#include <string.h>

sf_result sf_router_unrouted(sf_router *r, uint32_t net, uint32_t sink) {
  sf_routing *out = r->out;
  if (out->unrouted_count == r->unrouted_capacity) {
    uint32_t capacity = r->unrouted_capacity ? 2 * r->unrouted_capacity : 16;
    sf_unrouted *grown = SF_NEW_ARRAY(r->arena, sf_unrouted, capacity);
    if (!grown) return SF_OOM;
    if (out->unrouted_count)
      memcpy(grown, out->unrouted, out->unrouted_count * sizeof *grown);
    out->unrouted = grown;
    r->unrouted_capacity = capacity;
  }
  out->unrouted[out->unrouted_count++] = (sf_unrouted){net, sink};
  return SF_OK;
}

/* Sinks that are dead or cut off from their source. */
static sf_result find_cuts(sf_router *r) {
  for (uint32_t n = 0; n < r->task->net_count; n++) {
    const sf_net *net = &r->task->nets[n];
    for (uint32_t i = 0; i < net->sink_count; i++) {
      if (sf_escape_joins(&r->escape, net->source, net->sinks[i])) continue;
      if (!r->skip[n])
        r->skip[n] = SF_NEW_ARRAY(r->arena, bool, net->sink_count);
      if (!r->skip[n]) return SF_OOM;
      r->skip[n][i] = true;
      SF_TRY(sf_router_unrouted(r, n, net->sinks[i]));
    }
  }
  return SF_OK;
}

sf_result sf_router_create(const sf_route_task *task, sf_arena *arena,
                           sf_router *r, sf_routing *out) {
  size_t count = task->net_count + (size_t)1;
  size_t routers = task->fabric->router_count + (size_t)1;
  *out = (sf_routing){.tree_count = task->net_count,
                      .trees = SF_NEW_ARRAY(arena, sf_tree, count)};
  *r = (sf_router){.task = task,
                   .arena = arena,
                   .out = out,
                   .capacity = SF_NEW_ARRAY(arena, uint32_t, count),
                   .skip = SF_NEW_ARRAY(arena, bool *, count),
                   .order = SF_NEW_ARRAY(arena, uint32_t, count),
                   .trial = {0, SF_NEW_ARRAY(arena, sf_hop, routers)}};
  uint64_t *keys = SF_NEW_ARRAY(arena, uint64_t, count);
  if (!out->trees || !r->capacity || !r->skip || !r->order || !r->trial.hops ||
      !keys) {
    return SF_OOM;
  }
  for (uint32_t n = 0; n < task->net_count; n++)
    keys[n] = (uint64_t)(UINT32_MAX - task->nets[n].weight) << 32 | n;
  sf_numbers_sort(keys, task->net_count);
  for (uint32_t n = 0; n < task->net_count; n++)
    r->order[n] = (uint32_t)keys[n];
  SF_TRY(sf_escape_create(task->fabric, arena, &r->escape));
  SF_TRY(find_cuts(r));
  return sf_grower_create(task->fabric, NULL, NULL, arena, &r->grower);
}

sf_result sf_router_keep(sf_router *r, uint32_t net) {
  sf_tree *tree = &r->out->trees[net];
  uint32_t hops = r->grower.router_count - 1;
  if (hops > r->capacity[net]) {
    tree->hops = SF_NEW_ARRAY(r->arena, sf_hop, hops);
    if (!tree->hops) return SF_OOM;
    r->capacity[net] = hops;
  }
  tree->hop_count = hops ? sf_grow_copy(&r->grower, tree->hops) : 0;
  return SF_OK;
}

/* A branch that two dependencies make illegal together is searched again
 * without the second; sixteen of those are enough of an effort. */
static bool join(sf_grower *g, uint32_t sink, sf_branch_search search) {
  g->ban_count = 0;
  while (search(g, sink)) {
    if (sf_grow_commit(g)) return true;
    if (g->ban_count == SF_COUNT_OF(g->bans)) break;
  }
  g->ban_count = 0;
  return false;
}

/* Joins `sink` unless the tree holds it. */
static bool reach(sf_grower *g, uint32_t sink, sf_branch_search first,
                  sf_branch_search second) {
  return sf_grow_holds(g, sink) || join(g, sink, first) ||
         (second && join(g, sink, second));
}

/* One attempt: `urgent` sinks before the others. *out_missed: the sink that was
 * not reached, or SF_FABRIC_NONE. */
static void grow_once(sf_router *r, uint32_t n, uint32_t urgent_count,
                      const uint32_t *urgent, sf_branch_search first,
                      sf_branch_search second, int64_t *out_missed) {
  sf_grower *g = &r->grower;
  const sf_net *net = &r->task->nets[n];
  sf_grow_begin(g, net);
  for (uint32_t i = urgent_count; i-- > 0;) {
    *out_missed = urgent[i];
    if (!reach(g, urgent[i], first, second)) return;
  }
  for (;;) {
    *out_missed = sf_grow_nearest(g, net, r->skip[n]);
    if (*out_missed == SF_FABRIC_NONE ||
        !reach(g, (uint32_t)*out_missed, first, second)) {
      return;
    }
  }
}

sf_result sf_router_grow(sf_router *r, uint32_t n, sf_branch_search first,
                         sf_branch_search second, bool *out_whole) {
  enum { ATTEMPTS = 4 };
  uint32_t urgent[ATTEMPTS];
  for (uint32_t attempt = 0;; attempt++) {
    int64_t missed;
    grow_once(r, n, attempt, urgent, first, second, &missed);
    if (r->grower.heap->out_of_memory) return SF_OOM;
    *out_whole = missed == SF_FABRIC_NONE;
    if (*out_whole || attempt + 1 == ATTEMPTS) return SF_OK;
    /* The tree stands in its way: again, with that sink first. */
    urgent[attempt] = (uint32_t)missed;
    sf_router_drop(r, n);
  }
}

void sf_router_drop(sf_router *r, uint32_t net) {
  sf_tree tree = {sf_grow_copy(&r->grower, r->trial.hops), r->trial.hops};
  sf_grow_remove(&r->grower, &r->task->nets[net], &tree);
}

sf_result sf_router_escape(sf_router *r, uint32_t n) {
  const sf_net *net = &r->task->nets[n];
  sf_grower *g = &r->grower;
  sf_grow_begin(g, net);
  for (uint32_t i = 0; i < net->sink_count; i++) {
    if ((r->skip[n] && r->skip[n][i]) || sf_grow_holds(g, net->sinks[i]))
      continue;
    sf_escape_branch(&r->escape, g, net->source, net->sinks[i]);
    if (!sf_grow_commit(g)) return SF_FAIL; /* reserved: cannot be */
  }
  r->out->escaped_count++;
  return sf_router_keep(r, n);
}

static double peak(const sf_grower *g) {
  uint32_t links = g->fabric->router_count * g->fabric->degree;
  uint64_t most = 1;
  for (uint32_t l = 0; l < links; l++)
    if (g->loads[l] > most) most = g->loads[l];
  return (double)most;
}

/* One net out and in again. */
static sf_result reroute(sf_router *r, uint32_t n, sf_branch_search first,
                         sf_branch_search second, sf_is_better better,
                         bool *changed) {
  sf_grower *g = &r->grower;
  const sf_net *net = &r->task->nets[n];
  sf_tree *tree = &r->out->trees[n];
  if (tree->hop_count == 0) return SF_OK;
  sf_grow_remove(g, net, tree);
  bool whole;
  SF_TRY(sf_router_grow(r, n, first, second, &whole));
  sf_tree trial = {sf_grow_copy(g, r->trial.hops), r->trial.hops};
  sf_grow_remove(g, net, &trial);
  if (whole && better(r, n, &trial)) {
    *changed = true;
    if (!sf_grow_restore(g, net, &trial)) return SF_FAIL;
    return sf_router_keep(r, n);
  }
  return sf_grow_restore(g, net, tree) ? SF_OK : SF_FAIL;
}

bool sf_router_lighter(const sf_router *r, uint32_t n, const sf_tree *trial) {
  const sf_net *net = &r->task->nets[n];
  return sf_grow_cost(&r->grower, net, trial) <
         sf_grow_cost(&r->grower, net, &r->out->trees[n]);
}

sf_result sf_router_sweep(sf_router *r, uint32_t sweeps, sf_branch_search first,
                          sf_branch_search second, sf_is_better better) {
  bool changed = true;
  for (uint32_t s = 0; s < sweeps && changed; s++) {
    changed = false;
    r->grower.scale = peak(&r->grower);
    for (uint32_t i = 0; i < r->task->net_count; i++)
      SF_TRY(reroute(r, r->order[i], first, second, better, &changed));
  }
  return SF_OK;
}

static bool on_worst_links(const sf_router *r, uint32_t n) {
  const sf_tree *tree = &r->out->trees[n];
  for (uint32_t i = 0; i < tree->hop_count; i++)
    if ((double)r->grower.loads[tree->hops[i].link] >= 0.95 * r->grower.scale)
      return true;
  return false;
}

sf_result sf_router_relieve(sf_router *r, uint32_t sweeps) {
  bool changed = true;
  r->grower.hop_price = 1.5;
  for (uint32_t s = 0; s < sweeps && changed; s++) {
    changed = false;
    r->grower.scale = peak(&r->grower);
    for (uint32_t i = 0; i < r->task->net_count; i++)
      if (on_worst_links(r, r->order[i]))
        SF_TRY(reroute(r, r->order[i], sf_grow_detour, sf_grow_shortest,
                       sf_router_lighter, &changed));
  }
  r->grower.hop_price = 0;
  return SF_OK;
}
