/* Building and changing modules: names, uses, erasing, replacing, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sf/ir.h"

#include <stdlib.h>
#include <string.h>

static sf_slice slice(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static sf_type vector(sf_scalar scalar, int32_t extent) {
  return sf_type_make(scalar, 1, &extent);
}

/* %a -> relu %r, relu %s(of %r) with the types f32[4]. */
typedef struct fixture {
  sf_module *module;
  sf_network *network;
  sf_value *argument;
  sf_op *first, *second;
} fixture;

static sf_op *add_relu(sf_network *network, sf_op *before, sf_value *x,
                       const char *name) {
  sf_op *op = sf_op_create(network, before, SF_OP_RELU, 1, SF_NO_LOC);
  assert_non_null(op);
  sf_op_set_operand(op, 0, x);
  assert_non_null(sf_op_add_result(op, name, &x->type));
  return op;
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  f->module = sf_module_create("m");
  f->network = sf_network_create(f->module, "n", SF_NO_LOC);
  sf_type type = vector(sf_f32(), 4);
  f->argument = sf_network_add_argument(f->network, "a", &type);
  f->first = add_relu(f->network, NULL, f->argument, "r");
  f->second = add_relu(f->network, NULL, f->first->results[0], "s");
  assert_int_equal(
      sf_network_set_returns(f->network, 1, &f->second->results[0]), SF_OK);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  sf_module_destroy(f->module);
  free(f);
  return 0;
}

static uint32_t count_uses(const sf_value *value) {
  uint32_t count = 0;
  SF_FOREACH_USE(use, value) {
    assert_ptr_equal(use->value, value);
    count++;
  }
  return count;
}

static void expect_text(const sf_module *module, const char *part) {
  char *text;
  assert_int_equal(sf_print(module, NULL, &text), SF_OK);
  if (!strstr(text, part)) fail_msg("no '%s' in\n%s", part, text);
  free(text);
}

static void test_uses(void **state) {
  fixture *f = *state;
  sf_value *r = f->first->results[0], *s = f->second->results[0];
  assert_int_equal(count_uses(f->argument), 1);
  assert_true(sf_value_has_one_use(r));
  sf_op *third = add_relu(f->network, NULL, r, "t");
  assert_int_equal(count_uses(r), 2);
  assert_false(sf_value_has_one_use(r));
  sf_op_set_operand(third, 0, s);
  assert_int_equal(count_uses(r), 1);
  assert_int_equal(count_uses(s), 2); /* the return and the third op */
  sf_value_replace_all_uses(s, f->argument);
  assert_int_equal(count_uses(s), 0);
  assert_int_equal(count_uses(f->argument), 3);
  assert_ptr_equal(f->network->returns[0].value, f->argument);
  sf_value_replace_all_uses(r, r); /* changes nothing, ends */
  assert_int_equal(count_uses(r), 1);
  /* Taking uses away from the middle, the end and the front. */
  sf_op_set_operand(third, 0, r);
  sf_op_set_operand(f->first, 0, r);
  assert_int_equal(count_uses(f->argument), 1);
  assert_int_equal(count_uses(r), 3);
}

static void test_erase(void **state) {
  fixture *f = *state;
  sf_value *r = f->first->results[0], *s = f->second->results[0];
  sf_value_replace_all_uses(s, r);
  sf_op_erase(f->second);
  assert_int_equal(f->network->op_count, 1);
  assert_ptr_equal(f->network->last, f->first);
  assert_null(sf_network_find_value(f->network, slice("s")));
  assert_int_equal(count_uses(r), 1);
  sf_op *again = add_relu(f->network, f->first, f->argument, "s");
  assert_string_equal(again->results[0]->name, "s"); /* free again */
  assert_ptr_equal(f->network->first, again);
  assert_int_equal(sf_network_number(f->network), 2);
  assert_int_equal(again->order, 0);
  sf_op_move_before(again, NULL);
  assert_ptr_equal(f->network->last, again);
  sf_op_move_before(again, again);
  assert_ptr_equal(f->network->last, again);
  sf_network_number(f->network);
  assert_int_equal(f->first->order, 0);
}

