/* flow.c - boxes carried backwards, one op at a time. */
#include "passes/mapping/flow.h"

#include <string.h>

enum { DELAY_MAX = 65536 }; /* ends the growth of delays around a loop */

bool sf_flow_is_source(const sf_value *value) {
  return !value->op || value->op->kind == SF_OP_NEURONS;
}

bool sf_flow_is_on_chip(const sf_op *op) {
  return op->kind == SF_OP_NEURONS && sf_op_int(op, SF_ATTR_on) == SF_ON_CHIP;
}

bool sf_flow_is_projection(const sf_op *op) {
  if (!op) return false;
  return op->kind == SF_OP_LINEAR || op->kind == SF_OP_CONV ||
         op->kind == SF_OP_CONVT || op->kind == SF_OP_SPARSE ||
         (op->kind == SF_OP_POOL && sf_op_int(op, SF_ATTR_kind) == SF_POOL_SUM);
}

/* ---- Windows. ---------------------------------------------------------------
 */

sf_flow_window sf_flow_window_of(const sf_op *op, unsigned axis) {
  unsigned spatial = op->results[0]->type.rank - 1u;
  int64_t stride[SF_RANK_MAX], pad[2 * SF_RANK_MAX], other[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_stride, spatial, stride);
  sf_op_ints(op, SF_ATTR_pad, 2 * spatial, pad);
  sf_op_ints(op, SF_ATTR_dilation, spatial, other);
  sf_flow_window w = {1, stride[axis], pad[axis], other[axis]};
  if (op->kind == SF_OP_POOL) {
    sf_op_ints(op, SF_ATTR_kernel, spatial, other);
    w.kernel = other[axis];
    return w;
  }
  const sf_blob *weights = sf_op_operand_blob(op, 1);
  if (weights && axis + 2u < weights->type.rank)
    w.kernel = weights->type.dim[axis + 2];
  return w;
}

static int32_t clamp(int64_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : (int32_t)x;
}

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Source range of one spatial axis: [*begin, *end) clipped to the image; an
 * empty range becomes its nearest element, so that boxes are never empty. */
static void source_range(const sf_op *op, sf_flow_window w, int32_t extent,
                         int32_t *begin, int32_t *end) {
  int64_t reach = (w.kernel - 1) * w.dilation, first, last;
  if (op->kind == SF_OP_CONVT) {
    first = -floor_div(-(*begin + w.pad - reach), w.stride);
    last = floor_div((int64_t)*end - 1 + w.pad, w.stride);
  } else {
    first = *begin * w.stride - w.pad;
    last = ((int64_t)*end - 1) * w.stride - w.pad + reach;
  }
  *begin = clamp(first, 0, extent - 1);
  *end = clamp(last + 1, *begin + 1, extent);
}

/* Channels: those of the groups that the box touches. */
static void source_channels(const sf_op *op, int32_t extent, int32_t *begin,
                            int32_t *end) {
  int64_t groups =
      op->kind == SF_OP_POOL ? extent : sf_op_int(op, SF_ATTR_groups);
  int64_t targets = op->results[0]->type.dim[0];
  if (groups < 1 || groups > targets) groups = 1;
  int64_t of_target = targets / groups, of_source = extent / groups;
  int64_t first = *begin / of_target, last = (*end - 1) / of_target;
  *begin = clamp(first * of_source, 0, extent - 1);
  *end = clamp((last + 1) * of_source, *begin + 1, extent);
}

sf_box sf_flow_projection_source(const sf_op *op, const sf_box *box) {
  const sf_type *type = &op->operands[0].value->type;
  sf_box source = sf_box_whole(type);
  if (op->kind == SF_OP_SPARSE || type->rank != box->rank) return source;
  if (op->kind == SF_OP_LINEAR) { /* leading axes stay, the last is summed */
    for (unsigned i = 0; i + 1u < type->rank; i++) {
      source.begin[i] = box->begin[i];
      source.end[i] = box->end[i];
    }
    return source;
  }
  source = *box;
  source_channels(op, type->dim[0], &source.begin[0], &source.end[0]);
  for (unsigned i = 1; i < type->rank; i++) {
    source_range(op, sf_flow_window_of(op, i - 1), type->dim[i],
                 &source.begin[i], &source.end[i]);
  }
  return source;
}

