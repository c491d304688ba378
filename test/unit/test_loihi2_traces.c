/* The worked traces of loihi2.md 2 as networks on the Loihi 2 simulator:
 * emitted from text with a hand-written mapping over two cores, run as a
 * process, compared with the numbers printed there and with the interpreter.
 *
 * loihi2.md counts steps from 1 and so do the tables here: step t of the page
 * is step t - 1 of the IR. A `delay` of 1 is the step that hardware takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sf/target.h"
#include "support/buffer.h"
#include "support/file.h"
#include "support/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An element of an input or of a population in one step. */
typedef struct event {
  uint32_t step; /* from 1; 0 ends a list */
  uint32_t element;
  int32_t value;
} event;

typedef struct trace_case {
  const char *neuron;         /* of the library */
  const char *body;           /* blobs and network */
  const char *input, *output; /* names of values */
  uint32_t steps;
  const event *in, *out; /* everything else is 0 */
  uint32_t neurons;      /* of %h; 0: 2 */
} trace_case;

#define TWO_CORES                                                              \
  "mapping @main on \"oheo-gulch\" {\n"                                        \
  "  core @c0 {chip = 0, x = 0, y = 0, p = 0} { host %%h [0:1] }\n"            \
  "  core @c1 {chip = 0, x = 1, y = 0, p = 2} { host %%h [1:%u] }\n"           \
  "  route @r0 {from = @c0, to = [@c1], path = [e]}\n"                         \
  "  route @r1 {from = @c1, to = [@c0], path = [w]}\n"                         \
  "}\n"

/* The text of one neuron function of ir/library.sf. */
static void add_neuron(sf_buffer *out, const char *name) {
  char *text = NULL;
  size_t size = 0;
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  assert_int_equal(
      sf_file_read(SF_TEST_SOURCE "/ir/library.sf", 0, diag, &text, &size),
      SF_OK);
  char head[64];
  snprintf(head, sizeof head, "neuron @%s(", name);
  const char *start = strstr(text, head);
  assert_non_null(start);
  const char *end = strstr(start, "\n}\n");
  assert_non_null(end);
  sf_buffer_add(out, start, (size_t)(end + 3 - start));
  free(text);
  sf_diag_destroy(diag);
}

static sf_module *parse_case(const trace_case *c, sf_diag *diag) {
  sf_buffer text = {0};
  sf_buffer_text(&text, "module @t {\n");
  sf_buffer_text(&text, c->body);
  add_neuron(&text, c->neuron);
  const char *network = strstr(c->body, "network");
  assert_non_null(network);
  sf_buffer_printf(&text, TWO_CORES, c->neurons ? c->neurons : 2);
  sf_buffer_text(&text, "}\n");
  assert_false(text.failed);
  sf_module *module = NULL;
  sf_slice slice = {text.data, text.size};
  assert_int_equal(sf_parse(slice, "trace.sf", diag, &module), SF_OK);
  sf_buffer_destroy(&text);
  return module;
}

static void fill(sf_series *series, const event *events) {
  size_t elements = sf_type_elements(&series->type);
  series->data = calloc(series->steps * elements + 1, sizeof *series->data);
  assert_non_null(series->data);
  for (; events->step; events++)
    series->data[(events->step - 1) * elements + events->element].i =
        events->value;
}

static void check_values(const trace_case *c, const sf_trace *trace,
                         const char *who) {
  const sf_series *got = sf_trace_find(trace, c->output);
  assert_non_null(got);
  sf_series expected = *got;
  fill(&expected, c->out);
  size_t words = got->steps * sf_type_elements(&got->type);
  for (size_t i = 0; i < words; i++)
    if (expected.data[i].i != got->data[i].i) {
      size_t elements = sf_type_elements(&got->type);
      print_error("%s, %s: step %zu element %zu: expected %d, got %d\n", who,
                  c->neuron, i / elements + 1, i % elements, expected.data[i].i,
                  got->data[i].i);
    }
  assert_memory_equal(expected.data, got->data, words * sizeof(sf_word));
  free(expected.data);
}

/* The simulator stands in BUILD/bin, this program in BUILD/test/unit. */
static void find_simulator(void) {
  char self[4096], path[8300];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  assert_true(length > 0);
  self[length] = 0;
  *strrchr(self, '/') = 0;
  const char *old = getenv("PATH");
  snprintf(path, sizeof path, "%s/../../bin:%s", self, old ? old : "");
  setenv("PATH", path, 1);
}

