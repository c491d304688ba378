/* interface.c - the public functions of a generated module. Errors are found
 * before anything is written. */
#include "targets/cpu/interface.h"

#include <stdio.h>
#include <stdlib.h>

LLVMValueRef cpu_public(cpu_module *m, const char *suffix, LLVMTypeRef result,
                        const LLVMTypeRef *parameters, unsigned count) {
  char name[SF_NAME_MAX + 32];
  snprintf(name, sizeof name, "%s_%s", m->prefix, suffix);
  return sf_code_function(m->cg, name, result, parameters, count, false, true);
}

static void return_code(cpu_module *m, int code) {
  LLVMBuildRet(m->cg->builder, sf_code_int(m->cg, code));
}

/* if (condition) return code; */
static void return_if(cpu_module *m, LLVMValueRef condition, int code) {
  LLVMBasicBlockRef leave = sf_code_block(m->cg, "leave");
  LLVMBasicBlockRef stay = sf_code_block(m->cg, "stay");
  LLVMBuildCondBr(m->cg->builder, condition, leave, stay);
  LLVMPositionBuilderAtEnd(m->cg->builder, leave);
  return_code(m, code);
  LLVMPositionBuilderAtEnd(m->cg->builder, stay);
}

static LLVMValueRef parameter(cpu_module *m, unsigned i) {
  return sf_code_parameter(m->cg, i);
}

static LLVMValueRef differs(cpu_module *m, LLVMValueRef a, LLVMValueRef b) {
  return LLVMBuildICmp(m->cg->builder, LLVMIntNE, a, b, "");
}

static LLVMValueRef is_null(cpu_module *m, LLVMValueRef pointer) {
  return LLVMBuildIsNull(m->cg->builder, pointer, "");
}

static LLVMValueRef header_word(cpu_module *m, LLVMValueRef state,
                                uint64_t index) {
  return sf_code_load(m->cg, m->cg->i32, state, sf_code_index(m->cg, index));
}

static void return_if_misaligned(cpu_module *m, LLVMValueRef pointer) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMValueRef bits = LLVMBuildPtrToInt(b, pointer, m->cg->i64, "");
  bits =
      LLVMBuildAnd(b, bits, LLVMConstInt(m->cg->i64, CPU_ALIGN - 1, false), "");
  return_if(m, differs(m, bits, LLVMConstInt(m->cg->i64, 0, false)),
            CPU_E_ALIGN);
}

/* ---- reset
 * ------------------------------------------------------------------------
 */

/* void clear(state): zero rings and states, initial states, step 0. */
static sf_result build_clear(cpu_module *m, LLVMValueRef *out) {
  sf_codegen *cg = m->cg;
  *out =
      sf_code_function(cg, "clear", cg->void_type, &cg->pointer, 1, true, true);
  m->state = parameter(m, 0);
  m->level = CPU_LEVELS_MAX; /* kernels of its own, for any machine */
  uint64_t words = (m->plan.state_bytes - CPU_HEADER_BYTES) / 4;
  LLVMValueRef first = cpu_state_pointer(m, CPU_HEADER_BYTES);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, words));
  sf_code_store(cg, sf_code_int(cg, 0), first, loop.i);
  sf_code_loop_end(cg, &loop);
  sf_code_store(cg, LLVMConstInt(cg->i64, 0, false), m->state,
                sf_code_index(cg, 1));
  m->op_index = 0;
  SF_FOREACH_OP(op, m->network) {
    if (op->kind == SF_OP_NEURONS) SF_TRY(cpu_emit_neurons_reset(m, op));
    m->op_index++;
  }
  LLVMBuildRetVoid(cg->builder);
  return SF_OK;
}

static void call_void(cpu_module *m, LLVMValueRef function,
                      LLVMValueRef *arguments, unsigned count) {
  LLVMBuildCall2(m->cg->builder, LLVMGlobalGetValueType(function), function,
                 arguments, count, "");
}

static void build_reset(cpu_module *m, LLVMValueRef clear) {
  cpu_public(m, "reset", m->cg->i32, &m->cg->pointer, 1);
  LLVMValueRef state = parameter(m, 0);
  return_if(m, is_null(m, state), CPU_E_NULL);
  return_if(m,
            differs(m, header_word(m, state, 0), sf_code_int(m->cg, CPU_MAGIC)),
            CPU_E_STATE);
  call_void(m, clear, &state, 1);
  return_code(m, 0);
}

/* ---- init
 * -------------------------------------------------------------------------
 */

