/* concat.c - convolutions and maxima of a concatenation of channels, part by
 * part:
 *
 *   %c = concat %a, %b {axis = 0}        %i = conv %a, @w.1, @bias : i32[..]
 *   %i = conv %c, @w, @bias : i24[..] => %i.1 = conv %b, @w.2 : i32[..]
 *                                        %i.2 = add %i, %i.1 : i24[..]
 *
 * @w.1 and @w.2 are slices of @w: no weight is copied. A Loihi 2 core stores a
 * kernel once for the image of a whole population; behind a concatenation each
 * element of the source would have a list of its own (loihi2.md 1.6). Groups
 * hold channels of one part or of several, so the kernel of a part has zeros
 * where a group reads another; for Loihi 2 only, and where that is cheaper than
 * lists.
 *
 * A maximum is taken channel by channel: that of a concatenation is the
 * concatenation of maxima. */
#include "ir/ranges.h"
#include "passes/legalize/legalize.h"
#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/op_copy.h"

#include <stdlib.h>

enum {
  PARTS_MAX = 32,       /* of one convolution; one projection each */
  DEPTH_MAX = 64,       /* concatenations inside each other */
  FILLED_MAX = 1 << 17, /* weights of a part that has zeros for groups */
  ELEMENTS_A_WEIGHT = 4 /* of a list, that one weight of a kernel replaces */
};

/* ---- The concatenation. ---- */

/* The concatenation of channels that `value` is, behind delays or not. NULL:
 * none. */
static sf_op *channels_of(const sf_value *value, int64_t *delay) {
  *delay = 0;
  for (unsigned depth = 0; depth < DEPTH_MAX && value->op; depth++) {
    sf_op *op = value->op;
    if (op->kind == SF_OP_DELAY) {
      *delay += sf_op_int(op, SF_ATTR_steps);
      value = sf_op_operand(op, 0);
      if (!value || *delay > INT32_MAX) return NULL;
      continue;
    }
    if (op->kind != SF_OP_CONCAT) return NULL;
    int64_t axis = sf_op_int(op, SF_ATTR_axis);
    if (axis != 0 && axis != -(int64_t)value->type.rank) return NULL;
    for (uint32_t i = 0; i < op->operand_count; i++)
      if (!sf_op_operand(op, i)) return NULL;
    return op;
  }
  return NULL;
}

/* Streams that stand side by side in the end, up to one more than `most`. */
static uint32_t leaves(const sf_value *value, uint32_t most, unsigned depth) {
  int64_t delay;
  const sf_op *op = depth < DEPTH_MAX ? channels_of(value, &delay) : NULL;
  if (!op) return 1;
  uint32_t count = 0;
  for (uint32_t i = 0; i < op->operand_count && count <= most; i++)
    count += leaves(sf_op_operand(op, i), most, depth + 1);
  return count;
}

static sf_value *delayed(sf_value *stream, int64_t delay, sf_op *before) {
  if (delay == 0) return stream;
  sf_op *op =
      sf_op_create(before->network, before, SF_OP_DELAY, 1, before->loc);
  if (!op || sf_op_set_int(op, SF_ATTR_steps, delay) != SF_OK) return NULL;
  op->order = UINT32_MAX;
  sf_op_set_operand(op, 0, stream);
  return sf_op_add_result(op, stream->name, &stream->type);
}

/* ---- Which convolutions. ---- */

/* With no rounding, or one of each product, parts add up. */
static bool adds_up(const sf_op *conv) {
  return sf_op_int(conv, SF_ATTR_shift) <= 0 || sf_op_int(conv, SF_ATTR_each);
}

/* Whether a sum of some products is sure to fit 32 bits: any subset does when
 * all of them, with the bias, fit 31. */
static sf_result parts_fit(const sf_op *conv, sf_diag *diag, bool *out) {
  sf_span x = sf_span_type(sf_op_operand(conv, 0)->type.scalar), all;
  x = sf_span_join(x, sf_span_of(0, 0));
  SF_TRY(sf_span_sum(conv, x, x, diag, &all));
  *out = sf_span_fits(all, sf_int(31));
  return SF_OK;
}

/* Weights of the part's kernel with zeros for the groups, against the elements
 * of lists. */
