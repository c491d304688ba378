/* parse_op_attr.c - attributes of ops, by the rows of ops.def, and the params
 * of neuron functions, which stand in the same braces. */
#include "ir/parser.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "ir/nearest.h"
#include "ir/network_private.h"

#include <stdio.h>
#include <string.h>

sf_result sf_parse_blob_symbol(sf_parser *parser, sf_blob **out) {
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_SYMBOL)
    return sf_parser_expected(parser, "a @blob");
  const char *name;
  SF_TRY(sf_parser_text(parser, parser->scratch, &token, &name));
  sf_slice slice = sf_slice_of(name);
  *out = sf_module_find_blob(parser->module, slice);
  if (!*out)
    return sf_parser_unknown_symbol(
        parser, &token, "blob",
        sf_names_nearest(&parser->module->symbols->blobs, slice));
  sf_parser_advance(parser);
  return SF_OK;
}

sf_result sf_parse_word_of(sf_parser *parser, sf_attr_kind kind,
                           const char *name, int64_t *out) {
  const sf_token *token = &parser->token;
  *out =
      token->kind == SF_TOKEN_WORD ? sf_attr_word_value(kind, token->text) : -1;
  if (*out >= 0) {
    sf_parser_advance(parser);
    return SF_OK;
  }
  char words[128] = "";
  size_t length = 0;
  for (int64_t i = 0; sf_attr_word(kind, i); i++)
    length += (size_t)snprintf(words + length, sizeof words - length, "%s%s",
                               i ? ", " : "", sf_attr_word(kind, i));
  return sf_parser_error(parser, SF_DIAG_ATTR, token,
                         "'%s' must be one of %s; got '%.*s'", name, words,
                         token->text.size < 60 ? (int)token->text.size : 60,
                         token->text.data);
}

/* A list of integers, or one for all. */
static sf_result parse_ints(sf_parser *parser, sf_op *op, sf_attr_id id) {
  int64_t *values = NULL;
  uint32_t count = 0;
  bool list = sf_parser_accept(parser, '[');
  do {
    if (count == SF_PARSE_LIST_MAX)
      return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &parser->token,
                             "a list has more than %d entries", count);
    values = SF_GROW(parser->scratch, int64_t, values, count);
    if (!values) return SF_OOM;
    SF_TRY(sf_parser_int(parser, INT32_MIN, INT32_MAX, "an integer",
                         &values[count]));
    count++;
  } while (list && sf_parser_accept(parser, ','));
  if (list) SF_TRY(sf_parser_expect(parser, ']', "',' or ']'"));
  return sf_op_set_ints(op, id, count, values);
}

static sf_result parse_value(sf_parser *parser, sf_op *op,
                             const sf_attr_info *info) {
  int64_t value = 0;
  sf_number number = {0};
  sf_blob *blob = NULL;
  const char *text = NULL;
  switch (info->kind) {
  case SF_KIND_INT:
    SF_TRY(sf_parser_int(parser, INT64_MIN, INT64_MAX, "an integer", &value));
    return sf_op_set_int(op, info->id, value);
  case SF_KIND_NUMBER:
    SF_TRY(sf_parser_number_of(parser, sf_f32(), &number));
    return sf_op_set_number(op, info->id, number.f);
  case SF_KIND_INTS:
    return parse_ints(parser, op, info->id);
  case SF_KIND_BLOB:
    SF_TRY(sf_parse_blob_symbol(parser, &blob));
    return sf_op_set_blob(op, info->id, blob);
  case SF_KIND_TEXT:
    SF_TRY(sf_parser_take_text(parser, SF_TOKEN_WORD, "a word", &text));
    return sf_op_set_text(op, info->id, text);
  default:
    SF_TRY(sf_parse_word_of(parser, info->kind, info->name, &value));
    return sf_op_set_int(op, info->id, value);
  }
}

