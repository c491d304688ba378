/* The worked traces of loihi2.md 2 as networks on the Loihi 2 simulator: what
 * is sent and every state word after each step. */
#include "test/support/loihi2_trace.h"

#define ROWS_END                                                               \
  {                                                                            \
    0, {{0}}                                                                   \
  }

#define WEIGHTS "blob @w : i8[2, 3] = dense [10, -20, 30, 4, 6, -8]\n"

static void lif(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 1}, {6, 0, 1}, {4, 1, 1}, {6, 1, 1},
                             {2, 2, 1}, {6, 2, 1}, {7, 2, 1}, {8, 2, 1},
                             {9, 2, 1}, END};
  static const event out[] = {
      {4, 0, 1}, {9, 0, 1}, {10, 0, 1}, {12, 0, 1}, END};
  static const state_row rows[] = {{1, {{0, 0}, {128, 64}}},
                                   {2, {{640, 256}, {892, 382}}},
                                   {3, {{2400, -320}, {3392, 114}}},
                                   {4, {{1800, -240}, {0, -66}}},
                                   {5, {{70, 204}, {198, 205}}},
                                   {6, {{52, 153}, {371, 415}}},
                                   {7, {{1319, 242}, {1806, 708}}},
                                   {8, {{2909, -331}, {4786, 418}}},
                                   {9, {{4101, -760}, {0, -292}}},
                                   {10, {{4995, -1082}, {0, -1300}}},
                                   {11, {{3746, -811}, {3874, -2006}}},
                                   {12, {{2809, -608}, {0, -2487}}},
                                   ROWS_END};
  run_trace(&(trace_case){
      .neuron = "loihi_lif",
      .body = WEIGHTS
      "blob @bias : i24[2] = dense [128, 64]\n"
      "network @main(%x: spike[3]) -> (spike[2]) {\n"
      "  %d = delay %x : spike[3]\n"
      "  %i = linear %d, @w : i24[2]\n"
      "  %h = neurons @loihi_lif(%i) {di = 1024, dv = 128, bias = @bias, "
      "vth = 5120} : spike[2]\n"
      "  return %h }\n",
      .input = "x",
      .output = "h",
      .steps = 12,
      .in = in,
      .out = out,
      .rows = rows});
}

static void lif_recurrent(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 1}, {2, 0, 1}, {3, 1, 1}, {1, 2, 1}, END};
  static const event out[] = {{2, 0, 1}, {3, 0, 1}, {3, 1, 1}, {4, 1, 1},
                              {5, 1, 1}, {6, 1, 1}, {7, 1, 1}, END};
  static const state_row rows[] = {
      {2, {{2560, -256}, {0, -256}}},     {3, {{2560, 1600}, {0, 0}}},
      {4, {{-1920, 3120}, {-1920, 0}}},   {5, {{-4000, 2340}, {-5860, 0}}},
      {6, {{-5560, 1755}, {-11236, 0}}},  {7, {{-6730, 1316}, {-17614, 0}}},
      {8, {{-7607, 987}, {-24670, 987}}}, ROWS_END};
  run_trace(&(trace_case){
      .neuron = "loihi_lif",
      .body = WEIGHTS
      "blob @wr : i8[2, 2] = dense [0, -40, 24, 0]\n"
      "network @main(%x: spike[3]) -> (spike[2]) {\n"
      "  %d = delay %x : spike[3]\n"
      "  %r = delay %h : spike[2]\n"
      "  %i = linear %d, @w : i24[2]\n"
      "  %j = linear %r, @wr : i24[2]\n"
      "  %a = add.wrap %i, %j : i24[2]\n"
      "  %h = neurons @loihi_lif(%a) {di = 1024, dv = 128, vth = 1280} : "
      "spike[2]\n"
      "  return %h }\n",
      .input = "x",
      .output = "h",
      .steps = 8,
      .in = in,
      .out = out,
      .rows = rows});
}

