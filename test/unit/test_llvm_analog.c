/* Elementwise analog ops as generated code against binary64 and more, written
 * apart: edges, any bits, numbers of the usual sizes; two operands as all pairs
 * of edges. docs/ir.md 4 allows 1e-6; what f32 gives exactly must be exact. */
#include "test/support/llvm_analog.h"

enum { NUMBERS = 4096, EDGES = 64 };

typedef double (*reference)(double x, double y);

static double relu(double x, double y) {
  (void)y;
  return isnan(x) || x > 0 ? x : 0;
}
static double limited(double x, double low, double high) {
  return isnan(x) ? x : x <= low ? low : x >= high ? high : x;
}
static double clip(double x, double y) {
  (void)y;
  return limited(x, -0.5, 0.75);
}
static double clip_above(double x, double y) {
  (void)y;
  return limited(x, 0, (double)INFINITY);
}
static double leaky(double x, double y) {
  (void)y;
  return x < 0 ? (double)0.3f * x : x;
}
static double prelu(double x, double y) { return x < 0 ? x * y : x; }
static double elu(double x, double y) {
  (void)y;
  return x < 0 ? (double)0.3f * expm1(x) : x;
}
static double gelu(double x, double y) {
  (void)y;
  long double z = (long double)x;
  return (double)(z * 0.5L * erfcl(-z / sqrtl(2.0L)));
}
static double gelu_tanh(double x, double y) {
  (void)y;
  long double z = (long double)x, pi = acosl(-1.0L);
  long double inner = sqrtl(2 / pi) * (z + 0.044715L * z * z * z);
  return (double)(z * (1 / (1 + expl(-2 * inner))));
}
static double sigmoid(double x, double y) {
  (void)y;
  return (double)(x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)));
}
static double silu(double x, double y) { return x * sigmoid(x, y); }
static double tanh_of(double x, double y) {
  (void)y;
  return tanh(x);
}
static double hardsigmoid(double x, double y) {
  (void)y;
  return limited((double)0.3f * x + (double)0.4f, 0, 1);
}
static double hardswish(double x, double y) {
  (void)y;
  return x * limited(x / 6 + 0.5, 0, 1);
}
static double exp_of(double x, double y) {
  (void)y;
  return exp(x);
}
static double log_of(double x, double y) {
  (void)y;
  return log(x);
}
static double softplus(double x, double y) {
  (void)y;
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static double erf_of(double x, double y) {
  (void)y;
  return erf(x);
}
static double sqrt_of(double x, double y) {
  (void)y;
  return sqrt(x);
}
static double abs_of(double x, double y) {
  (void)y;
  return fabs(x);
}
static double floor_of(double x, double y) {
  (void)y;
  return floor(x);
}
static double quotient(double x, double y) { return x / y; }
static double square(double x, double y) {
  (void)y;
  return x * x;
}
static double root(double x, double y) {
  (void)y;
  return pow(x, 0.5);
}

static const struct {
  const char *text; /* %z: all numbers; %x, %y: pairs of edges */
  reference of;
  double tolerance;
} cases[] = {
    {"relu %z", relu, 0},
    {"clip %z {min = -0.5, max = 0.75}", clip, 0},
    {"clip %z {min = 0.0}", clip_above, 0},
    {"leaky_relu %z {alpha = 0.3}", leaky, 0},
    {"elu %z {alpha = 0.3}", elu, 1e-6},
    {"gelu %z", gelu, 1e-6},
    {"gelu %z {approximate = tanh}", gelu_tanh, 1e-6},
    {"silu %z", silu, 1e-6},
    {"sigmoid %z", sigmoid, 1e-6},
    {"tanh %z", tanh_of, 1e-6},
    {"hardsigmoid %z {alpha = 0.3, beta = 0.4}", hardsigmoid, 1e-6},
    {"hardswish %z", hardswish, 1e-6},
    {"exp %z", exp_of, 1e-6},
    {"log %z", log_of, 1e-6},
    {"softplus %z", softplus, 1e-6},
    {"erf %z", erf_of, 1e-6},
    {"sqrt %z", sqrt_of, 0},
    {"abs %z", abs_of, 0},
    {"floor %z", floor_of, 0},
    {"pow %z, @two", square, 1e-6},
    {"pow %z, @half", root, 1e-6},
    {"pow %x, %y", pow, 1e-6},
    {"div %x, %y", quotient, 0},
    {"prelu %x, %y", prelu, 0},
    {"prelu %x, @slope", leaky, 0},
};

/* Every op of the table ANALOG | ELEMENTWISE is in `cases`. */
static void every_op_is_tested(void **state) {
  (void)state;
  for (size_t n = 0; n < sf_op_info_count(); n++) {
    const sf_op_info *info = sf_op_info_at(n);
    const uint32_t wanted = SF_TRAIT_ANALOG | SF_TRAIT_ELEMENTWISE;
    bool found = (info->traits & wanted) != wanted;
    for (size_t i = 0; i < SF_COUNT_OF(cases); i++)
      found |= strncmp(cases[i].text, info->mnemonic,
                       strcspn(cases[i].text, " ")) == 0;
    if (!found) fail_msg("no case for '%s'", info->mnemonic);
  }
}

static bool is_pair(size_t n) { return strstr(cases[n].text, "%x") != NULL; }

static char *network_text(void) {
  char *text = malloc(16384), *at = text;
  assert_non_null(text);
  at += sprintf(at,
                "module @m {\nblob @two : f32[1] = splat 2.0\n"
                "blob @half : f32[1] = splat 0.5\n"
                "blob @slope : f32[1, 1] = splat 0.3\n"
                "network @net(%%z: f32[%d], %%u: f32[%d, 1], "
                "%%y: f32[1, %d]) -> (",
                NUMBERS, EDGES, EDGES);
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    at += sprintf(at, "%s%s", n ? ", " : "",
                  is_pair(n) ? "f32[64, 64]" : "f32[4096]");
  /* prelu takes no operand that is wider than its stream. */
  at += sprintf(at, ") {\n%%x = concat %%u");
  for (unsigned i = 1; i < EDGES; i++)
    at += sprintf(at, ", %%u");
  at += sprintf(at, " {axis = 1} : f32[64, 64]\n");
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    at += sprintf(at, "%%r%zu = %s : %s\n", n, cases[n].text,
                  is_pair(n) ? "f32[64, 64]" : "f32[4096]");
  at += sprintf(at, "return");
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    at += sprintf(at, "%s %%r%zu", n ? "," : "", n);
  sprintf(at, "\n}\n}\n");
  return text;
}

static void compare(const analog_machine *machine, const sf_word *z,
                    const sf_word *out) {
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    for (size_t i = 0; i < NUMBERS; i++) {
      float x = is_pair(n) ? analog_edges[i / EDGES] : z[i].f;
      float y = is_pair(n) ? analog_edges[i % EDGES] : 0.0f;
      double want = cases[n].of((double)x, (double)y);
      float got = out[n * NUMBERS + i].f;
      if (!analog_close(got, want, cases[n].tolerance))
        fail_msg("%s: %s of (%a, %a) is %a, expected %a", machine->name,
                 cases[n].text, (double)x, (double)y, (double)got, want);
    }
}

static void check(const analog_machine *machine) {
  if (!analog_available(machine)) skip();
  enum { WORDS = NUMBERS + 2 * EDGES };
  sf_word *in = malloc(WORDS * sizeof *in);
  char *text = network_text();
  assert_non_null(in);
  analog_fill(in, NUMBERS);
  memcpy(in + NUMBERS, analog_edges, sizeof analog_edges);
  memcpy(in + NUMBERS + EDGES, analog_edges, sizeof analog_edges);
  sf_word *out = analog_run(machine, text, in, WORDS,
                            SF_COUNT_OF(cases) * (size_t)NUMBERS);
  compare(machine, in, out);
  free(out);
  free(text);
  free(in);
}

static void on_v2(void **state) {
  (void)state;
  check(&analog_machines[0]);
}
static void on_v3(void **state) {
  (void)state;
  check(&analog_machines[1]);
}
static void on_v4(void **state) {
  (void)state;
  check(&analog_machines[2]);
}
static void on_aarch64(void **state) {
  (void)state;
  check(&analog_machines[3]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_op_is_tested),
      cmocka_unit_test(on_v2),
      cmocka_unit_test(on_v3),
      cmocka_unit_test(on_v4),
      cmocka_unit_test(on_aarch64),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
