/* object.c - the generated half of an image: pe_functions, pe_work, and the
 * code of each slice's fused function (runtime/spinnaker2/pe.h has the other
 * side). */
#include "codegen/codegen.h"
#include "support/file.h"
#include "support/hash.h"
#include "targets/spinnaker2/image.h"

#include <stdlib.h>
#include <string.h>

/* Word offsets in pe_call: all its fields are 4 bytes on the PE. */
typedef enum call_field {
  CALL_COUNT,
  CALL_STEP,
  CALL_SEED_LOW,
  CALL_SEED_HIGH,
  CALL_ELEMENTS,
  CALL_INPUTS,
  CALL_PARAMS,
  CALL_STATES,
  CALL_RESULTS
} call_field;

typedef struct slice_code {
  sf_neuron_code code;
  LLVMValueRef update, reset; /* as pe_function wants them */
} slice_code;

static LLVMValueRef field(sf_codegen *cg, LLVMTypeRef type, call_field which) {
  return sf_code_load(cg, type, sf_code_parameter(cg, 0),
                      sf_code_index(cg, which));
}

/* Appends the `count` pointers of the array in `which`. */
static void push_pointers(sf_codegen *cg, call_field which, uint32_t count,
                          LLVMValueRef *arguments, unsigned *n) {
  LLVMValueRef array = field(cg, cg->pointer, which);
  for (uint32_t i = 0; i < count; i++) {
    arguments[(*n)++] =
        sf_code_load(cg, cg->pointer, array, sf_code_index(cg, i));
  }
}

static LLVMValueRef begin_wrapper(sf_codegen *cg, const char *kind,
                                  uint32_t index) {
  char name[48];
  snprintf(name, sizeof name, "pe.%s.%u", kind, index);
  return sf_code_function(cg, name, cg->void_type, &cg->pointer, 1, true,
                          false);
}

static sf_result build_update(sf_codegen *cg, uint32_t index,
                              slice_code *slice) {
  const sf_neuron *n = slice->code.neuron;
  LLVMValueRef callee = NULL;
  SF_TRY(sf_code_neuron_update(cg, &slice->code, &callee));
  size_t room =
      6u + n->input_count + n->param_count + n->state_count + n->emit_count;
  LLVMValueRef *arguments = calloc(room, sizeof(LLVMValueRef));
  if (!arguments) return SF_OOM;
  slice->update = begin_wrapper(cg, "update", index);
  unsigned used = 0;
  arguments[used++] = field(cg, cg->i32, CALL_COUNT);
  arguments[used++] = field(cg, cg->pointer, CALL_ELEMENTS);
  arguments[used++] = field(cg, cg->i32, CALL_STEP);
  arguments[used++] = sf_code_int(cg, 0); /* runs are short: step < 2^31 */
  arguments[used++] = field(cg, cg->i32, CALL_SEED_LOW);
  arguments[used++] = field(cg, cg->i32, CALL_SEED_HIGH);
  push_pointers(cg, CALL_INPUTS, n->input_count, arguments, &used);
  push_pointers(cg, CALL_PARAMS, n->param_count, arguments, &used);
  push_pointers(cg, CALL_STATES, n->state_count, arguments, &used);
  push_pointers(cg, CALL_RESULTS, n->emit_count, arguments, &used);
  LLVMBuildCall2(cg->builder, sf_code_neuron_update_type(cg, &slice->code),
                 callee, arguments, used, "");
  LLVMBuildRetVoid(cg->builder);
  free(arguments);
  return SF_OK;
}

static sf_result build_reset(sf_codegen *cg, uint32_t index,
                             slice_code *slice) {
  const sf_neuron *n = slice->code.neuron;
  LLVMValueRef callee = NULL;
  SF_TRY(sf_code_neuron_reset(cg, &slice->code, &callee));
  LLVMValueRef *arguments =
      calloc(1u + n->param_count + n->state_count, sizeof(LLVMValueRef));
  if (!arguments) return SF_OOM;
  slice->reset = begin_wrapper(cg, "reset", index);
  unsigned used = 0;
  arguments[used++] = field(cg, cg->i32, CALL_COUNT);
  push_pointers(cg, CALL_PARAMS, n->param_count, arguments, &used);
  push_pointers(cg, CALL_STATES, n->state_count, arguments, &used);
  LLVMBuildCall2(cg->builder, sf_code_neuron_reset_type(cg, &slice->code),
                 callee, arguments, used, "");
  LLVMBuildRetVoid(cg->builder);
  free(arguments);
  return SF_OK;
}

