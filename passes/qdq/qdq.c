/* qdq.c - linear sums, channel axes, and sites as those see them who lower
 * them. */
#include "passes/qdq/qdq.h"

#include <math.h>

enum { TRACE_MAX = 4096 }; /* ops looked back through */

static bool is_f32(const sf_type *type) {
  return type->scalar.kind == SF_SCALAR_F32;
}

static bool is_projection(const sf_op *op) {
  if (op->kind != SF_OP_LINEAR && op->kind != SF_OP_CONV &&
      op->kind != SF_OP_CONVT) {
    return false;
  }
  const sf_blob *weights = sf_op_operand_blob(op, 1);
  return weights && is_f32(&weights->type);
}

/* ---- Channel axis. ---- */

/* The operand that an analog op takes its shape from; NULL: none. */
static const sf_value *shape_source(const sf_op *op) {
  const sf_value *a = sf_op_operand(op, 0);
  const sf_value *b =
      op->operand_count > 1 ? sf_op_operand(op, 1) : (const sf_value *)NULL;
  switch (op->kind) {
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
    /* What was computed knows more than what was rounded. */
    if (b && a->op && a->op->kind == SF_OP_DEQUANTIZE) return b;
    return a;
  case SF_OP_QUANTIZE:
  case SF_OP_DEQUANTIZE:
    return a;
  default:
    return sf_op_is(op, SF_TRAIT_ANALOG | SF_TRAIT_ELEMENTWISE) ? a : NULL;
  }
}

int sf_qdq_channel_axis(const sf_value *value) {
  const sf_type *type = &value->type;
  int last = type->rank - 1;
  for (int n = 0; value && value->op && n < TRACE_MAX; n++) {
    const sf_op *op = value->op;
    if (op->kind == SF_OP_LINEAR) return last;
    if (op->kind == SF_OP_CONV || op->kind == SF_OP_CONVT ||
        op->kind == SF_OP_POOL || op->kind == SF_OP_BATCHNORM) {
      return 0;
    }
    value = shape_source(op);
  }
  if (type->rank == 3) return 0;
  return type->rank == 1 || type->rank == 2 ? last : -1;
}

size_t sf_qdq_input_channel(const sf_op *op, size_t output, size_t k) {
  const sf_type *w = &sf_op_operand_blob(op, 1)->type;
  if (op->kind == SF_OP_LINEAR) return k;
  size_t kernel = 1, groups = (size_t)sf_op_int(op, SF_ATTR_groups);
  for (int i = 2; i < w->rank; i++)
    kernel *= (size_t)w->dim[i];
  size_t group = output / ((size_t)w->dim[0] / groups);
  return group * (size_t)w->dim[1] + k / kernel;
}

/* ---- Linear sums. ---- */

/* The constant operand is one number, or one a channel. */
static bool is_channel_constant(const sf_op *op) {
  const sf_blob *blob = sf_op_operand_blob(op, 1);
  int axis = sf_qdq_channel_axis(op->results[0]);
  for (int i = 0; i < blob->type.rank; i++)
    if (blob->type.dim[i] != 1 && i != axis) return false;
  return true;
}

bool sf_qdq_is_linear(const sf_op *op) {
  if (op->result_count != 1 || !is_f32(&op->results[0]->type)) return false;
  if (is_projection(op)) return true;
  if (op->kind != SF_OP_ADD && op->kind != SF_OP_SUB && op->kind != SF_OP_MUL)
    return false;
  const sf_type *type = &op->results[0]->type;
  const sf_value *a = sf_op_operand(op, 0), *b = sf_op_operand(op, 1);
  if (!a || !sf_type_equal(&a->type, type) || sf_qdq_is_mask(op)) return false;
  if (b) return op->kind != SF_OP_MUL && sf_type_equal(&b->type, type);
  return op->kind != SF_OP_MUL || is_channel_constant(op);
}

bool sf_qdq_is_inner(const sf_value *value) {
  if (!value->op || !sf_value_has_one_use(value)) return false;
  const sf_op *reader = value->first_use->op;
  return reader && sf_qdq_is_linear(value->op) && sf_qdq_is_linear(reader) &&
         !is_projection(reader);
}

/* ---- Constants. ---- */

int32_t sf_round_constant(double value) {
  double whole = floor(fabs(value) + 0.5);
  /* |value| below 1/2 by less than an ulp must not round up. */
  if (whole - fabs(value) > 0.5) whole -= 1;
  if (value < 0) whole = -whole;
  if (whole > INT32_MAX) return INT32_MAX;
  if (whole < INT32_MIN) return INT32_MIN;
  return (int32_t)whole;
}

