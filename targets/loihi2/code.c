/* code.c - any other integer neuron function as a listing of its own: registers
 * and instructions, as a microcode program would have them. README.md says what
 * that assumes. */
#include "targets/loihi2/element.h"
#include "targets/loihi2/plan.h"

#include <string.h>

/* Instructions of a listing, by the names that docs/ir.md gives them. */
static bool has_instruction(const sf_stmt *stmt) {
  switch (stmt->kind) {
  case SF_NOP_SQRT:
  case SF_NOP_FLOOR:
  case SF_NOP_CEIL:
  case SF_NOP_TRUNC:
  case SF_NOP_RINT:
  case SF_NOP_EXP:
  case SF_NOP_TO_INT:
  case SF_NOP_TO_FLOAT:
  case SF_NOP_LOOKUP:
  case SF_NOP_RAND:
    return false;
  default:
    return stmt->result->type.kind != SF_SCALAR_F32;
  }
}

static bool any_f32(const sf_neuron *neuron) {
  for (uint32_t i = 0; i < neuron->input_count; i++)
    if (neuron->inputs[i]->type.kind == SF_SCALAR_F32) return true;
  for (uint32_t i = 0; i < neuron->param_count; i++)
    if (neuron->params[i].value->type.kind == SF_SCALAR_F32) return true;
  for (uint32_t i = 0; i < neuron->state_count; i++)
    if (neuron->states[i].value->type.kind == SF_SCALAR_F32) return true;
  return false;
}

bool sf_l2_code_fits(const sf_neuron *neuron) {
  if (any_f32(neuron) || neuron->param_count > SF_L2_PARAMS ||
      neuron->state_count > SF_L2_STATES || neuron->emit_count != 1)
    return false;
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    if (!has_instruction(&neuron->stmts[i])) return false;
  return true;
}

/* "p3" for the parameter of that number. */
static const char *numbered(const sf_l2_plan *plan, char kind, uint32_t n) {
  return sf_arena_printf(plan->arena, "%c%u", kind, n);
}

static sf_result add_states(sf_l2_plan *plan, sf_l2_listing *listing) {
  const sf_neuron *neuron = listing->neuron;
  uint32_t bits = 0;
  for (uint32_t i = 0; i < neuron->state_count; i++) {
    const sf_state *state = &neuron->states[i];
    sf_l2_state *out = &listing->program.states[i];
    out->name = numbered(plan, 's', i);
    out->bits = state->value->type.bits;
    out->overflow = "wrap"; /* of each instruction, not of the register */
    listing->start[i] = (int32_t)state->initial.i;
    bits += out->bits < 24 ? out->bits : 24; /* as loihi2.md 1.7 has them */
    if (!out->name) return SF_OOM;
    if (!state->initial_param) continue;
    out->initial = numbered(plan, 'p', state->initial_param->index);
    if (!out->initial) return SF_OOM;
  }
  listing->program.state_words = bits > 64 ? (bits + 63) / 64 : 1;
  return SF_OK;
}

/* One listing for all layers of one function. */
static sf_result find_listing(sf_l2_plan *plan, const sf_neuron *neuron,
                              const sf_l2_listing **out) {
  uint32_t count = 0;
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    const sf_l2_listing *known = plan->layers[l].listing;
    if (!known) continue;
    *out = known;
    if (sf_neuron_same_structure(known->neuron, neuron)) return SF_OK;
    if (known->number >= count) count = known->number + 1;
  }
  sf_l2_listing *listing = SF_NEW(plan->arena, sf_l2_listing);
  if (!listing) return SF_OOM;
  listing->program.name = sf_arena_printf(plan->arena, "code-%u", count);
  listing->neuron = neuron;
  listing->number = count;
  *out = listing;
  return listing->program.name ? add_states(plan, listing) : SF_OOM;
}

