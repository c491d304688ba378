/* module.c - one LLVM module: create, verify, optimize, emit. */
#include "codegen/codegen.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

/* Idempotent in LLVM, which keeps its own registry. */
static void initialize_targets(void) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  LLVMInitializeX86AsmParser(); /* cpuid is inline assembly */
  LLVMInitializeAArch64TargetInfo();
  LLVMInitializeAArch64Target();
  LLVMInitializeAArch64TargetMC();
  LLVMInitializeAArch64AsmPrinter();
  LLVMInitializeARMTargetInfo();
  LLVMInitializeARMTarget();
  LLVMInitializeARMTargetMC();
  LLVMInitializeARMAsmPrinter();
}

static sf_result create_machine(sf_codegen *cg) {
  const sf_code_target *target = cg->target;
  LLVMTargetRef found;
  char *message = NULL;
  initialize_targets();
  if (LLVMGetTargetFromTriple(target->triple, &found, &message)) {
    sf_error(cg->diag, SF_DIAG_HELPER, SF_NO_LOC,
             "LLVM cannot generate code for %s: %s", target->name, message);
    sf_help(cg->diag, "install LLVM 19 with its X86, AArch64 and ARM targets");
    LLVMDisposeMessage(message);
    return SF_FAIL;
  }
  cg->machine = LLVMCreateTargetMachine(
      found, target->triple, target->cpu, target->features,
      LLVMCodeGenLevelDefault,
      target->position_independent ? LLVMRelocPIC : LLVMRelocStatic,
      LLVMCodeModelDefault);
  return cg->machine ? SF_OK : SF_OOM;
}

static void create_types(sf_codegen *cg, const char *name) {
  LLVMContextRef c = cg->context;
  cg->module = LLVMModuleCreateWithNameInContext(name, c);
  cg->builder = LLVMCreateBuilderInContext(c);
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(cg->machine);
  LLVMSetModuleDataLayout(cg->module, layout);
  LLVMSetTarget(cg->module, cg->target->triple);
  cg->index = LLVMIntPtrTypeInContext(c, layout);
  LLVMDisposeTargetData(layout);
  cg->void_type = LLVMVoidTypeInContext(c);
  cg->i1 = LLVMInt1TypeInContext(c);
  cg->i8 = LLVMInt8TypeInContext(c);
  cg->i16 = LLVMInt16TypeInContext(c);
  cg->i32 = LLVMInt32TypeInContext(c);
  cg->i64 = LLVMInt64TypeInContext(c);
  cg->i128 = LLVMInt128TypeInContext(c);
  cg->f32 = LLVMFloatTypeInContext(c);
  cg->f64 = LLVMDoubleTypeInContext(c);
  cg->pointer = LLVMPointerTypeInContext(c, 0);
}

sf_result sf_codegen_create(const sf_code_target *target, const char *name,
                            sf_diag *diag, sf_codegen **out) {
  sf_codegen *cg = calloc(1, sizeof *cg);
  if (!cg) return SF_OOM;
  cg->target = target;
  cg->diag = diag;
  cg->has_float_round = target->has_float_round;
  sf_result result = create_machine(cg);
  if (result != SF_OK) {
    sf_codegen_destroy(cg);
    return result;
  }
  cg->context = LLVMContextCreate();
  create_types(cg, name);
  *out = cg;
  return SF_OK;
}

void sf_codegen_use_level(sf_codegen *cg, const sf_code_level *level) {
  cg->level = level;
  memset(cg->math, 0, sizeof cg->math);
  cg->has_float_round = level || cg->target->has_float_round; /* SSE4.1 */
}

void sf_codegen_destroy(sf_codegen *cg) {
  if (!cg) return;
  if (cg->builder) LLVMDisposeBuilder(cg->builder);
  if (cg->module) LLVMDisposeModule(cg->module);
  if (cg->context) LLVMContextDispose(cg->context);
  if (cg->machine) LLVMDisposeTargetMachine(cg->machine);
  free(cg);
}

/* LLVM's complaint about what we built. */
static sf_result refused(sf_codegen *cg, const char *what, char *message) {
  sf_error(cg->diag, SF_DIAG_INTERNAL, SF_NO_LOC, "%s: %s", what, message);
  return SF_FAIL;
}

static sf_result verify(sf_codegen *cg) {
  char *message = NULL;
  sf_result result = SF_OK;
  if (LLVMVerifyModule(cg->module, LLVMReturnStatusAction, &message))
    result = refused(cg, "generated code is malformed", message);
  LLVMDisposeMessage(message);
  return result;
}

static sf_result optimize(sf_codegen *cg) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopUnrolling(options, cg->target->unroll);
  LLVMPassBuilderOptionsSetLoopVectorization(options, cg->target->unroll);
  LLVMPassBuilderOptionsSetSLPVectorization(options, false);
  LLVMPassBuilderOptionsSetLoopInterleaving(options, cg->target->unroll);
  LLVMErrorRef error =
      LLVMRunPasses(cg->module, "default<O2>", cg->machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (!error) return SF_OK;
  char *message = LLVMGetErrorMessage(error);
  sf_result result = refused(cg, "optimizing failed", message);
  LLVMDisposeErrorMessage(message);
  return result;
}

static sf_result emit(sf_codegen *cg, char **out, size_t *out_size) {
  char *message = NULL;
  LLVMMemoryBufferRef buffer;
  if (LLVMTargetMachineEmitToMemoryBuffer(cg->machine, cg->module,
                                          LLVMObjectFile, &message, &buffer)) {
    sf_result result = refused(cg, "emitting an object failed", message);
    LLVMDisposeMessage(message);
    return result;
  }
  size_t size = LLVMGetBufferSize(buffer);
  char *bytes = malloc(size ? size : 1);
  if (bytes) memcpy(bytes, LLVMGetBufferStart(buffer), size);
  LLVMDisposeMemoryBuffer(buffer);
  *out = bytes;
  *out_size = size;
  return bytes ? SF_OK : SF_OOM;
}

sf_result sf_codegen_emit(sf_codegen *cg, char **out, size_t *out_size) {
  SF_TRY(verify(cg));
  SF_TRY(optimize(cg));
  return emit(cg, out, out_size);
}
