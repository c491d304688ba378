/* codegen.h - neuron functions and loops as LLVM IR, for any triple.
 *
 * One sf_codegen is one LLVM context with one module: build functions into it,
 * then emit one object. Nothing here knows networks; targets do.
 *
 * Words: every element is 4 bytes in memory, i32 (spikes 0 or 1) or f32, as
 * sf_word. Arrays are struct-of-arrays. The generated code calls nothing, uses
 * no double for neuron functions, and divides at most 32 by 32 bits. */
#ifndef SF_CODEGEN_CODEGEN_H
#define SF_CODEGEN_CODEGEN_H

#include "sf/neuron.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

/* The machine that code is for. A const row; see targets.c for ours. */
typedef struct sf_code_target {
  const char *name;     /* for messages */
  const char *triple;   /* as LLVM spells it */
  const char *cpu;      /* "cortex-m4", "x86-64" */
  const char *features; /* "" or "+a,-b" */
  bool has_float_round; /* instructions for floor, ceil, trunc, roundeven */
  bool position_independent;
  bool unroll; /* false: small code */
} sf_code_target;

extern const sf_code_target sf_code_x86_64;    /* baseline, and its levels */
extern const sf_code_target sf_code_aarch64;   /* NEON */
extern const sf_code_target sf_code_cortex_m4; /* thumbv7em, single float */

/* A level of a target that single functions may be compiled for. */
typedef struct sf_code_level {
  const char *name; /* "v3" */
  const char *cpu;  /* "x86-64-v3" */
  unsigned number;  /* 3 */
} sf_code_level;

enum { SF_CODE_X86_LEVELS = 3 };
extern const sf_code_level
    sf_code_x86_levels[SF_CODE_X86_LEVELS]; /* v2 .. v4 */

enum { SF_CODE_MATH_MAX = 16 };

typedef struct sf_codegen {
  const sf_code_target *target;
  sf_diag *diag;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef builder;
  LLVMTargetMachineRef machine;
  LLVMTypeRef void_type, i1, i8, i16, i32, i64, i128, f32, f64, pointer;
  LLVMTypeRef index;     /* i32 or i64: what loops count in */
  LLVMValueRef function; /* being built */
  const sf_code_level
      *level;           /* of the functions that follow; NULL: the target */
  bool has_float_round; /* of the same */
  LLVMValueRef math[SF_CODE_MATH_MAX]; /* of the same: codegen/math.h */
} sf_codegen;

/* An empty module `name` for `target`. Errors: HELPER (LLVM has no such
 * target), OOM. */
sf_result sf_codegen_create(const sf_code_target *target, const char *name,
                            sf_diag *diag, sf_codegen **out) SF_MUST_USE;
void sf_codegen_destroy(sf_codegen *cg); /* NULL is fine */
/* Functions started from now on are for `level` of x86-64; NULL: baseline. */
void sf_codegen_use_level(sf_codegen *cg, const sf_code_level *level);
/* Verifies, optimizes (`default<O2>`) and emits an object. *out is malloc'ed.
 * Ends the module: build nothing afterwards. A module that LLVM refuses is our
 * bug: INTERNAL. */
sf_result sf_codegen_emit(sf_codegen *cg, char **out,
                          size_t *out_size) SF_MUST_USE;

/* ---- Functions and loops. ---------------------------------------------------
 */

/* Starts a function; the builder stands in its entry block. Pointer parameters
 * become `noalias` when `noalias`. Internal functions get no symbol. */
LLVMValueRef sf_code_function(sf_codegen *cg, const char *name,
                              LLVMTypeRef result, const LLVMTypeRef *parameters,
                              unsigned count, bool internal, bool noalias);
/* Calls of the function stay calls: what a caller of thousands costs LLVM then
 * grows with their number, and not with the square of the code in them. */
void sf_code_never_inline(sf_codegen *cg, LLVMValueRef function);
LLVMValueRef sf_code_parameter(sf_codegen *cg, unsigned index);
LLVMBasicBlockRef sf_code_block(sf_codegen *cg, const char *name);

/* for (i = 0; i < count; i++) { ... }: code between begin and end is the body,
 * run zero times when count is 0. `loop.i` counts in cg->index. */
