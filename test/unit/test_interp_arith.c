/* Overflow edge table: every integer op, mode and rounding at 2, 8, 24 and 32
 * bits, against a reference on fractions; and the fixed exponential.
 * docs/ir.md 11.
 *
 * The reference shares nothing with ir/arith.c: it represents each exact result
 * as numerator / denominator in 128 bits and rounds by definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sf/interp.h"
#include "support/hash.h"

#include <math.h>
#include <string.h>

__extension__ typedef __int128 wide;

typedef struct fraction {
  wide top, bottom; /* bottom > 0 */
} fraction;

static wide floor_of(wide top, wide bottom) {
  wide quotient = top / bottom;
  return quotient * bottom > top ? quotient - 1 : quotient;
}

/* By the definitions of docs/ir.md 6, each as a floor of something. */
static wide reference_round(fraction x, sf_round round) {
  wide down = floor_of(x.top, x.bottom);
  switch (round) {
  case SF_ROUND_FLOOR:
    return down;
  case SF_ROUND_CEIL:
    return -floor_of(-x.top, x.bottom);
  case SF_ROUND_ZERO:
    return x.top >= 0 ? down : -floor_of(-x.top, x.bottom);
  case SF_ROUND_HALF_UP:
    return floor_of(2 * x.top + x.bottom, 2 * x.bottom);
  case SF_ROUND_HALF_AWAY:
    return x.top >= 0 ? floor_of(2 * x.top + x.bottom, 2 * x.bottom)
                      : -floor_of(-2 * x.top + x.bottom, 2 * x.bottom);
  case SF_ROUND_HALF_EVEN: {
    wide up = floor_of(2 * x.top + x.bottom, 2 * x.bottom);
    bool tie = 2 * (x.top - down * x.bottom) == x.bottom;
    return tie && up % 2 != 0 ? up - 1 : up;
  }
  }
  return 0;
}

/* False: must fit and does not. */
static bool reference_fit(wide value, unsigned bits, sf_mode mode,
                          int32_t *out) {
  wide size = (wide)1 << bits, low = -size / 2, high = size / 2 - 1;
  if (mode == SF_MODE_NONE && (value < low || value > high)) return false;
  if (mode == SF_MODE_SAT)
    value = value < low ? low : value > high ? high : value;
  if (mode == SF_MODE_WRAP) {
    value = ((value % size) + size) % size;
    if (value > high) value -= size;
  }
  *out = (int32_t)value;
  return true;
}

static fraction reference_exact(sf_nop_kind kind, wide a, wide b,
                                unsigned shift) {
  wide power = (wide)1 << shift;
  switch (kind) {
  case SF_NOP_ADD:
    return (fraction){a + b, 1};
  case SF_NOP_SUB:
    return (fraction){a - b, 1};
  case SF_NOP_MUL:
    return (fraction){a * b, 1};
  case SF_NOP_MULSHR:
    return (fraction){a * b, power};
  case SF_NOP_SHR:
    return (fraction){a, power};
  case SF_NOP_SHL:
    return (fraction){a * power, 1};
  case SF_NOP_DIV:
    if (b == 0) return (fraction){0, 1};
    return b < 0 ? (fraction){-a, -b} : (fraction){a, b};
  case SF_NOP_NEG:
    return (fraction){-a, 1};
  case SF_NOP_ABS:
    return (fraction){a < 0 ? -a : a, 1};
  case SF_NOP_MIN:
    return (fraction){a < b ? a : b, 1};
  case SF_NOP_MAX:
    return (fraction){a > b ? a : b, 1};
  default:
    return (fraction){a, 1}; /* widen */
  }
}

/* A function of one statement: emits OP(a, b), operands of `bits` bits. */
typedef struct row {
  sf_nop_kind kind;
  unsigned bits, result_bits, shift;
  sf_mode mode;
  sf_round round;
} row;

