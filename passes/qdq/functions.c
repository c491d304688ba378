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
         op->kind == SF_OP_RMSNORM;
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
