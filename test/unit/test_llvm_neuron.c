/* Neuron functions as generated code against sf_neuron_eval: every integer op
 * with every mode and rounding at the edges of its width, f32 ops on edges and
 * on random bits, conversions, lookup - on each x86-64 level that this machine
 * has, on AArch64 under qemu-user and on a Cortex-M4F in QEMU. */
#include "test/support/llvm_batch.h"

#include "support/hash.h"

enum { ROUNDS = 6, WIDTHS = 4, EDGES = 11, RANDOM = 71 };
enum { ELEMENTS = EDGES * EDGES + RANDOM };

static const unsigned widths[WIDTHS] = {2, 8, 24, 32};
static const sf_mode modes[2] = {SF_MODE_WRAP, SF_MODE_SAT};

typedef struct shape {
  sf_nop_kind kind;
  unsigned operands;
  bool rounds, shifts;
} shape;

static const shape integer_ops[] = {
    {SF_NOP_ADD, 2, false, false}, {SF_NOP_SUB, 2, false, false},
    {SF_NOP_MUL, 2, false, false}, {SF_NOP_MULSHR, 2, true, true},
    {SF_NOP_SHR, 1, true, true},   {SF_NOP_SHL, 1, false, true},
    {SF_NOP_DIV, 2, true, false},  {SF_NOP_NEG, 1, false, false},
    {SF_NOP_ABS, 1, false, false}, {SF_NOP_MIN, 2, false, false},
    {SF_NOP_MAX, 2, false, false}, {SF_NOP_WIDEN, 1, false, false},
};

static unsigned shifts_of(sf_nop_kind kind, unsigned out[5]) {
  static const unsigned few[] = {0, 1, 7, 31}, many[] = {0, 1, 12, 31, 62};
  if (kind == SF_NOP_MULSHR) {
    memcpy(out, many, sizeof many);
    return 5;
  }
  memcpy(out, few, sizeof few);
  return kind == SF_NOP_SHR || kind == SF_NOP_SHL ? 4 : 1;
}

static sf_noperand use(sf_nvalue *value) { return sf_noperand_value(value); }

/* One statement and its result as an emit. */
static sf_stmt *emit_stmt(sf_neuron *n, sf_nop_kind kind, sf_scalar type,
                          unsigned operands, sf_nvalue *const *values) {
  char name[48];
  snprintf(name, sizeof name, "r%u", n->stmt_count);
  sf_stmt *s = sf_neuron_add_stmt(n, kind, name, type);
  assert_non_null(s);
  s->operand_count = (uint8_t)operands;
  for (unsigned i = 0; i < operands; i++)
    s->operand[i] = use(values[i]);
  assert_int_equal(sf_neuron_add_emit(n, use(s->result), type), SF_OK);
  return s;
}

/* Results narrower, equal and wider than the operands. */
static void add_variants(sf_neuron *n, const shape *op, unsigned bits,
                         unsigned shift, sf_nvalue *const *values) {
  const unsigned results[2] = {bits, bits == 8 ? 24u : 8u};
  for (unsigned r = 0; r < 2; r++)
    for (unsigned mode = 0; mode < 2; mode++)
      for (unsigned round = 0; round < (op->rounds ? ROUNDS : 1u); round++) {
        sf_stmt *s =
            emit_stmt(n, op->kind, sf_int(results[r]), op->operands, values);
        s->mode = modes[mode];
        s->round = (sf_round)round;
        s->shift = (uint8_t)shift;
      }
}

/* Results without a mode, of a width that always fits. */
static void add_proved(sf_neuron *n, const shape *op, unsigned bits,
                       unsigned shift, sf_nvalue *const *values) {
  unsigned grow = op->kind == SF_NOP_MUL      ? bits
                  : op->kind == SF_NOP_SHL    ? shift
                  : op->kind == SF_NOP_MULSHR ? bits
                                              : 1;
  if (bits + grow > 32) return;
  for (unsigned round = 0; round < (op->rounds ? ROUNDS : 1u); round++) {
    sf_stmt *s =
        emit_stmt(n, op->kind, sf_int(bits + grow), op->operands, values);
    s->round = (sf_round)round;
    s->shift = (uint8_t)shift;
  }
}

static sf_neuron *integer_neuron(sf_module *module, const shape *op,
                                 unsigned bits, unsigned shift) {
  char name[64];
  snprintf(name, sizeof name, "%s_%u_%u", sf_nop_info_get(op->kind)->mnemonic,
           bits, shift);
  sf_neuron *n = sf_neuron_create(module, name, SF_NO_LOC);
  sf_nvalue *values[2] = {sf_neuron_add_input(n, "a", sf_int(bits)),
                          sf_neuron_add_input(n, "b", sf_int(bits))};
  add_variants(n, op, bits, shift, values);
  add_proved(n, op, bits, shift, values);
  return n;
}

