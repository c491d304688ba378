/* interp_normalize.c - softmax and the normalizations, in binary64, as ONNX
 * defines them. docs/ir.md 4. */
#include "ir/interp_node.h"

#include <math.h>

/* A run of elements that are normalized together: `count` of them, `stride`
 * apart, from `first` on. */
typedef struct group {
  const sf_word *in;
  sf_word *out;
  size_t first, count, stride;
} group;

static double element(const group *g, size_t n) {
  return (double)g->in[g->first + n * g->stride].f;
}

static void set(const group *g, size_t n, double value) {
  g->out[g->first + n * g->stride].f = (float)value;
}

static int64_t axis_of(const sf_interp_node *node) {
  int64_t axis = sf_op_int(node->op, SF_ATTR_axis);
  return axis < 0 ? axis + node->operands[0].type->rank : axis;
}

static size_t extent_from(const sf_type *type, int64_t axis) {
  size_t extent = 1;
  for (int64_t n = axis; n < type->rank; n++)
    extent *= (size_t)type->dim[n];
  return extent;
}

/* ---- softmax ---- */

static void softmax(const group *g) {
  double most = -(double)INFINITY, sum = 0;
  for (size_t n = 0; n < g->count; n++)
    if (element(g, n) > most) most = element(g, n);
  for (size_t n = 0; n < g->count; n++)
    sum += exp(element(g, n) - most);
  for (size_t n = 0; n < g->count; n++)
    set(g, n, exp(element(g, n) - most) / sum);
}

static sf_result run_softmax(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  const sf_type *type = node->operands[0].type;
  int64_t axis = axis_of(node);
  size_t inner = extent_from(type, axis + 1), extent = (size_t)type->dim[axis];
  size_t outer = sf_type_elements(type) / inner / extent;
  for (size_t n = 0; n < outer * inner; n++) {
    group g = {node->operands[0].data, node->results[0],
               n / inner * extent * inner + n % inner, extent, inner};
    softmax(&g);
  }
  return SF_OK;
}

/* ---- Normalizations over a contiguous run. ---- */

static void mean_and_variance(const group *g, double *mean, double *variance) {
  double sum = 0, square = 0;
  for (size_t n = 0; n < g->count; n++)
    sum += element(g, n);
  *mean = sum / (double)g->count;
  for (size_t n = 0; n < g->count; n++) {
    double d = element(g, n) - *mean;
    square += d * d;
  }
  *variance = square / (double)g->count;
}

/* Scale or bias of a result element: the blob broadcast over the operand. */
static double scaled(const sf_interp_node *node, uint32_t operand, size_t at,
                     double absent) {
  if (operand >= node->operand_count) return absent;
  return (double)node->operands[operand]
      .data[sf_mapped(&node->maps[operand], at)]
      .f;
}

static void normalize(const sf_interp_node *node, const group *g,
                      bool root_mean_square) {
  double mean = 0, variance = 0;
  double epsilon = (double)sf_op_number(node->op, SF_ATTR_epsilon);
  if (root_mean_square) {
    for (size_t n = 0; n < g->count; n++)
      variance += element(g, n) * element(g, n);
    variance /= (double)g->count;
  } else {
    mean_and_variance(g, &mean, &variance);
  }
  double root = sqrt(variance + epsilon);
  for (size_t n = 0; n < g->count; n++) {
    size_t at = g->first + n * g->stride;
    set(g, n,
        (element(g, n) - mean) / root * scaled(node, 1, at, 1) +
            scaled(node, 2, at, 0));
  }
}

/* Elements that layernorm, rmsnorm, groupnorm, instancenorm normalize together;
 * they are neighbours in C order. */
static size_t run_length(const sf_interp_node *node) {
  const sf_type *type = node->operands[0].type;
  switch (node->op->kind) {
  case SF_OP_GROUPNORM:
    return sf_type_elements(type) / (size_t)sf_op_int(node->op, SF_ATTR_groups);
  case SF_OP_INSTANCENORM:
    return extent_from(type, 1);
  default:
    return extent_from(type, axis_of(node));
  }
}

