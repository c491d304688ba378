/* pattern_mask.c - scores of attention chosen by a mask, as a sum.
 *
 *   softmax(where(c, x, lowest))  =>  softmax(x + k), k = where(c, 0, lowest)
 *
 * and the same with a constant c, where k is a constant. An exponential of a
 * number so low is 0 whatever x is, so both give the same weights; where the
 * whole of a vector is chosen away, too, but for -inf, which a constant cannot
 * be: such a mask is left alone. */
#include "frontend/onnx/pattern.h"

#include <float.h>
#include <math.h>

static const double low_enough = -1e4, /* exp(-1e4 + score) is 0 */
    absorbs = -1e30;                   /* it plus a score is itself */

/* An operand of the statement `select`: a stream, or a constant. */
typedef struct choice {
  sf_value *stream;
  const sf_blob *blob;
  bool is_number;
  double number;
} choice;

typedef struct mask {
  sf_op *softmax, *where;
  choice condition;
  sf_value *scores;
  double lowest;
  bool shown; /* where the condition holds */
} mask;

static double number_of(const sf_number *number) { return number->d; }

static choice choice_of(const sf_op *op, const sf_noperand *operand) {
  const sf_nvalue *value = operand->value;
  if (!value)
    return (choice){.is_number = true, .number = number_of(&operand->literal)};
  if (value->kind == SF_NVALUE_INPUT)
    return (choice){.stream = sf_op_operand(op, value->index)};
  if (value->kind != SF_NVALUE_PARAM) return (choice){0};
  const sf_argument *a = &op->arguments[value->index];
  if (a->kind == SF_ARGUMENT_BLOB) return (choice){.blob = a->blob};
  if (a->kind == SF_ARGUMENT_NUMBER)
    return (choice){.is_number = true, .number = number_of(&a->number)};
  return (choice){0};
}

/* Is the op a choice, and nothing else, between scores and a lowest number? */
static bool read_choice(mask *m) {
  const sf_neuron *f = m->where->neuron;
  if (f->stmt_count != 1 || f->emit_count != 1 || f->state_count ||
      f->stmts->kind != SF_NOP_SELECT || f->emits->value != f->stmts->result)
    return false;
  m->condition = choice_of(m->where, &f->stmts->operand[0]);
  for (int i = 1; i <= 2; i++) {
    choice x = choice_of(m->where, &f->stmts->operand[i]);
    choice lowest = choice_of(m->where, &f->stmts->operand[3 - i]);
    if (!x.stream || !lowest.is_number || !(lowest.number <= low_enough))
      continue;
    m->scores = x.stream;
    m->lowest = lowest.number;
    m->shown = i == 1;
    return (m->condition.stream || m->condition.blob) &&
           sf_type_equal(&x.stream->type, &m->where->results[0]->type);
  }
  return false;
}

/* What was repeated to the shape of the scores: a sum repeats it itself. */
static sf_value *unspread(sf_value *x) {
  while (x && x->op && x->op->kind == SF_OP_CONCAT) {
    const sf_op *op = x->op;
    int64_t axis = sf_op_int(op, SF_ATTR_axis);
    sf_value *part = sf_op_operand(op, 0);
    if (axis < 0) axis += x->type.rank;
    if (!part || part->type.dim[axis] != 1) return x;
    for (uint32_t i = 1; i < op->operand_count; i++)
      if (sf_op_operand(op, i) != part) return x;
    x = part;
  }
  return x;
}

static bool is_not(const sf_op *op) {
  if (!op || op->kind != SF_OP_NEURONS || op->operand_count != 1) return false;
  const sf_neuron *f = op->neuron;
  return f->stmt_count == 1 && f->stmts->kind == SF_NOP_NOT &&
         f->emit_count == 1 && f->emits->value == f->stmts->result &&
         f->stmts->operand[0].value == f->inputs[0];
}

/* Instead of a condition's opposite, in another shape or not, the condition. */
static sf_result skip_not(mask *m) {
  sf_value *x = m->condition.stream = unspread(m->condition.stream);
  bool reshaped = x && x->op && x->op->kind == SF_OP_RESHAPE;
  const sf_op *reshape = reshaped ? x->op : NULL;
  const sf_value *inner = reshape ? sf_op_operand(reshape, 0) : x;
  if (!inner || !is_not(inner->op)) return SF_OK;
  m->shown = !m->shown;
  m->condition.stream = sf_op_operand(inner->op, 0);
  if (!reshape) return SF_OK;
  sf_op *op = sf_onnx_pattern_op(m->where, SF_OP_RESHAPE, 1);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, m->condition.stream);
  m->condition.stream = sf_op_add_result(op, x->name, &x->type);
  return m->condition.stream ? SF_OK : SF_OOM;
}

