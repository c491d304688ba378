/* Arenas, buffers, numbers as text, hashes, seeded numbers. */
#include "support/buffer.h"
#include "support/hash.h"
#include "support/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- arenas ---- */

static void arena_items_are_zeroed_and_aligned(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  assert_non_null(arena);
  for (size_t size = 0; size < 3000; size += 7) {
    unsigned char *item = sf_arena_alloc(arena, size);
    assert_non_null(item);
    assert_int_equal((uintptr_t)item % 16, 0);
    for (size_t i = 0; i < size; i++)
      assert_int_equal(item[i], 0);
    memset(item, 0xA5, size); /* an overlap would break a later item */
  }
  sf_arena_destroy(arena);
  sf_arena_destroy(NULL);
}

static void arena_is_usable_after_reset(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  memset(SF_NEW_ARRAY(arena, char, 100000), 1, 100000);
  sf_arena_reset(arena);
  char *item = sf_arena_alloc(arena, 100);
  for (int i = 0; i < 100; i++)
    assert_int_equal(item[i], 0);
  sf_arena_destroy(arena);
}

static void arena_refuses_sizes_that_overflow(void **state) {
  (void)state;
  volatile size_t huge = SIZE_MAX; /* hidden from the compiler's own checks */
  sf_arena *arena = sf_arena_create();
  assert_null(sf_arena_array(arena, huge / 2, 3));
  assert_null(sf_arena_array(arena, huge / 8 + 2, 8));
  assert_null(sf_arena_alloc(arena, huge));
  assert_null(sf_arena_alloc(arena, huge - 20));
  sf_arena_destroy(arena);
}

static void arena_copies_text(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  assert_string_equal(sf_arena_text(arena, (sf_slice){"abcdef", 3}), "abc");
  assert_string_equal(sf_arena_text(arena, (sf_slice){NULL, 0}), "");
  assert_string_equal(sf_arena_printf(arena, "%s.%d", "x", 7), "x.7");
  sf_arena_destroy(arena);
}

/* Only the hostile build looks at the variable. */
static void arena_fails_where_a_test_asks(void **state) {
  (void)state;
  setenv("SF_HOSTILE_FAIL_AT", "3", 1);
  sf_arena *arena = sf_arena_create();
  unsetenv("SF_HOSTILE_FAIL_AT");
  for (int i = 1; i <= 4; i++) {
    void *item = sf_arena_alloc(arena, 8);
#ifdef SF_HOSTILE
    assert_int_equal(item == NULL, i == 3);
#else
    assert_non_null(item);
#endif
  }
  sf_arena_destroy(arena);
}

/* ---- buffers ---- */

static void buffer_grows_and_stays_terminated(void **state) {
  (void)state;
  sf_buffer buffer = {0};
  for (int i = 0; i < 1000; i++) {
    sf_buffer_printf(&buffer, "%d,", i);
    assert_int_equal(buffer.data[buffer.size], 0);
  }
  sf_buffer_text(&buffer, "end");
  sf_buffer_char(&buffer, '!');
  assert_int_equal(buffer.size, 10 * 2 + 90 * 3 + 900 * 4 + 4);
  assert_string_equal(buffer.data + buffer.size - 8, "999,end!");
  sf_buffer_clear(&buffer);
  assert_int_equal(buffer.size, 0);
  sf_buffer_destroy(&buffer);
}

static void buffer_take_of_nothing_is_an_empty_text(void **state) {
  (void)state;
  sf_buffer buffer = {0};
  char *text = sf_buffer_take(&buffer);
  assert_string_equal(text, "");
  free(text);
}

static void buffer_keeps_a_failure(void **state) {
  (void)state;
  sf_buffer buffer = {0};
  sf_buffer_text(&buffer, "kept");
  volatile size_t huge = SIZE_MAX;
  sf_buffer_add(&buffer, "x", huge);
  assert_true(buffer.failed);
  sf_buffer_text(&buffer, "more");
  assert_string_equal(buffer.data, "kept");
  assert_null(sf_buffer_take(&buffer));
  assert_null(buffer.data);
}

/* ---- numbers ---- */

static void expect_f32(float value, const char *expected) {
  char text[SF_NUMBER_TEXT_MAX];
  size_t length = sf_text_f32(value, text);
  assert_string_equal(text, expected);
  assert_int_equal(length, strlen(expected));
}

