/* interp_linear.c - linear, sparse and matmul. docs/ir.md 4, 5.
 *
 * Sources run outermost and sources that are zero are skipped; so every target
 * sums its terms in ascending order, which f32 prescribes. */
#include "ir/interp_sum.h"

typedef struct sf_projection {
  size_t sources, targets; /* of one row; matmul: k and n */
  size_t rows;             /* leading axes; matmul: all rows of A */
  /* linear: [sources][targets], the transpose of the blob; sparse: [edges]. */
  sf_word *weights, *delays;
  sf_word *target_of, *source_of; /* sparse: [edges] */
  size_t edges;
  sf_word *converted; /* matmul: B as f32 */
  /* matmul: the matrix of A and of B for each one of the result. */
  sf_index_map matrix_a, matrix_b;
} sf_projection;

static double largest(const sf_word *words, size_t count) {
  double most = 0;
  for (size_t n = 0; n < count; n++) {
    double size = words[n].i < 0 ? -(double)words[n].i : words[n].i;
    if (size > most) most = size;
  }
  return most;
}

/* ---- linear ---- */

static sf_result run_linear(sf_interp *interp, sf_interp_node *node) {
  const sf_projection *p = node->projection;
  bool is_float = node->sum->operand_float;
  node->events = 0;
  for (size_t row = 0; row < p->rows; row++) {
    const sf_word *x = node->operands[0].data + row * p->sources;
    sf_sum_start(node->sum);
    for (size_t j = 0; j < p->sources; j++) {
      if (sf_word_is_zero(x[j], is_float)) continue;
      node->events += p->targets;
      sf_sum_add(node->sum, 0, 0, p->targets, p->weights + j * p->targets,
                 x[j]);
    }
    SF_TRY(sf_sum_finish(interp, node, row * p->targets));
  }
  return SF_OK;
}

/* Keeps the operand of this step, and counts its events: they are sent now,
 * whenever they arrive. */
static void remember(const sf_interp *interp, sf_interp_node *node) {
  sf_word *now = sf_history_at(node->history, interp->time);
  for (size_t n = 0; n < node->history->elements; n++)
    now[n] = node->operands[0].data[n];
}

static sf_result run_linear_delayed(sf_interp *interp, sf_interp_node *node) {
  const sf_projection *p = node->projection;
  bool is_float = node->sum->operand_float;
  remember(interp, node);
  node->events = 0;
  for (size_t row = 0; row < p->rows; row++) {
    sf_sum_start(node->sum);
    for (size_t j = 0; j < p->sources; j++) {
      size_t source = row * p->sources + j;
      if (!sf_word_is_zero(node->operands[0].data[source], is_float))
        node->events += p->targets;
      for (size_t i = 0; i < p->targets; i++) {
        size_t synapse = j * p->targets + i;
        int64_t step = interp->time - p->delays[synapse].i;
        sf_word x = sf_history_at(node->history, step)[source];
        if (sf_word_is_zero(x, is_float)) continue;
        sf_sum_add(node->sum, 0, i, 1, p->weights + synapse, x);
      }
    }
    SF_TRY(sf_sum_finish(interp, node, row * p->targets));
  }
  return SF_OK;
}

/* [sources][targets] of a blob [targets, sources]. */
static sf_result transposed(sf_interp *interp, sf_blob *blob,
                            const sf_projection *p, sf_word **out) {
  SF_TRY(sf_blob_load(blob, interp->diag));
  sf_word *words =
      SF_NEW_ARRAY(interp->arena, sf_word, p->sources * p->targets);
  if (!words) return SF_OOM;
  for (size_t i = 0; i < p->targets; i++)
    for (size_t j = 0; j < p->sources; j++)
      words[j * p->targets + i] = sf_blob_word(blob, i * p->sources + j);
  *out = words;
  return SF_OK;
}

