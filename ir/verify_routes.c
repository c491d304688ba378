/* verify_routes.c - cores and routes of a mapping: names, and a route for every
 * path between cores.
 *
 * A mapping may be partitioned and not yet routed; so paths are asked for only
 * where a route is present. A dense projection needs each of its source's cores
 * to reach each of its target's; windows and sparse edges need at least one. */
#include "ir/verify_mapping.h"

#include "ir/grow.h"

#include <string.h>

static bool is_keyword(const sf_mop *mop, const char *keyword) {
  return strcmp(mop->keyword, keyword) == 0;
}

static bool check_core_name(sf_verifier *v, const sf_mop *route,
                            const sf_names *cores, const char *core) {
  sf_slice name = sf_slice_of(core);
  if (sf_names_find(cores, name)) return true;
  sf_wrong(v, SF_DIAG_MAPPING, route->loc, "there is no core '@%s'", core);
  const char *nearest = sf_names_nearest(cores, name);
  if (nearest) sf_help(v->diag, "did you mean '@%s'?", nearest);
  return false;
}

static bool check_route(sf_verifier *v, const sf_mop *route,
                        const sf_names *cores) {
  const sf_item *from = sf_dict_find(&route->attrs, "from");
  const sf_item *to = sf_dict_find(&route->attrs, "to");
  if (!from || !to || to->count == 0)
    return sf_wrong(v, SF_DIAG_MAPPING, route->loc,
                    "a route needs 'from' and a 'to' that is not empty");
  bool fine = check_core_name(v, route, cores, from->text);
  for (uint32_t i = 0; i < to->count; i++)
    fine &= check_core_name(v, route, cores, to->items[i].text);
  return fine;
}

/* Cores have a name space, routes another. */
static bool check_unique(sf_verifier *v, const sf_mop *mop, sf_names *names) {
  const sf_mop_argument *name = sf_mop_find(mop, SF_MOP_SYMBOL);
  const sf_mop *first = sf_names_find(names, sf_slice_of(name->text));
  if (first) {
    sf_wrong(v, SF_DIAG_MAPPING, name->loc, "'@%s' is defined twice",
             name->text);
    sf_note(v->diag, first->loc, "first defined here");
    return false;
  }
  /* The map only reads it back as const. */
  if (sf_names_set(names, name->text, (void *)(uintptr_t)mop) != SF_OK)
    v->out_of_memory = true;
  return !v->out_of_memory;
}

bool sf_verify_cores(sf_verifier *v, const sf_mapping *mapping,
                     sf_names *cores) {
  bool fine = true;
  sf_names *routes = sf_names_create(v->scratch);
  v->out_of_memory |= !routes;
  if (!routes) return false;
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next) {
    if (is_keyword(mop, "core")) fine &= check_unique(v, mop, cores);
    if (is_keyword(mop, "route")) fine &= check_unique(v, mop, routes);
  }
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next)
    if (is_keyword(mop, "route")) fine &= check_route(v, mop, cores);
  return fine;
}

/* ---- Paths.
 * ------------------------------------------------------------------- */

/* The cores that host a value, by name, in text order. */
typedef struct core_list {
  const char **names;
  uint32_t count;
} core_list;

static core_list cores_of(sf_verifier *v, const sf_mapping *mapping,
                          const sf_value *value) {
  core_list list = {0};
  for (const sf_mop *core = mapping->first; core; core = core->next)
    for (const sf_mop *host = core->first_child; host; host = host->next) {
      const sf_mop_argument *name = sf_mop_find(host, SF_MOP_VALUE);
      if (!name || strcmp(name->text, value->name) != 0) continue;
      const char **grown =
          SF_GROW(v->scratch, const char *, list.names, list.count);
      v->out_of_memory |= !grown;
      if (!grown) return (core_list){0};
      list.names = grown;
      grown[list.count++] = sf_mop_find(core, SF_MOP_SYMBOL)->text;
      break; /* a core counts once */
    }
  return list;
}

