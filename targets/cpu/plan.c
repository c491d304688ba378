/* plan.c - where values, states and rings live. */
#include "targets/cpu/cpu.h"

static uint64_t align_up(uint64_t bytes) {
  return (bytes + CPU_ALIGN - 1) / CPU_ALIGN * CPU_ALIGN;
}

uint64_t cpu_state_stride(size_t elements) {
  return align_up((uint64_t)elements * sizeof(sf_word));
}

static uint64_t take(uint64_t *used, uint64_t bytes) {
  uint64_t at = *used;
  *used += align_up(bytes);
  return at;
}

uint64_t cpu_value_offset(const cpu_plan *plan, const sf_value *value) {
  const cpu_value *found;
  HASH_FIND_PTR(plan->by_value, &value, found);
  return found ? found->scratch : 0;
}

static sf_result add_value(cpu_plan *plan, const sf_value *value) {
  cpu_value *slot = &plan->values[plan->value_count++];
  slot->value = value;
  slot->scratch = take(&plan->scratch_bytes,
                       cpu_state_stride(sf_type_elements(&value->type)));
  HASH_ADD_PTR(plan->by_value, value, slot);
  return slot->lost ? SF_OOM : SF_OK;
}

static sf_result plan_values(cpu_plan *plan) {
  size_t count = plan->network->argument_count;
  SF_FOREACH_OP(op, plan->network)
    count += op->result_count;
  plan->values = SF_NEW_ARRAY(plan->arena, cpu_value, count + 1);
  if (!plan->values) return SF_OOM;
  for (uint32_t i = 0; i < plan->network->argument_count; i++)
    SF_TRY(add_value(plan, plan->network->arguments[i]));
  SF_FOREACH_OP(op, plan->network)
    for (uint32_t i = 0; i < op->result_count; i++)
      SF_TRY(add_value(plan, op->results[i]));
  return SF_OK;
}

static sf_result too_large(const sf_op *op, sf_diag *diag) {
  return sf_error(diag, SF_DIAG_CAPACITY, op->loc,
                  "the ring of '%%%s' needs more than 2^40 bytes",
                  sf_op_result(op, 0)->name);
}

static sf_result plan_op(cpu_plan *plan, const sf_op *op, sf_diag *diag,
                         cpu_op_state *out) {
  size_t elements = sf_type_elements(&sf_op_result(op, 0)->type);
  if (op->kind == SF_OP_NEURONS) {
    uint64_t stride = cpu_state_stride(elements);
    out->states = take(&plan->state_bytes, stride * op->neuron->state_count);
  } else if (op->kind == SF_OP_DELAY) {
    out->depth = (uint64_t)sf_op_int(op, SF_ATTR_steps);
  } else {
    SF_TRY(cpu_ring_depth(op, diag, &out->depth));
    if (out->depth) elements = sf_type_elements(&sf_op_operand(op, 0)->type);
  }
  if (out->depth) {
    if (out->depth > (UINT64_C(1) << 40) / cpu_state_stride(elements))
      return too_large(op, diag);
    out->ring =
        take(&plan->state_bytes, out->depth * cpu_state_stride(elements));
  }
  uint64_t sums = cpu_accumulator_bytes(op);
  if (sums > plan->accumulators) plan->accumulators = sums;
  return SF_OK;
}

static sf_result plan_ops(cpu_plan *plan, sf_diag *diag) {
  SF_FOREACH_OP(op, plan->network)
    plan->op_count++;
  plan->ops = SF_NEW_ARRAY(plan->arena, cpu_op_state, plan->op_count + 1u);
  if (!plan->ops) return SF_OOM;
  uint32_t i = 0;
  SF_FOREACH_OP(op, plan->network)
    SF_TRY(plan_op(plan, op, diag, &plan->ops[i++]));
  return SF_OK;
}

static cpu_port port_of(const sf_value *value, uint64_t *used) {
  cpu_port port = {.name = value->name,
                   .value = value,
                   .kind = CPU_I32,
                   .elements = sf_type_elements(&value->type)};
  port.bytes = port.elements * sizeof(sf_word);
  if (value->type.scalar.kind == SF_SCALAR_F32) port.kind = CPU_F32;
  if (value->type.scalar.kind == SF_SCALAR_SPIKE) {
    port.kind = CPU_BITS;
    port.bytes = (port.elements + 63) / 64 * 8;
  }
  port.offset = *used;
  *used += (port.bytes + 7) / 8 * 8;
  return port;
}

static sf_result plan_ports(cpu_plan *plan) {
  const sf_network *n = plan->network;
  plan->inputs = SF_NEW_ARRAY(plan->arena, cpu_port, n->argument_count + 1u);
  plan->outputs = SF_NEW_ARRAY(plan->arena, cpu_port, n->return_count + 1u);
  if (!plan->inputs || !plan->outputs) return SF_OOM;
  for (uint32_t i = 0; i < n->argument_count; i++)
    plan->inputs[plan->input_count++] =
        port_of(n->arguments[i], &plan->in_bytes);
  for (uint32_t i = 0; i < n->return_count; i++)
    plan->outputs[plan->output_count++] =
        port_of(n->returns[i].value, &plan->out_bytes);
  return SF_OK;
}

sf_result cpu_plan_create(const sf_network *network, sf_diag *diag,
                          sf_arena *arena, cpu_plan *out) {
  *out = (cpu_plan){.network = network, .arena = arena};
  out->state_bytes = CPU_HEADER_BYTES;
  SF_TRY(plan_values(out));
  SF_TRY(plan_ops(out, diag));
  SF_TRY(plan_ports(out));
  uint64_t sums = out->accumulators;
  out->accumulators = take(&out->scratch_bytes, sums);
  return SF_OK;
}

void cpu_plan_destroy(cpu_plan *plan) { HASH_CLEAR(hh, plan->by_value); }
