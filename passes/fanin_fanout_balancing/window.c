/* window.c - rows (or columns) of a kernel as a convolution or pool of its own.
 *
 * Element k of the kernel meets element i s - p + k d of the stream. So the
 * part [k0, k1) is the window that starts k0 d later: with less padding at the
 * begin, and where that would be negative with a stream that starts later. */
#include "passes/fanin_fanout_balancing/balancing.h"

typedef struct reach {
  int64_t first, last; /* elements of the stream that any window meets */
} reach;

static reach reach_of(const sf_op *op, unsigned axis, int32_t begin,
                      int32_t end) {
  const sf_type *type = &op->results[0]->type;
  unsigned spatial = type->rank - 1u, at = axis - 2;
  int64_t stride[SF_RANK_MAX], pad[2 * SF_RANK_MAX], dilation[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_stride, spatial, stride);
  sf_op_ints(op, SF_ATTR_pad, 2 * spatial, pad);
  sf_op_ints(op, SF_ATTR_dilation, spatial, dilation);
  int64_t outputs = type->dim[at + 1];
  return (reach){begin * dilation[at] - pad[at], (outputs - 1) * stride[at] -
                                                     pad[at] +
                                                     (end - 1) * dilation[at]};
}

/* Padding of the part, and what the stream keeps of its axis. */
static sf_result set_padding(sf_op *piece, const sf_op *leaf, unsigned at,
                             reach r, int64_t extent) {
  unsigned spatial = leaf->results[0]->type.rank - 1u;
  int64_t pad[2 * SF_RANK_MAX];
  sf_op_ints(leaf, SF_ATTR_pad, 2 * spatial, pad);
  pad[at] = r.first < 0 ? -r.first : 0;
  pad[spatial + at] = r.last >= extent ? r.last + 1 - extent : 0;
  return sf_op_set_ints(piece, SF_ATTR_pad, 2 * spatial, pad);
}

/* The window of a pool as weights, with another extent along one axis. */
static sf_blob *ones(const sf_op *pool, unsigned at, int32_t extent) {
  unsigned spatial = pool->results[0]->type.rank - 1u;
  int64_t kernel[SF_RANK_MAX];
  sf_op_ints(pool, SF_ATTR_kernel, spatial, kernel);
  int32_t dim[SF_RANK_MAX] = {pool->results[0]->type.dim[0], 1};
  for (unsigned i = 0; i < spatial; i++)
    dim[i + 2] = i == at ? extent : (int32_t)kernel[i];
  sf_type type = sf_type_make(sf_int(2), spatial + 2, dim);
  return sf_blob_create_splat(pool->network->module, "one", &type,
                              sf_number_int(1));
}

sf_result sf_fan_piece_window(const sf_fan_cut *cut, int32_t begin, int32_t end,
                              sf_op *piece, sf_value **stream) {
  const sf_op *leaf = cut->leaf;
  sf_value *x = sf_op_operand(leaf, 0);
  unsigned at = cut->axis - 2, spatial = leaf->results[0]->type.rank - 1u;
  int64_t extent = x->type.dim[at + 1];
  reach r = reach_of(leaf, cut->axis, begin, end);
  *stream = NULL;
  if (r.first >= extent || r.last < 0) return SF_OK; /* padding only */
  SF_TRY(set_padding(piece, leaf, at, r, extent));
  int32_t from = r.first < 0 ? 0 : (int32_t)r.first;
  int32_t to = r.last >= extent ? (int32_t)extent : (int32_t)r.last + 1;
  if (piece->kind == SF_OP_POOL) {
    int64_t kernel[SF_RANK_MAX];
    sf_op_ints(leaf, SF_ATTR_kernel, spatial, kernel);
    kernel[at] = end - begin;
    SF_TRY(sf_op_set_ints(piece, SF_ATTR_kernel, spatial, kernel));
  } else {
    sf_blob *weights = leaf->kind == SF_OP_POOL
                           ? ones(leaf, at, end - begin)
                           : sf_fan_blob_slice(sf_op_operand_blob(leaf, 1),
                                               cut->axis, begin, end);
    if (!weights) return SF_OOM;
    sf_op_set_operand_blob(piece, 1, weights);
  }
  *stream = sf_fan_slice(x, at + 1, from, to, piece);
  return *stream ? SF_OK : SF_OOM;
}
