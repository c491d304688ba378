/* project.c - differences of forms as projections of weights 1, -1. */
#include "passes/max_tree/form.h"

#include "passes/rewrite/relay.h"

#include <stdlib.h>

static sf_type with_scalar(const sf_type *type, sf_scalar scalar) {
  sf_type out = *type;
  out.scalar = scalar;
  return out;
}

/* Shape of a term once its windowed axes up to `last` are reduced. */
static sf_type shape_of(const sf_max_work *t, const sf_max_term *x) {
  sf_type type = x->value->type;
  for (uint32_t a = 0; a < t->axes; a++) {
    if (!x->windowed[a] || (int)a < t->axis) continue;
    type.dim[1 + a] = (int32_t)sf_max_extent(t, (int)a, type.dim[1 + a]);
  }
  return type;
}

/* Whether the term is read through a window at the present axis. */
static bool is_seen(const sf_max_work *t, const sf_max_term *x, uint32_t axis) {
  return x->windowed[axis] && (int)axis >= t->axis;
}

static bool same_window(const sf_max_work *t, const sf_max_term *a,
                        const sf_max_term *b) {
  bool same = a->value == b->value;
  for (uint32_t i = 0; same && i < t->axes; i++)
    same = is_seen(t, a, i) == is_seen(t, b, i);
  return same;
}

static size_t tap_index(const sf_max_work *t, const sf_max_term *x,
                        uint32_t channel) {
  size_t index = channel;
  for (uint32_t a = 0; a < t->axes; a++) {
    bool seen = is_seen(t, x, a);
    size_t taps = seen ? (size_t)t->kernel[a] : 1;
    index = index * taps + (seen ? (size_t)x->tap[a] : 0);
  }
  return index;
}

/* Weights of a depthwise kernel: `plus` 1, `minus` -1 (either may be NULL). */
static sf_blob *kernel_blob(const sf_max_work *t, const sf_max_term *plus,
                            const sf_max_term *minus) {
  const sf_max_term *x = plus ? plus : minus;
  uint32_t channels = (uint32_t)x->value->type.dim[0];
  int32_t dim[2 + SF_MAX_AXES] = {(int32_t)channels, 1, 1, 1};
  for (uint32_t a = 0; a < t->axes; a++)
    if (is_seen(t, x, a)) dim[2 + a] = (int32_t)t->kernel[a];
  sf_type type = sf_type_make(sf_int(2), 2 + t->axes, dim);
  int32_t *weights = calloc(sf_type_elements(&type), sizeof *weights);
  if (!weights) return NULL;
  for (uint32_t c = 0; c < channels; c++) {
    if (plus) weights[tap_index(t, plus, c)] += 1;
    if (minus) weights[tap_index(t, minus, c)] -= 1;
  }
  sf_blob *blob =
      sf_blob_create_i32(t->network->module, "taps", &type, weights);
  free(weights);
  return blob;
}

static sf_result set_window(const sf_max_work *t, const sf_max_term *x,
                            sf_op *conv) {
  int64_t stride[SF_MAX_AXES], dilation[SF_MAX_AXES], pad[2 * SF_MAX_AXES];
  for (uint32_t a = 0; a < t->axes; a++) {
    bool seen = is_seen(t, x, a);
    stride[a] = seen ? t->stride[a] : 1;
    dilation[a] = seen ? t->dilation[a] : 1;
    pad[a] = seen ? t->begin[a] : 0;
    pad[t->axes + a] = seen ? t->end[a] : 0;
  }
  SF_TRY(sf_op_set_ints(conv, SF_ATTR_stride, t->axes, stride));
  SF_TRY(sf_op_set_ints(conv, SF_ATTR_pad, 2 * t->axes, pad));
  SF_TRY(sf_op_set_ints(conv, SF_ATTR_dilation, t->axes, dilation));
  return sf_op_set_int(conv, SF_ATTR_groups, x->value->type.dim[0]);
}

/* plus - minus of one value as one depthwise convolution. */
static sf_value *conv_terms(const sf_max_work *t, const sf_max_term *plus,
                            const sf_max_term *minus) {
  const sf_max_term *x = plus ? plus : minus;
  sf_blob *weights = kernel_blob(t, plus, minus);
  sf_op *conv = weights
                    ? sf_op_create(t->network, t->op, SF_OP_CONV, 2, t->op->loc)
                    : NULL;
  if (!conv || set_window(t, x, conv) != SF_OK) return NULL;
  sf_op_set_operand(conv, 0, x->value);
  sf_op_set_operand_blob(conv, 1, weights);
  sf_type shape = shape_of(t, x);
  sf_type type = with_scalar(&shape, sf_int(32));
  return sf_op_add_result(conv, t->name, &type);
}

/* Weight 1 or -1 for each element of a row. */
static sf_value *sparse_term(const sf_max_work *t, sf_value *value,
                             int weight) {
  sf_value *one = sf_identity_projection(value, t->op);
  if (!one) return NULL;
  one->type.scalar = sf_int(32);
  if (weight > 0) return one;
  sf_blob *weights = sf_blob_create_splat(t->network->module, "minus",
                                          &sf_op_operand_blob(one->op, 2)->type,
                                          sf_number_int(-1));
  if (weights) sf_op_set_operand_blob(one->op, 2, weights);
  return weights ? one : NULL;
}

static sf_value *project(const sf_max_work *t, const sf_max_term *plus,
                         const sf_max_term *minus) {
  if (t->axes) return conv_terms(t, plus, minus); /* ranks 2 and 3 */
  return sparse_term(t, plus ? plus->value : minus->value, plus ? 1 : -1);
}

sf_value *sf_max_add(const sf_max_work *t, sf_value *a, sf_value *b,
                     sf_scalar scalar) {
  if (!a || !b) return a ? a : b;
  sf_op *op = sf_op_create(t->network, t->op, SF_OP_ADD, 2, t->op->loc);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  sf_type type = with_scalar(&a->type, scalar);
  return sf_op_add_result(op, t->name, &type);
}

static bool same_tap(const sf_max_work *t, const sf_max_term *a,
                     const sf_max_term *b) {
  for (uint32_t i = 0; i < t->axes; i++)
    if (is_seen(t, a, i) && a->tap[i] != b->tap[i]) return false;
  return true;
}

/* a - b (b may be empty) as a sum of projections. */
sf_result sf_max_difference(const sf_max_work *t, const sf_max_form *a,
                            const sf_max_form *b, sf_value **out) {
  bool used[SF_MAX_TERMS] = {0};
  *out = NULL;
  for (uint32_t i = 0; i < a->count; i++) {
    const sf_max_term *minus = NULL;
    for (uint32_t j = 0; t->axes && j < b->count && !minus; j++) {
      if (used[j] || !same_window(t, &a->terms[i], &b->terms[j])) continue;
      minus = &b->terms[j];
      used[j] = true;
    }
    if (minus && same_tap(t, &a->terms[i], minus)) continue;
    sf_value *one = project(t, &a->terms[i], minus);
    *out = one ? sf_max_add(t, *out, one, sf_int(32)) : NULL;
    if (!*out) return SF_OOM;
  }
  for (uint32_t j = 0; j < b->count; j++) {
    if (used[j]) continue;
    sf_value *one = project(t, NULL, &b->terms[j]);
    *out = one ? sf_max_add(t, *out, one, sf_int(32)) : NULL;
    if (!*out) return SF_OOM;
  }
  return SF_OK;
}
