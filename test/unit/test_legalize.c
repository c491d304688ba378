/* test_legalize.c - random networks with residual sums, maxima, concatenations,
 * pools, slices and delays: legalize gives spiking normal form and changes no
 * value, and balance-delays after it changes none but for the lag.
 *
 * Both versions run on the interpreter, step by step. SF_SEED chooses others.
 */
#include "sf/pass.h"
#include "support/buffer.h"
#include "support/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NETWORKS = 150, STEPS = 24, VALUES_MAX = 24, ELEMENTS = 16 };

/* All spike values are spike[1, 4, 4], so that every op fits every value. */
typedef struct generator {
  sf_random random;
  sf_buffer blobs, ops;
  int blob_count, value_count;
  int spikes[VALUES_MAX]; /* numbers of spike values */
  int spike_count;
} generator;

static int below(generator *g, int bound) {
  return (int)sf_random_below(&g->random, (uint32_t)bound);
}

static int any_spike(generator *g) {
  return g->spikes[below(g, g->spike_count)];
}

static int weights(generator *g, const char *shape, int count) {
  int number = g->blob_count++;
  sf_buffer_printf(&g->blobs, "  blob @b%d : i8[%s] = dense [", number, shape);
  for (int i = 0; i < count; i++)
    sf_buffer_printf(&g->blobs, "%s%d", i ? ", " : "", below(g, 9) - 3);
  sf_buffer_text(&g->blobs, "]\n");
  return number;
}

static int new_value(generator *g) { return g->value_count++; }

/* A value of small integers or spikes that stands before a projection. */
static int source(generator *g) {
  int a = any_spike(g), b = any_spike(g), v;
  switch (below(g, 7)) {
  case 0:
    v = new_value(g);
    sf_buffer_printf(&g->ops, "    %%v%d = add %%v%d, %%v%d : i4[1, 4, 4]\n", v,
                     a, b);
    return v;
  case 1:
    v = new_value(g);
    sf_buffer_printf(&g->ops, "    %%v%d = max %%v%d, %%v%d : spike[1, 4, 4]\n",
                     v, a, b);
    return v;
  case 2:
    v = new_value(g);
    sf_buffer_printf(&g->ops, "    %%v%d = sub %%v%d, %%v%d : i3[1, 4, 4]\n", v,
                     a, b);
    return v;
  case 3:
    v = new_value(g);
    sf_buffer_printf(&g->ops,
                     "    %%v%d = delay %%v%d {steps = %d} : "
                     "spike[1, 4, 4]\n",
                     v, a, 1 + below(g, 3));
    return v;
  case 4:
    v = new_value(g);
    sf_buffer_printf(&g->ops,
                     "    %%v%d = pool %%v%d {kind = max, kernel = 3, pad = 1} "
                     ": spike[1, 4, 4]\n",
                     v, a);
    return v;
  case 5: { /* halves of two values */
    int top = new_value(g), bottom = new_value(g);
    v = new_value(g);
    sf_buffer_printf(&g->ops,
                     "    %%v%d = slice %%v%d {begin = [0, 0, 0], end = [1, 2, "
                     "4]} : spike[1, 2, 4]\n"
                     "    %%v%d = slice %%v%d {begin = [0, 2, 0], end = [1, 4, "
                     "4]} : spike[1, 2, 4]\n"
                     "    %%v%d = concat %%v%d, %%v%d {axis = 1} : "
                     "spike[1, 4, 4]\n",
                     top, a, bottom, b, v, top, bottom);
    return v;
  }
  default:
    return a;
  }
}

/* One projection of a source: i24[1, 4, 4]. */
static int current(generator *g) {
  int from = source(g), v = new_value(g);
  switch (below(g, 4)) {
  case 0:
    sf_buffer_printf(
        &g->ops, "    %%v%d = conv %%v%d, @b%d {pad = 1%s} : i24[1, 4, 4]\n", v,
        from, weights(g, "1, 1, 3, 3", 9), below(g, 3) ? "" : ", shift = 1");
    return v;
  case 2: /* channels of two values */
    sf_buffer_printf(
        &g->ops,
        "    %%v%d = concat %%v%d, %%v%d {axis = 0} : spike[2, 4, 4]\n"
        "    %%v%d = conv %%v%d, @b%d {pad = 1%s} : i24[1, 4, 4]\n",
        v, any_spike(g), any_spike(g), v + 1, v, weights(g, "1, 2, 3, 3", 18),
        below(g, 3) ? "" : ", shift = 1");
    return new_value(g);
  case 1:
    sf_buffer_printf(&g->ops,
                     "    %%v%d = pool %%v%d {kind = sum, kernel = 3, pad = 1} "
                     ": i24[1, 4, 4]\n",
                     v, from);
    return v;
  default:
    sf_buffer_printf(&g->ops, "    %%v%d = linear %%v%d, @b%d : i24[1, 4, 4]\n",
                     v, from, weights(g, "4, 4", 16));
    return v;
  }
}

static void population(generator *g) {
  int sum = current(g);
  for (int more = below(g, 3); more > 0; more--) {
    int other = below(g, 3) ? current(g) : any_spike(g), v = new_value(g);
    sf_buffer_printf(&g->ops, "    %%v%d = add %%v%d, %%v%d : i24[1, 4, 4]\n",
                     v, sum, other);
    sum = v;
  }
  int v = new_value(g);
  sf_buffer_printf(&g->ops,
                   "    %%v%d = neurons @n(%%v%d) {th = %d} : spike[1, 4, 4]\n",
                   v, sum, 2 + below(g, 14));
  g->spikes[g->spike_count++] = v;
}

