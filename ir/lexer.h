/* lexer.h - the tokens of the text IR. docs/ir.md 2. Private to ir.
 *
 * A lexer is a place in the text; copying it is looking ahead. */
#ifndef SF_IR_LEXER_H
#define SF_IR_LEXER_H

#include "sf/diag.h"

/* Punctuation is its own character: '{' '}' '(' ')' '[' ']' ',' ':' '=' '.'. */
typedef enum sf_token_kind {
  SF_TOKEN_END = 256,
  SF_TOKEN_ERROR, /* reported already */
  SF_TOKEN_WORD,
  SF_TOKEN_VALUE,  /* text without % */
  SF_TOKEN_SYMBOL, /* text without @ */
  SF_TOKEN_INT,
  SF_TOKEN_FLOAT,
  SF_TOKEN_STRING, /* text between the quotes, escapes not undone */
  SF_TOKEN_ARROW
} sf_token_kind;

typedef struct sf_token {
  int kind; /* sf_token_kind or a character */
  sf_slice text;
  bool quoted; /* a name between quotes */
  int64_t i;   /* INT */
  uint32_t line, column, length;
} sf_token;

typedef struct sf_lexer {
  const char *at, *end;
  const char *line_start;
  const char *file; /* for messages */
  uint32_t line;
  sf_diag *diag; /* NULL: errors were reported in an earlier pass */
} sf_lexer;

sf_lexer sf_lexer_create(sf_slice text, const char *file, sf_diag *diag);
sf_token sf_lexer_next(sf_lexer *lexer);

/* Undoes the escapes of a string or quoted name into `out`, which has room for
 * text.size + 1 bytes; returns the length. */
size_t sf_unescape(sf_slice text, char *out);

#endif
