/* pieces.c - the part of a projection that reads a part of its stream.
 *
 *   %i = linear %x, @w : i16[4]        %x.1 = slice %x {begin = 0, end = 50}
 *                                 =>   %i.1 = linear %x.1, @w.1 : i12[4]
 *
 * where @w.1 is a slice of @w: no weight is copied. Convolutions are cut by
 * input channels (of each group), and along the kernel when there is one.
 * Parts of a pool with padding are convolutions with weights of 1: a window of
 * a pool must hold an element, which that of a part may not. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/rewrite/op_copy.h"

/* ---- Moves and slices. ---- */

sf_value *sf_fan_slice(sf_value *value, unsigned axis, int32_t begin,
                       int32_t end, sf_op *before) {
  sf_type type = value->type;
  if (begin == 0 && end == type.dim[axis]) return value;
  int64_t first[SF_RANK_MAX] = {0}, last[SF_RANK_MAX];
  for (unsigned i = 0; i < type.rank; i++)
    last[i] = type.dim[i];
  first[axis] = begin;
  last[axis] = end;
  type.dim[axis] = end - begin;
  sf_op *op = sf_op_create(value->network, before, SF_OP_SLICE, 1, before->loc);
  if (!op || sf_op_set_ints(op, SF_ATTR_begin, type.rank, first) != SF_OK ||
      sf_op_set_ints(op, SF_ATTR_end, type.rank, last) != SF_OK)
    return NULL;
  sf_op_set_operand(op, 0, value);
  return sf_op_add_result(op, value->name, &type);
}

sf_value *sf_fan_reshape(sf_value *value, unsigned rank, const int32_t *dim,
                         sf_op *before) {
  sf_type type = sf_type_make(value->type.scalar, rank, dim);
  if (sf_type_equal(&type, &value->type)) return value;
  sf_loc loc = before ? before->loc : value->op->loc;
  sf_op *op = sf_op_create(value->network, before, SF_OP_RESHAPE, 1, loc);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, value);
  return sf_op_add_result(op, value->name, &type);
}

sf_blob *sf_fan_blob_slice(sf_blob *blob, unsigned axis, int32_t begin,
                           int32_t end) {
  sf_type type = blob->type;
  int32_t first[SF_RANK_MAX] = {0};
  first[axis] = begin;
  type.dim[axis] = end - begin;
  return sf_blob_create_slice(blob->module, blob->name, &type, blob, first);
}

/* ---- Axes. ---- */

/* The longest axis of a window. */
static void window_axis(const sf_op *op, sf_fan_cut *cut) {
  unsigned spatial = op->results[0]->type.rank - 1u;
  int64_t dim[SF_RANK_MAX];
  if (op->kind == SF_OP_POOL) {
    sf_op_ints(op, SF_ATTR_kernel, spatial, dim);
  } else {
    const sf_type *type = &sf_op_operand_blob(op, 1)->type;
    for (unsigned i = 0; i < spatial; i++)
      dim[i] = type->dim[i + 2];
  }
  cut->extent = 1;
  for (unsigned i = 0; i < spatial; i++) {
    if (dim[i] <= cut->extent) continue;
    cut->extent = (int32_t)dim[i];
    cut->axis = i + 2;
  }
}

static bool has_padding(const sf_op *pool) {
  int64_t pad[2 * SF_RANK_MAX];
  unsigned count = 2 * (pool->results[0]->type.rank - 1u);
  sf_op_ints(pool, SF_ATTR_pad, count, pad);
  for (unsigned i = 0; i < count; i++)
    if (pad[i]) return true;
  return false;
}

/* Channels of a group, or taps when there is one. */
static void kernel_axis(const sf_op *leaf, sf_fan_cut *cut) {
  cut->axis = 1;
  cut->extent = sf_op_operand_blob(leaf, 1)->type.dim[1];
  if (cut->extent > 1 || leaf->kind == SF_OP_LINEAR) return;
  cut->listed = leaf->kind == SF_OP_CONVT;
  if (cut->listed)
    cut->extent = (int32_t)sf_fan_transposed_taps(leaf);
  else
    window_axis(leaf, cut);
}

static void find_axis(const sf_op *leaf, sf_fan_cut *cut) {
  switch (leaf->kind) {
  case SF_OP_SPARSE:
    cut->extent = sf_op_operand(leaf, 0)->type.dim[0];
    break;
  case SF_OP_POOL:
    window_axis(leaf, cut);
    break;
  default:
    kernel_axis(leaf, cut);
    break;
  }
}

