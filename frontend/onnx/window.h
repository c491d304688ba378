/* window.h - windows of convolutions and pools: attributes, padding rules,
 * extents; and the samples of a batch one by one. */
#ifndef SF_ONNX_WINDOW_H
#define SF_ONNX_WINDOW_H

#include "frontend/onnx/onnx.h"

enum { ONNX_WINDOW_AXES = 2 };

/* One number an axis of the image; pads after auto_pad has been applied. */
typedef struct onnx_window {
  unsigned axes;
  int64_t in[ONNX_WINDOW_AXES], out[ONNX_WINDOW_AXES];
  int64_t kernel[ONNX_WINDOW_AXES], stride[ONNX_WINDOW_AXES];
  int64_t dilation[ONNX_WINDOW_AXES];
  int64_t begin[ONNX_WINDOW_AXES], end[ONNX_WINDOW_AXES];
  /* ceil_mode: elements that the last window reaches beyond the padding; not
   * part of `end`, and never counted. */
  int64_t beyond[ONNX_WINDOW_AXES];
} onnx_window;

/* Reads strides, dilations, pads, auto_pad and ceil_mode for an input of shape
 * [N, C, ..]. `kernel`: from the weights, or NULL for kernel_shape. Refuses
 * what has not one or two image axes. */
sf_result sf_onnx_window_read(onnx_node *node, const onnx_shape *x,
                              const int64_t *kernel,
                              onnx_window *out) SF_MUST_USE;
/* pad of the IR: all begins, then all ends (2 or 4 numbers). */
void sf_onnx_window_pads(const onnx_window *window, bool with_beyond,
                         int64_t out[2 * ONNX_WINDOW_AXES]);

/* Input 0, [N, ..] with `rank` axes in all, sample by sample: `make` gets
 * f32[..] of one and returns its result. The result is that of the one sample,
 * or all of them concatenated: [N, ..]. NULL as sf_onnx_failed. */
typedef sf_value *(*onnx_make)(onnx_node *node, sf_value *sample, void *data);
sf_value *sf_onnx_each_sample(onnx_node *node, unsigned rank, onnx_make make,
                              void *data);

#endif
