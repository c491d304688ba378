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

static sf_result read_constants(sf_converter *c, const sf_interp *interp,
                                int32_t **returns) {
  for (uint32_t i = 0; i < c->site_count; i++) {
    sf_site *site = &c->sites[i];
    if (!site->input)
      SF_TRY(copy_value(c, interp, site->source, &site->constant));
    if (!site->input && is_site(c, site->source)) /* no spike: 0 */
      memset(site->constant, 0,
             sf_type_elements(&site->source->type) * sizeof *site->constant);
  }
  /* Results were replaced by the integers behind them, which the reference
   * has under the same names unless they are sites' own or moved anew. */
  for (uint32_t i = 0; i < c->network->return_count; i++) {
    const sf_value *value = c->network->returns[i].value;
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

static bool adds_constant(const sf_op *op) {
  return (op->kind == SF_OP_ADD || op->kind == SF_OP_SUB) &&
         op->results[0]->type.scalar.kind == SF_SCALAR_INT &&
         op->operand_count == 2 && sf_op_operand(op, 0) &&
         sf_op_operand_blob(op, 1) &&
         sf_type_same_shape(&sf_op_operand(op, 0)->type, &op->results[0]->type);
}

static void drop_constants(sf_network *network) {
  SF_FOREACH_OP_SAFE(op, following, network) {
    if (op->result_count != 1 ||
        op->results[0]->type.scalar.kind == SF_SCALAR_F32)
      continue;
    drop_bias(op);
    if (adds_constant(op))
      sf_value_replace_all_uses(op->results[0], sf_op_operand(op, 0));
  }
}

sf_result sf_convert_constants(sf_converter *c, int32_t **returns) {
  SF_TRY(cut_sites(c));
  sf_interp *interp = NULL;
  SF_TRY(sf_interp_create(c->before, c->run->diag, &interp));
  sf_result result = sf_interp_step(interp, NULL);
  if (result == SF_OK) result = read_constants(c, interp, returns);
  sf_interp_destroy(interp);
  SF_TRY(result);
  drop_constants(c->network);
  return SF_OK;
}
