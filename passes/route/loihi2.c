/* loihi2.c - unicast: one path for each pair of cores.
 *
 * By X, then Y, a row names a core's destinations and no path, since there is
 * only one (docs/ir.md 8): as many rows as cores, on 10^5 of them as well. Any
 * other algorithm writes a row and its path for each pair. */
#include "passes/route/route.h"

#include <stdlib.h>

static sf_result no_path(const sf_route_job *job, const sf_route_core *from,
                         const sf_route_core *to) {
  return sf_route_no_path(
      job, from, to,
      job->algorithm <= SF_ALGORITHM_ODD_EVEN
          ? "dead routers or links are in the way: "
            "route{algorithm=adaptive} goes round them"
          : "place the network on routers that hang together");
}

/* ---- X, then Y. ---- */

/* Each source as a net of all its destinations: only to see that every router
 * and link on the way is live. */
static sf_result check_paths(sf_route_job *job, const sf_route_flows *flows) {
  uint32_t pairs = flows->first[flows->core_count];
  uint32_t *sinks = SF_NEW_ARRAY(job->scratch, uint32_t, pairs + (size_t)1);
  sf_net *nets =
      SF_NEW_ARRAY(job->scratch, sf_net, flows->core_count + (size_t)1);
  if (!sinks || !nets) return SF_OOM;
  for (uint32_t i = 0; i < pairs; i++)
    sinks[i] = sf_route_router(job, &flows->cores[flows->targets[i]]);
  for (uint32_t c = 0; c < flows->core_count; c++) {
    uint32_t first = flows->first[c];
    nets[c] = (sf_net){sf_route_router(job, &flows->cores[c]),
                       flows->first[c + 1] - first, &sinks[first], 1};
  }
  sf_route_task task = {.fabric = &job->fabric,
                        .algorithm = SF_ALGORITHM_XY,
                        .net_count = flows->core_count,
                        .nets = nets};
  sf_routing routing;
  SF_TRY(sf_route_nets(&task, job->scratch, &routing));
  if (routing.unrouted_count == 0) return SF_OK;
  uint32_t c = routing.unrouted[0].net, i = flows->first[c];
  while (sinks[i] != routing.unrouted[0].sink)
    i++;
  return no_path(job, &flows->cores[c], &flows->cores[flows->targets[i]]);
}

static sf_result route_xy(sf_route_job *job, const sf_route_flows *flows) {
  SF_TRY(check_paths(job, flows));
  sf_item *to =
      SF_NEW_ARRAY(job->scratch, sf_item, flows->core_count + (size_t)1);
  if (!to) return SF_OOM;
  for (uint32_t c = 0; c < flows->core_count; c++) {
    const sf_route_core *from = &flows->cores[c];
    uint32_t count = 0;
    for (uint32_t i = flows->first[c]; i < flows->first[c + 1]; i++) {
      const sf_route_core *target = &flows->cores[flows->targets[i]];
      if (target == from) continue;
      to[count++] = sf_route_symbol(target);
      job->hops += (uint64_t)abs(target->router.x - from->router.x) +
                   (uint64_t)abs(target->router.y - from->router.y);
    }
    job->routes += count;
    sf_dict *attrs;
    if (count) SF_TRY(sf_route_add_row(job, from, count, to, &attrs));
  }
  return SF_OK;
}

/* ---- Any algorithm: one net a pair of routers. ---- */

typedef struct pairs {
  uint32_t count;
  uint64_t *keys; /* source router << 32 | router of the destination, sorted */
  sf_net *nets;
  uint32_t *sinks;
} pairs;

static uint64_t key_of(const sf_route_job *job, const sf_route_core *from,
                       const sf_route_core *to) {
  return (uint64_t)sf_route_router(job, from) << 32 | sf_route_router(job, to);
}

static uint32_t find_pair(const pairs *p, uint64_t key) {
  const uint64_t *found =
      bsearch(&key, p->keys, p->count, sizeof key, sf_numbers_compare);
  return found ? (uint32_t)(found - p->keys) : 0;
}

