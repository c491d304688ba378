/* probe.c - runs the chain of a site on the interpreter, for one accumulator of
 * each kind at a time. */
#include "passes/convert/convert.h"

#include "passes/rewrite/op_copy.h"

#include <string.h>

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

/* The chain in a network of its own, on the site's numbers only. */
static sf_network *create_network(sf_converter *c, const sf_site *site) {
  sf_network *network =
      sf_network_create(c->reference, "probe", site->quantize->loc);
  sf_value *value =
      network ? sf_network_add_argument(network, "x", &site->shape) : NULL;
  for (uint32_t i = 0; value && i < site->chain_count; i++) {
    const sf_value *result = site->chain[i]->results[0];
    const sf_value *same =
        sf_network_find_value(c->before, slice_of(result->name));
    sf_op *op =
        sf_op_copy_into(network, NULL, same->op, same->op->operand_count);
    if (!op) return NULL;
    sf_op_set_operand(op, 0, value);
    sf_type type = site->shape;
    type.scalar = result->type.scalar;
    value = sf_op_add_result(op, "y", &type);
  }
  if (!value || sf_network_set_returns(network, 1, &value) != SF_OK)
    return NULL;
  return network;
}

sf_result sf_probe_create(sf_converter *c, const sf_site *site, sf_probe *out) {
  *out = (sf_probe){.count = site->count};
  sf_network *network = create_network(c, site);
  out->input = SF_NEW_ARRAY(c->arena, sf_word, site->count);
  if (!network || !out->input) return SF_OOM;
  out->result = network->returns[0].value;
  return sf_interp_create(network, c->run->diag, &out->interp);
}

void sf_probe_destroy(sf_probe *probe) {
  sf_interp_destroy(probe->interp);
  *probe = (sf_probe){0};
}

sf_result sf_probe_run(sf_probe *probe, const int32_t *x, int32_t *y) {
  for (uint32_t i = 0; i < probe->count; i++)
    probe->input[i].i = x[i];
  const sf_word *inputs[] = {probe->input};
  SF_TRY(sf_interp_step(probe->interp, inputs));
  const sf_word *result = sf_interp_value(probe->interp, probe->result);
  for (uint32_t i = 0; i < probe->count; i++)
    y[i] = result[i].i;
  return SF_OK;
}
