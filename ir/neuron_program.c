/* neuron_program.c - compiles a neuron function into instructions: literals get
 * registers of their own, tables are widened to words. docs/ir.md 6. */
#include "ir/neuron_program.h"

typedef struct compiler {
  sf_neuron_program *program;
  sf_arena *arena;
  sf_diag *diag;
} compiler;

sf_word sf_number_word(sf_number number, sf_scalar type) {
  if (type.kind == SF_SCALAR_F32) return (sf_word){.f = number.f};
  return (sf_word){.i = (int32_t)number.i};
}

sf_word *sf_neuron_program_register(sf_neuron_program *program, uint32_t slot) {
  return program->registers + (size_t)slot * SF_LANES;
}

const sf_word *sf_neuron_program_emit(const sf_neuron_program *program,
                                      uint32_t index) {
  return program->registers + (size_t)program->emits[index] * SF_LANES;
}

const sf_word *sf_neuron_program_next(const sf_neuron_program *program,
                                      uint32_t state) {
  return program->registers + (size_t)program->nexts[state] * SF_LANES;
}

/* Register of an operand. A literal's register is filled once, here. */
static uint32_t operand_register(compiler *c, sf_noperand operand,
                                 sf_scalar type) {
  if (operand.value) return operand.value->slot;
  uint32_t slot = c->program->register_count++;
  sf_word *lanes = sf_neuron_program_register(c->program, slot);
  sf_word word = sf_number_word(operand.literal, type);
  for (uint32_t k = 0; k < SF_LANES; k++)
    lanes[k] = word;
  return slot;
}

static sf_form form_of(const sf_stmt *stmt) {
  bool is_f32 = stmt->operand_count > 0 &&
                sf_stmt_operand_type(stmt, 0).kind == SF_SCALAR_F32;
  switch (stmt->kind) {
  case SF_NOP_EQ:
  case SF_NOP_NE:
  case SF_NOP_LT:
  case SF_NOP_LE:
  case SF_NOP_GT:
  case SF_NOP_GE:
    return is_f32 ? SF_FORM_COMPARE_F32 : SF_FORM_COMPARE;
  case SF_NOP_AND:
  case SF_NOP_OR:
  case SF_NOP_XOR:
  case SF_NOP_NOT:
    return SF_FORM_LOGIC;
  case SF_NOP_SELECT:
    return SF_FORM_SELECT;
  case SF_NOP_TO_INT:
    return SF_FORM_TO_INT;
  case SF_NOP_TO_FLOAT:
    return SF_FORM_TO_FLOAT;
  case SF_NOP_LOOKUP:
    return SF_FORM_LOOKUP;
  case SF_NOP_RAND:
    return SF_FORM_RAND;
  default:
    return stmt->result->type.kind == SF_SCALAR_F32 ? SF_FORM_F32
                                                    : SF_FORM_INTEGER;
  }
}

static sf_result load_table(compiler *c, const sf_stmt *stmt,
                            sf_instruction *out) {
  SF_TRY(sf_blob_load(stmt->blob, c->diag));
  out->table_size = sf_blob_elements(stmt->blob);
  sf_word *table = SF_NEW_ARRAY(c->arena, sf_word, out->table_size);
  if (!table) return SF_OOM;
  sf_blob_read(stmt->blob, 0, out->table_size, table);
  out->table = table;
  return SF_OK;
}

static sf_result compile_stmt(compiler *c, const sf_stmt *stmt,
                              sf_instruction *out) {
  uint32_t operands[3] = {0, 0, 0};
  for (uint32_t n = 0; n < stmt->operand_count; n++)
    operands[n] =
        operand_register(c, stmt->operand[n], sf_stmt_operand_type(stmt, n));
  *out = (sf_instruction){
      .kind = stmt->kind,
      .form = form_of(stmt),
      .type = stmt->result->type,
      .mode = stmt->mode,
      .round = stmt->round,
      .shift = stmt->shift,
      .a = operands[0],
      .b = operands[1],
      .c = operands[2],
      .result = stmt->result->slot,
      .occurrence = stmt->occurrence,
      .stmt = stmt,
  };
  return stmt->kind == SF_NOP_LOOKUP ? load_table(c, stmt, out) : SF_OK;
}

