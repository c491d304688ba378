/* pattern_steps.c - activations of L steps from their parts (QCFS, LSQ and
 * other trained quantizers): scales and clips around floor(x + 1/2), floor(x)
 * or round(x).
 *
 *   x L / theta, + 1/2, floor, / L, clip 0 .. 1, times theta
 *   => quantize {scale theta / L, low = 0, high = L}, dequantize
 *
 * The levels and the scale are kept, so that the activation converts exactly.
 * theta may be one number a channel. */
#include "frontend/onnx/pattern.h"

#include "ir/arith.h"

#include <math.h>

enum { LINKS_MAX = 8, LEVELS_MAX = 1 << 15 };

/* A number, times or over one number a channel. */
typedef struct factor {
  double number;
  const sf_blob *each; /* NULL: 1 */
  bool divides;        /* by `each` */
} factor;

/* What stands around the rounding: n = round(x before), clipped to low .. high,
 * then times `after`. */
typedef struct steps {
  sf_value *x;
  sf_op *last;
  factor before, after;
  double low, high;
  sf_round round;
  int axis; /* of numbers a channel; -1: none */
} steps;

static void clip_to(steps *s, double low, double high) {
  if (low > s->low) s->low = low;
  if (high < s->high) s->high = high;
}

static double factor_at(const factor *f, size_t channel) {
  if (!f->each) return f->number;
  double each = (double)sf_blob_f32(f->each, channel);
  return f->divides ? f->number / each : f->number * each;
}

/* The axis along which the constant of a product is one positive number a
 * channel; -1: it is no such constant. */
static int channel_axis(const sf_op *op) {
  if (op->kind != SF_OP_MUL && op->kind != SF_OP_DIV) return -1;
  const sf_blob *blob = sf_op_operand_blob(op, 1);
  const sf_value *x = sf_op_operand(op, 0);
  if (!x || !blob || blob->type.scalar.kind != SF_SCALAR_F32 || !blob->data ||
      !sf_type_equal(&x->type, &op->results[0]->type))
    return -1;
  int axis = -1, skip = x->type.rank - blob->type.rank;
  for (int i = 0; i < blob->type.rank; i++) {
    if (blob->type.dim[i] == 1) continue;
    if (axis >= 0) return -1;
    axis = i + skip;
  }
  for (size_t i = 0; i < sf_blob_elements(blob); i++)
    if (!(sf_blob_f32(blob, i) > 0)) return -1;
  return axis;
}

/* *f takes the constant of a product, if there is room for it. */
static bool take_channels(steps *s, factor *f, const sf_op *op) {
  int axis = channel_axis(op);
  if (axis < 0 || f->each || (s->axis >= 0 && s->axis != axis)) return false;
  s->axis = axis;
  f->each = sf_op_operand_blob(op, 1);
  f->divides = op->kind == SF_OP_DIV;
  return true;
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
    double number, low, high;
    s->x = value;
    if (sf_onnx_is_scaled(value, &x, &number) && number > 0) {
      s->before.number *= number;
      value = x;
      continue;
    }
    if (!value->op || !sf_value_has_one_use(value)) return;
    if (!take_channels(s, &s->before, value->op)) {
      /* Levels differ between channels where bounds of x do not. */
      if (s->before.each || !bounds(value->op, &low, &high)) return;
      clip_to(s, low * s->before.number, high * s->before.number);
    }
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
      s->after.number *= op->kind == SF_OP_MUL ? number : 1.0 / number;
    else if (!take_channels(s, &s->after, op)) {
      if (s->after.each || !bounds(op, &low, &high)) return;
      clip_to(s, low / s->after.number, high / s->after.number);
    }
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

/* 1 / factor, or factor: the step of each channel. */
static sf_blob *scale_blob(const onnx_pattern *p, const steps *s,
                           const factor *f, bool inverse) {
  int32_t count = f->each ? (int32_t)sf_blob_elements(f->each) : 1;
  sf_type type = sf_type_make(sf_f32(), f->each ? 1 : 0, &count);
  const char *name =
      sf_arena_printf(p->module->arena, "%s.step", s->last->results[0]->name);
  float *values = SF_NEW_ARRAY(p->module->arena, float, (size_t)count);
  if (!name || !values) return NULL;
  for (int32_t i = 0; i < count; i++) {
    double value = factor_at(f, (size_t)i);
    values[i] = (float)(inverse ? 1.0 / value : value);
  }
  if (!f->each)
    return sf_blob_create_splat(p->module, name, &type,
                                sf_number_float(values[0]));
  return sf_blob_create_f32(p->module, name, &type, values);
}

/* Is what goes in the step that comes out, channel by channel? */
static bool is_one_step(const steps *s) {
  const sf_blob *each = s->before.each ? s->before.each : s->after.each;
  size_t count = each ? sf_blob_elements(each) : 1;
  if (!s->before.each != !s->after.each) return false;
  for (size_t i = 0; i < count; i++)
    if (!sf_onnx_close(factor_at(&s->before, i) * factor_at(&s->after, i), 1.0))
      return false;
  return true;
}

static sf_result set_axis(const steps *s, const factor *f, sf_op *op) {
  return f->each ? sf_op_set_int(op, SF_ATTR_axis, s->axis) : SF_OK;
}

static sf_result rewrite(const onnx_pattern *p, const steps *s) {
  int64_t low = (int64_t)nearbyint(s->low), high = (int64_t)nearbyint(s->high);
  sf_blob *in = scale_blob(p, s, &s->before, true), *out = in;
  bool same = is_one_step(s);
  if (!same) out = scale_blob(p, s, &s->after, false);
  sf_op *quantize = sf_onnx_pattern_op(s->last, SF_OP_QUANTIZE, 2);
  sf_op *dequantize = sf_onnx_pattern_op(s->last, SF_OP_DEQUANTIZE, 2);
  if (!in || !out || !quantize || !dequantize) return SF_OOM;
  sf_type type = s->x->type;
  type.scalar = sf_int_holding(low, high);
  sf_op_set_operand(quantize, 0, s->x);
  sf_op_set_operand_blob(quantize, 1, in);
  SF_TRY(set_axis(s, &s->before, quantize));
  SF_TRY(set_axis(s, same ? &s->before : &s->after, dequantize));
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
  steps s = {.before = {.number = 1},
             .after = {.number = 1},
             .low = -INFINITY,
             .high = INFINITY,
             .axis = -1};
  sf_value *inner;
  if (!read_rounding(op, &s, &inner)) return SF_OK;
  walk_up(&s, inner);
  walk_down(&s, op);
  /* Without both bounds it is no activation of some levels. */
  if (!(s.low < s.high) || !is_whole(s.low) || !is_whole(s.high)) return SF_OK;
  return rewrite(p, &s);
}
