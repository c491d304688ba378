/* verify_network.c - networks: scoping, counts and sorts of operands, required
 * attributes; then the rule of each op. */
#include "ir/verifier.h"

#include "ir/names.h"

static const sf_op_rule rules[] = {
    [SF_OP_LINEAR] = sf_verify_linear,
    [SF_OP_CONV] = sf_verify_conv,
    [SF_OP_CONVT] = sf_verify_conv,
    [SF_OP_SPARSE] = sf_verify_sparse,
    [SF_OP_POOL] = sf_verify_pool,
    [SF_OP_MATMUL] = sf_verify_matmul,
    [SF_OP_ADD] = sf_verify_elementwise,
    [SF_OP_SUB] = sf_verify_elementwise,
    [SF_OP_MUL] = sf_verify_elementwise,
    [SF_OP_MIN] = sf_verify_elementwise,
    [SF_OP_MAX] = sf_verify_elementwise,
    [SF_OP_REDUCE] = sf_verify_reduce,
    [SF_OP_CONCAT] = sf_verify_concat,
    [SF_OP_SLICE] = sf_verify_slice,
    [SF_OP_RESHAPE] = sf_verify_reshape,
    [SF_OP_TRANSPOSE] = sf_verify_transpose,
    [SF_OP_CONVERT] = sf_verify_convert,
    [SF_OP_DELAY] = sf_verify_delay,
    [SF_OP_NEURONS] = sf_verify_neurons,
    [SF_OP_SOFTMAX] = sf_verify_axis_op,
    [SF_OP_LRN] = sf_verify_axis_op,
    [SF_OP_LAYERNORM] = sf_verify_norm,
    [SF_OP_RMSNORM] = sf_verify_norm,
    [SF_OP_GROUPNORM] = sf_verify_norm,
    [SF_OP_INSTANCENORM] = sf_verify_norm,
    [SF_OP_BATCHNORM] = sf_verify_norm,
    [SF_OP_QUANTIZE] = sf_verify_quantize,
    [SF_OP_DEQUANTIZE] = sf_verify_quantize,
    [SF_OP_ARGMAX] = sf_verify_argmax,
};

static sf_op_rule rule_of(sf_op_kind kind) {
  sf_op_rule rule = (size_t)kind < SF_COUNT_OF(rules) ? rules[kind] : NULL;
  return rule ? rule : sf_verify_analog;
}

static bool legal_type(const sf_type *type) {
  if (type->scalar.kind == SF_SCALAR_INT &&
      (type->scalar.bits < SF_INT_BITS_MIN ||
       type->scalar.bits > SF_INT_BITS_MAX))
    return false;
  if (type->rank > SF_RANK_MAX) return false;
  for (unsigned i = 0; i < type->rank; i++)
    if (type->dim[i] < 1) return false;
  return sf_type_elements(type) <= INT32_MAX;
}

/* What each operand may be. Constants stand where the hardware keeps them. */
typedef enum operand_sort { STREAM, BLOB, EITHER } operand_sort;

static operand_sort sort_of(const sf_op_info *info, uint32_t index) {
  switch (info->kind) {
  case SF_OP_LINEAR:
  case SF_OP_CONV:
  case SF_OP_CONVT:
  case SF_OP_SPARSE:
  case SF_OP_LAYERNORM:
  case SF_OP_RMSNORM:
  case SF_OP_GROUPNORM:
  case SF_OP_INSTANCENORM:
  case SF_OP_BATCHNORM:
  case SF_OP_QUANTIZE:
  case SF_OP_DEQUANTIZE:
    return index == 0 ? STREAM : BLOB;
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
  case SF_OP_DIV:
  case SF_OP_PRELU:
  case SF_OP_POW:
    return index == 0 ? STREAM : EITHER;
  case SF_OP_RESHAPE: /* a blob: the same in every step */
    return EITHER;
  default:
    return STREAM;
  }
}

static bool check_operand(sf_verifier *v, const sf_op *op,
                          const sf_op_info *info, uint32_t index) {
  const sf_use *use = &op->operands[index];
  if (!use->value && !use->blob)
    return sf_wrong(v, SF_DIAG_OPERANDS, use->loc,
                    "operand %u of '%s' is missing", index + 1, info->mnemonic);
  operand_sort sort = sort_of(info, index);
  if (sort == STREAM && !use->value)
    return sf_wrong(v, SF_DIAG_OPERANDS, use->loc,
                    "operand %u of '%s' must be a stream, '@%s' is a blob",
                    index + 1, info->mnemonic, use->blob->name);
  if (sort == BLOB && !use->blob)
    return sf_wrong(v, SF_DIAG_OPERANDS, use->loc,
                    "operand %u of '%s' must be a blob, '%%%s' is a stream",
                    index + 1, info->mnemonic, use->value->name);
  return true;
}

static bool check_operands(sf_verifier *v, const sf_op *op,
                           const sf_op_info *info) {
  if (op->operand_count < info->min_operands ||
      op->operand_count > info->max_operands)
    return sf_wrong(v, SF_DIAG_OPERANDS, op->loc,
                    "'%s' takes %u to %u operands, found %u", info->mnemonic,
                    info->min_operands, info->max_operands, op->operand_count);
  bool fine = true;
  for (uint32_t i = 0; i < op->operand_count; i++)
    fine &= check_operand(v, op, info, i);
  return fine;
}

