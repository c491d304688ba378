/* generate_op.c - one random op of the spiking part of the language. */
#include "test/support/generate_private.h"

sf_op *sf_start_op(sf_generator *g, sf_op_kind kind, uint32_t operands) {
  sf_op *op = g->out_of_memory
                  ? NULL
                  : sf_op_create(g->network, NULL, kind, operands, SF_NO_LOC);
  if (!op) g->out_of_memory = true;
  return op;
}

void sf_finish_op(sf_generator *g, sf_op *op, const sf_type *result) {
  if (!sf_op_add_result(op, sf_draw_name(g), result)) g->out_of_memory = true;
}

void sf_set_int(sf_generator *g, sf_op *op, sf_attr_id id, int64_t value) {
  if (sf_op_set_int(op, id, value) != SF_OK) g->out_of_memory = true;
}

void sf_set_ints(sf_generator *g, sf_op *op, sf_attr_id id, uint32_t count,
                 const int64_t *values) {
  if (sf_op_set_ints(op, id, count, values) != SF_OK) g->out_of_memory = true;
}

bool sf_generate_is_float(const sf_type *type) {
  return type->scalar.kind == SF_SCALAR_F32;
}

void sf_draw_mode(sf_generator *g, sf_op *op) {
  op->mode = (sf_mode)sf_draw(g, 3);
}

/* Weights of the given shape that suit the stream; the result's scalar. */
sf_type sf_draw_weights(sf_generator *g, const sf_value *x, unsigned rank,
                        const int32_t *dim) {
  bool f32 = sf_generate_is_float(&x->type) || sf_chance(g, 20);
  return sf_type_make(f32 ? sf_f32() : sf_draw_int(g), rank, dim);
}

/* shift, round, each, mode of a projection with integer result. */
void sf_draw_division(sf_generator *g, sf_op *op, bool f32) {
  if (f32) return;
  sf_draw_mode(g, op);
  if (sf_chance(g, 60))
    sf_set_int(g, op, SF_ATTR_shift, sf_draw_between(g, -8, 62));
  sf_set_int(g, op, SF_ATTR_round, sf_draw(g, 6));
  sf_set_int(g, op, SF_ATTR_each, sf_draw(g, 2));
}

static void set_delays(sf_generator *g, sf_op *op, unsigned rank,
                       const int32_t *dim) {
  if (sf_chance(g, 60)) return;
  sf_type type = sf_type_make(sf_int(7), rank, dim);
  sf_blob *delays = sf_draw_blob_between(g, &type, 0, 62);
  if (delays && sf_op_set_blob(op, SF_ATTR_delays, delays) != SF_OK)
    g->out_of_memory = true;
}

void sf_set_constants(sf_generator *g, sf_op *op, const sf_type *weights,
                      bool bias) {
  sf_op_set_operand_blob(op, 1, sf_draw_blob(g, weights));
  if (!bias) return;
  sf_scalar scalar = sf_generate_is_float(weights) ? sf_f32() : sf_draw_int(g);
  sf_type type = sf_type_make(scalar, 1, weights->dim);
  sf_op_set_operand_blob(op, 2, sf_draw_blob(g, &type));
}

sf_scalar sf_result_scalar(sf_generator *g, const sf_type *weights) {
  return sf_generate_is_float(weights) ? sf_f32() : sf_draw_int(g);
}

static void generate_linear(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, -1);
  if (x && x->type.rank == 0) x = sf_draw_value(g, SF_WANT_ANY, 1);
  if (!x) return;
  int32_t dim[2] = {sf_draw_between(g, 1, 5), x->type.dim[x->type.rank - 1]};
  sf_type weights = sf_draw_weights(g, x, 2, dim);
  bool bias = sf_chance(g, 50);
  sf_op *op = sf_start_op(g, kind, bias ? 3 : 2);
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  sf_set_constants(g, op, &weights, bias);
  sf_draw_division(g, op, sf_generate_is_float(&weights));
  set_delays(g, op, 2, dim);
  sf_type result = x->type;
  result.dim[x->type.rank - 1] = dim[0];
  result.scalar = sf_result_scalar(g, &weights);
  sf_finish_op(g, op, &result);
}

