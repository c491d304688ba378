/* distribute.c - projections of sums as sums of projections.
 *
 *   %r = add %s, %t : i3[8]              %i = linear %s, @w, @b : i32[4]
 *   %i = linear %r, @w, @b : i24[4]  =>  %i.1 = linear %t, @w : i32[4]
 *                                        %i.2 = add %i, %i.1 : i24[4]
 *
 * Exact when nothing is rounded: both parts are exact in Z, and the overflow
 * step of the projection moves to the sum. */
#include "passes/legalize/legalize.h"
#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/op_copy.h"

static bool rounds(const sf_op *projection) {
  return projection->kind != SF_OP_POOL &&
         sf_op_int(projection, SF_ATTR_shift) != 0;
}

/* The sum itself must be exact: no mode that could have changed it. */
static bool is_exact_sum(const sf_op *add) {
  return add->kind == SF_OP_ADD && add->mode == SF_MODE_NONE &&
         sf_op_operand(add, 0) && sf_op_operand(add, 1) &&
         sf_type_same_shape(&sf_op_operand(add, 0)->type,
                            &add->results[0]->type) &&
         sf_type_same_shape(&sf_op_operand(add, 1)->type,
                            &add->results[0]->type);
}

/* The projection of `stream` alone, exact in 32 bits. */
static sf_value *part(sf_op *projection, sf_value *stream, bool with_bias) {
  uint32_t operands = projection->operand_count;
  bool can_have_bias = projection->kind != SF_OP_SPARSE;
  if (can_have_bias && !with_bias && operands > 2) operands = 2;
  sf_op *op = sf_op_copy_without_streams(projection, operands);
  if (!op) return NULL;
  op->mode = SF_MODE_NONE;
  sf_op_set_operand(op, 0, stream);
  sf_type type = projection->results[0]->type;
  type.scalar = sf_int(32);
  return sf_op_add_result(op, projection->results[0]->name, &type);
}

sf_result sf_legalize_distribute(sf_legalizer *l, sf_op *projection,
                                 sf_value **out) {
  *out = NULL;
  sf_value *stream = sf_op_operand(projection, 0);
  const sf_value *result = projection->results[0];
  bool is_float = result->type.scalar.kind == SF_SCALAR_F32;
  if (!stream || !stream->op || is_float || rounds(projection) ||
      !is_exact_sum(stream->op)) {
    return SF_OK;
  }
  /* Copies are put right behind their model: the last one made comes first. */
  sf_value *second = part(projection, sf_op_operand(stream->op, 1), false);
  sf_value *first = part(projection, sf_op_operand(stream->op, 0), true);
  if (!first || !second) return SF_OOM;
  sf_op *sum =
      sf_op_create(l->network, second->op->next, SF_OP_ADD, 2, projection->loc);
  if (!sum) return SF_OOM;
  sum->order = UINT32_MAX;
  sum->mode = projection->mode;
  sf_op_set_operand(sum, 0, first);
  sf_op_set_operand(sum, 1, second);
  *out = sf_op_add_result(sum, result->name, &result->type);
  l->new_projections++;
  return *out ? SF_OK : SF_OOM;
}
