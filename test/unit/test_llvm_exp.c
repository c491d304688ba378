/* The exponential of docs/ir.md 6.1 on a million inputs, bit for bit, on every
 * machine. The expected values are computed here, from the text of that page.
 */
#include "test/support/llvm_batch.h"

enum { COUNT = 1000000 };

static float expected(float x) {
  if (x != x) return x;
  if (x > 88.72283f) return INFINITY;
  if (x < -87.33654f) return 0.0f;
  volatile float n = rintf(x * 1.44269504f), t = n * 0.693359375f;
  volatile float r = x - t;
  t = n * -2.12194440e-4f;
  r = r - t;
  volatile float p = 1.9875691500e-4f * r;
  p = p + 1.3981999507e-3f;
  p = p * r;
  p = p + 8.3334519073e-3f;
  p = p * r;
  p = p + 4.1665795894e-2f;
  p = p * r;
  p = p + 1.6666665459e-1f;
  p = p * r;
  p = p + 5.0000001201e-1f;
  t = r * r;
  p = p * t;
  p = p + r;
  p = p + 1.0f;
  int whole = (int)n, half = whole / 2;
  p = p * ldexpf(1.0f, half);
  return p * ldexpf(1.0f, whole - half);
}

/* The range and a little beyond, evenly, and bit patterns from everywhere. */
static void fill(sf_word *in) {
  for (uint32_t i = 0; i < COUNT; i++)
    if (i % 8 == 7)
      in[i].i = (int32_t)(i * 2654435761u);
    else
      in[i].f = -90.0f + 180.0f * (float)i / (float)COUNT;
}

static void same_bits_everywhere(void **state) {
  (void)state;
  batch *b = calloc(1, sizeof *b);
  b->diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_module *module = sf_module_create("exp");
  sf_neuron *n = sf_neuron_create(module, "exp", SF_NO_LOC);
  sf_nvalue *x = sf_neuron_add_input(n, "x", sf_f32());
  sf_stmt *s = sf_neuron_add_stmt(n, SF_NOP_EXP, "y", sf_f32());
  s->operand_count = 1;
  s->operand[0] = sf_noperand_value(x);
  assert_int_equal(
      sf_neuron_add_emit(n, sf_noperand_value(s->result), sf_f32()), SF_OK);
  sf_word *in = batch_add(b, n, COUNT, 1);
  fill(in);
  for (int machine = 0; machine < BATCH_MACHINES; machine++) {
    if (!batch_available((batch_machine)machine)) continue;
    sf_word *out = batch_run(b, (batch_machine)machine);
    for (uint32_t i = 0; i < COUNT; i++) {
      sf_word want = {.f = expected(in[i].f)};
      if (!batch_same(out[i], want, sf_f32()))
        fail_msg("%s: exp(%a) is %a, expected %a", batch_names[machine],
                 (double)in[i].f, (double)out[i].f, (double)want.f);
    }
    free(out);
  }
  free(b->in);
  sf_diag_destroy(b->diag);
  free(b);
  sf_module_destroy(module);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits_everywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
