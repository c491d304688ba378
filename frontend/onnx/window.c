/* window.c - windows of convolutions and pools, and samples one by one. */
#include "frontend/onnx/window.h"

#include <string.h>

enum { SAMPLES_MAX = 4096 /* of a batch that is taken apart */ };

/* `count` numbers of a list, `fallback` where it is absent. */
static sf_result read_list(onnx_node *node, const char *name, unsigned count,
                           int64_t fallback, int64_t least, int64_t *out) {
  const int64_t *list = NULL;
  size_t found = sf_onnx_ints(node, name, &list);
  if (found && found != count)
    return sf_onnx_refuse(node, NULL, "'%s' has %zu numbers for %u axes", name,
                          found, count);
  for (unsigned i = 0; i < count; i++) {
    out[i] = found ? list[i] : fallback;
    if (out[i] < least || out[i] > INT32_MAX)
      return sf_onnx_refuse(node, NULL, "'%s' has the number %lld", name,
                            (long long)out[i]);
  }
  return SF_OK;
}

/* SAME: as many results as strides fit; the odd element of padding goes to the
 * end (UPPER) or the begin (LOWER). */
static void pad_same(onnx_window *w, unsigned axis, bool lower) {
  int64_t reach = w->dilation[axis] * (w->kernel[axis] - 1) + 1;
  w->out[axis] = (w->in[axis] + w->stride[axis] - 1) / w->stride[axis];
  int64_t total = (w->out[axis] - 1) * w->stride[axis] + reach - w->in[axis];
  if (total < 0) total = 0;
  w->begin[axis] = lower ? total - total / 2 : total / 2;
  w->end[axis] = total - w->begin[axis];
}

static sf_result count_windows(onnx_node *node, onnx_window *w, unsigned axis,
                               bool ceil) {
  int64_t reach = w->dilation[axis] * (w->kernel[axis] - 1) + 1;
  int64_t padded = w->in[axis] + w->begin[axis] + w->end[axis];
  int64_t room = padded - reach, stride = w->stride[axis];
  if (room < 0 && !ceil)
    return sf_onnx_refuse(node, NULL,
                          "a window of %lld does not fit %lld elements",
                          (long long)reach, (long long)padded);
  int64_t steps = room < 0 ? 0 : (ceil ? room + stride - 1 : room) / stride;
  /* A window that would begin in the padding behind the image is dropped. */
  if (ceil && steps > 0 && steps * stride >= w->in[axis] + w->begin[axis])
    steps--;
  w->out[axis] = steps + 1;
  int64_t last = steps * stride + reach;
  w->beyond[axis] = last > padded ? last - padded : 0;
  return SF_OK;
}

sf_result sf_onnx_window_read(onnx_node *node, const onnx_shape *x,
                              const int64_t *kernel, onnx_window *out) {
  *out = (onnx_window){.axes = x->rank - 2U};
  if (x->rank < 3 || x->rank > 2 + ONNX_WINDOW_AXES)
    return sf_onnx_refuse(node, NULL,
                          "images of one and two axes are supported, behind "
                          "batch and channels");
  unsigned axes = out->axes;
  int64_t pads[2 * ONNX_WINDOW_AXES];
  SF_TRY(read_list(node, "kernel_shape", axes, 0, 0, out->kernel));
  for (unsigned i = 0; i < axes; i++) {
    out->in[i] = x->dim[2 + i];
    if (kernel) out->kernel[i] = kernel[i];
    if (out->kernel[i] < 1)
      return sf_onnx_refuse(node, NULL, "kernel_shape is missing or 0");
  }
  SF_TRY(read_list(node, "strides", axes, 1, 1, out->stride));
  SF_TRY(read_list(node, "dilations", axes, 1, 1, out->dilation));
  SF_TRY(read_list(node, "pads", 2 * axes, 0, 0, pads));
  const char *automatic = sf_onnx_text(node, "auto_pad", "NOTSET");
  bool same = strncmp(automatic, "SAME_", 5) == 0;
  bool explicit_pads = strcmp(automatic, "NOTSET") == 0;
  if (!same && !explicit_pads && strcmp(automatic, "VALID") != 0)
    return sf_onnx_refuse(node, NULL, "auto_pad is '%s'", automatic);
  bool ceil = sf_onnx_int(node, "ceil_mode", 0) != 0;
  for (unsigned i = 0; i < axes; i++) {
    if (explicit_pads) {
      out->begin[i] = pads[i];
      out->end[i] = pads[axes + i];
    }
    if (same)
      pad_same(out, i, strcmp(automatic, "SAME_LOWER") == 0);
    else
      SF_TRY(count_windows(node, out, i, ceil));
  }
  return SF_OK;
}

void sf_onnx_window_pads(const onnx_window *w, bool with_beyond,
                         int64_t out[2 * ONNX_WINDOW_AXES]) {
  for (unsigned i = 0; i < w->axes; i++) {
    out[i] = w->begin[i];
    out[w->axes + i] = w->end[i] + (with_beyond ? w->beyond[i] : 0);
  }
}

/* ---- Samples. ---- */

/* Sample `at` of `batch`, without the first axis. */
static sf_value *cut_sample(onnx_node *node, sf_value *batch, int64_t at) {
  int64_t begin[ONNX_RANK_MAX] = {0}, end[ONNX_RANK_MAX], step[ONNX_RANK_MAX];
  for (unsigned i = 0; i < batch->type.rank; i++) {
    end[i] = batch->type.dim[i];
    step[i] = 1;
  }
  begin[0] = at;
  end[0] = at + 1;
  sf_value *cut = sf_onnx_build_slice(node, batch, begin, end, step);
  return sf_onnx_reshape(node, cut, batch->type.rank - 1U, batch->type.dim + 1);
}

sf_value *sf_onnx_each_sample(onnx_node *node, unsigned rank, onnx_make make,
                              void *data) {
  const onnx_value *value = sf_onnx_input(node, 0);
  int64_t count = value->shape.dim[0];
  if (count == 1) {
    sf_value *sample = sf_onnx_stream(node, 0, rank - 1);
    return sample ? make(node, sample, data) : NULL;
  }
  if (count > SAMPLES_MAX) {
    (void)sf_onnx_refuse(node, "export the model for a smaller batch",
                         "a batch of %lld samples; at most %d",
                         (long long)count, (int)SAMPLES_MAX);
    return NULL;
  }
  sf_value *batch = sf_onnx_stream(node, 0, rank);
  sf_value **parts =
      batch ? SF_NEW_ARRAY(node->arena, sf_value *, (size_t)count) : NULL;
  if (!parts) return NULL;
  for (int64_t i = 0; i < count; i++) {
    sf_value *sample = cut_sample(node, batch, i);
    sf_value *result = sample ? make(node, sample, data) : NULL;
    if (!result) return NULL;
    int32_t dim[ONNX_RANK_MAX] = {1};
    memcpy(dim + 1, result->type.dim, result->type.rank * sizeof *dim);
    parts[i] = sf_onnx_reshape(node, result, result->type.rank + 1U, dim);
  }
  return sf_onnx_build_concat(node, (uint32_t)count, parts, 0);
}
