/* cpu.h - what the files of the CPU target share. Private to targets/cpu.
 *
 * The generated module holds, for each level of the instruction set, one step
 * function: a straight line of kernel calls in the order of the text. A kernel
 * is one function for each distinct (op, types, shape); it gets pointers.
 *
 *   state    header, then neuron states, delay rings (64-byte aligned each)
 *   scratch  every value of the network as words, then accumulators */
#ifndef SF_TARGETS_CPU_H
#define SF_TARGETS_CPU_H

#include "codegen/codegen.h"
#include "codegen/integer.h"
#include "sf/target.h"

/* Out of memory is a result, not an exit: the element remembers it. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>

enum {
  CPU_ABI = 1,
  CPU_ALIGN = 64,
  CPU_HEADER_BYTES = 64, /* u32 magic, u32 isa, u64 step */
  CPU_MAGIC = 0x50435053,
  CPU_LEVELS_MAX = SF_CODE_X86_LEVELS,
  CPU_ISA_AARCH64 = 8,
  CPU_KEY_MAX = 1024
};

/* Errors of generated functions; the header lists them. */
enum {
  CPU_E_NULL = -1,
  CPU_E_SIZE = -2,
  CPU_E_ALIGN = -3,
  CPU_E_ABI = -4,
  CPU_E_ISA = -5,
  CPU_E_STATE = -6,
  CPU_E_STAGE = -7
};

/* How one element stands in the caller's arrays. */
typedef enum cpu_kind { CPU_BITS = 0, CPU_I32 = 3, CPU_F32 = 4 } cpu_kind;

/* ---- Plan: where everything lives. Offsets in bytes. ------------------------
 */

typedef struct cpu_value {
  const sf_value *value;
  uint64_t scratch;
  bool lost; /* not in the table: out of memory */
  UT_hash_handle hh;
} cpu_value;

/* Memory in the state of one op; absent parts are 0. */
typedef struct cpu_op_state {
  uint64_t states; /* neurons: first state; one after the other, aligned */
  uint64_t ring;   /* delay, synaptic delays */
  uint64_t depth;  /* slots of the ring */
} cpu_op_state;

typedef struct cpu_port {
  const char *name;
  const sf_value *value; /* NULL: a state */
  cpu_kind kind;
  uint64_t elements, offset, bytes; /* of one step */
} cpu_port;

typedef struct cpu_plan {
  const sf_network *network;
  sf_arena *arena;
  uint32_t op_count, value_count, input_count, output_count;
  cpu_op_state *ops; /* by position in the text */
  cpu_value *values; /* arguments, then results, in text order */
  cpu_value *by_value;
  cpu_port *inputs, *outputs;
  uint64_t in_bytes, out_bytes, state_bytes, scratch_bytes, accumulators;
} cpu_plan;

sf_result cpu_plan_create(const sf_network *network, sf_diag *diag,
                          sf_arena *arena, cpu_plan *out) SF_MUST_USE;
void cpu_plan_destroy(cpu_plan *plan);
uint64_t cpu_value_offset(const cpu_plan *plan, const sf_value *value);
uint64_t cpu_state_stride(size_t elements); /* aligned bytes of a state */
/* Bytes of accumulators that the op needs. */
uint64_t cpu_accumulator_bytes(const sf_op *op);
/* Largest synaptic delay of the op + 1; 0: it has none. Loads the blob. */
sf_result cpu_ring_depth(const sf_op *op, sf_diag *diag,
                         uint64_t *out) SF_MUST_USE;

/* ---- Module being built.
 * -----------------------------------------------------
 */

typedef struct cpu_kernel {
  char key[CPU_KEY_MAX];
  LLVMValueRef function;
  LLVMTypeRef type;
  bool lost; /* not in the table: out of memory */
  UT_hash_handle hh;
} cpu_kernel;

typedef struct cpu_constant {
  char hash[65];
  LLVMValueRef global;
  bool lost; /* not in the table: out of memory */
  UT_hash_handle hh;
} cpu_constant;

