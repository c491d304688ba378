/* tiling.h - fewest rectangles for an image, fewest parts of a line: plain
 * numbers, no IR.
 *
 * A convolution slice is a box channels x rows x columns. Its cost depends on
 * how many channels it has and on how many pixels, not on where they lie, so
 * that cutting is a question of areas (loihi2.md 1.6). */
#ifndef SF_PASSES_PARTITION_TILING_H
#define SF_PASSES_PARTITION_TILING_H

#include "sf/base.h"

/* `height` x `width` pixels in rectangles of at most `area` pixels: bands
 * across the image, each cut into pieces of equal width. */
typedef struct sf_bands {
  bool columns;    /* bands stand upright: rows and columns are swapped */
  uint32_t count;  /* bands */
  int32_t *extent; /* rows of each band */
  int32_t *pieces; /* rectangles in each */
  uint64_t total;  /* rectangles */
} sf_bands;

/* The fewest rectangles that bands give, then the least sum of their half
 * perimeters; exact for bands by a dynamic programme over their extents, in
 * O(height^2 + width^2). area, height and width >= 1; arrays in `arena`. */
sf_result sf_bands_make(sf_arena *arena, int32_t height, int32_t width,
                        int64_t area, sf_bands *out) SF_MUST_USE;
/* As many rectangles as for `area`, of the least area that still gives that
 * number: the largest of them as small as it can be. */
sf_result sf_bands_even(sf_arena *arena, int32_t height, int32_t width,
                        int64_t area, sf_bands *out) SF_MUST_USE;
/* Rectangle `index` < out->total as rows and columns [begin, end). */
typedef struct sf_rectangle {
  int32_t row, row_end, column, column_end;
} sf_rectangle;
sf_rectangle sf_bands_at(const sf_bands *bands, int32_t height, int32_t width,
                         uint64_t index);

/* `whole` as a sum of `options` (each >= 1, ascending, options[0] = 1) with the
 * least sum of `costs`, then the fewest terms: out[i] of options[i]. SF_FAIL
 * never; costs UINT64_MAX: not to be used. O(whole x count). */
sf_result sf_split_sum(sf_arena *arena, int32_t whole, const int32_t *options,
                       const uint64_t *costs, uint32_t count,
                       uint32_t *out) SF_MUST_USE;

/* Sizes that an even cut of `whole` into ceil(whole / g) parts can have, for
 * every g: at most 2 sqrt(whole) of them, ascending, with 1 and `whole`. */
sf_result sf_even_sizes(sf_arena *arena, int32_t whole, int32_t **out,
                        uint32_t *out_count) SF_MUST_USE;

#endif
