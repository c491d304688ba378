/* The worked traces of Lava's fixed-point models (the project's Loihi 2
 * reference, section 2), made with Lava itself. Steps there count from 1, and a
 * synapse passes on in step t what it received in t - 1: a `delay` of one step
 * here. */
#include "interp_harness.h"

#define WEIGHTS                                                                \
  "blob @w : i8[2, 3] = dense [10, -20, 30, 4, 6, -8]\n"                       \
  "network @n(%x: i16[3]) -> (i32[2]) {\n"                                     \
  "  %d = delay %x : i16[3]\n"

/* An input event: payload of source `source` in step `step`, from 1. */
typedef struct event {
  int step, source, payload;
} event;

static void step_with(harness *h, int step, const event *events, size_t count) {
  int32_t input[3] = {0, 0, 0};
  for (size_t n = 0; n < count; n++)
    if (events[n].step == step) input[events[n].source] = events[n].payload;
  harness_step(h, input);
}

/* One row of a LIF trace: u, v after, spikes of both neurons. */
typedef struct lif_row {
  int32_t u[2], v[2], s[2];
} lif_row;

static void check_lif(harness *h, int step, const lif_row *row) {
  const sf_word *spikes = harness_words(h, "h");
  for (size_t k = 0; k < 2; k++)
    if (harness_state(h, "h", 0, k) != row->u[k] ||
        harness_state(h, "h", 1, k) != row->v[k] || spikes[k].i != row->s[k])
      fail_msg("step %d, neuron %zu: u %d v %d s %d, expected %d %d %d", step,
               k, harness_state(h, "h", 0, k), harness_state(h, "h", 1, k),
               spikes[k].i, row->u[k], row->v[k], row->s[k]);
}

static void lif_12_steps(void **state) {
  (void)state;
  static const event events[] = {{1, 0, 1}, {6, 0, 1}, {4, 1, 1},
                                 {6, 1, 1}, {2, 2, 1}, {6, 2, 1},
                                 {7, 2, 1}, {8, 2, 1}, {9, 2, 1}};
  static const lif_row rows[] = {{{0, 0}, {128, 64}, {0, 0}},
                                 {{640, 256}, {892, 382}, {0, 0}},
                                 {{2400, -320}, {3392, 114}, {0, 0}},
                                 {{1800, -240}, {0, -66}, {1, 0}},
                                 {{70, 204}, {198, 205}, {0, 0}},
                                 {{52, 153}, {371, 415}, {0, 0}},
                                 {{1319, 242}, {1806, 708}, {0, 0}},
                                 {{2909, -331}, {4786, 418}, {0, 0}},
                                 {{4101, -760}, {0, -292}, {1, 0}},
                                 {{4995, -1082}, {0, -1300}, {1, 0}},
                                 {{3746, -811}, {3874, -2006}, {0, 0}},
                                 {{2809, -608}, {0, -2487}, {1, 0}}};
  harness h;
  harness_open(&h, "blob @b : i24[2] = dense [128, 64]\n" WEIGHTS
                   "  %a = linear %d, @w : i24[2]\n"
                   "  %h = neurons @loihi_lif(%a) {di = 1024, dv = 128, "
                   "bias = @b, vth = 5120} : spike[2]\n"
                   "  %r = convert %h : i32[2]  return %r }\n");
  for (int step = 1; step <= 12; step++) {
    step_with(&h, step, events, SF_COUNT_OF(events));
    check_lif(&h, step, &rows[step - 1]);
  }
  harness_close(&h);
}

static void recurrent(void **state) {
  (void)state;
  static const event events[] = {{1, 0, 1}, {2, 0, 1}, {3, 1, 1}, {1, 2, 1}};
  static const lif_row rows[] = {{{0, 0}, {0, 0}, {0, 0}},
                                 {{2560, -256}, {0, -256}, {1, 0}},
                                 {{2560, 1600}, {0, 0}, {1, 1}},
                                 {{-1920, 3120}, {-1920, 0}, {0, 1}},
                                 {{-4000, 2340}, {-5860, 0}, {0, 1}},
                                 {{-5560, 1755}, {-11236, 0}, {0, 1}},
                                 {{-6730, 1316}, {-17614, 0}, {0, 1}},
                                 {{-7607, 987}, {-24670, 987}, {0, 0}}};
  harness h;
  harness_open(&h, "blob @wr : i8[2, 2] = dense [0, -40, 24, 0]\n" WEIGHTS
                   "  %q = delay %h : spike[2]\n"
                   "  %a = linear %d, @w : i24[2]\n"
                   "  %b = linear %q, @wr : i24[2]\n"
                   "  %c = add.sat %a, %b : i24[2]\n"
                   "  %h = neurons @loihi_lif(%c) {di = 1024, dv = 128, "
                   "vth = 1280} : spike[2]\n"
                   "  %r = convert %h : i32[2]  return %r }\n");
  for (int step = 1; step <= 8; step++) {
    step_with(&h, step, events, SF_COUNT_OF(events));
    check_lif(&h, step, &rows[step - 1]);
  }
  harness_close(&h);
}

