/* verify_population.c - the neurons op: streams, results and arguments agree
 * with the neuron function. */
#include "ir/verifier.h"

static bool check_inputs(sf_verifier *v, const sf_op *op) {
  const sf_neuron *neuron = op->neuron;
  if (op->operand_count != neuron->input_count)
    return sf_wrong(v, SF_DIAG_OPERANDS, op->loc,
                    "'@%s' takes %u streams, found %u", neuron->name,
                    neuron->input_count, op->operand_count);
  const sf_type *first = sf_operand_type(op, 0);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    sf_type expected = *first;
    expected.scalar = neuron->inputs[i]->type;
    const sf_type *found = sf_operand_type(op, i);
    if (sf_type_equal(found, &expected)) continue;
    char want[160], have[160];
    sf_type_text(&expected, want, sizeof want);
    sf_type_text(found, have, sizeof have);
    (void)sf_wrong(v, SF_DIAG_TYPE, op->operands[i].loc,
                   "'%%%s' of '@%s' must be %s, found %s",
                   neuron->inputs[i]->name, neuron->name, want, have);
    if (found->scalar.kind != SF_SCALAR_F32 &&
        expected.scalar.kind == SF_SCALAR_INT)
      sf_help(v->diag, "`convert` changes the width");
    return false;
  }
  return true;
}

static bool check_results(sf_verifier *v, const sf_op *op) {
  const sf_neuron *neuron = op->neuron;
  if (op->result_count != neuron->emit_count)
    return sf_wrong(v, SF_DIAG_OPERANDS, op->loc,
                    "'@%s' has %u results, found %u", neuron->name,
                    neuron->emit_count, op->result_count);
  for (uint32_t i = 0; i < op->result_count; i++) {
    sf_type expected = *sf_operand_type(op, 0);
    expected.scalar = neuron->emit_types[i];
    if (sf_type_equal(&op->results[i]->type, &expected)) continue;
    char want[160], have[160];
    sf_type_text(&expected, want, sizeof want);
    sf_type_text(&op->results[i]->type, have, sizeof have);
    return sf_wrong(v, SF_DIAG_TYPE, op->loc,
                    "the result '%%%s' of '@%s' must be %s, found %s",
                    op->results[i]->name, neuron->name, want, have);
  }
  return true;
}

static bool in_range(const sf_param *param, sf_word word) {
  if (!param->has_range) return true;
  if (param->value->type.kind == SF_SCALAR_F32)
    return word.f >= param->low.f && word.f <= param->high.f;
  return word.i >= param->low.i && word.i <= param->high.i;
}

static bool out_of_range(sf_verifier *v, const sf_op *op, const sf_param *param,
                         sf_loc loc) {
  const char *name = param->value->name;
  if (param->value->type.kind == SF_SCALAR_F32)
    return sf_wrong(
        v, SF_DIAG_ATTR, loc, "param '%s' of '@%s' must be in [%.9g, %.9g]",
        name, op->neuron->name, (double)param->low.f, (double)param->high.f);
  return sf_wrong(
      v, SF_DIAG_ATTR, loc, "param '%s' of '@%s' must be in [%lld, %lld]", name,
      op->neuron->name, (long long)param->low.i, (long long)param->high.i);
}

static bool check_number(sf_verifier *v, const sf_op *op, const sf_param *param,
                         const sf_argument *argument, sf_loc loc) {
  sf_scalar type = param->value->type;
  const sf_number *number = &argument->number;
  bool fits = type.kind == SF_SCALAR_F32
                  ? number->is_float
                  : !number->is_float && number->i >= sf_scalar_min(type) &&
                        number->i <= sf_scalar_max(type);
  char text[8];
  sf_scalar_text(type, text, sizeof text);
  if (!fits)
    return sf_wrong(v, SF_DIAG_ATTR, loc,
                    "param '%s' of '@%s' must be a number of type %s",
                    param->value->name, op->neuron->name, text);
  sf_word word;
  if (type.kind == SF_SCALAR_F32)
    word.f = number->f;
  else
    word.i = (int32_t)number->i;
  return in_range(param, word) || out_of_range(v, op, param, loc);
}

/* The stream's rank, extents equal or 1; a type inside the param's. */
static bool check_blob(sf_verifier *v, const sf_op *op, const sf_param *param,
                       const sf_blob *blob, sf_loc loc) {
  const sf_type *stream = sf_operand_type(op, 0);
  sf_scalar type = param->value->type;
  bool fits = type.kind == blob->type.scalar.kind &&
              blob->type.scalar.bits <= type.bits &&
              blob->type.rank == stream->rank;
  for (unsigned i = 0; fits && i < stream->rank; i++)
    fits = blob->type.dim[i] == 1 || blob->type.dim[i] == stream->dim[i];
  if (!fits) {
    sf_type expected = *stream;
    expected.scalar = type;
    char want[160], have[160];
    sf_type_text(&expected, want, sizeof want);
    sf_type_text(&blob->type, have, sizeof have);
    return sf_wrong(v, SF_DIAG_TYPE, loc,
                    "param '%s' of '@%s' must be %s, any extent may be 1; "
                    "'@%s' is %s",
                    param->value->name, op->neuron->name, want, blob->name,
                    have);
  }
  if (!param->has_range || !sf_blob_at_hand(blob)) return true;
  size_t count = blob->source == SF_SOURCE_SPLAT ? 1 : sf_blob_elements(blob);
  for (size_t i = 0; i < count; i++)
    if (!in_range(param, sf_blob_word(blob, i)))
      return out_of_range(v, op, param, loc);
  return true;
}

static bool check_argument(sf_verifier *v, const sf_op *op, uint32_t index) {
  const sf_param *param = &op->neuron->params[index];
  const sf_argument *argument = &op->arguments[index];
  sf_loc loc = argument->loc.line ? argument->loc : op->loc;
  switch (argument->kind) {
  case SF_ARGUMENT_NUMBER:
    return check_number(v, op, param, argument, loc);
  case SF_ARGUMENT_BLOB:
    return check_blob(v, op, param, argument->blob, loc);
  default:
    break;
  }
  if (param->has_default) return true;
  return sf_wrong(v, SF_DIAG_ATTR, loc, "'@%s' needs the param '%s'",
                  op->neuron->name, param->value->name);
}

bool sf_verify_neurons(sf_verifier *v, const sf_op *op) {
  if (!op->neuron)
    return sf_wrong(v, SF_DIAG_OPERANDS, op->loc,
                    "'neurons' names no neuron function");
  if (op->neuron->module != v->module)
    return sf_wrong(v, SF_DIAG_OPERANDS, op->loc,
                    "'@%s' belongs to another module", op->neuron->name);
  if (!check_inputs(v, op) || !check_results(v, op)) return false;
  bool fine = sf_expect_int(v, op, SF_ATTR_start, 0, INT32_MAX) &&
              sf_expect_int(v, op, SF_ATTR_seed, 0, UINT32_MAX);
  for (uint32_t i = 0; i < op->neuron->param_count; i++)
    fine &= check_argument(v, op, i);
  return fine;
}
