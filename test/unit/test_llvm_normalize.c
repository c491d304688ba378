/* Softmax, the norms, argmax, quantize, dequantize, pool and slice of analog
 * networks as generated code, against extended precision written apart.
 * docs/ir.md 4: 1e-5 for softmax and norms; the others are exact. */
#include "test/support/llvm_analog.h"

enum { C = 6, H = 4, W = 5, PLANE = H * W, SIZE = C * PLANE };

/* Channel constants, as in `blobs`. */
static const float scale_of[C] = {1.5f, -0.25f, 2.0f, 0.125f, 1.0f, -3.0f};
static const float bias_of[C] = {0.5f, 0.25f, -1.0f, 0.0f, 10.0f, -0.125f};
static const float mean_of[C] = {0.1f, -0.2f, 0.3f, 0.0f, 1.0f, -1.0f};
static const float variance_of[C] = {1.0f, 0.5f, 2.0f, 0.25f, 4.0f, 0.01f};
static const char blobs[] =
    "blob @s : f32[6] = dense [1.5, -0.25, 2.0, 0.125, 1.0, -3.0]\n"
    "blob @s3 : f32[6, 1, 1] = dense [1.5, -0.25, 2.0, 0.125, 1.0, -3.0]\n"
    "blob @b : f32[6] = dense [0.5, 0.25, -1.0, 0.0, 10.0, -0.125]\n"
    "blob @m : f32[6] = dense [0.1, -0.2, 0.3, 0.0, 1.0, -1.0]\n"
    "blob @v : f32[6] = dense [1.0, 0.5, 2.0, 0.25, 4.0, 0.01]\n"
    "blob @t : f32[5] = dense [1.5, -0.25, 2.0, 0.125, 1.0]\n"
    "blob @u : f32[4, 1] = dense [0.5, 0.25, -1.0, 10.0]\n"
    "blob @q : f32 = splat 0.1\n"
    "blob @z : i8[6] = dense [3, -4, 0, 7, 100, -128]\n";

typedef void (*reference)(const float *x, double *out);

/* ---- References. A line: `count` elements, `step` apart. ---- */

static void softmax_line(const float *x, double *out, int count, int step) {
  long double most = -INFINITY, sum = 0;
  for (int n = 0; n < count; n++)
    if ((long double)x[n * step] > most) most = (long double)x[n * step];
  for (int n = 0; n < count; n++)
    sum += expl((long double)x[n * step] - most);
  for (int n = 0; n < count; n++)
    out[n * step] = (double)(expl((long double)x[n * step] - most) / sum);
}

static void softmax_first(const float *x, double *out) {
  for (int n = 0; n < PLANE; n++)
    softmax_line(x + n, out + n, C, PLANE);
}

static void softmax_middle(const float *x, double *out) {
  for (int n = 0; n < C * W; n++)
    softmax_line(x + n / W * PLANE + n % W, out + n / W * PLANE + n % W, H, W);
}

static void softmax_last(const float *x, double *out) {
  for (int n = 0; n < C * H; n++)
    softmax_line(x + n * W, out + n * W, W, 1);
}

/* (x - mean) / sqrt(variance + epsilon) over `count` neighbours. */
static void standardize(const float *x, double *out, int count,
                        long double epsilon, bool root_mean_square) {
  long double mean = 0, square = 0;
  for (int n = 0; n < count && !root_mean_square; n++)
    mean += (long double)x[n] / count;
  for (int n = 0; n < count; n++)
    square += ((long double)x[n] - mean) * ((long double)x[n] - mean) / count;
  for (int n = 0; n < count; n++)
    out[n] = (double)(((long double)x[n] - mean) / sqrtl(square + epsilon));
}

static void layernorm(const float *x, double *out) {
  static const double u[H] = {0.5, 0.25, -1.0, 10.0};
  for (int c = 0; c < C; c++)
    standardize(x + c * PLANE, out + c * PLANE, PLANE, 1e-5f, false);
  for (int n = 0; n < SIZE; n++)
    out[n] = out[n] * (double)scale_of[n % W] + u[n / W % H];
}