/* loihi_lif on one neuron: params di, dv, bias, vth; states u, v. */
static void lif_once(int32_t di, int32_t dv, int32_t a, sf_word state[2]) {
  harness h;
  harness_open(&h, "");
  const sf_neuron *lif =
      sf_module_find_neuron(h.module, (sf_slice){"loihi_lif", 9});
  sf_word input = {a}, emit;
  sf_word params[4] = {{di}, {dv}, {0}, {8388607}};
  assert_int_equal(sf_neuron_eval(lif, &input, params, state, &emit, h.diag),
                   SF_OK);
  harness_close(&h);
}

static void lif_edges(void **state) {
  (void)state;
  /* a, u before, u after; no leak */
  static const int32_t wraps[][3] = {{100, 8388000, -8382816},
                                     {-100, -8388000, 8382816},
                                     {1, 8388544, 8388608}};
  for (size_t n = 0; n < SF_COUNT_OF(wraps); n++) {
    sf_word s[2] = {{wraps[n][1]}, {0}};
    lif_once(0, 0, wraps[n][0], s);
    assert_int_equal(s[0].i, wraps[n][2]);
  }
  sf_word high[2] = {{8388607}, {8388000}}, low[2] = {{-8388607}, {-8388000}};
  lif_once(0, 0, 0, high);
  lif_once(0, 0, 0, low);
  assert_int_equal(high[1].i, 8388607);
  assert_int_equal(low[1].i, -8388607);
  sf_word current[2] = {{-5}, {0}}, voltage[2] = {{0}, {-5}};
  lif_once(4096 - 3686, 0, 0, current);
  lif_once(0, 409, 0, voltage);
  assert_int_equal(current[0].i, -4);
  assert_int_equal(voltage[1].i, -4);
}

static void synaptic_delays(void **state) {
  (void)state;
  static const int32_t u[7][2] = {{0, 0},   {640, 384}, {-1280, 0}, {1920, 0},
                                  {0, 256}, {0, 0},     {0, -512}};
  static const event events[] = {{1, 0, 1}, {1, 1, 1}, {1, 2, 1}};
  harness h;
  harness_open(&h, "blob @dl : i7[2, 3] = dense [0, 1, 2, 3, 0, 5]\n" WEIGHTS
                   "  %a = linear %d, @w {delays = @dl} : i24[2]\n"
                   "  %h = neurons @loihi_lif(%a) {di = 4096, vth = 8388607} "
                   ": spike[2]\n"
                   "  %r = convert %h : i32[2]  return %r }\n");
  for (int step = 1; step <= 7; step++) {
    step_with(&h, step, events, SF_COUNT_OF(events));
    for (size_t k = 0; k < 2; k++)
      assert_int_equal(harness_state(&h, "h", 0, k), u[step - 1][k]);
  }
  harness_close(&h);
}

/* What the chip printed for graded messages and weight_exp = -7. */
static void silicon_values(void **state) {
  (void)state;
  static const int32_t factors[] = {1, 4, 16, 64, 256};
  static const int32_t one[5][3] = {{83, 30, -54},
                                    {331, 119, -218},
                                    {1321, 473, -868},
                                    {5280, 1890, -3470},
                                    {21120, 7560, -13880}};
  static const int32_t both[5][3] = {{120, 17, 22},
                                     {478, 69, 83},
                                     {1909, 271, 340},
                                     {7630, 1080, 1360},
                                     {30520, 4320, 5440}};
  harness h;
  harness_open(
      &h, "blob @w1 : i9[3, 4] = dense [102, 114, 102, 102, 114, 102, -128, "
          "-128, -90, -64, -52, -38]\n"
          "blob @w2 : i9[3, 4] = dense [38, 0, 76, -64, -64, -26, 102, 88, "
          "50, -128, -52, -90]\n"
          "network @n(%x: i16[8]) -> (i24[3], i24[3]) {\n"
          "  %p = slice %x {begin = [0], end = [4]} : i16[4]\n"
          "  %q = slice %x {begin = [4], end = [8]} : i16[4]\n"
          "  %a = linear %p, @w1 {shift = 7, round = half-away, each = true} "
          ": i24[3]\n"
          "  %b = linear %q, @w2 {shift = 7, round = half-away, each = true} "
          ": i24[3]\n"
          "  %c = add.sat %a, %b : i24[3]  return %a, %c }\n");
  for (size_t n = 0; n < 5; n++) {
    int32_t f = factors[n];
    int32_t input[8] = {40 * f, 30 * f,  20 * f, 10 * f,
                        50 * f, -50 * f, 20 * f, -20 * f};
    harness_step(&h, input);
    for (size_t k = 0; k < 3; k++) {
      assert_int_equal(harness_words(&h, "a")[k].i, one[n][k]);
      assert_int_equal(harness_words(&h, "c")[k].i, both[n][k]);
    }
  }
  harness_close(&h);
}

