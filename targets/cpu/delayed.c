/* delayed.c - linear and sparse with a delay a synapse: the operand's last
 * steps are kept in a ring, and each target gathers its edges. docs/ir.md 5. */
#include "targets/cpu/cpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 62 };

sf_result cpu_ring_depth(const sf_op *op, sf_diag *diag, uint64_t *out) {
  *out = 0;
  if (op->kind != SF_OP_LINEAR && op->kind != SF_OP_SPARSE) return SF_OK;
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  if (!delays) return SF_OK;
  SF_TRY(sf_blob_load(delays, diag));
  size_t count = sf_blob_elements(delays);
  for (size_t i = 0; i < count; i++) {
    int32_t delay = sf_blob_i32(delays, i);
    if (delay < 0 || delay > LONGEST)
      return sf_error(diag, SF_DIAG_BLOB, delays->loc,
                      "delay %d in '@%s' is outside 0 .. %d", delay,
                      delays->name, LONGEST);
    if ((uint64_t)delay > *out) *out = (uint64_t)delay;
  }
  ++*out; /* this step too */
  return SF_OK;
}

enum {
  P_RING,
  P_WEIGHTS,
  P_BIAS,
  P_Y,
  P_STARTS,  /* u32, targets + 1 */
  P_SOURCES, /* u32 an edge */
  P_DELAYS,  /* u8 an edge */
  P_NOW,     /* index: slot of this step */
  P_COUNT
};

typedef struct gather {
  cpu_sum sum;
  uint64_t rows, sources, targets, count; /* of one row; count: edges */
  uint64_t depth, slot_words;
  uint32_t *starts, *source_of;
  uint8_t *delays;
} gather;

static void gather_destroy(gather *g) {
  free(g->starts);
  free(g->source_of);
  free(g->delays);
}

static sf_result allocate(gather *g) {
  g->starts = calloc((size_t)g->targets + 1, sizeof *g->starts);
  g->source_of = calloc((size_t)g->count + 1, sizeof *g->source_of);
  g->delays = calloc((size_t)g->count + 1, 1);
  return g->starts && g->source_of && g->delays ? SF_OK : SF_OOM;
}

static sf_result fill_linear(gather *g) {
  SF_TRY(allocate(g));
  for (size_t e = 0; e < g->count; e++)
    g->source_of[e] = (uint32_t)(e % g->sources);
  for (size_t i = 0; i <= g->targets; i++)
    g->starts[i] = (uint32_t)(i * g->sources);
  return SF_OK;
}

/* Edges are sorted by target. */
static sf_result fill_sparse(cpu_module *m, const sf_blob *index, gather *g) {
  SF_TRY(allocate(g));
  int64_t previous = 0;
  for (size_t e = 0; e < g->count; e++) {
    int64_t target = sf_blob_i32(index, 2 * e);
    int64_t source = sf_blob_i32(index, 2 * e + 1);
    if (target < previous || target >= (int64_t)g->targets || source < 0 ||
        source >= (int64_t)g->sources)
      return sf_error(m->diag, SF_DIAG_BLOB, index->loc,
                      "edge %zu of '@%s' is out of range or out of order", e,
                      index->name);
    g->source_of[e] = (uint32_t)source;
    g->starts[target + 1] = (uint32_t)e + 1;
    previous = target;
  }
  for (size_t i = 1; i <= g->targets; i++) /* targets without edges */
    if (g->starts[i] < g->starts[i - 1]) g->starts[i] = g->starts[i - 1];
  return SF_OK;
}

static LLVMValueRef parameter(cpu_module *m, unsigned i) {
  return sf_code_parameter(m->cg, i);
}

static LLVMValueRef load_index(cpu_module *m, LLVMTypeRef type, unsigned base,
                               LLVMValueRef i) {
  LLVMValueRef word = sf_code_load(m->cg, type, parameter(m, base), i);
  return LLVMBuildZExtOrBitCast(m->cg->builder, word, m->cg->index, "");
}

/* Word of edge `e` in row `row`: ring[(now - delay) mod depth]. */
static LLVMValueRef delayed_word(cpu_module *m, const gather *g,
                                 LLVMValueRef row, LLVMValueRef e) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef now = parameter(m, P_NOW);
  LLVMValueRef delay = load_index(m, cg->i8, P_DELAYS, e);
  LLVMValueRef later = LLVMBuildICmp(b, LLVMIntULT, now, delay, "");
  LLVMValueRef slot = LLVMBuildSub(b, now, delay, "");
  LLVMValueRef around = LLVMBuildAdd(b, slot, sf_code_index(cg, g->depth), "");
  slot = LLVMBuildSelect(b, later, around, slot, "");
  LLVMValueRef at = LLVMBuildMul(b, slot, sf_code_index(cg, g->slot_words), "");
  at = LLVMBuildAdd(
      b, at, LLVMBuildMul(b, row, sf_code_index(cg, g->sources), ""), "");
  at = LLVMBuildAdd(b, at, load_index(m, cg->i32, P_SOURCES, e), "");
  return sf_code_load(cg, sf_code_word(cg, g->sum.x_type), parameter(m, P_RING),
                      at);
}

