/* op_normalize.c - normalizations. */
#include "frontend/onnx/window.h"

typedef struct batchnorm {
  sf_blob *constants[4]; /* scale, bias, mean, variance */
  float epsilon;
} batchnorm;

static sf_value *make_batchnorm(onnx_node *node, sf_value *sample, void *data) {
  const batchnorm *b = data;
  sf_value *y = sf_onnx_build_blobs(node, SF_OP_BATCHNORM, &sample->type,
                                    sample, 4, b->constants);
  if (!y || sf_op_set_number(y->op, SF_ATTR_epsilon, b->epsilon)) return NULL;
  return y;
}

/* With the statistics of training, which are constants. */
static sf_result translate_batchnorm(onnx_node *node) {
  static const char *const names[] = {"scale", "bias", "mean", "variance"};
  const onnx_value *x = sf_onnx_input(node, 0);
  batchnorm b = {.epsilon = (float)sf_onnx_float(node, "epsilon", 1e-5)};
  bool training = node->opset >= 14
                      ? sf_onnx_int(node, "training_mode", 0) != 0
                      : node->opset < 7 && !sf_onnx_int(node, "is_test", 0);
  if (training || sf_onnx_wants(node, 1))
    return sf_onnx_refuse(node, "export the model in evaluation mode",
                          "statistics of the batch are asked for");
  if (!sf_onnx_int(node, "spatial", 1))
    return sf_onnx_refuse(node, "export with opset 9 or later",
                          "statistics for each element (spatial 0)");
  if (x->shape.rank < 2)
    return sf_onnx_refuse(node, NULL, "the input has no channels");
  int32_t channels = (int32_t)x->shape.dim[1];
  for (uint32_t i = 0; i < 4; i++) {
    const onnx_tensor *t = NULL;
    SF_TRY(sf_onnx_need_constant(node, 1 + i, names[i], &t));
    if (sf_onnx_elements(&t->shape) != (uint64_t)channels)
      return sf_onnx_refuse(node, NULL, "%s has not %d elements", names[i],
                            channels);
    b.constants[i] = sf_onnx_blob(node, t, 1, &channels);
    if (!b.constants[i]) return sf_onnx_failed(node);
  }
  sf_value *y = sf_onnx_each_sample(node, x->shape.rank, make_batchnorm, &b);
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

const onnx_operator sf_onnx_normalize_rows[] = {
    {"", "BatchNormalization", 6, ONNX_OPSET_NEWEST, ONNX_FOLD,
     translate_batchnorm, "constant statistics"},
    {0}};
