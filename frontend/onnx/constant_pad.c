/* constant_pad.c - Pad of constants, in every mode. */
#include "frontend/onnx/onnx.h"

#include <string.h>

typedef enum pad_mode {
  PAD_CONSTANT,
  PAD_EDGE,
  PAD_REFLECT,
  PAD_WRAP
} pad_mode;

static sf_result read_mode(onnx_node *node, pad_mode *out) {
  static const char *const names[] = {"constant", "edge", "reflect", "wrap"};
  const char *name = sf_onnx_text(node, "mode", "constant");
  for (unsigned i = 0; i < SF_COUNT_OF(names); i++)
    if (strcmp(name, names[i]) == 0) {
      *out = (pad_mode)i;
      return SF_OK;
    }
  return sf_onnx_refuse(node, NULL, "the mode '%s'", name);
}

/* Pads of each axis, begins then ends, for the axes that are named. */
static sf_result read_pads(onnx_node *node, unsigned rank,
                           int64_t out[2 * ONNX_RANK_MAX]) {
  const int64_t *list = NULL, *axes = NULL;
  int64_t count, axis_count = -1;
  SF_TRY(sf_onnx_list(node, "pads", 11, 1, &list, &count));
  if (node->opset >= 18)
    SF_TRY(sf_onnx_list(node, "axes", 18, 3, &axes, &axis_count));
  int64_t wanted = axis_count >= 0 ? axis_count : (int64_t)rank;
  if (count != 2 * wanted)
    return sf_onnx_refuse(node, NULL, "%lld pads for %lld axes",
                          (long long)count, (long long)wanted);
  memset(out, 0, 2 * ONNX_RANK_MAX * sizeof *out);
  for (int64_t i = 0; i < wanted; i++) {
    unsigned axis = (unsigned)i;
    if (axes && !sf_onnx_axis(axes[i], rank, &axis))
      return sf_onnx_refuse(node, NULL, "axis %lld of %u", (long long)axes[i],
                            rank);
    out[axis] = list[i];
    out[rank + axis] = list[wanted + i];
  }
  return SF_OK;
}

/* Where an index of the result comes from along one axis; -1: the value. */
static int64_t source_index(pad_mode mode, int64_t at, int64_t extent) {
  if (at >= 0 && at < extent) return at;
  if (mode == PAD_CONSTANT) return -1;
  if (mode == PAD_EDGE) return at < 0 ? 0 : extent - 1;
  if (mode == PAD_WRAP) return ((at % extent) + extent) % extent;
  if (extent == 1) return 0;
  int64_t period = 2 * (extent - 1); /* mirrored without repeating the ends */
  at = ((at % period) + period) % period;
  return at < extent ? at : period - at;
}

static sf_result padded_shape(onnx_node *node, const onnx_shape *x,
                              const int64_t *pads, onnx_shape *out) {
  *out = *x;
  uint64_t count = 1;
  for (unsigned i = 0; i < x->rank; i++) {
    int64_t begin = pads[i], end = pads[x->rank + i];
    bool sane = begin > -INT32_MAX && begin < INT32_MAX && end > -INT32_MAX &&
                end < INT32_MAX;
    out->dim[i] = sane ? x->dim[i] + begin + end : -1;
    if (out->dim[i] < 0 ||
        (out->dim[i] && count > (uint64_t)INT32_MAX / (uint64_t)out->dim[i]))
      return sf_onnx_refuse(node, NULL, "pads of %lld and %lld",
                            (long long)begin, (long long)end);
    count *= (uint64_t)out->dim[i];
    if (x->dim[i] == 0 && out->dim[i])
      return sf_onnx_refuse(node, NULL, "an axis without elements is padded");
  }
  return sf_onnx_charge(node, count) ? SF_OK : SF_FAIL;
}

/* The value that fills; a zero when it is absent. */
static sf_result read_value(onnx_node *node, onnx_dtype dtype,
                            const onnx_tensor **out) {
  onnx_shape scalar = {0};
  const onnx_tensor *given =
      node->opset >= 11 ? sf_onnx_constant(node, 2) : NULL;
  if (given && given->dtype == dtype && sf_onnx_elements(&given->shape) == 1)
    *out = given;
  else
    *out = sf_onnx_tensor_splat_f64(
        node, dtype, &scalar,
        node->opset < 11 ? sf_onnx_float(node, "value", 0) : 0);
  return *out ? SF_OK : sf_onnx_failed(node);
}

static sf_result evaluate_pad(onnx_node *node) {
  const onnx_tensor *x = sf_onnx_constant(node, 0), *value;
  int64_t pads[2 * ONNX_RANK_MAX];
  pad_mode mode;
  onnx_shape shape;
  if (!x) return sf_onnx_refuse(node, NULL, "the input is missing");
  unsigned rank = x->shape.rank;
  SF_TRY(read_mode(node, &mode));
  SF_TRY(read_pads(node, rank, pads));
  SF_TRY(padded_shape(node, &x->shape, pads, &shape));
  SF_TRY(read_value(node, x->dtype, &value));
  onnx_tensor *made = sf_onnx_tensor_create(node, x->dtype, &shape);
  uint64_t count = made ? sf_onnx_elements(&shape) : 0;
  for (uint64_t n = 0; n < count; n++) {
    uint64_t rest = n, from = 0, scale = 1;
    bool outside = false;
    for (unsigned i = rank; i-- > 0;) {
      int64_t at = (int64_t)(rest % (uint64_t)shape.dim[i]) - pads[i];
      rest /= (uint64_t)shape.dim[i];
      int64_t source = source_index(mode, at, x->shape.dim[i]);
      outside |= source < 0;
      from += (uint64_t)(source < 0 ? 0 : source) * scale;
      scale *= (uint64_t)x->shape.dim[i];
    }
    sf_onnx_copy(made, n, outside ? value : x, outside ? 0 : from);
  }
  return sf_onnx_emit_constant(node, 0, made);
}

const onnx_evaluator sf_onnx_constant_pad[] = {{"Pad", evaluate_pad}, {0}};
