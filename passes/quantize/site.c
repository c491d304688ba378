/* site.c - the quantize behind a sum, through ops that keep order. */
#include "passes/quantize/quantize.h"

/* A scale of the result of `op` as one of its operand. */
static sf_result pull_back(const sf_quantizer *q, const sf_op *op,
                           sf_scale *scale, bool *ok) {
  *ok = true;
  if (scale->axis < 0) return SF_OK;
  const sf_value *x = sf_op_operand(op, 0);
  if (op->kind == SF_OP_RESHAPE) {
    double *all =
        sf_scale_expand(scale, &op->results[0]->type, q->run->scratch);
    if (!all) return SF_OOM;
    return sf_scale_compress(all, &x->type, q->run->scratch, ok, scale);
  }
  if (op->kind == SF_OP_TRANSPOSE) {
    int64_t perm[SF_RANK_MAX];
    sf_op_ints(op, SF_ATTR_perm, x->type.rank, perm);
    scale->axis = (int)perm[scale->axis];
  }
  return SF_OK;
}

static bool passes_through(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_RELU:
  case SF_OP_CLIP:
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
    return true;
  case SF_OP_POOL:
    return sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
  default:
    return false;
  }
}

enum { CHAIN_MAX = 32 };

/* quantize behind `value` through ops that keep order; the ops between go to
 * `chain`, the nearest first. NULL: none. */
static const sf_op *quantize_behind(const sf_value *value, const sf_op **chain,
                                    size_t *length) {
  *length = 0;
  while (*length < CHAIN_MAX) {
    const sf_op *next = NULL;
    SF_FOREACH_USE(use, value) {
      if (!use->op) continue;
      if (use->op->kind == SF_OP_QUANTIZE) return use->op;
      if (passes_through(use->op) &&
          (!next || use->op->kind == SF_OP_RELU || use->op->kind == SF_OP_CLIP))
        next = use->op;
    }
    if (!next) return NULL;
    chain[(*length)++] = next;
    value = next->results[0];
  }
  return NULL;
}

const sf_op *sf_site_behind(const sf_value *value) {
  const sf_op *chain[CHAIN_MAX];
  size_t length;
  return quantize_behind(value, chain, &length);
}

/* Channels are compared behind it: the network's results, up to softmax. */
static bool reaches_return(const sf_value *value) {
  for (int n = 0; n < CHAIN_MAX; n++) {
    const sf_use *use = value->first_use;
    if (!use || !use->op) return true;
    const sf_op *op = use->op;
    bool through = passes_through(op) || op->kind == SF_OP_SOFTMAX ||
                   op->kind == SF_OP_ARGMAX || op->kind == SF_OP_LOG;
    if (!through) return false;
    value = op->results[0];
  }
  return false;
}

static int64_t largest_of(const sf_op *quantize) {
  sf_scalar type = quantize->results[0]->type.scalar;
  int64_t high = sf_op_has_attr(quantize, SF_ATTR_high)
                     ? sf_op_int(quantize, SF_ATTR_high)
                     : sf_scalar_max(type);
  int64_t low = sf_op_has_attr(quantize, SF_ATTR_low)
                    ? sf_op_int(quantize, SF_ATTR_low)
                    : sf_scalar_min(type);
  return -low > high ? -low : high;
}

sf_result sf_sum_find_site(sf_quantizer *q, sf_linear_sum *sum) {
  const sf_op *chain[CHAIN_MAX];
  size_t length;
  const sf_op *quantize = quantize_behind(sum->root, chain, &length);
  sum->site = quantize;
  sum->one_unit = !quantize && reaches_return(sum->root);
  if (!quantize) return SF_OK;
  sf_scale scale;
  bool ok;
  SF_TRY(sf_qdq_scale(quantize, q->run->scratch, q->run->diag, &ok, &scale));
  for (size_t i = length; ok && i > 0; i--)
    SF_TRY(pull_back(q, chain[i - 1], &scale, &ok));
  if (!ok || !sf_scale_runs_along(&scale, sum->axis)) return SF_OK;
  sum->has_site = true;
  sum->high = largest_of(quantize);
  for (uint32_t c = 0; c < sum->channels; c++)
    sum->steps[c] = sf_scale_at(&scale, c);
  return SF_OK;
}
