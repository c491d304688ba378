/* clone.c - a deep copy of a module. */
#include "sf/module.h"

#include "ir/copy.h"
#include "ir/names.h"

#include <string.h>

static sf_blob *same_blob(sf_module *to, const sf_blob *blob) {
  return blob ? sf_module_find_blob(to, sf_slice_of(blob->name)) : NULL;
}

static sf_result clone_dict(sf_arena *arena, const sf_dict *from, sf_dict *to) {
  for (uint32_t i = 0; i < from->count; i++) {
    const sf_entry *entry = &from->entries[i];
    SF_TRY(sf_dict_set(arena, to, entry->name, &entry->item));
    SF_TRY(sf_loc_copy(arena, entry->loc, &to->entries[to->count - 1].loc));
  }
  return SF_OK;
}

static sf_result clone_attr(const sf_attr *attr, sf_op *to) {
  switch (attr->kind) {
  case SF_KIND_NUMBER:
    return sf_op_set_number(to, attr->id, attr->f);
  case SF_KIND_INTS:
    return sf_op_set_ints(to, attr->id, attr->count, attr->ints);
  case SF_KIND_BLOB:
    return sf_op_set_blob(to, attr->id,
                          same_blob(to->network->module, attr->blob));
  case SF_KIND_TEXT:
    return sf_op_set_text(to, attr->id, attr->text);
  default:
    return sf_op_set_int(to, attr->id, attr->i);
  }
}

static sf_result clone_arguments(const sf_op *from, sf_op *to) {
  sf_module *module = to->network->module;
  if (!from->neuron) return SF_OK;
  SF_TRY(sf_op_set_neuron(
      to, sf_module_find_neuron(module, sf_slice_of(from->neuron->name))));
  for (uint32_t i = 0; i < from->neuron->param_count; i++) {
    const sf_argument *argument = &from->arguments[i];
    if (argument->kind == SF_ARGUMENT_NUMBER)
      sf_argument_set_number(&to->arguments[i], argument->number);
    else if (argument->kind == SF_ARGUMENT_BLOB)
      sf_argument_set_blob(&to->arguments[i],
                           same_blob(module, argument->blob));
    SF_TRY(sf_loc_copy(module->arena, argument->loc, &to->arguments[i].loc));
  }
  return SF_OK;
}

static sf_result clone_op(const sf_op *from, sf_network *network) {
  sf_loc loc;
  SF_TRY(sf_loc_copy(network->module->arena, from->loc, &loc));
  sf_op *op = sf_op_create(network, NULL, from->kind, from->operand_count, loc);
  if (!op) return SF_OOM;
  op->mode = from->mode;
  SF_TRY(clone_arguments(from, op));
  for (uint32_t i = 0; i < from->attr_count; i++)
    SF_TRY(clone_attr(&from->attrs[i], op));
  for (uint32_t i = 0; i < from->result_count; i++) {
    const sf_value *old = from->results[i];
    sf_value *value = sf_op_add_result(op, old->name, &old->type);
    if (!value) return SF_OOM;
    SF_TRY(sf_loc_copy(network->module->arena, old->loc, &value->loc));
  }
  return SF_OK;
}

static sf_value *same_value(const sf_network *to, const sf_value *value) {
  return value ? sf_network_find_value(to, sf_slice_of(value->name)) : NULL;
}

/* Operands come last: a delay may name a value of a later op. */
static sf_result clone_uses(const sf_network *from, sf_network *to) {
  sf_op *copy = to->first;
  for (const sf_op *op = from->first; op; op = op->next, copy = copy->next)
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_use *use = &op->operands[i];
      if (use->value)
        sf_op_set_operand(copy, i, same_value(to, use->value));
      else if (use->blob)
        sf_op_set_operand_blob(copy, i, same_blob(to->module, use->blob));
      SF_TRY(sf_loc_copy(to->module->arena, use->loc, &copy->operands[i].loc));
    }
  sf_arena *scratch = sf_arena_create();
  sf_value **values =
      scratch ? SF_NEW_ARRAY(scratch, sf_value *,
                             from->return_count ? from->return_count : 1)
              : NULL;
  for (uint32_t i = 0; values && i < from->return_count; i++)
    values[i] = same_value(to, from->returns[i].value);
  sf_result result =
      values ? sf_network_set_returns(to, from->return_count, values) : SF_OOM;
  sf_arena_destroy(scratch);
  return result;
}

