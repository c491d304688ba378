/* weights.c - projections with an affine folded in. */
#include "passes/fold_batchnorm/fold_batchnorm.h"

#include "passes/rewrite/op_copy.h"

#include <string.h>

/* ---- New weights and bias. ---- */

typedef struct folding {
  sf_op *op;
  const sf_affine *affine;
  bool output;
  size_t rows, row; /* outputs, weights of one */
  float *weights, *bias;
} folding;

static void fold_row(const folding *f, size_t output) {
  const sf_blob *weights = sf_op_operand_blob(f->op, 1);
  const sf_blob *bias = sf_op_operand_blob(f->op, 2);
  double b = bias ? (double)sf_blob_f32(bias, output) : 0;
  for (size_t k = 0; k < f->row; k++) {
    size_t at = output * f->row + k;
    size_t c = f->output ? output : sf_qdq_input_channel(f->op, output, k);
    double w = (double)sf_blob_f32(weights, at);
    if (!f->output) b += w * sf_scale_at(&f->affine->shift, c);
    f->weights[at] = (float)(w * sf_scale_at(&f->affine->scale, c));
  }
  if (f->output)
    b = b * sf_scale_at(&f->affine->scale, output) +
        sf_scale_at(&f->affine->shift, output);
  f->bias[output] = (float)b;
}

static bool pads(const sf_op *op) {
  if (op->kind == SF_OP_LINEAR) return false;
  if (op->kind == SF_OP_CONVT) return true; /* its edges add fewer terms */
  int64_t pad[4];
  unsigned count = 2 * (sf_op_operand(op, 0)->type.rank - 1u);
  sf_op_ints(op, SF_ATTR_pad, count, pad);
  for (unsigned i = 0; i < count; i++)
    if (pad[i]) return true;
  return false;
}

static bool fits(const sf_op *op, const sf_affine *affine, bool output) {
  int axis = op->kind == SF_OP_LINEAR ? op->results[0]->type.rank - 1 : 0;
  if (affine->scale.axis >= 0 && affine->scale.axis != axis) return false;
  return output || !sf_affine_shifts(affine) || !pads(op);
}

static bool any_nonzero(const float *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (values[i] != 0) return true;
  return false;
}

static sf_result replace(sf_pass_run *run, const folding *f) {
  sf_op *op = f->op;
  const sf_blob *old = sf_op_operand_blob(op, 1);
  bool with_bias = sf_op_operand_blob(op, 2) || any_nonzero(f->bias, f->rows);
  sf_op *copy = sf_op_copy_without_streams(op, with_bias ? 3 : 2);
  sf_blob *weights =
      sf_blob_create_f32(run->module, old->name, &old->type, f->weights);
  if (!copy || !weights) return SF_OOM;
  sf_op_set_operand(copy, 0, sf_op_operand(op, 0));
  sf_op_set_operand_blob(copy, 1, weights);
  if (with_bias) {
    int32_t rows = (int32_t)f->rows;
    sf_type type = sf_type_make(sf_f32(), 1, &rows);
    const char *name = sf_arena_printf(run->scratch, "%s.bias", old->name);
    sf_blob *bias =
        name ? sf_blob_create_f32(run->module, name, &type, f->bias) : NULL;
    if (!bias) return SF_OOM;
    sf_op_set_operand_blob(copy, 2, bias);
  }
  sf_value *result =
      sf_op_add_result(copy, op->results[0]->name, &op->results[0]->type);
  if (!result) return SF_OOM;
  sf_value_replace_all_uses(op->results[0], result);
  sf_op_erase(op);
  return SF_OK;
}

