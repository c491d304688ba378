/* spiking_statement.c - one op of a network as statements of a neuron function,
 * with the same bits for every input, NaN and signed zeros too. */
#include "frontend/onnx/spiking.h"

#include <math.h>
#include <string.h>

/* ---- Operands. ---- */

const onnx_bound *sf_onnx_bound_value(const onnx_neuron_builder *b,
                                      const sf_value *value) {
  for (uint32_t i = 0; i < b->bound_count; i++)
    if (b->bound[i].value == value) return &b->bound[i];
  return NULL;
}

sf_result sf_onnx_bind_value(onnx_neuron_builder *b, const sf_value *value,
                             sf_noperand operand) {
  if (b->bound_count == b->bound_capacity) {
    uint32_t capacity = b->bound_capacity ? 2 * b->bound_capacity : 32;
    onnx_bound *grown = SF_NEW_ARRAY(b->s->arena, onnx_bound, capacity);
    if (!grown) return SF_OOM;
    for (uint32_t i = 0; i < b->bound_count; i++)
      grown[i] = b->bound[i];
    b->bound = grown;
    b->bound_capacity = capacity;
  }
  b->bound[b->bound_count++] = (onnx_bound){value, operand};
  return SF_OK;
}

/* A param is shared by what was read from one blob, and by numbers that are
 * compared with. */
static bool is_same_param(const onnx_neuron_builder *b, uint32_t index,
                          const char *name, const sf_argument *argument,
                          const sf_blob *table) {
  if (table || b->tables[index]) return b->tables[index] == table;
  return strcmp(b->neuron->params[index].value->name, name) == 0 &&
         sf_number_equal(b->arguments[index].number, argument->number);
}

/* A param for `argument`, perhaps one that is there. NULL: out of memory. */
static sf_nvalue *add_param(onnx_neuron_builder *b, const char *name,
                            sf_scalar type, const sf_argument *argument,
                            const sf_blob *table) {
  uint32_t count = b->neuron->param_count;
  for (uint32_t i = 0; i < count; i++)
    if (is_same_param(b, i, name, argument, table))
      return b->neuron->params[i].value;
  sf_argument *arguments = SF_NEW_ARRAY(b->s->arena, sf_argument, count + 1);
  const sf_blob **tables =
      SF_NEW_ARRAY(b->s->arena, const sf_blob *, count + 1);
  const sf_param *param =
      arguments && tables ? sf_neuron_add_param(b->neuron, name, type) : NULL;
  if (!param) return NULL;
  for (uint32_t i = 0; i < count; i++) {
    arguments[i] = b->arguments[i];
    tables[i] = b->tables[i];
  }
  arguments[count] = *argument;
  tables[count] = table;
  b->arguments = arguments;
  b->tables = tables;
  return param->value;
}

/* What the only reader compares. */
static bool is_compared(const sf_value *value) {
  const sf_use *use = value->first_use;
  return use && !use->next && use->op && use->op->kind == SF_OP_NEURONS &&
         use->op->results[0]->type.scalar.kind == SF_SCALAR_SPIKE;
}

static const char *param_name(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_MUL:
    return "factor";
  case SF_OP_DIV:
    return "divisor";
  case SF_OP_MIN:
  case SF_OP_MAX:
    return "bound";
  default:
    return is_compared(op->results[0]) ? "threshold" : "term";
  }
}

static bool is_literal(const sf_op *op, uint32_t index, sf_number number) {
  if (number.is_float ? number.f == 0.0F : number.i == 0) return true;
  bool one = number.is_float ? number.f == 1.0F : number.i == 1;
  return one && op->kind == SF_OP_SUB && index == 0; /* 1 - spike */
}