/* Literals in the text, an upper bound of the registers beyond the slots. */
static size_t count_literals(const sf_neuron *neuron) {
  size_t count = 0;
  for (uint32_t n = 0; n < neuron->stmt_count; n++)
    for (uint32_t k = 0; k < neuron->stmts[n].operand_count; k++)
      count += !neuron->stmts[n].operand[k].value;
  for (uint32_t n = 0; n < neuron->state_count; n++)
    count += neuron->states[n].has_next && !neuron->states[n].next.value;
  for (uint32_t n = 0; n < neuron->emit_count; n++)
    count += !neuron->emits[n].value;
  return count;
}

static sf_result allocate(compiler *c, const sf_neuron *neuron) {
  sf_neuron_program *p = c->program;
  size_t registers = (size_t)neuron->value_count + count_literals(neuron);
  p->neuron = neuron;
  p->register_count = neuron->value_count;
  p->instruction_count = neuron->stmt_count;
  p->instructions = SF_NEW_ARRAY(c->arena, sf_instruction, neuron->stmt_count);
  p->emits = SF_NEW_ARRAY(c->arena, uint32_t, neuron->emit_count);
  p->nexts = SF_NEW_ARRAY(c->arena, uint32_t, neuron->state_count);
  /* One row at least: absent operands name register 0. */
  p->registers = SF_NEW_ARRAY(c->arena, sf_word, (registers + 1) * SF_LANES);
  bool full = p->registers && (p->instructions || !neuron->stmt_count) &&
              (p->emits || !neuron->emit_count) &&
              (p->nexts || !neuron->state_count);
  return full ? SF_OK : SF_OOM;
}

sf_result sf_neuron_program_create(const sf_neuron *neuron, sf_arena *arena,
                                   sf_diag *diag, sf_neuron_program **out) {
  compiler c = {SF_NEW(arena, sf_neuron_program), arena, diag};
  if (!c.program) return SF_OOM;
  SF_TRY(allocate(&c, neuron));
  for (uint32_t n = 0; n < neuron->stmt_count; n++)
    SF_TRY(compile_stmt(&c, &neuron->stmts[n], &c.program->instructions[n]));
  for (uint32_t n = 0; n < neuron->state_count; n++) {
    const sf_state *state = &neuron->states[n];
    c.program->nexts[n] =
        state->has_next ? operand_register(&c, state->next, state->value->type)
                        : state->value->slot;
  }
  for (uint32_t n = 0; n < neuron->emit_count; n++)
    c.program->emits[n] =
        operand_register(&c, neuron->emits[n], neuron->emit_types[n]);
  *out = c.program;
  return SF_OK;
}

sf_result sf_neuron_overflow_error(const sf_neuron *neuron,
                                   const sf_neuron_overflow *overflow,
                                   sf_loc loc, const char *place,
                                   sf_diag *diag) {
  const sf_nvalue *result = overflow->stmt->result;
  char type[16];
  sf_scalar_text(result->type, type, sizeof type);
  sf_result failed =
      sf_error(diag, SF_DIAG_OVERFLOW, loc,
               "'%%%s' of neuron '@%s' is %.0f%s%s, which does not fit %s",
               result->name, neuron->name, overflow->value, place ? " in " : "",
               place ? place : "", type);
  sf_note(diag, overflow->stmt->loc, "'%%%s' is computed here, without a mode",
          result->name);
  sf_help(diag,
          "write '%s.sat' or '%s.wrap', widen the result, or narrow the range "
          "of the operands",
          sf_nop_info_get(overflow->stmt->kind)->mnemonic,
          sf_nop_info_get(overflow->stmt->kind)->mnemonic);
  return failed;
}
