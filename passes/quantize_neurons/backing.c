/* backing.c - f32 streams that are integers times one number: inputs in steps,
 * spikes converted to f32, average pools of them, and whatever moves those. */
#include "passes/qdq/qdq.h"
#include "passes/quantize_neurons/quantize_neurons.h"
#include "passes/rewrite/op_copy.h"

/* Bits that `count` numbers of that type need when they are added up. */
static unsigned sum_bits(sf_scalar scalar, int64_t count) {
  unsigned bits = scalar.kind == SF_SCALAR_SPIKE ? 2 : scalar.bits;
  while (count > 1) {
    bits++;
    count = (count + 1) / 2;
  }
  return bits > SF_INT_BITS_MAX ? SF_INT_BITS_MAX : bits;
}

/* An average is a sum, and the divisor part of the scale. */
static sf_result back_pool(const sf_op *op, sf_value *integer, sf_op *before,
                           sf_value **out, double *scale) {
  sf_qdq_average_pool average;
  bool plain = sf_op_int(op, SF_ATTR_kind) == SF_POOL_AVG;
  if (plain &&
      (!sf_qdq_average(op, &average) || average.divisor != average.largest))
    return SF_OK; /* windows at the border have another divisor */
  sf_op *copy = sf_op_copy_into(op->network, before, op, 1);
  if (!copy) return SF_OOM;
  sf_op_set_operand(copy, 0, integer);
  sf_type type = op->results[0]->type;
  int64_t kernel[2];
  sf_op_ints(op, SF_ATTR_kernel, 2, kernel);
  if (sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX) {
    type.scalar = integer->type.scalar;
  } else {
    SF_TRY(sf_op_set_int(copy, SF_ATTR_kind, SF_POOL_SUM));
    SF_TRY(sf_op_set_int(copy, SF_ATTR_count_pad, 0));
    type.scalar = sf_int(sum_bits(integer->type.scalar, kernel[0] * kernel[1]));
  }
  if (plain) *scale /= (double)average.divisor;
  *out = sf_op_add_result(copy, op->results[0]->name, &type);
  return *out ? SF_OK : SF_OOM;
}

/* Ops that move elements of one stream, and delays. */
static sf_result back_move(const sf_op *op, sf_value *integer, sf_op *before,
                           sf_value **out) {
  sf_op *copy = sf_op_copy_into(op->network, before, op, 1);
  if (!copy) return SF_OOM;
  sf_op_set_operand(copy, 0, integer);
  sf_type type = op->results[0]->type;
  type.scalar = integer->type.scalar;
  *out = sf_op_add_result(copy, op->results[0]->name, &type);
  return *out ? SF_OK : SF_OOM;
}

sf_result sf_back_stream(sf_neurons_job *job, sf_value *value, sf_op *before,
                         sf_value **integer, double *scale) {
  *integer = NULL;
  *scale = 1;
  if (value->type.scalar.kind != SF_SCALAR_F32) {
    *integer = value;
    return SF_OK;
  }
  sf_op *op = value->op;
  if (!op) return sf_encode_argument(job, value->index, integer, scale);
  sf_value *from = sf_op_operand(op, 0);
  bool pools = op->kind == SF_OP_POOL;
  bool moves = sf_moves_one(op) || op->kind == SF_OP_DELAY;
  if (op->kind != SF_OP_CONVERT && !pools && !moves) return SF_OK;
  sf_value *below;
  SF_TRY(sf_back_stream(job, from, before, &below, scale));
  if (!below) return SF_OK;
  if (op->kind == SF_OP_CONVERT) {
    *integer = below;
    *scale *= (double)sf_op_number(op, SF_ATTR_scale);
    return SF_OK;
  }
  return pools ? back_pool(op, below, before, integer, scale)
               : back_move(op, below, before, integer);
}
