/* window.c - conv and convt: a source element that is not zero adds to the
 * outputs that its taps reach.
 *
 * Sums are [y][x][channel], so that a tap adds a run. Sources run in the order
 * in which every output meets its taps by ky, then kx, then channel: rows and
 * columns ascend for conv and descend for convt. docs/ir.md 5. */
#include "targets/cpu/window.h"
#include "targets/cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>

void cpu_window_read(const sf_op *op, cpu_window *out) {
  const sf_type *from = &sf_op_operand(op, 0)->type;
  const sf_type *to = &sf_op_result(op, 0)->type;
  unsigned axes = from->rank - 1u; /* 1-d is 2-d with height 1 */
  int64_t stride[2], pad[4], dilation[2] = {1, 1}, kernel[2] = {1, 1};
  sf_op_ints(op, SF_ATTR_stride, axes, stride);
  sf_op_ints(op, SF_ATTR_pad, 2 * axes, pad);
  *out =
      (cpu_window){.inputs = from->dim[0], .outputs = to->dim[0], .groups = 1};
  sf_op_ints(op, SF_ATTR_dilation, axes, dilation);
  if (op->kind == SF_OP_POOL) {
    sf_op_ints(op, SF_ATTR_kernel, axes, kernel);
  } else {
    out->groups = sf_op_int(op, SF_ATTR_groups);
    for (unsigned n = 0; n < axes; n++)
      kernel[n] = sf_op_operand_blob(op, 1)->type.dim[2 + n];
  }
  out->axis[0] = (cpu_window_axis){1, 1, 1, 1, 1, 0};
  for (unsigned n = 0; n < axes; n++)
    out->axis[2 - axes + n] =
        (cpu_window_axis){from->dim[1 + n], to->dim[1 + n], kernel[n],
                          stride[n],        dilation[n],    pad[n]};
}

size_t cpu_window_key(const cpu_window *w, char *out, size_t size) {
  size_t used =
      (size_t)snprintf(out, size, "%lld %lld %lld", (long long)w->inputs,
                       (long long)w->outputs, (long long)w->groups);
  for (unsigned n = 0; n < 2 && used < size; n++) {
    const cpu_window_axis *a = &w->axis[n];
    used += (size_t)snprintf(
        out + used, size - used, " %lld,%lld,%lld,%lld,%lld,%lld",
        (long long)a->in, (long long)a->out, (long long)a->kernel,
        (long long)a->stride, (long long)a->dilation, (long long)a->begin);
  }
  return used;
}

enum { P_X, P_WEIGHTS, P_BIAS, P_SUMS, P_Y, P_COUNT };

typedef struct conv {
  cpu_sum sum;
  cpu_window window;
  bool transposed;
} conv;

static LLVMValueRef signed_index(cpu_module *m, int64_t value) {
  return LLVMConstInt(m->cg->index, (unsigned long long)value, true);
}

static LLVMValueRef linear(cpu_module *m, LLVMValueRef a, int64_t factor,
                           LLVMValueRef b) {
  LLVMBuilderRef builder = m->cg->builder;
  return LLVMBuildAdd(
      builder, LLVMBuildMul(builder, a, signed_index(m, factor), ""), b, "");
}

/* Output row or column that tap `tap` of source `at` adds to, and whether there
 * is one. */
static LLVMValueRef reached(cpu_module *m, const conv *c, unsigned axis,
                            LLVMValueRef at, LLVMValueRef tap,
                            LLVMValueRef *out) {
  LLVMBuilderRef b = m->cg->builder;
  const cpu_window_axis *a = &c->window.axis[axis];
  LLVMValueRef limit = signed_index(m, a->out);
  if (c->transposed) {
    LLVMValueRef moved = linear(m, at, a->stride, signed_index(m, -a->begin));
    *out = linear(m, tap, a->dilation, moved);
    return LLVMBuildICmp(b, LLVMIntULT, *out, limit, "");
  }
  LLVMValueRef numerator = linear(
      m, tap, -a->dilation, LLVMBuildAdd(b, at, signed_index(m, a->begin), ""));
  LLVMValueRef stride = signed_index(m, a->stride);
  LLVMValueRef aligned =
      LLVMBuildICmp(b, LLVMIntEQ, LLVMBuildSRem(b, numerator, stride, ""),
                    signed_index(m, 0), "");
  LLVMValueRef positive =
      LLVMBuildICmp(b, LLVMIntSGE, numerator, signed_index(m, 0), "");
  *out = LLVMBuildSDiv(b, numerator, stride, "");
  LLVMValueRef inside = LLVMBuildICmp(b, LLVMIntULT, *out, limit, "");
  return LLVMBuildAnd(b, LLVMBuildAnd(b, aligned, positive, ""), inside, "");
}

