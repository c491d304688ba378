/* interp_move.c - ops that only move elements (concat, slice, reshape,
 * transpose), and delay. docs/ir.md 4. */
#include "ir/interp_node.h"

#include <string.h>

static void strides_of(const sf_type *type, int64_t *stride) {
  int64_t step = 1;
  for (unsigned axis = type->rank; axis-- > 0;) {
    stride[axis] = step;
    step *= type->dim[axis];
  }
}

/* Each result element copies the operand element that the map names. */
static sf_result run_copy(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  size_t elements = sf_type_elements(&sf_op_result(node->op, 0)->type);
  for (size_t n = 0; n < elements; n++)
    node->results[0][n] = node->operands[0].data[sf_mapped(node->maps, n)];
  return SF_OK;
}

/* index[n] = offset + sum of stride[axis] * position[axis] over the result. */
static sf_result affine_map(sf_interp *interp, sf_interp_node *node,
                            int64_t offset, const int64_t *stride) {
  const sf_type *to = &sf_op_result(node->op, 0)->type;
  size_t elements = sf_type_elements(to);
  uint32_t *index = SF_NEW_ARRAY(interp->arena, uint32_t, elements);
  if (!index) return SF_OOM;
  int32_t position[SF_RANK_MAX] = {0};
  for (size_t n = 0; n < elements; n++) {
    int64_t source = offset;
    for (unsigned axis = 0; axis < to->rank; axis++)
      source += stride[axis] * position[axis];
    index[n] = (uint32_t)source;
    sf_position_next(to, position);
  }
  node->maps->index = index;
  return SF_OK;
}

static sf_result prepare_slice(sf_interp *interp, sf_interp_node *node) {
  const sf_type *from = node->operands[0].type;
  int64_t begin[SF_RANK_MAX] = {0}, step[SF_RANK_MAX] = {0};
  int64_t stride[SF_RANK_MAX] = {0};
  int64_t offset = 0;
  sf_op_ints(node->op, SF_ATTR_begin, from->rank, begin);
  sf_op_ints(node->op, SF_ATTR_step, from->rank, step);
  strides_of(from, stride);
  for (unsigned axis = 0; axis < from->rank; axis++) {
    offset += begin[axis] * stride[axis];
    stride[axis] *= step[axis];
  }
  return affine_map(interp, node, offset, stride);
}

static sf_result prepare_transpose(sf_interp *interp, sf_interp_node *node) {
  const sf_type *from = node->operands[0].type;
  int64_t perm[SF_RANK_MAX] = {0}, source[SF_RANK_MAX] = {0};
  int64_t stride[SF_RANK_MAX] = {0};
  sf_op_ints(node->op, SF_ATTR_perm, from->rank, perm);
  strides_of(from, source);
  for (unsigned axis = 0; axis < from->rank; axis++)
    stride[axis] = source[perm[axis]];
  return affine_map(interp, node, 0, stride);
}

/* A row is everything from the joined axis on. */
static sf_result run_concat(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  const sf_type *to = &sf_op_result(node->op, 0)->type;
  int64_t axis = sf_op_int(node->op, SF_ATTR_axis);
  size_t rows = 1;
  for (int64_t n = 0; n < axis; n++)
    rows *= (size_t)to->dim[n];
  size_t result_row = sf_type_elements(to) / rows, at = 0;
  for (uint32_t n = 0; n < node->operand_count; n++) {
    const sf_interp_tensor *operand = &node->operands[n];
    size_t size = sf_type_elements(operand->type) / rows;
    for (size_t row = 0; row < rows; row++)
      memcpy(node->results[0] + row * result_row + at,
             operand->data + row * size, size * sizeof(sf_word));
    at += size;
  }
  return SF_OK;
}

sf_result sf_prepare_move(sf_interp *interp, sf_interp_node *node) {
  node->run = run_copy;
  node->maps = SF_NEW(interp->arena, sf_index_map);
  if (!node->maps) return SF_OOM;
  for (uint32_t n = 0; n < node->operand_count; n++)
    if (node->operands[n].blob)
      SF_TRY(sf_interp_blob_words(interp, node->operands[n].blob,
                                  &node->operands[n].data));
  switch (node->op->kind) {
  case SF_OP_SLICE:
    return prepare_slice(interp, node);
  case SF_OP_TRANSPOSE:
    return prepare_transpose(interp, node);
  case SF_OP_CONCAT:
    node->run = run_concat;
    return SF_OK;
  default:
    return SF_OK; /* reshape: the same order */
  }
}

sf_result sf_prepare_delay(sf_interp *interp, sf_interp_node *node) {
  /* sf_interp_step reads and writes the ring around all ops. */
  return sf_history_create(interp, (uint64_t)sf_op_int(node->op, SF_ATTR_steps),
                           sf_type_elements(node->operands[0].type),
                           &node->history);
}
