/* parse_attr.c - free attributes: { name = value, ... }, and loc(..). */
#include "ir/parser.h"

#include "ir/grow.h"

#include <string.h>

bool sf_parser_at_attrs(const sf_parser *parser) {
  if (parser->token.kind != '{') return false;
  sf_lexer ahead = parser->lexer;
  ahead.diag = NULL;
  sf_token first = sf_lexer_next(&ahead);
  bool name = first.kind == SF_TOKEN_WORD || first.kind == SF_TOKEN_STRING;
  return name && sf_lexer_next(&ahead).kind == '=';
}

static sf_result parse_item(sf_parser *parser, unsigned depth, sf_item *out);

static sf_result parse_list(sf_parser *parser, unsigned depth, sf_item *out) {
  sf_arena *arena = parser->module->arena;
  if (depth == 0)
    return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &parser->token,
                           "lists nest deeper than %d levels",
                           SF_PARSE_LIST_DEPTH);
  sf_parser_advance(parser);
  if (sf_parser_accept(parser, ']')) return SF_OK;
  do {
    if (out->count == SF_PARSE_LIST_MAX)
      return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &parser->token,
                             "a list has more than %d entries",
                             SF_PARSE_LIST_MAX);
    sf_item *grown = SF_GROW(arena, sf_item, out->items, out->count);
    if (!grown) return SF_OOM;
    out->items = grown;
    SF_TRY(parse_item(parser, depth - 1, &grown[out->count]));
    out->count++;
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, ']', "',' or ']'");
}

static sf_result take_item_text(sf_parser *parser, sf_item_kind kind,
                                sf_item *out) {
  out->kind = kind;
  return sf_parser_take_text(parser, parser->token.kind, "text", &out->text);
}

static sf_result parse_item(sf_parser *parser, unsigned depth, sf_item *out) {
  *out = (sf_item){0};
  if (parser->token.kind == '[') {
    out->kind = SF_ITEM_LIST;
    return parse_list(parser, depth, out);
  }
  if (sf_parser_at_number(parser))
    return sf_parser_number(parser, &out->number);
  if (sf_parser_at_scalar(parser)) {
    out->kind = SF_ITEM_TYPE;
    return sf_parser_type(parser, &out->type);
  }
  switch (parser->token.kind) {
  case SF_TOKEN_STRING:
    return take_item_text(parser, SF_ITEM_STRING, out);
  case SF_TOKEN_SYMBOL:
    return take_item_text(parser, SF_ITEM_SYMBOL, out);
  case SF_TOKEN_WORD:
    return take_item_text(parser, SF_ITEM_WORD, out);
  default:
    return sf_parser_expected(parser,
                              "a number, string, @symbol, word, type or list");
  }
}

static sf_result parse_entry(sf_parser *parser, sf_dict *dict) {
  sf_token name_token = parser->token;
  const char *name;
  bool quoted = name_token.kind == SF_TOKEN_STRING;
  SF_TRY(sf_parser_take_text(parser, quoted ? SF_TOKEN_STRING : SF_TOKEN_WORD,
                             "an attribute's name", &name));
  if (sf_dict_find(dict, name))
    return sf_parser_error(parser, SF_DIAG_ATTR, &name_token,
                           "attribute '%s' is given twice", name);
  SF_TRY(sf_parser_expect(parser, '=', "'='"));
  sf_item item;
  SF_TRY(parse_item(parser, SF_PARSE_LIST_DEPTH, &item));
  sf_entry *grown =
      SF_GROW(parser->module->arena, sf_entry, dict->entries, dict->count);
  if (!grown) return SF_OOM;
  dict->entries = grown;
  grown[dict->count++] =
      (sf_entry){name, item, sf_token_loc(parser, &name_token)};
  dict->capacity = dict->count;
  return SF_OK;
}

sf_result sf_parse_dict(sf_parser *parser, sf_dict *dict) {
  SF_TRY(sf_parser_expect(parser, '{', "'{'"));
  do {
    SF_TRY(parse_entry(parser, dict));
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, '}', "',' or '}'");
}

sf_result sf_parse_loc(sf_parser *parser, sf_loc *loc) {
  sf_token next = sf_parser_peek(parser);
  if (!sf_parser_is_word(parser, "loc") || next.kind != '(') return SF_OK;
  sf_parser_advance(parser);
  sf_parser_advance(parser);
  sf_loc found = {0};
  SF_TRY(
      sf_parser_take_text(parser, SF_TOKEN_STRING, "a file name", &found.file));
  if (sf_parser_accept(parser, ':')) {
    int64_t line, column;
    if (parser->token.kind == SF_TOKEN_STRING) {
      SF_TRY(
          sf_parser_take_text(parser, SF_TOKEN_STRING, "a node", &found.node));
    } else {
      SF_TRY(sf_parser_int(parser, 0, UINT32_MAX, "a line", &line));
      SF_TRY(sf_parser_expect(parser, ':', "':'"));
      SF_TRY(sf_parser_int(parser, 0, UINT32_MAX, "a column", &column));
      found.line = (uint32_t)line;
      found.column = (uint32_t)column;
    }
  }
  SF_TRY(sf_parser_expect(parser, ')', "')'"));
  *loc = found;
  return SF_OK;
}
