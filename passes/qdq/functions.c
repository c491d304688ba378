/* functions.c - ops that compute something of rounded values: of one, of two,
 * of a whole vector. */
#include "passes/qdq/qdq.h"

#include <math.h>

bool sf_qdq_is_product(const sf_op *op) {
  return (op->kind == SF_OP_MATMUL || op->kind == SF_OP_MUL) &&
         op->results[0]->type.scalar.kind == SF_SCALAR_F32 &&
         sf_op_operand(op, 0) && sf_op_operand(op, 1);
}

bool sf_qdq_is_vector_function(const sf_op *op) {
  return op->kind == SF_OP_SOFTMAX || op->kind == SF_OP_LAYERNORM ||
         op->kind == SF_OP_RMSNORM || op->kind == SF_OP_GROUPNORM ||
         op->kind == SF_OP_INSTANCENORM;
}

/* Of two streams, scaled or moved; or rounded already. */
static bool is_score(const sf_value *value) {
  enum { STEPS = 16 };
  for (int n = 0; value && value->op && n < STEPS; n++) {
    const sf_op *op = value->op;
    if (op->kind == SF_OP_MATMUL || op->kind == SF_OP_DEQUANTIZE) return true;
    bool scaled = (op->kind == SF_OP_MUL || op->kind == SF_OP_DIV) &&
                  sf_op_operand_blob(op, 1);
    if (!scaled && !sf_op_is(op, SF_TRAIT_MOVES)) return false;
    value = sf_op_operand(op, 0);
  }
  return false;
}

/* A softmax whose result somebody reads: at the end it is only an order. */
static bool is_inner_softmax(const sf_op *op) {
  if (!op || op->kind != SF_OP_SOFTMAX) return false;
  for (const sf_use *use = op->results[0]->first_use; use; use = use->next)
    if (use->op) return true;
  return false;
}

/* A mask that is fed in: an input, or what it chooses, moved. */
static bool is_fed_mask(const sf_value *value) {
  enum { STEPS = 16 };
  for (int n = 0; value && n < STEPS; n++) {
    const sf_op *op = value->op;
    if (!op) return true;
    const sf_value *x = op->operand_count == 1 ? sf_op_operand(op, 0) : NULL;
    if (op->kind == SF_OP_NEURONS)
      return x && x->type.scalar.kind == SF_SCALAR_SPIKE &&
             sf_neuron_is_stateless(op->neuron);
    if (!x || !sf_op_is(op, SF_TRAIT_MOVES)) return false;
    value = x;
  }
  return false;
}

bool sf_qdq_is_mask(const sf_op *op) {
  if (op->kind != SF_OP_ADD) return false;
  const sf_value *x = sf_op_operand(op, 0), *y = op->results[0];
  bool known = sf_op_operand_blob(op, 1) || is_fed_mask(sf_op_operand(op, 1));
  if (!known || !x || y->type.scalar.kind != SF_SCALAR_F32 || !y->first_use ||
      !sf_type_equal(&x->type, &y->type))
    return false;
  for (const sf_use *use = y->first_use; use; use = use->next)
    if (!is_inner_softmax(use->op)) return false;
  return is_score(x);
}

bool sf_qdq_is_curve(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_ELU:
  case SF_OP_GELU:
  case SF_OP_SILU:
  case SF_OP_SIGMOID:
  case SF_OP_TANH:
  case SF_OP_HARDSWISH:
  case SF_OP_EXP:
  case SF_OP_ERF:
  case SF_OP_SOFTPLUS:
    return true;
  default:
    return false;
  }
}

bool sf_qdq_dips(const sf_op *op) {
  return op->kind == SF_OP_GELU || op->kind == SF_OP_SILU ||
         op->kind == SF_OP_HARDSWISH;
}

sf_result sf_qdq_rescales(const sf_op *op, sf_diag *diag, bool *rescales,
                          double *factor) {
  const sf_value *x = sf_op_operand(op, 0);
  bool divides = op->kind == SF_OP_DIV;
  sf_blob *blob = op->kind == SF_OP_MUL || divides ? sf_op_operand_blob(op, 1)
                                                   : (sf_blob *)NULL;
  *rescales = false;
  if (!blob || !x || sf_blob_elements(blob) != 1 ||
      !sf_type_equal(&x->type, &op->results[0]->type) ||
      sf_qdq_is_inner(op->results[0]))
    return SF_OK;
  SF_TRY(sf_blob_load(blob, diag));
  float number = sf_blob_f32(blob, 0);
  float by = divides ? 1 / number : number; /* as the op would multiply */
  *factor = (double)by;
  *rescales = by > 0 && isfinite(by);
  return SF_OK;
}
