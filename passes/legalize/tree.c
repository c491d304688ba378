/* tree.c - one op for each addend of a population.
 *
 *   %i = linear %x, @w : i16[4]         %i = linear %x, @w : i16[4]
 *   %y = add %i, %i : i17[4]            %i.1 = linear %x, @w : i16[4]
 *   %h = neurons @lif(%y)          =>   %y = add %i, %i.1 : i17[4]
 *                                       %h = neurons @lif(%y)
 *
 * Normal form is a tree (docs/ir.md 7): a chip has synapses of its own for each
 * addend and sends every event to each of them, so each addend is an op that
 * counts its own events. Populations may share a tree. */
#include "passes/legalize/legalize.h"

#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/op_copy.h"

/* For one population. A sum of a sum with itself, and so on, doubles the
 * addends with every op of the text. */
enum { COPIES_MAX = 4096 };

typedef struct addend_use {
  sf_op *reader;
  uint32_t index; /* of its operand */
} addend_use;

typedef struct tree_walk {
  sf_legalizer *legalizer;
  uint32_t mark;     /* of the population, from 1 */
  uint32_t *reached; /* by order: mark of the last population that came by */
  uint32_t op_count, op_capacity;
  addend_use *stack;
  size_t count, capacity;
  uint32_t copies; /* for this population */
} tree_walk;

static sf_result push(tree_walk *w, sf_op *reader, uint32_t index) {
  if (w->count == w->capacity) {
    size_t capacity = w->capacity ? 2 * w->capacity : 64;
    addend_use *grown =
        SF_NEW_ARRAY(w->legalizer->run->scratch, addend_use, capacity);
    if (!grown) return SF_OOM;
    for (size_t i = 0; i < w->count; i++)
      grown[i] = w->stack[i];
    w->stack = grown;
    w->capacity = capacity;
  }
  w->stack[w->count++] = (addend_use){reader, index};
  return SF_OK;
}

static sf_result push_operands(tree_walk *w, sf_op *reader) {
  for (uint32_t i = 0; i < reader->operand_count; i++)
    if (sf_op_operand(reader, i)) SF_TRY(push(w, reader, i));
  return SF_OK;
}

/* The next number for a copy, behind those of all other ops. */
static sf_result number(tree_walk *w, sf_op *copy) {
  if (w->op_count == w->op_capacity) {
    uint32_t capacity = w->op_capacity + w->op_capacity / 2 + 64;
    uint32_t *grown =
        SF_NEW_ARRAY(w->legalizer->run->scratch, uint32_t, capacity);
    if (!grown) return SF_OOM;
    for (uint32_t i = 0; i < w->op_count; i++)
      grown[i] = w->reached[i];
    w->reached = grown;
    w->op_capacity = capacity;
  }
  copy->order = w->op_count++;
  return SF_OK;
}

/* Another op that computes what `op` does, for this reader alone. */
static sf_result copy_for(tree_walk *w, addend_use use, sf_op *op,
                          sf_op **out) {
  sf_op *copy = sf_op_copy_without_streams(op, op->operand_count);
  if (!copy) return SF_OOM;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (sf_op_operand(op, i)) sf_op_set_operand(copy, i, sf_op_operand(op, i));
  const sf_value *model = op->results[0];
  sf_value *result = sf_op_add_result(copy, model->name, &model->type);
  if (!result) return SF_OOM;
  sf_op_set_operand(use.reader, use.index, result);
  w->copies++;
  if (sf_is_synapses(op)) w->legalizer->new_projections++;
  *out = copy;
  return number(w, copy);
}

static sf_result too_many(tree_walk *w, const sf_op *population) {
  sf_error(w->legalizer->run->diag, SF_DIAG_NOT_NORMAL, population->loc,
           "'%%%s' adds the same projections again more than %d times",
           population->results[0]->name, COPIES_MAX);
  sf_help(w->legalizer->run->diag,
          "scale the weights of a projection instead of adding it to itself");
  return SF_FAIL;
}

static sf_result visit(tree_walk *w, addend_use use) {
  sf_op *op = sf_op_operand(use.reader, use.index)->op;
  bool adds = op && op->kind == SF_OP_ADD;
  if (!adds && !(op && sf_is_synapses(op))) return SF_OK;
  if (w->reached[op->order] == w->mark) SF_TRY(copy_for(w, use, op, &op));
  w->reached[op->order] = w->mark;
  return adds ? push_operands(w, op) : SF_OK;
}

static sf_result one_population(tree_walk *w, sf_op *population) {
  w->mark++;
  w->copies = 0;
  SF_TRY(push_operands(w, population));
  while (w->count) {
    SF_TRY(visit(w, w->stack[--w->count]));
    if (w->copies > COPIES_MAX) return too_many(w, population);
  }
  return SF_OK;
}

sf_result sf_legalize_trees(sf_legalizer *l) {
  uint32_t ops = sf_network_number(l->network);
  tree_walk w = {.legalizer = l,
                 .reached =
                     SF_NEW_ARRAY(l->run->scratch, uint32_t, ops + (size_t)1),
                 .op_count = ops,
                 .op_capacity = ops};
  if (!w.reached) return SF_OOM;
  SF_FOREACH_OP(op, l->network)
    if (sf_is_chip_population(op)) SF_TRY(one_population(&w, op));
  return SF_OK;
}
