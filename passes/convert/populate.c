/* populate.c - populations in the place of quantize ops.
 *
 *   %f = dequantize %a, @delta : f32[4]
 *   %r = relu %f : f32[4]              =>  %q = neurons @quant_i5(%a)
 *   %q = quantize %r, @s : i5[4]               {d = 61, half = 30, high = 15}
 */
#include "passes/convert/convert.h"

#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/op_copy.h"
#include "passes/rewrite/relay.h"

#include <stdlib.h>
#include <string.h>

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static sf_result no_memory_or_diag(const sf_converter *c) {
  return sf_diag_errors(c->run->diag) ? SF_FAIL : SF_OOM;
}

/* ---- Arguments. ---- */

/* Does a value change along `axis`? */
static bool differs(const sf_type *type, const int32_t *values, uint32_t axis) {
  size_t inner = 1, elements = sf_type_elements(type);
  for (uint32_t i = axis + 1; i < type->rank; i++)
    inner *= (size_t)type->dim[i];
  size_t extent = (size_t)type->dim[axis];
  for (size_t n = 0; n < elements; n++) {
    size_t first = n - n / inner % extent * inner;
    if (values[n] != values[first]) return true;
  }
  return false;
}

/* One of each index that differs, in C order. */
static void gather(const sf_type *type, const sf_type *small,
                   const int32_t *values, int32_t *out) {
  size_t elements = sf_type_elements(type);
  for (size_t n = 0; n < elements; n++) {
    size_t rest = n, index = 0, stride = 1;
    for (uint32_t a = type->rank; a-- > 0;) {
      size_t at = rest % (size_t)type->dim[a];
      rest /= (size_t)type->dim[a];
      if (small->dim[a] == 1) continue;
      index += at * stride;
      stride *= (size_t)small->dim[a];
    }
    out[index] = values[n];
  }
}

sf_result sf_convert_argument(sf_op *op, const char *param, const sf_type *type,
                              const int32_t *values) {
  sf_argument *argument = sf_op_argument(op, slice_of(param));
  sf_scalar scalar =
      sf_neuron_find_param(op->neuron, slice_of(param))->value->type;
  sf_type small = *type;
  small.scalar = scalar;
  for (uint32_t a = 0; a < type->rank; a++)
    if (!differs(type, values, a)) small.dim[a] = 1;
  size_t count = sf_type_elements(&small);
  if (count == 1) {
    sf_argument_set_number(argument, sf_number_int(values[0]));
    return SF_OK;
  }
  int32_t *numbers = malloc(count * sizeof *numbers);
  if (!numbers) return SF_OOM;
  gather(type, &small, values, numbers);
  sf_blob *blob =
      sf_blob_create_i32(op->network->module, param, &small, numbers);
  free(numbers);
  if (!blob) return SF_OOM;
  sf_argument_set_blob(argument, blob);
  return SF_OK;
}

int32_t *sf_convert_spread(const sf_converter *c, const sf_site *site,
                           const int32_t *numbers) {
  const sf_type *type = &site->source->type;
  size_t elements = sf_type_elements(type);
  int32_t *out = SF_NEW_ARRAY(c->arena, int32_t, elements);
  for (size_t n = 0; out && n < elements; n++) {
    size_t rest = n, index = 0, stride = 1;
    for (uint32_t a = type->rank; a-- > 0;) {
      size_t at = rest % (size_t)type->dim[a];
      rest /= (size_t)type->dim[a];
      if (site->shape.dim[a] == 1) continue;
      index += at * stride;
      stride *= (size_t)site->shape.dim[a];
    }
    out[n] = numbers[index];
  }
  return out;
}

sf_result sf_convert_spread_site(const sf_converter *c, sf_site *site) {
  int32_t **numbers[] = {&site->gain, &site->divisor, &site->half, &site->low,
                         &site->high};
  for (size_t i = 0; i < SF_COUNT_OF(numbers); i++) {
    *numbers[i] = sf_convert_spread(c, site, *numbers[i]);
    if (!*numbers[i]) return SF_OOM;
  }
  site->shape = site->source->type;
  site->count = (uint32_t)sf_type_elements(&site->shape);
  return SF_OK;
}

/* ---- Currents. ---- */

static bool is_sum(const sf_op *op) {
  return op && (sf_is_synapses(op) || op->kind == SF_OP_ADD ||
                op->kind == SF_OP_SUB || op->kind == SF_OP_MUL ||
                op->kind == SF_OP_MATMUL || op->kind == SF_OP_REDUCE);
}

