/* llvm_batch.h - runs neuron functions as generated code, on this machine,
 * under qemu-aarch64 and on a Cortex-M4F in QEMU, and compares every word with
 * sf_neuron_eval.
 *
 * All functions of a batch go into one object with `batch(in, out)`, which a
 * small harness (test/support/llvm) calls. `in`: for each entry its params,
 * then for each step each input's `count` words. `out`: for each entry its
 * states, then for each step each result. */
#ifndef SF_TEST_LLVM_BATCH_H
#define SF_TEST_LLVM_BATCH_H

#include "codegen/codegen.h"
#include "sf/interp.h"
#include "test/support/folder.h"

#include <math.h>
#include <stdio.h>

enum { BATCH_MAX = 512 };

typedef struct batch_entry {
  const sf_neuron *neuron;
  uint32_t count, steps;
  size_t in, out; /* first words */
} batch_entry;

typedef struct batch {
  sf_diag *diag;
  uint32_t entry_count;
  batch_entry entries[BATCH_MAX];
  sf_word *in; /* filled by the test */
  size_t in_words, out_words;
} batch;

typedef enum batch_machine {
  BATCH_V2,
  BATCH_V3,
  BATCH_V4,
  BATCH_AARCH64,
  BATCH_CORTEX_M4,
  BATCH_MACHINES
} batch_machine;

static const char *const batch_names[BATCH_MACHINES] = {
    "x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64", "cortex-m4"};

/* Adds `count` elements over `steps` steps; returns the words to fill: params,
 * then step by step, input by input. */
static inline sf_word *batch_add(batch *b, const sf_neuron *neuron,
                                 uint32_t count, uint32_t steps) {
  assert_true(b->entry_count < BATCH_MAX);
  batch_entry *e = &b->entries[b->entry_count++];
  *e = (batch_entry){neuron, count, steps, b->in_words, b->out_words};
  size_t in = neuron->param_count + (size_t)neuron->input_count * count * steps;
  b->in_words += in;
  b->out_words += (size_t)count *
                  (neuron->state_count + (size_t)neuron->emit_count * steps);
  b->in = realloc(b->in, b->in_words * sizeof *b->in);
  assert_non_null(b->in);
  memset(b->in + e->in, 0, in * sizeof *b->in);
  return b->in + e->in;
}

static inline LLVMValueRef batch_at(sf_codegen *cg, unsigned base,
                                    size_t words) {
  return sf_code_at(cg, cg->i32, sf_code_parameter(cg, base),
                    sf_code_index(cg, words));
}

static inline LLVMValueRef batch_step_at(sf_codegen *cg, LLVMValueRef base,
                                         LLVMValueRef step, uint32_t words) {
  LLVMValueRef offset =
      LLVMBuildMul(cg->builder, step, sf_code_index(cg, words), "");
  return sf_code_at(cg, cg->i32, base, offset);
}

/* Arguments of one update in step `t`; returns how many. */
static inline unsigned batch_arguments(sf_codegen *cg, const batch_entry *e,
                                       LLVMValueRef t, LLVMValueRef *out) {
  const sf_neuron *n = e->neuron;
  unsigned k = 0;
  size_t inputs = e->in + n->param_count;
  size_t results = e->out + (size_t)n->state_count * e->count;
  out[k++] = sf_code_index(cg, e->count);
  out[k++] = sf_code_int(cg, 0);
  out[k++] = LLVMBuildIntCast2(cg->builder, t, cg->i32, false, "");
  for (unsigned i = 0; i < 3; i++)
    out[k++] = sf_code_int(cg, 0);
  for (uint32_t i = 0; i < n->input_count; i++)
    out[k++] = batch_step_at(cg, batch_at(cg, 0, inputs + (size_t)i * e->count),
                             t, n->input_count * e->count);
  for (uint32_t i = 0; i < n->param_count; i++)
    out[k++] = batch_at(cg, 0, e->in + i);
  for (uint32_t i = 0; i < n->state_count; i++)
    out[k++] = batch_at(cg, 1, e->out + (size_t)i * e->count);
  for (uint32_t i = 0; i < n->emit_count; i++)
    out[k++] =
        batch_step_at(cg, batch_at(cg, 1, results + (size_t)i * e->count), t,
                      n->emit_count * e->count);
  return k;
}

