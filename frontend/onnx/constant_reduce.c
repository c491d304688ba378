/* constant_reduce.c - sums over axes of constants, and products of matrices. */
#include "frontend/onnx/onnx.h"

#include <math.h>
#include <string.h>

typedef enum reduction {
  SUM,
  MEAN,
  MAXIMUM,
  MINIMUM,
  PRODUCT,
  L1,
  L2,
  SQUARES,
  LOG_SUM,
  LOG_SUM_EXP
} reduction;

/* Which axes go, and the shape that is left. */
typedef struct reduced {
  bool gone[ONNX_RANK_MAX];
  bool nothing;     /* no axes named and noop_with_empty_axes */
  onnx_shape kept;  /* with 1 in place of each */
  onnx_shape shape; /* of the result */
} reduced;

static sf_result read_axes(onnx_node *node, const onnx_shape *x, int since,
                           reduced *out) {
  unsigned axes[ONNX_RANK_MAX];
  int64_t count;
  *out = (reduced){.kept = *x};
  SF_TRY(sf_onnx_axes(node, since, 1, x->rank, axes, &count));
  bool keep = sf_onnx_int(node, "keepdims", 1) != 0;
  bool none = count <= 0;
  out->nothing = none && sf_onnx_int(node, "noop_with_empty_axes", 0) != 0;
  for (unsigned i = 0; i < x->rank; i++)
    out->gone[i] = none && !out->nothing;
  for (int64_t i = 0; i < count; i++)
    out->gone[axes[i]] = true;
  for (unsigned i = 0; i < x->rank; i++) {
    if (out->gone[i]) out->kept.dim[i] = 1;
    if (!out->gone[i] || keep)
      out->shape.dim[out->shape.rank++] = out->kept.dim[i];
  }
  return SF_OK;
}

/* Place in the result of an element of the input. */
static uint64_t target_of(const reduced *r, const onnx_shape *x,
                          uint64_t flat) {
  uint64_t to = 0, scale = 1;
  for (unsigned i = x->rank; i-- > 0;) {
    uint64_t at = flat % (uint64_t)x->dim[i];
    flat /= (uint64_t)x->dim[i];
    if (r->gone[i]) continue;
    to += at * scale;
    scale *= (uint64_t)x->dim[i];
  }
  return to;
}

static double first_value(reduction kind) {
  return kind == MAXIMUM   ? -INFINITY
         : kind == MINIMUM ? INFINITY
         : kind == PRODUCT ? 1
                           : 0;
}

static double fold(reduction kind, double sum, double x) {
  switch (kind) {
  case MAXIMUM:
    return x > sum || isnan(x) ? x : sum;
  case MINIMUM:
    return x < sum || isnan(x) ? x : sum;
  case PRODUCT:
    return sum * x;
  case L1:
    return sum + fabs(x);
  case L2:
  case SQUARES:
    return sum + x * x;
  case LOG_SUM_EXP:
    return sum + exp(x);
  default:
    return sum + x;
  }
}

static double finish(reduction kind, double sum, double count) {
  switch (kind) {
  case MEAN:
    return sum / count;
  case L2:
    return sqrt(sum);
  case LOG_SUM:
  case LOG_SUM_EXP:
    return log(sum);
  default:
    return sum;
  }
}

/* Sums are kept in binary64: exact for integers below 2^53, which is checked.
 */
static sf_result reduce(onnx_node *node, reduction kind, int since) {
  const onnx_tensor *x = sf_onnx_constant(node, 0);
  reduced r;
  if (!x) return sf_onnx_refuse(node, NULL, "the input is missing");
  SF_TRY(read_axes(node, &x->shape, since, &r));
  if (r.nothing) return sf_onnx_emit_same(node, 0, 0);
  uint64_t count = sf_onnx_elements(&x->shape);
  if (!sf_onnx_charge(node, count)) return SF_FAIL;
  onnx_tensor *sums = sf_onnx_tensor_create(node, ONNX_DOUBLE, &r.kept);
  onnx_tensor *made =
      sums ? sf_onnx_tensor_create(node, x->dtype, &r.shape) : NULL;
  if (!made) return sf_onnx_failed(node);
  uint64_t results = sf_onnx_elements(&r.kept);
  for (uint64_t i = 0; i < results; i++)
    sf_onnx_set_f64(sums, i, first_value(kind));
  bool is_float = sf_onnx_is_float(x->dtype);
  for (uint64_t i = 0; i < count; i++) {
    uint64_t to = target_of(&r, &x->shape, i);
    double sum = fold(kind, sf_onnx_get_f64(sums, to), sf_onnx_get_f64(x, i));
    if (!is_float && !(fabs(sum) < 0x1p53))
      return sf_onnx_refuse(node, NULL, "integers beyond 2^53 are reduced");
    sf_onnx_set_f64(sums, to, sum);
  }
  for (uint64_t i = 0; i < results; i++)
    sf_onnx_set_f64(made, i,
                    finish(kind, sf_onnx_get_f64(sums, i),
                           (double)count / (double)results));
  return sf_onnx_emit_constant(node, 0, made);
}