/* One source element, one tap: a run of output channels. */
static void add_run(cpu_module *m, const conv *c, LLVMValueRef position,
                    LLVMValueRef weight_row, LLVMValueRef channel,
                    LLVMValueRef x) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  const cpu_window *w = &c->window;
  int64_t per_group = w->outputs / w->groups;
  LLVMValueRef group =
      LLVMBuildUDiv(b, channel, signed_index(m, w->inputs / w->groups), "");
  LLVMTypeRef sum_type = cpu_sum_type(m, &c->sum);
  LLVMTypeRef weight_type = cpu_weight_type(m, &c->sum);
  LLVMValueRef first =
      linear(m, group, per_group,
             LLVMBuildMul(b, position, signed_index(m, w->outputs), ""));
  LLVMValueRef sums =
      sf_code_at(cg, sum_type, sf_code_parameter(cg, P_SUMS), first);
  LLVMValueRef weights =
      sf_code_at(cg, weight_type, sf_code_parameter(cg, P_WEIGHTS),
                 LLVMBuildMul(b, weight_row, signed_index(m, per_group), ""));
  sf_code_loop loop = sf_code_loop_begin(cg, signed_index(m, per_group));
  LLVMValueRef sum = sf_code_load(cg, sum_type, sums, loop.i);
  LLVMValueRef weight = sf_code_load(cg, weight_type, weights, loop.i);
  sf_code_store(cg, cpu_sum_add(m, &c->sum, sum, weight, x), sums, loop.i);
  sf_code_loop_end(cg, &loop);
}

/* All taps of one source element. */
static void scatter(cpu_module *m, const conv *c, const LLVMValueRef at[2],
                    LLVMValueRef channel, LLVMValueRef x) {
  sf_codegen *cg = m->cg;
  const cpu_window_axis *a = c->window.axis;
  LLVMValueRef out[2];
  sf_code_loop ky = sf_code_loop_begin(cg, signed_index(m, a[0].kernel));
  sf_code_if row = sf_code_if_begin(cg, reached(m, c, 0, at[0], ky.i, &out[0]));
  sf_code_loop kx = sf_code_loop_begin(cg, signed_index(m, a[1].kernel));
  sf_code_if column =
      sf_code_if_begin(cg, reached(m, c, 1, at[1], kx.i, &out[1]));
  LLVMValueRef tap =
      linear(m, channel, a[0].kernel, ky.i); /* weights: [c][ky][kx][o] */
  tap = linear(m, tap, a[1].kernel, kx.i);
  add_run(m, c, linear(m, out[0], a[1].out, out[1]), tap, channel, x);
  sf_code_if_end(cg, &column);
  sf_code_loop_end(cg, &kx);
  sf_code_if_end(cg, &row);
  sf_code_loop_end(cg, &ky);
}

static LLVMValueRef walked(cpu_module *m, const conv *c, unsigned axis,
                           LLVMValueRef i) {
  if (!c->transposed) return i;
  return LLVMBuildSub(m->cg->builder,
                      signed_index(m, c->window.axis[axis].in - 1), i, "");
}

static void build_sources(cpu_module *m, const conv *c) {
  sf_codegen *cg = m->cg;
  const cpu_window *w = &c->window;
  sf_code_loop rows = sf_code_loop_begin(cg, signed_index(m, w->axis[0].in));
  sf_code_loop columns = sf_code_loop_begin(cg, signed_index(m, w->axis[1].in));
  sf_code_loop channels = sf_code_loop_begin(cg, signed_index(m, w->inputs));
  LLVMValueRef at[2] = {walked(m, c, 0, rows.i), walked(m, c, 1, columns.i)};
  LLVMValueRef index = linear(m, channels.i, w->axis[0].in, at[0]);
  index = linear(m, index, w->axis[1].in, at[1]);
  LLVMValueRef x = sf_code_load(cg, sf_code_word(cg, c->sum.x_type),
                                sf_code_parameter(cg, P_X), index);
  sf_code_if event = sf_code_if_begin(cg, cpu_nonzero(m, x, c->sum.x_type));
  scatter(m, c, at, channels.i, x);
  sf_code_if_end(cg, &event);
  sf_code_loop_end(cg, &channels);
  sf_code_loop_end(cg, &columns);
  sf_code_loop_end(cg, &rows);
}