static void expect_f64(double value, const char *expected) {
  char text[SF_NUMBER_TEXT_MAX];
  assert_int_equal(sf_text_f64(value, text), strlen(expected));
  assert_string_equal(text, expected);
}

static void numbers_print_as_the_shortest_text(void **state) {
  (void)state;
  expect_f32(0.0f, "0.0");
  expect_f32(-0.0f, "-0.0");
  expect_f32(1.0f, "1.0");
  expect_f32(-2.5f, "-2.5");
  expect_f32(0.1f, "0.1");
  expect_f32(16777216.0f, "16777216.0");
  expect_f32(1e16f, "1e16");
  expect_f32(0.001f, "0.001");
  expect_f32(1e-6f, "1e-6");
  expect_f32(1.5e-7f, "1.5e-7");
  expect_f32(0x1.fffffep127f, "3.4028235e38");
  expect_f32(0x1p-149f, "1e-45");
  expect_f32(INFINITY, "inf");
  expect_f32(-INFINITY, "-inf");
  expect_f32(NAN, "nan");
  expect_f64(0.1, "0.1");
  expect_f64(1.0 / 3, "0.3333333333333333");
  expect_f64(0x1.fffffffffffffp1023, "1.7976931348623157e308");
  expect_f64(5e-324, "5e-324");
  expect_f64(9007199254740993.0, "9007199254740992.0");
  /* Powers of two whose nearest 16-digit decimal lies in the narrow gap below
   * and does not read back; the one above does. */
  expect_f64(0x1p-44, "5.684341886080802e-14");
  expect_f64(0x1p-24, "5.960464477539063e-8");
}

/* Every printed text reads back to the same bits, and no shorter one does. */
static void numbers_read_back_to_the_same_bits(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(1);
  for (int i = 0; i < 4000; i++) {
    uint32_t bits = sf_random_u32(&random);
    uint64_t wide_bits = (uint64_t)bits << 32 | sf_random_u32(&random);
    float value, back;
    double wide, wide_back;
    memcpy(&value, &bits, sizeof value);
    memcpy(&wide, &wide_bits, sizeof wide);
    char text[SF_NUMBER_TEXT_MAX];
    if (!isnan(value)) {
      size_t length = sf_text_f32(value, text);
      assert_true(sf_read_f32((sf_slice){text, length}, &back));
      assert_memory_equal(&back, &value, sizeof value);
      assert_non_null(strpbrk(text, ".en"));
    }
    if (!isnan(wide)) {
      size_t length = sf_text_f64(wide, text);
      assert_true(sf_read_f64((sf_slice){text, length}, &wide_back));
      assert_memory_equal(&wide_back, &wide, sizeof wide);
    }
  }
}

static bool reads_f64(const char *text, double *out) {
  return sf_read_f64((sf_slice){text, strlen(text)}, out);
}

static void numbers_must_be_the_whole_text(void **state) {
  (void)state;
  static const char *const bad[] = {"",     "-",   ".",    "1e",   "1e+",
                                    " 1",   "1 ",  "+1",   "0x10", "1.5f",
                                    "nan",  "Inf", "1,5",  "--1",  "infinity",
                                    "1e5.", "e5",  "1..2", "1\n"};
  double value;
  for (size_t i = 0; i < SF_COUNT_OF(bad); i++)
    assert_false(reads_f64(bad[i], &value));
  assert_false(sf_read_f64((sf_slice){"1\0", 2}, &value));
  assert_true(reads_f64("-1.5E+2", &value));
  assert_true(value == -150);
  assert_true(reads_f64("5.", &value));
  assert_true(reads_f64(".5", &value));
  assert_true(reads_f64("-inf", &value));
  assert_true(isinf(value) && value < 0);
  assert_true(reads_f64("1e999", &value));
  assert_true(isinf(value));
}

/* 1 + 2^-24 + 2^-60 lies just above the middle of two f32 neighbours; rounded
 * to f64 first it is the middle, and then goes to the even one: wrong. */
static void f32_is_rounded_once(void **state) {
  (void)state;
  const char *text = "1.00000005960464477540";
  float value;
  assert_true(sf_read_f32((sf_slice){text, strlen(text)}, &value));
  assert_true(value == 0x1.000002p0f);
}