static void generate_sparse(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, 1);
  sf_op *op = x ? sf_start_op(g, kind, 3) : NULL;
  if (!op) return;
  int32_t edges = sf_draw_between(g, 1, 8), rows = sf_draw_between(g, 1, 6);
  sf_type weights = sf_draw_weights(g, x, 1, &edges);
  sf_op_set_operand(op, 0, x);
  sf_op_set_operand_blob(op, 1, sf_draw_edges(g, edges, rows, x->type.dim[0]));
  sf_op_set_operand_blob(op, 2, sf_draw_blob(g, &weights));
  sf_set_int(g, op, SF_ATTR_rows, rows);
  sf_draw_division(g, op, sf_generate_is_float(&weights));
  set_delays(g, op, 1, &edges);
  sf_type result = sf_type_make(sf_result_scalar(g, &weights), 1, &rows);
  sf_finish_op(g, op, &result);
}

static void generate_matmul(sf_generator *g, sf_op_kind kind) {
  sf_value *a = sf_draw_value(g, SF_WANT_ANY, sf_chance(g, 50) ? 2 : 3);
  if (!a) return;
  sf_type type = a->type;
  type.dim[a->type.rank - 2] = a->type.dim[a->type.rank - 1];
  type.dim[a->type.rank - 1] = sf_draw_between(g, 1, 4);
  if (type.rank == 3 && sf_chance(g, 30)) type.dim[0] = 1; /* broadcast */
  if (!sf_generate_is_float(&a->type) && sf_chance(g, 50))
    type.scalar = sf_draw_int(g);
  sf_value *b = sf_value_of_type(g, &type);
  sf_op *op = b ? sf_start_op(g, kind, 2) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  sf_type result = a->type;
  result.dim[a->type.rank - 1] = type.dim[a->type.rank - 1];
  if (!sf_generate_is_float(&a->type)) {
    sf_draw_mode(g, op);
    result.scalar = sf_draw_int(g);
  }
  sf_finish_op(g, op, &result);
}

static void generate_elementwise(sf_generator *g, sf_op_kind kind) {
  sf_value *a = sf_draw_value(g, SF_WANT_ANY, -1);
  sf_op *op = a ? sf_start_op(g, kind, 2) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, a);
  sf_type type = a->type;
  for (unsigned i = 0; i < type.rank; i++)
    if (sf_chance(g, 30)) type.dim[i] = 1;
  if (!sf_generate_is_float(&type) && sf_chance(g, 50))
    type.scalar = sf_draw_int(g);
  if (sf_chance(g, 40))
    sf_op_set_operand_blob(op, 1, sf_draw_blob(g, &type));
  else
    sf_op_set_operand(op, 1, sf_value_of_type(g, &type));
  sf_type result = a->type;
  bool spikes = a->type.scalar.kind == SF_SCALAR_SPIKE &&
                type.scalar.kind == SF_SCALAR_SPIKE;
  bool closed = kind == SF_OP_MIN || kind == SF_OP_MAX || kind == SF_OP_MUL;
  if (sf_generate_is_float(&type) || (spikes && closed && sf_chance(g, 50))) {
    sf_finish_op(g, op, &result);
    return;
  }
  sf_draw_mode(g, op);
  result.scalar = sf_draw_int(g);
  sf_finish_op(g, op, &result);
}

static void generate_concat(sf_generator *g, sf_op_kind kind) {
  sf_value *first = sf_draw_value(g, SF_WANT_ANY, 1 + (int)sf_draw(g, 3));
  uint32_t count = 1 + sf_draw(g, 3);
  sf_op *op = first ? sf_start_op(g, kind, count) : NULL;
  if (!op) return;
  uint32_t axis = sf_draw(g, first->type.rank);
  sf_type result = first->type;
  sf_op_set_operand(op, 0, first);
  for (uint32_t i = 1; i < count; i++) {
    sf_type type = first->type;
    type.dim[axis] = sf_draw_between(g, 1, 3);
    result.dim[axis] += type.dim[axis];
    sf_op_set_operand(op, i, sf_value_of_type(g, &type));
  }
  sf_set_int(g, op, SF_ATTR_axis, axis);
  sf_finish_op(g, op, &result);
}

