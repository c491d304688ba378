/* join.c - a function of one stream behind a concatenation:
 *
 *   %j = concat %a, %b          =>   %p = relu %a
 *   %y = relu %j                     %q = relu %b
 *                                    %y = concat %p, %q
 *
 * Each element sees the same function of the same number. So %a and %b can be
 * rounded to steps of their own behind it, and not twice. */
#include "passes/canonicalize/canonicalize.h"

#include "passes/rewrite/op_copy.h"

static sf_op *joined_operand(const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  bool joined = x && x->op && x->op->kind == SF_OP_CONCAT &&
                x->op->operand_count > 1 && sf_value_has_one_use(x);
  for (uint32_t i = 0; joined && i < x->op->operand_count; i++)
    joined = sf_op_operand(x->op, i) != NULL;
  return joined ? x->op : NULL;
}

/* `op` once more, of `x`, put before `before`. */
static sf_value *copy_onto(sf_op *before, const sf_op *op, sf_value *x) {
  sf_op *copy = sf_op_copy_into(op->network, before, op, 1);
  if (!copy) return NULL;
  sf_op_set_operand(copy, 0, x);
  return sf_op_add_result(copy, op->results[0]->name, &x->type);
}

sf_result sf_simplify_joined(sf_op *op, sf_value **out) {
  const sf_op *concat = joined_operand(op);
  if (!concat) return SF_OK;
  sf_op *joined =
      sf_op_copy_into(op->network, op, concat, concat->operand_count);
  if (!joined) return SF_OOM;
  for (uint32_t i = 0; i < concat->operand_count; i++) {
    sf_value *y = copy_onto(joined, op, sf_op_operand(concat, i));
    if (!y) return SF_OOM;
    sf_op_set_operand(joined, i, y);
  }
  /* The name goes with the value; that of the old concatenation is free. */
  const char *name = op->results[0]->name;
  SF_TRY(sf_value_rename(op->results[0], concat->results[0]->name));
  *out = sf_op_add_result(joined, name, &op->results[0]->type);
  return *out ? SF_OK : SF_OOM;
}