/* v = u, so a spike wherever the page's u is above 0. */
static void delays(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 1}, {1, 1, 1}, {1, 2, 1}, END};
  static const event out[] = {{2, 0, 1}, {2, 1, 1}, {4, 0, 1}, {5, 1, 1}, END};
  static const state_row rows[] = {{1, {{0, 0}, {0, 0}}},
                                   {2, {{640, 384}, {0, 0}}},
                                   {3, {{-1280, 0}, {-1280, 0}}},
                                   {4, {{1920, 0}, {0, 0}}},
                                   {5, {{0, 256}, {0, 0}}},
                                   {6, {{0, 0}, {0, 0}}},
                                   {7, {{0, -512}, {0, -512}}},
                                   {8, {{0, 0}, {0, 0}}},
                                   ROWS_END};
  run_trace(&(trace_case){
      .neuron = "loihi_lif",
      .body = WEIGHTS
      "blob @dl : i7[2, 3] = dense [0, 1, 2, 3, 0, 5]\n"
      "network @main(%x: spike[3]) -> (spike[2]) {\n"
      "  %d = delay %x : spike[3]\n"
      "  %i = linear %d, @w {delays = @dl} : i24[2]\n"
      "  %h = neurons @loihi_lif(%i) {di = 4096, dv = 4096, vth = 0} : "
      "spike[2]\n"
      "  return %h }\n",
      .input = "x",
      .output = "h",
      .steps = 9,
      .in = in,
      .out = out,
      .rows = rows});
}

static void sigma_delta(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 64},  {4, 0, 320},  {6, 0, -7},
                             {7, 0, 100}, {2, 1, 192},  {4, 1, -64},
                             {6, 1, 3},   {7, 1, -300}, {2, 2, 64},
                             {6, 2, 5},   {7, 2, -50},  END};
  static const event out[] = {{1, 0, 128}, {8, 0, 136}, END};
  static const state_row rows[] = {{1, {{0, 0}, {8192, 0}, {0, 0}}},
                                   {2, {{640, 256}, {8832, 0}, {640, 0}}},
                                   {3, {{-1280, 896}, {6912, 0}, {-1280, 0}}},
                                   {5, {{3200, 1792}, {11392, 0}, {3200, 0}}},
                                   {7, {{3220, 1742}, {11412, 0}, {3220, 0}}},
                                   {8, {{8720, 742}, {16912, 0}, {0, 0}}},
                                   ROWS_END};
  run_trace(&(trace_case){
      .neuron = "sigma_delta",
      .body = WEIGHTS
      "blob @bias : i32[2] = dense [8192, -4096]\n"
      "network @main(%x: i16[3]) -> (i26[2]) {\n"
      "  %d = delay %x : i16[3]\n"
      "  %i = linear %d, @w : i24[2]\n"
      "  %h = neurons @sigma_delta(%i) {bias = @bias, vth = 4096} : i26[2]\n"
      "  return %h }\n",
      .input = "x",
      .output = "h",
      .steps = 10,
      .in = in,
      .out = out,
      .rows = rows});
}

static void delta(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 3},  {2, 0, 4},  {3, 0, 4},  {4, 0, 6},
                             {5, 0, 6},  {6, 0, -2}, {7, 0, -2}, {8, 0, -2},
                             {9, 0, -2}, END};
  static const event out[] = {
      {2, 0, 192}, {3, 0, 64}, {5, 0, 128}, {7, 0, -512}, END};
  run_trace(
      &(trace_case){.neuron = "delta",
                    .body = "network @main(%x: i20[2]) -> (i26[2]) {\n"
                            "  %d = delay %x : i20[2]\n"
                            "  %h = neurons @delta(%d) {vth = 4096} : i26[2]\n"
                            "  return %h }\n",
                    .input = "x",
                    .output = "h",
                    .steps = 9,
                    .in = in,
                    .out = out});
}

static void sigma(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 3}, {2, 1, -5}, {3, 0, 1},
                             {3, 1, 1}, {3, 2, 1},  END};
  static const event out[] = {{2, 0, 30},  {3, 0, 130}, {4, 0, 150},
                              {5, 0, 150}, {2, 1, 12},  {3, 1, -18},
                              {4, 1, -16}, {5, 1, -16}, END};
  static const state_row rows[] = {{1, {{0, 0}}},     {2, {{30, 12}}},
                                   {3, {{130, -18}}}, {4, {{150, -16}}},
                                   {5, {{150, -16}}}, ROWS_END};
  run_trace(&(trace_case){.neuron = "sigma",
                          .body = WEIGHTS
                          "network @main(%x: i16[3]) -> (i32[2]) {\n"
                          "  %d = delay %x : i16[3]\n"
                          "  %i = linear %d, @w : i24[2]\n"
                          "  %h = neurons @sigma(%i) : i32[2]\n"
                          "  return %h }\n",
                          .input = "x",
                          .output = "h",
                          .steps = 5,
                          .in = in,
                          .out = out,
                          .rows = rows});
}

