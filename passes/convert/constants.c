/* constants.c - biases as initial charge.
 *
 * Between two sites everything is a sum, so an accumulator is what its spikes
 * give plus what it holds without any. Spikes that add up over steps must meet
 * the constant once: it goes into the neurons, and the biases out of the
 * network. */
#include "passes/convert/convert.h"

#include <string.h>

static sf_value *same_value(const sf_network *network, const sf_value *value) {
  return sf_network_find_value(network,
                               (sf_slice){value->name, strlen(value->name)});
}

/* In the reference: every rounded value becomes an argument, which is 0. */
static sf_result cut_sites(sf_converter *c) {
  for (uint32_t i = 0; i < c->site_count; i++) {
    sf_value *q = same_value(c->before, c->sites[i].quantize->results[0]);
    sf_value *zero = sf_network_add_argument(c->before, "zero", &q->type);
    if (!zero) return SF_OOM;
    sf_value_replace_all_uses(q, zero);
  }
  return SF_OK;
}

/* There, too: what a change gives from its whole value on is 0. */
static sf_result cut_change(sf_converter *c, const sf_bridge *b) {
  SF_FOREACH_USE(use, b->population->results[0]) {
    const sf_value *y = same_value(c->before, use->op->results[0]);
    sf_value *zero = sf_network_add_argument(c->before, "zero", &b->from->type);
    if (!y || !zero) return SF_OOM;
    sf_op_set_operand(y->op, use->index, zero);
  }
  return SF_OK;
}

static sf_result cut_changes(sf_converter *c) {
  for (const sf_bridge *b = c->bridges; b; b = b->next)
    if (!b->is_total) SF_TRY(cut_change(c, b));
  return SF_OK;
}

static sf_result copy_value(sf_converter *c, const sf_interp *interp,
                            const sf_value *value, int32_t **out) {
  size_t elements = sf_type_elements(&value->type);
  const sf_word *words = sf_interp_value(interp, same_value(c->before, value));
  *out = SF_NEW_ARRAY(c->arena, int32_t, elements);
  if (!*out) return SF_OOM;
  for (size_t i = 0; i < elements; i++)
    (*out)[i] = words[i].i;
  return SF_OK;
}

static bool is_site(const sf_converter *c, const sf_value *value) {
  for (uint32_t i = 0; i < c->site_count; i++)
    if (value == c->sites[i].quantize->results[0]) return true;
  return false;
}

/* A total starts with what its sum holds. */
static sf_result charge_totals(sf_converter *c, const sf_interp *interp) {
  for (const sf_bridge *b = c->bridges; b; b = b->next) {
    if (!b->is_total || !b->from->op || is_site(c, b->from)) continue;
    int32_t *constant;
    SF_TRY(copy_value(c, interp, b->from, &constant));
    SF_TRY(sf_convert_argument(b->population, "q0", &b->from->type, constant));
  }
  return SF_OK;
}

static sf_result read_constants(sf_converter *c, const sf_interp *interp,
                                int32_t **returns) {
  for (uint32_t i = 0; i < c->site_count; i++) {
    sf_site *site = &c->sites[i];
    if (site->whole) continue;
    if (!site->input)
      SF_TRY(copy_value(c, interp, site->source, &site->constant));
    if (!site->input && is_site(c, site->source)) /* no spike: 0 */
      memset(site->constant, 0,
             sf_type_elements(&site->source->type) * sizeof *site->constant);
  }
  /* Results were replaced by the integers behind them, which the reference
   * has under the same names unless they are sites' own. */
  for (uint32_t i = 0; i < c->network->return_count; i++) {
    const sf_value *value =
        sf_convert_before_moves(c->network->returns[i].value);
    returns[i] = NULL;
    if (same_value(c->before, value))
      SF_TRY(copy_value(c, interp, value, &returns[i]));
  }
  return SF_OK;
}

/* ---- Taking biases out. ---- */

static void drop_bias(sf_op *op) {
  bool has_bias = (op->kind == SF_OP_LINEAR || op->kind == SF_OP_CONV ||
                   op->kind == SF_OP_CONVT) &&
                  op->operand_count > 2;
  if (!has_bias) return;
  sf_op_set_operand_blob(op, 2, NULL);
  op->operand_count = 2;
}

static void drop_constants(const sf_converter *c) {
  SF_FOREACH_OP_SAFE(op, following, c->network) {
    if (op->result_count != 1 || sf_convert_is_whole(c, op) ||
        op->results[0]->type.scalar.kind == SF_SCALAR_F32)
      continue;
    drop_bias(op);
    if (sf_convert_adds_constant(op))
      sf_value_replace_all_uses(op->results[0], sf_op_operand(op, 0));
  }
}

sf_result sf_convert_constants(sf_converter *c, int32_t **returns) {
  SF_TRY(cut_sites(c));
  SF_TRY(cut_changes(c));
  sf_interp *interp = NULL;
  SF_TRY(sf_interp_create(c->before, c->run->diag, &interp));
  sf_result result = sf_interp_step(interp, NULL);
  if (result == SF_OK) result = read_constants(c, interp, returns);
  if (result == SF_OK) result = charge_totals(c, interp);
  sf_interp_destroy(interp);
  SF_TRY(result);
  drop_constants(c);
  return SF_OK;
}
