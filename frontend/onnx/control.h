/* control.h - bodies of If, Loop and Scan. Private to control_*.c. */
#ifndef SF_ONNX_CONTROL_H
#define SF_ONNX_CONTROL_H

#include "frontend/onnx/model.h"

/* A graph attribute; refuses when it is missing. */
sf_result sf_onnx_body(onnx_node *node, const char *name,
                       const Onnx__GraphProto **out) SF_MUST_USE;
/* Walks `body` once with `inputs`; out[i] is its output i. Both lists have the
 * body's lengths. */
sf_result sf_onnx_walk_body(onnx_node *node, const Onnx__GraphProto *body,
                            const onnx_value *const *inputs,
                            onnx_value **out) SF_MUST_USE;
/* Values of all iterations for each scan output of a body. */
typedef struct onnx_collected {
  uint32_t outputs, iterations, capacity;
  onnx_value ***values; /* [output][iteration] */
} onnx_collected;
sf_result sf_onnx_collect_init(onnx_node *node, uint32_t outputs,
                               onnx_collected *out) SF_MUST_USE;
sf_result sf_onnx_collect(onnx_node *node, onnx_collected *collected,
                          onnx_value *const *values) SF_MUST_USE;

#endif