static sf_blob *weights_of(const sf_op *leaf) {
  if (leaf->kind == SF_OP_POOL) return NULL;
  return sf_op_operand_blob(leaf, leaf->kind == SF_OP_SPARSE ? 2 : 1);
}

/* Parts may round when each product is rounded by itself, or nothing is. */
static sf_result parts_round(const sf_op *leaf, sf_diag *diag, bool *out) {
  *out = true;
  if (leaf->kind == SF_OP_POOL) return SF_OK;
  int64_t shift = sf_op_int(leaf, SF_ATTR_shift);
  if (shift <= 0 || sf_op_int(leaf, SF_ATTR_each)) return SF_OK;
  sf_blob *weights = weights_of(leaf);
  SF_TRY(sf_blob_load(weights, diag));
  uint32_t bits = 0;
  for (size_t i = 0; i < sf_blob_elements(weights); i++)
    bits |= (uint32_t)sf_blob_i32(weights, i);
  *out = shift < 32 && (bits & ((UINT32_C(1) << shift) - 1)) == 0;
  return SF_OK;
}

sf_result sf_fan_cut_of(sf_fan *fan, sf_op *leaf, uint64_t taps,
                        sf_fan_cut *cut, const char **why) {
  *cut = (sf_fan_cut){.leaf = leaf};
  *why = NULL;
  find_axis(leaf, cut);
  if (cut->listed && sf_fan_is_too_long(leaf))
    *why = "its transposed kernel has more edges than may be listed";
  if (*why) return SF_OK;
  uint64_t all;
  SF_TRY(sf_fan_taps(fan, leaf, &all));
  uint64_t extent = (uint64_t)cut->extent;
  cut->taps_each = (all + extent - 1) / extent;
  uint64_t step = taps / (cut->taps_each ? cut->taps_each : 1);
  cut->step = step < 1 ? 1 : step > extent ? cut->extent : (int32_t)step;
  return parts_round(leaf, fan->run->diag, &cut->exact_parts);
}

/* ---- Pieces. ---- */

static int32_t rows_of(const sf_op *leaf) {
  return (int32_t)sf_type_elements(&leaf->results[0]->type);
}

static sf_result slice_operand(sf_op *piece, uint32_t index, sf_blob *blob,
                               unsigned axis, int32_t begin, int32_t end) {
  sf_blob *slice = sf_fan_blob_slice(blob, axis, begin, end);
  if (!slice) return SF_OOM;
  sf_op_set_operand_blob(piece, index, slice);
  return SF_OK;
}

static sf_result piece_linear(const sf_fan_cut *cut, int32_t begin, int32_t end,
                              sf_op *piece, sf_value **stream) {
  sf_value *x = sf_op_operand(cut->leaf, 0);
  *stream = sf_fan_slice(x, x->type.rank - 1u, begin, end, piece);
  if (!*stream) return SF_OOM;
  sf_blob *delays = sf_op_blob(cut->leaf, SF_ATTR_delays);
  if (delays) {
    sf_blob *slice = sf_fan_blob_slice(delays, 1, begin, end);
    if (!slice) return SF_OOM;
    SF_TRY(sf_op_set_blob(piece, SF_ATTR_delays, slice));
  }
  return slice_operand(piece, 1, sf_op_operand_blob(cut->leaf, 1), 1, begin,
                       end);
}

/* Channels [begin, end) of each group. */
static sf_value *group_channels(sf_value *x, int32_t groups, int32_t begin,
                                int32_t end, sf_op *before) {
  if (groups == 1) return sf_fan_slice(x, 0, begin, end, before);
  const sf_type type = x->type;
  int32_t dim[SF_RANK_MAX] = {groups, type.dim[0] / groups};
  for (unsigned i = 1; i < type.rank; i++)
    dim[i + 1] = type.dim[i];
  x = sf_fan_reshape(x, type.rank + 1u, dim, before);
  if (x) x = sf_fan_slice(x, 1, begin, end, before);
  dim[1] = groups * (end - begin);
  return x ? sf_fan_reshape(x, type.rank, dim + 1, before) : NULL;
}

static sf_result piece_channels(const sf_fan_cut *cut, int32_t begin,
                                int32_t end, sf_op *piece, sf_value **stream) {
  sf_value *x = sf_op_operand(cut->leaf, 0);
  int32_t groups = (int32_t)sf_op_int(cut->leaf, SF_ATTR_groups);
  *stream = group_channels(x, groups, begin, end, piece);
  if (!*stream) return SF_OOM;
  return slice_operand(piece, 1, sf_op_operand_blob(cut->leaf, 1), 1, begin,
                       end);
}

