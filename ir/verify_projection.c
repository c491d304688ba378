/* verify_projection.c - linear, sparse, matmul: types of weighted sums. */
#include "ir/verifier.h"

#include "ir/network_private.h"

/* f32 weights go with any stream, integer weights with spikes and integers;
 * spikes are no weights. */
static bool check_scalars(sf_verifier *v, const sf_op *op, uint32_t weight) {
  const sf_type *x = sf_operand_type(op, 0), *w = sf_operand_type(op, weight);
  if (w->scalar.kind == SF_SCALAR_SPIKE)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[weight].loc,
                    "weights of '%s' are integers or f32, '@%s' is spike",
                    sf_op_name(op), op->operands[weight].blob->name);
  if (sf_is_float(x) && !sf_is_float(w))
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[weight].loc,
                    "'%s' of an f32 stream needs f32 weights, '@%s' has "
                    "integers",
                    sf_op_name(op), op->operands[weight].blob->name);
  return true;
}

/* Operand 2, if any, is [outputs] of the weights' kind. */
static bool check_bias(sf_verifier *v, const sf_op *op, int32_t outputs) {
  if (op->operand_count < 3) return true;
  sf_type bias = sf_type_make(sf_operand_type(op, 1)->scalar, 1, &outputs);
  return sf_expect_operand(v, op, 2, &bias);
}

bool sf_verify_linear(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0), *w = sf_operand_type(op, 1);
  if (x->rank == 0)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'linear' needs an axis to sum over, '%%%s' is a scalar",
                    op->operands[0].value->name);
  int32_t inputs = x->dim[x->rank - 1];
  if (w->rank != 2 || w->dim[1] != inputs) {
    char have[160];
    sf_type_text(w, have, sizeof have);
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[1].loc,
                    "weights of 'linear' must be [outputs, %d] here, '@%s' is "
                    "%s",
                    inputs, op->operands[1].blob->name, have);
  }
  if (!check_scalars(v, op, 1) || !check_bias(v, op, w->dim[0])) return false;
  sf_type result = *x;
  result.scalar = w->scalar;
  result.dim[x->rank - 1] = w->dim[0];
  return sf_expect_shape(v, op, &result, false) && sf_expect_shift(v, op) &&
         sf_expect_delays(v, op, 2, w->dim);
}

/* Edges (target, source) inside the shapes, sorted by target, then source. */
static bool check_edges(sf_verifier *v, const sf_op *op, int64_t sources) {
  const sf_blob *index = op->operands[1].blob;
  int64_t rows = sf_op_int(op, SF_ATTR_rows);
  if (!sf_blob_at_hand(index)) return true;
  size_t edges = (size_t)index->type.dim[0];
  int32_t last_i = -1, last_j = 0;
  for (size_t e = 0; e < edges; e++) {
    int32_t i = sf_blob_i32(index, 2 * e), j = sf_blob_i32(index, 2 * e + 1);
    if (i < 0 || i >= rows || j < 0 || j >= sources)
      return sf_wrong(v, SF_DIAG_BLOB, op->operands[1].loc,
                      "edge %zu of '@%s' is (%d, %d), outside %lld targets and "
                      "%lld sources",
                      e, index->name, i, j, (long long)rows,
                      (long long)sources);
    if (i < last_i || (i == last_i && j < last_j))
      return sf_wrong(v, SF_DIAG_BLOB, op->operands[1].loc,
                      "edge %zu of '@%s' is out of order: edges are sorted by "
                      "target, then by source",
                      e, index->name);
    last_i = i;
    last_j = j;
  }
  return true;
}

bool sf_verify_sparse(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0), *w = sf_operand_type(op, 2);
  if (x->rank != 1)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'sparse' takes a stream of one axis, '%%%s' has %u",
                    op->operands[0].value->name, x->rank);
  if (!sf_expect_int(v, op, SF_ATTR_rows, 1, INT32_MAX)) return false;
  int32_t edges = w->rank == 1 ? w->dim[0] : 1;
  sf_type index = sf_type_make(sf_int(32), 2, (const int32_t[]){edges, 2});
  sf_type weights = sf_type_make(w->scalar, 1, &edges);
  if (!sf_expect_operand(v, op, 2, &weights) ||
      !sf_expect_operand(v, op, 1, &index) || !check_scalars(v, op, 2) ||
      !check_edges(v, op, x->dim[0]))
    return false;
  int32_t rows = (int32_t)sf_op_int(op, SF_ATTR_rows);
  sf_type result = sf_type_make(w->scalar, 1, &rows);
  return sf_expect_shape(v, op, &result, false) && sf_expect_shift(v, op) &&
         sf_expect_delays(v, op, 1, &edges);
}

bool sf_verify_matmul(sf_verifier *v, const sf_op *op) {
  const sf_type *a = sf_operand_type(op, 0), *b = sf_operand_type(op, 1);
  bool agree = a->rank >= 2 && a->rank == b->rank &&
               a->dim[a->rank - 1] == b->dim[b->rank - 2];
  for (unsigned i = 0; agree && i + 2 < a->rank; i++)
    agree = a->dim[i] == b->dim[i] || a->dim[i] == 1 || b->dim[i] == 1;
  if (!agree) {
    char left[160], right[160];
    sf_type_text(a, left, sizeof left);
    sf_type_text(b, right, sizeof right);
    return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                    "'matmul' takes [.., m, k] and [.., k, n] with leading "
                    "axes equal or 1, found %s and %s",
                    left, right);
  }
  sf_type result = *a;
  for (unsigned i = 0; i + 2 < a->rank; i++)
    if (a->dim[i] == 1) result.dim[i] = b->dim[i];
  result.dim[a->rank - 1] = b->dim[b->rank - 1];
  result.scalar = sf_is_float(a) || sf_is_float(b) ? sf_f32() : sf_int(32);
  return sf_expect_shape(v, op, &result, false);
}

