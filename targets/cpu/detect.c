/* detect.c - the level of the processor that runs the code: cpuid and xgetbv,
 * as the x86-64 psABI defines the levels. */
#include "targets/cpu/cpu.h"

#include <string.h>

typedef struct registers {
  LLVMValueRef a, b, c, d;
} registers;

static LLVMValueRef assembly(LLVMTypeRef type, const char *text,
                             const char *constraints) {
  return LLVMGetInlineAsm(type, text, strlen(text), constraints,
                          strlen(constraints), true, false,
                          LLVMInlineAsmDialectATT, false);
}

static registers cpuid(cpu_module *m, uint32_t leaf) {
  sf_codegen *cg = m->cg;
  LLVMTypeRef fields[4] = {cg->i32, cg->i32, cg->i32, cg->i32};
  LLVMTypeRef result = LLVMStructTypeInContext(cg->context, fields, 4, false);
  LLVMTypeRef inputs[2] = {cg->i32, cg->i32};
  LLVMTypeRef type = LLVMFunctionType(result, inputs, 2, false);
  LLVMValueRef code =
      assembly(type, "cpuid",
               "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}");
  LLVMValueRef arguments[2] = {sf_code_int(cg, (int32_t)leaf),
                               sf_code_int(cg, 0)};
  LLVMValueRef r = LLVMBuildCall2(cg->builder, type, code, arguments, 2, "");
  return (registers){LLVMBuildExtractValue(cg->builder, r, 0, ""),
                     LLVMBuildExtractValue(cg->builder, r, 1, ""),
                     LLVMBuildExtractValue(cg->builder, r, 2, ""),
                     LLVMBuildExtractValue(cg->builder, r, 3, "")};
}

/* Which register states the system saves. Only where OSXSAVE is set. */
static LLVMValueRef xgetbv(cpu_module *m) {
  sf_codegen *cg = m->cg;
  LLVMTypeRef fields[2] = {cg->i32, cg->i32};
  LLVMTypeRef result = LLVMStructTypeInContext(cg->context, fields, 2, false);
  LLVMTypeRef type = LLVMFunctionType(result, &cg->i32, 1, false);
  LLVMValueRef code =
      assembly(type, "xgetbv", "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}");
  LLVMValueRef zero = sf_code_int(cg, 0);
  LLVMValueRef r = LLVMBuildCall2(cg->builder, type, code, &zero, 1, "");
  return LLVMBuildExtractValue(cg->builder, r, 0, "");
}

/* (word & mask) == mask */
static LLVMValueRef has(cpu_module *m, LLVMValueRef word, uint32_t mask) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMValueRef bits = sf_code_int(m->cg, (int32_t)mask);
  return LLVMBuildICmp(b, LLVMIntEQ, LLVMBuildAnd(b, word, bits, ""), bits, "");
}

static LLVMValueRef both(cpu_module *m, LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildAnd(m->cg->builder, a, b, "");
}

#define BIT(n) (UINT32_C(1) << (n))

/* SSE3, SSSE3, CX16, SSE4.1, SSE4.2, POPCNT; LAHF */
static const uint32_t v2_leaf1_c =
    BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(23);
static const uint32_t v2_extended_c = BIT(0);
/* FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT */
static const uint32_t v3_leaf1_c =
    BIT(12) | BIT(22) | BIT(27) | BIT(28) | BIT(29);
static const uint32_t v3_leaf7_b = BIT(3) | BIT(5) | BIT(8);
static const uint32_t v3_extended_c = BIT(5);
static const uint32_t v3_saved = 0x06;
/* AVX512 F, DQ, CD, BW, VL */
static const uint32_t v4_leaf7_b =
    BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31);
static const uint32_t v4_saved = 0xe6;

static void raise_to(cpu_module *m, LLVMValueRef level, LLVMValueRef condition,
                     int number) {
  sf_code_if block = sf_code_if_begin(m->cg, condition);
  LLVMBuildStore(m->cg->builder, sf_code_int(m->cg, number), level);
  sf_code_if_end(m->cg, &block);
}

static void detect_wide(cpu_module *m, LLVMValueRef level,
                        const registers *extended) {
  registers leaf7 = cpuid(m, 7);
  LLVMValueRef saved = xgetbv(m);
  LLVMValueRef v3 = both(
      m, has(m, leaf7.b, v3_leaf7_b),
      both(m, has(m, extended->c, v3_extended_c), has(m, saved, v3_saved)));
  LLVMValueRef v4 = both(
      m, v3, both(m, has(m, leaf7.b, v4_leaf7_b), has(m, saved, v4_saved)));
  raise_to(m, level, v3, 3);
  raise_to(m, level, v4, 4);
}

LLVMValueRef cpu_build_detect(cpu_module *m) {
  sf_codegen *cg = m->cg;
  LLVMValueRef function =
      sf_code_function(cg, "detect", cg->i32, NULL, 0, true, false);
  LLVMValueRef level = cpu_local(m, cg->i32);
  LLVMBuildStore(cg->builder, sf_code_int(cg, 0), level);
  registers leaf1 = cpuid(m, 1), extended = cpuid(m, 0x80000001u);
  LLVMValueRef v2 =
      both(m, has(m, leaf1.c, v2_leaf1_c), has(m, extended.c, v2_extended_c));
  raise_to(m, level, v2, 2);
  sf_code_if wide =
      sf_code_if_begin(cg, both(m, v2, has(m, leaf1.c, v3_leaf1_c)));
  detect_wide(m, level, &extended);
  sf_code_if_end(cg, &wide);
  LLVMBuildRet(cg->builder, LLVMBuildLoad2(cg->builder, cg->i32, level, ""));
  return function;
}