static int32_t edge(unsigned bits, unsigned i) {
  int64_t low = -(INT64_C(1) << (bits - 1)), high = -low - 1;
  const int64_t edges[EDGES] = {low, low + 1,  low / 2,      -3,       -1,  0,
                                1,   high / 3, high / 2 + 1, high - 1, high};
  int64_t e = edges[i];
  return (int32_t)(e < low ? low : e > high ? high : e);
}

/* All pairs of edges, then random values of the width. */
static void fill_pairs(sf_word *in, unsigned bits, sf_random *random) {
  sf_word *a = in, *b = in + ELEMENTS;
  for (unsigned i = 0; i < EDGES * EDGES; i++) {
    a[i].i = edge(bits, i / EDGES);
    b[i].i = edge(bits, i % EDGES);
  }
  for (unsigned i = EDGES * EDGES; i < ELEMENTS; i++) {
    a[i].i = (int32_t)(sf_random_u32(random)) >> (32 - bits);
    b[i].i = (int32_t)(sf_random_u32(random)) >> (32 - bits);
  }
}

static void add_integers(batch *b, sf_module *module, sf_random *random) {
  for (unsigned k = 0; k < SF_COUNT_OF(integer_ops); k++)
    for (unsigned w = 0; w < WIDTHS; w++) {
      unsigned shifts[5], count = shifts_of(integer_ops[k].kind, shifts);
      for (unsigned s = 0; s < count; s++) {
        sf_neuron *n =
            integer_neuron(module, &integer_ops[k], widths[w], shifts[s]);
        fill_pairs(batch_add(b, n, ELEMENTS, 1), widths[w], random);
      }
    }
}

/* ---- Comparisons, logic, select, lookup, conversions. ---- */

static void add_comparisons(batch *b, sf_module *module, sf_random *random) {
  sf_neuron *n = sf_neuron_create(module, "compare", SF_NO_LOC);
  sf_nvalue *v[3] = {sf_neuron_add_input(n, "a", sf_int(24)),
                     sf_neuron_add_input(n, "b", sf_int(24)), NULL};
  for (int kind = SF_NOP_EQ; kind <= SF_NOP_GE; kind++)
    emit_stmt(n, (sf_nop_kind)kind, sf_spike(), 2, v);
  sf_nvalue *p = n->stmts[2].result, *q = n->stmts[0].result;
  sf_nvalue *spikes[2] = {p, q};
  emit_stmt(n, SF_NOP_AND, sf_spike(), 2, spikes);
  emit_stmt(n, SF_NOP_OR, sf_spike(), 2, spikes);
  emit_stmt(n, SF_NOP_XOR, sf_spike(), 2, spikes);
  emit_stmt(n, SF_NOP_NOT, sf_spike(), 1, spikes);
  sf_nvalue *choice[3] = {p, v[0], v[1]};
  emit_stmt(n, SF_NOP_SELECT, sf_int(24), 3, choice);
  sf_nvalue *spike_choice[3] = {q, p, q};
  emit_stmt(n, SF_NOP_SELECT, sf_spike(), 3, spike_choice);
  emit_stmt(n, SF_NOP_WIDEN, sf_int(2), 1, spikes);
  emit_stmt(n, SF_NOP_TO_FLOAT, sf_f32(), 1, spikes);
  fill_pairs(batch_add(b, n, ELEMENTS, 1), 24, random);
}

static void add_lookup(batch *b, sf_module *module, sf_random *random) {
  const int32_t dim = 5, table[5] = {-7, 100, 3, -128, 127};
  const float reals[5] = {0.5f, -1.0f, 2.25f, 1e30f, -3e-30f};
  sf_type type = sf_type_make(sf_int(8), 1, &dim);
  sf_type real_type = sf_type_make(sf_f32(), 1, &dim);
  sf_neuron *n = sf_neuron_create(module, "lookup", SF_NO_LOC);
  sf_nvalue *v[2] = {sf_neuron_add_input(n, "a", sf_int(8)),
                     sf_neuron_add_input(n, "b", sf_int(8))};
  emit_stmt(n, SF_NOP_LOOKUP, sf_int(8), 1, v)->blob =
      sf_blob_create_i32(module, "table", &type, table);
  emit_stmt(n, SF_NOP_LOOKUP, sf_f32(), 1, v + 1)->blob =
      sf_blob_create_f32(module, "reals", &real_type, reals);
  emit_stmt(n, SF_NOP_TO_FLOAT, sf_f32(), 1, v);
  fill_pairs(batch_add(b, n, ELEMENTS, 1), 8, random);
  n = sf_neuron_create(module, "float32", SF_NO_LOC);
  v[0] = sf_neuron_add_input(n, "a", sf_int(32));
  v[1] = sf_neuron_add_input(n, "b", sf_int(32));
  emit_stmt(n, SF_NOP_TO_FLOAT, sf_f32(), 1, v);
  fill_pairs(batch_add(b, n, ELEMENTS, 1), 32, random);
}

