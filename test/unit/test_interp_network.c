/* What a network means beyond single neurons: order of sums, exactness beyond
 * 64 bits, delays, start and period, rand, counts, and what is said on failure.
 */
#include "interp_harness.h"

#include "support/hash.h"

/* ---- ST-BIF against the quantizer that it stands for (conversion, exact).
 * ---- */

static int64_t floor_divide(int64_t a, int64_t b) {
  int64_t q = a / b;
  return q * b > a ? q - 1 : q;
}

static void stbif_one(const sf_neuron *stbif, sf_random *random,
                      sf_diag *diag) {
  int32_t d = 1 + (int32_t)sf_random_below(random, 5000);
  int32_t smin = -(int32_t)sf_random_below(random, 20);
  int32_t smax = (int32_t)sf_random_below(random, 20);
  sf_word params[4] = {{d}, {d / 2}, {smin}, {smax}};
  sf_word states[2] = {{d / 2}, {0}};
  int64_t total = 0, sum = 0;
  for (int step = 0; step < 80; step++) {
    sf_word input = {0}, emit = {0};
    if (step < 10) input.i = (int32_t)sf_random_below(random, 40001) - 20000;
    total += input.i;
    assert_int_equal(sf_neuron_eval(stbif, &input, params, states, &emit, diag),
                     SF_OK);
    sum += emit.i;
  }
  int64_t expected = floor_divide(2 * total + d, 2 * d);
  expected = expected < smin ? smin : expected > smax ? smax : expected;
  if (sum != expected || states[1].i != expected)
    fail_msg("d %d, range %d .. %d, input %lld: %lld spikes, expected %lld", d,
             smin, smax, (long long)total, (long long)sum, (long long)expected);
}

static void stbif(void **state) {
  (void)state;
  harness h;
  harness_open(&h, "");
  const sf_neuron *neuron =
      sf_module_find_neuron(h.module, (sf_slice){"stbif", 5});
  sf_random random = sf_random_seeded(5);
  for (int n = 0; n < 3000; n++)
    stbif_one(neuron, &random, h.diag);
  harness_close(&h);
}

/* ---- Sums. ---- */

static void check_float(const char *body, const char *value, float expected) {
  harness h;
  harness_open(&h, body);
  static const int32_t ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  harness_step(&h, ones);
  float got = harness_words(&h, value)[0].f;
  if (memcmp(&got, &expected, sizeof got) != 0)
    fail_msg("%s: %.9g, expected %.9g", body, (double)got, (double)expected);
  harness_close(&h);
}

static void order_of_sums(void **state) {
  (void)state;
  /* 1e8 + 1 rounds to 1e8 in f32: the 1 survives only where the order says so.
   */
  check_float("blob @w : f32[1, 3] = dense [1e8, 1.0, -1e8]\n"
              "network @n(%x: spike[3]) -> (f32[1]) {\n"
              "  %y = linear %x, @w : f32[1]  return %y }",
              "y", 0.0f);
  check_float("blob @w : f32[1, 3] = dense [1e8, -1e8, 1.0]\n"
              "network @n(%x: spike[3]) -> (f32[1]) {\n"
              "  %y = linear %x, @w : f32[1]  return %y }",
              "y", 1.0f);
  /* the bias comes first */
  check_float("blob @w : f32[1, 2] = dense [1e8, -1e8]\n"
              "blob @b : f32[1] = dense [1.0]\n"
              "network @n(%x: spike[2]) -> (f32[1]) {\n"
              "  %y = linear %x, @w, @b : f32[1]  return %y }",
              "y", 0.0f);
  /* conv: ky, kx, then the channel. [1, 2, 1, 2]: channel 0 has 1e8 and 1,
   * channel 1 has -1e8 and 0; tap by tap: 1e8, -1e8, 1. */
  check_float("blob @w : f32[1, 2, 1, 2] = dense [1e8, 1.0, -1e8, 0.0]\n"
              "network @n(%x: spike[2, 1, 2]) -> (f32[1, 1, 1]) {\n"
              "  %y = conv %x, @w : f32[1, 1, 1]  return %y }",
              "y", 1.0f);
  check_float("blob @i : i32[3, 2] = dense [0, 0, 0, 1, 0, 2]\n"
              "blob @w : f32[3] = dense [1e8, 1.0, -1e8]\n"
              "network @n(%x: spike[3]) -> (f32[1]) {\n"
              "  %y = sparse %x, @i, @w {rows = 1} : f32[1]  return %y }",
              "y", 0.0f);
  /* a bias of -0.0 counts as +0.0 */
  check_float("blob @w : f32[1, 1] = dense [0.0]\n"
              "blob @b : f32[1] = dense [-0.0]\n"
              "network @n(%x: spike[1]) -> (f32[1]) {\n"
              "  %y = linear %x, @w, @b : f32[1]  return %y }",
              "y", 0.0f);
}

