/* elementwise.c - add, sub, mul, min, max with broadcasting; slice, transpose,
 * concat and reshape, which only move. docs/ir.md 4. */
#include "targets/cpu/cpu.h"

#include <stdio.h>

enum { P_Y, P_A, P_B, P_COUNT };

static LLVMValueRef combine_float(cpu_module *m, sf_op_kind kind,
                                  LLVMValueRef a, LLVMValueRef b) {
  LLVMBuilderRef builder = m->cg->builder;
  switch (kind) {
  case SF_OP_ADD:
    return LLVMBuildFAdd(builder, a, b, "");
  case SF_OP_SUB:
    return LLVMBuildFSub(builder, a, b, "");
  case SF_OP_MUL:
    return LLVMBuildFMul(builder, a, b, "");
  default: {
    LLVMRealPredicate p = kind == SF_OP_MIN ? LLVMRealOLT : LLVMRealOGT;
    return LLVMBuildSelect(builder, LLVMBuildFCmp(builder, p, a, b, ""), a, b,
                           "");
  }
  }
}

static sf_integer combine(cpu_module *m, sf_op_kind kind, sf_integer a,
                          sf_integer b) {
  switch (kind) {
  case SF_OP_ADD:
    return sf_integer_add(m->cg, a, b);
  case SF_OP_SUB:
    return sf_integer_sub(m->cg, a, b);
  case SF_OP_MUL:
    return sf_integer_mul(m->cg, a, b);
  case SF_OP_MIN:
    return sf_integer_min(m->cg, a, b);
  default:
    return sf_integer_max(m->cg, a, b);
  }
}

static void build_elementwise(cpu_module *m, const sf_op *op, cpu_nest *nest) {
  sf_codegen *cg = m->cg;
  sf_scalar y = sf_op_result(op, 0)->type.scalar;
  sf_scalar a = cpu_operand_type(op, 0)->scalar,
            b = cpu_operand_type(op, 1)->scalar;
  cpu_nest_begin(m, nest);
  LLVMValueRef x0 = sf_code_load(cg, sf_code_word(cg, a),
                                 sf_code_parameter(cg, P_A), nest->index[1]);
  LLVMValueRef x1 = sf_code_load(cg, sf_code_word(cg, b),
                                 sf_code_parameter(cg, P_B), nest->index[2]);
  LLVMValueRef result;
  if (y.kind == SF_SCALAR_F32) {
    result =
        combine_float(m, op->kind, cpu_float(m, x0, a), cpu_float(m, x1, b));
  } else {
    sf_integer exact = combine(m, op->kind, sf_integer_word(cg, x0, a),
                               sf_integer_word(cg, x1, b));
    result = sf_integer_fit(cg, exact, y, op->mode).value;
  }
  sf_code_store(cg, result, sf_code_parameter(cg, P_Y), nest->index[0]);
  cpu_nest_end(m, nest);
}

static cpu_nest nest_of(const sf_op *op) {
  const sf_type *y = &sf_op_result(op, 0)->type;
  cpu_nest nest = {.rank = y->rank};
  for (unsigned axis = 0; axis < y->rank; axis++)
    nest.dim[axis] = y->dim[axis];
  cpu_strides(y, nest.stride[0]);
  cpu_broadcast(cpu_operand_type(op, 0), y, nest.stride[1]);
  cpu_broadcast(cpu_operand_type(op, 1), y, nest.stride[2]);
  cpu_nest_collapse(&nest);
  return nest;
}

