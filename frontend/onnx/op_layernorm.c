/* op_layernorm.c - normalizations by statistics of the sample itself. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/window.h"

/* ---- Over trailing axes. ---- */

/* Input `index` as a blob that broadcasts to the normalized axes. */
static sf_result trailing_blob(onnx_node *node, uint32_t index,
                               const char *what, unsigned axis, sf_blob **out) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  const onnx_tensor *t = NULL;
  SF_TRY(sf_onnx_need_constant(node, index, what, &t));
  unsigned rank = x->rank - axis;
  if (sf_onnx_leading(&t->shape, rank) != 1)
    return sf_onnx_refuse(node, NULL, "%s has more axes than are normalized",
                          what);
  sf_type type = sf_onnx_type(t->dtype, &t->shape, rank);
  for (unsigned i = 0; i < rank; i++)
    if (type.dim[i] != 1 && type.dim[i] != x->dim[axis + i])
      return sf_onnx_refuse(node, NULL, "%s does not fit the input", what);
  *out = sf_onnx_blob(node, t, rank, type.dim);
  return *out ? SF_OK : sf_onnx_failed(node);
}

static sf_result emit_trailing(onnx_node *node, sf_op_kind kind,
                               bool with_bias) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned axis, at;
  sf_blob *blobs[2] = {NULL, NULL};
  SF_TRY(sf_onnx_read_axis(node, "axis", -1, &axis));
  if (!sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is %s",
                          sf_onnx_dtype_text(x->dtype));
  SF_TRY(trailing_blob(node, 1, "the scale", axis, &blobs[0]));
  if (with_bias && sf_onnx_has_input(node, 2))
    SF_TRY(trailing_blob(node, 2, "the bias", axis, &blobs[1]));
  sf_value *s = sf_onnx_stream_axis(node, 0, axis, &at);
  if (!s) return sf_onnx_failed(node);
  sf_value *y =
      sf_onnx_build_blobs(node, kind, &s->type, s, blobs[1] ? 2 : 1, blobs);
  if (!y || sf_op_set_int(y->op, SF_ATTR_axis, (int64_t)at - s->type.rank) ||
      sf_op_set_number(y->op, SF_ATTR_epsilon,
                       (float)sf_onnx_float(node, "epsilon", 1e-5)))
    return SF_OOM;
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

/* Mean and 1 / deviation, which training wants. */
static sf_result emit_statistics(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned axis, at, axes[ONNX_RANK_MAX], count = 0;
  if (!sf_onnx_wants(node, 1) && !sf_onnx_wants(node, 2)) return SF_OK;
  SF_TRY(sf_onnx_read_axis(node, "axis", -1, &axis));
  sf_value *s = sf_onnx_stream_axis(node, 0, axis, &at);
  onnx_shape shape = x->shape;
  for (unsigned i = axis; i < shape.rank; i++) {
    shape.dim[i] = 1;
    axes[count] = at + count;
    count++;
  }
  sf_value *mean = sf_onnx_reduce(node, SF_POOL_MEAN, s, count, axes);
  if (sf_onnx_wants(node, 1))
    SF_TRY(sf_onnx_emit(node, 1, mean, x->dtype, &shape));
  if (!sf_onnx_wants(node, 2)) return SF_OK;
  sf_value *d = sf_onnx_combine(node, SF_OP_SUB, s, mean);
  sf_value *variance = sf_onnx_reduce(
      node, SF_POOL_MEAN, sf_onnx_combine(node, SF_OP_MUL, d, d), count, axes);
  variance = sf_onnx_apply_number(node, SF_OP_ADD, variance, "epsilon",
                                  sf_onnx_float(node, "epsilon", 1e-5));
  return sf_onnx_emit(
      node, 2,
      sf_onnx_apply_number(node, SF_OP_POW, variance, "exponent", -0.5),
      x->dtype, &shape);
}

static sf_result translate_layernorm(onnx_node *node) {
  SF_TRY(emit_trailing(node, SF_OP_LAYERNORM, true));
  return emit_statistics(node);
}