typedef struct cpu_module {
  sf_codegen *cg;
  sf_arena *arena;
  sf_diag *diag;
  const sf_network *network;
  cpu_plan plan;
  const char *prefix; /* C identifier from the network's name */
  /* Levels to emit; a NULL level is the target itself. */
  unsigned level_count;
  const sf_code_level *levels[CPU_LEVELS_MAX];
  LLVMValueRef steps[CPU_LEVELS_MAX]; /* void (state, scratch) */
  unsigned level;                     /* being built */
  cpu_kernel *kernels;
  cpu_constant *constants;
  /* In the step function being built. */
  LLVMValueRef state, scratch, time;
  uint32_t op_index;
} cpu_module;

sf_result cpu_module_build(cpu_module *m) SF_MUST_USE;
void cpu_module_destroy(cpu_module *m);
/* The number in config.isa of a level. */
uint32_t cpu_level_number(const cpu_module *m, unsigned level);

/* ---- Kernels.
 * -----------------------------------------------------------------
 */

/* A kernel under construction: its builder position replaces the caller's until
 * cpu_kernel_end. */
typedef struct cpu_kernel_frame {
  LLVMValueRef caller;
  LLVMBasicBlockRef block;
} cpu_kernel_frame;

/* Finds kernel `key`, or starts it: a function of `pointers` pointers and then
 * `numbers` indices. *out_new tells whether it must be built now. */
sf_result cpu_kernel_begin(cpu_module *m, const char *key, unsigned pointers,
                           unsigned numbers, cpu_kernel_frame *frame,
                           cpu_kernel **out, bool *out_new) SF_MUST_USE;
void cpu_kernel_end(cpu_module *m, const cpu_kernel_frame *frame);
void cpu_kernel_call(cpu_module *m, const cpu_kernel *kernel,
                     const LLVMValueRef *arguments, unsigned count);

LLVMValueRef cpu_value_pointer(cpu_module *m, const sf_value *value);
LLVMValueRef cpu_state_pointer(cpu_module *m, uint64_t offset);
/* Word `index` of an array. */
LLVMValueRef cpu_element(cpu_module *m, LLVMValueRef array, int64_t index);
LLVMValueRef cpu_accumulators(cpu_module *m);
/* Of a stream or a blob. */
const sf_type *cpu_operand_type(const sf_op *op, uint32_t index);
/* An operand as words: a stream's buffer, or a blob's words in .rodata. */
sf_result cpu_operand(cpu_module *m, const sf_op *op, uint32_t index,
                      LLVMValueRef *out) SF_MUST_USE;
/* All words of a blob in .rodata, shared between equal contents. */
sf_result cpu_blob_words(cpu_module *m, sf_blob *blob,
                         LLVMValueRef *out) SF_MUST_USE;
/* Bytes in .rodata, shared between equal contents. */
sf_result cpu_bytes(cpu_module *m, const void *bytes, size_t size,
                    LLVMValueRef *out) SF_MUST_USE;
/* A variable in the entry block of the function being built. */
LLVMValueRef cpu_local(cpu_module *m, LLVMTypeRef type);
/* A copy of `elements` words. */
sf_result cpu_copy(cpu_module *m, LLVMValueRef to, LLVMValueRef from,
                   size_t elements) SF_MUST_USE;
/* time mod depth, as cg->index. */
LLVMValueRef cpu_slot(cpu_module *m, uint64_t depth);
/* A word of `scalar` as f32. */
LLVMValueRef cpu_float(cpu_module *m, LLVMValueRef word, sf_scalar scalar);
LLVMValueRef cpu_nonzero(cpu_module *m, LLVMValueRef word, sf_scalar scalar);

/* ---- Loops over boxes with up to three arrays.
 * --------------------------------
 */

enum { CPU_NEST_ARRAYS = 3 };

typedef struct cpu_nest {
  unsigned rank;
  int64_t dim[SF_RANK_MAX];
  int64_t stride[CPU_NEST_ARRAYS][SF_RANK_MAX];
  int64_t offset[CPU_NEST_ARRAYS];
  LLVMValueRef index[CPU_NEST_ARRAYS]; /* inside the innermost loop */
  sf_code_loop loops[SF_RANK_MAX];
} cpu_nest;

void cpu_strides(const sf_type *type, int64_t *out); /* C order, in elements */
/* Strides of `from` over the axes of `to`, 0 where it is broadcast. */
void cpu_broadcast(const sf_type *from, const sf_type *to, int64_t *out);
/* Merges axes that all arrays walk through without a gap. */
void cpu_nest_collapse(cpu_nest *nest);
void cpu_nest_begin(cpu_module *m, cpu_nest *nest);
void cpu_nest_end(cpu_module *m, cpu_nest *nest);
size_t cpu_nest_key(const cpu_nest *nest, char *out, size_t size);

