/* op_reduce.c - sums, means, extremes and norms along axes. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/elementwise.h"

#include <string.h>

/* What a reduction is about: ONNX's axes and result, and those of the axes that
 * the IR value has. */
typedef struct reduction {
  unsigned axes[ONNX_RANK_MAX], count; /* of the IR value `x` */
  sf_value *x;
  bool nothing; /* no axes: the input itself */
  bool keep;
  onnx_shape shape;
} reduction;

static sf_result read_axes(onnx_node *node, int since,
                           bool reduced[ONNX_RANK_MAX], bool *nothing) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned axes[ONNX_RANK_MAX];
  int64_t count;
  SF_TRY(sf_onnx_axes(node, since, 1, x->shape.rank, axes, &count));
  bool all = count <= 0;
  *nothing = all && sf_onnx_int(node, "noop_with_empty_axes", 0) != 0;
  for (unsigned i = 0; i < x->shape.rank; i++)
    reduced[i] = all && !*nothing;
  for (int64_t i = 0; i < count; i++)
    reduced[axes[i]] = true;
  return SF_OK;
}

static sf_result read_reduction(onnx_node *node, int since, reduction *r) {
  const onnx_value *x = sf_onnx_input(node, 0);
  bool reduced[ONNX_RANK_MAX] = {false};
  *r = (reduction){.keep = sf_onnx_int(node, "keepdims", 1) != 0};
  if (x->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  SF_TRY(read_axes(node, since, reduced, &r->nothing));
  r->x = sf_onnx_whole_stream(node);
  if (!r->x) return sf_onnx_failed(node);
  unsigned dropped = x->shape.rank > r->x->type.rank
                         ? x->shape.rank - (unsigned)r->x->type.rank
                         : 0;
  for (unsigned i = 0; i < x->shape.rank; i++) {
    if (reduced[i] && i >= dropped) r->axes[r->count++] = i - dropped;
    if (!reduced[i] || r->keep)
      r->shape.dim[r->shape.rank++] = reduced[i] ? 1 : x->shape.dim[i];
  }
  return SF_OK;
}

/* The op of the IR, with extents 1 left or taken out as ONNX wants it. */
static sf_value *reduce(onnx_node *node, const reduction *r, sf_pool_kind kind,
                        sf_value *x) {
  if (!r->count) return x;
  sf_value *y = sf_onnx_reduce(node, kind, x, r->count, r->axes);
  if (!y || r->keep) return y;
  sf_type type = {.scalar = y->type.scalar};
  unsigned next = 0;
  for (unsigned i = 0; i < y->type.rank; i++)
    if (next < r->count && r->axes[next] == i)
      next++;
    else
      type.dim[type.rank++] = y->type.dim[i];
  y->type = type;
  return sf_op_set_int(y->op, SF_ATTR_keep, 0) == SF_OK ? y : NULL;
}

static sf_result emit(onnx_node *node, const reduction *r, sf_value *y) {
  sf_type type =
      sf_onnx_type(sf_onnx_input(node, 0)->dtype, &r->shape, r->shape.rank);
  /* A leading axis that only the IR value had, or has not. */
  if (y && sf_type_elements(&y->type) == sf_type_elements(&type) &&
      y->type.rank > type.rank)
    y = sf_onnx_reshape(node, y, type.rank, type.dim);
  return sf_onnx_emit(node, 0, y, sf_onnx_input(node, 0)->dtype, &r->shape);
}

/* ---- Sum, mean, maximum. ---- */

static sf_result emit_plain(onnx_node *node, int since, sf_pool_kind kind) {
  reduction r;
  SF_TRY(read_reduction(node, since, &r));
  if (r.nothing) return sf_onnx_emit_same(node, 0, 0);
  if (kind == SF_POOL_MEAN && !sf_onnx_is_float(sf_onnx_input(node, 0)->dtype))
    return sf_onnx_refuse(node, NULL, "the mean of integers");
  return emit(node, &r, reduce(node, &r, kind, r.x));
}

static sf_result translate_reduce_mean(onnx_node *node) {
  return emit_plain(node, 18, SF_POOL_MEAN);
}

static sf_result translate_reduce_sum(onnx_node *node) {
  return emit_plain(node, 13, SF_POOL_SUM);
}

static sf_result translate_reduce_max(onnx_node *node) {
  return emit_plain(node, 18, SF_POOL_MAX);
}

/* ---- A function before the sum, another one behind it. ---- */

static sf_value *square(onnx_node *node, sf_value *x) {
  return sf_onnx_combine(node, SF_OP_MUL, x, x);
}

/* The maximum is taken out, so that no exponential overflows. */
static sf_value *log_sum_exp(onnx_node *node, const reduction *r) {
  reduction keep = *r;
  keep.keep = true;
  sf_value *peak = reduce(node, &keep, SF_POOL_MAX, r->x);
  sf_value *e = sf_onnx_apply(node, SF_OP_EXP,
                              sf_onnx_combine(node, SF_OP_SUB, r->x, peak));
  sf_value *log =
      sf_onnx_apply(node, SF_OP_LOG, reduce(node, &keep, SF_POOL_SUM, e));
  sf_value *y = sf_onnx_combine(node, SF_OP_ADD, log, peak);
  sf_type type = sf_onnx_type(ONNX_FLOAT, &r->shape, r->shape.rank);
  return sf_onnx_reshape(node, y, type.rank, type.dim);
}

static sf_value *composed(onnx_node *node, const reduction *r) {
  const char *name = node->op_type;
  if (strcmp(name, "ReduceLogSumExp") == 0) return log_sum_exp(node, r);
  if (strcmp(name, "ReduceMin") == 0) {
    sf_value *m = sf_onnx_apply_number(node, SF_OP_MUL, r->x, "minus_one", -1);
    return sf_onnx_apply_number(
        node, SF_OP_MUL, reduce(node, r, SF_POOL_MAX, m), "minus_one", -1);
  }
  sf_value *x = r->x;
  if (strcmp(name, "ReduceL1") == 0) x = sf_onnx_apply(node, SF_OP_ABS, x);
  if (strcmp(name, "ReduceL2") == 0 || strcmp(name, "ReduceSumSquare") == 0)
    x = square(node, x);
  sf_value *y = reduce(node, r, SF_POOL_SUM, x);
  if (strcmp(name, "ReduceL2") == 0) y = sf_onnx_apply(node, SF_OP_SQRT, y);
  if (strcmp(name, "ReduceLogSum") == 0) y = sf_onnx_apply(node, SF_OP_LOG, y);
  return y;
}

static sf_result translate_composed(onnx_node *node) {
  reduction r;
  SF_TRY(read_reduction(node, 18, &r));
  if (!sf_onnx_is_float(sf_onnx_input(node, 0)->dtype))
    return sf_onnx_refuse(node, NULL, "the input is %s; floats are supported",
                          sf_onnx_dtype_text(sf_onnx_input(node, 0)->dtype));
  /* Without axes each element is a group of its own. */
  if (r.nothing) r.keep = true;
  return emit(node, &r, composed(node, &r));
}

const onnx_operator sf_onnx_reduce_rows[] = {
    {"", "ReduceL1", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_composed, ""},
    {"", "ReduceL2", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_composed, ""},
    {"", "ReduceLogSum", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_composed,
     ""},
    {"", "ReduceLogSumExp", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_composed,
     ""},
    {"", "ReduceMax", 1, ONNX_OPSET_NEWEST, ONNX_POOL, translate_reduce_max,
     ""},
    {"", "ReduceMean", 1, ONNX_OPSET_NEWEST, ONNX_POOL, translate_reduce_mean,
     "over time steps: a rate decoder"},
    {"", "ReduceMin", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_composed, ""},
    {"", "ReduceSum", 1, ONNX_OPSET_NEWEST, ONNX_POOL, translate_reduce_sum,
     ""},
    {"", "ReduceSumSquare", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_composed,
     ""},
    {0}};
