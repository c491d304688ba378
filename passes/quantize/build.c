/* build.c - integer ops that take the place of f32 ones. */
#include "passes/quantize/build.h"

#include <math.h>
#include <string.h>

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static sf_op *create(const sf_build *b, sf_op_kind kind, uint32_t operands) {
  return sf_op_create(b->q->network, b->before, kind, operands, b->before->loc);
}

sf_value *sf_build_binary(const sf_build *b, sf_op_kind kind, sf_mode mode,
                          sf_value *x, sf_value *y, const sf_type *type) {
  sf_op *op = x && y ? create(b, kind, 2) : NULL;
  if (!op) return NULL;
  op->mode = mode;
  sf_op_set_operand(op, 0, x);
  sf_op_set_operand(op, 1, y);
  return sf_op_add_result(op, b->name, type);
}

sf_value *sf_build_times(const sf_build *b, sf_value *x, int32_t factor,
                         const sf_type *type) {
  sf_type one = sf_int_type(type, 32);
  for (uint32_t i = 0; i < one.rank; i++)
    one.dim[i] = 1;
  sf_blob *blob = sf_blob_create_i32(b->q->run->module, b->name, &one, &factor);
  sf_op *op = blob ? create(b, SF_OP_MUL, 2) : NULL;
  if (!op) return NULL;
  sf_op_set_operand(op, 0, x);
  sf_op_set_operand_blob(op, 1, blob);
  return sf_op_add_result(op, b->name, type);
}

sf_value *sf_build_reshape(const sf_build *b, sf_value *x,
                           const sf_type *type) {
  sf_op *op = x ? create(b, SF_OP_RESHAPE, 1) : NULL;
  if (!op) return NULL;
  sf_op_set_operand(op, 0, x);
  sf_type result = *type;
  result.scalar = x->type.scalar;
  return sf_op_add_result(op, b->name, &result);
}

sf_value *sf_build_reduce(const sf_build *b, sf_pool_kind kind, sf_value *x,
                          uint32_t axes, unsigned bits) {
  int64_t list[SF_RANK_MAX];
  uint32_t count = 0;
  if (!x) return NULL;
  sf_type type = sf_int_type(&x->type, bits);
  for (uint32_t i = 0; i < type.rank; i++) {
    if (!(axes >> i & 1)) continue;
    list[count++] = i;
    type.dim[i] = 1;
  }
  sf_op *op = create(b, SF_OP_REDUCE, 1);
  if (!op || sf_op_set_int(op, SF_ATTR_kind, kind) != SF_OK ||
      sf_op_set_ints(op, SF_ATTR_axes, count, list) != SF_OK ||
      sf_op_set_int(op, SF_ATTR_keep, 1) != SF_OK)
    return NULL;
  sf_op_set_operand(op, 0, x);
  return sf_op_add_result(op, b->name, &type);
}

sf_op *sf_build_neurons(const sf_build *b, sf_neuron *neuron, sf_value *x) {
  sf_op *op = neuron && x ? create(b, SF_OP_NEURONS, 1) : NULL;
  if (!op || sf_op_set_neuron(op, neuron) != SF_OK) return NULL;
  sf_op_set_operand(op, 0, x);
  return op;
}

sf_op *sf_build_population(const sf_build *b, const char *function,
                           const sf_scalar *emit, sf_value *x) {
  if (!x) return NULL;
  sf_module *module = b->q->run->module;
  sf_diag *diag = b->q->run->diag;
  sf_neuron *neuron =
      emit ? sf_library_use_as(module, slice_of(function), *emit, diag)
           : sf_library_use(module, slice_of(function), diag);
  return sf_build_neurons(b, neuron, x);
}

void sf_build_set(sf_op *population, const char *param, int64_t value) {
  sf_argument_set_number(sf_op_argument(population, slice_of(param)),
                         sf_number_int(value));
}

sf_value *sf_build_result(const sf_build *b, sf_op *population, unsigned bits) {
  if (!population) return NULL;
  sf_type type = sf_int_type(&sf_op_operand(population, 0)->type, bits);
  return sf_op_add_result(population, b->name, &type);
}

/* ---- Levels. ---- */

/* Bits of the first `rank` axes of a stream along which a constant, aligned at
 * their end, differs. */
