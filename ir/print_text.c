/* print_text.c - names, strings, numbers, types, free attributes as text. */
#include "ir/printer.h"

#include "support/file.h"
#include "support/number.h"

#include <string.h>

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_plain_name(const char *name) {
  for (const char *c = name; *c; c++)
    if (!is_letter(*c) && !is_digit(*c) && !strchr(".$-", *c)) return false;
  return *name != '\0';
}

/* As the lexer reads a word: a `-` stands before a letter only. */
static bool is_word(const char *text) {
  if (!is_letter(*text)) return false;
  for (const char *c = text; *c; c++)
    if (!is_letter(*c) && !is_digit(*c) && !(*c == '-' && is_letter(c[1])))
      return false;
  return true;
}

/* Words that would read back as a type or a number. */
static bool is_taken_word(const char *text) {
  if (strcmp(text, "spike") == 0 || strcmp(text, "f32") == 0 ||
      strcmp(text, "inf") == 0)
    return true;
  size_t digits = strspn(text + 1, "0123456789");
  return text[0] == 'i' && digits > 0 && text[1 + digits] == '\0';
}

/* Bytes of the UTF-8 sequence at `text`; 0: it is none. */
static size_t utf8_length(const unsigned char *text) {
  static const struct {
    unsigned char mask, lead;
    size_t length;
  } forms[] = {{0xE0, 0xC0, 2}, {0xF0, 0xE0, 3}, {0xF8, 0xF0, 4}};
  for (size_t i = 0; i < SF_COUNT_OF(forms); i++) {
    if ((text[0] & forms[i].mask) != forms[i].lead) continue;
    for (size_t j = 1; j < forms[i].length; j++)
      if ((text[j] & 0xC0) != 0x80) return 0;
    return forms[i].length;
  }
  return 0;
}

void sf_print_string(sf_buffer *out, const char *text) {
  sf_buffer_char(out, '"');
  const unsigned char *c = (const unsigned char *)text;
  while (*c) {
    size_t length = *c >= 0x80 ? utf8_length(c) : 0;
    if (length) {
      sf_buffer_add(out, c, length);
      c += length;
      continue;
    }
    if (*c == '"' || *c == '\\')
      sf_buffer_printf(out, "\\%c", *c);
    else if (*c == '\n')
      sf_buffer_text(out, "\\n");
    else if (*c == '\t')
      sf_buffer_text(out, "\\t");
    else if (*c < ' ' || *c >= 0x7F)
      sf_buffer_printf(out, "\\x%02x", *c);
    else
      sf_buffer_char(out, (char)*c);
    c++;
  }
  sf_buffer_char(out, '"');
}

void sf_print_name(sf_buffer *out, char sigil, const char *name) {
  sf_buffer_char(out, sigil);
  if (is_plain_name(name))
    sf_buffer_text(out, name);
  else
    sf_print_string(out, name);
}

void sf_print_key(sf_buffer *out, const char *name) {
  if (is_word(name))
    sf_buffer_text(out, name);
  else
    sf_print_string(out, name);
}

void sf_print_scalar(sf_buffer *out, sf_scalar scalar) {
  char text[8];
  sf_scalar_text(scalar, text, sizeof text);
  sf_buffer_text(out, text);
}

void sf_print_type(sf_buffer *out, const sf_type *type) {
  char text[160]; /* 8 dimensions of 10 digits */
  sf_type_text(type, text, sizeof text);
  sf_buffer_text(out, text);
}

void sf_print_f32(sf_buffer *out, float value) {
  char text[SF_NUMBER_TEXT_MAX];
  sf_text_f32(value, text);
  sf_buffer_text(out, text);
}

void sf_print_number(sf_buffer *out, sf_number number) {
  if (number.is_float)
    sf_print_f32(out, number.f);
  else
    sf_buffer_printf(out, "%lld", (long long)number.i);
}

static void print_item(sf_buffer *out, const sf_item *item, unsigned depth) {
  char text[SF_NUMBER_TEXT_MAX];
  switch (item->kind) {
  case SF_ITEM_NUMBER:
    if (!item->number.is_float) {
      sf_print_number(out, item->number);
      return;
    }
    sf_text_f64(item->number.d, text);
    sf_buffer_text(out, text);
    return;
  case SF_ITEM_STRING:
    sf_print_string(out, item->text);
    return;
  case SF_ITEM_SYMBOL:
    sf_print_name(out, '@', item->text);
    return;
  case SF_ITEM_WORD:
    if (is_word(item->text) && !is_taken_word(item->text))
      sf_buffer_text(out, item->text);
    else
      sf_print_string(out, item->text);
    return;
  case SF_ITEM_TYPE:
    sf_print_type(out, &item->type);
    return;
  case SF_ITEM_LIST:
    break;
  }
  sf_buffer_char(out, '[');
  for (uint32_t i = 0; depth > 0 && i < item->count; i++) {
    if (i) sf_buffer_text(out, ", ");
    print_item(out, &item->items[i], depth - 1);
  }
  sf_buffer_char(out, ']');
}

void sf_print_dict(sf_buffer *out, const sf_dict *dict) {
  enum { LIST_DEPTH_MAX = 8 };
  for (uint32_t i = 0; i < dict->count; i++) {
    sf_buffer_text(out, i ? ", " : " {");
    sf_print_key(out, dict->entries[i].name);
    sf_buffer_text(out, " = ");
    print_item(out, &dict->entries[i].item, LIST_DEPTH_MAX);
  }
  if (dict->count) sf_buffer_char(out, '}');
}

void sf_print_loc(const sf_printer *printer, sf_loc loc) {
  if (!printer->locations || (!loc.file && !loc.node)) return;
  sf_buffer *out = printer->out;
  sf_buffer_text(out, " loc(");
  sf_print_string(out, loc.file ? sf_path_base(loc.file) : "");
  if (loc.node) {
    sf_buffer_char(out, ':');
    sf_print_string(out, loc.node);
  } else if (loc.line) {
    sf_buffer_printf(out, ":%u:%u", loc.line, loc.column);
  }
  sf_buffer_char(out, ')');
}