static void sigma_delta(void **state) {
  (void)state;
  static const event events[] = {{1, 0, 64},  {4, 0, 320},  {6, 0, -7},
                                 {7, 0, 100}, {2, 1, 192},  {4, 1, -64},
                                 {6, 1, 3},   {7, 1, -300}, {2, 2, 64},
                                 {6, 2, 5},   {7, 2, -50}};
  /* step; sig, act, res of both */
  static const int32_t rows[][7] = {
      {1, 0, 0, 8192, 0, 0, 0},           {2, 640, 256, 8832, 0, 640, 0},
      {3, -1280, 896, 6912, 0, -1280, 0}, {5, 3200, 1792, 11392, 0, 3200, 0},
      {7, 3220, 1742, 11412, 0, 3220, 0}, {8, 8720, 742, 16912, 0, 0, 0}};
  harness h;
  harness_open(&h, "blob @b : i32[2] = dense [8192, -4096]\n" WEIGHTS
                   "  %a = linear %d, @w : i24[2]\n"
                   "  %h = neurons @sigma_delta(%a) {bias = @b, vth = 4096} "
                   ": i26[2]\n"
                   "  %r = convert %h : i32[2]  return %r }\n");
  size_t row = 0;
  for (int step = 1; step <= 8; step++) {
    step_with(&h, step, events, SF_COUNT_OF(events));
    const sf_word *sent = harness_words(&h, "h");
    assert_int_equal(sent[0].i, step == 1 ? 128 : step == 8 ? 136 : 0);
    assert_int_equal(sent[1].i, 0);
    if (rows[row][0] != step) continue;
    for (uint32_t s = 0; s < 3; s++)
      for (size_t k = 0; k < 2; k++)
        assert_int_equal(harness_state(&h, "h", s, k),
                         rows[row][1 + 2 * s + k]);
    row++;
  }
  assert_int_equal(row, SF_COUNT_OF(rows));
  harness_close(&h);
}

static void check_delta(const char *body, const int32_t *expected) {
  static const int32_t input[] = {3, 4, 4, 6, 6, -2, -2, -2};
  harness h;
  harness_open(&h, body);
  for (size_t n = 0; n < SF_COUNT_OF(input); n++) {
    harness_step(&h, &input[n]);
    assert_int_equal(harness_words(&h, "h")[0].i, expected[n]);
  }
  harness_close(&h);
}

static void delta(void **state) {
  (void)state;
  check_delta("network @n(%x: i20[1]) -> (i26[1]) {\n"
              "  %h = neurons @delta(%x) {vth = 4096} : i26[1]  return %h }\n",
              (const int32_t[]){192, 64, 0, 128, 0, -512, 0, 0});
  /* spike_exp 0, state_exp 2, vth 3: other shifts, the same text */
  check_delta("neuron @delta_2(%x: i20) -> i26 {\n"
              "  param %vth: i32  state %act: i32 = 0  state %res: i32 = 0\n"
              "  %xs = shl %x {shift = 2} : i32\n"
              "  %d0 = sub.wrap %xs, %act : i32\n"
              "  %d = add.wrap %d0, %res : i32  %m = abs.wrap %d : i32\n"
              "  %f = ge %m, %vth  %o = select %f, %d, 0\n"
              "  %r = sub.wrap %d, %o : i32\n"
              "  %q = shr.wrap %o {shift = 2, round = floor} : i26\n"
              "  next %act = %xs  next %res = %r  emit %q }\n"
              "network @n(%x: i20[1]) -> (i26[1]) {\n"
              "  %h = neurons @delta_2(%x) {vth = 12} : i26[1]  return %h }\n",
              (const int32_t[]){3, 0, 0, 3, 0, -8, 0, 0});
}