static uint32_t axes_of(const sf_blob *blob, uint32_t rank) {
  uint32_t axes = 0;
  for (uint32_t i = 0; blob && i < blob->type.rank; i++)
    if (blob->type.dim[i] > 1) axes |= 1u << (i + rank - blob->type.rank);
  return axes;
}

static double number_at(const sf_blob *blob, uint32_t rank, const int32_t *at,
                        double otherwise) {
  if (!blob) return otherwise;
  size_t index = 0;
  for (uint32_t i = 0; i < blob->type.rank; i++) {
    int32_t extent = blob->type.dim[i];
    int32_t place = at[i + rank - blob->type.rank];
    index = index * (size_t)extent + (size_t)(extent == 1 ? 0 : place);
  }
  return (double)sf_blob_f32(blob, index);
}

/* Of one place, in units of 2^-8 of a step. */
typedef struct numbers {
  sf_type type; /* extent 1 where they do not differ */
  int32_t *factor, *offset;
  bool fits;
} numbers;

static void fill(const sf_levels_plan *plan, uint32_t rank, numbers *n) {
  size_t elements = sf_type_elements(&n->type);
  n->fits = true;
  for (size_t k = 0; k < elements; k++) {
    int32_t at[SF_RANK_MAX] = {0};
    size_t rest = k;
    for (uint32_t i = n->type.rank; i-- > 0;) {
      at[i] = (int32_t)(rest % (size_t)n->type.dim[i]);
      rest /= (size_t)n->type.dim[i];
    }
    int axis = plan->step->axis;
    double step = sf_scale_at(plan->step, axis < 0 ? 0 : (size_t)at[axis]);
    double gain = number_at(plan->gain, rank, at, 1);
    double factor = gain * plan->unit / step * 0x1p38;
    double shift = number_at(plan->shift, rank, at, 0) / step * 0x1p8;
    n->fits = n->fits && fabs(factor) < 0x1p31 - 1 && fabs(shift) < 0x1p30;
    n->factor[k] = sf_round_constant(factor);
    n->offset[k] = sf_round_constant(shift) + 128; /* a half: rounds up */
  }
}

static sf_result set_numbers(const sf_build *b, sf_op *op, const char *param,
                             const sf_type *type, const int32_t *values) {
  size_t count = sf_type_elements(type), same = 1;
  while (same < count && values[same] == values[0])
    same++;
  if (same == count) {
    sf_build_set(op, param, values[0]);
    return SF_OK;
  }
  sf_blob *blob = sf_blob_create_i32(b->q->run->module, param, type, values);
  if (!blob) return SF_OOM;
  sf_argument_set_blob(sf_op_argument(op, slice_of(param)), blob);
  return SF_OK;
}

sf_result sf_build_levels(const sf_build *b, const sf_levels_plan *plan,
                          sf_value *x, sf_value **out) {
  *out = NULL;
  if (!x) return SF_OOM;
  uint32_t rank = x->type.rank - plan->behind;
  uint32_t axes = axes_of(plan->gain, rank) | axes_of(plan->shift, rank);
  if (plan->step->axis >= 0) axes |= 1u << plan->step->axis;
  numbers n = {.type = sf_int_type(&x->type, 32)};
  for (uint32_t i = 0; i < n.type.rank; i++)
    if (!(axes >> i & 1)) n.type.dim[i] = 1;
  size_t elements = sf_type_elements(&n.type);
  n.factor = SF_NEW_ARRAY(b->q->run->scratch, int32_t, elements);
  n.offset = SF_NEW_ARRAY(b->q->run->scratch, int32_t, elements);
  if (!n.factor || !n.offset) return SF_OOM;
  fill(plan, rank, &n);
  if (!n.fits) return SF_OK;
  sf_scalar emit = plan->site->results[0]->type.scalar;
  sf_op *op = sf_build_population(b, "levels", &emit, x);
  if (!op) return SF_OOM;
  SF_TRY(set_numbers(b, op, "m", &n.type, n.factor));
  SF_TRY(set_numbers(b, op, "offset", &n.type, n.offset));
  sf_build_set(op, "low", sf_quantize_bound(plan->site, SF_ATTR_low));
  sf_build_set(op, "high", sf_quantize_bound(plan->site, SF_ATTR_high));
  *out = sf_build_result(b, op, emit.bits);
  return *out ? SF_OK : SF_OOM;
}
