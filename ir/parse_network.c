/* parse_network.c - networks: signature, attributes, body, return. */
#include "ir/parser.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "ir/nearest.h"
#include "ir/use.h"

#include <math.h>
#include <string.h>

static const char *const starts[] = {"return", NULL};

static sf_result parse_argument(sf_parser *parser, void *owner) {
  sf_network *network = owner;
  sf_token token = parser->token;
  const char *name;
  sf_type type;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_VALUE, "%name", &name));
  const sf_value *first = sf_network_find_value(network, sf_slice_of(name));
  if (first) return sf_parser_twice(parser, &token, '%', first->loc);
  SF_TRY(sf_parser_expect(parser, ':', "':'"));
  SF_TRY(sf_parser_type(parser, &type));
  sf_value *value = sf_network_add_argument(network, name, &type);
  if (!value) return SF_OOM;
  value->loc = sf_token_loc(parser, &token);
  return SF_OK;
}

/* The types after the arrow; kept until `return` gives the values. */
static sf_result parse_types(sf_parser *parser, sf_network *network,
                             uint32_t *count) {
  SF_TRY(sf_parser_expect(parser, SF_TOKEN_ARROW, "'->'"));
  SF_TRY(sf_parser_expect(parser, '(', "'('"));
  *count = 0;
  if (sf_parser_accept(parser, ')')) return SF_OK;
  do {
    sf_type *grown =
        SF_GROW(parser->module->arena, sf_type, network->return_types, *count);
    if (!grown) return SF_OOM;
    network->return_types = grown;
    SF_TRY(sf_parser_type(parser, &grown[*count]));
    ++*count;
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, ')', "',' or ')'");
}

static sf_result unknown_attr(sf_parser *parser, const sf_token *token,
                              const char *const *names, size_t count) {
  sf_nearest nearest = sf_nearest_start(token->text);
  for (size_t i = 0; i < count; i++)
    sf_nearest_try(&nearest, names[i]);
  (void)sf_parser_error(parser, SF_DIAG_ATTR, token,
                        "a network has no attribute '%.*s'; it may have "
                        "steps, dt, lag and period",
                        token->text.size < 60 ? (int)token->text.size : 60,
                        token->text.data);
  if (nearest.best) sf_help(parser->diag, "did you mean '%s'?", nearest.best);
  return SF_FAIL;
}

static sf_result parse_attr(sf_parser *parser, sf_network *network,
                            unsigned *seen) {
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_WORD)
    return sf_parser_expected(parser, "an attribute's name");
  static const char *const names[] = {"steps", "dt", "lag", "period"};
  int64_t *const places[] = {&network->steps, NULL, &network->lag,
                             &network->period};
  static const int64_t lows[] = {1, 0, 0, 1};
  size_t row = 0;
  while (row < SF_COUNT_OF(names) && !sf_parser_is_word(parser, names[row]))
    row++;
  if (row == SF_COUNT_OF(names))
    return unknown_attr(parser, &token, names, SF_COUNT_OF(names));
  if (*seen & 1U << row)
    return sf_parser_error(parser, SF_DIAG_ATTR, &token,
                           "attribute '%s' is given twice", names[row]);
  *seen |= 1U << row;
  sf_parser_advance(parser);
  SF_TRY(sf_parser_expect(parser, '=', "'='"));
  if (places[row])
    return sf_parser_int(parser, lows[row], INT32_MAX, names[row], places[row]);
  sf_token value = parser->token;
  sf_number number;
  SF_TRY(sf_parser_number(parser, &number));
  network->dt = number.d;
  if (number.d > 0 && isfinite(number.d)) return SF_OK;
  return sf_parser_error(parser, SF_DIAG_ATTR, &value,
                         "dt must be a positive number of seconds");
}

static sf_result parse_attrs(sf_parser *parser, sf_network *network) {
  if (!sf_parser_at_attrs(parser)) return SF_OK;
  sf_parser_advance(parser);
  unsigned seen = 0;
  do {
    SF_TRY(parse_attr(parser, network, &seen));
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, '}', "',' or '}'");
}

/* After a mistake in the attributes the body is still read. */
static void skip_attrs(sf_parser *parser) {
  while (parser->token.kind != '}' && parser->token.kind != SF_TOKEN_END &&
         !sf_parser_at_item(parser))
    sf_parser_advance(parser);
  (void)sf_parser_accept(parser, '}');
}

