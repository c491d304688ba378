/* mapping.c - the mapping block as a tree of statements. docs/ir.md 8. */
#include "sf/module.h"

#include "ir/grow.h"
#include "ir/names.h"

sf_mapping *sf_mapping_create(sf_module *module, const char *network,
                              const char *machine, sf_loc loc) {
  sf_mapping *mapping = SF_NEW(module->arena, sf_mapping);
  if (!mapping) return NULL;
  mapping->network = sf_arena_text(module->arena, sf_slice_of(network));
  mapping->machine = sf_arena_text(module->arena, sf_slice_of(machine));
  if (!mapping->network || !mapping->machine) return NULL;
  mapping->module = module;
  mapping->loc = loc;
  mapping->prev = module->last_mapping;
  if (module->last_mapping)
    module->last_mapping->next = mapping;
  else
    module->first_mapping = mapping;
  module->last_mapping = mapping;
  return mapping;
}

void sf_mapping_erase(sf_mapping *mapping) {
  sf_module *module = mapping->module;
  if (mapping->prev)
    mapping->prev->next = mapping->next;
  else
    module->first_mapping = mapping->next;
  if (mapping->next)
    mapping->next->prev = mapping->prev;
  else
    module->last_mapping = mapping->prev;
}

sf_network *sf_mapping_network(const sf_mapping *mapping) {
  return sf_module_find_network(mapping->module, sf_slice_of(mapping->network));
}

sf_mapping *sf_module_find_mapping(const sf_module *module,
                                   const sf_network *network) {
  for (sf_mapping *m = module->first_mapping; m; m = m->next)
    if (sf_mapping_network(m) == network) return m;
  return NULL;
}

sf_mop *sf_mop_create(sf_mapping *mapping, sf_mop *parent,
                      const char *keyword) {
  sf_mop *mop = SF_NEW(mapping->module->arena, sf_mop);
  if (!mop) return NULL;
  mop->keyword = sf_arena_text(mapping->module->arena, sf_slice_of(keyword));
  if (!mop->keyword) return NULL;
  mop->loc = mapping->loc;
  sf_mop **first = parent ? &parent->first_child : &mapping->first;
  sf_mop **last = parent ? &parent->last_child : &mapping->last;
  if (*last)
    (*last)->next = mop;
  else
    *first = mop;
  *last = mop;
  if (!parent) mapping->count++;
  return mop;
}

static sf_mop_argument *add_argument(sf_mapping *m, sf_mop *mop,
                                     sf_mop_argument_kind kind) {
  sf_mop_argument *grown = SF_GROW(m->module->arena, sf_mop_argument,
                                   mop->arguments, mop->argument_count);
  if (!grown) return NULL;
  mop->arguments = grown;
  sf_mop_argument *argument = &grown[mop->argument_count++];
  *argument = (sf_mop_argument){.kind = kind, .loc = mop->loc};
  return argument;
}

static sf_result add_text(sf_mapping *m, sf_mop *mop, sf_mop_argument_kind kind,
                          const char *text) {
  char *copy = sf_arena_text(m->module->arena, sf_slice_of(text));
  sf_mop_argument *argument = copy ? add_argument(m, mop, kind) : NULL;
  if (!argument) return SF_OOM;
  argument->text = copy;
  return SF_OK;
}

sf_result sf_mop_add_symbol(sf_mapping *m, sf_mop *mop, const char *symbol) {
  return add_text(m, mop, SF_MOP_SYMBOL, symbol);
}

sf_result sf_mop_add_value(sf_mapping *m, sf_mop *mop, const char *value) {
  return add_text(m, mop, SF_MOP_VALUE, value);
}

sf_result sf_mop_add_box(sf_mapping *m, sf_mop *mop, const sf_box *box) {
  sf_mop_argument *argument = add_argument(m, mop, SF_MOP_BOX);
  if (!argument) return SF_OOM;
  argument->box = *box;
  return SF_OK;
}

static sf_result add_numbers(sf_mapping *m, sf_mop *mop,
                             sf_mop_argument_kind kind, uint32_t count,
                             const int64_t *numbers) {
  sf_number *copy =
      SF_NEW_ARRAY(m->module->arena, sf_number, count ? count : 1);
  sf_mop_argument *argument = copy ? add_argument(m, mop, kind) : NULL;
  if (!argument) return SF_OOM;
  for (uint32_t i = 0; i < count; i++)
    copy[i] = sf_number_int(numbers[i]);
  argument->count = count;
  argument->numbers = copy;
  return SF_OK;
}

sf_result sf_mop_add_tuple(sf_mapping *m, sf_mop *mop, uint32_t count,
                           const int64_t *numbers) {
  return add_numbers(m, mop, SF_MOP_TUPLE, count, numbers);
}

sf_result sf_mop_add_number(sf_mapping *m, sf_mop *mop, int64_t number) {
  return add_numbers(m, mop, SF_MOP_NUMBER, 1, &number);
}

const sf_mop_argument *sf_mop_find(const sf_mop *mop,
                                   sf_mop_argument_kind kind) {
  for (uint32_t i = 0; i < mop->argument_count; i++)
    if (mop->arguments[i].kind == kind) return &mop->arguments[i];
  return NULL;
}
