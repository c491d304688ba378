/* sites.c - every quantize, and the chain of elementwise f32 ops that leads to
 * it from an integer accumulator or an argument of the network. */
#include "passes/convert/convert.h"

#include <string.h>

/* One stream in, constants beside it, the same shape out. */
static bool is_chain_op(const sf_op *op) {
  if (op->kind == SF_OP_NEURONS || op->result_count != 1) return false;
  bool elementwise =
      sf_op_is(op, SF_TRAIT_ELEMENTWISE) || op->kind == SF_OP_BATCHNORM;
  const sf_value *x = sf_op_operand(op, 0);
  if (!elementwise || !x || x->type.scalar.kind != SF_SCALAR_F32) return false;
  for (uint32_t i = 1; i < op->operand_count; i++)
    if (!sf_op_operand_blob(op, i)) return false;
  return sf_type_same_shape(&x->type, &op->results[0]->type);
}

static bool is_maximum(const sf_op *op) {
  return op && op->kind == SF_OP_POOL &&
         sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX &&
         sf_value_has_one_use(op->results[0]);
}

/* Fills chain and source; *found false: it starts with an op that is no part of
 * a chain. */
static bool find_chain(sf_site *site) {
  sf_op *reversed[SF_CHAIN_MAX];
  uint32_t count = 0;
  sf_op *op = site->quantize;
  for (;;) {
    if (count == SF_CHAIN_MAX || !sf_op_operand(op, 0)) return false;
    reversed[count++] = op;
    sf_value *x = sf_op_operand(op, 0);
    if (x->type.scalar.kind != SF_SCALAR_F32 || !x->op) {
      site->source = x;
      site->input = x->type.scalar.kind == SF_SCALAR_F32;
      break;
    }
    op = x->op;
    bool ends = op->kind == SF_OP_DEQUANTIZE;
    if (!ends && !is_chain_op(op)) return false;
    for (uint32_t i = 1; i < op->operand_count; i++)
      if (!sf_op_operand_blob(op, i)) return false;
  }
  for (uint32_t i = 0; i < count; i++)
    site->chain[i] = reversed[count - 1 - i];
  site->chain_count = count;
  return true;
}

/* Bits of the axes along which an operand of constants differs. */
static uint32_t varying_axes(const sf_op *op, const sf_blob *blob) {
  const sf_type *stream = &sf_op_operand(op, 0)->type;
  if (sf_blob_elements(blob) == 1) return 0;
  bool scaled = op->kind == SF_OP_QUANTIZE || op->kind == SF_OP_DEQUANTIZE;
  if (op->kind == SF_OP_BATCHNORM) return 1;
  if (scaled && sf_op_has_attr(op, SF_ATTR_axis)) {
    int64_t axis = sf_op_int(op, SF_ATTR_axis);
    return 1u << (axis < 0 ? axis + stream->rank : axis);
  }
  uint32_t bits = 0;
  for (uint32_t i = 0; i < blob->type.rank; i++)
    if (blob->type.dim[i] > 1)
      bits |= 1u << (i + stream->rank - blob->type.rank);
  return bits;
}

static void find_shape(sf_site *site) {
  uint32_t axes = 0;
  for (uint32_t i = 0; i < site->chain_count; i++) {
    const sf_op *op = site->chain[i];
    for (uint32_t j = 1; j < op->operand_count; j++)
      axes |= varying_axes(op, sf_op_operand_blob(op, j));
  }
  site->shape = site->quantize->results[0]->type;
  site->shape.scalar = sf_int(32);
  for (uint32_t i = 0; i < site->shape.rank; i++)
    if (!(axes >> i & 1)) site->shape.dim[i] = 1;
  site->count = (uint32_t)sf_type_elements(&site->shape);
}

/* quantize(max(a)) = max(quantize(a)) where all elements of a window share one
 * rising function: then the site comes first, on small numbers. */
static void move_pool(sf_site *site) {
  sf_op *op = site->source->op;
  bool shared = true;
  for (uint32_t i = 1; i < site->shape.rank; i++)
    shared = shared && site->shape.dim[i] == 1;
  if (site->input || !shared || !is_maximum(op)) return;
  site->pool = op;
  site->source = sf_op_operand(op, 0);
}

static sf_result add_site(sf_converter *c, sf_op *op) {
  sf_site *site = &c->sites[c->site_count];
  *site = (sf_site){.quantize = op};
  if (!find_chain(site)) return SF_OK; /* obstacles.c says why */
  for (uint32_t i = 0; i < site->chain_count; i++)
    c->covered[site->chain[i]->order] = true;
  find_shape(site);
  move_pool(site);
  c->site_count++;
  return SF_OK;
}

sf_result sf_convert_find_sites(sf_converter *c) {
  uint32_t quantizers = 0;
  SF_FOREACH_OP(op, c->network)
    quantizers += op->kind == SF_OP_QUANTIZE;
  c->sites = SF_NEW_ARRAY(c->arena, sf_site, quantizers + 1u);
  c->covered = SF_NEW_ARRAY(c->arena, bool, c->network->op_count + 1u);
  if (!c->sites || !c->covered) return SF_OOM;
  SF_FOREACH_OP(op, c->network)
    if (op->kind == SF_OP_QUANTIZE) SF_TRY(add_site(c, op));
  return SF_OK;
}
