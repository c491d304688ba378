/* affine.c - constants between a sum and a population.
 *
 *   floor((gain (m x + c) + half) / d) = floor((gain m x + half + gain c) / d)
 *
 * so a constant c, and a factor m that is not one number a channel, which no
 * kernel holds, become the population's own numbers. Where no population takes
 * it, a factor is one of its own. */
#include "passes/convert/convert.h"

#include "ir/arith.h"
#include "passes/rewrite/relay.h"

#include <string.h>

enum { GAIN_MOST = INT16_MAX }; /* of @quant_gain and @stbif_gain */

/* ---- Constants. ---- */

/* One number an element of `type`, of a blob that is aligned at the end. */
static int32_t *spread_blob(const sf_converter *c, const sf_blob *blob,
                            const sf_type *type) {
  size_t elements = sf_type_elements(type);
  int32_t *out = SF_NEW_ARRAY(c->arena, int32_t, elements);
  uint32_t skip = (uint32_t)type->rank - blob->type.rank;
  for (size_t n = 0; out && n < elements; n++) {
    size_t rest = n, index = 0, stride = 1;
    for (uint32_t a = type->rank; a-- > skip;) {
      size_t extent = (size_t)blob->type.dim[a - skip];
      if (extent != 1) index += rest % (size_t)type->dim[a] * stride;
      rest /= (size_t)type->dim[a];
      stride *= extent;
    }
    out[n] = sf_blob_i32(blob, index);
  }
  return out;
}

static bool has_constant(const sf_op *op) {
  const sf_type *type = &op->results[0]->type;
  const sf_value *x = sf_op_operand(op, 0);
  return op->operand_count == 2 && op->mode == SF_MODE_NONE && x &&
         type->scalar.kind == SF_SCALAR_INT &&
         x->type.scalar.kind == SF_SCALAR_INT && sf_op_operand_blob(op, 1) &&
         sf_type_same_shape(&x->type, type);
}

/* All but the first axis (rank 1: all) see one number: weights hold it. */
static bool is_one_a_channel(const sf_blob *blob, const sf_type *type) {
  uint32_t skip = (uint32_t)type->rank - blob->type.rank;
  for (uint32_t i = 0; i < blob->type.rank; i++)
    if (blob->type.dim[i] != 1 && i + skip > 0) return false;
  return true;
}

static bool is_factor(const sf_op *op) {
  return op->kind == SF_OP_MUL && has_constant(op) &&
         !is_one_a_channel(sf_op_operand_blob(op, 1), &op->results[0]->type);
}

static bool is_offset(const sf_op *op) {
  return (op->kind == SF_OP_ADD || op->kind == SF_OP_SUB) && has_constant(op);
}

/* ---- Into the population behind it. ---- */

static bool fold_offset(sf_site *site, const int32_t *constant, int sign) {
  for (uint32_t i = 0; i < site->count; i++) {
    int64_t half = site->half[i] + sign * (int64_t)site->gain[i] * constant[i];
    if (half < INT32_MIN || half > INT32_MAX) return false;
  }
  for (uint32_t i = 0; i < site->count; i++)
    site->half[i] += (int32_t)(sign * (int64_t)site->gain[i] * constant[i]);
  return true;
}

/* The interval of gain x is that of the largest gain: it has to fit, too. */
static bool fold_factor(sf_site *site, const int32_t *factor, sf_range range) {
  int64_t most = range.high > -range.low ? range.high : -range.low;
  int64_t largest = 0;
  for (uint32_t i = 0; i < site->count; i++) {
    int64_t gain = (int64_t)site->gain[i] * factor[i];
    gain = gain < 0 ? -gain : gain;
    int64_t half = site->half[i] < 0 ? -(int64_t)site->half[i] : site->half[i];
    if (gain > GAIN_MOST || half > INT32_MAX / 2) return false;
    if (gain > largest) largest = gain;
  }
  if (most > INT32_MAX / 2 || largest * most > INT32_MAX / 2) return false;
  for (uint32_t i = 0; i < site->count; i++)
    site->gain[i] *= factor[i];
  return true;
}

static sf_range range_before(const sf_converter *c, const sf_value *value) {
  sf_range range = {INT32_MIN, INT32_MAX};
  sf_slice name = {value->name, strlen(value->name)};
  const sf_value *same = sf_network_find_value(c->before, name);
  if (same) (void)sf_ranges_value(c->ranges, same, &range);
  return range;
}

