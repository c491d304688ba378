/* linear.c - linear, sparse and matmul without delays: sources that are not
 * zero add their row of weights, in ascending order, so that f32 sums have the
 * prescribed order. docs/ir.md 5. */
#include "targets/cpu/cpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Parameters of the kernels. */
enum { P_X, P_WEIGHTS, P_BIAS, P_SUMS, P_Y, P_COUNT };

static LLVMValueRef parameter(cpu_module *m, unsigned i) {
  return sf_code_parameter(m->cg, i);
}

static LLVMValueRef bias_at(cpu_module *m, const cpu_sum *s, LLVMValueRef i) {
  if (!s->has_bias) return NULL;
  return sf_code_load(m->cg, s->is_float ? m->cg->f32 : m->cg->i32,
                      parameter(m, P_BIAS), i);
}

static void start_sums(cpu_module *m, const cpu_sum *s, uint64_t targets) {
  sf_codegen *cg = m->cg;
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, targets));
  LLVMValueRef bias = s->is_float ? bias_at(m, s, loop.i) : NULL;
  sf_code_store(cg, cpu_sum_start(m, s, bias), parameter(m, P_SUMS), loop.i);
  sf_code_loop_end(cg, &loop);
}

/* y[i] of one row. */
static void finish_sums(cpu_module *m, const cpu_sum *s, LLVMValueRef y,
                        uint64_t targets) {
  sf_codegen *cg = m->cg;
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, targets));
  LLVMValueRef sum =
      sf_code_load(cg, cpu_sum_type(m, s), parameter(m, P_SUMS), loop.i);
  LLVMValueRef bias = s->is_float ? NULL : bias_at(m, s, loop.i);
  sf_code_store(cg, cpu_sum_finish(m, s, sum, bias), y, loop.i);
  sf_code_loop_end(cg, &loop);
}

static LLVMValueRef offset(cpu_module *m, LLVMTypeRef type, LLVMValueRef base,
                           LLVMValueRef i, uint64_t stride) {
  LLVMValueRef at =
      LLVMBuildMul(m->cg->builder, i, sf_code_index(m->cg, stride), "");
  return sf_code_at(m->cg, type, base, at);
}

/* ---- linear and matmul: dense rows.
 * -------------------------------------------
 */

typedef struct dense {
  cpu_sum sum;
  uint64_t rows, sources, targets; /* of one matrix */
  cpu_nest matrices; /* matmul: leading axes of the result, of A and of B */
  bool streams;      /* matmul: the weights are words of a stream */
  sf_scalar convert; /* matmul in f32: type of the second stream's words */
} dense;

/* The second stream of a matmul holds words of its own type. */
static LLVMValueRef weight_word(cpu_module *m, const dense *d, LLVMValueRef row,
                                LLVMValueRef i) {
  sf_codegen *cg = m->cg;
  if (!d->streams) return sf_code_load(cg, cpu_weight_type(m, &d->sum), row, i);
  LLVMValueRef word = sf_code_load(cg, sf_code_word(cg, d->convert), row, i);
  return d->sum.is_float ? cpu_float(m, word, d->convert) : word;
}

static void add_dense_row(cpu_module *m, const dense *d, LLVMValueRef row,
                          LLVMValueRef x) {
  sf_codegen *cg = m->cg;
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, d->targets));
  LLVMValueRef sums = parameter(m, P_SUMS);
  LLVMValueRef sum = sf_code_load(cg, cpu_sum_type(m, &d->sum), sums, loop.i);
  LLVMValueRef w = weight_word(m, d, row, loop.i);
  sf_code_store(cg, cpu_sum_add(m, &d->sum, sum, w, x), sums, loop.i);
  sf_code_loop_end(cg, &loop);
}

