/* verify_type.c - checks of types and attributes that many ops share. */
#include "ir/verifier.h"

#include "ir/network_private.h"

#include <stdarg.h>

enum { TYPE_TEXT = 160 };

bool sf_wrong(sf_verifier *v, sf_diag_id id, sf_loc loc, const char *format,
              ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)sf_error_v(v->diag, id, loc, format, arguments);
  va_end(arguments);
  v->errors++;
  return false;
}

const sf_type *sf_operand_type(const sf_op *op, uint32_t index) {
  const sf_use *use = &op->operands[index];
  return use->value ? &use->value->type : &use->blob->type;
}

bool sf_is_float(const sf_type *type) {
  return type->scalar.kind == SF_SCALAR_F32;
}

const char *sf_op_name(const sf_op *op) {
  return sf_op_info_get(op->kind)->mnemonic;
}

bool sf_expect_type(sf_verifier *v, const sf_op *op, const sf_type *expected) {
  const sf_type *found = &op->results[0]->type;
  if (sf_type_equal(found, expected)) return true;
  char want[TYPE_TEXT], have[TYPE_TEXT];
  sf_type_text(expected, want, sizeof want);
  sf_type_text(found, have, sizeof have);
  return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                  "the result '%%%s' of '%s' must be %s, found %s",
                  op->results[0]->name, sf_op_name(op), want, have);
}

bool sf_expect_shape(sf_verifier *v, const sf_op *op, const sf_type *expected,
                     bool spike_too) {
  const sf_type *found = &op->results[0]->type;
  bool kind = sf_is_float(expected)
                  ? sf_is_float(found)
                  : found->scalar.kind == SF_SCALAR_INT ||
                        (spike_too && found->scalar.kind == SF_SCALAR_SPIKE);
  if (kind && sf_type_same_shape(found, expected)) {
    if (op->mode == SF_MODE_NONE || found->scalar.kind == SF_SCALAR_INT)
      return true;
    return sf_wrong(v, SF_DIAG_ATTR, op->loc,
                    "'%s' takes an overflow mode for integer results only",
                    sf_op_name(op));
  }
  sf_type want_type = *expected;
  if (kind) want_type.scalar = found->scalar;
  char want[TYPE_TEXT], have[TYPE_TEXT];
  sf_type_text(&want_type, want, sizeof want);
  sf_type_text(found, have, sizeof have);
  return sf_wrong(
      v, SF_DIAG_TYPE, op->loc,
      "the result '%%%s' of '%s' must be %s%s, found %s", op->results[0]->name,
      sf_op_name(op), want,
      kind || sf_is_float(expected) ? "" : " (of any integer width)", have);
}

bool sf_expect_operand(sf_verifier *v, const sf_op *op, uint32_t index,
                       const sf_type *expected) {
  const sf_type *found = sf_operand_type(op, index);
  if (sf_type_same_shape(found, expected) &&
      sf_is_float(found) == sf_is_float(expected) &&
      (found->scalar.kind == SF_SCALAR_SPIKE) ==
          (expected->scalar.kind == SF_SCALAR_SPIKE))
    return true;
  sf_type want_type = *expected;
  if (found->scalar.kind == expected->scalar.kind)
    want_type.scalar = found->scalar;
  char want[TYPE_TEXT], have[TYPE_TEXT];
  sf_type_text(&want_type, want, sizeof want);
  sf_type_text(found, have, sizeof have);
  return sf_wrong(v, SF_DIAG_TYPE, op->operands[index].loc,
                  "operand %u of '%s' must be %s, found %s", index + 1,
                  sf_op_name(op), want, have);
}

sf_loc sf_attr_loc(const sf_op *op, sf_attr_id id) {
  for (uint32_t i = 0; i < op->attr_count; i++)
    if (op->attrs[i].id == id && op->attrs[i].loc.line) return op->attrs[i].loc;
  return op->loc;
}

static bool bad_attr(sf_verifier *v, const sf_op *op, sf_attr_id id,
                     int64_t low, int64_t high, int64_t found) {
  const char *name = sf_attr_info_of(op->kind, id)->name;
  if (high >= INT32_MAX && found < low)
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, id),
                    "attribute '%s' of '%s' must be at least %lld, got %lld",
                    name, sf_op_name(op), (long long)low, (long long)found);
  return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, id),
                  "attribute '%s' of '%s' must be %lld .. %lld, got %lld", name,
                  sf_op_name(op), (long long)low, (long long)high,
                  (long long)found);
}

bool sf_expect_int(sf_verifier *v, const sf_op *op, sf_attr_id id, int64_t low,
                   int64_t high) {
  int64_t value = sf_op_int(op, id);
  if (value >= low && value <= high) return true;
  return bad_attr(v, op, id, low, high, value);
}

bool sf_expect_ints(sf_verifier *v, const sf_op *op, sf_attr_id id,
                    uint32_t count, int64_t low, int64_t high) {
  for (uint32_t i = 0; i < op->attr_count; i++) {
    const sf_attr *attr = &op->attrs[i];
    if (attr->id != id) continue;
    if (attr->count != 1 && attr->count != count)
      return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, id),
                      "attribute '%s' of '%s' takes 1 or %u numbers, found %u",
                      sf_attr_info_of(op->kind, id)->name, sf_op_name(op),
                      count, attr->count);
    for (uint32_t j = 0; j < attr->count; j++)
      if (attr->ints[j] < low || attr->ints[j] > high)
        return bad_attr(v, op, id, low, high, attr->ints[j]);
  }
  return true;
}

bool sf_expect_shift(sf_verifier *v, const sf_op *op) {
  if (sf_is_float(&op->results[0]->type)) {
    if (sf_op_int(op, SF_ATTR_shift) == 0 && !sf_op_int(op, SF_ATTR_each))
      return true;
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_shift),
                    "'shift' and 'each' of '%s' are for integer results",
                    sf_op_name(op));
  }
  return sf_expect_int(v, op, SF_ATTR_shift, -31, 62);
}

bool sf_blob_at_hand(const sf_blob *blob) {
  return blob->source == SF_SOURCE_SPLAT || blob->data;
}

bool sf_expect_delays(sf_verifier *v, const sf_op *op, unsigned rank,
                      const int32_t *dim) {
  const sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  if (!delays) return true;
  sf_type expected = sf_type_make(sf_int(7), rank, dim);
  sf_loc loc = sf_attr_loc(op, SF_ATTR_delays);
  if (delays->type.scalar.kind != SF_SCALAR_INT ||
      !sf_type_same_shape(&delays->type, &expected)) {
    char want[TYPE_TEXT], have[TYPE_TEXT];
    sf_type_text(&expected, want, sizeof want);
    sf_type_text(&delays->type, have, sizeof have);
    return sf_wrong(v, SF_DIAG_TYPE, loc,
                    "'delays' of '%s' must be %s, "
                    "found %s",
                    sf_op_name(op), want, have);
  }
  if (!sf_blob_at_hand(delays)) return true;
  size_t count =
      delays->source == SF_SOURCE_SPLAT ? 1 : sf_blob_elements(delays);
  for (size_t i = 0; i < count; i++) {
    int32_t delay = sf_blob_i32(delays, i);
    if (delay < 0 || delay > 62)
      return sf_wrong(v, SF_DIAG_BLOB, loc,
                      "a delay must be 0 .. 62 steps, element %zu of '@%s' is "
                      "%d",
                      i, delays->name, delay);
  }
  return true;
}
