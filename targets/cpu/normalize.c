/* normalize.c - layernorm, rmsnorm, groupnorm, instancenorm, batchnorm and lrn,
 * in binary64, in the order of the interpreter. docs/ir.md 4. */
#include "targets/cpu/cpu.h"

#include "codegen/float.h"
#include "codegen/math.h"

#include <stdio.h>
#include <string.h>

enum { P_Y, P_X, P_SCALE, P_BIAS, P_MEAN, P_VARIANCE, P_SUMS, P_COUNT };

static LLVMValueRef affine(cpu_module *m, LLVMValueRef a, int64_t factor,
                           LLVMValueRef b) {
  LLVMBuilderRef builder = m->cg->builder;
  LLVMValueRef scaled =
      LLVMBuildMul(builder, a, sf_code_index(m->cg, (uint64_t)factor), "");
  return LLVMBuildAdd(builder, scaled, b, "");
}

static LLVMValueRef real(cpu_module *m, double value) {
  return LLVMConstReal(m->cg->f64, value);
}

static LLVMValueRef load_f64(cpu_module *m, unsigned parameter,
                             LLVMValueRef index) {
  sf_codegen *cg = m->cg;
  LLVMValueRef x =
      sf_code_load(cg, cg->f32, sf_code_parameter(cg, parameter), index);
  return LLVMBuildFPExt(cg->builder, x, cg->f64, "");
}

static void store_f32(cpu_module *m, LLVMValueRef y, LLVMValueRef index) {
  sf_codegen *cg = m->cg;
  sf_code_store(cg, LLVMBuildFPTrunc(cg->builder, y, cg->f32, ""),
                sf_code_parameter(cg, P_Y), index);
}

/* sqrt(variance + epsilon) */
static LLVMValueRef root_of(cpu_module *m, const sf_op *op,
                            LLVMValueRef variance) {
  double epsilon = (double)sf_op_number(op, SF_ATTR_epsilon);
  return sf_code_sqrt(
      m->cg, LLVMBuildFAdd(m->cg->builder, variance, real(m, epsilon), ""));
}

/* ---- Runs of neighbours that are normalized together. ---- */

typedef struct runs {
  uint64_t count, length;
  /* Inside a run: element, scale, bias. Run r starts at r * length, its scale
   * and bias at r * channels. */
  cpu_nest inside;
  int64_t channels;
  bool has_bias, root_mean_square;
} runs;

static uint64_t elements_from(const sf_type *type, int64_t axis) {
  uint64_t elements = 1;
  for (int64_t n = axis; n < type->rank; n++)
    elements *= (uint64_t)type->dim[n];
  return elements;
}

/* layernorm, rmsnorm: scale and bias broadcast to the axes from `axis` on. */
static void trailing_runs(const sf_op *op, runs *r) {
  const sf_type *x = cpu_operand_type(op, 0);
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  if (axis < 0) axis += x->rank;
  sf_type run = {.rank = (uint8_t)(x->rank - axis)};
  for (unsigned n = 0; n < run.rank; n++)
    run.dim[n] = x->dim[axis + n];
  r->length = elements_from(x, axis);
  r->inside.rank = run.rank;
  for (unsigned n = 0; n < run.rank; n++)
    r->inside.dim[n] = run.dim[n];
  cpu_strides(&run, r->inside.stride[0]);
  cpu_broadcast(cpu_operand_type(op, 1), &run, r->inside.stride[1]);
  if (r->has_bias)
    cpu_broadcast(cpu_operand_type(op, 2), &run, r->inside.stride[2]);
}

/* groupnorm, instancenorm: whole channels, with one scale and bias each. */
static void channel_runs(const sf_op *op, int64_t groups, runs *r) {
  const sf_type *x = cpu_operand_type(op, 0);
  uint64_t plane = elements_from(x, 1);
  r->channels = x->dim[0] / groups;
  r->length = (uint64_t)r->channels * plane;
  r->inside.rank = 2;
  r->inside.dim[0] = r->channels;
  r->inside.dim[1] = (int64_t)plane;
  r->inside.stride[0][0] = (int64_t)plane;
  r->inside.stride[0][1] = 1;
  r->inside.stride[1][0] = r->inside.stride[2][0] = 1;
}

