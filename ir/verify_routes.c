/* verify_routes.c - is there a route for every path between cores?
 *
 * A mapping may be partitioned and not yet routed; so paths are asked for only
 * where a route is present. A dense projection needs each of its source's cores
 * to reach each of its target's; windows and sparse edges need at least one;
 * slices may need none.
 * Cores are numbered and routes sorted: machines have 10^5 of each. */
#include "ir/verify_mapping.h"

#include "ir/grow.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of the cores that host a value, ascending. */
typedef struct core_list {
  uint32_t *cores;
  uint32_t count;
} core_list;

typedef struct route_map {
  sf_verifier *v;
  const sf_mapping *mapping;
  sf_names *numbers;  /* core -> uint32_t */
  const char **names; /* by number */
  uint32_t core_count;
  sf_names *hosts; /* value -> core_list */
  uint64_t *pairs; /* from * core_count + to, sorted */
  uint32_t pair_count;
  uint32_t *marks; /* of each core: the last pair of populations whose source
                      reaches it */
  uint32_t mark;
} route_map;

static bool is_keyword(const sf_mop *mop, const char *keyword) {
  return strcmp(mop->keyword, keyword) == 0;
}

static sf_result number_core(route_map *map, const sf_mop *core) {
  const char *name = sf_mop_find(core, SF_MOP_SYMBOL)->text;
  const char **names =
      SF_GROW(map->v->scratch, const char *, map->names, map->core_count);
  uint32_t *number = SF_NEW(map->v->scratch, uint32_t);
  if (!names || !number) return SF_OOM;
  map->names = names;
  *number = map->core_count;
  names[map->core_count++] = name;
  return sf_names_set(map->numbers, name, number);
}

static sf_result add_host(route_map *map, const char *value, uint32_t core) {
  core_list *list = sf_names_find(map->hosts, sf_slice_of(value));
  if (!list) {
    list = SF_NEW(map->v->scratch, core_list);
    if (!list) return SF_OOM;
    SF_TRY(sf_names_set(map->hosts, value, list));
  }
  if (list->count && list->cores[list->count - 1] == core) return SF_OK;
  uint32_t *grown =
      SF_GROW(map->v->scratch, uint32_t, list->cores, list->count);
  if (!grown) return SF_OOM;
  list->cores = grown;
  grown[list->count++] = core;
  return SF_OK;
}

static uint64_t number_of(const route_map *map, const char *core) {
  return *(const uint32_t *)sf_names_find(map->numbers, sf_slice_of(core));
}