/* ---- Structural ops. --------------------------------------------------------
 */

static sf_box through_slice(const sf_op *op, const sf_box *box) {
  int64_t begin[SF_RANK_MAX], step[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_begin, box->rank, begin);
  sf_op_ints(op, SF_ATTR_step, box->rank, step);
  sf_box source = *box;
  for (unsigned i = 0; i < box->rank; i++) {
    int64_t first = begin[i] + box->begin[i] * step[i];
    int64_t last = begin[i] + (box->end[i] - 1) * step[i];
    source.begin[i] = (int32_t)(first < last ? first : last);
    source.end[i] = (int32_t)(first < last ? last : first) + 1;
  }
  return source;
}

static sf_box through_transpose(const sf_op *op, const sf_box *box) {
  int64_t perm[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_perm, box->rank, perm);
  sf_box source = *box;
  for (unsigned i = 0; i < box->rank; i++) {
    source.begin[perm[i]] = box->begin[i];
    source.end[perm[i]] = box->end[i];
  }
  return source;
}

/* Elements keep their number in C order: the range of numbers of the box, as
 * the smallest box of the other shape that holds it. */
static sf_box through_reshape(const sf_op *op, const sf_box *box) {
  const sf_type *to = &op->results[0]->type;
  const sf_type *from = &op->operands[0].value->type;
  int64_t first = 0, last = 0;
  for (unsigned i = 0; i < to->rank; i++) {
    first = first * to->dim[i] + box->begin[i];
    last = last * to->dim[i] + box->end[i] - 1;
  }
  sf_box source = sf_box_whole(from);
  int64_t below = (int64_t)sf_type_elements(from);
  for (unsigned i = 0; i < from->rank; i++) {
    below /= from->dim[i];
    int64_t a = first / below, b = last / below;
    source.begin[i] = (int32_t)a;
    source.end[i] = (int32_t)b + 1;
    if (a != b) break; /* inner axes: whole */
    first %= below;
    last %= below;
  }
  return source;
}

/* ---- Collecting. ---- */

static bool enlarge(sf_box *box, const sf_box *by) {
  bool grew = false;
  for (unsigned i = 0; i < box->rank; i++) {
    if (by->begin[i] < box->begin[i]) {
      box->begin[i] = by->begin[i];
      grew = true;
    }
    if (by->end[i] > box->end[i]) {
      box->end[i] = by->end[i];
      grew = true;
    }
  }
  return grew;
}

static sf_result reserve(sf_flow *flow) {
  if (flow->count < flow->capacity) return SF_OK;
  uint32_t capacity = flow->capacity ? 2 * flow->capacity : 32;
  sf_flow_hit *hits = SF_NEW_ARRAY(flow->arena, sf_flow_hit, capacity);
  if (!hits) return SF_OOM;
  if (flow->count) memcpy(hits, flow->hits, flow->count * sizeof *hits);
  flow->hits = hits;
  flow->capacity = capacity;
  return SF_OK;
}

/* Notes that `box` of `value` is needed; `by` is the hit that needs it, `more`
 * steps later. */
static sf_result need(sf_flow *flow, const sf_value *value, const sf_box *box,
                      sf_flow_hit by, uint32_t more) {
  uint32_t delay = by.delay + more;
  if (delay > DELAY_MAX) delay = DELAY_MAX;
  for (uint32_t i = 0; i < flow->count; i++) {
    sf_flow_hit *hit = &flow->hits[i];
    if (hit->value != value) continue;
    bool grew = enlarge(&hit->box, box) || delay > hit->delay ||
                (by.direct && !hit->direct);
    if (delay > hit->delay) hit->delay = delay;
    hit->direct |= by.direct;
    hit->pending |= grew;
    return SF_OK;
  }
  SF_TRY(reserve(flow));
  flow->hits[flow->count++] =
      (sf_flow_hit){value, *box, delay, by.direct, true};
  return SF_OK;
}

/* The box of an operand that broadcasts along axes of extent 1, or of another
 * shape: then all of it. */