sf_result sf_l2_code_recognize(sf_l2_plan *plan, sf_l2_layer *layer) {
  const sf_neuron *neuron = layer->op->neuron;
  const sf_l2_listing *listing;
  SF_TRY(find_listing(plan, neuron, &listing));
  layer->listing = listing;
  layer->program = &listing->program;
  for (uint32_t i = 0; i < neuron->param_count; i++) {
    sf_l2_param *param = &layer->params[layer->param_count++];
    *param = (sf_l2_param){.name = numbered(plan, 'p', i),
                           .bits = neuron->params[i].value->type.bits};
    if (!param->name) return SF_OOM;
    SF_TRY(sf_l2_read_argument(plan, layer, i, param));
  }
  return SF_OK;
}

/* ---- The listing. ---- */

/* x input port, p parameter, s state, t instruction; or the number itself. */
static sf_result attr_operand(const sf_l2_plan *plan, xmlNode *node,
                              const char *name, const sf_noperand *operand) {
  if (!operand->value) return sf_l2_attr_number(node, name, operand->literal.i);
  static const char kinds[] = {[SF_NVALUE_INPUT] = 'x',
                               [SF_NVALUE_PARAM] = 'p',
                               [SF_NVALUE_STATE] = 's',
                               [SF_NVALUE_STATEMENT] = 't'};
  const char *text =
      numbered(plan, kinds[operand->value->kind], operand->value->index);
  return text ? sf_l2_attr_text(node, name, text) : SF_OOM;
}

static sf_result write_instruction(const sf_l2_plan *plan, xmlNode *parent,
                                   const sf_stmt *stmt) {
  const sf_nop_info *info = sf_nop_info_get(stmt->kind);
  static const char *const names[] = {"a", "b", "c"};
  xmlNode *node;
  SF_TRY(sf_l2_child(parent, "instruction", &node));
  SF_TRY(sf_l2_attr_text(node, "op", info->mnemonic));
  SF_TRY(sf_l2_attr_number(node, "bits", stmt->result->type.bits));
  if (info->traits & SF_NOP_TRAIT_MODE)
    SF_TRY(sf_l2_attr_text(node, "overflow",
                           stmt->mode == SF_MODE_SAT ? "saturate" : "wrap"));
  if (info->traits & SF_NOP_TRAIT_SHIFT)
    SF_TRY(sf_l2_attr_number(node, "shift", stmt->shift));
  if (info->traits & SF_NOP_TRAIT_ROUND)
    SF_TRY(sf_l2_attr_text(node, "round", sf_round_text(stmt->round)));
  for (uint32_t i = 0; i < stmt->operand_count && i < SF_COUNT_OF(names); i++)
    SF_TRY(attr_operand(plan, node, names[i], &stmt->operand[i]));
  return SF_OK;
}

sf_result sf_l2_code_write(const sf_l2_plan *plan, const sf_l2_listing *listing,
                           xmlNode *node) {
  const sf_neuron *neuron = listing->neuron;
  SF_TRY(sf_l2_attr_number(node, "ports", neuron->input_count));
  SF_TRY(sf_l2_attr_number(node, "parameters", neuron->param_count));
  for (uint32_t i = 0; i < neuron->state_count; i++) {
    const sf_l2_state *state = &listing->program.states[i];
    xmlNode *child;
    SF_TRY(sf_l2_child(node, "register", &child));
    if (state->initial)
      SF_TRY(sf_l2_attr_text(child, "initial", state->initial));
    else
      SF_TRY(sf_l2_attr_number(child, "initial", listing->start[i]));
    sf_noperand kept = sf_noperand_value(neuron->states[i].value);
    const sf_state *from = &neuron->states[i];
    SF_TRY(attr_operand(plan, child, "next",
                        from->has_next ? &from->next : &kept));
  }
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    SF_TRY(write_instruction(plan, node, &neuron->stmts[i]));
  xmlNode *sent;
  SF_TRY(sf_l2_child(node, "send", &sent));
  return attr_operand(plan, sent, "value", &neuron->emits[0]);
}