static void generate_slice(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, 1 + (int)sf_draw(g, 3));
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  int64_t begin[SF_RANK_MAX], end[SF_RANK_MAX], step[SF_RANK_MAX];
  sf_type result = x->type;
  for (unsigned i = 0; i < x->type.rank; i++) {
    begin[i] = sf_draw(g, (uint32_t)x->type.dim[i]);
    end[i] = sf_draw_between(g, (int32_t)begin[i] + 1, x->type.dim[i]);
    step[i] = sf_draw_between(g, 1, 3);
    result.dim[i] = (int32_t)((end[i] - begin[i] + step[i] - 1) / step[i]);
    if (sf_chance(g, 70)) continue;
    int64_t last = end[i] - 1; /* the same interval downwards */
    end[i] = begin[i] - 1;
    begin[i] = last;
    step[i] = -step[i];
  }
  sf_set_ints(g, op, SF_ATTR_begin, x->type.rank, begin);
  sf_set_ints(g, op, SF_ATTR_end, x->type.rank, end);
  sf_set_ints(g, op, SF_ATTR_step, x->type.rank, step);
  sf_finish_op(g, op, &result);
}

static void generate_reshape(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, -1);
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  if (sf_chance(g, 20))
    sf_op_set_operand_blob(op, 0, sf_draw_blob(g, &x->type));
  else
    sf_op_set_operand(op, 0, x);
  int32_t elements = (int32_t)sf_type_elements(&x->type);
  sf_type result = {.scalar = x->type.scalar, .rank = 1, .dim = {elements}};
  for (int32_t divisor = 2; divisor <= elements && result.rank < 4; divisor++)
    if (result.dim[0] % divisor == 0 && sf_chance(g, 50)) {
      result.dim[0] /= divisor;
      result.dim[result.rank++] = divisor;
    }
  sf_finish_op(g, op, &result);
}

static void generate_transpose(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, 1 + (int)sf_draw(g, 3));
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  int64_t perm[SF_RANK_MAX];
  sf_type result = x->type;
  for (unsigned i = 0; i < x->type.rank; i++)
    perm[i] = i;
  for (uint32_t i = x->type.rank; i > 1; i--) { /* Fisher and Yates */
    uint32_t j = sf_draw(g, i);
    int64_t moved = perm[i - 1];
    perm[i - 1] = perm[j];
    perm[j] = moved;
  }
  for (unsigned i = 0; i < x->type.rank; i++)
    result.dim[i] = x->type.dim[perm[i]];
  sf_set_ints(g, op, SF_ATTR_perm, x->type.rank, perm);
  sf_finish_op(g, op, &result);
}

static void generate_convert(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, -1);
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  sf_type result = x->type;
  bool to_int = sf_generate_is_float(&x->type) || sf_chance(g, 40);
  result.scalar = to_int ? sf_draw_int(g) : sf_f32();
  if (to_int) sf_draw_mode(g, op);
  if (sf_generate_is_float(&x->type))
    sf_set_int(g, op, SF_ATTR_round, sf_draw(g, 6));
  if ((sf_generate_is_float(&x->type) || !to_int) && sf_chance(g, 60) &&
      sf_op_set_number(op, SF_ATTR_scale, sf_draw_f32(g)) != SF_OK)
    g->out_of_memory = true;
  sf_finish_op(g, op, &result);
}

/* Now and then of a value further down: sf_generate_module closes the loop. */
static void generate_delay(sf_generator *g, sf_op_kind kind) {
  sf_value *x = sf_draw_value(g, SF_WANT_ANY, -1);
  sf_op *op = x ? sf_start_op(g, kind, 1) : NULL;
  if (!op) return;
  sf_op_set_operand(op, 0, x);
  sf_set_int(g, op, SF_ATTR_steps, sf_draw_between(g, 1, 9));
  sf_finish_op(g, op, &x->type);
}

