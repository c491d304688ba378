/* weights.c - can the chip hold a projection's weights, and how? loihi2.md 1.7,
 * 2.3 to 2.5.
 *
 * A core stores integers of 8 bits of magnitude: signed (mixed) -128 .. 127, or
 * 0 .. 255, or -255 .. 0, times a power of two for the whole list. So the
 * common power of two of the weights is taken out, and the op's shift joins it:
 *   shift < 0 multiplies; shift > 0 divides each product and rounds half away
 *   from zero (silicon), which is all the same when the weights divide. */
#include "targets/loihi2/plan.h"

#include <string.h>

enum { EXPONENT_MIN = -8, EXPONENT_MAX = 7 };

typedef struct extent {
  int64_t low, high;
  uint32_t any_bits; /* of all weights, or'ed */
} extent;

static sf_blob *weight_blob(const sf_op *op) {
  if (!op || op->kind == SF_OP_POOL) return NULL;
  return sf_op_operand_blob(op, op->kind == SF_OP_SPARSE ? 2 : 1);
}

static sf_result scan(sf_l2_plan *plan, const sf_op *op, extent *out) {
  sf_blob *blob = weight_blob(op);
  *out = (extent){1, 1, 1};
  if (!blob) return SF_OK;
  if (blob->type.scalar.kind == SF_SCALAR_F32)
    return sf_l2_cannot(plan, op, "weights @%s are f32; quantize them",
                        blob->name);
  SF_TRY(sf_blob_load(blob, plan->diag));
  *out = (extent){0, 0, 0};
  for (size_t i = 0; i < sf_blob_elements(blob); i++) {
    int32_t w = sf_blob_i32(blob, i);
    if (w < out->low) out->low = w;
    if (w > out->high) out->high = w;
    out->any_bits |= (uint32_t)w;
  }
  return SF_OK;
}

static uint32_t signed_bits(int64_t low, int64_t high) {
  uint32_t bits = 1;
  while (low < -((int64_t)1 << (bits - 1)) ||
         high > ((int64_t)1 << (bits - 1)) - 1)
    bits++;
  return bits;
}

static uint32_t magnitude_bits(int64_t size) {
  uint32_t bits = 1;
  while (size >> bits)
    bits++;
  return bits;
}

/* Field widths of a list: there is no 7. Kernels are not held to them
 * (loihi2.md 7.1: the head of YOLO-KP takes 6 words for 48 weights). */
static uint32_t stored(const sf_l2_connection *c, uint32_t bits) {
  return bits == 7 && c->format != SF_L2_CONV ? 8 : bits;
}

static sf_result too_wide(sf_l2_plan *plan, const sf_op *op, const extent *e,
                          uint32_t strip) {
  sf_l2_cannot(plan, op,
               "weights are %lld .. %lld in steps of %u; the chip stores -128 "
               ".. 127, 0 .. 255 or -255 .. 0 steps",
               (long long)e->low, (long long)e->high, 1u << strip);
  sf_help(plan->diag, "quantize the weights to 8 bits; for weights "
                      "of both signs above 127 use even numbers");
  return SF_FAIL;
}

/* The power of two that a stored weight is multiplied by. */
static sf_result choose_scale(sf_l2_plan *plan, const sf_op *op, uint32_t strip,
                              int64_t *out) {
  *out = strip;
  if (!op || op->kind == SF_OP_POOL) return SF_OK;
  int64_t shift = sf_op_int(op, SF_ATTR_shift);
  *out = (int64_t)strip - shift;
  if (shift <= 0 || *out >= 0) return SF_OK;
  if (sf_op_int(op, SF_ATTR_each) &&
      sf_op_int(op, SF_ATTR_round) == SF_ROUND_HALF_AWAY)
    return SF_OK;
  sf_l2_cannot(plan, op,
               "shift = %lld rounds %s by '%s'; the chip rounds each product "
               "half away from zero",
               (long long)shift,
               sf_op_int(op, SF_ATTR_each) ? "each product" : "the sum",
               sf_round_text((sf_round)sf_op_int(op, SF_ATTR_round)));
  sf_help(plan->diag, "quantize without a shift, or write {each = true, round "
                      "= half-away}");
  return SF_FAIL;
}

sf_result sf_l2_weights_encode(sf_l2_plan *plan, sf_l2_connection *c) {
  const sf_op *at = c->op ? c->op : plan->layers[c->layer].op;
  extent e;
  int64_t scale;
  SF_TRY(scan(plan, c->op, &e));
  uint32_t strip = e.any_bits ? (uint32_t)__builtin_ctz(e.any_bits) : 0;
  SF_TRY(choose_scale(plan, c->op, strip, &scale));
  int64_t low = e.low >> strip, high = e.high >> strip;
  bool mixed = low < 0 && high > 0;
  uint32_t bits =
      mixed ? signed_bits(low, high) : magnitude_bits(high > 0 ? high : -low);
  bits = stored(c, bits);
  if (bits > 8) return too_wide(plan, at, &e, strip);
  while (bits < 8 && scale - 8 + bits - mixed < EXPONENT_MIN)
    bits = stored(c, bits + 1);
  int64_t exponent = scale - 8 + bits - mixed;
  if (exponent < EXPONENT_MIN || exponent > EXPONENT_MAX)
    return sf_l2_cannot(plan, at,
                        "weights need the exponent %lld, the chip has %d .. %d",
                        (long long)exponent, EXPONENT_MIN, EXPONENT_MAX);
  c->weights = (sf_l2_weights){mixed     ? "mixed"
                               : low < 0 ? "inh"
                                         : "exc",
                               bits, (int32_t)exponent, strip, scale < 0};
  return SF_OK;
}
