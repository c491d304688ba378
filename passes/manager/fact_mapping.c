/* fact_mapping.c - do the facts about a mapping hold: every population hosted,
 * every core placed, every pair of cores that talk joined by a route? */
#include "passes/manager/manager.h"
#include "passes/mapping/flow.h"
#include "passes/mapping/rows.h"
#include "passes/route/hosts.h"

#include <stdlib.h>
#include <string.h>

static void violate(sf_fact_violation *out, bool *found, sf_loc loc,
                    const char *format, const char *a, const char *b)
    __attribute__((format(printf, 4, 0)));
static void violate(sf_fact_violation *out, bool *found, sf_loc loc,
                    const char *format, const char *a, const char *b) {
  *found = true;
  out->loc = loc;
  snprintf(out->text, sizeof out->text, format, a, b);
}

/* ---- Partitioned. ---- */

/* Elements of each first result that cores host, by order of its op; whether
 * the boxes overlap is the verifier's question. */
static sf_result count_hosted(const sf_network *network,
                              const sf_mapping *mapping, sf_arena *arena,
                              size_t **out) {
  uint32_t ops = sf_network_number((sf_network *)network);
  *out = SF_NEW_ARRAY(arena, size_t, ops + (size_t)1);
  if (!*out) return SF_OOM;
  for (const sf_mop *core = mapping ? mapping->first : NULL; core;
       core = core->next) {
    if (!sf_mapping_is_row(core, "core")) continue;
    for (const sf_mop *h = core->first_child; h; h = h->next) {
      const sf_op *op = sf_mapping_hosted(network, h);
      const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
      bool first = op && strcmp(sf_mop_find(h, SF_MOP_VALUE)->text,
                                op->results[0]->name) == 0;
      if (first && box) (*out)[op->order] += sf_box_elements(&box->box);
    }
  }
  return SF_OK;
}

static sf_result find_unhosted(const sf_network *network,
                               const sf_mapping *mapping, sf_arena *arena,
                               bool *found, sf_fact_violation *out) {
  size_t *hosted;
  SF_TRY(count_hosted(network, mapping, arena, &hosted));
  SF_FOREACH_OP(op, network) {
    if (!sf_flow_is_on_chip(op)) continue;
    const sf_value *value = op->results[0];
    if (mapping && hosted[op->order] == sf_type_elements(&value->type))
      continue;
    violate(out, found, op->loc,
            "not every neuron of population '%%%.200s' has a core%s",
            value->name, mapping ? "" : ", for there is no mapping");
    return SF_OK;
  }
  return SF_OK;
}

/* ---- Placed. ---- */

static void find_unplaced(const sf_mapping *mapping, bool *found,
                          sf_fact_violation *out) {
  static const char *const words[] = {"chip", "x", "y", "p"};
  for (const sf_mop *core = mapping->first; core; core = core->next) {
    if (!sf_mapping_is_row(core, "core")) continue;
    for (size_t i = 0; i < SF_COUNT_OF(words); i++) {
      if (sf_dict_find(&core->attrs, words[i])) continue;
      violate(out, found, core->loc, "core '@%.200s' has no '%s'",
              sf_mapping_name(core), words[i]);
      return;
    }
  }
}

/* ---- Routed. ---- */

/* Routes and hosts by number of the core: machines have 10^5 cores, a core
 * talks to few. */
typedef struct routes {
  const sf_network *network;
  sf_arena *arena;
  sf_mapping_cores cores;
  const sf_mop **rows; /* of the cores, by number */
  uint64_t pair_count;
  uint64_t *pairs;     /* from * core count + to, ascending */
  sf_host_tree *trees; /* of each op, by order; no nodes: not hosted */
  uint32_t target;     /* the core whose sources are looked for */
  uint32_t missing;    /* a source without route, + 1 */
} routes;

static uint64_t pair_of(const routes *r, uint32_t from, uint32_t to) {
  return (uint64_t)from * r->cores.count + to;
}

static int by_pair(const void *a, const void *b) {
  const uint64_t *p = a, *q = b;
  return (*p > *q) - (*p < *q);
}

static void add_pairs(routes *r, const sf_mop *route) {
  const char *source = sf_dict_text(&route->attrs, "from");
  const sf_item *ends = sf_dict_find(&route->attrs, "to");
  const sf_mapping_core *from =
      source ? sf_mapping_find_core(&r->cores, source) : NULL;
  for (uint32_t i = 0; from && ends && i < ends->count; i++) {
    const char *name = ends->items[i].text;
    const sf_mapping_core *to =
        name ? sf_mapping_find_core(&r->cores, name) : NULL;
    if (to) r->pairs[r->pair_count++] = pair_of(r, from->number, to->number);
  }
}

static sf_result read_routes(routes *r, const sf_mapping *mapping) {
  uint64_t most = 0;
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (!sf_mapping_is_row(m, "route")) continue;
    const sf_item *ends = sf_dict_find(&m->attrs, "to");
    most += ends ? ends->count : 0;
  }
  r->pairs = SF_NEW_ARRAY(r->arena, uint64_t, most + 1);
  if (!r->pairs) return SF_OOM;
  for (const sf_mop *m = mapping->first; m; m = m->next)
    if (sf_mapping_is_row(m, "route")) add_pairs(r, m);
  if (r->pair_count) qsort(r->pairs, r->pair_count, sizeof *r->pairs, by_pair);
  return SF_OK;
}

