/* copy.c - copying neuron functions and blobs between modules. */
#include "ir/copy.h"

#include "ir/blob_private.h"
#include "ir/names.h"

#include <stdlib.h>
#include <string.h>

static sf_result copy_text(sf_arena *arena, const char *from,
                           const char **out) {
  *out = from ? sf_arena_text(arena, sf_slice_of(from)) : NULL;
  return from && !*out ? SF_OOM : SF_OK;
}

sf_result sf_loc_copy(sf_arena *arena, sf_loc from, sf_loc *out) {
  *out = from;
  SF_TRY(copy_text(arena, from.file, &out->file));
  return copy_text(arena, from.node, &out->node);
}

/* Bytes that no file holds: the copy needs its own. */
static sf_result copy_data(sf_module *module, const sf_blob *from,
                           sf_blob *to) {
  bool inline_bytes =
      from->source == SF_SOURCE_DENSE || from->source == SF_SOURCE_DERIVED;
  if (!inline_bytes || !from->data) return SF_OK;
  size_t bytes = sf_blob_elements(from) * sf_dtype_bytes(from->dtype);
  void *data = malloc(bytes ? bytes : 1);
  if (!data) return SF_OOM;
  memcpy(data, from->data, bytes);
  if (sf_module_own(module, data, free) != SF_OK) {
    free(data);
    return SF_OOM;
  }
  to->data = data;
  return SF_OK;
}

static sf_result copy_blob_fields(sf_module *module, const sf_blob *from,
                                  sf_blob *to) {
  sf_arena *arena = module->arena;
  to->dtype = from->dtype;
  to->splat = from->splat;
  to->offset = from->offset;
  to->bytes = from->bytes;
  SF_TRY(copy_text(arena, from->path, &to->path));
  SF_TRY(copy_text(arena, from->tensor, &to->tensor));
  SF_TRY(copy_text(arena, from->sha256, &to->sha256));
  SF_TRY(sf_loc_copy(arena, from->loc, &to->loc));
  return copy_data(module, from, to);
}

static bool same_blob(const sf_blob *a, const sf_blob *b);

/* The copy of `from` that the module has already, or a new one. */
static sf_blob *copy_once(sf_module *module, const sf_blob *from) {
  sf_blob *known = sf_module_find_blob(module, sf_slice_of(from->name));
  bool same = known && same_blob(known, from); /* else another of that name */
  return same ? known : sf_blob_copy(module, from);
}

sf_blob *sf_blob_copy(sf_module *module, const sf_blob *from) {
  sf_blob *base = from->base ? copy_once(module, from->base) : NULL;
  if (from->base && !base) return NULL;
  sf_blob *blob = sf_blob_create(module, from->name, &from->type, from->source);
  if (!blob || copy_blob_fields(module, from, blob) != SF_OK) return NULL;
  if (base && sf_blob_set_slice(blob, base, from->begin) != SF_OK) return NULL;
  return blob;
}

/* The value of `to` that stands where `value` stands. */
static sf_nvalue *same_place(const sf_neuron *to, const sf_nvalue *value) {
  if (!value) return NULL;
  switch (value->kind) {
  case SF_NVALUE_INPUT:
    return to->inputs[value->index];
  case SF_NVALUE_PARAM:
    return to->params[value->index].value;
  case SF_NVALUE_STATE:
    return to->states[value->index].value;
  default:
    return to->stmts[value->index].result;
  }
}

static sf_noperand copy_operand(const sf_neuron *to, sf_noperand operand) {
  operand.value = same_place(to, operand.value);
  return operand;
}

static sf_result copy_declarations(const sf_neuron *from, sf_neuron *to) {
  for (uint32_t i = 0; i < from->input_count; i++)
    if (!sf_neuron_add_input(to, from->inputs[i]->name, from->inputs[i]->type))
      return SF_OOM;
  for (uint32_t i = 0; i < from->param_count; i++) {
    const sf_param *old = &from->params[i];
    sf_param *param =
        sf_neuron_add_param(to, old->value->name, old->value->type);
    if (!param) return SF_OOM;
    sf_nvalue *value = param->value;
    *param = *old;
    param->value = value;
  }
  for (uint32_t i = 0; i < from->state_count; i++) {
    const sf_state *old = &from->states[i];
    sf_state *state =
        sf_neuron_add_state(to, old->value->name, old->value->type);
    if (!state) return SF_OOM;
    state->initial = old->initial;
    state->initial_param = same_place(to, old->initial_param);
    state->has_next = old->has_next;
  }
  return SF_OK;
}

static bool same_text(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The same elements, as far as the two say it themselves. */
static bool same_blob(const sf_blob *a, const sf_blob *b) {
  if (!sf_type_equal(&a->type, &b->type) || a->source != b->source ||
      a->dtype != b->dtype || a->offset != b->offset || a->bytes != b->bytes)
    return false;
  if (!sf_number_equal(a->splat, b->splat) || !same_text(a->path, b->path) ||
      !same_text(a->tensor, b->tensor) || !same_text(a->sha256, b->sha256))
    return false;
  if (a->source == SF_SOURCE_SLICE)
    return same_blob(a->base, b->base) &&
           memcmp(a->begin, b->begin, a->type.rank * sizeof *a->begin) == 0;
  if (a->source != SF_SOURCE_DENSE && a->source != SF_SOURCE_DERIVED)
    return true;
  return memcmp(a->data, b->data,
                sf_blob_elements(a) * sf_dtype_bytes(a->dtype)) == 0;
}

static sf_result copy_table(sf_neuron *to, const sf_blob *from, sf_blob **out) {
  *out = copy_once(to->module, from);
  return *out ? SF_OK : SF_OOM;
}

static sf_result copy_stmt(const sf_stmt *old, sf_neuron *to) {
  sf_stmt *stmt =
      sf_neuron_add_stmt(to, old->kind, old->result->name, old->result->type);
  if (!stmt) return SF_OOM;
  stmt->mode = old->mode;
  stmt->shift = old->shift;
  stmt->round = old->round;
  stmt->operand_count = old->operand_count;
  for (uint32_t j = 0; j < old->operand_count; j++)
    stmt->operand[j] = copy_operand(to, old->operand[j]);
  sf_blob *table = NULL;
  if (old->blob) SF_TRY(copy_table(to, old->blob, &table));
  sf_stmt_set_blob(stmt, table);
  SF_TRY(sf_loc_copy(to->module->arena, old->loc, &stmt->loc));
  stmt->result->loc = stmt->loc;
  return SF_OK;
}

static sf_result copy_neuron(const sf_neuron *from, sf_neuron *to) {
  SF_TRY(copy_declarations(from, to));
  for (uint32_t i = 0; i < from->stmt_count; i++)
    SF_TRY(copy_stmt(&from->stmts[i], to));
  for (uint32_t i = 0; i < from->state_count; i++)
    to->states[i].next = copy_operand(to, from->states[i].next);
  for (uint32_t i = 0; i < from->emit_count; i++)
    SF_TRY(sf_neuron_add_emit(to, copy_operand(to, from->emits[i]),
                              from->emit_types[i]));
  return SF_OK;
}

sf_neuron *sf_neuron_copy(sf_module *module, const sf_neuron *from) {
  sf_loc loc;
  if (sf_loc_copy(module->arena, from->loc, &loc) != SF_OK) return NULL;
  sf_neuron *neuron = sf_neuron_create(module, from->name, loc);
  if (!neuron || copy_neuron(from, neuron) != SF_OK) return NULL;
  return neuron;
}
