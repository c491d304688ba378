/* lists.c - synapses that need not be stored.
 *
 * A dense list stores its zeros, target index and all (loihi2.md 1.6), so a
 * pruned layer gains nothing until it is sparse. */
#include "passes/memory_layout/memory_layout.h"

#include <stdlib.h>
#include <string.h>

sf_op *sf_layout_reader(const sf_op *projection) {
  const sf_value *value = projection->results[0];
  while (sf_value_has_one_use(value)) {
    sf_op *op = value->first_use->op;
    if (!op || op->kind == SF_OP_NEURONS) return op;
    if (op->kind != SF_OP_ADD) return NULL;
    value = op->results[0];
  }
  return NULL;
}

sf_result sf_layout_cost(sf_layout *layout, const sf_op *projection,
                         uint64_t *out) {
  *out = 0;
  const sf_op *neurons = sf_layout_reader(projection);
  if (!neurons) return SF_OK;
  sf_plan_use use;
  sf_box whole = sf_box_whole(&neurons->results[0]->type);
  SF_TRY(sf_plan_use_of(&layout->plan, neurons, &whole, &use));
  for (uint32_t i = 0; i < use.sum_count; i++) {
    const sf_plan_sum *sum = &use.sums[i];
    if (sum->op == projection) *out += sum->words + sum->axons + sum->bytes;
  }
  return SF_OK;
}

/* ---- Edges under construction. ---- */

typedef struct edges {
  size_t count, capacity;
  int32_t *index; /* target, source */
  int32_t *weight, *delay;
} edges;

static void edges_free(edges *e) {
  free(e->index);
  free(e->weight);
  free(e->delay);
}

static sf_result edges_create(size_t capacity, edges *e) {
  *e = (edges){.capacity = capacity};
  e->index = calloc(2 * capacity + 2, sizeof *e->index);
  e->weight = calloc(capacity + 1, sizeof *e->weight);
  e->delay = calloc(capacity + 1, sizeof *e->delay);
  if (e->index && e->weight && e->delay) return SF_OK;
  edges_free(e);
  return SF_OOM;
}

static void add_edge(edges *e, int32_t target, int32_t source, int32_t weight,
                     int32_t delay) {
  e->index[2 * e->count] = target;
  e->index[2 * e->count + 1] = source;
  e->weight[e->count] = weight;
  e->delay[e->count++] = delay;
}

/* Blobs of the edges as operands of `op`, with the types of the old ones. */
static sf_result set_edges(sf_op *op, const edges *e, const sf_blob *weights,
                           const sf_blob *delays) {
  sf_module *module = op->network->module;
  int32_t dim[2] = {(int32_t)e->count, 2};
  sf_type index_type = sf_type_make(sf_int(32), 2, dim);
  sf_type type = sf_type_make(weights->type.scalar, 1, dim);
  sf_blob *index =
      sf_blob_create_i32(module, weights->name, &index_type, e->index);
  sf_blob *values = sf_blob_create_i32(module, weights->name, &type, e->weight);
  if (!index || !values) return SF_OOM;
  sf_layout_set_operand(op, 1, index);
  sf_layout_set_operand(op, 2, values);
  if (!delays) return SF_OK;
  type.scalar = delays->type.scalar;
  sf_blob *steps = sf_blob_create_i32(module, delays->name, &type, e->delay);
  if (!steps) return SF_OOM;
  return sf_layout_set_delays(op, steps);
}

/* ---- Zero edges. ---- */

static sf_result drop_zeros(sf_layout *layout, sf_op *op) {
  sf_blob *index = sf_op_operand_blob(op, 1);
  sf_blob *weights = sf_op_operand_blob(op, 2);
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  SF_TRY(sf_blob_load(index, layout->run->diag));
  SF_TRY(sf_blob_load(weights, layout->run->diag));
  if (delays) SF_TRY(sf_blob_load(delays, layout->run->diag));
  size_t count = sf_blob_elements(weights);
  edges e;
  SF_TRY(edges_create(count, &e));
  for (size_t i = 0; i < count; i++) {
    int32_t w = sf_blob_i32(weights, i);
    if (w == 0) continue;
    add_edge(&e, sf_blob_i32(index, 2 * i), sf_blob_i32(index, 2 * i + 1), w,
             delays ? sf_blob_i32(delays, i) : 0);
  }
  uint64_t before = 0, after = 0;
  sf_result result = SF_OK;
  if (e.count < count && e.count > 0) {
    result = sf_layout_cost(layout, op, &before);
    if (result == SF_OK) result = set_edges(op, &e, weights, delays);
    if (result == SF_OK) result = sf_layout_cost(layout, op, &after);
    if (before > after) layout->run->stats[SF_LAYOUT_ZEROS] += before - after;
  }
  edges_free(&e);
  return result;
}

/* ---- Dense to sparse. ---- */

