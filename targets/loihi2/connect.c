/* connect.c - from a population's operand back to its sources: sums, moves and
 * projections become connections with one source and one delay each.
 *
 * An accumulator holds the exact sum modulo 2^bits, bits = width of the
 * operand: so sums inside may wrap at that width or more, or must fit, but not
 * saturate. */
#include "targets/loihi2/plan.h"

#include <string.h>

enum { DEPTH_MAX = 2000, CONNECTIONS_MAX = 1 << 20 };

/* The operand that is being followed, and the way so far. */
typedef struct walk {
  sf_l2_plan *plan;
  uint32_t layer, port;
  unsigned bits; /* of the accumulator */
} walk;

typedef struct way {
  const int32_t *map; /* element of the value -> of the layer, -1; NULL: same */
  uint32_t delay;
  unsigned depth;
} way;

static sf_result push(sf_l2_plan *plan, sf_l2_connection **out) {
  if (plan->connection_count == CONNECTIONS_MAX)
    return sf_error(plan->diag, SF_DIAG_TARGET_CANNOT, SF_NO_LOC,
                    "more than %d connections", CONNECTIONS_MAX);
  if (plan->connection_count == plan->connection_capacity) {
    uint32_t capacity =
        plan->connection_capacity ? 2 * plan->connection_capacity : 16;
    sf_l2_connection *items =
        SF_NEW_ARRAY(plan->arena, sf_l2_connection, capacity);
    if (!items) return SF_OOM;
    if (plan->connection_count)
      memcpy(items, plan->connections, plan->connection_count * sizeof *items);
    plan->connections = items;
    plan->connection_capacity = capacity;
  }
  *out = &plan->connections[plan->connection_count++];
  **out = (sf_l2_connection){0};
  return SF_OK;
}

static bool shape_is(const sf_type *a, const sf_type *b) {
  return sf_type_same_shape(a, b);
}

/* A kernel needs the image in its place on both sides; a strided one in y and x
 * of at most 2 axes is all the same. */
static bool keeps_image(const sf_l2_plan *plan, const sf_op *op,
                        const sf_l2_connection *c) {
  if (c->source_map || c->target_map) return false;
  const sf_type *source = c->from_input ? &plan->inputs[c->source].value->type
                                        : &plan->layers[c->source].value->type;
  const sf_type *target = &plan->layers[c->layer].value->type;
  return shape_is(source, &sf_op_operand(op, 0)->type) &&
         shape_is(target, &sf_op_result(op, 0)->type) &&
         (source->rank == 2 || source->rank == 3);
}

static sf_l2_format format_of(const sf_l2_plan *plan, const sf_op *op,
                              const sf_l2_connection *c) {
  if (!op) return SF_L2_SPARSE;
  if (op->kind == SF_OP_CONV || op->kind == SF_OP_POOL)
    return keeps_image(plan, op, c) ? SF_L2_CONV : SF_L2_SPARSE;
  bool one_row = sf_type_elements(&sf_op_operand(op, 0)->type) ==
                 (size_t)sf_op_operand(op, 0)
                     ->type.dim[sf_op_operand(op, 0)->type.rank - 1];
  if (op->kind == SF_OP_LINEAR && one_row && !c->target_map) return SF_L2_DENSE;
  return SF_L2_SPARSE;
}

static sf_result check_delay(const walk *w, const sf_op *op,
                             sf_l2_connection *c, uint32_t total) {
  sf_l2_plan *plan = w->plan;
  const sf_op *at = op ? op : plan->layers[w->layer].op;
  if (total == 0)
    return sf_l2_cannot(plan, at,
                        "a path into %%%s takes no step, hardware takes one; "
                        "run `balance-delays`",
                        plan->layers[w->layer].value->name);
  c->delay = total - 1;
  sf_blob *delays = op && (op->kind == SF_OP_LINEAR || op->kind == SF_OP_SPARSE)
                        ? sf_op_blob(op, SF_ATTR_delays)
                        : NULL;
  if (delays) {
    SF_TRY(sf_blob_load(delays, plan->diag));
    for (size_t i = 0; i < sf_blob_elements(delays); i++) {
      uint32_t delay = (uint32_t)sf_blob_i32(delays, i);
      if (delay > c->synapse_delay) c->synapse_delay = delay;
    }
  }
  if (c->delay + c->synapse_delay <= SF_L2_DELAY_MAX) return SF_OK;
  sf_l2_cannot(plan, at, "a synaptic delay of %u steps, the chip has 0 .. %d",
               c->delay + c->synapse_delay, SF_L2_DELAY_MAX);
  sf_help(plan->diag, "insert a @relay population: each is worth one step "
                      "and restarts the count");
  return SF_FAIL;
}

