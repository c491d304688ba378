/* join.c - the projection that adds partial sums at the root.
 *
 * Graded messages are added one projection each, so that each keeps the
 * interval that was proved for it. Spikes of a thermometer, and sums that are
 * rounded after they are complete, meet in one projection: listed edges for a
 * row of neurons; for channels x space a convolution over the streams laid
 * side by side along the first axis of space, whose kernel has one tap a
 * stream, as far apart as that axis is long. Streams of another shape (listed
 * edges end in a row) get that of the sum first. A bias that the projection had
 * stays with it, or gets a projection without weights. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/relay.h"

#include <stdlib.h>

enum { SEPARATE_MAX = 8 }; /* projections of single messages at one root */

typedef struct joiner {
  sf_fan *fan;
  const sf_fan_partial *partial; /* of the shape of `like` */
  const sf_op *like;
  sf_op *before;
  bool rounds;
  sf_mode mode;
  sf_blob *bias; /* of `like`; NULL: none */
} joiner;

static sf_value *add(const joiner *j, sf_value *a, sf_value *b, sf_mode mode,
                     sf_scalar scalar) {
  sf_op *op =
      sf_op_create(j->fan->network, j->before, SF_OP_ADD, 2, j->like->loc);
  if (!op) return NULL;
  op->mode = mode;
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  sf_type type = j->like->results[0]->type;
  type.scalar = scalar;
  return sf_op_add_result(op, j->like->results[0]->name, &type);
}

/* ---- One projection for all streams. ---- */

static sf_value *side_by_side(const joiner *j, unsigned axis) {
  const sf_fan_partial *p = j->partial;
  if (p->count == 1) return p->streams[0];
  sf_op *op = sf_op_create(j->fan->network, j->before, SF_OP_CONCAT, p->count,
                           j->like->loc);
  if (!op || sf_op_set_int(op, SF_ATTR_axis, axis) != SF_OK) return NULL;
  sf_type type = p->streams[0]->type;
  type.dim[axis] *= (int32_t)p->count;
  for (uint32_t i = 0; i < p->count; i++)
    sf_op_set_operand(op, i, p->streams[i]);
  return sf_op_add_result(op, j->like->results[0]->name, &type);
}

static bool same_units(const sf_fan_partial *p) {
  for (uint32_t i = 1; i < p->count; i++)
    if (p->units[i] != p->units[0]) return false;
  return true;
}

/* `each` copies of every stream's unit, in a row or block after block. */
static sf_blob *unit_blob(const joiner *j, const sf_type *shape,
                          size_t blocks) {
  const sf_fan_partial *p = j->partial;
  sf_type type = *shape;
  int64_t most = 1;
  for (uint32_t i = 0; i < p->count; i++)
    if (p->units[i] > most) most = p->units[i];
  type.scalar = sf_int_holding(0, most);
  sf_module *module = j->fan->run->module;
  if (same_units(p))
    return sf_blob_create_splat(module, "unit", &type,
                                sf_number_int(p->units[0]));
  int32_t *values = malloc(blocks * p->count * sizeof *values);
  if (!values) return NULL;
  for (size_t b = 0; b < blocks; b++)
    for (uint32_t i = 0; i < p->count; i++)
      values[b * p->count + i] = (int32_t)p->units[i];
  sf_blob *blob = sf_blob_create_i32(module, "unit", &type, values);
  free(values);
  return blob;
}

/* Edges (i, k n + i): of every stream k the neuron's own element. */
static sf_blob *own_elements(const joiner *j, int32_t n) {
  uint32_t count = j->partial->count;
  const int32_t dim[] = {(int32_t)count * n, 2};
  sf_type type = sf_type_make(sf_int(32), 2, dim);
  int32_t *rows = malloc(2 * (size_t)dim[0] * sizeof *rows);
  if (!rows) return NULL;
  size_t at = 0;
  for (int32_t i = 0; i < n; i++)
    for (uint32_t k = 0; k < count; k++) {
      rows[at++] = i;
      rows[at++] = (int32_t)k * n + i;
    }
  sf_blob *blob = sf_blob_create_i32(j->fan->run->module, "parts", &type, rows);
  free(rows);
  return blob;
}

