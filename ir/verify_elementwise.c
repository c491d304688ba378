/* verify_elementwise.c - add .. max, convert, and the ops that move elements.
 */
#include "ir/verifier.h"

#include <math.h>

/* Same rank, extents equal or 1 on either side. */
static bool broadcast(const sf_type *a, const sf_type *b, sf_type *out) {
  if (a->rank != b->rank) return false;
  *out = *a;
  for (unsigned i = 0; i < a->rank; i++) {
    if (a->dim[i] != b->dim[i] && a->dim[i] != 1 && b->dim[i] != 1)
      return false;
    if (a->dim[i] == 1) out->dim[i] = b->dim[i];
  }
  return true;
}

static bool expect_broadcast(sf_verifier *v, const sf_op *op, sf_type *out) {
  const sf_type *a = sf_operand_type(op, 0), *b = sf_operand_type(op, 1);
  bool same_kind = sf_is_float(a) == sf_is_float(b);
  if (same_kind && broadcast(a, b, out)) return true;
  char left[160], right[160];
  sf_type_text(a, left, sizeof left);
  sf_type_text(b, right, sizeof right);
  if (!same_kind)
    return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                    "'%s' takes two integers or two f32, found %s and %s; "
                    "`convert` one",
                    sf_op_name(op), left, right);
  return sf_wrong(
      v, SF_DIAG_TYPE, op->loc,
      "the operands of '%s' do not broadcast: %s and %s; ranks must "
      "be equal, extents equal or 1",
      sf_op_name(op), left, right);
}

/* max, min and mul of spikes are or, and, and: they stay spikes if written so.
 */
bool sf_verify_elementwise(sf_verifier *v, const sf_op *op) {
  sf_type result;
  if (!expect_broadcast(v, op, &result)) return false;
  bool spikes = sf_operand_type(op, 0)->scalar.kind == SF_SCALAR_SPIKE &&
                sf_operand_type(op, 1)->scalar.kind == SF_SCALAR_SPIKE;
  bool closed =
      op->kind == SF_OP_MIN || op->kind == SF_OP_MAX || op->kind == SF_OP_MUL;
  return sf_expect_shape(v, op, &result, spikes && closed);
}

bool sf_verify_analog(sf_verifier *v, const sf_op *op) {
  sf_type result = *sf_operand_type(op, 0);
  if (op->operand_count == 2 && !expect_broadcast(v, op, &result)) return false;
  if (op->kind == SF_OP_PRELU &&
      !sf_type_same_shape(&result, sf_operand_type(op, 0)))
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[1].loc,
                    "the slope of 'prelu' has more elements than its stream");
  if (op->kind == SF_OP_CLIP &&
      !(sf_op_number(op, SF_ATTR_min) <= sf_op_number(op, SF_ATTR_max)))
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_min),
                    "'min' of 'clip' is above its 'max'");
  const char *form =
      op->kind == SF_OP_GELU ? sf_op_text(op, SF_ATTR_approximate) : NULL;
  if (form && __builtin_strcmp(form, "tanh") != 0)
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_approximate),
                    "'approximate' of 'gelu' must be tanh or absent, got '%s'",
                    form);
  return sf_expect_type(v, op, &result);
}

bool sf_verify_convert(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  const sf_type *y = &op->results[0]->type;
  if (!isfinite(sf_op_number(op, SF_ATTR_scale)))
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_scale),
                    "'scale' of 'convert' must be finite");
  if (y->scalar.kind == SF_SCALAR_SPIKE)
    return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                    "'convert' makes integers or f32, not spikes");
  if (sf_is_float(x) && sf_is_float(y))
    return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                    "'convert' changes the kind or width; use `mul` to scale "
                    "f32");
  sf_type expected = *x;
  expected.scalar = y->scalar;
  return sf_expect_shape(v, op, &expected, false);
}