sf_value *sf_convert_current(sf_value *value, sf_op *before) {
  sf_scalar wide = sf_int(32);
  if (sf_scalar_equal(value->type.scalar, wide) && value->op &&
      !sf_is_source(value))
    return value;
  if (is_sum(value->op) && value->op->mode == SF_MODE_NONE &&
      value->type.scalar.kind == SF_SCALAR_INT) {
    value->type.scalar = wide;
    return value;
  }
  if (sf_has_identity_projection(&value->type)) {
    sf_value *sum = sf_identity_projection(value, before);
    if (sum) sum->type.scalar = wide;
    return sum;
  }
  sf_op *op =
      sf_op_create(value->network, before, SF_OP_CONVERT, 1, before->loc);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, value);
  sf_type type = value->type;
  type.scalar = wide;
  return sf_op_add_result(op, value->name, &type);
}

/* ---- Populations. ---- */

/* Whether the stream is joined with others, whose type it must share. */
static bool is_joined_deep(const sf_value *value, unsigned depth) {
  SF_FOREACH_USE(use, value) {
    if (!use->op) continue;
    if (use->op->kind == SF_OP_CONCAT) return true;
    bool passes = sf_op_is(use->op, SF_TRAIT_MOVES) ||
                  (use->op->kind == SF_OP_POOL &&
                   sf_op_int(use->op, SF_ATTR_kind) == SF_POOL_MAX);
    if (passes && depth < 64 && is_joined_deep(use->op->results[0], depth + 1))
      return true;
  }
  return false;
}

bool sf_convert_is_joined(const sf_site *site) {
  return is_joined_deep(site->quantize->results[0], 0);
}

static sf_op *create(const sf_converter *c, const sf_site *site,
                     sf_neuron *neuron, sf_value *current) {
  sf_op *op = neuron ? sf_op_create(c->network, site->quantize, SF_OP_NEURONS,
                                    1, site->quantize->loc)
                     : NULL;
  if (!op || sf_op_set_neuron(op, neuron) != SF_OK) return NULL;
  sf_op_set_operand(op, 0, current);
  return op;
}

static sf_result set_numbers(const sf_converter *c, const sf_site *site,
                             sf_op *op, const char *param,
                             const int32_t *numbers) {
  int32_t *all = sf_convert_spread(c, site, numbers);
  if (!all) return SF_OOM;
  return sf_convert_argument(op, param, &site->source->type, all);
}

static bool has_gain(const sf_site *site) {
  for (uint32_t i = 0; i < site->count; i++)
    if (site->gain[i] != 1) return true;
  return false;
}

static sf_result finish(sf_converter *c, sf_site *site, sf_op *op,
                        sf_scalar emit) {
  sf_type type = site->source->type;
  type.scalar = emit;
  c->populations++;
  site->result = sf_op_add_result(op, site->quantize->results[0]->name, &type);
  return site->result ? SF_OK : SF_OOM;
}

static sf_result quant(sf_converter *c, sf_site *site, sf_value *current) {
  bool gain = has_gain(site);
  sf_scalar emit = site->quantize->results[0]->type.scalar;
  sf_neuron *neuron =
      sf_library_use_as(c->run->module, slice_of(gain ? "quant_gain" : "quant"),
                        emit, c->run->diag);
  sf_op *op = create(c, site, neuron, current);
  if (!op) return no_memory_or_diag(c);
  if (gain) SF_TRY(set_numbers(c, site, op, "gain", site->gain));
  SF_TRY(set_numbers(c, site, op, "d", site->divisor));
  SF_TRY(set_numbers(c, site, op, "half", site->half));
  SF_TRY(set_numbers(c, site, op, "low", site->low));
  SF_TRY(set_numbers(c, site, op, "high", site->high));
  return finish(c, site, op, emit);
}

/* half + gain * constant, one an element: sums over steps start with it. */
static sf_result charge_once(const sf_converter *c, sf_site *site) {
  SF_TRY(sf_convert_spread_site(c, site));
  for (uint32_t n = 0; n < site->count; n++) {
    int64_t sum = site->half[n] + (int64_t)site->gain[n] * site->constant[n];
    site->half[n] = (int32_t)(sum < INT32_MIN   ? INT32_MIN
                              : sum > INT32_MAX ? INT32_MAX
                                                : sum);
  }
  return SF_OK;
}