/* *folded: one op more is the population's. */
static sf_result fold_one(const sf_converter *c, sf_site *site, bool *folded) {
  const sf_op *op = site->source->op;
  *folded = false;
  if (!op || op->kind == SF_OP_NEURONS) return SF_OK;
  bool adds_up =
      !site->whole && (c->form == SF_FORM_STBIF || c->form == SF_FORM_RATE);
  bool offset = is_offset(op), factor = is_factor(op);
  if (!offset && !factor) return SF_OK;
  sf_blob *blob = sf_op_operand_blob(op, 1);
  SF_TRY(sf_blob_load(blob, c->run->diag));
  int32_t *numbers = spread_blob(c, blob, &site->source->type);
  if (!numbers) return SF_OOM;
  SF_TRY(sf_convert_spread_site(c, site));
  sf_value *x = sf_op_operand(op, 0);
  if (factor)
    *folded = fold_factor(site, numbers, range_before(c, x));
  else /* sums over steps met it in constants.c, once */
    *folded =
        adds_up || fold_offset(site, numbers, op->kind == SF_OP_ADD ? 1 : -1);
  if (*folded) site->source = x;
  return SF_OK;
}

sf_result sf_convert_fold_affine(sf_converter *c, sf_site *site) {
  bool folded = site->gain != NULL && !site->input;
  while (folded)
    SF_TRY(fold_one(c, site, &folded));
  return SF_OK;
}

/* ---- A population of its own. ---- */

bool sf_convert_is_factor(const sf_op *op) {
  return is_factor(op) && sf_has_identity_projection(&op->results[0]->type);
}

static sf_result set_factor_arguments(sf_converter *c, sf_op *op,
                                      const sf_type *type,
                                      const int32_t *factors, sf_range range) {
  static const char *const names[] = {"d", "half", "low", "high"};
  int64_t numbers[] = {1, 0, range.low, range.high};
  for (size_t i = 0; i < SF_COUNT_OF(names); i++)
    sf_argument_set_number(
        sf_op_argument(op, (sf_slice){names[i], strlen(names[i])}),
        sf_number_int(numbers[i]));
  c->populations++;
  return sf_convert_argument(op, "gain", type, factors);
}

static bool only_projections_read(const sf_value *value) {
  SF_FOREACH_USE(use, value)
    if (!use->op || !sf_op_is(use->op, SF_TRAIT_PROJECTION)) return false;
  return true;
}

/* Form stbif widened the product as it does sums (bridge.c). What only
 * projections read, which take any width, is sent as narrow as it is: messages
 * of a chip hold no 32 bits. */
static sf_type factor_type(const sf_converter *c, const sf_op *op,
                           sf_range range) {
  sf_type type = op->results[0]->type;
  if (c->form == SF_FORM_STBIF && only_projections_read(op->results[0]))
    type.scalar = sf_int_holding(range.low, range.high);
  return type;
}

sf_result sf_convert_factor(sf_converter *c, sf_op *op) {
  sf_blob *blob = sf_op_operand_blob(op, 1);
  SF_TRY(sf_blob_load(blob, c->run->diag));
  sf_range range;
  SF_TRY(sf_value_range(c->network, op->results[0], c->run->diag, &range));
  const sf_type wanted = factor_type(c, op, range), *type = &wanted;
  int32_t *factors = spread_blob(c, blob, type);
  sf_neuron *neuron = sf_library_use_as(
      c->run->module, (sf_slice){"quant_gain", 10}, type->scalar, c->run->diag);
  sf_value *current = sf_convert_current(sf_op_operand(op, 0), op);
  sf_op *population =
      neuron && current && factors
          ? sf_op_create(c->network, op, SF_OP_NEURONS, 1, op->loc)
          : NULL;
  if (!population || sf_op_set_neuron(population, neuron) != SF_OK)
    return sf_diag_errors(c->run->diag) ? SF_FAIL : SF_OOM;
  sf_op_set_operand(population, 0, current);
  SF_TRY(set_factor_arguments(c, population, type, factors, range));
  sf_value *y = sf_op_add_result(population, op->results[0]->name, type);
  if (!y) return SF_OOM;
  sf_value_replace_all_uses(op->results[0], y);
  return SF_OK;
}
