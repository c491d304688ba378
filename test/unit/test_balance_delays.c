/* test_balance_delays.c - acceptance: 300 random biased recurrent networks
 * equal themselves after the lag.
 *
 * Networks have random initial states, biases, periods and starts, delays along
 * edges, recurrence, sums, projections that several populations share, delays
 * behind biased projections, host populations and two results. A loop gets a
 * delay for each of its populations, so that a solution exists. Both versions
 * run on the interpreter, step by step. SF_SEED chooses other networks. */
#include "sf/pass.h"
#include "support/buffer.h"
#include "support/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NETWORKS = 300, STEPS = 40, POPULATIONS_MAX = 6, WIDTH_MAX = 4 };

typedef struct generator {
  sf_random random;
  sf_buffer blobs, ops;
  int populations, blob_count, value_count;
  int shared, shared_width;       /* a projection that others may read too */
  int width[POPULATIONS_MAX + 1]; /* of population i; [populations]: input */
} generator;

static int below(generator *g, int bound) {
  return (int)sf_random_below(&g->random, (uint32_t)bound);
}

static int between(generator *g, int low, int high) {
  return low + below(g, high - low + 1);
}

/* A dense blob; returns its number. */
static int blob(generator *g, const char *type, int rows, int columns, int low,
                int high) {
  int number = g->blob_count++;
  sf_buffer_printf(&g->blobs, "  blob @b%d : %s[%d", number, type, rows);
  if (columns) sf_buffer_printf(&g->blobs, ", %d", columns);
  sf_buffer_text(&g->blobs, "] = dense [");
  int count = columns ? rows * columns : rows;
  for (int i = 0; i < count; i++)
    sf_buffer_printf(&g->blobs, "%s%d", i ? ", " : "", between(g, low, high));
  sf_buffer_text(&g->blobs, "]\n");
  return number;
}

static const char *source_name(const generator *g, int source, char out[16]) {
  if (source == g->populations) return "x";
  snprintf(out, 16, "h%d", source);
  return out;
}

/* One projection of `source` to `width` neurons; returns the value's number. */
static int project(generator *g, int source, int width, bool back) {
  char text[16];
  const char *name = source_name(g, source, text);
  int delay =
      back ? POPULATIONS_MAX + below(g, 3) : (below(g, 2) ? below(g, 5) : 0);
  char read[32];
  snprintf(read, sizeof read, "%s", name);
  if (delay) {
    int value = g->value_count++;
    sf_buffer_printf(&g->ops,
                     "    %%d%d = delay %%%s {steps = %d} : spike[%d]\n", value,
                     name, delay, g->width[source]);
    snprintf(read, sizeof read, "d%d", value);
  }
  int weights = blob(g, "i8", width, g->width[source], -60, 90);
  int value = g->value_count++;
  sf_buffer_printf(&g->ops, "    %%i%d = linear %%%s, @b%d", value, read,
                   weights);
  if (below(g, 2))
    sf_buffer_printf(&g->ops, ", @b%d", blob(g, "i8", width, 0, -20, 60));
  sf_buffer_printf(&g->ops, " : i16[%d]\n", width);
  return value;
}

static int add(generator *g, int a, int b, int width) {
  int value = g->value_count++;
  sf_buffer_printf(&g->ops, "    %%i%d = add %%i%d, %%i%d : i16[%d]\n", value,
                   a, b, width);
  return value;
}

/* A delay behind the sum of a population's inputs, now and then. */
static int delay_sum(generator *g, int sum, int width) {
  if (below(g, 4)) return sum;
  int value = g->value_count++;
  sf_buffer_printf(&g->ops, "    %%i%d = delay %%i%d {steps = %d} : i16[%d]\n",
                   value, sum, between(g, 1, 4), width);
  return value;
}

