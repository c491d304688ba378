/* neuron_function.c - a neuron function over a block of elements. */
#include "codegen/codegen.h"

#include <stdlib.h>

enum { FIXED = 6 }; /* count, element, step low and high, seed low and high */

static unsigned update_count(const sf_neuron *n) {
  return FIXED + n->input_count + n->param_count + n->state_count +
         n->emit_count;
}

static unsigned reset_count(const sf_neuron *n) {
  return 1 + n->param_count + n->state_count;
}

static LLVMTypeRef *parameter_types(sf_codegen *cg, const sf_neuron_code *code,
                                    bool update) {
  unsigned count =
      update ? update_count(code->neuron) : reset_count(code->neuron);
  LLVMTypeRef *types = calloc(count, sizeof(LLVMTypeRef));
  if (!types) return NULL;
  for (unsigned i = 0; i < count; i++)
    types[i] = update && i < FIXED ? cg->i32 : cg->pointer;
  types[0] = cg->index;
  if (update && code->element_array) types[1] = cg->pointer;
  return types;
}

static LLVMTypeRef function_type(sf_codegen *cg, const sf_neuron_code *code,
                                 bool update) {
  LLVMTypeRef *types = parameter_types(cg, code, update);
  if (!types) return NULL;
  LLVMTypeRef type = LLVMFunctionType(
      cg->void_type, types,
      update ? update_count(code->neuron) : reset_count(code->neuron), false);
  free(types);
  return type;
}

LLVMTypeRef sf_code_neuron_update_type(sf_codegen *cg,
                                       const sf_neuron_code *code) {
  return function_type(cg, code, true);
}

LLVMTypeRef sf_code_neuron_reset_type(sf_codegen *cg,
                                      const sf_neuron_code *code) {
  return function_type(cg, code, false);
}

/* Pointers and words while one function is built. */
typedef struct frame {
  LLVMValueRef *pointers; /* inputs, params, states, results */
  LLVMValueRef *words;    /* inputs, params, states, emits, nexts */
} frame;

static sf_result frame_create(const sf_neuron *n, frame *out) {
  size_t count = (size_t)n->input_count + n->param_count + n->state_count +
                 n->emit_count + n->state_count + 1;
  out->pointers = calloc(count, sizeof(LLVMValueRef));
  out->words = calloc(count, sizeof(LLVMValueRef));
  if (out->pointers && out->words) return SF_OK;
  free(out->pointers);
  free(out->words);
  return SF_OOM;
}

static void frame_destroy(frame *f) {
  free(f->pointers);
  free(f->words);
}

static bool per_element(const sf_neuron_code *code, uint32_t param) {
  return code->per_element && code->per_element[param];
}

/* Params that all elements share are loaded before the loop. */
static void load_uniform(sf_codegen *cg, const sf_neuron_code *code,
                         const LLVMValueRef *pointers, LLVMValueRef *words) {
  for (uint32_t i = 0; i < code->neuron->param_count; i++) {
    if (per_element(code, i)) continue;
    sf_scalar type = code->neuron->params[i].value->type;
    words[i] =
        LLVMBuildLoad2(cg->builder, sf_code_word(cg, type), pointers[i], "");
  }
}

static void load_elements(sf_codegen *cg, const sf_neuron_code *code,
                          const frame *f, LLVMValueRef i) {
  const sf_neuron *n = code->neuron;
  const LLVMValueRef *from = f->pointers;
  LLVMValueRef *to = f->words;
  for (uint32_t k = 0; k < n->input_count; k++)
    *to++ = sf_code_load(cg, sf_code_word(cg, n->inputs[k]->type), *from++, i);
  for (uint32_t k = 0; k < n->param_count; k++, to++, from++)
    if (per_element(code, k))
      *to = sf_code_load(cg, sf_code_word(cg, n->params[k].value->type), *from,
                         i);
  for (uint32_t k = 0; k < n->state_count; k++)
    *to++ = sf_code_load(cg, sf_code_word(cg, n->states[k].value->type),
                         *from++, i);
}