/* Runs `start` or the end over all sums. */
static void over_outputs(cpu_module *m, const conv *c, bool start) {
  sf_codegen *cg = m->cg;
  const cpu_window *w = &c->window;
  LLVMTypeRef type = cpu_sum_type(m, &c->sum);
  int64_t positions = w->axis[0].out * w->axis[1].out;
  sf_code_loop at = sf_code_loop_begin(cg, signed_index(m, positions));
  sf_code_loop channel = sf_code_loop_begin(cg, signed_index(m, w->outputs));
  LLVMValueRef bias = NULL;
  if (c->sum.has_bias)
    bias = sf_code_load(cg, c->sum.is_float ? cg->f32 : cg->i32,
                        sf_code_parameter(cg, P_BIAS), channel.i);
  LLVMValueRef i = linear(m, at.i, w->outputs, channel.i);
  LLVMValueRef sums = sf_code_parameter(cg, P_SUMS);
  if (start) {
    sf_code_store(cg, cpu_sum_start(m, &c->sum, bias), sums, i);
  } else {
    LLVMValueRef sum = sf_code_load(cg, type, sums, i);
    sf_code_store(cg, cpu_sum_finish(m, &c->sum, sum, bias),
                  sf_code_parameter(cg, P_Y),
                  linear(m, channel.i, positions, at.i));
  }
  sf_code_loop_end(cg, &channel);
  sf_code_loop_end(cg, &at);
}

static sf_result get_kernel(cpu_module *m, const conv *c, cpu_kernel **out) {
  char key[CPU_KEY_MAX];
  size_t used = (size_t)snprintf(key, sizeof key, "conv%d ", c->transposed);
  used += cpu_window_key(&c->window, key + used, sizeof key - used);
  if (used + 1 < sizeof key) key[used++] = ' ';
  if (used < sizeof key) cpu_sum_key(&c->sum, key + used, sizeof key - used);
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, out, &is_new));
  if (!is_new) return SF_OK;
  over_outputs(m, c, true);
  build_sources(m, c);
  over_outputs(m, c, false);
  cpu_kernel_end(m, &frame);
  return SF_OK;
}

/* Blob [o][c/groups][taps] as [c][taps][o of the group]. */
static sf_result arranged(cpu_module *m, const conv *c, const sf_blob *blob,
                          LLVMValueRef *out) {
  const cpu_window *w = &c->window;
  size_t inputs = (size_t)(w->inputs / w->groups);
  size_t outputs = (size_t)(w->outputs / w->groups);
  size_t taps = (size_t)(w->axis[0].kernel * w->axis[1].kernel);
  size_t count = sf_blob_elements(blob), at = 0;
  size_t *order = calloc(count, sizeof *order);
  if (!order) return SF_OOM;
  for (size_t channel = 0; channel < (size_t)w->inputs; channel++)
    for (size_t tap = 0; tap < taps; tap++)
      for (size_t o = 0; o < outputs; o++) {
        size_t output = channel / inputs * outputs + o;
        order[at++] = (output * inputs + channel % inputs) * taps + tap;
      }
  sf_result result = cpu_weights(m, &c->sum, blob, order, count, out);
  free(order);
  return result;
}

sf_result cpu_emit_conv(cpu_module *m, const sf_op *op) {
  conv c = {.transposed = op->kind == SF_OP_CONVT};
  sf_blob *blob = sf_op_operand_blob(op, 1);
  int64_t low, high;
  cpu_kernel *kernel;
  cpu_window_read(op, &c.window);
  SF_TRY(cpu_weight_limits(m, blob, &low, &high));
  uint64_t terms = sf_blob_elements(blob) / (uint64_t)blob->type.dim[0];
  c.sum = cpu_sum_of(op, blob->type.scalar, low, high, terms);
  SF_TRY(get_kernel(m, &c, &kernel));
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_operand(op, 0)),
                                     NULL, LLVMGetUndef(m->cg->pointer),
                                     cpu_accumulators(m),
                                     cpu_value_pointer(m, sf_op_result(op, 0))};
  SF_TRY(arranged(m, &c, blob, &arguments[P_WEIGHTS]));
  if (c.sum.has_bias) SF_TRY(cpu_operand(m, op, 2, &arguments[P_BIAS]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}

static uint64_t line_length(const sf_op *op) {
  const sf_type *type = &sf_op_result(op, 0)->type;
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  return (uint64_t)type->dim[axis < 0 ? axis + type->rank : axis];
}

/* Sums of integers are at most 16 bytes each. */
uint64_t cpu_accumulator_bytes(const sf_op *op) {
  const sf_type *type = &sf_op_result(op, 0)->type;
  switch (op->kind) {
  case SF_OP_LINEAR:
  case SF_OP_MATMUL:
    return (uint64_t)type->dim[type->rank - 1] * 16;
  case SF_OP_SPARSE:
  case SF_OP_CONV:
  case SF_OP_CONVT:
    return (uint64_t)sf_type_elements(type) * 16;
  case SF_OP_SOFTMAX: /* f64, one an element of a line */
    return line_length(op) * 8;
  case SF_OP_LRN: /* f64, one an element of a channel */
    return (uint64_t)(sf_type_elements(type) / (size_t)type->dim[0]) * 8;
  default:
    return 0;
  }
}