static void test_names(void **state) {
  fixture *f = *state;
  sf_op *b = add_relu(f->network, NULL, f->argument, "r");
  sf_op *c = add_relu(f->network, NULL, f->argument, "r.1");
  sf_op *d = add_relu(f->network, NULL, f->argument, NULL);
  assert_string_equal(b->results[0]->name, "r.1");
  assert_string_equal(c->results[0]->name, "r.2");
  assert_string_equal(d->results[0]->name, "v");
  sf_op_erase(b);
  sf_op *e = add_relu(f->network, NULL, f->argument, "r");
  assert_string_equal(e->results[0]->name, "r.1"); /* the first free */
  for (int i = 0; i < 100; i++)
    add_relu(f->network, NULL, f->argument, "r");
  assert_non_null(sf_network_find_value(f->network, slice("r.102")));
  assert_null(sf_network_find_value(f->network, slice("r.103")));
}

static void test_attributes(void **state) {
  fixture *f = *state;
  sf_op *op = sf_op_create(f->network, NULL, SF_OP_CONV, 2, SF_NO_LOC);
  int64_t ints[2];
  assert_false(sf_op_has_attr(op, SF_ATTR_stride));
  sf_op_ints(op, SF_ATTR_stride, 2, ints);
  assert_int_equal(ints[1], 1);
  assert_int_equal(sf_op_int(op, SF_ATTR_round), SF_ROUND_FLOOR);
  assert_int_equal(sf_op_set_int(op, SF_ATTR_shift, 7), SF_OK);
  assert_int_equal(
      sf_op_set_ints(op, SF_ATTR_stride, 2, (const int64_t[]){2, 3}), SF_OK);
  assert_int_equal(op->attrs[0].id, SF_ATTR_stride); /* in table order */
  sf_op_ints(op, SF_ATTR_stride, 2, ints);
  assert_int_equal(ints[0], 2);
  assert_int_equal(ints[1], 3);
  assert_int_equal(sf_op_set_int(op, SF_ATTR_shift, 0), SF_OK);
  assert_false(sf_op_has_attr(op, SF_ATTR_shift)); /* the default */
  assert_int_equal(op->attr_count, 1);
  sf_op *clip = sf_op_create(f->network, NULL, SF_OP_CLIP, 1, SF_NO_LOC);
  assert_true(sf_op_number(clip, SF_ATTR_max) > 1e38F);
  sf_op *delay = sf_op_create(f->network, NULL, SF_OP_DELAY, 1, SF_NO_LOC);
  assert_int_equal(sf_op_int(delay, SF_ATTR_steps), 1);
}

static void test_blob_users(void **state) {
  fixture *f = *state;
  sf_type type = sf_type_make(sf_int(8), 2, (const int32_t[]){2, 4});
  sf_blob *w = sf_blob_create_splat(f->module, "w", &type, sf_number_int(1));
  sf_blob *d = sf_blob_create_splat(f->module, "w", &type, sf_number_int(2));
  assert_string_equal(d->name, "w.1");
  sf_op *op = sf_op_create(f->network, NULL, SF_OP_LINEAR, 2, SF_NO_LOC);
  sf_op_set_operand(op, 0, f->argument);
  sf_op_set_operand_blob(op, 1, w);
  assert_int_equal(sf_op_set_blob(op, SF_ATTR_delays, d), SF_OK);
  assert_int_equal(w->users, 1);
  assert_int_equal(d->users, 1);
  assert_int_equal(sf_op_set_blob(op, SF_ATTR_delays, NULL), SF_OK);
  assert_int_equal(d->users, 0);
  sf_blob_erase(d);
  assert_null(sf_module_find_blob(f->module, slice("w.1")));
  sf_op_erase(op);
  assert_int_equal(w->users, 0);
}

