/* verify_pool.c - pool and reduce: windows, axes, kinds. */
#include "ir/verifier.h"

/* sum of spikes is an integer; avg and mean are f32; max keeps the kind. */
static bool check_kind(sf_verifier *v, const sf_op *op, sf_pool_kind mean,
                       sf_pool_kind refused) {
  sf_pool_kind kind = (sf_pool_kind)sf_op_int(op, SF_ATTR_kind);
  sf_loc loc = sf_attr_loc(op, SF_ATTR_kind);
  if (kind == refused)
    return sf_wrong(v, SF_DIAG_ATTR, loc,
                    "'kind' of '%s' must be sum, %s or max; got '%s'",
                    sf_op_name(op), sf_pool_text(mean), sf_pool_text(refused));
  if (kind == mean && !sf_is_float(sf_operand_type(op, 0)))
    return sf_wrong(v, SF_DIAG_TYPE, loc,
                    "'%s' with kind %s takes f32 only; sum integers and scale "
                    "the weights that follow",
                    sf_op_name(op), sf_pool_text(mean));
  return true;
}

static bool expect_result(sf_verifier *v, const sf_op *op,
                          const sf_type *shape) {
  bool spike_too = sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX &&
                   sf_operand_type(op, 0)->scalar.kind == SF_SCALAR_SPIKE;
  return sf_expect_shape(v, op, shape, spike_too);
}

/* The windows of one axis; each must hold an element, not padding alone. */
typedef struct window {
  int64_t in, kernel, stride, dilation, begin, end, out;
} window;

/* A window that begins inside the image holds an element. One that begins
 * before it reaches in with some tap, which lands on the image where taps are
 * no further apart than its extent; the first window has the longest way. */
static bool windows_hold_elements(const window *w) {
  int64_t last = (w->out - 1) * w->stride - w->begin;
  int64_t outside = (w->begin + w->dilation - 1) / w->dilation; /* taps */
  return last < w->in && outside < w->kernel;
}

static bool check_window(sf_verifier *v, const sf_op *op, window *w,
                         unsigned axis) {
  int64_t reach = w->dilation * (w->kernel - 1) + 1;
  int64_t room = w->in + w->begin + w->end - reach;
  if (room < 0)
    return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                    "'pool' has no output along axis %u: extent %lld, window "
                    "%lld, padding %lld",
                    axis, (long long)w->in, (long long)reach,
                    (long long)w->begin + w->end);
  w->out = room / w->stride + 1;
  if (w->dilation > w->in && w->begin > 0)
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_dilation),
                    "'dilation' of 'pool' along axis %u must be at most the "
                    "extent %lld where padding comes first, got %lld",
                    axis, (long long)w->in, (long long)w->dilation);
  if (!windows_hold_elements(w))
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_pad),
                    "a window of 'pool' along axis %u holds padding only",
                    axis);
  return true;
}

bool sf_verify_pool(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  if (!check_kind(v, op, SF_POOL_AVG, SF_POOL_MEAN)) return false;
  if (x->rank != 3)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'pool' takes [channels, height, width], '%%%s' has %u "
                    "axes",
                    op->operands[0].value->name, x->rank);
  if (!sf_expect_ints(v, op, SF_ATTR_kernel, 2, 1, INT32_MAX) ||
      !sf_expect_ints(v, op, SF_ATTR_stride, 2, 1, INT32_MAX) ||
      !sf_expect_ints(v, op, SF_ATTR_dilation, 2, 1, INT32_MAX) ||
      !sf_expect_ints(v, op, SF_ATTR_pad, 4, 0, INT32_MAX))
    return false;
  if (sf_op_int(op, SF_ATTR_count_pad) &&
      sf_op_int(op, SF_ATTR_kind) != SF_POOL_AVG)
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_count_pad),
                    "'count_pad' of 'pool' is for kind avg");
  int64_t kernel[2], stride[2], dilation[2], pad[4];
  sf_op_ints(op, SF_ATTR_dilation, 2, dilation);
  sf_op_ints(op, SF_ATTR_kernel, 2, kernel);
  sf_op_ints(op, SF_ATTR_stride, 2, stride);
  sf_op_ints(op, SF_ATTR_pad, 4, pad);
  sf_type result = *x;
  for (unsigned i = 0; i < 2; i++) {
    window w = {x->dim[i + 1], kernel[i],  stride[i], dilation[i],
                pad[i],        pad[2 + i], 0};
    if (!check_window(v, op, &w, i + 1)) return false;
    if (w.out > INT32_MAX)
      return sf_wrong(v, SF_DIAG_TYPE, op->loc, "'pool' has too many outputs");
    result.dim[i + 1] = (int32_t)w.out;
  }
  return expect_result(v, op, &result);
}

static const sf_attr *find_axes(const sf_op *op) {
  for (uint32_t i = 0; i < op->attr_count; i++)
    if (op->attrs[i].id == SF_ATTR_axes) return &op->attrs[i];
  return NULL;
}

bool sf_verify_reduce(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0);
  if (!check_kind(v, op, SF_POOL_MEAN, SF_POOL_AVG)) return false;
  const sf_attr *axes = find_axes(op);
  bool reduced[SF_RANK_MAX] = {false};
  int64_t last = -1;
  for (uint32_t i = 0; axes && i < axes->count; i++) {
    if (axes->ints[i] <= last || axes->ints[i] >= x->rank)
      return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_axes),
                      "'axes' of 'reduce' must be ascending and within 0 .. "
                      "%d, got %lld",
                      x->rank - 1, (long long)axes->ints[i]);
    last = axes->ints[i];
    reduced[last] = true;
  }
  bool keep = sf_op_int(op, SF_ATTR_keep) != 0;
  sf_type result = {.scalar = x->scalar};
  for (unsigned i = 0; i < x->rank; i++)
    if (!reduced[i] || keep)
      result.dim[result.rank++] = reduced[i] ? 1 : x->dim[i];
  return expect_result(v, op, &result);
}
