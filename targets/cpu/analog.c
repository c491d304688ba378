/* analog.c - elementwise analog ops. docs/ir.md 4.
 *
 * What f32 can do with one rounding is done in f32, which is what binary64
 * rounded once gives too; the others are computed in binary64. */
#include "targets/cpu/cpu.h"

#include "codegen/float.h"
#include "codegen/math.h"

#include <stdio.h>

enum { P_Y, P_A, P_B, P_COUNT };

static LLVMValueRef compare(cpu_module *m, LLVMRealPredicate predicate,
                            LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildFCmp(m->cg->builder, predicate, a, b, "");
}

static LLVMValueRef number(LLVMValueRef like, double value) {
  return LLVMConstReal(LLVMTypeOf(like), value);
}

/* min(max(x, low), high), where NaN stays. */
static LLVMValueRef clip(cpu_module *m, LLVMValueRef x, double low,
                         double high) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMValueRef least = number(x, low), most = number(x, high);
  LLVMValueRef y =
      LLVMBuildSelect(b, compare(m, LLVMRealOLE, x, least), least, x, "");
  return LLVMBuildSelect(b, compare(m, LLVMRealOGE, y, most), most, y, "");
}

/* x < 0 ? below : x */
static LLVMValueRef if_negative(cpu_module *m, LLVMValueRef x,
                                LLVMValueRef below) {
  LLVMValueRef negative = compare(m, LLVMRealOLT, x, number(x, 0));
  return LLVMBuildSelect(m->cg->builder, negative, below, x, "");
}

/* ---- Ops of f32. ---- */

/* NULL: the op is one of binary64. */
static LLVMValueRef in_f32(cpu_module *m, const sf_op *op, LLVMValueRef x,
                           LLVMValueRef y) {
  LLVMBuilderRef b = m->cg->builder;
  switch (op->kind) {
  case SF_OP_RELU: { /* not -0 */
    LLVMValueRef keep = compare(m, LLVMRealUGT, x, number(x, 0));
    return LLVMBuildSelect(b, keep, x, number(x, 0), "");
  }
  case SF_OP_CLIP:
    return clip(m, x, (double)sf_op_number(op, SF_ATTR_min),
                (double)sf_op_number(op, SF_ATTR_max));
  case SF_OP_LEAKY_RELU:
    y = number(x, (double)sf_op_number(op, SF_ATTR_alpha));
    return if_negative(m, x, LLVMBuildFMul(b, y, x, ""));
  case SF_OP_PRELU:
    return if_negative(m, x, LLVMBuildFMul(b, y, x, ""));
  case SF_OP_SQRT:
    return sf_code_sqrt(m->cg, x);
  case SF_OP_ABS:
    return sf_code_magnitude(m->cg, x);
  case SF_OP_FLOOR:
    return sf_code_round(m->cg, x, SF_ROUND_FLOOR);
  case SF_OP_DIV:
    return LLVMBuildFDiv(b, x, y, "");
  default:
    return NULL;
  }
}

/* ---- Ops of binary64. ---- */

static LLVMValueRef product(cpu_module *m, LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildFMul(m->cg->builder, a, b, "");
}

static LLVMValueRef call(cpu_module *m, sf_math function, LLVMValueRef x) {
  return sf_code_math(m->cg, function, x, NULL);
}

/* x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), which is the tanh form without
 * its cancellation. */
static LLVMValueRef gelu_tanh(cpu_module *m, LLVMValueRef x) {
  LLVMValueRef cube =
      product(m, product(m, product(m, number(x, 0.044715), x), x), x);
  LLVMValueRef sum = LLVMBuildFAdd(m->cg->builder, x, cube, "");
  /* 2 sqrt(2 / pi) */
  LLVMValueRef inner = product(m, sum, number(x, 0x1.9884533d43651p+0));
  return product(m, x, call(m, SF_MATH_SIGMOID, inner));
}

static LLVMValueRef hard(cpu_module *m, LLVMValueRef x, double slope,
                         double offset) {
  LLVMValueRef line = product(m, x, number(x, slope));
  line = LLVMBuildFAdd(m->cg->builder, line, number(x, offset), "");
  return clip(m, line, 0, 1);
}