static void population(generator *g, int index) {
  int width = g->width[index];
  int first = index ? below(g, index + 1) : g->populations;
  if (first == index) first = g->populations;
  int sum = project(g, first, width, false);
  for (int more = below(g, 3); more > 0; more--) {
    int source = below(g, g->populations + 1);
    bool back = source >= index && source < g->populations;
    sum = add(g, sum, project(g, source, width, back), width);
  }
  if (index && g->shared_width == width && below(g, 2))
    sum = add(g, sum, g->shared, width);
  g->shared = sum;
  g->shared_width = width;
  sum = delay_sum(g, sum, width);
  int bias = blob(g, "i16", width, 0, -30, 70);
  int initial = blob(g, "i24", width, 0, -200, 300);
  sf_buffer_printf(&g->ops,
                   "    %%h%d = neurons @n(%%i%d) {bias = @b%d, v0 = @b%d, "
                   "th = %d",
                   index, sum, bias, initial, between(g, 20, 250));
  if (!below(g, 4)) sf_buffer_printf(&g->ops, ", start = %d", below(g, 4));
  if (!below(g, 6) && index == g->populations - 1)
    sf_buffer_text(&g->ops, ", on = host");
  sf_buffer_printf(&g->ops, "} : spike[%d]\n", width);
}

static const char neuron_text[] =
    "  neuron @n(%x: i16) -> spike {\n"
    "    param %th: i16\n    param %bias: i16\n    param %v0: i24\n"
    "    state %v: i24 = %v0\n    state %a: i16 = 7\n"
    "    %l = mulshr %v, 15 {shift = 4, round = floor} : i24\n"
    "    %m = add.sat %l, %x : i24\n    %n = add.sat %m, %bias : i24\n"
    "    %t = add.sat %th, %a : i24\n    %s = ge %n, %t\n"
    "    %r = select %s, 0, %n\n    %b = shr %a {shift = 1} : i16\n"
    "    %c = add.sat %b, 40 : i16\n    %d = select %s, %c, %b\n"
    "    next %v = %r\n    next %a = %d\n    emit %s\n  }\n";

/* The text of a random network; the caller frees. */
static char *network_text(uint64_t seed) {
  generator g = {.random = sf_random_seeded(seed)};
  g.populations = between(&g, 2, POPULATIONS_MAX);
  for (int i = 0; i <= g.populations; i++)
    g.width[i] = between(&g, 1, WIDTH_MAX);
  for (int i = 0; i < g.populations; i++)
    population(&g, i);
  sf_buffer all = {0};
  sf_buffer_text(&all, "module @random {\n");
  if (g.blobs.data) sf_buffer_text(&all, g.blobs.data);
  sf_buffer_text(&all, neuron_text);
  int other = below(&g, g.populations), last = g.populations - 1;
  sf_buffer_printf(&all,
                   "  network @main(%%x: spike[%d]) -> (spike[%d], spike[%d])",
                   g.width[g.populations], g.width[last], g.width[other]);
  if (!below(&g, 4))
    sf_buffer_printf(&all, " {period = %d}", between(&g, 3, 12));
  sf_buffer_printf(&all, " {\n%s    return %%h%d, %%h%d\n  }\n}\n", g.ops.data,
                   last, other);
  sf_buffer_destroy(&g.blobs);
  sf_buffer_destroy(&g.ops);
  return sf_buffer_take(&all);
}

static sf_module *parse(const char *text, sf_diag *diag) {
  sf_module *module = NULL;
  sf_result result =
      sf_parse((sf_slice){text, strlen(text)}, "random.sf", diag, &module);
  if (result != SF_OK) print_message("%s", text);
  assert_int_equal(result, SF_OK);
  return module;
}

static void balance(sf_module *module, const char *passes, sf_diag *diag) {
  sf_registry *registry = sf_registry_create();
  sf_pipeline *pipeline = NULL;
  assert_non_null(registry);
  assert_int_equal(sf_pipeline_parse(registry, passes, diag, &pipeline), SF_OK);
  sf_pipeline_options options = {
      .threads = 1, .verify_each = true, .out = stderr};
  assert_int_equal(sf_pipeline_run(pipeline, module, &options, diag), SF_OK);
  sf_pipeline_destroy(pipeline);
  sf_registry_destroy(registry);
}