static sf_neuron *build(sf_module *module, const row *r) {
  sf_neuron *neuron = sf_neuron_create(module, "f", SF_NO_LOC);
  sf_nvalue *a = sf_neuron_add_input(neuron, "a", sf_int(r->bits));
  sf_nvalue *b = sf_neuron_add_input(neuron, "b", sf_int(r->bits));
  sf_stmt *stmt =
      sf_neuron_add_stmt(neuron, r->kind, "y", sf_int(r->result_bits));
  assert_non_null(stmt);
  stmt->mode = r->mode;
  stmt->shift = (uint8_t)r->shift;
  stmt->round = r->round;
  stmt->operand_count = sf_nop_info_get(r->kind)->operands;
  stmt->operand[0] = sf_noperand_value(a);
  if (stmt->operand_count > 1) stmt->operand[1] = sf_noperand_value(b);
  sf_nvalue *result = stmt->result;
  assert_int_equal(sf_neuron_add_emit(neuron, sf_noperand_value(result),
                                      sf_int(r->result_bits)),
                   SF_OK);
  return neuron;
}

static uint64_t check_pair(const sf_neuron *neuron, const row *r, int32_t a,
                           int32_t b, sf_diag *diag) {
  int32_t expected = 0;
  wide exact =
      reference_round(reference_exact(r->kind, a, b, r->shift), r->round);
  bool fits = reference_fit(exact, r->result_bits, r->mode, &expected);
  sf_word inputs[2] = {{a}, {b}}, emit = {0};
  sf_result got = sf_neuron_eval(neuron, inputs, NULL, NULL, &emit, diag);
  if (got != (fits ? SF_OK : SF_FAIL) || (fits && emit.i != expected))
    fail_msg("%s i%u -> i%u mode %d round %d shift %u: (%d, %d) gives %d %d, "
             "expected %d %d",
             sf_nop_info_get(r->kind)->mnemonic, r->bits, r->result_bits,
             r->mode, r->round, r->shift, a, b, got, emit.i, !fits, expected);
  return 1;
}

static uint64_t check_row(const row *r, sf_diag *diag) {
  const int32_t high = (int32_t)((INT64_C(1) << (r->bits - 1)) - 1);
  const int32_t edges[] = {-high - 1, -high, -(high / 2) - 1, -1,
                           0,         1,     high / 2 + 1,    high};
  uint64_t checked = 0;
  sf_module *module = sf_module_create("t");
  assert_non_null(module);
  const sf_neuron *neuron = build(module, r);
  bool binary = sf_nop_info_get(r->kind)->operands > 1;
  for (size_t i = 0; i < SF_COUNT_OF(edges); i++)
    for (size_t j = 0; j < (binary ? SF_COUNT_OF(edges) : 1); j++)
      checked += check_pair(neuron, r, edges[i], edges[j], diag);
  sf_module_destroy(module);
  return checked;
}

static const sf_nop_kind integer_ops[] = {
    SF_NOP_ADD, SF_NOP_SUB, SF_NOP_MUL, SF_NOP_MULSHR,
    SF_NOP_SHR, SF_NOP_SHL, SF_NOP_DIV, SF_NOP_NEG,
    SF_NOP_ABS, SF_NOP_MIN, SF_NOP_MAX, SF_NOP_WIDEN};

/* All roundings and shifts that the op has. */
static uint64_t check_op(row r, sf_diag *diag) {
  static const unsigned shifts[] = {0, 1, 7, 31, 62};
  uint8_t traits = sf_nop_info_get(r.kind)->traits;
  int rounds = traits & SF_NOP_TRAIT_ROUND ? SF_ROUND_HALF_EVEN + 1 : 1;
  size_t shift_count = !(traits & SF_NOP_TRAIT_SHIFT) ? 1
                       : r.kind == SF_NOP_MULSHR      ? 5
                                                      : 4;
  uint64_t checked = 0;
  for (int round = 0; round < rounds; round++)
    for (size_t n = 0; n < shift_count; n++) {
      r.round = (sf_round)round;
      r.shift = shifts[n];
      checked += check_row(&r, diag);
    }
  return checked;
}

