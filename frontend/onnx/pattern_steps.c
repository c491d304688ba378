/* pattern_steps.c - activations of L steps from their parts (QCFS, LSQ and
 * other trained quantizers): scales and clips around floor(x + 1/2), floor(x)
 * or round(x).
 *
 *   x L / theta, + 1/2, floor, / L, clip 0 .. 1, times theta
 *   => quantize {scale theta / L, low = 0, high = L}, dequantize
 *
 * The levels and the scale are kept, so that the activation converts exactly.
 */
#include "frontend/onnx/pattern.h"

#include "ir/arith.h"

#include <math.h>

enum { LINKS_MAX = 8, LEVELS_MAX = 1 << 15 };

/* What stands around the rounding: n = round(x before), clipped to low .. high,
 * then times `after`. */
typedef struct steps {
  sf_value *x;
  sf_op *last;
  double before, after, low, high;
  sf_round round;
} steps;

static void clip_to(steps *s, double low, double high) {
  if (low > s->low) s->low = low;
  if (high < s->high) s->high = high;
}

/* Bounds of a clip or relu; false: another op. */
static bool bounds(const sf_op *op, double *low, double *high) {
  *low = 0;
  *high = INFINITY;
  if (op->kind == SF_OP_RELU) return true;
  if (op->kind != SF_OP_CLIP) return false;
  *low = (double)sf_op_number(op, SF_ATTR_min);
  *high = (double)sf_op_number(op, SF_ATTR_max);
  return true;
}

/* Scales and clips before the rounding: `value` is read by it. Bounds are in
 * units of what the factors so far make of them. */
static void walk_up(steps *s, sf_value *value) {
  for (int i = 0; i < LINKS_MAX; i++, s->x = value) {
    sf_value *x;
    double factor, low, high;
    s->x = value;
    if (sf_onnx_is_scaled(value, &x, &factor) && factor > 0) {
      s->before *= factor;
      value = x;
      continue;
    }
    if (!value->op || !sf_value_has_one_use(value) ||
        !bounds(value->op, &low, &high))
      return;
    clip_to(s, low * s->before, high * s->before);
    value = sf_op_operand(value->op, 0);
  }
}

/* The only reader of a value, if it reads nothing else that changes. */
static sf_op *only_reader(const sf_value *value) {
  const sf_use *use = value->first_use;
  return use && use->op && use->index == 0 && sf_value_has_one_use(value)
             ? use->op
             : NULL;
}

static void walk_down(steps *s, sf_op *rounding) {
  s->last = rounding;
  for (int i = 0; i < LINKS_MAX; i++) {
    sf_op *op = only_reader(s->last->results[0]);
    double number, low, high;
    if (!op) return;
    bool scales =
        (op->kind == SF_OP_MUL || op->kind == SF_OP_DIV) &&
        sf_onnx_is_number(op, 1, &number) && number > 0 &&
        sf_type_equal(&op->results[0]->type, &s->last->results[0]->type);
    if (scales)
      s->after *= op->kind == SF_OP_MUL ? number : 1.0 / number;
    else if (bounds(op, &low, &high))
      clip_to(s, low / s->after, high / s->after);
    else
      return;
    s->last = op;
  }
}

/* round(x), floor(x + 1/2) or floor(x). */
static bool read_rounding(const sf_op *op, steps *s, sf_value **inner) {
  double shift;
  if (op->kind == SF_OP_NEURONS && op->neuron->stmt_count == 1 &&
      op->neuron->stmts[0].kind == SF_NOP_RINT) {
    s->round = SF_ROUND_HALF_EVEN;
    *inner = sf_op_operand(op, 0);
    return true;
  }
  if (op->kind != SF_OP_FLOOR) return false;
  s->round = SF_ROUND_FLOOR;
  *inner = sf_op_operand(op, 0);
  if (!sf_onnx_is_shifted(*inner, inner, &shift)) return true;
  s->round = SF_ROUND_HALF_UP;
  return shift == 0.5;
}

static bool is_whole(double x) {
  return fabs(x) <= (double)LEVELS_MAX && fabs(x - nearbyint(x)) < 1e-3;
}

static sf_blob *scale_blob(const onnx_pattern *p, const steps *s,
                           double scale) {
  sf_type type = sf_type_make(sf_f32(), 0, NULL);
  const char *name =
      sf_arena_printf(p->module->arena, "%s.step", s->last->results[0]->name);
  return name ? sf_blob_create_splat(p->module, name, &type,
                                     sf_number_float((float)scale))
              : NULL;
}

static sf_result rewrite(const onnx_pattern *p, const steps *s) {
  int64_t low = (int64_t)nearbyint(s->low), high = (int64_t)nearbyint(s->high);
  sf_blob *in = scale_blob(p, s, 1.0 / s->before), *out = in;
  if (!sf_onnx_close(s->before * s->after, 1.0))
    out = scale_blob(p, s, s->after);
  sf_op *quantize = sf_onnx_pattern_op(s->last, SF_OP_QUANTIZE, 2);
  sf_op *dequantize = sf_onnx_pattern_op(s->last, SF_OP_DEQUANTIZE, 2);
  if (!in || !out || !quantize || !dequantize) return SF_OOM;
  sf_type type = s->x->type;
  type.scalar = sf_int_holding(low, high);
  sf_op_set_operand(quantize, 0, s->x);
  sf_op_set_operand_blob(quantize, 1, in);
  SF_TRY(sf_op_set_int(quantize, SF_ATTR_round, s->round));
  SF_TRY(sf_op_set_int(quantize, SF_ATTR_low, low));
  SF_TRY(sf_op_set_int(quantize, SF_ATTR_high, high));
  sf_value *q = sf_op_add_result(quantize, s->last->results[0]->name, &type);
  if (!q) return SF_OOM;
  sf_op_set_operand(dequantize, 0, q);
  sf_op_set_operand_blob(dequantize, 1, out);
  return sf_onnx_replace(s->last, dequantize);
}

sf_result sf_onnx_pattern_steps(const onnx_pattern *p, sf_op *op) {
  steps s = {.before = 1, .after = 1, .low = -INFINITY, .high = INFINITY};
  sf_value *inner;
  if (!read_rounding(op, &s, &inner)) return SF_OK;
  walk_up(&s, inner);
  walk_down(&s, op);
  /* Without both bounds it is no activation of some levels. */
  if (!(s.low < s.high) || !is_whole(s.low) || !is_whole(s.high)) return SF_OK;
  return rewrite(p, &s);
}
