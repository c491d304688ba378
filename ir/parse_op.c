/* parse_op.c - one op of a network. docs/ir.md 2, 4. */
#include "ir/parser.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "ir/nearest.h"

/* What was read of an op before it is made. */
typedef struct op_text {
  sf_token *results;
  uint32_t result_count;
  const sf_op_info *info;
  sf_mode mode;
  sf_neuron *neuron;
  sf_token *uses; /* VALUE or SYMBOL */
  uint32_t use_count;
} op_text;

static sf_result parse_results(sf_parser *parser, sf_network *network,
                               op_text *text) {
  do {
    sf_token token = parser->token;
    if (token.kind != SF_TOKEN_VALUE)
      return sf_parser_expected(parser, "%name");
    const char *name;
    SF_TRY(sf_parser_text(parser, parser->scratch, &token, &name));
    const sf_value *first = sf_network_find_value(network, sf_slice_of(name));
    if (first) return sf_parser_twice(parser, &token, '%', first->loc);
    sf_token *grown =
        SF_GROW(parser->scratch, sf_token, text->results, text->result_count);
    if (!grown) return SF_OOM;
    text->results = grown;
    grown[text->result_count++] = token;
    sf_parser_advance(parser);
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, '=', "',' or '='");
}

static sf_result find_op(sf_parser *parser, op_text *text) {
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_WORD) return sf_parser_expected(parser, "an op");
  text->info = sf_op_info_find(token.text);
  if (text->info) {
    sf_parser_advance(parser);
    return SF_OK;
  }
  sf_nearest nearest = sf_nearest_start(token.text);
  for (size_t i = 0; i < sf_op_info_count(); i++)
    sf_nearest_try(&nearest, sf_op_info_at(i)->mnemonic);
  (void)sf_parser_error(parser, SF_DIAG_NAME, &token, "unknown op '%.*s'",
                        token.text.size < 60 ? (int)token.text.size : 60,
                        token.text.data);
  if (nearest.best) sf_help(parser->diag, "did you mean '%s'?", nearest.best);
  return SF_FAIL;
}

static sf_result parse_use(sf_parser *parser, op_text *text) {
  bool use = parser->token.kind == SF_TOKEN_VALUE ||
             (parser->token.kind == SF_TOKEN_SYMBOL && !text->neuron);
  if (!use)
    return sf_parser_expected(parser, text->neuron ? "a %value"
                                                   : "a %value or a @blob");
  sf_token *grown =
      SF_GROW(parser->scratch, sf_token, text->uses, text->use_count);
  if (!grown) return SF_OOM;
  text->uses = grown;
  grown[text->use_count++] = parser->token;
  sf_parser_advance(parser);
  return SF_OK;
}

static sf_result parse_uses(sf_parser *parser, op_text *text) {
  do {
    SF_TRY(parse_use(parser, text));
  } while (sf_parser_accept(parser, ','));
  return SF_OK;
}

/* @f(%a, %b) */
static sf_result parse_call(sf_parser *parser, op_text *text) {
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_SYMBOL)
    return sf_parser_expected(parser, "a @neuron function");
  const char *name;
  SF_TRY(sf_parser_text(parser, parser->scratch, &token, &name));
  sf_slice slice = sf_slice_of(name);
  text->neuron = sf_module_find_neuron(parser->module, slice);
  if (!text->neuron)
    return sf_parser_unknown_symbol(
        parser, &token, "neuron function",
        sf_names_nearest(&parser->module->symbols->neurons, slice));
  sf_parser_advance(parser);
  SF_TRY(sf_parser_expect(parser, '(', "'('"));
  if (parser->token.kind != ')') SF_TRY(parse_uses(parser, text));
  return sf_parser_expect(parser, ')', "',' or ')'");
}

static sf_result remember_forward(sf_parser *parser, sf_op *op,
                                  const sf_token *token,
                                  sf_forward **forwards) {
  sf_forward *forward = SF_NEW(parser->scratch, sf_forward);
  if (!forward) return SF_OOM;
  *forward = (sf_forward){op, *token, *forwards};
  *forwards = forward;
  return SF_OK;
}

static sf_result set_operand(sf_parser *parser, sf_op *op, uint32_t index,
                             const sf_token *token, sf_forward **forwards) {
  const char *name;
  SF_TRY(sf_parser_text(parser, parser->scratch, token, &name));
  sf_slice slice = sf_slice_of(name);
  op->operands[index].loc = sf_token_loc(parser, token);
  if (token->kind == SF_TOKEN_SYMBOL) {
    sf_blob *blob = sf_module_find_blob(parser->module, slice);
    if (!blob)
      return sf_parser_unknown_symbol(
          parser, token, "blob",
          sf_names_nearest(&parser->module->symbols->blobs, slice));
    sf_op_set_operand_blob(op, index, blob);
    return SF_OK;
  }
  sf_value *value = sf_network_find_value(op->network, slice);
  if (!value && op->kind == SF_OP_DELAY)
    return remember_forward(parser, op, token, forwards);
  if (!value)
    return sf_parser_unknown_value(parser, token,
                                   sf_names_nearest(op->network->names, slice));
  sf_op_set_operand(op, index, value);
  return SF_OK;
}

