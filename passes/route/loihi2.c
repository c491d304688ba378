/* loihi2.c - unicast: one route for each pair of cores, X, then Y. */
#include "passes/route/route.h"

static sf_item symbol(const char *name) {
  return (sf_item){.kind = SF_ITEM_SYMBOL, .text = name};
}

static sf_result set_path(sf_route_job *job, sf_dict *attrs,
                          const int32_t *directions, uint32_t count) {
  sf_item *hops = SF_NEW_ARRAY(job->scratch, sf_item, count + (size_t)1);
  if (!hops) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    const char *text = sf_direction_text(SF_TOPOLOGY_MESH, directions[i]);
    hops[i] = (sf_item){.kind = SF_ITEM_WORD, .text = text};
  }
  sf_item list = {.kind = SF_ITEM_LIST, .count = count, .items = hops};
  return sf_dict_set(job->mapping->module->arena, attrs, "path", &list);
}

static sf_result add_route(sf_route_job *job, const sf_route_core *from,
                           const sf_route_core *to, const int32_t *directions,
                           uint32_t hops) {
  sf_arena *arena = job->mapping->module->arena;
  sf_mop *row = sf_mop_create(job->mapping, NULL, "route");
  char *name =
      sf_arena_printf(job->scratch, "r%llu", (unsigned long long)job->routes++);
  if (!row || !name) return SF_OOM;
  SF_TRY(sf_mop_add_symbol(job->mapping, row, name));
  sf_item source = symbol(from->name), target = symbol(to->name);
  sf_item targets = {.kind = SF_ITEM_LIST, .count = 1, .items = &target};
  SF_TRY(sf_dict_set(arena, &row->attrs, "from", &source));
  SF_TRY(sf_dict_set(arena, &row->attrs, "to", &targets));
  job->hops += hops;
  return set_path(job, &row->attrs, directions, hops);
}

sf_result sf_route_loihi2(sf_route_job *job, const sf_route_flows *flows) {
  enum { HOPS_MAX = 4096 }; /* 1024 chips along an axis are the most */
  int32_t *directions = SF_NEW_ARRAY(job->scratch, int32_t, HOPS_MAX);
  if (!directions) return SF_OOM;
  for (uint32_t s = 0; s < flows->core_count; s++) {
    for (uint32_t t = 0; t < flows->core_count; t++) {
      if (s == t || !sf_route_sends(flows, s, t)) continue;
      const sf_route_core *from = &flows->cores[s], *to = &flows->cores[t];
      int64_t hops = sf_route_xy(job->machine, from->router, to->router,
                                 directions, HOPS_MAX);
      if (hops < 0 || hops > HOPS_MAX) {
        sf_error(job->diag, SF_DIAG_CAPACITY, job->mapping->loc,
                 "no X-then-Y path of live routers leads from '@%s' to '@%s'",
                 from->name, to->name);
        sf_help(job->diag, "place the network on chips that form a rectangle "
                           "without dead ones");
        return SF_FAIL;
      }
      SF_TRY(add_route(job, from, to, directions, (uint32_t)hops));
    }
  }
  return SF_OK;
}
