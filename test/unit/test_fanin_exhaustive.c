/* test_fanin_exhaustive.c - every input there is: networks of few inputs,
 * split, against themselves on all patterns of three steps.
 *
 * Both run on the interpreter; results are compared step by step, later by the
 * lag that the hardware's steps take. Four inputs, 2^12 patterns a network;
 * with SF_SUITE=full also five and six, 2^18. */
#include "sf/pass.h"
#include "support/buffer.h"
#include "support/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 3, INPUTS_MAX = 6, NEURONS = 2 };

static const char *const OPTIONS[] = {"fanin=2", "fanin=3",
                                      "fanin=3,links=binary"};

static sf_module *parse(int inputs, uint64_t seed, sf_diag *diag) {
  sf_random random = sf_random_seeded(seed);
  sf_buffer text = {0};
  sf_buffer_printf(&text, "module @m { blob @w : i4[%d, %d] = dense [", NEURONS,
                   inputs);
  for (int i = 0; i < NEURONS * inputs; i++)
    sf_buffer_printf(&text, "%s%d", i ? ", " : "",
                     (int)sf_random_below(&random, 15) - 7);
  sf_buffer_printf(
      &text,
      "]\n blob @b : i4[%d] = splat %d\n"
      "neuron @lif(%%x: i24) -> spike { state %%v: i24 = 2\n"
      " %%k = shr %%v {shift = 1} : i24  %%h = add.sat %%k, %%x : i24\n"
      " %%s = gt %%h, %d  %%n = select %%s, 0, %%h  next %%v = %%n  emit %%s "
      "}\n"
      "network @main(%%x: spike[%d]) -> (spike[%d]) {\n"
      " %%i = linear %%x, @w, @b : i24[%d]\n"
      " %%h = neurons @lif(%%i) : spike[%d]\n return %%h } }\n",
      NEURONS, (int)sf_random_below(&random, 5) - 2,
      (int)sf_random_below(&random, 8), inputs, NEURONS, NEURONS, NEURONS);
  sf_module *module = NULL;
  assert_int_equal(
      sf_parse((sf_slice){text.data, text.size}, "m.sf", diag, &module), SF_OK);
  sf_buffer_destroy(&text);
  return module;
}

static void split(sf_module *module, const char *options_text, sf_diag *diag) {
  char text[128];
  snprintf(text, sizeof text,
           "legalize,fanin-fanout-balancing{%s},balance-delays{dmin=1}",
           options_text);
  sf_registry *registry = sf_registry_create();
  sf_pipeline *pipeline = NULL;
  assert_int_equal(sf_pipeline_parse(registry, text, diag, &pipeline), SF_OK);
  const sf_pipeline_options options = {.verify_each = true, .threads = 1};
  assert_int_equal(sf_pipeline_run(pipeline, module, &options, diag), SF_OK);
  sf_pipeline_destroy(pipeline);
  sf_registry_destroy(registry);
}

/* Spikes of STEPS steps of NEURONS neurons, from `lag` on: one bit each. */
static uint32_t spikes_of(sf_interp *interp, const sf_network *network,
                          int inputs, uint32_t pattern, int64_t lag) {
  uint32_t bits = 0, at = 0;
  sf_interp_reset(interp);
  for (int64_t t = 0; t < STEPS + lag; t++) {
    sf_word x[INPUTS_MAX];
    for (int i = 0; i < inputs; i++)
      x[i].i = t < STEPS ? (int32_t)(pattern >> (t * inputs + i) & 1) : 0;
    const sf_word *arguments[] = {x};
    assert_int_equal(sf_interp_step(interp, arguments), SF_OK);
    const sf_word *y = sf_interp_value(interp, network->returns[0].value);
    for (int i = 0; i < NEURONS && t >= lag; i++)
      bits |= (uint32_t)y[i].i << at++;
  }
  return bits;
}

static void compare(int inputs, uint64_t seed, const char *options) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_module *was = parse(inputs, seed, diag), *is = parse(inputs, seed, diag);
  split(is, options, diag);
  const sf_network *before = was->first_network, *after = is->first_network;
  assert_true(after->op_count > before->op_count);
  sf_interp *a, *b;
  assert_int_equal(sf_interp_create(before, diag, &a), SF_OK);
  assert_int_equal(sf_interp_create(after, diag, &b), SF_OK);
  uint32_t differ = 0, silent = 0, patterns = UINT32_C(1) << (STEPS * inputs);
  for (uint32_t p = 0; p < patterns; p++) {
    uint32_t expected = spikes_of(a, before, inputs, p, 0);
    silent += expected == 0;
    differ += spikes_of(b, after, inputs, p, after->lag) != expected;
  }
  if (differ)
    fail_msg("%u of %u patterns differ: %s", differ, patterns, options);
  assert_true(silent < patterns); /* else nothing was compared */
  sf_interp_destroy(a);
  sf_interp_destroy(b);
  sf_module_destroy(was);
  sf_module_destroy(is);
  sf_diag_destroy(diag);
}

static void test_all_patterns(void **state) {
  (void)state;
  const char *suite = getenv("SF_SUITE");
  int most = suite && strcmp(suite, "full") == 0 ? INPUTS_MAX : 4;
  for (int inputs = 4; inputs <= most; inputs++)
    for (uint64_t seed = 1; seed <= 3; seed++)
      for (size_t i = 0; i < SF_COUNT_OF(OPTIONS); i++)
        compare(inputs, seed, OPTIONS[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_patterns)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
