/* rewrite.c - visits every operand once, from the populations
 * backwards, and puts into its place what may not stand there. Only the operand
 * changes: other readers of the old value keep it. */
#include "passes/legalize/legalize.h"
#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/relay.h"

sf_result sf_legalize_push(sf_legalizer *l, sf_op *op, uint32_t index,
                           sf_legal_place place) {
  if (l->count == l->capacity) {
    size_t capacity = l->capacity ? 2 * l->capacity : 64;
    sf_legal_use *grown = SF_NEW_ARRAY(l->run->scratch, sf_legal_use, capacity);
    if (!grown) return SF_OOM;
    for (size_t i = 0; i < l->count; i++)
      grown[i] = l->stack[i];
    l->stack = grown;
    l->capacity = capacity;
  }
  l->stack[l->count++] = (sf_legal_use){op, index, place};
  return SF_OK;
}

static sf_result push_all(sf_legalizer *l, sf_op *op, sf_legal_place place) {
  if (op->order < l->op_count) {
    uint8_t bit = place == SF_PLACE_CURRENT ? 1 : 2;
    if (l->seen[op->order] & bit) return SF_OK;
    l->seen[op->order] |= bit;
  }
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (sf_op_operand(op, i)) SF_TRY(sf_legalize_push(l, op, i, place));
  return SF_OK;
}

/* Readers of one op share the population that takes its place. */
static sf_result population_of(sf_legalizer *l, sf_op *op, sf_value **out) {
  bool known = op->order < l->op_count;
  if (known && l->populations[op->order]) {
    *out = l->populations[op->order];
    return SF_OK;
  }
  SF_TRY(sf_legalize_population(l, op, out));
  if (known) l->populations[op->order] = *out;
  return SF_OK;
}

static sf_result distributed_of(sf_legalizer *l, sf_op *op, sf_value **out) {
  bool known = op->order < l->op_count;
  if (known && l->distributed[op->order]) {
    *out = l->distributed[op->order];
    return SF_OK;
  }
  SF_TRY(sf_legalize_distribute(l, op, out));
  if (!*out) SF_TRY(sf_legalize_split(l, op, out));
  if (known) l->distributed[op->order] = *out;
  return SF_OK;
}

static sf_result no_identity(sf_legalizer *l, sf_legal_use use,
                             const sf_value *x, const char *why,
                             const char *help) {
  sf_error(l->run->diag, SF_DIAG_NOT_NORMAL, use.op->loc,
           "'%%%s' reads '%%%s' without a projection, %s",
           use.op->results[0]->name, x->name, why);
  sf_help(l->run->diag, "%s, or mark '%%%s' {on = host}", help,
          use.op->results[0]->name);
  return SF_OK;
}

/* A source where a current belongs gets a synapse of weight 1. */
static sf_result project(sf_legalizer *l, sf_legal_use use, sf_value *x) {
  if (!sf_has_identity_projection(&x->type))
    return no_identity(l, use, x, "and its rank is not 1, 2 or 3",
                       "put a projection between them");
  if (use.op->kind == SF_OP_NEURONS &&
      use.op->neuron->inputs[use.index]->type.kind == SF_SCALAR_SPIKE) {
    return no_identity(l, use, x,
                       "and its function takes a spike, not the sum that a "
                       "synapse gives",
                       "let the function take an integer that is above 0 where "
                       "a spike came");
  }
  sf_op *before = use.op->prev;
  sf_value *sum = sf_identity_projection(x, use.op);
  if (!sum) return SF_OOM;
  sf_op *first = before ? before->next : l->network->first;
  for (sf_op *op = first; op != use.op; op = op->next)
    op->order = UINT32_MAX;
  l->new_projections++;
  sf_op_set_operand(use.op, use.index, sum);
  return sf_legalize_push(l, sum->op, 0, SF_PLACE_SOURCE);
}

static bool adds_streams(const sf_op *op) {
  return op->kind == SF_OP_ADD && sf_op_operand(op, 0) && sf_op_operand(op, 1);
}

static sf_result visit_projection(sf_legalizer *l, sf_legal_use use,
                                  sf_op *op) {
  sf_value *sum = NULL;
  SF_TRY(distributed_of(l, op, &sum));
  if (!sum) return sf_legalize_push(l, op, 0, SF_PLACE_SOURCE);
  sf_op_set_operand(use.op, use.index, sum);
  return push_all(l, sum->op, SF_PLACE_CURRENT);
}

