/* moves.c - ops that only move elements, as maps from result to operand. */
#include "targets/loihi2/plan.h"

#include <stdlib.h>

/* Coordinates of a flat element, and back. */
static void unflatten(const sf_type *type, size_t flat,
                      int64_t at[SF_RANK_MAX]) {
  for (uint32_t axis = type->rank; axis-- > 0;) {
    at[axis] = (int64_t)(flat % (size_t)type->dim[axis]);
    flat /= (size_t)type->dim[axis];
  }
}

static int32_t flatten(const sf_type *type, const int64_t at[SF_RANK_MAX]) {
  int64_t flat = 0;
  for (uint32_t axis = 0; axis < type->rank; axis++)
    flat = flat * type->dim[axis] + at[axis];
  return (int32_t)flat;
}

typedef struct mover {
  const sf_type *from, *to; /* operand, result */
  int64_t a[SF_RANK_MAX];   /* SLICE begin, TRANSPOSE perm */
  int64_t b[SF_RANK_MAX];   /* SLICE step */
  uint32_t axis;            /* CONCAT */
  int64_t offset;           /* CONCAT: first index of the operand on it */
} mover;

/* Operand's element for the result's coordinates, or -1. */
static int32_t source_of(const sf_op *op, const mover *m,
                         const int64_t at[SF_RANK_MAX]) {
  int64_t from[SF_RANK_MAX] = {0};
  for (uint32_t axis = 0; axis < m->to->rank; axis++)
    if (op->kind == SF_OP_SLICE)
      from[axis] = m->a[axis] + at[axis] * m->b[axis];
    else if (op->kind == SF_OP_TRANSPOSE)
      from[m->a[axis]] = at[axis];
    else
      from[axis] = at[axis] - (axis == m->axis ? m->offset : 0);
  if (op->kind == SF_OP_CONCAT &&
      (from[m->axis] < 0 || from[m->axis] >= m->from->dim[m->axis]))
    return -1;
  return flatten(m->from, from);
}

static mover mover_of(const sf_op *op, uint32_t operand) {
  mover m = {.from = &sf_op_operand(op, operand)->type,
             .to = &sf_op_result(op, 0)->type};
  uint32_t rank = m.to->rank;
  if (op->kind == SF_OP_SLICE) {
    sf_op_ints(op, SF_ATTR_begin, rank, m.a);
    sf_op_ints(op, SF_ATTR_step, rank, m.b);
  } else if (op->kind == SF_OP_TRANSPOSE) {
    sf_op_ints(op, SF_ATTR_perm, rank, m.a);
  } else if (op->kind == SF_OP_CONCAT) {
    int64_t axis = sf_op_int(op, SF_ATTR_axis);
    m.axis = (uint32_t)(axis < 0 ? axis + rank : axis);
    for (uint32_t i = 0; i < operand; i++)
      m.offset += sf_op_operand(op, i)->type.dim[m.axis];
  }
  return m;
}

sf_result sf_l2_move_map(sf_l2_plan *plan, const sf_op *op, uint32_t operand,
                         const int32_t **out) {
  *out = NULL;
  if (op->kind == SF_OP_DELAY || op->kind == SF_OP_RESHAPE) return SF_OK;
  if (op->kind == SF_OP_CONCAT && op->operand_count == 1) return SF_OK;
  mover m = mover_of(op, operand);
  size_t elements = sf_type_elements(m.to);
  int32_t *map = SF_NEW_ARRAY(plan->arena, int32_t, elements);
  if (!map) return SF_OOM;
  for (size_t e = 0; e < elements; e++) {
    int64_t at[SF_RANK_MAX];
    unflatten(m.to, e, at);
    map[e] = source_of(op, &m, at);
  }
  *out = map;
  return SF_OK;
}
