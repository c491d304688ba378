/* types.c - streams that are only moved take the type of what they move, and
 * the level that a spike stands for. */
#include "passes/convert/convert.h"

static bool takes_type(const sf_op *op) {
  if (sf_op_is(op, SF_TRAIT_MOVES)) return true;
  if (op->kind == SF_OP_MAX) return true;
  return op->kind == SF_OP_POOL && sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
}

sf_result sf_convert_types(sf_converter *c) {
  SF_FOREACH_OP(op, c->network) {
    const sf_value *x = op->operand_count ? sf_op_operand(op, 0) : NULL;
    if (takes_type(op) && x && x->type.scalar.kind != SF_SCALAR_F32)
      op->results[0]->type.scalar = x->type.scalar;
  }
  return SF_OK;
}

/* ---- Units. ---- */

static const sf_site *site_of(const sf_converter *c, const sf_value *value) {
  for (uint32_t i = 0; i < c->site_count; i++) {
    const sf_site *site = &c->sites[i];
    if (value == site->quantize->results[0] || value == site->result ||
        value == site->emitted)
      return site;
  }
  return NULL;
}

static int64_t unit_of_site(const sf_site *site, bool *agrees) {
  if (site->input) return 1;
  for (uint32_t i = 1; i < site->count; i++)
    *agrees = *agrees && site->high[i] == site->high[0];
  return site->high[0] > 0 ? site->high[0] : 1;
}

static int64_t unit(const sf_converter *c, const sf_value *value,
                    unsigned depth, bool *agrees) {
  const sf_site *site = site_of(c, value);
  if (site) return unit_of_site(site, agrees);
  if (!value->op || depth > 256) return 1;
  int64_t out = 0;
  for (uint32_t i = 0; i < value->op->operand_count; i++) {
    const sf_value *x = sf_op_operand(value->op, i);
    if (!x) continue;
    int64_t one = unit(c, x, depth + 1, agrees);
    *agrees = *agrees && (!out || !one || one == out);
    if (one) out = one;
  }
  return out;
}

int64_t sf_convert_unit(const sf_converter *c, const sf_value *value,
                        bool *agrees) {
  *agrees = true;
  return unit(c, value, 0, agrees);
}
