/* zero.c - values that are 0 whatever comes in: projections whose
 * weights are all zero, products with zero, and what only moves or adds these.
 */
#include "passes/canonicalize/canonicalize.h"

enum { DEPTH_MAX = 8 };

bool sf_blob_is_all(const sf_blob *blob, int number) {
  if (!blob) return false;
  if (blob->source == SF_SOURCE_SPLAT) {
    return blob->type.scalar.kind == SF_SCALAR_F32
               ? blob->splat.f == (float)number
               : blob->splat.i == number && !blob->splat.is_float;
  }
  if (!blob->data) return false; /* not read in order to be simplified */
  sf_word word;
  if (!sf_blob_is_uniform(blob, &word)) return false;
  return blob->type.scalar.kind == SF_SCALAR_F32 ? word.f == (float)number
                                                 : word.i == number;
}

static bool is_zero(const sf_value *value, int depth) {
  const sf_op *op = value->op;
  /* f32: 0 * inf is NaN, and a negative zero is no zero of ours. */
  if (!op || depth > DEPTH_MAX || value->type.scalar.kind == SF_SCALAR_F32)
    return false;
  switch (op->kind) {
  case SF_OP_LINEAR:
  case SF_OP_CONV:
  case SF_OP_CONVT:
    return sf_blob_is_all(sf_op_operand_blob(op, 1), 0) &&
           (op->operand_count < 3 ||
            sf_blob_is_all(sf_op_operand_blob(op, 2), 0));
  case SF_OP_SPARSE:
    return sf_blob_is_all(sf_op_operand_blob(op, 2), 0);
  case SF_OP_MUL:
    return sf_blob_is_all(sf_op_operand_blob(op, 1), 0);
  case SF_OP_DELAY: /* its operand may come later: loops end by depth */
  case SF_OP_SLICE:
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
  case SF_OP_ADD:
  case SF_OP_CONCAT:
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      bool zero = x ? is_zero(x, depth + (int)op->operand_count)
                    : sf_blob_is_all(sf_op_operand_blob(op, i), 0);
      if (!zero) return false;
    }
    return true;
  default:
    return false;
  }
}

bool sf_is_always_zero(const sf_value *value) { return is_zero(value, 0); }
