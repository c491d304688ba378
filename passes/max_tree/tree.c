/* tree.c - see tree.h. */
#include "passes/max_tree/form.h"

#include "ir/arith.h"
#include "passes/rewrite/relay.h"

sf_result sf_max_failed(const sf_max_work *t, uint32_t before) {
  return sf_diag_errors(t->diag) != before ? SF_FAIL : SF_OOM;
}

int64_t sf_max_extent(const sf_max_work *t, int axis, int64_t extent) {
  int64_t window = (t->kernel[axis] - 1) * t->dilation[axis] + 1;
  return (extent + t->begin[axis] + t->end[axis] - window) / t->stride[axis] +
         1;
}

/* ---- Combining. ---- */

static sf_result larger_of(sf_max_work *t, const sf_max_form *a,
                           const sf_max_form *b, const sf_max_offset *lead,
                           sf_max_form *out) {
  sf_value *x, *y;
  uint32_t errors = sf_diag_errors(t->diag);
  static const sf_max_form none = {0};
  SF_TRY(sf_max_difference(t, a, &none, &x));
  SF_TRY(sf_max_difference(t, b, &none, &y));
  sf_value *larger =
      t->maker->larger(t->maker->context, x, y, lead, t->name, t->op);
  if (!larger) return sf_max_failed(t, errors);
  *out = (sf_max_form){.count = 1,
                       .terms = {{.value = larger}},
                       .first = a->first,
                       .taps = a->taps + b->taps};
  for (int axis = t->axis - 1; axis >= 0; axis--)
    out->terms[0].windowed[axis] = true;
  return SF_OK;
}

/* b + relu(a - b). */
static sf_result add_over(sf_max_work *t, const sf_max_form *a,
                          const sf_max_form *b, const sf_max_offset *offset,
                          sf_max_form *out) {
  uint32_t errors = sf_diag_errors(t->diag);
  sf_value *sum;
  SF_TRY(sf_max_difference(t, a, b, &sum));
  int64_t span = t->maker->high - t->maker->low;
  sf_clip relu = {0, span, sf_int_holding(0, span), t->name, *offset};
  sf_value *over = t->maker->clip(t->maker->context, sum, &relu, t->op);
  if (!over) return sf_max_failed(t, errors);
  *out = *b;
  sf_max_term more = {.value = over};
  for (int axis = t->axis - 1; axis >= 0; axis--)
    more.windowed[axis] = true;
  out->terms[out->count++] = more;
  return SF_OK;
}

/* The taps of `a` come before those of `b`. */
static sf_result combine(sf_max_work *t, const sf_max_form *a,
                         const sf_max_form *b, sf_max_form *out) {
  sf_max_offset offset;
  SF_TRY(sf_max_outside(t, a, b, &offset));
  sf_result result = t->maker->larger ? larger_of(t, a, b, &offset, out)
                                      : add_over(t, a, b, &offset, out);
  sf_max_offset_free(&offset);
  return result;
}

/* Taps of one axis in the order in which they are compared: the last is never
 * padding, because output o reads o * stride there. */
int64_t sf_max_tap(const sf_max_work *t, int64_t n) {
  int64_t safe = t->begin[t->axis] / t->dilation[t->axis];
  if (n == t->kernel[t->axis] - 1) return safe;
  return n < safe ? n : n + 1;
}

static sf_max_form at_tap(const sf_max_work *t, const sf_max_form *whole,
                          int64_t n) {
  sf_max_form out = *whole;
  for (uint32_t i = 0; t->axes && i < out.count; i++)
    if (out.terms[i].windowed[t->axis])
      out.terms[i].tap[t->axis] = sf_max_tap(t, n);
  out.first = n;
  out.taps = 1;
  return out;
}

/* Least depth with the right side as small as that allows: it is the side whose
 * terms stay. The depth of recursion is the logarithm of the window. */
static sf_result reduce_taps(sf_max_work *t, const sf_max_form *whole,
                             int64_t first, int64_t count, sf_max_form *out) {
  if (count == 1) {
    *out = at_tap(t, whole, first);
    return SF_OK;
  }
  int64_t left = 1;
  while (2 * left < count)
    left *= 2;
  sf_max_form a, b;
  SF_TRY(reduce_taps(t, whole, first, left, &a));
  SF_TRY(reduce_taps(t, whole, first + left, count - left, &b));
  return combine(t, &a, &b, out);
}

