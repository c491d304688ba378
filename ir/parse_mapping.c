/* parse_mapping.c - the mapping block and the log. docs/ir.md 8. */
#include "ir/parser.h"

#include "ir/names.h"

/* What follows a broken statement of a mapping. */
static const char *const mop_words[] = {
#define SF_MOP(ID, keyword, arguments, children, doc) keyword,
#include "sf/mapping.def"
    NULL};

static sf_result parse_box(sf_parser *parser, sf_mapping *mapping,
                           sf_mop *mop) {
  sf_box box = {0};
  sf_token start = parser->token;
  sf_parser_advance(parser);
  if (sf_parser_accept(parser, ']')) /* the one element of a scalar */
    return sf_mop_add_box(mapping, mop, &box);
  do {
    int64_t begin, end;
    if (box.rank == SF_RANK_MAX)
      return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &start,
                             "a box has more than %d axes", SF_RANK_MAX);
    SF_TRY(sf_parser_int(parser, 0, INT32_MAX, "the begin of a box", &begin));
    SF_TRY(sf_parser_expect(parser, ':', "':'"));
    SF_TRY(sf_parser_int(parser, 0, INT32_MAX, "the end of a box", &end));
    box.begin[box.rank] = (int32_t)begin;
    box.end[box.rank++] = (int32_t)end;
  } while (sf_parser_accept(parser, ','));
  SF_TRY(sf_parser_expect(parser, ']', "',' or ']'"));
  return sf_mop_add_box(mapping, mop, &box);
}

static sf_result parse_tuple(sf_parser *parser, sf_mapping *mapping,
                             sf_mop *mop) {
  enum { TUPLE_MAX = 16 };
  int64_t numbers[TUPLE_MAX];
  uint32_t count = 0;
  sf_token start = parser->token;
  sf_parser_advance(parser);
  do {
    if (count == TUPLE_MAX)
      return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &start,
                             "a tuple has more than %d numbers", TUPLE_MAX);
    SF_TRY(sf_parser_int(parser, INT64_MIN, INT64_MAX, "an integer",
                         &numbers[count++]));
  } while (sf_parser_accept(parser, ','));
  SF_TRY(sf_parser_expect(parser, ')', "',' or ')'"));
  return sf_mop_add_tuple(mapping, mop, count, numbers);
}

static sf_result parse_argument(sf_parser *parser, sf_mapping *mapping,
                                sf_mop *mop, bool *more) {
  sf_token token = parser->token;
  const char *text;
  int64_t number;
  switch (token.kind) {
  case SF_TOKEN_SYMBOL:
    SF_TRY(sf_parser_take_text(parser, token.kind, "@name", &text));
    return sf_mop_add_symbol(mapping, mop, text);
  case SF_TOKEN_VALUE:
    SF_TRY(sf_parser_take_text(parser, token.kind, "%name", &text));
    return sf_mop_add_value(mapping, mop, text);
  case '[':
    return parse_box(parser, mapping, mop);
  case '(':
    return parse_tuple(parser, mapping, mop);
  case SF_TOKEN_INT:
    SF_TRY(sf_parser_int(parser, INT64_MIN, INT64_MAX, "an integer", &number));
    return sf_mop_add_number(mapping, mop, number);
  default:
    *more = false;
    return SF_OK;
  }
}

static sf_result parse_arguments(sf_parser *parser, sf_mapping *mapping,
                                 sf_mop *mop) {
  for (bool more = true; more;) {
    sf_token token = parser->token;
    SF_TRY(parse_argument(parser, mapping, mop, &more));
    if (more)
      mop->arguments[mop->argument_count - 1].loc =
          sf_token_loc(parser, &token);
  }
  return SF_OK;
}

static sf_result parse_mops(sf_parser *parser, sf_mapping *mapping,
                            sf_mop *parent, unsigned depth);

