/* padding.h - zeros that Pad has put around an image: a convolution or an
 * average behind it takes them into its window instead. */
#ifndef SF_ONNX_PADDING_H
#define SF_ONNX_PADDING_H

#include "frontend/onnx/window.h"

/* Of a stream [N, C, ..]: the value without them, and how many there are. */
typedef struct onnx_padding {
  onnx_value source;
  int64_t begin[ONNX_RANK_MAX], end[ONNX_RANK_MAX]; /* of the image axes */
} onnx_padding;

/* Where input 0 has such zeros, it becomes their source, and the window gets
 * them as its own. False: there are none, or they do not fit the window. */
bool sf_onnx_take_padding(onnx_node *node, onnx_window *window);

#endif
