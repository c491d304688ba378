/* cut.c - the largest boxes that fit one core, and the tiling they make.
 *
 * A tile has the same extents everywhere but at the far edges. Axes are cut in
 * a fixed order; the part that remains is then evened out, since the core with
 * the most synapses sets the length of a step (loihi2.md 5.5). */
#include "passes/partition/cut.h"

#include <string.h>

static uint64_t tiles_along(const sf_cutter *c, unsigned axis) {
  int32_t dim = c->type->dim[axis];
  int32_t e = c->extent[axis] > 0 ? c->extent[axis] : 1;
  return ((uint64_t)(uint32_t)dim + (uint32_t)e - 1) / (uint32_t)e;
}

uint64_t sf_cut_tile_count(const sf_cutter *c) {
  uint64_t count = 1;
  for (unsigned i = 0; i < c->type->rank; i++)
    count *= tiles_along(c, i);
  return count; /* at most 2^31, the number of elements */
}

/* Tile number `index` in C order of the tiles. */
static sf_box tile(const sf_cutter *c, uint64_t index) {
  sf_box box = sf_box_whole(c->type);
  for (unsigned i = c->type->rank; i-- > 0;) {
    uint64_t along = tiles_along(c, i);
    int64_t begin = (int64_t)(index % along) * c->extent[i];
    int64_t end = begin + c->extent[i];
    index /= along;
    box.begin[i] = (int32_t)begin;
    box.end[i] = end < c->type->dim[i] ? (int32_t)end : c->type->dim[i];
  }
  return box;
}

/* A tile in the middle: its windows are not clipped by the image. */
sf_box sf_cut_middle_tile(const sf_cutter *c) {
  sf_box box = sf_box_whole(c->type);
  for (unsigned i = 0; i < c->type->rank; i++) {
    box.begin[i] = (c->type->dim[i] - c->extent[i]) / 2;
    box.end[i] = box.begin[i] + c->extent[i];
  }
  return box;
}

bool sf_cut_same_extents(const sf_box *a, const sf_box *b) {
  for (unsigned i = 0; i < a->rank; i++)
    if (a->end[i] - a->begin[i] != b->end[i] - b->begin[i]) return false;
  return true;
}

sf_result sf_cut_box_fits(const sf_cutter *c, const sf_box *box, bool *out) {
  sf_plan_use use;
  SF_TRY(sf_plan_use_of(c->plan, c->population->op, box, &use));
  *out = sf_plan_use_fits(&use);
  return SF_OK;
}

static sf_result extents_fit(const sf_cutter *c, bool *out) {
  sf_box box = sf_cut_middle_tile(c);
  SF_TRY(sf_cut_box_fits(c, &box, out));
  if (!*out || !c->every_tile) return SF_OK;
  uint64_t count = sf_cut_tile_count(c);
  for (uint64_t i = 0; i < count && *out; i++) {
    box = tile(c, i);
    SF_TRY(sf_cut_box_fits(c, &box, out));
  }
  return SF_OK;
}

/* ---- One axis. ---- */

/* Largest extent of `axis` that fits, 0: none; leaves extent[axis] at it. */
sf_result sf_cut_longest_extent(sf_cutter *c, unsigned axis, int32_t most) {
  int32_t low = 0, high = most;
  while (low < high) {
    int32_t middle = low + (high - low + 1) / 2;
    bool fits;
    c->extent[axis] = middle;
    SF_TRY(extents_fit(c, &fits));
    if (fits)
      low = middle;
    else
      high = middle - 1;
  }
  c->extent[axis] = low;
  return SF_OK;
}

/* The same number of tiles, as equal as possible. */
static void even_out(sf_cutter *c, unsigned axis) {
  int32_t tiles = (int32_t)tiles_along(c, axis);
  c->extent[axis] = (c->type->dim[axis] + tiles - 1) / tiles;
}

/* Axes in `order`: the first that can be cut so that tiles fit is; those that
 * cannot help shrink to 1. */
static sf_result cut_in_order(sf_cutter *c, const unsigned *order,
                              int32_t most_of_last, bool *out) {
  for (unsigned i = 0; i < c->type->rank; i++) {
    unsigned axis = order[i];
    int32_t dim = c->type->dim[axis];
    bool capped =
        i + 1u == c->type->rank && most_of_last > 0 && most_of_last < dim;
    SF_TRY(sf_cut_longest_extent(c, axis, capped ? most_of_last : dim));
    *out = c->extent[axis] > 0;
    if (*out) {
      if (!capped) even_out(c, axis);
      return SF_OK;
    }
    c->extent[axis] = 1;
  }
  return SF_OK;
}

