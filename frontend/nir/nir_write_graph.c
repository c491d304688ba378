/* nir_write_graph.c - which ops become nodes, and under which names.
 *
 * Nodes: the arguments, the ops that lead to a result in the order of the
 * network, the results. */
#include "frontend/nir/nir_write.h"

#include <stdio.h>
#include <string.h>

bool sf_nir_passes(const nir_export *export, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  if (export->runs[op->order]) return false;
  switch (op->kind) {
  case SF_OP_ADD: /* several edges into a node are a sum */
    return x && sf_op_operand(op, 1);
  case SF_OP_CONVERT: /* streams of the file have no type */
    return sf_op_number(op, SF_ATTR_scale) == 1 &&
           x->type.scalar.kind != SF_SCALAR_F32;
  case SF_OP_RESHAPE:
    return x && sf_type_same_shape(&x->type, &op->results[0]->type);
  case SF_OP_DELAY:
    return export->cycles != NIR_CYCLES_DELAY &&
           sf_op_int(op, SF_ATTR_steps) == 1 && x->op &&
           !sf_nir_passes(export, x->op);
  default:
    return false;
  }
}

const sf_value *sf_nir_source(const nir_export *export, const sf_op *op) {
  if (export->runs[op->order]) return export->runs[op->order]->source;
  const sf_value *x = sf_op_operand(op, 0);
  return x ? x : sf_op_operand(op, 1); /* a blob times a stream */
}

/* ---- What leads to a result. ---- */

typedef struct walk {
  const sf_op **stack;
  size_t depth;
  uint8_t *seen; /* by number of the op */
} walk;

static void reach(walk *w, const sf_value *value) {
  if (!value || !value->op || w->seen[value->op->order]) return;
  w->seen[value->op->order] = 1;
  w->stack[w->depth++] = value->op;
}

static sf_result find_live(nir_export *export) {
  sf_network *network = export->network;
  size_t count = (size_t)network->op_count + 1;
  walk w = {.stack = SF_NEW_ARRAY(export->arena, const sf_op *, count),
            .seen = SF_NEW_ARRAY(export->arena, uint8_t, count)};
  if (!w.stack || !w.seen) return SF_OOM;
  for (uint32_t i = 0; i < network->return_count; i++)
    reach(&w, network->returns[i].value);
  while (w.depth) {
    const sf_op *op = w.stack[--w.depth];
    if (export->runs[op->order]) {
      reach(&w, export->runs[op->order]->source);
      continue;
    }
    for (uint32_t i = 0; i < op->operand_count; i++)
      reach(&w, sf_op_operand(op, i));
  }
  export->live = w.seen;
  return SF_OK;
}

/* ---- Names. ---- */

const char *sf_nir_file_name(nir_export *export, const char *wanted) {
  char *name = sf_arena_text(export->arena, sf_slice_of(wanted));
  if (!name) return NULL;
  if (strlen(name) > NIR_NAME_MAX) name[NIR_NAME_MAX] = '\0';
  for (char *c = name; *c; c++)
    if (*c == '/') *c = '.';
  bool plain = name[strspn(name, ".")] != '\0';
  const char *unique = sf_names_unique(&export->names, plain ? name : "node");
  if (!unique || sf_names_set(&export->names, unique, export) != SF_OK)
    return NULL;
  return unique;
}

/* The reader calls what a Flatten makes NAME.shape. */
static const char *node_name(nir_export *export, const sf_op *op) {
  const char *name = op->results[0]->name;
  size_t length = strlen(name);
  if (export->runs[op->order])
    return sf_nir_file_name(export, export->runs[op->order]->name);
  if (op->kind != SF_OP_RESHAPE || length < 7 ||
      strcmp(name + length - 6, ".shape") != 0)
    return sf_nir_file_name(export, name);
  char *base = sf_arena_text(export->arena, (sf_slice){name, length - 6});
  if (!base) return NULL;
  bool taken = sf_names_find(&export->names, sf_slice_of(base)) ||
               sf_network_find_value(export->network, sf_slice_of(base));
  return sf_nir_file_name(export, taken ? name : base);
}

