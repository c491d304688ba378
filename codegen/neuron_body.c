/* neuron_body.c - the statements of a neuron function as straight-line LLVM IR.
 * docs/ir.md 6. */
#include "codegen/codegen.h"
#include "codegen/float.h"
#include "codegen/integer.h"
#include "codegen/random.h"

#include <stdlib.h>

/* What is known of a value while code is built: its word, and for integers the
 * interval it lies in. */
typedef struct body {
  sf_codegen *cg;
  const sf_neuron *neuron;
  const sf_neuron_values *values;
  sf_integer *slots; /* `value` alone for f32 */
} body;

static sf_integer operand(body *b, sf_noperand use, sf_scalar type) {
  if (use.value) return b->slots[use.value->slot];
  if (type.kind == SF_SCALAR_F32)
    return (sf_integer){sf_code_float(b->cg, use.literal.f), 0, 0};
  /* As a word of the type: what the interpreter reads. */
  return sf_integer_constant(b->cg, (int32_t)use.literal.i);
}

static sf_integer stmt_operand(body *b, const sf_stmt *stmt, uint32_t index) {
  return operand(b, stmt->operand[index], sf_stmt_operand_type(stmt, index));
}

static sf_integer float_value(LLVMValueRef value) {
  return (sf_integer){value, 0, 0};
}

/* A truth value as a spike's word. */
static sf_integer spike_value(sf_codegen *cg, LLVMValueRef bit) {
  return (sf_integer){LLVMBuildZExt(cg->builder, bit, cg->i32, ""), 0, 1};
}

static LLVMValueRef is_set(sf_codegen *cg, sf_integer spike) {
  return LLVMBuildICmp(cg->builder, LLVMIntNE, sf_integer_as(cg, spike, 32),
                       sf_code_int(cg, 0), "");
}

static sf_integer integer_exact(body *b, const sf_stmt *stmt) {
  sf_codegen *cg = b->cg;
  sf_integer x = stmt_operand(b, stmt, 0);
  sf_integer y = stmt->operand_count > 1 ? stmt_operand(b, stmt, 1) : x;
  switch (stmt->kind) {
  case SF_NOP_ADD:
    return sf_integer_add(cg, x, y);
  case SF_NOP_SUB:
    return sf_integer_sub(cg, x, y);
  case SF_NOP_MUL:
    return sf_integer_mul(cg, x, y);
  case SF_NOP_MULSHR:
    return sf_integer_shift_right(cg, sf_integer_mul(cg, x, y), stmt->shift,
                                  stmt->round);
  case SF_NOP_SHR:
    return sf_integer_shift_right(cg, x, stmt->shift, stmt->round);
  case SF_NOP_SHL:
    return sf_integer_shift_left(cg, x, stmt->shift);
  case SF_NOP_DIV:
    return sf_integer_divide(cg, x, y, stmt->round);
  case SF_NOP_NEG:
    return sf_integer_sub(cg, sf_integer_constant(cg, 0), x);
  case SF_NOP_ABS:
    return sf_integer_abs(cg, x);
  case SF_NOP_MIN:
    return sf_integer_min(cg, x, y);
  case SF_NOP_MAX:
    return sf_integer_max(cg, x, y);
  default: /* widen */
    return x;
  }
}

static LLVMValueRef choose_float(sf_codegen *cg, LLVMRealPredicate predicate,
                                 LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef first = LLVMBuildFCmp(cg->builder, predicate, x, y, "");
  return LLVMBuildSelect(cg->builder, first, x, y, "");
}

static LLVMValueRef float_op(body *b, const sf_stmt *stmt) {
  sf_codegen *cg = b->cg;
  LLVMValueRef x = stmt_operand(b, stmt, 0).value;
  LLVMValueRef y =
      stmt->operand_count > 1 ? stmt_operand(b, stmt, 1).value : NULL;
  switch (stmt->kind) {
  case SF_NOP_ADD:
    return LLVMBuildFAdd(cg->builder, x, y, "");
  case SF_NOP_SUB:
    return LLVMBuildFSub(cg->builder, x, y, "");
  case SF_NOP_MUL:
    return LLVMBuildFMul(cg->builder, x, y, "");
  case SF_NOP_DIV:
    return LLVMBuildFDiv(cg->builder, x, y, "");
  case SF_NOP_NEG:
    return LLVMBuildFNeg(cg->builder, x, "");
  case SF_NOP_ABS:
    return sf_code_magnitude(cg, x);
  case SF_NOP_MIN:
    return choose_float(cg, LLVMRealOLT, x, y);
  case SF_NOP_MAX:
    return choose_float(cg, LLVMRealOGT, x, y);
  case SF_NOP_SQRT:
    return sf_code_sqrt(cg, x);
  case SF_NOP_FLOOR:
    return sf_code_round(cg, x, SF_ROUND_FLOOR);
  case SF_NOP_CEIL:
    return sf_code_round(cg, x, SF_ROUND_CEIL);
  case SF_NOP_TRUNC:
    return sf_code_round(cg, x, SF_ROUND_ZERO);
  case SF_NOP_RINT:
    return sf_code_round(cg, x, SF_ROUND_HALF_EVEN);
  default:
    return sf_code_exp(cg, x);
  }
}

