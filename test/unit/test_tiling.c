/* Tilings of images and sums against exhaustive search, and the slice counts of
 * loihi2.md 7.1 in closed form. */
#include "passes/partition/tiling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE_MAX = 9 };

/* ---- Oracles: plain recursion. ---- */

static int32_t up(int32_t a, int32_t b) { return (a + b - 1) / b; }

/* Fewest rectangles of full bands over `rows` rows. */
static uint64_t fewest_lying(int32_t rows, int32_t width, int64_t area) {
  if (rows == 0) return 0;
  uint64_t best = UINT64_MAX;
  for (int32_t h = 1; h <= rows && h <= area; h++) {
    int32_t widest = (int32_t)(area / h);
    uint64_t n = (uint64_t)up(width, widest < width ? widest : width) +
                 fewest_lying(rows - h, width, area);
    if (n < best) best = n;
  }
  return best;
}

static uint64_t fewest(int32_t height, int32_t width, int64_t area) {
  uint64_t lying = fewest_lying(height, width, area);
  uint64_t upright = fewest_lying(width, height, area);
  return lying < upright ? lying : upright;
}

/* Every pixel in one rectangle, none larger than `area`. */
static int64_t assert_tiles(const sf_bands *b, int32_t height, int32_t width,
                            int64_t area) {
  uint8_t seen[SIDE_MAX * SIDE_MAX] = {0};
  int64_t largest = 0;
  for (uint64_t i = 0; i < b->total; i++) {
    sf_rectangle r = sf_bands_at(b, height, width, i);
    int64_t pixels = (int64_t)(r.row_end - r.row) * (r.column_end - r.column);
    assert_true(pixels >= 1 && pixels <= area);
    if (pixels > largest) largest = pixels;
    for (int32_t y = r.row; y < r.row_end; y++)
      for (int32_t x = r.column; x < r.column_end; x++)
        assert_int_equal(seen[y * width + x]++, 0);
  }
  for (int32_t i = 0; i < height * width; i++)
    assert_int_equal(seen[i], 1);
  return largest;
}

static void bands_are_the_fewest(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  for (int32_t h = 1; h <= SIDE_MAX; h++)
    for (int32_t w = 1; w <= SIDE_MAX; w++)
      for (int64_t area = 1; area <= h * w + 1; area++) {
        sf_bands bands, even;
        sf_arena_reset(arena);
        assert_int_equal(sf_bands_make(arena, h, w, area, &bands), SF_OK);
        assert_int_equal(bands.total, fewest(h, w, area));
        assert_tiles(&bands, h, w, area);
        /* Evened out: as many, and no smaller area gives that number. */
        assert_int_equal(sf_bands_even(arena, h, w, area, &even), SF_OK);
        assert_int_equal(even.total, bands.total);
        int64_t largest = assert_tiles(&even, h, w, area);
        assert_true(fewest(h, w, largest) == even.total);
        assert_true(largest == 1 || fewest(h, w, largest - 1) > even.total);
      }
  sf_arena_destroy(arena);
}

/* 4095 neurons a core and no other limit: PilotNet's and YOLO-KP's images. By
 * neurons alone 19 and 197 cores are the least. */
static void published_images(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_bands b;
  assert_int_equal(sf_bands_make(arena, 32, 99, 4095 / 24, &b), SF_OK);
  assert_int_equal(b.total, 19);
  assert_int_equal(sf_bands_make(arena, 224, 224, 4095 / 16, &b), SF_OK);
  assert_int_equal(b.total, 198);
  sf_arena_destroy(arena);
}

/* ---- Sums. ---- */

static uint64_t least_sum(int32_t whole, const int32_t *options,
                          const uint64_t *costs, uint32_t count) {
  if (whole == 0) return 0;
  uint64_t best = UINT64_MAX;
  for (uint32_t i = 0; i < count; i++) {
    if (options[i] > whole || costs[i] == UINT64_MAX) continue;
    uint64_t rest = least_sum(whole - options[i], options, costs, count);
    if (rest != UINT64_MAX && rest + costs[i] < best) best = rest + costs[i];
  }
  return best;
}

static void sums_are_the_least(void **state) {
  (void)state;
  static const int32_t options[] = {1, 3, 4, 7};
  sf_arena *arena = sf_arena_create();
  uint64_t seed = 1;
  for (int trial = 0; trial < 200; trial++) {
    uint64_t costs[4];
    for (uint32_t i = 0; i < 4; i++) {
      seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
      costs[i] = (seed >> 33) % 9 + 1;
      if (costs[i] == 9) costs[i] = UINT64_MAX;
    }
    int32_t whole = trial % 17 + 1;
    uint32_t times[4];
    sf_arena_reset(arena);
    assert_int_equal(sf_split_sum(arena, whole, options, costs, 4, times),
                     SF_OK);
    uint64_t best = least_sum(whole, options, costs, 4), cost = 0;
    int32_t sum = 0;
    for (uint32_t i = 0; i < 4; i++) {
      sum += (int32_t)times[i] * options[i];
      if (times[i]) cost += times[i] * costs[i];
    }
    assert_int_equal(sum, best == UINT64_MAX ? 0 : whole);
    if (best != UINT64_MAX) assert_int_equal(cost, best);
  }
  sf_arena_destroy(arena);
}

static void sizes_of_even_cuts(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  for (int32_t whole = 1; whole <= 200; whole++) {
    int32_t *sizes;
    uint32_t count;
    uint8_t wanted[201] = {0}, got[201] = {0};
    sf_arena_reset(arena);
    assert_int_equal(sf_even_sizes(arena, whole, &sizes, &count), SF_OK);
    for (int32_t parts = 1; parts <= whole; parts++)
      wanted[up(whole, parts)] = 1;
    for (uint32_t i = 0; i < count; i++) {
      assert_true(i == 0 || sizes[i] > sizes[i - 1]);
      got[sizes[i]] = 1;
    }
    assert_memory_equal(wanted, got, sizeof got);
  }
  sf_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bands_are_the_fewest),
      cmocka_unit_test(published_images),
      cmocka_unit_test(sums_are_the_least),
      cmocka_unit_test(sizes_of_even_cuts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
