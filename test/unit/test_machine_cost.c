/* The cost model: hand-computed terms, and what must hold of any. */
#include "machine/cost.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static sf_machine *load(const char *name) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load(name, diag, &machine), SF_OK);
  sf_diag_destroy(diag);
  return machine;
}

static double term(const sf_cost_term *terms, uint32_t count,
                   const char *name) {
  for (uint32_t i = 0; i < count; i++)
    if (strcmp(terms[i].name, name) == 0) return terms[i].value;
  return -1;
}

static void close_to(double got, double wanted) {
  assert_true(fabs(got - wanted) <= 1e-9 * fabs(wanted));
}

/* Two samples of 10 steps; 4 cores on 2 routers of one chip. */
static const sf_cost_layer LAYERS[] = {
    {"h", 3, SF_COST_DENSE, 2.0, 1.5, 0.5, 0},
    {"o", 1, SF_COST_CONV, 0, 0, 0, 0},
};
static const sf_cost_layout LAYOUT = {
    .cores = 4, .routers = 2, .chips = 1, .layer_count = 2, .layers = LAYERS};
static sf_population_counts POPULATIONS[] = {
    {"h", 128, 200000, 400, 2560, 0},
    {"host", 10, 1000000, 1000000, 1000000, 0},
    {"o", 10, 4000, 20, 200, 0},
};
static const sf_counts COUNTS = {3, POPULATIONS, 20, 2};

static void loihi2_terms(void **state) {
  (void)state;
  sf_machine *m = load("oheo-gulch");
  sf_cost c = sf_cost_estimate(m, &LAYOUT, &COUNTS);
  const sf_cost_term *e = c.energy_terms;
  uint32_t n = c.energy_count;
  close_to(term(e, n, "synapses"), (100000 * 17.75 + 2000 * 12.0) * 1e-12);
  close_to(term(e, n, "neurons"), (1280 + 100) * (25.6 + 10.8) * 1e-12);
  close_to(term(e, n, "spikes"), (200 + 10) * 34.65e-12);
  close_to(term(e, n, "packets"), 200 * 2.0 * 55.5e-12);
  close_to(term(e, n, "hops"), 200 * (1.5 * 1.5 + 0.5 * 2.1) * 1e-12);
  /* Barrier of 200 + 50 ns a step; the busiest core has 100000 / 3 events. */
  close_to(term(c.latency_terms, c.latency_count, "barriers"), 10 * 250e-9);
  close_to(term(c.latency_terms, c.latency_count, "synapses"),
           100000 * 0.7e-9 / 3);
  close_to(term(e, n, "static"), 0.25 * c.latency);
  close_to(c.step * 10, c.latency);
  assert_string_equal(c.basis, "estimate");
  sf_machine_destroy(m);
}

static void spinnaker2_terms(void **state) {
  (void)state;
  sf_machine *m = load("spinnaker2-chip");
  sf_cost c = sf_cost_estimate(m, &LAYOUT, &COUNTS);
  const sf_cost_term *e = c.energy_terms;
  uint32_t n = c.energy_count;
  close_to(term(e, n, "synapses"), 102000 * 25 * 8.3e-12);
  close_to(term(e, n, "neurons"), 1380 * 22 * 8.3e-12);
  close_to(term(e, n, "step loop"), 10 * 4 * 500 * 8.3e-12);
  close_to(term(e, n, "network"), 210 * 1e-9);
  close_to(c.latency, 10e-3); /* 1 ms a step */
  /* 148 PEs sleep, and 144 of them when they are off need nothing. */
  close_to(term(e, n, "static"), (75.2 + 148 * 1.05) * 1e-3 * 10e-3);
  sf_cost_layout layout = LAYOUT;
  layout.cores_off = 144;
  sf_cost off = sf_cost_estimate(m, &layout, &COUNTS);
  close_to(term(off.energy_terms, off.energy_count, "switched off"),
           -144 * 1.05e-3 * 10e-3);
  close_to(c.energy - off.energy, 144 * 1.05e-3 * 10e-3);
  sf_machine_destroy(m);
}

/* What is off saves the leakage that the machine states for it, and never more
 * than the chip's idle power. */
static void what_is_off_saves_its_leakage(void **state) {
  (void)state;
  sf_machine *m = load("oheo-gulch");
  sf_cost_layout layout = LAYOUT;
  layout.cores_off = 100;
  layout.routers_off = 20;
  layout.banks_off = 7;
  sf_cost c = sf_cost_estimate(m, &layout, &COUNTS);
  close_to(term(c.energy_terms, c.energy_count, "switched off"),
           -(100 * 1.8e-3 + 20 * 0.8e-3 + 7 * 0.16e-3) * c.latency);
  layout.cores_off = 1000;
  c = sf_cost_estimate(m, &layout, &COUNTS);
  close_to(term(c.energy_terms, c.energy_count, "switched off"),
           -0.25 * c.latency);
  sf_machine_destroy(m);
}

static void a_missed_deadline_takes_longer(void **state) {
  (void)state;
  sf_machine *m = load("spinnaker2-chip");
  sf_population_counts heavy = {"o", 10, 200000000, 20, 200, 0};
  sf_counts counts = {1, &heavy, 20, 2};
  sf_cost c = sf_cost_estimate(m, &LAYOUT, &counts);
  assert_true(term(c.latency_terms, c.latency_count, "missed deadlines") > 0);
  assert_true(c.latency > 1e8 * 25 / 150e6);
  sf_machine_destroy(m);
}

static void an_idle_step_takes_the_floor(void **state) {
  (void)state;
  sf_machine *m = load("kapoho-point");
  sf_cost_layout one = {.cores = 1, .routers = 1, .chips = 1};
  sf_counts counts = {0, NULL, 10, 1};
  sf_cost c = sf_cost_estimate(m, &one, &counts);
  close_to(c.latency, 10 * 200e-9);
  counts.samples = 0;
  c = sf_cost_estimate(m, &one, &counts);
  assert_true(c.energy == 0 && c.latency == 0);
  sf_machine_destroy(m);
}

/* Two cost the same as one twice: energy and time are sums over populations. */
static void energy_is_linear_in_counts(void **state) {
  (void)state;
  sf_machine *m = load("oheo-gulch");
  sf_cost once = sf_cost_estimate(m, &LAYOUT, &COUNTS);
  sf_population_counts twice[3];
  for (int i = 0; i < 3; i++) {
    twice[i] = POPULATIONS[i];
    twice[i].events_in *= 2;
  }
  sf_counts counts = {3, twice, 20, 2};
  sf_cost more = sf_cost_estimate(m, &LAYOUT, &counts);
  close_to(term(more.energy_terms, more.energy_count, "synapses"),
           2 * term(once.energy_terms, once.energy_count, "synapses"));
  close_to(term(more.energy_terms, more.energy_count, "neurons"),
           term(once.energy_terms, once.energy_count, "neurons"));
  sf_machine_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loihi2_terms),
      cmocka_unit_test(spinnaker2_terms),
      cmocka_unit_test(what_is_off_saves_its_leakage),
      cmocka_unit_test(a_missed_deadline_takes_longer),
      cmocka_unit_test(an_idle_step_takes_the_floor),
      cmocka_unit_test(energy_is_linear_in_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