/* f32: a zero adds +-0, which changes no sum that started at +0. */
static void build_target(cpu_module *m, const gather *g, LLVMValueRef row,
                         LLVMValueRef i, LLVMValueRef sum) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMTypeRef type = cpu_sum_type(m, &g->sum);
  LLVMValueRef next = LLVMBuildAdd(b, i, sf_code_index(cg, 1), "");
  LLVMValueRef first = load_index(m, cg->i32, P_STARTS, i);
  LLVMValueRef end = load_index(m, cg->i32, P_STARTS, next);
  LLVMValueRef bias = NULL;
  if (g->sum.has_bias)
    bias = sf_code_load(cg, g->sum.is_float ? cg->f32 : cg->i32,
                        parameter(m, P_BIAS), i);
  LLVMBuildStore(b, cpu_sum_start(m, &g->sum, bias), sum);
  sf_code_loop loop = sf_code_loop_begin(cg, LLVMBuildSub(b, end, first, ""));
  LLVMValueRef e = LLVMBuildAdd(b, first, loop.i, "");
  LLVMValueRef x = delayed_word(m, g, row, e);
  LLVMValueRef w =
      sf_code_load(cg, cpu_weight_type(m, &g->sum), parameter(m, P_WEIGHTS), e);
  LLVMValueRef old = LLVMBuildLoad2(b, type, sum, "");
  LLVMBuildStore(b, cpu_sum_add(m, &g->sum, old, w, x), sum);
  sf_code_loop_end(cg, &loop);
  LLVMValueRef total = LLVMBuildLoad2(b, type, sum, "");
  LLVMValueRef y = LLVMBuildMul(b, row, sf_code_index(cg, g->targets), "");
  sf_code_store(cg, cpu_sum_finish(m, &g->sum, total, bias), parameter(m, P_Y),
                LLVMBuildAdd(b, y, i, ""));
}

static void build_gather(cpu_module *m, const gather *g) {
  sf_codegen *cg = m->cg;
  LLVMValueRef sum = cpu_local(m, cpu_sum_type(m, &g->sum));
  sf_code_loop rows = sf_code_loop_begin(cg, sf_code_index(cg, g->rows));
  sf_code_loop targets = sf_code_loop_begin(cg, sf_code_index(cg, g->targets));
  build_target(m, g, rows.i, targets.i, sum);
  sf_code_loop_end(cg, &targets);
  sf_code_loop_end(cg, &rows);
}

static sf_result get_kernel(cpu_module *m, const gather *g, cpu_kernel **out) {
  char key[CPU_KEY_MAX];
  size_t used = (size_t)snprintf(
      key, sizeof key,
      "delayed %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ",
      g->rows, g->sources, g->targets, g->depth, g->slot_words);
  cpu_sum_key(&g->sum, key + used, sizeof key - used);
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, P_NOW, 1, &frame, out, &is_new));
  if (!is_new) return SF_OK;
  build_gather(m, g);
  cpu_kernel_end(m, &frame);
  return SF_OK;
}

/* Keeps this step's operand, then gathers. */
static sf_result call_gather(cpu_module *m, const sf_op *op, const gather *g,
                             sf_blob *weights) {
  const cpu_op_state *place = &m->plan.ops[m->op_index];
  cpu_kernel *kernel;
  LLVMValueRef ring = cpu_state_pointer(m, place->ring);
  LLVMValueRef now = cpu_slot(m, g->depth);
  LLVMValueRef at = LLVMBuildMul(m->cg->builder, now,
                                 sf_code_index(m->cg, g->slot_words), "");
  SF_TRY(cpu_copy(m, sf_code_at(m->cg, m->cg->i32, ring, at),
                  cpu_value_pointer(m, sf_op_operand(op, 0)),
                  sf_type_elements(&sf_op_operand(op, 0)->type)));
  SF_TRY(get_kernel(m, g, &kernel));
  LLVMValueRef arguments[P_COUNT] = {ring, NULL, LLVMGetUndef(m->cg->pointer),
                                     cpu_value_pointer(m, sf_op_result(op, 0))};
  arguments[P_NOW] = now;
  if (g->sum.has_bias) SF_TRY(cpu_operand(m, op, 2, &arguments[P_BIAS]));
  SF_TRY(cpu_weights(m, &g->sum, weights, NULL, (size_t)g->count,
                     &arguments[P_WEIGHTS]));
  SF_TRY(cpu_bytes(m, g->starts, ((size_t)g->targets + 1) * 4,
                   &arguments[P_STARTS]));
  SF_TRY(cpu_bytes(m, g->source_of, ((size_t)g->count + 1) * 4,
                   &arguments[P_SOURCES]));
  SF_TRY(cpu_bytes(m, g->delays, (size_t)g->count + 1, &arguments[P_DELAYS]));
  cpu_kernel_call(m, kernel, arguments, P_COUNT);
  return SF_OK;
}

sf_result cpu_emit_delayed(cpu_module *m, const sf_op *op) {
  bool sparse = op->kind == SF_OP_SPARSE;
  sf_blob *first = sf_op_operand_blob(op, 1);
  sf_blob *weights = sparse ? sf_op_operand_blob(op, 2) : first;
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  size_t elements = sf_type_elements(&sf_op_operand(op, 0)->type);
  int64_t low, high;
  SF_TRY(sf_blob_load(first, m->diag));
  SF_TRY(cpu_weight_limits(m, weights, &low, &high));
  gather g = {.rows = 1,
              .sources = elements,
              .targets = sf_type_elements(&sf_op_result(op, 0)->type),
              .count = sf_blob_elements(weights),
              .depth = m->plan.ops[m->op_index].depth,
              .slot_words = cpu_state_stride(elements) / sizeof(sf_word)};
  if (!sparse) {
    g.sources = (uint64_t)first->type.dim[1];
    g.targets = (uint64_t)first->type.dim[0];
    g.rows = elements / g.sources;
  }
  g.sum = cpu_sum_of(op, weights->type.scalar, low, high, g.count);
  sf_result result = sparse ? fill_sparse(m, first, &g) : fill_linear(&g);
  for (size_t e = 0; result == SF_OK && e < g.count; e++)
    g.delays[e] = (uint8_t)sf_blob_i32(delays, e);
  if (result == SF_OK) result = call_gather(m, op, &g, weights);
  gather_destroy(&g);
  return result;
}
