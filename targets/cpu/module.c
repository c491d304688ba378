/* module.c - the step function of each level: delays first, ops in the order of
 * the text, delays last. docs/ir.md 7. */
#include "targets/cpu/cpu.h"

/* NULL: the op has no rule. */
static cpu_emit_op rule_of(sf_op_kind kind) {
  switch (kind) {
  case SF_OP_LINEAR:
    return cpu_emit_linear;
  case SF_OP_CONV:
  case SF_OP_CONVT:
    return cpu_emit_conv;
  case SF_OP_SPARSE:
    return cpu_emit_sparse;
  case SF_OP_POOL:
    return cpu_emit_pool;
  case SF_OP_MATMUL:
    return cpu_emit_matmul;
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
    return cpu_emit_elementwise;
  case SF_OP_REDUCE:
    return cpu_emit_reduce;
  case SF_OP_CONCAT:
  case SF_OP_SLICE:
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
    return cpu_emit_move;
  case SF_OP_CONVERT:
    return cpu_emit_convert;
  case SF_OP_NEURONS:
    return cpu_emit_neurons;
  case SF_OP_QUANTIZE:
  case SF_OP_DEQUANTIZE:
    return cpu_emit_quantize;
  case SF_OP_SOFTMAX:
  case SF_OP_ARGMAX:
    return cpu_emit_axis;
  case SF_OP_LAYERNORM:
  case SF_OP_RMSNORM:
  case SF_OP_GROUPNORM:
  case SF_OP_INSTANCENORM:
  case SF_OP_BATCHNORM:
  case SF_OP_LRN:
    return cpu_emit_normalize;
  case SF_OP_DELAY: /* before and after all ops */
    return NULL;
  default:
    return cpu_emit_analog;
  }
}

uint32_t cpu_level_number(const cpu_module *m, unsigned level) {
  return m->levels[level] ? m->levels[level]->number : CPU_ISA_AARCH64;
}

/* Slot of the ring that holds the value of `steps` ago, and takes this step's
 * afterwards. */
static LLVMValueRef delay_slot(cpu_module *m, const sf_op *op) {
  const cpu_op_state *place = &m->plan.ops[m->op_index];
  uint64_t bytes =
      cpu_state_stride(sf_type_elements(&sf_op_result(op, 0)->type));
  LLVMValueRef at = LLVMBuildMul(m->cg->builder, cpu_slot(m, place->depth),
                                 LLVMConstInt(m->cg->i64, bytes, false), "");
  return sf_code_at(m->cg, m->cg->i8, cpu_state_pointer(m, place->ring), at);
}

static sf_result emit_delays(cpu_module *m, bool read) {
  m->op_index = 0;
  SF_FOREACH_OP(op, m->network) {
    if (op->kind == SF_OP_DELAY) {
      LLVMValueRef slot = delay_slot(m, op);
      size_t elements = sf_type_elements(&sf_op_result(op, 0)->type);
      LLVMValueRef value = cpu_value_pointer(m, read ? sf_op_result(op, 0)
                                                     : sf_op_operand(op, 0));
      SF_TRY(cpu_copy(m, read ? value : slot, read ? slot : value, elements));
    }
    m->op_index++;
  }
  return SF_OK;
}

static sf_result emit_ops(cpu_module *m) {
  m->op_index = 0;
  SF_FOREACH_OP(op, m->network) {
    cpu_emit_op emit = rule_of(op->kind);
    if (emit) SF_TRY(emit(m, op));
    m->op_index++;
  }
  return SF_OK;
}

static sf_result build_step(cpu_module *m) {
  sf_codegen *cg = m->cg;
  const LLVMTypeRef types[] = {cg->pointer, cg->pointer};
  m->steps[m->level] =
      sf_code_function(cg, "step", cg->void_type, types, 2, true, true);
  m->state = sf_code_parameter(cg, 0);
  m->scratch = sf_code_parameter(cg, 1);
  m->time = sf_code_load(cg, cg->i64, m->state, sf_code_index(cg, 1));
  SF_TRY(emit_delays(m, true));
  SF_TRY(emit_ops(m));
  SF_TRY(emit_delays(m, false));
  LLVMValueRef next =
      LLVMBuildAdd(cg->builder, m->time, LLVMConstInt(cg->i64, 1, false), "");
  sf_code_store(cg, next, m->state, sf_code_index(cg, 1));
  LLVMBuildRetVoid(cg->builder);
  return SF_OK;
}

sf_result cpu_module_build(cpu_module *m) {
  for (m->level = 0; m->level < m->level_count; m->level++) {
    sf_codegen_use_level(m->cg, m->levels[m->level]);
    SF_TRY(build_step(m));
  }
  /* Everything outside the steps runs on any machine of the family. */
  sf_codegen_use_level(m->cg, NULL);
  return cpu_build_interface(m);
}

void cpu_module_destroy(cpu_module *m) {
  HASH_CLEAR(hh, m->kernels);
  HASH_CLEAR(hh, m->constants);
  cpu_plan_destroy(&m->plan);
  sf_codegen_destroy(m->cg);
  sf_arena_destroy(m->arena);
}