static sf_result translate_rmsnorm(onnx_node *node) {
  return emit_trailing(node, SF_OP_RMSNORM, false);
}

/* ---- Over channels of one sample. ---- */

typedef struct channel_norm {
  sf_op_kind kind;
  sf_blob *blobs[2];
  int64_t groups;
  float epsilon;
} channel_norm;

static sf_value *make_channel_norm(onnx_node *node, sf_value *sample,
                                   void *data) {
  const channel_norm *n = data;
  sf_value *y =
      sf_onnx_build_blobs(node, n->kind, &sample->type, sample, 2, n->blobs);
  if (!y || sf_op_set_number(y->op, SF_ATTR_epsilon, n->epsilon) ||
      (n->groups && sf_op_set_int(y->op, SF_ATTR_groups, n->groups)))
    return NULL;
  return y;
}

/* One number a channel; before opset 21 GroupNormalization has one a group. */
static sf_result channel_blob(onnx_node *node, uint32_t index, const char *what,
                              int64_t groups, sf_blob **out) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *t = NULL;
  SF_TRY(sf_onnx_need_constant(node, index, what, &t));
  int32_t channels = (int32_t)x->shape.dim[1];
  int64_t count = (int64_t)sf_onnx_elements(&t->shape);
  if (groups > 0 && count == groups && count < channels &&
      channels % groups == 0) {
    onnx_shape rows = {.rank = 2, .dim = {groups, 1}};
    onnx_shape wide = {.rank = 2, .dim = {groups, channels / groups}};
    onnx_tensor *view = sf_onnx_tensor_reshape(node, t, &rows);
    t = view ? sf_onnx_tensor_expand(node, view, &wide) : NULL;
    if (!t) return sf_onnx_failed(node);
  } else if (count != channels) {
    return sf_onnx_refuse(node, NULL, "%s has not %d elements", what, channels);
  }
  *out = sf_onnx_blob(node, t, 1, &channels);
  return *out ? SF_OK : sf_onnx_failed(node);
}

