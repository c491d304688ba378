/* The elementary functions of generated code against the extended precision of
 * libm, on each machine that code is for: edges, every binade of f32, and
 * random numbers. */
#include "codegen/math.h"
#include "test/support/llvm_batch.h"

enum { NUMBERS = 6000 };

typedef long double (*reference)(long double x, long double y);

static long double exp_of(long double x, long double y) {
  (void)y;
  return expl(x);
}
static long double expm1_of(long double x, long double y) {
  (void)y;
  return expm1l(x);
}
static long double log_of(long double x, long double y) {
  (void)y;
  return logl(x);
}
static long double erf_of(long double x, long double y) {
  (void)y;
  return erfl(x);
}
static long double normal_of(long double x, long double y) {
  (void)y;
  return 0.5L * erfcl(-x / sqrtl(2.0L));
}
static long double tanh_of(long double x, long double y) {
  (void)y;
  return tanhl(x);
}
static long double sigmoid_of(long double x, long double y) {
  (void)y;
  return x > 0 ? 1.0L / (1.0L + expl(-x)) : expl(x) / (1.0L + expl(x));
}
static long double softplus_of(long double x, long double y) {
  (void)y;
  return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

static const struct {
  const char *name;
  reference of;
  double bound; /* relative */
} functions[SF_MATH_COUNT] = {
    [SF_MATH_EXP] = {"exp", exp_of, 2e-12},
    [SF_MATH_EXPM1] = {"expm1", expm1_of, 2e-12},
    [SF_MATH_LOG] = {"log", log_of, 2e-12},
    [SF_MATH_ERF] = {"erf", erf_of, 2e-12},
    [SF_MATH_NORMAL] = {"normal", normal_of, 2e-12},
    [SF_MATH_TANH] = {"tanh", tanh_of, 2e-12},
    [SF_MATH_SIGMOID] = {"sigmoid", sigmoid_of, 2e-12},
    [SF_MATH_SOFTPLUS] = {"softplus", softplus_of, 2e-12},
    [SF_MATH_POW] = {"pow", powl, 2e-12},
};

/* ---- Numbers. ---- */

static const float edges[] = {0.0f,
                              -0.0f,
                              INFINITY,
                              -INFINITY,
                              NAN,
                              0x1p-149f,
                              -0x1p-149f,
                              0x1.8p-127f,
                              0x1p-126f,
                              -0x1p-126f,
                              0x1.fffffep127f,
                              -0x1.fffffep127f,
                              1.0f,
                              -1.0f,
                              0x1.fffffep-1f,
                              0x1.000002p0f,
                              0.5f,
                              -0.5f,
                              2.0f,
                              -2.0f,
                              3.0f,
                              -3.0f,
                              88.72284f,
                              -87.336f,
                              -103.9f,
                              709.0f,
                              709.5f,
                              -708.0f,
                              -708.5f,
                              -745.0f,
                              0.34657f,
                              -0.34657f,
                              0.346575f,
                              1.41421f,
                              -1.41421f,
                              1.4142137f,
                              27.0f,
                              -27.0f,
                              38.2f,
                              -38.2f,
                              0.70710677f,
                              0.7071068f,
                              16777216.0f,
                              -16777217.0f,
                              8388607.5f,
                              0x1p30f,
                              -0x1p31f,
                              1e-8f,
                              -1e-8f,
                              5.0f,
                              -5.0f};

static uint32_t next(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (uint32_t)(*state >> 32);
}

static float number(uint64_t *state, unsigned i) {
  sf_word word;
  switch (i % 4) {
  case 0: /* any bits */
    word.i = (int32_t)next(state);
    return word.f;
  case 1:
    return (float)((double)next(state) / 0x1p32 * 200 - 100);
  case 2:
    return (float)((double)next(state) / 0x1p32 * 12 - 6);
  default:
    return (float)((double)next(state) / 0x1p32 * 2 - 1);
  }
}

/* All pairs of edges, then random pairs. */
static void fill(sf_word *x, sf_word *y) {
  uint64_t state = 1;
  size_t pairs = SF_COUNT_OF(edges) * SF_COUNT_OF(edges);
  assert_true(pairs < NUMBERS);
  for (unsigned i = 0; i < NUMBERS; i++) {
    bool edge = i < pairs;
    x[i].f = edge ? edges[i % SF_COUNT_OF(edges)] : number(&state, i);
    y[i].f = edge ? edges[i / SF_COUNT_OF(edges)] : number(&state, i / 4);
  }
}

/* ---- Code: out[f][i] = f(x[i], y[i]), in binary64. ---- */

static void build(sf_codegen *cg) {
  const LLVMTypeRef types[2] = {cg->pointer, cg->pointer};
  sf_code_function(cg, "batch", cg->void_type, types, 2, false, true);
  for (unsigned f = 0; f < SF_MATH_COUNT; f++) {
    LLVMValueRef y_at = batch_at(cg, 0, NUMBERS);
    LLVMValueRef out = batch_at(cg, 1, 2 * (size_t)f * NUMBERS);
    sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, NUMBERS));
    LLVMValueRef x =
        sf_code_load(cg, cg->f32, sf_code_parameter(cg, 0), loop.i);
    LLVMValueRef y = sf_code_load(cg, cg->f32, y_at, loop.i);
    x = LLVMBuildFPExt(cg->builder, x, cg->f64, "");
    y = f == SF_MATH_POW ? LLVMBuildFPExt(cg->builder, y, cg->f64, "") : NULL;
    sf_code_store(cg, sf_code_math(cg, (sf_math)f, x, y), out, loop.i);
    sf_code_loop_end(cg, &loop);
  }
  LLVMBuildRetVoid(cg->builder);
}

