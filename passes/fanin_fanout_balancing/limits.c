/* limits.c - what a neuron sums, and whether a core of the machine holds it. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/rewrite/normal_form.h"

#include <stdlib.h>
#include <string.h>

/* ---- Taps. ---- */

/* The row with the most edges; they are sorted by target. */
static sf_result widest_row(const sf_op *sparse, sf_diag *diag, int32_t *row,
                            uint64_t *edges) {
  sf_blob *index = sf_op_operand_blob(sparse, 1);
  SF_TRY(sf_blob_load(index, diag));
  size_t count = sf_blob_elements(index) / 2;
  *row = 0;
  *edges = 0;
  for (size_t e = 0, first = 0; e < count; e++) {
    int32_t target = sf_blob_i32(index, 2 * e);
    if (target != sf_blob_i32(index, 2 * first)) first = e;
    if (e - first + 1 <= *edges) continue;
    *edges = e - first + 1;
    *row = target;
  }
  return SF_OK;
}

/* A bias without synapses, as this pass writes it. */
static bool sums_nothing(const sf_op *projection) {
  bool weighs =
      projection->kind == SF_OP_LINEAR || projection->kind == SF_OP_CONV;
  const sf_blob *weights = weighs ? sf_op_operand_blob(projection, 1) : NULL;
  return weights && weights->source == SF_SOURCE_SPLAT &&
         !weights->splat.is_float && weights->splat.i == 0;
}

sf_result sf_fan_taps(sf_fan *fan, const sf_op *projection, uint64_t *out) {
  int32_t row;
  *out = 0;
  if (sums_nothing(projection)) return SF_OK;
  switch (projection->kind) {
  case SF_OP_SPARSE:
    return widest_row(projection, fan->run->diag, &row, out);
  case SF_OP_LINEAR:
    *out = (uint64_t)sf_op_operand_blob(projection, 1)->type.dim[1];
    return SF_OK;
  case SF_OP_CONVT:
    *out = sf_fan_transposed_taps(projection);
    return SF_OK;
  default:
    *out = sf_plan_window_taps(projection);
    return SF_OK;
  }
}

static sf_result add_leaf(sf_fan *fan, sf_fan_leaves *leaves, sf_op *reader,
                          uint32_t index) {
  if (leaves->count == leaves->capacity) {
    uint32_t capacity = leaves->capacity ? 2 * leaves->capacity : 16;
    sf_fan_leaf *items = SF_NEW_ARRAY(fan->run->scratch, sf_fan_leaf, capacity);
    if (!items) return SF_OOM;
    if (leaves->count)
      memcpy(items, leaves->items, leaves->count * sizeof *items);
    leaves->items = items;
    leaves->capacity = capacity;
  }
  sf_op *op = sf_op_operand(reader, index)->op;
  bool projects = op && sf_is_synapses(op);
  sf_fan_leaf leaf = {reader, index, projects ? op : NULL, 1};
  if (projects) SF_TRY(sf_fan_taps(fan, op, &leaf.taps));
  for (uint32_t i = 0; i < fan->thermometer_count; i++)
    if (op && fan->thermometers[i] == op->results[0]) leaf.taps = 0;
  leaves->items[leaves->count++] = leaf;
  leaves->taps += leaf.taps;
  return SF_OK;
}

typedef struct use_stack {
  sf_fan_leaf *items; /* reader and index */
  size_t count, capacity;
} use_stack;

static sf_result push(sf_fan *fan, use_stack *stack, sf_op *reader,
                      uint32_t index) {
  if (stack->count == stack->capacity) {
    size_t capacity = stack->capacity ? 2 * stack->capacity : 16;
    sf_fan_leaf *items = SF_NEW_ARRAY(fan->run->scratch, sf_fan_leaf, capacity);
    if (!items) return SF_OOM;
    if (stack->count) memcpy(items, stack->items, stack->count * sizeof *items);
    stack->items = items;
    stack->capacity = capacity;
  }
  stack->items[stack->count++] = (sf_fan_leaf){reader, index, NULL, 0};
  return SF_OK;
}

sf_result sf_fan_collect(sf_fan *fan, sf_op *reader, uint32_t index,
                         sf_fan_leaves *leaves) {
  use_stack stack = {0};
  SF_TRY(push(fan, &stack, reader, index));
  while (stack.count) {
    sf_fan_leaf at = stack.items[--stack.count];
    sf_value *value = sf_op_operand(at.reader, at.index);
    if (!value) continue;
    if (!value->op || value->op->kind != SF_OP_ADD) {
      SF_TRY(add_leaf(fan, leaves, at.reader, at.index));
      continue;
    }
    SF_TRY(push(fan, &stack, value->op, 1));
    SF_TRY(push(fan, &stack, value->op, 0));
  }
  return SF_OK;
}

