/* routes.c - see routes.h. */
#include "targets/loihi2/routes.h"

#include "machine/routing.h"
#include "support/buffer.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b) {
  const sf_l2_core *const *p = a, *const *q = b;
  return strcmp((*p)->name, (*q)->name);
}

/* Cores by name; names are unique in a verified mapping. */
static const sf_l2_core *find_core(const sf_l2_core *const *by_name,
                                   uint32_t count, const char *name) {
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = strcmp(by_name[middle]->name, name);
    if (order == 0) return by_name[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

static sf_result bad(const sf_l2_plan *plan, const sf_mop *mop,
                     const char *text) {
  return sf_error(plan->diag, SF_DIAG_MAPPING, mop->loc, "%s", text);
}

/* Destinations of a row; NULL: none, or several along one path. */
static const sf_item *destinations(const sf_mop *mop, uint32_t *out_count) {
  const sf_item *to = sf_dict_find(&mop->attrs, "to");
  *out_count = 1;
  if (!to || to->kind == SF_ITEM_SYMBOL) return to;
  if (to->kind != SF_ITEM_LIST) return NULL;
  *out_count = to->count;
  bool shaped = to->count == 1 || !sf_dict_find(&mop->attrs, "path");
  return shaped ? to->items : NULL;
}

static sf_result read_route(const sf_l2_plan *plan,
                            const sf_l2_core *const *by_name, const sf_mop *mop,
                            sf_l2_routes *out) {
  uint32_t count;
  const char *from = sf_dict_text(&mop->attrs, "from");
  const sf_item *to = destinations(mop, &count);
  if (!from || !to)
    return bad(plan, mop,
               "a route of Loihi 2 has one source, and with a path one "
               "destination; run `route`");
  const sf_l2_core *a = find_core(by_name, plan->core_count, from);
  for (uint32_t i = 0; i < count; i++) {
    const sf_l2_core *b =
        to[i].text ? find_core(by_name, plan->core_count, to[i].text) : NULL;
    if (!a || !b) return bad(plan, mop, "a route between unknown cores");
    out->items[out->count++] = (sf_l2_route){(uint32_t)(a - plan->cores),
                                             (uint32_t)(b - plan->cores), mop};
  }
  return SF_OK;
}

static int compare_routes(const void *a, const void *b) {
  const sf_l2_route *p = a, *q = b;
  if (p->from != q->from) return p->from < q->from ? -1 : 1;
  return p->to < q->to ? -1 : p->to > q->to;
}

sf_result sf_l2_routes_read(const sf_l2_plan *plan, sf_l2_routes *out) {
  const sf_l2_core **by_name =
      SF_NEW_ARRAY(plan->arena, const sf_l2_core *, plan->core_count + 1);
  if (!by_name) return SF_OOM;
  for (uint32_t c = 0; c < plan->core_count; c++)
    by_name[c] = &plan->cores[c];
  qsort(by_name, plan->core_count, sizeof *by_name, compare_names);
  uint32_t most = 0, count;
  for (const sf_mop *mop = plan->mapping->first; mop; mop = mop->next)
    if (strcmp(mop->keyword, "route") == 0 && destinations(mop, &count))
      most += count;
  *out = (sf_l2_routes){
      .items = SF_NEW_ARRAY(plan->arena, sf_l2_route, most + (size_t)1)};
  if (!out->items) return SF_OOM;
  for (const sf_mop *mop = plan->mapping->first; mop; mop = mop->next)
    if (strcmp(mop->keyword, "route") == 0)
      SF_TRY(read_route(plan, by_name, mop, out));
  qsort(out->items, out->count, sizeof *out->items, compare_routes);
  for (uint32_t i = 1; i < out->count; i++)
    if (compare_routes(&out->items[i - 1], &out->items[i]) == 0)
      return bad(plan, out->items[i].mop, "two routes between the same cores");
  return SF_OK;
}

static bool has_route(const sf_l2_routes *routes, uint32_t from, uint32_t to) {
  sf_l2_route key = {.from = from, .to = to};
  return bsearch(&key, routes->items, routes->count, sizeof key,
                 compare_routes) != NULL;
}

sf_result sf_l2_outs_write(const sf_l2_plan *plan, const sf_l2_outs *outs,
                           xmlNode *node) {
  for (uint32_t i = 0; i < outs->count; i++) {
    const sf_l2_out *out = &outs->items[i];
    const sf_l2_core *core = &plan->cores[out->core];
    xmlNode *axon;
    SF_TRY(sf_l2_child(node, "axonOut", &axon));
    SF_TRY(sf_l2_attr_number(axon, "first", out->first));
    SF_TRY(sf_l2_attr_number(axon, "count", out->count));
    SF_TRY(sf_l2_attr_number(axon, "chip", core->chip));
    SF_TRY(sf_l2_attr_number(axon, "core", core->id));
    SF_TRY(sf_l2_attr_number(axon, "axon", out->axon));
    SF_TRY(sf_l2_attr_text(axon, "kind",
                           out->population ? "population" : "discrete"));
  }
  return SF_OK;
}

sf_result sf_l2_core_outs_write(const sf_l2_fabric *fabric,
                                const sf_l2_routes *routes, uint32_t core,
                                bool *failed) {
  const sf_l2_plan *plan = fabric->plan;
  const sf_l2_outs *outs = &fabric->sites[core].outs;
  uint32_t reported = core;
  for (uint32_t i = 0; i < outs->count; i++) {
    uint32_t to = outs->items[i].core;
    if (to == core || to == reported || has_route(routes, core, to)) continue;
    reported = to;
    *failed = true;
    sf_error(plan->diag, SF_DIAG_MAPPING, plan->cores[core].mop->loc,
             "no route from core @%s to core @%s; run `route`",
             plan->cores[core].name, plan->cores[to].name);
  }
  return sf_l2_outs_write(plan, outs, fabric->sites[core].node);
}

/* The hops of a row's path, or, where it has none, by X, then Y. */
static sf_result path_text(const sf_l2_plan *plan, const sf_l2_route *route,
                           sf_buffer *out, uint32_t *hops) {
  enum { HOPS_MAX = 8192 }; /* along two sides of the largest board */
  const sf_item *path = sf_dict_find(&route->mop->attrs, "path");
  int32_t directions[HOPS_MAX];
  *hops = 0;
  if (path && path->kind == SF_ITEM_LIST) {
    for (; *hops < path->count; ++*hops) {
      const char *hop = path->items[*hops].text;
      sf_buffer_printf(out, *hops ? " %s" : "%s", hop ? hop : "?");
    }
    return out->failed ? SF_OOM : SF_OK;
  }
  sf_position ends[2];
  for (int i = 0; i < 2; i++) {
    const sf_l2_core *core = &plan->cores[i ? route->to : route->from];
    if (!sf_core_router(plan->machine, core->chip, core->x, core->y, &ends[i]))
      return bad(plan, route->mop, "a route between cores that are nowhere");
  }
  int64_t count =
      sf_route_xy(plan->machine, ends[0], ends[1], directions, HOPS_MAX);
  if (count < 0 || count > HOPS_MAX)
    return bad(plan, route->mop, "no live X-then-Y path; run `route`");
  for (; *hops < count; ++*hops)
    sf_buffer_printf(out, *hops ? " %s" : "%s",
                     sf_direction_text(SF_TOPOLOGY_MESH, directions[*hops]));
  return out->failed ? SF_OOM : SF_OK;
}

static sf_result write_route(const sf_l2_plan *plan, const sf_l2_route *route,
                             xmlNode *root) {
  const sf_l2_core *from = &plan->cores[route->from];
  const sf_l2_core *to = &plan->cores[route->to];
  xmlNode *node;
  SF_TRY(sf_l2_child(root, "route", &node));
  SF_TRY(sf_l2_attr_number(node, "fromChip", from->chip));
  SF_TRY(sf_l2_attr_number(node, "fromCore", from->id));
  SF_TRY(sf_l2_attr_number(node, "toChip", to->chip));
  SF_TRY(sf_l2_attr_number(node, "toCore", to->id));
  sf_buffer path = {0};
  uint32_t hops;
  sf_result result = path_text(plan, route, &path, &hops);
  if (result == SF_OK) result = sf_l2_attr_number(node, "hops", hops);
  if (result == SF_OK)
    result = sf_l2_attr_text(node, "path", path.data ? path.data : "");
  sf_buffer_destroy(&path);
  SF_TRY(result);
  return sf_l2_seal(node);
}

sf_result sf_l2_routes_write(const sf_l2_plan *plan, const sf_l2_routes *routes,
                             xmlNode *root) {
  for (uint32_t i = 0; i < routes->count; i++)
    SF_TRY(write_route(plan, &routes->items[i], root));
  return SF_OK;
}
