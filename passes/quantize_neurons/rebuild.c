/* rebuild.c - the ops of a sum once more, with integer weights of its unit. */
#include "passes/quantize_neurons/quantize_neurons.h"
#include "passes/rewrite/op_copy.h"

#include <math.h>
#include <stdlib.h>

typedef struct rebuilder {
  sf_neurons_job *job;
  sf_sum *sum;
  const sf_unit *unit;
  sf_op *before;
  sf_neurons_layer *layer;
  sf_mode mode;
  uint32_t next; /* term */
} rebuilder;

/* The most that a sum can reach, in units: of what its sources can send. */
static double bound_of(const rebuilder *r) {
  double total = 0;
  for (uint32_t i = 0; i < r->sum->count; i++) {
    const sf_sum_term *t = &r->sum->terms[i];
    double largest = 0, most = -(double)sf_scalar_min(t->integer->type.scalar);
    most = fmax(most, (double)sf_scalar_max(t->integer->type.scalar));
    for (uint32_t c = 0; c < t->channels; c++) {
      double unit = sf_unit_at(r->unit, c), row = t->op ? 0 : t->scale / unit;
      for (uint32_t k = 0; t->op && k < t->row; k++) {
        float w = sf_blob_f32(t->weights, (size_t)c * t->row + k);
        row += fabs((double)w) * t->scale / unit + ldexp(0.5, t->exponent);
      }
      largest = fmax(largest, row * most);
    }
    double bias = 0;
    for (size_t c = 0; t->bias && c < sf_blob_elements(t->bias); c++) {
      double b = fabs((double)sf_blob_f32(t->bias, c));
      bias = fmax(bias, b / sf_unit_at(r->unit, c) + 1);
    }
    total += largest + bias;
  }
  return total;
}

static int32_t fit32(double x) {
  if (x >= INT32_MAX) return INT32_MAX;
  return x <= INT32_MIN ? INT32_MIN : (int32_t)llround(x);
}

static sf_blob *blob_of(const rebuilder *r, const sf_blob *old, unsigned bits,
                        const int32_t *values) {
  sf_type type = old->type;
  type.scalar = sf_int(bits);
  const char *name = sf_arena_printf(r->job->run->scratch, "%s.int", old->name);
  return name ? sf_blob_create_i32(r->job->run->module, name, &type, values)
              : NULL;
}

/* Units of channel c that one of the term's integers times a weight of 1 is. */
static double units_of(const rebuilder *r, const sf_sum_term *t, uint32_t c) {
  return ldexp(t->scale, -t->exponent) / sf_unit_at(r->unit, c);
}

static sf_blob *round_weights(const rebuilder *r, const sf_sum_term *t) {
  int64_t most = ((int64_t)1 << (r->job->options->bits - 1)) - 1;
  size_t count = sf_blob_elements(t->weights);
  int32_t *values = SF_NEW_ARRAY(r->job->run->scratch, int32_t, count + 1);
  if (!values) return NULL;
  for (uint32_t c = 0; c < t->channels; c++)
    for (uint32_t k = 0; k < t->row; k++) {
      size_t i = (size_t)c * t->row + k;
      double exact = (double)sf_blob_f32(t->weights, i) * units_of(r, t, c);
      double rounded = fmin(fmax(round(exact), (double)-most), (double)most);
      values[i] = (int32_t)rounded;
      double unit = ldexp(sf_unit_at(r->unit, c), t->exponent);
      r->layer->error += (rounded - exact) * (rounded - exact) * unit * unit;
      r->layer->size += exact * exact * unit * unit;
    }
  return blob_of(r, t->weights, (unsigned)r->job->options->bits, values);
}

static sf_blob *round_bias(const rebuilder *r, const sf_sum_term *t) {
  size_t count = sf_blob_elements(t->bias);
  int32_t *values = SF_NEW_ARRAY(r->job->run->scratch, int32_t, count + 1);
  if (!values) return NULL;
  for (size_t i = 0; i < count; i++)
    values[i] = fit32((double)sf_blob_f32(t->bias, i) / sf_unit_at(r->unit, i));
  return blob_of(r, t->bias, 32, values);
}

