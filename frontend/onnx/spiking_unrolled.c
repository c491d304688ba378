/* spiking_unrolled.c - networks that repeat one step T times, found and proved.
 *
 * The last step is matched with the one before, from the stacked results up:
 * ops that differ only in their step are the template; what an op of the
 * template reads of the step before is a state. Then every other step must be
 * the template again, with the states of the step before it, down to step 0,
 * whose states are zero. There exporters fold what follows from the zeros, so
 * that a constant stands for an op of the template: it must be what the op
 * gives for states of zero. */
#include "frontend/onnx/spiking_unrolled.h"

#include <string.h>

/* ---- Equal ops. ---- */

static bool same_blob(const sf_blob *a, const sf_blob *b) {
  if (a == b) return true;
  return a && b && a->source == SF_SOURCE_SPLAT &&
         b->source == SF_SOURCE_SPLAT && sf_type_equal(&a->type, &b->type) &&
         sf_number_equal(a->splat, b->splat);
}

static bool same_attr(const sf_attr *a, const sf_attr *b) {
  if (a->id != b->id || a->kind != b->kind || a->count != b->count ||
      a->i != b->i || memcmp(&a->f, &b->f, sizeof a->f) != 0 ||
      a->blob != b->blob)
    return false;
  if (a->count && memcmp(a->ints, b->ints, a->count * sizeof *a->ints) != 0)
    return false;
  return a->text == b->text ||
         (a->text && b->text && !strcmp(a->text, b->text));
}

static bool same_arguments(const sf_op *a, const sf_op *b) {
  for (uint32_t i = 0; a->neuron && i < a->neuron->param_count; i++) {
    const sf_argument *x = &a->arguments[i], *y = &b->arguments[i];
    if (x->kind != y->kind || !same_blob(x->blob, y->blob)) return false;
    if (x->kind == SF_ARGUMENT_NUMBER && !sf_number_equal(x->number, y->number))
      return false;
  }
  return true;
}

/* The same but for their streams. */
static bool same_op(const sf_op *a, const sf_op *b) {
  if (a->kind != b->kind || a->mode != b->mode || a->neuron != b->neuron ||
      a->operand_count != b->operand_count || a->attr_count != b->attr_count ||
      a->result_count != 1 || b->result_count != 1 ||
      !sf_type_equal(&a->results[0]->type, &b->results[0]->type))
    return false;
  for (uint32_t i = 0; i < a->attr_count; i++)
    if (!same_attr(&a->attrs[i], &b->attrs[i])) return false;
  return same_arguments(a, b);
}

/* One element of an axis of an argument. */
static bool read_slice(const sf_op *op, unsigned *axis, int64_t *index) {
  if (op->kind != SF_OP_SLICE || sf_op_operand(op, 0)->op) return false;
  const sf_type *from = &sf_op_operand(op, 0)->type;
  const sf_type *to = &op->results[0]->type;
  unsigned found = from->rank;
  for (unsigned i = 0; i < from->rank; i++) {
    if (to->dim[i] == from->dim[i]) continue;
    if (to->dim[i] != 1 || found != from->rank) return false;
    found = i;
  }
  if (found == from->rank) return false;
  int64_t begin[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_begin, from->rank, begin);
  *axis = found;
  *index = begin[found];
  return true;
}

/* Element `step` of the same axis as the template's element T - 1. */
static bool same_slice(const onnx_unrolled *u, const sf_op *a, const sf_op *b,
                       int64_t step) {
  unsigned axis, other;
  int64_t last, index;
  return read_slice(a, &axis, &last) && read_slice(b, &other, &index) &&
         axis == other && sf_op_operand(a, 0) == sf_op_operand(b, 0) &&
         last == (int64_t)u->steps - 1 && index == step &&
         sf_op_operand(a, 0)->type.dim[axis] == (int32_t)u->steps;
}

/* ---- The template. ---- */

static bool in_template(const onnx_unrolled *u, const sf_value *value) {
  return value->op && u->before[value->op->order];
}

/* `value` is what a template op gave in the step before. */
static bool is_state(const onnx_unrolled *u, const sf_value *value) {
  return value->op && u->after[value->op->order];
}