static sf_result take_return(sf_parser *parser, sf_network *network,
                             sf_value **out) {
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_VALUE)
    return sf_parser_expected(parser, "a %value");
  const char *name;
  SF_TRY(sf_parser_text(parser, parser->scratch, &token, &name));
  *out = sf_network_find_value(network, sf_slice_of(name));
  if (!*out)
    return sf_parser_unknown_value(
        parser, &token, sf_names_nearest(network->names, sf_slice_of(name)));
  sf_parser_advance(parser);
  return SF_OK;
}

static sf_result parse_return(sf_parser *parser, sf_network *network,
                              uint32_t wanted) {
  sf_token token = parser->token;
  sf_value **values = NULL;
  uint32_t found = 0;
  sf_parser_advance(parser);
  bool any = parser->token.kind == SF_TOKEN_VALUE;
  while (any) {
    values = SF_GROW(parser->scratch, sf_value *, values, found);
    if (!values) return SF_OOM;
    SF_TRY(take_return(parser, network, &values[found]));
    found++;
    if (!sf_parser_accept(parser, ',')) break;
  }
  if (found != wanted)
    return sf_parser_error(parser, SF_DIAG_OPERANDS, &token,
                           "'@%s' has %u results, returns %u", network->name,
                           wanted, found);
  sf_type *written = network->return_types;
  SF_TRY(sf_network_set_returns(network, found, values));
  for (uint32_t i = 0; i < found; i++) {
    network->return_types[i] = written[i];
    network->returns[i].loc = sf_token_loc(parser, &token);
  }
  return SF_OK;
}

static sf_result resolve_forwards(sf_parser *parser, sf_network *network,
                                  sf_forward *forwards) {
  sf_result worst = SF_OK;
  for (sf_forward *f = forwards; f; f = f->next) {
    const char *name;
    SF_TRY(sf_parser_text(parser, parser->scratch, &f->name, &name));
    sf_value *value = sf_network_find_value(network, sf_slice_of(name));
    if (value) {
      sf_op_set_operand(f->op, 0, value);
      continue;
    }
    worst = sf_parser_unknown_value(
        parser, &f->name, sf_names_nearest(network->names, sf_slice_of(name)));
  }
  return worst;
}

static bool at_body_end(const sf_parser *parser) {
  return parser->token.kind == '}' || parser->token.kind == SF_TOKEN_END ||
         sf_parser_at_item(parser);
}

static sf_result parse_body(sf_parser *parser, sf_network *network,
                            uint32_t returns, sf_forward **forwards) {
  bool returned = false, failed = false;
  while (!at_body_end(parser)) {
    sf_mark mark = sf_parser_mark(parser);
    sf_result result;
    if (returned) {
      result = sf_parser_error(parser, SF_DIAG_SYNTAX, &parser->token,
                               "'return' ends a network; nothing follows it");
    } else if (sf_parser_is_word(parser, "return")) {
      returned = true;
      result = parse_return(parser, network, returns);
    } else if (parser->token.kind == SF_TOKEN_VALUE) {
      result = sf_parse_op(parser, network, forwards);
    } else {
      result = sf_parser_expected(parser, "'%name = op ...' or 'return'");
    }
    if (result == SF_OOM) return SF_OOM;
    if (result == SF_FAIL) sf_parser_skip_statement(parser, starts, mark);
    failed |= result != SF_OK;
    if (parser->errors >= SF_PARSE_ERRORS_MAX) return SF_FAIL;
  }
  if (!returned && !failed)
    return sf_parser_error(parser, SF_DIAG_SYNTAX, &parser->token,
                           "network '@%s' has no 'return'", network->name);
  return sf_parser_expect(parser, '}', "'}'");
}

sf_result sf_parse_network(sf_parser *parser) {
  sf_parser_advance(parser);
  sf_token token = parser->token;
  const char *name;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_SYMBOL, "@name", &name));
  const sf_network *first =
      sf_module_find_network(parser->module, sf_slice_of(name));
  if (first) return sf_parser_twice(parser, &token, '@', first->loc);
  sf_network *network =
      sf_network_create(parser->module, name, sf_token_loc(parser, &token));
  if (!network) return SF_OOM;
  SF_TRY(sf_parse_entries(parser, parse_argument, network));
  uint32_t returns;
  SF_TRY(parse_types(parser, network, &returns));
  sf_result attrs = parse_attrs(parser, network);
  if (attrs == SF_OOM) return SF_OOM;
  if (attrs == SF_FAIL) skip_attrs(parser);
  SF_TRY(sf_parser_expect(parser, '{', "'{'"));
  sf_forward *forwards = NULL;
  SF_TRY(parse_body(parser, network, returns, &forwards));
  return resolve_forwards(parser, network, forwards);
}
