/* nir_build.c - the network: nodes in their order, sums of what arrives,
 * values of the step before, arguments and results. */
#include "frontend/nir/nir.h"

#include "ir/arith.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Ops. ---- */

sf_type sf_nir_type_of(sf_scalar scalar, const nir_shape *shape) {
  int32_t dim[SF_RANK_MAX];
  for (unsigned i = 0; i < shape->rank; i++)
    dim[i] = (int32_t)shape->dim[i];
  return sf_type_make(scalar, shape->rank, dim);
}

/* "lif1/lin" and "sum" become lif1.lin.sum. */
static const char *value_name(nir_import *import, const nir_node *node,
                              const char *suffix) {
  char *name = sf_arena_printf(import->arena, "%s%s%s", node->name,
                               suffix ? "." : "", suffix ? suffix : "");
  for (char *c = name; c && *c; c++)
    if (*c == '/') *c = '.';
  return name;
}

sf_value *sf_nir_op(nir_import *import, const nir_node *node, sf_op_kind kind,
                    sf_value *operand, sf_blob *blob, sf_blob *second,
                    const char *suffix, const sf_type *type) {
  const char *name = value_name(import, node, suffix);
  sf_op *op = sf_op_create(import->network, NULL, kind,
                           1u + (blob != NULL) + (second != NULL), node->loc);
  if (!op || !name) return NULL;
  sf_op_set_operand(op, 0, operand);
  if (blob) sf_op_set_operand_blob(op, 1, blob);
  if (second) sf_op_set_operand_blob(op, 2, second);
  return sf_op_add_result(op, name, type);
}

sf_value *sf_nir_reshape(nir_import *import, const nir_node *node,
                         sf_value *value, const nir_shape *shape) {
  sf_type type = sf_nir_type_of(value->type.scalar, shape);
  if (sf_type_same_shape(&type, &value->type)) return value;
  return sf_nir_op(import, node, SF_OP_RESHAPE, value, NULL, NULL, "shape",
                   &type);
}

sf_value *sf_nir_float(nir_import *import, const nir_node *node,
                       sf_value *value) {
  if (!value || value->type.scalar.kind == SF_SCALAR_F32) return value;
  sf_type type = value->type;
  type.scalar = sf_f32();
  return sf_nir_op(import, node, SF_OP_CONVERT, value, NULL, NULL, "f", &type);
}

/* ---- What arrives. ---- */

/* The source's value, or that of steps before: its delay stands here, and gets
 * its operand when the source is built. */
static sf_value *arriving(nir_import *import, const nir_node *node,
                          nir_edge *edge) {
  nir_node *from = &import->nodes[edge->from];
  if (edge->steps == 0) {
    if (!from->value && from->takes_time &&
        sf_nir_open_delay(import, from, sf_nir_scalar_ahead(import, from),
                          NULL) != SF_OK)
      return NULL;
    return from->value;
  }
  sf_scalar scalar = from->value ? from->value->type.scalar
                                 : sf_nir_scalar_ahead(import, from);
  sf_type type = sf_nir_type_of(scalar, &from->out);
  edge->value = sf_nir_op(import, node, SF_OP_DELAY, from->value, NULL, NULL,
                          "before", &type);
  if (edge->value && edge->steps > 1 &&
      sf_op_set_int(edge->value->op, SF_ATTR_steps, edge->steps) != SF_OK)
    return NULL;
  return edge->value;
}

static sf_value *add(nir_import *import, const nir_node *node, sf_value *a,
                     sf_value *b) {
  bool floats = a->type.scalar.kind == SF_SCALAR_F32 ||
                b->type.scalar.kind == SF_SCALAR_F32;
  if (floats) {
    a = sf_nir_float(import, node, a);
    b = sf_nir_float(import, node, b);
    if (!a || !b) return NULL;
  }
  sf_type type = a->type;
  sf_scalar p = a->type.scalar, q = b->type.scalar;
  if (!floats)
    type.scalar = sf_int_holding(sf_scalar_min(p) + sf_scalar_min(q),
                                 sf_scalar_max(p) + sf_scalar_max(q));
  const char *name = value_name(import, node, "sum");
  sf_op *op = sf_op_create(import->network, NULL, SF_OP_ADD, 2, node->loc);
  if (!op || !name) return NULL;
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  return sf_op_add_result(op, name, &type);
}

/* Several edges into a node are a sum. An output keeps its only source's
 * shape. */
