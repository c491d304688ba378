/* spiking_population.c - a population in the place of a group's ops. */
#include "frontend/onnx/spiking.h"

/* What the network needs of a group. */
typedef struct group_values {
  uint32_t count;
  sf_value **outside; /* that something outside reads */
  uint32_t *emit;     /* which emitted value it is */
  uint32_t emit_count;
  sf_value **emitted; /* by the function: spikes, not the same as f32 */
} group_values;

sf_result sf_onnx_number_op(onnx_spiking *s, sf_op *op) {
  if (s->op_count == s->capacity) return SF_OOM;
  op->order = s->op_count++;
  s->owner[op->order] = ONNX_NO_GROUP;
  return SF_OK;
}

static bool is_read_outside(const onnx_spiking *s, const sf_value *value,
                            uint32_t group) {
  SF_FOREACH_USE(use, value)
    if (!use->op || sf_onnx_owner(s, use->op) != group) return true;
  return false;
}

/* A spike is emitted as what it is. */
static sf_value *carrier_of(const onnx_spiking *s, sf_value *value,
                            uint32_t group) {
  if (!value->op || value->op->kind != SF_OP_CONVERT) return value;
  sf_value *spikes = sf_op_operand(value->op, 0);
  bool own = spikes->op && sf_onnx_owner(s, spikes->op) == group;
  return own && spikes->type.scalar.kind == SF_SCALAR_SPIKE ? spikes : value;
}

static void add_value(const onnx_spiking *s, group_values *v, sf_value *value,
                      uint32_t group) {
  if (!is_read_outside(s, value, group)) return;
  sf_value *carrier = carrier_of(s, value, group);
  uint32_t emit = 0;
  while (emit < v->emit_count && v->emitted[emit] != carrier)
    emit++;
  if (emit == v->emit_count) v->emitted[v->emit_count++] = carrier;
  v->outside[v->count] = value;
  v->emit[v->count++] = emit;
}

static sf_result find_values(onnx_spiking *s, uint32_t group, group_values *v) {
  size_t room = s->state_count;
  SF_FOREACH_OP(op, s->network)
    if (sf_onnx_owner(s, op) == group) room += op->result_count;
  *v = (group_values){.outside = SF_NEW_ARRAY(s->arena, sf_value *, room),
                      .emit = SF_NEW_ARRAY(s->arena, uint32_t, room),
                      .emitted = SF_NEW_ARRAY(s->arena, sf_value *, room)};
  if (!v->outside || !v->emit || !v->emitted) return SF_OOM;
  for (uint32_t i = 0; i < s->state_count; i++)
    if (sf_onnx_is_state_of(s, s->states[i].argument, group))
      add_value(s, v, s->states[i].argument, group);
  SF_FOREACH_OP(op, s->network)
    for (uint32_t i = 0; i < op->result_count; i++)
      if (sf_onnx_owner(s, op) == group) add_value(s, v, op->results[i], group);
  return SF_OK;
}

static sf_result set_arguments(sf_op *op, const onnx_neuron_builder *b) {
  SF_TRY(sf_op_set_neuron(op, b->neuron));
  for (uint32_t i = 0; i < b->neuron->param_count; i++)
    if (b->arguments[i].kind == SF_ARGUMENT_BLOB)
      sf_argument_set_blob(&op->arguments[i], b->arguments[i].blob);
    else
      sf_argument_set_number(&op->arguments[i], b->arguments[i].number);
  return SF_OK;
}

static sf_result make_population(onnx_spiking *s, const onnx_neuron_builder *b,
                                 const group_values *v, const sf_op *last,
                                 sf_op **out) {
  sf_op *op = sf_op_create(s->network, last->next, SF_OP_NEURONS,
                           b->input_count, last->loc);
  if (!op) return SF_OOM;
  *out = op;
  SF_TRY(sf_onnx_number_op(s, op));
  for (uint32_t i = 0; i < b->input_count; i++)
    sf_op_set_operand(op, i, b->inputs[i]);
  for (uint32_t i = 0; i < v->emit_count; i++) {
    sf_type type = b->shape;
    type.scalar = v->emitted[i]->type.scalar;
    if (!sf_op_add_result(op, v->emitted[i]->name, &type)) return SF_OOM;
  }
  return set_arguments(op, b);
}

sf_value *sf_onnx_spikes_as_f32(onnx_spiking *s, sf_value *spikes,
                                sf_op *before, const char *name) {
  sf_op *op = sf_op_create(s->network, before, SF_OP_CONVERT, 1, spikes->loc);
  if (!op || sf_onnx_number_op(s, op) != SF_OK) return NULL;
  sf_op_set_operand(op, 0, spikes);
  sf_type type = spikes->type;
  type.scalar = sf_f32();
  s->converts[s->convert_count++] = op;
  return sf_op_add_result(op, name, &type);
}

/* Readers get what the population emits, or the same as f32. */
static sf_result replace_values(onnx_spiking *s, const sf_op *op,
                                const group_values *v, sf_op *behind) {
  for (uint32_t i = 0; i < v->count; i++) {
    sf_value *value = op->results[v->emit[i]];
    if (v->emitted[v->emit[i]] != v->outside[i])
      value = sf_onnx_spikes_as_f32(s, value, behind, v->outside[i]->name);
    if (!value) return SF_OOM;
    sf_value_replace_all_uses(v->outside[i], value);
  }
  return SF_OK;
}

/* Ops between those of the group that need its values go behind it. */
static void move_readers(onnx_spiking *s, uint32_t group, const sf_op *last,
                         sf_op *behind) {
  SF_FOREACH_OP_SAFE(op, following, s->network) {
    if (op == last) return;
    if (sf_onnx_owner(s, op) != group && s->after[op->order])
      sf_op_move_before(op, behind);
  }
}

static void erase_ops(onnx_spiking *s, uint32_t group) {
  sf_op *before;
  for (sf_op *op = s->network->last; op; op = before) {
    before = op->prev;
    if (sf_onnx_owner(s, op) == group) sf_op_erase(op);
  }
}

/* Names that the old ops have given up. */
static sf_result take_names(const onnx_spiking *s, const sf_op *op,
                            const group_values *v, uint32_t first_convert) {
  for (uint32_t i = 0; i < v->emit_count; i++)
    if (v->emitted[i]->op)
      SF_TRY(sf_value_rename(op->results[i], v->emitted[i]->name));
  for (uint32_t i = 0; i < v->count; i++)
    if (v->emitted[v->emit[i]] != v->outside[i])
      SF_TRY(sf_value_rename(s->converts[first_convert++]->results[0],
                             v->outside[i]->name));
  return SF_OK;
}

sf_result sf_onnx_populate_group(onnx_spiking *s, uint32_t group) {
  const sf_op *last = NULL;
  SF_FOREACH_OP(op, s->network)
    if (sf_onnx_owner(s, op) == group) last = op;
  if (!last) return SF_OK;
  group_values v;
  SF_TRY(find_values(s, group, &v));
  (void)sf_onnx_mark_after(s, group);
  uint32_t first_convert = s->convert_count;
  sf_op *population = NULL, *behind = last->next;
  onnx_neuron_builder b;
  if (v.emit_count) { /* else nobody needs it */
    SF_TRY(sf_onnx_build_neuron(s, group, v.emit_count, v.emitted, &b));
    SF_TRY(make_population(s, &b, &v, last, &population));
    SF_TRY(replace_values(s, population, &v, behind));
    move_readers(s, group, last, behind);
  }
  erase_ops(s, group);
  return population ? take_names(s, population, &v, first_convert) : SF_OK;
}