/* All rows of one matrix. */
static void build_rows(cpu_module *m, const dense *d, LLVMValueRef x_matrix,
                       LLVMValueRef matrix, LLVMValueRef y_matrix) {
  sf_codegen *cg = m->cg;
  LLVMTypeRef word = sf_code_word(cg, d->sum.x_type);
  LLVMTypeRef weight = d->streams ? cg->i32 : cpu_weight_type(m, &d->sum);
  sf_code_loop rows = sf_code_loop_begin(cg, sf_code_index(cg, d->rows));
  LLVMValueRef x = offset(m, word, x_matrix, rows.i, d->sources);
  LLVMValueRef y = offset(m, cg->i32, y_matrix, rows.i, d->targets);
  start_sums(m, &d->sum, d->targets);
  sf_code_loop sources = sf_code_loop_begin(cg, sf_code_index(cg, d->sources));
  LLVMValueRef value = sf_code_load(cg, word, x, sources.i);
  sf_code_if event = sf_code_if_begin(cg, cpu_nonzero(m, value, d->sum.x_type));
  add_dense_row(m, d, offset(m, weight, matrix, sources.i, d->targets), value);
  sf_code_if_end(cg, &event);
  sf_code_loop_end(cg, &sources);
  finish_sums(m, &d->sum, y, d->targets);
  sf_code_loop_end(cg, &rows);
}

static void build_dense(cpu_module *m, const dense *d) {
  sf_codegen *cg = m->cg;
  cpu_nest nest = d->matrices;
  cpu_nest_begin(m, &nest);
  LLVMTypeRef weight = d->streams ? cg->i32 : cpu_weight_type(m, &d->sum);
  build_rows(m, d, sf_code_at(cg, cg->i32, parameter(m, P_X), nest.index[1]),
             sf_code_at(cg, weight, parameter(m, P_WEIGHTS), nest.index[2]),
             sf_code_at(cg, cg->i32, parameter(m, P_Y), nest.index[0]));
  cpu_nest_end(m, &nest);
}

