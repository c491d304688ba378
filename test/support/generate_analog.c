/* generate_analog.c - one random analog op. */
#include "test/support/generate_private.h"

static void set_number(sf_generator *g, sf_op *op, sf_attr_id id, float low) {
  if (sf_chance(g, 40)) return;
  float value = low + (float)sf_draw(g, 1000) / 64.0F;
  if (sf_op_set_number(op, id, value) != SF_OK) g->out_of_memory = true;
}

static void set_constant(sf_generator *g, sf_op *op, uint32_t index,
                         sf_scalar scalar, const sf_type *shape) {
  sf_type type = *shape;
  type.scalar = scalar;
  sf_op_set_operand_blob(op, index, sf_draw_blob(g, &type));
}

static void generate_unary(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_FLOAT, -1);
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  const sf_op_info *info = sf_op_info_get(kind);
  for (uint32_t i = 0; i < info->attr_count; i++)
    if (info->attrs[i].kind == SF_KIND_NUMBER)
      set_number(g, op, info->attrs[i].id,
                 info->attrs[i].id == SF_ATTR_max ? 20.0F : 0.0F);
    else if (sf_chance(g, 50) &&
             sf_op_set_text(op, info->attrs[i].id, "tanh") != SF_OK)
      g->out_of_memory = true;
  sf_finish_op(g, op, &x->type);
}

static void generate_binary(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_FLOAT, -1);
  sf_op *op = x ? sf_start_op(g, kind, 2) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  if (sf_chance(g, 50))
    set_constant(g, op, 1, sf_f32(), &x->type);
  else
    sf_op_set_operand(op, 1, sf_value_of_type(g, &x->type));
  sf_finish_op(g, op, &x->type);
}

static void set_axis(sf_generator *g, sf_op *op, const sf_value *x) {
  int32_t rank = x->type.rank;
  if (sf_chance(g, 70))
    sf_set_int(g, op, SF_ATTR_axis, sf_draw_between(g, -rank, rank - 1));
}

static void generate_axis_op(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_FLOAT, 1 + (int)sf_draw(g, 3));
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  if (kind == SF_OP_SOFTMAX) {
    set_axis(g, op, x);
  } else {
    sf_set_int(g, op, SF_ATTR_size, sf_draw_between(g, 1, 5));
    set_number(g, op, SF_ATTR_alpha, 0.0F);
    set_number(g, op, SF_ATTR_beta, 0.0F);
    set_number(g, op, SF_ATTR_bias, 1.0F);
  }
  sf_finish_op(g, op, &x->type);
}

static sf_type trailing_shape(const sf_value *x, int64_t axis) {
  if (axis < 0) axis += x->type.rank;
  sf_type shape = {0};
  for (int64_t i = axis; i < x->type.rank; i++)
    shape.dim[shape.rank++] = x->type.dim[i];
  return shape;
}

static void generate_norm(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_FLOAT, 1 + (int)sf_draw(g, 3));
  const sf_op_info *info = sf_op_info_get(kind);
  uint32_t operands = info->min_operands;
  operands += sf_draw(g, info->max_operands - operands + 1);
  sf_op *op = x ? sf_start_op(g, kind, operands) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  bool trailing = kind == SF_OP_LAYERNORM || kind == SF_OP_RMSNORM;
  sf_type shape = {.rank = 1, .dim = {x->type.dim[0]}};
  if (trailing) {
    set_axis(g, op, x);
    shape = trailing_shape(x, sf_op_int(op, SF_ATTR_axis));
  } else if (sf_chance(g, 50)) { /* [c, 1, ..] */
    shape.rank = x->type.rank;
    for (unsigned i = 1; i < shape.rank; i++)
      shape.dim[i] = 1;
  }
  for (uint32_t i = 1; i < operands; i++)
    set_constant(g, op, i, sf_f32(), &shape);
  if (kind == SF_OP_GROUPNORM)
    sf_set_int(g, op, SF_ATTR_groups, sf_chance(g, 50) ? 1 : x->type.dim[0]);
  set_number(g, op, SF_ATTR_epsilon, 0.001F);
  sf_finish_op(g, op, &x->type);
}

/* Either limit may stand alone; together they are in order. */
static void set_limits(sf_generator *g, sf_op *op, sf_scalar scalar) {
  int32_t least = (int32_t)sf_scalar_min(scalar) / 2;
  int32_t most = (int32_t)sf_scalar_max(scalar) / 2;
  if (sf_chance(g, 50)) sf_set_int(g, op, SF_ATTR_round, sf_draw(g, 6));
  if (sf_chance(g, 50)) least = sf_draw_between(g, least, most);
  if (sf_chance(g, 50)) sf_set_int(g, op, SF_ATTR_low, least);
  if (sf_chance(g, 50))
    sf_set_int(g, op, SF_ATTR_high, sf_draw_between(g, least, most));
}

static void generate_quantize(sf_generator *g, sf_op_kind kind) {
  bool quantize = kind == SF_OP_QUANTIZE;
  sf_want want = quantize ? SF_WANT_FLOAT : SF_WANT_DIGITAL;
  sf_value *x = sf_draw_value(g, want, 1 + (int)sf_draw(g, 3));
  bool zero = sf_chance(g, 50);
  sf_op *op = x ? sf_start_op(g, kind, zero ? 3 : 2) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  sf_type shape = {0};
  if (sf_chance(g, 50)) {
    uint32_t axis = sf_draw(g, x->type.rank);
    sf_set_int(g, op, SF_ATTR_axis, axis);
    shape = (sf_type){.rank = 1, .dim = {x->type.dim[axis]}};
  }
  sf_type result = x->type;
  result.scalar = quantize ? sf_draw_int(g) : sf_f32();
  set_constant(g, op, 1, sf_f32(), &shape);
  if (zero) set_constant(g, op, 2, sf_draw_int(g), &shape);
  if (quantize) set_limits(g, op, result.scalar);
  sf_finish_op(g, op, &result);
}

static void generate_argmax(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, 1 + (int)sf_draw(g, 3));
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  set_axis(g, op, x);
  sf_set_int(g, op, SF_ATTR_keep, sf_draw(g, 2));
  int64_t axis = sf_op_int(op, SF_ATTR_axis);
  if (axis < 0) axis += x->type.rank;
  sf_type result = {.scalar = sf_int(16 + sf_draw(g, 17))};
  for (int64_t i = 0; i < x->type.rank; i++)
    if (i != axis || sf_op_int(op, SF_ATTR_keep))
      result.dim[result.rank++] = i == axis ? 1 : x->type.dim[i];
  sf_finish_op(g, op, &result);
}

void sf_generate_analog(sf_generator *g, sf_op_kind kind) {
  switch (kind) {
  case SF_OP_DIV:
  case SF_OP_PRELU:
  case SF_OP_POW:
    generate_binary(g, kind);
    return;
  case SF_OP_SOFTMAX:
  case SF_OP_LRN:
    generate_axis_op(g, kind);
    return;
  case SF_OP_LAYERNORM:
  case SF_OP_RMSNORM:
  case SF_OP_GROUPNORM:
  case SF_OP_INSTANCENORM:
  case SF_OP_BATCHNORM:
    generate_norm(g, kind);
    return;
  case SF_OP_QUANTIZE:
  case SF_OP_DEQUANTIZE:
    generate_quantize(g, kind);
    return;
  case SF_OP_ARGMAX:
    generate_argmax(g, kind);
    return;
  default:
    generate_unary(g, kind);
    return;
  }
}