/* Four products of 2^62: the sum needs 65 bits and must still be exact. */
static void sums_beyond_64_bits(void **state) {
  (void)state;
  harness h;
  harness_open(
      &h, "blob @w : i32[2, 4] = dense [-2147483648, -2147483648, -2147483648, "
          "-2147483648, -2147483648, -2147483648, 2147483647, 2147483647]\n"
          "network @n(%x: i32[4]) -> (i32[2], i32[2], i32[2]) {\n"
          "  %a = linear.sat %x, @w : i32[2]\n"
          "  %b = linear %x, @w {shift = 34} : i32[2]\n"
          "  %c = linear.wrap %x, @w : i32[2]  return %a, %b, %c }");
  const int32_t low = INT32_MIN;
  harness_step(&h, (const int32_t[]){low, low, low, low});
  /* 4 * 2^62 = 2^64;  2 * 2^62 - 2 * (2^62 - 2^31) = 2^32 */
  assert_int_equal(harness_words(&h, "a")[0].i, INT32_MAX);
  assert_int_equal(harness_words(&h, "a")[1].i, INT32_MAX);
  assert_int_equal(harness_words(&h, "b")[0].i, 1 << 30);
  assert_int_equal(harness_words(&h, "b")[1].i, 0);
  assert_int_equal(harness_words(&h, "c")[0].i, 0);
  assert_int_equal(harness_words(&h, "c")[1].i, 0);
  harness_close(&h);
}

/* ---- Time. ---- */

/* A counter that adds its delayed self: 1, 2, 4, 8; the delay is used above. */
static void use_before_definition(void **state) {
  (void)state;
  harness h;
  harness_open(&h, "network @n(%x: i16[1]) -> (i32[1]) {\n"
                   "  %b = delay %a : i32[1]\n"
                   "  %a = delay %c : i32[1]\n"
                   "  %s = add.sat %x, %b : i32[1]\n"
                   "  %c = add.sat %s, %b : i32[1]  return %c }");
  static const int32_t expected[] = {1, 0, 2, 0, 4, 0, 8};
  for (int t = 0; t < 7; t++) {
    const int32_t input = t == 0;
    harness_step(&h, &input);
    assert_int_equal(harness_words(&h, "c")[0].i, expected[t]);
  }
  sf_interp_reset(h.interp);
  harness_step(&h, (const int32_t[]){0});
  harness_step(&h, (const int32_t[]){0});
  harness_step(&h, (const int32_t[]){0});
  assert_int_equal(harness_words(&h, "c")[0].i, 0); /* delays start empty */
  harness_close(&h);
}