static runs runs_of(const sf_op *op) {
  const sf_type *x = cpu_operand_type(op, 0);
  runs r = {.has_bias = op->operand_count > 2,
            .root_mean_square = op->kind == SF_OP_RMSNORM};
  if (op->kind == SF_OP_GROUPNORM)
    channel_runs(op, sf_op_int(op, SF_ATTR_groups), &r);
  else if (op->kind == SF_OP_INSTANCENORM)
    channel_runs(op, x->dim[0], &r);
  else
    trailing_runs(op, &r);
  r.count = sf_type_elements(x) / r.length;
  cpu_nest_collapse(&r.inside);
  return r;
}

/* Mean over a run of x, or of (x - mean)^2 where there is a mean. */
static LLVMValueRef average(cpu_module *m, const runs *r, LLVMValueRef first,
                            LLVMValueRef mean, LLVMValueRef local) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMBuildStore(b, real(m, 0), local);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, r->length));
  LLVMValueRef term = load_f64(m, P_X, LLVMBuildAdd(b, first, loop.i, ""));
  if (mean) {
    term = LLVMBuildFSub(b, term, mean, "");
    term = LLVMBuildFMul(b, term, term, "");
  }
  LLVMValueRef sum = LLVMBuildLoad2(b, cg->f64, local, "");
  LLVMBuildStore(b, LLVMBuildFAdd(b, sum, term, ""), local);
  sf_code_loop_end(cg, &loop);
  sum = LLVMBuildLoad2(b, cg->f64, local, "");
  return LLVMBuildFDiv(b, sum, real(m, (double)r->length), "");
}

static void build_run(cpu_module *m, const sf_op *op, runs *r, LLVMValueRef run,
                      LLVMValueRef local) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef first = LLVMBuildMul(b, run, sf_code_index(cg, r->length), "");
  LLVMValueRef mean = real(m, 0);
  if (!r->root_mean_square) mean = average(m, r, first, NULL, local);
  LLVMValueRef root = root_of(m, op, average(m, r, first, mean, local));
  cpu_nest inside = r->inside;
  cpu_nest_begin(m, &inside);
  LLVMValueRef at = LLVMBuildAdd(b, first, inside.index[0], "");
  LLVMValueRef y = LLVMBuildFSub(b, load_f64(m, P_X, at), mean, "");
  y = LLVMBuildFDiv(b, y, root, "");
  LLVMValueRef scale =
      load_f64(m, P_SCALE, affine(m, run, r->channels, inside.index[1]));
  y = LLVMBuildFMul(b, y, scale, "");
  if (r->has_bias)
    y = LLVMBuildFAdd(
        b, y, load_f64(m, P_BIAS, affine(m, run, r->channels, inside.index[2])),
        "");
  store_f32(m, y, at);
  cpu_nest_end(m, &inside);
}

static void build_runs(cpu_module *m, const sf_op *op) {
  runs r = runs_of(op);
  LLVMValueRef local = cpu_local(m, m->cg->f64);
  sf_code_loop run = sf_code_loop_begin(m->cg, sf_code_index(m->cg, r.count));
  build_run(m, op, &r, run.i, local);
  sf_code_loop_end(m->cg, &run);
}

/* ---- batchnorm ---- */

static void build_batchnorm(cpu_module *m, const sf_op *op) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  const sf_type *x = cpu_operand_type(op, 0);
  uint64_t plane = elements_from(x, 1);
  sf_code_loop channel =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)x->dim[0]));
  LLVMValueRef root = root_of(m, op, load_f64(m, P_VARIANCE, channel.i));
  LLVMValueRef scale = load_f64(m, P_SCALE, channel.i);
  LLVMValueRef bias = load_f64(m, P_BIAS, channel.i);
  LLVMValueRef mean = load_f64(m, P_MEAN, channel.i);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, plane));
  LLVMValueRef at = affine(m, channel.i, (int64_t)plane, loop.i);
  LLVMValueRef y = LLVMBuildFSub(b, load_f64(m, P_X, at), mean, "");
  y = LLVMBuildFDiv(b, LLVMBuildFMul(b, scale, y, ""), root, "");
  store_f32(m, LLVMBuildFAdd(b, y, bias, ""), at);
  sf_code_loop_end(cg, &loop);
  sf_code_loop_end(cg, &channel);
}

/* ---- lrn ---- */