static void overflow_table(void **state) {
  (void)state;
  static const unsigned widths[] = {2, 8, 24, 32};
  static const sf_mode modes[] = {SF_MODE_NONE, SF_MODE_WRAP, SF_MODE_SAT};
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  uint64_t checked = 0;
  for (size_t op = 0; op < SF_COUNT_OF(integer_ops); op++)
    for (size_t a = 0; a < SF_COUNT_OF(widths); a++)
      for (size_t b = 0; b < SF_COUNT_OF(widths); b++)
        for (size_t m = 0; m < SF_COUNT_OF(modes); m++)
          checked += check_op((row){.kind = integer_ops[op],
                                    .bits = widths[a],
                                    .result_bits = widths[b],
                                    .mode = modes[m]},
                              diag);
  sf_diag_destroy(diag);
  assert_true(checked > 100000);
}

/* Ties and extremes of the 64-bit functions themselves. */
static void shift_and_divide(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(11);
  for (int n = 0; n < 200000; n++) {
    uint64_t bits = (uint64_t)sf_random_u32(&random) << 32;
    int64_t value = (int64_t)(bits | sf_random_u32(&random)) >>
                    sf_random_below(&random, 64);
    int64_t divisor = (int64_t)(int32_t)sf_random_u32(&random) >>
                      sf_random_below(&random, 32);
    unsigned shift = sf_random_below(&random, 63);
    if (n % 4 == 0 && shift > 0) /* a tie */
      value = ((value >> shift) | 1) * (INT64_C(1) << (shift - 1));
    sf_round round = (sf_round)sf_random_below(&random, 6);
    wide shifted = reference_round((fraction){value, (wide)1 << shift}, round);
    assert_true(sf_shift_round(value, shift, round) == (int64_t)shifted);
    if (divisor == 0 || (divisor == -1 && value == INT64_MIN)) continue;
    wide divided =
        reference_round(reference_exact(SF_NOP_DIV, value, divisor, 0), round);
    assert_true(sf_divide_round(value, divisor, round) == (int64_t)divided);
  }
  assert_int_equal(sf_divide_round(7, 0, SF_ROUND_CEIL), 0);
}

/* docs/ir.md 6.1, line by line; volatile keeps every rounding. */
static float reference_exp(float x) {
  if (x != x) return x;
  if (x > 88.72283f) return INFINITY;
  if (x < -87.33654f) return 0.0f;
  volatile float t = x * 1.44269504f;
  volatile float n = nearbyintf(t);
  volatile float a = n * 0.693359375f, b = n * -2.12194440e-4f;
  volatile float c = x - a, r = c - b;
  static const float k[] = {1.3981999507e-3f, 8.3334519073e-3f,
                            4.1665795894e-2f, 1.6666665459e-1f,
                            5.0000001201e-1f};
  volatile float p = 1.9875691500e-4f;
  for (size_t i = 0; i < SF_COUNT_OF(k); i++) {
    volatile float m = p * r;
    p = m + k[i];
  }
  volatile float rr = r * r, pr = p * rr, s = pr + r, y = s + 1.0f;
  int whole = (int)n;
  volatile float first = y * (float)exp2(whole / 2);
  return first * (float)exp2(whole - whole / 2);
}

static void exponential(void **state) {
  (void)state;
  double worst = 0;
  for (int n = 0; n <= 1000000; n++) {
    float x = (float)(-88.0 + 177.0 * n / 1000000);
    float got = sf_exp_f32(x), want = reference_exp(x);
    if (memcmp(&got, &want, sizeof got) != 0)
      fail_msg("exp(%.9g) = %.9g, expected %.9g", (double)x, (double)got,
               (double)want);
    double exact = exp((double)x);
    if (x < -87.33654f || x > 88.72283f) continue;
    double ulp = (double)(nextafterf(got, INFINITY) - got);
    double error = fabs((double)got - exact) / ulp;
    if (isfinite(error) && error > worst) worst = error;
  }
  assert_true(worst < 1.0);
  assert_true(isnan(sf_exp_f32(NAN)));
  assert_true(sf_exp_f32(INFINITY) == INFINITY);
  assert_true(sf_exp_f32(-INFINITY) == 0.0f);
  assert_true(sf_exp_f32(0.0f) == 1.0f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(overflow_table),
      cmocka_unit_test(shift_and_divide),
      cmocka_unit_test(exponential),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