/* Input of step t; the same for both. */
static void input_of_step(uint64_t seed, int64_t t, size_t width,
                          sf_word *out) {
  sf_random random = sf_random_seeded(seed * 7919u + (uint64_t)t);
  for (size_t i = 0; i < width; i++)
    out[i].i = t < STEPS && sf_random_below(&random, 3) == 0;
}

typedef struct recording {
  int64_t steps;
  sf_word *results[2]; /* [step, neuron] */
} recording;

static recording record(const sf_network *network, uint64_t seed, int64_t steps,
                        sf_diag *diag) {
  recording r = {.steps = steps};
  sf_interp *interp = NULL;
  assert_int_equal(sf_interp_create(network, diag, &interp), SF_OK);
  size_t width = sf_type_elements(&network->arguments[0]->type);
  sf_word input[WIDTH_MAX];
  for (int i = 0; i < 2; i++) {
    r.results[i] = calloc((size_t)steps * WIDTH_MAX, sizeof(sf_word));
    assert_non_null(r.results[i]);
  }
  for (int64_t t = 0; t < steps; t++) {
    input_of_step(seed, t, width, input);
    const sf_word *inputs[] = {input};
    assert_int_equal(sf_interp_step(interp, inputs), SF_OK);
    for (int i = 0; i < 2; i++) {
      const sf_value *value = network->returns[i].value;
      memcpy(&r.results[i][t * WIDTH_MAX], sf_interp_value(interp, value),
             sf_type_elements(&value->type) * sizeof(sf_word));
    }
  }
  sf_interp_destroy(interp);
  return r;
}

static void free_recording(recording *r) {
  free(r->results[0]);
  free(r->results[1]);
}

static int spikes_of(const recording *r) {
  int spikes = 0;
  for (int64_t i = 0; i < r->steps * WIDTH_MAX; i++)
    spikes += r->results[0][i].i != 0;
  return spikes;
}

/* Differences in results[0..1] of steps lag .. lag + STEPS. */
static int differences(const recording *was, const recording *is, int64_t lag) {
  int count = 0;
  for (int i = 0; i < 2; i++)
    for (int64_t n = 0; n < STEPS * WIDTH_MAX; n++)
      count += was->results[i][n].i != is->results[i][n + lag * WIDTH_MAX].i;
  return count;
}

typedef struct totals {
  int different, silent, late;
} totals;

static void try_network(uint64_t seed, const char *passes, totals *t) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  char *text = network_text(seed);
  sf_module *before = parse(text, diag), *after = parse(text, diag);
  balance(after, passes, diag);
  const sf_network *a = before->first_network, *b = after->first_network;
  recording was = record(a, seed, STEPS, diag);
  recording is = record(b, seed, STEPS + b->lag, diag);
  bool differs = differences(&was, &is, b->lag) != 0;
  if (differs) print_message("seed %llu:\n%s", (unsigned long long)seed, text);
  t->different += differs;
  t->silent += spikes_of(&was) == 0;
  t->late += b->lag > 0;
  free_recording(&was);
  free_recording(&is);
  free(text);
  sf_module_destroy(before);
  sf_module_destroy(after);
  sf_diag_destroy(diag);
}

static uint64_t first_seed(void) {
  const char *text = getenv("SF_SEED");
  return text ? strtoull(text, NULL, 10) * NETWORKS : 1;
}

static void equals_itself_after_the_lag(void **state) {
  (void)state;
  totals t = {0};
  for (uint64_t i = 0; i < NETWORKS; i++)
    try_network(first_seed() + i, "balance-delays{dmin=1}", &t);
  assert_int_equal(t.different, 0);
  /* The test must see something: spikes, and networks that became late. */
  assert_true(t.silent < NETWORKS / 2);
  assert_true(t.late > NETWORKS / 2);
}

static void takes_relays_for_long_delays(void **state) {
  (void)state;
  totals t = {0};
  for (uint64_t i = 0; i < NETWORKS / 5; i++)
    try_network(first_seed() + i, "balance-delays{max-delay=2}", &t);
  assert_int_equal(t.different, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equals_itself_after_the_lag),
      cmocka_unit_test(takes_relays_for_long_delays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
