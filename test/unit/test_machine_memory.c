/* The core memory models against the tables that Intel's compiler printed
 * (loihi2.md 1.6 and 7.1) and against hand counts of our own PE layout. */
#include "machine/loihi2_memory.h"
#include "machine/spinnaker2_memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static sf_machine *load(const char *name) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load(name, diag, &machine), SF_OK);
  sf_diag_destroy(diag);
  return machine;
}

static sf_loihi2_limits loihi2(void) {
  sf_machine *machine = load("oheo-gulch");
  sf_loihi2_limits limits = sf_loihi2_limits_of(machine);
  sf_machine_destroy(machine);
  return limits;
}

static uint64_t dense_words(uint64_t axons, uint64_t n, unsigned bits) {
  sf_loihi2_limits l = loihi2();
  return axons * sf_loihi2_list_words(&l, n, bits, false);
}

static void dense_rows_of_the_vendor(void **state) {
  (void)state;
  assert_int_equal(dense_words(100, 50, 6), 1500);
  assert_int_equal(dense_words(100, 50, 4), 1300);
  assert_int_equal(dense_words(50, 10, 5), 150);
  assert_int_equal(dense_words(10, 1, 5), 10);
  assert_int_equal(dense_words(128, 64, 8), 2688);
  assert_int_equal(dense_words(784, 50, 8), 12544);
  assert_int_equal(dense_words(200, 86, 8), 5400);
  assert_int_equal(dense_words(2560, 9, 4), 7680);
  assert_int_equal(dense_words(2560, 1, 4), 2560);
  /* Printed as averages over the cores. */
  assert_int_equal((11 * 7680 + 2560) / 12, 7253);
  assert_int_equal((dense_words(256, 98, 8) + dense_words(256, 102, 8)) / 2,
                   8064);
}

/* Only the first three convolutions stride along x; the fourth strides in y. */
static void kernels_of_the_vendor(void **state) {
  (void)state;
  static const struct {
    uint64_t rows, c_out;
    unsigned sdnn, lif;
    bool stride;
    uint64_t sdnn_words, lif_words;
  } layers[] = {{27, 24, 6, 5, true, 81, 81},
                {216, 36, 5, 4, true, 864, 864},
                {324, 48, 4, 4, true, 1620, 1620},
                {432, 64, 5, 4, false, 2592, 2160},
                {576, 64, 4, 4, false, 2880, 2880}};
  sf_loihi2_limits l = loihi2();
  for (size_t i = 0; i < SF_COUNT_OF(layers); i++) {
    assert_int_equal(sf_loihi2_kernel_words(&l, layers[i].rows, layers[i].c_out,
                                            layers[i].sdnn, layers[i].stride),
                     layers[i].sdnn_words);
    assert_int_equal(sf_loihi2_kernel_words(&l, layers[i].rows, layers[i].c_out,
                                            layers[i].lif, layers[i].stride),
                     layers[i].lif_words);
  }
}

/* Printed totals lie up to 0.012 above the weighted sum of printed columns. */
static void assert_percent(double got, double printed) {
  assert_true(fabs(got - printed) < 0.015);
}

/* MNIST MLP: the three rows of the table, total percent. */
static void totals_of_the_vendor(void **state) {
  (void)state;
  sf_loihi2_limits l = loihi2();
  sf_loihi2_usage u = sf_loihi2_dense_slice(&l, 784, 50, 8, false);
  assert_percent(sf_loihi2_total_percent(&l, &u), 67.14);
  u = sf_loihi2_dense_slice(&l, 128, 64, 8, false);
  assert_percent(sf_loihi2_total_percent(&l, &u), 14.72);
  /* The 10-neuron row prints 1.60 % synapses, 256 words = 4 a list. */
  u = sf_loihi2_dense_slice(&l, 64, 10, 8, false);
  assert_int_equal(u.synapses, 256);
  assert_percent(sf_loihi2_total_percent(&l, &u), 1.71);
}

static void dense_slices_fit_as_stated(void **state) {
  (void)state;
  sf_loihi2_limits l = loihi2();
  /* A fan-in above about 8000 cannot be mapped even with one neuron a core. */
  assert_int_equal(sf_loihi2_dense_neurons(&l, 7999, 10, 8, false), 2);
  assert_int_equal(sf_loihi2_dense_neurons(&l, 8001, 10, 8, false), 0);
  assert_int_equal(sf_loihi2_dense_neurons(&l, 11352, 1000, 8, false), 0);
  /* The staircase of b = 8: 2, 6, 9, 12 neurons in 1, 2, 3, 4 words. */
  static const uint64_t stairs[] = {2, 6, 9, 12};
  for (uint64_t i = 0; i < 4; i++) {
    assert_int_equal(sf_loihi2_list_words(&l, stairs[i], 8, false), i + 1);
    assert_int_equal(sf_loihi2_list_words(&l, stairs[i] + 1, 8, false), i + 2);
  }
  /* 2560 -> 100 fits 10 cores of 11 neurons, 12 words less than the pool. */
  assert_true(sf_loihi2_dense_neurons(&l, 2560, 100, 4, false) >= 11);
  assert_int_equal(sf_loihi2_dense_neurons(&l, 784, 128, 8, false), 60);
  assert_int_equal(sf_loihi2_dense_neurons(&l, 1, 5000, 1, false), 4095);
  /* Delays make lists longer. */
  assert_true(sf_loihi2_dense_neurons(&l, 784, 128, 8, true) < 60);
}

