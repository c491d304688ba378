/* remove.c - takes the chosen channels out: weights, biases, scales, bounds of
 * slices, types. */
#include "passes/prune/prune.h"

#include <string.h>

/* A blob that was cut: other ops that shared it share the result. */
typedef struct shared {
  const sf_blob *from;
  int axis;
  const uint32_t *kept;
  uint32_t count;
  sf_blob *to;
  struct shared *next;
} shared;

typedef struct remover {
  const sf_channel_graph *graph;
  sf_module *module;
  sf_diag *diag;
  shared **shared;
  const sf_op *old; /* of the copy that the graph is of */
  sf_op *op;
} remover;

/* ---- Blobs. ---- */

/* Indices of one axis of a blob. */
typedef struct cut {
  const uint32_t *kept;
  uint32_t count;
} cut;

static void copy_kept(const sf_blob *from, int axis, const cut *c,
                      sf_word *out) {
  size_t inner = 1, outer = 1, extent = (size_t)from->type.dim[axis];
  for (int i = 0; i < axis; i++)
    outer *= (size_t)from->type.dim[i];
  for (int i = axis + 1; i < from->type.rank; i++)
    inner *= (size_t)from->type.dim[i];
  for (size_t o = 0; o < outer; o++)
    for (uint32_t k = 0; k < c->count; k++, out += inner)
      sf_blob_read(from, (o * extent + c->kept[k]) * inner, inner, out);
}

static sf_blob *find_shared(const remover *r, const sf_blob *from, int axis,
                            const cut *c) {
  for (const shared *s = *r->shared; s; s = s->next) {
    if (s->from == from && s->axis == axis && s->count == c->count &&
        memcmp(s->kept, c->kept, c->count * sizeof *c->kept) == 0) {
      return s->to;
    }
  }
  return NULL;
}

static sf_result make_blob(const remover *r, sf_blob *from, int axis,
                           const cut *c, sf_blob **out) {
  SF_TRY(sf_blob_load(from, r->diag));
  sf_type type = from->type;
  type.dim[axis] = (int32_t)c->count;
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_word *words = SF_NEW_ARRAY(arena, sf_word, sf_type_elements(&type));
  sf_blob *to = NULL;
  if (words) {
    copy_kept(from, axis, c, words);
    const void *values = words;
    to = type.scalar.kind == SF_SCALAR_F32
             ? sf_blob_create_f32(r->module, from->name, &type, values)
             : sf_blob_create_i32(r->module, from->name, &type, values);
  }
  sf_arena_destroy(arena);
  shared *s = SF_NEW(r->graph->arena, shared);
  if (!to || !s) return SF_OOM;
  *s = (shared){from, axis, c->kept, c->count, to, *r->shared};
  *r->shared = s;
  *out = to;
  return SF_OK;
}

static sf_result cut_blob(const remover *r, uint32_t operand, int axis,
                          const cut *c) {
  sf_blob *from = sf_op_operand_blob(r->op, operand);
  if (c->count == (uint32_t)from->type.dim[axis]) return SF_OK;
  sf_blob *to = find_shared(r, from, axis, c);
  if (!to) SF_TRY(make_blob(r, from, axis, c, &to));
  sf_op_set_operand_blob(r->op, operand, to);
  if (from->users == 0) sf_blob_erase(from);
  return SF_OK;
}

static sf_result find_cut(const remover *r, const sf_value *old_value, int axis,
                          cut *out) {
  out->kept = sf_channels_kept(r->graph, old_value, axis, &out->count);
  return out->kept ? SF_OK : SF_OOM;
}

/* ---- Ops. ---- */

static sf_result cut_projection(const remover *r) {
  const sf_channels *made = sf_channels_of(r->graph, r->old->results[0]);
  const sf_value *x = sf_op_operand(r->old, 0);
  cut rows, columns;
  if (made->axis >= 0) {
    SF_TRY(find_cut(r, r->old->results[0], made->axis, &rows));
    SF_TRY(cut_blob(r, 1, 0, &rows));
    if (r->op->operand_count > 2) SF_TRY(cut_blob(r, 2, 0, &rows));
    if (sf_is_depthwise(r->old))
      return sf_op_set_int(r->op, SF_ATTR_groups, rows.count);
  }
  if (sf_channels_of(r->graph, x)->axis != sf_operand_axis(r->old))
    return SF_OK;
  if (r->old->kind != SF_OP_LINEAR && sf_op_int(r->old, SF_ATTR_groups) > 1)
    return SF_OK;
  SF_TRY(find_cut(r, x, sf_operand_axis(r->old), &columns));
  return cut_blob(r, 1, 1, &columns);
}

/* Axis of a blob that runs along axis `axis` of the result; -1: none. */
static int blob_axis(const sf_op *op, const sf_blob *blob, int axis) {
  int rank = op->results[0]->type.rank;
  int found = axis - (rank - blob->type.rank);
  bool scales = op->kind == SF_OP_QUANTIZE || op->kind == SF_OP_DEQUANTIZE;
  if (scales && blob->type.rank == 1 && sf_op_has_attr(op, SF_ATTR_axis)) {
    int64_t along = sf_op_int(op, SF_ATTR_axis);
    if (along < 0) along += rank;
    found = along == axis ? 0 : -1;
  }
  if (op->kind == SF_OP_BATCHNORM) found = 0;
  return found >= 0 && blob->type.dim[found] != 1 ? found : -1;
}

static sf_result cut_constants(const remover *r, int axis) {
  cut c;
  SF_TRY(find_cut(r, r->old->results[0], axis, &c));
  for (uint32_t i = 0; i < r->op->operand_count; i++) {
    const sf_blob *blob = sf_op_operand_blob(r->op, i);
    int along = blob ? blob_axis(r->old, blob, axis) : -1;
    if (along >= 0) SF_TRY(cut_blob(r, i, along, &c));
  }
  if (r->op->kind != SF_OP_SLICE) return SF_OK;
  int64_t end[SF_RANK_MAX];
  uint32_t rank = r->op->results[0]->type.rank;
  sf_op_ints(r->op, SF_ATTR_end, rank, end);
  end[axis] = c.count;
  return sf_op_set_ints(r->op, SF_ATTR_end, rank, end);
}

static sf_result cut_type(const remover *r) {
  const sf_channels *c = sf_channels_of(r->graph, r->old->results[0]);
  cut kept;
  if (c->axis < 0) return SF_OK;
  SF_TRY(find_cut(r, r->old->results[0], c->axis, &kept));
  r->op->results[0]->type.dim[c->axis] = (int32_t)kept.count;
  return SF_OK;
}

static sf_result cut_op(const remover *r) {
  if (r->old->result_count != 1) return SF_OK;
  const sf_channels *c = sf_channels_of(r->graph, r->old->results[0]);
  if (sf_is_prunable(r->old))
    SF_TRY(cut_projection(r));
  else if (c->axis >= 0)
    SF_TRY(cut_constants(r, c->axis));
  return cut_type(r);
}

sf_result sf_channels_remove(const sf_channel_graph *graph, sf_network *network,
                             sf_diag *diag) {
  const sf_op *old = graph->network->first;
  shared *done = NULL;
  for (sf_op *op = network->first; op; op = op->next, old = old->next) {
    remover r = {graph, network->module, diag, &done, old, op};
    SF_TRY(cut_op(&r));
  }
  return SF_OK;
}