/* Pairs of routers, and as their weights the neurons that send. */
static sf_result collect(const sf_route_job *job, const sf_route_flows *flows,
                         pairs *p) {
  uint32_t most = flows->first[flows->core_count], n = 0;
  p->keys = SF_NEW_ARRAY(job->scratch, uint64_t, most + (size_t)1);
  p->nets = SF_NEW_ARRAY(job->scratch, sf_net, most + (size_t)1);
  p->sinks = SF_NEW_ARRAY(job->scratch, uint32_t, most + (size_t)1);
  if (!p->keys || !p->nets || !p->sinks) return SF_OOM;
  for (uint32_t c = 0; c < flows->core_count; c++)
    for (uint32_t i = flows->first[c]; i < flows->first[c + 1]; i++)
      p->keys[n++] =
          key_of(job, &flows->cores[c], &flows->cores[flows->targets[i]]);
  sf_numbers_sort(p->keys, n);
  for (uint32_t i = 0; i < n; i++)
    if (i == 0 || p->keys[i] != p->keys[p->count - 1])
      p->keys[p->count++] = p->keys[i];
  for (uint32_t i = 0; i < p->count; i++) {
    p->sinks[i] = (uint32_t)p->keys[i];
    p->nets[i] = (sf_net){(uint32_t)(p->keys[i] >> 32), 1, &p->sinks[i], 0};
  }
  for (uint32_t c = 0; c < flows->core_count; c++)
    for (uint32_t i = flows->first[c]; i < flows->first[c + 1]; i++)
      p->nets[find_pair(p, key_of(job, &flows->cores[c],
                                  &flows->cores[flows->targets[i]]))]
          .weight += flows->cores[c].keys;
  return SF_OK;
}

static sf_result set_path(const sf_route_job *job, sf_dict *attrs,
                          const sf_tree *tree) {
  sf_item *hops =
      SF_NEW_ARRAY(job->scratch, sf_item, tree->hop_count + (size_t)1);
  if (!hops) return SF_OOM;
  for (uint32_t i = 0; i < tree->hop_count; i++) {
    int32_t direction = (int32_t)(tree->hops[i].link % job->fabric.degree);
    hops[i] = (sf_item){.kind = SF_ITEM_WORD,
                        .text = sf_direction_text(SF_TOPOLOGY_MESH, direction)};
  }
  sf_item list = {
      .kind = SF_ITEM_LIST, .count = tree->hop_count, .items = hops};
  return sf_dict_set(job->mapping->module->arena, attrs, "path", &list);
}

static sf_result write_pairs(sf_route_job *job, const sf_route_flows *flows,
                             const pairs *p, const sf_routing *routing) {
  for (uint32_t c = 0; c < flows->core_count; c++) {
    const sf_route_core *from = &flows->cores[c];
    for (uint32_t i = flows->first[c]; i < flows->first[c + 1]; i++) {
      const sf_route_core *to = &flows->cores[flows->targets[i]];
      if (to == from) continue;
      const sf_tree *tree =
          &routing->trees[find_pair(p, key_of(job, from, to))];
      if (tree->hop_count == 0 &&
          (from->router.x != to->router.x || from->router.y != to->router.y)) {
        return no_path(job, from, to);
      }
      sf_item target = sf_route_symbol(to);
      sf_dict *attrs;
      SF_TRY(sf_route_add_row(job, from, 1, &target, &attrs));
      SF_TRY(set_path(job, attrs, tree));
      job->routes++;
      job->hops += tree->hop_count;
    }
  }
  return SF_OK;
}

sf_result sf_route_loihi2(sf_route_job *job, const sf_route_flows *flows) {
  if (job->algorithm == SF_ALGORITHM_XY) return route_xy(job, flows);
  pairs p = {0};
  SF_TRY(collect(job, flows, &p));
  sf_route_task task = {.fabric = &job->fabric,
                        .algorithm = job->algorithm,
                        .sweeps = job->sweeps,
                        .net_count = p.count,
                        .nets = p.nets};
  sf_routing routing;
  SF_TRY(sf_route_nets(&task, job->scratch, &routing));
  job->escaped += routing.escaped_count;
  return write_pairs(job, flows, &p, &routing);
}
