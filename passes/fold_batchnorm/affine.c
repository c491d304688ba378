/* affine.c - affine ops, and how they pass moves and averages.
 * In binary64: what is folded is rounded to f32 once. */
#include "passes/fold_batchnorm/fold_batchnorm.h"

#include <math.h>

static sf_result vectors(sf_arena *arena, int axis, uint32_t count,
                         sf_affine *out, double **scale, double **shift) {
  *scale = SF_NEW_ARRAY(arena, double, count);
  *shift = SF_NEW_ARRAY(arena, double, count);
  if (!*scale || !*shift) return SF_OOM;
  out->scale = (sf_scale){axis, count, *scale};
  out->shift = (sf_scale){axis, count, *shift};
  return SF_OK;
}

static sf_result batchnorm(const sf_op *op, sf_arena *arena, sf_diag *diag,
                           bool *ok, sf_affine *out) {
  sf_blob *blobs[5] = {NULL};
  for (uint32_t i = 1; i < 5; i++) {
    blobs[i] = sf_op_operand_blob(op, i);
    if (!blobs[i]) return SF_OK;
    SF_TRY(sf_blob_load(blobs[i], diag));
  }
  uint32_t count = (uint32_t)op->results[0]->type.dim[0];
  double epsilon = (double)sf_op_number(op, SF_ATTR_epsilon), *scale, *shift;
  SF_TRY(vectors(arena, 0, count, out, &scale, &shift));
  *ok = true;
  for (uint32_t c = 0; c < count; c++) {
    double root = sqrt((double)sf_blob_f32(blobs[4], c) + epsilon);
    scale[c] = (double)sf_blob_f32(blobs[1], c) / root;
    shift[c] = (double)sf_blob_f32(blobs[2], c) -
               (double)sf_blob_f32(blobs[3], c) * scale[c];
    if (!isfinite(scale[c]) || !isfinite(shift[c])) *ok = false;
  }
  return SF_OK;
}

/* The one axis along which a constant of the stream's rank varies. */
static bool constant_axis(const sf_blob *blob, int *axis) {
  *axis = -1;
  for (int i = 0; i < blob->type.rank; i++) {
    if (blob->type.dim[i] == 1) continue;
    if (*axis >= 0) return false;
    *axis = i;
  }
  return true;
}

static sf_result with_constant(const sf_op *op, sf_arena *arena, sf_diag *diag,
                               bool *ok, sf_affine *out) {
  const sf_value *x = sf_op_operand(op, 0);
  sf_blob *blob = sf_op_operand_blob(op, 1);
  int axis;
  if (!x || !blob || !sf_type_equal(&x->type, &op->results[0]->type) ||
      !constant_axis(blob, &axis)) {
    return SF_OK;
  }
  SF_TRY(sf_blob_load(blob, diag));
  uint32_t count = (uint32_t)sf_blob_elements(blob);
  double *scale, *shift;
  SF_TRY(vectors(arena, axis, count, out, &scale, &shift));
  *ok = true;
  for (uint32_t i = 0; i < count; i++) {
    double b = (double)sf_blob_f32(blob, i);
    bool multiplies = op->kind == SF_OP_MUL || op->kind == SF_OP_DIV;
    scale[i] = op->kind == SF_OP_MUL ? b : op->kind == SF_OP_DIV ? 1 / b : 1;
    shift[i] = multiplies ? 0 : op->kind == SF_OP_SUB ? -b : b;
    if (!isfinite(scale[i])) *ok = false;
  }
  return SF_OK;
}

sf_result sf_affine_of(const sf_op *op, sf_arena *arena, sf_diag *diag,
                       bool *ok, sf_affine *out) {
  *ok = false;
  if (op->result_count != 1 ||
      op->results[0]->type.scalar.kind != SF_SCALAR_F32)
    return SF_OK;
  switch (op->kind) {
  case SF_OP_BATCHNORM:
    return batchnorm(op, arena, diag, ok, out);
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_DIV:
    return with_constant(op, arena, diag, ok, out);
  default:
    return SF_OK;
  }
}

bool sf_affine_shifts(const sf_affine *affine) {
  for (uint32_t i = 0; i < affine->shift.count; i++)
    if (affine->shift.values[i] != 0) return true;
  return false;
}

/* ---- Through moves and averages. ---- */

static sf_result reshaped(const sf_affine *affine, const sf_type *from,
                          const sf_type *to, sf_arena *arena, bool *ok,
                          sf_affine *out) {
  double *scale = sf_scale_expand(&affine->scale, from, arena);
  double *shift = sf_scale_expand(&affine->shift, from, arena);
  if (!scale || !shift) return SF_OOM;
  bool one;
  SF_TRY(sf_scale_compress(scale, to, arena, ok, &out->scale));
  SF_TRY(sf_scale_compress(shift, to, arena, &one, &out->shift));
  *ok = *ok && one;
  /* One of the two may be a single number: written out like the other. */
  sf_scale *short_one = out->scale.axis < 0 ? &out->scale : &out->shift;
  const sf_scale *long_one = out->scale.axis < 0 ? &out->shift : &out->scale;
  if (!*ok || short_one->axis == long_one->axis) return SF_OK;
  *ok = short_one->axis < 0;
  double *values = SF_NEW_ARRAY(arena, double, long_one->count);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < long_one->count; i++)
    values[i] = short_one->values[0];
  *short_one = (sf_scale){long_one->axis, long_one->count, values};
  return SF_OK;
}

/* Averages of what is there: constants pass. Padding that counts is 0 on one
 * side only. */
static bool averages(const sf_op *op, const sf_affine *affine) {
  if (op->kind != SF_OP_POOL || sf_op_int(op, SF_ATTR_kind) != SF_POOL_AVG)
    return false;
  if (affine->scale.axis > 0) return false;
  int64_t pad[4];
  sf_op_ints(op, SF_ATTR_pad, 4, pad);
  bool padded = pad[0] || pad[1] || pad[2] || pad[3];
  return !padded || !sf_op_int(op, SF_ATTR_count_pad) ||
         !sf_affine_shifts(affine);
}

static sf_result pass(const sf_op *op, const sf_affine *affine, bool behind,
                      sf_arena *arena, bool *ok, sf_affine *out) {
  const sf_type *x = sf_op_operand(op, 0) ? &sf_op_operand(op, 0)->type : NULL;
  const sf_type *y = &op->results[0]->type;
  *ok = true;
  *out = *affine;
  if (!x) *ok = false;
  if (x && op->kind == SF_OP_RESHAPE)
    return behind ? reshaped(affine, x, y, arena, ok, out)
                  : reshaped(affine, y, x, arena, ok, out);
  if (x && op->kind == SF_OP_TRANSPOSE) {
    int64_t perm[SF_RANK_MAX];
    sf_op_ints(op, SF_ATTR_perm, y->rank, perm);
    for (int i = 0; i < y->rank; i++) {
      if (behind && perm[i] == affine->scale.axis) out->scale.axis = i;
      if (!behind && i == affine->scale.axis) out->scale.axis = (int)perm[i];
    }
    out->shift.axis = out->scale.axis;
    return SF_OK;
  }
  *ok = *ok && averages(op, affine);
  return SF_OK;
}

sf_result sf_affine_before(const sf_op *op, const sf_affine *affine,
                           sf_arena *arena, bool *ok, sf_affine *out) {
  return pass(op, affine, false, arena, ok, out);
}

sf_result sf_affine_behind(const sf_op *op, const sf_affine *affine,
                           sf_arena *arena, bool *ok, sf_affine *out) {
  return pass(op, affine, true, arena, ok, out);
}
