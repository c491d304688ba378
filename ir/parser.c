/* parser.c - a module: find its items, read them kind by kind.
 *
 * Symbols may be used before they are defined, so the first pass over the text
 * only finds the items (and every error of the lexer); then blobs are read,
 * then what may name them: neuron functions, networks, mappings, log. */
#include "ir/parser.h"

#include "sf/ir.h"

#include "ir/grow.h"
#include "ir/names.h"
#include "support/file.h"

#include <stdlib.h>
#include <string.h>

typedef struct item_reader {
  const char *keyword;
  sf_result (*read)(sf_parser *parser);
} item_reader;

static const item_reader readers[] = {
    {"blob", sf_parse_blob},       {"neuron", sf_parse_neuron},
    {"network", sf_parse_network}, {"mapping", sf_parse_mapping},
    {"log", sf_parse_log},
};

typedef struct item {
  size_t reader;
  sf_lexer lexer;
  sf_token token;
} item;

typedef struct item_list {
  item *items;
  uint32_t count;
} item_list;

/* From the item's keyword to the next item, or to the module's closing brace.
 */
static void skip_item(sf_parser *parser) {
  unsigned depth = 0;
  do {
    if (parser->token.kind == '{') depth++;
    if (parser->token.kind == '}') {
      if (depth == 0) return;
      depth--;
    }
    sf_parser_advance(parser);
    if (depth == 0 && sf_parser_at_item_word(parser)) return;
  } while (parser->token.kind != SF_TOKEN_END && !sf_parser_at_item(parser));
}

static size_t find_reader(const sf_parser *parser) {
  size_t i = 0;
  while (i < SF_COUNT_OF(readers) &&
         !sf_parser_is_word(parser, readers[i].keyword))
    i++;
  return i;
}

static sf_result find_items(sf_parser *parser, item_list *list) {
  while (parser->token.kind != '}' && parser->token.kind != SF_TOKEN_END) {
    size_t reader = find_reader(parser);
    if (reader == SF_COUNT_OF(readers)) {
      (void)sf_parser_expected(parser,
                               "blob, neuron, network, mapping, log or '}'");
      if (parser->token.kind == '{') sf_parser_advance(parser);
    } else {
      item *grown = SF_GROW(parser->scratch, item, list->items, list->count);
      if (!grown) return SF_OOM;
      list->items = grown;
      grown[list->count++] = (item){reader, parser->lexer, parser->token};
    }
    if (parser->errors >= SF_PARSE_ERRORS_MAX) return SF_FAIL;
    skip_item(parser);
  }
  SF_TRY(sf_parser_expect(parser, '}', "'}' at the module's end"));
  if (parser->token.kind == SF_TOKEN_END) return SF_OK;
  return sf_parser_expected(parser, "the end of the text after the module");
}

/* An item must end where the next one or the module's end stands. */
static sf_result read_item(sf_parser *parser, const item *found) {
  parser->lexer = found->lexer;
  parser->lexer.diag = NULL;
  parser->token = found->token;
  parser->braces = 0;
  parser->in_network = readers[found->reader].read == sf_parse_network;
  SF_TRY(readers[found->reader].read(parser));
  if (parser->token.kind == '}' || parser->token.kind == SF_TOKEN_END ||
      sf_parser_at_item_word(parser))
    return SF_OK;
  return sf_parser_expected(parser, "the next item or '}'");
}

static sf_result read_items(sf_parser *parser, const item_list *list) {
  for (size_t kind = 0; kind < SF_COUNT_OF(readers); kind++)
    for (uint32_t i = 0; i < list->count; i++) {
      if (list->items[i].reader != kind) continue;
      if (read_item(parser, &list->items[i]) == SF_OOM) return SF_OOM;
      if (parser->errors >= SF_PARSE_ERRORS_MAX) return SF_FAIL;
    }
  return SF_OK;
}

static sf_result read_header(sf_parser *parser) {
  SF_TRY(sf_parser_expect_word(parser, "module"));
  parser->module->loc = sf_token_loc(parser, &parser->token);
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_SYMBOL, "@name",
                             &parser->module->name));
  if (sf_parser_at_attrs(parser))
    SF_TRY(sf_parse_dict(parser, &parser->module->attrs));
  return sf_parser_expect(parser, '{', "'{'");
}

static sf_result read_module(sf_parser *parser) {
  item_list list = {0};
  sf_parser_advance(parser);
  SF_TRY(read_header(parser));
  sf_result found = find_items(parser, &list);
  if (found == SF_OOM) return SF_OOM;
  SF_TRY(read_items(parser, &list));
  return found;
}

/* Everything but the verifier. */
static sf_result parse_text(sf_parser *parser) {
  uint32_t before = sf_diag_errors(parser->diag);
  sf_result result = read_module(parser);
  if (result == SF_FAIL && parser->errors >= SF_PARSE_ERRORS_MAX)
    sf_note(parser->diag, SF_NO_LOC, "too many errors, stopped after %d",
            SF_PARSE_ERRORS_MAX);
  if (result == SF_OOM) return SF_OOM;
  bool clean = result == SF_OK && parser->errors == 0 &&
               sf_diag_errors(parser->diag) == before;
  return clean ? SF_OK : SF_FAIL;
}

static sf_result set_file(sf_module *module, const char *file) {
  if (!file) return SF_OK;
  bool standard_input = strcmp(file, "-") == 0;
  char *directory = sf_path_directory(standard_input ? "." : file);
  if (!directory) return SF_OOM;
  module->directory = sf_arena_text(module->arena, sf_slice_of(directory));
  free(directory);
  return module->directory ? SF_OK : SF_OOM;
}

static sf_result parse_and_verify(sf_parser *parser, sf_slice text,
                                  const char *file) {
  SF_TRY(set_file(parser->module, file));
  const char *shown = file ? (strcmp(file, "-") ? file : "<stdin>") : "<text>";
  parser->file = sf_arena_text(parser->module->arena, sf_slice_of(shown));
  if (!parser->file) return SF_OOM;
  sf_diag_add_source(parser->diag, parser->file, text);
  parser->lexer = sf_lexer_create(text, parser->file, parser->diag);
  SF_TRY(parse_text(parser));
  return sf_verify(parser->module, parser->diag);
}

sf_result sf_parse(sf_slice text, const char *file, sf_diag *diag,
                   sf_module **out) {
  *out = NULL;
  sf_parser parser = {.diag = diag,
                      .module = sf_module_create("m"),
                      .scratch = sf_arena_create()};
  sf_result result = SF_OOM;
  if (parser.module && parser.scratch)
    result = parse_and_verify(&parser, text, file);
  sf_arena_destroy(parser.scratch);
  if (result == SF_OK)
    *out = parser.module;
  else
    sf_module_destroy(parser.module);
  return result;
}

sf_result sf_parse_file(const char *path, sf_diag *diag, sf_module **out) {
  char *text;
  size_t size;
  *out = NULL;
  SF_TRY(sf_file_read(path, SF_TEXT_BYTES_MAX, diag, &text, &size));
  sf_result result = sf_parse((sf_slice){text, size}, path, diag, out);
  free(text);
  return result;
}
