/* neurons.c - populations: the update function of codegen/ is called over
 * blocks in which every param is one word or one word an element. docs/ir.md 7.
 */
#include "targets/cpu/cpu.h"

#include "support/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Axes before `split` are loops, those from it on are one call. */
typedef struct block {
  const sf_op *op;
  const sf_type *type;
  unsigned split;
  uint64_t inner; /* elements a call */
  bool *per_element;
  int64_t (*param_stride)[SF_RANK_MAX]; /* elements; outer axes */
  LLVMValueRef *params;                 /* arrays or words */
} block;

static const sf_blob *param_blob(const sf_op *op, uint32_t i) {
  return op->arguments[i].kind == SF_ARGUMENT_BLOB ? op->arguments[i].blob
                                                   : NULL;
}

/* Whether every param is constant or complete over the axes from `split` on;
 * true for the last axis alone. */
static bool splits_at(const sf_op *op, const sf_type *type, unsigned split) {
  for (uint32_t i = 0; i < op->neuron->param_count; i++) {
    const sf_blob *blob = param_blob(op, i);
    if (!blob) continue;
    bool constant = true, complete = true;
    for (unsigned axis = split; axis < type->rank; axis++) {
      unsigned back = type->rank - axis;
      int32_t extent =
          back > blob->type.rank ? 1 : blob->type.dim[blob->type.rank - back];
      if (extent != 1) constant = false;
      if (extent != type->dim[axis]) complete = false;
    }
    if (!constant && !complete) return false;
  }
  return true;
}

static bool is_complete(const sf_blob *blob, const sf_type *type,
                        unsigned split) {
  for (unsigned axis = split; axis < type->rank; axis++) {
    unsigned back = type->rank - axis;
    if (back > blob->type.rank) return false;
    if (blob->type.dim[blob->type.rank - back] != 1) return true;
  }
  return false;
}

static sf_result bad_param(cpu_module *m, const sf_op *op, uint32_t i) {
  const sf_param *param = &op->neuron->params[i];
  return sf_error(m->diag, SF_DIAG_BLOB, op->loc,
                  "'@%s' is outside [%g, %g], the range of param '%%%s'",
                  op->arguments[i].blob->name, param->low.d, param->high.d,
                  param->value->name);
}

/* Proofs rely on the declared range. */
static sf_result check_range(cpu_module *m, const sf_op *op, uint32_t i,
                             const sf_blob *blob) {
  const sf_param *param = &op->neuron->params[i];
  if (!param->has_range) return SF_OK;
  bool is_float = param->value->type.kind == SF_SCALAR_F32;
  size_t count = sf_blob_elements(blob);
  for (size_t k = 0; k < count; k++) {
    sf_word w = sf_blob_word(blob, k);
    bool inside = is_float ? w.f >= param->low.f && w.f <= param->high.f
                           : w.i >= param->low.i && w.i <= param->high.i;
    if (!inside) return bad_param(m, op, i);
  }
  return SF_OK;
}

static sf_result param_data(cpu_module *m, const sf_op *op, uint32_t i,
                            LLVMValueRef *out) {
  const sf_argument *argument = &op->arguments[i];
  const sf_param *param = &op->neuron->params[i];
  if (argument->kind == SF_ARGUMENT_BLOB) {
    SF_TRY(cpu_blob_words(m, argument->blob, out));
    return check_range(m, op, i, argument->blob);
  }
  sf_number number =
      argument->kind == SF_ARGUMENT_NUMBER ? argument->number : param->initial;
  sf_word word;
  if (param->value->type.kind == SF_SCALAR_F32)
    word.f = number.f;
  else
    word.i = (int32_t)number.i;
  return cpu_bytes(m, &word, sizeof word, out);
}

static void block_destroy(block *b) {
  free(b->per_element);
  free(b->param_stride);
  free(b->params);
}

static sf_result block_create(cpu_module *m, const sf_op *op, block *b) {
  size_t count = op->neuron->param_count + 1u;
  *b = (block){.op = op, .type = &sf_op_result(op, 0)->type, .inner = 1};
  b->per_element = calloc(count, sizeof *b->per_element);
  b->param_stride = calloc(count, sizeof *b->param_stride);
  b->params = calloc(count, sizeof(LLVMValueRef));
  if (!b->per_element || !b->param_stride || !b->params) return SF_OOM;
  while (!splits_at(op, b->type, b->split))
    b->split++;
  for (unsigned axis = b->split; axis < b->type->rank; axis++)
    b->inner *= (uint64_t)b->type->dim[axis];
  for (uint32_t i = 0; i < op->neuron->param_count; i++) {
    SF_TRY(param_data(m, op, i, &b->params[i]));
    const sf_blob *blob = param_blob(op, i);
    if (!blob) continue;
    b->per_element[i] = is_complete(blob, b->type, b->split);
    cpu_broadcast(&blob->type, b->type, b->param_stride[i]);
  }
  return SF_OK;
}

