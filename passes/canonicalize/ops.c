/* ops.c - identities of network ops. Each holds in every step, for
 * every value; those of f32 also for -0.0, infinities and NaN. */
#include "passes/canonicalize/canonicalize.h"

static bool is_float(const sf_op *op) {
  return op->results[0]->type.scalar.kind == SF_SCALAR_F32;
}

/* `value` can stand for the result of `op`. */
static sf_value *if_same_type(const sf_op *op, sf_value *value) {
  return value && sf_type_equal(&value->type, &op->results[0]->type) ? value
                                                                     : NULL;
}

static sf_value *operand(const sf_op *op, uint32_t index) {
  return sf_op_operand(op, index);
}

/* Operand `index` is 0 in every step. */
static bool is_zero(const sf_op *op, uint32_t index) {
  sf_value *x = operand(op, index);
  return x ? sf_is_always_zero(x)
           : sf_blob_is_all(sf_op_operand_blob(op, index), 0);
}

static sf_value *simplify_add(const sf_op *op) {
  if (is_float(op)) return NULL; /* -0.0 + 0.0 is 0.0 */
  if (is_zero(op, 1)) return if_same_type(op, operand(op, 0));
  if (is_zero(op, 0)) return if_same_type(op, operand(op, 1));
  return NULL;
}

static sf_value *simplify_sub(const sf_op *op) {
  return is_zero(op, 1) ? if_same_type(op, operand(op, 0)) : NULL;
}

static sf_value *simplify_mul(const sf_op *op) {
  for (uint32_t i = 0; i < 2; i++)
    if (sf_blob_is_all(sf_op_operand_blob(op, i), 1))
      return if_same_type(op, operand(op, 1 - i));
  return NULL;
}

static sf_value *simplify_min_max(const sf_op *op) {
  sf_value *x = operand(op, 0);
  return x && x == operand(op, 1) ? if_same_type(op, x) : NULL;
}

static sf_value *simplify_convert(const sf_op *op) {
  return sf_op_number(op, SF_ATTR_scale) == 1.0f
             ? if_same_type(op, operand(op, 0))
             : NULL;
}

/* The op that makes operand 0, when it is of the same kind. */
static sf_op *inner(const sf_op *op) {
  sf_value *x = operand(op, 0);
  return x && x->op && x->op->kind == op->kind && x->op != op ? x->op : NULL;
}

static sf_value *simplify_reshape(sf_op *op, bool *changed) {
  sf_op *first = inner(op);
  if (first) {
    sf_blob *blob = sf_op_operand_blob(first, 0); /* a constant stream */
    if (blob)
      sf_op_set_operand_blob(op, 0, blob);
    else
      sf_op_set_operand(op, 0, operand(first, 0));
    *changed = true;
  }
  return if_same_type(op, operand(op, 0));
}

static sf_result simplify_transpose(sf_op *op, bool *changed, sf_value **out) {
  uint32_t rank = op->results[0]->type.rank;
  int64_t perm[SF_RANK_MAX], earlier[SF_RANK_MAX], both[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_perm, rank, perm);
  sf_op *first = inner(op);
  if (first) {
    sf_op_ints(first, SF_ATTR_perm, rank, earlier);
    for (uint32_t i = 0; i < rank; i++)
      both[i] = earlier[perm[i]];
    SF_TRY(sf_op_set_ints(op, SF_ATTR_perm, rank, both));
    sf_op_set_operand(op, 0, operand(first, 0));
    sf_op_ints(op, SF_ATTR_perm, rank, perm);
    *changed = true;
  }
  for (uint32_t i = 0; i < rank; i++)
    if (perm[i] != i) return SF_OK;
  *out = if_same_type(op, operand(op, 0));
  return SF_OK;
}

