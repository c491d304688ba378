/* sites.c - where activation sites must stand.
 *
 * The network is walked with made-up steps, different for each site and
 * channel: whether integers can stand for a stream depends on which steps are
 * equal, not on how large they are. A site whose channels get in the way (a
 * sum over them, a product of streams) falls back to one step, or to one for
 * each of a few groups, and the walk starts again. */
#include "passes/calibrate/calibrate.h"

#include <string.h>

/* What is known of a value. */
typedef struct stream {
  bool backed;   /* by integers with `scale` */
  bool demand;   /* something behind it needs integers */
  uint32_t site; /* 1 + index in the list; 0: none */
  sf_scale scale;
} stream;

typedef struct walk {
  const sf_network *network;
  const sf_calibrate_options *options;
  sf_arena *arena;
  sf_diag *diag;
  sf_site_list *list;
  stream *streams; /* arguments, then results by the op's number */
  uint32_t *steps; /* by stream: steps of its site; 0: one a channel */
  bool *anew;      /* by stream: it has integers, but is rounded once more */
  bool again;      /* `steps` or `anew` changed */
} walk;

static size_t index_of(const walk *w, const sf_value *value) {
  return value->op ? w->network->argument_count + value->op->order
                   : value->index;
}

static stream *stream_of(const walk *w, const sf_value *value) {
  return &w->streams[index_of(w, value)];
}

static bool is_f32(const sf_value *value) {
  return value->type.scalar.kind == SF_SCALAR_F32;
}

/* ---- Who needs integers. ---- */

static bool is_move(const sf_op *op) {
  return sf_qdq_is_carrier(op) && op->kind != SF_OP_POOL &&
         op->kind != SF_OP_REDUCE;
}

/* Two streams meet in a product or comparison. */
static bool joins_streams(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_MATMUL:
    return true;
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
    return sf_op_operand(op, 0) && sf_op_operand(op, 1);
  default:
    return false;
  }
}

/* A table needs few integers; what is rounded already, or is no sum, is left to
 * the chain of the site behind it. Behind a function of a whole vector there is
 * no chain: its result is rounded, whatever elementwise op reads it. */
static bool is_curve(const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  if (!x || !x->op) return false;
  if (sf_qdq_is_vector_function(x->op))
    return op->kind == SF_OP_RELU || op->kind == SF_OP_CLIP ||
           op->kind == SF_OP_LEAKY_RELU || sf_qdq_is_curve(op);
  return sf_qdq_is_curve(op) && sf_qdq_is_linear(x->op);
}

/* By one number: only the step of what is rounded changes. */
static bool is_quotient(const sf_op *op) {
  const sf_blob *blob = sf_op_operand_blob(op, 1);
  return op->kind == SF_OP_DIV && blob && sf_blob_elements(blob) == 1;
}

static bool needs_integers(const walk *w, const sf_op *op) {
  if (op->result_count != 1 || !is_f32(op->results[0])) return false;
  if (is_move(op) || sf_qdq_is_vector_function(op) || is_curve(op) ||
      is_quotient(op) || sf_qdq_is_mask(op))
    return stream_of(w, op->results[0])->demand;
  return sf_qdq_is_carrier(op) || sf_qdq_is_linear(op) || joins_streams(op) ||
         op->kind == SF_OP_LRN || sf_op_is(op, SF_TRAIT_PROJECTION);
}

static void find_demand(const walk *w) {
  for (const sf_op *op = w->network->last; op; op = op->prev) {
    if (!needs_integers(w, op)) continue;
    uint32_t count = sf_qdq_is_mask(op) ? 1 : op->operand_count;
    for (uint32_t i = 0; i < count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      if (x) stream_of(w, x)->demand = true;
    }
  }
}

/* ---- Sites. ---- */

/* Few levels will do. */
static bool is_nonlinear(const sf_value *value) {
  return value->op && !sf_qdq_dips(value->op) &&
         sf_op_is(value->op, SF_TRAIT_ANALOG | SF_TRAIT_ELEMENTWISE) &&
         value->op->kind != SF_OP_QUANTIZE &&
         value->op->kind != SF_OP_DEQUANTIZE;
}