/* ---- Names that the runtime knows. ---- */

static void global(sf_codegen *cg, const char *name, LLVMValueRef value,
                   bool constant) {
  LLVMValueRef g = LLVMAddGlobal(cg->module, LLVMTypeOf(value), name);
  LLVMSetInitializer(g, value);
  LLVMSetGlobalConstant(g, constant);
  LLVMSetAlignment(g, 4);
}

static sf_result add_tables(sf_codegen *cg, const slice_code *slices,
                            uint32_t count, uint32_t work_words) {
  LLVMTypeRef fields[] = {cg->pointer, cg->pointer, cg->i32};
  LLVMTypeRef row = LLVMStructTypeInContext(cg->context, fields, 3, false);
  LLVMValueRef *rows = calloc(count + 1u, sizeof(LLVMValueRef));
  if (!rows) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    LLVMValueRef values[] = {
        slices[i].update, slices[i].reset,
        LLVMConstInt(cg->i32, slices[i].code.neuron->state_count, false)};
    rows[i] = LLVMConstNamedStruct(row, values, 3);
  }
  global(cg, "pe_functions", LLVMConstArray2(row, rows, count), true);
  global(cg, "pe_work_words", LLVMConstInt(cg->i32, work_words, false), true);
  global(cg, "pe_work", LLVMConstNull(LLVMArrayType2(cg->i32, work_words)),
         false);
  free(rows);
  return SF_OK;
}

/* ---- Whole.
 * ---------------------------------------------------------------------------------
 */

static sf_result build_slice(sf_codegen *cg, const s2_slice *slice,
                             uint32_t index, slice_code *out) {
  uint32_t params = slice->function->param_count;
  bool *per_element = calloc(params + 1u, sizeof *per_element);
  if (!per_element) return SF_OOM;
  for (uint32_t i = 0; i < params; i++)
    per_element[i] = sf_s2_param_is_per_neuron(slice, i);
  char name[48];
  snprintf(name, sizeof name, "pe.neuron.%u", index);
  out->code = (sf_neuron_code){.neuron = slice->function,
                               .name = name,
                               .internal = true,
                               .per_element = per_element,
                               .element_array = true};
  sf_result result = build_update(cg, index, out);
  if (result == SF_OK) {
    snprintf(name, sizeof name, "pe.state.%u", index);
    result = build_reset(cg, index, out);
  }
  free(per_element);
  return result;
}

static sf_result build_core(sf_codegen *cg, const s2_core *core,
                            uint32_t work_words) {
  slice_code *slices = calloc(core->slice_count + 1u, sizeof *slices);
  if (!slices) return SF_OOM;
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < core->slice_count && result == SF_OK; i++)
    result = build_slice(cg, &core->slices[i], i, &slices[i]);
  if (result == SF_OK)
    result = add_tables(cg, slices, core->slice_count, work_words);
  free(slices);
  return result;
}

/* The module has one name for all PEs, so that its text tells them apart by
 * what they do only. */
sf_result sf_s2_code_build(const s2_core *core, uint32_t work_words,
                           sf_diag *diag, s2_code *out) {
  *out = (s2_code){0};
  SF_TRY(sf_codegen_create(&sf_code_cortex_m4, "pe", diag, &out->cg));
  SF_TRY(build_core(out->cg, core, work_words));
  char *text = LLVMPrintModuleToString(out->cg->module);
  if (!text) return SF_OOM;
  sf_sha256(text, strlen(text), out->key);
  LLVMDisposeMessage(text);
  return out->key[0] ? SF_OK : SF_OOM;
}

sf_result sf_s2_code_emit(s2_code *code, const char *path, sf_diag *diag) {
  char *bytes = NULL;
  size_t size = 0;
  sf_result result = sf_codegen_emit(code->cg, &bytes, &size);
  if (result == SF_OK) result = sf_file_write_staged(path, bytes, size, diag);
  free(bytes);
  return result;
}

void sf_s2_code_destroy(s2_code *code) {
  sf_codegen_destroy(code->cg);
  *code = (s2_code){0};
}
