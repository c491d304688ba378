/* A leaky integrate-and-fire neuron through LLVM for thumbv7em, ld.lld and QEMU
 * prints its spikes; they equal the interpreter's. The first proof on which the
 * SpiNNaker2 target stands. */
#include "test/support/llvm_batch.h"

static sf_noperand number(int64_t value) {
  return sf_noperand_number(sf_number_int(value));
}

static sf_nvalue *two(sf_neuron *n, sf_nop_kind kind, const char *name,
                      sf_scalar type, sf_noperand a, sf_noperand b) {
  sf_stmt *s = sf_neuron_add_stmt(n, kind, name, type);
  assert_non_null(s);
  s->operand_count = 2;
  s->operand[0] = a;
  s->operand[1] = b;
  return s->result;
}

/* v = v - v/8 + x; fire at 1000, subtract. */
static sf_neuron *build_lif(sf_module *module) {
  sf_neuron *n = sf_neuron_create(module, "lif", SF_NO_LOC);
  sf_nvalue *x = sf_neuron_add_input(n, "x", sf_int(16));
  sf_nvalue *v = sf_neuron_add_state(n, "v", sf_int(24))->value;
  sf_stmt *leak = sf_neuron_add_stmt(n, SF_NOP_SHR, "leak", sf_int(24));
  leak->operand_count = 1;
  leak->operand[0] = sf_noperand_value(v);
  leak->shift = 3;
  leak->round = SF_ROUND_HALF_EVEN;
  sf_nvalue *kept = two(n, SF_NOP_SUB, "kept", sf_int(25), sf_noperand_value(v),
                        sf_noperand_value(leak->result));
  sf_nvalue *sum = two(n, SF_NOP_ADD, "sum", sf_int(24),
                       sf_noperand_value(kept), sf_noperand_value(x));
  n->stmts[n->stmt_count - 1].mode = SF_MODE_SAT;
  sf_nvalue *fires = two(n, SF_NOP_GE, "fires", sf_spike(),
                         sf_noperand_value(sum), number(1000));
  sf_nvalue *less = two(n, SF_NOP_SUB, "less", sf_int(25),
                        sf_noperand_value(sum), number(1000));
  sf_stmt *next = sf_neuron_add_stmt(n, SF_NOP_SELECT, "next", sf_int(25));
  next->operand_count = 3;
  next->operand[0] = sf_noperand_value(fires);
  next->operand[1] = sf_noperand_value(less);
  next->operand[2] = sf_noperand_value(sum);
  sf_stmt *fit = sf_neuron_add_stmt(n, SF_NOP_WIDEN, "fit", sf_int(24));
  fit->operand_count = 1;
  fit->operand[0] = sf_noperand_value(next->result);
  fit->mode = SF_MODE_SAT;
  n->states[0].has_next = true;
  n->states[0].next = sf_noperand_value(fit->result);
  assert_int_equal(sf_neuron_add_emit(n, sf_noperand_value(fires), sf_spike()),
                   SF_OK);
  return n;
}

static void spikes_on_cortex_m4(void **state) {
  (void)state;
  enum { NEURONS = 16, STEPS = 40 };
  sf_module *module = sf_module_create("proof");
  batch *b = calloc(1, sizeof *b);
  b->diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_word *in = batch_add(b, build_lif(module), NEURONS, STEPS);
  for (int t = 0; t < STEPS; t++)
    for (int i = 0; i < NEURONS; i++)
      in[t * NEURONS + i].i = 40 * i - 60 + (t * 37 + i * 11) % 90;
  sf_word *out = batch_run(b, BATCH_CORTEX_M4);
  unsigned spikes = 0;
  for (int i = 0; i < NEURONS; i++) {
    for (int t = 0; t < STEPS; t++) {
      int spike = out[NEURONS + t * NEURONS + i].i;
      spikes += (unsigned)spike;
      putchar(spike ? '|' : '.');
    }
    putchar('\n');
  }
  assert_in_range(spikes, 20, NEURONS * STEPS - 20);
  for (uint32_t i = 0; i < NEURONS; i++)
    batch_check_element(b, &b->entries[0], i, out, "cortex-m4");
  free(out);
  free(b->in);
  sf_diag_destroy(b->diag);
  free(b);
  sf_module_destroy(module);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(spikes_on_cortex_m4)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