sf_result cpu_emit_elementwise(cpu_module *m, const sf_op *op) {
  cpu_nest nest = nest_of(op);
  sf_scalar y = sf_op_result(op, 0)->type.scalar;
  sf_scalar a = cpu_operand_type(op, 0)->scalar,
            b = cpu_operand_type(op, 1)->scalar;
  char key[CPU_KEY_MAX];
  size_t used =
      (size_t)snprintf(key, sizeof key, "%s %u %u:%u %u:%u %u:%u ",
                       sf_op_info_get(op->kind)->mnemonic, op->mode, y.kind,
                       y.bits, a.kind, a.bits, b.kind, b.bits);
  cpu_nest_key(&nest, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build_elementwise(m, op, &nest);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_result(op, 0))};
  SF_TRY(cpu_operand(m, op, 0, &arguments[P_A]));
  SF_TRY(cpu_operand(m, op, 1, &arguments[P_B]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}

/* ---- Moving.
 * ---------------------------------------------------------------------
 */

enum { MOVE_Y, MOVE_X, MOVE_COUNT };

/* y[array 0] = x[array 1]. Where the two begin is the caller's: a gather of
 * thousands of slices is one kernel. */
static sf_result move(cpu_module *m, cpu_nest *nest, LLVMValueRef y,
                      LLVMValueRef x) {
  sf_codegen *cg = m->cg;
  char key[CPU_KEY_MAX];
  y = cpu_element(m, y, nest->offset[0]);
  x = cpu_element(m, x, nest->offset[1]);
  nest->offset[0] = nest->offset[1] = 0;
  cpu_nest_collapse(nest);
  size_t used = (size_t)snprintf(key, sizeof key, "move ");
  cpu_nest_key(nest, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, MOVE_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    cpu_nest_begin(m, nest);
    LLVMValueRef word = sf_code_load(cg, cg->i32, sf_code_parameter(cg, MOVE_X),
                                     nest->index[1]);
    sf_code_store(cg, word, sf_code_parameter(cg, MOVE_Y), nest->index[0]);
    cpu_nest_end(m, nest);
    cpu_kernel_end(m, &frame);
  }
  const LLVMValueRef arguments[MOVE_COUNT] = {y, x};
  cpu_kernel_call(m, kernel, arguments, MOVE_COUNT);
  return SF_OK;
}

static sf_result emit_slice(cpu_module *m, const sf_op *op, LLVMValueRef y,
                            LLVMValueRef x) {
  const sf_type *from = cpu_operand_type(op, 0);
  const sf_type *to = &sf_op_result(op, 0)->type;
  int64_t begin[SF_RANK_MAX], step[SF_RANK_MAX], stride[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_begin, from->rank, begin);
  sf_op_ints(op, SF_ATTR_step, from->rank, step);
  cpu_strides(from, stride);
  cpu_nest nest = {.rank = to->rank};
  cpu_strides(to, nest.stride[0]);
  for (unsigned axis = 0; axis < to->rank; axis++) {
    nest.dim[axis] = to->dim[axis];
    nest.offset[1] += begin[axis] * stride[axis];
    nest.stride[1][axis] = step[axis] * stride[axis];
  }
  return move(m, &nest, y, x);
}

static sf_result emit_transpose(cpu_module *m, const sf_op *op, LLVMValueRef y,
                                LLVMValueRef x) {
  const sf_type *from = cpu_operand_type(op, 0);
  const sf_type *to = &sf_op_result(op, 0)->type;
  int64_t perm[SF_RANK_MAX], stride[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_perm, from->rank, perm);
  cpu_strides(from, stride);
  cpu_nest nest = {.rank = to->rank};
  cpu_strides(to, nest.stride[0]);
  for (unsigned axis = 0; axis < to->rank; axis++) {
    nest.dim[axis] = to->dim[axis];
    nest.stride[1][axis] = stride[perm[axis]];
  }
  return move(m, &nest, y, x);
}

/* One box of the result an operand. */
static sf_result emit_concat(cpu_module *m, const sf_op *op, LLVMValueRef y) {
  const sf_type *to = &sf_op_result(op, 0)->type;
  unsigned joined = (unsigned)sf_op_int(op, SF_ATTR_axis);
  int64_t stride[SF_RANK_MAX], at = 0;
  cpu_strides(to, stride);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_type *from = cpu_operand_type(op, i);
    LLVMValueRef x;
    cpu_nest nest = {.rank = from->rank};
    cpu_strides(from, nest.stride[1]);
    nest.offset[0] = at * stride[joined];
    for (unsigned axis = 0; axis < from->rank; axis++) {
      nest.dim[axis] = from->dim[axis];
      nest.stride[0][axis] = stride[axis];
    }
    SF_TRY(cpu_operand(m, op, i, &x));
    SF_TRY(move(m, &nest, y, x));
    at += from->dim[joined];
  }
  return SF_OK;
}

sf_result cpu_emit_move(cpu_module *m, const sf_op *op) {
  LLVMValueRef y = cpu_value_pointer(m, sf_op_result(op, 0)), x;
  if (op->kind == SF_OP_CONCAT) return emit_concat(m, op, y);
  SF_TRY(cpu_operand(m, op, 0, &x));
  switch (op->kind) {
  case SF_OP_SLICE:
    return emit_slice(m, op, y, x);
  case SF_OP_TRANSPOSE:
    return emit_transpose(m, op, y, x);
  default: /* reshape: the same order */
    return cpu_copy(m, y, x, sf_type_elements(&sf_op_result(op, 0)->type));
  }
}
