/* mark.c - taking back what was only tried. */
#include "passes/fanin_fanout_balancing/balancing.h"

sf_fan_mark sf_fan_mark_of(const sf_fan *fan, const sf_op *before) {
  const sf_module *module = fan->run->module;
  return (sf_fan_mark){before->prev, module->last_blob, module->last_neuron};
}

static bool is_called(const sf_module *module, const sf_neuron *neuron) {
  for (const sf_network *n = module->first_network; n; n = n->next)
    SF_FOREACH_OP(op, n)
      if (op->neuron == neuron) return true;
  return false;
}

void sf_fan_erase_unused(sf_fan *fan, sf_fan_mark mark) {
  sf_module *module = fan->run->module;
  for (sf_neuron *n = module->last_neuron, *previous; n && n != mark.neuron;
       n = previous) {
    previous = n->prev;
    if (!is_called(module, n)) sf_neuron_erase(n);
  }
  for (sf_blob *b = module->last_blob, *previous; b && b != mark.blob;
       b = previous) {
    previous = b->prev;
    if (b->users == 0) sf_blob_erase(b);
  }
}

void sf_fan_take_back(sf_fan *fan, sf_fan_mark mark, sf_op *before) {
  while (before->prev != mark.op)
    sf_op_erase(before->prev);
  sf_fan_erase_unused(fan, mark);
}