/* A ring deep enough for the longest delay. */
static sf_result prepare_delays(sf_interp *interp, sf_interp_node *node,
                                const sf_blob *blob, const sf_word *delays,
                                size_t count) {
  int32_t deepest = 0;
  for (size_t n = 0; n < count; n++) {
    if (delays[n].i < 0 || delays[n].i > 62)
      return sf_error(interp->diag, SF_DIAG_BLOB, blob->loc,
                      "delay %d in '@%s' is outside 0 .. 62", delays[n].i,
                      blob->name);
    if (delays[n].i > deepest) deepest = delays[n].i;
  }
  return sf_history_create(interp, (uint64_t)deepest + 1,
                           sf_type_elements(node->operands[0].type),
                           &node->history);
}

sf_result sf_prepare_linear(sf_interp *interp, sf_interp_node *node) {
  sf_projection *p = SF_NEW(interp->arena, sf_projection);
  if (!p) return SF_OOM;
  node->projection = p;
  const sf_type *weights = node->operands[1].type;
  p->targets = (size_t)weights->dim[0];
  p->sources = (size_t)weights->dim[1];
  p->rows = sf_type_elements(node->operands[0].type) / p->sources;
  SF_TRY(transposed(interp, node->operands[1].blob, p, &p->weights));
  SF_TRY(sf_sum_create(interp, node, 1, p->targets, (double)p->sources,
                       largest(p->weights, p->sources * p->targets)));
  node->run = run_linear;
  sf_blob *delays = sf_op_blob(node->op, SF_ATTR_delays);
  if (!delays) return SF_OK;
  node->run = run_linear_delayed;
  SF_TRY(transposed(interp, delays, p, &p->delays));
  return prepare_delays(interp, node, delays, p->delays,
                        p->sources * p->targets);
}

/* ---- sparse ---- */

static sf_result run_sparse(sf_interp *interp, sf_interp_node *node) {
  const sf_projection *p = node->projection;
  bool is_float = node->sum->operand_float;
  if (node->history) remember(interp, node);
  node->events = 0;
  sf_sum_start(node->sum);
  for (size_t e = 0; e < p->edges; e++) {
    size_t source = (size_t)p->source_of[e].i;
    sf_word x = node->operands[0].data[source];
    node->events += !sf_word_is_zero(x, is_float);
    if (node->history)
      x = sf_history_at(node->history, interp->time - p->delays[e].i)[source];
    if (!sf_word_is_zero(x, is_float))
      sf_sum_add(node->sum, 0, (size_t)p->target_of[e].i, 1, p->weights + e, x);
  }
  return sf_sum_finish(interp, node, 0);
}

static sf_result check_edge(const sf_interp *interp, const sf_projection *p,
                            const sf_blob *index, size_t e) {
  int64_t target = p->target_of[e].i, source = p->source_of[e].i;
  if (target < 0 || target >= (int64_t)p->targets || source < 0 ||
      source >= (int64_t)p->sources)
    return sf_error(interp->diag, SF_DIAG_BLOB, index->loc,
                    "edge %zu of '@%s' joins target %lld and source %lld, but "
                    "there are %zu targets and %zu sources",
                    e, index->name, (long long)target, (long long)source,
                    p->targets, p->sources);
  if (e > 0 &&
      (p->target_of[e - 1].i > target ||
       (p->target_of[e - 1].i == target && p->source_of[e - 1].i > source)))
    return sf_error(interp->diag, SF_DIAG_BLOB, index->loc,
                    "edge %zu of '@%s' is out of order: edges are sorted by "
                    "target, then source",
                    e, index->name);
  return SF_OK;
}

static sf_result load_edges(sf_interp *interp, sf_interp_node *node,
                            sf_projection *p) {
  sf_blob *index = node->operands[1].blob;
  const sf_word *weights;
  SF_TRY(sf_blob_load(index, interp->diag));
  SF_TRY(sf_interp_blob_words(interp, node->operands[2].blob, &weights));
  p->weights = (sf_word *)weights;
  p->target_of = SF_NEW_ARRAY(interp->arena, sf_word, p->edges);
  p->source_of = SF_NEW_ARRAY(interp->arena, sf_word, p->edges);
  if (!p->target_of || !p->source_of) return SF_OOM;
  for (size_t e = 0; e < p->edges; e++) {
    p->target_of[e] = sf_blob_word(index, 2 * e);
    p->source_of[e] = sf_blob_word(index, 2 * e + 1);
    SF_TRY(check_edge(interp, p, index, e));
  }
  return SF_OK;
}