static sf_result read_operand(onnx_neuron_builder *b, const sf_op *op,
                              uint32_t index, sf_noperand *out) {
  const sf_value *value = sf_op_operand(op, index);
  const onnx_bound *bound = value ? sf_onnx_bound_value(b, value) : NULL;
  if (bound) {
    *out = bound->operand;
    return SF_OK;
  }
  onnx_neuron_constant constant;
  if (sf_onnx_neuron_constant(op, index, &b->shape, &constant)) {
    if (constant.uniform && is_literal(op, index, constant.number)) {
      *out = sf_noperand_number(constant.number);
      return SF_OK;
    }
    sf_argument argument = {.kind = constant.uniform ? SF_ARGUMENT_NUMBER
                                                     : SF_ARGUMENT_BLOB,
                            .number = constant.number,
                            .blob = constant.blob};
    sf_nvalue *param =
        add_param(b, param_name(op), constant.scalar, &argument, constant.blob);
    *out = sf_noperand_value(param);
    return param ? SF_OK : SF_OOM;
  }
  /* A stream from outside; sf_onnx_is_scalar_op admits nothing else. */
  if (!value) return SF_FAIL;
  sf_nvalue *input = sf_neuron_add_input(b->neuron, "x", value->type.scalar);
  sf_value **inputs = SF_NEW_ARRAY(b->s->arena, sf_value *, b->input_count + 1);
  if (!input || !inputs) return SF_OOM;
  for (uint32_t i = 0; i < b->input_count; i++)
    inputs[i] = b->inputs[i];
  inputs[b->input_count++] = op->operands[index].value;
  b->inputs = inputs;
  *out = sf_noperand_value(input);
  return sf_onnx_bind_value(b, value, *out);
}

/* ---- Statements. ---- */

static sf_noperand f32(float number) {
  return sf_noperand_number(sf_number_float(number));
}

static sf_result add(onnx_neuron_builder *b, sf_nop_kind kind, sf_scalar type,
                     const sf_noperand *operands, sf_noperand *out) {
  const char *name = type.kind == SF_SCALAR_SPIKE ? "s" : "h";
  sf_stmt *stmt = sf_neuron_add_stmt(b->neuron, kind, name, type);
  if (!stmt) return SF_OOM;
  for (uint32_t i = 0; i < stmt->operand_count; i++)
    stmt->operand[i] = operands[i];
  *out = sf_noperand_value(stmt->result);
  return SF_OK;
}

static sf_nop_kind kind_of(sf_op_kind kind) {
  switch (kind) {
  case SF_OP_ADD:
    return SF_NOP_ADD;
  case SF_OP_SUB:
    return SF_NOP_SUB;
  case SF_OP_MUL:
    return SF_NOP_MUL;
  case SF_OP_DIV:
    return SF_NOP_DIV;
  case SF_OP_MIN:
    return SF_NOP_MIN;
  case SF_OP_MAX:
    return SF_NOP_MAX;
  case SF_OP_ABS:
    return SF_NOP_ABS;
  case SF_OP_SQRT:
    return SF_NOP_SQRT;
  case SF_OP_FLOOR:
    return SF_NOP_FLOOR;
  default:
    return SF_NOP_TO_FLOAT;
  }
}

/* max(x, 0) would make 0 of a NaN. */
static sf_result add_relu(onnx_neuron_builder *b, sf_noperand x,
                          sf_noperand *out) {
  sf_noperand compared[] = {x, f32(0.0F)}, below;
  SF_TRY(add(b, SF_NOP_LE, sf_spike(), compared, &below));
  sf_noperand chosen[] = {below, f32(0.0F), x};
  return add(b, SF_NOP_SELECT, sf_f32(), chosen, out);
}

static sf_result add_clip(onnx_neuron_builder *b, const sf_op *op,
                          sf_noperand x, sf_noperand *out) {
  float low = sf_op_number(op, SF_ATTR_min);
  float high = sf_op_number(op, SF_ATTR_max);
  sf_noperand none, clipped = x;
  sf_noperand bounds[] = {x, f32(low)};
  if (low > -INFINITY) SF_TRY(add(b, SF_NOP_MAX, sf_f32(), bounds, &clipped));
  bounds[0] = clipped;
  bounds[1] = f32(high);
  if (high < INFINITY) SF_TRY(add(b, SF_NOP_MIN, sf_f32(), bounds, &clipped));
  sf_noperand compared[] = {x, x}; /* a NaN stays one */
  SF_TRY(add(b, SF_NOP_NE, sf_spike(), compared, &none));
  sf_noperand chosen[] = {none, x, clipped};
  return add(b, SF_NOP_SELECT, sf_f32(), chosen, out);
}

