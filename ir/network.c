/* network.c - networks: arguments, returns, order. */
#include "sf/module.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "ir/network_private.h"
#include "ir/use.h"

#include <math.h>

sf_network *sf_network_create(sf_module *module, const char *name, sf_loc loc) {
  sf_network *network = SF_NEW(module->arena, sf_network);
  if (!network) return NULL;
  network->module = module;
  network->name = sf_names_unique(&module->symbols->networks,
                                  name && *name ? name : "main");
  network->names = sf_names_create(module->arena);
  if (!network->name || !network->names ||
      sf_names_set(&module->symbols->networks, network->name, network))
    return NULL;
  network->steps = network->period = -1;
  network->dt = (double)NAN;
  network->loc = loc;
  network->prev = module->last_network;
  if (module->last_network)
    module->last_network->next = network;
  else
    module->first_network = network;
  module->last_network = network;
  return network;
}

sf_value *sf_value_create(sf_network *network, const char *name,
                          const sf_type *type) {
  sf_value *value = SF_NEW(network->module->arena, sf_value);
  if (!value) return NULL;
  value->name = sf_names_unique(network->names, name && *name ? name : "v");
  if (!value->name || sf_names_set(network->names, value->name, value))
    return NULL;
  value->type = *type;
  value->network = network;
  return value;
}

sf_value *sf_network_add_argument(sf_network *network, const char *name,
                                  const sf_type *type) {
  sf_value *value = sf_value_create(network, name, type);
  sf_value **grown = SF_GROW(network->module->arena, sf_value *,
                             network->arguments, network->argument_count);
  if (!value || !grown) return NULL;
  network->arguments = grown;
  value->index = network->argument_count;
  grown[network->argument_count++] = value;
  return value;
}

sf_result sf_network_set_returns(sf_network *network, uint32_t count,
                                 sf_value *const *values) {
  sf_arena *arena = network->module->arena;
  sf_use *returns = SF_NEW_ARRAY(arena, sf_use, count ? count : 1);
  sf_type *types = SF_NEW_ARRAY(arena, sf_type, count ? count : 1);
  if (!returns || !types) return SF_OOM;
  for (uint32_t i = 0; i < network->return_count; i++)
    sf_use_set(&network->returns[i], NULL, NULL);
  for (uint32_t i = 0; i < count; i++) {
    returns[i].index = i;
    sf_use_set(&returns[i], values[i], NULL);
    types[i] = values[i]->type;
  }
  network->returns = returns;
  network->return_types = types;
  network->return_count = count;
  return SF_OK;
}

sf_result sf_value_rename(sf_value *value, const char *name) {
  struct sf_names *names = value->network->names;
  sf_names_remove(names, value->name);
  value->name = sf_names_unique(names, name);
  if (!value->name) return SF_OOM;
  return sf_names_set(names, value->name, value);
}

sf_value *sf_network_find_value(const sf_network *network, sf_slice name) {
  return sf_names_find(network->names, name);
}

uint32_t sf_network_number(sf_network *network) {
  uint32_t order = 0;
  SF_FOREACH_OP(op, network)
    op->order = order++;
  return order;
}