#define RESONATOR(name)                                                        \
  "blob @wr : i8[2, 2] = dense [20, -10, 6, 40]\n"                             \
  "blob @wi : i8[2, 2] = dense [0, 14, -8, 2]\n"                               \
  "network @main(%x: spike[2]) -> (spike[2]) {\n"                              \
  "  %d = delay %x : spike[2]\n"                                               \
  "  %a = linear %d, @wr : i24[2]\n"                                           \
  "  %b = linear %d, @wi : i24[2]\n"                                           \
  "  %h = neurons @" name                                                      \
  "(%a, %b) {cos = 3399, sin = 1999, vth = 640} : spike[2]\n"                  \
  "  return %h }\n"

static const event pulses[] = {
    {1, 0, 1}, {10, 0, 1}, {3, 1, 1}, {10, 1, 1}, END};

static void rf(void **state) {
  (void)state;
  static const event out[] = {
      {4, 1, 1}, {12, 0, 1}, {14, 1, 1}, {24, 0, 1}, END};
  static const state_row rows[] = {{2, {{1280, 384}, {0, -512}}},
                                   {3, {{1062, 567}, {624, -237}}},
                                   {4, {{-63, 3145}, {1931, 208}}},
                                   {5, {{-994, 2508}, {1572, 1706}}},
                                   {11, {{1486, 1018}, {-312, -1832}}},
                                   {12, {{1385, 1738}, {467, -1024}}},
                                   {14, {{247, 1610}, {1330, 947}}},
                                   {24, {{838, 1150}, {376, -537}}},
                                   ROWS_END};
  run_trace(&(trace_case){.neuron = "rf",
                          .body = RESONATOR("rf"),
                          .input = "x",
                          .output = "h",
                          .steps = 24,
                          .in = pulses,
                          .out = out,
                          .rows = rows});
}

static void rf_iz(void **state) {
  (void)state;
  static const event out[] = {
      {4, 0, 1}, {5, 1, 1}, {12, 0, 1}, {12, 1, 1}, END};
  static const state_row rows[] = {{4, {{0, 3145}, {639, 208}}},
                                   {5, {{-311, 0}, {530, 639}}},
                                   {12, {{0, 0}, {639, 639}}},
                                   ROWS_END};
  run_trace(&(trace_case){.neuron = "rf_iz",
                          .body = RESONATOR("rf_iz"),
                          .input = "x",
                          .output = "h",
                          .steps = 12,
                          .in = pulses,
                          .out = out,
                          .rows = rows});
}

/* LIFReset with interval 4: u and v are cleared at t = 1, 5, 9. The page prints
 * no trace for it; these rows are rules 1 to 6 by hand, without leak. The third
 * word is the steps until the next reset. */
static void lif_reset(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 1}, {2, 1, 1}, {4, 0, 1}, {7, 2, 1}, END};
  static const event out[] = {{8, 0, 1}, END};
  static const state_row rows[] = {{1, {{0, 0}, {0, 0}, {3, 3}}},
                                   {2, {{640, 256}, {640, 256}, {2, 2}}},
                                   {3, {{-640, 640}, {0, 896}, {1, 1}}},
                                   {4, {{-640, 640}, {-640, 1536}, {0, 0}}},
                                   {5, {{640, 256}, {640, 256}, {3, 3}}},
                                   {6, {{640, 256}, {1280, 512}, {2, 2}}},
                                   {7, {{640, 256}, {1920, 768}, {1, 1}}},
                                   {8, {{2560, -256}, {0, 512}, {0, 0}}},
                                   {9, {{0, 0}, {0, 0}, {3, 3}}},
                                   ROWS_END};
  run_trace(&(trace_case){
      .neuron = "loihi_lif_reset",
      .body = WEIGHTS
      "network @main(%x: spike[3]) -> (spike[2]) {\n"
      "  %d = delay %x : spike[3]\n"
      "  %i = linear %d, @w : i24[2]\n"
      "  %h = neurons @loihi_lif_reset(%i) {vth = 2560, interval = 4} : "
      "spike[2]\n"
      "  return %h }\n",
      .input = "x",
      .output = "h",
      .steps = 9,
      .in = in,
      .out = out,
      .rows = rows});
}

