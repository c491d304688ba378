/* build.c - functions, loops and memory access: the sentences that all
 * generated code is made of. */
#include "codegen/codegen.h"

#include <string.h>

static void add_flag(sf_codegen *cg, LLVMValueRef function,
                     LLVMAttributeIndex where, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(function, where,
                          LLVMCreateEnumAttribute(cg->context, kind, 0));
}

static void set_attributes(sf_codegen *cg, LLVMValueRef function) {
  add_flag(cg, function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
           "nounwind");
  /* No loop may become a call of memset or memcpy. */
  LLVMAddTargetDependentFunctionAttr(function, "no-builtins", "");
  if (!cg->level) return;
  LLVMAddTargetDependentFunctionAttr(function, "target-cpu", cg->level->cpu);
  /* Level v4 is 512 bits wide; LLVM's default prefers 256. */
  LLVMAddTargetDependentFunctionAttr(function, "prefer-vector-width", "512");
  LLVMAddTargetDependentFunctionAttr(function, "tune-cpu", "generic");
}

LLVMValueRef sf_code_function(sf_codegen *cg, const char *name,
                              LLVMTypeRef result, const LLVMTypeRef *parameters,
                              unsigned count, bool internal, bool noalias) {
  LLVMTypeRef *list = (LLVMTypeRef *)parameters; /* LLVM-C lacks the const */
  LLVMTypeRef type = LLVMFunctionType(result, list, count, false);
  LLVMValueRef function = LLVMAddFunction(cg->module, name, type);
  LLVMSetLinkage(function,
                 internal ? LLVMInternalLinkage : LLVMExternalLinkage);
  set_attributes(cg, function);
  for (unsigned i = 0; noalias && i < count; i++)
    if (parameters[i] == cg->pointer) add_flag(cg, function, i + 1, "noalias");
  LLVMBasicBlockRef entry =
      LLVMAppendBasicBlockInContext(cg->context, function, "entry");
  LLVMPositionBuilderAtEnd(cg->builder, entry);
  cg->function = function;
  return function;
}

void sf_code_never_inline(sf_codegen *cg, LLVMValueRef function) {
  add_flag(cg, function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
           "noinline");
}

LLVMValueRef sf_code_parameter(sf_codegen *cg, unsigned index) {
  return LLVMGetParam(cg->function, index);
}

LLVMBasicBlockRef sf_code_block(sf_codegen *cg, const char *name) {
  return LLVMAppendBasicBlockInContext(cg->context, cg->function, name);
}

sf_code_loop sf_code_loop_begin(sf_codegen *cg, LLVMValueRef count) {
  LLVMBuilderRef b = cg->builder;
  LLVMTypeRef type = LLVMTypeOf(count);
  sf_code_loop loop = {sf_code_block(cg, "loop"), sf_code_block(cg, "after"),
                       NULL, count};
  LLVMValueRef zero = LLVMConstInt(type, 0, false);
  LLVMBasicBlockRef before = LLVMGetInsertBlock(b);
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntNE, count, zero, ""), loop.body,
                  loop.after);
  LLVMPositionBuilderAtEnd(b, loop.body);
  loop.i = LLVMBuildPhi(b, type, "i");
  LLVMAddIncoming(loop.i, &zero, &before, 1);
  return loop;
}

void sf_code_loop_end(sf_codegen *cg, sf_code_loop *loop) {
  LLVMBuilderRef b = cg->builder;
  LLVMTypeRef type = LLVMTypeOf(loop->count);
  /* Counts are below 2^31 elements, so that i + 1 does not wrap. */
  LLVMValueRef next =
      LLVMBuildNUWAdd(b, loop->i, LLVMConstInt(type, 1, false), "");
  LLVMBasicBlockRef end = LLVMGetInsertBlock(b);
  LLVMAddIncoming(loop->i, &next, &end, 1);
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntNE, next, loop->count, ""),
                  loop->body, loop->after);
  LLVMPositionBuilderAtEnd(b, loop->after);
}

sf_code_if sf_code_if_begin(sf_codegen *cg, LLVMValueRef condition) {
  LLVMBasicBlockRef then = sf_code_block(cg, "then");
  sf_code_if block = {sf_code_block(cg, "after")};
  LLVMBuildCondBr(cg->builder, condition, then, block.after);
  LLVMPositionBuilderAtEnd(cg->builder, then);
  return block;
}

void sf_code_if_end(sf_codegen *cg, sf_code_if *block) {
  LLVMBuildBr(cg->builder, block->after);
  LLVMPositionBuilderAtEnd(cg->builder, block->after);
}

LLVMValueRef sf_code_int(sf_codegen *cg, int64_t value) {
  return LLVMConstInt(cg->i32, (unsigned long long)value, true);
}

LLVMValueRef sf_code_index(sf_codegen *cg, uint64_t value) {
  return LLVMConstInt(cg->index, value, false);
}

LLVMValueRef sf_code_float(sf_codegen *cg, float value) {
  return LLVMConstReal(cg->f32, (double)value);
}

LLVMValueRef sf_code_at(sf_codegen *cg, LLVMTypeRef type, LLVMValueRef base,
                        LLVMValueRef i) {
  return LLVMBuildInBoundsGEP2(cg->builder, type, base, &i, 1, "");
}

LLVMValueRef sf_code_load(sf_codegen *cg, LLVMTypeRef type, LLVMValueRef base,
                          LLVMValueRef i) {
  return LLVMBuildLoad2(cg->builder, type, sf_code_at(cg, type, base, i), "");
}

void sf_code_store(sf_codegen *cg, LLVMValueRef value, LLVMValueRef base,
                   LLVMValueRef i) {
  LLVMBuildStore(cg->builder, value,
                 sf_code_at(cg, LLVMTypeOf(value), base, i));
}

LLVMValueRef sf_code_bytes(sf_codegen *cg, const char *name, const void *bytes,
                           size_t size) {
  LLVMValueRef data = LLVMConstStringInContext2(cg->context, bytes, size, true);
  LLVMValueRef global = LLVMAddGlobal(cg->module, LLVMTypeOf(data), name);
  LLVMSetInitializer(global, data);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMInternalLinkage);
  LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
  LLVMSetAlignment(global, 64);
  return global;
}

LLVMTypeRef sf_code_word(sf_codegen *cg, sf_scalar scalar) {
  return scalar.kind == SF_SCALAR_F32 ? cg->f32 : cg->i32;
}
