/* interp_analog.c - elementwise ops of analog networks, and argmax.
 * docs/ir.md 4.
 *
 * Each is computed in binary64 and rounded once to f32, which is far inside the
 * tolerance that the page allows. */
#include "ir/interp_node.h"

#include <math.h>

/* Attributes that any of the ops reads; those it has not stay 0. */
typedef struct analog_numbers {
  double alpha, beta, low, high;
  bool tanh_form;
} analog_numbers;

static double clip(double x, double low, double high) {
  double at_least = x > low ? x : low;
  return isnan(x) ? x : at_least < high ? at_least : high;
}

/* Without overflow on either side. */
static double sigmoid(double x) {
  if (x >= 0) return 1.0 / (1.0 + exp(-x));
  double e = exp(x);
  return e / (1.0 + e);
}

/* 1 + erf(z) = erfc(-z), and 1 + tanh(z) = 2 sigmoid(2 z): without the
 * cancellation far below zero. */
static double gelu(double x, bool tanh_form) {
  if (!tanh_form) return 0.5 * x * erfc(-x / sqrt(2.0));
  double inner = sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x);
  return x * sigmoid(2.0 * inner);
}

/* log(1 + exp(x)) without overflow, and without losing a small exp(x). */
static double softplus(double x) {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double apply(sf_op_kind kind, const analog_numbers *a, double x,
                    double y) {
  switch (kind) {
  case SF_OP_RELU:
    return isnan(x) || x > 0 ? x : 0;
  case SF_OP_CLIP:
    return clip(x, a->low, a->high);
  case SF_OP_LEAKY_RELU:
    return x < 0 ? a->alpha * x : x;
  case SF_OP_PRELU:
    return x < 0 ? y * x : x;
  case SF_OP_ELU:
    return x < 0 ? a->alpha * expm1(x) : x;
  case SF_OP_GELU:
    return gelu(x, a->tanh_form);
  case SF_OP_SILU:
    return x * sigmoid(x);
  case SF_OP_SIGMOID:
    return sigmoid(x);
  case SF_OP_TANH:
    return tanh(x);
  case SF_OP_HARDSIGMOID:
    return clip(a->alpha * x + a->beta, 0, 1);
  case SF_OP_HARDSWISH:
    return x * clip(x / 6 + 0.5, 0, 1);
  case SF_OP_EXP:
    return exp(x);
  case SF_OP_LOG:
    return log(x);
  case SF_OP_POW:
    return pow(x, y);
  case SF_OP_SOFTPLUS:
    return softplus(x);
  case SF_OP_ERF:
    return erf(x);
  case SF_OP_SQRT:
    return sqrt(x);
  case SF_OP_ABS:
    return fabs(x);
  case SF_OP_FLOOR:
    return floor(x);
  default:
    return x / y; /* div */
  }
}

static analog_numbers read_numbers(const sf_op *op) {
  analog_numbers a = {0};
  switch (op->kind) {
  case SF_OP_CLIP:
    a.low = (double)sf_op_number(op, SF_ATTR_min);
    a.high = (double)sf_op_number(op, SF_ATTR_max);
    break;
  case SF_OP_HARDSIGMOID:
    a.beta = (double)sf_op_number(op, SF_ATTR_beta);
    a.alpha = (double)sf_op_number(op, SF_ATTR_alpha);
    break;
  case SF_OP_LEAKY_RELU:
  case SF_OP_ELU:
    a.alpha = (double)sf_op_number(op, SF_ATTR_alpha);
    break;
  case SF_OP_GELU:
    a.tanh_form = sf_op_has_attr(op, SF_ATTR_approximate);
    break;
  default:
    break;
  }
  return a;
}

static sf_result run_analog(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  analog_numbers numbers = read_numbers(node->op);
  size_t elements = sf_type_elements(&sf_op_result(node->op, 0)->type);
  const sf_word *a = node->operands[0].data;
  const sf_word *b = node->operand_count > 1 ? node->operands[1].data : NULL;
  for (size_t n = 0; n < elements; n++) {
    double x = (double)a[sf_mapped(&node->maps[0], n)].f;
    double y = b ? (double)b[sf_mapped(&node->maps[1], n)].f : 0;
    node->results[0][n].f = (float)apply(node->op->kind, &numbers, x, y);
  }
  return SF_OK;
}

sf_result sf_prepare_analog(sf_interp *interp, sf_interp_node *node) {
  node->run = run_analog;
  node->maps = SF_NEW_ARRAY(interp->arena, sf_index_map, 2);
  if (!node->maps) return SF_OOM;
  for (uint32_t n = 0; n < node->operand_count && n < 2; n++) {
    sf_interp_tensor *operand = &node->operands[n];
    if (operand->blob)
      SF_TRY(sf_interp_blob_words(interp, operand->blob, &operand->data));
    SF_TRY(sf_broadcast_map(interp, operand->type,
                            &sf_op_result(node->op, 0)->type, &node->maps[n]));
  }
  return SF_OK;
}

/* ---- argmax ---- */

/* A NaN is never a maximum. */
static bool is_better(float x, float best) {
  return !isnan(x) && (isnan(best) || x > best);
}

static sf_result run_argmax(sf_interp *interp, sf_interp_node *node) {
  const sf_type *from = node->operands[0].type;
  bool is_float = sf_type_is_float(from);
  int64_t axis = sf_op_int(node->op, SF_ATTR_axis);
  if (axis < 0) axis += from->rank;
  size_t inner = 1, extent = (size_t)from->dim[axis];
  for (int64_t n = axis + 1; n < from->rank; n++)
    inner *= (size_t)from->dim[n];
  size_t outer = sf_type_elements(from) / inner / extent;
  for (size_t n = 0; n < outer * inner; n++) {
    const sf_word *x =
        node->operands[0].data + n / inner * extent * inner + n % inner;
    size_t best = 0;
    for (size_t k = 1; k < extent; k++)
      if (is_float ? is_better(x[k * inner].f, x[best * inner].f)
                   : x[k * inner].i > x[best * inner].i)
        best = k;
    SF_TRY(sf_interp_store(interp, node, n, (int64_t)best));
  }
  return SF_OK;
}

sf_result sf_prepare_argmax(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  node->run = run_argmax;
  return SF_OK;
}
