/* pattern.c - rewriting what exporters have taken apart, and removing what no
 * return needs. */
#include "frontend/onnx/pattern.h"

#include "frontend/onnx/model.h"

#include <math.h>

/* ---- Questions. ---- */

bool sf_onnx_close(double a, double b) {
  return fabs(a - b) <= 1e-5 * (fabs(b) > 1 ? fabs(b) : 1);
}

sf_op *sf_onnx_made_by(const sf_value *value, sf_op_kind kind) {
  sf_op *op = value->op;
  return op && op->kind == kind && sf_value_has_one_use(value) ? op : NULL;
}

bool sf_onnx_is_number(const sf_op *op, uint32_t index, double *out) {
  const sf_blob *blob = sf_op_operand_blob(op, index);
  if (!blob || blob->type.scalar.kind != SF_SCALAR_F32) return false;
  if (blob->source == SF_SOURCE_SPLAT) {
    *out = (double)blob->splat.f;
    return true;
  }
  if (sf_blob_elements(blob) != 1 || !blob->data) return false;
  *out = (double)sf_blob_f32(blob, 0);
  return true;
}

static bool is_with_number(const sf_value *value, sf_op_kind kind, sf_value **x,
                           double *out) {
  const sf_op *op = sf_onnx_made_by(value, kind);
  if (!op || !sf_onnx_is_number(op, 1, out)) return false;
  *x = sf_op_operand(op, 0);
  return sf_type_equal(&(*x)->type, &value->type);
}

bool sf_onnx_is_scaled(const sf_value *value, sf_value **x, double *factor) {
  if (is_with_number(value, SF_OP_MUL, x, factor)) return true;
  if (!is_with_number(value, SF_OP_DIV, x, factor)) return false;
  *factor = 1.0 / *factor;
  return true;
}

bool sf_onnx_is_shifted(const sf_value *value, sf_value **x, double *term) {
  if (is_with_number(value, SF_OP_ADD, x, term)) return true;
  if (!is_with_number(value, SF_OP_SUB, x, term)) return false;
  *term = -*term;
  return true;
}

static bool append(onnx_product *out, sf_value *stream) {
  if (out->count == ONNX_FACTORS) return false;
  out->streams[out->count++] = stream;
  return true;
}

/* A product of a and b, or of a and a number (*b NULL). */
static bool split(const sf_value *value, double *factor, sf_value **a,
                  sf_value **b) {
  const sf_op *op = value->op;
  if (!op || (op->kind != SF_OP_MUL && op->kind != SF_OP_DIV)) return false;
  *a = sf_op_operand(op, 0);
  *b = sf_op_operand(op, 1);
  *factor = 1.0;
  if (sf_onnx_is_number(op, 1, factor)) {
    if (op->kind == SF_OP_DIV) *factor = 1.0 / *factor;
    return sf_type_equal(&(*a)->type, &value->type);
  }
  return op->kind == SF_OP_MUL && *b;
}

bool sf_onnx_factors(sf_value *value, onnx_product *out) {
  *out = (onnx_product){.number = 1.0};
  if (!append(out, value)) return false;
  for (uint32_t i = 0; i < out->count;) {
    sf_value *a, *b, *at = out->streams[i];
    double factor;
    bool whole = at == value || sf_value_has_one_use(at);
    if (!whole || !split(at, &factor, &a, &b)) {
      i++;
      continue;
    }
    out->number *= factor;
    out->streams[i] = a;
    if (b && !append(out, b)) return false;
  }
  return true;
}

/* ---- Rewriting. ---- */

sf_op *sf_onnx_pattern_op(sf_op *last, sf_op_kind kind, uint32_t count) {
  return sf_op_create(last->network, last, kind, count, last->loc);
}

/* The new value has the name that people know. */
static sf_result swap_names(sf_value *a, sf_value *b) {
  sf_names *names = a->network->names;
  const char *name = a->name;
  sf_names_remove(names, a->name);
  sf_names_remove(names, b->name);
  a->name = b->name;
  b->name = name;
  SF_TRY(sf_names_set(names, a->name, a));
  return sf_names_set(names, b->name, b);
}

sf_result sf_onnx_replace(sf_op *last, sf_op *op) {
  sf_value *old = last->results[0];
  sf_value *made = op ? sf_op_add_result(op, old->name, &old->type) : NULL;
  if (!made) return SF_OOM;
  sf_value_replace_all_uses(old, made);
  return swap_names(old, made);
}

sf_result sf_onnx_replace_unary(sf_op *last, sf_op_kind kind, sf_value *x,
                                sf_op **out) {
  sf_op *op = sf_onnx_pattern_op(last, kind, 1);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, x);
  if (out) *out = op;
  return sf_onnx_replace(last, op);
}

/* ---- The driver. ---- */

/* From the end, so that what only removed ops read goes too. */
static void remove_unread(sf_network *network) {
  sf_op *before;
  for (sf_op *op = network->last; op; op = before) {
    before = op->prev;
    bool read = false;
    for (uint32_t i = 0; i < op->result_count; i++)
      read |= op->results[i]->first_use != NULL;
    if (!read) sf_op_erase(op);
  }
}

static void remove_unused(sf_module *module) {
  sf_neuron *next_neuron;
  for (sf_neuron *n = module->first_neuron; n; n = next_neuron) {
    next_neuron = n->next;
    bool used = false;
    for (sf_network *w = module->first_network; w && !used; w = w->next)
      SF_FOREACH_OP(op, w)
        used |= op->neuron == n;
    if (!used) sf_neuron_erase(n);
  }
  sf_blob *next_blob;
  for (sf_blob *b = module->first_blob; b; b = next_blob) {
    next_blob = b->next;
    if (!b->users) sf_blob_erase(b);
  }
}

sf_result sf_onnx_simplify(onnx_import *import) {
  static sf_result (*const patterns[])(const onnx_pattern *, sf_op *) = {
      sf_onnx_pattern_steps, sf_onnx_pattern_gelu, sf_onnx_pattern_swish,
      sf_onnx_pattern_layernorm, sf_onnx_pattern_mask};
  onnx_pattern p = {import->module, import->network};
  remove_unread(p.network);
  for (size_t i = 0; i < SF_COUNT_OF(patterns); i++) {
    SF_FOREACH_OP(op, p.network)
      SF_TRY(patterns[i](&p, op));
    remove_unread(p.network);
  }
  remove_unused(p.module);
  return SF_OK;
}
