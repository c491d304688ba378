/* The CPU target against the interpreter: random networks, every population and
 * every returned value of every step, bit for bit, counts too; the promises of
 * the generated interface. */
#include "test/support/llvm_compile.h"
#include "test/support/random_network.h"

#include <math.h>

enum { STEPS = 12, QUICK = 15 };

/* Half of the elements are zero. */
static sf_word random_word(sf_random *random, sf_scalar type) {
  sf_word word = {.i = 0};
  if (sf_random_below(random, 2)) return word;
  if (type.kind == SF_SCALAR_SPIKE)
    word.i = 1;
  else if (type.kind == SF_SCALAR_F32)
    word.f = (float)(sf_random_unit(random) * 4.0 - 2.0);
  else
    word.i = (int32_t)sf_random_u32(random) >> (32 - type.bits);
  return word;
}

static sf_series *random_inputs(const sf_network *n, uint64_t seed) {
  sf_random random = sf_random_seeded(seed);
  sf_series *inputs = calloc(n->argument_count + 1u, sizeof *inputs);
  for (uint32_t i = 0; i < n->argument_count; i++) {
    const sf_value *a = n->arguments[i];
    size_t count = sf_type_elements(&a->type) * STEPS;
    inputs[i] = (sf_series){a->name, a->type, STEPS, NULL};
    inputs[i].data = calloc(count, sizeof(sf_word));
    for (size_t k = 0; k < count; k++)
      inputs[i].data[k] = random_word(&random, a->type.scalar);
  }
  return inputs;
}

static void free_inputs(const sf_network *n, sf_series *inputs) {
  for (uint32_t i = 0; i < n->argument_count; i++)
    free(inputs[i].data);
  free(inputs);
}

static bool same_word(sf_word a, sf_word b, sf_scalar type) {
  if (type.kind == SF_SCALAR_F32 && isnan(a.f) && isnan(b.f)) return true;
  return a.i == b.i;
}

static void compare_series(const sf_series *got, const sf_series *want,
                           const char *text) {
  size_t elements = sf_type_elements(&want->type);
  for (size_t k = 0; k < elements * STEPS; k++)
    if (!same_word(got->data[k], want->data[k], want->type.scalar)) {
      show_network(text);
      fail_msg("%%%s differs in step %zu, element %zu: %d (%g), expected %d "
               "(%g)",
               want->name, k / elements, k % elements, got->data[k].i,
               (double)got->data[k].f, want->data[k].i,
               (double)want->data[k].f);
    }
}

static void compare_counts(const sf_counts *got, const sf_counts *want,
                           const char *text) {
  assert_int_equal(got->population_count, want->population_count);
  for (uint32_t i = 0; i < want->population_count; i++) {
    const sf_population_counts *g = &got->populations[i];
    const sf_population_counts *w = &want->populations[i];
    assert_string_equal(g->name, w->name);
    assert_int_equal(g->spikes_out, w->spikes_out);
    assert_int_equal(g->updates, w->updates);
    if (g->events_in != w->events_in) {
      show_network(text);
      fail_msg("events into %%%s: %llu, expected %llu", w->name,
               (unsigned long long)g->events_in,
               (unsigned long long)w->events_in);
    }
  }
}

static void run_and_compare(compiled *c, const char *text, const char *isa,
                            uint64_t seed) {
  sf_series *inputs = random_inputs(c->network, seed);
  sf_trace *golden;
  sf_counts counts = {0};
  assert_int_equal(sf_trace_interp(c->network, inputs, STEPS, true, c->diag,
                                   &counts, &golden),
                   SF_OK);
  const sf_trace *samples[2] = {golden, golden};
  sf_run_job job = {.size = sizeof job,
                    .directory = c->directory,
                    .network = c->network,
                    .samples = 2,
                    .golden = samples,
                    .steps = STEPS,
                    .isa = isa,
                    .threads = 1,
                    .diag = c->diag};
  sf_run_result got;
  assert_int_equal(cpu_target()->run(&job, &got), SF_OK);
  assert_int_equal(got.samples, 2);
  for (uint32_t s = 0; s < 2; s++) /* the second starts from scratch too */
    for (uint32_t i = 0; i < got.traces[s]->series_count; i++) {
      const sf_series *series = &got.traces[s]->series[i];
      compare_series(series, sf_trace_find(golden, series->name), text);
    }
  for (uint32_t i = 0; i < counts.population_count; i++) {
    counts.populations[i].events_in *= 2;
    counts.populations[i].spikes_out *= 2;
    counts.populations[i].updates *= 2;
  }
  compare_counts(&got.counts, &counts, text);
  sf_run_result_destroy(&got);
  free(counts.populations);
  sf_trace_destroy(golden);
  free_inputs(c->network, inputs);
}

static void random_networks(void **state) {
  (void)state;
  static const char *const levels[] = {"v3", "v2", "v4"};
  const char *count = getenv("SF_TEST_NETWORKS"),
             *first = getenv("SF_TEST_SEED");
  unsigned networks = count ? (unsigned)atoi(count) : QUICK;
  const char *rotation = getenv("SF_SEED");
  uint64_t seed = (first ? strtoull(first, NULL, 10) : 1) +
                  (rotation ? strtoull(rotation, NULL, 10) * 100000 : 0);
  for (unsigned i = 0; i < networks; i++, seed++) {
    const char *isa = levels[i % 3];
    if (i % 3 == 2 && !__builtin_cpu_supports("avx512bw")) isa = "v3";
    char *text = net_text(seed);
    compiled c;
    compile_network(&c, text, isa);
    run_and_compare(&c, text, isa, seed);
    compiled_destroy(&c);
    free(text);
  }
}

