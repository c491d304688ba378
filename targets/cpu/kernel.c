/* kernel.c - kernels that are built once, constants that are stored once, and
 * where pointers come from. */
#include "targets/cpu/cpu.h"

#include "support/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cpu_kernel *new_kernel(cpu_module *m, const char *key) {
  cpu_kernel *kernel = SF_NEW(m->arena, cpu_kernel);
  if (!kernel) return NULL;
  memcpy(kernel->key, key, strlen(key) + 1);
  HASH_ADD_STR(m->kernels, key, kernel);
  return kernel->lost ? NULL : kernel;
}

sf_result cpu_kernel_begin(cpu_module *m, const char *key, unsigned pointers,
                           unsigned numbers, cpu_kernel_frame *frame,
                           cpu_kernel **out, bool *out_new) {
  char full[CPU_KEY_MAX];
  int size = snprintf(full, sizeof full, "%u:%s", m->level, key);
  if (size < 0 || (size_t)size >= sizeof full) /* hash what is too long */
    snprintf(full, sizeof full, "%u:#%016llx%016llx", m->level,
             (unsigned long long)sf_hash(key, strlen(key)),
             (unsigned long long)strlen(key));
  HASH_FIND_STR(m->kernels, full, *out);
  *out_new = !*out;
  if (*out) return SF_OK;
  cpu_kernel *kernel = new_kernel(m, full);
  LLVMTypeRef *types = calloc(pointers + numbers + 1u, sizeof(LLVMTypeRef));
  if (!kernel || !types) {
    free(types);
    return SF_OOM;
  }
  for (unsigned i = 0; i < pointers + numbers; i++)
    types[i] = i < pointers ? m->cg->pointer : m->cg->index;
  *frame =
      (cpu_kernel_frame){m->cg->function, LLVMGetInsertBlock(m->cg->builder)};
  kernel->function = sf_code_function(m->cg, "kernel", m->cg->void_type, types,
                                      pointers + numbers, true, true);
  sf_code_never_inline(m->cg, kernel->function);
  kernel->type = LLVMGlobalGetValueType(kernel->function);
  free(types);
  *out = kernel;
  return SF_OK;
}

void cpu_kernel_end(cpu_module *m, const cpu_kernel_frame *frame) {
  LLVMBuildRetVoid(m->cg->builder);
  m->cg->function = frame->caller;
  LLVMPositionBuilderAtEnd(m->cg->builder, frame->block);
}

void cpu_kernel_call(cpu_module *m, const cpu_kernel *kernel,
                     const LLVMValueRef *arguments, unsigned count) {
  LLVMBuildCall2(m->cg->builder, kernel->type, kernel->function,
                 (LLVMValueRef *)arguments, count, "");
}

static LLVMValueRef byte_at(cpu_module *m, LLVMValueRef base, uint64_t offset) {
  return sf_code_at(m->cg, m->cg->i8, base, sf_code_index(m->cg, offset));
}

LLVMValueRef cpu_value_pointer(cpu_module *m, const sf_value *value) {
  return byte_at(m, m->scratch, cpu_value_offset(&m->plan, value));
}

LLVMValueRef cpu_state_pointer(cpu_module *m, uint64_t offset) {
  return byte_at(m, m->state, offset);
}

LLVMValueRef cpu_element(cpu_module *m, LLVMValueRef array, int64_t index) {
  return sf_code_at(m->cg, m->cg->i32, array,
                    LLVMConstInt(m->cg->index, (uint64_t)index, true));
}

LLVMValueRef cpu_accumulators(cpu_module *m) {
  return byte_at(m, m->scratch, m->plan.accumulators);
}