static bool pair(onnx_unrolled *u, sf_value *a, sf_value *b) {
  if (a == b || is_state(u, a)) return true;
  if (!a->op || !b->op) return false;
  sf_value **before = &u->before[a->op->order];
  if (*before) return *before == b;
  if (u->after[b->op->order] || u->before[b->op->order]) return false;
  *before = b;
  u->after[b->op->order] = a;
  u->queue[u->queued++] = a;
  return true;
}

static bool match_operands(onnx_unrolled *u, const sf_op *a, const sf_op *b) {
  for (uint32_t i = 0; i < a->operand_count; i++) {
    sf_value *x = sf_op_operand(a, i), *y = sf_op_operand(b, i);
    if (!x != !y) return false;
    if (x ? !pair(u, x, y)
          : !same_blob(sf_op_operand_blob(a, i), sf_op_operand_blob(b, i)))
      return false;
  }
  return true;
}

static void list_members(onnx_unrolled *u) {
  SF_FOREACH_OP(op, u->network)
    if (u->before[op->order]) u->members[u->member_count++] = op;
}

bool sf_onnx_find_template(onnx_unrolled *u) {
  u->queued = 0;
  for (uint32_t r = 0; r < u->result_count; r++)
    if (!pair(u, u->results[r][u->steps - 1], u->results[r][u->steps - 2]))
      return false;
  for (uint32_t i = 0; i < u->queued; i++) {
    const sf_op *a = u->queue[i]->op;
    const sf_op *b = u->before[a->order]->op;
    if (same_slice(u, a, b, (int64_t)u->steps - 2)) {
      u->is_slice[a->order] = true;
      continue;
    }
    if (!same_op(a, b) || !match_operands(u, a, b)) return false;
  }
  list_members(u);
  return true;
}

/* ---- Step 0: what follows from states of zero. ---- */

static bool blob_number(const sf_blob *blob, float *out) {
  if (blob->type.scalar.kind != SF_SCALAR_F32) return false;
  if (blob->source == SF_SOURCE_SPLAT) {
    *out = blob->splat.f;
    return true;
  }
  sf_word word;
  if (!blob->data || !sf_blob_is_uniform(blob, &word)) return false;
  *out = word.f;
  return true;
}

static bool operand_number(const onnx_unrolled *u, const sf_op *op, uint32_t i,
                           float *out) {
  const sf_blob *blob = sf_op_operand_blob(op, i);
  if (blob) return blob_number(blob, out);
  const sf_value *value = sf_op_operand(op, i);
  *out = 0;
  if (is_state(u, value)) return true;
  if (!in_template(u, value) || !u->is_known[value->op->order]) return false;
  *out = u->known[value->op->order];
  return true;
}

/* A comparison of an input with a param or a number. */
static bool compare(const sf_op *op, float x, float *out) {
  const sf_neuron *n = op->neuron;
  float side[2];
  if (n->stmt_count != 1 || n->input_count != 1 || n->state_count) return false;
  const sf_stmt *stmt = &n->stmts[0];
  if (stmt->operand_count != 2) return false;
  for (uint32_t i = 0; i < 2; i++) {
    const sf_nvalue *value = stmt->operand[i].value;
    if (!value) {
      side[i] = stmt->operand[i].literal.f;
    } else if (value->kind == SF_NVALUE_INPUT) {
      side[i] = x;
    } else {
      const sf_argument *argument = &op->arguments[value->index];
      if (argument->kind != SF_ARGUMENT_NUMBER) return false;
      side[i] = argument->number.f;
    }
  }
  switch (stmt->kind) {
  case SF_NOP_GT:
    *out = side[0] > side[1];
    return true;
  case SF_NOP_GE:
    *out = side[0] >= side[1];
    return true;
  case SF_NOP_LT:
    *out = side[0] < side[1];
    return true;
  case SF_NOP_LE:
    *out = side[0] <= side[1];
    return true;
  default:
    return false;
  }
}

static bool evaluate(const onnx_unrolled *u, const sf_op *op, float *out) {
  float a, b = 0;
  if (!operand_number(u, op, 0, &a)) return false;
  if (op->operand_count == 2 && !operand_number(u, op, 1, &b)) return false;
  switch (op->kind) {
  case SF_OP_ADD:
    *out = a + b;
    return true;
  case SF_OP_SUB:
    *out = a - b;
    return true;
  case SF_OP_MUL:
    *out = a * b;
    return true;
  case SF_OP_CONVERT:
    *out = a;
    return sf_op_number(op, SF_ATTR_scale) == 1.0F;
  case SF_OP_NEURONS:
    return op->operand_count == 1 && compare(op, a, out);
  default:
    return false;
  }
}