/* Bounded recursion: depth falls by one a level. */
static sf_result parse_mop(sf_parser *parser, sf_mapping *mapping,
                           sf_mop *parent, unsigned depth) {
  sf_token token = parser->token;
  const char *keyword;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_WORD, "a word such as 'core'",
                             &keyword));
  sf_mop *mop = sf_mop_create(mapping, parent, keyword);
  if (!mop) return SF_OOM;
  mop->loc = sf_token_loc(parser, &token);
  SF_TRY(parse_arguments(parser, mapping, mop));
  if (sf_parser_at_attrs(parser)) SF_TRY(sf_parse_dict(parser, &mop->attrs));
  if (parser->token.kind != '{') return SF_OK;
  if (depth == 0)
    return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &parser->token,
                           "'%s' cannot hold statements", keyword);
  sf_parser_advance(parser);
  return parse_mops(parser, mapping, mop, depth - 1);
}

static bool at_body_end(const sf_parser *parser) {
  return parser->token.kind == '}' || parser->token.kind == SF_TOKEN_END ||
         sf_parser_at_item(parser);
}

static sf_result parse_mops(sf_parser *parser, sf_mapping *mapping,
                            sf_mop *parent, unsigned depth) {
  while (!at_body_end(parser)) {
    sf_mark mark = sf_parser_mark(parser);
    sf_result result = parse_mop(parser, mapping, parent, depth);
    if (result == SF_OOM || parser->errors >= SF_PARSE_ERRORS_MAX)
      return result == SF_OOM ? SF_OOM : SF_FAIL;
    if (result == SF_FAIL) sf_parser_skip_statement(parser, mop_words, mark);
  }
  return sf_parser_expect(parser, '}', "'}'");
}

sf_result sf_parse_mapping(sf_parser *parser) {
  sf_parser_advance(parser);
  sf_token token = parser->token;
  const char *network, *machine;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_SYMBOL,
                             "the @network that is "
                             "mapped",
                             &network));
  SF_TRY(sf_parser_expect_word(parser, "on"));
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_STRING,
                             "the machine's name in quotes", &machine));
  if (!sf_module_find_network(parser->module, sf_slice_of(network)))
    return sf_parser_unknown_symbol(
        parser, &token, "network",
        sf_names_nearest(&parser->module->symbols->networks,
                         sf_slice_of(network)));
  sf_mapping *mapping = sf_mapping_create(parser->module, network, machine,
                                          sf_token_loc(parser, &token));
  if (!mapping) return SF_OOM;
  if (sf_parser_at_attrs(parser))
    SF_TRY(sf_parse_dict(parser, &mapping->attrs));
  SF_TRY(sf_parser_expect(parser, '{', "'{'"));
  return parse_mops(parser, mapping, NULL, SF_MAPPING_DEPTH);
}

static sf_result parse_log_entry(sf_parser *parser) {
  sf_token token = parser->token;
  sf_exactness exactness;
  int64_t lag = 0;
  if (sf_parser_accept_word(parser, "exact"))
    exactness = SF_EXACT;
  else if (sf_parser_accept_word(parser, "approx"))
    exactness = SF_APPROXIMATE;
  else if (sf_parser_accept_word(parser, "lag"))
    exactness = SF_EXACT_LAG;
  else
    return sf_parser_expected(parser, "exact, lag or approx");
  if (exactness == SF_EXACT_LAG)
    SF_TRY(sf_parser_int(parser, 0, INT32_MAX, "a lag in steps", &lag));
  const char *text;
  SF_TRY(
      sf_parser_take_text(parser, SF_TOKEN_STRING, "a text in quotes", &text));
  sf_log_entry *entry = sf_module_add_log(parser->module, exactness, lag, text);
  if (!entry) return SF_OOM;
  entry->loc = sf_token_loc(parser, &token);
  return parser->token.kind == '{' ? sf_parse_dict(parser, &entry->attrs)
                                   : SF_OK;
}

sf_result sf_parse_log(sf_parser *parser) {
  static const char *const starts[] = {"exact", "lag", "approx", NULL};
  sf_parser_advance(parser);
  SF_TRY(sf_parser_expect(parser, '{', "'{'"));
  while (!at_body_end(parser)) {
    sf_mark mark = sf_parser_mark(parser);
    sf_result result = parse_log_entry(parser);
    if (result == SF_OOM || parser->errors >= SF_PARSE_ERRORS_MAX)
      return result == SF_OOM ? SF_OOM : SF_FAIL;
    if (result == SF_FAIL) sf_parser_skip_statement(parser, starts, mark);
  }
  return sf_parser_expect(parser, '}', "'}'");
}
