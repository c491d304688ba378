/* pool.c - pool and reduce: each result gathers its elements in C order, then
 * divides once. docs/ir.md 4, 5. */
#include "targets/cpu/cpu.h"
#include "targets/cpu/window.h"

#include <stdio.h>

enum { P_X, P_Y, P_COUNT };

/* What one result gathers, in variables of the kernel. Integer sums of fewer
 * than 2^31 words fit 64 bits. */
typedef struct gather {
  bool is_float, is_max;
  sf_scalar x_type, y_type;
  sf_mode mode;
  LLVMValueRef total, any, inside; /* f32 or i64; i1; i32 */
} gather;

static gather gather_of(const sf_op *op) {
  gather g = {.x_type = sf_op_operand(op, 0)->type.scalar,
              .y_type = sf_op_result(op, 0)->type.scalar,
              .mode = op->mode};
  g.is_float = g.y_type.kind == SF_SCALAR_F32;
  g.is_max = sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
  return g;
}

static size_t gather_key(const gather *g, char *out, size_t size) {
  return (size_t)snprintf(out, size, "%d%d %u:%u %u:%u %u", g->is_float,
                          g->is_max, g->x_type.kind, g->x_type.bits,
                          g->y_type.kind, g->y_type.bits, g->mode);
}

static LLVMTypeRef total_type(cpu_module *m, const gather *g) {
  return g->is_float ? m->cg->f32 : m->cg->i64;
}

static void declare(cpu_module *m, gather *g) {
  g->total = cpu_local(m, total_type(m, g));
  g->any = cpu_local(m, m->cg->i1);
  g->inside = cpu_local(m, m->cg->i32);
}

static void start(cpu_module *m, const gather *g) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMBuildStore(b, LLVMConstNull(total_type(m, g)), g->total);
  LLVMBuildStore(b, LLVMConstNull(m->cg->i1), g->any);
  LLVMBuildStore(b, LLVMConstNull(m->cg->i32), g->inside);
}

static LLVMValueRef larger(cpu_module *m, const gather *g, LLVMValueRef old,
                           LLVMValueRef x) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMValueRef any = LLVMBuildLoad2(b, m->cg->i1, g->any, "");
  LLVMValueRef keep = g->is_float ? LLVMBuildFCmp(b, LLVMRealOGT, old, x, "")
                                  : LLVMBuildICmp(b, LLVMIntSGT, old, x, "");
  keep = LLVMBuildAnd(b, keep, any, "");
  return LLVMBuildSelect(b, keep, old, x, "");
}

static void add(cpu_module *m, const gather *g, LLVMValueRef index) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef word = sf_code_load(cg, sf_code_word(cg, g->x_type),
                                   sf_code_parameter(cg, P_X), index);
  LLVMValueRef x = g->is_float ? cpu_float(m, word, g->x_type)
                               : LLVMBuildSExt(b, word, cg->i64, "");
  LLVMValueRef old = LLVMBuildLoad2(b, total_type(m, g), g->total, "");
  LLVMValueRef total = g->is_max     ? larger(m, g, old, x)
                       : g->is_float ? LLVMBuildFAdd(b, old, x, "")
                                     : LLVMBuildAdd(b, old, x, "");
  LLVMBuildStore(b, total, g->total);
  LLVMBuildStore(b, LLVMConstInt(cg->i1, 1, false), g->any);
  LLVMValueRef inside = LLVMBuildLoad2(b, cg->i32, g->inside, "");
  LLVMBuildStore(b, LLVMBuildAdd(b, inside, sf_code_int(cg, 1), ""), g->inside);
}

/* `divisor` 0: none; negative: by the number of elements gathered. */
static void finish(cpu_module *m, const gather *g, LLVMValueRef index,
                   int64_t divisor) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef total = LLVMBuildLoad2(b, total_type(m, g), g->total, "");
  if (g->is_float && divisor != 0) {
    LLVMValueRef by =
        divisor > 0
            ? sf_code_float(cg, (float)divisor)
            : LLVMBuildSIToFP(b, LLVMBuildLoad2(b, cg->i32, g->inside, ""),
                              cg->f32, "");
    total = LLVMBuildFDiv(b, total, by, "");
  }
  if (!g->is_float) {
    sf_integer exact = {total, INT64_MIN, INT64_MAX};
    total = sf_integer_fit(cg, exact, g->y_type, g->mode).value;
  }
  sf_code_store(cg, total, sf_code_parameter(cg, P_Y), index);
}