static void store_elements(sf_codegen *cg, const sf_neuron *n, const frame *f,
                           const sf_neuron_values *v, LLVMValueRef i) {
  const LLVMValueRef *states = f->pointers + n->input_count + n->param_count;
  const LLVMValueRef *results = states + n->state_count;
  for (uint32_t k = 0; k < n->state_count; k++)
    if (n->states[k].has_next) sf_code_store(cg, v->nexts[k], states[k], i);
  for (uint32_t k = 0; k < n->emit_count; k++)
    sf_code_store(cg, v->emits[k], results[k], i);
}

static LLVMValueRef element_number(sf_codegen *cg, const sf_neuron_code *code,
                                   LLVMValueRef i) {
  LLVMValueRef given = sf_code_parameter(cg, 1);
  if (code->element_array) return sf_code_load(cg, cg->i32, given, i);
  return LLVMBuildAdd(cg->builder, given,
                      LLVMBuildIntCast2(cg->builder, i, cg->i32, false, ""),
                      "");
}

static sf_result build_update(sf_codegen *cg, const sf_neuron_code *code,
                              frame *f) {
  const sf_neuron *n = code->neuron;
  unsigned pointers = update_count(n) - FIXED;
  for (unsigned k = 0; k < pointers; k++)
    f->pointers[k] = sf_code_parameter(cg, FIXED + k);
  load_uniform(cg, code, f->pointers + n->input_count,
               f->words + n->input_count);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_parameter(cg, 0));
  load_elements(cg, code, f, loop.i);
  sf_neuron_values v = {
      .inputs = f->words,
      .params = f->words + n->input_count,
      .states = f->words + n->input_count + n->param_count,
      .step_low = sf_code_parameter(cg, 2),
      .step_high = sf_code_parameter(cg, 3),
      .seed_low = sf_code_parameter(cg, 4),
      .seed_high = sf_code_parameter(cg, 5),
  };
  v.emits = v.states + n->state_count;
  v.nexts = v.emits + n->emit_count;
  v.element = element_number(cg, code, loop.i);
  SF_TRY(sf_code_neuron_body(cg, n, &v));
  store_elements(cg, n, f, &v, loop.i);
  sf_code_loop_end(cg, &loop);
  LLVMBuildRetVoid(cg->builder);
  return SF_OK;
}

sf_result sf_code_neuron_update(sf_codegen *cg, const sf_neuron_code *code,
                                LLVMValueRef *out_function) {
  LLVMTypeRef *types = parameter_types(cg, code, true);
  frame f;
  if (!types) return SF_OOM;
  if (frame_create(code->neuron, &f) != SF_OK) {
    free(types);
    return SF_OOM;
  }
  *out_function =
      sf_code_function(cg, code->name, cg->void_type, types,
                       update_count(code->neuron), code->internal, true);
  sf_result result = build_update(cg, code, &f);
  free(types);
  frame_destroy(&f);
  return result;
}

static LLVMValueRef initial_word(sf_codegen *cg, const sf_state *state) {
  if (state->value->type.kind == SF_SCALAR_F32)
    return sf_code_float(cg, state->initial.f);
  return sf_code_int(cg, (int32_t)state->initial.i);
}

/* Parameter 0 is the count, then params, then states. */
static void reset_element(sf_codegen *cg, const sf_neuron_code *code,
                          LLVMValueRef i) {
  const sf_neuron *n = code->neuron;
  for (uint32_t k = 0; k < n->state_count; k++) {
    const sf_state *state = &n->states[k];
    LLVMValueRef word;
    if (state->initial_param) {
      uint32_t p = state->initial_param->index;
      LLVMValueRef at = per_element(code, p) ? i : sf_code_index(cg, 0);
      word = sf_code_load(cg, sf_code_word(cg, state->value->type),
                          sf_code_parameter(cg, 1 + p), at);
    } else {
      word = initial_word(cg, state);
    }
    sf_code_store(cg, word, sf_code_parameter(cg, 1 + n->param_count + k), i);
  }
}

sf_result sf_code_neuron_reset(sf_codegen *cg, const sf_neuron_code *code,
                               LLVMValueRef *out_function) {
  LLVMTypeRef *types = parameter_types(cg, code, false);
  if (!types) return SF_OOM;
  *out_function =
      sf_code_function(cg, code->name, cg->void_type, types,
                       reset_count(code->neuron), code->internal, true);
  free(types);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_parameter(cg, 0));
  reset_element(cg, code, loop.i);
  sf_code_loop_end(cg, &loop);
  LLVMBuildRetVoid(cg->builder);
  return SF_OK;
}
