/* spiking_delay.c - states that other ops compute, and what reads spikes. */
#include "frontend/onnx/spiking.h"

/* Spikes that `value` is the f32 of; NULL: it is no such value. */
static sf_value *spikes_of(const sf_value *value) {
  const sf_op *op = value->op;
  if (!op || op->kind != SF_OP_CONVERT) return NULL;
  sf_value *spikes = sf_op_operand(op, 0);
  bool same = spikes->type.scalar.kind == SF_SCALAR_SPIKE &&
              value->type.scalar.kind == SF_SCALAR_F32 &&
              sf_op_number(op, SF_ATTR_scale) == 1.0F;
  return same ? spikes : NULL;
}

/* A delay is zero before step 0, as the state is. */
sf_result sf_onnx_delay_state(onnx_spiking *s, const onnx_state *state) {
  sf_value *next = s->network->returns[state->result].value;
  sf_value *spikes = spikes_of(next);
  sf_op *first = s->network->first;
  sf_op *op =
      sf_op_create(s->network, first, SF_OP_DELAY, 1, state->argument->loc);
  if (!op) return SF_OOM;
  SF_TRY(sf_onnx_number_op(s, op));
  sf_op_set_operand(op, 0, spikes ? spikes : next);
  sf_value *old =
      sf_op_add_result(op, state->argument->name, &op->operands[0].value->type);
  if (old && spikes) old = sf_onnx_spikes_as_f32(s, old, first, old->name);
  if (!old) return SF_OOM;
  sf_value_replace_all_uses(state->argument, old);
  return SF_OK;
}

/* ---- Readers of spikes. ---- */

static bool is_f32_projection(const sf_op *op) {
  const sf_blob *weights = sf_op_operand_blob(op, 1);
  switch (op->kind) {
  case SF_OP_LINEAR:
  case SF_OP_CONV:
  case SF_OP_CONVT:
    return weights && weights->type.scalar.kind == SF_SCALAR_F32;
  default:
    return false;
  }
}

static bool is_move(const sf_op *op) {
  return op->kind == SF_OP_RESHAPE || op->kind == SF_OP_TRANSPOSE ||
         op->kind == SF_OP_SLICE;
}

/* The move is of spikes; what it moved as f32 is made of its result. */
static sf_result move_spikes(onnx_spiking *s, const sf_op *move) {
  sf_value *moved = move->results[0];
  moved->type.scalar = sf_spike();
  sf_value *same = sf_onnx_spikes_as_f32(s, moved, move->next, moved->name);
  if (!same) return SF_OOM;
  sf_value_replace_all_uses(moved, same); /* its own operand as well */
  sf_op_set_operand(same->op, 0, moved);
  return SF_OK;
}

/* w * 1 = w, and what is zero adds nothing (docs/ir.md 5). */
static sf_result read_spikes(onnx_spiking *s, sf_op *convert) {
  sf_value *spikes = sf_op_operand(convert, 0);
  const sf_value *value = convert->results[0];
  for (sf_use *use = value->first_use, *next; use; use = next) {
    next = use->next;
    sf_op *reader = use->op;
    if (!reader || use->index != 0) continue;
    if (!is_f32_projection(reader) && !is_move(reader)) continue;
    sf_op_set_operand(reader, 0, spikes);
    if (is_move(reader)) SF_TRY(move_spikes(s, reader));
  }
  if (!value->first_use) sf_op_erase(convert);
  return SF_OK;
}

sf_result sf_onnx_read_spikes(onnx_spiking *s) {
  s->convert_count = 0;
  SF_FOREACH_OP(op, s->network)
    if (op->kind == SF_OP_CONVERT && spikes_of(op->results[0]))
      s->converts[s->convert_count++] = op;
  /* The list grows by what is behind moves. */
  for (uint32_t i = 0; i < s->convert_count; i++)
    SF_TRY(read_spikes(s, s->converts[i]));
  return SF_OK;
}
