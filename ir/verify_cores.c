/* verify_cores.c - names of cores and routes in a mapping. */
#include "ir/verify_mapping.h"

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