/* A copy shares nothing: the original may go first. */
static void test_clone(void **state) {
  fixture *f = *state;
  sf_module *copy;
  char *before, *after;
  assert_non_null(sf_module_add_log(f->module, SF_EXACT_LAG, 2, "moved"));
  assert_int_equal(sf_print(f->module, NULL, &before), SF_OK);
  assert_int_equal(sf_module_clone(f->module, &copy), SF_OK);
  add_relu(f->network, NULL, f->argument, "later");
  sf_module_destroy(f->module);
  assert_int_equal(sf_print(copy, NULL, &after), SF_OK);
  assert_string_equal(before, after);
  free(before);
  free(after);
  f->module = copy; /* the fixture frees it */
}

static void test_library(void **state) {
  fixture *f = *state;
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_neuron *lif = sf_library_use(f->module, slice("loihi_lif"), diag);
  assert_non_null(lif);
  assert_ptr_equal(sf_library_use(f->module, slice("loihi_lif"), diag), lif);
  /* Another function of that name: the library's comes under a new one. */
  sf_neuron *mine = sf_neuron_create(f->module, "relay", SF_NO_LOC);
  sf_nvalue *x = sf_neuron_add_input(mine, "x", sf_int(8));
  assert_int_equal(sf_neuron_add_emit(mine, sf_noperand_value(x), sf_int(8)),
                   SF_OK);
  sf_neuron *relay = sf_library_use(f->module, slice("relay"), diag);
  assert_string_equal(relay->name, "relay.1");
  assert_ptr_equal(sf_library_use(f->module, slice("relay"), diag), relay);
  assert_false(sf_neuron_same_structure(mine, relay));
  assert_true(sf_neuron_is_stateless(relay));
  assert_false(sf_neuron_is_stateless(lif));
  assert_int_equal(sf_diag_errors(diag), 0);
  assert_null(sf_library_use(f->module, slice("loihi_lff"), diag));
  assert_int_equal(sf_diag_errors(diag), 1);
  assert_int_equal(sf_verify(f->module, diag), SF_OK);
  expect_text(f->module, "neuron @relay.1(%x: i24) -> i24 {");
  sf_diag_destroy(diag);
}

/* What only a builder can do wrong. */
static void test_verify_built(void **state) {
  fixture *f = *state;
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  assert_int_equal(sf_verify(f->module, diag), SF_OK);
  sf_op_move_before(f->second, f->first); /* its operand comes later now */
  assert_int_equal(sf_verify(f->module, diag), SF_FAIL);
  sf_op_move_before(f->first, f->second);
  assert_int_equal(sf_verify(f->module, diag), SF_OK);
  sf_op *empty = sf_op_create(f->network, NULL, SF_OP_RELU, 1, SF_NO_LOC);
  assert_int_equal(sf_verify(f->module, diag), SF_FAIL); /* no operand */
  sf_op_erase(empty);
  sf_network *other = sf_network_create(f->module, "o", SF_NO_LOC);
  sf_op *foreign = sf_op_create(other, NULL, SF_OP_RELU, 1, SF_NO_LOC);
  sf_op_set_operand(foreign, 0, f->argument);
  assert_non_null(sf_op_add_result(foreign, "x", &f->argument->type));
  assert_int_equal(sf_verify(f->module, diag), SF_FAIL);
  sf_op_erase(foreign);
  f->argument->type.dim[0] = 0;
  assert_int_equal(sf_verify(f->module, diag), SF_FAIL);
  f->argument->type.dim[0] = 4;
  assert_int_equal(sf_verify(f->module, diag), SF_OK);
  sf_diag_destroy(diag);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_uses),       TEST(test_erase),        TEST(test_names),
      TEST(test_attributes), TEST(test_blob_users),   TEST(test_clone),
      TEST(test_library),    TEST(test_verify_built),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
