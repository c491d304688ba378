/* test_quantize_neurons.c - degrees of the unit, inferred for functions of the
 * library: which params are factors and which count with the weights. */
#include "passes/quantize_neurons/degrees.h"
#include "sf/ir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A value's degree, by the text of docs/ir.md. */
typedef struct expected {
  const char *value;
  int degree;
} expected;

static int setup(void **state) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_module *library = NULL;
  sf_result result = diag ? sf_library_load(diag, &library) : SF_OOM;
  sf_diag_destroy(diag);
  *state = library;
  return result == SF_OK ? 0 : 1;
}

static int teardown(void **state) {
  sf_module_destroy(*state);
  return 0;
}

static const sf_nvalue *find(const sf_neuron *n, const char *name) {
  for (uint32_t i = 0; i < n->param_count; i++)
    if (strcmp(n->params[i].value->name, name) == 0) return n->params[i].value;
  for (uint32_t i = 0; i < n->state_count; i++)
    if (strcmp(n->states[i].value->name, name) == 0) return n->states[i].value;
  for (uint32_t i = 0; i < n->stmt_count; i++)
    if (strcmp(n->stmts[i].result->name, name) == 0) return n->stmts[i].result;
  fail_msg("@%s has no value '%s'", n->name, name);
  return NULL;
}

static void check(const sf_module *library, const char *name,
                  const expected *values) {
  const sf_neuron *n =
      sf_module_find_neuron(library, (sf_slice){name, strlen(name)});
  assert_non_null(n);
  sf_arena *arena = sf_arena_create();
  assert_non_null(arena);
  sf_degrees degrees;
  assert_int_equal(sf_degrees_infer(n, arena, &degrees), SF_OK);
  if (!values) {
    assert_non_null(degrees.bad_value);
  } else {
    assert_null(degrees.bad_value);
    for (; values->value; values++)
      if (degrees.of[find(n, values->value)->slot] != values->degree)
        fail_msg("@%s: '%s' has degree %d, not %d", name, values->value,
                 degrees.of[find(n, values->value)->slot], values->degree);
  }
  sf_arena_destroy(arena);
}

static void test_leaky(void **state) {
  check(*state, "snntorch_leaky",
        (expected[]){{"beta", 0}, {"theta", 1}, {"mem", 1}, {"m", 1}, {0}});
  check(*state, "sj_lif",
        (expected[]){{"tau", 0}, {"theta", 1}, {"vr", 1}, {"v", 1}, {0}});
  check(*state, "cuba_lif",
        (expected[]){{"alpha", 0}, {"beta", 0}, {"theta", 1}, {"i", 1}, {0}});
}

/* An adaptive threshold counts with the weights, and so does its jump. */
static void test_adaptive(void **state) {
  check(*state, "alif",
        (expected[]){
            {"ka", 0}, {"km", 0}, {"beta", 1}, {"theta", 1}, {"b", 1}, {0}});
}

/* A quotient of potentials is a count. */
static void test_counts(void **state) {
  check(*state, "sinabs_lif",
        (expected[]){{"alpha", 0}, {"theta", 1}, {"q", 0}, {"v", 1}, {0}});
}

/* 0.04 v^2 has the unit of v, so the factor has one over it. */
static void test_quadratic(void **state) {
  check(*state, "izhikevich",
        (expected[]){{"vv", 2}, {"v", 1}, {"u", 1}, {"c", 1}, {"h", 0}, {0}});
}

/* What is taken by an exponential has a unit of its own; conversion refuses the
 * op, the degrees of the rest are found all the same or said to clash. */
static void test_every_function_ends(void **state) {
  const sf_module *library = *state;
  for (const sf_neuron *n = library->first_neuron; n; n = n->next) {
    sf_arena *arena = sf_arena_create();
    assert_non_null(arena);
    sf_degrees degrees;
    assert_int_equal(sf_degrees_infer(n, arena, &degrees), SF_OK);
    for (uint32_t i = 0; i < n->input_count && !degrees.bad_value; i++)
      assert_int_equal(degrees.of[n->inputs[i]->slot],
                       sf_is_f32(n->inputs[i]->type));
    sf_arena_destroy(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_leaky, setup, teardown),
      cmocka_unit_test_setup_teardown(test_adaptive, setup, teardown),
      cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
      cmocka_unit_test_setup_teardown(test_quadratic, setup, teardown),
      cmocka_unit_test_setup_teardown(test_every_function_ends, setup,
                                      teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
