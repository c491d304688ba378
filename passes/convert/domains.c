/* domains.c - form stbif: which integers are sums of spikes, which are whole.
 *
 * What is linear works on spikes, and its value is the sum of its spikes over
 * the steps so far. A function, a product of two streams, a maximum of sums and
 * a constant work on whole values: those sums themselves. The telescoping of
 * conversion.md 1.6 stands where one meets the other (bridge.c). */
#include "passes/convert/convert.h"

enum { SPIKES, EITHER, WHOLE };

/* ---- Kinds of ops. ---- */

static bool is_rounded(const sf_value *value, unsigned depth) {
  const sf_op *op = value->op;
  if (!op || depth > 256) return false;
  if (op->kind == SF_OP_QUANTIZE) return true;
  if (!sf_op_is(op, SF_TRAIT_MOVES) && op->kind != SF_OP_POOL &&
      op->kind != SF_OP_MAX)
    return false;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x || !is_rounded(x, depth + 1)) return false;
  }
  return true;
}

static bool is_max_pool(const sf_op *op) {
  return op->kind == SF_OP_POOL && sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
}

bool sf_convert_is_rounded_maximum(const sf_op *op) {
  if (op->kind != SF_OP_MAX && !is_max_pool(op)) return false;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!sf_op_operand(op, i) || !is_rounded(sf_op_operand(op, i), 0))
      return false;
  return true;
}

bool sf_convert_adds_constant(const sf_op *op) {
  return (op->kind == SF_OP_ADD || op->kind == SF_OP_SUB) &&
         op->results[0]->type.scalar.kind == SF_SCALAR_INT &&
         op->operand_count == 2 && sf_op_operand(op, 0) &&
         sf_op_operand_blob(op, 1) &&
         sf_type_same_shape(&sf_op_operand(op, 0)->type, &op->results[0]->type);
}

bool sf_convert_works_on_f32(const sf_op *op) {
  bool function =
      op->kind == SF_OP_NEURONS && sf_neuron_is_stateless(op->neuron);
  if (op->kind == SF_OP_NEURONS && !function) return false;
  if (sf_op_is(op, SF_TRAIT_ANALOG)) return true;
  for (uint32_t i = 0; i < op->result_count; i++)
    if (op->results[i]->type.scalar.kind == SF_SCALAR_F32) return true;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (x && x->type.scalar.kind == SF_SCALAR_F32) return true;
  }
  return false;
}

static bool is_sum_of(const sf_op *op) {
  const sf_value *b = op->operand_count > 1 ? sf_op_operand(op, 1) : NULL;
  return (sf_op_operand(op, 0) && b) || sf_convert_adds_constant(op);
}

/* Does the result for a sum of streams equal the sum of their results, its
 * constants left out? */
static bool is_linear(const sf_op *op) {
  if (op->mode != SF_MODE_NONE) return false;
  switch (op->kind) {
  case SF_OP_LINEAR:
  case SF_OP_CONV:
  case SF_OP_CONVT:
  case SF_OP_SPARSE: /* a shift rounds */
    return sf_op_int(op, SF_ATTR_shift) == 0;
  case SF_OP_POOL:
  case SF_OP_REDUCE:
    return sf_op_int(op, SF_ATTR_kind) == SF_POOL_SUM;
  case SF_OP_ADD:
  case SF_OP_SUB:
    return is_sum_of(op);
  case SF_OP_MUL:
    return !sf_op_operand(op, 0) || !sf_op_operand(op, 1);
  case SF_OP_CONVERT:
  case SF_OP_DELAY:
    return true;
  default:
    return sf_op_is(op, SF_TRAIT_MOVES);
  }
}

/* ---- Domains. ---- */

typedef struct work {
  sf_converter *c;
  uint8_t *domain; /* by order */
} work;

static int domain_of(const work *w, const sf_value *value) {
  return value && value->op && value->op->order != UINT32_MAX
             ? w->domain[value->op->order]
             : SPIKES;
}

static sf_site *site_of(const sf_converter *c, const sf_op *quantize) {
  for (uint32_t i = 0; i < c->site_count; i++)
    if (c->sites[i].quantize == quantize) return &c->sites[i];
  return NULL;
}

/* A rounded sum spikes; a rounded whole value is one. */
static int classify_site(const work *w, const sf_op *op) {
  sf_site *site = site_of(w->c, op);
  if (!site || site->input) return SPIKES;
  site->whole = domain_of(w, site->source) == WHOLE;
  return site->whole ? WHOLE : SPIKES;
}

static int classify(const work *w, const sf_op *op) {
  if (op->kind == SF_OP_QUANTIZE) return classify_site(w, op);
  if (sf_convert_works_on_f32(op)) return SPIKES;
  bool streams = false, whole = false;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    streams = streams || x;
    whole = whole || domain_of(w, x) != SPIKES;
  }
  if (op->kind == SF_OP_NEURONS)
    return sf_neuron_is_stateless(op->neuron) ? WHOLE : SPIKES;
  if (!streams) return WHOLE; /* the same in every step */
  if (op->kind == SF_OP_CONCAT) return whole ? WHOLE : SPIKES; /* one type */
  if (is_linear(op)) return whole ? EITHER : SPIKES;
  return !whole && sf_convert_is_rounded_maximum(op) ? SPIKES : WHOLE;
}

/* What is linear stays whole if only whole values come of it. */
static bool is_read_whole(const work *w, const sf_op *op) {
  bool read = false;
  for (uint32_t i = 0; i < op->result_count; i++)
    SF_FOREACH_USE(use, op->results[i]) {
      bool whole = use->op && use->op->order != UINT32_MAX &&
                   use->op->kind != SF_OP_QUANTIZE &&
                   w->domain[use->op->order] == WHOLE;
      if (!whole) return false;
      read = true;
    }
  return read;
}

sf_result sf_convert_find_domains(sf_converter *c) {
  uint32_t count = c->network->op_count;
  work w = {c, SF_NEW_ARRAY(c->arena, uint8_t, count + 1u)};
  c->whole = SF_NEW_ARRAY(c->arena, const sf_op *, count + 1u);
  if (!w.domain || !c->whole) return SF_OOM;
  c->whole_count = count;
  SF_FOREACH_OP(op, c->network)
    if (op->order != UINT32_MAX)
      w.domain[op->order] = (uint8_t)classify(&w, op);
  for (sf_op *op = c->network->last; op; op = op->prev) {
    if (op->order == UINT32_MAX) continue;
    if (w.domain[op->order] == EITHER)
      w.domain[op->order] = is_read_whole(&w, op) ? WHOLE : SPIKES;
    if (w.domain[op->order] == WHOLE) c->whole[op->order] = op;
  }
  return SF_OK;
}

bool sf_convert_is_whole(const sf_converter *c, const sf_op *op) {
  return op && op->order < c->whole_count && c->whole[op->order] == op;
}

bool sf_convert_value_is_whole(const sf_converter *c, sf_value *value) {
  return sf_convert_is_whole(c, sf_convert_before_moves(value)->op);
}
