/* pattern_layernorm.c - LayerNormalization from its parts, as exporters wrote
 * it before opset 17: d = x - mean(x), d / sqrt(mean(d d) + epsilon), times a
 * scale, plus a bias. */
#include "frontend/onnx/pattern.h"

/* A mean over the last axes, which stay with extent 1; 0: another op. */
static uint32_t mean_axes(const sf_op *op) {
  if (!op || op->kind != SF_OP_REDUCE ||
      sf_op_int(op, SF_ATTR_kind) != SF_POOL_MEAN ||
      !sf_op_int(op, SF_ATTR_keep))
    return 0;
  const sf_attr *axes = NULL;
  for (uint32_t i = 0; i < op->attr_count; i++)
    if (op->attrs[i].id == SF_ATTR_axes) axes = &op->attrs[i];
  int64_t rank = op->results[0]->type.rank;
  for (uint32_t i = 0; axes && i < axes->count; i++)
    if (axes->ints[i] != rank - axes->count + i) return 0;
  return axes ? axes->count : 0;
}

/* value = x - mean(x) over `count` axes; x, or NULL. */
static sf_value *centered(const sf_value *value, uint32_t *count) {
  const sf_op *sub = value->op;
  if (!sub || sub->kind != SF_OP_SUB || !sf_op_operand(sub, 1)) return NULL;
  sf_value *x = sf_op_operand(sub, 0);
  const sf_op *mean = sf_op_operand(sub, 1)->op;
  *count = mean_axes(mean);
  return *count && sf_op_operand(mean, 0) == x ? x : NULL;
}

/* value = sqrt(mean(d d) + epsilon) where d is x without its mean. */
static bool is_deviation(const sf_value *value, const sf_value *x,
                         uint32_t count, double *epsilon) {
  sf_value *variance;
  uint32_t other;
  if (!value->op || value->op->kind != SF_OP_SQRT ||
      !sf_onnx_is_shifted(sf_op_operand(value->op, 0), &variance, epsilon) ||
      mean_axes(variance->op) != count)
    return false;
  const sf_op *square = sf_op_operand(variance->op, 0)->op;
  if (!square || square->kind != SF_OP_MUL) return false;
  const sf_value *d = sf_op_operand(square, 0);
  return sf_op_operand(square, 1) == d && centered(d, &other) == x &&
         other == count;
}

/* ---- Scale and bias. ---- */

/* The blob of the only reader of `value`, an op of `kind`, if it broadcasts
 * along all but the last `count` axes. */
static sf_op *reader(const sf_value *value, sf_op_kind kind, uint32_t count) {
  const sf_use *use = value->first_use;
  if (!use || !sf_value_has_one_use(value) || !use->op ||
      use->op->kind != kind || use->index != 0)
    return NULL;
  const sf_blob *blob = sf_op_operand_blob(use->op, 1);
  if (!blob || !sf_type_equal(&use->op->results[0]->type, &value->type))
    return NULL;
  for (uint32_t i = 0; i + count < blob->type.rank; i++)
    if (blob->type.dim[i] != 1) return NULL;
  return use->op;
}

/* The same elements as a blob of the last `count` axes. */
static sf_blob *trailing(sf_module *module, sf_blob *blob, uint32_t count) {
  sf_type type = {.scalar = blob->type.scalar, .rank = (uint8_t)count};
  if (blob->type.rank <= count) return blob;
  for (uint32_t i = 0; i < count; i++)
    type.dim[i] = blob->type.dim[blob->type.rank - count + i];
  if (blob->source == SF_SOURCE_SPLAT)
    return sf_blob_create_splat(module, blob->name, &type, blob->splat);
  if (blob->source == SF_SOURCE_RAW)
    return sf_blob_create_raw(module, blob->name, &type, blob->dtype,
                              blob->path, blob->offset);
  return blob->data ? sf_blob_create_bytes(module, blob->name, &type,
                                           blob->dtype, blob->data)
                    : NULL;
}

static sf_blob *ones(sf_module *module, const sf_type *x, uint32_t count) {
  sf_type type = {.scalar = sf_f32(), .rank = (uint8_t)count};
  for (uint32_t i = 0; i < count; i++)
    type.dim[i] = x->dim[x->rank - count + i];
  return sf_blob_create_splat(module, "ones", &type, sf_number_float(1.0F));
}

sf_result sf_onnx_pattern_layernorm(const onnx_pattern *p, sf_op *op) {
  uint32_t count;
  double epsilon;
  if (op->kind != SF_OP_DIV || !sf_op_operand(op, 1)) return SF_OK;
  sf_value *x = centered(sf_op_operand(op, 0), &count);
  if (!x || !is_deviation(sf_op_operand(op, 1), x, count, &epsilon))
    return SF_OK;
  sf_op *last = op, *scale = reader(op->results[0], SF_OP_MUL, count);
  sf_op *bias = NULL;
  if (scale) {
    last = scale;
    bias = reader(scale->results[0], SF_OP_ADD, count);
    if (bias) last = bias;
  }
  sf_blob *scale_blob =
      scale ? trailing(p->module, sf_op_operand_blob(scale, 1), count)
            : ones(p->module, &x->type, count);
  sf_blob *bias_blob =
      bias ? trailing(p->module, sf_op_operand_blob(bias, 1), count) : NULL;
  if (!scale_blob || (bias && !bias_blob)) return SF_OOM;
  sf_op *norm = sf_onnx_pattern_op(last, SF_OP_LAYERNORM, bias ? 3 : 2);
  if (!norm) return SF_OOM;
  sf_op_set_operand(norm, 0, x);
  sf_op_set_operand_blob(norm, 1, scale_blob);
  if (bias) sf_op_set_operand_blob(norm, 2, bias_blob);
  SF_TRY(sf_op_set_int(norm, SF_ATTR_axis, -(int64_t)count));
  SF_TRY(sf_op_set_number(norm, SF_ATTR_epsilon, (float)epsilon));
  return sf_onnx_replace(last, norm);
}
