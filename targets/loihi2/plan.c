/* plan.c - what of a network stands on the chip, and everything that cannot. */
#include "targets/loihi2/plan.h"

#include <stdlib.h>
#include <string.h>

const char *sf_l2_name(const sf_l2_plan *plan, const sf_op *op) {
  (void)plan;
  if (!op) return "the network";
  if (op->loc.node) return op->loc.node;
  return op->result_count ? sf_op_result(op, 0)->name : "an op";
}

sf_result sf_l2_cannot(const sf_l2_plan *plan, const sf_op *op,
                       const char *format, ...) {
  char message[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return sf_error(plan->diag, SF_DIAG_TARGET_CANNOT,
                  op ? op->loc : plan->network->loc, "%s: %s",
                  sf_l2_name(plan, op), message);
}

static bool on_chip(const sf_op *op) {
  return op->kind == SF_OP_NEURONS && sf_op_int(op, SF_ATTR_on) == SF_ON_CHIP;
}

static sf_result add_layer(sf_l2_plan *plan, const sf_op *op,
                           const sf_module *library) {
  sf_l2_layer *layer = &plan->layers[plan->layer_count];
  if (op->result_count != 1 || op->operand_count > 2)
    return sf_l2_cannot(plan, op,
                        "a program of the chip has one or two inputs "
                        "and sends one value");
  *layer = (sf_l2_layer){.op = op, .value = sf_op_result(op, 0)};
  layer->elements = (uint32_t)sf_type_elements(&layer->value->type);
  plan->layer_count++;
  return sf_l2_model_recognize(plan, library, layer);
}

/* Keeps going after a diagnostic; memory that is out ends it. */
static sf_result gather(sf_result result, bool *failed) {
  if (result == SF_FAIL) *failed = true;
  return result == SF_OOM ? SF_OOM : SF_OK;
}

static sf_result add_layers(sf_l2_plan *plan, bool *failed) {
  uint32_t count = 0;
  SF_FOREACH_OP(op, plan->network)
    count += on_chip(op) ? 1 : 0;
  plan->layers = SF_NEW_ARRAY(plan->arena, sf_l2_layer, count + 1);
  if (!plan->layers) return SF_OOM;
  sf_module *library = NULL;
  SF_TRY(sf_library_load(plan->diag, &library));
  sf_result result = SF_OK;
  for (const sf_op *op = plan->network->first; op && result == SF_OK;
       op = op->next)
    if (on_chip(op)) result = gather(add_layer(plan, op, library), failed);
  sf_module_destroy(library);
  return result;
}

/* Does a chip population read the value, through whatever lies between? Marks
 * are kept per op: `reads[order]`. */
static bool reaches_chip(const sf_value *value, const bool *reads) {
  SF_FOREACH_USE(use, value)
    if (use->op && reads[use->op->order]) return true;
  return false;
}

/* Ops are in text order, so one backward walk finds the readers, except through
 * delays that close cycles: those are walked again until nothing changes. */
static void mark_readers(const sf_network *network, bool *reads) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const sf_op *op = network->last; op; op = op->prev) {
      bool now = on_chip(op);
      if (op->kind != SF_OP_NEURONS)
        for (uint32_t i = 0; !now && i < op->result_count; i++)
          now = reaches_chip(sf_op_result(op, i), reads);
      if (now == reads[op->order]) continue;
      reads[op->order] = now;
      changed = true;
    }
  }
}

/* The same for the host: its populations and the network's results. */
static void mark_host(const sf_network *network, bool *reads) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const sf_op *op = network->last; op; op = op->prev) {
      bool now = op->kind == SF_OP_NEURONS && !on_chip(op);
      if (op->kind != SF_OP_NEURONS)
        for (uint32_t i = 0; !now && i < op->result_count; i++) {
          const sf_value *value = sf_op_result(op, i);
          now = reaches_chip(value, reads);
          SF_FOREACH_USE(use, value)
            now = now || !use->op;
        }
      if (now == reads[op->order]) continue;
      reads[op->order] = now;
      changed = true;
    }
  }
}