/* ---- The functions of codegen/, one for each neuron function, set of params
 * an element, and level. ---- */

static sf_result get_function(cpu_module *m, const block *b, bool update,
                              cpu_kernel **out) {
  const sf_neuron *neuron = b->op->neuron;
  char key[CPU_KEY_MAX];
  /* A name may be longer than a key: its hash stands for the rest. */
  size_t used = (size_t)snprintf(
      key, sizeof key, "%s %.128s %016llx ", update ? "update" : "reset",
      neuron->name,
      (unsigned long long)sf_hash(neuron->name, strlen(neuron->name)));
  for (uint32_t i = 0; i < neuron->param_count && used + 2 < sizeof key; i++)
    key[used++] = b->per_element[i] ? '1' : '0';
  key[used] = '\0';
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, key, 0, 0, &frame, out, &is_new));
  if (!is_new) return SF_OK;
  /* The empty function is replaced by that of codegen/. */
  LLVMDeleteFunction((*out)->function);
  sf_neuron_code code = {.neuron = neuron,
                         .name = update ? "update" : "reset",
                         .internal = true,
                         .per_element = b->per_element};
  SF_TRY(update ? sf_code_neuron_update(m->cg, &code, &(*out)->function)
                : sf_code_neuron_reset(m->cg, &code, &(*out)->function));
  (*out)->type = LLVMGlobalGetValueType((*out)->function);
  m->cg->function = frame.caller;
  LLVMPositionBuilderAtEnd(m->cg->builder, frame.block);
  return SF_OK;
}

/* ---- Calls.
 * ----------------------------------------------------------------------
 */

/* Offsets, in elements, of the block at the outer position. */
typedef struct position {
  sf_code_loop loops[SF_RANK_MAX];
  LLVMValueRef element;
} position;

static LLVMValueRef weighted(cpu_module *m, const position *p, unsigned split,
                             const int64_t *stride) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMValueRef sum = sf_code_index(m->cg, 0);
  for (unsigned axis = 0; axis < split; axis++) {
    LLVMValueRef part = LLVMBuildMul(
        b, p->loops[axis].i, sf_code_index(m->cg, (uint64_t)stride[axis]), "");
    sum = LLVMBuildAdd(b, sum, part, "");
  }
  return sum;
}

static void position_begin(cpu_module *m, const block *b, position *p) {
  int64_t stride[SF_RANK_MAX];
  cpu_strides(b->type, stride);
  for (unsigned axis = 0; axis < b->split; axis++)
    p->loops[axis] = sf_code_loop_begin(
        m->cg, sf_code_index(m->cg, (uint64_t)b->type->dim[axis]));
  p->element = weighted(m, p, b->split, stride);
}

static void position_end(cpu_module *m, const block *b, position *p) {
  for (unsigned axis = b->split; axis-- > 0;)
    sf_code_loop_end(m->cg, &p->loops[axis]);
}

static LLVMValueRef element_of(cpu_module *m, LLVMValueRef base,
                               LLVMValueRef i) {
  return sf_code_at(m->cg, m->cg->i32, base, i);
}

static unsigned push_params(cpu_module *m, const block *b, const position *p,
                            LLVMValueRef *out) {
  for (uint32_t i = 0; i < b->op->neuron->param_count; i++)
    out[i] = element_of(m, b->params[i],
                        weighted(m, p, b->split, b->param_stride[i]));
  return b->op->neuron->param_count;
}

static unsigned push_states(cpu_module *m, const block *b, const position *p,
                            LLVMValueRef *out) {
  uint64_t at = m->plan.ops[m->op_index].states;
  uint64_t stride = cpu_state_stride(sf_type_elements(b->type));
  for (uint32_t i = 0; i < b->op->neuron->state_count; i++)
    out[i] = element_of(m, cpu_state_pointer(m, at + i * stride), p->element);
  return b->op->neuron->state_count;
}

static LLVMValueRef half(cpu_module *m, LLVMValueRef wide, unsigned shift) {
  LLVMBuilderRef b = m->cg->builder;
  wide = LLVMBuildLShr(b, wide, LLVMConstInt(m->cg->i64, shift, false), "");
  return LLVMBuildTrunc(b, wide, m->cg->i32, "");
}

static unsigned push_moment(cpu_module *m, const block *b, const position *p,
                            LLVMValueRef *out) {
  uint64_t seed = sf_op_has_attr(b->op, SF_ATTR_seed)
                      ? (uint64_t)sf_op_int(b->op, SF_ATTR_seed)
                      : 0;
  LLVMValueRef key = LLVMConstInt(m->cg->i64, seed, false);
  out[0] = LLVMBuildIntCast2(m->cg->builder, p->element, m->cg->i32, false, "");
  out[1] = half(m, m->time, 0);
  out[2] = half(m, m->time, 32);
  out[3] = half(m, key, 0);
  out[4] = half(m, key, 32);
  return 5;
}

