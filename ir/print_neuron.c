/* print_neuron.c - neuron functions as text. */
#include "ir/printer.h"

static void print_operand(sf_buffer *out, sf_noperand operand) {
  if (operand.value)
    sf_print_name(out, '%', operand.value->name);
  else
    sf_print_number(out, operand.literal);
}

static void print_typed(sf_buffer *out, const sf_nvalue *value) {
  sf_print_name(out, '%', value->name);
  sf_buffer_text(out, ": ");
  sf_print_scalar(out, value->type);
}

static void print_param(sf_buffer *out, const sf_param *param) {
  sf_buffer_text(out, "    param ");
  print_typed(out, param->value);
  if (param->has_range) {
    sf_buffer_text(out, " in [");
    sf_print_number(out, param->low);
    sf_buffer_text(out, ", ");
    sf_print_number(out, param->high);
    sf_buffer_char(out, ']');
  }
  if (param->has_default) {
    sf_buffer_text(out, " = ");
    sf_print_number(out, param->initial);
  }
  sf_buffer_char(out, '\n');
}

static void print_state(sf_buffer *out, const sf_state *state) {
  sf_buffer_text(out, "    state ");
  print_typed(out, state->value);
  sf_buffer_text(out, " = ");
  if (state->initial_param)
    sf_print_name(out, '%', state->initial_param->name);
  else
    sf_print_number(out, state->initial);
  sf_buffer_char(out, '\n');
}

static void print_attrs(sf_buffer *out, const sf_stmt *stmt) {
  if (stmt->shift == 0 && stmt->round == SF_ROUND_FLOOR) return;
  sf_buffer_text(out, " {");
  if (stmt->shift) sf_buffer_printf(out, "shift = %u", stmt->shift);
  if (stmt->round != SF_ROUND_FLOOR)
    sf_buffer_printf(out, "%sround = %s", stmt->shift ? ", " : "",
                     sf_round_text(stmt->round));
  sf_buffer_char(out, '}');
}

/* The types that the parser cannot tell from the op and its operands. */
static bool type_is_written(const sf_stmt *stmt) {
  if (stmt->kind == SF_NOP_SELECT)
    return !stmt->operand[1].value && !stmt->operand[2].value;
  if (stmt->kind == SF_NOP_LOOKUP || stmt->kind == SF_NOP_RAND) return false;
  return stmt->result->type.kind == SF_SCALAR_INT;
}

static void print_stmt(sf_buffer *out, const sf_stmt *stmt) {
  const sf_nop_info *info = sf_nop_info_get(stmt->kind);
  sf_buffer_text(out, "    ");
  sf_print_name(out, '%', stmt->result->name);
  sf_buffer_printf(out, " = %s", info ? info->mnemonic : "?");
  if (stmt->mode != SF_MODE_NONE)
    sf_buffer_printf(out, ".%s", sf_mode_text(stmt->mode));
  if (stmt->blob) {
    sf_buffer_char(out, ' ');
    sf_print_name(out, '@', stmt->blob->name);
  }
  for (uint32_t i = 0; i < stmt->operand_count; i++) {
    sf_buffer_text(out, i || stmt->blob ? ", " : " ");
    print_operand(out, stmt->operand[i]);
  }
  print_attrs(out, stmt);
  if (type_is_written(stmt)) {
    sf_buffer_text(out, " : ");
    sf_print_scalar(out, stmt->result->type);
  }
  sf_buffer_char(out, '\n');
}

static void print_signature(sf_buffer *out, const sf_neuron *neuron) {
  sf_buffer_text(out, "  neuron ");
  sf_print_name(out, '@', neuron->name);
  sf_buffer_char(out, '(');
  for (uint32_t i = 0; i < neuron->input_count; i++) {
    if (i) sf_buffer_text(out, ", ");
    print_typed(out, neuron->inputs[i]);
  }
  sf_buffer_text(out, neuron->emit_count == 1 ? ") -> " : ") -> (");
  for (uint32_t i = 0; i < neuron->emit_count; i++) {
    if (i) sf_buffer_text(out, ", ");
    sf_print_scalar(out, neuron->emit_types[i]);
  }
  sf_buffer_text(out, neuron->emit_count == 1 ? " {\n" : ") {\n");
}

void sf_print_neuron(sf_buffer *out, const sf_neuron *neuron) {
  print_signature(out, neuron);
  for (uint32_t i = 0; i < neuron->param_count; i++)
    print_param(out, &neuron->params[i]);
  for (uint32_t i = 0; i < neuron->state_count; i++)
    print_state(out, &neuron->states[i]);
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    print_stmt(out, &neuron->stmts[i]);
  for (uint32_t i = 0; i < neuron->state_count; i++) {
    const sf_state *state = &neuron->states[i];
    if (!state->has_next) continue;
    sf_buffer_text(out, "    next ");
    sf_print_name(out, '%', state->value->name);
    sf_buffer_text(out, " = ");
    print_operand(out, state->next);
    sf_buffer_char(out, '\n');
  }
  sf_buffer_text(out, "    emit ");
  for (uint32_t i = 0; i < neuron->emit_count; i++) {
    if (i) sf_buffer_text(out, ", ");
    print_operand(out, neuron->emits[i]);
  }
  sf_buffer_text(out, "\n  }\n");
}