static void layernorm_whole(const float *x, double *out) {
  standardize(x, out, SIZE, 0.5L, false);
  for (int n = 0; n < SIZE; n++)
    out[n] *= (double)scale_of[n / PLANE];
}

static void rmsnorm(const float *x, double *out) {
  for (int n = 0; n < C * H; n++)
    standardize(x + n * W, out + n * W, W, 1e-5f, true);
  for (int n = 0; n < SIZE; n++)
    out[n] *= (double)scale_of[n % W];
}

static void channels(double *out) {
  for (int n = 0; n < SIZE; n++)
    out[n] = out[n] * (double)scale_of[n / PLANE] + (double)bias_of[n / PLANE];
}

static void groupnorm(const float *x, double *out) {
  for (int g = 0; g < 3; g++)
    standardize(x + 2 * g * PLANE, out + 2 * g * PLANE, 2 * PLANE, 1e-5f,
                false);
  channels(out);
}

static void instancenorm(const float *x, double *out) {
  for (int c = 0; c < C; c++)
    standardize(x + c * PLANE, out + c * PLANE, PLANE, 1e-5f, false);
  channels(out);
}

static void batchnorm(const float *x, double *out) {
  for (int n = 0; n < SIZE; n++) {
    int c = n / PLANE;
    double root = sqrt((double)variance_of[c] + (double)1e-5f);
    out[n] = ((double)x[n] - (double)mean_of[c]) / root;
  }
  channels(out);
}

static void lrn(const float *x, double *out, int before, int after, int size,
                double alpha, double beta, double bias) {
  for (int n = 0; n < SIZE; n++) {
    double square = 0;
    for (int c = n / PLANE - before; c <= n / PLANE + after; c++)
      if (c >= 0 && c < C)
        square +=
            (double)x[c * PLANE + n % PLANE] * (double)x[c * PLANE + n % PLANE];
    out[n] = (double)x[n] / pow(bias + alpha / size * square, beta);
  }
}

static void lrn_three(const float *x, double *out) {
  lrn(x, out, 1, 1, 3, (double)1e-4f, 0.75, 1);
}

static void lrn_even(const float *x, double *out) {
  lrn(x, out, 1, 2, 4, (double)0.3f, (double)0.6f, 2);
}

static void lrn_wide(const float *x, double *out) {
  lrn(x, out, 20, 20, 41, 2, 0.5, (double)0.1f);
}

/* ---- Exact ops. ---- */

/* round(x / scale) + zero, within low .. high. */
static double quantized(float x, float scale, double zero, sf_round round,
                        double low, double high) {
  float ratio = x / scale;
  double q = (double)ratio, whole = floor(q), rest = q - whole;
  if (isnan(ratio)) return zero < low ? low : zero > high ? high : zero;
  if (round == SF_ROUND_HALF_UP && rest >= 0.5) whole += 1;
  if (round == SF_ROUND_HALF_EVEN) whole = rint(q);
  if (round == SF_ROUND_HALF_AWAY)
    whole = q < 0 ? ceil(q - 0.5) : floor(q + 0.5);
  whole += zero;
  return whole < low ? low : whole > high ? high : whole;
}

static void quantize_site(const float *x, double *out) {
  for (int n = 0; n < SIZE; n++)
    out[n] = quantized(x[n], 0.1f, 0, SF_ROUND_HALF_UP, 0, 15);
}

static void quantize_channels(const float *x, double *out) {
  static const double zero[C] = {3, -4, 0, 7, 100, -128};
  for (int n = 0; n < SIZE; n++)
    out[n] = quantized(x[n], scale_of[n / PLANE], zero[n / PLANE],
                       SF_ROUND_HALF_EVEN, -128, 127);
}

