/* parse_token.c - the parser's hands: take, expect, numbers, names, types. */
#include "ir/parser.h"

#include "support/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#ifdef __clang_analyzer__ /* defined here */
#undef sf_parser_error
#undef sf_parser_expected
#endif

void sf_parser_advance(sf_parser *parser) {
  if (parser->token.kind == '{') parser->braces++;
  if (parser->token.kind == '}') parser->braces--;
  parser->token = sf_lexer_next(&parser->lexer);
}

sf_token sf_parser_peek(const sf_parser *parser) {
  sf_lexer ahead = parser->lexer;
  ahead.diag = NULL;
  return sf_lexer_next(&ahead);
}

sf_loc sf_token_loc(const sf_parser *parser, const sf_token *token) {
  return (sf_loc){.file = parser->file,
                  .line = token->line,
                  .column = token->column,
                  .length = token->length};
}

bool sf_parser_is_word(const sf_parser *parser, const char *word) {
  const sf_token *token = &parser->token;
  return token->kind == SF_TOKEN_WORD && strlen(word) == token->text.size &&
         memcmp(word, token->text.data, token->text.size) == 0;
}

bool sf_parser_accept(sf_parser *parser, int kind) {
  if (parser->token.kind != kind) return false;
  sf_parser_advance(parser);
  return true;
}

bool sf_parser_accept_word(sf_parser *parser, const char *word) {
  if (!sf_parser_is_word(parser, word)) return false;
  sf_parser_advance(parser);
  return true;
}

sf_result sf_parser_error(sf_parser *parser, sf_diag_id id,
                          const sf_token *token, const char *format, ...) {
  if (token->kind == SF_TOKEN_ERROR) { /* the lexer has said it */
    parser->errors++;
    return SF_FAIL;
  }
  va_list arguments;
  va_start(arguments, format);
  (void)sf_error_v(parser->diag, id, sf_token_loc(parser, token), format,
                   arguments);
  va_end(arguments);
  parser->errors++;
  return SF_FAIL;
}

sf_result sf_parser_expected(sf_parser *parser, const char *what) {
  const sf_token *token = &parser->token;
  if (token->kind == SF_TOKEN_END)
    return sf_parser_error(parser, SF_DIAG_SYNTAX, token,
                           "expected %s, found the end of the text", what);
  const char *sigil = token->kind == SF_TOKEN_VALUE    ? "%"
                      : token->kind == SF_TOKEN_SYMBOL ? "@"
                                                       : "";
  int shown = token->text.size < 60 ? (int)token->text.size : 60;
  return sf_parser_error(parser, SF_DIAG_SYNTAX, token,
                         "expected %s, found '%s%.*s'", what, sigil, shown,
                         token->text.data);
}

sf_result sf_parser_expect(sf_parser *parser, int kind, const char *what) {
  if (sf_parser_accept(parser, kind)) return SF_OK;
  return sf_parser_expected(parser, what);
}

sf_result sf_parser_expect_word(sf_parser *parser, const char *word) {
  if (sf_parser_accept_word(parser, word)) return SF_OK;
  char what[64];
  snprintf(what, sizeof what, "'%s'", word);
  return sf_parser_expected(parser, what);
}

sf_result sf_parser_text(sf_parser *parser, sf_arena *arena,
                         const sf_token *token, const char **out) {
  (void)parser;
  bool escaped = token->kind == SF_TOKEN_STRING || token->quoted;
  char *text = sf_arena_text(arena, token->text);
  if (!text) return SF_OOM;
  if (escaped) sf_unescape(token->text, text);
  *out = text;
  return SF_OK;
}

sf_result sf_parser_take_text(sf_parser *parser, int kind, const char *what,
                              const char **out) {
  if (parser->token.kind != kind) return sf_parser_expected(parser, what);
  SF_TRY(sf_parser_text(parser, parser->module->arena, &parser->token, out));
  sf_parser_advance(parser);
  return SF_OK;
}

sf_result sf_parser_int(sf_parser *parser, int64_t low, int64_t high,
                        const char *what, int64_t *out) {
  if (parser->token.kind != SF_TOKEN_INT)
    return sf_parser_expected(parser, what);
  if (parser->token.i < low || parser->token.i > high)
    return sf_parser_error(parser, SF_DIAG_SYNTAX, &parser->token,
                           "%s must be %lld .. %lld, got %lld", what,
                           (long long)low, (long long)high,
                           (long long)parser->token.i);
  *out = parser->token.i;
  sf_parser_advance(parser);
  return SF_OK;
}

bool sf_parser_at_number(const sf_parser *parser) {
  return parser->token.kind == SF_TOKEN_INT ||
         parser->token.kind == SF_TOKEN_FLOAT ||
         sf_parser_is_word(parser, "inf");
}

