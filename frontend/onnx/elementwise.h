/* elementwise.h - what translators of elementwise operators share. */
#ifndef SF_ONNX_ELEMENTWISE_H
#define SF_ONNX_ELEMENTWISE_H

#include "frontend/onnx/onnx.h"

/* Rank at which all inputs of a broadcasting operator with result `out` are
 * taken: no leading axis that nobody needs. */
unsigned sf_onnx_working_rank(const onnx_node *node, const onnx_shape *out);
/* Inputs `a` and `b`, one of which may be a constant, broadcast to `shape`.
 * The result has the type of input `a`. */
sf_value *sf_onnx_binary(onnx_node *node, sf_op_kind kind, uint32_t a,
                         uint32_t b, const onnx_shape *shape);
/* The stream of input 0 with whatever rank it has; a constant becomes one. */
sf_value *sf_onnx_whole_stream(onnx_node *node);
/* Emits the op on input 0 (floats); its attributes follow on (*out)->op. */
sf_result sf_onnx_unary(onnx_node *node, sf_op_kind kind,
                        sf_value **out) SF_MUST_USE;

#endif