sf_result sf_fold_into(sf_pass_run *run, sf_op *op, const sf_affine *affine,
                       bool output, bool *ok) {
  *ok = fits(op, affine, output);
  if (!*ok) return SF_OK;
  sf_blob *weights = sf_op_operand_blob(op, 1);
  sf_blob *bias = sf_op_operand_blob(op, 2);
  SF_TRY(sf_blob_load(weights, run->diag));
  if (bias) SF_TRY(sf_blob_load(bias, run->diag));
  size_t elements = sf_blob_elements(weights);
  size_t rows = (size_t)weights->type.dim[0];
  folding f = {.op = op,
               .affine = affine,
               .output = output,
               .rows = rows,
               .row = elements / rows,
               .weights = SF_NEW_ARRAY(run->scratch, float, elements),
               .bias = SF_NEW_ARRAY(run->scratch, float, rows)};
  if (!f.weights || !f.bias) return SF_OOM;
  for (size_t i = 0; i < rows; i++)
    fold_row(&f, i);
  return replace(run, &f);
}

/* ---- Batchnorm that nothing takes in. ---- */

static sf_blob *channel_blob(sf_pass_run *run, const sf_op *op,
                             const sf_scale *values, const char *end,
                             const sf_type *type) {
  float *rounded = SF_NEW_ARRAY(run->scratch, float, values->count);
  const char *name =
      sf_arena_printf(run->scratch, "%s.%s", op->results[0]->name, end);
  if (!rounded || !name) return NULL;
  for (uint32_t i = 0; i < values->count; i++)
    rounded[i] = (float)values->values[i];
  return sf_blob_create_f32(run->module, name, type, rounded);
}

static sf_result depthwise(sf_pass_run *run, sf_op *op, const sf_affine *affine,
                           sf_value **out) {
  const sf_type *type = &op->results[0]->type;
  int32_t dim[4] = {type->dim[0], 1, 1, 1};
  sf_type kernel = sf_type_make(sf_f32(), type->rank + 1u, dim);
  sf_type vector = sf_type_make(sf_f32(), 1, dim);
  sf_op *conv = sf_op_create(op->network, op, SF_OP_CONV, 3, op->loc);
  sf_blob *scale = channel_blob(run, op, &affine->scale, "scale", &kernel);
  sf_blob *shift = channel_blob(run, op, &affine->shift, "shift", &vector);
  if (!conv || !scale || !shift) return SF_OOM;
  sf_op_set_operand(conv, 0, sf_op_operand(op, 0));
  sf_op_set_operand_blob(conv, 1, scale);
  sf_op_set_operand_blob(conv, 2, shift);
  if (type->dim[0] > 1)
    SF_TRY(sf_op_set_int(conv, SF_ATTR_groups, type->dim[0]));
  *out = sf_op_add_result(conv, op->results[0]->name, type);
  return *out ? SF_OK : SF_OOM;
}

static sf_result elementwise(sf_pass_run *run, sf_op *op, sf_op_kind kind,
                             const sf_scale *values, sf_value *x,
                             sf_value **out) {
  sf_type type = op->results[0]->type;
  for (int i = 1; i < type.rank; i++)
    type.dim[i] = 1;
  const char *end = kind == SF_OP_MUL ? "scale" : "shift";
  sf_op *made = sf_op_create(op->network, op, kind, 2, op->loc);
  sf_blob *blob = channel_blob(run, op, values, end, &type);
  if (!made || !blob) return SF_OOM;
  sf_op_set_operand(made, 0, x);
  sf_op_set_operand_blob(made, 1, blob);
  *out = sf_op_add_result(made, op->results[0]->name, &op->results[0]->type);
  return *out ? SF_OK : SF_OOM;
}

sf_result sf_affine_to_ops(sf_pass_run *run, sf_op *op,
                           const sf_affine *affine) {
  int rank = op->results[0]->type.rank;
  sf_value *result = NULL;
  if (rank == 2 || rank == 3) {
    SF_TRY(depthwise(run, op, affine, &result));
  } else {
    sf_value *x = sf_op_operand(op, 0);
    SF_TRY(elementwise(run, op, SF_OP_MUL, &affine->scale, x, &x));
    SF_TRY(elementwise(run, op, SF_OP_ADD, &affine->shift, x, &result));
  }
  sf_value_replace_all_uses(op->results[0], result);
  sf_op_erase(op);
  return SF_OK;
}
