/* blob_check.c - are the elements of a blob what its type says? */
#include "sf/module.h"

#include "ir/blob_private.h"

#include <math.h>

static sf_result range_error(const sf_blob *blob, size_t index, int64_t value,
                             sf_diag *diag) {
  char type[160];
  sf_type_text(&blob->type, type, sizeof type);
  return sf_error(
      diag, SF_DIAG_BLOB, blob->loc,
      "element %zu of '@%s' is %lld, outside %s, which holds %lld .. "
      "%lld",
      index, blob->name, (long long)value, type,
      (long long)sf_scalar_min(blob->type.scalar),
      (long long)sf_scalar_max(blob->type.scalar));
}

/* Bounds of an integer dtype; a type that covers them needs no look. */
static bool dtype_covered(sf_dtype dtype, sf_scalar scalar) {
  int64_t low, high;
  switch (dtype) {
  case SF_DTYPE_I8:
    low = INT8_MIN, high = INT8_MAX;
    break;
  case SF_DTYPE_U8:
    low = 0, high = UINT8_MAX;
    break;
  case SF_DTYPE_I16:
    low = INT16_MIN, high = INT16_MAX;
    break;
  case SF_DTYPE_U16:
    low = 0, high = UINT16_MAX;
    break;
  default:
    low = INT32_MIN, high = INT32_MAX;
    break;
  }
  return sf_scalar_min(scalar) <= low && sf_scalar_max(scalar) >= high;
}

static sf_result check_integers(const sf_blob *blob, size_t count,
                                sf_diag *diag) {
  if (blob->source != SF_SOURCE_SPLAT &&
      dtype_covered(blob->dtype, blob->type.scalar))
    return SF_OK;
  if (blob->source == SF_SOURCE_SPLAT &&
      (blob->splat.i < INT32_MIN || blob->splat.i > INT32_MAX))
    return range_error(blob, 0, blob->splat.i, diag);
  int64_t low = sf_scalar_min(blob->type.scalar);
  int64_t high = sf_scalar_max(blob->type.scalar);
  for (size_t i = 0; i < count; i++) {
    int32_t value = sf_blob_i32(blob, i);
    if (value < low || value > high) return range_error(blob, i, value, diag);
  }
  return SF_OK;
}

static bool is_operand(const sf_blob *blob) {
  for (const sf_network *n = blob->module->first_network; n; n = n->next)
    SF_FOREACH_OP(op, n)
      for (uint32_t i = 0; i < op->operand_count; i++)
        if (op->operands[i].blob == blob) return true;
  return false;
}

static sf_result check_floats(const sf_blob *blob, size_t count,
                              sf_diag *diag) {
  bool infinite = false;
  size_t where = 0;
  for (size_t i = 0; i < count; i++) {
    float value = sf_blob_raw_f32(blob, i);
    if (isnan(value))
      return sf_error(diag, SF_DIAG_BLOB, blob->loc,
                      "element %zu of '@%s' is not a number", i, blob->name);
    if (isinf(value) && !infinite) {
      infinite = true;
      where = i;
    }
  }
  /* A param may be infinite (no lower clamp); a weight or bias may not. */
  if (!infinite || !is_operand(blob)) return SF_OK;
  return sf_error(diag, SF_DIAG_BLOB, blob->loc,
                  "element %zu of '@%s' is infinite", where, blob->name);
}

sf_result sf_blob_check(const sf_blob *blob, sf_diag *diag) {
  size_t count = blob->source == SF_SOURCE_SPLAT ? 1 : sf_blob_elements(blob);
  if (blob->type.scalar.kind == SF_SCALAR_F32)
    return check_floats(blob, count, diag);
  return check_integers(blob, count, diag);
}