static void set_argument(sf_generator *g, sf_op *op, uint32_t index,
                         const sf_type *stream) {
  const sf_param *param = &op->neuron->params[index];
  sf_argument *argument = &op->arguments[index];
  if (param->has_default && sf_chance(g, 40)) return;
  sf_scalar scalar = param->value->type;
  if (sf_chance(g, 60)) {
    sf_number number = sf_draw_number(g, scalar);
    if (param->has_range) number = sf_chance(g, 50) ? param->low : param->high;
    sf_argument_set_number(argument, number);
    return;
  }
  sf_type type = *stream;
  type.scalar = scalar;
  for (unsigned i = 0; i < type.rank; i++)
    if (sf_chance(g, 60)) type.dim[i] = 1;
  sf_blob *blob;
  if (param->has_range) /* every element must be inside */
    blob = sf_blob_create_splat(g->module, sf_draw_name(g), &type, param->high);
  else
    blob = sf_draw_blob(g, &type);
  if (blob)
    sf_argument_set_blob(argument, blob);
  else
    g->out_of_memory = true;
}

static void generate_population(sf_generator *g, sf_op_kind kind) {
  sf_neuron *neuron = sf_generate_neuron(g);
  sf_type shape = {.rank = (uint8_t)sf_draw(g, 4)};
  for (unsigned i = 0; i < shape.rank; i++)
    shape.dim[i] = sf_draw_between(g, 1, 4);
  sf_op *op = neuron ? sf_start_op(g, kind, neuron->input_count) : NULL;
  if (!op) return;
  if (sf_op_set_neuron(op, neuron) != SF_OK) g->out_of_memory = true;
  for (uint32_t i = 0; i < neuron->input_count; i++) {
    sf_type type = shape;
    type.scalar = neuron->inputs[i]->type;
    sf_op_set_operand(op, i, sf_value_of_type(g, &type));
  }
  if (g->out_of_memory) return;
  for (uint32_t i = 0; i < neuron->param_count; i++)
    set_argument(g, op, i, &shape);
  if (sf_chance(g, 50)) sf_set_int(g, op, SF_ATTR_start, sf_draw(g, 5));
  if (sf_chance(g, 50))
    sf_set_int(g, op, SF_ATTR_seed, sf_random_u32(&g->random));
  sf_set_int(g, op, SF_ATTR_on, sf_draw(g, 2));
  for (uint32_t i = 0; i < neuron->emit_count; i++) {
    sf_type type = shape;
    type.scalar = neuron->emit_types[i];
    sf_finish_op(g, op, &type);
  }
}

void sf_generate_op(sf_generator *g, sf_op_kind kind) {
  switch (kind) {
  case SF_OP_LINEAR:
    generate_linear(g, kind);
    return;
  case SF_OP_CONV:
  case SF_OP_CONVT:
    sf_generate_conv(g, kind);
    return;
  case SF_OP_SPARSE:
    generate_sparse(g, kind);
    return;
  case SF_OP_POOL:
    sf_generate_pool(g, kind);
    return;
  case SF_OP_MATMUL:
    generate_matmul(g, kind);
    return;
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
    generate_elementwise(g, kind);
    return;
  case SF_OP_REDUCE:
    sf_generate_reduce(g, kind);
    return;
  case SF_OP_CONCAT:
    generate_concat(g, kind);
    return;
  case SF_OP_SLICE:
    generate_slice(g, kind);
    return;
  case SF_OP_RESHAPE:
    generate_reshape(g, kind);
    return;
  case SF_OP_TRANSPOSE:
    generate_transpose(g, kind);
    return;
  case SF_OP_CONVERT:
    generate_convert(g, kind);
    return;
  case SF_OP_DELAY:
    generate_delay(g, kind);
    return;
  case SF_OP_NEURONS:
    generate_population(g, kind);
    return;
  default:
    sf_generate_analog(g, kind);
    return;
  }
}
