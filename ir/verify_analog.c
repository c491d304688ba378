/* verify_analog.c - softmax, norms, quantize, argmax. docs/ir.md 4. */
#include "ir/verifier.h"

static bool check_axis(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  if (x->rank == 0)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'%s' works along an axis, '%%%s' is a scalar",
                    sf_op_name(op), op->operands[0].value->name);
  return sf_expect_int(v, op, SF_ATTR_axis, -x->rank, x->rank - 1);
}

bool sf_verify_axis_op(sf_verifier *v, const sf_op *op) {
  if (op->kind == SF_OP_SOFTMAX) {
    if (!check_axis(v, op)) return false;
  } else if (sf_operand_type(op, 0)->rank == 0) {
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'%s' needs a channel axis, '%%%s' is a scalar",
                    sf_op_name(op), op->operands[0].value->name);
  } else if (!sf_expect_int(v, op, SF_ATTR_size, 1, INT32_MAX)) {
    return false;
  }
  return sf_expect_type(v, op, sf_operand_type(op, 0));
}

/* Broadcasts to the stream, axes aligned at the end. */
static bool aligns(const sf_type *blob, const sf_type *stream) {
  if (blob->rank > stream->rank) return false;
  unsigned offset = (unsigned)(stream->rank - blob->rank);
  for (unsigned i = 0; i < blob->rank; i++)
    if (blob->dim[i] != 1 && blob->dim[i] != stream->dim[offset + i])
      return false;
  return true;
}

/* One number a channel, [c] or [c, 1, ..]. */
static bool is_per_channel(const sf_type *blob, const sf_type *stream,
                           unsigned axis) {
  if (blob->rank == 1) return blob->dim[0] == stream->dim[axis];
  if (blob->rank != stream->rank) return false;
  for (unsigned i = 0; i < blob->rank; i++)
    if (blob->dim[i] != (i == axis ? stream->dim[axis] : 1)) return false;
  return true;
}

static bool bad_operand(sf_verifier *v, const sf_op *op, uint32_t index,
                        const char *expected) {
  char have[160];
  sf_type_text(sf_operand_type(op, index), have, sizeof have);
  return sf_wrong(v, SF_DIAG_TYPE, op->operands[index].loc,
                  "operand %u of '%s' must be %s, found %s", index + 1,
                  sf_op_name(op), expected, have);
}

/* layernorm, rmsnorm: over the trailing axes from `axis` on. */
static bool check_trailing(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  if (!check_axis(v, op)) return false;
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  if (axis < 0) axis += x->rank;
  for (uint32_t i = 1; i < op->operand_count; i++) {
    const sf_type *w = sf_operand_type(op, i);
    bool inside = w->rank <= x->rank - axis && aligns(w, x);
    if (!sf_is_float(w) || !inside)
      return bad_operand(v, op, i,
                         "f32 that broadcasts to the normalized axes");
  }
  return true;
}

bool sf_verify_norm(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  if (x->rank == 0)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'%s' needs a channel axis, '%%%s' is a scalar",
                    sf_op_name(op), op->operands[0].value->name);
  if (op->kind == SF_OP_LAYERNORM || op->kind == SF_OP_RMSNORM) {
    if (!check_trailing(v, op)) return false;
    return sf_expect_type(v, op, x);
  }
  for (uint32_t i = 1; i < op->operand_count; i++)
    if (!sf_is_float(sf_operand_type(op, i)) ||
        !is_per_channel(sf_operand_type(op, i), x, 0))
      return bad_operand(v, op, i, "f32, one number a channel");
  if (op->kind == SF_OP_GROUPNORM) {
    if (!sf_expect_int(v, op, SF_ATTR_groups, 1, x->dim[0])) return false;
    if (x->dim[0] % sf_op_int(op, SF_ATTR_groups))
      return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_groups),
                      "'groups' of 'groupnorm' must divide %d channels, got "
                      "%lld",
                      x->dim[0], (long long)sf_op_int(op, SF_ATTR_groups));
  }
  return sf_expect_type(v, op, x);
}

/* Scale and zero point: one for all, one a channel of `axis`, or broadcasting.
 */
static bool check_step(sf_verifier *v, const sf_op *op, uint32_t index) {
  const sf_type *x = sf_operand_type(op, 0), *w = sf_operand_type(op, index);
  if (!sf_op_has_attr(op, SF_ATTR_axis)) {
    if (aligns(w, x)) return true;
    return bad_operand(v, op, index, "one number, or broadcast to the stream");
  }
  if (!check_axis(v, op)) return false;
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  if (axis < 0) axis += x->rank;
  if (is_per_channel(w, x, (unsigned)axis)) return true;
  return bad_operand(v, op, index, "one number for each index of `axis`");
}

/* low and high: integers of the result type, in order. */
static bool check_limits(sf_verifier *v, const sf_op *op) {
  sf_scalar scalar = op->results[0]->type.scalar;
  int64_t least = sf_scalar_min(scalar), most = sf_scalar_max(scalar);
  if (sf_op_has_attr(op, SF_ATTR_low) &&
      !sf_expect_int(v, op, SF_ATTR_low, least, most))
    return false;
  if (sf_op_has_attr(op, SF_ATTR_low)) least = sf_op_int(op, SF_ATTR_low);
  return !sf_op_has_attr(op, SF_ATTR_high) ||
         sf_expect_int(v, op, SF_ATTR_high, least, most);
}

bool sf_verify_quantize(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0), *y = &op->results[0]->type;
  bool quantize = op->kind == SF_OP_QUANTIZE;
  if (sf_is_float(x) != quantize)
    return bad_operand(v, op, 0, quantize ? "f32" : "an integer");
  if (!sf_is_float(sf_operand_type(op, 1)))
    return bad_operand(v, op, 1, "an f32 scale");
  if (op->operand_count == 3 &&
      sf_operand_type(op, 2)->scalar.kind != SF_SCALAR_INT)
    return bad_operand(v, op, 2, "an integer zero point");
  for (uint32_t i = 1; i < op->operand_count; i++)
    if (!check_step(v, op, i)) return false;
  sf_type expected = *x;
  expected.scalar = quantize ? sf_int(8) : sf_f32();
  if (quantize && y->scalar.kind == SF_SCALAR_INT) expected.scalar = y->scalar;
  return sf_expect_type(v, op, &expected) && (!quantize || check_limits(v, op));
}

bool sf_verify_argmax(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  if (!check_axis(v, op)) return false;
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  if (axis < 0) axis += x->rank;
  sf_type expected = {.scalar = sf_int(32)};
  for (int64_t i = 0; i < x->rank; i++)
    if (i != axis || sf_op_int(op, SF_ATTR_keep))
      expected.dim[expected.rank++] = i == axis ? 1 : x->dim[i];
  if (!sf_expect_shape(v, op, &expected, false)) return false;
  if (sf_scalar_max(op->results[0]->type.scalar) >= x->dim[axis] - 1)
    return true;
  return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                  "the result of 'argmax' is too narrow for indices up to %d",
                  x->dim[axis] - 1);
}
