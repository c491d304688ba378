/* fact_mapping.c - do the facts about a mapping hold: every population hosted,
 * every core placed, every pair of cores that talk joined by a route? */
#include "passes/manager/manager.h"
#include "passes/mapping/flow.h"

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

static bool is_keyword(const sf_mop *mop, const char *word) {
  return strcmp(mop->keyword, word) == 0;
}

static const char *symbol_of(const sf_mop *mop) {
  const sf_mop_argument *name = sf_mop_find(mop, SF_MOP_SYMBOL);
  return name ? name->text : "";
}

/* Elements of `population` that cores host; whether the boxes overlap is the
 * verifier's question. */
static size_t hosted_elements(const sf_mapping *mapping,
                              const sf_value *value) {
  size_t elements = 0;
  for (const sf_mop *core = mapping->first; core; core = core->next) {
    if (!is_keyword(core, "core")) continue;
    for (const sf_mop *h = core->first_child; h; h = h->next) {
      const sf_mop_argument *name = sf_mop_find(h, SF_MOP_VALUE);
      const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
      if (!name || !box || strcmp(name->text, value->name) != 0) continue;
      elements += sf_box_elements(&box->box);
    }
  }
  return elements;
}

static void find_unhosted(const sf_network *network, const sf_mapping *mapping,
                          bool *found, sf_fact_violation *out) {
  SF_FOREACH_OP(op, network) {
    if (!sf_flow_is_on_chip(op)) continue;
    const sf_value *value = op->results[0];
    if (mapping &&
        hosted_elements(mapping, value) == sf_type_elements(&value->type)) {
      continue;
    }
    violate(out, found, op->loc,
            "not every neuron of population '%%%.200s' has a core%s",
            value->name, mapping ? "" : ", for there is no mapping");
    return;
  }
}

static void find_unplaced(const sf_mapping *mapping, bool *found,
                          sf_fact_violation *out) {
  static const char *const words[] = {"chip", "x", "y", "p"};
  for (const sf_mop *core = mapping->first; core; core = core->next) {
    if (!is_keyword(core, "core")) continue;
    for (size_t i = 0; i < SF_COUNT_OF(words); i++) {
      if (sf_dict_find(&core->attrs, words[i])) continue;
      violate(out, found, core->loc, "core '@%.200s' has no '%s'",
              symbol_of(core), words[i]);
      return;
    }
  }
}

static bool route_joins(const sf_mapping *mapping, const char *from,
                        const char *to) {
  for (const sf_mop *r = mapping->first; r; r = r->next) {
    if (!is_keyword(r, "route")) continue;
    const char *source = sf_dict_text(&r->attrs, "from");
    const sf_item *ends = sf_dict_find(&r->attrs, "to");
    if (!source || !ends || strcmp(source, from) != 0) continue;
    for (uint32_t i = 0; i < ends->count; i++)
      if (ends->items[i].text && strcmp(ends->items[i].text, to) == 0)
        return true;
  }
  return false;
}

/* Cores that host a part of `hit` and have no route to `core`. */
static void find_missing_route(const sf_mapping *mapping,
                               const sf_flow_hit *hit, const sf_mop *core,
                               bool *found, sf_fact_violation *out) {
  for (const sf_mop *c = mapping->first; c && !*found; c = c->next) {
    if (!is_keyword(c, "core") || c == core) continue;
    for (const sf_mop *h = c->first_child; h && !*found; h = h->next) {
      const sf_mop_argument *name = sf_mop_find(h, SF_MOP_VALUE);
      const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
      sf_box common;
      if (!name || !box || strcmp(name->text, hit->value->name) != 0 ||
          !sf_box_intersect(&box->box, &hit->box, &common) ||
          route_joins(mapping, symbol_of(c), symbol_of(core))) {
        continue;
      }
      violate(out, found, core->loc,
              "no route leads from core '@%.200s' to core '@%.200s'",
              symbol_of(c), symbol_of(core));
    }
  }
}

static sf_result find_unrouted(const sf_network *network,
                               const sf_mapping *mapping, sf_arena *arena,
                               bool *found, sf_fact_violation *out) {
  sf_flow flow = {.arena = arena};
  for (const sf_mop *core = mapping->first; core; core = core->next) {
    if (!is_keyword(core, "core")) continue;
    for (const sf_mop *h = core->first_child; h; h = h->next) {
      const sf_mop_argument *name = sf_mop_find(h, SF_MOP_VALUE);
      const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
      if (!name || !box) continue;
      const sf_value *value = sf_network_find_value(
          network, (sf_slice){name->text, strlen(name->text)});
      if (!value || !value->op || !sf_flow_is_on_chip(value->op)) continue;
      SF_TRY(sf_flow_trace(&flow, value->op, &box->box));
      for (uint32_t i = 0; i < flow.count && !*found; i++)
        find_missing_route(mapping, &flow.hits[i], core, found, out);
      if (*found) return SF_OK;
    }
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
    if (fact == SF_FACT_PARTITIONED) find_unhosted(n, mapping, found, out);
    if (fact == SF_FACT_PLACED && mapping) find_unplaced(mapping, found, out);
    if (fact == SF_FACT_ROUTED && mapping)
      result = find_unrouted(n, mapping, arena, found, out);
  }
  sf_arena_destroy(arena);
  return result;
}
