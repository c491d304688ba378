/* fold.c - a statement of literals, computed by the interpreter:
 * it is the judge of what every op, mode and rounding means. */
#include "passes/canonicalize/canonicalize.h"

#include <math.h>

/* A function of nothing that emits what the statement computes. */
static sf_neuron *wrap(sf_module *module, const sf_stmt *stmt) {
  sf_neuron *neuron = sf_neuron_create(module, "fold", SF_NO_LOC);
  if (!neuron) return NULL;
  sf_stmt *copy =
      sf_neuron_add_stmt(neuron, stmt->kind, "r", stmt->result->type);
  if (!copy) return NULL;
  copy->mode = stmt->mode;
  copy->shift = stmt->shift;
  copy->round = stmt->round;
  copy->operand_count = stmt->operand_count;
  for (uint32_t i = 0; i < stmt->operand_count; i++)
    copy->operand[i] = stmt->operand[i];
  sf_noperand result = sf_noperand_value(copy->result);
  if (sf_neuron_add_emit(neuron, result, stmt->result->type) != SF_OK)
    return NULL;
  return neuron;
}

/* NaN has no text, and -0.0 reads back as itself but is no number to fold to.
 */
static bool has_literal(sf_word word, sf_scalar type) {
  if (type.kind != SF_SCALAR_F32) return true;
  return !isnan(word.f) && !(word.f == 0.0f && signbit(word.f));
}

sf_result sf_fold_stmt(const sf_stmt *stmt, bool *known, sf_number *out) {
  *known = false;
  if (stmt->kind == SF_NOP_RAND || stmt->blob) return SF_OK;
  for (uint32_t i = 0; i < stmt->operand_count; i++)
    if (stmt->operand[i].value) return SF_OK;
  sf_module *module = sf_module_create("fold");
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_neuron *neuron = module && quiet ? wrap(module, stmt) : NULL;
  sf_word emit, none[1] = {{0}};
  sf_result result = SF_OOM;
  if (neuron) result = sf_neuron_eval(neuron, none, none, none, &emit, quiet);
  if (result == SF_OK && has_literal(emit, stmt->result->type)) {
    *known = true;
    *out = stmt->result->type.kind == SF_SCALAR_F32 ? sf_number_float(emit.f)
                                                    : sf_number_int(emit.i);
  }
  sf_diag_destroy(quiet);
  sf_module_destroy(module);
  return result == SF_FAIL ? SF_OK : result; /* FAIL: it overflows */
}
