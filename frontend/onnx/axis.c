/* axis.c - axes of inputs, and small ops along them. */
#include "frontend/onnx/axis.h"

sf_value *sf_onnx_stream_axis(onnx_node *node, uint32_t index, unsigned axis,
                              unsigned *out) {
  const onnx_value *x = sf_onnx_input(node, index);
  unsigned rank = x->kind == ONNX_STREAM ? x->stream->type.rank : x->shape.rank;
  if (rank > x->shape.rank || rank < x->shape.rank - axis)
    rank = x->shape.rank; /* the axis has extent 1 and is not there */
  sf_value *value = sf_onnx_stream(node, index, rank);
  *out = axis - (x->shape.rank - rank);
  return value;
}

sf_result sf_onnx_read_axis(onnx_node *node, const char *name, int64_t fallback,
                            unsigned *out) {
  const onnx_value *x = sf_onnx_input(node, 0);
  int64_t axis = sf_onnx_int(node, name, fallback);
  if (x->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  if (sf_onnx_axis(axis, x->shape.rank, out)) return SF_OK;
  return sf_onnx_refuse(node, NULL,
                        "'%s' is %lld for a tensor that has %u axes", name,
                        (long long)axis, x->shape.rank);
}

sf_value *sf_onnx_reduce(onnx_node *node, sf_pool_kind kind, sf_value *x,
                         unsigned count, const unsigned *axes) {
  if (!x) return NULL;
  sf_type type = x->type;
  int64_t list[ONNX_RANK_MAX];
  for (unsigned i = 0; i < count; i++) {
    list[i] = axes[i];
    type.dim[axes[i]] = 1;
  }
  if (kind == SF_POOL_SUM && type.scalar.kind == SF_SCALAR_SPIKE)
    type.scalar = sf_int(32);
  sf_value *y = sf_onnx_build1(node, SF_OP_REDUCE, &type, x);
  if (!y || sf_op_set_int(y->op, SF_ATTR_kind, kind) ||
      sf_op_set_ints(y->op, SF_ATTR_axes, count, list) ||
      sf_op_set_int(y->op, SF_ATTR_keep, 1))
    return NULL;
  return y;
}

sf_value *sf_onnx_transpose(onnx_node *node, sf_value *x,
                            const unsigned *perm) {
  if (!x) return NULL;
  sf_type type = x->type;
  int64_t list[ONNX_RANK_MAX];
  bool same = true;
  for (unsigned i = 0; i < type.rank; i++) {
    list[i] = perm[i];
    type.dim[i] = x->type.dim[perm[i]];
    same &= perm[i] == i;
  }
  if (same) return x;
  sf_value *y = sf_onnx_build1(node, SF_OP_TRANSPOSE, &type, x);
  if (!y || sf_op_set_ints(y->op, SF_ATTR_perm, type.rank, list)) return NULL;
  return y;
}

sf_value *sf_onnx_apply(onnx_node *node, sf_op_kind kind, sf_value *x) {
  return x ? sf_onnx_build1(node, kind, &x->type, x) : NULL;
}

sf_value *sf_onnx_apply_number(onnx_node *node, sf_op_kind kind, sf_value *x,
                               const char *name, double number) {
  return x ? sf_onnx_build_blob(
                 node, kind, &x->type, x,
                 sf_onnx_blob_number(node, name, x->type.rank, (float)number))
           : NULL;
}

sf_value *sf_onnx_combine(onnx_node *node, sf_op_kind kind, sf_value *a,
                          sf_value *b) {
  if (!a || !b) return NULL;
  sf_type type = a->type;
  for (unsigned i = 0; i < type.rank; i++)
    if (type.dim[i] == 1) type.dim[i] = b->type.dim[i];
  return sf_onnx_build2(node, kind, &type, a, b);
}

sf_value *sf_onnx_cut(onnx_node *node, sf_value *x, unsigned axis,
                      int64_t begin, int64_t end) {
  int64_t from[ONNX_RANK_MAX] = {0}, to[ONNX_RANK_MAX], step[ONNX_RANK_MAX];
  if (!x) return NULL;
  for (unsigned i = 0; i < x->type.rank; i++) {
    to[i] = x->type.dim[i];
    step[i] = 1;
  }
  from[axis] = begin;
  to[axis] = end;
  return sf_onnx_build_slice(node, x, from, to, step);
}

/* The axis is the last one meanwhile. */
sf_value *sf_onnx_linear_axis(onnx_node *node, sf_value *x, unsigned axis,
                              sf_blob *matrix) {
  if (!x || !matrix) return NULL;
  unsigned last = x->type.rank - 1U, perm[ONNX_RANK_MAX];
  for (unsigned i = 0; i <= last; i++)
    perm[i] = i;
  perm[axis] = last;
  perm[last] = axis;
  sf_value *y = sf_onnx_transpose(node, x, perm);
  if (!y) return NULL;
  sf_type type = y->type;
  type.dim[last] = matrix->type.dim[0];
  y = sf_onnx_build_blob(node, SF_OP_LINEAR, &type, y, matrix);
  return sf_onnx_transpose(node, y, perm);
}