static sf_op *join_row(const joiner *j) {
  int32_t n = j->like->results[0]->type.dim[0];
  sf_value *streams = side_by_side(j, 0);
  const int32_t edges = (int32_t)j->partial->count * n;
  sf_type type = sf_type_make(sf_int(2), 1, &edges);
  sf_blob *index = own_elements(j, n);
  sf_blob *units = unit_blob(j, &type, (size_t)n);
  sf_op *op =
      sf_op_create(j->fan->network, j->before, SF_OP_SPARSE, 3, j->like->loc);
  if (!streams || !index || !units || !op ||
      sf_op_set_int(op, SF_ATTR_rows, n) != SF_OK)
    return NULL;
  sf_op_set_operand(op, 0, streams);
  sf_op_set_operand_blob(op, 1, index);
  sf_op_set_operand_blob(op, 2, units);
  return op;
}

static sf_op *join_space(const joiner *j) {
  const sf_type *shape = &j->like->results[0]->type;
  sf_value *streams = side_by_side(j, 1);
  const int32_t dim[] = {shape->dim[0], 1, (int32_t)j->partial->count, 1};
  sf_type type = sf_type_make(sf_int(2), shape->rank + 1u, dim);
  sf_blob *units = unit_blob(j, &type, (size_t)dim[0]);
  sf_op *op =
      sf_op_create(j->fan->network, j->before, SF_OP_CONV, 2, j->like->loc);
  const int64_t dilation[] = {shape->dim[1], 1};
  bool apart = j->partial->count > 1;
  if (!streams || !units || !op ||
      sf_op_set_int(op, SF_ATTR_groups, dim[0]) != SF_OK ||
      (apart && sf_op_set_ints(op, SF_ATTR_dilation, shape->rank - 1u,
                               dilation) != SF_OK))
    return NULL;
  sf_op_set_operand(op, 0, streams);
  sf_op_set_operand_blob(op, 1, units);
  return op;
}

/* All streams in one projection; rounding is that of `like`. */
static sf_value *join_all(const joiner *j, sf_mode mode, sf_scalar scalar) {
  sf_type type = j->like->results[0]->type;
  sf_op *op = type.rank == 1 ? join_row(j) : join_space(j);
  if (!op) return NULL;
  op->mode = mode;
  if (j->rounds && (sf_op_set_int(op, SF_ATTR_shift,
                                  sf_op_int(j->like, SF_ATTR_shift)) != SF_OK ||
                    sf_op_set_int(op, SF_ATTR_round,
                                  sf_op_int(j->like, SF_ATTR_round)) != SF_OK))
    return NULL;
  type.scalar = scalar;
  return sf_op_add_result(op, j->like->results[0]->name, &type);
}

/* ---- A projection for each message. ---- */

static sf_value *join_each(const joiner *j, sf_mode mode, sf_scalar scalar) {
  const sf_fan_partial *p = j->partial;
  sf_value *sum = NULL;
  sf_span span = sf_span_of(0, 0);
  for (uint32_t i = 0; i < p->count; i++) {
    sf_value *one = sf_identity_projection(p->streams[i], j->before);
    if (!one) return NULL;
    sf_span type = sf_span_type(p->streams[i]->type.scalar);
    span = sf_span_of(span.low + type.low, span.high + type.high);
    bool last = i + 1 == p->count;
    sf_scalar wide = sf_int(32);
    sf_mode between = sf_fan_holding(span, &wide) ? SF_MODE_NONE : SF_MODE_WRAP;
    sum = !sum   ? one
          : last ? add(j, sum, one, mode, scalar)
                 : add(j, sum, one, between, wide);
    if (!sum) return NULL;
  }
  return sum;
}

/* ---- What does not come from a stream. ---- */

static sf_blob *offset_blob(const joiner *j, int32_t count) {
  int64_t offset = j->partial->offset;
  if (j->bias && !offset) return j->bias;
  sf_span span = sf_span_of(offset, offset);
  if (j->bias) {
    sf_span bias = sf_span_blob(j->bias, 0, sf_blob_elements(j->bias) - 1);
    span = sf_span_of(offset + bias.low, offset + bias.high);
  }
  sf_scalar scalar;
  if (!sf_fan_holding(span, &scalar)) return NULL;
  sf_type type = sf_type_make(scalar, 1, &count);
  sf_module *module = j->fan->run->module;
  if (!j->bias)
    return sf_blob_create_splat(module, "offset", &type, sf_number_int(offset));
  int32_t *values = malloc((size_t)count * sizeof *values);
  if (!values) return NULL;
  for (int32_t i = 0; i < count; i++)
    values[i] = (int32_t)(sf_blob_i32(j->bias, (size_t)i) + offset);
  sf_blob *blob = sf_blob_create_i32(module, j->bias->name, &type, values);
  free(values);
  return blob;
}