static void sigma(void **state) {
  (void)state;
  static const event events[] = {
      {1, 0, 3}, {2, 1, -5}, {3, 0, 1}, {3, 1, 1}, {3, 2, 1}};
  static const int32_t rows[][2] = {
      {0, 0}, {30, 12}, {130, -18}, {150, -16}, {150, -16}};
  harness h;
  harness_open(&h, WEIGHTS "  %a = linear %d, @w : i24[2]\n"
                           "  %h = neurons @sigma(%a) : i32[2]\n"
                           "  return %h }\n");
  for (int step = 1; step <= 5; step++) {
    step_with(&h, step, events, SF_COUNT_OF(events));
    for (size_t k = 0; k < 2; k++)
      assert_int_equal(harness_words(&h, "h")[k].i, rows[step - 1][k]);
  }
  harness_close(&h);
}

#define RESONATORS(NAME)                                                       \
  "blob @wr : i8[2, 2] = dense [20, -10, 6, 40]\n"                             \
  "blob @wi : i8[2, 2] = dense [0, 14, -8, 2]\n"                               \
  "network @n(%x: spike[2]) -> (spike[2]) {\n"                                 \
  "  %d = delay %x : spike[2]\n"                                               \
  "  %a = linear %d, @wr : i24[2]\n"                                           \
  "  %b = linear %d, @wi : i24[2]\n"                                           \
  "  %h = neurons @" NAME "(%a, %b) {cos = 3399, sin = 1999, vth = 640} "      \
  ": spike[2]\n  return %h }\n"

/* Step; re and im of both neurons. */
typedef struct resonator_row {
  int step;
  int32_t re[2], im[2];
} resonator_row;

static void check_resonators(const char *body, const resonator_row *rows,
                             size_t count, const int (*spikes)[2],
                             size_t spike_count) {
  harness h;
  harness_open(&h, body);
  size_t row = 0, seen = 0;
  for (int step = 1; step <= 24; step++) {
    int32_t input[2] = {step == 1 || step == 10, step == 3 || step == 10};
    harness_step(&h, input);
    for (size_t k = 0; k < 2; k++) {
      if (harness_words(&h, "h")[k].i) {
        assert_true(seen < spike_count);
        assert_int_equal(spikes[seen][0], step);
        assert_int_equal(spikes[seen++][1], k);
      }
      if (row == count || rows[row].step != step) continue;
      assert_int_equal(harness_state(&h, "h", 0, k), rows[row].re[k]);
      assert_int_equal(harness_state(&h, "h", 1, k), rows[row].im[k]);
    }
    if (row < count && rows[row].step == step) row++;
  }
  assert_int_equal(row, count);
  assert_int_equal(seen, spike_count);
  harness_close(&h);
}

static void resonate_and_fire(void **state) {
  (void)state;
  static const resonator_row rows[] = {
      {2, {1280, 384}, {0, -512}},       {3, {1062, 567}, {624, -237}},
      {4, {-63, 3145}, {1931, 208}},     {5, {-994, 2508}, {1572, 1706}},
      {11, {1486, 1018}, {-312, -1832}}, {12, {1385, 1738}, {467, -1024}},
      {14, {247, 1610}, {1330, 947}},    {24, {838, 1150}, {376, -537}}};
  static const int spikes[][2] = {{4, 1}, {12, 0}, {14, 1}, {24, 0}};
  check_resonators(RESONATORS("rf"), rows, SF_COUNT_OF(rows), spikes,
                   SF_COUNT_OF(spikes));
}

static void izhikevich_resonator(void **state) {
  (void)state;
  static const resonator_row rows[] = {{4, {0, 3145}, {639, 208}},
                                       {5, {-311, 0}, {530, 639}},
                                       {12, {0, 0}, {639, 639}}};
  static const int spikes[][2] = {{4, 0}, {5, 1}, {12, 0}, {12, 1}};
  check_resonators(RESONATORS("rf_iz"), rows, SF_COUNT_OF(rows), spikes,
                   SF_COUNT_OF(spikes));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lif_12_steps),
      cmocka_unit_test(recurrent),
      cmocka_unit_test(lif_edges),
      cmocka_unit_test(synaptic_delays),
      cmocka_unit_test(silicon_values),
      cmocka_unit_test(sigma_delta),
      cmocka_unit_test(delta),
      cmocka_unit_test(sigma),
      cmocka_unit_test(resonate_and_fire),
      cmocka_unit_test(izhikevich_resonator),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