static nir_out_node *add_node(nir_export *export, const char *type,
                              const char *name, sf_loc loc) {
  nir_out_node *node = &export->nodes[export->node_count];
  *node = (nir_out_node){.name = name, .type = type, .loc = loc};
  if (!name) return NULL;
  export->node_count++;
  return node;
}

/* ---- Terminals. ---- */

static sf_result add_terminal(nir_export *export, const char *type,
                              const char *name, const sf_type *shape) {
  nir_out_node *node = add_node(export, type, name, export->network->loc);
  if (!node) return SF_OOM;
  if (shape->rank == 0)
    return sf_nir_cannot(export, NULL, NULL,
                         "'%s' has no axes; shapes of NIR have one or more",
                         name) == SF_OOM
               ? SF_OOM
               : SF_OK;
  int64_t dim[SF_RANK_MAX];
  for (unsigned i = 0; i < shape->rank; i++)
    dim[i] = shape->dim[i];
  return sf_nir_add_ints(export, node, "shape", shape->rank, dim);
}

/* Readers take arguments and results in the order of their names. */
static sf_result add_inputs(nir_export *export) {
  const sf_network *network = export->network;
  bool sorted = true;
  for (uint32_t i = 1; i < network->argument_count; i++)
    sorted &= strcmp(network->arguments[i - 1]->name,
                     network->arguments[i]->name) < 0;
  for (uint32_t i = 0; i < network->argument_count; i++) {
    const sf_value *argument = network->arguments[i];
    const char *name =
        sorted ? argument->name
               : sf_arena_printf(export->arena, "%05u_%s", i, argument->name);
    if (!name || !(name = sf_nir_file_name(export, name))) return SF_OOM;
    SF_TRY(add_terminal(export, "Input", name, &argument->type));
  }
  return SF_OK;
}

static sf_result add_outputs(nir_export *export) {
  const sf_network *network = export->network;
  for (uint32_t i = 0; i < network->return_count; i++) {
    const char *name = network->return_count == 1
                           ? "output"
                           : sf_arena_printf(export->arena, "output_%05u", i);
    if (!name || !(name = sf_nir_file_name(export, name))) return SF_OOM;
    SF_TRY(add_terminal(export, "Output", name, &network->return_types[i]));
  }
  return SF_OK;
}

/* ---- Ops. ---- */

/* Refusals are counted; only memory ends the walk. */
static sf_result add_op(nir_export *export, const sf_op *op) {
  export->node_of[op->order] = UINT32_MAX;
  if (sf_nir_passes(export, op)) return SF_OK;
  if (op->result_count != 1)
    return sf_nir_cannot(export, op, NULL,
                         "it has %u results; nodes of NIR have one",
                         op->result_count) == SF_OOM
               ? SF_OOM
               : SF_OK;
  export->node_of[op->order] = export->node_count;
  nir_out_node *node = add_node(export, NULL, node_name(export, op), op->loc);
  if (!node) return SF_OOM;
  sf_result result = op->kind == SF_OP_NEURONS
                         ? sf_nir_write_neurons(export, op, node)
                         : sf_nir_write_layer(export, op, node);
  return result == SF_OOM ? SF_OOM : SF_OK;
}

sf_result sf_nir_write_graph(nir_export *export) {
  const sf_network *network = export->network;
  SF_TRY(sf_nir_find_runs(export));
  SF_TRY(find_live(export));
  size_t count = (size_t)network->op_count + network->argument_count +
                 network->return_count + 1;
  export->nodes = SF_NEW_ARRAY(export->arena, nir_out_node, count);
  export->node_of = SF_NEW_ARRAY(export->arena, uint32_t, count);
  if (!export->nodes || !export->node_of) return SF_OOM;
  SF_TRY(add_inputs(export));
  SF_FOREACH_OP(op, network)
    if (export->live[op->order]) SF_TRY(add_op(export, op));
  SF_TRY(add_outputs(export));
  SF_TRY(sf_nir_write_edges(export));
  return export->refusals ? SF_FAIL : SF_OK;
}
