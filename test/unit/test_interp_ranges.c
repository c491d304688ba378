/* Interval proofs: what fits, what does not and why. docs/ir.md 6. */
#include "interp_harness.h"

#include "ir/ranges.h"

static sf_range range_of(const harness *h, const char *name) {
  sf_range range;
  assert_int_equal(
      sf_value_range(h->network, harness_value(h, name), h->diag, &range),
      SF_OK);
  return range;
}

static void expect_range(const char *body, const char *value, int64_t low,
                         int64_t high) {
  harness h;
  harness_open(&h, body);
  sf_range range = range_of(&h, value);
  if (range.low != low || range.high != high)
    fail_msg("'%s' lies in [%lld, %lld], expected [%lld, %lld]", value,
             (long long)range.low, (long long)range.high, (long long)low,
             (long long)high);
  harness_close(&h);
}

static void expect_proof(const char *body, const char *unproved) {
  harness h;
  harness_open(&h, body);
  sf_result result = sf_prove_ranges(h.network, h.diag);
  assert_int_equal(result, unproved ? SF_FAIL : SF_OK);
  if (unproved && !strstr(h.errors, unproved)) fail_msg("%s", h.errors);
  if (!unproved) assert_string_equal(h.errors, "");
  harness_close(&h);
}

static void sums(void **state) {
  (void)state;
  /* outputs: [-4, 5], [7, 9] with its bias: the weights themselves count */
  expect_range("blob @w : i8[2, 3] = dense [5, -4, 0, 1, 1, 0]\n"
               "blob @b : i8[2] = dense [0, 7]\n"
               "network @n(%x: spike[3]) -> (i24[2]) {\n"
               "  %y = linear %x, @w, @b : i24[2]  return %y }",
               "y", -4, 9);
  expect_range("blob @w : i8[1, 2] = dense [5, -4]\n"
               "network @n(%x: i4[2]) -> (i24[1]) {\n"
               "  %y = linear %x, @w {shift = 1, round = half-up} : i24[1]\n"
               "  return %y }",
               "y", -34, 34); /* -40 - 28 = -68; 35 + 32 = 67 */
  expect_range("blob @w : i8[1, 2] = dense [5, -4]\n"
               "network @n(%x: i4[2]) -> (i24[1]) {\n"
               "  %y = linear %x, @w {shift = 1, round = ceil, each = true} "
               ": i24[1]\n  return %y }",
               "y", -34, 34); /* -20 - 14; 18 + 16 */
  expect_range("blob @i : i32[3, 2] = dense [0, 0, 2, 0, 2, 1]\n"
               "blob @w : i8[3] = dense [3, -2, -5]\n"
               "network @n(%x: spike[2]) -> (i24[3]) {\n"
               "  %y = sparse %x, @i, @w {rows = 3} : i24[3]  return %y }",
               "y", -7, 3);
  expect_range("blob @w : i8[2, 1, 2, 2] = dense [1, 1, 1, 1, -1, 2, -3, 4]\n"
               "network @n(%x: spike[1, 3, 3]) -> (i24[2, 4, 4]) {\n"
               "  %y = conv %x, @w {pad = 1} : i24[2, 4, 4]  return %y }",
               "y", -4, 6);
  expect_range("network @n(%x: spike[4, 6, 6]) -> (i24[4, 3, 3]) {\n"
               "  %y = pool %x {kind = sum, kernel = 2, stride = 2} "
               ": i24[4, 3, 3]  return %y }",
               "y", 0, 4);
  expect_range("network @n(%x: spike[4, 6]) -> (i24[4, 4]) {\n"
               "  %t = transpose %x {perm = [1, 0]} : spike[6, 4]\n"
               "  %y = matmul %x, %t : i24[4, 4]  return %y }",
               "y", 0, 6);
}

static void unproved_ops(void **state) {
  (void)state;
  expect_proof("blob @w : i8[1, 2] = dense [100, 28]\n"
               "network @n(%x: spike[2]) -> (i8[1]) {\n"
               "  %y = linear %x, @w : i8[1]  return %y }",
               "[unproved] '%y' of 'linear' could reach [0, 128], beyond i8");
  expect_proof("blob @w : i8[1, 2] = dense [100, 27]\n"
               "network @n(%x: spike[2]) -> (i8[1]) {\n"
               "  %y = linear %x, @w : i8[1]  return %y }",
               NULL);
  expect_proof("network @n(%x: f32[2]) -> (i8[2]) {\n"
               "  %y = convert %x : i8[2]  return %y }",
               "'%y' of 'convert' could reach [-inf, inf], beyond i8");
}