static void start_and_period(void **state) {
  (void)state;
  harness h;
  harness_open(&h, "neuron @up(%x: i8) -> i32 {\n"
                   "  param %first: i32  state %n: i32 = %first\n"
                   "  %m = add.sat %n, 1 : i32  next %n = %m  emit %m }\n"
                   "blob @f : i32[2] = dense [10, 20]\n"
                   "network @n(%x: i8[2]) -> (i32[2]) {period = 3} {\n"
                   "  %a = neurons @up(%x) {first = @f} : i32[2]\n"
                   "  %d = delay %a : i32[2]\n"
                   "  %b = neurons @up(%x) {first = 5, start = 2} : i32[2]\n"
                   "  return %b }");
  static const int32_t a[] = {11, 12, 13, 11, 12, 13, 11};
  static const int32_t b[] = {0, 0, 6, 7, 8, 6, 7};
  for (int t = 0; t < 7; t++) {
    harness_step(&h, NULL);
    assert_int_equal(harness_words(&h, "a")[0].i, a[t]);
    assert_int_equal(harness_words(&h, "a")[1].i, a[t] + 10);
    assert_int_equal(harness_words(&h, "b")[0].i, b[t]);
    /* contents of a delay are not cleared by `period` */
    assert_int_equal(harness_words(&h, "d")[0].i, t ? a[t - 1] : 0);
  }
  harness_close(&h);
}

/* Philox4x32-10, known answer of its authors: key 0, counter 0. */
static void rand_known_answer(void **state) {
  (void)state;
  harness h;
  harness_open(&h, "neuron @dice(%x: i8) -> (i32, i32) {\n"
                   "  %a = rand : i32  %b = rand : i32  emit %a, %b }\n"
                   "network @n(%x: i8[70]) -> (i32[70], i32[70], i32[70]) {\n"
                   "  %a, %b = neurons @dice(%x) : (i32[70], i32[70])\n"
                   "  %c, %d = neurons @dice(%x) {seed = 4294967294} : "
                   "(i32[70], i32[70])\n"
                   "  return %a, %b, %c }");
  for (uint32_t t = 0; t < 2; t++) {
    harness_step(&h, NULL);
    for (uint32_t e = 0; e < 70; e++) {
      uint32_t block[4];
      sf_philox((const uint32_t[]){0, 0}, (const uint32_t[]){e, t, 1, 0},
                block);
      assert_int_equal((uint32_t)harness_words(&h, "b")[e].i, block[0]);
      sf_philox((const uint32_t[]){4294967294u, 0},
                (const uint32_t[]){e, t, 0, 0}, block);
      assert_int_equal((uint32_t)harness_words(&h, "c")[e].i, block[0]);
    }
    if (t == 0)
      assert_int_equal((uint32_t)harness_words(&h, "a")[0].i, 0x6627e8d5);
  }
  harness_close(&h);
}

/* ---- Counts. ---- */

static void counts(void **state) {
  (void)state;
  harness h;
  harness_open(&h, "blob @w : i8[2, 3] = dense [1, 0, 0, 0, 1, 1]\n"
                   "blob @k : i8[1, 1, 3] = dense [1, 1, 1]\n"
                   "network @n(%x: spike[3]) -> (i24[2], i24[1, 3]) {\n"
                   "  %a = linear %x, @w : i24[2]\n"
                   "  %d = delay %a : i24[2]\n"
                   "  %e = add.sat %a, %d : i24[2]\n"
                   "  %p = neurons @relay(%e) : i24[2]\n"
                   "  %r = reshape %x : spike[1, 3]\n"
                   "  %c = conv %r, @k {pad = 1} : i24[1, 3]\n"
                   "  %q = neurons @relay(%c) {start = 1} : i24[1, 3]\n"
                   "  %s = slice %x {begin = [1], end = [3]} : spike[2]\n"
                   "  %t = convert %s : i24[2]\n"
                   "  %v = neurons @relay(%t) : i24[2]\n"
                   "  %o = neurons @if_int(%v) {theta = 5} : spike[2]\n"
                   "  return %p, %q }");
  harness_step(&h, (const int32_t[]){1, 0, 1});
  harness_step(&h, (const int32_t[]){0, 1, 0});
  const sf_counts *c = sf_interp_counts(h.interp);
  assert_int_equal(c->population_count, 4);
  const sf_population_counts *p = c->populations;
  /* dense: 3 spikes, 2 targets each, reached twice but counted once */
  assert_string_equal(p[0].name, "p");
  assert_int_equal(p[0].events_in, 6);
  assert_int_equal(p[0].spikes_out, 2 + 2);
  assert_int_equal(p[0].updates, 4);
  /* conv: spikes at the border have 2 taps inside, the middle one 3 */
  assert_int_equal(p[1].events_in, 2 + 2 + 3);
  assert_int_equal(p[1].spikes_out, 3); /* step 0 is before its start */
  assert_int_equal(p[1].updates, 3);
  assert_int_equal(p[2].events_in, 1 + 1); /* of the converted slice */
  assert_int_equal(p[3].events_in, 2);
  assert_int_equal(c->steps, 2);
  assert_int_equal(c->samples, 1);
  sf_interp_reset(h.interp);
  harness_step(&h, NULL);
  assert_int_equal(c->samples, 2);
  assert_int_equal(c->steps, 3);
  harness_close(&h);
}