/* The highest level that is emitted and that the processor has; or `wanted`. */
static LLVMValueRef choose_level(cpu_module *m, LLVMValueRef wanted,
                                 LLVMValueRef available) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef automatic =
      LLVMBuildICmp(b, LLVMIntEQ, wanted, sf_code_int(cg, 0), "");
  LLVMValueRef chosen = sf_code_int(cg, 0);
  for (unsigned i = 0; i < m->level_count; i++) {
    LLVMValueRef number = sf_code_int(cg, cpu_level_number(m, i));
    LLVMValueRef runs = LLVMBuildICmp(b, LLVMIntUGE, available, number, "");
    LLVMValueRef asked = LLVMBuildOr(
        b, automatic, LLVMBuildICmp(b, LLVMIntEQ, wanted, number, ""), "");
    chosen = LLVMBuildSelect(b, LLVMBuildAnd(b, runs, asked, ""), number,
                             chosen, "");
  }
  return chosen;
}

static LLVMValueRef available_level(cpu_module *m, LLVMValueRef detect) {
  if (!detect) return sf_code_int(m->cg, CPU_ISA_AARCH64);
  return LLVMBuildCall2(m->cg->builder, LLVMGlobalGetValueType(detect), detect,
                        NULL, 0, "");
}

/* config: u32 abi, u32 isa; NULL: defaults. */
static LLVMValueRef wanted_level(cpu_module *m, LLVMValueRef config) {
  sf_codegen *cg = m->cg;
  LLVMValueRef wanted = cpu_local(m, cg->i32);
  LLVMBuildStore(cg->builder, sf_code_int(cg, 0), wanted);
  sf_code_if given =
      sf_code_if_begin(cg, LLVMBuildIsNotNull(cg->builder, config, ""));
  return_if(m, differs(m, header_word(m, config, 0), sf_code_int(cg, CPU_ABI)),
            CPU_E_ABI);
  LLVMBuildStore(cg->builder, header_word(m, config, 1), wanted);
  sf_code_if_end(cg, &given);
  return LLVMBuildLoad2(cg->builder, cg->i32, wanted, "");
}

static void build_init(cpu_module *m, LLVMValueRef clear, LLVMValueRef detect) {
  sf_codegen *cg = m->cg;
  const LLVMTypeRef types[] = {cg->pointer, cg->index, cg->pointer};
  cpu_public(m, "init", cg->i32, types, 3);
  LLVMValueRef state = parameter(m, 0), bytes = parameter(m, 1);
  return_if(m, is_null(m, state), CPU_E_NULL);
  LLVMValueRef small =
      LLVMBuildICmp(cg->builder, LLVMIntULT, bytes,
                    sf_code_index(cg, m->plan.state_bytes), "");
  return_if(m, small, CPU_E_SIZE);
  return_if_misaligned(m, state);
  LLVMValueRef wanted = wanted_level(m, parameter(m, 2));
  LLVMValueRef level = choose_level(m, wanted, available_level(m, detect));
  LLVMValueRef none =
      LLVMBuildICmp(cg->builder, LLVMIntEQ, level, sf_code_int(cg, 0), "");
  return_if(m, none, CPU_E_ISA);
  for (unsigned i = 0; i < CPU_HEADER_BYTES / 4; i++)
    sf_code_store(cg, sf_code_int(cg, 0), state, sf_code_index(cg, i));
  sf_code_store(cg, sf_code_int(cg, CPU_MAGIC), state, sf_code_index(cg, 0));
  sf_code_store(cg, level, state, sf_code_index(cg, 1));
  call_void(m, clear, &state, 1);
  return_code(m, 0);
}

/* ---- step and run
 * -----------------------------------------------------------------
 */

static void dispatch(cpu_module *m) {
  sf_codegen *cg = m->cg;
  LLVMValueRef level = header_word(m, m->state, 1);
  LLVMValueRef arguments[2] = {m->state, m->scratch};
  for (unsigned i = 0; i < m->level_count; i++) {
    LLVMValueRef number = sf_code_int(cg, cpu_level_number(m, i));
    sf_code_if block = sf_code_if_begin(
        cg, LLVMBuildICmp(cg->builder, LLVMIntEQ, level, number, ""));
    call_void(m, m->steps[i], arguments, 2);
    sf_code_if_end(cg, &block);
  }
}

/* void advance(state, scratch, in, out): one step; everything is checked. */
static LLVMValueRef build_advance(cpu_module *m) {
  sf_codegen *cg = m->cg;
  const LLVMTypeRef types[] = {cg->pointer, cg->pointer, cg->pointer,
                               cg->pointer};
  LLVMValueRef function =
      sf_code_function(cg, "advance", cg->void_type, types, 4, true, true);
  m->state = parameter(m, 0);
  m->scratch = parameter(m, 1);
  for (uint32_t i = 0; i < m->plan.input_count; i++)
    cpu_unpack(m, &m->plan.inputs[i], parameter(m, 2));
  dispatch(m);
  for (uint32_t i = 0; i < m->plan.output_count; i++)
    cpu_pack(m, &m->plan.outputs[i], parameter(m, 3));
  LLVMBuildRetVoid(cg->builder);
  return function;
}

/* Arguments of step and run; `in` and `out` may be missing when nothing goes
 * through them. */
