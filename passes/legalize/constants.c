/* constants.c - a constant behind a projection as its bias:
 *
 *   %i = linear %a, @w, @bias : i24[4]
 *   %y = add %i, @c : i24[4]             =>  %y = linear %a, @w, @bias.1 :
 * i24[4]
 *
 * Where a population reads the sum, or it leaves the chip, cores add the bias
 * before the program reads; as an op of its own the constant would need a
 * population, and Loihi 2 has no program for it. Also through sums of i32, as
 * 'quantize' writes them, which the bias cannot leave. */
#include "passes/legalize/legalize.h"
#include "passes/rewrite/op_copy.h"

#include <stdlib.h>

enum { DEPTH_MAX = 64 };

static bool is_channel_constant(const sf_blob *blob, const sf_type *type,
                                int axis) {
  int offset = type->rank - blob->type.rank;
  for (int i = 0; i < blob->type.rank; i++)
    if (blob->type.dim[i] != 1 && i + offset != axis) return false;
  return blob->type.scalar.kind == SF_SCALAR_INT;
}

static bool takes_bias(const sf_op *op) {
  bool plain = op->kind == SF_OP_LINEAR || op->kind == SF_OP_CONV ||
               op->kind == SF_OP_CONVT;
  return plain && op->mode == SF_MODE_NONE && sf_op_operand(op, 0) &&
         sf_op_int(op, SF_ATTR_shift) == 0 &&
         !sf_op_has_attr(op, SF_ATTR_delays) &&
         (op->operand_count < 3 || sf_op_operand_blob(op, 2));
}

/* The projection that the constant of `add` can go to, or NULL. */
static sf_op *find_projection(const sf_op *add) {
  sf_scalar scalar = add->results[0]->type.scalar;
  const sf_value *x = sf_op_operand(add, 0);
  for (int depth = 0; depth < DEPTH_MAX; depth++) {
    sf_op *op = x ? x->op : NULL;
    if (!op || !sf_value_has_one_use(x)) return NULL;
    if (takes_bias(op)) return op;
    bool sum = (op->kind == SF_OP_ADD || op->kind == SF_OP_SUB) &&
               op->mode == SF_MODE_NONE && scalar.bits == 32 &&
               x->type.scalar.bits == 32;
    if (!sum) return NULL;
    x = sf_op_operand(op, 0);
    if (x && !sf_type_equal(&x->type, &add->results[0]->type)) return NULL;
  }
  return NULL;
}

static int64_t number_of(const sf_blob *blob, size_t channel) {
  if (!blob) return 0;
  return sf_blob_i32(blob, sf_blob_elements(blob) == 1 ? 0 : channel);
}

/* *out NULL: a bias would leave 32 bits. */
static sf_result bias_of(sf_pass_run *run, const sf_op *projection,
                         const sf_op *add, int32_t channels, sf_blob **out) {
  sf_blob *constant = sf_op_operand_blob(add, 1);
  sf_blob *old =
      projection->operand_count > 2 ? sf_op_operand_blob(projection, 2) : NULL;
  int32_t *values = SF_NEW_ARRAY(run->scratch, int32_t, (size_t)channels);
  *out = NULL;
  if (!values) return SF_OOM;
  SF_TRY(sf_blob_load(constant, run->diag));
  if (old) SF_TRY(sf_blob_load(old, run->diag));
  int64_t sign = add->kind == SF_OP_SUB ? -1 : 1;
  for (int32_t c = 0; c < channels; c++) {
    int64_t sum =
        number_of(old, (size_t)c) + sign * number_of(constant, (size_t)c);
    if (sum < INT32_MIN || sum > INT32_MAX) return SF_OK;
    values[c] = (int32_t)sum;
  }
  sf_type type = sf_type_make(sf_int(32), 1, &channels);
  *out = sf_blob_create_i32(run->module, constant->name, &type, values);
  return *out ? SF_OK : SF_OOM;
}

static sf_result fold(sf_op *projection, sf_op *add, sf_blob *bias) {
  sf_op *copy = sf_op_copy_without_streams(projection, 3);
  if (!copy) return SF_OOM;
  sf_op_set_operand(copy, 0, sf_op_operand(projection, 0));
  sf_op_set_operand_blob(copy, 2, bias);
  sf_value *old = projection->results[0], *sum = add->results[0];
  bool direct = sf_op_operand(add, 0) == old;
  sf_value *result = sf_op_add_result(copy, direct ? sum->name : old->name,
                                      direct ? &sum->type : &old->type);
  if (!result) return SF_OOM;
  sf_value_replace_all_uses(sum, direct ? result : sf_op_operand(add, 0));
  sf_op_erase(add);
  if (!direct) sf_value_replace_all_uses(old, result);
  sf_op_erase(projection);
  return SF_OK;
}

static bool adds_constant(const sf_op *op) {
  return (op->kind == SF_OP_ADD || op->kind == SF_OP_SUB) &&
         op->mode == SF_MODE_NONE && sf_op_operand(op, 0) &&
         sf_op_operand_blob(op, 1) &&
         op->results[0]->type.scalar.kind == SF_SCALAR_INT &&
         sf_type_same_shape(&sf_op_operand(op, 0)->type, &op->results[0]->type);
}

sf_result sf_legalize_constants(sf_pass_run *run, sf_network *network,
                                uint64_t *count) {
  SF_FOREACH_OP_SAFE(op, following, network) {
    sf_op *projection = adds_constant(op) ? find_projection(op) : NULL;
    if (!projection) continue;
    const sf_type *type = &op->results[0]->type;
    int axis = projection->kind == SF_OP_LINEAR ? type->rank - 1 : 0;
    sf_blob *constant = sf_op_operand_blob(op, 1), *bias;
    if (!is_channel_constant(constant, type, axis)) continue;
    SF_TRY(bias_of(run, projection, op, type->dim[axis], &bias));
    if (!bias) continue;
    SF_TRY(fold(projection, op, bias));
    ++*count;
  }
  return SF_OK;
}
