/* Allocations against brute force on random tables; losses of single layers
 * from the cut network against runs of the whole one. */
#include "passes/allocate_bits/allocate_bits.h"
#include "sf/ir.h"
#include "support/hash.h"
#include "test/support/folder.h"

#include <math.h>
#include <string.h>

enum { LAYERS = 6, OPTIONS = 5, ROUNDS = 400 };

static void fill(sf_random *random, sf_allocation *p, sf_choice *choices) {
  p->layers = 1 + (uint32_t)sf_random_below(random, LAYERS);
  p->options = 1 + (uint32_t)sf_random_below(random, OPTIONS);
  p->costs = 1 + (uint32_t)sf_random_below(random, SF_COSTS_MAX);
  uint32_t range = sf_random_below(random, 2) ? 6 : 1000; /* 6: many ties */
  uint32_t sum[SF_COSTS_MAX] = {0};
  for (uint32_t i = 0; i < p->layers * p->options; i++) {
    choices[i].loss = (double)sf_random_below(random, range) / 8;
    for (uint32_t k = 0; k < SF_COSTS_MAX; k++) {
      uint32_t cost = sf_random_below(random, range);
      choices[i].cost[k] = cost;
      sum[k] += cost;
    }
  }
  p->choices = choices;
  for (uint32_t k = 0; k < SF_COSTS_MAX; k++)
    p->budget[k] = sf_random_below(random, sum[k] / p->options + 2);
}

/* Every combination. */
static double least_loss(const sf_allocation *p) {
  uint8_t chosen[LAYERS] = {0};
  double least = (double)INFINITY;
  for (;;) {
    double loss = 0;
    for (uint32_t i = 0; i < p->layers; i++)
      loss += p->choices[i * p->options + chosen[i]].loss;
    if (sf_allocation_fits(p, chosen) && loss < least) least = loss;
    uint32_t at = 0;
    while (at < p->layers && ++chosen[at] == p->options)
      chosen[at++] = 0;
    if (at == p->layers) return least;
  }
}

static void check_solver(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(11);
  uint32_t feasible = 0;
  for (int n = 0; n < ROUNDS; n++) {
    sf_arena *arena = sf_arena_create();
    sf_choice choices[LAYERS * OPTIONS];
    sf_allocation p = {0};
    fill(&random, &p, choices);
    assert_int_equal(sf_allocation_solve(&p, arena), SF_OK);
    double least = least_loss(&p);
    assert_true(p.exact);
    assert_int_equal(p.feasible, isfinite(least));
    if (p.feasible) {
      double loss = 0;
      for (uint32_t i = 0; i < p.layers; i++)
        loss += choices[i * p.options + p.chosen[i]].loss;
      assert_true(sf_allocation_fits(&p, p.chosen));
      assert_true(loss == least); /* eighths: every sum is exact */
      assert_true(p.loss == least);
      feasible++;
    }
    sf_arena_destroy(arena);
  }
  assert_in_range(feasible, ROUNDS / 4, ROUNDS - ROUNDS / 20);
}

/* 300 layers whose costs hardly ever agree: labels are thinned out, the budget
 * still holds, and the loss stays near the fractional bound. */
static void check_many_layers(void **state) {
  (void)state;
  enum { MANY = 300 };
  sf_random random = sf_random_seeded(5);
  sf_choice choices[MANY * 4];
  sf_allocation p = {.layers = MANY, .options = 4, .costs = 1};
  for (uint32_t i = 0; i < MANY; i++) {
    uint64_t size = 1000 + sf_random_below(&random, 1000000);
    double weight = 0.1 + (double)sf_random_below(&random, 1000) / 100;
    for (uint32_t o = 0; o < 4; o++) {
      choices[i * 4 + o].cost[0] = size * (8u >> o);
      choices[i * 4 + o].loss = weight * pow(4, (double)o);
    }
    p.budget[0] += size * 3;
  }
  p.choices = choices;
  sf_arena *arena = sf_arena_create();
  assert_int_equal(sf_allocation_solve(&p, arena), SF_OK);
  assert_true(p.feasible);
  assert_true(sf_allocation_fits(&p, p.chosen));
  /* Lagrange: for any price, min sum(loss + price cost) - price budget is a
   * bound from below. */
  double bound = 0;
  for (int n = 0; n < 200; n++) {
    double price = pow(10, -9 + 0.04 * n), sum = 0;
    for (uint32_t i = 0; i < MANY; i++) {
      double best = (double)INFINITY;
      for (uint32_t o = 0; o < 4; o++)
        best = fmin(best, choices[i * 4 + o].loss +
                              price * (double)choices[i * 4 + o].cost[0]);
      sum += best;
    }
    bound = fmax(bound, sum - price * (double)p.budget[0]);
  }
  assert_true(p.loss >= bound * (1 - 1e-9));
  assert_true(p.loss <= bound * 1.02);
  sf_arena_destroy(arena);
}