bool sf_verify_concat(sf_verifier *v, const sf_op *op) {
  sf_type result = *sf_operand_type(op, 0);
  if (result.rank == 0)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'concat' joins along an axis, '%%%s' is a scalar",
                    op->operands[0].value->name);
  if (!sf_expect_int(v, op, SF_ATTR_axis, 0, result.rank - 1)) return false;
  int64_t axis = sf_op_int(op, SF_ATTR_axis), extent = 0;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_type *x = sf_operand_type(op, i);
    sf_type expected = result;
    expected.dim[axis] = x->rank == result.rank ? x->dim[axis] : 1;
    if (!sf_type_equal(x, &expected)) {
      char want[160], have[160];
      sf_type_text(&expected, want, sizeof want);
      sf_type_text(x, have, sizeof have);
      return sf_wrong(v, SF_DIAG_TYPE, op->operands[i].loc,
                      "operand %u of 'concat' must be %s, found %s", i + 1,
                      want, have);
    }
    extent += x->dim[axis];
  }
  if (extent > INT32_MAX)
    return sf_wrong(v, SF_DIAG_IR_LIMIT, op->loc,
                    "'concat' has too many elements");
  result.dim[axis] = (int32_t)extent;
  return sf_expect_type(v, op, &result);
}

/* begin .. end upwards, or downwards to -1 at the least, where step < 0. */
static bool check_interval(sf_verifier *v, const sf_op *op, unsigned axis,
                           int64_t begin, int64_t end, int64_t step) {
  int32_t extent = sf_operand_type(op, 0)->dim[axis];
  if (step > 0 ? begin < end && end <= extent : begin > end && begin < extent)
    return true;
  if (step > 0)
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_end),
                    "'slice' of axis %u must be within 0 .. %d and not "
                    "empty, got %lld .. %lld",
                    axis, extent, (long long)begin, (long long)end);
  return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_end),
                  "'slice' of axis %u walks down from %d or less to -1 or "
                  "more and must not be empty, got %lld .. %lld",
                  axis, extent - 1, (long long)begin, (long long)end);
}

bool sf_verify_slice(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  int64_t begin[SF_RANK_MAX], end[SF_RANK_MAX], step[SF_RANK_MAX];
  if (!sf_expect_ints(v, op, SF_ATTR_begin, x->rank, 0, INT32_MAX) ||
      !sf_expect_ints(v, op, SF_ATTR_end, x->rank, -1, INT32_MAX) ||
      !sf_expect_ints(v, op, SF_ATTR_step, x->rank, -INT32_MAX, INT32_MAX))
    return false;
  sf_op_ints(op, SF_ATTR_begin, x->rank, begin);
  sf_op_ints(op, SF_ATTR_end, x->rank, end);
  sf_op_ints(op, SF_ATTR_step, x->rank, step);
  sf_type result = *x;
  for (unsigned i = 0; i < x->rank; i++) {
    if (step[i] == 0)
      return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_step),
                      "'step' of 'slice' must not be 0");
    if (!check_interval(v, op, i, begin[i], end[i], step[i])) return false;
    int64_t size = step[i] > 0 ? step[i] : -step[i];
    int64_t width = step[i] > 0 ? end[i] - begin[i] : begin[i] - end[i];
    result.dim[i] = (int32_t)((width + size - 1) / size);
  }
  return sf_expect_type(v, op, &result);
}

bool sf_verify_reshape(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0), *y = &op->results[0]->type;
  if (!sf_scalar_equal(x->scalar, y->scalar)) {
    sf_type expected = *y;
    expected.scalar = x->scalar;
    return sf_expect_type(v, op, &expected);
  }
  if (sf_type_elements(x) == sf_type_elements(y)) return true;
  return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                  "'reshape' keeps the number of elements: %zu go in, %zu are "
                  "written",
                  sf_type_elements(x), sf_type_elements(y));
}

bool sf_verify_transpose(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  int64_t perm[SF_RANK_MAX];
  bool seen[SF_RANK_MAX] = {false};
  if (!sf_expect_ints(v, op, SF_ATTR_perm, x->rank, 0, x->rank - 1))
    return false;
  sf_op_ints(op, SF_ATTR_perm, x->rank, perm);
  sf_type result = *x;
  for (unsigned i = 0; i < x->rank; i++) {
    if (seen[perm[i]])
      return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_perm),
                      "'perm' of 'transpose' names axis %lld twice",
                      (long long)perm[i]);
    seen[perm[i]] = true;
    result.dim[i] = x->dim[perm[i]];
  }
  return sf_expect_type(v, op, &result);
}

bool sf_verify_delay(sf_verifier *v, const sf_op *op) {
  return sf_expect_int(v, op, SF_ATTR_steps, 1, INT32_MAX) &&
         sf_expect_type(v, op, sf_operand_type(op, 0));
}