/* ---- Windows. ---- */

bool sf_is_integer_maximum(const sf_op *op) {
  if (op->result_count != 1 ||
      op->results[0]->type.scalar.kind == SF_SCALAR_F32) {
    return false;
  }
  if (op->kind == SF_OP_POOL) return sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
  if (op->kind != SF_OP_MAX || !sf_op_operand(op, 1)) return false;
  if (!sf_has_identity_projection(&op->results[0]->type)) return false;
  return sf_type_same_shape(&sf_op_operand(op, 0)->type,
                            &op->results[0]->type) &&
         sf_type_same_shape(&sf_op_operand(op, 1)->type, &op->results[0]->type);
}

static void read_window(sf_max_work *t) {
  int64_t pad[2 * SF_MAX_AXES];
  t->axes = sf_op_operand(t->op, 0)->type.rank - 1u;
  sf_op_ints(t->op, SF_ATTR_kernel, t->axes, t->kernel);
  sf_op_ints(t->op, SF_ATTR_stride, t->axes, t->stride);
  sf_op_ints(t->op, SF_ATTR_dilation, t->axes, t->dilation);
  sf_op_ints(t->op, SF_ATTR_pad, 2 * t->axes, pad);
  for (uint32_t a = 0; a < t->axes; a++) {
    t->begin[a] = pad[a];
    t->end[a] = pad[t->axes + a];
  }
}

/* Is the tap that stays inside for every window? */
static bool has_safe_tap(const sf_max_work *t) {
  const sf_type *in = &sf_op_operand(t->op, 0)->type;
  const sf_type *out = &t->op->results[0]->type;
  for (uint32_t a = 0; a < t->axes; a++) {
    bool on_grid = t->begin[a] % t->dilation[a] == 0 &&
                   t->begin[a] / t->dilation[a] < t->kernel[a];
    int64_t last = ((int64_t)out->dim[1 + a] - 1) * t->stride[a];
    if (!on_grid || last >= in->dim[1 + a]) return false;
  }
  return true;
}

static sf_result reduce_window(sf_max_work *t, sf_max_form *f) {
  for (t->axis = (int)t->axes - 1; t->axis >= 0; t->axis--) {
    sf_max_form next;
    SF_TRY(reduce_taps(t, f, 0, t->kernel[t->axis], &next));
    *f = next;
  }
  t->axis = 0;
  return SF_OK;
}

static sf_result reduce_pair(sf_max_work *t, sf_max_form *f) {
  t->axes = sf_op_operand(t->op, 0)->type.rank - 1u;
  sf_max_form a = {.count = 1, .terms = {{.value = sf_op_operand(t->op, 0)}}};
  sf_max_form b = {.count = 1, .terms = {{.value = sf_op_operand(t->op, 1)}}};
  return combine(t, &a, &b, f);
}

sf_result sf_max_tree(sf_op *op, const sf_max_maker *maker, sf_diag *diag,
                      sf_value **out) {
  sf_max_work t = {.maker = maker,
                   .op = op,
                   .network = op->network,
                   .diag = diag,
                   .name = op->results[0]->name};
  sf_max_form f = {.count = 1, .terms = {{.value = sf_op_operand(op, 0)}}};
  if (op->kind == SF_OP_POOL) {
    read_window(&t);
    if (!has_safe_tap(&t)) {
      sf_error(diag, SF_DIAG_NOT_NORMAL, op->loc,
               "'%%%s' has windows without a common element that is never "
               "padding: no tree of populations does that",
               op->results[0]->name);
      sf_help(diag, "pad less, or with the least value before the maximum is "
                    "taken");
      return SF_FAIL;
    }
    for (uint32_t a = 0; a < t.axes; a++)
      f.terms[0].windowed[a] = true;
    SF_TRY(reduce_window(&t, &f));
  } else {
    SF_TRY(reduce_pair(&t, &f));
  }
  return sf_max_finish(&t, &f, out);
}