/* Steps that no two groups of channels of no two sites share. */
static sf_result make_up_scale(const walk *w, uint32_t number, int axis,
                               uint32_t channels, uint32_t steps,
                               sf_scale *out) {
  double *values = SF_NEW_ARRAY(w->arena, double, channels);
  if (!values) return SF_OOM;
  uint32_t group = channels / steps;
  for (uint32_t i = 0; i < channels; i++) {
    uint32_t place = i / group + 1;
    values[i] = (double)number + (double)place / 16777216.0;
  }
  *out = (sf_scale){axis, channels, values};
  return SF_OK;
}

static sf_result add_site(const walk *w, sf_value *value) {
  sf_site_list *list = w->list;
  if (list->count == list->capacity) {
    uint32_t capacity = list->capacity ? 2 * list->capacity : 64;
    sf_site_plan *grown = SF_NEW_ARRAY(w->arena, sf_site_plan, capacity);
    if (!grown) return SF_OOM;
    if (list->count) memcpy(grown, list->sites, list->count * sizeof *grown);
    list->sites = grown;
    list->capacity = capacity;
  }
  int axis = sf_qdq_channel_axis(value);
  /* One table serves all channels of a normalization. */
  bool normalized = value->op && value->op->kind == SF_OP_LRN;
  uint32_t steps = w->steps[index_of(w, value)];
  if (!value->op || normalized || !w->options->per_channel || steps == 1 ||
      axis < 0 || value->type.dim[axis] == 1) {
    axis = -1;
  }
  uint32_t channels = axis < 0 ? 1 : (uint32_t)value->type.dim[axis];
  if (axis < 0 || steps == 0) steps = channels;
  list->sites[list->count++] = (sf_site_plan){.value = value,
                                              .fine = !is_nonlinear(value),
                                              .axis = axis,
                                              .channels = steps};
  stream *s = stream_of(w, value);
  s->site = list->count;
  return make_up_scale(w, list->count, axis, channels, steps, &s->scale);
}

static sf_result read_site(const walk *w, sf_op *op, uint32_t operand) {
  sf_value *value = sf_op_operand(op, operand);
  stream *s = stream_of(w, value);
  if (s->backed) return SF_OK;
  if (!s->site) SF_TRY(add_site(w, value));
  sf_site_plan *site = &w->list->sites[s->site - 1];
  if (site->readers == site->reader_capacity) {
    uint32_t capacity = site->reader_capacity ? 2 * site->reader_capacity : 4;
    sf_use **grown = SF_NEW_ARRAY(w->arena, sf_use *, capacity);
    if (!grown) return SF_OOM;
    if (site->readers) memcpy(grown, site->uses, site->readers * sizeof *grown);
    site->uses = grown;
    site->reader_capacity = capacity;
  }
  site->uses[site->readers++] = &op->operands[operand];
  return SF_OK;
}

/* ---- Scales that the reader cannot take. ---- */

/* Fewer steps for a site: groups of channels first, where the op that stands in
 * the way names some (1: it does not), then one. */
static void reduce_steps(walk *w, size_t index, uint32_t groups) {
  const sf_site_plan *site = &w->list->sites[w->streams[index].site - 1];
  if (w->steps[index] == 1 || site->axis < 0) return;
  uint32_t channels = (uint32_t)site->value->type.dim[site->axis];
  bool named = w->steps[index] == 0 && groups > 1 && groups < channels &&
               channels % groups == 0;
  w->steps[index] = named ? groups : 1;
  w->again = true;
}

/* The sites whose integers `value` carries on get fewer steps each. */
static sf_result give_fewer_steps(walk *w, const sf_value *value,
                                  uint32_t groups) {
  const sf_value **stack =
      SF_NEW_ARRAY(w->arena, const sf_value *, w->network->op_count + 2u);
  bool *seen = SF_NEW_ARRAY(
      w->arena, bool, w->network->argument_count + w->network->op_count + 1u);
  if (!stack || !seen) return SF_OOM;
  size_t count = 0;
  stack[count++] = value;
  while (count) {
    const sf_value *x = stack[--count];
    size_t index = index_of(w, x);
    stream *s = &w->streams[index];
    if (s->site) reduce_steps(w, index, groups);
    if (s->site || !x->op ||
        (!sf_qdq_is_carrier(x->op) && !sf_qdq_is_linear(x->op) &&
         !is_quotient(x->op)))
      continue; /* what is linear and has no site only rescales */
    for (uint32_t i = 0; i < x->op->operand_count; i++) {
      const sf_value *y = sf_op_operand(x->op, i);
      if (!y || seen[index_of(w, y)]) continue;
      seen[index_of(w, y)] = true;
      stack[count++] = y;
    }
  }
  return SF_OK;
}