/* ---- A population. ---- */

static sf_result look_at_sums(sf_cutter *c) {
  sf_plan_use use;
  sf_box whole = sf_box_whole(c->type);
  SF_TRY(sf_plan_use_of(c->plan, c->population->op, &whole, &use));
  for (uint32_t i = 0; i < use.sum_count; i++) {
    const sf_op *op = use.sums[i].op;
    if (!op) continue;
    c->every_tile |= op->kind == SF_OP_SPARSE;
    bool window = op->kind == SF_OP_CONV || op->kind == SF_OP_CONVT ||
                  op->kind == SF_OP_POOL;
    c->windows |= window && use.sums[i].value->type.rank == c->type->rank &&
                  (c->type->rank == 2 || c->type->rank == 3);
  }
  return SF_OK;
}

sf_result sf_cutter_create(sf_plan *plan, sf_plan_population *population,
                           sf_cutter *out) {
  *out = (sf_cutter){.plan = plan,
                     .population = population,
                     .type = &population->op->results[0]->type};
  return look_at_sums(out);
}

/* Space before channels where there are windows: tiles share their sources. */
static sf_result cut_population(sf_cutter *c, bool *out) {
  unsigned order[SF_RANK_MAX] = {0};
  for (unsigned i = 0; i < c->type->rank; i++) {
    c->extent[i] = c->type->dim[i];
    order[i] = c->windows ? (i + 1u) % c->type->rank : i;
  }
  bool loihi = c->plan->machine->family == SF_FAMILY_LOIHI2;
  if (loihi && c->windows) return sf_cut_windows(c, out);
  int32_t most = loihi ? (int32_t)c->plan->options.dense_neurons : 0;
  if (c->type->rank == 0) return extents_fit(c, out);
  return cut_in_order(c, order, most, out);
}

static sf_result keep_tiles(sf_cutter *c) {
  uint64_t count = sf_cut_tile_count(c);
  sf_plan_population *p = c->population;
  p->boxes = SF_NEW_ARRAY(c->plan->arena, sf_box, count);
  if (!p->boxes) return SF_OOM;
  for (uint64_t i = 0; i < count; i++)
    p->boxes[i] = tile(c, i);
  p->box_count = (uint32_t)count;
  p->fits = true;
  return SF_OK;
}

/* One neuron alone: what it still lacks. */
static sf_result blame(sf_cutter *c) {
  for (unsigned i = 0; i < c->type->rank; i++)
    c->extent[i] = 1;
  sf_box box = sf_cut_middle_tile(c);
  sf_plan_use use;
  const sf_op *op = c->population->op;
  SF_TRY(sf_plan_use_of(c->plan, op, &box, &use));
  bool any = false;
  for (uint32_t i = 0; i < use.need_count; i++) {
    if (use.needs[i].needed <= use.needs[i].available) continue;
    any = true;
    SF_TRY(sf_plan_add_violation(c->plan, op->results[0]->name, op->loc,
                                 &use.needs[i]));
  }
  if (any) return SF_OK;
  /* The one in the middle fits; another does not: sparse rows differ. */
  uint64_t count = sf_cut_tile_count(c);
  for (uint64_t k = 0; k < count && !any; k++) {
    box = tile(c, k);
    SF_TRY(sf_plan_use_of(c->plan, op, &box, &use));
    for (uint32_t i = 0; i < use.need_count; i++) {
      if (use.needs[i].needed <= use.needs[i].available) continue;
      any = true;
      SF_TRY(sf_plan_add_violation(c->plan, op->results[0]->name, op->loc,
                                   &use.needs[i]));
    }
  }
  return SF_OK;
}

sf_result sf_plan_cut(sf_plan *plan, sf_plan_population *population) {
  sf_cutter c;
  SF_TRY(sf_cutter_create(plan, population, &c));
  bool done = false;
  if (!plan->options.vendor && plan->machine->family == SF_FAMILY_LOIHI2)
    SF_TRY(sf_cut_free(&c, &done));
  if (done) return SF_OK;
  bool fits;
  SF_TRY(cut_population(&c, &fits));
  return fits ? keep_tiles(&c) : blame(&c);
}