static void evaluate_template(onnx_unrolled *u) {
  for (uint32_t i = 0; i < u->member_count; i++) {
    const sf_op *op = u->members[i];
    u->is_known[op->order] = evaluate(u, op, &u->known[op->order]);
  }
}

/* A constant where the template has a stream. */
static bool is_folded(const onnx_unrolled *u, const sf_value *x,
                      const sf_blob *blob) {
  float number;
  if (!blob_number(blob, &number)) return false;
  float wanted = 0;
  if (!is_state(u, x)) {
    if (!in_template(u, x) || !u->is_known[x->op->order]) return false;
    wanted = u->known[x->op->order];
  }
  return memcmp(&number, &wanted, sizeof number) == 0;
}

/* ---- Every step is the template. ---- */

/* Template value `x` is `y` in step `t`. */
static bool require(onnx_unrolled *u, const sf_value *x, sf_value *y) {
  if (is_state(u, x)) {
    sf_value **wanted = &u->wanted[u->after[x->op->order]->op->order];
    if (*wanted && *wanted != y) return false;
    *wanted = y;
    return true;
  }
  if (!in_template(u, x)) return x == y;
  sf_value **image = &u->image[x->op->order];
  if (*image) return *image == y;
  if (!y->op) return false;
  *image = y;
  u->queue[u->queued++] = x->op->results[0];
  return true;
}

static bool require_operand(onnx_unrolled *u, const sf_op *a, uint32_t i,
                            const sf_op *b, uint32_t k, int64_t t) {
  const sf_value *x = sf_op_operand(a, i);
  sf_value *y = sf_op_operand(b, k);
  if (!x)
    return !y && same_blob(sf_op_operand_blob(a, i), sf_op_operand_blob(b, k));
  if (!y) return t == 0 && is_folded(u, x, sf_op_operand_blob(b, k));
  return (t > 0 || !is_state(u, x)) && require(u, x, y);
}

/* A constant is the second operand, whichever it was. */
static bool is_swapped(const onnx_unrolled *u, const sf_op *a, const sf_op *b) {
  bool commutes = a->kind == SF_OP_ADD || a->kind == SF_OP_MUL;
  if (!commutes || !sf_op_operand(a, 0) || !sf_op_operand(a, 1)) return false;
  const sf_blob *constant = sf_op_operand_blob(b, 1);
  return constant && is_folded(u, sf_op_operand(a, 0), constant);
}

static bool match_step(onnx_unrolled *u, int64_t t) {
  for (uint32_t i = 0; i < u->queued; i++) {
    const sf_op *a = u->queue[i]->op;
    const sf_op *b = u->image[a->order]->op;
    if (u->is_slice[a->order]) {
      if (!same_slice(u, a, b, t)) return false;
      continue;
    }
    if (!same_op(a, b)) return false;
    bool swapped = t == 0 && is_swapped(u, a, b);
    for (uint32_t k = 0; k < a->operand_count; k++)
      if (!require_operand(u, a, k, b, swapped ? 1 - k : k, t)) return false;
  }
  return true;
}

/* Results of step `t`, and states that the step behind it has read. */
static bool begin_step(onnx_unrolled *u, int64_t t) {
  sf_value **needed = u->needed;
  u->needed = u->wanted;
  u->wanted = needed;
  u->queued = 0;
  for (uint32_t i = 0; i < u->member_count; i++)
    u->wanted[u->members[i]->order] = u->image[u->members[i]->order] = NULL;
  for (uint32_t r = 0; r < u->result_count; r++)
    if (!require(u, u->results[r][u->steps - 1], u->results[r][t]))
      return false;
  for (uint32_t i = 0; i < u->member_count; i++) {
    const sf_op *op = u->members[i];
    if (u->needed[op->order] &&
        !require(u, op->results[0], u->needed[op->order]))
      return false;
  }
  return true;
}

bool sf_onnx_prove_unrolled(onnx_unrolled *u) {
  evaluate_template(u);
  for (int64_t t = (int64_t)u->steps - 1; t >= 0; t--)
    if (!begin_step(u, t) || !match_step(u, t)) return false;
  return true;
}
