/* axis.h - operators that work along axes: ONNX's axes on IR values that may
 * lack leading axes of extent 1; and small ops that several translators need.
 */
#ifndef SF_ONNX_AXIS_H
#define SF_ONNX_AXIS_H

#include "frontend/onnx/onnx.h"

/* Input `index` as it is, or with more leading axes so that ONNX's `axis` is
 * there; *out is where it is. A constant becomes a stream. */
sf_value *sf_onnx_stream_axis(onnx_node *node, uint32_t index, unsigned axis,
                              unsigned *out);
/* Attribute `name` as an axis of input 0; refuses others. */
sf_result sf_onnx_read_axis(onnx_node *node, const char *name, int64_t fallback,
                            unsigned *out) SF_MUST_USE;
/* reduce over `axes` of the IR value, which stay with extent 1. */
sf_value *sf_onnx_reduce(onnx_node *node, sf_pool_kind kind, sf_value *x,
                         unsigned count, const unsigned *axes);
/* transpose with axes of the IR value. */
sf_value *sf_onnx_transpose(onnx_node *node, sf_value *x, const unsigned *perm);
/* The op on `x`, and with a number that broadcasts: called LABEL.name. */
sf_value *sf_onnx_apply(onnx_node *node, sf_op_kind kind, sf_value *x);
sf_value *sf_onnx_apply_number(onnx_node *node, sf_op_kind kind, sf_value *x,
                               const char *name, double number);
/* Two streams of one rank, extents equal or 1. */
sf_value *sf_onnx_combine(onnx_node *node, sf_op_kind kind, sf_value *a,
                          sf_value *b);
/* Elements begin .. end-1 of one axis of the IR value. */
sf_value *sf_onnx_cut(onnx_node *node, sf_value *x, unsigned axis,
                      int64_t begin, int64_t end);
/* Indices of one axis of the IR value, in this order: slices side by side.
 * `index` has `count` numbers, all inside. */
sf_value *sf_onnx_pick(onnx_node *node, sf_value *x, unsigned axis,
                       const int64_t *index, int64_t count);
/* A weighted sum over one axis of the IR value, f32; `matrix` [out, in]. */
sf_value *sf_onnx_linear_axis(onnx_node *node, sf_value *x, unsigned axis,
                              sf_blob *matrix);
/* `axis` of the IR value longer: all of it `count` times, or `each` element. */
sf_value *sf_onnx_repeat(onnx_node *node, sf_value *x, unsigned axis,
                         int64_t count, bool each);

#endif