static void check_budgets(void **state) {
  (void)state;
  sf_budget b;
  assert_true(sf_budget_parse("4b", &b) && b.per_item && b.value == 4);
  assert_true(sf_budget_parse("2.5b", &b) && b.per_item && b.value == 2.5);
  assert_true(sf_budget_parse("20000", &b) && !b.per_item && b.value == 20000);
  assert_true(sf_budget_parse("20KiB", &b) && b.value == 20480);
  assert_true(sf_budget_parse("1MiB", &b) && b.value == 1048576);
  static const char *const wrong[] = {"",   "b",    "-4b", "0b",  "33b", "0",
                                      "4x", "0x8b", "nan", "inf", "4b ", " 4b"};
  for (size_t i = 0; i < SF_COUNT_OF(wrong); i++)
    assert_false(sf_budget_parse(wrong[i], &b));
  assert_int_equal(sf_packed_bytes(3, 1), 1);
  assert_int_equal(sf_packed_bytes(9, 1), 2);
  assert_int_equal(sf_packed_bytes(5, 2.5), 2);
}

/* ---- Divergence. ---- */

static void check_divergence(void **state) {
  (void)state;
  sf_logits one = {.outer = 1, .classes = 2, .inner = 1, .scale = 1};
  /* softmax of (ln 3, 0) is (3/4, 1/4), of (0, 0) a half each: 1/4 ln 3. */
  float a[2] = {(float)log(3), 0}, b[2] = {7, 7};
  assert_true(fabs(sf_divergence(&one, a, b) - 0.25 * log(3)) < 1e-7);
  assert_true(sf_divergence(&one, a, a) == 0);
  assert_true(fabs(sf_mean_lead(&one, a) - log(3)) < 1e-6);
  /* Classes along the middle axis of [1, 2, 2]: the mean of two positions. */
  sf_logits two = {.outer = 1, .classes = 2, .inner = 2, .scale = 1};
  float c[4] = {(float)log(3), 1, 0, 1}, d[4] = {7, 0, 7, 0};
  assert_true(fabs(sf_divergence(&two, c, d) - 0.125 * log(3)) < 1e-7);
  sf_logits cold = one;
  cold.scale = 0;
  assert_true(sf_divergence(&cold, a, b) == 0);
}

/* ---- Layers of a network. ---- */

static const char *const network_text =
    "module @m {\n"
    "blob @w1: f32[3, 1, 3, 3] = dense [0.3, -0.2, 0.11, 0.5, 0.27, -0.4, 0.1, "
    "0.2, -0.33, 0.7, 0.1, -0.9, 0.4, 0.2, 0.6, -0.5, 0.3, 0.8, -0.1, 0.2, "
    "-0.3, 0.4, -0.5, 0.6, -0.7, 0.8, -0.9]\n"
    "blob @w2: f32[3, 1, 1, 1] = dense [0.71, -0.4, 1.3]\n"
    "blob @w3: f32[3, 3, 1, 1] = dense [0.3, 0.17, -0.9, 0.4, 0.6, -0.13, 0.2, "
    "0.5, 0.77]\n"
    "blob @w4: f32[4, 12] = dense [0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, 0.8, "
    "-0.9, 1.0, 0.15, 0.25, 0.35, 0.45, -0.55, 0.65, -0.75, 0.85, 0.95, -0.05, "
    "0.12, 0.22, -0.32, 0.42, 0.52, 0.62, -0.72, 0.82, 0.92, 0.02, -0.17, "
    "0.27, 0.37, -0.47, 0.57, 0.67, 0.77, 0.87, -0.97, 0.07, 0.19, 0.29, "
    "-0.39, 0.49, 0.59, -0.69, 0.79, 0.89]\n"
    "network @main(%x: f32[1, 4, 4], %y: f32[3, 2, 2]) -> (f32[4], f32[3,2,2]) "
    "{\n"
    "%a = conv %x, @w1 {pad = 1, stride = 2} : f32[3, 2, 2]\n"
    "%r = relu %a : f32[3, 2, 2]\n"
    "%b = conv %y, @w2 {groups = 3} : f32[3, 2, 2]\n"
    "%c = conv %r, @w3 : f32[3, 2, 2]\n"
    "%s = add %c, %b : f32[3, 2, 2]\n"
    "%t = add %s, %r : f32[3, 2, 2]\n"
    "%f = reshape %t : f32[12]\n"
    "%z = linear %f, @w4 : f32[4]\n"
    "%u = conv %t, @w3 : f32[3, 2, 2]\n"
    "return %z, %u\n}\n}\n";