static void library_is_proved(void **state) {
  (void)state;
  expect_proof("blob @w : i8[2, 3] = dense [1, 2, 3, 4, 5, 6]\n"
               "network @n(%x: spike[3]) -> (spike[2]) {\n"
               "  %a = linear %x, @w : i24[2]\n"
               "  %h = neurons @loihi_lif(%a) {di = 410, dv = 410, vth = 64} "
               ": spike[2]\n"
               "  %i = neurons @loihi_lif_reset(%a) {vth = 64, interval = 4} "
               ": spike[2]\n"
               "  %s = neurons @sigma_delta(%a) {vth = 64} : i26[2]\n"
               "  %r = neurons @rf(%a, %a) {cos = 3, sin = 4, vth = 2} "
               ": spike[2]\n"
               "  %z = neurons @rf_iz(%a, %a) {cos = 3, sin = 4, vth = 2} "
               ": spike[2]\n"
               "  %f = neurons @if_int(%a) {theta = 2} : spike[2]\n"
               "  %l = neurons @lif_int(%a) {dv = 3, theta = 2} : spike[2]\n"
               "  %m = neurons @lif_int_zero(%a) {dv = 3, theta = 2} "
               ": spike[2]\n"
               "  %c = neurons @count(%h) : i32[2]\n"
               "  return %h }",
               NULL);
}

#define ACCUMULATE(ATTRS)                                                      \
  "neuron @acc(%x: i4) -> i16 {\n"                                             \
  "  state %v: i16 = 0  %h = add %v, %x : i16\n"                               \
  "  next %v = %h  emit %h }\n"                                                \
  "network @n(%x: i4[2]) -> (i16[2]) " ATTRS "{\n"                             \
  "  %p = neurons @acc(%x) : i16[2]  return %p }"

static void steps_bound_the_state(void **state) {
  (void)state;
  expect_proof(ACCUMULATE(""), "'%h' of neuron '@acc' could reach [-32776, "
                               "32774] in population '%p', beyond i16");
  expect_proof(ACCUMULATE("{steps = 4096} "), NULL); /* -8 * 4096 = -2^15 */
  expect_proof(ACCUMULATE("{steps = 4097} "),
               "could reach [-32776, 28679] within 4097 steps");
  expect_range(ACCUMULATE("{steps = 10} "), "p", -80, 70);
}

/* Bounded by its own clamp: found without `steps`, from the initial state. */
static void fixed_point(void **state) {
  (void)state;
  expect_proof("neuron @walk(%x: spike) -> i8 {\n"
               "  state %v: i8 = 0  %w = widen %x : i2\n"
               "  %h = add %v, %w : i8  %m = min %h, 100 : i8\n"
               "  next %v = %m  emit %m }\n"
               "network @n(%x: spike[1]) -> (i8[1]) {\n"
               "  %p = neurons @walk(%x) : i8[1]  return %p }",
               NULL);
}

/* Every op of neuron functions against all values of small types: what really
 * happens lies inside the interval. */
static void intervals_hold(void **state) {
  (void)state;
  harness h;
  harness_open(&h,
               "neuron @all(%a: i5, %b: i4) -> i5 {\n"
               "  %add = add %a, %b : i32  %sub = sub %a, %b : i32\n"
               "  %mul = mul %a, %b : i32\n"
               "  %ms = mulshr %a, %b {shift = 3, round = half-even} : i32\n"
               "  %shr = shr %a {shift = 2, round = half-away} : i32\n"
               "  %shl = shl %b {shift = 3} : i32\n"
               "  %div = div %a, %b {round = floor} : i32\n"
               "  %neg = neg %a : i32  %abs = abs %b : i32\n"
               "  %min = min %a, %b : i32  %max = max %a, %b : i32\n"
               "  %w = widen.wrap %a : i3  %sat = widen.sat %a : i3\n"
               "  %lt = lt %a, %b  %eq = eq %a, 3  %not = not %lt\n"
               "  %or = or %lt, %eq  %sel = select %or, %a, 7\n"
               "  emit %sel }\n"
               "network @n(%a: i5[1], %b: i4[1]) -> (i5[1]) {\n"
               "  %p = neurons @all(%a, %b) : i5[1]  return %p }");
  const sf_op *op = h.network->first;
  sf_arena *arena = sf_arena_create();
  sf_span inputs[2] = {sf_span_of(-16, 15), sf_span_of(-8, 7)};
  sf_neuron_ranges *ranges;
  assert_int_equal(
      sf_neuron_ranges_create(op, inputs, -1, arena, h.diag, &ranges), SF_OK);
  assert_int_equal(ranges->unproved_count, 0);
  sf_span sel = sf_neuron_ranges_emit(ranges, 0);
  assert_true(sel.low == -16 && sel.high == 15);
  static const int expected[][2] = {
      {-24, 22}, {-23, 23}, {-120, 128}, {-15, 16}, {-4, 4},
      {-64, 56}, {-16, 16}, {-15, 16},   {0, 8},    {-16, 7},
      {-8, 15},  {-4, 3},   {-4, 3},     {0, 1},    {0, 1}};
  for (size_t n = 0; n < SF_COUNT_OF(expected); n++) {
    sf_span span = ranges->slots[op->neuron->stmts[n].result->slot];
    if (span.low != expected[n][0] || span.high != expected[n][1])
      fail_msg("%s: [%d, %d], expected [%d, %d]",
               op->neuron->stmts[n].result->name, (int)span.low, (int)span.high,
               expected[n][0], expected[n][1]);
  }
  sf_arena_destroy(arena);
  harness_close(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums),
      cmocka_unit_test(unproved_ops),
      cmocka_unit_test(library_is_proved),
      cmocka_unit_test(steps_bound_the_state),
      cmocka_unit_test(fixed_point),
      cmocka_unit_test(intervals_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