static void integers_are_read_up_to_the_ends_of_int64(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "-",
                                    "+1",
                                    "1.0",
                                    " 1",
                                    "9223372036854775808",
                                    "-9223372036854775809",
                                    "99999999999999999999999",
                                    "0x1"};
  int64_t value;
  for (size_t i = 0; i < SF_COUNT_OF(bad); i++)
    assert_false(sf_read_i64((sf_slice){bad[i], strlen(bad[i])}, &value));
  const char *low = "-9223372036854775808", *high = "9223372036854775807";
  assert_true(sf_read_i64((sf_slice){low, strlen(low)}, &value));
  assert_true(value == INT64_MIN);
  assert_true(sf_read_i64((sf_slice){high, strlen(high)}, &value));
  assert_true(value == INT64_MAX);
}

/* ---- hashes ---- */

/* FIPS 180-4 examples of NIST. */
static void sha256_gives_the_published_digests(void **state) {
  (void)state;
  char text[65];
  sf_sha256("abc", 3, text);
  assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223"
                            "b00361a396177a9cb410ff61f20015ad");
  sf_sha256("", 0, text);
  assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb924"
                            "27ae41e4649b934ca495991b7852b855");
}

/* XXH3_64bits of the empty input, from the xxHash specification. */
static void xxh3_gives_the_published_value(void **state) {
  (void)state;
  assert_true(sf_hash("", 0) == 0x2D06800538D394C2u);
  assert_true(sf_hash("a", 1) != sf_hash("b", 1));
}

/* Known answers of the authors (Random123, tests/kat_vectors). */
static void philox_gives_the_published_blocks(void **state) {
  (void)state;
  static const struct {
    uint32_t counter[4], key[2], expected[4];
  } rows[] = {{{0}, {0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
              {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
               {UINT32_MAX, UINT32_MAX},
               {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
              {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
               {0xa4093822, 0x299f31d0},
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    uint32_t out[4];
    sf_philox(rows[i].key, rows[i].counter, out);
    assert_memory_equal(out, rows[i].expected, sizeof out);
  }
}

static void random_stream_is_the_blocks_in_order(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(0x0000000500000007u);
  const uint32_t key[2] = {7, 5};
  for (uint32_t block = 0; block < 3; block++) {
    uint32_t expected[4];
    sf_philox(key, (const uint32_t[4]){block, 0, 0, 0}, expected);
    for (int i = 0; i < 4; i++)
      assert_int_equal(sf_random_u32(&random), expected[i]);
  }
}

static void random_numbers_keep_their_bounds(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(3);
  unsigned seen[7] = {0};
  double sum = 0;
  for (int i = 0; i < 7000; i++) {
    uint32_t value = sf_random_below(&random, 7);
    assert_true(value < 7);
    seen[value]++;
    double unit = sf_random_unit(&random);
    assert_true(unit >= 0 && unit < 1);
    sum += unit;
  }
  for (int i = 0; i < 7; i++)
    assert_true(seen[i] > 850 && seen[i] < 1150);
  assert_true(fabs(sum / 7000 - 0.5) < 0.02);
  assert_int_equal(sf_random_below(&random, 1), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_items_are_zeroed_and_aligned),
      cmocka_unit_test(arena_is_usable_after_reset),
      cmocka_unit_test(arena_refuses_sizes_that_overflow),
      cmocka_unit_test(arena_copies_text),
      cmocka_unit_test(arena_fails_where_a_test_asks),
      cmocka_unit_test(buffer_grows_and_stays_terminated),
      cmocka_unit_test(buffer_take_of_nothing_is_an_empty_text),
      cmocka_unit_test(buffer_keeps_a_failure),
      cmocka_unit_test(numbers_print_as_the_shortest_text),
      cmocka_unit_test(numbers_read_back_to_the_same_bits),
      cmocka_unit_test(numbers_must_be_the_whole_text),
      cmocka_unit_test(f32_is_rounded_once),
      cmocka_unit_test(integers_are_read_up_to_the_ends_of_int64),
      cmocka_unit_test(sha256_gives_the_published_digests),
      cmocka_unit_test(xxh3_gives_the_published_value),
      cmocka_unit_test(philox_gives_the_published_blocks),
      cmocka_unit_test(random_stream_is_the_blocks_in_order),
      cmocka_unit_test(random_numbers_keep_their_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
