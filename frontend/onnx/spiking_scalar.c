/* spiking_scalar.c - which ops are scalar code: the same for every element. */
#include "frontend/onnx/spiking.h"

enum { RESHAPES_DEEP = 16 };

/* One number stands for all elements. */
static bool read_uniform(const sf_blob *blob, sf_number *out) {
  bool is_float = blob->type.scalar.kind == SF_SCALAR_F32;
  if (blob->source == SF_SOURCE_SPLAT) {
    *out = is_float ? sf_number_float(blob->splat.f) : blob->splat;
    return true;
  }
  if (!blob->data || sf_blob_elements(blob) != 1) return false;
  sf_word word = sf_blob_word(blob, 0);
  *out = is_float ? sf_number_float(word.f) : sf_number_int(word.i);
  return true;
}

static bool broadcasts(const sf_type *type, const sf_type *shape) {
  if (type->rank != shape->rank) return false;
  for (unsigned i = 0; i < shape->rank; i++)
    if (type->dim[i] != 1 && type->dim[i] != shape->dim[i]) return false;
  return true;
}

bool sf_onnx_neuron_constant(const sf_op *op, uint32_t index,
                             const sf_type *shape, onnx_neuron_constant *out) {
  sf_blob *blob = sf_op_operand_blob(op, index);
  const sf_value *value = sf_op_operand(op, index);
  const sf_type *type = blob ? &blob->type : &value->type;
  for (int i = 0; !blob && i < RESHAPES_DEEP; i++) {
    if (!value->op || value->op->kind != SF_OP_RESHAPE) return false;
    blob = sf_op_operand_blob(value->op, 0);
    value = sf_op_operand(value->op, 0);
  }
  if (!blob) return false;
  *out = (onnx_neuron_constant){.blob = blob, .scalar = blob->type.scalar};
  out->uniform = read_uniform(blob, &out->number);
  /* A param by element has the shape of its blob. */
  return out->uniform
             ? broadcasts(type, shape)
             : broadcasts(type, shape) && sf_type_same_shape(type, &blob->type);
}

static bool is_f32_result(const sf_op *op) {
  return op->results[0]->type.scalar.kind == SF_SCALAR_F32;
}

/* Functions that give the same in every step, without a step of their own. */
static bool is_stateless(const sf_op *op) {
  return sf_neuron_is_stateless(op->neuron) && op->neuron->state_count == 0 &&
         sf_op_int(op, SF_ATTR_start) == 0 &&
         sf_op_int(op, SF_ATTR_on) == SF_ON_CHIP;
}

static bool is_scalar_kind(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
  case SF_OP_DIV:
  case SF_OP_ABS:
  case SF_OP_SQRT:
  case SF_OP_FLOOR:
  case SF_OP_RELU:
  case SF_OP_CLIP:
    return is_f32_result(op);
  case SF_OP_CONVERT:
    return is_f32_result(op) && sf_op_number(op, SF_ATTR_scale) == 1.0F;
  case SF_OP_NEURONS:
    return is_stateless(op);
  default:
    return false;
  }
}

bool sf_onnx_is_scalar_op(const sf_op *op, const sf_type *shape) {
  if (!is_scalar_kind(op)) return false;
  if (!sf_type_same_shape(&op->results[0]->type, shape)) return false;
  bool any_stream = false;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *value = sf_op_operand(op, i);
    onnx_neuron_constant constant;
    if (sf_onnx_neuron_constant(op, i, shape, &constant)) continue;
    if (!value || !sf_type_same_shape(&value->type, shape)) return false;
    any_stream = true;
  }
  return any_stream;
}
