/* scale.c - scales of backed streams: one number, or one an index of an
 * axis, through the ops that carry integers on. */
#include "passes/qdq/qdq.h"

#include <string.h>

static sf_scale scale_of(int axis, uint32_t count, const double *values) {
  return (sf_scale){axis, count, values};
}

sf_scale sf_scale_uniform(sf_arena *arena, double value) {
  double *values = SF_NEW_ARRAY(arena, double, 1);
  if (values) values[0] = value;
  return scale_of(-1, 1, values);
}

/* Elements behind one index of `axis`. */
static size_t inner_of(const sf_type *type, int axis) {
  size_t inner = 1;
  for (int i = axis + 1; i < type->rank; i++)
    inner *= (size_t)type->dim[i];
  return inner;
}

double *sf_scale_expand(const sf_scale *scale, const sf_type *type,
                        sf_arena *arena) {
  size_t elements = sf_type_elements(type);
  double *out = SF_NEW_ARRAY(arena, double, elements);
  if (!out) return NULL;
  size_t inner = scale->axis < 0 ? 1 : inner_of(type, scale->axis);
  for (size_t n = 0; n < elements; n++)
    out[n] = sf_scale_at(scale, n / inner % scale->count);
  return out;
}

static bool follows_axis(const double *values, const sf_type *type, int axis) {
  size_t elements = sf_type_elements(type), inner = inner_of(type, axis);
  size_t extent = (size_t)type->dim[axis];
  for (size_t n = 0; n < elements; n++)
    if (values[n] != values[n / inner % extent * inner]) return false;
  return true;
}

sf_result sf_scale_compress(const double *values, const sf_type *type,
                            sf_arena *arena, bool *ok, sf_scale *out) {
  size_t elements = sf_type_elements(type), n = 0;
  while (n < elements && values[n] == values[0])
    n++;
  *ok = true;
  if (n == elements) {
    *out = sf_scale_uniform(arena, values[0]);
    return out->values ? SF_OK : SF_OOM;
  }
  for (int axis = 0; axis < type->rank; axis++) {
    if (!follows_axis(values, type, axis)) continue;
    size_t inner = inner_of(type, axis);
    double *one = SF_NEW_ARRAY(arena, double, (size_t)type->dim[axis]);
    if (!one) return SF_OOM;
    for (int32_t i = 0; i < type->dim[axis]; i++)
      one[i] = values[(size_t)i * inner];
    *out = scale_of(axis, (uint32_t)type->dim[axis], one);
    return SF_OK;
  }
  *ok = false;
  return SF_OK;
}

/* ---- From the operand of quantize and dequantize. ---- */

/* The one axis of `type` along which a blob aligned at the end varies. */
static bool varying_axis(const sf_blob *blob, const sf_type *type, int *out) {
  int offset = type->rank - blob->type.rank;
  *out = -1;
  for (int i = 0; i < blob->type.rank; i++) {
    if (blob->type.dim[i] == 1) continue;
    if (*out >= 0) return false;
    *out = offset + i;
  }
  return true;
}

sf_result sf_qdq_scale(const sf_op *op, sf_arena *arena, sf_diag *diag,
                       bool *ok, sf_scale *out) {
  sf_blob *blob = sf_op_operand_blob(op, 1);
  const sf_type *type = &op->results[0]->type;
  *ok = false;
  if (!blob) return SF_OK; /* a stream of scales */
  SF_TRY(sf_blob_load(blob, diag));
  int axis = -1;
  size_t count = sf_blob_elements(blob);
  if (count > 1 && sf_op_has_attr(op, SF_ATTR_axis)) {
    axis = (int)sf_op_int(op, SF_ATTR_axis);
    if (axis < 0) axis += type->rank;
  } else if (!varying_axis(blob, type, &axis)) {
    return SF_OK;
  }
  double *values = SF_NEW_ARRAY(arena, double, count);
  if (!values) return SF_OOM;
  for (size_t i = 0; i < count; i++)
    values[i] = (double)sf_blob_f32(blob, i);
  *out = scale_of(count > 1 ? axis : -1, (uint32_t)count, values);
  *ok = true;
  return SF_OK;
}

sf_result sf_qdq_has_zero_point(const sf_op *op, sf_diag *diag, bool *out) {
  *out = false;
  if (op->operand_count < 3) return SF_OK;
  sf_blob *blob = sf_op_operand_blob(op, 2);
  *out = true;
  if (!blob) return SF_OK;
  SF_TRY(sf_blob_load(blob, diag));
  size_t count = sf_blob_elements(blob), n = 0;
  while (n < count && sf_blob_i32(blob, n) == 0)
    n++;
  *out = n < count;
  return SF_OK;
}

/* ---- Carriers. ---- */

bool sf_qdq_is_carrier(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
  case SF_OP_SLICE:
  case SF_OP_CONCAT:
  case SF_OP_POOL:
  case SF_OP_REDUCE:
    return true;
  default:
    return false;
  }
}