static sf_box aligned(const sf_value *value, const sf_box *box) {
  sf_box whole = sf_box_whole(&value->type);
  if (value->type.rank != box->rank) return whole;
  sf_box out = *box;
  for (unsigned i = 0; i < box->rank; i++) {
    if (out.end[i] <= value->type.dim[i]) continue;
    out.begin[i] = 0;
    out.end[i] = value->type.dim[i];
  }
  return out;
}

static sf_result through_concat(sf_flow *flow, const sf_op *op,
                                const sf_flow_hit *hit) {
  int64_t axis = sf_op_int(op, SF_ATTR_axis), at = 0;
  if (axis < 0) axis += hit->box.rank;
  for (uint32_t k = 0; k < op->operand_count; k++) {
    const sf_value *part = op->operands[k].value;
    if (!part) continue;
    int64_t extent = part->type.dim[axis];
    int64_t begin = hit->box.begin[axis] - at, end = hit->box.end[axis] - at;
    at += extent;
    if (begin >= extent || end <= 0) continue;
    sf_box box = hit->box;
    box.begin[axis] = begin < 0 ? 0 : (int32_t)begin;
    box.end[axis] = end > extent ? (int32_t)extent : (int32_t)end;
    SF_TRY(need(flow, part, &box, *hit, 0));
  }
  return SF_OK;
}

/* Every stream operand, as far as shapes tell. */
static sf_result through_elementwise(sf_flow *flow, const sf_op *op,
                                     const sf_flow_hit *hit, bool whole) {
  for (uint32_t k = 0; k < op->operand_count; k++) {
    const sf_value *value = op->operands[k].value;
    if (!value) continue;
    sf_box box = whole ? sf_box_whole(&value->type) : aligned(value, &hit->box);
    SF_TRY(need(flow, value, &box, *hit, 0));
  }
  return SF_OK;
}

static sf_result step_back(sf_flow *flow, sf_flow_hit hit) {
  const sf_op *op = hit.value->op;
  const sf_value *from = sf_op_operand(op, 0);
  sf_box box;
  switch (op->kind) {
  case SF_OP_DELAY: {
    int64_t steps = sf_op_int(op, SF_ATTR_steps);
    uint32_t more = steps > DELAY_MAX ? DELAY_MAX : (uint32_t)steps;
    return need(flow, from, &hit.box, hit, more);
  }
  case SF_OP_SLICE:
    box = through_slice(op, &hit.box);
    return need(flow, from, &box, hit, 0);
  case SF_OP_TRANSPOSE:
    box = through_transpose(op, &hit.box);
    return need(flow, from, &box, hit, 0);
  case SF_OP_RESHAPE:
    if (!from) return SF_OK; /* constant */
    box = through_reshape(op, &hit.box);
    return need(flow, from, &box, hit, 0);
  case SF_OP_CONCAT:
    return through_concat(flow, op, &hit);
  default:
    break;
  }
  if (sf_flow_is_projection(op)) {
    box = sf_flow_projection_source(op, &hit.box);
    hit.direct = false;
    return need(flow, from, &box, hit, 0);
  }
  return through_elementwise(flow, op, &hit,
                             !sf_op_is(op, SF_TRAIT_ELEMENTWISE));
}

sf_result sf_flow_trace(sf_flow *flow, const sf_op *neurons,
                        const sf_box *box) {
  flow->count = 0;
  const sf_flow_hit root = {.direct = true};
  for (uint32_t i = 0; i < neurons->operand_count; i++) {
    const sf_value *value = neurons->operands[i].value;
    if (!value) continue;
    sf_box aligned_box = aligned(value, box);
    SF_TRY(need(flow, value, &aligned_box, root, 0));
  }
  for (uint32_t i = 0; i < flow->count;) {
    sf_flow_hit *hit = &flow->hits[i];
    bool again = hit->pending && !sf_flow_is_source(hit->value);
    hit->pending = false;
    if (!again) {
      i++;
      continue;
    }
    SF_TRY(step_back(flow, *hit));
    i = 0; /* an earlier one may have grown; lists are short */
  }
  return SF_OK;
}
