/* Smaller routing tables send every key that the first one knew the same way:
 * asked key by key, over random tables; and tables whose smallest size is
 * known. */
#include "passes/route/compress.h"
#include "support/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* CMocka needs the four headers above. */
#include <cmocka.h>

#include <string.h>

enum { BITS = 10, KEYS = 1 << BITS, NONE = UINT16_MAX };

static const uint32_t ABOVE = ~(uint32_t)(KEYS - 1); /* always fixed */

/* Route of a key, first match; NONE: no entry. */
static uint32_t look_up(const sf_table *t, uint32_t key) {
  for (uint32_t i = 0; i < t->count; i++)
    if ((key & t->entries[i].mask) == t->entries[i].key)
      return t->entries[i].route;
  return NONE;
}

static void check(const sf_table *from, const sf_table *to, bool defaults) {
  for (uint32_t key = 0; key < KEYS; key++) {
    uint32_t before = look_up(from, key), after = look_up(to, key);
    if (before == NONE || before == after) continue;
    assert_true(defaults && after == NONE);
    for (uint32_t i = 0; i < from->count; i++)
      if ((key & from->entries[i].mask) == from->entries[i].key)
        assert_true(from->entries[i].straight);
  }
  assert_true(sf_table_replay(from, to, defaults));
}

/* Blocks of 1 to 8 keys with gaps; few routes. Route 0 goes straight on. */
static void draw(sf_random *random, uint32_t routes, sf_table *t) {
  t->count = 0;
  for (uint32_t key = 0; key < KEYS;) {
    uint32_t size = 1u << sf_random_below(random, 4);
    key = (key + size - 1) / size * size;
    if (key >= KEYS) return;
    uint32_t route = sf_random_below(random, routes);
    if (sf_random_below(random, 4) != 0)
      t->entries[t->count++] =
          (sf_table_entry){key, ~(size - 1), route, route == 0};
    key += size;
  }
}

static void copy(const sf_table *from, sf_table *to) {
  to->count = from->count;
  memcpy(to->entries, from->entries, from->count * sizeof *to->entries);
}

static void random_tables(void **state) {
  (void)state;
  static sf_table_entry a[KEYS], b[KEYS];
  uint32_t first = 0, siblings = 0, pairs = 0, covered = 0, open = 0;
  for (uint32_t i = 0; i < 40; i++) {
    sf_arena *arena = sf_arena_create();
    sf_random random = sf_random_seeded(i);
    sf_table from = {0, a}, to = {0, b};
    draw(&random, 2 + i % 5, &from);
    first += from.count;
    copy(&from, &to);
    sf_table_merge_siblings(&to);
    check(&from, &to, false);
    siblings += to.count;
    assert_int_equal(sf_table_merge_pairs(&to, 0, arena), SF_OK);
    check(&from, &to, false);
    pairs += to.count;
    copy(&from, &to);
    sf_table_merge_siblings(&to);
    assert_int_equal(sf_table_cover(&to, 0, arena), SF_OK);
    check(&from, &to, false);
    covered += to.count;
    sf_table_drop_defaults(&to);
    check(&from, &to, true);
    open += to.count;
    sf_arena_destroy(arena);
  }
  assert_true(siblings < first && pairs < siblings && covered < siblings);
  assert_true(open <= covered);
}

/* Both stop where the table fits. */
static void stops_at_the_target(void **state) {
  (void)state;
  static sf_table_entry a[KEYS], b[KEYS];
  sf_arena *arena = sf_arena_create();
  sf_random random = sf_random_seeded(3);
  sf_table from = {0, a}, to = {0, b};
  draw(&random, 3, &from);
  for (int way = 0; way < 2; way++) {
    copy(&from, &to);
    uint32_t target = from.count - 10;
    assert_int_equal(way ? sf_table_cover(&to, target, arena)
                         : sf_table_merge_pairs(&to, target, arena),
                     SF_OK);
    assert_true(to.count <= target && (way || to.count == target));
    check(&from, &to, false);
  }
  sf_arena_destroy(arena);
}

/* One key of 1,024 leaves by itself: two entries, in order, are enough; without
 * order it takes one for each of its bits, and itself. */
static void one_exception(void **state) {
  (void)state;
  static sf_table_entry a[KEYS], b[KEYS];
  sf_arena *arena = sf_arena_create();
  sf_table from = {KEYS, a}, to = {0, b};
  for (uint32_t key = 0; key < KEYS; key++)
    a[key] = (sf_table_entry){key, UINT32_MAX, key == 333, false};
  copy(&from, &to);
  sf_table_merge_siblings(&to);
  check(&from, &to, false);
  assert_int_equal(to.count, BITS + 1);
  assert_int_equal(sf_table_merge_pairs(&to, 0, arena), SF_OK);
  check(&from, &to, false);
  assert_int_equal(to.count, 2);
  copy(&from, &to);
  assert_int_equal(sf_table_cover(&to, 0, arena), SF_OK);
  check(&from, &to, false);
  assert_int_equal(to.count, 2);
  sf_arena_destroy(arena);
}

/* The route is the lowest bit: one entry each, whatever the number of keys. */
static void two_halves(void **state) {
  (void)state;
  static sf_table_entry a[KEYS], b[KEYS];
  sf_table from = {KEYS, a}, to = {0, b};
  for (uint32_t key = 0; key < KEYS; key++)
    a[key] = (sf_table_entry){key, UINT32_MAX, key & 1, false};
  copy(&from, &to);
  sf_table_merge_siblings(&to);
  check(&from, &to, false);
  assert_int_equal(to.count, 2);
  assert_int_equal(to.entries[0].mask, ABOVE | 1);
}

/* A default route that a later entry would catch must stay. */
static void defaults_that_stay(void **state) {
  (void)state;
  sf_table_entry e[3] = {{4, UINT32_MAX, 0, true},
                         {8, UINT32_MAX, 0, true},
                         {0, ~UINT32_C(7), 1, false}};
  sf_table t = {3, e};
  sf_table_drop_defaults(&t);
  assert_int_equal(t.count, 2);
  assert_int_equal(t.entries[0].key, 4);
  assert_int_equal(t.entries[1].key, 0);
}

/* The replay sees a key that goes astray. */
static void replay_objects(void **state) {
  (void)state;
  sf_table_entry a[2] = {{0, UINT32_MAX, 0, false}, {1, UINT32_MAX, 1, false}};
  sf_table_entry b[1] = {{0, ~UINT32_C(1), 0, false}};
  sf_table from = {2, a}, to = {1, b}, none = {0, b};
  assert_false(sf_table_replay(&from, &to, false));
  assert_false(sf_table_replay(&from, &none, true));
  assert_true(sf_table_replay(&from, &from, false));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_tables),
      cmocka_unit_test(stops_at_the_target),
      cmocka_unit_test(one_exception),
      cmocka_unit_test(two_halves),
      cmocka_unit_test(defaults_that_stay),
      cmocka_unit_test(replay_objects),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