/* A param that must be given: in the middle of its range, or a small number. */
static sf_number some_number(const sf_param *param) {
  if (param->value->type.kind == SF_SCALAR_F32)
    return sf_number_float(param->has_range ? (param->low.f + param->high.f) / 2
                                            : 0.75f);
  if (!param->has_range) return sf_number_int(100);
  return sf_number_int((param->low.i + param->high.i) / 2);
}

/* An argument for input `i`. Integers are of 8 bits, so that the models' sums
 * are proved to fit. */
static sf_value *model_input(compiled *c, sf_op *neurons, uint32_t i) {
  const int32_t nine = 9;
  const sf_nvalue *input = neurons->neuron->inputs[i];
  sf_type type = sf_type_make(input->type, 1, &nine), narrow = type;
  if (type.scalar.kind != SF_SCALAR_INT || type.scalar.bits <= 8)
    return sf_network_add_argument(c->network, input->name, &type);
  narrow.scalar = sf_int(8);
  sf_op *wider = sf_op_create(c->network, neurons, SF_OP_CONVERT, 1, SF_NO_LOC);
  sf_op_set_operand(wider, 0,
                    sf_network_add_argument(c->network, input->name, &narrow));
  return sf_op_add_result(wider, "wide", &type);
}

/* `network @net(..) -> (..)`: nine neurons of library model `name`. */
static void build_model(compiled *c, const char *name) {
  const int32_t nine = 9;
  *c = (compiled){.directory = test_folder_create()};
  c->diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  c->module = sf_module_create("models");
  sf_neuron *n =
      sf_library_use(c->module, (sf_slice){name, strlen(name)}, c->diag);
  c->network = sf_network_create(c->module, "net", SF_NO_LOC);
  c->network->steps = STEPS;
  sf_op *op =
      sf_op_create(c->network, NULL, SF_OP_NEURONS, n->input_count, SF_NO_LOC);
  assert_int_equal(sf_op_set_neuron(op, n), SF_OK);
  for (uint32_t i = 0; i < n->input_count; i++)
    sf_op_set_operand(op, i, model_input(c, op, i));
  for (uint32_t i = 0; i < n->param_count; i++)
    if (!n->params[i].has_default)
      sf_argument_set_number(&op->arguments[i], some_number(&n->params[i]));
  for (uint32_t i = 0; i < n->emit_count; i++) {
    sf_type type = sf_type_make(n->emit_types[i], 1, &nine);
    sf_op_add_result(op, "y", &type);
  }
  assert_int_equal(
      sf_network_set_returns(c->network, n->emit_count, op->results), SF_OK);
  assert_int_equal(sf_verify(c->module, c->diag), SF_OK);
}

static void library_models(void **state) {
  (void)state;
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_module *library;
  assert_int_equal(sf_library_load(diag, &library), SF_OK);
  unsigned models = 0;
  for (sf_neuron *n = library->first_neuron; n; n = n->next, models++) {
    compiled c;
    build_model(&c, n->name);
    if (emit_network(&c, "v2") != SF_OK) fail_msg("@%s", n->name);
    for (uint64_t seed = 0; seed < 2; seed++)
      run_and_compare(&c, n->name, NULL, seed);
    compiled_destroy(&c);
  }
  assert_in_range(models, 14, 1000);
  sf_module_destroy(library);
  sf_diag_destroy(diag);
}

/* Sums that leave 64 bits before they are shifted, rounded and clamped. */
static void wide_sums(void **state) {
  (void)state;
  static const char *const text =
      "module @m {\n"
      "  blob @w : i32[3, 5] = dense[2147483647, 2147483647, 2147483647,\n"
      "    2147483647, 2147483647, -2147483648, -2147483648, -2147483648,\n"
      "    -2147483648, -2147483648, 2147483647, -2147483648, 1, -1, 77]\n"
      "  blob @b : i32[3] = dense[2147483647, -2147483648, 1]\n"
      "  network @net(%x: i32[5]) -> (i32[3], i32[3], i32[3], i32[3]) {\n"
      "    %a = linear.sat %x, @w, @b {shift = 33, round = half-even}\n"
      "      : i32[3]\n"
      "    %b = linear.wrap %x, @w, @b {shift = 31, round = half-away}\n"
      "      : i32[3]\n"
      "    %c = linear.sat %x, @w {shift = 62, round = ceil, each = true}\n"
      "      : i32[3]\n"
      "    %d = linear.sat %x, @w, @b {shift = -31, each = true} : i32[3]\n"
      "    return %a, %b, %c, %d } }\n";
  compiled c;
  compile_network(&c, text, NULL);
  for (uint64_t seed = 0; seed < 20; seed++)
    run_and_compare(&c, text, NULL, seed);
  compiled_destroy(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wide_sums),
      cmocka_unit_test(library_models),
      cmocka_unit_test(random_networks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
