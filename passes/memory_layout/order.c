/* order.c - neurons of irregular layers in an order that puts those with common
 * inputs on one core.
 *
 * A `host` row names a box, so a part must be a range of neurons. That is no
 * restriction where the order of neurons is free: where only linear and sparse
 * projections, perhaps through delays, read the population. Its neurons are
 * then renumbered part by part (hypergraph.h), which changes no sum: integers
 * add up to the same in any order. */
#include "machine/loihi2_memory.h"
#include "passes/memory_layout/hypergraph.h"
#include "passes/memory_layout/memory_layout.h"

#include <stdlib.h>
#include <string.h>

enum {
  SYNAPSES_MAX = 1 << 24, /* of one population: more are left as they are */
  LEAVES_MAX = SF_PLAN_SUMS_MAX
};

/* ---- Which populations. ---- */

static bool is_matrix(const sf_op *op) {
  if (!op || (op->kind != SF_OP_LINEAR && op->kind != SF_OP_SPARSE))
    return false;
  return op->results[0]->type.rank == 1 &&
         op->operands[0].value->type.rank == 1 &&
         op->results[0]->type.scalar.kind != SF_SCALAR_F32;
}

static bool readers_are_free(const sf_value *value) {
  SF_FOREACH_USE(use, value) {
    if (!use->op) return false; /* returned: the order is the user's */
    bool delay = use->op->kind == SF_OP_DELAY;
    if (delay ? !readers_are_free(use->op->results[0]) : !is_matrix(use->op))
      return false;
  }
  return true;
}

/* Projections below an operand, each read by it alone. */
typedef struct leaves {
  uint32_t count;
  sf_op *ops[LEAVES_MAX];
} leaves;

static bool collect(const sf_value *value, leaves *out) {
  if (!sf_value_has_one_use(value) || !value->op) return false;
  if (value->op->kind == SF_OP_ADD) {
    for (uint32_t i = 0; i < value->op->operand_count; i++) {
      const sf_value *part = value->op->operands[i].value;
      if (!part || !sf_type_same_shape(&part->type, &value->type) ||
          !collect(part, out))
        return false;
    }
    return true;
  }
  if (!is_matrix(value->op) || out->count == LEAVES_MAX) return false;
  out->ops[out->count++] = value->op;
  return true;
}

static bool draws(const sf_neuron *neuron) {
  for (const sf_stmt *s = neuron->stmts; s < neuron->stmts + neuron->stmt_count;
       s++)
    if (s->kind == SF_NOP_RAND) return true;
  return false;
}

/* The stream of random numbers belongs to an element: those stay. */
static bool is_free(const sf_op *op, leaves *out) {
  *out = (leaves){0};
  bool line = op->kind == SF_OP_NEURONS && sf_flow_is_on_chip(op) &&
              op->result_count == 1 && op->results[0]->type.rank == 1 &&
              !draws(op->neuron);
  if (!line || !readers_are_free(op->results[0])) return false;
  bool sparse = false;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!collect(op->operands[i].value, out)) return false;
  for (uint32_t i = 0; i < out->count; i++)
    sparse |= out->ops[i]->kind == SF_OP_SPARSE;
  return sparse;
}

/* ---- Its hypergraph. ---- */

typedef struct graph {
  sf_hypergraph plain;
  uint32_t *first, *of;
  uint32_t leaf_first[LEAVES_MAX + 1]; /* first axon of each projection */
  uint32_t leaf_count;
  unsigned bits[LEAVES_MAX];
  bool delays[LEAVES_MAX];
  sf_loihi2_limits limits;
} graph;

static uint64_t price(const void *data, uint32_t axon, uint64_t synapses) {
  const graph *g = data;
  if (synapses == 0) return 0;
  uint32_t leaf = 0;
  while (axon >= g->leaf_first[leaf + 1])
    leaf++;
  return g->limits.axon_in_words + sf_loihi2_list_words(&g->limits, synapses,
                                                        g->bits[leaf],
                                                        g->delays[leaf]);
}

static size_t synapses_of(const sf_op *op) {
  return sf_blob_elements(
      sf_op_operand_blob(op, op->kind == SF_OP_SPARSE ? 2 : 1));
}

/* Counts into first[target + 1], or writes at first[target] and moves on. */
static void add_synapses(const sf_op *op, uint32_t axon0, uint32_t *first,
                         uint32_t *of) {
  size_t count = synapses_of(op);
  const sf_blob *index =
      op->kind == SF_OP_SPARSE ? sf_op_operand_blob(op, 1) : NULL;
  size_t columns = (size_t)op->operands[0].value->type.dim[0];
  for (size_t i = 0; i < count; i++) {
    uint32_t target =
        (uint32_t)(index ? (size_t)sf_blob_i32(index, 2 * i) : i / columns);
    uint32_t source =
        (uint32_t)(index ? (size_t)sf_blob_i32(index, 2 * i + 1) : i % columns);
    if (of)
      of[first[target + 1]++] = axon0 + source;
    else
      first[target + 2]++;
  }
}