enum { SAMPLES = 9 };

typedef struct setting {
  sf_diag *diag;
  sf_arena *scratch;
  sf_module *module;
  sf_word x[SAMPLES * 16], y[SAMPLES * 12];
  const sf_word *arguments[2];
  sf_samples samples;
  sf_pass_run run;
} setting;

static void prepare(setting *s, uint32_t threads) {
  *s = (setting){.diag = sf_diag_create(stderr, SF_DIAG_TEXT),
                 .scratch = sf_arena_create()};
  sf_slice text = {network_text, strlen(network_text)};
  assert_int_equal(sf_parse(text, "m.sf", s->diag, &s->module), SF_OK);
  sf_random random = sf_random_seeded(3);
  for (size_t i = 0; i < SF_COUNT_OF(s->x); i++)
    s->x[i].f = (float)sf_random_below(&random, 1000) / 500 - 1;
  for (size_t i = 0; i < SF_COUNT_OF(s->y); i++)
    s->y[i].f = (float)sf_random_below(&random, 1000) / 500 - 1;
  s->arguments[0] = s->x;
  s->arguments[1] = s->y;
  s->samples = (sf_samples){.size = sizeof s->samples,
                            .argument_count = 2,
                            .count = SAMPLES,
                            .arguments = s->arguments};
  s->run = (sf_pass_run){.size = sizeof s->run,
                         .module = s->module,
                         .diag = s->diag,
                         .scratch = s->scratch,
                         .threads = threads,
                         .samples = &s->samples};
}

static void finish(setting *s) {
  sf_module_destroy(s->module);
  sf_arena_destroy(s->scratch);
  sf_diag_destroy(s->diag);
}

static void check_layers(const sf_layer_list *layers) {
  static const struct {
    const char *name;
    uint64_t weights, products;
  } wanted[] = {
      {"a", 27, 108}, {"b", 3, 12}, {"c", 9, 36}, {"z", 48, 48}, {"u", 9, 36}};
  assert_int_equal(layers->count, SF_COUNT_OF(wanted));
  for (uint32_t i = 0; i < layers->count; i++) {
    assert_string_equal(layers->layers[i].name, wanted[i].name);
    assert_int_equal(layers->layers[i].weights, wanted[i].weights);
    assert_int_equal(layers->layers[i].products, wanted[i].products);
  }
}

static void check_cut_networks(void **state) {
  (void)state;
  double one[5 * 3], three[5 * 3];
  sf_widths widths = {3, {8, 3, 1}};
  for (uint32_t threads = 1; threads <= 3; threads += 2) {
    setting s;
    prepare(&s, threads);
    sf_subject subject;
    assert_int_equal(sf_subject_create(&s.run, 0, &subject), SF_OK);
    check_layers(&subject.layers);
    double *loss = threads == 1 ? one : three;
    assert_int_equal(sf_subject_each(&subject, &widths, loss), SF_OK);
    for (uint32_t i = 0; i < 5; i++) {
      for (uint32_t k = 0; k < widths.count; k++) {
        unsigned bits[5] = {0};
        bits[i] = widths.bits[k];
        sf_loss whole;
        assert_int_equal(sf_subject_together(&subject, bits, &whole), SF_OK);
        assert_true(whole.divergence == loss[i * widths.count + k]);
      }
    }
    sf_loss unchanged;
    unsigned none[5] = {0};
    assert_int_equal(sf_subject_together(&subject, none, &unchanged), SF_OK);
    assert_true(unchanged.divergence == 0);
    sf_subject_destroy(&subject);
    finish(&s);
  }
  assert_memory_equal(one, three, sizeof one);
  for (uint32_t i = 0; i < 4; i++)
    /* 8 bits against 1, which is exact where a row has one weight. */
    assert_true(i == 1 || one[i * 3] < one[i * 3 + 2]);
  for (uint32_t k = 0; k < 3; k++)
    assert_true(one[4 * 3 + k] == 0); /* %z does not depend on %u */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(check_solver),       cmocka_unit_test(check_many_layers),
      cmocka_unit_test(check_budgets),      cmocka_unit_test(check_divergence),
      cmocka_unit_test(check_cut_networks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
