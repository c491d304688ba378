/* neuron_kind.h - stateless neuron functions for operators that the IR has no
 * op for: comparisons, logic, rounding. One function a kind and type in a
 * module, named so that a person can read the text. */
#ifndef SF_ONNX_NEURON_KIND_H
#define SF_ONNX_NEURON_KIND_H

#include "frontend/onnx/onnx.h"

enum { ONNX_KIND_OPERANDS = 3 };

/* `operands`: a letter each, 's' spike, 't' the common type T: f32, i32 or
 * spike. Bodies are statements over %a, %b, %c that define %r; NULL: there is
 * none for that type. `result`: the same letters, or 'f' for f32. */
typedef struct onnx_neuron_kind {
  const char *name;
  const char *operands;
  char result;
  const char *f32, *i32, *spike;
} onnx_neuron_kind;

/* An operand: a stream, or a constant (a number, or a blob of the stream's
 * rank, 1 on broadcast axes), which becomes a param of the function. */
typedef struct onnx_neuron_operand {
  sf_value *stream;
  sf_blob *blob;
  sf_number number;
} onnx_neuron_operand;

onnx_neuron_operand sf_onnx_operand_stream(sf_value *stream);
onnx_neuron_operand sf_onnx_operand_f32(double number);

/* A population of the kind over streams of one shape; at least one operand is a
 * stream. T is `type`: f32, i32 or spike. NULL as sf_onnx_failed. */
sf_value *sf_onnx_neurons(onnx_node *node, const onnx_neuron_kind *kind,
                          sf_scalar type, const onnx_neuron_operand *operands);
/* The node's first inputs, as many as the kind has, broadcast against each
 * other. Constants stay constants. Emits output 0 with `result` as its type, or
 * with that of the operands for ONNX_UNDEFINED. */
sf_result sf_onnx_emit_kind(onnx_node *node, const onnx_neuron_kind *kind,
                            onnx_dtype result) SF_MUST_USE;

/* The operators of op_compare.c; Div of integers too. */
sf_result sf_onnx_translate_kind(onnx_node *node) SF_MUST_USE;

/* `value` repeated along the axes on which `type`, of the same rank, is longer.
 */
sf_value *sf_onnx_spread(onnx_node *node, sf_value *value, const sf_type *type);
/* The same integers as i32; anything else as it is. */
sf_value *sf_onnx_widened(onnx_node *node, sf_value *value);
/* Integers and spikes to another integer type or to f32, and f32 to integers,
 * towards zero; what does not fit becomes the nearest. */
sf_value *sf_onnx_converted(onnx_node *node, sf_value *value, sf_scalar scalar);

#endif
