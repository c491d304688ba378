/* sf_s2_synapses_collect: the synapses of each projection, summed into a matrix
 * for each delay, equal what the interpreter answers to a single event at each
 * input; one convolution is counted by hand. */
#include "interp_harness.h"

#include "targets/spinnaker2/plan.h"

enum { DELAYS = 8 };

typedef struct probe {
  harness h;
  s2_leaf leaf;
  uint32_t inputs, outputs;
} probe;

/* `text`: blobs and a network whose value %y is the projection of %x. */
static void probe_open(probe *p, const char *text) {
  *p = (probe){0};
  harness_open(&p->h, text);
  const sf_value *y = harness_value(&p->h, "y");
  const sf_value *x = p->h.network->arguments[0];
  p->leaf = (s2_leaf){y->op, y, x};
  p->inputs = (uint32_t)sf_type_elements(&x->type);
  p->outputs = (uint32_t)sf_type_elements(&y->type);
}

/* [delay, output, input] of what one event of 1 in step 0 gives. Malloc'ed. */
static int32_t *impulse_responses(probe *p) {
  int32_t *out = calloc((size_t)DELAYS * p->outputs * p->inputs, sizeof *out);
  sf_word *in = calloc(p->inputs, sizeof *in);
  assert_non_null(out);
  assert_non_null(in);
  for (uint32_t j = 0; j < p->inputs; j++) {
    sf_interp_reset(p->h.interp);
    for (uint32_t t = 0; t < DELAYS; t++) {
      const sf_word *words = in;
      in[j].i = t == 0;
      assert_int_equal(sf_interp_step(p->h.interp, &words), SF_OK);
      const sf_word *y = sf_interp_value(p->h.interp, p->leaf.value);
      for (uint32_t i = 0; i < p->outputs; i++)
        out[((size_t)t * p->outputs + i) * p->inputs + j] = y[i].i;
    }
  }
  free(in);
  return out;
}

/* The same from synapses into `elements`; every other row stays 0. */
static int32_t *synapse_matrices(const probe *p, const uint32_t *elements,
                                 uint32_t count) {
  int32_t *out = calloc((size_t)DELAYS * p->outputs * p->inputs, sizeof *out);
  assert_non_null(out);
  s2_synapses synapses;
  assert_int_equal(sf_s2_synapses_collect(&p->leaf, elements, count, &synapses),
                   SF_OK);
  uint32_t last = 0;
  for (size_t k = 0; k < synapses.count; k++) {
    const s2_synapse *s = &synapses.items[k];
    assert_true(s->target < count && s->input < p->inputs && s->delay < DELAYS);
    assert_true(s->target >= last); /* ordered by target */
    last = s->target;
    out[((size_t)s->delay * p->outputs + elements[s->target]) * p->inputs +
        s->input] += s->weight;
  }
  sf_s2_synapses_destroy(&synapses);
  assert_null(synapses.items);
  return out;
}

static void check_elements(const probe *p, const int32_t *expected,
                           const uint32_t *elements, uint32_t count) {
  int32_t *got = synapse_matrices(p, elements, count);
  bool *asked = calloc(p->outputs, sizeof *asked);
  assert_non_null(asked);
  for (uint32_t k = 0; k < count; k++)
    asked[elements[k]] = true;
  for (uint32_t t = 0; t < DELAYS; t++)
    for (uint32_t i = 0; i < p->outputs; i++)
      for (uint32_t j = 0; j < p->inputs; j++) {
        size_t at = ((size_t)t * p->outputs + i) * p->inputs + j;
        int32_t want = asked[i] ? expected[at] : 0;
        if (got[at] != want)
          fail_msg("output %u, input %u, delay %u: %d, expected %d", i, j, t,
                   got[at], want);
      }
  free(asked);
  free(got);
}

/* All targets, then every third: a slice need not begin at 0. */
static void check_projection(const char *text) {
  probe p;
  probe_open(&p, text);
  int32_t *expected = impulse_responses(&p);
  uint32_t *elements = calloc(p.outputs, sizeof *elements);
  assert_non_null(elements);
  for (uint32_t i = 0; i < p.outputs; i++)
    elements[i] = i;
  check_elements(&p, expected, elements, p.outputs);
  uint32_t some = 0;
  for (uint32_t i = p.outputs % 3; i < p.outputs; i += 3)
    elements[some++] = i;
  check_elements(&p, expected, elements, some);
  free(elements);
  free(expected);
  harness_close(&p.h);
}

static void dense(void **state) {
  (void)state;
  check_projection(
      "blob @w : i8[3, 4] = dense [1, -2, 0, 4, 5, 6, -7, 8, 9, 10, 11, 0]\n"
      "network @n(%x: i8[4]) -> (i24[3]) {\n"
      "  %y = linear %x, @w : i24[3]  return %y }\n");
  /* over the last axis of three, each with the same weights */
  check_projection("blob @w : i8[2, 3] = dense [1, -2, 3, 4, 5, -6]\n"
                   "network @n(%x: i8[2, 2, 3]) -> (i24[2, 2, 2]) {\n"
                   "  %y = linear %x, @w : i24[2, 2, 2]  return %y }\n");
}

static void delays(void **state) {
  (void)state;
  check_projection(
      "blob @w : i8[2, 3] = dense [1, -2, 3, 4, 5, -6]\n"
      "blob @d : i7[2, 3] = dense [0, 7, 2, 3, 0, 5]\n"
      "network @n(%x: i8[3]) -> (i24[2]) {\n"
      "  %y = linear %x, @w {delays = @d} : i24[2]  return %y }\n");
  check_projection("blob @e : i32[4, 2] = dense [0, 1, 0, 3, 2, 0, 2, 1]\n"
                   "blob @w : i8[4] = dense [5, -6, 7, 8]\n"
                   "blob @d : i7[4] = dense [1, 0, 6, 7]\n"
                   "network @n(%x: i8[4]) -> (i24[4]) {\n"
                   "  %y = sparse %x, @e, @w {rows = 4, delays = @d} : i24[4]\n"
                   "  return %y }\n");
}