static sf_result call(cpu_module *m, const sf_op *op,
                      const cpu_kernel *kernel) {
  LLVMValueRef arguments[P_COUNT] = {NULL,
                                     cpu_value_pointer(m, sf_op_result(op, 0))};
  SF_TRY(cpu_operand(m, op, 0, &arguments[P_X]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}

/* ---- pool
 * ----------------------------------------------------------------------
 */

static LLVMValueRef affine(cpu_module *m, LLVMValueRef a, int64_t factor,
                           LLVMValueRef b) {
  LLVMBuilderRef builder = m->cg->builder;
  LLVMValueRef scaled = LLVMBuildMul(
      builder, a, LLVMConstInt(m->cg->index, (unsigned long long)factor, true),
      "");
  return LLVMBuildAdd(builder, scaled, b, "");
}

/* Source row or column of a tap; the condition is that it is in the image. */
static LLVMValueRef source(cpu_module *m, const cpu_window_axis *a,
                           LLVMValueRef at, LLVMValueRef tap,
                           LLVMValueRef *out) {
  LLVMValueRef begin =
      LLVMConstInt(m->cg->index, (unsigned long long)-a->begin, true);
  *out = affine(m, at, a->stride, affine(m, tap, a->dilation, begin));
  return LLVMBuildICmp(m->cg->builder, LLVMIntULT, *out,
                       sf_code_index(m->cg, (uint64_t)a->in), "");
}

static void build_window(cpu_module *m, const cpu_window *w, const gather *g,
                         LLVMValueRef channel, const LLVMValueRef at[2]) {
  sf_codegen *cg = m->cg;
  const cpu_window_axis *a = w->axis;
  LLVMValueRef in[2];
  sf_code_loop ky =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)a[0].kernel));
  sf_code_if row = sf_code_if_begin(cg, source(m, &a[0], at[0], ky.i, &in[0]));
  sf_code_loop kx =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)a[1].kernel));
  sf_code_if column =
      sf_code_if_begin(cg, source(m, &a[1], at[1], kx.i, &in[1]));
  add(m, g, affine(m, affine(m, channel, a[0].in, in[0]), a[1].in, in[1]));
  sf_code_if_end(cg, &column);
  sf_code_loop_end(cg, &kx);
  sf_code_if_end(cg, &row);
  sf_code_loop_end(cg, &ky);
}

static void build_pool(cpu_module *m, const cpu_window *w, gather *g,
                       int64_t divisor) {
  sf_codegen *cg = m->cg;
  const cpu_window_axis *a = w->axis;
  declare(m, g);
  sf_code_loop channel =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)w->outputs));
  sf_code_loop y =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)a[0].out));
  sf_code_loop x =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)a[1].out));
  const LLVMValueRef at[2] = {y.i, x.i};
  start(m, g);
  build_window(m, w, g, channel.i, at);
  LLVMValueRef result =
      affine(m, affine(m, channel.i, a[0].out, y.i), a[1].out, x.i);
  finish(m, g, result, divisor);
  sf_code_loop_end(cg, &x);
  sf_code_loop_end(cg, &y);
  sf_code_loop_end(cg, &channel);
}

sf_result cpu_emit_pool(cpu_module *m, const sf_op *op) {
  cpu_window w;
  cpu_window_read(op, &w);
  gather g = gather_of(op);
  int64_t divisor = 0;
  if (sf_op_int(op, SF_ATTR_kind) == SF_POOL_AVG)
    divisor = sf_op_int(op, SF_ATTR_count_pad)
                  ? w.axis[0].kernel * w.axis[1].kernel
                  : -1;
  char key[CPU_KEY_MAX];
  size_t used =
      (size_t)snprintf(key, sizeof key, "pool %lld ", (long long)divisor);
  used += cpu_window_key(&w, key + used, sizeof key - used);
  gather_key(&g, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build_pool(m, &w, &g, divisor);
    cpu_kernel_end(m, &frame);
  }
  return call(m, op, kernel);
}

/* ---- reduce
 * --------------------------------------------------------------------
 */

static uint32_t reduced_axes(const sf_op *op) {
  uint32_t reduced = 0;
  for (uint32_t n = 0; n < op->attr_count; n++)
    if (op->attrs[n].id == SF_ATTR_axes)
      for (uint32_t k = 0; k < op->attrs[n].count; k++)
        reduced |= 1u << op->attrs[n].ints[k];
  return reduced;
}

/* Axes that stay, and axes that go, as two nests; array 0 is the operand, array
 * 1 the result. */
static void split_axes(const sf_op *op, cpu_nest *kept, cpu_nest *gone) {
  const sf_type *from = &sf_op_operand(op, 0)->type;
  uint32_t reduced = reduced_axes(op);
  int64_t stride[SF_RANK_MAX], result = 1;
  cpu_strides(from, stride);
  *kept = *gone = (cpu_nest){0};
  for (unsigned axis = 0; axis < from->rank; axis++) {
    cpu_nest *nest = reduced >> axis & 1 ? gone : kept;
    nest->dim[nest->rank] = from->dim[axis];
    nest->stride[0][nest->rank++] = stride[axis];
  }
  for (unsigned axis = kept->rank; axis-- > 0;) {
    kept->stride[1][axis] = result;
    result *= kept->dim[axis];
  }
}

static void build_reduce(cpu_module *m, gather *g, cpu_nest *kept,
                         cpu_nest *gone, int64_t divisor) {
  declare(m, g);
  cpu_nest_begin(m, kept);
  start(m, g);
  cpu_nest_begin(m, gone);
  add(m, g, LLVMBuildAdd(m->cg->builder, kept->index[0], gone->index[0], ""));
  cpu_nest_end(m, gone);
  finish(m, g, kept->index[1], divisor);
  cpu_nest_end(m, kept);
}

sf_result cpu_emit_reduce(cpu_module *m, const sf_op *op) {
  cpu_nest kept, gone;
  gather g = gather_of(op);
  split_axes(op, &kept, &gone);
  cpu_nest_collapse(&kept);
  cpu_nest_collapse(&gone);
  int64_t divisor = sf_op_int(op, SF_ATTR_kind) == SF_POOL_MEAN ? -1 : 0;
  char key[2 * CPU_KEY_MAX];
  size_t used =
      (size_t)snprintf(key, sizeof key, "reduce %lld ", (long long)divisor);
  used += gather_key(&g, key + used, sizeof key - used);
  used += cpu_nest_key(&kept, key + used, sizeof key - used);
  cpu_nest_key(&gone, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build_reduce(m, &g, &kept, &gone, divisor);
    cpu_kernel_end(m, &frame);
  }
  return call(m, op, kernel);
}
