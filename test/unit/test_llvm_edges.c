/* The edges of Lava's fixed-point LIF as generated code. On each x86-64 level
 * that this machine has, on AArch64 under qemu-user and on a Cortex-M4F in
 * QEMU; the expected numbers are Lava's, not the interpreter's. */
#include "test/support/lif_edges.h"
#include "test/support/llvm_batch.h"

typedef struct table {
  batch *b;
  sf_module *modules[LIF_EDGES];
} table;

/* The library's text with the case's states as initial values. */
static void add_edge(table *t, unsigned i) {
  assert_int_equal(sf_library_load(t->b->diag, &t->modules[i]), SF_OK);
  const char *names[] = {"loihi_lif", "loihi_lif_reset"};
  for (unsigned k = 0; k < SF_COUNT_OF(names); k++) {
    sf_neuron *lif = sf_module_find_neuron(
        t->modules[i], (sf_slice){names[k], strlen(names[k])});
    assert_non_null(lif);
    lif->states[0].initial.i = lif_edges[i].u;
    lif->states[1].initial.i = lif_edges[i].v;
    sf_word *in = batch_add(t->b, lif, 1, 1);
    unsigned p = 0;
    in[p++].i = lif_edges[i].di;
    in[p++].i = lif_edges[i].dv;
    in[p++].i = 0;       /* bias */
    in[p++].i = 8388607; /* vth: never a spike */
    if (k) {
      in[p++].i = 9; /* interval; first reset in step 5 */
      in[p++].i = 5;
    }
    assert_int_equal(p, lif->param_count);
    in[p].i = lif_edges[i].input;
  }
}

static int create_table(void **state) {
  table *t = calloc(1, sizeof *t);
  t->b = calloc(1, sizeof *t->b);
  t->b->diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  for (unsigned i = 0; i < LIF_EDGES; i++)
    add_edge(t, i);
  *state = t;
  return 0;
}

static int destroy_table(void **state) {
  table *t = *state;
  for (unsigned i = 0; i < LIF_EDGES; i++)
    sf_module_destroy(t->modules[i]);
  free(t->b->in);
  sf_diag_destroy(t->b->diag);
  free(t->b);
  free(t);
  return 0;
}

static void check(void **state, batch_machine machine) {
  table *t = *state;
  if (!batch_available(machine)) skip();
  sf_word *got = batch_run(t->b, machine);
  for (unsigned n = 0; n < t->b->entry_count; n++) {
    const batch_entry *e = &t->b->entries[n];
    const lif_edge *want = &lif_edges[n / 2];
    const sf_word *after = got + e->out;
    if (after[0].i != want->u_after || after[1].i != want->v_after)
      fail_msg("%s: @%s, case %u: u %d v %d, expected %d %d",
               batch_names[machine], e->neuron->name, n / 2, after[0].i,
               after[1].i, want->u_after, want->v_after);
    assert_int_equal(got[e->out + e->neuron->state_count].i, 0); /* no spike */
  }
  free(got);
}

static void on_v2(void **state) { check(state, BATCH_V2); }
static void on_v3(void **state) { check(state, BATCH_V3); }
static void on_v4(void **state) { check(state, BATCH_V4); }
static void on_aarch64(void **state) { check(state, BATCH_AARCH64); }
static void on_cortex_m4(void **state) { check(state, BATCH_CORTEX_M4); }

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(on_v2),        cmocka_unit_test(on_v3),
      cmocka_unit_test(on_v4),        cmocka_unit_test(on_aarch64),
      cmocka_unit_test(on_cortex_m4),
  };
  return cmocka_run_group_tests(tests, create_table, destroy_table);
}