typedef struct sf_code_loop {
  LLVMBasicBlockRef body, after;
  LLVMValueRef i, count;
} sf_code_loop;
sf_code_loop sf_code_loop_begin(sf_codegen *cg, LLVMValueRef count);
void sf_code_loop_end(sf_codegen *cg, sf_code_loop *loop);

/* if (condition) { ... } */
typedef struct sf_code_if {
  LLVMBasicBlockRef after;
} sf_code_if;
sf_code_if sf_code_if_begin(sf_codegen *cg, LLVMValueRef condition);
void sf_code_if_end(sf_codegen *cg, sf_code_if *block);

LLVMValueRef sf_code_int(sf_codegen *cg, int64_t value);    /* i32 */
LLVMValueRef sf_code_index(sf_codegen *cg, uint64_t value); /* cg->index */
LLVMValueRef sf_code_float(sf_codegen *cg, float value);
/* Address of element `i` (cg->index or i32) of an array of `type`. */
LLVMValueRef sf_code_at(sf_codegen *cg, LLVMTypeRef type, LLVMValueRef base,
                        LLVMValueRef i);
LLVMValueRef sf_code_load(sf_codegen *cg, LLVMTypeRef type, LLVMValueRef base,
                          LLVMValueRef i);
void sf_code_store(sf_codegen *cg, LLVMValueRef value, LLVMValueRef base,
                   LLVMValueRef i);
/* Constant bytes in .rodata, 64-byte aligned. `name` is a hint. */
LLVMValueRef sf_code_bytes(sf_codegen *cg, const char *name, const void *bytes,
                           size_t size);
/* i32 or f32: how a word of `scalar` is held in memory. */
LLVMTypeRef sf_code_word(sf_codegen *cg, sf_scalar scalar);

/* ---- Neuron functions. docs/ir.md 6. ----------------------------------------
 */

/* Values of one element while code is built for it. Inputs, params and states
 * are words (i32 or f32); spikes are words 0, 1. `element`, `step`.. are i32
 * and may be NULL when the function has no `rand`. */
typedef struct sf_neuron_values {
  LLVMValueRef *inputs, *params, *states;
  LLVMValueRef element, step_low, step_high, seed_low, seed_high;
  /* Out: words. nexts[i] is states[i] for a state without `next`. */
  LLVMValueRef *emits, *nexts;
} sf_neuron_values;

/* Adds the straight-line code of one element at the builder's position. The
 * network's ops without mode must be proved to fit (sf_prove_ranges). Loads the
 * blobs of lookups. */
sf_result sf_code_neuron_body(sf_codegen *cg, const sf_neuron *neuron,
                              sf_neuron_values *values) SF_MUST_USE;

typedef struct sf_neuron_code {
  const sf_neuron *neuron;
  const char *name;        /* symbol */
  bool internal;           /* no symbol outside the object */
  const bool *per_element; /* one a param: array of count words, else one word;
                              NULL: all are one word */
  bool element_array; /* numbers for `rand` come from an array of u32, else they
                         are first, first + 1, ... */
} sf_neuron_code;

/* void name(index count, element, i32 step_low, i32 step_high, i32 seed_low,
 *           i32 seed_high, inputs.., params.., states.., results..)
 * `element` is an i32, or a pointer with element_array; one pointer an input,
 * param, state and result, none overlapping. Runs the function once for each of
 * `count` elements and applies every `next`. */
sf_result sf_code_neuron_update(sf_codegen *cg, const sf_neuron_code *code,
                                LLVMValueRef *out_function) SF_MUST_USE;
/* void name(index count, params.., states..): initial state of `count`
 * elements. */
sf_result sf_code_neuron_reset(sf_codegen *cg, const sf_neuron_code *code,
                               LLVMValueRef *out_function) SF_MUST_USE;
/* How many parameters each has, and the type of a function like it. */
LLVMTypeRef sf_code_neuron_update_type(sf_codegen *cg,
                                       const sf_neuron_code *code);
LLVMTypeRef sf_code_neuron_reset_type(sf_codegen *cg,
                                      const sf_neuron_code *code);

#endif
