/* module.c - the module: its lists, its names, what it owns. */
#include "sf/module.h"

#include "ir/module_private.h"
#include "ir/names.h"

#include <stdlib.h>
#include <string.h>

static bool start(sf_module *module, const char *name) {
  module->symbols = SF_NEW(module->arena, struct sf_symbols);
  module->name = sf_arena_text(module->arena, sf_slice_of(name ? name : "m"));
  if (!module->symbols || !module->name) return false;
  module->symbols->blobs.arena = module->arena;
  module->symbols->neurons.arena = module->arena;
  module->symbols->networks.arena = module->arena;
  return true;
}

sf_module *sf_module_create(const char *name) {
  sf_arena *arena = sf_arena_create();
  if (!arena) return NULL;
  sf_module *module = SF_NEW(arena, sf_module);
  if (!module) {
    sf_arena_destroy(arena);
    return NULL;
  }
  module->arena = arena;
  if (start(module, name)) return module;
  sf_module_destroy(module);
  return NULL;
}

void sf_module_destroy(sf_module *module) {
  if (!module) return;
  for (struct sf_owned *owned = module->owned; owned; owned = owned->next)
    owned->free_memory(owned->memory);
  sf_arena_destroy(module->arena); /* the module itself is in it */
}

sf_result sf_module_own(sf_module *module, void *memory,
                        void (*free_memory)(void *)) {
  struct sf_owned *owned = SF_NEW(module->arena, struct sf_owned);
  if (!owned) return SF_OOM;
  *owned = (struct sf_owned){memory, free_memory, module->owned};
  module->owned = owned;
  return SF_OK;
}

sf_blob *sf_module_find_blob(const sf_module *module, sf_slice name) {
  return sf_names_find(&module->symbols->blobs, name);
}

sf_neuron *sf_module_find_neuron(const sf_module *module, sf_slice name) {
  return sf_names_find(&module->symbols->neurons, name);
}

sf_network *sf_module_find_network(const sf_module *module, sf_slice name) {
  return sf_names_find(&module->symbols->networks, name);
}

void sf_neuron_erase(sf_neuron *neuron) {
  sf_module *module = neuron->module;
  if (neuron->prev)
    neuron->prev->next = neuron->next;
  else
    module->first_neuron = neuron->next;
  if (neuron->next)
    neuron->next->prev = neuron->prev;
  else
    module->last_neuron = neuron->prev;
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    sf_stmt_set_blob(&neuron->stmts[i], NULL);
  sf_names_remove(&module->symbols->neurons, neuron->name);
}

sf_log_entry *sf_module_add_log(sf_module *module, sf_exactness exactness,
                                int64_t lag, const char *text) {
  sf_log_entry *entry = SF_NEW(module->arena, sf_log_entry);
  char *copy = sf_arena_text(module->arena, sf_slice_of(text));
  if (!entry || !copy) return NULL;
  entry->exactness = exactness;
  entry->lag = lag;
  entry->text = copy;
  if (module->last_log)
    module->last_log->next = entry;
  else
    module->first_log = entry;
  module->last_log = entry;
  return entry;
}
