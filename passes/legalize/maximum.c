/* maximum.c - maxima of integers before populations on chip become
 * trees of populations (max_tree.h), before anything else is legalized:
 *
 *   %m = max %a, %b : i5[4]        %d = add (sparse %a, 1), (sparse %b, -1)
 *                             =>   %r = neurons @quant_i6(%d) {d = 1, high =
 * ..} %m = add %b, %r
 *
 * Maxima of spikes are ORs, which population.c writes. */
#include "passes/legalize/legalize.h"

#include "passes/max_tree/tree.h"
#include "passes/rewrite/normal_form.h"

#include <string.h>

typedef struct maker_context {
  sf_pass_run *run;
  uint64_t *populations;
} maker_context;

static sf_value *clip_population(void *context, sf_value *sum,
                                 const sf_clip *clip, sf_op *before) {
  maker_context *c = context;
  sf_network *network = sum->network;
  sf_neuron *quant = sf_library_use_as(network->module, (sf_slice){"quant", 5},
                                       clip->scalar, c->run->diag);
  sf_op *op = quant
                  ? sf_op_create(network, before, SF_OP_NEURONS, 1, before->loc)
                  : NULL;
  if (!op || sf_op_set_neuron(op, quant) != SF_OK) return NULL;
  sf_op_set_operand(op, 0, sum);
  sf_argument_set_number(&op->arguments[0], sf_number_int(1));
  sf_argument_set_number(&op->arguments[2], sf_number_int(clip->low));
  sf_argument_set_number(&op->arguments[3], sf_number_int(clip->high));
  if (sf_max_set_offset(op, "half", &clip->offset) != SF_OK) return NULL;
  sf_type type = sum->type;
  type.scalar = clip->scalar;
  ++*c->populations;
  return sf_op_add_result(op, clip->name, &type);
}

/* What reads a value: a population on chip, the host, the network's results. */
typedef struct readers {
  bool chip, result, moves;
} readers;

static sf_result find_readers(const sf_value *value, sf_arena *arena,
                              readers *out) {
  uint32_t ops = value->network->op_count;
  bool *seen = SF_NEW_ARRAY(arena, bool, ops + 1u);
  const sf_value **stack = SF_NEW_ARRAY(arena, const sf_value *, ops + 1u);
  if (!seen || !stack) return SF_OOM;
  size_t count = 0;
  *out = (readers){0};
  stack[count++] = value;
  SF_FOREACH_USE(use, value)
    out->moves = out->moves || (use->op && sf_is_route_op(use->op));
  while (count) {
    const sf_value *at = stack[--count];
    SF_FOREACH_USE(use, at) {
      if (!use->op) out->result = true;
      if (use->op && sf_is_chip_population(use->op)) out->chip = true;
      if (!use->op || use->op->kind == SF_OP_NEURONS || seen[use->op->order])
        continue;
      seen[use->op->order] = true;
      stack[count++] = use->op->results[0];
    }
  }
  return SF_OK;
}

/* Is it computed from f32, or by the host? Then the host goes on. */
static sf_result from_host(const sf_op *maximum, sf_arena *arena, bool *out) {
  uint32_t ops = maximum->network->op_count, count = 0;
  bool *seen = SF_NEW_ARRAY(arena, bool, ops + 1u);
  const sf_op **stack = SF_NEW_ARRAY(arena, const sf_op *, ops + 1u);
  if (!seen || !stack) return SF_OOM;
  stack[count++] = maximum;
  *out = false;
  while (count && !*out) {
    const sf_op *op = stack[--count];
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (!x) continue;
      if (x->type.scalar.kind == SF_SCALAR_F32) *out = true;
      if (!x->op || seen[x->op->order]) continue;
      seen[x->op->order] = true;
      if (x->op->kind == SF_OP_NEURONS)
        *out = *out || !sf_is_chip_population(x->op);
      else
        stack[count++] = x->op;
    }
  }
  return SF_OK;
}

static bool is_integer(const sf_op *op) {
  if (op->results[0]->type.scalar.kind != SF_SCALAR_INT) return false;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (sf_op_operand(op, i)->type.scalar.kind != SF_SCALAR_INT) return false;
  return true;
}

static sf_result operand_range(const sf_op *op, sf_diag *diag, sf_range *out) {
  SF_TRY(sf_value_range(op->network, sf_op_operand(op, 0), diag, out));
  for (uint32_t i = 1; i < op->operand_count; i++) {
    sf_range one;
    SF_TRY(sf_value_range(op->network, sf_op_operand(op, i), diag, &one));
    if (one.low < out->low) out->low = one.low;
    if (one.high > out->high) out->high = one.high;
  }
  /* An interval of sums may be wider than the type that holds them all. */
  sf_scalar scalar = op->results[0]->type.scalar;
  if (out->low < sf_scalar_min(scalar)) out->low = sf_scalar_min(scalar);
  if (out->high > sf_scalar_max(scalar)) out->high = sf_scalar_max(scalar);
  return SF_OK;
}

static sf_result replace(sf_pass_run *run, sf_op *op, bool relay,
                         uint64_t *populations) {
  sf_range range;
  SF_TRY(operand_range(op, run->diag, &range));
  if (range.high - range.low > INT16_MAX || range.low < INT16_MIN ||
      range.high > INT16_MAX)
    return SF_OK; /* wider than @quant: another form is looked for */
  maker_context context = {run, populations};
  sf_max_maker maker = {.context = &context,
                        .clip = clip_population,
                        .low = range.low < 0 ? range.low : 0,
                        .high = range.high > 0 ? range.high : 0,
                        .relay = relay};
  sf_value *value;
  SF_TRY(sf_max_tree(op, &maker, run->diag, &value));
  sf_value_replace_all_uses(op->results[0], value);
  sf_op_erase(op);
  return SF_OK;
}

sf_result sf_legalize_maxima(sf_pass_run *run, sf_network *network,
                             uint64_t *populations) {
  bool on_chip = false;
  sf_result result = SF_OK; /* all that cannot be are reported */
  SF_FOREACH_OP(op, network)
    on_chip = on_chip || sf_is_chip_population(op);
  SF_FOREACH_OP_SAFE(op, following, network) {
    if (!on_chip || !sf_is_integer_maximum(op) || !is_integer(op)) continue;
    sf_network_number(network);
    readers who;
    bool host = false;
    SF_TRY(find_readers(op->results[0], run->scratch, &who));
    if (!who.chip && who.result) SF_TRY(from_host(op, run->scratch, &host));
    if (!who.chip && (!who.result || host)) continue;
    sf_result one = replace(run, op, who.result || who.moves, populations);
    if (one == SF_OOM) return one;
    if (one != SF_OK) result = one;
  }
  return result;
}