static bool has_route(const sf_mapping *mapping, const char *from,
                      const char *to) {
  if (strcmp(from, to) == 0) return true;
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next) {
    if (!is_keyword(mop, "route")) continue;
    const char *source = sf_dict_text(&mop->attrs, "from");
    if (!source || strcmp(source, from) != 0) continue;
    const sf_item *list = sf_dict_find(&mop->attrs, "to");
    for (uint32_t i = 0; list && i < list->count; i++)
      if (strcmp(list->items[i].text, to) == 0) return true;
  }
  return false;
}

typedef struct path_check {
  sf_verifier *v;
  const sf_mapping *mapping;
  core_list targets;
  const sf_value *target;
} path_check;

static void missing(const path_check *c, const sf_value *source,
                    const char *from, const char *to) {
  if (from)
    sf_wrong(c->v, SF_DIAG_MAPPING, c->mapping->loc,
             "no route from '@%s' to '@%s', though '%%%s' feeds '%%%s'", from,
             to, source->name, c->target->name);
  else
    sf_wrong(c->v, SF_DIAG_MAPPING, c->mapping->loc,
             "no route from a core of '%%%s' to '@%s', which hosts '%%%s'",
             source->name, to, c->target->name);
}

/* Reports one missing route for a pair of populations. */
static void check_pair(const path_check *c, const sf_value *source,
                       bool dense) {
  core_list sources = cores_of(c->v, c->mapping, source);
  for (uint32_t t = 0; sources.count && t < c->targets.count; t++) {
    bool any = false;
    for (uint32_t s = 0; s < sources.count; s++) {
      bool found = has_route(c->mapping, sources.names[s], c->targets.names[t]);
      any |= found;
      if (found || !dense) continue;
      missing(c, source, sources.names[s], c->targets.names[t]);
      return;
    }
    if (any) continue;
    missing(c, source, NULL, c->targets.names[t]);
    return;
  }
}

/* Values still to look at, on the way back from a population. `dense`: every
 * element of the target reads every element. */
typedef struct waiting {
  const sf_value *value;
  bool dense;
} waiting;

typedef struct walk {
  waiting *stack;
  uint32_t depth;
  uint8_t *seen; /* by order of the op; a sum may name a value twice */
} walk;

static bool push(const path_check *c, walk *w, const sf_value *value,
                 bool dense) {
  waiting *grown = SF_GROW(c->v->scratch, waiting, w->stack, w->depth);
  c->v->out_of_memory |= !grown;
  if (!grown) return false;
  w->stack = grown;
  grown[w->depth++] = (waiting){value, dense};
  return true;
}

/* One value: a population ends the way back, other ops lead on. */
static bool step_back(const path_check *c, walk *w, waiting at) {
  const sf_op *op = at.value->op;
  if (!op) return true; /* inputs come from outside */
  if (op->kind == SF_OP_NEURONS) {
    check_pair(c, at.value, at.dense);
    return true;
  }
  if (w->seen[op->order]) return true;
  w->seen[op->order] = 1;
  bool dense =
      at.dense || (op->kind == SF_OP_LINEAR && at.value->type.rank == 1);
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (op->operands[i].value && !push(c, w, op->operands[i].value, dense))
      return false;
  return true;
}

static void check_population(const path_check *c, const sf_op *op,
                             uint32_t ops) {
  walk w = {.seen = SF_NEW_ARRAY(c->v->scratch, uint8_t, ops)};
  c->v->out_of_memory |= !w.seen;
  if (!w.seen) return;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!push(c, &w, op->operands[i].value, false)) return;
  while (w.depth > 0)
    if (!step_back(c, &w, w.stack[--w.depth])) return;
}

static bool any_route(const sf_mapping *mapping) {
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next)
    if (is_keyword(mop, "route")) return true;
  return false;
}

void sf_verify_routes(sf_verifier *v, const sf_mapping *mapping,
                      const sf_network *network) {
  if (!any_route(mapping)) return;
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS || op->result_count == 0) continue;
    path_check c = {.v = v, .mapping = mapping, .target = op->results[0]};
    c.targets = cores_of(v, mapping, c.target);
    if (c.targets.count) check_population(&c, op, network->op_count);
  }
}