static LLVMIntPredicate integer_predicate(sf_nop_kind kind) {
  switch (kind) {
  case SF_NOP_EQ:
    return LLVMIntEQ;
  case SF_NOP_NE:
    return LLVMIntNE;
  case SF_NOP_LT:
    return LLVMIntSLT;
  case SF_NOP_LE:
    return LLVMIntSLE;
  case SF_NOP_GT:
    return LLVMIntSGT;
  default:
    return LLVMIntSGE;
  }
}

/* NaN compares false, except with `ne`. */
static LLVMRealPredicate float_predicate(sf_nop_kind kind) {
  switch (kind) {
  case SF_NOP_EQ:
    return LLVMRealOEQ;
  case SF_NOP_NE:
    return LLVMRealUNE;
  case SF_NOP_LT:
    return LLVMRealOLT;
  case SF_NOP_LE:
    return LLVMRealOLE;
  case SF_NOP_GT:
    return LLVMRealOGT;
  default:
    return LLVMRealOGE;
  }
}

static sf_integer comparison(body *b, const sf_stmt *stmt) {
  sf_codegen *cg = b->cg;
  sf_integer x = stmt_operand(b, stmt, 0), y = stmt_operand(b, stmt, 1);
  if (sf_stmt_operand_type(stmt, 0).kind == SF_SCALAR_F32)
    return spike_value(cg,
                       LLVMBuildFCmp(cg->builder, float_predicate(stmt->kind),
                                     x.value, y.value, ""));
  return spike_value(cg,
                     LLVMBuildICmp(cg->builder, integer_predicate(stmt->kind),
                                   x.value, y.value, ""));
}

static sf_integer logic(body *b, const sf_stmt *stmt) {
  sf_codegen *cg = b->cg;
  LLVMValueRef x = is_set(cg, stmt_operand(b, stmt, 0));
  if (stmt->kind == SF_NOP_NOT)
    return spike_value(cg, LLVMBuildNot(cg->builder, x, ""));
  LLVMValueRef y = is_set(cg, stmt_operand(b, stmt, 1));
  switch (stmt->kind) {
  case SF_NOP_AND:
    return spike_value(cg, LLVMBuildAnd(cg->builder, x, y, ""));
  case SF_NOP_OR:
    return spike_value(cg, LLVMBuildOr(cg->builder, x, y, ""));
  default:
    return spike_value(cg, LLVMBuildXor(cg->builder, x, y, ""));
  }
}

static sf_integer selection(body *b, const sf_stmt *stmt) {
  sf_codegen *cg = b->cg;
  LLVMValueRef condition = is_set(cg, stmt_operand(b, stmt, 0));
  sf_integer x = stmt_operand(b, stmt, 1), y = stmt_operand(b, stmt, 2);
  LLVMValueRef value =
      LLVMBuildSelect(cg->builder, condition, x.value, y.value, "");
  return (sf_integer){value, x.low < y.low ? x.low : y.low,
                      x.high > y.high ? x.high : y.high};
}

static sf_result lookup(body *b, const sf_stmt *stmt, sf_integer *out) {
  sf_codegen *cg = b->cg;
  SF_TRY(sf_blob_load(stmt->blob, cg->diag));
  size_t count = sf_blob_elements(stmt->blob);
  sf_word *words = calloc(count, sizeof *words);
  if (!words) return SF_OOM;
  sf_blob_read(stmt->blob, 0, count, words);
  LLVMValueRef table = sf_code_bytes(cg, "table", words, count * sizeof *words);
  free(words);
  sf_integer zero = sf_integer_constant(cg, 0);
  sf_integer last = sf_integer_constant(cg, (int64_t)count - 1);
  sf_integer index = sf_integer_min(
      cg, sf_integer_max(cg, stmt_operand(b, stmt, 0), zero), last);
  LLVMValueRef i = LLVMBuildZExtOrBitCast(
      cg->builder, sf_integer_as(cg, index, 32), cg->index, "");
  sf_scalar type = stmt->result->type;
  *out = sf_integer_word(cg, sf_code_load(cg, sf_code_word(cg, type), table, i),
                         type);
  return SF_OK;
}

