/* loihi2_trace.h - networks on the Loihi 2 simulator: emitted from text with a
 * hand-written mapping over two cores, run as a process, what was sent and the
 * state after each step compared with expected numbers and with the
 * interpreter.
 *
 * loihi2.md counts steps from 1 and so do the tables here: step t of the page
 * is step t - 1 of the IR. A `delay` of 1 is the step that hardware takes. */
#ifndef SF_TEST_LOIHI2_TRACE_H
#define SF_TEST_LOIHI2_TRACE_H

#include "sf/target.h"
#include "support/array.h"
#include "support/buffer.h"
#include "test/support/folder.h"

#include <stdio.h>
#include <unistd.h>

/* An element of an input or of a population in one step. */
typedef struct event {
  uint32_t step; /* from 1; 0 ends a list */
  uint32_t element;
  int32_t value;
} event;

enum { STATES_MAX = 3, LISTED = 2 };

/* State of the first two neurons after a step, as the page prints it: words in
 * the order of the neuron function's states. */
typedef struct state_row {
  uint32_t step; /* from 1; 0 ends a list */
  int32_t words[STATES_MAX][LISTED];
} state_row;

typedef struct trace_case {
  const char *neuron;         /* of the library */
  const char *body;           /* blobs and network */
  const char *input, *output; /* names of values */
  uint32_t steps;
  const event *in, *out; /* everything else is 0 */
  const state_row *rows; /* NULL: none are printed */
  uint32_t neurons;      /* of %h; 0: 2 */
} trace_case;

#define TWO_CORES                                                              \
  "mapping @main on \"oheo-gulch\" {\n"                                        \
  "  core @c0 {chip = 0, x = 0, y = 0, p = 0} { host %%h [0:1] }\n"            \
  "  core @c1 {chip = 0, x = 1, y = 0, p = 2} { host %%h [1:%u] }\n"           \
  "  route @r0 {from = @c0, to = [@c1], path = [e]}\n"                         \
  "  route @r1 {from = @c1, to = [@c0], path = [w]}\n"                         \
  "}\n"