/* The same projection as a sparse op before `op`; its result is new. */
static sf_op *create_sparse(sf_op *op, const edges *e) {
  const sf_blob *weights = sf_op_operand_blob(op, 1);
  sf_op *sparse = sf_op_create(op->network, op, SF_OP_SPARSE, 3, op->loc);
  if (!sparse) return NULL;
  sparse->mode = op->mode;
  sf_op_set_operand(sparse, 0, sf_op_operand(op, 0));
  bool good =
      sf_op_set_int(sparse, SF_ATTR_rows, weights->type.dim[0]) == SF_OK;
  static const sf_attr_id copied[] = {SF_ATTR_shift, SF_ATTR_round,
                                      SF_ATTR_each};
  for (size_t i = 0; i < SF_COUNT_OF(copied) && good; i++)
    if (sf_op_has_attr(op, copied[i]))
      good =
          sf_op_set_int(sparse, copied[i], sf_op_int(op, copied[i])) == SF_OK;
  good = good &&
         set_edges(sparse, e, weights, sf_op_blob(op, SF_ATTR_delays)) == SF_OK;
  const sf_value *result = op->results[0];
  if (!good || !sf_op_add_result(sparse, result->name, &result->type))
    return NULL;
  return sparse;
}

/* Erases a projection that nothing reads, and what only it named. */
static void drop_projection(sf_op *op) {
  sf_blob *blobs[4] = {sf_op_operand_blob(op, 1), sf_op_operand_blob(op, 2),
                       sf_op_blob(op, SF_ATTR_delays), NULL};
  sf_op_erase(op);
  for (int i = 0; i < 4; i++)
    sf_layout_drop(blobs[i]);
}

static sf_result replace(sf_op *op, sf_op *by, sf_arena *scratch) {
  char *name = sf_arena_printf(scratch, "%s", op->results[0]->name);
  if (!name) return SF_OOM;
  sf_value_replace_all_uses(op->results[0], by->results[0]);
  drop_projection(op);
  return sf_value_rename(by->results[0], name);
}

static sf_result collect_dense(sf_layout *layout, const sf_op *op, edges *e) {
  sf_blob *weights = sf_op_operand_blob(op, 1);
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  SF_TRY(sf_blob_load(weights, layout->run->diag));
  if (delays) SF_TRY(sf_blob_load(delays, layout->run->diag));
  size_t columns = (size_t)weights->type.dim[1], count = 0;
  size_t elements = sf_blob_elements(weights);
  for (size_t i = 0; i < elements; i++)
    count += sf_blob_i32(weights, i) != 0;
  SF_TRY(edges_create(count < elements ? count : 0, e));
  if (count == elements) return SF_OK; /* nothing to gain */
  for (size_t i = 0; i < elements; i++) {
    int32_t w = sf_blob_i32(weights, i);
    if (w)
      add_edge(e, (int32_t)(i / columns), (int32_t)(i % columns), w,
               delays ? sf_blob_i32(delays, i) : 0);
  }
  return SF_OK;
}

/* Sparse if that takes less, else the op stays. */
static sf_result try_sparse(sf_layout *layout, sf_op *op) {
  edges e;
  SF_TRY(collect_dense(layout, op, &e));
  if (e.count == 0) {
    edges_free(&e);
    return SF_OK;
  }
  uint64_t dense = 0, listed = 0;
  sf_result result = sf_layout_cost(layout, op, &dense);
  sf_op *sparse = result == SF_OK ? create_sparse(op, &e) : NULL;
  edges_free(&e);
  if (!sparse) return result == SF_OK ? SF_OOM : result;
  /* Costs are those of a reader: let it read the one, then the other. */
  sf_value *a = op->results[0], *b = sparse->results[0];
  sf_value_replace_all_uses(a, b);
  SF_TRY(sf_layout_cost(layout, sparse, &listed));
  sf_value_replace_all_uses(b, a);
  if (listed >= dense) {
    drop_projection(sparse);
    return SF_OK;
  }
  layout->run->stats[SF_LAYOUT_LISTS] += dense - listed;
  return replace(op, sparse, layout->run->scratch);
}

static bool is_integer(const sf_op *op, uint32_t operand) {
  const sf_blob *blob = sf_op_operand_blob(op, operand);
  return blob && blob->type.scalar.kind != SF_SCALAR_F32;
}

sf_result sf_layout_lists(sf_layout *layout) {
  sf_op *next;
  for (sf_op *op = layout->network->first; op; op = next) {
    next = op->next;
    const sf_op *reader =
        sf_flow_is_projection(op) ? sf_layout_reader(op) : NULL;
    if (!reader || !sf_flow_is_on_chip(reader)) continue;
    if (op->kind == SF_OP_SPARSE && is_integer(op, 2))
      SF_TRY(drop_zeros(layout, op));
    bool line = op->kind == SF_OP_LINEAR && is_integer(op, 1) &&
                !sf_op_operand_blob(op, 2) && op->results[0]->type.rank == 1;
    if (line) SF_TRY(try_sparse(layout, op));
  }
  return SF_OK;
}
