/* listing.c - walks a module the way a target does. */
#include "targets/null/listing.h"

#include <inttypes.h>

static void add_type(sf_buffer *out, const sf_type *type) {
  char text[160];
  sf_type_text(type, text, sizeof text);
  sf_buffer_text(out, text);
}

/* Streams and blobs of an op: `%x @w`. */
static void add_operands(sf_buffer *out, const sf_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_use *use = &op->operands[i];
    if (use->value) sf_buffer_printf(out, " %%%s", use->value->name);
    if (use->blob) sf_buffer_printf(out, " @%s", use->blob->name);
  }
}

static void list_blobs(const sf_module *module, sf_buffer *out) {
  sf_buffer_text(out, "blobs\n");
  for (const sf_blob *blob = module->first_blob; blob; blob = blob->next) {
    sf_buffer_printf(out, "  @%s ", blob->name);
    add_type(out, &blob->type);
    sf_buffer_printf(out, ", %zu bytes of %s\n",
                     sf_type_elements(&blob->type) *
                         sf_dtype_bytes(blob->dtype),
                     sf_dtype_text(blob->dtype));
  }
}

static void list_arguments(const sf_network *network, sf_buffer *out) {
  sf_buffer_text(out, "inputs\n");
  for (uint32_t i = 0; i < network->argument_count; i++) {
    sf_buffer_printf(out, "  %%%s ", network->arguments[i]->name);
    add_type(out, &network->arguments[i]->type);
    sf_buffer_char(out, '\n');
  }
}

static void list_populations(const sf_network *network, sf_buffer *out) {
  sf_buffer_text(out, "populations\n");
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS) continue;
    bool host = sf_op_int(op, SF_ATTR_on) == SF_ON_HOST;
    sf_buffer_printf(out, "  %%%s ", sf_op_result(op, 0)->name);
    add_type(out, &sf_op_result(op, 0)->type);
    sf_buffer_printf(out, " @%s from", op->neuron->name);
    add_operands(out, op);
    sf_buffer_printf(out, ", start %" PRId64 ", on %s\n",
                     sf_op_int(op, SF_ATTR_start), host ? "host" : "chip");
  }
}

/* Weighted sums with constant weights: what becomes synapses on a chip. */
static void list_projections(const sf_network *network, sf_buffer *out) {
  sf_buffer_text(out, "projections\n");
  SF_FOREACH_OP(op, network) {
    if (!sf_op_is(op, SF_TRAIT_PROJECTION)) continue;
    const sf_op_info *info = sf_op_info_get(op->kind);
    sf_buffer_printf(out, "  %%%s ", sf_op_result(op, 0)->name);
    add_type(out, &sf_op_result(op, 0)->type);
    sf_buffer_printf(out, " %s", info->mnemonic);
    add_operands(out, op);
    sf_buffer_char(out, '\n');
  }
}

static void list_others(const sf_network *network, sf_buffer *out) {
  sf_buffer_text(out, "other ops\n");
  SF_FOREACH_OP(op, network) {
    if (op->kind == SF_OP_NEURONS || sf_op_is(op, SF_TRAIT_PROJECTION))
      continue;
    sf_buffer_printf(out, "  %%%s %s", sf_op_result(op, 0)->name,
                     sf_op_info_get(op->kind)->mnemonic);
    add_operands(out, op);
    sf_buffer_char(out, '\n');
  }
}

static void list_returns(const sf_network *network, sf_buffer *out) {
  sf_buffer_printf(out, "outputs, %" PRId64 " steps late\n", network->lag);
  for (uint32_t i = 0; i < network->return_count; i++)
    sf_buffer_printf(out, "  %%%s\n", network->returns[i].value->name);
}

static void add_arguments(const sf_mop *mop, sf_buffer *out) {
  for (uint32_t i = 0; i < mop->argument_count; i++) {
    const sf_mop_argument *a = &mop->arguments[i];
    if (a->kind == SF_MOP_SYMBOL) sf_buffer_printf(out, " @%s", a->text);
    if (a->kind == SF_MOP_VALUE) sf_buffer_printf(out, " %%%s", a->text);
    if (a->kind != SF_MOP_BOX) continue;
    for (unsigned axis = 0; axis < a->box.rank; axis++)
      sf_buffer_printf(out, "%s%" PRId32 ":%" PRId32, axis ? ", " : " [",
                       a->box.begin[axis], a->box.end[axis]);
    if (a->box.rank) sf_buffer_char(out, ']');
  }
  sf_buffer_char(out, '\n');
}

static void list_mapping(const sf_mapping *mapping, sf_buffer *out) {
  if (!mapping) {
    sf_buffer_text(out, "no mapping\n");
    return;
  }
  sf_buffer_printf(out, "mapping on %s\n", mapping->machine);
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next) {
    sf_buffer_printf(out, "  %s", mop->keyword);
    add_arguments(mop, out);
    for (const sf_mop *child = mop->first_child; child; child = child->next) {
      sf_buffer_printf(out, "    %s", child->keyword);
      add_arguments(child, out);
    }
  }
}

void sf_null_list(const sf_emit_job *job, sf_buffer *out) {
  sf_buffer_printf(out, "network @%s of module @%s\n", job->network->name,
                   job->module->name);
  list_blobs(job->module, out);
  list_arguments(job->network, out);
  list_populations(job->network, out);
  list_projections(job->network, out);
  list_others(job->network, out);
  list_returns(job->network, out);
  list_mapping(job->mapping, out);
}