/* ---- Sums of products. docs/ir.md 5.
 * ------------------------------------------
 */

typedef struct cpu_sum {
  bool is_float, each;
  sf_scalar x_type, y_type;
  sf_mode mode;
  sf_round round;
  int shift; /* negative: multiplies */
  bool has_bias;
  unsigned weight_bytes; /* 1, 2, 4; f32: 4 */
  int64_t weight_low, weight_high;
  unsigned bits;     /* of the accumulator: 32, 64, 128 */
  sf_wide low, high; /* what it can hold at the end */
} cpu_sum;

/* `terms`: most products in one sum. Weight limits are those of the values. */
cpu_sum cpu_sum_of(const sf_op *op, sf_scalar weight, int64_t weight_low,
                   int64_t weight_high, uint64_t terms);
LLVMTypeRef cpu_sum_type(cpu_module *m, const cpu_sum *sum);
LLVMTypeRef cpu_weight_type(cpu_module *m, const cpu_sum *sum);
/* Start value of a sum: 0, or the bias word for f32 (NULL: none). */
LLVMValueRef cpu_sum_start(cpu_module *m, const cpu_sum *sum,
                           LLVMValueRef bias);
/* sum + w x; `weight` as stored, `x` a word. */
LLVMValueRef cpu_sum_add(cpu_module *m, const cpu_sum *sum, LLVMValueRef value,
                         LLVMValueRef weight, LLVMValueRef x);
/* The result word; `bias` NULL: none. */
LLVMValueRef cpu_sum_finish(cpu_module *m, const cpu_sum *sum,
                            LLVMValueRef value, LLVMValueRef bias);
size_t cpu_sum_key(const cpu_sum *sum, char *out, size_t size);
/* Weights narrowed to sum->weight_bytes; order[i] is the blob element that
 * comes at i (NULL: all in order). */
sf_result cpu_weights(cpu_module *m, const cpu_sum *sum, const sf_blob *blob,
                      const size_t *order, size_t count,
                      LLVMValueRef *out) SF_MUST_USE;
/* Least and largest weight; 0, 0 for f32. Loads the blob. */
sf_result cpu_weight_limits(cpu_module *m, sf_blob *blob, int64_t *low,
                            int64_t *high) SF_MUST_USE;

/* ---- One function an op.
 * -------------------------------------------------------
 */

typedef sf_result (*cpu_emit_op)(cpu_module *m, const sf_op *op);
sf_result cpu_emit_linear(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_sparse(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_delayed(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_matmul(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_conv(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_pool(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_reduce(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_elementwise(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_convert(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_move(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_neurons(cpu_module *m, const sf_op *op) SF_MUST_USE;
/* Initial states of a population, whatever the step. */
sf_result cpu_emit_neurons_reset(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_analog(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_quantize(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_axis(cpu_module *m, const sf_op *op) SF_MUST_USE;
sf_result cpu_emit_normalize(cpu_module *m, const sf_op *op) SF_MUST_USE;
/* Numbers and integers among the written attributes, for the key of a kernel;
 * returns the length that the text has. */
size_t cpu_number_key(const sf_op *op, char *out, size_t size);

/* ---- Interface and files.
 * ------------------------------------------------------
 */

/* Adds the public functions and tables; the steps are built. */
sf_result cpu_build_interface(cpu_module *m) SF_MUST_USE;
/* void detect(): the highest x86-64 level of this processor, 0: below v2. */
LLVMValueRef cpu_build_detect(cpu_module *m);
sf_result cpu_header_text(const cpu_module *m, char **out) SF_MUST_USE;
sf_result cpu_metadata_text(const cpu_module *m, char **out) SF_MUST_USE;
/* SHA-256 of the module's text, 64 hex digits. */
sf_result cpu_model_hash(const sf_network *network, char out[65]) SF_MUST_USE;
/* A C identifier from a network's name. malloc'ed. */
char *cpu_prefix(const char *name);
sf_result cpu_check(const sf_emit_job *job);
sf_result cpu_emit(const sf_emit_job *job);
sf_result cpu_run(const sf_run_job *job, sf_run_result *out);

extern const sf_target sf_target_cpu;

#endif