static inline void batch_call(sf_codegen *cg, const batch_entry *e,
                              const sf_neuron_code *code,
                              const LLVMValueRef functions[2]) {
  LLVMValueRef arguments[256];
  const sf_neuron *n = e->neuron;
  unsigned k = 0;
  arguments[k++] = sf_code_index(cg, e->count);
  for (uint32_t i = 0; i < n->param_count; i++)
    arguments[k++] = batch_at(cg, 0, e->in + i);
  for (uint32_t i = 0; i < n->state_count; i++)
    arguments[k++] = batch_at(cg, 1, e->out + (size_t)i * e->count);
  LLVMBuildCall2(cg->builder, sf_code_neuron_reset_type(cg, code), functions[1],
                 arguments, k, "");
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, e->steps));
  k = batch_arguments(cg, e, loop.i, arguments);
  LLVMBuildCall2(cg->builder, sf_code_neuron_update_type(cg, code),
                 functions[0], arguments, k, "");
  sf_code_loop_end(cg, &loop);
}

static inline void batch_build(sf_codegen *cg, const batch *b) {
  static LLVMValueRef functions[BATCH_MAX][2];
  char name[64];
  for (uint32_t i = 0; i < b->entry_count; i++) {
    sf_neuron_code code = {.neuron = b->entries[i].neuron, .name = name};
    snprintf(name, sizeof name, "update_%u", i);
    assert_int_equal(sf_code_neuron_update(cg, &code, &functions[i][0]), SF_OK);
    snprintf(name, sizeof name, "reset_%u", i);
    assert_int_equal(sf_code_neuron_reset(cg, &code, &functions[i][1]), SF_OK);
  }
  const LLVMTypeRef types[2] = {cg->pointer, cg->pointer};
  sf_code_function(cg, "batch", cg->void_type, types, 2, false, true);
  for (uint32_t i = 0; i < b->entry_count; i++) {
    sf_neuron_code code = {.neuron = b->entries[i].neuron, .name = "f"};
    batch_call(cg, &b->entries[i], &code, functions[i]);
  }
  LLVMBuildRetVoid(cg->builder);
}

#define BATCH_SUPPORT SF_TEST_SOURCE "/test/support/llvm/"

static inline void batch_link_and_run(batch *b, batch_machine machine,
                                      const char *directory) {
  static const char *const hosted[] = {
      "clang-19", "-O1", BATCH_SUPPORT "hosted.c", "batch.o", "-o",
      "run",      NULL};
  static const char *const run[] = {"./run", NULL};
  static const char *const aarch64[] = {"aarch64-linux-gnu-gcc",
                                        "-O1",
                                        "-static",
                                        BATCH_SUPPORT "hosted.c",
                                        "batch.o",
                                        "-o",
                                        "run",
                                        NULL};
  static const char *const run_aarch64[] = {"qemu-aarch64", "./run", NULL};
  static const char *const start[] = {"clang-19",
                                      "--target=thumbv7em-none-unknown-eabihf",
                                      "-mcpu=cortex-m4",
                                      "-ffreestanding",
                                      "-Os",
                                      "-c",
                                      BATCH_SUPPORT "cortex_m4.c",
                                      "-o",
                                      "start.o",
                                      NULL};
  static const char *const link[] = {"ld.lld-19",
                                     "-z",
                                     "max-page-size=4",
                                     "-T",
                                     BATCH_SUPPORT "cortex_m4.ld",
                                     "start.o",
                                     "batch.o",
                                     "-o",
                                     "run.elf",
                                     NULL};
  static const char *const qemu[] = {
      "qemu-system-arm",
      "-M",
      "mps2-an386",
      "-display",
      "none",
      "-serial",
      "none",
      "-monitor",
      "none",
      "-semihosting-config",
      "enable=on,target=native",
      "-device",
      "loader,file=in.bin,addr=0x21000000,force-raw=on",
      "-kernel",
      "run.elf",
      NULL};
  if (machine == BATCH_CORTEX_M4) {
    free(test_program_run(start, directory, b->diag));
    free(test_program_run(link, directory, b->diag));
    free(test_program_run(qemu, directory, b->diag));
    return;
  }
  bool foreign = machine == BATCH_AARCH64;
  free(test_program_run(foreign ? aarch64 : hosted, directory, b->diag));
  free(test_program_run(foreign ? run_aarch64 : run, directory, b->diag));
}

static inline void batch_write(batch *b, const char *directory,
                               const char *name, const void *bytes,
                               size_t size) {
  char *path = sf_path_join(directory, name);
  assert_int_equal(sf_file_write(path, bytes, size, b->diag), SF_OK);
  free(path);
}

static inline void batch_write_input(batch *b, const char *directory) {
  uint32_t *words = malloc((b->in_words + 1) * sizeof *words);
  assert_non_null(words);
  words[0] = (uint32_t)b->out_words;
  memcpy(words + 1, b->in, b->in_words * sizeof *words);
  batch_write(b, directory, "in.bin", words, (b->in_words + 1) * 4);
  free(words);
}

