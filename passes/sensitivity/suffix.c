/* suffix.c - the ops between a layer and the logits, as a network whose
 * arguments are what they take from the rest. */
#include "passes/sensitivity/sensitivity.h"

#include "passes/rewrite/op_copy.h"

/* By the op's number in the whole network. */
typedef struct walk {
  sf_subject *subject;
  sf_arena *arena;
  uint32_t ops;
  bool *behind;      /* depends on the layer, and the logits on it */
  sf_value **copies; /* arguments of the network, then one an op */
  sf_suffix *out;
} walk;

static const sf_network *whole(const walk *w) { return w->subject->network; }

static size_t index_of(const walk *w, const sf_value *value) {
  return value->op ? whole(w)->argument_count + value->op->order : value->index;
}

static sf_result find_ops(walk *w, const sf_op *layer) {
  bool *needed = SF_NEW_ARRAY(w->arena, bool, w->ops);
  if (!needed) return SF_OOM;
  if (w->subject->logits.value->op)
    needed[w->subject->logits.value->op->order] = true;
  for (const sf_op *op = whole(w)->last; op; op = op->prev) {
    for (uint32_t i = 0; needed[op->order] && i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (x && x->op) needed[x->op->order] = true;
    }
  }
  for (const sf_op *op = layer; op; op = op->next) {
    w->behind[op->order] = op == layer;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (x && x->op && w->behind[x->op->order]) w->behind[op->order] = true;
    }
  }
  for (uint32_t i = 0; i < w->ops; i++)
    w->behind[i] = w->behind[i] && needed[i];
  return SF_OK;
}

/* The value in the suffix; what is not computed there is an argument. */
static sf_value *copy_of(walk *w, const sf_value *value) {
  sf_value **copy = &w->copies[index_of(w, value)];
  if (*copy) return *copy;
  *copy = sf_network_add_argument(w->out->network, value->name, &value->type);
  w->out->cut[w->out->cut_count++] = value;
  return *copy;
}

static sf_result add_op(walk *w, const sf_op *op) {
  sf_op *copy = sf_op_copy_into(w->out->network, NULL, op, op->operand_count);
  if (!copy) return SF_OOM;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x) continue;
    sf_value *mine = copy_of(w, x);
    if (!mine) return SF_OOM;
    sf_op_set_operand(copy, i, mine);
  }
  sf_value *result =
      sf_op_add_result(copy, op->results[0]->name, &op->results[0]->type);
  w->copies[index_of(w, op->results[0])] = result;
  return result ? SF_OK : SF_OOM;
}

static sf_result build(walk *w, const sf_op *layer) {
  w->out->network = sf_network_create(w->subject->module, "behind", layer->loc);
  if (!w->out->network) return SF_OOM;
  for (const sf_op *op = layer; op; op = op->next) {
    if (!w->behind[op->order]) continue;
    SF_TRY(add_op(w, op));
    if (op == layer) w->out->layer = w->out->network->last;
  }
  sf_value *logits = copy_of(w, w->subject->logits.value);
  if (!logits) return SF_OOM;
  w->out->logits = logits;
  return sf_network_set_returns(w->out->network, 1, &logits);
}

sf_result sf_suffix_create(sf_subject *subject, const sf_op *layer,
                           sf_suffix *out) {
  sf_network *network = subject->network;
  sf_arena *arena = subject->run->scratch;
  walk w = {.subject = subject,
            .arena = arena,
            .ops = sf_network_number(network),
            .out = out};
  size_t values = network->argument_count + (size_t)w.ops;
  w.behind = SF_NEW_ARRAY(arena, bool, w.ops);
  w.copies = SF_NEW_ARRAY(arena, sf_value *, values);
  *out = (sf_suffix){.cut = SF_NEW_ARRAY(arena, const sf_value *, values)};
  if (!w.behind || !w.copies || !out->cut) return SF_OOM;
  SF_TRY(find_ops(&w, layer));
  return w.behind[layer->order] ? build(&w, layer) : SF_OK;
}
