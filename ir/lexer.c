/* lexer.c - text to tokens.
 *
 * A `-` between a word's letters belongs to the word (half-away), and names may
 * hold one anywhere; `->` always is an arrow. Numbers carry their own sign. */
#include "ir/lexer.h"

#include "sf/types.h"
#include "support/number.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_TEXT_MAX = 512, STRING_TEXT_MAX = 1 << 20 };

sf_lexer sf_lexer_create(sf_slice text, const char *file, sf_diag *diag) {
  return (sf_lexer){text.data, text.data + text.size, text.data, file, 1, diag};
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '$' || c == '-';
}

/* The character `ahead` places further on, 0 past the end. */
static char peek(const sf_lexer *lexer, size_t ahead) {
  return (size_t)(lexer->end - lexer->at) > ahead ? lexer->at[ahead] : '\0';
}

static void skip_space(sf_lexer *lexer) {
  for (; lexer->at < lexer->end; lexer->at++) {
    char c = *lexer->at;
    if (c == '\n') {
      lexer->line++;
      lexer->line_start = lexer->at + 1;
    } else if (c == '/' && peek(lexer, 1) == '/') {
      const void *end =
          memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
      /* One before the line end, which the loop then looks at. */
      lexer->at = (end ? (const char *)end : lexer->end) - 1;
    } else if (c != ' ' && c != '\t' && c != '\r') {
      return;
    }
  }
}