sf_result sf_parser_number(sf_parser *parser, sf_number *out) {
  const sf_token *token = &parser->token;
  if (!sf_parser_at_number(parser))
    return sf_parser_expected(parser, "a number");
  if (token->kind == SF_TOKEN_INT) {
    *out = sf_number_int(token->i);
    sf_parser_advance(parser);
    return SF_OK;
  }
  sf_number number = {.is_float = true};
  bool infinite = memchr(token->text.data, 'n', token->text.size) != NULL;
  if (!sf_read_f32(token->text, &number.f) ||
      !sf_read_f64(token->text, &number.d))
    return sf_parser_error(parser, SF_DIAG_SYNTAX, token, "malformed number");
  if (!infinite && !isfinite(number.f))
    return sf_parser_error(parser, SF_DIAG_SYNTAX, token,
                           "a number is outside f32; write inf if you mean it");
  *out = number;
  sf_parser_advance(parser);
  return SF_OK;
}

sf_result sf_parser_number_of(sf_parser *parser, sf_scalar scalar,
                              sf_number *out) {
  sf_token token = parser->token;
  SF_TRY(sf_parser_number(parser, out));
  if (scalar.kind == SF_SCALAR_F32) {
    if (out->is_float) return SF_OK;
    (void)sf_parser_error(parser, SF_DIAG_TYPE, &token,
                          "an f32 number needs '.' or 'e', got %lld",
                          (long long)out->i);
    sf_help(parser->diag, "write %lld.0", (long long)out->i);
    return SF_FAIL;
  }
  char text[8];
  sf_scalar_text(scalar, text, sizeof text);
  if (out->is_float)
    return sf_parser_error(parser, SF_DIAG_TYPE, &token,
                           "expected an integer for %s, found '%.*s'", text,
                           (int)token.text.size, token.text.data);
  if (out->i < sf_scalar_min(scalar) || out->i > sf_scalar_max(scalar))
    return sf_parser_error(
        parser, SF_DIAG_TYPE, &token,
        "%lld is outside %s, which holds %lld .. %lld", (long long)out->i, text,
        (long long)sf_scalar_min(scalar), (long long)sf_scalar_max(scalar));
  return SF_OK;
}

/* i followed by digits: the width; 0: not of that form. */
static int64_t int_width(sf_slice text) {
  int64_t width;
  sf_slice digits = {text.data + 1, text.size - 1};
  if (text.size < 2 || text.size > 6 || text.data[0] != 'i') return 0;
  if (digits.data[0] < '1' || digits.data[0] > '9') return 0;
  return sf_read_i64(digits, &width) ? width : 0;
}

bool sf_parser_at_scalar(const sf_parser *parser) {
  return sf_parser_is_word(parser, "spike") ||
         sf_parser_is_word(parser, "f32") ||
         (parser->token.kind == SF_TOKEN_WORD &&
          int_width(parser->token.text) != 0);
}

sf_result sf_parser_scalar(sf_parser *parser, sf_scalar *out) {
  if (!sf_parser_at_scalar(parser))
    return sf_parser_expected(parser, "a type: spike, i2 .. i32 or f32");
  int64_t width = int_width(parser->token.text);
  if (sf_parser_is_word(parser, "spike"))
    *out = sf_spike();
  else if (sf_parser_is_word(parser, "f32"))
    *out = sf_f32();
  else if (width < SF_INT_BITS_MIN || width > SF_INT_BITS_MAX)
    return sf_parser_error(parser, SF_DIAG_TYPE, &parser->token,
                           "integers are i2 .. i32, got i%lld",
                           (long long)width);
  else
    *out = sf_int((unsigned)width);
  sf_parser_advance(parser);
  return SF_OK;
}

sf_result sf_parser_type(sf_parser *parser, sf_type *out) {
  sf_token start = parser->token;
  *out = (sf_type){0};
  SF_TRY(sf_parser_scalar(parser, &out->scalar));
  if (!sf_parser_accept(parser, '[')) return SF_OK;
  int64_t elements = 1;
  do {
    int64_t dim = 1;
    if (out->rank == SF_RANK_MAX)
      return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &start,
                             "a type has more than %d axes", SF_RANK_MAX);
    SF_TRY(sf_parser_int(parser, 1, INT32_MAX, "a dimension", &dim));
    if (dim > INT32_MAX / elements)
      return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &start,
                             "a tensor has more than %d elements", INT32_MAX);
    elements *= dim;
    out->dim[out->rank++] = (int32_t)dim;
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, ']', "',' or ']'");
}