/* 2.5: the 30 values that silicon printed; five steps of rising scale. */
#define SILICON(arguments, sums)                                               \
  "blob @w1 : i8[3, 4] = dense [102, 114, 102, 102, 114, 102, -128, -128, "    \
  "-90, -64, -52, -38]\n"                                                      \
  "blob @w2 : i8[3, 4] = dense [38, 0, 76, -64, -64, -26, 102, 88, 50, -128, " \
  "-52, -90]\n"                                                                \
  "network @main(" arguments ") -> (i24[3]) {\n" sums                          \
  "  %h = neurons @relay(%a) : i24[3]\n"                                       \
  "  return %h }\n"

#define ROUNDED "{shift = 7, round = half-away, each = true}"

#define SCALED(step, f, a, b, c, d)                                            \
  {step, 0, (a) * (f)}, {step, 1, (b) * (f)}, {step, 2, (c) * (f)}, {          \
    step, 3, (d) * (f)                                                         \
  }
#define SECOND(step, f)                                                        \
  {step, 4, 50 * (f)}, {step, 5, -50 * (f)}, {step, 6, 20 * (f)}, {            \
    step, 7, -20 * (f)                                                         \
  }
#define SENT(step, a, b, c)                                                    \
  {step, 0, a}, {step, 1, b}, { step, 2, c }

static void silicon_one_layer(void **state) {
  (void)state;
  static const event in[] = {
      SCALED(1, 1, 40, 30, 20, 10),   SCALED(2, 4, 40, 30, 20, 10),
      SCALED(3, 16, 40, 30, 20, 10),  SCALED(4, 64, 40, 30, 20, 10),
      SCALED(5, 256, 40, 30, 20, 10), END};
  static const event out[] = {
      SENT(2, 83, 30, -54),         SENT(3, 331, 119, -218),
      SENT(4, 1321, 473, -868),     SENT(5, 5280, 1890, -3470),
      SENT(6, 21120, 7560, -13880), END};
  run_trace(&(trace_case){.neuron = "relay",
                          .body = SILICON("%x: i24[4]",
                                          "  %d = delay %x : i24[4]\n"
                                          "  %a = linear.wrap %d, @w1 " ROUNDED
                                          " : i24[3]\n"),
                          .input = "x",
                          .output = "h",
                          .steps = 6,
                          .in = in,
                          .out = out,
                          .neurons = 3});
}

static void silicon_two_layers(void **state) {
  (void)state;
  static const event in[] = {SCALED(1, 1, 40, 30, 20, 10),
                             SECOND(1, 1),
                             SCALED(2, 4, 40, 30, 20, 10),
                             SECOND(2, 4),
                             SCALED(3, 16, 40, 30, 20, 10),
                             SECOND(3, 16),
                             SCALED(4, 64, 40, 30, 20, 10),
                             SECOND(4, 64),
                             SCALED(5, 256, 40, 30, 20, 10),
                             SECOND(5, 256),
                             END};
  static const event out[] = {
      SENT(2, 120, 17, 22),       SENT(3, 478, 69, 83),
      SENT(4, 1909, 271, 340),    SENT(5, 7630, 1080, 1360),
      SENT(6, 30520, 4320, 5440), END};
  run_trace(&(trace_case){
      .neuron = "relay",
      .body = SILICON("%x: i24[8]",
                      "  %d = delay %x : i24[8]\n"
                      "  %p = slice %d {begin = [0], end = [4]} : i24[4]\n"
                      "  %q = slice %d {begin = [4], end = [8]} : i24[4]\n"
                      "  %b = linear.wrap %p, @w1 " ROUNDED " : i24[3]\n"
                      "  %c = linear.wrap %q, @w2 " ROUNDED " : i24[3]\n"
                      "  %a = add.wrap %b, %c : i24[3]\n"),
      .input = "x",
      .output = "h",
      .steps = 6,
      .in = in,
      .out = out,
      .neurons = 3});
}

int main(void) {
  find_simulator();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lif),
      cmocka_unit_test(lif_recurrent),
      cmocka_unit_test(lif_reset),
      cmocka_unit_test(delays),
      cmocka_unit_test(sigma_delta),
      cmocka_unit_test(delta),
      cmocka_unit_test(sigma),
      cmocka_unit_test(rf),
      cmocka_unit_test(rf_iz),
      cmocka_unit_test(silicon_one_layer),
      cmocka_unit_test(silicon_two_layers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
