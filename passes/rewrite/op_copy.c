/* op_copy.c - one op once more, for passes that duplicate projections. */
#include "passes/rewrite/op_copy.h"

static sf_result copy_attr(sf_op *to, const sf_attr *attr) {
  switch (attr->kind) {
  case SF_KIND_NUMBER:
    return sf_op_set_number(to, attr->id, attr->f);
  case SF_KIND_INTS:
    return sf_op_set_ints(to, attr->id, attr->count, attr->ints);
  case SF_KIND_BLOB:
    return sf_op_set_blob(to, attr->id, attr->blob);
  case SF_KIND_TEXT:
    return sf_op_set_text(to, attr->id, attr->text);
  default:
    return sf_op_set_int(to, attr->id, attr->i);
  }
}

sf_op *sf_op_copy_without_streams(sf_op *op, uint32_t operands) {
  return sf_op_copy_into(op->network, op->next, op, operands);
}

sf_op *sf_op_copy_into(sf_network *network, sf_op *before, const sf_op *op,
                       uint32_t operands) {
  sf_op *copy = sf_op_create(network, before, op->kind, operands, op->loc);
  if (!copy) return NULL;
  copy->mode = op->mode;
  copy->order = UINT32_MAX;
  for (uint32_t i = 0; i < op->attr_count; i++)
    if (copy_attr(copy, &op->attrs[i]) != SF_OK) return NULL;
  for (uint32_t i = 0; i < operands; i++) {
    sf_blob *blob = sf_op_operand_blob(op, i);
    if (blob) sf_op_set_operand_blob(copy, i, blob);
  }
  return copy;
}
