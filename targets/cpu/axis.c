/* axis.c - softmax and argmax: each position of the other axes looks along one.
 * docs/ir.md 4. */
#include "targets/cpu/cpu.h"

#include "codegen/math.h"

#include <math.h>
#include <stdio.h>

enum { P_Y, P_X, P_SUMS, P_COUNT };

/* Lines of `extent` elements, `inner` apart; one starts at each position of the
 * axes before (`outer`) and behind (`inner`). */
typedef struct lines {
  uint64_t outer, extent, inner;
} lines;

static lines lines_of(const sf_op *op) {
  const sf_type *type = cpu_operand_type(op, 0);
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  if (axis < 0) axis += type->rank;
  lines l = {1, (uint64_t)type->dim[axis], 1};
  for (int64_t n = 0; n < type->rank; n++) {
    if (n < axis) l.outer *= (uint64_t)type->dim[n];
    if (n > axis) l.inner *= (uint64_t)type->dim[n];
  }
  return l;
}

static LLVMValueRef affine(cpu_module *m, LLVMValueRef a, uint64_t factor,
                           LLVMValueRef b) {
  LLVMBuilderRef builder = m->cg->builder;
  LLVMValueRef scaled =
      LLVMBuildMul(builder, a, sf_code_index(m->cg, factor), "");
  return b ? LLVMBuildAdd(builder, scaled, b, "") : scaled;
}

static LLVMValueRef load_f64(cpu_module *m, LLVMValueRef index) {
  sf_codegen *cg = m->cg;
  LLVMValueRef x = sf_code_load(cg, cg->f32, sf_code_parameter(cg, P_X), index);
  return LLVMBuildFPExt(cg->builder, x, cg->f64, "");
}

/* ---- softmax: exp(x - most) once, kept in binary64. ---- */

/* The largest of a line; a NaN is not larger. */
static LLVMValueRef largest(cpu_module *m, const lines *l, LLVMValueRef first,
                            LLVMValueRef most) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMBuildStore(b, LLVMConstReal(cg->f64, -(double)INFINITY), most);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, l->extent));
  LLVMValueRef x = load_f64(m, affine(m, loop.i, l->inner, first));
  LLVMValueRef old = LLVMBuildLoad2(b, cg->f64, most, "");
  LLVMValueRef larger = LLVMBuildFCmp(b, LLVMRealOGT, x, old, "");
  LLVMBuildStore(b, LLVMBuildSelect(b, larger, x, old, ""), most);
  sf_code_loop_end(cg, &loop);
  return LLVMBuildLoad2(b, cg->f64, most, "");
}

static void build_exponentials(cpu_module *m, const lines *l,
                               LLVMValueRef first, LLVMValueRef most) {
  sf_codegen *cg = m->cg;
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, l->extent));
  LLVMValueRef x = load_f64(m, affine(m, loop.i, l->inner, first));
  x = LLVMBuildFSub(cg->builder, x, most, "");
  sf_code_store(cg, sf_code_math(cg, SF_MATH_EXP, x, NULL),
                sf_code_parameter(cg, P_SUMS), loop.i);
  sf_code_loop_end(cg, &loop);
}

static LLVMValueRef total(cpu_module *m, const lines *l, LLVMValueRef sum) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMBuildStore(b, LLVMConstReal(cg->f64, 0), sum);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, l->extent));
  LLVMValueRef e =
      sf_code_load(cg, cg->f64, sf_code_parameter(cg, P_SUMS), loop.i);
  LLVMValueRef old = LLVMBuildLoad2(b, cg->f64, sum, "");
  LLVMBuildStore(b, LLVMBuildFAdd(b, old, e, ""), sum);
  sf_code_loop_end(cg, &loop);
  return LLVMBuildLoad2(b, cg->f64, sum, "");
}