/* Same spikes, as the page prints them, on interpreter and simulator. */
static void run_trace(const trace_case *c) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_module *module = parse_case(c, diag);
  sf_network *network = module->first_network;
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load("oheo-gulch", diag, &machine), SF_OK);
  char folder[] = "/tmp/sf-loihi2-trace-XXXXXX";
  assert_non_null(mkdtemp(folder));
  const sf_target *target = sf_target_find("loihi2", diag);
  assert_non_null(target);
  sf_emit_job emit = {.size = sizeof emit,
                      .module = module,
                      .network = network,
                      .mapping = module->first_mapping,
                      .machine = machine,
                      .directory = folder,
                      .diag = diag};
  assert_int_equal(target->check(&emit), SF_OK);
  assert_int_equal(target->emit(&emit), SF_OK);
  sf_series input = {
      .name = c->input, .type = network->arguments[0]->type, .steps = c->steps};
  fill(&input, c->in);
  sf_trace *golden = NULL;
  assert_int_equal(
      sf_trace_interp(network, &input, c->steps, false, diag, NULL, &golden),
      SF_OK);
  check_values(c, golden, "interpreter");
  const sf_trace *samples[] = {golden, golden};
  sf_run_job job = {.size = sizeof job,
                    .directory = folder,
                    .network = network,
                    .mapping = module->first_mapping,
                    .machine = machine,
                    .samples = 2,
                    .golden = samples,
                    .steps = c->steps,
                    .diag = diag};
  sf_run_result result = {0};
  assert_int_equal(target->run(&job, &result), SF_OK);
  for (uint32_t s = 0; s < 2; s++) /* the second from scratch again */
    check_values(c, result.traces[s], "simulator");
  sf_run_result_destroy(&result);
  sf_trace_destroy(golden);
  free(input.data);
  sf_remove_tree(folder);
  sf_machine_destroy(machine);
  sf_module_destroy(module);
  sf_diag_destroy(diag);
}

#define WEIGHTS "blob @w : i8[2, 3] = dense [10, -20, 30, 4, 6, -8]\n"
#define END     {0, 0, 0}

static void lif(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 1}, {6, 0, 1}, {4, 1, 1}, {6, 1, 1},
                             {2, 2, 1}, {6, 2, 1}, {7, 2, 1}, {8, 2, 1},
                             {9, 2, 1}, END};
  static const event out[] = {
      {4, 0, 1}, {9, 0, 1}, {10, 0, 1}, {12, 0, 1}, END};
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
      .out = out});
}

static void lif_recurrent(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 1}, {2, 0, 1}, {3, 1, 1}, {1, 2, 1}, END};
  static const event out[] = {{2, 0, 1}, {3, 0, 1}, {3, 1, 1}, {4, 1, 1},
                              {5, 1, 1}, {6, 1, 1}, {7, 1, 1}, END};
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
      .out = out});
}

/* v = u, so a spike wherever the page's u is above 0. */
static void delays(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 1}, {1, 1, 1}, {1, 2, 1}, END};
  static const event out[] = {{2, 0, 1}, {2, 1, 1}, {4, 0, 1}, {5, 1, 1}, END};
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
      .out = out});
}

static void sigma_delta(void **state) {
  (void)state;
  static const event in[] = {{1, 0, 64},  {4, 0, 320},  {6, 0, -7},
                             {7, 0, 100}, {2, 1, 192},  {4, 1, -64},
                             {6, 1, 3},   {7, 1, -300}, {2, 2, 64},
                             {6, 2, 5},   {7, 2, -50},  END};
  static const event out[] = {{1, 0, 128}, {8, 0, 136}, END};
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
      .out = out});
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
                          .out = out});
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
  run_trace(&(trace_case){.neuron = "rf",
                          .body = RESONATOR("rf"),
                          .input = "x",
                          .output = "h",
                          .steps = 24,
                          .in = pulses,
                          .out = out});
}

static void rf_iz(void **state) {
  (void)state;
  static const event out[] = {
      {4, 0, 1}, {5, 1, 1}, {12, 0, 1}, {12, 1, 1}, END};
  run_trace(&(trace_case){.neuron = "rf_iz",
                          .body = RESONATOR("rf_iz"),
                          .input = "x",
                          .output = "h",
                          .steps = 12,
                          .in = pulses,
                          .out = out});
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
