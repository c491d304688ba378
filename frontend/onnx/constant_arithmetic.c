/* constant_arithmetic.c - element by element on constants: arithmetic, logic,
 * comparisons, Where, Cast, Clip. Integers are computed in 64 bits and wrapped
 * to their width, floats in binary64 and rounded once. */
#include "frontend/onnx/onnx.h"

#include <math.h>
#include <string.h>

/* ---- Two operands. ---- */

/* Unsigned, so that it wraps as the format says. */
static int64_t add_i(int64_t a, int64_t b) {
  return (int64_t)((uint64_t)a + (uint64_t)b);
}
static int64_t sub_i(int64_t a, int64_t b) {
  return (int64_t)((uint64_t)a - (uint64_t)b);
}
static int64_t mul_i(int64_t a, int64_t b) {
  return (int64_t)((uint64_t)a * (uint64_t)b);
}
/* Towards zero; the operand check has refused b = 0. */
static int64_t div_i(int64_t a, int64_t b) {
  return b == -1 ? sub_i(0, a) : a / b;
}
static int64_t max_i(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t min_i(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t and_i(int64_t a, int64_t b) { return a && b; }
static int64_t or_i(int64_t a, int64_t b) { return a || b; }
static int64_t xor_i(int64_t a, int64_t b) { return !a != !b; }
static int64_t bit_and_i(int64_t a, int64_t b) { return a & b; }
static int64_t bit_or_i(int64_t a, int64_t b) { return a | b; }
static int64_t bit_xor_i(int64_t a, int64_t b) { return a ^ b; }
/* Python's remainder: the sign of the divisor. */
static int64_t mod_i(int64_t a, int64_t b) {
  if (b == -1) return 0;
  int64_t rest = a % b;
  return rest && (rest < 0) != (b < 0) ? rest + b : rest;
}
static int64_t fmod_i(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }
static int64_t pow_i(int64_t a, int64_t b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
  int64_t result = 1;
  for (; b; b >>= 1, a = mul_i(a, a))
    if (b & 1) result = mul_i(result, a);
  return result;
}
static double add_f(double a, double b) { return a + b; }
static double sub_f(double a, double b) { return a - b; }
static double mul_f(double a, double b) { return a * b; }
static double div_f(double a, double b) { return a / b; }
static double max_f(double a, double b) {
  return isnan(a) || isnan(b) ? NAN : a > b ? a : b;
}
static double min_f(double a, double b) {
  return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
}

typedef struct binary {
  int64_t (*integer)(int64_t a, int64_t b);
  double (*real)(double a, double b); /* NULL: integers only */
} binary;

/* A result of `shape`, or of one element for all when both inputs are so. */
static onnx_tensor *room(onnx_node *node, onnx_dtype dtype,
                         const onnx_shape *shape, bool splat) {
  if (splat && sf_onnx_elements(shape) > 0)
    return sf_onnx_tensor_splat_i64(node, dtype, shape, 0);
  if (!sf_onnx_charge(node, sf_onnx_elements(shape))) return NULL;
  return sf_onnx_tensor_create(node, dtype, shape);
}

/* Elements to compute: one when it stands for all. */
static uint64_t to_compute(const onnx_tensor *made, bool splat) {
  uint64_t count = sf_onnx_elements(&made->shape);
  return splat && count ? 1 : count;
}

/* Both inputs as views of one shape. */
static sf_result broadcast_pair(onnx_node *node, const onnx_tensor *a,
                                const onnx_tensor *b, onnx_tensor *out[2]) {
  onnx_shape shape;
  if (!a || !b) return sf_onnx_refuse(node, NULL, "an input is missing");
  if (a->dtype != b->dtype)
    return sf_onnx_refuse(node, NULL, "the inputs are of two types");
  if (!sf_onnx_broadcast(&a->shape, &b->shape, &shape))
    return sf_onnx_refuse(node, NULL, "the shapes do not broadcast");
  out[0] = sf_onnx_tensor_expand(node, a, &shape);
  out[1] = out[0] ? sf_onnx_tensor_expand(node, b, &shape) : NULL;
  return out[1] ? SF_OK : sf_onnx_failed(node);
}

static onnx_tensor *compute_pair(onnx_node *node, const binary *f,
                                 const onnx_tensor *a, const onnx_tensor *b) {
  onnx_tensor *x[2];
  if (broadcast_pair(node, a, b, x) != SF_OK) return NULL;
  bool is_float = sf_onnx_is_float(a->dtype);
  if (is_float && !f->real) {
    (void)sf_onnx_refuse(node, NULL, "of floats");
    return NULL;
  }
  bool splat = sf_onnx_is_splat(x[0]) && sf_onnx_is_splat(x[1]);
  onnx_tensor *made = room(node, a->dtype, &x[0]->shape, splat);
  for (uint64_t i = 0; made && i < to_compute(made, splat); i++)
    if (is_float)
      sf_onnx_set_f64(
          made, i, f->real(sf_onnx_get_f64(x[0], i), sf_onnx_get_f64(x[1], i)));
    else
      sf_onnx_set_i64(
          made, i,
          f->integer(sf_onnx_get_i64(x[0], i), sf_onnx_get_i64(x[1], i)));
  return made;
}

/* Any number of inputs, one after the other (Max, Min, Sum). */
static sf_result fold_inputs(onnx_node *node, const binary *f) {
  const onnx_tensor *sum = sf_onnx_constant(node, 0);
  if (!sum) return sf_onnx_refuse(node, NULL, "an input is missing");
  for (uint32_t i = 1; i < node->input_count; i++) {
    sum = compute_pair(node, f, sum, sf_onnx_constant(node, i));
    if (!sum) return sf_onnx_failed(node);
  }
  if (node->input_count == 1) return sf_onnx_emit_same(node, 0, 0);
  return sf_onnx_emit_constant(node, 0, (onnx_tensor *)(uintptr_t)sum);
}

static sf_result pair(onnx_node *node, const binary *f) {
  return sf_onnx_emit_constant(node, 0,
                               compute_pair(node, f, sf_onnx_constant(node, 0),
                                            sf_onnx_constant(node, 1)));
}

static sf_result evaluate_add(onnx_node *node) {
  return pair(node, &(binary){add_i, add_f});
}
static sf_result evaluate_sub(onnx_node *node) {
  return pair(node, &(binary){sub_i, sub_f});
}
static sf_result evaluate_mul(onnx_node *node) {
  return pair(node, &(binary){mul_i, mul_f});
}
static sf_result evaluate_max(onnx_node *node) {
  return fold_inputs(node, &(binary){max_i, max_f});
}
static sf_result evaluate_min(onnx_node *node) {
  return fold_inputs(node, &(binary){min_i, min_f});
}
static sf_result evaluate_sum(onnx_node *node) {
  return fold_inputs(node, &(binary){add_i, add_f});
}
static sf_result evaluate_and(onnx_node *node) {
  return pair(node, &(binary){and_i, NULL});
}
static sf_result evaluate_or(onnx_node *node) {
  return pair(node, &(binary){or_i, NULL});
}
static sf_result evaluate_xor(onnx_node *node) {
  return pair(node, &(binary){xor_i, NULL});
}
static sf_result evaluate_bit_and(onnx_node *node) {
  return pair(node, &(binary){bit_and_i, NULL});
}
static sf_result evaluate_bit_or(onnx_node *node) {
  return pair(node, &(binary){bit_or_i, NULL});
}
static sf_result evaluate_bit_xor(onnx_node *node) {
  return pair(node, &(binary){bit_xor_i, NULL});
}

/* Integers have no quotient by zero. */
static sf_result check_divisor(onnx_node *node) {
  const onnx_tensor *b = sf_onnx_constant(node, 1);
  if (!b || sf_onnx_is_float(b->dtype)) return SF_OK;
  uint64_t count = sf_onnx_elements(&b->shape);
  for (uint64_t i = 0; i < count; i++)
    if (sf_onnx_get_i64(b, i) == 0)
      return sf_onnx_refuse(node, NULL, "a division of integers by zero");
  return SF_OK;
}

static sf_result evaluate_div(onnx_node *node) {
  SF_TRY(check_divisor(node));
  return pair(node, &(binary){div_i, div_f});
}

static sf_result evaluate_mod(onnx_node *node) {
  SF_TRY(check_divisor(node));
  bool c_like = sf_onnx_int(node, "fmod", 0) != 0;
  return pair(node, c_like ? &(binary){fmod_i, fmod} : &(binary){mod_i, NULL});
}

/* The exponent may have another type. */
static sf_result evaluate_pow(onnx_node *node) {
  const onnx_tensor *a = sf_onnx_constant(node, 0);
  const onnx_tensor *b = sf_onnx_constant(node, 1);
  if (!a || !b) return sf_onnx_refuse(node, NULL, "an input is missing");
  bool mixed = !sf_onnx_is_float(a->dtype) && sf_onnx_is_float(b->dtype);
  onnx_dtype common = mixed ? ONNX_DOUBLE : a->dtype;
  onnx_tensor *x = sf_onnx_tensor_cast(node, a, common);
  /* A float's exponent keeps its own precision. */
  onnx_dtype wide = sf_onnx_is_float(common) ? ONNX_DOUBLE : ONNX_INT64;
  onnx_tensor *base = x ? sf_onnx_tensor_cast(node, x, wide) : NULL;
  onnx_tensor *exponent = base ? sf_onnx_tensor_cast(node, b, wide) : NULL;
  onnx_tensor *power =
      exponent ? compute_pair(node, &(binary){pow_i, pow}, base, exponent)
               : NULL;
  onnx_tensor *made = power ? sf_onnx_tensor_cast(node, power, a->dtype) : NULL;
  return sf_onnx_emit_constant(node, 0, made);
}

/* ---- Comparisons. ---- */

typedef enum relation { EQUAL, GREATER, LESS, NOT_LESS, NOT_GREATER } relation;

static bool holds(relation r, int sign, bool ordered) {
  if (!ordered) return false;
  switch (r) {
  case EQUAL:
    return sign == 0;
  case GREATER:
    return sign > 0;
  case LESS:
    return sign < 0;
  case NOT_LESS:
    return sign >= 0;
  default:
    return sign <= 0;
  }
}

static bool compare(relation r, const onnx_tensor *a, const onnx_tensor *b,
                    uint64_t i) {
  if (sf_onnx_is_float(a->dtype)) {
    double x = sf_onnx_get_f64(a, i), y = sf_onnx_get_f64(b, i);
    return holds(r, (x > y) - (x < y), !isnan(x) && !isnan(y));
  }
  int64_t x = sf_onnx_get_i64(a, i), y = sf_onnx_get_i64(b, i);
  if (a->dtype == ONNX_UINT64) {
    uint64_t u = (uint64_t)x, v = (uint64_t)y;
    return holds(r, (u > v) - (u < v), true);
  }
  return holds(r, (x > y) - (x < y), true);
}

static sf_result compare_inputs(onnx_node *node, relation r) {
  onnx_tensor *x[2];
  SF_TRY(broadcast_pair(node, sf_onnx_constant(node, 0),
                        sf_onnx_constant(node, 1), x));
  bool splat = sf_onnx_is_splat(x[0]) && sf_onnx_is_splat(x[1]);
  onnx_tensor *made = room(node, ONNX_BOOL, &x[0]->shape, splat);
  for (uint64_t i = 0; made && i < to_compute(made, splat); i++)
    sf_onnx_set_i64(made, i, compare(r, x[0], x[1], i));
  return sf_onnx_emit_constant(node, 0, made);
}

static sf_result evaluate_equal(onnx_node *node) {
  return compare_inputs(node, EQUAL);
}
static sf_result evaluate_greater(onnx_node *node) {
  return compare_inputs(node, GREATER);
}
static sf_result evaluate_less(onnx_node *node) {
  return compare_inputs(node, LESS);
}
static sf_result evaluate_not_less(onnx_node *node) {
  return compare_inputs(node, NOT_LESS);
}
static sf_result evaluate_not_greater(onnx_node *node) {
  return compare_inputs(node, NOT_GREATER);
}

/* ---- Where, Cast, Clip. ---- */

static sf_result evaluate_where(onnx_node *node) {
  const onnx_tensor *c = sf_onnx_constant(node, 0);
  onnx_tensor *x[2];
  if (!c) return sf_onnx_refuse(node, NULL, "the condition is missing");
  SF_TRY(broadcast_pair(node, sf_onnx_constant(node, 1),
                        sf_onnx_constant(node, 2), x));
  onnx_shape shape;
  if (!sf_onnx_broadcast(&c->shape, &x[0]->shape, &shape))
    return sf_onnx_refuse(node, NULL, "the shapes do not broadcast");
  onnx_tensor *condition = sf_onnx_tensor_expand(node, c, &shape);
  x[0] = sf_onnx_tensor_expand(node, x[0], &shape);
  x[1] = sf_onnx_tensor_expand(node, x[1], &shape);
  if (!condition || !x[0] || !x[1]) return sf_onnx_failed(node);
  onnx_tensor *made = room(node, x[0]->dtype, &shape, false);
  uint64_t count = sf_onnx_elements(&shape);
  for (uint64_t i = 0; made && i < count; i++)
    sf_onnx_copy(made, i, x[sf_onnx_get_i64(condition, i) ? 0 : 1], i);
  return sf_onnx_emit_constant(node, 0, made);
}

static sf_result cast_to(onnx_node *node, onnx_dtype dtype) {
  const onnx_tensor *t = sf_onnx_constant(node, 0);
  if (!t) return sf_onnx_refuse(node, NULL, "the input is missing");
  if (!sf_onnx_dtype_known(dtype))
    return sf_onnx_refuse(node, NULL, "to elements of type %s",
                          sf_onnx_dtype_text(dtype));
  if (!sf_onnx_charge(node, sf_onnx_elements(&t->shape))) return SF_FAIL;
  return sf_onnx_emit_constant(node, 0, sf_onnx_tensor_cast(node, t, dtype));
}

static sf_result evaluate_cast(onnx_node *node) {
  return cast_to(node, (onnx_dtype)sf_onnx_int(node, "to", 0));
}

static sf_result evaluate_cast_like(onnx_node *node) {
  return cast_to(node, sf_onnx_input(node, 1)->dtype);
}

/* The bound of Clip as a tensor; NULL: there is none. */
static sf_result read_bound(onnx_node *node, const char *name, uint32_t index,
                            const onnx_tensor **out) {
  *out = NULL;
  onnx_shape scalar = {0};
  if (node->opset >= 11) {
    *out = sf_onnx_constant(node, index);
    return SF_OK;
  }
  if (!sf_onnx_has_attribute(node, name)) return SF_OK;
  *out = sf_onnx_tensor_splat_f64(node, sf_onnx_input(node, 0)->dtype, &scalar,
                                  sf_onnx_float(node, name, 0));
  return *out ? SF_OK : sf_onnx_failed(node);
}

/* min above max gives max: the upper bound is applied last. */
static sf_result evaluate_clip(onnx_node *node) {
  const onnx_tensor *x = sf_onnx_constant(node, 0), *low, *high;
  SF_TRY(read_bound(node, "min", 1, &low));
  SF_TRY(read_bound(node, "max", 2, &high));
  if (!x) return sf_onnx_refuse(node, NULL, "an input is missing");
  if (low) x = compute_pair(node, &(binary){max_i, max_f}, x, low);
  if (x && high) x = compute_pair(node, &(binary){min_i, min_f}, x, high);
  if (!low && !high) return sf_onnx_emit_same(node, 0, 0);
  return sf_onnx_emit_constant(node, 0, (onnx_tensor *)(uintptr_t)x);
}

const onnx_evaluator sf_onnx_constant_arithmetic[] = {
    {"Add", evaluate_add},
    {"And", evaluate_and},
    {"BitwiseAnd", evaluate_bit_and},
    {"BitwiseOr", evaluate_bit_or},
    {"BitwiseXor", evaluate_bit_xor},
    {"Cast", evaluate_cast},
    {"CastLike", evaluate_cast_like},
    {"Clip", evaluate_clip},
    {"Div", evaluate_div},
    {"Equal", evaluate_equal},
    {"Greater", evaluate_greater},
    {"GreaterOrEqual", evaluate_not_less},
    {"Less", evaluate_less},
    {"LessOrEqual", evaluate_not_greater},
    {"Max", evaluate_max},
    {"Min", evaluate_min},
    {"Mod", evaluate_mod},
    {"Mul", evaluate_mul},
    {"Or", evaluate_or},
    {"Pow", evaluate_pow},
    {"Sub", evaluate_sub},
    {"Sum", evaluate_sum},
    {"Where", evaluate_where},
    {"Xor", evaluate_xor},
    {0}};