static sf_value *gather(nir_import *import, nir_node *node) {
  sf_value *sum = NULL;
  bool keep = node->type->kind == NIR_OUTPUT && node->pred_count == 1;
  for (uint32_t i = 0; i < node->pred_count; i++) {
    sf_value *x = arriving(import, node, &import->edges[node->preds[i]]);
    if (x && !keep) x = sf_nir_reshape(import, node, x, &node->in);
    sum = !x ? NULL : sum ? add(import, node, sum, x) : x;
    if (!sum) return NULL;
  }
  return sum;
}

/* ---- Nodes. ---- */

static sf_result build_input(nir_import *import, nir_node *node) {
  sf_type type = sf_nir_type_of(
      import->options.spike_inputs ? sf_spike() : sf_f32(), &node->out);
  const char *name = value_name(import, node, NULL);
  if (!name) return SF_OOM;
  node->value = sf_network_add_argument(import->network, name, &type);
  if (!node->value) return SF_OOM;
  char text[128];
  sf_type_text(&type, text, sizeof text);
  return sf_nir_choose(import, "input-type", text,
                       "of '%s'; --input-type spike makes events of it",
                       node->name);
}

static sf_result build_node(nir_import *import, nir_node *node) {
  if (node->type->kind == NIR_INPUT && node->depth == 0)
    return build_input(import, node);
  sf_value *x = gather(import, node);
  /* A Delay that is used before it is built may have been refused. */
  if (!x) return import->refusals ? SF_FAIL : SF_OOM;
  switch (node->type->kind) {
  case NIR_INPUT:
  case NIR_OUTPUT:
    node->value = x;
    return SF_OK;
  case NIR_INTEGRATOR:
  case NIR_LEAKY:
  case NIR_CUBA:
    return import->options.use.scheme == NIR_LOIHI
               ? sf_nir_loihi_neurons(import, node, x, &node->value)
               : sf_nir_build_neurons(import, node, x, &node->value);
  case NIR_DELAY:
    if (!node->value)
      SF_TRY(sf_nir_open_delay(import, node, x->type.scalar, x));
    return sf_nir_close_delay(import, node, x);
  default:
    return sf_nir_build_layer(import, node, x, &node->value);
  }
}

/* Delays that were waiting for the node's value. */
static sf_result connect(nir_import *import, const nir_node *node) {
  for (uint32_t i = 0; i < node->succ_count; i++) {
    const nir_edge *edge = &import->edges[node->succs[i]];
    if (!edge->value || sf_op_operand(edge->value->op, 0)) continue;
    sf_value *value = node->value;
    if (!sf_scalar_equal(value->type.scalar, edge->value->type.scalar))
      value = sf_nir_float(import, node, value);
    if (!value) return SF_OOM;
    sf_op_set_operand(edge->value->op, 0, value);
  }
  return SF_OK;
}

/* The step before where a cycle is cut, and behind each layer that lags. */
static void count_steps(nir_import *import) {
  for (uint32_t i = 0; i < import->edge_count; i++) {
    nir_edge *edge = &import->edges[i];
    nir_kind kind = import->nodes[edge->to].type->kind;
    bool layer = kind == NIR_LINEAR || kind == NIR_CONV;
    edge->steps = edge->cut || (layer && import->options.use.lag);
  }
}

/* ---- Results. ---- */

static int compare_nodes(const void *a, const void *b) {
  const nir_node *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

static sf_result add_returns(nir_import *import) {
  const nir_node **outputs =
      SF_NEW_ARRAY(import->arena, const nir_node *, import->node_count + 1u);
  sf_value **values =
      SF_NEW_ARRAY(import->arena, sf_value *, import->node_count + 1u);
  if (!outputs || !values) return SF_OOM;
  uint32_t count = 0;
  for (uint32_t i = 0; i < import->node_count; i++)
    if (import->nodes[i].type->kind == NIR_OUTPUT && !import->nodes[i].depth)
      outputs[count++] = &import->nodes[i];
  if (count) qsort(outputs, count, sizeof *outputs, compare_nodes);
  for (uint32_t i = 0; i < count; i++)
    values[i] = outputs[i]->value;
  return sf_network_set_returns(import->network, count, values);
}

sf_result sf_nir_build(nir_import *import) {
  import->network = sf_network_create(import->module, "main", import->loc);
  if (!import->network) return SF_OOM;
  import->network->dt = import->dt;
  count_steps(import);
  for (uint32_t i = 0; i < import->node_count; i++) {
    nir_node *node = &import->nodes[import->order[i]];
    sf_result result = build_node(import, node);
    if (result == SF_OOM) return SF_OOM;
    if (result != SF_OK) return sf_nir_end_phase(import);
    if (!node->value) return SF_OOM;
    SF_TRY(connect(import, node));
  }
  return add_returns(import);
}