static char *network_text(uint64_t seed) {
  generator g = {.random = sf_random_seeded(seed), .value_count = 2};
  g.spikes[g.spike_count++] = 0;
  g.spikes[g.spike_count++] = 1;
  for (int count = 2 + below(&g, 4); count > 0; count--)
    population(&g);
  int last = g.spikes[g.spike_count - 1];
  int sum = current(&g);
  sf_buffer all = {0};
  sf_buffer_printf(
      &all,
      "module @random {\n%s  neuron @n(%%x: i24) -> spike {\n"
      "    param %%th: i24\n    state %%v: i24 = 3\n"
      "    %%a = add.sat %%v, %%x : i24\n    %%s = ge %%a, %%th\n"
      "    %%n = select %%s, 0, %%a\n    next %%v = %%n\n    emit %%s\n  }\n"
      "  network @main(%%v0: spike[1, 4, 4], %%v1: spike[1, 4, 4]) -> "
      "(spike[1, 4, 4], i24[1, 4, 4]) {\n%s    return %%v%d, %%v%d\n  }\n}\n",
      g.blobs.data ? g.blobs.data : "", g.ops.data, last, sum);
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

static void run_passes(sf_module *module, const char *passes, const char *text,
                       sf_diag *diag) {
  sf_registry *registry = sf_registry_create();
  sf_pipeline *pipeline = NULL;
  assert_non_null(registry);
  assert_int_equal(sf_pipeline_parse(registry, passes, diag, &pipeline), SF_OK);
  sf_pipeline_options options = {
      .threads = 1, .verify_each = true, .out = stderr};
  sf_result result = sf_pipeline_run(pipeline, module, &options, diag);
  if (result != SF_OK) print_message("%s", text);
  assert_int_equal(result, SF_OK);
  sf_pipeline_destroy(pipeline);
  sf_registry_destroy(registry);
}

typedef struct recording {
  sf_word results[2][(STEPS + 64) * ELEMENTS];
  int spikes;
} recording;

static void record(const sf_network *network, uint64_t seed, int64_t steps,
                   sf_diag *diag, recording *out) {
  sf_interp *interp = NULL;
  sf_word x[ELEMENTS], y[ELEMENTS];
  const sf_word *inputs[] = {x, y};
  assert_int_equal(sf_interp_create(network, diag, &interp), SF_OK);
  assert_true(steps <= STEPS + 64);
  out->spikes = 0;
  for (int64_t t = 0; t < steps; t++) {
    sf_random random = sf_random_seeded(seed * 7919u + (uint64_t)t);
    for (int i = 0; i < ELEMENTS; i++) {
      x[i].i = t < STEPS && sf_random_below(&random, 3) == 0;
      y[i].i = t < STEPS && sf_random_below(&random, 5) == 0;
    }
    assert_int_equal(sf_interp_step(interp, inputs), SF_OK);
    for (int r = 0; r < 2; r++) {
      memcpy(&out->results[r][t * ELEMENTS],
             sf_interp_value(interp, network->returns[r].value),
             ELEMENTS * sizeof(sf_word));
    }
    for (int i = 0; i < ELEMENTS; i++)
      out->spikes += out->results[0][t * ELEMENTS + i].i != 0;
  }
  sf_interp_destroy(interp);
}

static bool is_same(const recording *was, const recording *is, int64_t lag) {
  for (int r = 0; r < 2; r++) {
    if (memcmp(was->results[r], &is->results[r][lag * ELEMENTS],
               STEPS * ELEMENTS * sizeof(sf_word)) != 0) {
      return false;
    }
  }
  return true;
}

typedef struct totals {
  int different, silent, rewritten;
} totals;

static void try_network(uint64_t seed, totals *t) {
  static recording was, is; /* large */
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  char *text = network_text(seed);
  sf_module *before = parse(text, diag), *after = parse(text, diag);
  record(before->first_network, seed, STEPS, diag, &was);
  run_passes(after, "legalize", text, diag);
  record(after->first_network, seed, STEPS, diag, &is);
  bool same = is_same(&was, &is, 0);
  t->rewritten += after->first_log != NULL;
  run_passes(after, "canonicalize,balance-delays", text, diag);
  int64_t lag = after->first_network->lag;
  record(after->first_network, seed, STEPS + lag, diag, &is);
  same = same && is_same(&was, &is, lag);
  assert_int_equal(sf_fact_check(after, SF_FACT_SPIKING_NORMAL_FORM, diag),
                   SF_OK);
  if (!same) print_message("seed %llu:\n%s", (unsigned long long)seed, text);
  t->different += !same;
  t->silent += was.spikes == 0;
  free(text);
  sf_module_destroy(before);
  sf_module_destroy(after);
  sf_diag_destroy(diag);
}

static void changes_no_value(void **state) {
  (void)state;
  const char *text = getenv("SF_SEED");
  uint64_t first = text ? strtoull(text, NULL, 10) * NETWORKS : 1;
  totals t = {0};
  for (uint64_t i = 0; i < NETWORKS; i++)
    try_network(first + i, &t);
  assert_int_equal(t.different, 0);
  assert_true(t.silent < NETWORKS / 4);
  assert_true(t.rewritten > NETWORKS / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(changes_no_value)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