static size_t argument_limit(const sf_op *op) {
  const sf_neuron *n = op->neuron;
  return 8u + n->input_count + n->param_count + n->state_count + n->emit_count;
}

static sf_result call_update(cpu_module *m, const block *b) {
  const sf_neuron *n = b->op->neuron;
  LLVMValueRef *arguments = calloc(argument_limit(b->op), sizeof(LLVMValueRef));
  cpu_kernel *function;
  position p;
  if (!arguments) return SF_OOM;
  sf_result result = get_function(m, b, true, &function);
  if (result == SF_OK) {
    unsigned k = 0;
    position_begin(m, b, &p);
    arguments[k++] = sf_code_index(m->cg, b->inner);
    k += push_moment(m, b, &p, arguments + k);
    for (uint32_t i = 0; i < n->input_count; i++)
      arguments[k++] = element_of(
          m, cpu_value_pointer(m, sf_op_operand(b->op, i)), p.element);
    k += push_params(m, b, &p, arguments + k);
    k += push_states(m, b, &p, arguments + k);
    for (uint32_t i = 0; i < n->emit_count; i++)
      arguments[k++] = element_of(
          m, cpu_value_pointer(m, sf_op_result(b->op, i)), p.element);
    cpu_kernel_call(m, function, arguments, k);
    position_end(m, b, &p);
  }
  free(arguments);
  return result;
}

static sf_result call_reset(cpu_module *m, const block *b) {
  if (b->op->neuron->state_count == 0) return SF_OK;
  LLVMValueRef *arguments = calloc(argument_limit(b->op), sizeof(LLVMValueRef));
  cpu_kernel *function;
  position p;
  if (!arguments) return SF_OOM;
  sf_result result = get_function(m, b, false, &function);
  if (result == SF_OK) {
    unsigned k = 0;
    position_begin(m, b, &p);
    arguments[k++] = sf_code_index(m->cg, b->inner);
    k += push_params(m, b, &p, arguments + k);
    k += push_states(m, b, &p, arguments + k);
    cpu_kernel_call(m, function, arguments, k);
    position_end(m, b, &p);
  }
  free(arguments);
  return result;
}

sf_result cpu_emit_neurons_reset(cpu_module *m, const sf_op *op) {
  block b;
  sf_result result = block_create(m, op, &b);
  if (result == SF_OK) result = call_reset(m, &b);
  block_destroy(&b);
  return result;
}

/* ---- start and period.
 * -----------------------------------------------------------
 */

static sf_result zero_results(cpu_module *m, const sf_op *op) {
  sf_codegen *cg = m->cg;
  for (uint32_t i = 0; i < op->result_count; i++) {
    const sf_value *value = sf_op_result(op, i);
    sf_code_loop loop = sf_code_loop_begin(
        cg, sf_code_index(cg, sf_type_elements(&value->type)));
    sf_code_store(cg, sf_code_int(cg, 0), cpu_value_pointer(m, value), loop.i);
    sf_code_loop_end(cg, &loop);
  }
  return SF_OK;
}

static LLVMValueRef since_start(cpu_module *m, int64_t start) {
  return LLVMBuildSub(m->cg->builder, m->time,
                      LLVMConstInt(m->cg->i64, (unsigned long long)start, true),
                      "");
}

static sf_result reset_by_period(cpu_module *m, const block *b, int64_t start) {
  sf_codegen *cg = m->cg;
  if (m->network->period <= 0) return SF_OK;
  LLVMValueRef rest = LLVMBuildURem(
      cg->builder, since_start(m, start),
      LLVMConstInt(cg->i64, (unsigned long long)m->network->period, false), "");
  LLVMValueRef due = LLVMBuildICmp(cg->builder, LLVMIntEQ, rest,
                                   LLVMConstInt(cg->i64, 0, false), "");
  sf_code_if due_block = sf_code_if_begin(cg, due);
  SF_TRY(call_reset(m, b));
  sf_code_if_end(cg, &due_block);
  return SF_OK;
}

static sf_result emit_population(cpu_module *m, const block *b) {
  sf_codegen *cg = m->cg;
  int64_t start = sf_op_int(b->op, SF_ATTR_start);
  sf_code_if running = {NULL};
  if (start > 0) {
    SF_TRY(zero_results(m, b->op));
    LLVMValueRef due =
        LLVMBuildICmp(cg->builder, LLVMIntSGE, since_start(m, start),
                      LLVMConstInt(cg->i64, 0, false), "");
    running = sf_code_if_begin(cg, due);
  }
  SF_TRY(reset_by_period(m, b, start));
  SF_TRY(call_update(m, b));
  if (start > 0) sf_code_if_end(cg, &running);
  return SF_OK;
}

sf_result cpu_emit_neurons(cpu_module *m, const sf_op *op) {
  block b;
  sf_result result = block_create(m, op, &b);
  if (result == SF_OK) result = emit_population(m, &b);
  block_destroy(&b);
  return result;
}