static sf_result evaluate_sum(onnx_node *node) { return reduce(node, SUM, 13); }
static sf_result evaluate_mean(onnx_node *node) {
  return reduce(node, MEAN, 18);
}
static sf_result evaluate_max(onnx_node *node) {
  return reduce(node, MAXIMUM, 18);
}
static sf_result evaluate_min(onnx_node *node) {
  return reduce(node, MINIMUM, 18);
}
static sf_result evaluate_prod(onnx_node *node) {
  return reduce(node, PRODUCT, 18);
}
static sf_result evaluate_l1(onnx_node *node) { return reduce(node, L1, 18); }
static sf_result evaluate_l2(onnx_node *node) { return reduce(node, L2, 18); }
static sf_result evaluate_squares(onnx_node *node) {
  return reduce(node, SQUARES, 18);
}
static sf_result evaluate_log_sum(onnx_node *node) {
  return reduce(node, LOG_SUM, 18);
}
static sf_result evaluate_log_sum_exp(onnx_node *node) {
  return reduce(node, LOG_SUM_EXP, 18);
}

/* ---- MatMul. ---- */

static sf_result evaluate_matmul(onnx_node *node) {
  const onnx_tensor *a = sf_onnx_constant(node, 0);
  const onnx_tensor *b = sf_onnx_constant(node, 1);
  if (!a || !b || a->dtype != b->dtype)
    return sf_onnx_refuse(node, NULL, "the inputs are of two types");
  /* Stacks of matrices are rare: the network multiplies them. */
  if (a->shape.rank != 2 || b->shape.rank != 2)
    return sf_onnx_operator("", "MatMul")->translate(node);
  uint64_t m = (uint64_t)a->shape.dim[0], k = (uint64_t)a->shape.dim[1];
  uint64_t n = (uint64_t)b->shape.dim[1];
  if ((uint64_t)b->shape.dim[0] != k)
    return sf_onnx_refuse(node, NULL, "the matrices do not agree");
  /* Each extent is below 2^31, so m k is below 2^62. */
  if (n && m * k > ((uint64_t)1 << 40) / n)
    return sf_onnx_refuse(node, "fold constants when exporting",
                          "the product of constants takes too long");
  if (!sf_onnx_charge(node, m * k * n)) return SF_FAIL;
  onnx_shape shape = {.rank = 2, .dim = {(int64_t)m, (int64_t)n}};
  onnx_tensor *made = sf_onnx_tensor_create(node, a->dtype, &shape);
  bool is_float = sf_onnx_is_float(a->dtype);
  for (uint64_t i = 0; made && i < m; i++)
    for (uint64_t j = 0; j < n; j++) {
      double sum = 0;
      uint64_t whole = 0;
      for (uint64_t l = 0; l < k; l++)
        if (is_float)
          sum += sf_onnx_get_f64(a, i * k + l) * sf_onnx_get_f64(b, l * n + j);
        else
          whole += (uint64_t)sf_onnx_get_i64(a, i * k + l) *
                   (uint64_t)sf_onnx_get_i64(b, l * n + j);
      if (is_float)
        sf_onnx_set_f64(made, i * n + j, sum);
      else
        sf_onnx_set_i64(made, i * n + j, (int64_t)whole);
    }
  return sf_onnx_emit_constant(node, 0, made);
}

const onnx_evaluator sf_onnx_constant_reduce[] = {
    {"MatMul", evaluate_matmul},
    {"ReduceL1", evaluate_l1},
    {"ReduceL2", evaluate_l2},
    {"ReduceLogSum", evaluate_log_sum},
    {"ReduceLogSumExp", evaluate_log_sum_exp},
    {"ReduceMax", evaluate_max},
    {"ReduceMean", evaluate_mean},
    {"ReduceMin", evaluate_min},
    {"ReduceProd", evaluate_prod},
    {"ReduceSum", evaluate_sum},
    {"ReduceSumSquare", evaluate_squares},
    {0}};
