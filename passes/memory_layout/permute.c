/* permute.c - neurons of a population in another order: rows and columns of
 * every projection at it, delays, biases, parameters. */
#include "passes/memory_layout/memory_layout.h"

#include <stdlib.h>

static sf_result load(sf_layout *layout, sf_blob *blob) {
  return blob ? sf_blob_load(blob, layout->run->diag) : SF_OK;
}

/* ---- Matrices and vectors. ---- */

/* A copy of an m x n blob with row i at rows[i] and column j at columns[j];
 * NULL: as it is. A vector has one column. */
static sf_result permuted(sf_layout *layout, sf_blob *blob,
                          const uint32_t *rows, const uint32_t *columns,
                          sf_blob **out) {
  SF_TRY(load(layout, blob));
  size_t count = sf_blob_elements(blob), m = (size_t)blob->type.dim[0];
  size_t n = count / m;
  int32_t *values = malloc((count + 1) * sizeof *values);
  if (!values) return SF_OOM;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      size_t to = (rows ? rows[i] : i) * n + (columns ? columns[j] : j);
      values[to] = sf_blob_i32(blob, i * n + j);
    }
  }
  *out =
      sf_blob_create_i32(layout->run->module, blob->name, &blob->type, values);
  free(values);
  return *out ? SF_OK : SF_OOM;
}

static sf_result permute_linear(sf_layout *layout, sf_op *op,
                                const uint32_t *rows, const uint32_t *columns) {
  sf_blob *out, *bias = sf_op_operand_blob(op, 2);
  SF_TRY(permuted(layout, sf_op_operand_blob(op, 1), rows, columns, &out));
  sf_layout_set_operand(op, 1, out);
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  if (delays) {
    SF_TRY(permuted(layout, delays, rows, columns, &out));
    SF_TRY(sf_layout_set_delays(op, out));
  }
  if (!bias || !rows || bias->type.dim[0] == 1) return SF_OK;
  SF_TRY(permuted(layout, bias, rows, NULL, &out));
  sf_layout_set_operand(op, 2, out);
  return SF_OK;
}

/* ---- Edges. ---- */

typedef struct edge {
  int32_t target, source, weight, delay;
} edge;

static int by_place(const void *a, const void *b) {
  const edge *p = a, *q = b;
  if (p->target != q->target) return p->target < q->target ? -1 : 1;
  if (p->source != q->source) return p->source < q->source ? -1 : 1;
  if (p->delay != q->delay) return p->delay < q->delay ? -1 : 1;
  return p->weight < q->weight ? -1 : p->weight > q->weight;
}

static sf_result set_edges(sf_op *op, const edge *edges, size_t count,
                           int32_t *buffer) {
  sf_module *module = op->network->module;
  sf_blob *index = sf_op_operand_blob(op, 1);
  sf_blob *weights = sf_op_operand_blob(op, 2);
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  for (size_t i = 0; i < count; i++) {
    buffer[2 * i] = edges[i].target;
    buffer[2 * i + 1] = edges[i].source;
  }
  sf_blob *b = sf_blob_create_i32(module, index->name, &index->type, buffer);
  if (!b) return SF_OOM;
  sf_layout_set_operand(op, 1, b);
  for (size_t i = 0; i < count; i++)
    buffer[i] = edges[i].weight;
  b = sf_blob_create_i32(module, weights->name, &weights->type, buffer);
  if (!b) return SF_OOM;
  sf_layout_set_operand(op, 2, b);
  if (!delays) return SF_OK;
  for (size_t i = 0; i < count; i++)
    buffer[i] = edges[i].delay;
  b = sf_blob_create_i32(module, delays->name, &delays->type, buffer);
  return b ? sf_layout_set_delays(op, b) : SF_OOM;
}

static sf_result permute_sparse(sf_layout *layout, sf_op *op,
                                const uint32_t *targets,
                                const uint32_t *sources) {
  sf_blob *index = sf_op_operand_blob(op, 1);
  sf_blob *weights = sf_op_operand_blob(op, 2);
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  SF_TRY(load(layout, index));
  SF_TRY(load(layout, weights));
  SF_TRY(load(layout, delays));
  size_t count = sf_blob_elements(weights);
  edge *edges = malloc((count + 1) * sizeof *edges);
  int32_t *buffer = malloc((2 * count + 1) * sizeof *buffer);
  sf_result result = edges && buffer ? SF_OK : SF_OOM;
  if (result == SF_OK) {
    for (size_t i = 0; i < count; i++) {
      int32_t target = sf_blob_i32(index, 2 * i);
      int32_t source = sf_blob_i32(index, 2 * i + 1);
      edges[i] =
          (edge){targets ? (int32_t)targets[target] : target,
                 sources ? (int32_t)sources[source] : source,
                 sf_blob_i32(weights, i), delays ? sf_blob_i32(delays, i) : 0};
    }
    qsort(edges, count, sizeof *edges, by_place);
    result = set_edges(op, edges, count, buffer);
  }
  free(edges);
  free(buffer);
  return result;
}

static sf_result permute_projection(sf_layout *layout, sf_op *op,
                                    const uint32_t *targets,
                                    const uint32_t *sources) {
  return op->kind == SF_OP_SPARSE
             ? permute_sparse(layout, op, targets, sources)
             : permute_linear(layout, op, targets, sources);
}

/* ---- Both sides. ---- */

/* Projections whose sum the population reads. */
static sf_result permute_inputs(sf_layout *layout, sf_op *op,
                                const uint32_t *place) {
  if (op->kind != SF_OP_ADD) return permute_projection(layout, op, place, NULL);
  for (uint32_t i = 0; i < op->operand_count; i++)
    SF_TRY(permute_inputs(layout, op->operands[i].value->op, place));
  return SF_OK;
}

/* Projections that read the population, through delays. */
static sf_result permute_readers(sf_layout *layout, const sf_value *value,
                                 const uint32_t *place) {
  SF_FOREACH_USE(use, value) {
    if (use->op->kind == SF_OP_DELAY)
      SF_TRY(permute_readers(layout, use->op->results[0], place));
    else
      SF_TRY(permute_projection(layout, use->op, NULL, place));
  }
  return SF_OK;
}

static sf_result permute_arguments(sf_layout *layout, sf_op *neurons,
                                   const uint32_t *place) {
  for (uint32_t i = 0; i < neurons->neuron->param_count; i++) {
    sf_argument *a = &neurons->arguments[i];
    if (a->kind != SF_ARGUMENT_BLOB || a->blob->type.dim[0] == 1) continue;
    sf_blob *out, *old = a->blob;
    SF_TRY(permuted(layout, old, place, NULL, &out));
    sf_argument_set_blob(a, out);
    sf_layout_drop(old);
  }
  return SF_OK;
}

sf_result sf_layout_permute(sf_layout *layout, sf_op *neurons,
                            const uint32_t *place) {
  for (uint32_t i = 0; i < neurons->operand_count; i++)
    SF_TRY(permute_inputs(layout, neurons->operands[i].value->op, place));
  SF_TRY(permute_readers(layout, neurons->results[0], place));
  return permute_arguments(layout, neurons, place);
}