/* Targets without an edge at the begin, in the middle, at the end. */
static void sparse_edges(void **state) {
  (void)state;
  check_projection(
      "blob @e : i32[5, 2] = dense [1, 0, 1, 2, 1, 4, 3, 2, 4, 4]\n"
      "blob @w : i8[5] = dense [5, -6, 7, 8, 9]\n"
      "network @n(%x: i8[5]) -> (i24[6]) {\n"
      "  %y = sparse %x, @e, @w {rows = 6} : i24[6]  return %y }\n");
}

#define KERNEL_24                                                              \
  "dense [1, -2, 3, 4, 5, -6, 7, 8, 9, 10, -11, 12, 13, 14, 15, -16, 17, 18, " \
  "19, 20, -21, 22, 23, 24]"

static void convolutions(void **state) {
  (void)state;
  /* groups, unequal strides, padding and dilation */
  check_projection("blob @w : i8[4, 1, 2, 3] = " KERNEL_24 "\n"
                   "network @n(%x: i8[2, 5, 6]) -> (i24[4, 3, 5]) {\n"
                   "  %y = conv %x, @w {groups = 2, stride = [2, 1], "
                   "pad = [1, 2, 0, 1], dilation = [1, 2]} : i24[4, 3, 5]\n"
                   "  return %y }\n");
  check_projection(
      "blob @w : i8[4, 2, 3] = " KERNEL_24 "\n"
      "network @n(%x: i8[2, 7]) -> (i24[4, 4]) {\n"
      "  %y = conv %x, @w {stride = 2, pad = 1} : i24[4, 4]  return %y }\n");
}

static void transposed_convolutions(void **state) {
  (void)state;
  check_projection("blob @w : i8[2, 2, 2, 3] = " KERNEL_24 "\n"
                   "network @n(%x: i8[2, 3, 2]) -> (i24[2, 5, 7]) {\n"
                   "  %y = convt %x, @w {stride = [2, 3], pad = [1, 0, 0, 0], "
                   "out_pad = [0, 1]} : i24[2, 5, 7]  return %y }\n");
  check_projection("blob @w : i8[4, 2, 3] = " KERNEL_24 "\n"
                   "network @n(%x: i8[4, 3]) -> (i24[4, 9]) {\n"
                   "  %y = convt %x, @w {stride = 2, dilation = 2, groups = 2} "
                   ": i24[4, 9]  return %y }\n");
}

static void sum_pools(void **state) {
  (void)state;
  check_projection(
      "network @n(%x: i8[2, 5, 4]) -> (i24[2, 3, 3]) {\n"
      "  %y = pool %x {kind = sum, kernel = [3, 2], stride = [2, 1], "
      "pad = [1, 0, 1, 0]} : i24[2, 3, 3]  return %y }\n");
}

/* A stream as it is: one synapse of weight 1 an element. */
static void identity(void **state) {
  (void)state;
  probe p;
  probe_open(&p, "network @n(%x: i8[5]) -> (i8[5]) {\n"
                 "  %y = delay %x : i8[5]  return %y }\n");
  p.leaf.op = NULL;
  static const uint32_t elements[] = {1, 4};
  s2_synapses synapses;
  assert_int_equal(sf_s2_synapses_collect(&p.leaf, elements, 2, &synapses),
                   SF_OK);
  assert_int_equal(synapses.count, 2);
  for (uint32_t k = 0; k < 2; k++) {
    const s2_synapse want = {elements[k], k, 1, 0};
    assert_memory_equal(&synapses.items[k], &want, sizeof want);
  }
  sf_s2_synapses_destroy(&synapses);
  harness_close(&p.h);
}

/* The corner of a 3 x 3 image under a 2 x 2 kernel, padding at the begin only:
 * one tap is left, the last. The middle has all four, rows first. */
static void a_window_by_hand(void **state) {
  (void)state;
  probe p;
  probe_open(&p, "blob @w : i8[1, 1, 2, 2] = dense [10, 20, 30, 40]\n"
                 "network @n(%x: i8[1, 3, 3]) -> (i24[1, 3, 3]) {\n"
                 "  %y = conv %x, @w {pad = [1, 1, 0, 0]} : i24[1, 3, 3]\n"
                 "  return %y }\n");
  static const uint32_t elements[] = {0, 4};
  static const s2_synapse want[] = {{0, 0, 40, 0},
                                    {0, 1, 10, 0},
                                    {1, 1, 20, 0},
                                    {3, 1, 30, 0},
                                    {4, 1, 40, 0}};
  s2_synapses synapses;
  assert_int_equal(sf_s2_synapses_collect(&p.leaf, elements, 2, &synapses),
                   SF_OK);
  assert_int_equal(synapses.count, SF_COUNT_OF(want));
  assert_memory_equal(synapses.items, want, sizeof want);
  sf_s2_synapses_destroy(&synapses);
  harness_close(&p.h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dense),
      cmocka_unit_test(delays),
      cmocka_unit_test(sparse_edges),
      cmocka_unit_test(convolutions),
      cmocka_unit_test(transposed_convolutions),
      cmocka_unit_test(sum_pools),
      cmocka_unit_test(identity),
      cmocka_unit_test(a_window_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