/* Extent of an output axis; less than 1: the window does not fit. */
static int64_t conv_extent(int64_t in, int64_t kernel, int64_t pads,
                           int64_t stride, int64_t dilation) {
  int64_t room = in + pads - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

static bool check_window_attrs(sf_verifier *v, const sf_op *op,
                               unsigned spatial) {
  bool transposed = op->kind == SF_OP_CONVT;
  return sf_expect_ints(v, op, SF_ATTR_stride, spatial, 1, INT32_MAX) &&
         sf_expect_ints(v, op, SF_ATTR_dilation, spatial, 1, INT32_MAX) &&
         sf_expect_ints(v, op, SF_ATTR_pad, 2 * spatial, 0, INT32_MAX) &&
         (!transposed ||
          sf_expect_ints(v, op, SF_ATTR_out_pad, spatial, 0, INT32_MAX)) &&
         sf_expect_int(v, op, SF_ATTR_groups, 1, INT32_MAX);
}

static bool check_channels(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0), *w = sf_operand_type(op, 1);
  int64_t groups = sf_op_int(op, SF_ATTR_groups);
  if (x->dim[0] % groups || w->dim[0] % groups)
    return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_groups),
                    "'groups' of '%s' must divide %d input and %d output "
                    "channels, got %lld",
                    sf_op_name(op), x->dim[0], w->dim[0], (long long)groups);
  if (w->dim[1] != x->dim[0] / groups)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[1].loc,
                    "weights '@%s' take %d channels, the stream has %d in %lld "
                    "group%s",
                    op->operands[1].blob->name, w->dim[1], x->dim[0],
                    (long long)groups, groups == 1 ? "" : "s");
  return true;
}

/* The result's spatial extents, or false when there is no output at all. */
static bool conv_result(sf_verifier *v, const sf_op *op, sf_type *result) {
  const sf_type *x = sf_operand_type(op, 0), *w = sf_operand_type(op, 1);
  unsigned spatial = x->rank - 1U;
  int64_t stride[2], pad[4], dilation[2], out_pad[2] = {0, 0};
  sf_op_ints(op, SF_ATTR_stride, spatial, stride);
  sf_op_ints(op, SF_ATTR_pad, 2 * spatial, pad);
  sf_op_ints(op, SF_ATTR_dilation, spatial, dilation);
  bool transposed = op->kind == SF_OP_CONVT;
  if (transposed) sf_op_ints(op, SF_ATTR_out_pad, spatial, out_pad);
  *result = sf_type_make(w->scalar, x->rank, x->dim);
  result->dim[0] = w->dim[0];
  for (unsigned i = 0; i < spatial; i++) {
    int64_t in = x->dim[i + 1], kernel = w->dim[i + 2];
    int64_t pads = pad[i] + pad[spatial + i];
    int64_t out = transposed
                      ? (in - 1) * stride[i] - pads +
                            dilation[i] * (kernel - 1) + out_pad[i] + 1
                      : conv_extent(in, kernel, pads, stride[i], dilation[i]);
    if (out < 1 || out > INT32_MAX)
      return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                      "'%s' has no output along axis %u: extent %lld, kernel "
                      "%lld, padding %lld",
                      sf_op_name(op), i + 1, (long long)in, (long long)kernel,
                      (long long)pads);
    if (transposed && out_pad[i] >= stride[i] && out_pad[i] >= dilation[i])
      return sf_wrong(v, SF_DIAG_ATTR, sf_attr_loc(op, SF_ATTR_out_pad),
                      "'out_pad' must be less than the stride or the dilation, "
                      "got %lld",
                      (long long)out_pad[i]);
    result->dim[i + 1] = (int32_t)out;
  }
  return true;
}

bool sf_verify_conv(sf_verifier *v, const sf_op *op) {
  const sf_type *x = sf_operand_type(op, 0), *w = sf_operand_type(op, 1);
  if (x->rank != 2 && x->rank != 3)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[0].loc,
                    "'%s' takes [channels, length] or [channels, height, "
                    "width], '%%%s' has %u axes",
                    sf_op_name(op), op->operands[0].value->name, x->rank);
  if (w->rank != x->rank + 1)
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[1].loc,
                    "weights of '%s' here have %u axes: outputs, channels, "
                    "kernel; '@%s' has %u",
                    sf_op_name(op), x->rank + 1U, op->operands[1].blob->name,
                    w->rank);
  sf_type result;
  return check_window_attrs(v, op, x->rank - 1U) && check_channels(v, op) &&
         check_scalars(v, op, 1) && check_bias(v, op, w->dim[0]) &&
         conv_result(v, op, &result) &&
         sf_expect_shape(v, op, &result, false) && sf_expect_shift(v, op);
}
