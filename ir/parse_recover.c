/* parse_recover.c - where to go on after an error, and what to say about names.
 */
#include "ir/parser.h"

#include <string.h>

static bool is_item_word(sf_slice text) {
  static const char *const words[] = {"blob", "neuron", "network", "mapping",
                                      "log"};
  for (size_t i = 0; i < SF_COUNT_OF(words); i++)
    if (strlen(words[i]) == text.size &&
        memcmp(words[i], text.data, text.size) == 0)
      return true;
  return false;
}

/* A keyword alone may be an attribute's name; with what follows it is an item.
 */
bool sf_parser_at_item(const sf_parser *parser) {
  if (parser->token.kind != SF_TOKEN_WORD) return false;
  if (!is_item_word(parser->token.text)) return false;
  sf_token next = sf_parser_peek(parser);
  return sf_parser_is_word(parser, "log") ? next.kind == '{'
                                          : next.kind == SF_TOKEN_SYMBOL;
}

static bool starts_statement(const sf_parser *parser,
                             const char *const *words) {
  if (parser->token.kind == SF_TOKEN_VALUE)
    return sf_parser_peek(parser).kind == '=';
  for (size_t i = 0; words[i]; i++)
    if (sf_parser_is_word(parser, words[i])) return true;
  return false;
}

sf_mark sf_parser_mark(const sf_parser *parser) {
  return (sf_mark){parser->token.text.data, parser->braces};
}

void sf_parser_skip_statement(sf_parser *parser, const char *const *words,
                              sf_mark mark) {
  for (;; sf_parser_advance(parser)) {
    int kind = parser->token.kind;
    if (kind == SF_TOKEN_END || sf_parser_at_item(parser)) return;
    if (parser->braces > mark.braces) continue; /* inside attributes */
    if (kind == '}') return;
    if (parser->token.text.data != mark.start &&
        starts_statement(parser, words))
      return;
  }
}

static void skip_entry(sf_parser *parser) {
  while (parser->token.kind != ',' && parser->token.kind != ')' &&
         parser->token.kind != '{' && parser->token.kind != SF_TOKEN_ARROW &&
         parser->token.kind != SF_TOKEN_END && !sf_parser_at_item(parser))
    sf_parser_advance(parser);
}

sf_result sf_parse_entries(sf_parser *parser, sf_parse_entry entry,
                           void *owner) {
  SF_TRY(sf_parser_expect(parser, '(', "'('"));
  if (sf_parser_accept(parser, ')')) return SF_OK;
  do {
    sf_result result = entry(parser, owner);
    if (result == SF_OOM) return SF_OOM;
    if (result == SF_FAIL) skip_entry(parser);
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, ')', "',' or ')'");
}

bool sf_parser_at_item_word(const sf_parser *parser) {
  return parser->token.kind == SF_TOKEN_WORD &&
         is_item_word(parser->token.text);
}

/* Does `name` stand before an `=` or `:` further down in this item? */
static bool defined_later(const sf_parser *parser, const sf_token *name,
                          sf_token *where) {
  sf_parser ahead = *parser;
  ahead.lexer.diag = NULL;
  bool after_next = false; /* `next %s =` defines nothing */
  while (ahead.token.kind != SF_TOKEN_END && !sf_parser_at_item(&ahead)) {
    sf_token token = ahead.token;
    bool skipped = after_next;
    after_next = sf_parser_is_word(&ahead, "next");
    sf_parser_advance(&ahead);
    if (skipped) continue;
    if (token.kind != SF_TOKEN_VALUE || token.text.size != name->text.size ||
        memcmp(token.text.data, name->text.data, name->text.size) != 0)
      continue;
    if (ahead.token.kind == '=' || ahead.token.kind == ':') {
      *where = token;
      return true;
    }
  }
  return false;
}

sf_result sf_parser_unknown_value(sf_parser *parser, const sf_token *token,
                                  const char *nearest) {
  sf_token copy = *token; /* it may be the parser's own */
  token = &copy;
  int size = token->text.size < 60 ? (int)token->text.size : 60;
  /* Passed, so that it does not begin the next statement. */
  if (parser->token.text.data == token->text.data) sf_parser_advance(parser);
  sf_token where;
  if (defined_later(parser, token, &where)) {
    (void)sf_parser_error(parser, SF_DIAG_SCOPE, token,
                          "'%%%.*s' is used before it is defined", size,
                          token->text.data);
    sf_note(parser->diag, sf_token_loc(parser, &where), "defined here");
    if (parser->in_network)
      sf_help(parser->diag, "only `delay` may use a value defined later");
    return SF_FAIL;
  }
  (void)sf_parser_error(parser, SF_DIAG_NAME, token, "'%%%.*s' is not defined",
                        size, token->text.data);
  if (nearest) sf_help(parser->diag, "did you mean '%%%s'?", nearest);
  return SF_FAIL;
}

sf_result sf_parser_unknown_symbol(sf_parser *parser, const sf_token *token,
                                   const char *sort, const char *nearest) {
  int size = token->text.size < 60 ? (int)token->text.size : 60;
  (void)sf_parser_error(parser, SF_DIAG_NAME, token, "there is no %s '@%.*s'",
                        sort, size, token->text.data);
  if (nearest) sf_help(parser->diag, "did you mean '@%s'?", nearest);
  return SF_FAIL;
}

sf_result sf_parser_twice(sf_parser *parser, const sf_token *token, char sigil,
                          sf_loc first) {
  (void)sf_parser_error(
      parser, SF_DIAG_NAME, token, "'%c%.*s' is defined twice", sigil,
      token->text.size < 60 ? (int)token->text.size : 60, token->text.data);
  sf_note(parser->diag, first, "first defined here");
  return SF_FAIL;
}