sf_result sf_fan_leaves_of(sf_fan *fan, sf_op *population,
                           sf_fan_leaves *leaves) {
  *leaves = (sf_fan_leaves){0};
  for (uint32_t i = 0; i < population->operand_count; i++)
    SF_TRY(sf_fan_collect(fan, population, i, leaves));
  return SF_OK;
}

/* ---- Cores. ---- */

/* The neuron that sums most: of listed edges the one with the longest list,
 * else one in the middle, whose window is not clipped. */
static sf_result one_neuron(sf_fan *fan, const sf_op *population,
                            const sf_fan_leaves *leaves, sf_box *out) {
  const sf_type *type = &population->results[0]->type;
  *out = sf_box_whole(type);
  for (unsigned i = 0; i < type->rank; i++) {
    out->begin[i] = type->dim[i] / 2;
    out->end[i] = out->begin[i] + 1;
  }
  uint64_t most = 0;
  for (uint32_t i = 0; i < leaves->count; i++) {
    const sf_fan_leaf *leaf = &leaves->items[i];
    bool listed = leaf->op && leaf->op->kind == SF_OP_SPARSE &&
                  type->rank == 1 && leaf->taps > most;
    if (!listed) continue;
    SF_TRY(widest_row(leaf->op, fan->run->diag, &out->begin[0], &most));
    out->end[0] = out->begin[0] + 1;
  }
  return SF_OK;
}

static sf_result box_fits(sf_fan *fan, const sf_op *population,
                          const sf_box *box, bool *out) {
  sf_plan_use use;
  SF_TRY(sf_plan_use_of(&fan->plan, population, box, &use));
  *out = sf_plan_use_fits(&use);
  return SF_OK;
}

sf_result sf_fan_fits(sf_fan *fan, sf_op *population, bool *out) {
  sf_fan_leaves leaves;
  SF_TRY(sf_fan_leaves_of(fan, population, &leaves));
  *out = !fan->fanin || leaves.taps <= fan->fanin;
  if (!*out || !fan->run->machine) return SF_OK;
  *out = leaves.count <= SF_PLAN_SUMS_MAX;
  if (!*out) return SF_OK;
  sf_box box;
  SF_TRY(one_neuron(fan, population, &leaves, &box));
  return box_fits(fan, population, &box, out);
}

/* Cut along the axes in order, as `partition` does: the first axis with an
 * extent that fits is cut, those before it go to 1. */
sf_result sf_fan_cores(sf_fan *fan, sf_op *population, uint64_t *out) {
  const sf_type *type = &population->results[0]->type;
  sf_box box = sf_box_whole(type);
  *out = 1;
  for (unsigned axis = 0; axis < type->rank; axis++) {
    int32_t low = 0, high = type->dim[axis];
    while (low < high) {
      bool fits;
      int32_t middle = low + (high - low + 1) / 2;
      box.end[axis] = middle;
      SF_TRY(box_fits(fan, population, &box, &fits));
      if (fits)
        low = middle;
      else
        high = middle - 1;
    }
    if (low > 0) {
      *out *= ((uint64_t)type->dim[axis] + (uint64_t)low - 1) / (uint64_t)low;
      return SF_OK;
    }
    box.end[axis] = 1;
    *out *= (uint64_t)type->dim[axis];
  }
  *out = 0;
  return SF_OK;
}

/* ---- Intervals. ---- */

sf_result sf_fan_span(sf_fan *fan, const sf_value *value, sf_span *out) {
  if (!fan->ranges)
    SF_TRY(sf_ranges_create(fan->network, fan->run->diag, &fan->ranges));
  sf_range range;
  *out = sf_span_type(value->type.scalar); /* what this pass has made */
  if (sf_ranges_value(fan->ranges, value, &range))
    *out = sf_span_of(range.low, range.high);
  *out = sf_span_join(*out, sf_span_of(0, 0));
  return SF_OK;
}

bool sf_fan_holding(sf_span span, sf_scalar *out) {
  if (!sf_span_fits(span, sf_int(32))) return false;
  *out = sf_int_holding((int64_t)span.low, (int64_t)span.high);
  return true;
}

/* ---- Loops. ---- */

sf_result sf_fan_in_loop(sf_fan *fan, const sf_value *from,
                         const sf_op *population, bool *out) {
  sf_arena *arena = fan->run->scratch;
  uint32_t ops = sf_network_number(fan->network);
  bool *seen = SF_NEW_ARRAY(arena, bool, ops + 1u);
  const sf_op **stack = SF_NEW_ARRAY(arena, const sf_op *, ops + 1u);
  if (!seen || !stack) return SF_OOM;
  uint32_t count = 0;
  *out = false;
  if (from->op) {
    stack[count++] = from->op;
    seen[from->op->order] = true;
  }
  while (count && !*out) {
    const sf_op *op = stack[--count];
    *out = op == population;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (!x || !x->op || seen[x->op->order]) continue;
      seen[x->op->order] = true;
      stack[count++] = x->op;
    }
  }
  return SF_OK;
}