static bool check_results(sf_verifier *v, const sf_op *op,
                          const sf_op_info *info) {
  if (info->results && op->result_count != info->results)
    return sf_wrong(v, SF_DIAG_OPERANDS, op->loc, "'%s' has 1 result, found %u",
                    info->mnemonic, op->result_count);
  for (uint32_t i = 0; i < op->result_count; i++)
    if (!legal_type(&op->results[i]->type))
      return sf_wrong(v, SF_DIAG_TYPE, op->loc, "'%%%s' has no legal type",
                      op->results[i]->name);
  return true;
}

static bool check_attrs(sf_verifier *v, const sf_op *op,
                        const sf_op_info *info) {
  bool fine = true;
  for (uint32_t i = 0; i < info->attr_count; i++) {
    const sf_attr_info *attr = &info->attrs[i];
    if (attr->default_text || sf_op_has_attr(op, attr->id)) continue;
    fine = sf_wrong(v, SF_DIAG_ATTR, op->loc, "'%s' needs the attribute '%s'",
                    info->mnemonic, attr->name);
    sf_help(v->diag, "%s: %s", attr->name, attr->doc);
  }
  if (op->mode != SF_MODE_NONE && !(info->traits & SF_TRAIT_MODE))
    fine = sf_wrong(v, SF_DIAG_ATTR, op->loc, "'%s' takes no overflow mode",
                    info->mnemonic);
  return fine;
}

/* Most analog ops are f32 only; the table says which. */
static bool check_float(sf_verifier *v, const sf_op *op,
                        const sf_op_info *info) {
  if (!(info->traits & SF_TRAIT_FLOAT)) return true;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    if (sf_is_float(sf_operand_type(op, i))) continue;
    char have[160];
    sf_type_text(sf_operand_type(op, i), have, sizeof have);
    return sf_wrong(v, SF_DIAG_TYPE, op->operands[i].loc,
                    "'%s' takes f32, operand %u is %s", info->mnemonic, i + 1,
                    have);
  }
  return true;
}

static void verify_op(sf_verifier *v, const sf_op *op) {
  const sf_op_info *info = sf_op_info_get(op->kind);
  if (!info) {
    sf_wrong(v, SF_DIAG_OPERANDS, op->loc, "an op of unknown kind %d",
             (int)op->kind);
    return;
  }
  bool fine = check_operands(v, op, info);
  fine &= check_results(v, op, info);
  fine &= check_attrs(v, op, info);
  if (fine && check_float(v, op, info)) rule_of(op->kind)(v, op);
}

/* Every operand comes from above, except those of `delay`. */
static bool check_scope(sf_verifier *v, const sf_network *network,
                        const sf_op *op) {
  bool fine = true;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *value = op->operands[i].value;
    if (!value) continue;
    if (value->network != network)
      fine = sf_wrong(v, SF_DIAG_SCOPE, op->operands[i].loc,
                      "'%%%s' belongs to another network", value->name);
    else if (op->kind != SF_OP_DELAY && value->op &&
             value->op->order >= op->order)
      fine = sf_wrong(v, SF_DIAG_SCOPE, op->operands[i].loc,
                      "'%%%s' is used before it is defined", value->name);
  }
  return fine;
}

static void check_returns(sf_verifier *v, const sf_network *network) {
  for (uint32_t i = 0; i < network->return_count; i++) {
    const sf_value *value = network->returns[i].value;
    if (!value || value->network != network) {
      sf_wrong(v, SF_DIAG_SCOPE, network->loc,
               "return value %u of '@%s' is missing", i + 1, network->name);
      continue;
    }
    if (sf_type_equal(&value->type, &network->return_types[i])) continue;
    char want[160], have[160];
    sf_type_text(&network->return_types[i], want, sizeof want);
    sf_type_text(&value->type, have, sizeof have);
    sf_wrong(v, SF_DIAG_TYPE, network->returns[i].loc,
             "result %u of '@%s' is %s, '%%%s' is %s", i + 1, network->name,
             want, value->name, have);
  }
}

static void check_attributes(sf_verifier *v, const sf_network *network) {
  if (network->steps != -1 && network->steps < 1)
    sf_wrong(v, SF_DIAG_ATTR, network->loc, "'steps' must be at least 1");
  if (network->lag < 0)
    sf_wrong(v, SF_DIAG_ATTR, network->loc, "'lag' must be at least 0");
  if (network->period != -1 && network->period < 1)
    sf_wrong(v, SF_DIAG_ATTR, network->loc, "'period' must be at least 1");
}

void sf_verify_network(sf_verifier *v, sf_network *network) {
  sf_network_number(network);
  check_attributes(v, network);
  for (uint32_t i = 0; i < network->argument_count; i++)
    if (!legal_type(&network->arguments[i]->type))
      sf_wrong(v, SF_DIAG_TYPE, network->loc, "'%%%s' has no legal type",
               network->arguments[i]->name);
  SF_FOREACH_OP(op, network) {
    if (check_scope(v, network, op)) verify_op(v, op);
  }
  check_returns(v, network);
}