static void stored_bits_skip_seven(void **state) {
  (void)state;
  static const unsigned stored[] = {1, 1, 2, 3, 4, 5, 6, 8, 8, 0, 0};
  for (unsigned b = 0; b < SF_COUNT_OF(stored); b++)
    assert_int_equal(sf_loihi2_stored_bits(b), stored[b]);
}

static void neuron_memory_counts_words(void **state) {
  (void)state;
  sf_loihi2_limits l = loihi2();
  assert_int_equal(sf_loihi2_neuron_words(&l, 3072, 56), 3072);
  assert_int_equal(sf_loihi2_neuron_words(&l, 100, 73), 200);
  /* Two neurons of half a word share one; the last of an odd number does not.
   */
  assert_int_equal(sf_loihi2_neuron_words(&l, 100, 0), 50);
  assert_int_equal(sf_loihi2_neuron_words(&l, 8190, 32), 4095);
  assert_int_equal(sf_loihi2_neuron_words(&l, 8191, 32), 4096);
  assert_int_equal(sf_loihi2_neuron_words(&l, 100, 33), 100);
  sf_loihi2_usage u = {.neuron_words = 4095, .groups = 8, .synapses = 16000};
  assert_true(sf_loihi2_fits(&l, &u));
  u.groups = 9;
  assert_false(sf_loihi2_fits(&l, &u));
  u.groups = 1;
  u.axon_mem = 1;
  assert_false(sf_loihi2_fits(&l, &u));
}

static uint64_t words_of(sf_loihi2_state kept) {
  sf_loihi2_limits l = loihi2();
  return sf_loihi2_neuron_words(&l, 10, sf_loihi2_state_bits(&l, &kept));
}

/* Half a word holds 32 bits of state and bias; parameters of a neuron's own
 * and everything that the vendor's tables show take whole words. */
static void small_states_take_half_a_word(void **state) {
  (void)state;
  assert_int_equal(words_of((sf_loihi2_state){.bits = 32, .whole = 24}), 5);
  assert_int_equal(words_of((sf_loihi2_state){.bits = 33, .whole = 24}), 10);
  assert_int_equal(
      words_of((sf_loihi2_state){.bits = 16, .whole = 16, .biased = true}), 5);
  assert_int_equal(
      words_of((sf_loihi2_state){.bits = 17, .whole = 17, .biased = true}), 10);
  assert_int_equal(words_of((sf_loihi2_state){.bits = 8, .whole = 8, .own = 1}),
                   20);
  assert_int_equal(words_of((sf_loihi2_state){.bits = 56, .whole = 48}), 10);
  assert_int_equal(words_of((sf_loihi2_state){.bits = 96, .whole = 72}), 10);
  assert_int_equal(words_of((sf_loihi2_state){.bits = 96, .whole = 96}), 20);
  sf_machine *machine = load("loihi1"); /* 24 bytes a neuron, fixed */
  sf_loihi2_limits l = sf_loihi2_limits_of(machine);
  sf_loihi2_state none = {0};
  assert_int_equal(
      sf_loihi2_neuron_words(&l, 10, sf_loihi2_state_bits(&l, &none)), 10);
  sf_machine_destroy(machine);
}

/* 784 inputs onto 30 neurons, one byte a weight, hand-counted from pe.h:
 * header 40, slice 52 + 120 + 4 + 16 (two rings), 5 params + 1 bias 48,
 * projection 28, rows 784 * 32 = 25088, one source block 16, links 784 * 12.
 * Work: 4 * 30 * (1 slot + 2 states + 1). */
static void pe_bytes_by_hand(void **state) {
  (void)state;
  sf_spinnaker2_projection p = {784, 784 * 30, 1, 1, false, 1};
  sf_spinnaker2_slice s = {30, 1, 2, 5, 0, 1, &p};
  sf_spinnaker2_usage u = sf_spinnaker2_slice_usage(&s);
  assert_int_equal(u.data_bytes,
                   40 + 52 + 120 + 4 + 16 + 48 + 28 + 25088 + 16 + 784 * 12);
  assert_int_equal(u.work_bytes, 4 * 30 * (1 + 2 + 1));
  /* Few synapses: the listed format wins; three delays need four slots. */
  sf_spinnaker2_projection q = {100, 100, 1, 1, false, 3};
  assert_int_equal(sf_spinnaker2_projection_bytes(&q, 200),
                   28 + 100 * 10 + 100 * 3 + 16 + 1200);
}

static void pe_limits_come_from_the_machine(void **state) {
  (void)state;
  sf_machine *m = load("spinnaker2-chip");
  sf_spinnaker2_limits l = sf_spinnaker2_limits_of(m);
  assert_int_equal(l.data_bytes, 67328);
  assert_int_equal(l.work_bytes, 22528);
  sf_machine_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dense_rows_of_the_vendor),
      cmocka_unit_test(kernels_of_the_vendor),
      cmocka_unit_test(totals_of_the_vendor),
      cmocka_unit_test(dense_slices_fit_as_stated),
      cmocka_unit_test(stored_bits_skip_seven),
      cmocka_unit_test(neuron_memory_counts_words),
      cmocka_unit_test(small_states_take_half_a_word),
      cmocka_unit_test(pe_bytes_by_hand),
      cmocka_unit_test(pe_limits_come_from_the_machine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