/* ---- rand: a population's draws. ---- */

static void add_random(batch *b, sf_module *module) {
  sf_neuron *n = sf_neuron_create(module, "rand", SF_NO_LOC);
  sf_neuron_add_input(n, "a", sf_int(8));
  emit_stmt(n, SF_NOP_RAND, sf_int(32), 0, NULL);
  emit_stmt(n, SF_NOP_RAND, sf_int(32), 0, NULL)->occurrence = 1;
  batch_add(b, n, 1, 1); /* element 0, step 0, seed 0: what eval draws */
}

/* ---- f32.
 * ---------------------------------------------------------------------------
 */

static const float float_edges[] = {
    0.0f,        -0.0f,        0.5f,         -0.5f,         1.5f,
    2.5f,        -1.5f,        -2.5f,        0.49999997f,   -0.49999997f,
    0.99999994f, 8388607.5f,   8388608.0f,   -8388607.5f,   4194303.5f,
    16777217.0f, 2147483520.f, 2147483648.f, -2147483648.f, 4294967296.f,
    1e20f,       -3e25f,       INFINITY,     -INFINITY,     NAN,
    1e-45f,      -1e-40f,      127.5f,       -128.5f,       3.4e38f,
    88.72283f,   88.7229f,     -87.33654f,   -87.3366f,     1.0f,
    100.25f};

static void fill_floats(sf_word *in, uint32_t count, sf_random *random) {
  uint32_t edges = SF_COUNT_OF(float_edges);
  for (uint32_t i = 0; i < 2 * count; i++)
    if (i % count < edges)
      in[i].f = float_edges[i < count ? i : (7 * i) % edges];
    else if (i % 3 == 0)
      in[i].i = (int32_t)sf_random_u32(random);
    else
      in[i].f = (float)(sf_random_unit(random) * 600.0 - 300.0);
}

static void add_floats(batch *b, sf_module *module, sf_random *random) {
  static const sf_nop_kind unary[] = {SF_NOP_NEG,   SF_NOP_ABS,  SF_NOP_SQRT,
                                      SF_NOP_FLOOR, SF_NOP_CEIL, SF_NOP_TRUNC,
                                      SF_NOP_RINT,  SF_NOP_EXP};
  static const sf_nop_kind binary[] = {SF_NOP_ADD, SF_NOP_SUB, SF_NOP_MUL,
                                       SF_NOP_DIV, SF_NOP_MIN, SF_NOP_MAX};
  sf_neuron *n = sf_neuron_create(module, "floats", SF_NO_LOC);
  sf_nvalue *v[2] = {sf_neuron_add_input(n, "a", sf_f32()),
                     sf_neuron_add_input(n, "b", sf_f32())};
  for (unsigned i = 0; i < SF_COUNT_OF(unary); i++)
    emit_stmt(n, unary[i], sf_f32(), 1, v);
  for (unsigned i = 0; i < SF_COUNT_OF(binary); i++)
    emit_stmt(n, binary[i], sf_f32(), 2, v);
  for (int kind = SF_NOP_EQ; kind <= SF_NOP_GE; kind++)
    emit_stmt(n, (sf_nop_kind)kind, sf_spike(), 2, v);
  fill_floats(batch_add(b, n, 600, 1), 600, random);
  n = sf_neuron_create(module, "to_int", SF_NO_LOC);
  v[0] = sf_neuron_add_input(n, "a", sf_f32());
  v[1] = sf_neuron_add_input(n, "b", sf_f32());
  for (unsigned w = 0; w < WIDTHS; w++)
    for (unsigned round = 0; round < ROUNDS; round++)
      for (unsigned mode = 0; mode < 2; mode++) {
        sf_stmt *s = emit_stmt(n, SF_NOP_TO_INT, sf_int(widths[w]), 1, v);
        s->round = (sf_round)round;
        s->mode = modes[mode];
      }
  fill_floats(batch_add(b, n, 600, 1), 600, random);
}

typedef struct table {
  batch *b;
  sf_module *module;
} table;

static int create_table(void **state) {
  table *t = calloc(1, sizeof *t);
  t->b = calloc(1, sizeof *t->b);
  t->module = sf_module_create("table");
  t->b->diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_random random = sf_random_seeded(20261124);
  add_integers(t->b, t->module, &random);
  add_comparisons(t->b, t->module, &random);
  add_lookup(t->b, t->module, &random);
  add_random(t->b, t->module);
  add_floats(t->b, t->module, &random);
  *state = t;
  return 0;
}

static int destroy_table(void **state) {
  table *t = *state;
  free(t->b->in);
  sf_diag_destroy(t->b->diag);
  free(t->b);
  sf_module_destroy(t->module);
  free(t);
  return 0;
}

static void check(void **state, batch_machine machine) {
  table *t = *state;
  if (!batch_available(machine)) skip();
  batch_check(t->b, machine);
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