/* ---- Sites. ---- */

/* f32 bounds of relu and clip on the way back to a dequantize. */
static const sf_op *walk_back(const sf_op *quantize, double *low,
                              double *high) {
  const sf_value *x = sf_op_operand(quantize, 0);
  for (int n = 0; x && x->op && n < TRACE_MAX; n++) {
    const sf_op *op = x->op;
    if (op->kind == SF_OP_DEQUANTIZE) return op;
    double least = 0, most = (double)INFINITY;
    if (op->kind == SF_OP_CLIP) {
      least = (double)sf_op_number(op, SF_ATTR_min);
      most = (double)sf_op_number(op, SF_ATTR_max);
    } else if (op->kind != SF_OP_RELU) {
      return NULL;
    }
    /* Earlier ops come first: clip(clip(x, a, b), low, high). */
    *low = fmin(fmax(least, *low), *high);
    *high = fmax(fmin(most, *high), *low);
    x = sf_op_operand(op, 0);
  }
  return NULL;
}

/* Bounds in steps; false: they differ between channels. */
static bool bound_steps(const sf_scale *step, double low, double high,
                        sf_qdq_site *site) {
  int64_t least = site->low, most = site->high;
  for (uint32_t i = 0; i < step->count; i++) {
    double a = floor(low / step->values[i] + 0.5);
    double b = floor(high / step->values[i] + 0.5);
    int64_t c = a > (double)least ? (int64_t)fmin(a, (double)most) : least;
    int64_t d = b < (double)most ? (int64_t)fmax(b, (double)least) : most;
    if (i > 0 && (c != site->low || d != site->high)) return false;
    site->low = c;
    site->high = d;
  }
  return true;
}

static sf_result find_divisors(const sf_scale *step, const sf_scale *delta,
                               sf_arena *arena, sf_qdq_site *site) {
  if (step->axis >= 0 && delta->axis >= 0 && step->axis != delta->axis)
    return SF_OK;
  uint32_t count = step->count > delta->count ? step->count : delta->count;
  int32_t *divisors = SF_NEW_ARRAY(arena, int32_t, count);
  if (!divisors) return SF_OOM;
  for (uint32_t i = 0; i < count; i++) {
    double ratio = sf_scale_at(step, i) / sf_scale_at(delta, i);
    double whole = floor(ratio + 0.5);
    /* Both scales were rounded to f32 once: 2^-23 together. */
    if (whole < 1 || whole > 1 << 23 || fmod(whole, 2) == 0 ||
        fabs(ratio - whole) > whole * 0x1p-22) {
      return SF_OK;
    }
    divisors[i] = (int32_t)whole;
  }
  site->divisors = divisors;
  site->count = count;
  site->axis = step->axis > delta->axis ? step->axis : delta->axis;
  return SF_OK;
}

sf_result sf_qdq_site_get(const sf_op *quantize, sf_arena *arena, sf_diag *diag,
                          sf_qdq_site *out) {
  sf_scalar type = quantize->results[0]->type.scalar;
  bool has_low = sf_op_has_attr(quantize, SF_ATTR_low);
  bool has_high = sf_op_has_attr(quantize, SF_ATTR_high);
  *out = (sf_qdq_site){.quantize = quantize, .axis = -1};
  out->low = has_low ? sf_op_int(quantize, SF_ATTR_low) : sf_scalar_min(type);
  out->high =
      has_high ? sf_op_int(quantize, SF_ATTR_high) : sf_scalar_max(type);
  double low = -(double)INFINITY, high = (double)INFINITY;
  const sf_op *source = walk_back(quantize, &low, &high);
  bool shifted = false, shifted_source = false, step_ok, delta_ok;
  if (!source) return SF_OK;
  SF_TRY(sf_qdq_has_zero_point(quantize, diag, &shifted));
  SF_TRY(sf_qdq_has_zero_point(source, diag, &shifted_source));
  if (shifted || shifted_source) return SF_OK;
  out->dequantize = source;
  out->accumulator = sf_op_operand(source, 0);
  sf_scale step, delta;
  SF_TRY(sf_qdq_scale(quantize, arena, diag, &step_ok, &step));
  SF_TRY(sf_qdq_scale(source, arena, diag, &delta_ok, &delta));
  if (!step_ok || !delta_ok || !bound_steps(&step, low, high, out))
    return SF_OK;
  return find_divisors(&step, &delta, arena, out);
}