static uint32_t clamp_length(size_t size) {
  return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static sf_token start_token(const sf_lexer *lexer) {
  sf_token token = {.kind = SF_TOKEN_END, .line = lexer->line};
  token.column = clamp_length((size_t)(lexer->at - lexer->line_start) + 1);
  token.text = (sf_slice){lexer->at, 0};
  return token;
}

/* Makes `token` an error; the text from its start to here is underlined. */
static void fail(const sf_lexer *lexer, sf_token *token, const char *message) {
  token->kind = SF_TOKEN_ERROR;
  if (!lexer->diag) return;
  sf_loc loc = {.file = lexer->file,
                .line = token->line,
                .column = token->column,
                .length = token->length};
  (void)sf_error(lexer->diag, SF_DIAG_SYNTAX, loc, "%s", message);
}

static void finish(const sf_lexer *lexer, sf_token *token, int kind,
                   const char *begin) {
  token->kind = kind;
  token->text = (sf_slice){begin, (size_t)(lexer->at - begin)};
}

/* The rest of a string whose opening quote has been read. */
static void lex_string(sf_lexer *lexer, sf_token *token, int kind) {
  const char *begin = lexer->at;
  for (; lexer->at < lexer->end && *lexer->at != '"'; lexer->at++) {
    if (*lexer->at == '\n' || *lexer->at == '\0') break;
    if (*lexer->at != '\\') continue;
    char escape = peek(lexer, 1);
    bool hex = escape == 'x' && is_hex(peek(lexer, 2)) &&
               is_hex(peek(lexer, 3)) &&
               !(peek(lexer, 2) == '0' && peek(lexer, 3) == '0');
    if (hex) {
      lexer->at += 3;
    } else if (escape && strchr("\"\\nt", escape)) {
      lexer->at++;
    } else {
      fail(lexer, token,
           "unknown escape in a string; \\\" \\\\ \\n \\t and \\xNN "
           "(not \\x00) are known");
      while (lexer->at < lexer->end && *lexer->at != '"' && *lexer->at != '\n')
        lexer->at++;
      lexer->at += lexer->at < lexer->end && *lexer->at == '"';
      return;
    }
  }
  if (lexer->at >= lexer->end || *lexer->at != '"') {
    fail(lexer, token, "a string is not closed before the end of its line");
    return;
  }
  finish(lexer, token, kind, begin);
  lexer->at++;
  if (token->text.size > STRING_TEXT_MAX)
    fail(lexer, token, "a string is longer than 1 MiB");
}

static void lex_name(sf_lexer *lexer, sf_token *token, int kind) {
  lexer->at++;
  if (peek(lexer, 0) == '"') {
    lexer->at++;
    token->quoted = true;
    lex_string(lexer, token, kind);
    if (token->kind == kind && token->text.size == 0)
      fail(lexer, token, "a name is empty");
  } else {
    const char *begin = lexer->at;
    while (is_name(peek(lexer, 0)) &&
           !(peek(lexer, 0) == '-' && peek(lexer, 1) == '>'))
      lexer->at++;
    finish(lexer, token, kind, begin);
    if (token->text.size == 0)
      fail(lexer, token, "expected a name after '%' or '@'");
  }
  if (token->kind == kind && token->text.size > SF_NAME_MAX)
    fail(lexer, token, "a name is longer than 4096 bytes");
}

static void lex_word(sf_lexer *lexer, sf_token *token) {
  const char *begin = lexer->at;
  while (is_letter(peek(lexer, 0)) || is_digit(peek(lexer, 0)) ||
         (peek(lexer, 0) == '-' && is_letter(peek(lexer, 1))))
    lexer->at++;
  finish(lexer, token, SF_TOKEN_WORD, begin);
  if (token->text.size > SF_NAME_MAX)
    fail(lexer, token, "a word is longer than 4096 bytes");
}

/* digits [. digits] [e [sign] digits]; true: it has a point or an exponent. */
static bool skip_number(sf_lexer *lexer) {
  bool is_float = false;
  while (is_digit(peek(lexer, 0)))
    lexer->at++;
  if (peek(lexer, 0) == '.') {
    is_float = true;
    lexer->at++;
    while (is_digit(peek(lexer, 0)))
      lexer->at++;
  }
  char e = peek(lexer, 0);
  size_t sign = peek(lexer, 1) == '-' || peek(lexer, 1) == '+' ? 1 : 0;
  if ((e == 'e' || e == 'E') && is_digit(peek(lexer, 1 + sign))) {
    is_float = true;
    lexer->at += 1 + sign;
    while (is_digit(peek(lexer, 0)))
      lexer->at++;
  }
  return is_float;
}

static void lex_number(sf_lexer *lexer, sf_token *token) {
  const char *begin = lexer->at;
  if (*lexer->at == '-') lexer->at++;
  const char *digits = lexer->at;
  bool is_float = skip_number(lexer);
  bool octal = !is_float && *digits == '0' && lexer->at - digits > 1;
  finish(lexer, token, is_float ? SF_TOKEN_FLOAT : SF_TOKEN_INT, begin);
  if (is_letter(peek(lexer, 0)) || octal ||
      token->text.size > NUMBER_TEXT_MAX) {
    while (is_letter(peek(lexer, 0)) || is_digit(peek(lexer, 0)))
      lexer->at++;
    token->length = clamp_length((size_t)(lexer->at - begin));
    fail(lexer, token,
         "malformed number; decimal digits without leading zeros are meant");
  } else if (!is_float && !sf_read_i64(token->text, &token->i)) {
    token->length = clamp_length(token->text.size);
    fail(lexer, token, "an integer is outside 64 bits");
  }
}

static void lex_unknown(sf_lexer *lexer, sf_token *token) {
  char message[48];
  unsigned char c = (unsigned char)*lexer->at;
  lexer->at++;
  if (c > ' ' && c < 0x7F)
    snprintf(message, sizeof message, "unexpected character '%c'", c);
  else
    snprintf(message, sizeof message, "unexpected byte 0x%02x", c);
  fail(lexer, token, message);
}

static void lex_minus(sf_lexer *lexer, sf_token *token) {
  const char *begin = lexer->at;
  if (peek(lexer, 1) == '>') {
    lexer->at += 2;
    finish(lexer, token, SF_TOKEN_ARROW, begin);
  } else if (is_digit(peek(lexer, 1)) ||
             (peek(lexer, 1) == '.' && is_digit(peek(lexer, 2)))) {
    lex_number(lexer, token);
  } else if (lexer->end - lexer->at >= 4 && memcmp(begin, "-inf", 4) == 0) {
    lexer->at += 4;
    finish(lexer, token, SF_TOKEN_FLOAT, begin);
  } else {
    lex_unknown(lexer, token);
  }
}

sf_token sf_lexer_next(sf_lexer *lexer) {
  skip_space(lexer);
  sf_token token = start_token(lexer);
  if (lexer->at >= lexer->end) return token;
  const char *begin = lexer->at;
  char c = *begin;
  if (is_letter(c)) {
    lex_word(lexer, &token);
  } else if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1)))) {
    lex_number(lexer, &token);
  } else if (c == '-') {
    lex_minus(lexer, &token);
  } else if (c == '%' || c == '@') {
    lex_name(lexer, &token, c == '%' ? SF_TOKEN_VALUE : SF_TOKEN_SYMBOL);
  } else if (c == '"') {
    lexer->at++;
    lex_string(lexer, &token, SF_TOKEN_STRING);
  } else if (c != '\0' && strchr("{}()[],:=.", c)) {
    lexer->at++;
    finish(lexer, &token, c, begin);
  } else {
    lex_unknown(lexer, &token);
  }
  token.length = clamp_length((size_t)(lexer->at - begin));
  return token;
}

static unsigned hex_value(char c) {
  if (is_digit(c)) return (unsigned)(c - '0');
  return (unsigned)((c | 0x20) - 'a') + 10U;
}

size_t sf_unescape(sf_slice text, char *out) {
  size_t length = 0;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    if (c == '\\' && i + 1 < text.size) {
      c = text.data[++i];
      if (c == 'n') {
        c = '\n';
      } else if (c == 't') {
        c = '\t';
      } else if (c == 'x' && i + 2 < text.size) {
        c = (char)(hex_value(text.data[i + 1]) << 4 |
                   hex_value(text.data[i + 2]));
        i += 2;
      }
    }
    out[length++] = c;
  }
  out[length] = '\0';
  return length;
}
