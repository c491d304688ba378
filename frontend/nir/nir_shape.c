/* nir_shape.c - shapes of all streams: from the nodes that know theirs, along
 * the edges, until nothing changes; then every edge is checked. */
#include "frontend/nir/nir.h"

#include <stdio.h>
#include <string.h>

int64_t sf_nir_elements(const nir_shape *shape) {
  int64_t product = 1;
  for (unsigned i = 0; i < shape->rank; i++)
    product *= shape->dim[i];
  return product;
}

bool sf_nir_same_shape(const nir_shape *a, const nir_shape *b) {
  return a->rank == b->rank &&
         memcmp(a->dim, b->dim, a->rank * sizeof *a->dim) == 0;
}

const char *sf_nir_shape_text(const nir_shape *shape, char out[160]) {
  size_t at = (size_t)snprintf(out, 160, "[");
  for (unsigned i = 0; i < shape->rank && at < 150; i++)
    at += (size_t)snprintf(out + at, 160 - at, "%s%lld", i ? ", " : "",
                           (long long)shape->dim[i]);
  snprintf(out + at, 160 - at, "]");
  return out;
}

/* ---- Spreading. ---- */

/* Shape of a stream that arrives; the first edge whose source knows its own.
 * All of them are compared afterwards. */
static void take_from_preds(nir_import *import, nir_node *node) {
  for (uint32_t i = 0; i < node->pred_count && !node->in.known; i++) {
    const nir_node *from = &import->nodes[import->edges[node->preds[i]].from];
    if (from->out.known) node->in = from->out;
  }
}

static bool drop_leading(nir_shape *shape) {
  if (shape->rank < 2 || shape->dim[0] != 1) return false;
  shape->rank--;
  memmove(shape->dim, shape->dim + 1, shape->rank * sizeof *shape->dim);
  return true;
}

/* An input that still has the exporter's batch axis: the layer behind it says
 * how many axes there are. */
static void drop_batch(nir_import *import, nir_node *node) {
  if (node->type->kind != NIR_INPUT || node->depth) return;
  unsigned wanted = 0;
  for (uint32_t i = 0; i < node->succ_count; i++) {
    const nir_node *to = &import->nodes[import->edges[node->succs[i]].to];
    if (to->type->kind == NIR_CONV) wanted = to->one_axis ? 2 : 3;
    if (to->type->kind == NIR_POOL) wanted = 3;
    if (to->type->kind == NIR_FLATTEN && to->field[NIR_INPUT_TYPE])
      wanted = (unsigned)to->field[NIR_INPUT_TYPE]->elements;
  }
  if (wanted == 0 || node->out.rank != wanted + 1) return;
  if (!drop_leading(&node->out)) return;
  node->in = node->out;
  char text[160];
  sf_warning(import->diag, SF_DIAG_IMPORT_IGNORED, node->loc,
             "its shape has a leading axis of 1 that the next layer does not: "
             "taken for the batch and left out, %s remains",
             sf_nir_shape_text(&node->out, text));
}

/* Ports that were invented have the shape of what is beside them. */
static void take_from_succs(nir_import *import, nir_node *node) {
  for (uint32_t i = 0; i < node->succ_count && !node->out.known; i++) {
    const nir_node *to = &import->nodes[import->edges[node->succs[i]].to];
    if (to->in.known) node->in = node->out = to->in;
  }
}

static sf_result spread(nir_import *import, bool *changed) {
  for (uint32_t i = 0; i < import->node_count; i++) {
    nir_node *node = &import->nodes[i];
    if (node->out.known && node->in.known) continue;
    bool had = node->out.known, had_in = node->in.known;
    take_from_preds(import, node);
    if (node->invented && node->type->kind == NIR_INPUT)
      take_from_succs(import, node);
    if (sf_nir_shape_of(import, node) == SF_OOM) return SF_OOM;
    if (node->out.known && !had) drop_batch(import, node);
    *changed |= node->out.known != had || node->in.known != had_in;
  }
  return sf_nir_end_phase(import);
}

/* ---- Checks. ---- */

/* Whether a stream of the source can be what the node takes: equal, or as many
 * elements, which is a reshape that the user is told of. */
static void check_edge(nir_import *import, const nir_edge *edge) {
  const nir_node *from = &import->nodes[edge->from];
  const nir_node *to = &import->nodes[edge->to];
  if (sf_nir_same_shape(&from->out, &to->in)) return;
  char left[160], right[160];
  sf_nir_shape_text(&from->out, left);
  sf_nir_shape_text(&to->in, right);
  bool port = to->type->kind == NIR_INPUT || to->type->kind == NIR_OUTPUT;
  if (sf_nir_elements(&from->out) == sf_nir_elements(&to->in)) {
    sf_warning(import->diag, SF_DIAG_IMPORT_IGNORED, to->loc,
               "'%s' sends %s where %s is expected, as many elements: reshaped",
               from->name, left, right);
    return;
  }
  sf_nir_refuse(import, to,
                port ? "--ports lenient ignores the shape of a port" : NULL,
                "'%s' sends %s, but it takes %s", from->name, left, right);
}

static void check_node(nir_import *import, const nir_node *node) {
  if (node->in.known && node->out.known) return;
  sf_nir_refuse(import, node,
                "give its parameters their full shape, or the input its shape",
                "the shape of its input is not known: nothing that leads to it "
                "has one");
}

sf_result sf_nir_infer(nir_import *import) {
  bool changed = true;
  while (changed) {
    changed = false;
    SF_TRY(spread(import, &changed));
  }
  for (uint32_t i = 0; i < import->node_count; i++)
    check_node(import, &import->nodes[i]);
  SF_TRY(sf_nir_end_phase(import));
  for (uint32_t i = 0; i < import->edge_count; i++)
    check_edge(import, &import->edges[i]);
  return sf_nir_end_phase(import);
}