static sf_result clone_network(const sf_network *from, sf_module *module) {
  sf_loc loc;
  SF_TRY(sf_loc_copy(module->arena, from->loc, &loc));
  sf_network *network = sf_network_create(module, from->name, loc);
  if (!network) return SF_OOM;
  network->steps = from->steps;
  network->dt = from->dt;
  network->lag = from->lag;
  network->period = from->period;
  for (uint32_t i = 0; i < from->argument_count; i++) {
    const sf_value *old = from->arguments[i];
    sf_value *value = sf_network_add_argument(network, old->name, &old->type);
    if (!value) return SF_OOM;
    SF_TRY(sf_loc_copy(module->arena, old->loc, &value->loc));
  }
  SF_FOREACH_OP(op, from)
    SF_TRY(clone_op(op, network));
  SF_TRY(clone_uses(from, network));
  for (uint32_t i = 0; i < from->return_count; i++) {
    network->return_types[i] = from->return_types[i];
    SF_TRY(sf_loc_copy(module->arena, from->returns[i].loc,
                       &network->returns[i].loc));
  }
  return SF_OK;
}

static sf_result clone_argument(const sf_mop_argument *from, sf_mapping *m,
                                sf_mop *to) {
  int64_t numbers[16] = {0}; /* the parser's bound; builders keep to it */
  uint32_t count = from->count < 16 ? from->count : 16;
  for (uint32_t i = 0; i < count; i++)
    numbers[i] = from->numbers[i].i;
  switch (from->kind) {
  case SF_MOP_SYMBOL:
    return sf_mop_add_symbol(m, to, from->text);
  case SF_MOP_VALUE:
    return sf_mop_add_value(m, to, from->text);
  case SF_MOP_BOX:
    return sf_mop_add_box(m, to, &from->box);
  case SF_MOP_TUPLE:
    return sf_mop_add_tuple(m, to, count, numbers);
  default:
    return sf_mop_add_number(m, to, numbers[0]);
  }
}

static sf_result clone_mop(const sf_mop *from, sf_mapping *m, sf_mop *parent,
                           sf_mop **out) {
  sf_mop *mop = sf_mop_create(m, parent, from->keyword);
  if (!mop) return SF_OOM;
  SF_TRY(sf_loc_copy(m->module->arena, from->loc, &mop->loc));
  for (uint32_t i = 0; i < from->argument_count; i++) {
    SF_TRY(clone_argument(&from->arguments[i], m, mop));
    mop->arguments[i].loc = mop->loc;
  }
  *out = mop;
  return clone_dict(m->module->arena, &from->attrs, &mop->attrs);
}

static sf_result clone_mapping(const sf_mapping *from, sf_module *module) {
  sf_loc loc;
  SF_TRY(sf_loc_copy(module->arena, from->loc, &loc));
  sf_mapping *m = sf_mapping_create(module, from->network, from->machine, loc);
  if (!m) return SF_OOM;
  SF_TRY(clone_dict(module->arena, &from->attrs, &m->attrs));
  for (const sf_mop *mop = from->first; mop; mop = mop->next) {
    sf_mop *outer, *unused;
    SF_TRY(clone_mop(mop, m, NULL, &outer));
    for (const sf_mop *inner = mop->first_child; inner; inner = inner->next)
      SF_TRY(clone_mop(inner, m, outer, &unused));
  }
  return SF_OK;
}

static sf_result clone_log(const sf_module *from, sf_module *to) {
  for (const sf_log_entry *e = from->first_log; e; e = e->next) {
    sf_log_entry *copy = sf_module_add_log(to, e->exactness, e->lag, e->text);
    if (!copy) return SF_OOM;
    SF_TRY(clone_dict(to->arena, &e->attrs, &copy->attrs));
    SF_TRY(sf_loc_copy(to->arena, e->loc, &copy->loc));
  }
  return SF_OK;
}

static sf_result clone_all(const sf_module *from, sf_module *to) {
  if (from->directory) {
    to->directory = sf_arena_text(to->arena, sf_slice_of(from->directory));
    if (!to->directory) return SF_OOM;
  }
  SF_TRY(sf_loc_copy(to->arena, from->loc, &to->loc));
  SF_TRY(clone_dict(to->arena, &from->attrs, &to->attrs));
  for (const sf_blob *b = from->first_blob; b; b = b->next)
    if (!sf_blob_copy(to, b)) return SF_OOM;
  for (const sf_neuron *n = from->first_neuron; n; n = n->next)
    if (!sf_neuron_copy(to, n)) return SF_OOM;
  for (const sf_network *n = from->first_network; n; n = n->next)
    SF_TRY(clone_network(n, to));
  for (const sf_mapping *m = from->first_mapping; m; m = m->next)
    SF_TRY(clone_mapping(m, to));
  return clone_log(from, to);
}

sf_result sf_module_clone(const sf_module *module, sf_module **out) {
  *out = NULL;
  sf_module *copy = sf_module_create(module->name);
  if (!copy) return SF_OOM;
  sf_result result = clone_all(module, copy);
  if (result == SF_OK)
    *out = copy;
  else
    sf_module_destroy(copy);
  return result;
}