/* The bias along the last axis of a linear projection, or of a row: a `linear`
 * of one element with weight 0. */
static sf_value *row_constant(const joiner *j, sf_blob *bias) {
  sf_value *x = j->partial->streams[0];
  const sf_type *shape = &j->like->results[0]->type;
  int32_t n = shape->dim[shape->rank - 1];
  const int32_t dim[] = {n, 1};
  sf_type type = sf_type_make(sf_int(2), 2, dim);
  sf_module *module = j->fan->run->module;
  sf_blob *none = sf_blob_create_splat(module, "none", &type, sf_number_int(0));
  sf_value *one = sf_fan_slice(x, x->type.rank - 1u, 0, 1, j->before);
  sf_op *op =
      sf_op_create(j->fan->network, j->before, SF_OP_LINEAR, 3, j->like->loc);
  if (!none || !one || !op) return NULL;
  sf_op_set_operand(op, 0, one);
  sf_op_set_operand_blob(op, 1, none);
  sf_op_set_operand_blob(op, 2, bias);
  type = *shape;
  type.scalar = bias->type.scalar;
  return sf_op_add_result(op, j->like->results[0]->name, &type);
}

/* The same for channels: a depthwise convolution with weight 0. */
static sf_value *channel_constant(const joiner *j, sf_blob *bias) {
  const sf_type *shape = &j->like->results[0]->type;
  const int32_t dim[] = {shape->dim[0], 1, 1, 1};
  sf_type type = sf_type_make(sf_int(2), shape->rank + 1u, dim);
  sf_module *module = j->fan->run->module;
  sf_blob *none = sf_blob_create_splat(module, "none", &type, sf_number_int(0));
  sf_op *op =
      sf_op_create(j->fan->network, j->before, SF_OP_CONV, 3, j->like->loc);
  if (!none || !op || sf_op_set_int(op, SF_ATTR_groups, dim[0]) != SF_OK)
    return NULL;
  sf_op_set_operand(op, 0, j->partial->streams[0]);
  sf_op_set_operand_blob(op, 1, none);
  sf_op_set_operand_blob(op, 2, bias);
  type = *shape;
  type.scalar = bias->type.scalar;
  return sf_op_add_result(op, j->like->results[0]->name, &type);
}

static sf_value *constant(const joiner *j) {
  const sf_type *shape = &j->like->results[0]->type;
  bool channels = j->like->kind != SF_OP_LINEAR && shape->rank > 1;
  sf_blob *bias =
      offset_blob(j, channels ? shape->dim[0] : shape->dim[shape->rank - 1]);
  if (!bias) return NULL;
  return channels ? channel_constant(j, bias) : row_constant(j, bias);
}

/* ---- Together. ---- */

static sf_result load_bias(joiner *j) {
  bool can = j->like->kind == SF_OP_LINEAR || j->like->kind == SF_OP_CONV ||
             j->like->kind == SF_OP_CONVT;
  if (!can || j->like->operand_count < 3) return SF_OK;
  j->bias = sf_op_operand_blob(j->like, 2);
  return sf_blob_load(j->bias, j->fan->run->diag);
}

/* What the streams can add up to, as types tell. */
static sf_span reach_of(const joiner *j) {
  const sf_fan_partial *p = j->partial;
  sf_span all = sf_span_of(0, 0);
  for (uint32_t i = 0; i < p->count; i++) {
    sf_span one = sf_span_multiply(sf_span_type(p->streams[i]->type.scalar),
                                   sf_span_of(p->units[i], p->units[i]));
    all = sf_span_of(all.low + one.low, all.high + one.high);
  }
  if (!j->rounds) return all;
  int shift = (int)sf_op_int(j->like, SF_ATTR_shift);
  sf_round round = (sf_round)sf_op_int(j->like, SF_ATTR_round);
  return sf_span_of(sf_shift_round_wide(all.low, shift, round),
                    sf_shift_round_wide(all.high, shift, round));
}

/* A result without a mode fits, which is proved before it is split, row by row.
 * The intervals of the parts know no rows; where they prove less, the same
 * values are written with `wrap`, which never acts. */