static sf_result visit_current(sf_legalizer *l, sf_legal_use use, sf_value *x) {
  if (sf_is_source(x) || sf_is_route_op(x->op)) return project(l, use, x);
  if (adds_streams(x->op)) return push_all(l, x->op, SF_PLACE_CURRENT);
  if (sf_is_synapses(x->op)) return visit_projection(l, use, x->op);
  sf_value *population = NULL;
  SF_TRY(population_of(l, x->op, &population));
  return population ? project(l, use, population) : SF_OK;
}

static sf_result visit_source(sf_legalizer *l, sf_legal_use use, sf_value *x) {
  if (sf_is_source(x)) return SF_OK;
  if (sf_is_route_op(x->op)) return push_all(l, x->op, SF_PLACE_SOURCE);
  sf_value *population = NULL;
  SF_TRY(population_of(l, x->op, &population));
  if (population) sf_op_set_operand(use.op, use.index, population);
  return SF_OK;
}

static sf_result visit_all(sf_legalizer *l) {
  while (l->count) {
    sf_legal_use use = l->stack[--l->count];
    sf_value *x = sf_op_operand(use.op, use.index);
    SF_TRY(use.place == SF_PLACE_CURRENT ? visit_current(l, use, x)
                                         : visit_source(l, use, x));
  }
  return SF_OK;
}

/* ---- Results. ---- */

/* f32, or computed from what the host computes: the host can go on. */
static sf_result is_for_host(const sf_legalizer *l, const sf_value *value,
                             bool *yes) {
  size_t count = 0;
  bool *seen = SF_NEW_ARRAY(l->run->scratch, bool, l->op_count + 1u);
  const sf_op **stack =
      SF_NEW_ARRAY(l->run->scratch, const sf_op *, l->op_count + 1u);
  if (!seen || !stack) return SF_OOM;
  *yes = value->type.scalar.kind == SF_SCALAR_F32;
  if (value->op->order < l->op_count) stack[count++] = value->op;
  while (count && !*yes) {
    const sf_op *op = stack[--count];
    if (op->kind == SF_OP_NEURONS) {
      *yes = !sf_is_chip_population(op);
      continue;
    }
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (!x || !x->op || x->op->order >= l->op_count || seen[x->op->order])
        continue;
      seen[x->op->order] = true;
      stack[count++] = x->op;
    }
  }
  return SF_OK;
}

/* A chip sends what populations emit, so a sum that leaves gets a relay. */
static sf_result legalize_results(sf_legalizer *l) {
  uint32_t count = l->network->return_count;
  sf_value **values = SF_NEW_ARRAY(l->run->scratch, sf_value *, count + 1u);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    sf_value *x = values[i] = l->network->returns[i].value;
    if (sf_is_source(x)) continue;
    bool host;
    SF_TRY(is_for_host(l, x, &host));
    if (host) continue;
    if (sf_is_route_op(x->op)) {
      SF_TRY(push_all(l, x->op, SF_PLACE_SOURCE));
      continue;
    }
    sf_value *population = NULL;
    SF_TRY(population_of(l, x->op, &population));
    if (population) values[i] = population;
  }
  SF_TRY(sf_network_set_returns(l->network, count, values));
  return visit_all(l);
}

/* Sums whose readers all got something else. */
static void erase_unread(sf_network *network) {
  for (bool erased = true; erased;) {
    erased = false;
    for (sf_op *op = network->last, *previous; op; op = previous) {
      previous = op->prev;
      if (op->kind == SF_OP_NEURONS || op->results[0]->first_use) continue;
      sf_op_erase(op);
      erased = true;
    }
  }
}

static bool reads_float(const sf_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (sf_op_operand(op, i)->type.scalar.kind == SF_SCALAR_F32) return true;
  for (uint32_t i = 0; i < op->result_count; i++)
    if (op->results[i]->type.scalar.kind == SF_SCALAR_F32) return true;
  return false;
}

sf_result sf_legalize_network(sf_legalizer *l) {
  bool on_chip = false;
  SF_FOREACH_OP(op, l->network) {
    if (!sf_is_chip_population(op)) continue;
    on_chip = true;
    if (reads_float(op)) {
      sf_error(l->run->diag, SF_DIAG_NOT_NORMAL, op->loc,
               "population '%%%s' on chip works on f32", op->results[0]->name);
      sf_help(l->run->diag, "quantize the model, or mark '%%%s' {on = host}",
              op->results[0]->name);
      continue;
    }
    SF_TRY(push_all(l, op, SF_PLACE_CURRENT));
  }
  SF_TRY(visit_all(l));
  if (on_chip) SF_TRY(legalize_results(l));
  erase_unread(l->network);
  return SF_OK;
}