static sf_result fill_piece(sf_fan *fan, const sf_fan_cut *cut, int32_t begin,
                            int32_t end, sf_op *piece, sf_value **stream) {
  if (cut->leaf->kind == SF_OP_SPARSE)
    return sf_fan_piece_edges(fan, cut, begin, end, piece, stream);
  if (cut->listed)
    return sf_fan_piece_listed(fan, cut, begin, end, piece, stream);
  if (cut->leaf->kind == SF_OP_LINEAR)
    return piece_linear(cut, begin, end, piece, stream);
  if (cut->axis >= 2)
    return sf_fan_piece_window(cut, begin, end, piece, stream);
  return piece_channels(cut, begin, end, piece, stream);
}

/* The same attribute of another op. */
static sf_result copy_int(sf_op *to, const sf_op *from, sf_attr_id id) {
  return sf_op_set_int(to, id, sf_op_int(from, id));
}

static sf_result copy_ints(sf_op *to, const sf_op *from, sf_attr_id id,
                           unsigned count) {
  int64_t values[SF_RANK_MAX];
  sf_op_ints(from, id, count, values);
  return sf_op_set_ints(to, id, count, values);
}

/* Edges of a transposed convolution. */
static sf_op *create_listed(sf_op *leaf) {
  sf_op *piece = sf_op_create(leaf->network, leaf, SF_OP_SPARSE, 3, leaf->loc);
  bool made = piece &&
              sf_op_set_int(piece, SF_ATTR_rows, rows_of(leaf)) == SF_OK &&
              copy_int(piece, leaf, SF_ATTR_shift) == SF_OK &&
              copy_int(piece, leaf, SF_ATTR_round) == SF_OK &&
              copy_int(piece, leaf, SF_ATTR_each) == SF_OK;
  return made ? piece : NULL;
}

/* A pool as a convolution; padding and weights come with the part. */
static sf_op *create_depthwise(sf_op *pool) {
  const sf_type *type = &pool->results[0]->type;
  sf_op *piece = sf_op_create(pool->network, pool, SF_OP_CONV, 2, pool->loc);
  bool made =
      piece && sf_op_set_int(piece, SF_ATTR_groups, type->dim[0]) == SF_OK &&
      copy_ints(piece, pool, SF_ATTR_stride, type->rank - 1u) == SF_OK &&
      copy_ints(piece, pool, SF_ATTR_dilation, type->rank - 1u) == SF_OK;
  return made ? piece : NULL;
}

static sf_op *create_piece(const sf_fan_cut *cut) {
  sf_op *leaf = cut->leaf;
  if (leaf->kind == SF_OP_POOL && has_padding(leaf))
    return create_depthwise(leaf);
  if (cut->listed && leaf->kind == SF_OP_CONVT) return create_listed(leaf);
  uint32_t operands = leaf->kind == SF_OP_POOL     ? 1
                      : leaf->kind == SF_OP_SPARSE ? 3
                                                   : 2; /* no bias */
  sf_op *piece = sf_op_copy_into(leaf->network, leaf, leaf, operands);
  if (piece) piece->mode = SF_MODE_NONE;
  return piece;
}

sf_result sf_fan_piece(sf_fan *fan, const sf_fan_cut *cut, int32_t begin,
                       int32_t end, sf_value **out) {
  const sf_op *leaf = cut->leaf;
  sf_op *piece = create_piece(cut);
  if (!piece) return SF_OOM;
  if (!cut->exact_parts) {
    SF_TRY(sf_op_set_int(piece, SF_ATTR_shift, 0));
    SF_TRY(sf_op_set_int(piece, SF_ATTR_round, SF_ROUND_FLOOR));
  }
  sf_value *stream = NULL;
  *out = NULL;
  SF_TRY(fill_piece(fan, cut, begin, end, piece, &stream));
  if (!stream) {
    sf_op_erase(piece);
    return SF_OK;
  }
  sf_op_set_operand(piece, 0, stream);
  sf_type type = leaf->results[0]->type;
  const int32_t rows = rows_of(leaf);
  if (cut->listed) type = sf_type_make(type.scalar, 1, &rows);
  type.scalar = sf_int(32); /* narrowed when its interval is known */
  *out = sf_op_add_result(piece, leaf->results[0]->name, &type);
  return *out ? SF_OK : SF_OOM;
}