/* The text of one neuron function of the library. */
static void add_neuron(sf_buffer *out, const char *name) {
  char *text = NULL;
  sf_module *library = NULL;
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  assert_int_equal(sf_library_load(diag, &library), SF_OK);
  assert_int_equal(sf_print(library, NULL, &text), SF_OK);
  char head[64];
  snprintf(head, sizeof head, "neuron @%s(", name);
  const char *start = strstr(text, head);
  assert_non_null(start);
  const char *end = strstr(start, "\n  }\n");
  assert_non_null(end);
  sf_buffer_add(out, start, (size_t)(end + 5 - start));
  free(text);
  sf_module_destroy(library);
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

/* ---- The state of %h. ---- */

/* [step, element] of each state word, from both. */
typedef struct state_trace {
  uint32_t count, elements;
  int32_t *golden[STATES_MAX];
  sf_array simulated[STATES_MAX];
} state_trace;

/* Of the interpreter, run step by step. */
static void record_golden(const sf_network *network, const trace_case *c,
                          const sf_series *input, sf_diag *diag,
                          state_trace *out) {
  const sf_value *h = sf_network_find_value(network, (sf_slice){"h", 1});
  assert_non_null(h);
  const sf_op *neurons = h->op;
  out->count = neurons->neuron->state_count;
  assert_true(out->count <= STATES_MAX);
  out->elements = (uint32_t)sf_type_elements(&h->type);
  size_t row = out->elements * sizeof(int32_t);
  for (uint32_t s = 0; s < out->count; s++)
    assert_non_null(out->golden[s] = malloc(row * c->steps));
  sf_interp *interp = NULL;
  assert_int_equal(sf_interp_create(network, diag, &interp), SF_OK);
  for (uint32_t t = 0; t < c->steps; t++) {
    const sf_word *words =
        input->data + (size_t)t * sf_type_elements(&input->type);
    assert_int_equal(sf_interp_step(interp, &words), SF_OK);
    for (uint32_t s = 0; s < out->count; s++)
      memcpy(out->golden[s] + (size_t)t * out->elements,
             sf_interp_state(interp, neurons, s), row);
  }
  sf_interp_destroy(interp);
}

/* Of the simulator: what it writes with --states. */
static void record_simulated(const char *folder, const trace_case *c,
                             const sf_series *input, sf_diag *diag,
                             state_trace *out) {
  char *in = sf_path_join(folder, "in.npy");
  char *results = sf_path_join(folder, "out");
  uint64_t dim[3] = {1, c->steps, sf_type_elements(&input->type)};
  assert_int_equal(sf_array_write(in, SF_ARRAY_I32, 3, dim, input->data, diag),
                   SF_OK);
  char argument[512];
  snprintf(argument, sizeof argument, "%s=%s", c->input, in);
  const char *argv[] = {"sf-loihi2-sim", folder,  "--input",  argument,
                        "--output",      results, "--states", NULL};
  free(test_program_run(argv, NULL, diag));
  for (uint32_t s = 0; s < out->count; s++) {
    char name[64];
    snprintf(name, sizeof name, "layer-0.state-%u.npy", s);
    char *path = sf_path_join(results, name);
    assert_int_equal(sf_array_read(path, diag, &out->simulated[s]), SF_OK);
    free(path);
    assert_int_equal(out->simulated[s].type, SF_ARRAY_I32);
    assert_true(out->simulated[s].elements >=
                (uint64_t)c->steps * out->elements);
  }
  free(results);
  free(in);
}

static void check_states(const trace_case *c, const state_trace *states) {
  for (uint32_t s = 0; s < states->count; s++)
    for (size_t i = 0; i < (size_t)c->steps * states->elements; i++) {
      int64_t got = sf_array_i64(&states->simulated[s], i);
      if (got != states->golden[s][i])
        fail_msg("%s: step %zu element %zu state %u: interpreter %d, "
                 "simulator %lld",
                 c->neuron, i / states->elements + 1, i % states->elements, s,
                 states->golden[s][i], (long long)got);
    }
  for (const state_row *row = c->rows; row && row->step; row++)
    for (uint32_t s = 0; s < states->count; s++)
      for (size_t k = 0; k < LISTED; k++) {
        size_t i = (size_t)(row->step - 1) * states->elements + k;
        int64_t got = sf_array_i64(&states->simulated[s], i);
        if (got != row->words[s][k])
          fail_msg("%s: step %u element %zu state %u: expected %d, got %lld",
                   c->neuron, row->step, k, s, row->words[s][k],
                   (long long)got);
      }
}

static void state_trace_destroy(state_trace *states) {
  for (uint32_t s = 0; s < states->count; s++) {
    free(states->golden[s]);
    sf_array_destroy(&states->simulated[s]);
  }
}

/* ---- One case. ---- */

/* What `folder` sends equals the page's list and the interpreter's trace. */
static void check_sent(const trace_case *c, const sf_module *module,
                       const sf_machine *machine, const char *folder,
                       const sf_series *input, sf_diag *diag) {
  const sf_target *target = sf_target_find("loihi2", diag);
  const sf_network *network = module->first_network;
  sf_trace *golden = NULL;
  assert_int_equal(
      sf_trace_interp(network, input, c->steps, false, diag, NULL, &golden),
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
}

static void emit_case(const sf_module *module, const sf_machine *machine,
                      const char *folder, sf_diag *diag) {
  const sf_target *target = sf_target_find("loihi2", diag);
  assert_non_null(target);
  sf_emit_job emit = {.size = sizeof emit,
                      .module = module,
                      .network = module->first_network,
                      .mapping = module->first_mapping,
                      .machine = machine,
                      .directory = folder,
                      .diag = diag};
  assert_int_equal(target->check(&emit), SF_OK);
  assert_int_equal(target->emit(&emit), SF_OK);
}

/* The same spikes and the same state in every step, as the page prints them, on
 * interpreter and simulator. */
static void run_trace(const trace_case *c) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_module *module = parse_case(c, diag);
  const sf_network *network = module->first_network;
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load("oheo-gulch", diag, &machine), SF_OK);
  char *folder = test_folder_create();
  emit_case(module, machine, folder, diag);
  sf_series input = {
      .name = c->input, .type = network->arguments[0]->type, .steps = c->steps};
  fill(&input, c->in);
  check_sent(c, module, machine, folder, &input, diag);
  state_trace states = {0};
  record_golden(network, c, &input, diag, &states);
  record_simulated(folder, c, &input, diag, &states);
  check_states(c, &states);
  state_trace_destroy(&states);
  free(input.data);
  test_folder_destroy(folder);
  sf_machine_destroy(machine);
  sf_module_destroy(module);
  sf_diag_destroy(diag);
}

#define END {0, 0, 0}

#endif