sf_result cpu_bytes(cpu_module *m, const void *bytes, size_t size,
                    LLVMValueRef *out) {
  char hash[65];
  cpu_constant *constant;
  sf_sha256(bytes, size, hash);
  HASH_FIND_STR(m->constants, hash, constant);
  if (!constant || !hash[0]) {
    constant = SF_NEW(m->arena, cpu_constant);
    if (!constant || !hash[0]) return SF_OOM;
    memcpy(constant->hash, hash, sizeof hash);
    constant->global = sf_code_bytes(m->cg, "data", bytes, size);
    HASH_ADD_STR(m->constants, hash, constant);
    if (constant->lost) return SF_OOM;
  }
  *out = constant->global;
  return SF_OK;
}

sf_result cpu_blob_words(cpu_module *m, sf_blob *blob, LLVMValueRef *out) {
  SF_TRY(sf_blob_load(blob, m->diag));
  size_t count = sf_blob_elements(blob);
  sf_word *words = calloc(count, sizeof *words);
  if (!words) return SF_OOM;
  sf_blob_read(blob, 0, count, words);
  sf_result result = cpu_bytes(m, words, count * sizeof *words, out);
  free(words);
  return result;
}

const sf_type *cpu_operand_type(const sf_op *op, uint32_t index) {
  const sf_value *value = sf_op_operand(op, index);
  return value ? &value->type : &sf_op_operand_blob(op, index)->type;
}

sf_result cpu_operand(cpu_module *m, const sf_op *op, uint32_t index,
                      LLVMValueRef *out) {
  const sf_value *value = sf_op_operand(op, index);
  if (!value) return cpu_blob_words(m, sf_op_operand_blob(op, index), out);
  *out = cpu_value_pointer(m, value);
  return SF_OK;
}

LLVMValueRef cpu_local(cpu_module *m, LLVMTypeRef type) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMBasicBlockRef here = LLVMGetInsertBlock(b);
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(m->cg->function);
  LLVMValueRef first = LLVMGetFirstInstruction(entry);
  if (first)
    LLVMPositionBuilderBefore(b, first);
  else
    LLVMPositionBuilderAtEnd(b, entry);
  LLVMValueRef local = LLVMBuildAlloca(b, type, "");
  LLVMPositionBuilderAtEnd(b, here);
  return local;
}

sf_result cpu_copy(cpu_module *m, LLVMValueRef to, LLVMValueRef from,
                   size_t elements) {
  cpu_kernel *kernel;
  cpu_kernel_frame frame;
  bool is_new;
  SF_TRY(cpu_kernel_begin(m, "copy", 2, 1, &frame, &kernel, &is_new));
  if (is_new) {
    sf_codegen *cg = m->cg;
    sf_code_loop loop = sf_code_loop_begin(cg, sf_code_parameter(cg, 2));
    LLVMValueRef word =
        sf_code_load(cg, cg->i32, sf_code_parameter(cg, 1), loop.i);
    sf_code_store(cg, word, sf_code_parameter(cg, 0), loop.i);
    sf_code_loop_end(cg, &loop);
    cpu_kernel_end(m, &frame);
  }
  const LLVMValueRef arguments[] = {to, from, sf_code_index(m->cg, elements)};
  cpu_kernel_call(m, kernel, arguments, 3);
  return SF_OK;
}

LLVMValueRef cpu_slot(cpu_module *m, uint64_t depth) {
  return LLVMBuildURem(m->cg->builder, m->time,
                       LLVMConstInt(m->cg->i64, depth, false), "");
}

LLVMValueRef cpu_float(cpu_module *m, LLVMValueRef word, sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_F32) return word;
  return LLVMBuildSIToFP(m->cg->builder, word, m->cg->f32, "");
}

LLVMValueRef cpu_nonzero(cpu_module *m, LLVMValueRef word, sf_scalar scalar) {
  sf_codegen *cg = m->cg;
  if (scalar.kind == SF_SCALAR_F32) /* NaN is not zero */
    return LLVMBuildFCmp(cg->builder, LLVMRealUNE, word,
                         sf_code_float(cg, 0.0f), "");
  return LLVMBuildICmp(cg->builder, LLVMIntNE, word, sf_code_int(cg, 0), "");
}