/* Squares of the channels from -before to +after, one sum a position. */
static void build_squares(cpu_module *m, const sf_type *x, LLVMValueRef channel,
                          int64_t before, int64_t after) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef sums = sf_code_parameter(cg, P_SUMS);
  uint64_t plane = elements_from(x, 1);
  sf_code_loop zero = sf_code_loop_begin(cg, sf_code_index(cg, plane));
  sf_code_store(cg, real(m, 0), sums, zero.i);
  sf_code_loop_end(cg, &zero);
  sf_code_loop window =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)(before + after + 1)));
  LLVMValueRef other = LLVMBuildAdd(b, channel, window.i, "");
  other = LLVMBuildSub(b, other, sf_code_index(cg, (uint64_t)before), "");
  LLVMValueRef inside = LLVMBuildICmp(
      b, LLVMIntULT, other, sf_code_index(cg, (uint64_t)x->dim[0]), "");
  sf_code_if there = sf_code_if_begin(cg, inside);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, plane));
  LLVMValueRef value =
      load_f64(m, P_X, affine(m, other, (int64_t)plane, loop.i));
  LLVMValueRef sum = sf_code_load(cg, cg->f64, sums, loop.i);
  sum = LLVMBuildFAdd(b, sum, LLVMBuildFMul(b, value, value, ""), "");
  sf_code_store(cg, sum, sums, loop.i);
  sf_code_loop_end(cg, &loop);
  sf_code_if_end(cg, &there);
  sf_code_loop_end(cg, &window);
}

static void build_lrn(cpu_module *m, const sf_op *op) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  const sf_type *x = cpu_operand_type(op, 0);
  uint64_t plane = elements_from(x, 1);
  int64_t size = sf_op_int(op, SF_ATTR_size), channels = x->dim[0];
  int64_t before = (size - 1) / 2, after = size / 2;
  if (before > channels) before = channels; /* none is there */
  if (after > channels) after = channels;
  double alpha = (double)sf_op_number(op, SF_ATTR_alpha) / (double)size;
  sf_code_loop channel =
      sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)channels));
  build_squares(m, x, channel.i, before, after);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, plane));
  LLVMValueRef sum =
      sf_code_load(cg, cg->f64, sf_code_parameter(cg, P_SUMS), loop.i);
  sum = LLVMBuildFMul(b, sum, real(m, alpha), "");
  sum = LLVMBuildFAdd(b, sum, real(m, (double)sf_op_number(op, SF_ATTR_bias)),
                      "");
  LLVMValueRef power = sf_code_math(
      cg, SF_MATH_POW, sum, real(m, (double)sf_op_number(op, SF_ATTR_beta)));
  LLVMValueRef at = affine(m, channel.i, (int64_t)plane, loop.i);
  store_f32(m, LLVMBuildFDiv(b, load_f64(m, P_X, at), power, ""), at);
  sf_code_loop_end(cg, &loop);
  sf_code_loop_end(cg, &channel);
}

/* ---- Kernels. ---- */

static void build(cpu_module *m, const sf_op *op) {
  if (op->kind == SF_OP_LRN)
    build_lrn(m, op);
  else if (op->kind == SF_OP_BATCHNORM)
    build_batchnorm(m, op);
  else
    build_runs(m, op);
}

/* Shapes of all operands and the attributes say all about a kernel. */
static void key_of(const sf_op *op, char *key, size_t size) {
  size_t used =
      (size_t)snprintf(key, size, "%s", sf_op_info_get(op->kind)->mnemonic);
  for (uint32_t i = 0; i < op->operand_count && used + 1 < size; i++) {
    key[used++] = ' ';
    used += sf_type_text(cpu_operand_type(op, i), key + used, size - used);
  }
  if (used < size) cpu_number_key(op, key + used, size - used);
}

sf_result cpu_emit_normalize(cpu_module *m, const sf_op *op) {
  char key[CPU_KEY_MAX];
  key_of(op, key, sizeof key);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build(m, op);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_result(op, 0))};
  for (uint32_t i = P_X; i < P_SUMS; i++)
    arguments[i] = LLVMGetUndef(m->cg->pointer);
  for (uint32_t i = 0; i < op->operand_count; i++)
    SF_TRY(cpu_operand(m, op, i, &arguments[P_X + i]));
  arguments[P_SUMS] = cpu_accumulators(m);
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}