static sf_result build(sf_layout *layout, const sf_op *op, const leaves *l,
                       sf_arena *arena, graph *g) {
  uint32_t neurons = (uint32_t)op->results[0]->type.dim[0];
  size_t synapses = 0;
  for (uint32_t i = 0; i < l->count; i++) {
    uint32_t sources = (uint32_t)l->ops[i]->operands[0].value->type.dim[0];
    g->leaf_first[i + 1] = g->leaf_first[i] + sources;
    synapses += synapses_of(l->ops[i]);
    if (l->ops[i]->kind == SF_OP_SPARSE)
      SF_TRY(sf_blob_load(sf_op_operand_blob(l->ops[i], 1), layout->run->diag));
  }
  g->first = SF_NEW_ARRAY(arena, uint32_t, neurons + (size_t)3);
  g->of = SF_NEW_ARRAY(arena, uint32_t, synapses + 1);
  if (!g->first || !g->of) return SF_OOM;
  for (uint32_t i = 0; i < l->count; i++)
    add_synapses(l->ops[i], g->leaf_first[i], g->first, NULL);
  for (uint32_t n = 0; n < neurons; n++)
    g->first[n + 2] += g->first[n + 1];
  for (uint32_t i = 0; i < l->count; i++)
    add_synapses(l->ops[i], g->leaf_first[i], g->first, g->of);
  g->leaf_count = l->count;
  g->plain = (sf_hypergraph){neurons, g->leaf_first[l->count], g->first, g->of};
  return SF_OK;
}

/* Bits and delays as the partition counts them; words of one neuron. */
static sf_result read_limits(sf_layout *layout, const sf_op *op,
                             const leaves *l, graph *g, sf_part_limits *out) {
  sf_plan_use use;
  sf_box one = sf_box_whole(&op->results[0]->type);
  one.end[0] = 1;
  SF_TRY(sf_plan_use_of(&layout->plan, op, &one, &use));
  for (uint32_t i = 0; i < l->count; i++) {
    const sf_plan_weights *weights;
    SF_TRY(sf_plan_weights_of(&layout->plan, l->ops[i], &weights));
    g->delays[i] = weights->max_delay > 0;
    for (uint32_t k = 0; k < use.sum_count; k++) {
      if (use.sums[k].op != l->ops[i]) continue;
      g->bits[i] = use.sums[k].weight_bits;
      g->delays[i] |= use.sums[k].delay > 1;
    }
  }
  g->limits = sf_loihi2_limits_of(layout->run->machine);
  uint64_t words = use.needs[0].needed ? use.needs[0].needed : 1;
  *out = (sf_part_limits){.neurons = (uint32_t)(g->limits.neuron_words / words),
                          .cost = g->limits.pool_words,
                          .each = g->limits.axon_map_words,
                          .price = price,
                          .data = g,
                          .seed = layout->seed};
  return SF_OK;
}

/* ---- The order. ---- */

/* Part by part, in each as it was. */
static sf_result places_of(const sf_parts *parts, uint32_t neurons,
                           sf_arena *arena, uint32_t **out) {
  uint32_t *next = SF_NEW_ARRAY(arena, uint32_t, parts->count + (size_t)1);
  *out = SF_NEW_ARRAY(arena, uint32_t, neurons + (size_t)1);
  if (!next || !*out) return SF_OOM;
  for (uint32_t n = 0; n < neurons; n++)
    next[parts->part[n] + 1]++;
  for (uint32_t p = 0; p < parts->count; p++)
    next[p + 1] += next[p];
  for (uint32_t n = 0; n < neurons; n++)
    (*out)[n] = next[parts->part[n]]++;
  return SF_OK;
}

static sf_result order(sf_layout *layout, sf_op *op, const leaves *l,
                       sf_arena *arena) {
  graph g = {0};
  sf_part_limits limits;
  sf_parts before, after;
  bool fits;
  SF_TRY(build(layout, op, l, arena, &g));
  SF_TRY(read_limits(layout, op, l, &g, &limits));
  SF_TRY(sf_parts_in_order(arena, &g.plain, &limits, &before, &fits));
  if (!fits || before.count < 2) return SF_OK;
  SF_TRY(sf_parts_multilevel(arena, &g.plain, &limits, &after, &fits));
  bool better = after.count < before.count || after.cost < before.cost;
  if (after.count > before.count || !better) return SF_OK;
  uint32_t *place;
  SF_TRY(places_of(&after, g.plain.neurons, arena, &place));
  SF_TRY(sf_layout_permute(layout, op, place));
  uint64_t *stats = layout->run->stats;
  stats[SF_LAYOUT_CORES] += before.count - after.count;
  if (before.cost > after.cost)
    stats[SF_LAYOUT_ORDER] += before.cost - after.cost;
  char *text = sf_arena_printf(
      arena,
      "memory-layout-optimization: neurons of %%%s stand in another order, %u "
      "cores and %llu words instead of %u and %llu",
      op->results[0]->name, after.count, (unsigned long long)after.cost,
      before.count, (unsigned long long)before.cost);
  if (!text) return SF_OOM;
  return sf_module_add_log(layout->run->module, SF_EXACT, 0, text) ? SF_OK
                                                                   : SF_OOM;
}

sf_result sf_layout_order(sf_layout *layout) {
  if (layout->run->machine->family != SF_FAMILY_LOIHI2) return SF_OK;
  SF_FOREACH_OP(op, layout->network) {
    leaves l;
    if (!is_free(op, &l)) continue;
    size_t synapses = 0;
    for (uint32_t i = 0; i < l.count; i++)
      synapses += synapses_of(l.ops[i]);
    if (synapses > SYNAPSES_MAX) continue;
    sf_arena *arena = sf_arena_create();
    if (!arena) return SF_OOM;
    sf_result result = order(layout, op, &l, arena);
    sf_arena_destroy(arena);
    SF_TRY(result);
  }
  return SF_OK;
}
