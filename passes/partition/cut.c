/* cut.c - the largest boxes that fit one core, and the tiling they make.
 *
 * A tile has the same extents everywhere but at the far edges. Axes are cut in
 * a fixed order; the part that remains is then evened out, since the core with
 * the most synapses sets the length of a step (loihi2.md 5.5). */
#include "passes/partition/plan.h"

#include <string.h>

typedef struct cutter {
  sf_plan *plan;
  sf_plan_population *population;
  const sf_type *type;
  bool every_tile; /* tiles differ inside: look at each */
  bool windows;    /* channels x space */
  int32_t extent[SF_RANK_MAX];
} cutter;

static uint64_t tiles_along(const cutter *c, unsigned axis) {
  int32_t dim = c->type->dim[axis];
  int32_t e = c->extent[axis] > 0 ? c->extent[axis] : 1;
  return ((uint64_t)(uint32_t)dim + (uint32_t)e - 1) / (uint32_t)e;
}

static uint64_t tile_count(const cutter *c) {
  uint64_t count = 1;
  for (unsigned i = 0; i < c->type->rank; i++)
    count *= tiles_along(c, i);
  return count; /* at most 2^31, the number of elements */
}

/* Tile number `index` in C order of the tiles. */
static sf_box tile(const cutter *c, uint64_t index) {
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
static sf_box middle_tile(const cutter *c) {
  sf_box box = sf_box_whole(c->type);
  for (unsigned i = 0; i < c->type->rank; i++) {
    box.begin[i] = (c->type->dim[i] - c->extent[i]) / 2;
    box.end[i] = box.begin[i] + c->extent[i];
  }
  return box;
}

static sf_result box_fits(const cutter *c, const sf_box *box, bool *out) {
  sf_plan_use use;
  SF_TRY(sf_plan_use_of(c->plan, c->population->op, box, &use));
  *out = sf_plan_use_fits(&use);
  return SF_OK;
}

static sf_result extents_fit(const cutter *c, bool *out) {
  sf_box box = middle_tile(c);
  SF_TRY(box_fits(c, &box, out));
  if (!*out || !c->every_tile) return SF_OK;
  uint64_t count = tile_count(c);
  for (uint64_t i = 0; i < count && *out; i++) {
    box = tile(c, i);
    SF_TRY(box_fits(c, &box, out));
  }
  return SF_OK;
}

/* ---- One axis. ---- */

/* Largest extent of `axis` that fits, 0: none; leaves extent[axis] at it. */
static sf_result longest_extent(cutter *c, unsigned axis, int32_t most) {
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
static void even_out(cutter *c, unsigned axis) {
  int32_t tiles = (int32_t)tiles_along(c, axis);
  c->extent[axis] = (c->type->dim[axis] + tiles - 1) / tiles;
}

/* Axes in `order`: the first that can be cut so that tiles fit is; those that
 * cannot help shrink to 1. */
static sf_result cut_in_order(cutter *c, const unsigned *order,
                              int32_t most_of_last, bool *out) {
  for (unsigned i = 0; i < c->type->rank; i++) {
    unsigned axis = order[i];
    int32_t dim = c->type->dim[axis];
    bool capped =
        i + 1u == c->type->rank && most_of_last > 0 && most_of_last < dim;
    SF_TRY(longest_extent(c, axis, capped ? most_of_last : dim));
    *out = c->extent[axis] > 0;
    if (*out) {
      if (!capped) even_out(c, axis);
      return SF_OK;
    }
    c->extent[axis] = 1;
  }
  return SF_OK;
}

/* ---- Convolution slices of Loihi 2. ---- */

static int32_t power_of_two_below(int32_t n) {
  int32_t power = 1;
  while (power <= n / 2)
    power *= 2;
  return power;
}

/* A power of two addresses the columns: does the one at or above the whole
 * width leave room in neuron memory (the first of the needs)? */
static sf_result whole_width_fits(const cutter *c, unsigned x, bool *out) {
  sf_plan_use use;
  sf_box box = middle_tile(c);
  SF_TRY(sf_plan_use_of(c->plan, c->population->op, &box, &use));
  int32_t dim = c->type->dim[x], power = power_of_two_below(dim);
  if (power < dim) power *= 2;
  *out = use.needs[0].needed * (uint32_t)power <=
         use.needs[0].available * (uint32_t)dim;
  return SF_OK;
}

/* x as wide as fits, a power of two unless told otherwise. 0: not one column.
 */
static sf_result widest(cutter *c, unsigned x) {
  SF_TRY(longest_extent(c, x, c->type->dim[x]));
  if (c->extent[x] == 0) return SF_OK;
  if (c->plan->options.any_width) {
    even_out(c, x);
    return SF_OK;
  }
  bool whole = c->extent[x] == c->type->dim[x];
  if (whole) SF_TRY(whole_width_fits(c, x, &whole));
  if (!whole) c->extent[x] = power_of_two_below(c->extent[x]);
  return SF_OK;
}

/* The slicing rule of Intel's compiler (loihi2.md 1.6): all channels, the whole
 * height or a divisor of it, x a power of two; an even part of the channels
 * only when nothing else fits. A column one pixel wide gives way to a lower
 * one. */
static sf_result cut_windows(cutter *c, bool *out) {
  unsigned x = c->type->rank - 1u;
  unsigned y = c->type->rank == 3 ? 1 : 0; /* 0: one-dimensional */
  int32_t channels = c->type->dim[0], height = y ? c->type->dim[1] : 1;
  *out = false;
  for (int32_t parts = 1; parts <= channels; parts++) {
    if (channels % parts != 0) continue;
    c->extent[0] = channels / parts;
    for (int32_t rows = height; rows >= 1; rows--) {
      if (height % rows != 0) continue;
      if (y) c->extent[1] = rows;
      SF_TRY(widest(c, x));
      bool narrow = c->extent[x] < 2 && c->type->dim[x] > 1 && rows > 1;
      if (c->extent[x] > 0 && !narrow) {
        *out = true;
        return SF_OK;
      }
    }
  }
  return SF_OK;
}

/* ---- A population. ---- */

static sf_result look_at_sums(cutter *c) {
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

/* Space before channels where there are windows: tiles share their sources. */
static sf_result cut_population(cutter *c, bool *out) {
  unsigned order[SF_RANK_MAX] = {0};
  for (unsigned i = 0; i < c->type->rank; i++) {
    c->extent[i] = c->type->dim[i];
    order[i] = c->windows ? (i + 1u) % c->type->rank : i;
  }
  bool loihi = c->plan->machine->family == SF_FAMILY_LOIHI2;
  if (loihi && c->windows) return cut_windows(c, out);
  int32_t most = loihi ? (int32_t)c->plan->options.dense_neurons : 0;
  if (c->type->rank == 0) return extents_fit(c, out);
  return cut_in_order(c, order, most, out);
}

static sf_result keep_tiles(cutter *c) {
  uint64_t count = tile_count(c);
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
static sf_result blame(cutter *c) {
  for (unsigned i = 0; i < c->type->rank; i++)
    c->extent[i] = 1;
  sf_box box = middle_tile(c);
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
  uint64_t count = tile_count(c);
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
  cutter c = {.plan = plan,
              .population = population,
              .type = &population->op->results[0]->type};
  SF_TRY(look_at_sums(&c));
  bool fits;
  SF_TRY(cut_population(&c, &fits));
  return fits ? keep_tiles(&c) : blame(&c);
}
