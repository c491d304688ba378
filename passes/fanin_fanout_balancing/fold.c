/* fold.c - a population of more than three axes as one of two.
 *
 *   %i = linear %x, @w : i16[2, 3, 4, 8]      %x.1 = reshape %x : ..[24, 9000]
 *   %h = neurons @lif(%i)                =>   %i = linear %x.1, @w : i16[24, 8]
 *   .. %h ..                                  %h = neurons @lif(%i)
 *                                             %h.1 = reshape %h : [2, 3, 4, 8]
 *
 * Nothing but `linear` makes a sum of so many axes, and it treats all but the
 * last alike; partial sums are joined by projections of at most three. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include <stdlib.h>

static sf_type folded(sf_type type) {
  unsigned last = type.rank - 1u;
  for (unsigned i = 1; i < last; i++)
    type.dim[0] *= type.dim[i];
  type.dim[1] = type.dim[last];
  type.rank = 2;
  return type;
}

/* ---- What can be folded. ---- */

/* Every sum is read once, up to the population. */
static bool is_read_once(const sf_fan_leaf *leaf, const sf_op *population) {
  const sf_op *reader = leaf->reader;
  if (!sf_value_has_one_use(leaf->op->results[0])) return false;
  while (reader != population) {
    const sf_value *sum = reader->results[0];
    if (!sf_value_has_one_use(sum) || !sum->first_use->op) return false;
    reader = sum->first_use->op;
  }
  return true;
}

static bool can_fold(const sf_fan_leaves *leaves, const sf_op *population) {
  for (uint32_t i = 0; i < leaves->count; i++) {
    const sf_fan_leaf *leaf = &leaves->items[i];
    if (!leaf->op || leaf->op->kind != SF_OP_LINEAR ||
        !is_read_once(leaf, population))
      return false;
  }
  return true;
}

/* ---- Sums. ---- */

/* From a projection to the population; sums on the way are met several times.
 */
static sf_result fold_sums(const sf_fan_leaf *leaf, const sf_op *population) {
  sf_value *x = sf_op_operand(leaf->op, 0);
  sf_type type = folded(x->type);
  x = sf_fan_reshape(x, type.rank, type.dim, leaf->op);
  if (!x) return SF_OOM;
  sf_op_set_operand(leaf->op, 0, x);
  for (sf_op *op = leaf->op; op != population;
       op = op->results[0]->first_use->op) {
    sf_type *sum = &op->results[0]->type;
    if (sum->rank > 2) *sum = folded(*sum);
  }
  return SF_OK;
}

/* ---- Parameters. ---- */

/* Element of the parameter that element (row, i) of the folded one repeats. */
static size_t element_of(const sf_type *param, const sf_type *shape, size_t row,
                         size_t i) {
  unsigned last = param->rank - 1u;
  size_t step = (size_t)param->dim[last], at = step == 1 ? 0 : i;
  for (unsigned axis = last; axis-- > 0;) {
    size_t extent = (size_t)shape->dim[axis];
    if (param->dim[axis] != 1) at += row % extent * step;
    step *= (size_t)param->dim[axis];
    row /= extent;
  }
  return at;
}

static sf_blob *copy(const sf_blob *param, const sf_type *shape,
                     const sf_type *type) {
  size_t width = (size_t)type->dim[1], count = (size_t)sf_type_elements(type);
  bool is_float = type->scalar.kind == SF_SCALAR_F32;
  int32_t *numbers = malloc(count * sizeof *numbers);
  float *reals = malloc(count * sizeof *reals);
  sf_blob *blob = NULL;
  for (size_t e = 0; numbers && reals && e < count; e++) {
    size_t at = element_of(&param->type, shape, e / width, e % width);
    if (is_float)
      reals[e] = sf_blob_f32(param, at);
    else
      numbers[e] = sf_blob_i32(param, at);
  }
  if (numbers && reals)
    blob = is_float
               ? sf_blob_create_f32(param->module, param->name, type, reals)
               : sf_blob_create_i32(param->module, param->name, type, numbers);
  free(numbers);
  free(reals);
  return blob;
}

/* Rows only when a leading axis has some. */
static sf_result fold_param(sf_argument *argument, const sf_type *shape,
                            sf_diag *diag) {
  sf_blob *param = argument->blob;
  SF_TRY(sf_blob_load(param, diag));
  sf_type type = folded(param->type);
  if (type.dim[0] > 1) type.dim[0] = folded(*shape).dim[0];
  sf_blob *blob = copy(param, shape, &type);
  if (!blob) return SF_OOM;
  sf_argument_set_blob(argument, blob);
  return SF_OK;
}

/* ---- The population. ---- */

static sf_result unfold_result(sf_value *result) {
  const sf_type shape = result->type;
  sf_op *population = result->op;
  result->type = folded(shape);
  if (!result->first_use) return SF_OK;
  sf_value *whole =
      sf_fan_reshape(result, shape.rank, shape.dim, population->next);
  if (!whole) return SF_OOM;
  sf_value_replace_all_uses(result, whole);
  sf_op_set_operand(whole->op, 0, result);
  return SF_OK;
}

sf_result sf_fan_fold(sf_fan *fan, sf_op *population, const char **why) {
  const sf_type shape = population->results[0]->type;
  sf_fan_leaves leaves;
  *why = NULL;
  SF_TRY(sf_fan_leaves_of(fan, population, &leaves));
  if (!can_fold(&leaves, population)) {
    *why = "it has more than three axes, and others read its sums";
    return SF_OK;
  }
  for (uint32_t i = 0; i < leaves.count; i++)
    SF_TRY(fold_sums(&leaves.items[i], population));
  for (uint32_t i = 0; i < population->neuron->param_count; i++)
    if (population->arguments[i].kind == SF_ARGUMENT_BLOB)
      SF_TRY(fold_param(&population->arguments[i], &shape, fan->run->diag));
  for (uint32_t i = 0; i < population->result_count; i++)
    SF_TRY(unfold_result(population->results[i]));
  fan->folds++;
  return SF_OK;
}
