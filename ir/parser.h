/* parser.h - what the files of the parser share. Private to ir.
 *
 * Recursive descent, one token of look-ahead (and a copy of the lexer for
 * more). A function that fails has reported; the callers at statement level
 * then skip to the next statement, so that one run finds many errors. */
#ifndef SF_IR_PARSER_H
#define SF_IR_PARSER_H

#include "sf/module.h"

#include "ir/lexer.h"

enum {
  SF_PARSE_ERRORS_MAX = 100,
  SF_PARSE_LIST_DEPTH = 8,
  SF_PARSE_LIST_MAX = 1 << 24, /* entries of a list in attributes */
  SF_OPS_MAX = 1 << 24,
  SF_NEURON_VALUES_MAX = 4096,
  SF_MAPPING_DEPTH = 1 /* a mop inside a mop, and no deeper */
};

typedef struct sf_parser {
  sf_lexer lexer; /* after `token` */
  sf_token token;
  sf_diag *diag;
  sf_module *module;
  sf_arena *scratch; /* dies with the parser */
  const char *file;  /* in the module's arena */
  uint32_t errors, ops;
  int32_t braces;  /* open in this item */
  bool in_network; /* that is the item */
} sf_parser;

/* Where a statement began: what recovery returns to. */
typedef struct sf_mark {
  const char *start;
  int32_t braces;
} sf_mark;

/* ---- parse_token.c. ---- */
void sf_parser_advance(sf_parser *parser);
sf_token sf_parser_peek(const sf_parser *parser); /* after the current one */
sf_loc sf_token_loc(const sf_parser *parser, const sf_token *token);
bool sf_parser_is_word(const sf_parser *parser, const char *word);
/* Consumes the token if it is of that kind. */
bool sf_parser_accept(sf_parser *parser, int kind);
bool sf_parser_accept_word(sf_parser *parser, const char *word);
sf_result sf_parser_expect(sf_parser *parser, int kind,
                           const char *what) SF_MUST_USE;
sf_result sf_parser_expect_word(sf_parser *parser,
                                const char *word) SF_MUST_USE;
/* "expected WHAT, found 'token'" at the current token; always SF_FAIL. */
sf_result sf_parser_expected(sf_parser *parser, const char *what);
/* An error at `token`; counts it. Always SF_FAIL. */
sf_result sf_parser_error(sf_parser *parser, sf_diag_id id,
                          const sf_token *token, const char *format, ...)
    SF_PRINTF(4, 5);
#ifdef __clang_analyzer__ /* as in diag.h */
#define sf_parser_error(...)    ((void)sf_parser_error(__VA_ARGS__), SF_FAIL)
#define sf_parser_expected(...) ((void)sf_parser_expected(__VA_ARGS__), SF_FAIL)
#endif
/* Text of a name or string without escapes, in `arena`, terminated. */
sf_result sf_parser_text(sf_parser *parser, sf_arena *arena,
                         const sf_token *token, const char **out) SF_MUST_USE;
/* The current token, of `kind`, as text in the module's arena; consumes it. */
sf_result sf_parser_take_text(sf_parser *parser, int kind, const char *what,
                              const char **out) SF_MUST_USE;
sf_result sf_parser_int(sf_parser *parser, int64_t low, int64_t high,
                        const char *what, int64_t *out) SF_MUST_USE;
bool sf_parser_at_number(const sf_parser *parser);
sf_result sf_parser_number(sf_parser *parser, sf_number *out) SF_MUST_USE;
/* A number whose kind fits `scalar`: integers without, f32 with `.` or `e`. */
sf_result sf_parser_number_of(sf_parser *parser, sf_scalar scalar,
                              sf_number *out) SF_MUST_USE;
/* spike, i2 .. i32, f32. */
bool sf_parser_at_scalar(const sf_parser *parser);
sf_result sf_parser_scalar(sf_parser *parser, sf_scalar *out) SF_MUST_USE;
sf_result sf_parser_type(sf_parser *parser, sf_type *out) SF_MUST_USE;

/* ---- parse_attr.c. ---- */
/* The current token is `{` and attributes follow: `name =` or `"name" =`. */
bool sf_parser_at_attrs(const sf_parser *parser);
/* { name = value, ... } as free attributes. */
sf_result sf_parse_dict(sf_parser *parser, sf_dict *dict) SF_MUST_USE;
/* The attributes of an op by its table, and the params of its neuron. */
sf_result sf_parse_op_attrs(sf_parser *parser, sf_op *op) SF_MUST_USE;
/* loc(..), if one follows. */
sf_result sf_parse_loc(sf_parser *parser, sf_loc *loc) SF_MUST_USE;

/* ---- One item of a module each; the current token is its keyword. ---- */
sf_result sf_parse_blob(sf_parser *parser) SF_MUST_USE;
sf_result sf_parse_neuron(sf_parser *parser) SF_MUST_USE;
sf_result sf_parse_network(sf_parser *parser) SF_MUST_USE;
sf_result sf_parse_mapping(sf_parser *parser) SF_MUST_USE;
sf_result sf_parse_log(sf_parser *parser) SF_MUST_USE;

/* %x = op ..., the current token is the value. */
sf_result sf_parse_stmt(sf_parser *parser, sf_neuron *neuron) SF_MUST_USE;
/* Value of the neuron that the current token names, or a number. */
sf_result sf_parse_noperand(sf_parser *parser, sf_neuron *neuron,
                            sf_noperand *out) SF_MUST_USE;
sf_result sf_parse_mode(sf_parser *parser, const char *mnemonic, bool allowed,
                        sf_mode *out) SF_MUST_USE;
/* One of the words of ROUND, POOL, ON or BOOL. */
sf_result sf_parse_word_of(sf_parser *parser, sf_attr_kind kind,
                           const char *name, int64_t *out) SF_MUST_USE;
/* @blob that exists; consumes it. */
sf_result sf_parse_blob_symbol(sf_parser *parser, sf_blob **out) SF_MUST_USE;

/* An operand of `delay` that is defined further down. */
typedef struct sf_forward {
  sf_op *op;
  sf_token name;
  struct sf_forward *next;
} sf_forward;

sf_result sf_parse_op(sf_parser *parser, sf_network *network,
                      sf_forward **forwards) SF_MUST_USE;

/* ---- Recovery. ---- */
/* The token begins an item of the module. */
bool sf_parser_at_item(const sf_parser *parser);
sf_mark sf_parser_mark(const sf_parser *parser);
/* Skips what is left of the statement at `mark`: to a token that begins another
 * one in the same braces (a value, or one of `words`, which end with NULL), to
 * the closing brace, or to the next item. */
void sf_parser_skip_statement(sf_parser *parser, const char *const *words,
                              sf_mark mark);
/* "(" [ entry { "," entry } ] ")": what `entry` refuses is skipped up to the
 * next
 * ',' or the ')'. */
typedef sf_result (*sf_parse_entry)(sf_parser *parser, void *owner);
sf_result sf_parse_entries(sf_parser *parser, sf_parse_entry entry,
                           void *owner) SF_MUST_USE;
bool sf_parser_at_item_word(const sf_parser *parser);
/* Reports a name that is unknown, or defined only later in this item. */
sf_result sf_parser_unknown_value(sf_parser *parser, const sf_token *token,
                                  const char *nearest);
sf_result sf_parser_unknown_symbol(sf_parser *parser, const sf_token *token,
                                   const char *sort, const char *nearest);
/* "'%x' is defined twice", with a note at the first. */
sf_result sf_parser_twice(sf_parser *parser, const sf_token *token, char sigil,
                          sf_loc first);

#endif
