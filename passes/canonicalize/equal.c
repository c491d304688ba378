/* equal.c - ops that compute what an earlier op computes. */
#include "passes/canonicalize/canonicalize.h"

#include <string.h>

enum { READERS_MAX = 64 }; /* of the first operand that are compared */

static bool same_float(float a, float b) {
  return sf_number_equal(sf_number_float(a), sf_number_float(b));
}

static bool same_attr(const sf_attr *a, const sf_attr *b) {
  if (a->id != b->id || a->kind != b->kind || a->count != b->count ||
      a->i != b->i || a->blob != b->blob || !same_float(a->f, b->f)) {
    return false;
  }
  for (uint32_t i = 0; a->kind == SF_KIND_INTS && i < a->count; i++)
    if (a->ints[i] != b->ints[i]) return false;
  return !a->text || !b->text ? a->text == b->text
                              : strcmp(a->text, b->text) == 0;
}

static bool same_op(const sf_op *a, const sf_op *b) {
  if (a->kind != b->kind || a->mode != b->mode ||
      a->operand_count != b->operand_count || a->attr_count != b->attr_count ||
      !sf_type_equal(&a->results[0]->type, &b->results[0]->type)) {
    return false;
  }
  for (uint32_t i = 0; i < a->operand_count; i++) {
    if (sf_op_operand(a, i) != sf_op_operand(b, i) ||
        sf_op_operand_blob(a, i) != sf_op_operand_blob(b, i)) {
      return false;
    }
  }
  for (uint32_t i = 0; i < a->attr_count; i++)
    if (!same_attr(&a->attrs[i], &b->attrs[i])) return false;
  return true;
}

sf_op *sf_find_equal_op(const sf_op *op) {
  const sf_value *first = sf_op_operand(op, 0);
  if (!first || op->kind == SF_OP_NEURONS) return NULL;
  unsigned compared = 0;
  SF_FOREACH_USE(use, first) {
    if (++compared > READERS_MAX) return NULL;
    if (use->op && use->op != op && use->op->order < op->order &&
        use->op->result_count == 1 && same_op(use->op, op)) {
      return use->op;
    }
  }
  return NULL;
}
