/* print_network.c - networks as text. */
#include "ir/printer.h"

#include "ir/network_private.h"
#include "support/number.h"

#include <math.h>
#include <string.h>

static void separate(sf_buffer *out, bool *first) {
  sf_buffer_text(out, *first ? " {" : ", ");
  *first = false;
}

static void print_attr(sf_buffer *out, const sf_op *op, const sf_attr *attr) {
  const sf_attr_info *info = sf_attr_info_of(op->kind, attr->id);
  sf_buffer_printf(out, "%s = ", info ? info->name : "?");
  switch (attr->kind) {
  case SF_KIND_INT:
    sf_buffer_printf(out, "%lld", (long long)attr->i);
    return;
  case SF_KIND_NUMBER:
    sf_print_f32(out, attr->f);
    return;
  case SF_KIND_BLOB:
    sf_print_name(out, '@', attr->blob->name);
    return;
  case SF_KIND_TEXT:
    sf_print_key(out, attr->text);
    return;
  case SF_KIND_INTS:
    break;
  default:
    sf_buffer_text(out, sf_attr_word(attr->kind, attr->i));
    return;
  }
  if (attr->count != 1) sf_buffer_char(out, '[');
  for (uint32_t i = 0; i < attr->count; i++)
    sf_buffer_printf(out, i ? ", %lld" : "%lld", (long long)attr->ints[i]);
  if (attr->count != 1) sf_buffer_char(out, ']');
}

/* Written as a number that the default says already. */
static bool is_default(const sf_argument *argument, const sf_param *param) {
  if (argument->kind == SF_ARGUMENT_DEFAULT) return true;
  if (argument->kind != SF_ARGUMENT_NUMBER || !param->has_default) return false;
  const sf_number *a = &argument->number, *b = &param->initial;
  if (a->is_float != b->is_float) return false;
  return a->is_float ? memcmp(&a->f, &b->f, sizeof a->f) == 0 : a->i == b->i;
}

static void print_arguments(sf_buffer *out, const sf_op *op, bool *first) {
  for (uint32_t i = 0; op->neuron && i < op->neuron->param_count; i++) {
    const sf_param *param = &op->neuron->params[i];
    const sf_argument *argument = &op->arguments[i];
    if (is_default(argument, param)) continue;
    separate(out, first);
    sf_print_key(out, param->value->name);
    sf_buffer_text(out, " = ");
    if (argument->kind == SF_ARGUMENT_BLOB)
      sf_print_name(out, '@', argument->blob->name);
    else
      sf_print_number(out, argument->number);
  }
}

/* [1, 1] where the default is 1; the verifier knows that the length is right.
 */
static bool lists_default(const sf_op *op, const sf_attr *attr) {
  sf_attr standard;
  if (attr->kind != SF_KIND_INTS ||
      !sf_attr_default(sf_attr_info_of(op->kind, attr->id), &standard))
    return false;
  for (uint32_t i = 0; i < attr->count; i++)
    if (attr->ints[i] != standard.i) return false;
  return true;
}

static void print_attrs(sf_buffer *out, const sf_op *op) {
  bool first = true;
  print_arguments(out, op, &first);
  for (uint32_t i = 0; i < op->attr_count; i++) {
    if (lists_default(op, &op->attrs[i])) continue;
    separate(out, &first);
    print_attr(out, op, &op->attrs[i]);
  }
  if (!first) sf_buffer_char(out, '}');
}

static void print_uses(sf_buffer *out, const sf_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_use *use = &op->operands[i];
    if (i) sf_buffer_text(out, ", ");
    if (use->value)
      sf_print_name(out, '%', use->value->name);
    else
      sf_print_name(out, '@', use->blob ? use->blob->name : "missing");
  }
}

static void print_operands(sf_buffer *out, const sf_op *op) {
  sf_buffer_char(out, ' ');
  if (op->kind == SF_OP_NEURONS) {
    sf_print_name(out, '@', op->neuron ? op->neuron->name : "missing");
    sf_buffer_char(out, '(');
    print_uses(out, op);
    sf_buffer_char(out, ')');
  } else {
    print_uses(out, op);
  }
}

static void print_types(sf_buffer *out, const sf_op *op) {
  sf_buffer_text(out, op->result_count == 1 ? " : " : " : (");
  for (uint32_t i = 0; i < op->result_count; i++) {
    if (i) sf_buffer_text(out, ", ");
    sf_print_type(out, &op->results[i]->type);
  }
  if (op->result_count != 1) sf_buffer_char(out, ')');
}

static void print_op(const sf_printer *printer, const sf_op *op) {
  sf_buffer *out = printer->out;
  const sf_op_info *info = sf_op_info_get(op->kind);
  sf_buffer_text(out, "    ");
  for (uint32_t i = 0; i < op->result_count; i++) {
    if (i) sf_buffer_text(out, ", ");
    sf_print_name(out, '%', op->results[i]->name);
  }
  sf_buffer_printf(out, " = %s", info ? info->mnemonic : "?");
  if (op->mode != SF_MODE_NONE)
    sf_buffer_printf(out, ".%s", sf_mode_text(op->mode));
  print_operands(out, op);
  print_attrs(out, op);
  print_types(out, op);
  sf_print_loc(printer, op->loc);
  sf_buffer_char(out, '\n');
}

static void print_network_attrs(sf_buffer *out, const sf_network *network) {
  bool first = true;
  if (network->steps >= 0) {
    separate(out, &first);
    sf_buffer_printf(out, "steps = %lld", (long long)network->steps);
  }
  if (!isnan(network->dt)) {
    char text[SF_NUMBER_TEXT_MAX];
    sf_text_f64(network->dt, text);
    separate(out, &first);
    sf_buffer_printf(out, "dt = %s", text);
  }
  if (network->lag != 0) {
    separate(out, &first);
    sf_buffer_printf(out, "lag = %lld", (long long)network->lag);
  }
  if (network->period >= 0) {
    separate(out, &first);
    sf_buffer_printf(out, "period = %lld", (long long)network->period);
  }
  if (!first) sf_buffer_char(out, '}');
}

static void print_signature(sf_buffer *out, const sf_network *network) {
  sf_buffer_text(out, "  network ");
  sf_print_name(out, '@', network->name);
  sf_buffer_char(out, '(');
  for (uint32_t i = 0; i < network->argument_count; i++) {
    if (i) sf_buffer_text(out, ", ");
    sf_print_name(out, '%', network->arguments[i]->name);
    sf_buffer_text(out, ": ");
    sf_print_type(out, &network->arguments[i]->type);
  }
  sf_buffer_text(out, ") -> (");
  for (uint32_t i = 0; i < network->return_count; i++) {
    if (i) sf_buffer_text(out, ", ");
    sf_print_type(out, &network->return_types[i]);
  }
  sf_buffer_char(out, ')');
  print_network_attrs(out, network);
}

void sf_print_network(const sf_printer *printer, const sf_network *network) {
  sf_buffer *out = printer->out;
  print_signature(out, network);
  sf_buffer_text(out, " {\n");
  SF_FOREACH_OP(op, network)
    print_op(printer, op);
  sf_buffer_text(out, "    return");
  for (uint32_t i = 0; i < network->return_count; i++) {
    sf_buffer_text(out, i ? ", " : " ");
    sf_print_name(out, '%', network->returns[i].value->name);
  }
  sf_buffer_text(out, "\n  }\n");
}
