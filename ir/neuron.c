/* neuron.c - building neuron functions, in the order of the text. */
#include "sf/module.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "ir/use.h"

sf_neuron *sf_neuron_create(sf_module *module, const char *name, sf_loc loc) {
  sf_neuron *neuron = SF_NEW(module->arena, sf_neuron);
  if (!neuron) return NULL;
  neuron->module = module;
  neuron->name = sf_names_unique(&module->symbols->neurons,
                                 name && *name ? name : "neuron");
  neuron->names = sf_names_create(module->arena);
  if (!neuron->name || !neuron->names ||
      sf_names_set(&module->symbols->neurons, neuron->name, neuron))
    return NULL;
  neuron->loc = loc;
  neuron->prev = module->last_neuron;
  if (module->last_neuron)
    module->last_neuron->next = neuron;
  else
    module->first_neuron = neuron;
  module->last_neuron = neuron;
  return neuron;
}

/* Slots count inputs, params, states, statements in that order, whatever the
 * order of the calls. */
static void number(sf_neuron *neuron, sf_nvalue *added, uint32_t following) {
  added->slot = neuron->value_count++;
  if (following == 0) return;
  uint32_t slot = 0;
  for (uint32_t i = 0; i < neuron->input_count; i++)
    neuron->inputs[i]->slot = slot++;
  for (uint32_t i = 0; i < neuron->param_count; i++)
    neuron->params[i].value->slot = slot++;
  for (uint32_t i = 0; i < neuron->state_count; i++)
    neuron->states[i].value->slot = slot++;
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    neuron->stmts[i].result->slot = slot++;
}

static sf_nvalue *create_value(sf_neuron *neuron, const char *name,
                               sf_scalar type, sf_nvalue_kind kind) {
  sf_nvalue *value = SF_NEW(neuron->module->arena, sf_nvalue);
  if (!value) return NULL;
  value->name = sf_names_unique(neuron->names, name && *name ? name : "v");
  if (!value->name || sf_names_set(neuron->names, value->name, value))
    return NULL;
  value->type = type;
  value->kind = kind;
  value->loc = neuron->loc;
  return value;
}

sf_nvalue *sf_neuron_add_input(sf_neuron *neuron, const char *name,
                               sf_scalar type) {
  sf_nvalue *value = create_value(neuron, name, type, SF_NVALUE_INPUT);
  sf_nvalue **grown = SF_GROW(neuron->module->arena, sf_nvalue *,
                              neuron->inputs, neuron->input_count);
  if (!value || !grown) return NULL;
  neuron->inputs = grown;
  value->index = neuron->input_count;
  grown[neuron->input_count++] = value;
  number(neuron, value,
         neuron->param_count + neuron->state_count + neuron->stmt_count);
  return value;
}

sf_param *sf_neuron_add_param(sf_neuron *neuron, const char *name,
                              sf_scalar type) {
  sf_nvalue *value = create_value(neuron, name, type, SF_NVALUE_PARAM);
  sf_param *grown = SF_GROW(neuron->module->arena, sf_param, neuron->params,
                            neuron->param_count);
  if (!value || !grown) return NULL;
  neuron->params = grown;
  value->index = neuron->param_count;
  sf_param *param = &grown[neuron->param_count++];
  *param = (sf_param){.value = value};
  number(neuron, value, neuron->state_count + neuron->stmt_count);
  return param;
}

sf_state *sf_neuron_add_state(sf_neuron *neuron, const char *name,
                              sf_scalar type) {
  sf_nvalue *value = create_value(neuron, name, type, SF_NVALUE_STATE);
  sf_state *grown = SF_GROW(neuron->module->arena, sf_state, neuron->states,
                            neuron->state_count);
  if (!value || !grown) return NULL;
  neuron->states = grown;
  value->index = neuron->state_count;
  sf_state *state = &grown[neuron->state_count++];
  *state = (sf_state){.value = value};
  if (type.kind == SF_SCALAR_F32) state->initial = sf_number_float(0.0F);
  number(neuron, value, neuron->stmt_count);
  return state;
}

static uint32_t count_rands(const sf_neuron *neuron) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    count += neuron->stmts[i].kind == SF_NOP_RAND;
  return count;
}

sf_stmt *sf_neuron_add_stmt(sf_neuron *neuron, sf_nop_kind kind,
                            const char *result, sf_scalar type) {
  sf_nvalue *value = create_value(neuron, result, type, SF_NVALUE_STATEMENT);
  sf_stmt *grown = SF_GROW(neuron->module->arena, sf_stmt, neuron->stmts,
                           neuron->stmt_count);
  if (!value || !grown) return NULL;
  neuron->stmts = grown;
  value->index = neuron->stmt_count;
  value->slot = neuron->value_count++;
  const sf_nop_info *info = sf_nop_info_get(kind);
  sf_stmt *stmt = &grown[neuron->stmt_count];
  *stmt = (sf_stmt){.kind = kind,
                    .result = value,
                    .operand_count = info ? info->operands : 0,
                    .loc = neuron->loc};
  if (kind == SF_NOP_RAND) stmt->occurrence = count_rands(neuron);
  neuron->stmt_count++;
  return stmt;
}

void sf_stmt_set_blob(sf_stmt *stmt, sf_blob *blob) {
  sf_blob_count_user(stmt->blob, -1);
  stmt->blob = blob;
  sf_blob_count_user(blob, 1);
}

sf_result sf_neuron_add_emit(sf_neuron *neuron, sf_noperand operand,
                             sf_scalar type) {
  sf_arena *arena = neuron->module->arena;
  sf_noperand *emits =
      SF_GROW(arena, sf_noperand, neuron->emits, neuron->emit_count);
  sf_scalar *types =
      SF_GROW(arena, sf_scalar, neuron->emit_types, neuron->emit_count);
  if (!emits || !types) return SF_OOM;
  neuron->emits = emits;
  neuron->emit_types = types;
  emits[neuron->emit_count] = operand;
  types[neuron->emit_count++] = type;
  return SF_OK;
}

sf_noperand sf_noperand_value(sf_nvalue *value) {
  return (sf_noperand){value, {0}};
}

sf_noperand sf_noperand_number(sf_number number) {
  return (sf_noperand){NULL, number};
}

sf_param *sf_neuron_find_param(const sf_neuron *neuron, sf_slice name) {
  sf_nvalue *value = sf_names_find(neuron->names, name);
  bool found = value && value->kind == SF_NVALUE_PARAM;
  return found ? &neuron->params[value->index] : NULL;
}