static void quantize_wide(const float *x, double *out) {
  for (int n = 0; n < SIZE; n++)
    out[n] = quantized(x[n], 0.1f, 0, SF_ROUND_HALF_AWAY, -2147483648.0,
                       2147483000.0);
}

/* 33 and 24 bits: the product is exact in 64. */
static void dequantize_wide(const float *x, double *out) {
  static const double zero[C] = {3, -4, 0, 7, 100, -128};
  quantize_wide(x, out);
  for (int n = 0; n < SIZE; n++)
    out[n] = (double)(float)(((long double)out[n] - zero[n / PLANE]) *
                             (long double)mean_of[n / PLANE]);
}

static void dequantize_site(const float *x, double *out) {
  quantize_site(x, out);
  for (int n = 0; n < SIZE; n++)
    out[n] = (double)(float)(out[n] * (double)0.1f);
}

/* Index of the first maximum of the channels; a NaN is none. */
static void argmax_first(const float *x, double *out) {
  for (int n = 0; n < PLANE; n++) {
    int best = -1;
    for (int c = 0; c < C; c++)
      if (!isnan(x[c * PLANE + n]) &&
          (best < 0 || x[c * PLANE + n] > x[best * PLANE + n]))
        best = c;
    out[n] = best < 0 ? 0 : best;
  }
}

/* Windows of 2 by 2, three columns apart, above a row of padding. */
static void pool_dilated(const float *x, double *out) {
  for (int c = 0; c < C; c++)
    for (int y = 0; y < 4; y++)
      for (int k = 0; k < 2; k++) {
        float most = -INFINITY;
        bool any = false;
        for (int t = 0; t < 4; t++) {
          int row = y - 1 + t / 2, column = k + 3 * (t % 2);
          if (row < 0) continue;
          float value = x[c * PLANE + row * W + column];
          most = any && most > value ? most : value;
          any = true;
        }
        *out++ = (double)most;
      }
}

/* Columns and channels backwards. */
static void reversed(const float *x, double *out) {
  for (int n = 0; n < SIZE; n++)
    out[n] = (double)
        x[(C - 1 - n / PLANE) * PLANE + n / W % H * W + (W - 1 - n % W)];
}

static const struct {
  const char *text, *type;
  reference of;
  double tolerance;
  int elements;
  bool edges; /* NaN and infinities too */
} cases[] = {
    {"softmax %x {axis = 0}", "f32[6, 4, 5]", softmax_first, 1e-5, SIZE, true},
    {"softmax %x {axis = 1}", "f32[6, 4, 5]", softmax_middle, 1e-5, SIZE, true},
    {"softmax %x", "f32[6, 4, 5]", softmax_last, 1e-5, SIZE, true},
    {"layernorm %x, @t, @u {axis = 1}", "f32[6, 4, 5]", layernorm, 1e-5, SIZE,
     false},
    {"layernorm %x, @s3 {axis = -3, epsilon = 0.5}", "f32[6, 4, 5]",
     layernorm_whole, 1e-5, SIZE, false},
    {"rmsnorm %x, @t", "f32[6, 4, 5]", rmsnorm, 1e-5, SIZE, false},
    {"groupnorm %x, @s, @b {groups = 3}", "f32[6, 4, 5]", groupnorm, 1e-5, SIZE,
     false},
    {"instancenorm %x, @s3, @b", "f32[6, 4, 5]", instancenorm, 1e-5, SIZE,
     false},
    {"batchnorm %x, @s3, @b, @m, @v", "f32[6, 4, 5]", batchnorm, 1e-5, SIZE,
     false},
    {"lrn %x {size = 3}", "f32[6, 4, 5]", lrn_three, 1e-5, SIZE, true},
    {"lrn %x {size = 4, alpha = 0.3, beta = 0.6, bias = 2.0}", "f32[6, 4, 5]",
     lrn_even, 1e-5, SIZE, false},
    {"lrn %x {size = 41, alpha = 2.0, beta = 0.5, bias = 0.1}", "f32[6, 4, 5]",
     lrn_wide, 1e-5, SIZE, false},
    {"quantize %x, @q {round = half-up, low = 0, high = 15}", "i5[6, 4, 5]",
     quantize_site, 0, SIZE, true},
    {"quantize %x, @s, @z {axis = 0}", "i8[6, 4, 5]", quantize_channels, 0,
     SIZE, true},
    {"quantize %x, @q {round = half-away, high = 2147483000}", "i32[6, 4, 5]",
     quantize_wide, 0, SIZE, true},
    {"dequantize %r12, @q", "f32[6, 4, 5]", dequantize_site, 0, SIZE, true},
    {"dequantize %r14, @m, @z {axis = -3}", "f32[6, 4, 5]", dequantize_wide, 0,
     SIZE, true},
    {"argmax %x {axis = 0}", "i4[4, 5]", argmax_first, 0, PLANE, true},
    {"pool %x {kind = max, kernel = 2, pad = [1, 0, 0, 0], dilation = [1, 3]}",
     "f32[6, 4, 2]", pool_dilated, 0, C * 4 * 2, true},
    {"slice %x {begin = [5, 0, 4], end = [-1, 4, -1], step = [-1, 1, -1]}",
     "f32[6, 4, 5]", reversed, 0, SIZE, true},
};

