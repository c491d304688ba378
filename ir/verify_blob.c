/* verify_blob.c - types of blobs, and what is at hand of their elements. */
#include "ir/verifier.h"

#include "ir/blob_private.h"

static bool check_type(sf_verifier *v, const sf_blob *blob) {
  const sf_type *type = &blob->type;
  bool scalar = type->scalar.kind != SF_SCALAR_INT ||
                (type->scalar.bits >= SF_INT_BITS_MIN &&
                 type->scalar.bits <= SF_INT_BITS_MAX);
  bool shape = type->rank <= SF_RANK_MAX;
  for (unsigned i = 0; shape && i < type->rank; i++)
    shape = type->dim[i] >= 1;
  if (scalar && shape && sf_type_elements(type) <= INT32_MAX) return true;
  return sf_wrong(v, SF_DIAG_TYPE, blob->loc,
                  "'@%s' has no legal type: i2 .. i32, at most 8 axes, extents "
                  "from 1, fewer than 2^31 elements",
                  blob->name);
}

static bool check_slice(sf_verifier *v, const sf_blob *blob) {
  const sf_type *type = &blob->type, *base = &blob->base->type;
  bool inside = sf_scalar_equal(type->scalar, base->scalar) && type->rank > 0 &&
                type->rank == base->rank && !blob->base->base;
  for (unsigned i = 0; inside && i < type->rank; i++)
    inside =
        blob->begin[i] >= 0 && blob->begin[i] <= base->dim[i] - type->dim[i];
  if (inside) return true;
  char text[160];
  sf_type_text(base, text, sizeof text);
  return sf_wrong(v, SF_DIAG_BLOB, blob->loc,
                  "'@%s' is no box of '@%s', which is %s", blob->name,
                  blob->base->name, text);
}

/* Inline elements and splats are checked here; files when they are loaded. */
void sf_verify_blob(sf_verifier *v, const sf_blob *blob) {
  if (!check_type(v, blob)) return;
  bool float_type = blob->type.scalar.kind == SF_SCALAR_F32;
  if (blob->source == SF_SOURCE_SPLAT && blob->splat.is_float != float_type) {
    sf_wrong(v, SF_DIAG_TYPE, blob->loc,
             "the splat of '@%s' is of another kind than its type", blob->name);
    return;
  }
  if (blob->source == SF_SOURCE_SLICE) {
    check_slice(v, blob);
    return;
  }
  bool inline_bytes = blob->source == SF_SOURCE_SPLAT ||
                      blob->source == SF_SOURCE_DENSE ||
                      blob->source == SF_SOURCE_DERIVED;
  if (!inline_bytes || blob->checked) return;
  if (sf_blob_check(blob, v->diag) != SF_OK) v->errors++;
}