static sf_result add_input(sf_l2_plan *plan, const sf_value *value,
                           const bool *reads) {
  if (!reaches_chip(value, reads)) return SF_OK;
  plan->inputs[plan->input_count++] =
      (sf_l2_input){.value = value,
                    .from_host = value->op != NULL,
                    .elements = (uint32_t)sf_type_elements(&value->type)};
  if (value->type.scalar.kind != SF_SCALAR_F32) return SF_OK;
  sf_l2_cannot(plan, value->op,
               "%%%s is f32 and feeds the chip, which takes spikes and "
               "integers",
               value->name);
  sf_help(plan->diag, "encode it on the host: `--encode if_zero`");
  return SF_FAIL;
}

static sf_result add_inputs(sf_l2_plan *plan, bool *failed, const bool *reads) {
  uint32_t count = plan->network->argument_count;
  SF_FOREACH_OP(op, plan->network)
    count += op->kind == SF_OP_NEURONS ? op->result_count : 0;
  plan->inputs = SF_NEW_ARRAY(plan->arena, sf_l2_input, count + 1);
  if (!plan->inputs) return SF_OOM;
  for (uint32_t i = 0; i < plan->network->argument_count; i++)
    SF_TRY(gather(add_input(plan, plan->network->arguments[i], reads), failed));
  SF_FOREACH_OP(op, plan->network)
    if (op->kind == SF_OP_NEURONS && !on_chip(op))
      for (uint32_t i = 0; i < op->result_count; i++)
        SF_TRY(gather(add_input(plan, sf_op_result(op, i), reads), failed));
  return SF_OK;
}

static void find_outputs(sf_l2_plan *plan, const bool *host_reads) {
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    sf_l2_layer *layer = &plan->layers[l];
    layer->read_by_host = reaches_chip(layer->value, host_reads);
    SF_FOREACH_USE(use, layer->value)
      if (!use->op) layer->returned = true;
  }
}

static sf_result connect_layers(sf_l2_plan *plan, bool *failed) {
  for (uint32_t l = 0; l < plan->layer_count; l++)
    for (uint32_t port = 0; port < plan->layers[l].op->operand_count; port++)
      SF_TRY(gather(sf_l2_connect(plan, l, port), failed));
  return SF_OK;
}

static sf_result check_starts(sf_l2_plan *plan, bool *failed) {
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    const sf_op *op = plan->layers[l].op;
    if (sf_op_int(op, SF_ATTR_start) > INT32_MAX)
      SF_TRY(
          gather(sf_l2_cannot(plan, op, "start does not fit 31 bits"), failed));
  }
  if (plan->layer_count == 0)
    SF_TRY(gather(sf_l2_cannot(plan, NULL,
                               "no population is left for the "
                               "chip"),
                  failed));
  return SF_OK;
}

static sf_result build(sf_l2_plan *plan) {
  bool failed = false;
  uint32_t ops = sf_network_number((sf_network *)plan->network);
  bool *reads = SF_NEW_ARRAY(plan->arena, bool, (size_t)ops + 1);
  bool *host_reads = SF_NEW_ARRAY(plan->arena, bool, (size_t)ops + 1);
  if (!reads || !host_reads) return SF_OOM;
  mark_readers(plan->network, reads);
  mark_host(plan->network, host_reads);
  SF_TRY(add_layers(plan, &failed));
  SF_TRY(add_inputs(plan, &failed, reads));
  find_outputs(plan, host_reads);
  SF_TRY(connect_layers(plan, &failed));
  SF_TRY(check_starts(plan, &failed));
  return failed ? SF_FAIL : SF_OK;
}

sf_result sf_l2_plan_create(const sf_emit_job *job, sf_l2_plan *out) {
  *out = (sf_l2_plan){.arena = sf_arena_create(),
                      .diag = job->diag,
                      .network = job->network,
                      .mapping = job->mapping,
                      .machine = job->machine};
  if (!out->arena) return SF_OOM;
  sf_result result = build(out);
  if (result != SF_OK) sf_l2_plan_destroy(out);
  return result;
}

void sf_l2_plan_destroy(sf_l2_plan *plan) {
  sf_arena_destroy(plan->arena);
  *plan = (sf_l2_plan){0};
}