static char *network_text(void) {
  char *text = malloc(16384), *at = text;
  assert_non_null(text);
  at +=
      sprintf(at, "module @m {\n%snetwork @net(%%x: f32[6, 4, 5]) -> (", blobs);
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    at += sprintf(at, "%s%s", n ? ", " : "", cases[n].type);
  at += sprintf(at, ") {\n");
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    at += sprintf(at, "%%r%zu = %s : %s\n", n, cases[n].text, cases[n].type);
  at += sprintf(at, "return");
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    at += sprintf(at, "%s %%r%zu", n ? "," : "", n);
  sprintf(at, "\n}\n}\n");
  return text;
}

static void compare(const analog_machine *machine, const float *x,
                    const sf_word *out, bool edges) {
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++) {
    double want[SIZE];
    bool integer = cases[n].type[0] == 'i';
    cases[n].of(x, want);
    for (int i = 0; i < cases[n].elements; i++) {
      float got = integer ? (float)out[i].i : out[i].f;
      bool fine = integer ? (double)out[i].i == want[i]
                          : analog_close(got, want[i], cases[n].tolerance);
      if (!fine && (cases[n].edges || !edges))
        fail_msg("%s: %s, element %d: %a, expected %a", machine->name,
                 cases[n].text, i, (double)got, want[i]);
    }
    out += cases[n].elements;
  }
}

/* Numbers of the usual sizes, or with edges among them. */
static void fill(float *x, bool edges) {
  uint64_t state = edges ? 7 : 3;
  for (int n = 0; n < SIZE; n++) {
    x[n] = analog_between(&state, -3, 3);
    if (edges && n % 2 == 0) x[n] = analog_edges[n / 2];
    /* Ties of quantize. */
    if (n % 7 == 3) x[n] = 0.1f * ((float)(n % 12) + 0.5f);
  }
}

static void check(const analog_machine *machine) {
  if (!analog_available(machine)) skip();
  char *text = network_text();
  size_t words = 0;
  for (size_t n = 0; n < SF_COUNT_OF(cases); n++)
    words += (size_t)cases[n].elements;
  for (unsigned edges = 0; edges < 2; edges++) {
    float x[SIZE];
    sf_word in[SIZE];
    fill(x, edges != 0);
    memcpy(in, x, sizeof x);
    sf_word *out = analog_run(machine, text, in, SIZE, words);
    compare(machine, x, out, edges != 0);
    free(out);
  }
  free(text);
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
      cmocka_unit_test(on_v2),
      cmocka_unit_test(on_v3),
      cmocka_unit_test(on_v4),
      cmocka_unit_test(on_aarch64),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