/* x[b1 : e1 : s1][b2 : e2 : s2] = x[b1 + b2 s1 : .. : s1 s2]. */
static sf_result merge_slices(sf_op *op, sf_op *first) {
  const sf_type *type = &op->results[0]->type;
  uint32_t rank = type->rank;
  int64_t b1[SF_RANK_MAX], s1[SF_RANK_MAX], b2[SF_RANK_MAX], s2[SF_RANK_MAX];
  int64_t end[SF_RANK_MAX];
  sf_op_ints(first, SF_ATTR_begin, rank, b1);
  sf_op_ints(first, SF_ATTR_step, rank, s1);
  sf_op_ints(op, SF_ATTR_begin, rank, b2);
  sf_op_ints(op, SF_ATTR_step, rank, s2);
  for (uint32_t i = 0; i < rank; i++) {
    b2[i] = b1[i] + b2[i] * s1[i];
    s2[i] *= s1[i];
    if (type->dim[i] == 1)
      s2[i] = 1; /* one element: any step, so the default */
    end[i] = b2[i] + (type->dim[i] - 1) * s2[i] + (s2[i] > 0 ? 1 : -1);
  }
  SF_TRY(sf_op_set_ints(op, SF_ATTR_begin, rank, b2));
  SF_TRY(sf_op_set_ints(op, SF_ATTR_end, rank, end));
  SF_TRY(sf_op_set_ints(op, SF_ATTR_step, rank, s2));
  sf_op_set_operand(op, 0, operand(first, 0));
  return SF_OK;
}

static sf_result simplify_slice(sf_op *op, bool *changed, sf_value **out) {
  sf_op *first = inner(op);
  if (first) {
    SF_TRY(merge_slices(op, first));
    *changed = true;
  }
  /* Same shape and no step down: begin 0, step 1. */
  int64_t step[SF_RANK_MAX];
  uint32_t rank = op->results[0]->type.rank;
  sf_op_ints(op, SF_ATTR_step, rank, step);
  for (uint32_t i = 0; i < rank; i++)
    if (step[i] < 0 && op->results[0]->type.dim[i] > 1) return SF_OK;
  *out = if_same_type(op, operand(op, 0));
  return SF_OK;
}

static sf_result simplify_delay(sf_op *op, bool *changed) {
  sf_op *first = inner(op);
  if (!first || !sf_value_has_one_use(first->results[0])) return SF_OK;
  int64_t steps =
      sf_op_int(op, SF_ATTR_steps) + sf_op_int(first, SF_ATTR_steps);
  if (steps > INT32_MAX || operand(first, 0) == op->results[0]) return SF_OK;
  SF_TRY(sf_op_set_int(op, SF_ATTR_steps, steps));
  sf_op_set_operand(op, 0, operand(first, 0));
  *changed = true;
  return SF_OK;
}

sf_result sf_simplify_op(sf_op *op, bool *changed, sf_value **out) {
  *out = NULL;
  switch (op->kind) {
  case SF_OP_ADD:
    *out = simplify_add(op);
    break;
  case SF_OP_SUB:
    *out = simplify_sub(op);
    break;
  case SF_OP_MUL:
    *out = simplify_mul(op);
    break;
  case SF_OP_MIN:
  case SF_OP_MAX:
    *out = simplify_min_max(op);
    break;
  case SF_OP_CONVERT:
    *out = simplify_convert(op);
    break;
  case SF_OP_RESHAPE:
    *out = simplify_reshape(op, changed);
    break;
  case SF_OP_TRANSPOSE:
    return simplify_transpose(op, changed, out);
  case SF_OP_SLICE:
    return simplify_slice(op, changed, out);
  case SF_OP_DELAY:
    return simplify_delay(op, changed);
  case SF_OP_RELU:
  case SF_OP_CLIP:
    return sf_simplify_joined(op, out);
  case SF_OP_CONCAT:
    if (op->operand_count == 1) *out = if_same_type(op, operand(op, 0));
    break;
  default:
    break;
  }
  return SF_OK;
}
