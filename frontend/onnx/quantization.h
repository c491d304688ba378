/* quantization.h - scales and zero points as QuantizeLinear has them, and the
 * ops and constants that follow from them. */
#ifndef SF_ONNX_QUANTIZATION_H
#define SF_ONNX_QUANTIZATION_H

#include "frontend/onnx/onnx.h"

/* q = clamp(round(x / scale) + zero, low, high); x = (q - zero) scale. Scale
 * and zero point have one element, one an index of `axis`, one a block of
 * `block` indices of it, or any shape that broadcasts (axis -1). */
typedef struct onnx_quantization {
  const onnx_tensor *scale;
  const onnx_tensor *zero; /* NULL: 0 */
  int axis;
  int64_t block; /* 0: none */
  sf_round round;
  int64_t low, high;
  onnx_dtype dtype; /* of q */
} onnx_quantization;

/* Inputs `scale` and `scale` + 1 (absent: 0) and attributes axis, block_size.
 * Both must be constant. */
sf_result sf_onnx_quantization_read(onnx_node *node, uint32_t scale,
                                    const onnx_shape *x,
                                    onnx_quantization *out) SF_MUST_USE;
/* Range of an integer type of at most 16 bits; refuses others. */
sf_result sf_onnx_quantized_type(onnx_node *node, onnx_dtype dtype,
                                 onnx_quantization *out) SF_MUST_USE;
/* Scale and zero point of element `index` of a tensor of shape `x`. */
double sf_onnx_scale_of(const onnx_quantization *q, const onnx_shape *x,
                        uint64_t index);
int64_t sf_onnx_zero_of(const onnx_quantization *q, const onnx_shape *x,
                        uint64_t index);

/* Constants: x as q's integers, and back as f32. NULL as sf_onnx_failed. */
onnx_tensor *sf_onnx_quantized(onnx_node *node, const onnx_tensor *x,
                               const onnx_quantization *q);
onnx_tensor *sf_onnx_dequantized(onnx_node *node, const onnx_tensor *x,
                                 const onnx_quantization *q);
/* Streams, whose ONNX shape is `shape`. */
sf_value *sf_onnx_quantize(onnx_node *node, sf_value *x,
                           const onnx_shape *shape, sf_scalar scalar,
                           const onnx_quantization *q);
sf_value *sf_onnx_dequantize(onnx_node *node, sf_value *x,
                             const onnx_shape *shape,
                             const onnx_quantization *q);

#endif