static sf_result finish(const rebuilder *r, sf_op *op, const sf_value *old,
                        sf_value **out) {
  sf_type type = old->type;
  type.scalar = sf_int(32);
  op->mode = r->mode;
  *out = sf_op_add_result(op, old->name, &type);
  return *out ? SF_OK : SF_OOM;
}

static sf_result project(rebuilder *r, const sf_sum_term *t, sf_value **out) {
  const sf_op *old = t->op;
  sf_op *op = sf_op_copy_into(old->network, r->before, old, old->operand_count);
  if (!op) return SF_OOM;
  sf_blob *weights = round_weights(r, t);
  if (!weights) return SF_OOM;
  sf_op_set_operand(op, 0, t->integer);
  sf_op_set_operand_blob(op, old->kind == SF_OP_SPARSE ? 2 : 1, weights);
  if (t->bias) {
    sf_blob *bias = round_bias(r, t);
    if (!bias) return SF_OOM;
    sf_op_set_operand_blob(op, 2, bias);
  }
  SF_TRY(sf_op_set_int(op, SF_ATTR_shift, -t->exponent));
  return finish(r, op, old->results[0], out);
}

/* The stream itself, times a whole number of units. */
static sf_result pass_on(rebuilder *r, const sf_sum_term *t, sf_value **out) {
  int32_t factor = fit32(t->scale / sf_unit_at(r->unit, 0));
  sf_type one = t->integer->type;
  for (int i = 0; i < one.rank; i++)
    one.dim[i] = 1;
  one.scalar = sf_int(32);
  sf_blob *blob = sf_blob_create_splat(r->job->run->module, t->integer->name,
                                       &one, sf_number_int(factor));
  sf_op *op = sf_op_create(r->before->network, r->before, SF_OP_MUL, 2,
                           t->integer->loc);
  if (!blob || !op) return SF_OOM;
  sf_op_set_operand(op, 0, t->integer);
  sf_op_set_operand_blob(op, 1, blob);
  return finish(r, op, t->integer, out);
}

static sf_result rebuild(rebuilder *r, sf_value *value, sf_value **out);

static sf_result add(rebuilder *r, sf_op *old, sf_value **out) {
  sf_value *a, *b;
  SF_TRY(rebuild(r, sf_op_operand(old, 0), &a));
  SF_TRY(rebuild(r, sf_op_operand(old, 1), &b));
  sf_op *op = sf_op_create(old->network, r->before, SF_OP_ADD, 2, old->loc);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, a);
  sf_op_set_operand(op, 1, b);
  return finish(r, op, old->results[0], out);
}

/* The tree as sf_sum_gather walked it: leaves are its terms, in order. */
static sf_result rebuild(rebuilder *r, sf_value *value, sf_value **out) {
  const sf_sum_term *t =
      r->next < r->sum->count ? &r->sum->terms[r->next] : NULL;
  if (t && (t->op ? t->op == value->op : t->leaf == value)) {
    r->next++;
    return t->op ? project(r, t, out) : pass_on(r, t, out);
  }
  if (value->op->kind == SF_OP_ADD) return add(r, value->op, out);
  sf_value *below;
  SF_TRY(rebuild(r, sf_op_operand(value->op, 0), &below));
  sf_op *op = sf_op_copy_into(value->op->network, r->before, value->op, 1);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, below);
  sf_type type = value->type;
  type.scalar = sf_int(32);
  *out = sf_op_add_result(op, value->name, &type);
  return *out ? SF_OK : SF_OOM;
}

sf_result sf_sum_rebuild(sf_neurons_job *job, sf_value *value, sf_sum *sum,
                         const sf_unit *unit, sf_op *before,
                         sf_neurons_layer *layer, sf_value **out) {
  rebuilder r = {
      .job = job, .sum = sum, .unit = unit, .before = before, .layer = layer};
  /* Counts of 17 bits, as sinabs has them, never come all at once. */
  r.mode = bound_of(&r) > INT32_MAX ? SF_MODE_WRAP : SF_MODE_NONE;
  return rebuild(&r, value, out);
}