static sf_result carry_reshape(const sf_op *op, const sf_scale *in,
                               sf_arena *arena, bool *ok, sf_scale *out) {
  double *all = sf_scale_expand(in, &sf_op_operand(op, 0)->type, arena);
  if (!all) return SF_OOM;
  return sf_scale_compress(all, &op->results[0]->type, arena, ok, out);
}

static sf_result carry_slice(const sf_op *op, const sf_scale *in,
                             sf_arena *arena, sf_scale *out) {
  int64_t begin[SF_RANK_MAX], step[SF_RANK_MAX];
  const sf_type *type = &op->results[0]->type;
  sf_op_ints(op, SF_ATTR_begin, type->rank, begin);
  sf_op_ints(op, SF_ATTR_step, type->rank, step);
  uint32_t count = (uint32_t)type->dim[in->axis];
  double *values = SF_NEW_ARRAY(arena, double, count);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < count; i++)
    values[i] = in->values[begin[in->axis] + (int64_t)i * step[in->axis]];
  *out = scale_of(in->axis, count, values);
  return SF_OK;
}

static bool same_scale(const sf_scale *a, const sf_scale *b) {
  return a->axis == b->axis && a->count == b->count &&
         memcmp(a->values, b->values, a->count * sizeof *a->values) == 0;
}

static sf_result carry_concat(const sf_op *op, const sf_scale *in,
                              sf_arena *arena, bool *ok, sf_scale *out) {
  int axis = (int)sf_op_int(op, SF_ATTR_axis);
  bool same = true;
  for (uint32_t n = 1; n < op->operand_count; n++)
    same = same && same_scale(&in[0], &in[n]);
  *out = in[0];
  if (same && in[0].axis != axis) return SF_OK;
  uint32_t count = (uint32_t)op->results[0]->type.dim[axis], at = 0;
  double *values = SF_NEW_ARRAY(arena, double, count);
  if (!values) return SF_OOM;
  for (uint32_t n = 0; n < op->operand_count; n++) {
    if (in[n].axis >= 0 && in[n].axis != axis) *ok = false;
    int32_t extent = sf_op_operand(op, n)->type.dim[axis];
    for (int32_t i = 0; i < extent && *ok; i++)
      values[at++] = sf_scale_at(&in[n], (size_t)i);
  }
  *out = scale_of(axis, count, values);
  return SF_OK;
}

sf_result sf_scale_times(const sf_scale *in, double factor, sf_arena *arena,
                         sf_scale *out) {
  double *values = SF_NEW_ARRAY(arena, double, in->count);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < in->count; i++)
    values[i] = in->values[i] * factor;
  *out = scale_of(in->axis, in->count, values);
  return SF_OK;
}

static sf_result carry_pool(const sf_op *op, const sf_scale *in,
                            sf_arena *arena, bool *ok, sf_scale *out) {
  sf_qdq_average_pool pool = {.divisor = 1};
  *ok = in->axis <= 0;
  if (sf_op_int(op, SF_ATTR_kind) == SF_POOL_AVG)
    *ok = sf_qdq_average(op, &pool) && *ok;
  return sf_scale_times(in, 1 / (double)pool.divisor, arena, out);
}

static sf_result carry_reduce(const sf_op *op, const sf_scale *in,
                              sf_arena *arena, bool *ok, sf_scale *out) {
  const sf_type *type = &sf_op_operand(op, 0)->type;
  const sf_attr *axes = NULL;
  for (uint32_t i = 0; i < op->attr_count; i++)
    if (op->attrs[i].id == SF_ATTR_axes) axes = &op->attrs[i];
  double divisor = 1;
  int axis = in->axis;
  for (uint32_t i = 0; axes && i < axes->count; i++) {
    int64_t reduced = axes->ints[i];
    if (reduced == in->axis) *ok = false;
    if (reduced < in->axis && !sf_op_int(op, SF_ATTR_keep)) axis--;
    divisor *= (double)type->dim[reduced];
  }
  if (sf_op_int(op, SF_ATTR_kind) != SF_POOL_MEAN) divisor = 1;
  SF_TRY(sf_scale_times(in, 1 / divisor, arena, out));
  out->axis = axis;
  return SF_OK;
}

sf_result sf_qdq_carry_scale(const sf_op *op, const sf_scale *scales,
                             sf_arena *arena, bool *ok, sf_scale *out) {
  const sf_scale *in = &scales[0];
  *ok = true;
  *out = *in;
  switch (op->kind) {
  case SF_OP_CONCAT:
    return carry_concat(op, scales, arena, ok, out);
  case SF_OP_POOL:
    return carry_pool(op, in, arena, ok, out);
  case SF_OP_REDUCE:
    return carry_reduce(op, in, arena, ok, out);
  default:
    break;
  }
  if (in->axis < 0) return SF_OK;
  if (op->kind == SF_OP_RESHAPE) return carry_reshape(op, in, arena, ok, out);
  if (op->kind == SF_OP_SLICE) return carry_slice(op, in, arena, out);
  int64_t perm[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_perm, op->results[0]->type.rank, perm);
  for (int i = 0; i < op->results[0]->type.rank; i++)
    if (perm[i] == in->axis) out->axis = i;
  return SF_OK;
}