static sf_result emit_channels(onnx_node *node, channel_norm *n) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (x->shape.rank < 3 || !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is no image of floats");
  n->epsilon = (float)sf_onnx_float(node, "epsilon", 1e-5);
  SF_TRY(channel_blob(node, 1, "the scale", n->groups, &n->blobs[0]));
  SF_TRY(channel_blob(node, 2, "the bias", n->groups, &n->blobs[1]));
  sf_value *y = sf_onnx_each_sample(node, x->shape.rank, make_channel_norm, n);
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

static sf_result translate_instancenorm(onnx_node *node) {
  channel_norm n = {.kind = SF_OP_INSTANCENORM};
  return emit_channels(node, &n);
}

static sf_result translate_groupnorm(onnx_node *node) {
  channel_norm n = {.kind = SF_OP_GROUPNORM,
                    .groups = sf_onnx_int(node, "num_groups", 0)};
  if (n.groups < 1) return sf_onnx_refuse(node, NULL, "num_groups is missing");
  return emit_channels(node, &n);
}

/* ---- LRN. ---- */

static sf_value *make_lrn(onnx_node *node, sf_value *sample, void *data) {
  (void)data;
  sf_value *y = sf_onnx_apply(node, SF_OP_LRN, sample);
  if (!y || sf_op_set_int(y->op, SF_ATTR_size, sf_onnx_int(node, "size", 0)) ||
      sf_op_set_number(y->op, SF_ATTR_alpha,
                       (float)sf_onnx_float(node, "alpha", 1e-4)) ||
      sf_op_set_number(y->op, SF_ATTR_beta,
                       (float)sf_onnx_float(node, "beta", 0.75)) ||
      sf_op_set_number(y->op, SF_ATTR_bias,
                       (float)sf_onnx_float(node, "bias", 1.0)))
    return NULL;
  return y;
}

static sf_result translate_lrn(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  int64_t size = sf_onnx_int(node, "size", 0);
  if (x->shape.rank < 3 || !sf_onnx_is_float(x->dtype) || size < 1 ||
      size > INT32_MAX)
    return sf_onnx_refuse(node, NULL,
                          "an image of floats and a size are "
                          "needed");
  sf_value *y = sf_onnx_each_sample(node, x->shape.rank, make_lrn, NULL);
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

/* ---- Composed: (x - mean) / deviation, and x over its norm. ---- */

static sf_result translate_mvn(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const int64_t *list = NULL;
  static const int64_t image[] = {0, 2, 3};
  size_t count = sf_onnx_ints(node, "axes", &list);
  unsigned axes[ONNX_RANK_MAX];
  if (!count) {
    list = image;
    count = SF_COUNT_OF(image);
  }
  if (count > x->shape.rank || !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the axes do not fit the input");
  for (size_t i = 0; i < count; i++)
    if (!sf_onnx_axis(list[i], x->shape.rank, &axes[i]) ||
        (i && axes[i] <= axes[i - 1]))
      return sf_onnx_refuse(node, NULL, "the axes are not ascending");
  sf_value *s = sf_onnx_stream(node, 0, x->shape.rank);
  sf_value *mean = sf_onnx_reduce(node, SF_POOL_MEAN, s, (unsigned)count, axes);
  sf_value *d = sf_onnx_combine(node, SF_OP_SUB, s, mean);
  sf_value *square = sf_onnx_combine(node, SF_OP_MUL, d, d);
  sf_value *variance =
      sf_onnx_reduce(node, SF_POOL_MEAN, square, (unsigned)count, axes);
  sf_value *deviation = sf_onnx_apply_number(
      node, SF_OP_ADD, sf_onnx_apply(node, SF_OP_SQRT, variance), "epsilon",
      1e-9);
  return sf_onnx_emit(node, 0, sf_onnx_combine(node, SF_OP_DIV, d, deviation),
                      x->dtype, &x->shape);
}

static sf_result translate_lp_norm(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  int64_t p = sf_onnx_int(node, "p", 2);
  unsigned axis, at;
  SF_TRY(sf_onnx_read_axis(node, "axis", -1, &axis));
  if ((p != 1 && p != 2) || !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "p is %lld", (long long)p);
  sf_value *s = sf_onnx_stream_axis(node, 0, axis, &at);
  sf_value *m = p == 1 ? sf_onnx_apply(node, SF_OP_ABS, s)
                       : sf_onnx_combine(node, SF_OP_MUL, s, s);
  sf_value *norm = sf_onnx_reduce(node, SF_POOL_SUM, m, 1, &at);
  if (p == 2) norm = sf_onnx_apply(node, SF_OP_SQRT, norm);
  return sf_onnx_emit(node, 0, sf_onnx_combine(node, SF_OP_DIV, s, norm),
                      x->dtype, &x->shape);
}

const onnx_operator sf_onnx_layernorm_rows[] = {
    {"", "GroupNormalization", 18, ONNX_OPSET_NEWEST, ONNX_HOST,
     translate_groupnorm, "constant scale and bias"},
    {"", "InstanceNormalization", 6, ONNX_OPSET_NEWEST, ONNX_HOST,
     translate_instancenorm, "constant scale and bias"},
    {"", "LRN", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_lrn, ""},
    {"", "LayerNormalization", 17, ONNX_OPSET_NEWEST, ONNX_HOST,
     translate_layernorm, "constant scale and bias"},
    {"", "LpNormalization", 1, ONNX_OPSET_NEWEST, ONNX_HOST, translate_lp_norm,
     ""},
    {"", "MeanVarianceNormalization", 9, ONNX_OPSET_NEWEST, ONNX_HOST,
     translate_mvn, ""},
    {"", "RMSNormalization", 23, ONNX_OPSET_NEWEST, ONNX_HOST,
     translate_rmsnorm, "a constant scale"},
    {0}};