static bool pays_with_zeros(const sf_op *conv, const sf_op *concat) {
  const sf_type *w = &sf_op_operand_blob(conv, 1)->type;
  uint64_t stored = sf_type_elements(w), filled = stored / (uint64_t)w->dim[1];
  uint64_t most = 0;
  for (uint32_t i = 0; i < concat->operand_count; i++) {
    uint64_t channels = (uint64_t)sf_op_operand(concat, i)->type.dim[0];
    if (channels > most) most = channels;
  }
  filled *= most;
  const sf_type *to = &conv->results[0]->type;
  uint64_t pixels = sf_type_elements(to) / (uint64_t)to->dim[0];
  return filled <= FILLED_MAX && ELEMENTS_A_WEIGHT * filled <= stored * pixels;
}

static sf_result can_split(const sf_legalizer *l, const sf_op *conv,
                           const sf_op *concat, bool *out) {
  *out = conv->kind == SF_OP_CONV && adds_up(conv) &&
         conv->results[0]->type.scalar.kind == SF_SCALAR_INT &&
         concat->operand_count > 1 &&
         leaves(concat->results[0], PARTS_MAX, 0) <= PARTS_MAX;
  if (*out && sf_op_int(conv, SF_ATTR_groups) != 1) {
    const sf_machine *machine = l->run->machine;
    *out = machine && machine->family == SF_FAMILY_LOIHI2 &&
           pays_with_zeros(conv, concat);
  }
  return *out ? parts_fit(conv, l->run->diag, out) : SF_OK;
}

/* ---- Kernels of parts. ---- */

static sf_blob *slice_of(sf_blob *w, int32_t begin, int32_t channels) {
  int32_t first[SF_RANK_MAX] = {0, begin};
  sf_type type = w->type;
  type.dim[1] = channels;
  return sf_blob_create_slice(w->module, w->name, &type, w, first);
}

/* W[o, c, ..] of the part [begin, begin + channels): what the group of o has
 * for the channel, or 0. */
static sf_blob *with_zeros(sf_blob *w, int32_t groups, int32_t begin,
                           int32_t channels) {
  sf_type type = w->type;
  type.dim[1] = channels;
  int32_t inner = w->type.dim[1], outer = type.dim[0] / groups;
  size_t taps =
      sf_type_elements(&w->type) / ((size_t)w->type.dim[0] * (size_t)inner);
  int32_t *values = calloc(sf_type_elements(&type), sizeof *values);
  if (!values) return NULL;
  for (int32_t o = 0; o < type.dim[0]; o++) {
    for (int32_t c = 0; c < channels; c++) {
      int32_t from = begin + c - o / outer * inner; /* in the group of o */
      if (from < 0 || from >= inner) continue;
      size_t to = ((size_t)o * (size_t)channels + (size_t)c) * taps;
      size_t at = ((size_t)o * (size_t)inner + (size_t)from) * taps;
      for (size_t k = 0; k < taps; k++)
        values[to + k] = sf_blob_i32(w, at + k);
    }
  }
  sf_blob *blob = sf_blob_create_i32(w->module, w->name, &type, values);
  free(values);
  return blob;
}

/* ---- Convolutions. ---- */

static sf_value *part_of(sf_op *conv, sf_value *stream, int32_t begin) {
  int32_t groups = (int32_t)sf_op_int(conv, SF_ATTR_groups);
  int32_t channels = stream->type.dim[0];
  sf_blob *w = sf_op_operand_blob(conv, 1);
  sf_blob *kernel = groups == 1 ? slice_of(w, begin, channels)
                                : with_zeros(w, groups, begin, channels);
  uint32_t operands = begin == 0 ? conv->operand_count : 2; /* one has bias */
  sf_op *op = kernel ? sf_op_copy_without_streams(conv, operands) : NULL;
  if (!op || sf_op_set_int(op, SF_ATTR_groups, 1) != SF_OK) return NULL;
  op->mode = SF_MODE_NONE;
  sf_op_set_operand(op, 0, stream);
  sf_op_set_operand_blob(op, 1, kernel);
  sf_type type = conv->results[0]->type;
  type.scalar = sf_int(32);
  return sf_op_add_result(op, conv->results[0]->name, &type);
}

/* *sum + part; the last sum has the type and the mode of the convolution. */
static sf_result add_part(sf_op *conv, sf_value *part, bool last,
                          sf_value **sum) {
  if (!*sum) {
    *sum = part;
    return SF_OK;
  }
  sf_op *op =
      sf_op_create(conv->network, part->op->next, SF_OP_ADD, 2, conv->loc);
  if (!op) return SF_OOM;
  op->order = UINT32_MAX;
  if (last) op->mode = conv->mode;
  sf_op_set_operand(op, 0, *sum);
  sf_op_set_operand(op, 1, part);
  const sf_value *result = conv->results[0];
  *sum = sf_op_add_result(op, result->name, last ? &result->type : &part->type);
  return *sum ? SF_OK : SF_OOM;
}