static sf_result add_views(const walk *w, const sf_op *op,
                           const sf_value *value, way at) {
  sf_l2_plan *plan = w->plan;
  sf_l2_views views;
  SF_TRY(sf_l2_views_of(plan, value, &views));
  for (uint32_t v = 0; v < views.count; v++) {
    sf_l2_connection *c;
    SF_TRY(push(plan, &c));
    c->layer = w->layer;
    c->port = w->port;
    c->op = op;
    c->from_input = views.items[v].from_input;
    c->source = views.items[v].source;
    c->source_map = views.items[v].map;
    c->target_map = at.map;
    c->source_elements = (uint32_t)sf_type_elements(&value->type);
    c->target_elements = (uint32_t)sf_type_elements(
        op ? &sf_op_result(op, 0)->type : &value->type);
    c->format = format_of(plan, op, c);
    SF_TRY(check_delay(w, op, c, at.delay + views.items[v].delay));
    SF_TRY(sf_l2_weights_encode(plan, c));
    if (views.summed && c->weights.rounds)
      return sf_l2_cannot(plan, op,
                          "products of a sum of spikes are rounded, the chip "
                          "rounds those of each spike");
  }
  return SF_OK;
}

static sf_result check_mode(const walk *w, const sf_op *op) {
  unsigned bits = sf_op_result(op, 0)->type.scalar.bits;
  if (op->mode == SF_MODE_NONE) return SF_OK;
  if (op->mode == SF_MODE_WRAP && bits >= w->bits) return SF_OK;
  if (op->mode == SF_MODE_SAT)
    return sf_l2_cannot(w->plan, op,
                        "the sum saturates, accumulators of the chip wrap");
  return sf_l2_cannot(w->plan, op,
                      "the sum wraps at %u bits inside one of %u bits", bits,
                      w->bits);
}

/* Adds a projection's bias to the offsets of the neurons that its result
 * reaches. Behind a delay it arrives late, which only matters to neurons that
 * run by then. */
static sf_result add_bias(const walk *w, const sf_op *op, sf_blob *bias,
                          way at) {
  sf_l2_layer *layer = &w->plan->layers[w->layer];
  if (at.delay > (uint64_t)sf_op_int(layer->op, SF_ATTR_start))
    return sf_l2_cannot(w->plan, op,
                        "its bias is delayed by %u steps, but the neurons "
                        "start before; give the bias to the neuron model",
                        at.delay);
  if (bias->type.scalar.kind == SF_SCALAR_F32)
    return sf_l2_cannot(w->plan, op, "bias @%s is f32; quantize it",
                        bias->name);
  SF_TRY(sf_blob_load(bias, w->plan->diag));
  if (!layer->offsets[w->port])
    layer->offsets[w->port] =
        SF_NEW_ARRAY(w->plan->arena, int32_t, layer->elements);
  int32_t *offsets = layer->offsets[w->port];
  if (!offsets) return SF_OOM;
  const sf_type *type = &sf_op_result(op, 0)->type;
  size_t elements = sf_type_elements(type), count = sf_blob_elements(bias);
  /* linear: along the last axis; conv: along the first. */
  size_t run = op->kind == SF_OP_LINEAR ? 1 : elements / count;
  for (size_t e = 0; e < elements; e++) {
    int32_t target = at.map ? at.map[e] : (int32_t)e;
    if (target < 0) continue;
    uint32_t value = (uint32_t)sf_blob_i32(bias, e / run % count);
    offsets[target] = (int32_t)((uint32_t)offsets[target] + value);
  }
  return SF_OK;
}

