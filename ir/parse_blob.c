/* parse_blob.c - blob @name : type = source. docs/ir.md 3. */
#include "ir/parser.h"

#include "ir/blob_private.h"
#include "ir/names.h"
#include "support/buffer.h"

#include <stdlib.h>
#include <string.h>

static sf_result add_element(sf_parser *parser, sf_blob *blob,
                             sf_buffer *bytes) {
  sf_number number;
  SF_TRY(sf_parser_number_of(parser, blob->type.scalar, &number));
  if (blob->dtype == SF_DTYPE_F32) {
    sf_buffer_add(bytes, &number.f, sizeof number.f);
  } else {
    int32_t value = (int32_t)number.i;
    char element[sizeof value];
    sf_blob_store_i32(element, blob->dtype, 0, value);
    sf_buffer_add(bytes, element, sf_dtype_bytes(blob->dtype));
  }
  return bytes->failed ? SF_OOM : SF_OK;
}

/* The numbers go to memory of their own: their count is known at the end. */
static sf_result parse_elements(sf_parser *parser, sf_blob *blob,
                                sf_buffer *bytes) {
  sf_token start = parser->token;
  size_t wanted = sf_blob_elements(blob), found = 0;
  SF_TRY(sf_parser_expect(parser, '[', "'['"));
  do {
    SF_TRY(add_element(parser, blob, bytes));
    found++;
  } while (found <= wanted && sf_parser_accept(parser, ','));
  if (found != wanted)
    return sf_parser_error(parser, SF_DIAG_BLOB, &start,
                           "'@%s' has %zu elements, found %s%zu", blob->name,
                           wanted, found > wanted ? "at least " : "", found);
  return sf_parser_expect(parser, ']', "',' or ']'");
}

static sf_result parse_dense(sf_parser *parser, sf_blob *blob) {
  sf_buffer bytes = {0};
  sf_result result = parse_elements(parser, blob, &bytes);
  char *data = result == SF_OK ? sf_buffer_take(&bytes) : NULL;
  sf_buffer_destroy(&bytes);
  SF_TRY(result);
  if (!data) return SF_OOM;
  if (sf_module_own(parser->module, data, free) != SF_OK) {
    free(data);
    return SF_OOM;
  }
  blob->source = SF_SOURCE_DENSE;
  blob->data = data;
  return SF_OK;
}

static bool is_sha256(const char *text) {
  size_t length = strspn(text, "0123456789abcdef");
  return length == 64 && text[64] == '\0';
}

static sf_result parse_sha256(sf_parser *parser, sf_blob *blob, bool needed) {
  if (!needed && !sf_parser_is_word(parser, "sha256")) return SF_OK;
  SF_TRY(sf_parser_expect_word(parser, "sha256"));
  sf_token token = parser->token;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_STRING, "a hash in quotes",
                             &blob->sha256));
  if (is_sha256(blob->sha256)) return SF_OK;
  return sf_parser_error(parser, SF_DIAG_BLOB, &token,
                         "a sha256 has 64 lower-case hex digits");
}

static sf_result parse_path(sf_parser *parser, sf_blob *blob) {
  sf_token token = parser->token;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_STRING, "a path in quotes",
                             &blob->path));
  if (blob->path[0] == '\0')
    return sf_parser_error(parser, SF_DIAG_FILE_PATH, &token,
                           "a path is empty");
  return SF_OK;
}

static sf_result parse_file(sf_parser *parser, sf_blob *blob) {
  blob->source = SF_SOURCE_FILE;
  SF_TRY(parse_path(parser, blob));
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_STRING,
                             "the tensor's name in quotes", &blob->tensor));
  return parse_sha256(parser, blob, false);
}

static sf_result parse_dtype(sf_parser *parser, sf_dtype *out) {
  for (int i = 0; sf_dtype_text((sf_dtype)i)[0] != '?'; i++)
    if (sf_parser_accept_word(parser, sf_dtype_text((sf_dtype)i))) {
      *out = (sf_dtype)i;
      return SF_OK;
    }
  return sf_parser_expected(parser,
                            "a stored type: i8, u8, i16, u16, i32, f32 or f16");
}

static sf_result parse_raw(sf_parser *parser, sf_blob *blob) {
  blob->source = SF_SOURCE_RAW;
  SF_TRY(parse_path(parser, blob));
  SF_TRY(sf_parser_expect_word(parser, "at"));
  int64_t offset;
  SF_TRY(sf_parser_int(parser, 0, INT64_MAX, "an offset in bytes", &offset));
  blob->offset = (uint64_t)offset;
  SF_TRY(parse_dtype(parser, &blob->dtype));
  return parse_sha256(parser, blob, false);
}