sf_result sf_legalize_split(sf_legalizer *l, sf_op *conv, sf_value **out) {
  *out = NULL;
  int64_t delay;
  sf_value *stream = sf_op_operand(conv, 0);
  sf_op *concat = stream ? channels_of(stream, &delay) : NULL;
  if (!concat) return SF_OK;
  bool can;
  SF_TRY(can_split(l, conv, concat, &can));
  if (!can) return SF_OK;
  sf_value **parts =
      SF_NEW_ARRAY(l->run->scratch, sf_value *, concat->operand_count);
  if (!parts) return SF_OOM;
  int32_t at = stream->type.dim[0];
  /* Copies are put right behind their model: the last one made comes first. */
  for (uint32_t i = concat->operand_count; i-- > 0;) {
    sf_value *x = delayed(sf_op_operand(concat, i), delay, conv);
    if (!x) return SF_OOM;
    at -= x->type.dim[0];
    parts[i] = part_of(conv, x, at);
    if (!parts[i]) return SF_OOM;
  }
  for (uint32_t i = 0; i < concat->operand_count; i++)
    SF_TRY(add_part(conv, parts[i], i + 1 == concat->operand_count, out));
  l->new_projections += concat->operand_count - 1;
  return SF_OK;
}

/* ---- Maxima. ---- */

static sf_value *side_by_side(sf_op *pool, const sf_op *concat, int64_t delay,
                              unsigned depth);

static sf_value *maximum_of(sf_op *pool, sf_value *stream, unsigned depth) {
  int64_t delay;
  const sf_op *concat = depth < DEPTH_MAX ? channels_of(stream, &delay) : NULL;
  if (concat) return side_by_side(pool, concat, delay, depth + 1);
  sf_op *op = sf_op_copy_into(pool->network, pool, pool, 1);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, stream);
  sf_type type = pool->results[0]->type;
  type.dim[0] = stream->type.dim[0];
  return sf_op_add_result(op, pool->results[0]->name, &type);
}

static sf_value *side_by_side(sf_op *pool, const sf_op *concat, int64_t delay,
                              unsigned depth) {
  uint32_t count = concat->operand_count;
  sf_value **parts = malloc(count * sizeof *parts);
  bool whole = parts;
  for (uint32_t i = 0; whole && i < count; i++) {
    sf_value *x = delayed(sf_op_operand(concat, i), delay, pool);
    parts[i] = x ? maximum_of(pool, x, depth) : NULL;
    whole = parts[i];
  }
  sf_op *op =
      whole ? sf_op_create(pool->network, pool, SF_OP_CONCAT, count, pool->loc)
            : NULL;
  for (uint32_t i = 0; op && i < count; i++)
    sf_op_set_operand(op, i, parts[i]);
  free(parts);
  if (!op || sf_op_set_int(op, SF_ATTR_axis, 0) != SF_OK) return NULL;
  sf_type type = pool->results[0]->type;
  type.dim[0] = concat->results[0]->type.dim[0];
  return sf_op_add_result(op, pool->results[0]->name, &type);
}

sf_result sf_legalize_pools(sf_network *network, uint64_t *count) {
  bool on_chip = false;
  SF_FOREACH_OP(op, network)
    on_chip = on_chip || sf_is_chip_population(op);
  if (!on_chip) return SF_OK;
  SF_FOREACH_OP_SAFE(op, following, network) {
    if (op->kind != SF_OP_POOL || sf_op_int(op, SF_ATTR_kind) != SF_POOL_MAX ||
        op->results[0]->type.scalar.kind == SF_SCALAR_F32)
      continue;
    sf_value *stream = sf_op_operand(op, 0);
    int64_t delay;
    const sf_op *concat = stream ? channels_of(stream, &delay) : NULL;
    if (!concat || leaves(stream, PARTS_MAX, 0) > PARTS_MAX) continue;
    sf_value *parts = side_by_side(op, concat, delay, 1);
    if (!parts) return SF_OOM;
    sf_value_replace_all_uses(op->results[0], parts);
    sf_op_erase(op);
    ++*count;
  }
  return SF_OK;
}
