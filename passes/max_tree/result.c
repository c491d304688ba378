/* result.c - the last form as a population, or as a sum of streams. */
#include "passes/max_tree/form.h"

#include "ir/arith.h"

enum {
  NEURON_COST = 8 /* synapses that a neuron more is worth: its state, its
                     update in every step and its place in routes */
};

/* The one tap that stays, without a projection: every stride-th element. */
static sf_value *slice_term(const sf_max_work *t, const sf_max_term *x) {
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
    int64_t extent = sf_max_extent(t, (int)a, type->dim[1 + a]);
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
static sf_result sum_streams(const sf_max_work *t, const sf_max_form *f,
                             sf_value **out) {
  int64_t span = t->maker->high - t->maker->low;
  *out = NULL;
  for (uint32_t i = 0; i < f->count; i++) {
    sf_value *one = slice_term(t, &f->terms[i]);
    sf_scalar scalar = sf_int_holding(t->maker->low - (int64_t)i * span,
                                      t->maker->high + (int64_t)i * span);
    *out = one ? sf_max_add(t, *out, one, scalar) : NULL;
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
static bool relay_pays(const sf_max_work *t, const sf_max_form *f) {
  if (t->maker->relay) return true;
  int64_t readers = readers_cost(t->op->results[0], 0);
  return (int64_t)(f->count - 1) * readers > (int64_t)f->count + NEURON_COST;
}

static bool is_population_of_op(const sf_max_work *t, const sf_max_form *f) {
  return f->count == 1 && f->terms[0].value->op &&
         sf_type_same_shape(&f->terms[0].value->type, &t->op->results[0]->type);
}

sf_result sf_max_finish(sf_max_work *t, const sf_max_form *f, sf_value **out) {
  static const sf_max_form none = {0};
  if (is_population_of_op(t, f)) {
    *out = f->terms[0].value;
    return SF_OK;
  }
  if (!relay_pays(t, f)) return sum_streams(t, f, out);
  uint32_t errors = sf_diag_errors(t->diag);
  sf_value *sum;
  t->axis = 0; /* every window is seen */
  SF_TRY(sf_max_difference(t, f, &none, &sum));
  sf_clip same = {t->maker->low,
                  t->maker->high,
                  t->op->results[0]->type.scalar,
                  t->name,
                  {0}};
  *out = t->maker->clip(t->maker->context, sum, &same, t->op);
  return *out ? SF_OK : sf_max_failed(t, errors);
}
