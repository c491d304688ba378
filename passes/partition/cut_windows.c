/* cut_windows.c - the slicing rule of Intel's compiler, as its tables show it
 * (loihi2.md 1.6): all channels, x a power of two, y the whole height or, when
 * that leaves a single column, a divisor of it; an even part of the channels
 * only when the kernel overflows the pool.
 *
 * Of the divisors that give the fewest cores it takes the one whose height is
 * nearest to twice its width; where it parted the channels, of all heights the
 * one that is nearest to a square (8 x 7 x 64 where 4 x 14 x 64 are as many).
 * So all tables of PilotNet and YOLO-KP come out as printed. */
#include "passes/partition/cut.h"

static int32_t power_of_two_below(int32_t n) {
  int32_t power = 1;
  while (power <= n / 2)
    power *= 2;
  return power;
}

/* A power of two addresses the columns: does the one at or above the whole
 * width leave room in neuron memory (the first of the needs)? */
static sf_result whole_width_fits(const sf_cutter *c, unsigned x, bool *out) {
  sf_plan_use use;
  sf_box box = sf_cut_middle_tile(c);
  SF_TRY(sf_plan_use_of(c->plan, c->population->op, &box, &use));
  int32_t dim = c->type->dim[x], power = power_of_two_below(dim);
  if (power < dim) power *= 2;
  *out = use.needs[0].needed * (uint32_t)power <=
         use.needs[0].available * (uint32_t)dim;
  return SF_OK;
}

/* x as wide as fits: a power of two, or the whole. 0: not one column. */
static sf_result widest(sf_cutter *c, unsigned x) {
  SF_TRY(sf_cut_longest_extent(c, x, c->type->dim[x]));
  if (c->extent[x] == 0) return SF_OK;
  bool whole = c->extent[x] == c->type->dim[x];
  if (whole) SF_TRY(whole_width_fits(c, x, &whole));
  if (!whole) c->extent[x] = power_of_two_below(c->extent[x]);
  return SF_OK;
}

/* Is a : b nearer to n : 1 than c : d, as a ratio? All > 0. With p = a / nb and
 * q = c / nd made >= 1 by turning them over, p < q. */
static bool nearer(int64_t n, int64_t a, int64_t b, int64_t c, int64_t d) {
  int64_t p = a, r = n * b, q = c, s = n * d;
  if (p < r) {
    p = n * b;
    r = a;
  }
  if (q < s) {
    q = n * d;
    s = c;
  }
  return p * s < q * r;
}

/* Rows and columns with the fewest tiles for the channels at hand, all or a
 * part of them; none: extents of 0. */
static sf_result cut_space(sf_cutter *c, unsigned y, unsigned x, bool part) {
  int32_t height = y ? c->type->dim[y] : 1;
  int32_t best_y = 0, best_x = 0;
  uint64_t fewest = UINT64_MAX;
  for (int32_t rows = height; rows >= 1; rows--) {
    if (height % rows != 0) continue;
    if (y) c->extent[y] = rows;
    SF_TRY(widest(c, x));
    if (c->extent[x] == 0) continue;
    bool wide = c->extent[x] > 1 || c->type->dim[x] == 1;
    if (rows == height && wide && !part) return SF_OK;
    uint64_t tiles = sf_cut_tile_count(c);
    bool even = tiles == fewest &&
                nearer(part ? 1 : 2, rows, c->extent[x], best_y, best_x);
    if (tiles > fewest || (tiles == fewest && !even)) continue;
    fewest = tiles;
    best_y = rows;
    best_x = c->extent[x];
  }
  if (y) c->extent[y] = best_y;
  c->extent[x] = best_x;
  return SF_OK;
}

sf_result sf_cut_windows(sf_cutter *c, bool *out) {
  unsigned x = c->type->rank - 1u;
  unsigned y = c->type->rank == 3 ? 1 : 0; /* 0: one-dimensional */
  int32_t channels = c->type->dim[0];
  *out = false;
  for (int32_t parts = 1; parts <= channels && !*out; parts++) {
    if (channels % parts != 0) continue;
    c->extent[0] = channels / parts;
    SF_TRY(cut_space(c, y, x, parts > 1));
    *out = c->extent[x] > 0;
  }
  return SF_OK;
}