static sf_integer draw(body *b, const sf_stmt *stmt) {
  const sf_neuron_values *v = b->values;
  const LLVMValueRef key[2] = {v->seed_low, v->seed_high};
  const LLVMValueRef counter[4] = {v->element, v->step_low,
                                   sf_code_int(b->cg, stmt->occurrence),
                                   v->step_high};
  LLVMValueRef word = sf_code_philox(b->cg, key, counter);
  return sf_integer_word(b->cg, word, stmt->result->type);
}

static sf_integer to_float(body *b, const sf_stmt *stmt) {
  sf_integer x = stmt_operand(b, stmt, 0);
  return float_value(LLVMBuildSIToFP(
      b->cg->builder, sf_integer_as(b->cg, x, 32), b->cg->f32, ""));
}

static sf_integer to_int(body *b, const sf_stmt *stmt) {
  LLVMValueRef x = stmt_operand(b, stmt, 0).value;
  LLVMValueRef word =
      sf_code_to_int(b->cg, x, stmt->result->type, stmt->mode, stmt->round);
  return sf_integer_word(b->cg, word, stmt->result->type);
}

static sf_result statement(body *b, const sf_stmt *stmt, sf_integer *out) {
  switch (stmt->kind) {
  case SF_NOP_EQ:
  case SF_NOP_NE:
  case SF_NOP_LT:
  case SF_NOP_LE:
  case SF_NOP_GT:
  case SF_NOP_GE:
    *out = comparison(b, stmt);
    return SF_OK;
  case SF_NOP_AND:
  case SF_NOP_OR:
  case SF_NOP_XOR:
  case SF_NOP_NOT:
    *out = logic(b, stmt);
    return SF_OK;
  case SF_NOP_SELECT:
    *out = selection(b, stmt);
    return SF_OK;
  case SF_NOP_TO_INT:
    *out = to_int(b, stmt);
    return SF_OK;
  case SF_NOP_TO_FLOAT:
    *out = to_float(b, stmt);
    return SF_OK;
  case SF_NOP_LOOKUP:
    return lookup(b, stmt, out);
  case SF_NOP_RAND:
    *out = draw(b, stmt);
    return SF_OK;
  default:
    break;
  }
  if (stmt->result->type.kind == SF_SCALAR_F32)
    *out = float_value(float_op(b, stmt));
  else
    *out = sf_integer_fit(b->cg, integer_exact(b, stmt), stmt->result->type,
                          stmt->mode);
  return SF_OK;
}

static void bind_values(body *b) {
  const sf_neuron *n = b->neuron;
  for (uint32_t i = 0; i < n->input_count; i++)
    b->slots[n->inputs[i]->slot] =
        sf_integer_word(b->cg, b->values->inputs[i], n->inputs[i]->type);
  for (uint32_t i = 0; i < n->param_count; i++)
    b->slots[n->params[i].value->slot] =
        sf_integer_word(b->cg, b->values->params[i], n->params[i].value->type);
  for (uint32_t i = 0; i < n->state_count; i++)
    b->slots[n->states[i].value->slot] =
        sf_integer_word(b->cg, b->values->states[i], n->states[i].value->type);
}

static LLVMValueRef word_of(body *b, sf_noperand use, sf_scalar type) {
  sf_integer value = operand(b, use, type);
  return type.kind == SF_SCALAR_F32 ? value.value
                                    : sf_integer_as(b->cg, value, 32);
}

sf_result sf_code_neuron_body(sf_codegen *cg, const sf_neuron *neuron,
                              sf_neuron_values *values) {
  body b = {cg, neuron, values,
            calloc(neuron->value_count + 1u, sizeof *b.slots)};
  if (!b.slots) return SF_OOM;
  bind_values(&b);
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < neuron->stmt_count && result == SF_OK; i++)
    result = statement(&b, &neuron->stmts[i],
                       &b.slots[neuron->stmts[i].result->slot]);
  for (uint32_t i = 0; i < neuron->emit_count && result == SF_OK; i++)
    values->emits[i] = word_of(&b, neuron->emits[i], neuron->emit_types[i]);
  for (uint32_t i = 0; i < neuron->state_count && result == SF_OK; i++) {
    const sf_state *state = &neuron->states[i];
    values->nexts[i] = state->has_next
                           ? word_of(&b, state->next, state->value->type)
                           : values->states[i];
  }
  free(b.slots);
  return result;
}
