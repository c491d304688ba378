/* max_tree.c - see max_tree.h.
 *
 * A *form* is what a maximum has become: a sum of terms, each a value seen
 * through a window, at one tap of it. Combining two forms adds a population of
 * the same grid. The tap that stays behind in every form is the one that is
 * never padding; the others read 0 outside, which never wins, because values
 * below zero are refused with padding. */
#include "passes/max_tree.h"

#include "passes/relay.h"

#include <stdlib.h>
#include <string.h>

enum {
  TERMS_MAX = 40,  /* a tree over 2^31 taps has fewer on its right side */
  NEURON_COST = 8, /* synapses that a neuron more is worth: its state, its
                      update in every step and its place in routes */
  AXES = 2
};

/* One value seen at one tap along each axis. */
typedef struct term {
  sf_value *value;
  bool windowed[AXES]; /* has the value this axis still in full? */
  int64_t tap[AXES];
} term;

typedef struct form {
  uint32_t count;
  term terms[TERMS_MAX];
} form;

typedef struct tree {
  const sf_max_maker *maker;
  sf_op *op; /* the maximum: new ops are put before it */
  sf_network *network;
  sf_diag *diag;
  const char *name;
  uint32_t axes; /* of an image: 0 of a row */
  int64_t kernel[AXES], stride[AXES], dilation[AXES], begin[AXES], end[AXES];
  int axis; /* that is reduced now */
} tree;

static sf_result no_memory_or_diag(const tree *t, uint32_t before) {
  return sf_diag_errors(t->diag) != before ? SF_FAIL : SF_OOM;
}

/* ---- Types. ---- */

static sf_type with_scalar(const sf_type *type, sf_scalar scalar) {
  sf_type out = *type;
  out.scalar = scalar;
  return out;
}

static int64_t extent_after(const tree *t, int axis, int64_t extent) {
  int64_t window = (t->kernel[axis] - 1) * t->dilation[axis] + 1;
  return (extent + t->begin[axis] + t->end[axis] - window) / t->stride[axis] +
         1;
}

/* Shape of a term once its windowed axes up to `last` are reduced. */
static sf_type shape_of(const tree *t, const term *x) {
  sf_type type = x->value->type;
  for (uint32_t a = 0; a < t->axes; a++) {
    if (!x->windowed[a] || (int)a < t->axis) continue;
    type.dim[1 + a] = (int32_t)extent_after(t, (int)a, type.dim[1 + a]);
  }
  return type;
}

/* ---- Projections. ---- */

/* Whether the term is read through a window at the present axis. */
static bool is_seen(const tree *t, const term *x, uint32_t axis) {
  return x->windowed[axis] && (int)axis >= t->axis;
}

static bool same_window(const tree *t, const term *a, const term *b) {
  bool same = a->value == b->value;
  for (uint32_t i = 0; same && i < t->axes; i++)
    same = is_seen(t, a, i) == is_seen(t, b, i);
  return same;
}

static size_t tap_index(const tree *t, const term *x, uint32_t channel) {
  size_t index = channel;
  for (uint32_t a = 0; a < t->axes; a++) {
    bool seen = is_seen(t, x, a);
    size_t taps = seen ? (size_t)t->kernel[a] : 1;
    index = index * taps + (seen ? (size_t)x->tap[a] : 0);
  }
  return index;
}

