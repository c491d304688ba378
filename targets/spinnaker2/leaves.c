/* leaves.c - reading spiking normal form (docs/ir.md 7): add-trees of
 * projections on one side, moved and delayed streams on the other. */
#include "targets/spinnaker2/plan.h"

enum { STREAM_DEPTH_MAX = 64, STREAM_VALUES_MAX = 4096 };

static bool is_projection(const sf_op *op) {
  return op && (op->kind == SF_OP_LINEAR || op->kind == SF_OP_CONV ||
                op->kind == SF_OP_CONVT || op->kind == SF_OP_SPARSE ||
                (op->kind == SF_OP_POOL &&
                 sf_op_int(op, SF_ATTR_kind) == SF_POOL_SUM));
}

/* Streams that a population may take its sources from. */
static bool is_stream(const sf_value *value) {
  const sf_op *op = value->op;
  if (!op || op->kind == SF_OP_NEURONS) return true;
  switch (op->kind) {
  case SF_OP_DELAY:
  case SF_OP_RESHAPE:
    return sf_op_operand(op, 0) != NULL; /* else constant */
  case SF_OP_SLICE:
  case SF_OP_TRANSPOSE:
    return true; /* checked again below each of them */
  case SF_OP_CONCAT:
    return true;
  default:
    return false;
  }
}

/* Text may chain and join streams without end, and loop through `delay` without
 * a population: the walk has a limit on depth and on values seen. */
typedef struct stream_walk {
  sf_diag *diag;
  uint32_t seen;
} stream_walk;

static sf_result check_stream(const sf_value *value, stream_walk *walk,
                              int depth) {
  const sf_op *op = value->op;
  if (op && !is_stream(value)) {
    return sf_error(walk->diag, SF_DIAG_TARGET_CANNOT, value->loc,
                    "'%%%s' is computed by '%s'; spinnaker2 takes populations "
                    "and inputs there",
                    value->name, sf_op_info_get(op->kind)->mnemonic);
  }
  if (!op || op->kind == SF_OP_NEURONS) return SF_OK;
  if (depth == STREAM_DEPTH_MAX || ++walk->seen > STREAM_VALUES_MAX) {
    sf_error(walk->diag, SF_DIAG_TARGET_CANNOT, value->loc,
             "'%%%s' is moved and delayed more than %d times before a "
             "population",
             value->name, STREAM_DEPTH_MAX);
    sf_help(walk->diag, "run canonicalize, or relay it through a population");
    return SF_FAIL;
  }
  for (uint32_t i = 0; i < op->operand_count; i++)
    SF_TRY(check_stream(op->operands[i].value, walk, depth + 1));
  return SF_OK;
}

/* A tree of at most S2_LEAVES_MAX leaves is less deep than that. */
static sf_result collect(const sf_value *value, sf_diag *diag, int depth,
                         s2_leaves *out) {
  const sf_op *op = value->op;
  if (out->count == S2_LEAVES_MAX || depth == S2_LEAVES_MAX) {
    return sf_error(diag, SF_DIAG_TARGET_CANNOT, value->loc,
                    "a population takes more than %d projections",
                    S2_LEAVES_MAX);
  }
  if (op && op->kind == SF_OP_ADD && sf_op_operand(op, 0) &&
      sf_op_operand(op, 1)) {
    SF_TRY(collect(sf_op_operand(op, 0), diag, depth + 1, out));
    return collect(sf_op_operand(op, 1), diag, depth + 1, out);
  }
  s2_leaf leaf = {is_projection(op) ? op : NULL, value,
                  is_projection(op) ? sf_op_operand(op, 0) : value};
  stream_walk walk = {.diag = diag};
  SF_TRY(check_stream(leaf.stream, &walk, 0));
  out->leaf[out->count++] = leaf;
  return SF_OK;
}

sf_result sf_s2_leaves_collect(const sf_op *neurons, sf_diag *diag,
                               s2_leaves *out) {
  out->count = 0;
  for (uint32_t i = 0; i < neurons->operand_count; i++)
    SF_TRY(collect(neurons->operands[i].value, diag, 0, out));
  return SF_OK;
}

/* ---- Origins. ---- */

static void unflatten(const sf_type *type, uint32_t element, int64_t *index) {
  for (unsigned i = type->rank; i-- > 0;) {
    index[i] = element % (uint32_t)type->dim[i];
    element /= (uint32_t)type->dim[i];
  }
}

static uint32_t flatten(const sf_type *type, const int64_t *index) {
  int64_t element = 0;
  for (unsigned i = 0; i < type->rank; i++)
    element = element * type->dim[i] + index[i];
  return (uint32_t)element;
}

static s2_origin through_concat(const sf_op *op, const int64_t *index) {
  int64_t axis = sf_op_int(op, SF_ATTR_axis), at[SF_RANK_MAX] = {0};
  unsigned rank = op->results[0]->type.rank;
  if (axis < 0) axis += rank;
  for (unsigned i = 0; i < rank; i++)
    at[i] = index[i];
  for (uint32_t k = 0; k < op->operand_count; k++) {
    const sf_value *part = op->operands[k].value;
    if (at[axis] < part->type.dim[axis])
      return (s2_origin){part, flatten(&part->type, at), 0};
    at[axis] -= part->type.dim[axis];
  }
  return (s2_origin){op->operands[0].value, 0, 0}; /* verified: not reached */
}

static s2_origin one_back(const sf_value *value, uint32_t element) {
  const sf_op *op = value->op;
  const sf_value *from = sf_op_operand(op, 0);
  int64_t index[SF_RANK_MAX] = {0}, at[SF_RANK_MAX] = {0};
  int64_t begin[SF_RANK_MAX] = {0}, step[SF_RANK_MAX] = {0};
  unflatten(&value->type, element, index);
  switch (op->kind) {
  case SF_OP_DELAY:
    return (s2_origin){from, element, (uint32_t)sf_op_int(op, SF_ATTR_steps)};
  case SF_OP_SLICE:
    sf_op_ints(op, SF_ATTR_begin, from->type.rank, begin);
    sf_op_ints(op, SF_ATTR_step, from->type.rank, step);
    for (unsigned i = 0; i < from->type.rank; i++)
      at[i] = begin[i] + index[i] * step[i];
    return (s2_origin){from, flatten(&from->type, at), 0};
  case SF_OP_TRANSPOSE:
    sf_op_ints(op, SF_ATTR_perm, from->type.rank, begin);
    for (unsigned i = 0; i < from->type.rank; i++)
      at[begin[i]] = index[i];
    return (s2_origin){from, flatten(&from->type, at), 0};
  case SF_OP_CONCAT:
    return through_concat(op, index);
  default: /* reshape: the same element */
    return (s2_origin){from, element, 0};
  }
}

s2_origin sf_s2_origin_of(const sf_value *value, uint32_t element) {
  s2_origin origin = {value, element, 0};
  while (origin.value->op && origin.value->op->kind != SF_OP_NEURONS) {
    s2_origin back = one_back(origin.value, origin.element);
    back.delay = back.delay > UINT32_MAX - origin.delay
                     ? UINT32_MAX
                     : back.delay + origin.delay;
    origin = back;
  }
  return origin;
}