static sf_result make_op(sf_parser *parser, sf_network *network,
                         const op_text *text, sf_op **out,
                         sf_forward **forwards) {
  if (parser->ops++ >= SF_OPS_MAX)
    return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &parser->token,
                           "a module has more than %d ops", SF_OPS_MAX);
  sf_op *op = sf_op_create(network, NULL, text->info->kind, text->use_count,
                           sf_token_loc(parser, &text->results[0]));
  if (!op) return SF_OOM;
  op->mode = text->mode;
  if (text->neuron) SF_TRY(sf_op_set_neuron(op, text->neuron));
  sf_result worst = SF_OK;
  for (uint32_t i = 0; i < text->use_count; i++) {
    sf_result result = set_operand(parser, op, i, &text->uses[i], forwards);
    if (result == SF_OOM) return SF_OOM;
    if (result != SF_OK) worst = result;
  }
  *out = op;
  return worst;
}

/* Number of operands as the table has it; `neurons` is checked by verify. */
static sf_result check_count(sf_parser *parser, const op_text *text,
                             const sf_token *at) {
  const sf_op_info *info = text->info;
  if (info->kind == SF_OP_NEURONS) return SF_OK;
  if (text->use_count >= info->min_operands &&
      text->use_count <= info->max_operands)
    return SF_OK;
  if (info->min_operands == info->max_operands)
    return sf_parser_error(parser, SF_DIAG_OPERANDS, at,
                           "'%s' takes %u operand%s, found %u", info->mnemonic,
                           info->min_operands,
                           info->min_operands == 1 ? "" : "s", text->use_count);
  return sf_parser_error(
      parser, SF_DIAG_OPERANDS, at, "'%s' takes %u to %u operands, found %u",
      info->mnemonic, info->min_operands, info->max_operands, text->use_count);
}

static sf_result add_result(sf_parser *parser, sf_op *op, const sf_token *token,
                            const sf_type *type) {
  const char *name;
  SF_TRY(sf_parser_text(parser, parser->scratch, token, &name));
  const sf_value *first = sf_network_find_value(op->network, sf_slice_of(name));
  if (first) return sf_parser_twice(parser, token, '%', first->loc);
  sf_value *value = sf_op_add_result(op, name, type);
  if (!value) return SF_OOM;
  value->loc = sf_token_loc(parser, token);
  return SF_OK;
}

static sf_result parse_result_types(sf_parser *parser, const op_text *text,
                                    sf_op *op) {
  SF_TRY(sf_parser_expect(parser, ':', "':' and the result's type"));
  sf_token start = parser->token;
  bool many = sf_parser_accept(parser, '(');
  uint32_t found = 0;
  do {
    sf_type type;
    SF_TRY(sf_parser_type(parser, &type));
    if (found < text->result_count)
      SF_TRY(add_result(parser, op, &text->results[found], &type));
    found++;
  } while (many && sf_parser_accept(parser, ','));
  if (many) SF_TRY(sf_parser_expect(parser, ')', "',' or ')'"));
  if (found == text->result_count) return SF_OK;
  return sf_parser_error(parser, SF_DIAG_OPERANDS, &start,
                         "%u results are named, %u types are given",
                         text->result_count, found);
}

static sf_result parse_right_side(sf_parser *parser, sf_network *network,
                                  op_text *text, sf_forward **forwards) {
  sf_token start = parser->token;
  SF_TRY(find_op(parser, text));
  const sf_op_info *info = text->info;
  SF_TRY(sf_parse_mode(parser, info->mnemonic,
                       (info->traits & SF_TRAIT_MODE) != 0, &text->mode));
  if (info->kind == SF_OP_NEURONS)
    SF_TRY(parse_call(parser, text));
  else
    SF_TRY(parse_uses(parser, text));
  SF_TRY(check_count(parser, text, &start));
  sf_op *op = NULL;
  sf_result made = make_op(parser, network, text, &op, forwards);
  if (!op) return made;
  SF_TRY(sf_parse_op_attrs(parser, op));
  SF_TRY(parse_result_types(parser, text, op));
  SF_TRY(sf_parse_loc(parser, &op->loc));
  return made;
}

/* Names the results of an op that could not be read, so that its users do not
 * become mistakes too. The module is thrown away anyway. */
static sf_result name_lost_results(sf_parser *parser, sf_network *network,
                                   const op_text *text) {
  sf_op *op = NULL;
  sf_type type = sf_type_make(sf_int(SF_INT_BITS_MAX), 0, NULL);
  for (uint32_t i = 0; i < text->result_count; i++) {
    const char *name;
    SF_TRY(sf_parser_text(parser, parser->scratch, &text->results[i], &name));
    if (sf_network_find_value(network, sf_slice_of(name))) continue;
    if (!op)
      op = sf_op_create(network, NULL, SF_OP_RESHAPE, 0,
                        sf_token_loc(parser, &text->results[i]));
    if (!op) return SF_OOM;
    SF_TRY(add_result(parser, op, &text->results[i], &type));
  }
  return SF_FAIL;
}

sf_result sf_parse_op(sf_parser *parser, sf_network *network,
                      sf_forward **forwards) {
  op_text text = {0};
  sf_result result = parse_results(parser, network, &text);
  if (result == SF_OK)
    result = parse_right_side(parser, network, &text, forwards);
  if (result != SF_FAIL) return result;
  return name_lost_results(parser, network, &text);
}