/* ---- Failures. ---- */

static void expect_failure(const char *body, const int32_t *input,
                           const char *first, const char *second) {
  harness h;
  harness_open(&h, body);
  const sf_word *inputs[1] = {(const sf_word *)input};
  sf_result result = SF_OK;
  for (int t = 0; t < 3 && result == SF_OK; t++)
    result = sf_interp_step(h.interp, inputs);
  assert_int_equal(result, SF_FAIL);
  if (!strstr(h.errors, first) || !strstr(h.errors, second))
    fail_msg("%s", h.errors);
  harness_close(&h);
}

static void overflow_names_the_place(void **state) {
  (void)state;
  expect_failure("neuron @acc(%x: i8) -> i8 {\n"
                 "  state %v: i8 = 0  %h = add %v, %x : i8\n"
                 "  next %v = %h  emit %h }\n"
                 "network @n(%x: i8[2, 2]) -> (i8[2, 2]) {\n"
                 "  %p = neurons @acc(%x) : i8[2, 2]  return %p }",
                 (const int32_t[]){0, 0, 50, 0},
                 "[overflow] '%h' of neuron '@acc' is 150 in population '%p', "
                 "element [1, 0], step 2",
                 "does not fit i8");
  expect_failure("blob @w : i8[1, 1] = dense [100]\n"
                 "network @n(%x: i8[1]) -> (i8[1]) {\n"
                 "  %y = linear %x, @w : i8[1]  return %y }",
                 (const int32_t[]){-2},
                 "[overflow] '%y' of 'linear' is -200 at [0] in step 0", "i8");
  expect_failure("network @n(%x: i8[2]) -> (i8[2]) { return %x }",
                 (const int32_t[]){0, 128}, "[input-shape] input '%x' is 128",
                 "at [1] in step 0");
}

static void arguments_are_checked(void **state) {
  (void)state;
  harness h;
  memset(&h, 0, sizeof h);
  h.diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_diag_listen(h.diag, harness_listen, &h);
  char *text = harness_text("blob @d : i14[2] = dense [0, 5000]\n"
                            "network @n(%x: i24[2]) -> (spike[2]) {\n"
                            "  %y = neurons @loihi_lif(%x) {di = @d, vth = 1} "
                            ": spike[2]  return %y }");
  sf_result result =
      sf_parse((sf_slice){text, strlen(text)}, "t.sf", h.diag, &h.module);
  free(text);
  /* the verifier may say so already; at the latest the interpreter does */
  if (result == SF_OK)
    result = sf_interp_create(h.module->first_network, h.diag, &h.interp);
  assert_int_equal(result, SF_FAIL);
  assert_non_null(strstr(h.errors, "'di'"));
  sf_module_destroy(h.module);
  sf_diag_destroy(h.diag);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stbif),
      cmocka_unit_test(order_of_sums),
      cmocka_unit_test(sums_beyond_64_bits),
      cmocka_unit_test(use_before_definition),
      cmocka_unit_test(start_and_period),
      cmocka_unit_test(rand_known_answer),
      cmocka_unit_test(counts),
      cmocka_unit_test(overflow_names_the_place),
      cmocka_unit_test(arguments_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