static sf_result stbif(sf_converter *c, sf_site *site, sf_value *current) {
  bool gain = has_gain(site);
  sf_scalar emit = sf_convert_is_joined(site)
                       ? site->quantize->results[0]->type.scalar
                       : sf_int(2);
  sf_neuron *neuron =
      sf_library_use_as(c->run->module, slice_of(gain ? "stbif_gain" : "stbif"),
                        emit, c->run->diag);
  sf_op *op = create(c, site, neuron, current);
  if (!op) return no_memory_or_diag(c);
  if (gain) SF_TRY(set_numbers(c, site, op, "gain", site->gain));
  SF_TRY(set_numbers(c, site, op, "d", site->divisor));
  SF_TRY(set_numbers(c, site, op, "q0", site->half));
  SF_TRY(set_numbers(c, site, op, "smin", site->low));
  SF_TRY(set_numbers(c, site, op, "smax", site->high));
  return finish(c, site, op, emit);
}

/* A spike stands for `high` levels, so a neuron fires once in high * d. Its
 * rounding is that of the first potential, half a threshold. */
static sf_result rate(sf_converter *c, sf_site *site, sf_value *current) {
  bool agrees;
  int64_t unit = sf_convert_unit(c, site->source, &agrees);
  sf_neuron *neuron =
      sf_library_use(c->run->module, slice_of("rate"), c->run->diag);
  sf_op *op = create(c, site, neuron, current);
  if (!op) return no_memory_or_diag(c);
  size_t elements = sf_type_elements(&site->source->type);
  int32_t *gain = sf_convert_spread(c, site, site->gain);
  int32_t *bias = sf_convert_spread(c, site, site->half);
  int32_t *theta = sf_convert_spread(c, site, site->divisor);
  int32_t *high = sf_convert_spread(c, site, site->high);
  int32_t *first = SF_NEW_ARRAY(c->arena, int32_t, elements);
  if (!gain || !bias || !theta || !high || !first) return SF_OOM;
  for (size_t n = 0; n < elements; n++) {
    bias[n] -= theta[n] / 2;
    gain[n] *= (int32_t)unit;
    theta[n] *= high[n] > 0 ? high[n] : 1;
    first[n] = theta[n] / 2;
  }
  SF_TRY(sf_convert_argument(op, "gain", &site->source->type, gain));
  SF_TRY(sf_convert_argument(op, "offset", &site->source->type, bias));
  SF_TRY(sf_convert_argument(op, "theta", &site->source->type, theta));
  SF_TRY(sf_convert_argument(op, "v0", &site->source->type, first));
  return finish(c, site, op, sf_spike());
}

static sf_result population(sf_converter *c, sf_site *site) {
  if (site->input) return sf_convert_input(c, site);
  if (site->constant && site->gain) SF_TRY(charge_once(c, site));
  SF_TRY(sf_convert_fold_affine(c, site));
  sf_value *current = sf_convert_current(site->source, site->quantize);
  if (!current) return SF_OOM;
  if (!site->gain) return sf_convert_table(c, site, current);
  switch (site->whole ? SF_FORM_INTEGER : c->form) {
  case SF_FORM_STBIF:
    return stbif(c, site, current);
  case SF_FORM_RATE:
    return rate(c, site, current);
  default:
    return quant(c, site, current);
  }
}

static sf_result move_pool(sf_converter *c, sf_site *site) {
  sf_op *pool = sf_op_copy_into(c->network, site->quantize, site->pool, 1);
  if (!pool) return SF_OOM;
  if (site->whole) { /* on whole values, as its site */
    pool->order = site->pool->order;
    c->whole[pool->order] = pool;
  }
  sf_op_set_operand(pool, 0, site->result);
  sf_type type = site->pool->results[0]->type;
  type.scalar = site->result->type.scalar;
  site->result =
      sf_op_add_result(pool, site->quantize->results[0]->name, &type);
  return site->result ? SF_OK : SF_OOM;
}

sf_result sf_convert_populate(sf_converter *c) {
  for (uint32_t i = 0; i < c->site_count; i++) {
    sf_site *site = &c->sites[i];
    SF_TRY(population(c, site));
    site->emitted = site->result;
    if (site->pool) SF_TRY(move_pool(c, site));
    sf_value_replace_all_uses(site->quantize->results[0], site->result);
    for (uint32_t j = i + 1; j < c->site_count; j++) /* a site of a site */
      if (c->sites[j].source == site->quantize->results[0])
        c->sites[j].source = site->result;
  }
  return SF_OK;
}