static LLVMValueRef in_f64(cpu_module *m, const sf_op *op, LLVMValueRef x,
                           LLVMValueRef y) {
  LLVMBuilderRef b = m->cg->builder;
  switch (op->kind) {
  case SF_OP_ELU: {
    double alpha = (double)sf_op_number(op, SF_ATTR_alpha);
    LLVMValueRef below = call(m, SF_MATH_EXPM1, x);
    return if_negative(m, x, product(m, number(x, alpha), below));
  }
  case SF_OP_GELU:
    if (sf_op_has_attr(op, SF_ATTR_approximate)) return gelu_tanh(m, x);
    return product(m, x, call(m, SF_MATH_NORMAL, x));
  case SF_OP_SILU:
    return product(m, x, call(m, SF_MATH_SIGMOID, x));
  case SF_OP_SIGMOID:
    return call(m, SF_MATH_SIGMOID, x);
  case SF_OP_TANH:
    return call(m, SF_MATH_TANH, x);
  case SF_OP_HARDSIGMOID:
    return hard(m, x, (double)sf_op_number(op, SF_ATTR_alpha),
                (double)sf_op_number(op, SF_ATTR_beta));
  case SF_OP_HARDSWISH: {
    LLVMValueRef sixth = LLVMBuildFDiv(b, x, number(x, 6), "");
    return product(m, x, hard(m, sixth, 1, 0.5));
  }
  case SF_OP_EXP:
    return call(m, SF_MATH_EXP, x);
  case SF_OP_LOG:
    return call(m, SF_MATH_LOG, x);
  case SF_OP_SOFTPLUS:
    return call(m, SF_MATH_SOFTPLUS, x);
  case SF_OP_ERF:
    return call(m, SF_MATH_ERF, x);
  default:
    return sf_code_math(m->cg, SF_MATH_POW, x, y);
  }
}

static LLVMValueRef apply(cpu_module *m, const sf_op *op, LLVMValueRef x,
                          LLVMValueRef y) {
  sf_codegen *cg = m->cg;
  LLVMValueRef result = in_f32(m, op, x, y);
  if (result) return result;
  x = LLVMBuildFPExt(cg->builder, x, cg->f64, "");
  if (y) y = LLVMBuildFPExt(cg->builder, y, cg->f64, "");
  return LLVMBuildFPTrunc(cg->builder, in_f64(m, op, x, y), cg->f32, "");
}

/* ---- Kernels. ---- */

static cpu_nest nest_of(const sf_op *op) {
  const sf_type *y = &sf_op_result(op, 0)->type;
  cpu_nest nest = {.rank = y->rank};
  for (unsigned axis = 0; axis < y->rank; axis++)
    nest.dim[axis] = y->dim[axis];
  cpu_strides(y, nest.stride[0]);
  cpu_broadcast(cpu_operand_type(op, 0), y, nest.stride[1]);
  if (op->operand_count > 1)
    cpu_broadcast(cpu_operand_type(op, 1), y, nest.stride[2]);
  else
    cpu_strides(y, nest.stride[2]); /* not read; collapses with the others */
  cpu_nest_collapse(&nest);
  return nest;
}

static void build(cpu_module *m, const sf_op *op, cpu_nest *nest) {
  sf_codegen *cg = m->cg;
  cpu_nest_begin(m, nest);
  LLVMValueRef x =
      sf_code_load(cg, cg->f32, sf_code_parameter(cg, P_A), nest->index[1]);
  LLVMValueRef y = NULL;
  if (op->operand_count > 1)
    y = sf_code_load(cg, cg->f32, sf_code_parameter(cg, P_B), nest->index[2]);
  sf_code_store(cg, apply(m, op, x, y), sf_code_parameter(cg, P_Y),
                nest->index[0]);
  cpu_nest_end(m, nest);
}

size_t cpu_number_key(const sf_op *op, char *out, size_t size) {
  size_t used = 0;
  for (uint32_t i = 0; i < op->attr_count && used < size; i++) {
    union {
      float f;
      uint32_t bits;
    } number = {op->attrs[i].f};
    used += (size_t)snprintf(out + used, size - used, " %u:%x:%lld",
                             op->attrs[i].id, number.bits,
                             (long long)op->attrs[i].i);
  }
  return used;
}

sf_result cpu_emit_analog(cpu_module *m, const sf_op *op) {
  cpu_nest nest = nest_of(op);
  char key[CPU_KEY_MAX];
  size_t used = (size_t)snprintf(key, sizeof key, "%s ",
                                 sf_op_info_get(op->kind)->mnemonic);
  used += cpu_nest_key(&nest, key + used, sizeof key - used);
  if (used < sizeof key) cpu_number_key(op, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build(m, op, &nest);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_result(op, 0)),
                                     NULL, LLVMGetUndef(m->cg->pointer)};
  for (uint32_t i = 0; i < op->operand_count; i++)
    SF_TRY(cpu_operand(m, op, i, &arguments[P_A + i]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}