/* ---- Functions that were stateless populations. ---- */

static sf_noperand inner(const sf_noperand *slots, sf_noperand operand) {
  return operand.value ? slots[operand.value->slot] : operand;
}

static sf_result read_argument(onnx_neuron_builder *b, const sf_op *op,
                               uint32_t index, sf_noperand *out) {
  const sf_param *param = &op->neuron->params[index];
  sf_argument argument = op->arguments[index];
  if (argument.kind == SF_ARGUMENT_DEFAULT) {
    argument.kind = SF_ARGUMENT_NUMBER;
    argument.number = param->initial;
  }
  bool is_float = param->value->type.kind == SF_SCALAR_F32;
  sf_number number =
      is_float ? sf_number_float(argument.number.f) : argument.number;
  if (argument.kind == SF_ARGUMENT_NUMBER && is_literal(op, 1, number)) {
    *out = sf_noperand_number(number);
    return SF_OK;
  }
  argument.number = number;
  bool compares = op->results[0]->type.scalar.kind == SF_SCALAR_SPIKE;
  sf_nvalue *value = add_param(b, compares ? "threshold" : param->value->name,
                               param->value->type, &argument, argument.blob);
  *out = sf_noperand_value(value);
  return value ? SF_OK : SF_OOM;
}

static sf_result add_function(onnx_neuron_builder *b, const sf_op *op) {
  const sf_neuron *from = op->neuron;
  sf_noperand *slots =
      SF_NEW_ARRAY(b->s->arena, sf_noperand, from->value_count + 1);
  if (!slots) return SF_OOM;
  for (uint32_t i = 0; i < from->input_count; i++)
    SF_TRY(read_operand(b, op, i, &slots[from->inputs[i]->slot]));
  for (uint32_t i = 0; i < from->param_count; i++)
    SF_TRY(read_argument(b, op, i, &slots[from->params[i].value->slot]));
  for (uint32_t i = 0; i < from->stmt_count; i++) {
    const sf_stmt *stmt = &from->stmts[i];
    sf_noperand operands[3] = {{0}};
    for (uint32_t k = 0; k < stmt->operand_count; k++)
      operands[k] = inner(slots, stmt->operand[k]);
    SF_TRY(add(b, stmt->kind, stmt->result->type, operands,
               &slots[stmt->result->slot]));
    sf_stmt *made = &b->neuron->stmts[b->neuron->stmt_count - 1];
    made->mode = stmt->mode;
    made->shift = stmt->shift;
    made->round = stmt->round;
    if (stmt->blob) sf_stmt_set_blob(made, stmt->blob);
  }
  for (uint32_t i = 0; i < op->result_count; i++)
    SF_TRY(sf_onnx_bind_value(b, op->results[i], inner(slots, from->emits[i])));
  return SF_OK;
}

sf_result sf_onnx_add_statements(onnx_neuron_builder *b, const sf_op *op) {
  if (op->kind == SF_OP_NEURONS) return add_function(b, op);
  sf_noperand operands[3] = {{0}}, result;
  for (uint32_t i = 0; i < op->operand_count; i++)
    SF_TRY(read_operand(b, op, i, &operands[i]));
  if (op->kind == SF_OP_RELU)
    SF_TRY(add_relu(b, operands[0], &result));
  else if (op->kind == SF_OP_CLIP)
    SF_TRY(add_clip(b, op, operands[0], &result));
  else
    SF_TRY(add(b, kind_of(op->kind), op->results[0]->type.scalar, operands,
               &result));
  return sf_onnx_bind_value(b, op->results[0], result);
}