/* ---- A constant mask. ---- */

static bool is_shown(const mask *m, size_t i) {
  const sf_blob *blob = m->condition.blob;
  return (sf_blob_word(blob, i).i != 0) == m->shown;
}

/* Does each vector that softmax goes over keep an element? */
static bool keeps_some(const mask *m) {
  const sf_type *type = &m->condition.blob->type;
  int64_t axis = sf_op_int(m->softmax, SF_ATTR_axis);
  if (axis < 0) axis += m->scores->type.rank;
  axis += type->rank - m->scores->type.rank;
  size_t extent = axis < 0 ? 1 : (size_t)type->dim[axis], inner = 1;
  for (int64_t i = axis < 0 ? 0 : axis + 1; i < type->rank; i++)
    inner *= (size_t)type->dim[i];
  size_t count = sf_blob_elements(m->condition.blob);
  for (size_t i = 0; i < count; i++) {
    if (i / inner % extent) continue; /* not the first of its vector */
    bool some = false;
    for (size_t j = 0; !some && j < extent; j++)
      some = is_shown(m, i + j * inner);
    if (!some) return false;
  }
  return true;
}

static sf_blob *constant_mask(const onnx_pattern *p, const mask *m) {
  const sf_blob *blob = m->condition.blob;
  size_t count = sf_blob_elements(blob);
  float *values = SF_NEW_ARRAY(p->module->arena, float, count);
  if (!values) return NULL;
  for (size_t i = 0; i < count; i++)
    values[i] = is_shown(m, i) ? 0.0f : -FLT_MAX;
  sf_type type = blob->type;
  type.scalar = sf_f32();
  return sf_blob_create_f32(p->module, blob->name, &type, values);
}

/* ---- A mask that is a stream. ---- */

static sf_noperand number(double value) {
  return sf_noperand_number(sf_number_float((float)value));
}

static sf_value *stream_mask(const onnx_pattern *p, const mask *m) {
  double lowest = m->lowest > absorbs ? -(double)FLT_MAX : m->lowest;
  sf_value *condition = m->condition.stream;
  sf_neuron *f = sf_neuron_create(p->module, "attention_mask", m->where->loc);
  sf_nvalue *a = f ? sf_neuron_add_input(f, "a", sf_spike()) : NULL;
  sf_stmt *s = a ? sf_neuron_add_stmt(f, SF_NOP_SELECT, "r", sf_f32()) : NULL;
  if (!s) return NULL;
  s->operand[0] = sf_noperand_value(a);
  s->operand[1] = number(m->shown ? 0 : lowest);
  s->operand[2] = number(m->shown ? lowest : 0);
  if (sf_neuron_add_emit(f, sf_noperand_value(s->result), sf_f32()) != SF_OK)
    return NULL;
  sf_op *op = sf_onnx_pattern_op(m->where, SF_OP_NEURONS, 1);
  if (!op || sf_op_set_neuron(op, f) != SF_OK) return NULL;
  sf_op_set_operand(op, 0, condition);
  sf_type type = condition->type;
  type.scalar = sf_f32();
  return sf_op_add_result(op, condition->name, &type);
}

sf_result sf_onnx_pattern_mask(const onnx_pattern *p, sf_op *op) {
  mask m = {.softmax = op};
  const sf_value *x = op->kind == SF_OP_SOFTMAX ? sf_op_operand(op, 0) : NULL;
  m.where = x ? sf_onnx_made_by(x, SF_OP_NEURONS) : NULL;
  if (!m.where || m.where->result_count != 1 || !read_choice(&m)) return SF_OK;
  SF_TRY(skip_not(&m));
  const sf_blob *blob = m.condition.blob;
  bool known = blob && (blob->data || blob->source == SF_SOURCE_SPLAT);
  if (blob && (!known || (isinf(m.lowest) && !keeps_some(&m)))) return SF_OK;
  sf_value *stream = blob ? NULL : stream_mask(p, &m);
  sf_blob *constant = blob ? constant_mask(p, &m) : NULL;
  sf_op *sum =
      stream || constant ? sf_onnx_pattern_op(m.where, SF_OP_ADD, 2) : NULL;
  if (!sum) return SF_OOM;
  sf_op_set_operand(sum, 0, m.scores);
  if (stream)
    sf_op_set_operand(sum, 1, stream);
  else
    sf_op_set_operand_blob(sum, 1, constant);
  return sf_onnx_replace(m.where, sum);
}
