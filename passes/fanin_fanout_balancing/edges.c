/* edges.c - listed edges by ranges of their sources, or by their numbers in the
 * list of a target where ranges would not make it shorter. A list has no rule
 * that a box could cut, so each part gets a list of its own. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include <stdlib.h>

/* Edges by source: edge numbers order[first[j] .. first[j + 1]). */
typedef struct by_source {
  size_t edges, sources;
  size_t *first;
  uint32_t *order;
  uint64_t *counts; /* a target: edges of the part under way */
} by_source;

static void destroy(by_source *s) {
  free(s->first);
  free(s->order);
  free(s->counts);
}

static sf_result sort(const sf_op *sparse, const sf_blob *index,
                      by_source *out) {
  size_t rows = (size_t)sparse->results[0]->type.dim[0];
  out->edges = sf_blob_elements(index) / 2;
  out->sources = (size_t)sparse->operands[0].value->type.dim[0];
  out->first = calloc(out->sources + 2, sizeof *out->first);
  out->order = calloc(out->edges + 1, sizeof *out->order);
  out->counts = calloc(rows + 1, sizeof *out->counts);
  if (!out->first || !out->order || !out->counts) return SF_OOM;
  /* Counted two places ahead, so that filling ends at the right first[]. */
  for (size_t e = 0; e < out->edges; e++)
    out->first[sf_blob_i32(index, 2 * e + 1) + 2]++;
  for (size_t j = 2; j < out->sources + 2; j++)
    out->first[j] += out->first[j - 1];
  for (size_t e = 0; e < out->edges; e++)
    out->order[out->first[sf_blob_i32(index, 2 * e + 1) + 1]++] = (uint32_t)e;
  return SF_OK;
}

/* Adds the edges of source j to the counts; false: one is above `taps`. */
static bool add_source(by_source *s, const sf_blob *index, size_t j,
                       uint64_t taps) {
  bool fits = true;
  for (size_t k = s->first[j]; k < s->first[j + 1]; k++)
    fits &= ++s->counts[sf_blob_i32(index, 2 * (size_t)s->order[k])] <= taps;
  return fits;
}

static void forget(by_source *s, const sf_blob *index, size_t from, size_t to) {
  for (size_t k = s->first[from]; k < s->first[to]; k++)
    s->counts[sf_blob_i32(index, 2 * (size_t)s->order[k])] = 0;
}

sf_result sf_fan_edge_parts(sf_fan *fan, sf_op *sparse, uint64_t taps,
                            int32_t *ends, uint32_t most, uint32_t *out) {
  sf_blob *index = sf_op_operand_blob(sparse, 1);
  SF_TRY(sf_blob_load(index, fan->run->diag));
  by_source s = {0};
  sf_result result = sort(sparse, index, &s);
  size_t begin = 0;
  *out = 0;
  for (size_t j = 0; result == SF_OK && j < s.sources && *out < most; j++) {
    if (add_source(&s, index, j, taps) || j == begin) continue;
    forget(&s, index, begin, j + 1);
    ends[(*out)++] = (int32_t)j;
    begin = j;
    (void)add_source(&s, index, j, taps);
  }
  if (result == SF_OK && *out < most) ends[(*out)++] = (int32_t)s.sources;
  destroy(&s);
  return result;
}

/* ---- A part. ---- */

/* The edges of a part, in the order of the list. */
typedef struct picker {
  const sf_blob *index;
  bool numbers; /* begin and end are numbers in the list of a target */
  int32_t begin, end;
  size_t count; /* edges inside */
} picker;

/* For e = 0, 1, ..; *first: where the list of the target began. */
static bool is_inside(const picker *p, size_t e, size_t *first) {
  int32_t at = sf_blob_i32(p->index, 2 * e + 1);
  if (p->numbers) {
    bool same = e > 0 && sf_blob_i32(p->index, 2 * e) ==
                             sf_blob_i32(p->index, 2 * (e - 1));
    if (!same) *first = e;
    at = (int32_t)(e - *first);
  }
  return at >= p->begin && at < p->end;
}

/* Elements of `from`, `width` an edge, for the edges inside; the sources of an
 * index move with the stream. NULL: no memory. */
static sf_blob *pick(sf_blob *from, const picker *p, bool is_index) {
  size_t edges = sf_blob_elements(p->index) / 2, at = 0, first = 0;
  size_t width = is_index ? 2 : 1, count = p->count;
  int32_t moved = p->numbers ? 0 : p->begin;
  int32_t *values = malloc(count * width * sizeof *values);
  if (!values) return NULL;
  for (size_t e = 0; e < edges; e++) {
    if (!is_inside(p, e, &first)) continue;
    for (size_t i = 0; i < width; i++)
      values[at++] = sf_blob_i32(from, width * e + i) - (i == 1 ? moved : 0);
  }
  sf_type type = from->type;
  type.dim[0] = (int32_t)count;
  sf_blob *blob = sf_blob_create_i32(from->module, from->name, &type, values);
  free(values);
  return blob;
}

static sf_result set_lists(const sf_op *sparse, sf_op *piece, const picker *p) {
  sf_blob *delays = sf_op_blob(sparse, SF_ATTR_delays);
  sf_blob *some = pick(sf_op_operand_blob(sparse, 1), p, true);
  if (!some) return SF_OOM;
  sf_op_set_operand_blob(piece, 1, some);
  some = pick(sf_op_operand_blob(sparse, 2), p, false);
  if (!some) return SF_OOM;
  sf_op_set_operand_blob(piece, 2, some);
  if (!delays) return SF_OK;
  some = pick(delays, p, false);
  return some ? sf_op_set_blob(piece, SF_ATTR_delays, some) : SF_OOM;
}

sf_result sf_fan_piece_edges(sf_fan *fan, const sf_fan_cut *cut, int32_t begin,
                             int32_t end, sf_op *piece, sf_value **stream) {
  sf_op *sparse = cut->leaf;
  sf_blob *index = sf_op_operand_blob(sparse, 1);
  sf_blob *delays = sf_op_blob(sparse, SF_ATTR_delays);
  SF_TRY(sf_blob_load(index, fan->run->diag));
  SF_TRY(sf_blob_load(sf_op_operand_blob(sparse, 2), fan->run->diag));
  if (delays) SF_TRY(sf_blob_load(delays, fan->run->diag));
  picker p = {index, cut->listed, begin, end, 0};
  for (size_t e = 0, first = 0; e < sf_blob_elements(index) / 2; e++)
    p.count += is_inside(&p, e, &first);
  *stream = NULL;
  if (p.count == 0) return SF_OK;
  SF_TRY(set_lists(sparse, piece, &p));
  *stream = sf_op_operand(sparse, 0);
  if (!cut->listed) *stream = sf_fan_slice(*stream, 0, begin, end, piece);
  return *stream ? SF_OK : SF_OOM;
}
