/* tiling.c - dynamic programmes of tiling.h. */
#include "passes/partition/tiling.h"

/* Cost of a tiling: number first, then half perimeters. */
typedef struct rank {
  uint64_t number, perimeter;
} rank;

static bool less(rank a, rank b) {
  return a.number != b.number ? a.number < b.number : a.perimeter < b.perimeter;
}

static int32_t ceil_div(int64_t a, int64_t b) {
  return (int32_t)((a + b - 1) / b);
}

/* A band of `extent` rows: as wide pieces as `area` allows, then evened out. */
static int32_t pieces_of(int32_t extent, int32_t width, int64_t area) {
  int64_t widest = area / extent;
  return ceil_div(width, widest < width ? widest : width);
}

static rank band_rank(int32_t extent, int32_t width, int64_t area) {
  uint64_t pieces = (uint64_t)pieces_of(extent, width, area);
  return (rank){pieces, pieces * (uint64_t)extent + (uint64_t)width};
}

/* best[n]: the first n rows; last[n]: rows of the band that ends there. */
typedef struct table {
  rank *best;
  int32_t *last;
} table;

static sf_result table_create(sf_arena *arena, int32_t rows, table *out) {
  out->best = SF_NEW_ARRAY(arena, rank, (size_t)rows + 1);
  out->last = SF_NEW_ARRAY(arena, int32_t, (size_t)rows + 1);
  return out->best && out->last ? SF_OK : SF_OOM;
}

static rank fill(table *t, int32_t rows, int32_t width, int64_t area) {
  int32_t tallest = area < rows ? (int32_t)area : rows;
  t->best[0] = (rank){0, 0};
  for (int32_t n = 1; n <= rows; n++) {
    t->best[n] = (rank){UINT64_MAX, 0};
    for (int32_t h = 1; h <= n && h <= tallest; h++) {
      rank band = band_rank(h, width, area);
      rank sum = {t->best[n - h].number + band.number,
                  t->best[n - h].perimeter + band.perimeter};
      if (!less(sum, t->best[n])) continue;
      t->best[n] = sum;
      t->last[n] = h;
    }
  }
  return t->best[rows];
}

static sf_result read_back(sf_arena *arena, const table *t, int32_t rows,
                           int32_t width, int64_t area, sf_bands *out) {
  out->count = 0;
  for (int32_t n = rows; n > 0; n -= t->last[n])
    out->count++;
  out->extent = SF_NEW_ARRAY(arena, int32_t, out->count);
  out->pieces = SF_NEW_ARRAY(arena, int32_t, out->count);
  if (!out->extent || !out->pieces) return SF_OOM;
  uint32_t i = 0;
  for (int32_t n = rows; n > 0; n -= t->last[n], i++) {
    out->extent[i] = t->last[n];
    out->pieces[i] = pieces_of(t->last[n], width, area);
  }
  out->total = t->best[rows].number;
  return SF_OK;
}

typedef struct tables {
  table lying, upright;
} tables;

/* Whether bands stand upright is the better way. */
static rank fill_both(tables *t, int32_t height, int32_t width, int64_t area,
                      bool *columns) {
  rank lying = fill(&t->lying, height, width, area);
  rank upright = fill(&t->upright, width, height, area);
  *columns = less(upright, lying);
  return *columns ? upright : lying;
}

static sf_result make(sf_arena *arena, tables *t, int32_t height, int32_t width,
                      int64_t area, sf_bands *out) {
  fill_both(t, height, width, area, &out->columns);
  if (out->columns)
    return read_back(arena, &t->upright, width, height, area, out);
  return read_back(arena, &t->lying, height, width, area, out);
}

static sf_result create_both(sf_arena *arena, int32_t height, int32_t width,
                             tables *out) {
  SF_TRY(table_create(arena, height, &out->lying));
  return table_create(arena, width, &out->upright);
}

sf_result sf_bands_make(sf_arena *arena, int32_t height, int32_t width,
                        int64_t area, sf_bands *out) {
  tables t;
  SF_TRY(create_both(arena, height, width, &t));
  return make(arena, &t, height, width, area, out);
}

sf_result sf_bands_even(sf_arena *arena, int32_t height, int32_t width,
                        int64_t area, sf_bands *out) {
  tables t;
  bool columns;
  SF_TRY(create_both(arena, height, width, &t));
  int64_t pixels = (int64_t)height * width;
  int64_t high = area < pixels ? area : pixels;
  uint64_t wanted = fill_both(&t, height, width, high, &columns).number;
  /* No tiling of that number has a smaller largest rectangle than the mean. */
  int64_t low = (pixels + (int64_t)wanted - 1) / (int64_t)wanted;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (fill_both(&t, height, width, middle, &columns).number <= wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return make(arena, &t, height, width, high, out);
}

sf_rectangle sf_bands_at(const sf_bands *bands, int32_t height, int32_t width,
                         uint64_t index) {
  int32_t across = bands->columns ? height : width;
  int32_t begin = 0;
  uint32_t i = 0;
  while (index >= (uint64_t)bands->pieces[i]) {
    index -= (uint64_t)bands->pieces[i];
    begin += bands->extent[i++];
  }
  /* Pieces differ by one at most. */
  int64_t pieces = bands->pieces[i], k = (int64_t)index;
  int32_t from = (int32_t)(k * across / pieces);
  int32_t to = (int32_t)((k + 1) * across / pieces);
  int32_t end = begin + bands->extent[i];
  if (bands->columns) return (sf_rectangle){from, to, begin, end};
  return (sf_rectangle){begin, end, from, to};
}

/* ---- Sums. ------------------------------------------------------------------
 */

sf_result sf_split_sum(sf_arena *arena, int32_t whole, const int32_t *options,
                       const uint64_t *costs, uint32_t count, uint32_t *out) {
  rank *best = SF_NEW_ARRAY(arena, rank, (size_t)whole + 1);
  uint32_t *last = SF_NEW_ARRAY(arena, uint32_t, (size_t)whole + 1);
  if (!best || !last) return SF_OOM;
  for (int32_t n = 1; n <= whole; n++) {
    best[n] = (rank){UINT64_MAX, 0};
    for (uint32_t i = 0; i < count && options[i] <= n; i++) {
      rank before = best[n - options[i]];
      if (costs[i] == UINT64_MAX || before.number == UINT64_MAX) continue;
      rank sum = {before.number + costs[i], before.perimeter + 1};
      if (!less(sum, best[n])) continue;
      best[n] = sum;
      last[n] = i;
    }
  }
  for (uint32_t i = 0; i < count; i++)
    out[i] = 0;
  if (best[whole].number == UINT64_MAX) return SF_OK; /* all zero: no way */
  for (int32_t n = whole; n > 0; n -= options[last[n]])
    out[last[n]]++;
  return SF_OK;
}

sf_result sf_even_sizes(sf_arena *arena, int32_t whole, int32_t **out,
                        uint32_t *out_count) {
  uint32_t count = 0;
  int32_t last = 0;
  for (int32_t parts = whole; parts >= 1; parts--) {
    int32_t size = ceil_div(whole, parts);
    count += size != last;
    last = size;
  }
  *out = SF_NEW_ARRAY(arena, int32_t, count);
  if (!*out) return SF_OOM;
  *out_count = 0;
  last = 0;
  for (int32_t parts = whole; parts >= 1; parts--) {
    int32_t size = ceil_div(whole, parts);
    if (size != last) (*out)[(*out_count)++] = size;
    last = size;
  }
  return SF_OK;
}