/* Axis that a reader folds steps along; -1: it takes one step only. */
static int folding_axis(const sf_op *op, const sf_value *x) {
  if (op->kind == SF_OP_LINEAR) return x->type.rank - 1;
  if (op->kind == SF_OP_CONV || op->kind == SF_OP_CONVT) return 0;
  if (sf_qdq_is_linear(op)) return sf_qdq_channel_axis(op->results[0]);
  return -1;
}

/* Fewer steps, or, where nothing else changes and all are one each, as of a
 * class token beside patches, a site of its own for what joins them. */
static sf_result agree_on_steps(walk *w, const sf_value *x, uint32_t groups) {
  bool before = w->again;
  w->again = false;
  SF_TRY(give_fewer_steps(w, x, groups));
  if (!w->again && !before && !w->anew[index_of(w, x)])
    w->again = w->anew[index_of(w, x)] = true;
  w->again = w->again || before;
  return SF_OK;
}

static sf_result read_operand(walk *w, sf_op *op, uint32_t operand) {
  sf_value *x = sf_op_operand(op, operand);
  bool adds = sf_qdq_is_linear(op) && !sf_op_is(op, SF_TRAIT_PROJECTION);
  if (adds && sf_qdq_is_inner(x)) return SF_OK;
  SF_TRY(read_site(w, op, operand));
  const stream *s = stream_of(w, x);
  if (s->scale.axis < 0 || s->scale.axis == folding_axis(op, x)) return SF_OK;
  if (is_curve(op) || is_quotient(op)) return SF_OK; /* any steps */
  return agree_on_steps(w, x, 1);
}

/* Rounded values times one number are rounded values of another step. */
static sf_result rescale(walk *w, const sf_op *op) {
  bool rescales;
  double factor;
  SF_TRY(sf_qdq_rescales(op, w->diag, &rescales, &factor));
  if (!rescales) return SF_OK;
  const stream *x = stream_of(w, sf_op_operand(op, 0));
  if (!x->backed && !x->site) return SF_OK;
  stream *s = stream_of(w, op->results[0]);
  s->backed = true;
  return sf_scale_times(&x->scale, factor, w->arena, &s->scale);
}

/* ---- The walk. ---- */

/* The queries, keys and values of attention lie side by side in one sum, and a
 * reshape gives them an axis: how many groups an axis is split into. 1: none.
 */
static uint32_t groups_of(const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  if (op->kind != SF_OP_RESHAPE || !x) return 1;
  int axis = sf_qdq_channel_axis(x);
  /* A slice of the channels is a group as it is. */
  if (x->op && x->op->kind == SF_OP_SLICE) {
    const sf_value *whole = sf_op_operand(x->op, 0);
    axis = sf_qdq_channel_axis(whole);
    if (axis < 0 || x->type.dim[axis] == 0) return 1;
    return (uint32_t)(whole->type.dim[axis] / x->type.dim[axis]);
  }
  if (axis < 0) return 1;
  int64_t before = 1, passed = 1;
  for (int i = 0; i < axis; i++)
    before *= x->type.dim[i];
  for (int i = 0; i < op->results[0]->type.rank; i++) {
    int32_t extent = op->results[0]->type.dim[i];
    if (passed == before && extent > 1) return (uint32_t)extent;
    passed *= extent;
  }
  return 1;
}

/* Does a step for each channel of a sum get lost in a move? */
static sf_result keeps_channels(const walk *w, const sf_op *op, bool *out) {
  const sf_value *x = sf_op_operand(op, 0);
  int axis = sf_qdq_channel_axis(x);
  *out = true;
  if (op->kind == SF_OP_SLICE && axis >= 0) /* of the channels: a group */
    *out = op->results[0]->type.dim[axis] == x->type.dim[axis];
  if (op->kind != SF_OP_RESHAPE || axis < 0) return SF_OK;
  uint32_t channels = (uint32_t)x->type.dim[axis];
  sf_scale made_up, carried;
  SF_TRY(make_up_scale(w, 1, axis, channels, channels, &made_up));
  return sf_qdq_carry_scale(op, &made_up, w->arena, out, &carried);
}