static sf_result run_normalize(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  size_t length = run_length(node);
  size_t elements = sf_type_elements(node->operands[0].type);
  for (size_t first = 0; first < elements; first += length) {
    group g = {node->operands[0].data, node->results[0], first, length, 1};
    normalize(node, &g, node->op->kind == SF_OP_RMSNORM);
  }
  return SF_OK;
}

/* ---- batchnorm, lrn ---- */

static sf_result run_batchnorm(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  double epsilon = (double)sf_op_number(node->op, SF_ATTR_epsilon);
  size_t elements = sf_type_elements(node->operands[0].type);
  for (size_t n = 0; n < elements; n++) {
    double x = (double)node->operands[0].data[n].f;
    double root = sqrt(scaled(node, 4, n, 1) + epsilon);
    double value = scaled(node, 1, n, 1) * (x - scaled(node, 3, n, 0)) / root +
                   scaled(node, 2, n, 0);
    node->results[0][n].f = (float)value;
  }
  return SF_OK;
}

static sf_result run_lrn(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  const sf_type *type = node->operands[0].type;
  int64_t size = sf_op_int(node->op, SF_ATTR_size), channels = type->dim[0];
  double alpha = (double)sf_op_number(node->op, SF_ATTR_alpha);
  double beta = (double)sf_op_number(node->op, SF_ATTR_beta);
  double bias = (double)sf_op_number(node->op, SF_ATTR_bias);
  int64_t plane = (int64_t)extent_from(type, 1);
  for (int64_t n = 0; n < channels * plane; n++) {
    int64_t low = n / plane - (size - 1) / 2, high = n / plane + size / 2;
    double square = 0;
    for (int64_t c = low < 0 ? 0 : low; c <= high && c < channels; c++) {
      double x = (double)node->operands[0].data[c * plane + n % plane].f;
      square += x * x;
    }
    double x = (double)node->operands[0].data[n].f;
    node->results[0][n].f =
        (float)(x / pow(bias + alpha / (double)size * square, beta));
  }
  return SF_OK;
}

/* ---- Preparation. ---- */

/* Per-channel blobs may be written [c] or with the stream's rank, [c, 1, 1]. */
static sf_type channel_shape(const sf_type *blob, const sf_type *stream) {
  sf_type type = *blob;
  if (blob->rank != 1 || stream->rank < 2) return type;
  type.rank = stream->rank;
  for (unsigned axis = 1; axis < stream->rank; axis++)
    type.dim[axis] = 1;
  return type;
}

static sf_node_run run_of(sf_op_kind kind) {
  switch (kind) {
  case SF_OP_SOFTMAX:
    return run_softmax;
  case SF_OP_BATCHNORM:
    return run_batchnorm;
  case SF_OP_LRN:
    return run_lrn;
  default:
    return run_normalize;
  }
}

sf_result sf_prepare_normalize(sf_interp *interp, sf_interp_node *node) {
  bool trailing =
      node->op->kind == SF_OP_LAYERNORM || node->op->kind == SF_OP_RMSNORM;
  node->run = run_of(node->op->kind);
  node->maps = SF_NEW_ARRAY(interp->arena, sf_index_map, node->operand_count);
  if (!node->maps) return SF_OOM;
  for (uint32_t n = 1; n < node->operand_count; n++) {
    sf_interp_tensor *operand = &node->operands[n];
    if (operand->blob)
      SF_TRY(sf_interp_blob_words(interp, operand->blob, &operand->data));
    sf_type type = trailing
                       ? *operand->type
                       : channel_shape(operand->type, node->operands[0].type);
    SF_TRY(sf_broadcast_map(interp, &type, &sf_op_result(node->op, 0)->type,
                            &node->maps[n]));
  }
  return SF_OK;
}