static sf_result project(const walk *w, const sf_op *op, way at) {
  SF_TRY(check_mode(w, op));
  sf_blob *bias = op->kind == SF_OP_POOL || op->kind == SF_OP_SPARSE
                      ? NULL
                      : sf_op_operand_blob(op, 2);
  if (bias) SF_TRY(add_bias(w, op, bias, at));
  if (op->kind == SF_OP_POOL && sf_op_int(op, SF_ATTR_kind) != SF_POOL_SUM)
    return sf_l2_cannot(w->plan, op, "only pool{kind = sum} is a projection");
  return add_views(w, op, sf_op_operand(op, 0), at);
}

/* map of the operand: its element -> layer, from the result's. */
static sf_result invert(const walk *w, const sf_op *op, uint32_t operand,
                        way *at) {
  const int32_t *moved;
  SF_TRY(sf_l2_move_map(w->plan, op, operand, &moved));
  if (!moved) return SF_OK;
  size_t from = sf_type_elements(&sf_op_operand(op, operand)->type);
  size_t to = sf_type_elements(&sf_op_result(op, 0)->type);
  int32_t *map = SF_NEW_ARRAY(w->plan->arena, int32_t, from);
  if (!map) return SF_OOM;
  for (size_t e = 0; e < from; e++)
    map[e] = -1;
  for (size_t e = 0; e < to; e++)
    if (moved[e] >= 0) map[moved[e]] = at->map ? at->map[e] : (int32_t)e;
  at->map = map;
  return SF_OK;
}

static sf_result follow(const walk *w, const sf_value *value, way at);

static sf_result follow_sum(const walk *w, const sf_op *op, way at) {
  SF_TRY(check_mode(w, op));
  const sf_value *a = sf_op_operand(op, 0), *b = sf_op_operand(op, 1);
  if (!a || !b)
    return sf_l2_cannot(w->plan, op,
                        "a constant is added before the neurons; "
                        "give it to the neuron model's bias");
  if (!sf_type_same_shape(&a->type, &b->type))
    return sf_l2_cannot(w->plan, op, "the sum broadcasts");
  SF_TRY(follow(w, a, at));
  return follow(w, b, at);
}

static sf_result follow(const walk *w, const sf_value *value, way at) {
  const sf_op *op = value->op;
  if (++at.depth >= DEPTH_MAX)
    return sf_l2_cannot(w->plan, op, "more than %d ops before a population",
                        DEPTH_MAX);
  if (!op || op->kind == SF_OP_NEURONS) return add_views(w, NULL, value, at);
  if (op->kind == SF_OP_ADD) return follow_sum(w, op, at);
  if (op->kind == SF_OP_POOL || sf_op_is(op, SF_TRAIT_PROJECTION))
    return project(w, op, at);
  if (op->kind == SF_OP_DELAY) {
    int64_t steps = sf_op_int(op, SF_ATTR_steps);
    if (steps > INT32_MAX / DEPTH_MAX)
      return sf_l2_cannot(w->plan, op, "the delay is beyond the chip's limit");
    at.delay += (uint32_t)steps;
    return follow(w, sf_op_operand(op, 0), at);
  }
  if (!sf_op_is(op, SF_TRAIT_MOVES))
    return sf_l2_cannot(w->plan, op,
                        "%%%s is not a sum of projections of spikes; run "
                        "`legalize`",
                        value->name);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    way branch = at;
    if (!sf_op_operand(op, i))
      return sf_l2_cannot(w->plan, op, "a constant stream has no neurons");
    SF_TRY(invert(w, op, i, &branch));
    SF_TRY(follow(w, sf_op_operand(op, i), branch));
  }
  return SF_OK;
}

sf_result sf_l2_connect(sf_l2_plan *plan, uint32_t layer, uint32_t port) {
  const sf_value *operand = sf_op_operand(plan->layers[layer].op, port);
  walk w = {.plan = plan,
            .layer = layer,
            .port = port,
            .bits = operand->type.scalar.bits};
  return follow(&w, operand, (way){0});
}