static sf_mode last_mode(const joiner *j, sf_span reach) {
  bool fits = sf_span_fits(reach, j->like->results[0]->type.scalar);
  return j->mode == SF_MODE_NONE && !fits ? SF_MODE_WRAP : j->mode;
}

/* A sum of thermometers has a term for each value that a partial sum can take:
 * as many as the inputs, or more, so it is not split again. */
static bool remember(sf_fan *fan, const sf_value *sum) {
  if (!fan->binary || !sum) return sum;
  if (fan->thermometer_count == fan->thermometer_capacity) {
    uint32_t capacity = 2 * fan->thermometer_capacity + 16;
    const sf_value **grown =
        SF_NEW_ARRAY(fan->run->scratch, const sf_value *, capacity);
    if (!grown) return false;
    for (uint32_t i = 0; i < fan->thermometer_count; i++)
      grown[i] = fan->thermometers[i];
    fan->thermometers = grown;
    fan->thermometer_capacity = capacity;
  }
  fan->thermometers[fan->thermometer_count++] = sum;
  return true;
}

static sf_value *join(const joiner *j, sf_mode mode, sf_scalar scalar) {
  const sf_fan_partial *p = j->partial;
  bool same = sf_scalar_equal(p->streams[0]->type.scalar, scalar);
  bool together = j->rounds || j->fan->binary || p->count > SEPARATE_MAX ||
                  (p->count == 1 && !same);
  sf_value *sum =
      together ? join_all(j, mode, scalar) : join_each(j, mode, scalar);
  return remember(j->fan, sum) ? sum : NULL;
}

/* The streams in the shape of the sum. */
static sf_result shape_streams(joiner *j, const sf_fan_partial *from,
                               sf_fan_partial *to) {
  const sf_type *shape = &j->like->results[0]->type;
  *to = *from;
  to->streams =
      SF_NEW_ARRAY(j->fan->run->scratch, sf_value *, from->count + 1u);
  if (!to->streams) return SF_OOM;
  for (uint32_t i = 0; i < from->count; i++) {
    to->streams[i] =
        sf_fan_reshape(from->streams[i], shape->rank, shape->dim, j->before);
    if (!to->streams[i]) return SF_OOM;
  }
  j->partial = to;
  return SF_OK;
}

/* Before the constant nothing may be lost: the sum is exact, or modulo what the
 * result is modulo anyway. */
static sf_result join_with_constant(const joiner *j, sf_span reach,
                                    sf_value **out) {
  sf_scalar wide = sf_int(32);
  bool exact = sf_fan_holding(reach, &wide);
  sf_value *sum = join(j, exact ? SF_MODE_NONE : SF_MODE_WRAP, wide);
  sf_value *rest = sum ? constant(j) : NULL;
  if (!rest) return SF_OOM;
  sf_span offset = sf_span_type(rest->type.scalar);
  reach = sf_span_of(reach.low + offset.low, reach.high + offset.high);
  *out =
      add(j, sum, rest, last_mode(j, reach), j->like->results[0]->type.scalar);
  return *out ? SF_OK : SF_OOM;
}

sf_result sf_fan_join(sf_fan *fan, const sf_fan_partial *partial,
                      const sf_fan_target *target, sf_value **out,
                      const char **why) {
  sf_fan_partial shaped;
  joiner j = {.fan = fan,
              .like = target->like,
              .before = target->before,
              .rounds = target->rounds,
              .mode = target->complete ? SF_MODE_NONE : target->like->mode};
  if (partial->count == 0) {
    *why = "its partial sums are always 0";
    return SF_OK;
  }
  SF_TRY(shape_streams(&j, partial, &shaped));
  if (!target->complete) SF_TRY(load_bias(&j));
  sf_span reach = reach_of(&j);
  if (j.mode == SF_MODE_SAT && !sf_span_fits(reach, sf_int(32))) {
    *why = "its sum is not proved to stay within 32 bits before it saturates";
    return SF_OK;
  }
  if (j.rounds && partial->offset) {
    *why = "it is rounded after the sum, and spikes say nothing below zero";
    return SF_OK;
  }
  if (j.bias || partial->offset) return join_with_constant(&j, reach, out);
  *out = join(&j, last_mode(&j, reach), target->like->results[0]->type.scalar);
  return *out ? SF_OK : SF_OOM;
}