/* Weights of a depthwise kernel: `plus` 1, `minus` -1 (either may be NULL). */
static sf_blob *kernel_blob(const tree *t, const term *plus,
                            const term *minus) {
  const term *x = plus ? plus : minus;
  uint32_t channels = (uint32_t)x->value->type.dim[0];
  int32_t dim[2 + AXES] = {(int32_t)channels, 1, 1, 1};
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

static sf_result set_window(const tree *t, const term *x, sf_op *conv) {
  int64_t stride[AXES], dilation[AXES], pad[2 * AXES];
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
static sf_value *conv_terms(const tree *t, const term *plus,
                            const term *minus) {
  const term *x = plus ? plus : minus;
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
static sf_value *sparse_term(const tree *t, sf_value *value, int weight) {
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

static sf_value *project(const tree *t, const term *plus, const term *minus) {
  if (t->axes) return conv_terms(t, plus, minus); /* ranks 2 and 3 */
  return sparse_term(t, plus ? plus->value : minus->value, plus ? 1 : -1);
}

static sf_value *add(const tree *t, sf_value *a, sf_value *b,
                     sf_scalar scalar) {
  if (!a || !b) return a ? a : b;
  sf_op *op = sf_op_create(t->network, t->op, SF_OP_ADD, 2, t->op->loc);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  sf_type type = with_scalar(&a->type, scalar);
  return sf_op_add_result(op, t->name, &type);
}

static bool same_tap(const tree *t, const term *a, const term *b) {
  for (uint32_t i = 0; i < t->axes; i++)
    if (is_seen(t, a, i) && a->tap[i] != b->tap[i]) return false;
  return true;
}

/* a - b (b may be empty) as a sum of projections. */
static sf_result project_difference(const tree *t, const form *a, const form *b,
                                    sf_value **out) {
  bool used[TERMS_MAX] = {0};
  *out = NULL;
  for (uint32_t i = 0; i < a->count; i++) {
    const term *minus = NULL;
    for (uint32_t j = 0; t->axes && j < b->count && !minus; j++) {
      if (used[j] || !same_window(t, &a->terms[i], &b->terms[j])) continue;
      minus = &b->terms[j];
      used[j] = true;
    }
    if (minus && same_tap(t, &a->terms[i], minus)) continue;
    sf_value *one = project(t, &a->terms[i], minus);
    *out = one ? add(t, *out, one, sf_int(32)) : NULL;
    if (!*out) return SF_OOM;
  }
  for (uint32_t j = 0; j < b->count; j++) {
    if (used[j]) continue;
    sf_value *one = project(t, NULL, &b->terms[j]);
    *out = one ? add(t, *out, one, sf_int(32)) : NULL;
    if (!*out) return SF_OOM;
  }
  return SF_OK;
}

/* ---- Combining. ---- */

static unsigned bits_for(int64_t low, int64_t high) {
  unsigned bits = SF_INT_BITS_MIN;
  while (bits < SF_INT_BITS_MAX && (low < -(INT64_C(1) << (bits - 1)) ||
                                    high > (INT64_C(1) << (bits - 1)) - 1))
    bits++;
  return bits;
}

/* Signed values: outside, the kernel reads 0, which is not the least. A value
 * that is 0 or more has no such trouble. */
static bool padding_matters(const tree *t) {
  bool padded = false;
  for (uint32_t a = 0; a < t->axes; a++)
    padded = padded || t->begin[a] || t->end[a];
  return padded && t->maker->low < 0;
}

static sf_result combine_numbers(tree *t, const form *a, const form *b,
                                 form *out) {
  sf_value *x, *y;
  uint32_t errors = sf_diag_errors(t->diag);
  static const form none = {0};
  SF_TRY(project_difference(t, a, &none, &x));
  SF_TRY(project_difference(t, b, &none, &y));
  sf_value *larger = t->maker->larger(t->maker->context, x, y, t->name, t->op);
  if (!larger) return no_memory_or_diag(t, errors);
  *out = (form){.count = 1, .terms = {{.value = larger}}};
  for (int axis = t->axis - 1; axis >= 0; axis--)
    out->terms[0].windowed[axis] = true;
  return SF_OK;
}

/* b + relu(a - b). */
static sf_result combine(tree *t, const form *a, const form *b, form *out) {
  if (t->maker->larger) return combine_numbers(t, a, b, out);
  uint32_t errors = sf_diag_errors(t->diag);
  sf_value *sum;
  SF_TRY(project_difference(t, a, b, &sum));
  int64_t span = t->maker->high - t->maker->low;
  sf_clip relu = {0, span, sf_int(bits_for(0, span)), t->name};
  sf_value *over = t->maker->clip(t->maker->context, sum, &relu, t->op);
  if (!over) return no_memory_or_diag(t, errors);
  *out = *b;
  term more = {.value = over};
  for (int axis = t->axis - 1; axis >= 0; axis--)
    more.windowed[axis] = true;
  out->terms[out->count++] = more;
  return SF_OK;
}

/* Taps of one axis in the order in which they are compared: the last is never
 * padding, because output o reads o * stride there. */
static int64_t ordered_tap(const tree *t, int64_t n) {
  int64_t safe = t->begin[t->axis] / t->dilation[t->axis];
  if (n == t->kernel[t->axis] - 1) return safe;
  return n < safe ? n : n + 1;
}

static form at_tap(const tree *t, const form *whole, int64_t n) {
  form out = *whole;
  for (uint32_t i = 0; t->axes && i < out.count; i++)
    if (out.terms[i].windowed[t->axis])
      out.terms[i].tap[t->axis] = ordered_tap(t, n);
  return out;
}

/* Least depth with the right side as small as that allows: it is the side whose
 * terms stay. The depth of recursion is the logarithm of the window. */
static sf_result reduce_taps(tree *t, const form *whole, int64_t first,
                             int64_t count, form *out) {
  if (count == 1) {
    *out = at_tap(t, whole, first);
    return SF_OK;
  }
  int64_t left = 1;
  while (2 * left < count)
    left *= 2;
  form a, b;
  SF_TRY(reduce_taps(t, whole, first, left, &a));
  SF_TRY(reduce_taps(t, whole, first + left, count - left, &b));
  return combine(t, &a, &b, out);
}

/* ---- The result. ---- */

/* The one tap that stays, without a projection: every stride-th element. */
static sf_value *slice_term(const tree *t, const term *x) {
  const sf_type *type = &x->value->type;
  int64_t begin[SF_RANK_MAX] = {0}, end[SF_RANK_MAX], step[SF_RANK_MAX];
  sf_type result = *type;
  bool whole = true;
  for (uint32_t i = 0; i < type->rank; i++) {
    end[i] = type->dim[i];
    step[i] = 1;
  }
  for (uint32_t a = 0; a < t->axes; a++) {
    if (!x->windowed[a]) continue;
    int64_t extent = extent_after(t, (int)a, type->dim[1 + a]);
    step[1 + a] = t->stride[a];
    end[1 + a] = (extent - 1) * t->stride[a] + 1;
    result.dim[1 + a] = (int32_t)extent;
    whole = whole && step[1 + a] == 1 && end[1 + a] == type->dim[1 + a];
  }
  if (whole) return x->value;
  sf_op *op = sf_op_create(t->network, t->op, SF_OP_SLICE, 1, t->op->loc);
  if (!op || sf_op_set_ints(op, SF_ATTR_begin, type->rank, begin) != SF_OK ||
      sf_op_set_ints(op, SF_ATTR_end, type->rank, end) != SF_OK ||
      sf_op_set_ints(op, SF_ATTR_step, type->rank, step) != SF_OK) {
    return NULL;
  }
  sf_op_set_operand(op, 0, x->value);
  return sf_op_add_result(op, t->name, &result);
}

/* Terms lie between low and high each; the sum's interval is no less. */
static sf_result sum_streams(const tree *t, const form *f, sf_value **out) {
  int64_t span = t->maker->high - t->maker->low;
  *out = NULL;
  for (uint32_t i = 0; i < f->count; i++) {
    sf_value *one = slice_term(t, &f->terms[i]);
    sf_scalar scalar = sf_int(bits_for(t->maker->low - (int64_t)i * span,
                                       t->maker->high + (int64_t)i * span));
    *out = one ? add(t, *out, one, scalar) : NULL;
    if (!*out) return SF_OOM;
  }
  return SF_OK;
}

static int64_t fan_out(const sf_op *reader) {
  int64_t window[2] = {1, 1};
  const sf_type *in = &sf_op_operand(reader, 0)->type;
  const sf_type *out = &reader->results[0]->type;
  switch (reader->kind) {
  case SF_OP_LINEAR:
    return out->dim[out->rank - 1];
  case SF_OP_CONV:
  case SF_OP_CONVT: {
    const sf_type *w = &sf_op_operand_blob(reader, 1)->type;
    int64_t taps = (int64_t)sf_type_elements(w) / w->dim[0] / w->dim[1];
    int64_t groups = sf_op_int(reader, SF_ATTR_groups);
    int64_t all = taps * (out->dim[0] / groups);
    int64_t shrink = (int64_t)(sf_type_elements(in) / (size_t)in->dim[0]) /
                     (int64_t)(sf_type_elements(out) / (size_t)out->dim[0]);
    return shrink > 1 ? all / shrink + 1 : all;
  }
  case SF_OP_SPARSE:
    return (int64_t)sf_type_elements(&sf_op_operand_blob(reader, 2)->type) /
               in->dim[0] +
           1;
  case SF_OP_POOL:
    sf_op_ints(reader, SF_ATTR_kernel, in->rank - 1u, window);
    return window[0] * window[1];
  default:
    return 1;
  }
}

/* Synapses of one element into all that reads the maximum, through moves. The
 * walk is bounded: what it does not see counts as one. */
static int64_t readers_cost(const sf_value *value, unsigned depth) {
  int64_t cost = 0;
  SF_FOREACH_USE(use, value) {
    const sf_op *op = use->op;
    if (op && depth < 32 && sf_op_is(op, SF_TRAIT_MOVES))
      cost += readers_cost(op->results[0], depth + 1);
    else
      cost += op && use->index == 0 ? fan_out(op) : 1;
  }
  return cost;
}

/* Without a relay the readers' synapses are there once for each term. */
static bool relay_pays(const tree *t, const form *f) {
  if (t->maker->relay) return true;
  int64_t readers = readers_cost(t->op->results[0], 0);
  return (int64_t)(f->count - 1) * readers > (int64_t)f->count + NEURON_COST;
}

static bool is_population_of_op(const tree *t, const form *f) {
  return f->count == 1 && f->terms[0].value->op &&
         sf_type_same_shape(&f->terms[0].value->type, &t->op->results[0]->type);
}

static sf_result finish(tree *t, const form *f, sf_value **out) {
  static const form none = {0};
  if (is_population_of_op(t, f)) {
    *out = f->terms[0].value;
    return SF_OK;
  }
  if (!relay_pays(t, f)) return sum_streams(t, f, out);
  uint32_t errors = sf_diag_errors(t->diag);
  sf_value *sum;
  t->axis = 0; /* every window is seen */
  SF_TRY(project_difference(t, f, &none, &sum));
  sf_clip same = {t->maker->low, t->maker->high, t->op->results[0]->type.scalar,
                  t->name};
  *out = t->maker->clip(t->maker->context, sum, &same, t->op);
  return *out ? SF_OK : no_memory_or_diag(t, errors);
}

/* ---- Windows. ---- */

bool sf_is_integer_maximum(const sf_op *op) {
  if (op->result_count != 1 ||
      op->results[0]->type.scalar.kind == SF_SCALAR_F32) {
    return false;
  }
  if (op->kind == SF_OP_POOL) return sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX;
  if (op->kind != SF_OP_MAX || !sf_op_operand(op, 1)) return false;
  if (!sf_has_identity_projection(&op->results[0]->type)) return false;
  return sf_type_same_shape(&sf_op_operand(op, 0)->type,
                            &op->results[0]->type) &&
         sf_type_same_shape(&sf_op_operand(op, 1)->type, &op->results[0]->type);
}

static void read_window(tree *t) {
  int64_t pad[2 * AXES];
  t->axes = sf_op_operand(t->op, 0)->type.rank - 1u;
  sf_op_ints(t->op, SF_ATTR_kernel, t->axes, t->kernel);
  sf_op_ints(t->op, SF_ATTR_stride, t->axes, t->stride);
  sf_op_ints(t->op, SF_ATTR_dilation, t->axes, t->dilation);
  sf_op_ints(t->op, SF_ATTR_pad, 2 * t->axes, pad);
  for (uint32_t a = 0; a < t->axes; a++) {
    t->begin[a] = pad[a];
    t->end[a] = pad[t->axes + a];
  }
}

/* Is the tap that stays inside for every window? */
static bool has_safe_tap(const tree *t) {
  const sf_type *in = &sf_op_operand(t->op, 0)->type;
  const sf_type *out = &t->op->results[0]->type;
  for (uint32_t a = 0; a < t->axes; a++) {
    bool on_grid = t->begin[a] % t->dilation[a] == 0 &&
                   t->begin[a] / t->dilation[a] < t->kernel[a];
    int64_t last = ((int64_t)out->dim[1 + a] - 1) * t->stride[a];
    if (!on_grid || last >= in->dim[1 + a]) return false;
  }
  return true;
}

static sf_result reduce_window(tree *t, form *f) {
  for (t->axis = (int)t->axes - 1; t->axis >= 0; t->axis--) {
    form next;
    SF_TRY(reduce_taps(t, f, 0, t->kernel[t->axis], &next));
    *f = next;
  }
  t->axis = 0;
  return SF_OK;
}

static sf_result reduce_pair(tree *t, form *f) {
  t->axes = sf_op_operand(t->op, 0)->type.rank - 1u;
  form a = {.count = 1, .terms = {{.value = sf_op_operand(t->op, 0)}}};
  form b = {.count = 1, .terms = {{.value = sf_op_operand(t->op, 1)}}};
  return combine(t, &a, &b, f);
}

sf_result sf_max_tree(sf_op *op, const sf_max_maker *maker, sf_diag *diag,
                      sf_value **out) {
  tree t = {.maker = maker,
            .op = op,
            .network = op->network,
            .diag = diag,
            .name = op->results[0]->name};
  form f = {.count = 1, .terms = {{.value = sf_op_operand(op, 0)}}};
  if (op->kind == SF_OP_POOL) {
    read_window(&t);
    if (!has_safe_tap(&t) || padding_matters(&t)) {
      sf_error(diag, SF_DIAG_NOT_NORMAL, op->loc,
               "'%%%s' pads values below zero, or windows whose first element "
               "lies outside: no tree of populations does that",
               op->results[0]->name);
      sf_help(diag, "pad with the least value before the maximum is taken");
      return SF_FAIL;
    }
    for (uint32_t a = 0; a < t.axes; a++)
      f.terms[0].windowed[a] = true;
    SF_TRY(reduce_window(&t, &f));
  } else {
    SF_TRY(reduce_pair(&t, &f));
  }
  return finish(&t, &f, out);
}