sf_result sf_prepare_sparse(sf_interp *interp, sf_interp_node *node) {
  sf_projection *p = SF_NEW(interp->arena, sf_projection);
  if (!p) return SF_OOM;
  node->projection = p;
  node->run = run_sparse;
  p->sources = sf_type_elements(node->operands[0].type);
  p->targets = sf_type_elements(&sf_op_result(node->op, 0)->type);
  p->edges = (size_t)node->operands[1].type->dim[0];
  SF_TRY(load_edges(interp, node, p));
  SF_TRY(sf_sum_create(interp, node, 1, p->targets, (double)p->edges,
                       largest(p->weights, p->edges)));
  sf_blob *delays = sf_op_blob(node->op, SF_ATTR_delays);
  if (!delays) return SF_OK;
  const sf_word *words;
  SF_TRY(sf_interp_blob_words(interp, delays, &words));
  p->delays = (sf_word *)words;
  return prepare_delays(interp, node, delays, words, p->edges);
}

/* ---- matmul ---- */

static const sf_word *float_operand(const sf_interp_node *node) {
  const sf_projection *p = node->projection;
  const sf_word *b = node->operands[1].data;
  if (!p->converted) return b;
  size_t elements = sf_type_elements(node->operands[1].type);
  for (size_t n = 0; n < elements; n++)
    p->converted[n].f = (float)b[n].i;
  return p->converted;
}

static sf_result run_matmul(sf_interp *interp, sf_interp_node *node) {
  const sf_projection *p = node->projection;
  const sf_type *type = node->operands[0].type;
  size_t rows_each = (size_t)type->dim[type->rank - 2];
  bool is_float = node->sum->operand_float;
  const sf_word *b = float_operand(node);
  for (size_t row = 0; row < p->rows; row++) {
    size_t number = row / rows_each;
    size_t row_a =
        sf_mapped(&p->matrix_a, number) * rows_each + row % rows_each;
    const sf_word *x = node->operands[0].data + row_a * p->sources;
    const sf_word *matrix =
        b + sf_mapped(&p->matrix_b, number) * p->sources * p->targets;
    sf_sum_start(node->sum);
    for (size_t k = 0; k < p->sources; k++)
      if (!sf_word_is_zero(x[k], is_float))
        sf_sum_add(node->sum, 0, 0, p->targets, matrix + k * p->targets, x[k]);
    SF_TRY(sf_sum_finish(interp, node, row * p->targets));
  }
  return SF_OK;
}

/* Leading axes broadcast. */
static sf_result map_matrices(sf_interp *interp, const sf_interp_node *node,
                              uint32_t operand, sf_index_map *out) {
  sf_type from = *node->operands[operand].type;
  sf_type to = sf_op_result(node->op, 0)->type;
  from.rank = (uint8_t)(from.rank - 2);
  to.rank = (uint8_t)(to.rank - 2);
  return sf_broadcast_map(interp, &from, &to, out);
}

sf_result sf_prepare_matmul(sf_interp *interp, sf_interp_node *node) {
  sf_projection *p = SF_NEW(interp->arena, sf_projection);
  if (!p) return SF_OOM;
  node->projection = p;
  node->run = run_matmul;
  const sf_type *b = node->operands[1].type;
  p->sources = (size_t)b->dim[b->rank - 2];
  p->targets = (size_t)b->dim[b->rank - 1];
  p->rows = sf_type_elements(&sf_op_result(node->op, 0)->type) / p->targets;
  SF_TRY(map_matrices(interp, node, 0, &p->matrix_a));
  SF_TRY(map_matrices(interp, node, 1, &p->matrix_b));
  SF_TRY(sf_sum_create(interp, node, 1, p->targets, (double)p->sources,
                       sf_scalar_magnitude(b->scalar)));
  if (!node->sum->is_float || sf_type_is_float(b)) return SF_OK;
  p->converted = SF_NEW_ARRAY(interp->arena, sf_word, sf_type_elements(b));
  return p->converted ? SF_OK : SF_OOM;
}