static sf_result call_dense(cpu_module *m, const sf_op *op, const dense *d,
                            LLVMValueRef weights) {
  char key[CPU_KEY_MAX];
  size_t used = (size_t)snprintf(
      key, sizeof key, "dense %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %u:%u ",
      d->rows, d->sources, d->targets, d->streams, d->convert.kind,
      d->convert.bits);
  used += cpu_nest_key(&d->matrices, key + used, sizeof key - used);
  if (used + 1 < sizeof key) key[used++] = ' ';
  if (used < sizeof key) cpu_sum_key(&d->sum, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build_dense(m, d);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[P_COUNT] = {cpu_value_pointer(m, sf_op_operand(op, 0)),
                                     weights, LLVMGetUndef(m->cg->pointer),
                                     cpu_accumulators(m),
                                     cpu_value_pointer(m, sf_op_result(op, 0))};
  if (d->sum.has_bias) SF_TRY(cpu_operand(m, op, 2, &arguments[P_BIAS]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}

/* Rows of the kernel are columns of the blob [targets, sources]. */
static sf_result transposed(cpu_module *m, const dense *d, const sf_blob *blob,
                            LLVMValueRef *out) {
  size_t count = (size_t)(d->sources * d->targets);
  size_t *order = calloc(count, sizeof *order);
  if (!order) return SF_OOM;
  for (size_t j = 0, at = 0; j < d->sources; j++)
    for (size_t i = 0; i < d->targets; i++)
      order[at++] = i * (size_t)d->sources + j;
  sf_result result = cpu_weights(m, &d->sum, blob, order, count, out);
  free(order);
  return result;
}

sf_result cpu_emit_linear(cpu_module *m, const sf_op *op) {
  if (sf_op_has_attr(op, SF_ATTR_delays)) return cpu_emit_delayed(m, op);
  sf_blob *blob = sf_op_operand_blob(op, 1);
  int64_t low, high;
  LLVMValueRef weights;
  SF_TRY(cpu_weight_limits(m, blob, &low, &high));
  dense d = {.sources = (uint64_t)blob->type.dim[1],
             .targets = (uint64_t)blob->type.dim[0]};
  d.rows = sf_type_elements(&sf_op_operand(op, 0)->type) / d.sources;
  d.sum = cpu_sum_of(op, blob->type.scalar, low, high, d.sources);
  SF_TRY(transposed(m, &d, blob, &weights));
  return call_dense(m, op, &d, weights);
}

static cpu_nest matrices_of(const sf_op *op) {
  const sf_type *y = &sf_op_result(op, 0)->type;
  cpu_nest nest = {.rank = y->rank};
  cpu_strides(y, nest.stride[0]);
  cpu_broadcast(&sf_op_operand(op, 0)->type, y, nest.stride[1]);
  cpu_broadcast(&sf_op_operand(op, 1)->type, y, nest.stride[2]);
  for (unsigned axis = 0; axis < y->rank; axis++)
    nest.dim[axis] = y->dim[axis];
  nest.rank -= 2;
  cpu_nest_collapse(&nest);
  return nest;
}

sf_result cpu_emit_matmul(cpu_module *m, const sf_op *op) {
  const sf_type *a = &sf_op_operand(op, 0)->type;
  const sf_type *b = &sf_op_operand(op, 1)->type;
  dense d = {.rows = (uint64_t)a->dim[a->rank - 2],
             .sources = (uint64_t)b->dim[b->rank - 2],
             .targets = (uint64_t)b->dim[b->rank - 1],
             .matrices = matrices_of(op),
             .streams = true,
             .convert = b->scalar};
  bool is_float = b->scalar.kind == SF_SCALAR_F32;
  d.sum = cpu_sum_of(op, b->scalar, is_float ? 0 : sf_scalar_min(b->scalar),
                     is_float ? 0 : sf_scalar_max(b->scalar), d.sources);
  d.sum.weight_bytes = 4; /* words of a stream */
  return call_dense(m, op, &d, cpu_value_pointer(m, sf_op_operand(op, 1)));
}

/* ---- sparse: the edges of each source, targets ascending.
 * ----------------------
 */

typedef struct edges {
  uint64_t sources, targets, count;
  uint32_t *starts, *target_of; /* starts: sources + 1 */
  size_t *order;                /* edge of the blob at each place */
} edges;

static void edges_destroy(edges *e) {
  free(e->starts);
  free(e->target_of);
  free(e->order);
}

static sf_result bad_edge(cpu_module *m, const sf_blob *index, size_t edge) {
  return sf_error(
      m->diag, SF_DIAG_BLOB, index->loc,
      "edge %zu of '@%s' names a target or source that is not there", edge,
      index->name);
}

/* Counting sort by source; stable, so that f32 keeps the stored order. */
static sf_result sort_edges(cpu_module *m, const sf_blob *index, edges *e) {
  e->starts = calloc((size_t)e->sources + 2, sizeof *e->starts);
  e->target_of = calloc((size_t)e->count + 1, sizeof *e->target_of);
  e->order = calloc((size_t)e->count + 1, sizeof *e->order);
  if (!e->starts || !e->target_of || !e->order) return SF_OOM;
  for (size_t k = 0; k < e->count; k++) {
    int32_t target = sf_blob_i32(index, 2 * k);
    int32_t source = sf_blob_i32(index, 2 * k + 1);
    if (target < 0 || (uint64_t)target >= e->targets || source < 0 ||
        (uint64_t)source >= e->sources)
      return bad_edge(m, index, k);
    e->starts[source + 2]++;
  }
  for (size_t j = 2; j < e->sources + 2; j++)
    e->starts[j] += e->starts[j - 1];
  /* starts[j + 1] is now where source j begins, and moves to its end. */
  for (size_t k = 0; k < e->count; k++) {
    size_t at = e->starts[sf_blob_i32(index, 2 * k + 1) + 1]++;
    e->order[at] = k;
    e->target_of[at] = (uint32_t)sf_blob_i32(index, 2 * k);
  }
  return SF_OK;
}

enum { S_STARTS = P_COUNT, S_TARGETS, S_COUNT };

static void build_sparse_source(cpu_module *m, const cpu_sum *s, LLVMValueRef j,
                                LLVMValueRef x) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef starts = parameter(m, S_STARTS);
  LLVMValueRef next = LLVMBuildAdd(b, j, sf_code_index(cg, 1), "");
  LLVMValueRef first = LLVMBuildZExtOrBitCast(
      b, sf_code_load(cg, cg->i32, starts, j), cg->index, "");
  LLVMValueRef end = LLVMBuildZExtOrBitCast(
      b, sf_code_load(cg, cg->i32, starts, next), cg->index, "");
  sf_code_loop loop = sf_code_loop_begin(cg, LLVMBuildSub(b, end, first, ""));
  LLVMValueRef e = LLVMBuildAdd(b, first, loop.i, "");
  LLVMValueRef target = LLVMBuildZExtOrBitCast(
      b, sf_code_load(cg, cg->i32, parameter(m, S_TARGETS), e), cg->index, "");
  LLVMValueRef w =
      sf_code_load(cg, cpu_weight_type(m, s), parameter(m, P_WEIGHTS), e);
  LLVMValueRef sums = parameter(m, P_SUMS);
  LLVMValueRef sum = sf_code_load(cg, cpu_sum_type(m, s), sums, target);
  sf_code_store(cg, cpu_sum_add(m, s, sum, w, x), sums, target);
  sf_code_loop_end(cg, &loop);
}

static void build_sparse(cpu_module *m, const cpu_sum *s, const edges *e) {
  sf_codegen *cg = m->cg;
  start_sums(m, s, e->targets);
  sf_code_loop sources = sf_code_loop_begin(cg, sf_code_index(cg, e->sources));
  LLVMValueRef x = sf_code_load(cg, sf_code_word(cg, s->x_type),
                                parameter(m, P_X), sources.i);
  sf_code_if event = sf_code_if_begin(cg, cpu_nonzero(m, x, s->x_type));
  build_sparse_source(m, s, sources.i, x);
  sf_code_if_end(cg, &event);
  sf_code_loop_end(cg, &sources);
  finish_sums(m, s, parameter(m, P_Y), e->targets);
}

static sf_result call_sparse(cpu_module *m, const sf_op *op, const cpu_sum *s,
                             const edges *e) {
  char key[CPU_KEY_MAX];
  size_t used =
      (size_t)snprintf(key, sizeof key, "sparse %" PRIu64 " %" PRIu64 " ",
                       e->sources, e->targets);
  cpu_sum_key(s, key + used, sizeof key - used);
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, S_COUNT, 0, &frame, &kernel, &is_new));
  if (is_new) {
    build_sparse(m, s, e);
    cpu_kernel_end(m, &frame);
  }
  LLVMValueRef arguments[S_COUNT] = {cpu_value_pointer(m, sf_op_operand(op, 0)),
                                     NULL, LLVMGetUndef(m->cg->pointer),
                                     cpu_accumulators(m),
                                     cpu_value_pointer(m, sf_op_result(op, 0))};
  SF_TRY(cpu_weights(m, s, sf_op_operand_blob(op, 2), e->order,
                     (size_t)e->count, &arguments[P_WEIGHTS]));
  SF_TRY(cpu_bytes(m, e->starts, ((size_t)e->sources + 1) * 4,
                   &arguments[S_STARTS]));
  SF_TRY(cpu_bytes(m, e->target_of, ((size_t)e->count + 1) * 4,
                   &arguments[S_TARGETS]));
  cpu_kernel_call(m, kernel, arguments, S_COUNT);
  return SF_OK;
}

sf_result cpu_emit_sparse(cpu_module *m, const sf_op *op) {
  if (sf_op_has_attr(op, SF_ATTR_delays)) return cpu_emit_delayed(m, op);
  sf_blob *index = sf_op_operand_blob(op, 1),
          *weights = sf_op_operand_blob(op, 2);
  int64_t low, high;
  SF_TRY(sf_blob_load(index, m->diag));
  SF_TRY(cpu_weight_limits(m, weights, &low, &high));
  edges e = {.sources = sf_type_elements(&sf_op_operand(op, 0)->type),
             .targets = sf_type_elements(&sf_op_result(op, 0)->type),
             .count = (uint64_t)index->type.dim[0]};
  cpu_sum sum = cpu_sum_of(op, weights->type.scalar, low, high, e.count);
  sf_result result = sort_edges(m, index, &e);
  if (result == SF_OK) result = call_sparse(m, op, &sum, &e);
  edges_destroy(&e);
  return result;
}
