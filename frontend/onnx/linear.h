/* linear.h - convolutions and products of matrices, for the operators that are
 * one with more around it. */
#ifndef SF_ONNX_LINEAR_H
#define SF_ONNX_LINEAR_H

#include "frontend/onnx/onnx.h"

/* Conv of inputs 0 (stream), 1 (constant) and perhaps 2 (bias) with the node's
 * attributes. The result has `dtype`'s scalar and ONNX shape *shape. */
sf_result sf_onnx_conv(onnx_node *node, onnx_dtype dtype, onnx_shape *shape,
                       sf_value **out) SF_MUST_USE;
/* MatMul of inputs 0 and 1, either of which may be constant. */
sf_result sf_onnx_matmul(onnx_node *node, onnx_dtype dtype, onnx_shape *shape,
                         sf_value **out) SF_MUST_USE;

#endif