/* ---- Comparison. ---- */

/* Relative error; 0: equal, or both beyond the range of exp. */
static double difference(double got, long double want) {
  if (isnan(want)) return isnan(got) ? 0 : 1;
  if (fabsl(want) < expl(-708)) /* signs of zeros included */
    return fabs(got) <= 0x1p-1021 && !signbit(got) == !signbit(want) ? 0 : 1;
  if (fabsl(want) > expl(709) && got == (double)copysignl(INFINITY, want))
    return 0;
  if (isinf(want)) return 1;
  return (double)fabsl((got - want) / want);
}

static void compare(const sf_word *in, const double *got, const char *machine) {
  for (unsigned f = 0; f < SF_MATH_COUNT; f++) {
    double worst = 0;
    for (unsigned i = 0; i < NUMBERS; i++) {
      float x = in[i].f, y = in[NUMBERS + i].f;
      /* Subnormal numbers of binary64 are no operands of log. */
      long double want = functions[f].of((long double)x, (long double)y);
      double error = difference(got[(size_t)f * NUMBERS + i], want);
      if (!(error <= functions[f].bound))
        fail_msg("%s: %s(%a, %a) is %a, expected %La", machine,
                 functions[f].name, (double)x, (double)y,
                 got[(size_t)f * NUMBERS + i], want);
      if (error > worst) worst = error;
    }
    print_message("%s: %s: largest relative error %.1e\n", machine,
                  functions[f].name, worst);
  }
}

static void check(batch_machine machine) {
  if (!batch_available(machine)) skip();
  batch b = {.diag = sf_diag_create(stderr, SF_DIAG_TEXT),
             .in_words = 2 * NUMBERS,
             .out_words = 2 * (size_t)SF_MATH_COUNT * NUMBERS};
  b.in = calloc(b.in_words, sizeof *b.in);
  assert_non_null(b.in);
  fill(b.in, b.in + NUMBERS);
  sf_word *out = batch_run_built(&b, machine, build);
  double *got = malloc(b.out_words * sizeof *out);
  assert_non_null(got);
  memcpy(got, out, b.out_words * sizeof *out);
  compare(b.in, got, batch_names[machine]);
  free(got);
  free(out);
  free(b.in);
  sf_diag_destroy(b.diag);
}

static void on_v2(void **state) {
  (void)state;
  check(BATCH_V2);
}
static void on_v3(void **state) {
  (void)state;
  check(BATCH_V3);
}
static void on_v4(void **state) {
  (void)state;
  check(BATCH_V4);
}
static void on_aarch64(void **state) {
  (void)state;
  check(BATCH_AARCH64);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(on_v2),
      cmocka_unit_test(on_v3),
      cmocka_unit_test(on_v4),
      cmocka_unit_test(on_aarch64),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
