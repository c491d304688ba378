/* The edges of Lava's fixed-point LIF on the Loihi 2 simulator: its neuron
 * programs from the states that Lava's table starts from, then whole networks
 * that are driven over the edges by their input. A network cannot reach those
 * states, since without leak u is a multiple of 64. */
#include "test/support/lif_edges.h"
#include "test/support/loihi2_trace.h"
#include "tools/sf-loihi2-sim/chip.h"

/* One neuron, one step. */
static void step_program(const char *name, const lif_edge *edge,
                         int32_t state[SF_SIM_STATES]) {
  const sf_sim_program *program = sf_sim_program_find(name);
  assert_non_null(program);
  sf_sim_group group = {.count = 1, .program = program};
  for (unsigned s = 0; s < SF_SIM_STATES; s++)
    group.state[s] = &state[s];
  group.params[SF_SIM_DU].value = edge->di - 1;
  group.params[SF_SIM_DV].value = edge->dv;
  group.params[SF_SIM_VTH].value = 131072; /* 2^23: never a spike */
  group.params[SF_SIM_RESET_INTERVAL].value = 9;
  int32_t sent = 0;
  const int32_t *const in[SF_SIM_PORTS] = {&edge->input, NULL};
  program->update(&group, in, &sent);
  assert_int_equal(sent, 0);
}

static void programs(void **state) {
  (void)state;
  static const char *const names[] = {"lif", "lif-reset"};
  for (unsigned k = 0; k < SF_COUNT_OF(names); k++)
    for (unsigned i = 0; i < LIF_EDGES; i++) {
      const lif_edge *edge = &lif_edges[i];
      int32_t words[SF_SIM_STATES] = {edge->u, edge->v, 5};
      step_program(names[k], edge, words);
      if (words[0] != edge->u_after || words[1] != edge->v_after)
        fail_msg("%s, case %u: u %d v %d, expected %d %d", names[k], i,
                 words[0], words[1], edge->u_after, edge->v_after);
    }
}

/* No leak; the sums arrive as they are. v forgets (dv = 4096), so that it is u,
 * or keeps all (dv = 0). The highest threshold is 2^23 - 64: v fires where it
 * saturates, and only there or just below. */
#define DRIVEN(dv)                                                             \
  "network @main(%x: i24[2]) -> (spike[2]) {\n"                                \
  "  %d = delay %x : i24[2]\n"                                                 \
  "  %h = neurons @loihi_lif(%d) {dv = " dv ", vth = 8388544} : spike[2]\n"    \
  "  return %h }\n"

/* 8388544 + 64 is 2^23 and stays, v stops at 2^23 - 1 and fires; one more
 * wraps. -8388544 - 64 is -2^23 and becomes +2^23. */
static void u_at_the_edge(void **state) {
  (void)state;
  static const event in[] = {
      {1, 0, 131071}, {2, 0, 1}, {3, 0, 1}, {1, 1, -131071},
      {2, 1, -1},     {3, 1, 1}, END};
  static const event out[] = {{3, 0, 1}, {3, 1, 1}, END};
  static const state_row rows[] = {
      {1, {{0, 0}, {0, 0}}},
      {2, {{8388544, -8388544}, {8388544, -8388544}}},
      {3, {{8388608, 8388608}, {0, 0}}},
      {4, {{-8388544, -8388544}, {-8388544, -8388544}}},
      {0}};
  run_trace(&(trace_case){.neuron = "loihi_lif",
                          .body = DRIVEN("4096"),
                          .input = "x",
                          .output = "h",
                          .steps = 4,
                          .in = in,
                          .out = out,
                          .rows = rows});
}

/* 8388544 + 6400 - 2^24 and its mirror image. */
static void u_beyond_the_edge(void **state) {
  (void)state;
  static const event in[] = {
      {1, 0, 131071}, {2, 0, 100}, {1, 1, -131071}, {2, 1, -100}, END};
  static const event out[] = {END};
  static const state_row rows[] = {
      {3, {{-8382272, 8382272}, {-8382272, 8382272}}}, {0}};
  run_trace(&(trace_case){.neuron = "loihi_lif",
                          .body = DRIVEN("4096"),
                          .input = "x",
                          .output = "h",
                          .steps = 3,
                          .in = in,
                          .out = out,
                          .rows = rows});
}

/* u stays at +-2^22 and v adds it up: it stops at 2^23 - 1 and fires, or stops
 * at -(2^23 - 1) for good. */
static void v_saturates(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 65536}, {1, 1, -65536}, END};
  static const event out[] = {{3, 0, 1}, {5, 0, 1}, END};
  static const state_row rows[] = {
      {2, {{4194304, -4194304}, {4194304, -4194304}}},
      {3, {{4194304, -4194304}, {0, -8388607}}},
      {4, {{4194304, -4194304}, {4194304, -8388607}}},
      {5, {{4194304, -4194304}, {0, -8388607}}},
      {0}};
  run_trace(&(trace_case){.neuron = "loihi_lif",
                          .body = DRIVEN("0"),
                          .input = "x",
                          .output = "h",
                          .steps = 5,
                          .in = in,
                          .out = out,
                          .rows = rows});
}

int main(void) {
  find_simulator();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(programs),
      cmocka_unit_test(u_at_the_edge),
      cmocka_unit_test(u_beyond_the_edge),
      cmocka_unit_test(v_saturates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
