/* sources.c - where a projection's operand comes from: populations and inputs,
 * through delay, slice, reshape, transpose, concat, and exact sums of spikes.
 *
 * Each view has one source and one delay; a concat of k values gives k views,
 * and a sum gives those of both sides, because projections are linear. */
#include "targets/loihi2/plan.h"

#include <string.h>

enum { DEPTH_MAX = 2000, VIEWS_MAX = 1 << 16 };

static sf_result push(sf_l2_plan *plan, sf_l2_views *views, sf_l2_view view) {
  if (views->count == VIEWS_MAX)
    return sf_error(plan->diag, SF_DIAG_TARGET_CANNOT, SF_NO_LOC,
                    "more than %d sources in one sum", VIEWS_MAX);
  if (views->count == views->capacity) {
    uint32_t capacity = views->capacity ? 2 * views->capacity : 4;
    sf_l2_view *items = SF_NEW_ARRAY(plan->arena, sf_l2_view, capacity);
    if (!items) return SF_OOM;
    if (views->count) memcpy(items, views->items, views->count * sizeof *items);
    views->items = items;
    views->capacity = capacity;
  }
  views->items[views->count++] = view;
  return SF_OK;
}

/* A population of the chip, or an input: false when it is neither. */
static bool is_source(const sf_l2_plan *plan, const sf_value *value,
                      sf_l2_view *out) {
  *out = (sf_l2_view){0};
  for (uint32_t i = 0; i < plan->layer_count; i++)
    if (plan->layers[i].value == value) {
      out->source = i;
      return true;
    }
  out->from_input = true;
  for (uint32_t i = 0; i < plan->input_count; i++)
    if (plan->inputs[i].value == value) {
      out->source = i;
      return true;
    }
  return false;
}

/* view seen through `map` (result element -> operand element, or -1). */
static sf_result compose(sf_l2_plan *plan, const int32_t *map, size_t elements,
                         sf_l2_view *view) {
  if (!map) return SF_OK;
  if (!view->map) {
    view->map = map;
    return SF_OK;
  }
  int32_t *both = SF_NEW_ARRAY(plan->arena, int32_t, elements);
  if (!both) return SF_OOM;
  for (size_t e = 0; e < elements; e++)
    both[e] = map[e] < 0 ? -1 : view->map[map[e]];
  view->map = both;
  return SF_OK;
}

static sf_result views_of(sf_l2_plan *plan, const sf_value *value,
                          unsigned depth, sf_l2_views *out);

static sf_result through_move(sf_l2_plan *plan, const sf_op *op, unsigned depth,
                              sf_l2_views *out) {
  size_t elements = sf_type_elements(&sf_op_result(op, 0)->type);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    uint32_t first = out->count;
    if (!sf_op_operand(op, i))
      return sf_l2_cannot(plan, op, "a constant stream has no neurons");
    SF_TRY(views_of(plan, sf_op_operand(op, i), depth + 1, out));
    const int32_t *map;
    SF_TRY(sf_l2_move_map(plan, op, i, &map));
    for (uint32_t v = first; v < out->count; v++) {
      SF_TRY(compose(plan, map, elements, &out->items[v]));
      if (op->kind == SF_OP_DELAY)
        out->items[v].delay += (uint32_t)sf_op_int(op, SF_ATTR_steps);
    }
  }
  return SF_OK;
}

static bool is_exact_sum(const sf_op *op) {
  if (op->kind != SF_OP_ADD || op->mode != SF_MODE_NONE) return false;
  const sf_value *a = sf_op_operand(op, 0), *b = sf_op_operand(op, 1);
  return a && b && sf_type_same_shape(&a->type, &b->type);
}

static sf_result views_of(sf_l2_plan *plan, const sf_value *value,
                          unsigned depth, sf_l2_views *out) {
  sf_l2_view view;
  if (is_source(plan, value, &view)) return push(plan, out, view);
  const sf_op *op = value->op;
  if (depth >= DEPTH_MAX)
    return sf_l2_cannot(plan, op, "more than %d ops between two populations",
                        DEPTH_MAX);
  if (op && op->kind == SF_OP_DELAY &&
      sf_op_int(op, SF_ATTR_steps) > INT32_MAX / DEPTH_MAX)
    return sf_l2_cannot(plan, op, "the delay is far beyond the chip's limit");
  if (op && (op->kind == SF_OP_DELAY || sf_op_is(op, SF_TRAIT_MOVES)))
    return through_move(plan, op, depth, out);
  if (op && is_exact_sum(op)) {
    out->summed = true;
    SF_TRY(views_of(plan, sf_op_operand(op, 0), depth + 1, out));
    return views_of(plan, sf_op_operand(op, 1), depth + 1, out);
  }
  return sf_l2_cannot(plan, op,
                      "%%%s stands between a population and a projection, but "
                      "only delay, slice, reshape, transpose and concat may",
                      value->name);
}

sf_result sf_l2_views_of(sf_l2_plan *plan, const sf_value *value,
                         sf_l2_views *out) {
  *out = (sf_l2_views){0};
  return views_of(plan, value, 0, out);
}