static void check_pointers(cpu_module *m, LLVMValueRef in, LLVMValueRef out) {
  LLVMValueRef state = parameter(m, 0), scratch = parameter(m, 1);
  return_if(m, is_null(m, state), CPU_E_NULL);
  return_if(m, is_null(m, scratch), CPU_E_NULL);
  if (m->plan.in_bytes > 0) return_if(m, is_null(m, in), CPU_E_NULL);
  if (m->plan.out_bytes > 0) return_if(m, is_null(m, out), CPU_E_NULL);
  return_if_misaligned(m, state);
  return_if_misaligned(m, scratch);
  return_if(m,
            differs(m, header_word(m, state, 0), sf_code_int(m->cg, CPU_MAGIC)),
            CPU_E_STATE);
}

static void build_step(cpu_module *m, LLVMValueRef advance) {
  sf_codegen *cg = m->cg;
  const LLVMTypeRef types[] = {cg->pointer, cg->pointer, cg->pointer,
                               cg->pointer};
  cpu_public(m, "step", cg->i32, types, 4);
  LLVMValueRef arguments[4];
  for (unsigned i = 0; i < 4; i++)
    arguments[i] = parameter(m, i);
  check_pointers(m, arguments[2], arguments[3]);
  call_void(m, advance, arguments, 4);
  return_code(m, 0);
}

/* Parameters `first` .. are steps, in, in_stride, out, out_stride. */
static void run_steps(cpu_module *m, LLVMValueRef advance, unsigned first) {
  sf_codegen *cg = m->cg;
  LLVMValueRef in = parameter(m, first + 1), out = parameter(m, first + 3);
  LLVMValueRef count =
      LLVMBuildZExtOrBitCast(cg->builder, parameter(m, first), cg->index, "");
  check_pointers(m, in, out);
  sf_code_loop loop = sf_code_loop_begin(cg, count);
  LLVMValueRef from =
      LLVMBuildMul(cg->builder, loop.i, parameter(m, first + 2), "");
  LLVMValueRef to =
      LLVMBuildMul(cg->builder, loop.i, parameter(m, first + 4), "");
  LLVMValueRef arguments[4] = {parameter(m, 0), parameter(m, 1),
                               sf_code_at(cg, cg->i8, in, from),
                               sf_code_at(cg, cg->i8, out, to)};
  call_void(m, advance, arguments, 4);
  sf_code_loop_end(cg, &loop);
  return_code(m, 0);
}

static void build_run(cpu_module *m, LLVMValueRef advance) {
  sf_codegen *cg = m->cg;
  const LLVMTypeRef types[] = {cg->pointer, cg->pointer, cg->i32,  cg->pointer,
                               cg->index,   cg->pointer, cg->index};
  cpu_public(m, "run", cg->i32, types, 7);
  run_steps(m, advance, 2);
}

/* ---- stages: one of one task, which is the whole window.
 * -------------------------
 */

static void build_stages(cpu_module *m, LLVMValueRef advance) {
  sf_codegen *cg = m->cg;
  cpu_public(m, "stage_count", cg->i32, NULL, 0);
  return_code(m, 1);
  const LLVMTypeRef pair[] = {cg->i32, cg->i32};
  cpu_public(m, "stage_tasks", cg->i32, pair, 2);
  LLVMValueRef known = LLVMBuildICmp(cg->builder, LLVMIntEQ, parameter(m, 0),
                                     sf_code_int(cg, 0), "");
  LLVMBuildRet(cg->builder, LLVMBuildZExt(cg->builder, known, cg->i32, ""));
  const LLVMTypeRef types[] = {cg->pointer, cg->pointer, cg->i32,     cg->i32,
                               cg->i32,     cg->i32,     cg->pointer, cg->index,
                               cg->pointer, cg->index};
  cpu_public(m, "stage_run", cg->i32, types, 10);
  LLVMValueRef zero = sf_code_int(cg, 0), one = sf_code_int(cg, 1);
  return_if(m, differs(m, parameter(m, 2), zero), CPU_E_STAGE);
  return_if(m, differs(m, parameter(m, 3), zero), CPU_E_STAGE);
  return_if(m, differs(m, parameter(m, 4), one), CPU_E_STAGE);
  run_steps(m, advance, 5);
}

sf_result cpu_build_interface(cpu_module *m) {
  LLVMValueRef description, clear;
  SF_TRY(cpu_description(m, &description));
  cpu_public(m, "info", m->cg->pointer, NULL, 0);
  LLVMBuildRet(m->cg->builder, description);
  SF_TRY(build_clear(m, &clear));
  build_reset(m, clear);
  bool is_x86 = m->cg->target == &sf_code_x86_64;
  build_init(m, clear, is_x86 ? cpu_build_detect(m) : NULL);
  LLVMValueRef advance = build_advance(m);
  build_step(m, advance);
  build_run(m, advance);
  build_stages(m, advance);
  return cpu_build_probe(m);
}
