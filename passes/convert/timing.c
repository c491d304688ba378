/* timing.c - how long each form runs.
 *
 * stbif (conversion.md 1.6, lemma 2): a population that gets its last input in
 * step t has sent its last spike by t + smax - smin - 1, a table what its type
 * leaves for later a few steps behind; so the sum of these along the longest
 * path is the step in which nothing changes any more. */
#include "passes/convert/convert.h"

#include "passes/manager/manager.h"

#include <string.h>

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static int64_t extreme(sf_op *op, const char *param, bool most) {
  const sf_argument *a = sf_op_argument(op, slice_of(param));
  const sf_param *p = sf_neuron_find_param(op->neuron, slice_of(param));
  if (a->kind == SF_ARGUMENT_DEFAULT) return p->initial.i;
  if (a->kind == SF_ARGUMENT_NUMBER) return a->number.i;
  int64_t out = sf_blob_i32(a->blob, 0);
  for (size_t i = 1; i < sf_blob_elements(a->blob); i++) {
    int64_t value = sf_blob_i32(a->blob, i);
    if (most ? value > out : value < out) out = value;
  }
  return out;
}

/* Steps from a population's last input to its last spike. */
static int64_t settling(const sf_converter *c, sf_op *op) {
  for (uint32_t i = 0; i < c->site_count; i++)
    if (op->result_count == 1 && c->sites[i].emitted == op->results[0] &&
        c->sites[i].table)
      return sf_convert_table_settling(&c->sites[i]);
  bool ternary = op->kind == SF_OP_NEURONS &&
                 sf_neuron_find_param(op->neuron, slice_of("smax"));
  if (!ternary) return 0;
  int64_t range = extreme(op, "smax", true) - extreme(op, "smin", false);
  return range > 0 ? range - 1 : 0;
}

static sf_result settle(sf_converter *c) {
  uint32_t count = sf_network_number(c->network);
  int64_t *time = SF_NEW_ARRAY(c->arena, int64_t, count + 1u), last = 0;
  if (!time) return SF_OOM;
  SF_FOREACH_OP(op, c->network) {
    int64_t latest = 0;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (x && x->op && time[x->op->order] > latest)
        latest = time[x->op->order];
    }
    time[op->order] = latest + settling(c, op);
  }
  for (uint32_t i = 0; i < c->network->return_count; i++) {
    const sf_value *value = c->network->returns[i].value;
    if (value->op && time[value->op->order] > last)
      last = time[value->op->order];
  }
  c->network->lag = last;
  return SF_OK;
}

sf_result sf_convert_timing(sf_converter *c) {
  c->network->steps = c->form == SF_FORM_RATE ? c->options->steps : 1;
  if (c->form == SF_FORM_STBIF) return settle(c);
  return SF_OK;
}
