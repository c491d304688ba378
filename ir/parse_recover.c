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

void sf_parser_skip_statement(sf_parser *parser, const char *const *words,
                              const char *start) {
  unsigned depth = 0;
  for (;;) {
    int kind = parser->token.kind;
    if (kind == SF_TOKEN_END || sf_parser_at_item(parser)) return;
    if (depth == 0 && kind == '}') return;
    if (depth == 0 && parser->token.text.data != start &&
        starts_statement(parser, words))
      return;
    if (kind == '{') depth++;
    if (kind == '}') depth--;
    sf_parser_advance(parser);
  }
}

/* Does `name` stand before an `=` further down in this item? */
static bool defined_later(const sf_parser *parser, const sf_token *name,
                          sf_token *where) {
  sf_parser ahead = *parser;
  ahead.lexer.diag = NULL;
  while (ahead.token.kind != SF_TOKEN_END && !sf_parser_at_item(&ahead)) {
    sf_token token = ahead.token;
    sf_parser_advance(&ahead);
    if (token.kind != SF_TOKEN_VALUE || token.text.size != name->text.size ||
        memcmp(token.text.data, name->text.data, name->text.size) != 0)
      continue;
    if (ahead.token.kind == '=') {
      *where = token;
      return true;
    }
  }
  return false;
}

sf_result sf_parser_unknown_value(sf_parser *parser, const sf_token *token,
                                  const char *nearest) {
  int size = token->text.size < 60 ? (int)token->text.size : 60;
  sf_token where;
  if (defined_later(parser, token, &where)) {
    (void)sf_parser_error(parser, SF_DIAG_SCOPE, token,
                          "'%%%.*s' is used before it is defined", size,
                          token->text.data);
    sf_note(parser->diag, sf_token_loc(parser, &where), "defined here");
    sf_help(parser->diag, "only `delay` may use a value that is defined later");
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