static bool reads_plain_sum(const walk *w, const sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  const stream *s = stream_of(w, x);
  bool maximum =
      op->kind == SF_OP_POOL && sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
  return (maximum || (is_move(op) && op->kind != SF_OP_CONCAT)) && !s->backed &&
         !s->site && x->op && sf_qdq_is_linear(x->op);
}

/* Windows of many sizes share a divisor that leaves weights too few bits: what
 * reads them gets steps of its own. */
static bool has_fine_parts(const sf_op *op) {
  enum { PARTS_MOST = 16 }; /* of what an element of the largest window is */
  sf_qdq_average_pool pool;
  return op->kind == SF_OP_POOL && sf_op_int(op, SF_ATTR_kind) == SF_POOL_AVG &&
         sf_qdq_average(op, &pool) && pool.divisor / pool.largest > PARTS_MOST;
}

/* A move or maximum of a sum stays a sum in integers: no site before it. */
static sf_result visit_carrier(walk *w, sf_op *op) {
  if (!needs_integers(w, op)) return SF_OK;
  if (!sf_op_operand(op, 0))
    return SF_OK; /* a constant: its reader rounds it */
  if (reads_plain_sum(w, op)) {
    bool keeps;
    SF_TRY(keeps_channels(w, op, &keeps));
    if (keeps) return SF_OK;
  }
  sf_scale *scales = SF_NEW_ARRAY(w->arena, sf_scale, op->operand_count);
  if (!scales) return SF_OOM;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x) return SF_OK;
    SF_TRY(read_site(w, op, i));
    scales[i] = stream_of(w, x)->scale;
  }
  stream *s = stream_of(w, op->results[0]);
  bool ok = false;
  SF_TRY(sf_qdq_carry_scale(op, scales, w->arena, &ok, &s->scale));
  s->backed =
      ok && !has_fine_parts(op) && !w->anew[index_of(w, op->results[0])];
  for (uint32_t i = 0; i < op->operand_count && !ok; i++)
    SF_TRY(give_fewer_steps(w, sf_op_operand(op, i), groups_of(op)));
  return SF_OK;
}

/* Rounded scores with a mask are integers of the same step. */
static sf_result visit_mask(walk *w, sf_op *op) {
  const sf_value *x = sf_op_operand(op, 0);
  SF_TRY(read_site(w, op, 0));
  const stream *scores = stream_of(w, x);
  if (scores->scale.axis >= 0) return agree_on_steps(w, x, 1);
  stream *s = stream_of(w, op->results[0]);
  s->scale = scores->scale;
  s->backed = true;
  return SF_OK;
}

static sf_result visit_dequantize(walk *w, const sf_op *op) {
  stream *s = stream_of(w, op->results[0]);
  return sf_qdq_scale(op, w->arena, w->diag, &s->backed, &s->scale);
}

static sf_result visit(walk *w, sf_op *op) {
  if (op->kind == SF_OP_DEQUANTIZE) return visit_dequantize(w, op);
  if (!needs_integers(w, op)) return SF_OK;
  if (sf_qdq_is_carrier(op)) return visit_carrier(w, op);
  if (sf_qdq_is_mask(op)) return visit_mask(w, op);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (x && is_f32(x)) SF_TRY(read_operand(w, op, i));
  }
  return rescale(w, op);
}

static sf_result walk_once(walk *w, size_t streams) {
  memset(w->streams, 0, streams * sizeof *w->streams);
  *w->list = (sf_site_list){0};
  w->again = false;
  find_demand(w);
  SF_FOREACH_OP(op, w->network)
    SF_TRY(visit(w, op));
  return SF_OK;
}

sf_result sf_find_sites(const sf_network *network,
                        const sf_calibrate_options *options, sf_arena *arena,
                        sf_diag *diag, sf_site_list *out) {
  size_t count = network->argument_count +
                 (size_t)sf_network_number((sf_network *)network) + 1;
  walk w = {.network = network,
            .options = options,
            .arena = arena,
            .diag = diag,
            .list = out,
            .streams = SF_NEW_ARRAY(arena, stream, count),
            .steps = SF_NEW_ARRAY(arena, uint32_t, count),
            .anew = SF_NEW_ARRAY(arena, bool, count)};
  if (!w.streams || !w.steps || !w.anew) return SF_OOM;
  do
    SF_TRY(walk_once(&w, count));
  while (w.again); /* each round reduces one: at most 3 `count` rounds */
  return SF_OK;
}