static void build_line(cpu_module *m, const lines *l, LLVMValueRef first,
                       LLVMValueRef local) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  build_exponentials(m, l, first, largest(m, l, first, local));
  LLVMValueRef sum = total(m, l, local);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, l->extent));
  LLVMValueRef e =
      sf_code_load(cg, cg->f64, sf_code_parameter(cg, P_SUMS), loop.i);
  LLVMValueRef y =
      LLVMBuildFPTrunc(b, LLVMBuildFDiv(b, e, sum, ""), cg->f32, "");
  sf_code_store(cg, y, sf_code_parameter(cg, P_Y),
                affine(m, loop.i, l->inner, first));
  sf_code_loop_end(cg, &loop);
}

static void build_softmax(cpu_module *m, const lines *l) {
  sf_codegen *cg = m->cg;
  LLVMValueRef local = cpu_local(m, cg->f64);
  sf_code_loop outer = sf_code_loop_begin(cg, sf_code_index(cg, l->outer));
  sf_code_loop inner = sf_code_loop_begin(cg, sf_code_index(cg, l->inner));
  build_line(m, l, affine(m, outer.i, l->extent * l->inner, inner.i), local);
  sf_code_loop_end(cg, &inner);
  sf_code_loop_end(cg, &outer);
}

/* ---- argmax ---- */

/* x is a number, and the best so far is none or smaller. */
static LLVMValueRef is_better(cpu_module *m, sf_scalar type, LLVMValueRef x,
                              LLVMValueRef best) {
  LLVMBuilderRef b = m->cg->builder;
  if (type.kind != SF_SCALAR_F32)
    return LLVMBuildICmp(b, LLVMIntSGT, x, best, "");
  LLVMValueRef number = LLVMBuildFCmp(b, LLVMRealORD, x, x, "");
  return LLVMBuildAnd(b, number, LLVMBuildFCmp(b, LLVMRealUGT, x, best, ""),
                      "");
}

static void build_argmax(cpu_module *m, const lines *l, sf_scalar type) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMTypeRef word = sf_code_word(cg, type);
  LLVMValueRef best = cpu_local(m, word), place = cpu_local(m, cg->index);
  sf_code_loop outer = sf_code_loop_begin(cg, sf_code_index(cg, l->outer));
  sf_code_loop inner = sf_code_loop_begin(cg, sf_code_index(cg, l->inner));
  LLVMValueRef first = affine(m, outer.i, l->extent * l->inner, inner.i);
  LLVMValueRef x = sf_code_parameter(cg, P_X);
  LLVMBuildStore(b, sf_code_load(cg, word, x, first), best);
  LLVMBuildStore(b, sf_code_index(cg, 0), place);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, l->extent));
  LLVMValueRef value =
      sf_code_load(cg, word, x, affine(m, loop.i, l->inner, first));
  LLVMValueRef old = LLVMBuildLoad2(b, word, best, "");
  LLVMValueRef better = is_better(m, type, value, old);
  LLVMBuildStore(b, LLVMBuildSelect(b, better, value, old, ""), best);
  LLVMValueRef where = LLVMBuildLoad2(b, cg->index, place, "");
  LLVMBuildStore(b, LLVMBuildSelect(b, better, loop.i, where, ""), place);
  sf_code_loop_end(cg, &loop);
  LLVMValueRef index = LLVMBuildIntCast2(
      b, LLVMBuildLoad2(b, cg->index, place, ""), cg->i32, false, "");
  sf_code_store(cg, index, sf_code_parameter(cg, P_Y),
                affine(m, outer.i, l->inner, inner.i));
  sf_code_loop_end(cg, &inner);
  sf_code_loop_end(cg, &outer);
}

sf_result cpu_emit_axis(cpu_module *m, const sf_op *op) {
  lines l = lines_of(op);
  sf_scalar type = cpu_operand_type(op, 0)->scalar;
  char key[CPU_KEY_MAX];
  snprintf(key, sizeof key, "%s %u:%u %llu %llu %llu",
           sf_op_info_get(op->kind)->mnemonic, type.kind, type.bits,
           (unsigned long long)l.outer, (unsigned long long)l.extent,
           (unsigned long long)l.inner);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    if (op->kind == SF_OP_SOFTMAX)
      build_softmax(m, &l);
    else
      build_argmax(m, &l, type);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_result(op, 0)),
                                     NULL, cpu_accumulators(m)};
  SF_TRY(cpu_operand(m, op, 0, &arguments[P_X]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}