static sf_result add_pairs(route_map *map, const sf_mop *route) {
  const sf_item *to = sf_dict_find(&route->attrs, "to");
  uint64_t from = number_of(map, sf_dict_text(&route->attrs, "from"));
  for (uint32_t i = 0; i < to->count; i++) {
    uint64_t *grown =
        SF_GROW(map->v->scratch, uint64_t, map->pairs, map->pair_count);
    if (!grown) return SF_OOM;
    map->pairs = grown;
    grown[map->pair_count++] =
        from * map->core_count + number_of(map, to->items[i].text);
  }
  return SF_OK;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static sf_result build(route_map *map) {
  map->numbers = sf_names_create(map->v->scratch);
  map->hosts = sf_names_create(map->v->scratch);
  if (!map->numbers || !map->hosts) return SF_OOM;
  for (const sf_mop *core = map->mapping->first; core; core = core->next) {
    if (!is_keyword(core, "core")) continue;
    SF_TRY(number_core(map, core));
    for (const sf_mop *host = core->first_child; host; host = host->next)
      SF_TRY(add_host(map, sf_mop_find(host, SF_MOP_VALUE)->text,
                      map->core_count - 1));
  }
  for (const sf_mop *mop = map->mapping->first; mop; mop = mop->next)
    if (is_keyword(mop, "route")) SF_TRY(add_pairs(map, mop));
  if (map->pair_count)
    qsort(map->pairs, map->pair_count, sizeof *map->pairs, by_value);
  map->marks =
      SF_NEW_ARRAY(map->v->scratch, uint32_t, map->core_count + (size_t)1);
  return map->marks ? SF_OK : SF_OOM;
}

static bool has_route(const route_map *map, uint32_t from, uint32_t to) {
  if (from == to) return true;
  uint64_t key = (uint64_t)from * map->core_count + to;
  return bsearch(&key, map->pairs, map->pair_count, sizeof key, by_value);
}

/* ---- Pairs of populations. ---- */

static void missing(const route_map *map, const sf_value *source,
                    const sf_value *target, const char *from, const char *to) {
  if (from)
    sf_wrong(map->v, SF_DIAG_MAPPING, map->mapping->loc,
             "no route from '@%s' to '@%s', though '%%%s' feeds '%%%s'", from,
             to, source->name, target->name);
  else
    sf_wrong(map->v, SF_DIAG_MAPPING, map->mapping->loc,
             "no route from a core of '%%%s' to '@%s', which hosts '%%%s'",
             source->name, to, target->name);
}

/* Every core of the source reaches every core of the target. */
static void check_dense(const route_map *map, const sf_value *source,
                        const sf_value *target, const core_list *from,
                        const core_list *to) {
  for (uint32_t t = 0; t < to->count; t++) {
    for (uint32_t s = 0; s < from->count; s++) {
      if (has_route(map, from->cores[s], to->cores[t])) continue;
      missing(map, source, target, map->names[from->cores[s]],
              map->names[to->cores[t]]);
      return;
    }
  }
}

/* The first route of a core, in map->pairs. */
static uint32_t first_route(const route_map *map, uint32_t from) {
  uint64_t key = (uint64_t)from * map->core_count;
  uint32_t low = 0, high = map->pair_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (map->pairs[middle] < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Some core of the source reaches each core of the target: the routes of the
 * source are marked once, which is what they take, not cores by cores. */
static void check_some(route_map *map, const sf_value *source,
                       const sf_value *target, const core_list *from,
                       const core_list *to) {
  uint32_t mark = ++map->mark;
  for (uint32_t s = 0; s < from->count; s++) {
    uint64_t begin = (uint64_t)from->cores[s] * map->core_count;
    map->marks[from->cores[s]] = mark; /* itself */
    for (uint32_t i = first_route(map, from->cores[s]);
         i < map->pair_count && map->pairs[i] - begin < map->core_count; i++)
      map->marks[map->pairs[i] - begin] = mark;
  }
  for (uint32_t t = 0; t < to->count; t++) {
    if (map->marks[to->cores[t]] == mark) continue;
    missing(map, source, target, NULL, map->names[to->cores[t]]);
    return;
  }
}

/* Reports one missing route for a pair of populations. */
static void check_pair(route_map *map, const sf_value *source,
                       const sf_value *target, bool dense) {
  const core_list *from = sf_names_find(map->hosts, sf_slice_of(source->name));
  const core_list *to = sf_names_find(map->hosts, sf_slice_of(target->name));
  if (!from || !to || !map->names) return;
  if (dense)
    check_dense(map, source, target, from, to);
  else
    check_some(map, source, target, from, to);
}

/* Values still to look at, on the way back from a population. `dense`: every
 * element of the target reads every element. */
typedef struct waiting {
  const sf_value *value;
  bool dense;
} waiting;

typedef struct walk {
  route_map *map;
  const sf_value *target;
  waiting *stack;
  uint32_t depth;
  uint8_t *seen; /* by order of the op; a sum may name a value twice */
} walk;

static bool push(walk *w, const sf_value *value, bool dense) {
  sf_verifier *v = w->map->v;
  waiting *grown = SF_GROW(v->scratch, waiting, w->stack, w->depth);
  v->out_of_memory |= !grown;
  if (!grown) return false;
  w->stack = grown;
  grown[w->depth++] = (waiting){value, dense};
  return true;
}

/* One value: a population ends the way back, other ops lead on. */
static bool step_back(walk *w, waiting at) {
  const sf_op *op = at.value->op;
  if (!op) return true; /* inputs come from outside */
  if (op->kind == SF_OP_NEURONS) {
    check_pair(w->map, at.value, w->target, at.dense);
    return true;
  }
  /* It may cut all of a population off: the fact `routed` knows by boxes. */
  if (op->kind == SF_OP_SLICE) return true;
  if (w->seen[op->order]) return true;
  w->seen[op->order] = 1;
  bool dense =
      at.dense || (op->kind == SF_OP_LINEAR && at.value->type.rank == 1);
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (op->operands[i].value && !push(w, op->operands[i].value, dense))
      return false;
  return true;
}

static void check_population(route_map *map, const sf_op *op) {
  walk w = {.map = map, .target = op->results[0]};
  if (!sf_names_find(map->hosts, sf_slice_of(w.target->name))) return;
  w.seen = SF_NEW_ARRAY(map->v->scratch, uint8_t, op->network->op_count);
  map->v->out_of_memory |= !w.seen;
  if (!w.seen) return;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!push(&w, op->operands[i].value, false)) return;
  while (w.depth > 0)
    if (!step_back(&w, w.stack[--w.depth])) return;
}

static bool any_route(const sf_mapping *mapping) {
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next)
    if (is_keyword(mop, "route")) return true;
  return false;
}

void sf_verify_routes(sf_verifier *v, const sf_mapping *mapping,
                      const sf_network *network) {
  if (!any_route(mapping)) return;
  route_map map = {.v = v, .mapping = mapping};
  if (build(&map) != SF_OK) {
    v->out_of_memory = true;
    return;
  }
  SF_FOREACH_OP(op, network) {
    if (op->kind == SF_OP_NEURONS && op->result_count)
      check_population(&map, op);
  }
}