/* Calls for each host row of a population; counts, or fills the trees. */
static void each_host(const routes *r, sf_host_item **items, uint32_t *counts) {
  for (uint32_t c = 0; c < r->cores.count; c++) {
    for (const sf_mop *h = r->rows[c]->first_child; h; h = h->next) {
      const sf_op *op = sf_mapping_hosted(r->network, h);
      const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
      if (!op || !box) continue;
      if (items && items[op->order])
        items[op->order][counts[op->order]] =
            (sf_host_item){.box = box->box, .core = c};
      counts[op->order]++;
    }
  }
}

static sf_result index_hosts(routes *r) {
  uint32_t ops = sf_network_number((sf_network *)r->network);
  size_t size = ops + (size_t)1;
  uint32_t *counts = SF_NEW_ARRAY(r->arena, uint32_t, size);
  uint32_t *filled = SF_NEW_ARRAY(r->arena, uint32_t, size);
  sf_host_item **items = SF_NEW_ARRAY(r->arena, sf_host_item *, size);
  r->trees = SF_NEW_ARRAY(r->arena, sf_host_tree, size);
  if (!counts || !filled || !items || !r->trees) return SF_OOM;
  each_host(r, NULL, counts);
  for (uint32_t o = 0; o < ops; o++) {
    if (counts[o] == 0) continue;
    items[o] = SF_NEW_ARRAY(r->arena, sf_host_item, counts[o]);
    if (!items[o]) return SF_OOM;
  }
  each_host(r, items, filled);
  for (uint32_t o = 0; o < ops; o++)
    if (counts[o])
      SF_TRY(sf_host_tree_build(items[o], counts[o], r->arena, &r->trees[o]));
  return SF_OK;
}

static sf_result create_routes(routes *r, const sf_mapping *mapping) {
  SF_TRY(sf_mapping_cores_of(mapping, r->arena, &r->cores));
  r->rows = SF_NEW_ARRAY(r->arena, const sf_mop *, r->cores.count + (size_t)1);
  if (!r->rows) return SF_OOM;
  for (uint32_t i = 0; i < r->cores.count; i++)
    r->rows[r->cores.items[i].number] = r->cores.items[i].row;
  SF_TRY(read_routes(r, mapping));
  return index_hosts(r);
}

/* A core that holds a part of what the target reads. */
static sf_result need_route(void *data, uint32_t core) {
  routes *r = data;
  if (core == r->target || r->missing) return SF_OK;
  uint64_t pair = pair_of(r, core, r->target);
  if (!bsearch(&pair, r->pairs, r->pair_count, sizeof pair, by_pair))
    r->missing = core + 1;
  return SF_OK;
}

static sf_result check_sources(routes *r, sf_flow *flow, const sf_op *op,
                               const sf_box *box) {
  SF_TRY(sf_flow_trace(flow, op, box));
  for (uint32_t i = 0; i < flow->count && !r->missing; i++) {
    const sf_op *from = flow->hits[i].value->op;
    if (!from || !sf_flow_is_source(flow->hits[i].value)) continue;
    SF_TRY(sf_host_tree_find(&r->trees[from->order], &flow->hits[i].box,
                             need_route, r));
  }
  return SF_OK;
}

static sf_result find_unrouted(const sf_network *network,
                               const sf_mapping *mapping, sf_arena *arena,
                               bool *found, sf_fact_violation *out) {
  routes r = {.network = network, .arena = arena};
  SF_TRY(create_routes(&r, mapping));
  sf_flow flow = {.arena = arena};
  for (r.target = 0; r.target < r.cores.count; r.target++) {
    const sf_mop *row = r.rows[r.target];
    for (const sf_mop *h = row->first_child; h && !r.missing; h = h->next) {
      const sf_op *op = sf_mapping_hosted(network, h);
      const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
      if (!op || !box || !sf_flow_is_on_chip(op)) continue;
      SF_TRY(check_sources(&r, &flow, op, &box->box));
    }
    if (!r.missing) continue;
    violate(out, found, row->loc,
            "no route leads from core '@%.200s' to core '@%.200s'",
            sf_mapping_name(r.rows[r.missing - 1]), sf_mapping_name(row));
    return SF_OK;
  }
  return SF_OK;
}

sf_result sf_fact_mapping_find(const sf_module *module, sf_fact fact,
                               bool *found, sf_fact_violation *out) {
  *found = false;
  sf_arena *arena = sf_arena_create();
  sf_result result = arena ? SF_OK : SF_OOM;
  for (const sf_network *n = module->first_network;
       n && !*found && result == SF_OK; n = n->next) {
    const sf_mapping *mapping = sf_module_find_mapping(module, n);
    if (fact == SF_FACT_PARTITIONED)
      result = find_unhosted(n, mapping, arena, found, out);
    if (fact == SF_FACT_PLACED && mapping) find_unplaced(mapping, found, out);
    if (fact == SF_FACT_ROUTED && mapping)
      result = find_unrouted(n, mapping, arena, found, out);
  }
  sf_arena_destroy(arena);
  return result;
}