/* Builds `batch` with `build`, emits, links, runs; returns the output words
 * (malloc'ed). */
static inline sf_word *batch_run_built(batch *b, batch_machine machine,
                                       void (*build)(sf_codegen *cg)) {
  char *directory = test_folder_create();
  const sf_code_target *target = machine == BATCH_CORTEX_M4 ? &sf_code_cortex_m4
                                 : machine == BATCH_AARCH64 ? &sf_code_aarch64
                                                            : &sf_code_x86_64;
  sf_codegen *cg;
  assert_int_equal(sf_codegen_create(target, "batch", b->diag, &cg), SF_OK);
  if (target == &sf_code_x86_64)
    sf_codegen_use_level(cg, &sf_code_x86_levels[machine - BATCH_V2]);
  if (build)
    build(cg);
  else
    batch_build(cg, b);
  char *object;
  size_t size;
  assert_int_equal(sf_codegen_emit(cg, &object, &size), SF_OK);
  sf_codegen_destroy(cg);
  batch_write(b, directory, "batch.o", object, size);
  free(object);
  batch_write_input(b, directory);
  batch_link_and_run(b, machine, directory);
  char *path = sf_path_join(directory, "out.bin"), *bytes;
  assert_int_equal(sf_file_read(path, 0, b->diag, &bytes, &size), SF_OK);
  assert_int_equal(size, b->out_words * 4);
  free(path);
  test_folder_destroy(directory);
  return (sf_word *)(void *)bytes;
}

static inline sf_word *batch_run(batch *b, batch_machine machine) {
  return batch_run_built(b, machine, NULL);
}

/* Any NaN equals any other: machines differ in sign and payload. */
static inline bool batch_same(sf_word a, sf_word b, sf_scalar type) {
  if (type.kind == SF_SCALAR_F32 && isnan(a.f) && isnan(b.f)) return true;
  return a.i == b.i;
}

static inline void batch_check_element(batch *b, const batch_entry *e,
                                       uint32_t element, const sf_word *got,
                                       const char *machine) {
  const sf_neuron *n = e->neuron;
  sf_word inputs[64], states[64] = {{0}}, emits[64];
  const sf_word *params = b->in + e->in;
  for (uint32_t i = 0; i < n->state_count; i++)
    states[i] = n->states[i].initial_param
                    ? params[n->states[i].initial_param->index]
                : n->states[i].value->type.kind == SF_SCALAR_F32
                    ? (sf_word){.f = n->states[i].initial.f}
                    : (sf_word){.i = (int32_t)n->states[i].initial.i};
  for (uint32_t t = 0; t < e->steps; t++) {
    const sf_word *in =
        params + n->param_count + (size_t)t * n->input_count * e->count;
    for (uint32_t i = 0; i < n->input_count; i++)
      inputs[i] = in[(size_t)i * e->count + element];
    assert_int_equal(sf_neuron_eval(n, inputs, params, states, emits, b->diag),
                     SF_OK);
    const sf_word *out = got + e->out + (size_t)n->state_count * e->count +
                         (size_t)t * n->emit_count * e->count;
    for (uint32_t i = 0; i < n->emit_count; i++) {
      sf_word word = out[(size_t)i * e->count + element];
      if (!batch_same(word, emits[i], n->emit_types[i]))
        fail_msg("%s: @%s result %u (%%%s) of (%d, %d), step %u: %d (%#x), "
                 "expected %d (%#x)",
                 machine, n->name, i,
                 n->emits[i].value ? n->emits[i].value->name : "literal",
                 inputs[0].i, n->input_count > 1 ? inputs[1].i : 0, t, word.i,
                 (unsigned)word.i, emits[i].i, (unsigned)emits[i].i);
    }
  }
  for (uint32_t i = 0; i < n->state_count; i++)
    assert_true(batch_same(got[e->out + (size_t)i * e->count + element],
                           states[i], n->states[i].value->type));
}

static inline void batch_check(batch *b, batch_machine machine) {
  sf_word *got = batch_run(b, machine);
  for (uint32_t i = 0; i < b->entry_count; i++)
    for (uint32_t k = 0; k < b->entries[i].count; k++)
      batch_check_element(b, &b->entries[i], k, got, batch_names[machine]);
  free(got);
}

/* The machine that runs the tests may lack a level. */
static inline bool batch_available(batch_machine machine) {
#if defined(__x86_64__)
  if (machine == BATCH_V2) return __builtin_cpu_supports("sse4.2");
  if (machine == BATCH_V3)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
  if (machine == BATCH_V4)
    return __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512cd");
#else
  if (machine <= BATCH_V4) return false;
#endif
  return true;
}

#endif