/* A number or blob for a param of the neuron function. */
static sf_result parse_argument(sf_parser *parser, sf_op *op,
                                const sf_param *param, sf_loc loc) {
  sf_argument *argument = &op->arguments[param - op->neuron->params];
  if (parser->token.kind == SF_TOKEN_SYMBOL) {
    sf_blob *blob;
    SF_TRY(sf_parse_blob_symbol(parser, &blob));
    sf_argument_set_blob(argument, blob);
  } else {
    sf_number number;
    SF_TRY(sf_parser_number_of(parser, param->value->type, &number));
    sf_argument_set_number(argument, number);
  }
  argument->loc = loc;
  return SF_OK;
}

static sf_result unknown_attr(sf_parser *parser, const sf_op *op,
                              const sf_token *token, sf_slice name) {
  const sf_op_info *info = sf_op_info_get(op->kind);
  sf_nearest nearest = sf_nearest_start(name);
  for (uint32_t i = 0; i < info->attr_count; i++)
    sf_nearest_try(&nearest, info->attrs[i].name);
  for (uint32_t i = 0; op->neuron && i < op->neuron->param_count; i++)
    sf_nearest_try(&nearest, op->neuron->params[i].value->name);
  (void)sf_parser_error(parser, SF_DIAG_ATTR, token,
                        "'%s%s' has no attribute '%s'", op->neuron ? "@" : "",
                        op->neuron ? op->neuron->name : info->mnemonic,
                        name.data);
  if (nearest.best) sf_help(parser->diag, "did you mean '%s'?", nearest.best);
  return SF_FAIL;
}

/* true: the attribute or argument was given before. `seen` has a place for each
 * row of the table, then for each param. */
static bool mark_seen(bool *seen, size_t index) {
  bool before = seen[index];
  seen[index] = true;
  return before;
}

static sf_result parse_entry(sf_parser *parser, sf_op *op, bool *seen) {
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_WORD && token.kind != SF_TOKEN_STRING)
    return sf_parser_expected(parser, "an attribute's name");
  const char *name;
  SF_TRY(sf_parser_text(parser, parser->scratch, &token, &name));
  sf_parser_advance(parser);
  const sf_op_info *info = sf_op_info_get(op->kind);
  const sf_attr_info *row = NULL;
  for (uint32_t i = 0; i < info->attr_count; i++)
    if (strcmp(info->attrs[i].name, name) == 0) row = &info->attrs[i];
  const sf_param *param =
      !row && op->neuron ? sf_neuron_find_param(op->neuron, sf_slice_of(name))
                         : NULL;
  if (!row && !param)
    return unknown_attr(parser, op, &token, sf_slice_of(name));
  size_t index = row ? (size_t)(row - info->attrs)
                     : info->attr_count + (size_t)(param - op->neuron->params);
  if (mark_seen(seen, index))
    return sf_parser_error(parser, SF_DIAG_ATTR, &token,
                           "attribute '%s' is given twice", name);
  SF_TRY(sf_parser_expect(parser, '=', "'='"));
  sf_loc loc = sf_token_loc(parser, &token);
  if (!row) return parse_argument(parser, op, param, loc);
  SF_TRY(parse_value(parser, op, row));
  for (uint32_t i = 0; i < op->attr_count; i++)
    if (op->attrs[i].id == row->id) op->attrs[i].loc = loc;
  return SF_OK;
}

sf_result sf_parse_op_attrs(sf_parser *parser, sf_op *op) {
  if (!sf_parser_accept(parser, '{')) return SF_OK;
  size_t places = sf_op_info_get(op->kind)->attr_count +
                  (op->neuron ? op->neuron->param_count : 0);
  bool *seen = SF_NEW_ARRAY(parser->scratch, bool, places ? places : 1);
  if (!seen) return SF_OOM;
  do {
    SF_TRY(parse_entry(parser, op, seen));
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, '}', "',' or '}'");
}
