/* linear.c - what is linear, as projections, the one form that chips have:
 *
 *   mul by constants      a depthwise convolution of one tap, or a diagonal
 *   sub of two streams    the sum with a projection of weight -1
 *   reduce{sum}           pool{sum} over the whole image
 *
 * and factors that no kernel holds as populations. */
#include "passes/convert/convert.h"

#include "passes/rewrite/relay.h"

#include <stdlib.h>
#include <string.h>

static bool is_integer(const sf_value *value) {
  return value && value->type.scalar.kind == SF_SCALAR_INT;
}

/* A projection of one weight a channel (ranks 2, 3) or an element (rank 1). */
static sf_value *scale(sf_value *x, const int32_t *weights, sf_scalar width,
                       const sf_type *result, sf_op *before) {
  sf_value *identity = sf_identity_projection(x, before);
  if (!identity) return NULL;
  sf_op *op = identity->op;
  sf_network *network = before->network;
  uint32_t rank = x->type.rank;
  int32_t dim[4] = {x->type.dim[0], 1, 1, 1};
  sf_type type = sf_type_make(width, rank == 1 ? 1 : rank + 1, dim);
  sf_blob *blob = sf_blob_create_i32(network->module, "scale", &type, weights);
  if (!blob) return NULL;
  if (rank == 1) {
    sf_op_set_operand_blob(op, 2, blob);
    identity->type = *result;
    return identity;
  }
  sf_op *conv = sf_op_create(network, before, SF_OP_CONV, 2, before->loc);
  if (!conv || sf_op_set_int(conv, SF_ATTR_groups, dim[0]) != SF_OK)
    return NULL;
  sf_op_set_operand(conv, 0, x);
  sf_op_set_operand_blob(conv, 1, blob);
  sf_op_erase(op);
  return sf_op_add_result(conv, x->name, result);
}

/* One number a channel, or false: they differ along another axis. */
static bool channel_weights(const sf_blob *blob, const sf_type *stream,
                            int32_t *out) {
  uint32_t channels = (uint32_t)stream->dim[0];
  size_t count = sf_blob_elements(blob);
  bool first = blob->type.rank == stream->rank && count > 1 &&
               (size_t)blob->type.dim[0] == count;
  if (count != 1 && !first) return false;
  for (uint32_t i = 0; i < channels; i++)
    out[i] = sf_blob_i32(blob, count == 1 ? 0 : i);
  return true;
}

static bool is_scaling(const sf_op *op) {
  return op->kind == SF_OP_MUL && op->mode == SF_MODE_NONE &&
         is_integer(sf_op_operand(op, 0)) && sf_op_operand_blob(op, 1) &&
         sf_has_identity_projection(&op->results[0]->type) &&
         sf_type_same_shape(&sf_op_operand(op, 0)->type, &op->results[0]->type);
}

static sf_result write_scaling(sf_converter *c, sf_op *op) {
  sf_value *x = sf_op_operand(op, 0);
  sf_blob *blob = sf_op_operand_blob(op, 1);
  SF_TRY(sf_blob_load(blob, c->run->diag));
  int32_t *weights = SF_NEW_ARRAY(c->arena, int32_t, (size_t)x->type.dim[0]);
  if (!weights) return SF_OOM;
  if (!channel_weights(blob, &x->type, weights)) return SF_OK;
  sf_value *y = scale(x, weights, blob->type.scalar, &op->results[0]->type, op);
  if (!y) return SF_OOM;
  sf_value_replace_all_uses(op->results[0], y);
  return SF_OK;
}

static bool is_difference(const sf_op *op) {
  return op->kind == SF_OP_SUB && is_integer(op->results[0]) &&
         sf_op_operand(op, 0) && sf_op_operand(op, 1) &&
         sf_has_identity_projection(&op->results[0]->type) &&
         sf_type_same_shape(&sf_op_operand(op, 0)->type,
                            &op->results[0]->type) &&
         sf_type_same_shape(&sf_op_operand(op, 1)->type, &op->results[0]->type);
}

static sf_result write_difference(sf_converter *c, sf_op *op) {
  sf_value *b = sf_op_operand(op, 1);
  size_t channels = (size_t)b->type.dim[0];
  int32_t *weights = SF_NEW_ARRAY(c->arena, int32_t, channels);
  if (!weights) return SF_OOM;
  for (size_t i = 0; i < channels; i++)
    weights[i] = -1;
  sf_type type = b->type;
  type.scalar = sf_int(32);
  sf_value *minus = scale(b, weights, sf_int(2), &type, op);
  sf_op *sum =
      minus ? sf_op_create(c->network, op, SF_OP_ADD, 2, op->loc) : NULL;
  if (!sum) return SF_OOM;
  sum->mode = op->mode;
  sf_op_set_operand(sum, 0, sf_op_operand(op, 0));
  sf_op_set_operand(sum, 1, minus);
  sf_value *y =
      sf_op_add_result(sum, op->results[0]->name, &op->results[0]->type);
  if (!y) return SF_OOM;
  sf_value_replace_all_uses(op->results[0], y);
  return SF_OK;
}

/* All axes but the first. */
static bool is_image_sum(const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  if (op->kind != SF_OP_REDUCE || !is_integer(op->results[0]) ||
      sf_op_int(op, SF_ATTR_kind) != SF_POOL_SUM || op->mode != SF_MODE_NONE ||
      x->type.rank != 3)
    return false;
  for (uint32_t i = 0; i < op->attr_count; i++) {
    const sf_attr *a = &op->attrs[i];
    if (a->id != SF_ATTR_axes) continue;
    return a->count == 2 && a->ints[0] == 1 && a->ints[1] == 2;
  }
  return false;
}

static sf_result write_image_sum(sf_converter *c, sf_op *op) {
  sf_value *x = sf_op_operand(op, 0);
  int64_t kernel[] = {x->type.dim[1], x->type.dim[2]};
  sf_op *pool = sf_op_create(c->network, op, SF_OP_POOL, 1, op->loc);
  if (!pool || sf_op_set_int(pool, SF_ATTR_kind, SF_POOL_SUM) != SF_OK ||
      sf_op_set_ints(pool, SF_ATTR_kernel, 2, kernel) != SF_OK)
    return SF_OOM;
  sf_op_set_operand(pool, 0, x);
  int32_t dim[] = {x->type.dim[0], 1, 1};
  sf_type type = sf_type_make(op->results[0]->type.scalar, 3, dim);
  sf_value *sum = sf_op_add_result(pool, op->results[0]->name, &type);
  if (!sum) return SF_OOM;
  if (op->results[0]->type.rank != 3) {
    sf_op *flat = sf_op_create(c->network, op, SF_OP_RESHAPE, 1, op->loc);
    if (!flat) return SF_OOM;
    sf_op_set_operand(flat, 0, sum);
    sum = sf_op_add_result(flat, op->results[0]->name, &op->results[0]->type);
    if (!sum) return SF_OOM;
  }
  sf_value_replace_all_uses(op->results[0], sum);
  return SF_OK;
}

sf_result sf_convert_linear(sf_converter *c) {
  SF_FOREACH_OP_SAFE(op, following, c->network) {
    if (op->result_count != 1 || !op->results[0]->first_use) continue;
    if (sf_convert_is_factor(op))
      SF_TRY(sf_convert_factor(c, op));
    else if (is_scaling(op))
      SF_TRY(write_scaling(c, op));
    if (is_difference(op)) SF_TRY(write_difference(c, op));
    if (is_image_sum(op)) SF_TRY(write_image_sum(c, op));
  }
  return SF_OK;
}