static sf_result parse_elided(sf_parser *parser, sf_blob *blob) {
  blob->source = SF_SOURCE_ELIDED;
  int64_t bytes;
  SF_TRY(sf_parser_int(parser, 1, INT64_MAX, "a number of bytes", &bytes));
  blob->bytes = (uint64_t)bytes;
  return parse_sha256(parser, blob, true);
}

/* One `begin:end` of a slice; its extent is that of the type. */
static sf_result parse_extent(sf_parser *parser, const sf_blob *blob,
                              unsigned axis, int32_t *out) {
  sf_token start = parser->token;
  int64_t begin, end;
  SF_TRY(sf_parser_int(parser, 0, INT32_MAX, "the begin of a slice", &begin));
  SF_TRY(sf_parser_expect(parser, ':', "':'"));
  SF_TRY(sf_parser_int(parser, 0, INT32_MAX, "the end of a slice", &end));
  *out = (int32_t)begin;
  if (axis < blob->type.rank && end - begin == blob->type.dim[axis])
    return SF_OK;
  return sf_parser_error(parser, SF_DIAG_BLOB, &start,
                         "'@%s' is not of the extents of its slice",
                         blob->name);
}

static sf_result parse_slice(sf_parser *parser, sf_blob *blob) {
  sf_token token = parser->token;
  const char *name;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_SYMBOL, "@name", &name));
  sf_blob *base = sf_module_find_blob(parser->module, sf_slice_of(name));
  if (!base || base == blob)
    return sf_parser_error(parser, SF_DIAG_NAME, &token,
                           "there is no blob '@%s' above this slice", name);
  int32_t begin[SF_RANK_MAX] = {0};
  unsigned axes = 0;
  sf_token start = parser->token;
  SF_TRY(sf_parser_expect(parser, '[', "'['"));
  do {
    int32_t first;
    SF_TRY(parse_extent(parser, blob, axes, &first));
    begin[axes++] = first;
  } while (sf_parser_accept(parser, ','));
  SF_TRY(sf_parser_expect(parser, ']', "',' or ']'"));
  bool inside = axes == blob->type.rank && axes == base->type.rank;
  for (unsigned i = 0; inside && i < axes; i++)
    inside = begin[i] <= base->type.dim[i] - blob->type.dim[i];
  if (!inside)
    return sf_parser_error(parser, SF_DIAG_BLOB, &start,
                           "the slice is no box of '@%s'", name);
  return sf_blob_set_slice(blob, base, begin);
}

static sf_result parse_source(sf_parser *parser, sf_blob *blob) {
  if (sf_parser_accept_word(parser, "splat")) {
    blob->source = SF_SOURCE_SPLAT;
    return sf_parser_number_of(parser, blob->type.scalar, &blob->splat);
  }
  if (sf_parser_accept_word(parser, "dense")) return parse_dense(parser, blob);
  if (sf_parser_accept_word(parser, "file")) return parse_file(parser, blob);
  if (sf_parser_accept_word(parser, "raw")) return parse_raw(parser, blob);
  if (sf_parser_accept_word(parser, "slice")) return parse_slice(parser, blob);
  if (sf_parser_accept_word(parser, "elided"))
    return parse_elided(parser, blob);
  return sf_parser_expected(
      parser, "a source: splat, dense, file, raw, slice or elided");
}

sf_result sf_parse_blob(sf_parser *parser) {
  sf_parser_advance(parser);
  sf_token token = parser->token;
  const char *name;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_SYMBOL, "@name", &name));
  const sf_blob *first = sf_module_find_blob(parser->module, sf_slice_of(name));
  if (first) return sf_parser_twice(parser, &token, '@', first->loc);
  /* Known before its elements are read, so that a mistake there does not make
   * every use of the name a mistake too. */
  sf_type type = {sf_int(8), 0, {0}};
  sf_result result = sf_parser_expect(parser, ':', "':'");
  if (result == SF_OK) result = sf_parser_type(parser, &type);
  sf_blob *blob = sf_blob_create(parser->module, name, &type, SF_SOURCE_SPLAT);
  if (!blob) return SF_OOM;
  blob->loc = sf_token_loc(parser, &token);
  SF_TRY(result);
  SF_TRY(sf_parser_expect(parser, '=', "'='"));
  return parse_source(parser, blob);
}
